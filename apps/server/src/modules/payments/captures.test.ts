import { expect } from 'vitest'
import { createLog } from '#platform/log'
import { test } from '../../../test/fixtures.ts'
import { everyProvider } from '../../../test/payment-providers.ts'
import { openTossProvider, until } from '../../../test/toss-provider.ts'
import { openTill, price, timeoutMs } from './test-world.ts'

everyProvider('a payment is captured once its order asks for it, and not before', async ({ platform, provider }) => {
  const till = await openTill(platform, provider)
  const payment = await till.handOver('order-1')
  await till.settle()
  expect(provider.calls).toEqual([])

  await till.publish(till.captureRequested(payment))
  await till.settle()
  expect(await till.facts()).toEqual([
    {
      what: 'captured',
      orderId: 'order-1',
      paymentId: payment.paymentId,
      amount: { amount: price, currency: 'KRW' },
      capturedAt: '2026-01-01T00:00:00.000Z',
      provider: provider.name,
      eventId: 'evt_1',
    },
  ])
  expect(provider.calls).toHaveLength(1)
  expect(provider.totals()).toEqual({ captured: price, returned: 0 })
  expect(await till.module.audit!()).toMatchObject({
    figures: { captured: price, pending: 0 },
    byOrder: { netCaptured: { 'order-1': price } },
  })
})

everyProvider(
  'a declined card is refused with its reason, and the order may be paid by another payment',
  async ({ platform, provider }) => {
    const till = await openTill(platform, provider)
    const first = await till.handOver('order-1', { outcome: 'decline' })
    await till.publish(till.captureRequested(first))
    await till.settle()
    expect(await till.facts()).toMatchObject([
      {
        what: 'refused',
        paymentId: first.paymentId,
        code: provider.words.declined.code,
        message: expect.stringContaining(provider.words.declined.message) as unknown,
      },
    ])

    const second = await till.handOver('order-1')
    expect(second.paymentId).not.toBe(first.paymentId)
    await till.publish(till.captureRequested(second))
    await till.settle()
    expect(await till.facts()).toMatchObject([{ what: 'captured', paymentId: second.paymentId }])
  },
)

everyProvider('an expired session is refused', async ({ platform, provider }) => {
  const till = await openTill(platform, provider)
  const payment = await till.handOver('order-1')
  platform.clock.advance(provider.words.expired.afterMs)
  await till.publish(till.captureRequested(payment))
  await till.settle()
  expect(await till.facts()).toMatchObject([{ what: 'refused', code: provider.words.expired.code }])
})

everyProvider(
  'a confirm that answers 500 after having captured is found out by asking',
  async ({ platform, provider }) => {
    const till = await openTill(platform, provider)
    const payment = await till.handOver('order-1', { outcome: 'capture-then-500' })
    await till.publish(till.captureRequested(payment))
    await till.settle()
    expect(await till.facts()).toEqual([])
    platform.clock.advance(500)
    await till.settle()
    expect(await till.facts()).toMatchObject([{ what: 'captured', paymentId: payment.paymentId }])
    expect(provider.calls.map(({ question }) => question)).toEqual(['confirm', 'query'])
    expect(provider.totals().captured).toBe(price)
  },
)

everyProvider(
  'a 500 without a capture is asked about, and confirmed again under a new key',
  async ({ platform, provider }) => {
    const till = await openTill(platform, provider)
    const payment = await till.handOver('order-1', { outcome: '500', times: 1 })
    await till.publish(till.captureRequested(payment))
    expect(await till.waitForFacts({ stepMs: 500 })).toMatchObject([{ what: 'captured' }])
    const confirms = provider.calls.filter(({ question }) => question === 'confirm')
    expect(confirms.map(({ idempotencyKey }) => idempotencyKey)).toEqual([
      `${payment.paymentId}-0`,
      `${payment.paymentId}-1`,
    ])
    expect(provider.totals().captured).toBe(price)
  },
)

everyProvider(
  'control: under the old key the provider repeats its old answer for ever',
  async ({ platform, provider }) => {
    const till = await openTill(platform, provider)
    const paymentKey = await till.pass('order-1', { outcome: '500', times: 1 })
    const confirm = (key: string) => provider.captureElsewhere(paymentKey, 'order-1', price, key)
    expect([await confirm('a'), await confirm('a'), await confirm('b')]).toEqual([500, 500, 200])
  },
)

