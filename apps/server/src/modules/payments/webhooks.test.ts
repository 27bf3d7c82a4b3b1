import { expect } from 'vitest'
import { createRacepoints } from '#platform/racepoint'
import { test, type TestPlatform } from '../../../test/fixtures.ts'
import { everyProvider, type PaymentProvider } from '../../../test/payment-providers.ts'
import { openTossProvider, until } from '../../../test/toss-provider.ts'
import { openTill, price, type Till } from './test-world.ts'

/** The provider's webhooks reach the module over HTTP. */
async function connect(till: Till, provider: PaymentProvider): Promise<void> {
  provider.connect(await till.http.fastify.listen({ port: 0, host: '127.0.0.1' }))
}

const delivered = (provider: PaymentProvider, count: number) =>
  until(async () => (await provider.webhooks()).delivered >= count)

async function send(till: Till, payload: unknown, headers: Record<string, string> = {}): Promise<number> {
  const response = await till.http.fastify.inject({
    method: 'POST',
    url: '/api/payments/toss/webhook',
    headers: { 'content-type': 'application/json', ...headers },
    payload: JSON.stringify(payload),
  })
  return response.statusCode
}

const changed = (paymentKey: string, status: string, more: object = {}) => ({
  eventType: 'PAYMENT_STATUS_CHANGED',
  createdAt: '2026-01-01T09:00:00.000000',
  data: { paymentKey, orderId: 'order-1', status, totalAmount: price, ...more },
})

const queries = (provider: PaymentProvider) => provider.calls.filter(({ question }) => question === 'query')

const receive = async (till: Till, notice: ReturnType<PaymentProvider['notice']>): Promise<number> =>
  (await till.http.fastify.inject({ method: 'POST', ...notice })).statusCode
const outcomes = async (platform: TestPlatform) =>
  Object.fromEntries(
    [...(await platform.metrics.text()).matchAll(/fairgate_payments_webhooks_total\{outcome="(\w+)"\} (\d+)/g)].map(
      ([, outcome, count]) => [outcome, Number(count)],
    ),
  )

for (const webhook of ['normal', 'early', 'twice', 'never', 'late:30000']) {
  everyProvider(
    `a webhook that comes ${webhook}: one captured fact, and the provider's books agree`,
    async ({ platform, provider }) => {
      const till = await openTill(platform, provider)
      await connect(till, provider)
      const payment = await till.handOver('order-1', { webhook })
      await till.publish(till.captureRequested(payment))
      await till.settle()
      if (webhook.startsWith('late')) platform.clock.advance(30_000)
      await delivered(provider, { normal: 1, early: 1, twice: 2, 'late:30000': 1 }[webhook] ?? 0)
      platform.clock.advance(30_000)
      await till.settle()
      platform.clock.advance(2000)
      await till.settle()
      expect((await till.facts()).map(({ what }) => what)).toEqual(['captured'])
      expect(provider.totals()).toEqual({ captured: price, returned: 0 })
      // What a webhook claims is what we know already, so nobody is asked.
      expect(queries(provider)).toHaveLength(0)
    },
  )
}

everyProvider('a webhook has the provider asked at once where we were waiting', async ({ platform, provider }) => {
  const till = await openTill(platform, provider)
  await connect(till, provider)
  const payment = await till.handOver('order-1', { outcome: 'capture-late:40000' })
  await till.publish(till.captureRequested(payment))
  for (let second = 0; second < 39; second++) {
    await till.settle()
    platform.clock.advance(1000)
  }
  await till.settle()
  expect(await till.facts()).toEqual([])
  platform.clock.advance(1000)
  await delivered(provider, 1)
  await till.settle()
  expect(await till.facts()).toMatchObject([{ what: 'captured' }])
})

test('a forged webhook changes nothing: the provider says otherwise', async ({ platform }) => {
  const provider = await openTossProvider(platform.clock)
  const till = await openTill(platform, provider)
  const requested = await till.handOver('order-1')
  expect(await send(till, changed(requested.paymentKey, 'DONE'))).toBe(200)
  await till.settle()
  expect(queries(provider)).toHaveLength(1)
  expect(await till.facts()).toEqual([])

  await till.publish(till.captureRequested(requested))
  await till.settle()
  expect(await till.facts()).toMatchObject([{ what: 'captured' }])
  for (const status of ['CANCELED', 'ABORTED', 'EXPIRED', 'PARTIAL_CANCELED', 'WAITING_FOR_DEPOSIT', 'SOMETHING_NEW']) {
    platform.clock.advance(1000)
    expect(await send(till, changed(requested.paymentKey, status))).toBe(200)
    await till.settle()
  }
  expect(await till.facts()).toEqual([])
  expect(await till.module.audit!()).toMatchObject({ figures: { captured: price, refunded: 0, pending: 0 } })
})

