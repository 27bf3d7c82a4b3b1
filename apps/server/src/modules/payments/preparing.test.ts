import { expect } from 'vitest'
import { test, type TestPlatform } from '../../../test/fixtures.ts'
import { openStripeProvider, webhookSecret } from '../../../test/stripe-provider.ts'
import { openTossProvider, until } from '../../../test/toss-provider.ts'
import { signature } from '@fairgate/stripe-sandbox/webhooks'
import { openTill, price, timeoutMs } from './test-world.ts'

async function openCounter(platform: TestPlatform) {
  const provider = await openStripeProvider(platform.clock)
  const till = await openTill(platform, provider)
  const prepare = async (orderId: string, options?: Parameters<typeof till.token>[1], accountId?: string) => {
    const { status, body } = await till.prepare(till.token(orderId, options), accountId)
    return status === 201 ? String(body['paymentKey']) : `${status} ${String(body['code'])}`
  }
  const confirm = async (orderId: string, paymentKey: string, more: { amount?: number } = {}) => {
    const { status, body } = await till.confirm({ paymentRequestToken: till.token(orderId), paymentKey, ...more })
    return status === 202 ? 'taken' : `${status} ${String(body['code'])}`
  }
  return { provider, till, prepare, confirm }
}

test('a payment of an order is prepared once, and another one after it was handed over', async ({ platform }) => {
  const { provider, till, prepare } = await openCounter(platform)
  const [first, again] = [await prepare('order-1'), await prepare('order-1')]
  expect(again).toBe(first)
  expect(await prepare('order-2')).not.toBe(first)
  expect(provider.intent(first)).toMatchObject({ captureMethod: 'manual', amount: price, currency: 'krw' })

  const payment = await till.handOver('order-1', { outcome: 'decline' })
  expect(payment.paymentKey).toBe(first)
  await till.publish(till.captureRequested(payment))
  await till.settle()
  expect(await prepare('order-1')).not.toBe(first)
})

test('what cannot be prepared is refused with its code, and nothing is kept', async ({ platform }) => {
  const { provider, till, prepare } = await openCounter(platform)
  const { clock } = platform
  expect(await prepare('order-1', {}, 'acc_2')).toBe('403 payments.request-invalid')
  expect(await prepare('order-1', { exp: clock.now() })).toBe('409 payments.request-expired')
  expect(await prepare('order-1', { amount: 100 })).toBe('409 payments.provider-refuses')
  provider.line.isCut = true
  expect(await prepare('order-1')).toBe('503 payments.provider-unavailable')
  provider.line.isCut = false
  const wrong = await openTill(platform, provider, { setup: { secretKey: 'sk_test_wrong' } })
  expect((await wrong.prepare(wrong.token('order-1'))).body['code']).toBe('payments.provider-unavailable')
  const toss = await openTill(platform, await openTossProvider(clock))
  expect((await toss.prepare(toss.token('order-1'))).body['code']).toBe('payments.unknown-provider')
  expect((await platform.database.pool.query('select 1 from payments.preparations')).rowCount).toBe(0)
  expect((await till.module.audit!()).figures['payments']).toBe(0)
})

test("only what was prepared for an order is taken for it: other keys, other amounts and others' orders have their codes", async ({
  platform,
}) => {
  const { provider, till, prepare, confirm } = await openCounter(platform)
  const theirs = await till.pass('order-2')
  // Made by somebody who has the key, beside us: it even names the order.
  const { json } = await provider.elsewhere('/v1/payment_intents', {
    amount: '1000',
    currency: 'krw',
    capture_method: 'manual',
    'metadata[orderId]': 'order-1',
  })
  await provider.pass(String(json['id']))
  expect(await confirm('order-1', 'pi_madeup')).toBe('409 payments.not-prepared')
  expect(await confirm('order-1', String(json['id']))).toBe('409 payments.not-prepared')
  expect(await confirm('order-1', theirs)).toBe('409 payments.key-used')
  const own = await prepare('order-1')
  await provider.pass(own)
  expect(await confirm('order-1', own, { amount: price - 1 })).toBe('409 payments.wrong-amount')
  expect(await till.facts()).toEqual([])
  expect(provider.calls).toEqual([])
  expect(await confirm('order-1', own)).toBe('taken')
  expect(await confirm('order-2', theirs)).toBe('taken')
})

