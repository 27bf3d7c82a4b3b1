import { expect } from 'vitest'
import { fact } from '#platform/bus'
import { transaction } from '#platform/db'
import { money } from '@fairgate/contracts/money'
import { test } from '../../../test/fixtures.ts'
import { everyProvider, type PaymentProvider } from '../../../test/payment-providers.ts'
import { openTossProvider, until } from '../../../test/toss-provider.ts'
import { openTill, price, timeoutMs, type Till } from './test-world.ts'

async function captured(till: Till, orderId = 'order-1', scenario: Record<string, unknown> = {}) {
  const payment = await till.handOver(orderId, scenario)
  await till.publish(till.captureRequested(payment))
  expect(await till.waitForFacts()).toMatchObject([{ what: 'captured' }])
  return payment
}

const cancels = (provider: PaymentProvider) => provider.calls.filter(({ question }) => question === 'cancel')

everyProvider('a refund gives the money back once, however often it is asked for', async ({ platform, provider }) => {
  const till = await openTill(platform, provider)
  const payment = await captured(till)
  await till.publish(till.refundRequested(payment), till.refundRequested(payment))
  await till.settle()
  await till.publish(till.refundRequested(payment))
  await till.settle()
  expect(await till.facts()).toEqual([
    {
      what: 'refunded',
      orderId: 'order-1',
      paymentId: payment.paymentId,
      amount: { amount: price, currency: 'KRW' },
      refundId: expect.stringMatching(/^ref_/),
      provider: provider.name,
      eventId: 'evt_1',
    },
  ])
  expect(provider.totals()).toEqual({ captured: price, returned: price })
  expect(cancels(provider)).toHaveLength(1)
  expect(await till.module.audit!()).toMatchObject({
    figures: { captured: price, refunded: price, pending: 0 },
    byOrder: { netCaptured: {} },
  })
  expect((await till.history('order-1')).map(({ event, toState }) => `${event} → ${toState}`)).toEqual([
    'capture-requested → capturing',
    'captured → captured',
    'refund-requested → refunding',
    'returned → refunded',
  ])
})

for (const cancelOutcome of ['cancel-then-500', '500']) {
  everyProvider(
    `a refund whose answer is an error (${cancelOutcome}) is asked about until it is known, and paid once`,
    async ({ platform, provider }) => {
      const till = await openTill(platform, provider)
      const payment = await captured(till, 'order-1', { cancelOutcome, cancelTimes: 1 })
      await till.publish(till.refundRequested(payment))
      expect(await till.waitForFacts({ stepMs: 500 })).toMatchObject([{ what: 'refunded' }])
      expect(provider.totals()).toEqual({ captured: price, returned: price })
      expect(cancels(provider)).toHaveLength(cancelOutcome === '500' ? 2 : 1)
    },
  )
}

everyProvider(
  'a refund that never answers ends at the deadline and is found out by asking',
  async ({ platform, provider }) => {
    const till = await openTill(platform, provider)
    const payment = await captured(till, 'order-1', { cancelOutcome: 'cancel-then-hang', cancelTimes: 1 })
    await till.publish(till.refundRequested(payment))
    const settled = till.settle()
    await until(() => cancels(provider).length === 1)
    platform.clock.advance(timeoutMs)
    await settled
    expect(await till.waitForFacts({ stepMs: 500 })).toMatchObject([{ what: 'refunded' }])
    expect(provider.totals()).toEqual({ captured: price, returned: price })
  },
)

everyProvider(
  'refunds in parts come one after the other and never exceed what was captured',
  async ({ platform, provider }) => {
    const till = await openTill(platform, provider)
    const payment = await captured(till)
    await till.publish(till.refundRequested(payment, 15_000), till.refundRequested(payment, 10_000))
    await till.settle()
    expect((await till.facts()).map(({ amount }) => amount)).toEqual([money(15_000, 'KRW'), money(10_000, 'KRW')])
    expect(await till.module.audit!()).toMatchObject({
      byOrder: { netCaptured: { 'order-1': 30_000 } },
      figures: { pending: 0 },
    })
    await till.publish(till.refundRequested(payment, 99_000))
    await till.settle()
    expect((await till.facts()).map(({ amount }) => amount)).toEqual([money(30_000, 'KRW')])
    expect(provider.totals()).toEqual({ captured: price, returned: price })
  },
)

everyProvider('the same message delivered twice gives a part back once', async ({ platform, provider }) => {
  const till = await openTill(platform, provider)
  const { orderId, paymentId } = await captured(till)
  const type = 'orders.refund-requested.v1' as const
  const message = {
    id: 'msg_1',
    type,
    key: orderId,
    time: 0,
    data: till.refundRequested({ orderId, paymentId }, 5_000).data,
  }
  const subscription = till.module.subscriptions!.find(({ types }) => types.includes(type))!
  for (let time = 0; time < 2; time++) {
    await transaction(platform.db, (tx) => subscription.handle(tx, [message] as never))
    await till.settle()
  }
  expect((await till.facts()).map(({ amount }) => amount)).toEqual([money(5_000, 'KRW')])
  expect(provider.totals().returned).toBe(5_000)
})

