import { describe, expect, test } from 'vitest'

import type { World } from './world.ts'
import { basic, openWorld, secretKey } from './world.ts'

/** Sends a request that is going to hang, and gives it up on demand. */
function hangingCall(world: World, path: string, body: unknown, key?: string) {
  const controller = new AbortController()
  let isOver = false
  const over = fetch(`${world.url}${path}`, {
    method: 'POST',
    headers: {
      authorization: basic(`${secretKey}:`),
      'content-type': 'application/json',
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    },
    body: JSON.stringify(body),
    signal: controller.signal,
  })
    .then(
      ({ status }) => `answered ${status}`,
      () => 'no answer',
    )
    .finally(() => {
      isOver = true
    })
  return { over, isOver: () => isOver, giveUp: () => controller.abort() }
}

describe('outcomes of confirm', () => {
  test('decline: the payment is ABORTED with the code that was asked for', async () => {
    const world = await openWorld()
    const asked = await world.request({ outcome: 'decline' })
    expect(await world.confirm(asked)).toMatchObject({ status: 403, json: { code: 'REJECT_CARD_PAYMENT' } })
    expect(await world.look(asked.paymentKey)).toMatchObject({
      status: 'ABORTED',
      approvedAt: null,
      failure: { code: 'REJECT_CARD_PAYMENT' },
    })
    const other = await world.request({ outcome: 'decline', declineCode: 'INVALID_STOPPED_CARD' })
    expect(await world.confirm(other)).toMatchObject({ status: 400, json: { code: 'INVALID_STOPPED_CARD' } })
  })

  test('500: nothing is captured, and the next attempt after `times` succeeds', async () => {
    const world = await openWorld()
    const asked = await world.request({ outcome: '500', times: 2 })
    for (const _ of [1, 2]) {
      expect(await world.confirm(asked)).toMatchObject({
        status: 500,
        json: { code: 'FAILED_INTERNAL_SYSTEM_PROCESSING' },
      })
      expect((await world.look(asked.paymentKey)).status).toBe('IN_PROGRESS')
    }
    expect((await world.confirm(asked)).json.status).toBe('DONE')
  })

  test('capture-then-500: the money is taken although the answer is an error', async () => {
    const world = await openWorld()
    const asked = await world.request({ outcome: 'capture-then-500' })
    expect((await world.confirm(asked)).status).toBe(500)
    expect((await world.look(asked.paymentKey)).status).toBe('DONE')
    expect((await world.confirm(asked)).json.code).toBe('ALREADY_PROCESSED_PAYMENT')
  })

  test('capture-late: the money is taken some time after the error', async () => {
    const world = await openWorld()
    const asked = await world.request({ outcome: 'capture-late:5000' })
    expect((await world.confirm(asked)).status).toBe(500)
    world.time.pass(4_999)
    expect((await world.look(asked.paymentKey)).status).toBe('IN_PROGRESS')
    world.time.pass(1)
    expect((await world.look(asked.paymentKey)).status).toBe('DONE')
    await world.webhooksCame(1)
    expect(world.webhooks[0]?.body.data.status).toBe('DONE')
  })

  test('capture-late: it outlives the ten minutes, and does not capture again after a retry that succeeded', async () => {
    const world = await openWorld()
    const late = await world.request({ outcome: 'capture-late:900000' })
    const retried = await world.request({ orderId: 'order-0002', outcome: 'capture-late:900000', times: 1 })
    await world.confirm(late)
    await world.confirm(retried)
    const approved = (await world.confirm(retried)).json
    world.time.pass(900_000)
    expect((await world.look(late.paymentKey)).status).toBe('DONE')
    expect(await world.look(retried.paymentKey)).toEqual(approved)
    expect((await world.call('GET', '/sandbox/payments')).json.totals.captured).toBe(110_000)
  })

  test('expire: the session is gone', async () => {
    const world = await openWorld()
    const asked = await world.request({ outcome: 'expire' })
    expect(await world.confirm(asked)).toMatchObject({ status: 404, json: { code: 'NOT_FOUND_PAYMENT_SESSION' } })
    expect((await world.look(asked.paymentKey)).status).toBe('EXPIRED')
  })

  test('hang: no answer and no capture; its bound ends it', async () => {
    const world = await openWorld()
    const asked = await world.request({ outcome: 'hang', times: 1, hangMs: 30_000 })
    const call = hangingCall(world, '/v1/payments/confirm', asked)
    await world.until(() => world.time.pending().includes(30_000))
    expect((await world.look(asked.paymentKey)).status).toBe('IN_PROGRESS')
    world.time.pass(29_999)
    expect(call.isOver()).toBe(false)
    world.time.pass(1)
    expect(await call.over).toBe('no answer')
    expect((await world.confirm(asked)).json.status).toBe('DONE')
  })

  test('capture-then-hang: no answer but captured, and the same key finds out', async () => {
    const world = await openWorld()
    const asked = await world.request({ outcome: 'capture-then-hang' })
    const call = hangingCall(world, '/v1/payments/confirm', asked, 'key-1')
    await world.webhooksCame(1)
    expect((await world.look(asked.paymentKey)).status).toBe('DONE')
    expect(call.isOver()).toBe(false)
    const again = await world.confirm(asked, { 'idempotency-key': 'key-1' })
    expect(again).toMatchObject({ status: 200, json: { status: 'DONE' } })
    world.sandbox.close()
    expect(await call.over).toBe('no answer')
  })

  test('a caller that gives up on a hanging request leaves nothing behind', async () => {
    const world = await openWorld()
    const asked = await world.request({ outcome: 'hang' })
    const before = world.time.pending()
    const call = hangingCall(world, '/v1/payments/confirm', asked)
    await world.until(() => world.time.pending().length > before.length)
    call.giveUp()
    await call.over
    await world.until(() => world.time.pending().length === before.length)
  })
})