test('control: without that check the money of another order would be taken, and only then go back', async ({
  platform,
}) => {
  const { provider, till, confirm } = await openCounter(platform)
  const theirs = await till.pass('order-2')
  await platform.database.pool.query(`update payments.preparations set order_id = 'order-1'`)
  expect(await confirm('order-1', theirs)).toBe('taken')
  const [requested] = await till.facts()
  await till.publish(till.captureRequested({ orderId: 'order-1', paymentId: requested!['paymentId'] as string }))
  expect(await till.waitForFacts()).toMatchObject([{ what: 'refused', code: 'payments.key-used' }])
  await till.settle()
  expect(provider.totals()).toEqual({ captured: price, returned: price })
})

test('what a buyer agreed to and never brought back is withdrawn when the time to pay is over', async ({
  platform,
}) => {
  const { provider, till } = await openCounter(platform)
  const lost = await till.pass('order-1')
  const brought = await till.handOver('order-2')
  platform.clock.advance(650_000)
  await till.settle()
  expect(provider.calls.filter(({ question }) => question !== undefined)).toEqual([])
  provider.line.isCut = true
  platform.clock.advance(20_000)
  await till.settle()
  expect(provider.intent(lost)?.status).toBe('requires_capture')
  provider.line.isCut = false
  platform.clock.advance(60_000)
  await till.settle()
  expect(provider.intent(lost)?.status).toBe('canceled')
  expect(provider.intent(brought.paymentKey)?.status).toBe('requires_capture')
  platform.clock.advance(60_000)
  await till.settle()
  expect((await platform.database.pool.query('select 1 from payments.preparations')).rowCount).toBe(0)
})

for (const end of ['declined by its order', 'refused by the provider'] as const) {
  test(`money that is held for a payment that is ${end} is let go, and can be captured by nobody any more`, async ({
    platform,
  }) => {
    const { provider, till } = await openCounter(platform)
    const payment = await till.handOver('order-1')
    if (end === 'declined by its order') await till.publish(till.declined(payment))
    else {
      provider.line.intercept = (request, response) => {
        if (!request.url?.endsWith('/capture')) return false
        const error = { type: 'card_error', code: 'card_declined', decline_code: 'fraudulent', message: 'no' }
        response.writeHead(402, { 'content-type': 'application/json' }).end(JSON.stringify({ error }))
        return true
      }
      await till.publish(till.captureRequested(payment))
    }
    await till.settle()
    expect((await till.facts()).map(({ what }) => what)).toEqual(end === 'declined by its order' ? [] : ['refused'])
    expect(provider.intent(payment.paymentKey)?.status).toBe('canceled')
    provider.line.intercept = undefined
    expect(await provider.captureElsewhere(payment.paymentKey, 'order-1', price)).toBe(400)
    expect((await till.module.audit!()).figures).toMatchObject({ captured: 0, pending: 0 })
  })
}

test('a withdrawal that fails is tried until the provider has answered', async ({ platform }) => {
  const { provider, till } = await openCounter(platform)
  const payment = await till.handOver('order-1')
  provider.line.isCut = true
  await till.publish(till.declined(payment))
  for (let second = 0; second < 20; second++) {
    await till.settle()
    platform.clock.advance(1000)
  }
  provider.line.isCut = false
  platform.clock.advance(60_000)
  await till.settle()
  platform.clock.advance(60_000)
  await till.settle()
  expect(provider.intent(payment.paymentKey)?.status).toBe('canceled')
})

test('a payment whose buyer has yet to authenticate is refused and withdrawn; one being processed is waited for', async ({
  platform,
}) => {
  const { provider, till } = await openCounter(platform)
  const [early, slow] = [
    await till.handOver('order-1', { buyer: 'must-authenticate' }),
    await till.handOver('order-2', { buyer: 'is-processed' }),
  ]
  await till.publish(till.captureRequested(early), till.captureRequested(slow))
  await till.settle()
  expect(await till.facts()).toMatchObject([{ what: 'refused', orderId: 'order-1', code: 'payments.not-passed' }])
  expect(provider.intent(early.paymentKey)?.status).toBe('canceled')
  platform.clock.advance(120_000)
  await till.settle()
  expect(await till.facts()).toEqual([])
  expect((await till.module.audit!()).figures).toMatchObject({ pending: 1, unknown: 1 })
})

