import { expect } from 'vitest'
import { rows, sql } from '#platform/db'
import { test, type TestPlatform } from '../../../test/fixtures.ts'
import { openTossProvider } from '../../../test/toss-provider.ts'
import { afterLeaseMs, openTill, price, type Till } from './test-world.ts'

const hour = 3_600_000
const account = { bank: '88', number: '11012345678', holder: '김구매' }

/** An order whose buyer chose a virtual account and has not paid into it. */
async function openedAccount(platform: TestPlatform, scenario: Record<string, unknown> = {}) {
  const provider = await openTossProvider(platform.clock)
  const till = await openTill(platform, provider)
  const payment = await till.handOver('order-1', { method: 'VIRTUAL_ACCOUNT', validHours: 12, ...scenario })
  await till.publish(till.captureRequested(payment))
  await till.settle()
  return { provider, till, payment, awaited: await till.facts() }
}

const call = async (
  platform: TestPlatform,
  till: Till,
  method: 'GET' | 'PUT',
  path: string,
  body?: object,
  who = 'acc_1',
) => {
  const response = await till.http.fastify.inject({
    method,
    url: `/api/payments/deposits/${path}`,
    headers: await platform.authorization(who),
    ...(body ? { payload: body } : {}),
  })
  return { status: response.statusCode, body: response.json<Record<string, unknown>>() }
}

const callback = (till: Till, body: object) =>
  till.http.fastify.inject({ method: 'POST', url: '/api/payments/toss/webhook', payload: body })

const alarmed = async (platform: TestPlatform, reason: string) =>
  (await platform.metrics.text()).includes(`fairgate_payments_alarms_total{reason="${reason}"} 1`)

const clean = async (till: Till) => {
  const { checks, figures } = await till.module.audit!()
  expect(checks.filter(({ violations }) => violations > 0)).toEqual([])
  return figures
}

test('the buyer is told where to pay into and until when, and the deposit is heard of within a second of its notice', async ({
  platform,
}) => {
  const { provider, till, payment, awaited } = await openedAccount(platform)
  const until = new Date(platform.clock.now() + 12 * hour).toISOString()
  expect(awaited).toMatchObject([{ what: 'awaited', until, account: { bank: '20', holder: '페어게이트' } }])
  const { body } = await call(platform, till, 'GET', 'order-1')
  expect(body).toMatchObject({ state: 'awaiting', until, refundAccount: 'not-needed', amount: { amount: price } })
  expect((await call(platform, till, 'GET', 'order-1', undefined, 'acc_2')).status).toBe(404)
  const list = async (who: string) =>
    (
      await till.http.fastify.inject({ url: '/api/payments/deposits', headers: await platform.authorization(who) })
    ).json<{ items: object[] }>().items
  expect(await list('acc_1')).toEqual([body])
  expect(await list('acc_2')).toEqual([])

  platform.clock.advance(60_000)
  await till.settle()
  const asked = provider.calls.length
  const { secret, virtualAccount } = provider.payment(payment.paymentKey)!
  expect(virtualAccount?.accountNumber).toBe((body['account'] as { number: string }).number)
  const notice = { createdAt: '2026-01-01T00:00:00.000000', status: 'DONE', transactionKey: 'x', orderId: 'order-1' }
  await callback(till, { ...notice, secret: 'ps_forged' })
  platform.clock.advance(2000)
  await till.settle()
  expect(provider.calls).toHaveLength(asked)

  await fetch(`${provider.url}/sandbox/payments/${payment.paymentKey}/deposit`, { method: 'POST' })
  await callback(till, { ...notice, secret })
  platform.clock.advance(1000)
  await till.settle()
  expect(await till.facts()).toMatchObject([{ what: 'captured', amount: { amount: price } }])
  expect((await call(platform, till, 'GET', 'order-1')).body['state']).toBe('paid')
  expect(await clean(till)).toMatchObject({ captured: price, refunded: 0, pending: 0 })
})

test('a deposit that no notice told of is found by asking', async ({ platform }) => {
  const { till } = await openedAccount(platform, { deposit: 'late:3600000', webhook: 'never' })
  expect(await till.waitForFacts({ stepMs: 600_000, steps: 10 })).toMatchObject([{ what: 'captured' }])
})

test('nobody pays in: the account is closed when its time is over, and only then the order hears of it', async ({
  platform,
}) => {
  const { provider, till, payment } = await openedAccount(platform)
  platform.clock.advance(12 * hour - 1)
  await till.settle()
  expect(await till.facts()).toEqual([])
  platform.clock.advance(1)
  expect(await till.waitForFacts()).toMatchObject([{ what: 'refused', code: 'CANCELED' }])
  expect(provider.payment(payment.paymentKey)?.status).toBe('CANCELED')
  expect(await clean(till)).toMatchObject({ captured: 0, refunded: 0, pending: 0 })
})