everyProvider(
  'part of a refund that somebody gave back at the provider is not given back again',
  async ({ platform, provider }) => {
    const till = await openTill(platform, provider)
    const payment = await captured(till)
    await provider.refundElsewhere(payment.paymentKey, 20_000)
    await till.publish(till.refundRequested(payment))
    expect(await till.waitForFacts({ stepMs: 500 })).toMatchObject([{ what: 'refunded', amount: { amount: price } }])
    expect(provider.totals()).toEqual({ captured: price, returned: price })
    expect((await till.module.audit!()).checks.filter(({ violations }) => violations > 0)).toEqual([])
  },
)

everyProvider('a refund of money that never came is ignored', async ({ platform, provider }) => {
  const till = await openTill(platform, provider)
  const payment = await till.handOver('order-1', { outcome: 'decline' })
  await till.publish(till.captureRequested(payment))
  await till.settle()
  await till.publish(
    till.refundRequested(payment),
    fact('orders.refund-requested.v1', {
      orderId: 'order-9',
      paymentId: 'pay_unknown',
      amount: money(1, 'KRW'),
      reason: 'x',
    }),
  )
  await till.settle()
  expect((await till.facts()).map(({ what }) => what)).toEqual(['refused'])
  expect(cancels(provider)).toEqual([])
})

everyProvider(
  'a refund that the provider refuses stays owed: an alarm, and asked for again every minute',
  async ({ platform, provider }) => {
    const till = await openTill(platform, provider)
    const payment = await captured(till)
    let refusing = true
    provider.line.intercept = (request, response) => {
      const isRefund = request.method === 'POST' && /\/(cancel|refunds)$/.test(request.url ?? '')
      if (!refusing || !isRefund) return false
      const { status, body } = provider.words.unrefundable
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
      return true
    }
    await till.publish(till.refundRequested(payment))
    for (let minute = 0; minute < 10; minute++) {
      await till.settle()
      platform.clock.advance(60_000)
    }
    expect(await till.facts()).toEqual([])
    expect(cancels(provider).length).toBeGreaterThan(5)
    expect(cancels(provider).length).toBeLessThan(12)
    expect(await platform.metrics.text()).toMatch(/fairgate_payments_alarms_total\{reason="configuration"\} \d/)
    expect(await till.stuck(60_000)).toMatchObject([
      { id: payment.paymentId, state: 'refunding', trouble: provider.words.unrefundable.code },
    ])
    refusing = false
    expect(await till.waitForFacts({ stepMs: 30_000 })).toMatchObject([{ what: 'refunded' }])
  },
)

test('control: without the guard of the balance a repeated partial refund would pay twice', async ({ platform }) => {
  const provider = await openTossProvider(platform.clock)
  const till = await openTill(platform, provider)
  const { paymentKey } = await captured(till)
  const cancel = (key: string, guard: object) =>
    provider.elsewhere(
      `/v1/payments/${paymentKey}/cancel`,
      { cancelReason: 'x', cancelAmount: 5_000, ...guard },
      { 'idempotency-key': key },
    )
  expect((await cancel('a', { refundableAmount: price })).status).toBe(200)
  expect((await cancel('b', { refundableAmount: price })).json['code']).toBe('NOT_MATCHES_REFUNDABLE_AMOUNT')
  expect((await cancel('c', {})).status).toBe(200)
  expect(provider.totals().returned).toBe(10_000)
})

everyProvider(
  'seats that go back are refunded in parts, each once, and each says how much has gone in all',
  async ({ platform, provider }) => {
    const till = await openTill(platform, provider)
    const payment = await captured(till)
    const part = (returnId: string, amount: number) =>
      fact('orders.refund-requested.v1', {
        orderId: 'order-1',
        paymentId: payment.paymentId,
        amount: money(amount, 'KRW'),
        reason: 'cancelled-by-buyer',
        returnId,
      })
    await till.publish(part('ret_1', 1000), part('ret_2', 2500), part('ret_1', 1000))
    await till.settle()
    await till.publish(part('ret_2', 2500))
    await till.settle()
    const told = (returnId: string, amount: number, total: number) => ({
      what: 'refunded',
      returnId,
      amount: { amount },
      refundedTotal: { amount: total },
    })
    expect(await till.facts()).toMatchObject([told('ret_1', 1000, 1000), told('ret_2', 2500, 3500)])
    expect(provider.totals()).toEqual({ captured: price, returned: 3500 })
    expect(await till.module.audit!()).toMatchObject({ byOrder: { netCaptured: { 'order-1': price - 3500 } } })
  },
)
