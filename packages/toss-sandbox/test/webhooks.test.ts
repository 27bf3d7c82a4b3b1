import { describe, expect, test } from 'vitest'

import { openWorld } from './world.ts'

const minutes = 60_000

async function answered(fields: Record<string, unknown>) {
  const world = await openWorld()
  const asked = await world.request(fields)
  const answer = world.confirm(asked).then(({ status }) => {
    world.notes.push('answered')
    return status
  })
  return { world, asked, answer }
}

describe('webhooks', () => {
  test('a change of status is told in the documented form', async () => {
    const { world, asked, answer } = await answered({})
    expect(await answer).toBe(200)
    await world.webhooksCame(1)
    const [webhook] = world.webhooks
    expect(webhook?.body).toEqual({
      eventType: 'PAYMENT_STATUS_CHANGED',
      createdAt: '2026-03-02T20:00:00.000000',
      data: await world.look(asked.paymentKey),
    })
    expect(webhook?.headers).toMatchObject({
      'content-type': 'application/json',
      'tosspayments-webhook-transmission-id': expect.stringMatching(/^whtrans_/),
      'tosspayments-webhook-transmission-time': '2026-03-02T20:00:00+09:00',
      'tosspayments-webhook-transmission-retried-count': '0',
    })
    expect(webhook?.headers).not.toHaveProperty('tosspayments-webhook-signature')
  })

  test('each status that is documented to be told is told, and no other', async () => {
    const world = await openWorld()
    const asked = await world.request()
    await world.confirm(asked)
    await world.cancel(asked.paymentKey, { cancelReason: 'part', cancelAmount: 5_000 })
    await world.cancel(asked.paymentKey)
    await world.confirm(await world.request({ orderId: 'order-0002', outcome: 'decline' }))
    await world.confirm(await world.request({ orderId: 'order-0003', outcome: '500' }))
    await world.webhooksCame(4)
    world.time.pass(9 * minutes)
    expect(world.webhooks.map(({ body }) => body.data.status).toSorted()).toEqual(
      ['DONE', 'PARTIAL_CANCELED', 'CANCELED', 'ABORTED'].toSorted(),
    )
  })

  test('early comes before the answer', async () => {
    const { world, answer } = await answered({ webhook: 'early' })
    await answer
    expect(world.webhooks).toHaveLength(1)
    expect(world.webhooks[0]?.after).toEqual([])
  })

  test('an early webhook that nobody answers holds the confirm back ten seconds, not for ever', async () => {
    const world = await openWorld({ fetch: () => new Promise(() => {}) })
    const asked = await world.request({ webhook: 'early' })
    const answer = world.confirm(asked)
    await world.until(() => world.time.pending().includes(10_000))
    world.time.pass(10_000)
    expect((await answer).status).toBe(200)
  })

  test('twice comes as two transmissions', async () => {
    const { world, answer } = await answered({ webhook: 'twice' })
    await answer
    await world.webhooksCame(2)
    expect(new Set(world.webhooks.map(({ headers }) => headers['tosspayments-webhook-transmission-id'])).size).toBe(2)
    expect(world.webhooks[0]?.body).toEqual(world.webhooks[1]?.body)
  })

  test('late comes when its time has passed', async () => {
    const { world, answer } = await answered({ webhook: 'late:60000' })
    await answer
    world.time.pass(59_999)
    expect((await world.call('GET', '/sandbox/webhooks')).json).toMatchObject({ pending: 0, delivered: 0 })
    world.time.pass(1)
    await world.webhooksCame(1)
  })

  test('never stays away', async () => {
    const { world, answer } = await answered({ webhook: 'never' })
    await answer
    world.time.pass(9_000 * minutes)
    const counts = (await world.call('GET', '/sandbox/webhooks')).json
    expect(counts).toEqual({ pending: 0, delivered: 0, failed: 0, dropped: 0 })
  })

  test.each([204, 302, 500])(
    '%i does not count as received: seven retries on the documented schedule',
    async (status) => {
      const { world, answer } = await answered({})
      world.receiver.status = status
      await answer
      const schedule = [1, 4, 16, 64, 256, 1024, 4096]
      for (const [retried, minute] of schedule.entries()) {
        await world.webhooksCame(retried + 1)
        await world.until(() => world.time.pending().includes(minute * minutes))
        world.time.pass(minute * minutes - 1)
        expect(world.webhooks).toHaveLength(retried + 1)
        world.time.pass(1)
      }
      await world.webhooksCame(8)
      await world.until(() => world.time.pending().length === 0)
      expect((await world.call('GET', '/sandbox/webhooks')).json).toMatchObject({ pending: 0, failed: 1 })
      const headers = world.webhooks.map((each) => each.headers)
      expect(headers.map((each) => each['tosspayments-webhook-transmission-retried-count'])).toEqual(
        '01234567'.split(''),
      )
      expect(new Set(headers.map((each) => each['tosspayments-webhook-transmission-id'])).size).toBe(1)
    },
  )

  test('a retry that is received is the last', async () => {
    const { world, answer } = await answered({})
    world.receiver.status = 503
    await answer
    await world.webhooksCame(1)
    await world.until(() => world.time.pending().includes(1 * minutes))
    world.receiver.status = 200
    world.time.pass(1 * minutes)
    await world.webhooksCame(2)
    await world.until(async () => (await world.call('GET', '/sandbox/webhooks')).json.delivered === 1)
    world.time.pass(9_000 * minutes)
    expect((await world.call('GET', '/sandbox/webhooks')).json).toMatchObject({ pending: 0, delivered: 1 })
    expect(world.webhooks).toHaveLength(2)
  })

  test('at most eight deliveries run at once and a full queue drops instead of growing', async () => {
    let active = 0
    let activeMax = 0
    let isOpen = false
    const waiting: (() => void)[] = []
    const world = await openWorld({
      async fetch() {
        activeMax = Math.max(activeMax, ++active)
        if (!isOpen) await new Promise<void>((resolve) => waiting.push(resolve))
        active--
        return new Response(null, { status: 200 })
      },
      webhookUrls: Array.from({ length: 2_501 }, (_, i) => `http://receiver.test/${i}`),
    })
    for (let i = 0; i < 4; i++) await world.confirm(await world.request({ orderId: `order-000${i}` }))
    const counts = async () => (await world.call('GET', '/sandbox/webhooks')).json
    expect(await counts()).toEqual({ pending: 10_000, delivered: 0, failed: 0, dropped: 4 })
    isOpen = true
    for (const go of waiting) go()
    await world.until(() => active === 0)
    expect(await counts()).toEqual({ pending: 0, delivered: 10_000, failed: 0, dropped: 4 })
    expect(activeMax).toBe(8)
  })

  test('where they go can be changed later, and only to a web address', async () => {
    const world = await openWorld({ webhookUrls: [] })
    expect(() => world.sandbox.setWebhookUrls(['/relative'])).toThrow('/relative')
    await world.confirm(await world.request())
    expect((await world.call('GET', '/sandbox/webhooks')).json.delivered).toBe(0)
    const other = await openWorld()
    world.sandbox.setWebhookUrls([`${other.url}/nowhere`])
    await world.confirm(await world.request())
    await world.until(() => world.time.pending().includes(1 * minutes))
  })

  test('closing leaves no timer behind', async () => {
    const { world, answer } = await answered({ webhook: 'late:5000' })
    await answer
    const failing = await world.request({ orderId: 'order-0002' })
    world.receiver.status = 500
    await world.confirm(failing)
    await world.request({ orderId: 'order-0003' })
    const late = await world.request({ orderId: 'order-0004', outcome: 'capture-late:1000' })
    await world.confirm(late)
    await world.webhooksCame(1)
    await world.until(() => world.time.pending().includes(1 * minutes))
    world.sandbox.close()
    expect(world.time.pending()).toEqual([])
  })
})
