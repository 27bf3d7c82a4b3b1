import { expect } from 'vitest'
import { test } from '../../../test/fixtures.ts'
import { openTossProvider } from '../../../test/toss-provider.ts'
import { openTill, price } from './test-world.ts'

test('what came back from the window is stored once and told once, however often it is sent', async ({ platform }) => {
  const provider = await openTossProvider(platform.clock)
  const till = await openTill(platform, provider)
  const paymentKey = await provider.window('order-1', price)
  const body = { paymentRequestToken: till.token('order-1'), paymentKey }
  const answers = await Promise.all([till.confirm(body), till.confirm(body), till.confirm(body)])
  answers.push(await till.confirm(body))
  // The buyer reloads the page when the time to pay is over: it is still the same payment.
  platform.clock.advance(700_000)
  answers.push(await till.confirm(body))
  expect(answers).toEqual(answers.map(() => ({ status: 202, body: { orderId: 'order-1' } })))
  const facts = await till.facts()
  expect(facts).toEqual([
    {
      what: 'requested',
      orderId: 'order-1',
      paymentId: expect.stringMatching(/^pay_/) as unknown,
      accountId: 'acc_1',
      amount: { amount: price, currency: 'KRW' },
    },
  ])
  const id = facts[0]!['paymentId'] as string
  expect(await till.module.known!([id, 'pay_unknown', 'ord_1'])).toEqual([id])
})

test('each refusal has its code, and leaves nothing behind', async ({ platform }) => {
  const provider = await openTossProvider(platform.clock)
  const till = await openTill(platform, provider)
  const { clock } = platform
  const token = till.token('order-1')
  const stranger = till.token('order-1', { accountId: 'acc_2' })
  const expired = till.token('order-1', { exp: clock.now() })
  const hold = token.replace('v1.', 'v2.')
  const refused = async (body: Parameters<typeof till.confirm>[0]) => {
    const { status, body: problem } = await till.confirm(body)
    return `${status} ${String(problem['code'])}`
  }
  expect(await refused({ paymentRequestToken: hold, paymentKey: 'k' })).toBe('403 payments.request-invalid')
  expect(await refused({ paymentRequestToken: 'x', paymentKey: 'k' })).toBe('403 payments.request-invalid')
  expect(await refused({ paymentRequestToken: stranger, paymentKey: 'k' })).toBe('403 payments.request-invalid')
  expect(await refused({ paymentRequestToken: expired, paymentKey: 'k' })).toBe('409 payments.request-expired')
  expect(await refused({ paymentRequestToken: token, paymentKey: 'k', amount: price - 1 })).toBe(
    '409 payments.wrong-amount',
  )
  expect(await refused({ paymentRequestToken: token, paymentKey: 'k', provider: 'stripe' })).toBe(
    '400 payments.unknown-provider',
  )
  for (const paymentKey of ['', 'a b', '..', '\u0001']) {
    expect(await refused({ paymentRequestToken: token, paymentKey })).toBe('400 http.invalid')
  }
  expect(
    (await till.http.fastify.inject({ method: 'POST', url: '/api/payments/confirm', payload: {} })).statusCode,
  ).toBe(401)
  expect(await till.facts()).toEqual([])
  expect((await till.module.audit!()).figures['payments']).toBe(0)
  expect(provider.calls).toEqual([])
})

test('a key that was used for another order is refused, also when its time to pay is over', async ({ platform }) => {
  const provider = await openTossProvider(platform.clock)
  const till = await openTill(platform, provider)
  const { paymentKey } = await till.handOver('order-1')
  expect(await till.confirm({ paymentRequestToken: till.token('order-2'), paymentKey })).toMatchObject({
    status: 409,
    body: { code: 'payments.key-used' },
  })
  const expired = till.token('order-2', { exp: platform.clock.now() })
  expect(await till.confirm({ paymentRequestToken: expired, paymentKey })).toMatchObject({
    status: 409,
    body: { code: 'payments.request-expired' },
  })
})