describe('outcomes of cancel', () => {
  test('500 cancels nothing, cancel-then-500 does', async () => {
    const world = await openWorld()
    const kept = await world.request({ cancelOutcome: '500', cancelTimes: 1 })
    const gone = await world.request({ orderId: 'order-0002', cancelOutcome: 'cancel-then-500' })
    for (const asked of [kept, gone]) await world.confirm(asked)
    expect((await world.cancel(kept.paymentKey)).status).toBe(500)
    expect((await world.cancel(gone.paymentKey)).status).toBe(500)
    expect((await world.look(kept.paymentKey)).status).toBe('DONE')
    expect((await world.look(gone.paymentKey)).status).toBe('CANCELED')
    expect((await world.cancel(kept.paymentKey)).json.status).toBe('CANCELED')
    expect((await world.cancel(gone.paymentKey)).json.code).toBe('ALREADY_CANCELED_PAYMENT')
  })

  test.each([
    ['hang', 'DONE'],
    ['cancel-then-hang', 'CANCELED'],
  ])('%s gives no answer and leaves the payment %s', async (cancelOutcome, status) => {
    const world = await openWorld()
    const asked = await world.request({ cancelOutcome })
    await world.confirm(asked)
    const call = hangingCall(world, `/v1/payments/${asked.paymentKey}/cancel`, { cancelReason: 'x' })
    await world.until(() => world.time.pending().includes(120_000))
    expect((await world.look(asked.paymentKey)).status).toBe(status)
    call.giveUp()
    expect(await call.over).toBe('no answer')
  })
})