test('any body is answered with 200 and does no harm', async ({ platform }) => {
  const provider = await openTossProvider(platform.clock)
  const till = await openTill(platform, provider)
  const bodies = [
    null,
    7,
    'text',
    [],
    {},
    { data: null },
    { data: 'x' },
    { data: { paymentKey: 7, orderId: {} } },
    { data: { paymentKey: 'x'.repeat(10_000) } },
    { eventType: 'CANCEL_STATUS_CHANGED', data: { cancelStatus: 'DONE', transactionKey: 'x' } },
    { eventType: 'payout.changed', entityBody: {} },
    { orderId: 'nobody', status: 'DONE', secret: 's' },
    changed('unknown-key', 'DONE'),
  ]
  for (const body of bodies) expect(await send(till, body), JSON.stringify(body)).toBe(200)
  expect(await send(till, { orderId: 'nobody' }, { 'tosspayments-webhook-transmission-id': 'x'.repeat(5000) })).toBe(
    200,
  )
  await till.settle()
  expect(provider.calls).toEqual([])
  expect(await outcomes(platform)).toEqual({ unreadable: 11, unknown: 3 })
})

test('a flat deposit notice finds its payment by the order', async ({ platform }) => {
  const provider = await openTossProvider(platform.clock)
  const till = await openTill(platform, provider)
  await till.handOver('order-1')
  expect(
    await send(till, { createdAt: 'x', secret: 's', status: 'DONE', transactionKey: 't', orderId: 'order-1' }),
  ).toBe(200)
  await till.settle()
  expect(queries(provider)).toHaveLength(1)
})

everyProvider('a transmission that comes again asks nothing again', async ({ platform, provider }) => {
  const till = await openTill(platform, provider)
  const { paymentKey } = await till.handOver('order-1')
  for (let again = 0; again < 6; again++) {
    await receive(till, provider.notice(paymentKey, again < 3 ? 'paid' : 'returned', 'same'))
    await till.settle()
    platform.clock.advance(5000)
  }
  expect(queries(provider)).toHaveLength(1)
  expect(await outcomes(platform)).toEqual({ noted: 1, repeated: 5 })
})

test('a flood about one payment has the provider asked at most once a second', async ({ platform }) => {
  const provider = await openTossProvider(platform.clock)
  const till = await openTill(platform, provider)
  const { paymentKey } = await till.handOver('order-1')
  for (let tenth = 0; tenth < 50; tenth++) {
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        send(till, changed(paymentKey, 'DONE'), { 'tosspayments-webhook-transmission-id': `flood-${tenth}-${i}` }),
      ),
    )
    await till.settle()
    platform.clock.advance(100)
  }
  expect(queries(provider).length).toBeLessThanOrEqual(5)
  const stored = await platform.database.pool.query('select count(*) from payments.webhooks')
  expect(stored.rows[0].count).toBeLessThanOrEqual(6)
})

test('control: without the pace every notice of a flood is a question', async ({ platform }) => {
  const provider = await openTossProvider(platform.clock)
  const till = await openTill(platform, provider)
  const { paymentKey } = await till.handOver('order-1')
  await platform.database.pool.query(`
    create function payments.no_pace() returns trigger language plpgsql as $$ begin new.asked_at := null; return new; end $$;
    create trigger no_pace before update on payments.payments for each row execute function payments.no_pace()`)
  for (let tenth = 0; tenth < 20; tenth++) {
    await send(till, changed(paymentKey, 'DONE'), { 'tosspayments-webhook-transmission-id': `flood-${tenth}` })
    await till.settle()
    platform.clock.advance(100)
  }
  expect(queries(provider)).toHaveLength(20)
})

test('late money: a payment booked as refused that was captured after all is told to its order', async ({
  platform,
}) => {
  const provider = await openTossProvider(platform.clock)
  const till = await openTill(platform, provider)
  await connect(till, provider)
  const payment = await till.handOver('order-1')
  provider.line.intercept = (request, response) => {
    if (request.headers['authorization'] === undefined || !request.url?.endsWith('/confirm')) return false
    response
      .writeHead(403, { 'content-type': 'application/json' })
      .end(JSON.stringify({ code: 'REJECT_CARD_COMPANY', message: 'no' }))
    return true
  }
  await till.publish(till.captureRequested(payment))
  await till.settle()
  expect(await till.facts()).toMatchObject([{ what: 'refused', code: 'REJECT_CARD_COMPANY' }])

  provider.line.intercept = undefined
  await provider.elsewhere('/v1/payments/confirm', {
    paymentKey: payment.paymentKey,
    orderId: 'order-1',
    amount: price,
  })
  await delivered(provider, 1)
  platform.clock.advance(1000)
  await till.settle()
  expect(await till.facts()).toMatchObject([{ what: 'captured', paymentId: payment.paymentId }])

  await till.publish(till.refundRequested(payment))
  await till.settle()
  expect(await till.facts()).toMatchObject([{ what: 'refunded' }])
  expect(provider.totals()).toEqual({ captured: price, returned: price })
})