for (const guard of ['on', 'off'] as const) {
  const isOn = guard === 'on'
  test(
    isOn ? 'of two payments of one order at once exactly one is taken' : 'control: without the index both are taken',
    async ({ platform }) => {
      const provider = await openTossProvider(platform.clock)
      const tills = [await openTill(platform, provider), await openTill(platform, provider)]
      if (!isOn) await platform.database.pool.query('drop index payments.payments_one_live')
      const keys = ['a', 'b', 'c', 'd'].map((name) => `key-${name}`)
      const answers = await Promise.all(
        keys.map((paymentKey, i) =>
          tills[i % 2]!.confirm({ paymentRequestToken: tills[0]!.token('order-1'), paymentKey }),
        ),
      )
      const codes = answers.map(({ status, body }) => (status === 202 ? 'taken' : String(body['code'])))
      expect(codes.filter((code) => code === 'taken')).toHaveLength(isOn ? 1 : 4)
      expect(codes.filter((code) => code === 'payments.in-progress')).toHaveLength(isOn ? 3 : 0)
    },
  )

  test(
    isOn ? 'of two orders with one key at once exactly one gets it' : 'control: without the constraint both get it',
    async ({ platform }) => {
      const provider = await openTossProvider(platform.clock)
      const tills = [await openTill(platform, provider), await openTill(platform, provider)]
      if (!isOn)
        await platform.database.pool.query(
          'alter table payments.payments drop constraint payments_provider_payment_key_key',
        )
      const orders = ['order-1', 'order-2', 'order-3', 'order-4']
      const answers = await Promise.all(
        orders.map((orderId, i) =>
          tills[i % 2]!.confirm({ paymentRequestToken: tills[0]!.token(orderId), paymentKey: 'key' }),
        ),
      )
      expect(answers.filter(({ status }) => status === 202)).toHaveLength(isOn ? 1 : 4)
      expect(answers.filter(({ body }) => body['code'] === 'payments.key-used')).toHaveLength(isOn ? 3 : 0)
    },
  )
}

test('a payment that its order declines is never captured, and makes room for another', async ({ platform }) => {
  const provider = await openTossProvider(platform.clock)
  const till = await openTill(platform, provider)
  const first = await till.handOver('order-1')
  expect(await till.confirm({ paymentRequestToken: till.token('order-1'), paymentKey: 'other' })).toMatchObject({
    status: 409,
    body: { code: 'payments.in-progress' },
  })
  await till.publish(till.declined(first), till.declined(first), till.captureRequested(first))
  await till.settle()
  expect(provider.calls).toEqual([])
  const second = await till.handOver('order-1')
  await till.publish(till.captureRequested(second), till.captureRequested(second))
  await till.settle()
  // Too late to decline: the outcome has been told, and the order decides about the money.
  await till.publish(till.declined(second), till.captureRequested(second))
  await till.settle()
  // An order that asks again is told again; the provider is not asked.
  expect((await till.facts()).map(({ what }) => what)).toEqual(['captured', 'captured'])
  expect(provider.calls).toHaveLength(1)
})

test('a page learns how to pay here', async ({ platform }) => {
  const provider = await openTossProvider(platform.clock)
  const till = await openTill(platform, provider, {
    depositMaxMs: null,
    setup: { mode: 'live', windowUrl: null, clientKey: 'test_ck_1' },
  })
  const response = await till.http.fastify.inject({ method: 'GET', url: '/api/payments/settings' })
  const toss = { provider: 'toss', mode: 'live', windowUrl: null, clientKey: 'test_ck_1' }
  expect(response.json()).toEqual({ ...toss, providers: [{ ...toss, scriptUrl: null, currencies: ['KRW'] }] })
  expect(response.headers['cache-control']).toBe('public, max-age=60')
  expect(response.body).not.toContain('test_sk')
})

test('the audit finds what was planted', async ({ platform }) => {
  const provider = await openTossProvider(platform.clock)
  const till = await openTill(platform, provider)
  const { pool } = platform.database
  const payments = await till.handOverMany(3)
  await till.publish(...payments.map(till.captureRequested))
  await till.settle()
  const violations = async (eventId?: string) =>
    (await till.module.audit!(eventId)).checks.filter((check) => check.violations > 0).map(({ name }) => name)
  expect(await violations()).toEqual([])
  await pool.query(`update payments.payments set refunded_amount = 1 where id = $1`, [payments[0]!.paymentId])
  expect(await violations()).toEqual(['money given back is the sum of finished refunds'])
  await pool.query(`update payments.payments set state = 'refused' where id = $1`, [payments[1]!.paymentId])
  expect(await violations()).toHaveLength(2)
  await pool.query(
    `update payments.payments set state = 'refunding', step = 'cancel', next_at = '2030-01-01' where id = $1`,
    [payments[2]!.paymentId],
  )
  expect(await violations()).toHaveLength(3)
  expect(await violations('evt_1')).toHaveLength(3)
  expect(await violations('evt_2')).toEqual([])
  expect((await till.module.audit!('evt_2')).byOrder).toEqual({ netCaptured: {} })
})