for (const outcome of ['hang', 'capture-then-hang']) {
  everyProvider(
    `a confirm that never answers (${outcome}) ends at the deadline and is found out by asking`,
    async ({ platform, provider }) => {
      const till = await openTill(platform, provider)
      const payment = await till.handOver('order-1', { outcome, times: 1 })
      await till.publish(till.captureRequested(payment))
      const settled = till.settle()
      await until(() => provider.calls.length === 1)
      platform.clock.advance(timeoutMs)
      await settled
      expect(await till.facts()).toEqual([])
      expect(await till.waitForFacts({ stepMs: 500 })).toMatchObject([
        { what: 'captured', paymentId: payment.paymentId },
      ])
      expect(provider.totals().captured).toBe(price)
    },
  )
}

everyProvider('a hanging payment holds up no other', async ({ platform, provider }) => {
  const till = await openTill(platform, provider)
  const hanging = await till.handOver('order-1', { outcome: 'hang', times: 1 })
  await till.publish(till.captureRequested(hanging))
  const settled = till.settle()
  await until(() => provider.calls.length === 1)

  const asking = till.module.loops![0]!
  const quick = await till.handOver('order-2')
  const settledQuick = (async () => {
    await till.publish(till.captureRequested(quick))
    await platform.bus.subscriberLoop('payments', till.module.subscriptions!).run()
    platform.clock.advance(asking.intervalMs)
  })()
  await settledQuick
  await until(() => provider.isPaid(quick.paymentKey))
  await until(async () => (await till.module.audit!()).figures['captured'] === price)
  expect(await till.facts()).toMatchObject([{ what: 'captured', paymentId: quick.paymentId }])

  platform.clock.advance(timeoutMs)
  await settled
  expect(await till.waitForFacts({ stepMs: 500 })).toMatchObject([{ what: 'captured', paymentId: hanging.paymentId }])
})

everyProvider(
  'money that is captured some time after an error is found, however long it takes',
  async ({ platform, provider }) => {
    const till = await openTill(platform, provider)
    const payment = await till.handOver('order-1', { outcome: 'capture-late:90000', webhook: 'never' })
    await till.publish(till.captureRequested(payment))
    expect(await till.waitForFacts({ stepMs: 5000, steps: 60 })).toMatchObject([
      { what: 'captured', capturedAt: '2026-01-01T00:01:30.000Z' },
    ])
    expect(provider.totals().captured).toBe(price)
  },
)

everyProvider(
  'the provider is away for a while: nothing is told until it is known, questions grow rare, then all is found',
  async ({ platform, provider }) => {
    const till = await openTill(platform, provider)
    const payments = [await till.handOver('order-1'), await till.handOver('order-2', { outcome: 'decline' })]
    provider.line.isCut = true
    await till.publish(...payments.map(till.captureRequested))
    for (let second = 0; second < 240; second++) {
      await till.settle()
      platform.clock.advance(1000)
    }
    expect(await till.facts()).toEqual([])
    // 0, 0.5, 1.5, 3.5 … 63.5, 123.5, 183.5 s: eleven or twelve questions each in four minutes.
    expect(provider.calls.length).toBeLessThan(26)
    expect((await till.module.audit!()).figures).toMatchObject({ pending: 2, unknown: 2 })
    expect(await platform.metrics.text()).toContain('fairgate_payments_unknown 2')

    provider.line.isCut = false
    platform.clock.advance(60_000)
    await till.settle()
    expect(Object.fromEntries((await till.facts()).map(({ what, orderId }) => [orderId, what]))).toEqual({
      'order-1': 'captured',
      'order-2': 'refused',
    })
    await till.settle()
    expect((await till.module.audit!()).figures).toMatchObject({ pending: 0, unknown: 0 })
  },
)

test('silence of the provider is written to the log after a minute', async ({ platform }) => {
  const lines: string[] = []
  const provider = await openTossProvider(platform.clock)
  const till = await openTill(
    { ...platform, log: createLog('warn', { write: (line) => void lines.push(line) }) },
    provider,
  )
  const payment = await till.handOver('order-1')
  provider.line.isCut = true
  await till.publish(till.captureRequested(payment))
  for (let second = 0; second < 60; second++) {
    await till.settle()
    platform.clock.advance(1000)
  }
  expect(lines).toEqual([])
  await till.settle()
  expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
    { msg: 'payments without news from the provider', count: 1, oldestMs: 60_000, paymentIds: [payment.paymentId] },
  ])
})