test('late money after an unclear answer is found without any webhook', async ({ platform }) => {
  const provider = await openTossProvider(platform.clock)
  const till = await openTill(platform, provider)
  const payment = await till.handOver('order-1', { webhook: 'never' })
  let confirms = 0
  provider.line.intercept = (request, response) => {
    if (!request.url?.endsWith('/confirm')) return false
    // The first request is lost on its way, the second is declined; then the first gets through.
    if (++confirms === 1) request.socket.destroy()
    else
      response
        .writeHead(403, { 'content-type': 'application/json' })
        .end(JSON.stringify({ code: 'REJECT_CARD_COMPANY', message: 'no' }))
    return true
  }
  await till.publish(till.captureRequested(payment))
  expect(await till.waitForFacts({ stepMs: 500 })).toMatchObject([{ what: 'refused' }])
  provider.line.intercept = undefined
  await provider.elsewhere('/v1/payments/confirm', {
    paymentKey: payment.paymentKey,
    orderId: 'order-1',
    amount: price,
  })
  expect(await till.waitForFacts({ stepMs: 10_000, steps: 10 })).toMatchObject([{ what: 'captured' }])
})

everyProvider('money given back at the provider without us is told to the order', async ({ platform, provider }) => {
  const till = await openTill(platform, provider)
  await connect(till, provider)
  const payment = await till.handOver('order-1')
  await till.publish(till.captureRequested(payment))
  await till.settle()
  await delivered(provider, 1)
  platform.clock.advance(5000)
  await provider.refundElsewhere(payment.paymentKey, 20_000)
  await delivered(provider, 2)
  await till.settle()
  expect((await till.facts()).map(({ what }) => what)).toEqual(['captured'])
  expect(await till.module.audit!()).toMatchObject({ byOrder: { netCaptured: { 'order-1': 35_000 } } })
  platform.clock.advance(5000)
  await provider.refundElsewhere(payment.paymentKey, 35_000)
  await delivered(provider, 3)
  await till.settle()
  expect(await till.facts()).toMatchObject([{ what: 'refunded', amount: { amount: 35_000 } }])
  const { checks, figures } = await till.module.audit!()
  expect(checks.filter(({ violations }) => violations > 0)).toEqual([])
  expect(figures).toMatchObject({ captured: price, refunded: price, pending: 0 })
})

everyProvider(
  'a webhook that comes while we are asking is not lost: it may be newer than the answer',
  async ({ platform, provider }) => {
    const racepoints = createRacepoints()
    const till = await openTill({ ...platform, racepoints }, provider)
    const payment = await till.handOver('order-1')
    await till.publish(till.captureRequested(payment))
    await till.settle()
    await till.facts()
    platform.clock.advance(1000)
    await receive(till, provider.notice(payment.paymentKey, 'returned', 'first'))
    const gate = racepoints.hold('payments.answered')
    const asking = till.module.loops![0]!.run()
    await gate.reached
    // The answer on its way to us says that all is there. Now it is given back at the provider.
    await provider.refundElsewhere(payment.paymentKey)
    await receive(till, provider.notice(payment.paymentKey, 'returned', 'second'))
    gate.open()
    await asking
    await till.settle()
    expect(await till.facts()).toEqual([])
    platform.clock.advance(1000)
    await till.settle()
    expect(await till.facts()).toMatchObject([{ what: 'refunded' }])
  },
)

test('old transmissions are forgotten', async ({ platform }) => {
  const provider = await openTossProvider(platform.clock)
  const till = await openTill(platform, provider)
  const { paymentKey } = await till.handOver('order-1')
  await send(till, changed(paymentKey, 'DONE'))
  const count = async () => (await platform.database.pool.query('select 1 from payments.webhooks')).rowCount
  await till.settle()
  expect(await count()).toBe(1)
  platform.clock.advance(8 * 86_400_000)
  await till.settle()
  expect(await count()).toBe(0)
})