test('the wait is ours to bound, whatever time the provider gives', async ({ platform }) => {
  const { till, awaited } = await openedAccount(platform, { validHours: 720 })
  const bound = platform.clock.now() + 24 * hour
  expect(awaited[0]!['until']).toBe(new Date(bound).toISOString())
  platform.clock.advance(24 * hour)
  expect(await till.waitForFacts()).toMatchObject([{ what: 'refused' }])
})

/** Our own wait ends now, the provider's later. */
const shortenDeposit = (platform: TestPlatform) =>
  rows(
    platform.db,
    sql`update payments.payments set next_at = ${new Date(platform.clock.now())},
               deposit = deposit || jsonb_build_object('until', ${platform.clock.now()}::bigint)`,
  )

test('a deposit at the last moment is taken, not given back by the closing of the account', async ({ platform }) => {
  const { provider, till, payment } = await openedAccount(platform)
  provider.line.intercept = (request, response) => {
    if (!request.url?.endsWith('/cancel')) return false
    provider.line.intercept = undefined
    void fetch(`${provider.url}/sandbox/payments/${payment.paymentKey}/deposit`, { method: 'POST' }).then(() =>
      provider.sandbox.handle(request, response),
    )
    return true
  }
  await shortenDeposit(platform)
  expect(await till.waitForFacts()).toMatchObject([{ what: 'captured' }])
  expect(await clean(till)).toMatchObject({ captured: price, refunded: 0 })
  expect(provider.totals()).toEqual({ captured: price, returned: 0 })
})

test('money that came by deposit goes back where the buyer says, who is asked again when that is refused', async ({
  platform,
}) => {
  const { provider, till, payment } = await openedAccount(platform, { deposit: 'now' })
  await till.waitForFacts({ stepMs: 600_000 })
  await till.publish(till.refundRequested(payment, 20_000))
  await till.settle()
  expect(await till.facts()).toMatchObject([{ what: 'payments.refund-account-needed', amount: { amount: 20_000 } }])
  expect(provider.totals().returned).toBe(0)
  expect((await call(platform, till, 'GET', 'order-1')).body).toMatchObject({ refundAccount: 'needed' })

  const give = (body: object, who?: string) => call(platform, till, 'PUT', 'order-1/refund-account', body, who)
  expect((await give(account, 'acc_2')).status).toBe(404)
  expect((await give({ ...account, number: 'not digits' })).status).toBe(400)
  expect((await give({ ...account, number: '00000' })).body).toMatchObject({ refundAccount: 'given' })
  expect((await till.waitForFacts()).map(({ what }) => what)).toEqual(['payments.refund-account-needed'])

  expect((await give(account)).status).toBe(200)
  expect((await give(account)).body).toMatchObject({ code: 'payments.refund-account-not-needed' })
  expect(await till.waitForFacts()).toMatchObject([{ what: 'refunded', amount: { amount: 20_000 } }])
  expect(provider.totals()).toEqual({ captured: price, returned: 20_000 })
  expect(provider.payment(payment.paymentKey)?.virtualAccount?.refundReceiveAccount).toMatchObject({ bankCode: '88' })
  const kept = await rows(
    platform.db,
    sql<{ found: boolean }>`select deposit ->> 'refundAccount' is not null as found from payments.payments`,
  )
  expect(kept).toEqual([{ found: false }])
  expect(await clean(till)).toMatchObject({ captured: price, refunded: 20_000, pending: 0 })
})

test('a deposit that its bank takes back: the order is told that the money has gone, and the account is closed', async ({
  platform,
}) => {
  const { provider, till, payment } = await openedAccount(platform, { deposit: 'now' })
  await till.waitForFacts({ stepMs: 600_000 })
  await fetch(`${provider.url}/sandbox/payments/${payment.paymentKey}/undo-deposit`, { method: 'POST' })
  const { secret } = provider.payment(payment.paymentKey)!
  await callback(till, {
    createdAt: 'x',
    secret,
    status: 'WAITING_FOR_DEPOSIT',
    transactionKey: 'x',
    orderId: 'order-1',
  })
  expect(await till.waitForFacts()).toMatchObject([{ what: 'refunded', amount: { amount: price } }])
  platform.clock.advance(afterLeaseMs)
  await till.settle()
  expect(provider.payment(payment.paymentKey)?.status).toBe('CANCELED')
  expect(await alarmed(platform, 'deposit-undone')).toBe(true)
  expect(await clean(till)).toMatchObject({ captured: price, refunded: price, pending: 0 })
})