test('a refund whose answer is lost is repeated under its own key: one that comes late is not paid beside it', async ({
  platform,
}) => {
  const { provider, till } = await openCounter(platform)
  const payment = await till.handOver('order-1')
  await till.publish(till.captureRequested(payment))
  await till.settle()
  await till.facts()
  let held: { body: string; key: string } | undefined
  provider.line.intercept = (request) => {
    if (held || request.url !== '/v1/refunds') return false
    held = { body: '', key: String(request.headers['idempotency-key']) }
    request.on('data', (bytes: Buffer) => (held!.body += bytes.toString()))
    return true
  }
  await till.publish(till.refundRequested(payment, 20_000))
  const settled = till.settle()
  await until(() => held !== undefined && held.body !== '')
  platform.clock.advance(timeoutMs)
  await settled
  expect(await till.waitForFacts({ stepMs: 500 })).toMatchObject([{ what: 'refunded', amount: { amount: 20_000 } }])
  // The first request gets through after all.
  await provider.elsewhere('/v1/refunds', Object.fromEntries(new URLSearchParams(held!.body)), held!.key)
  expect(provider.totals().returned).toBe(20_000)
  expect(
    new Set(provider.calls.filter(({ question }) => question === 'cancel').map((each) => each.idempotencyKey)).size,
  ).toBe(1)
  // Control: under another key it would have been paid twice.
  await provider.elsewhere('/v1/refunds', Object.fromEntries(new URLSearchParams(held!.body)), 'another')
  expect(provider.totals().returned).toBe(40_000)
})

test('a forged webhook and one signed long ago are refused with their codes, a repeated one asks nothing again', async ({
  platform,
}) => {
  const { provider, till } = await openCounter(platform)
  const { paymentKey } = await till.handOver('order-1')
  const notice = provider.notice(paymentKey, 'paid')
  const send = async (headers: Record<string, string>, payload = notice.payload) => {
    const { statusCode, body } = await till.http.fastify.inject({ method: 'POST', ...notice, headers, payload })
    return statusCode === 200 ? 'heard' : `${statusCode} ${String((JSON.parse(body) as { code: string }).code)}`
  }
  const type = { 'content-type': 'application/json' }
  const { 'stripe-signature': signed } = notice.headers
  expect(await send(type)).toBe('400 payments.webhook-forged')
  expect(await send({ ...type, 'stripe-signature': signed.replace('v1=', 'v1=0') })).toBe('400 payments.webhook-forged')
  expect(await send(notice.headers, notice.payload.replace('succeeded', 'canceled'))).toBe(
    '400 payments.webhook-forged',
  )
  const old = signature(webhookSecret, notice.payload, platform.clock.now() - 301_000)
  expect(await send({ ...type, 'stripe-signature': old })).toBe('400 payments.webhook-stale')
  await till.settle()
  expect(provider.calls).toEqual([])

  for (let again = 0; again < 3; again++) {
    expect(await send(notice.headers)).toBe('heard')
    await till.settle()
    platform.clock.advance(5000)
  }
  expect(provider.calls.map(({ question }) => question)).toEqual(['query'])
  platform.clock.advance(300_000)
  expect(await send(notice.headers)).toBe('400 payments.webhook-stale')
  const counted = await platform.metrics.text()
  expect(counted).toContain('fairgate_payments_webhooks_total{outcome="forged"} 3')
  expect(counted).toContain('fairgate_payments_webhooks_total{outcome="outdated"} 2')
  // Signed or not, it is only a hint: nothing was captured.
  expect(await till.facts()).toEqual([])
})

test('an amount that the provider received and nobody asked for goes back', async ({ platform }) => {
  const { provider, till } = await openCounter(platform)
  const payment = await till.handOver('order-1')
  await provider.captureElsewhere(payment.paymentKey, 'order-1', 1_000)
  await till.publish(till.captureRequested(payment))
  expect(await till.waitForFacts({ stepMs: 500 })).toMatchObject([{ what: 'refused', code: 'payments.wrong-amount' }])
  await till.settle()
  expect(provider.totals()).toEqual({ captured: 1_000, returned: 1_000 })
})
