import { expect } from 'vitest'
import { test, type TestPlatform } from '../../../test/fixtures.ts'
import { openTossProvider, type TossProvider } from '../../../test/toss-provider.ts'
import { openTill, price } from './test-world.ts'

const alarms = async (platform: TestPlatform) =>
  [...(await platform.metrics.text()).matchAll(/fairgate_payments_alarms_total\{reason="([\w-]+)"\} (\d+)/g)]
    .map(([, reason]) => reason ?? '')
    .toSorted((a, b) => a.localeCompare(b))

function failConfirms(provider: TossProvider): void {
  provider.line.intercept = (request, response) => {
    if (!request.url?.endsWith('/confirm')) return false
    response
      .writeHead(500, { 'content-type': 'application/json' })
      .end('{"code":"FAILED_INTERNAL_SYSTEM_PROCESSING","message":"x"}')
    return true
  }
}

test('a window opened with another amount is refused within seconds, and nothing is captured', async ({ platform }) => {
  const provider = await openTossProvider(platform.clock)
  const till = await openTill(platform, provider)
  const paymentKey = await provider.window('order-1', 1_000)
  expect((await till.confirm({ paymentRequestToken: till.token('order-1'), paymentKey })).status).toBe(202)
  const [requested] = await till.facts()
  await till.publish(till.captureRequested({ orderId: 'order-1', paymentId: requested!['paymentId'] as string }))
  expect(await till.waitForFacts({ steps: 10 })).toMatchObject([{ what: 'refused', code: 'payments.wrong-amount' }])
  expect(provider.totals().captured).toBe(0)
  expect(await alarms(platform)).toEqual(['configuration', 'wrong-amount'])
})

test("another order's window is refused, and nothing is captured", async ({ platform }) => {
  const provider = await openTossProvider(platform.clock)
  const till = await openTill(platform, provider)
  const paymentKey = await provider.window('order-2', price)
  await till.confirm({ paymentRequestToken: till.token('order-1'), paymentKey })
  const [requested] = await till.facts()
  await till.publish(till.captureRequested({ orderId: 'order-1', paymentId: requested!['paymentId'] as string }))
  expect(await till.waitForFacts()).toMatchObject([{ what: 'refused', code: 'NOT_FOUND_PAYMENT_SESSION' }])
  expect(provider.totals().captured).toBe(0)
})

test("somebody else's money is never given back: a key of another order that was paid is only refused", async ({
  platform,
}) => {
  const provider = await openTossProvider(platform.clock)
  const till = await openTill(platform, provider)
  const paymentKey = await provider.window('order-2', price)
  await provider.elsewhere('/v1/payments/confirm', { paymentKey, orderId: 'order-2', amount: price })
  failConfirms(provider)
  await till.confirm({ paymentRequestToken: till.token('order-1'), paymentKey })
  const [requested] = await till.facts()
  await till.publish(till.captureRequested({ orderId: 'order-1', paymentId: requested!['paymentId'] as string }))
  expect(await till.waitForFacts({ stepMs: 500 })).toMatchObject([{ what: 'refused', code: 'payments.key-used' }])
  for (let minute = 0; minute < 90; minute++) {
    platform.clock.advance(60_000)
    await till.settle()
  }
  expect(provider.totals()).toEqual({ captured: price, returned: 0 })
  expect(await till.facts()).toEqual([])
})

test('another amount that was captured for our order is refused and goes back, without the order knowing of money', async ({
  platform,
}) => {
  const provider = await openTossProvider(platform.clock)
  const till = await openTill(platform, provider)
  const paymentKey = await provider.window('order-1', 1_000)
  await provider.elsewhere('/v1/payments/confirm', { paymentKey, orderId: 'order-1', amount: 1_000 })
  await till.confirm({ paymentRequestToken: till.token('order-1'), paymentKey })
  const [requested] = await till.facts()
  failConfirms(provider)
  await till.publish(till.captureRequested({ orderId: 'order-1', paymentId: requested!['paymentId'] as string }))
  expect(await till.waitForFacts({ stepMs: 500 })).toMatchObject([{ what: 'refused', code: 'payments.wrong-amount' }])
  await till.settle()
  expect(provider.totals()).toEqual({ captured: 1_000, returned: 1_000 })
  for (let minute = 0; minute < 70; minute++) {
    platform.clock.advance(60_000)
    await till.settle()
  }
  expect(await till.facts()).toEqual([])
  const { checks, figures, byOrder } = await till.module.audit!()
  expect(checks.filter(({ violations }) => violations > 0)).toEqual([])
  expect({ ...figures, ...byOrder }).toMatchObject({ captured: 1_000, refunded: 1_000, pending: 0, netCaptured: {} })
  expect(await alarms(platform)).toEqual(['wrong-amount'])
})

test('a method that waits for a deposit is cancelled and refused where that is not offered', async ({ platform }) => {
  const provider = await openTossProvider(platform.clock)
  const till = await openTill(platform, provider, { depositMaxMs: null })
  const payment = await till.handOver('order-1')
  const body = { orderId: 'order-1', totalAmount: price, currency: 'KRW', approvedAt: null }
  const cancelled: string[] = []
  provider.line.intercept = (request, response) => {
    const isCancel = request.url?.endsWith('/cancel') === true
    const answer = isCancel
      ? { ...body, status: 'CANCELED', balanceAmount: 0 }
      : { ...body, status: 'WAITING_FOR_DEPOSIT', balanceAmount: price }
    if (isCancel) request.on('data', (bytes: Buffer) => cancelled.push(bytes.toString()))
    request.on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer)))
    request.resume()
    return true
  }
  await till.publish(till.captureRequested(payment))
  await till.settle()
  expect(await till.facts()).toMatchObject([{ what: 'refused', code: 'payments.method-not-offered' }])
  // A full cancel names no amount; only that is possible before the deposit.
  expect(cancelled.map((text) => Object.keys(JSON.parse(text) as object))).toEqual([['cancelReason']])
  expect((await till.module.audit!()).figures).toMatchObject({ captured: 0, refunded: 0, pending: 0 })
  expect(await alarms(platform)).toEqual(['wrong-method'])
})

test('a secret key that the provider does not know: an alarm, asked for slowly, and paid when it is repaired', async ({
  platform,
}) => {
  const provider = await openTossProvider(platform.clock)
  const till = await openTill(platform, provider, { setup: { secretKey: 'test_sk_wrong' } })
  const payment = await till.handOver('order-1')
  await till.publish(till.captureRequested(payment))
  for (let second = 0; second < 300; second++) {
    await till.settle()
    platform.clock.advance(1000)
  }
  expect(await till.facts()).toEqual([])
  expect(provider.calls.length).toBeLessThan(8)
  expect(await alarms(platform)).toEqual(['configuration'])
  const repaired = await openTill(platform, provider)
  expect(await repaired.waitForFacts({ stepMs: 10_000 })).toMatchObject([{ what: 'captured' }])
})
