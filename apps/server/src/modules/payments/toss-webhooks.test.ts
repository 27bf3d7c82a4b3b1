import fc from 'fast-check'
import { expect } from 'vitest'
import { test } from '../../../test/fixtures.ts'
import { openTossProvider } from '../../../test/toss-provider.ts'
import { openTill, price } from './test-world.ts'

const createdAt = '2026-01-01T09:00:00.000000'

/** Every webhook that "웹훅 이벤트" describes, as if it were about this payment, and what may be added tomorrow. */
function documented({ paymentKey, orderId }: { paymentKey: string; orderId: string }): object[] {
  const of = (eventType: string, data: object) => ({ eventType, createdAt, data })
  const changed = (status: string, more: object = {}) =>
    of('PAYMENT_STATUS_CHANGED', { paymentKey, orderId, status, totalAmount: price, ...more })
  const deposit = (status: string) => ({ createdAt, secret: null, status, transactionKey: 'T', orderId })
  const entity = (eventType: string) => ({
    eventType,
    createdAt,
    version: '2022-11-16',
    eventId: 'e',
    entityType: eventType.split('.')[0],
    entityBody: { id: 'x', status: 'COMPLETED' },
  })
  return [
    ...['DONE', 'CANCELED', 'PARTIAL_CANCELED', 'ABORTED', 'EXPIRED'].map((status) => changed(status)),
    ...['WAITING_FOR_DEPOSIT', 'DONE', 'CANCELED', 'PARTIAL_CANCELED'].map(deposit),
    of('CANCEL_STATUS_CHANGED', {
      cancelAmount: price,
      cancelStatus: 'DONE',
      transactionKey: 'T',
      cancelRequestId: 'r',
    }),
    of('BILLING_DELETED', { billingKey: 'b' }),
    of('METHOD_UPDATED', { customerKey: 'c', methodKey: 'm', status: 'ENABLED' }),
    of('CUSTOMER_STATUS_CHANGED', { customerKey: 'c', status: 'CREATED', changedAt: createdAt }),
    entity('payout.changed'),
    entity('seller.changed'),
    of('SOMETHING_NEW', { paymentKey, status: 'DONE' }),
    { ...changed('SOMETHING_NEW'), surprise: { deep: [1] } },
    { data: null },
    { eventType: 'PAYMENT_STATUS_CHANGED', data: 'text' },
  ]
}

test('every documented webhook, in any order, twice, with what we do not know: the provider is asked, and nothing else', async ({
  platform,
}) => {
  const provider = await openTossProvider(platform.clock)
  const till = await openTill(platform, provider)
  const payment = await till.handOver('order-1')
  await till.publish(till.captureRequested(payment))
  await till.settle()
  expect(await till.facts()).toMatchObject([{ what: 'captured' }])
  const before = provider.calls.length
  for (const [round, bodies] of fc
    .sample(fc.shuffledSubarray(documented(payment), { minLength: documented(payment).length }), {
      numRuns: 5,
      seed: 3,
    })
    .entries()) {
    for (const [index, payload] of [...bodies, ...bodies.toReversed()].entries()) {
      const id = `whtrans_${round}_${index < bodies.length ? index : 2 * bodies.length - 1 - index}`
      const response = await till.http.fastify.inject({
        method: 'POST',
        url: '/api/payments/toss/webhook',
        headers: {
          'tosspayments-webhook-transmission-id': id,
          'tosspayments-webhook-transmission-time': '2026-01-01T09:00:00+09:00',
          'tosspayments-webhook-transmission-retried-count': index < bodies.length ? '0' : '1',
        },
        payload,
      })
      expect(response.statusCode).toBe(200)
    }
    platform.clock.advance(2000)
    await till.settle()
  }
  expect(await till.facts()).toEqual([])
  const { checks, figures } = await till.module.audit!()
  expect(checks.filter(({ violations }) => violations > 0)).toEqual([])
  expect(figures).toMatchObject({ captured: price, refunded: 0, pending: 0 })
  const asked = provider.calls.slice(before)
  expect(new Set(asked.map(({ method }) => method))).toEqual(new Set(['GET']))
  expect(asked.length).toBeLessThanOrEqual(10)
})
