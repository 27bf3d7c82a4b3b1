import { describe, expect, test } from 'vitest'

import { openWorld } from './world.ts'

async function paid() {
  const world = await openWorld()
  const asked = await world.request()
  await world.confirm(asked)
  return { world, paymentKey: asked.paymentKey }
}

describe('cancel', () => {
  test('a full cancel returns everything once', async () => {
    const { world, paymentKey } = await paid()
    world.time.pass(60_000)
    const { status, json } = await world.cancel(paymentKey)
    expect(status).toBe(200)
    expect(json).toMatchObject({ status: 'CANCELED', totalAmount: 55_000, balanceAmount: 0, suppliedAmount: 0, vat: 0 })
    expect(json.cancels).toEqual([
      {
        cancelAmount: 55_000,
        cancelReason: 'changed mind',
        taxFreeAmount: 0,
        taxExemptionAmount: 0,
        refundableAmount: 0,
        cardDiscountAmount: 0,
        transferDiscountAmount: 0,
        easyPayDiscountAmount: 0,
        canceledAt: '2026-03-02T20:01:00+09:00',
        transactionKey: json.lastTransactionKey,
        receiptKey: null,
        cancelStatus: 'DONE',
        cancelRequestId: null,
      },
    ])
    expect(await world.cancel(paymentKey)).toMatchObject({ status: 400, json: { code: 'ALREADY_CANCELED_PAYMENT' } })
  })

  test('partial cancels add up to the price and not beyond it', async () => {
    const { world, paymentKey } = await paid()
    const cancel = (cancelAmount: number) => world.cancel(paymentKey, { cancelReason: 'part', cancelAmount })
    expect((await cancel(20_000)).json).toMatchObject({ status: 'PARTIAL_CANCELED', balanceAmount: 35_000 })
    expect(await cancel(35_001)).toMatchObject({ status: 403, json: { code: 'NOT_CANCELABLE_AMOUNT' } })
    const { json } = await cancel(35_000)
    expect(json).toMatchObject({ status: 'CANCELED', balanceAmount: 0 })
    expect(json.cancels.map((each: { refundableAmount: number }) => each.refundableAmount)).toEqual([35_000, 0])
    expect(new Set(json.cancels.map((each: { transactionKey: string }) => each.transactionKey)).size).toBe(2)
    expect((await world.call('GET', '/sandbox/payments')).json.totals).toEqual({
      payments: 1,
      captured: 55_000,
      canceled: 55_000,
    })
  })

  test('simultaneous cancels never return more than was paid', async () => {
    const { world, paymentKey } = await paid()
    const body = { cancelReason: 'race', cancelAmount: 20_000 }
    const answers = await Promise.all(Array.from({ length: 6 }, () => world.cancel(paymentKey, body)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(2)
    expect((await world.look(paymentKey)).balanceAmount).toBe(15_000)
  })

  test('a stale refundable amount stops the cancel', async () => {
    const { world, paymentKey } = await paid()
    const body = { cancelReason: 'guarded', cancelAmount: 10_000, refundableAmount: 55_000 }
    expect((await world.cancel(paymentKey, body)).status).toBe(200)
    expect(await world.cancel(paymentKey, body)).toMatchObject({
      status: 400,
      json: { code: 'NOT_MATCHES_REFUNDABLE_AMOUNT' },
    })
    expect((await world.look(paymentKey)).balanceAmount).toBe(45_000)
  })

  test.each([
    [{}, 'cancelReason'],
    [{ cancelReason: '' }, 'cancelReason'],
    [{ cancelReason: 'x'.repeat(201) }, 'cancelReason'],
    [{ cancelReason: 'x', cancelAmount: 0 }, 'cancelAmount'],
    [{ cancelReason: 'x', cancelAmount: -5 }, 'cancelAmount'],
    [{ cancelReason: 'x', cancelAmount: '1000' }, 'cancelAmount'],
  ])('%j is refused, says where, and cancels nothing', async (body, where) => {
    const { world, paymentKey } = await paid()
    const answer = await world.cancel(paymentKey, body)
    expect(answer).toMatchObject({ status: 400, json: { code: 'INVALID_REQUEST' } })
    expect(answer.json.message).toContain(where)
    expect((await world.look(paymentKey)).balanceAmount).toBe(55_000)
  })

  test('what was never captured cannot be cancelled', async () => {
    const world = await openWorld()
    const waiting = await world.request()
    const declined = await world.request({ orderId: 'order-0002', outcome: 'decline' })
    await world.confirm(declined)
    for (const { paymentKey } of [waiting, declined]) {
      expect(await world.cancel(paymentKey)).toMatchObject({ status: 403, json: { code: 'NOT_CANCELABLE_PAYMENT' } })
    }
    expect(await world.cancel('nobody')).toMatchObject({ status: 404, json: { code: 'NOT_FOUND_PAYMENT' } })
  })
})

describe('transactions', () => {
  test('every movement of money is listed in its order, by time and page', async () => {
    const world = await openWorld()
    for (let i = 0; i < 3; i++) {
      const asked = await world.request({ orderId: `order-000${i}` })
      await world.confirm(asked)
      world.time.pass(60_000)
      if (i === 1) await world.cancel(asked.paymentKey, { cancelReason: 'part', cancelAmount: 5_000 })
    }
    const list = (query: string) => world.call('GET', `/v1/transactions?${query}`)
    const day = 'startDate=2026-03-02T00:00:00&endDate=2026-03-02T23:59:59'
    const { json } = await list(day)
    expect(
      json.map((each: { orderId: string; status: string; amount: number }) => [each.orderId, each.status, each.amount]),
    ).toEqual([
      ['order-0000', 'DONE', 55_000],
      ['order-0001', 'DONE', 55_000],
      ['order-0001', 'PARTIAL_CANCELED', 5_000],
      ['order-0002', 'DONE', 55_000],
    ])
    expect(Object.keys(json[0])).toEqual(
      'mId transactionKey paymentKey orderId method customerKey useEscrow receiptUrl status transactionAt currency amount'.split(
        ' ',
      ),
    )
    expect((await list(`${day}&limit=2`)).json).toEqual(json.slice(0, 2))
    expect((await list(`${day}&limit=2&startingAfter=${json[1].transactionKey}`)).json).toEqual(json.slice(2))
    expect((await list('startDate=2026-03-02T20:00:30&endDate=2026-03-02T20:01:30')).json).toEqual([json[1]])
    expect((await list('startDate=2026-03-02T11:00:30Z&endDate=2026-03-02T11:01:30Z')).json).toEqual([json[1]])
  })

  test.each([
    ['endDate=2026-03-02T00:00:00', 'INVALID_REQUEST'],
    ['startDate=yesterday&endDate=2026-03-02T00:00:00', 'INVALID_DATE'],
    ['startDate=2026-03-02T00:00:00&endDate=2026-03-02T00:00:00&limit=5001', 'EXCEED_MAX_QUERY_LIMIT'],
    ['startDate=2026-03-02T00:00:00&endDate=2026-03-02T00:00:00&startingAfter=none', 'INVALID_REQUEST'],
  ])('%s is refused', async (query, code) => {
    const world = await openWorld()
    expect((await world.call('GET', `/v1/transactions?${query}`)).json.code).toBe(code)
  })
})