describe('faults for all', () => {
  async function struck(seed: number, share: number): Promise<boolean[]> {
    const world = await openWorld({ webhookUrls: [] })
    const body = { confirm: { outcome: 'capture-then-500', share }, seed }
    expect((await world.call('POST', '/sandbox/faults', body)).status).toBe(200)
    const hits: boolean[] = []
    for (let i = 0; i < 200; i++) {
      const asked = await world.request({ orderId: `order-${1000 + i}` })
      hits.push((await world.confirm(asked)).status === 500)
    }
    return hits
  }

  test('a seed strikes the same confirms again, in the share that was asked for', async () => {
    const [first, again, other] = [await struck(7, 0.25), await struck(7, 0.25), await struck(8, 0.25)]
    expect(again).toEqual(first)
    expect(other).not.toEqual(first)
    expect(first.filter(Boolean).length).toBeGreaterThan(30)
    expect(first.filter(Boolean).length).toBeLessThan(70)
  })

  test('they end when none are asked for, and leave payments with an outcome of their own alone', async () => {
    const world = await openWorld()
    await world.call('POST', '/sandbox/faults', { confirm: { outcome: '500', share: 1 }, seed: 1 })
    const declined = await world.request({ outcome: 'decline' })
    expect((await world.confirm(declined)).json.code).toBe('REJECT_CARD_PAYMENT')
    const asked = await world.request()
    expect((await world.confirm(asked)).status).toBe(500)
    await world.call('POST', '/sandbox/faults', {})
    expect((await world.confirm(asked)).status).toBe(200)
  })

  test.each([
    [{ confirm: { outcome: 'nonsense', share: 1 } }, 'confirm.outcome'],
    [{ confirm: { outcome: '500', share: 2 } }, 'confirm.share'],
    [{ confirm: 5 }, 'confirm'],
    [{ confirm: { share: 1 } }, 'confirm.outcome'],
    [{ seed: 'x' }, 'seed'],
    [{ confirms: {} }, 'confirms'],
  ])('%j is refused and says where', async (body, where) => {
    const world = await openWorld()
    const answer = await world.call('POST', '/sandbox/faults', body)
    expect(answer).toMatchObject({ status: 400, json: { code: 'INVALID_REQUEST' } })
    expect(answer.json.message).toContain(where)
  })
})

describe('making payments', () => {
  test('every mistake is named at once, a misspelt field too', async () => {
    const world = await openWorld()
    const answer = await world.call('POST', '/sandbox/payments', {
      orderId: 'a b',
      amount: 99,
      outcom: 'decline',
      outcome: 'capture-late',
      webhook: 'late:x',
      cancelOutcome: 'never',
      declineCode: 'NO_SUCH_CODE',
      successUrl: 'javascript:alert(1)',
    })
    expect(answer.status).toBe(400)
    for (const name of [
      'orderId',
      'amount',
      'outcom',
      'outcome',
      'webhook',
      'cancelOutcome',
      'declineCode',
      'successUrl',
    ]) {
      expect(answer.json.message).toContain(`${name}: `)
    }
    expect(world.sandbox.payments()).toEqual([])
  })

  test('the books are listed page by page', async () => {
    const world = await openWorld()
    for (let i = 0; i < 5; i++) await world.request({ orderId: `order-000${i}` })
    const seen: string[] = []
    for (let cursor = ''; ;) {
      const { json } = await world.call('GET', `/sandbox/payments?limit=2${cursor}`)
      seen.push(...json.items.map(({ orderId }: { orderId: string }) => orderId))
      expect(json.items[0]).toEqual({
        paymentKey: expect.any(String),
        orderId: expect.any(String),
        status: 'IN_PROGRESS',
        totalAmount: 55_000,
        balanceAmount: 55_000,
      })
      if (json.nextCursor === null) break
      cursor = `&cursor=${json.nextCursor}`
    }
    expect(seen).toEqual(['order-0000', 'order-0001', 'order-0002', 'order-0003', 'order-0004'])
    expect((await world.call('GET', '/sandbox/payments?cursor=unknown')).status).toBe(400)
    expect((await world.call('GET', '/sandbox/payments?limit=0')).status).toBe(400)
  })
})
