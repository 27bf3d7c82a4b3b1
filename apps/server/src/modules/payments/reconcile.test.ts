import { expect } from 'vitest'
import { sql } from '#platform/db'
import { test, type TestPlatform } from '../../../test/fixtures.ts'
import { everyProvider, type PaymentProvider } from '../../../test/payment-providers.ts'
import { openStripeProvider } from '../../../test/stripe-provider.ts'
import { openTossProvider } from '../../../test/toss-provider.ts'
import { compareBooks } from './reconcile.ts'
import type { Booked } from './reconcile-store.ts'
import type { ProviderPayment } from './provider.ts'
import { openTill, price } from './test-world.ts'

const minute = 60_000

/** Paid orders, one of them refunded in part, and the books compared up to now. */
const openBooks = async (platform: TestPlatform, orders = 3) =>
  openBooksOf(platform, await openTossProvider(platform.clock), orders)

async function openBooksOf<P extends PaymentProvider>(platform: TestPlatform, provider: P, orders = 3) {
  const till = await openTill(platform, provider)
  const paid = []
  for (let i = 1; i <= orders; i++) {
    const payment = await till.handOver(`order-${i}`)
    await till.publish(till.captureRequested(payment))
    await till.settle()
    platform.clock.advance(1000)
    paid.push(payment)
  }
  await till.publish(till.refundRequested(paid[0]!, 5_000))
  await till.settle()
  await till.facts()

  /** Lets minutes pass, with the loop in each. */
  const pass = async (minutes: number) => {
    for (let i = 0; i < minutes; i++) {
      platform.clock.advance(minute)
      while (await till.reconciliation.loop.run());
      await till.settle()
    }
  }
  const differences = async () =>
    (await till.reconciliation.look()).differences.map(({ kind, orderId, theirs, ours, resolvedAt }) => ({
      kind,
      orderId,
      theirs,
      ours,
      isResolved: resolvedAt !== null,
    }))
  return { provider, till, paid, pass, differences }
}

const span = (platform: TestPlatform) => [platform.clock.now() - 60 * minute, platform.clock.now()] as const

everyProvider('books that are equal: nothing is asked for payment by payment, and the sums are told', async (world) => {
  const { platform, provider } = world
  const { till, pass, differences } = await openBooksOf(platform, provider)
  await pass(10)
  expect(await differences()).toEqual([])
  const before = provider.calls.length
  const report = await till.reconciliation.run(...span(platform))
  expect(report).toMatchObject({
    isEqual: true,
    isComplete: true,
    providers: [{ provider: provider.name, movements: 4, captured: 3 * price, refunded: 5_000, differences: [] }],
  })
  const asked = provider.calls.slice(before).map(({ path }) => path.split('?')[0])
  expect(new Set(asked)).toEqual(new Set([provider.words.books]))
  const { providers } = await till.reconciliation.look()
  expect(Date.parse(providers[0]!.until)).toBeGreaterThan(platform.clock.now() - 7 * minute)
})

test('money that somebody took or gave back at the provider is named, alarmed, and booked where we know the payment', async ({
  platform,
}) => {
  const { provider, till, paid, pass, differences } = await openBooks(platform)
  // Nobody told us: the notices are lost.
  await provider.elsewhere(`/v1/payments/${paid[1]!.paymentKey}/cancel`, {
    cancelReason: 'by hand',
    cancelAmount: 1_000,
  })
  const stray = await provider.window('order-9', price)
  await provider.elsewhere('/v1/payments/confirm', { paymentKey: stray, orderId: 'order-9', amount: price })
  await pass(8)
  const found = await differences()
  expect(found).toContainEqual({ kind: 'missing-here', orderId: 'order-9', theirs: price, ours: 0, isResolved: false })
  expect(found).toContainEqual({
    kind: 'amount',
    orderId: 'order-2',
    theirs: price - 1_000,
    ours: price,
    isResolved: true,
  })
  expect(found).toHaveLength(2)
  expect((await till.module.audit!()).figures).toMatchObject({ captured: 3 * price, refunded: 6_000 })
  const metrics = await platform.metrics.text()
  expect(metrics).toContain('fairgate_payments_differences 1')
  expect(metrics).toContain('fairgate_payments_differences_total{kind="missing-here"} 1')

  await provider.elsewhere(`/v1/payments/${stray}/cancel`, { cancelReason: 'a mistake' })
  await pass(2)
  expect((await differences()).filter(({ isResolved }) => !isResolved)).toEqual([])
})

test("what was given back at Stripe's console is named and booked, whatever currency the account is paid out in", async ({
  platform,
}) => {
  const provider = await openStripeProvider(platform.clock)
  const { till, paid, pass, differences } = await openBooksOf(platform, provider)
  await provider.refundElsewhere(paid[1]!.paymentKey, 1_000)
  await pass(8)
  expect(await differences()).toMatchObject([{ orderId: 'order-2', theirs: price - 1_000, ours: price }])
  await pass(20)
  expect(await differences()).toMatchObject([{ orderId: 'order-2', isResolved: true }])
  expect((await till.reconciliation.run(...span(platform))).isEqual).toBe(true)
})

test('a late capture that nobody told of is found and told to the order', async ({ platform }) => {
  const { provider, till, pass, differences } = await openBooks(platform, 1)
  const late = await till.handOver('order-2', { outcome: 'decline', webhook: 'never' })
  await till.publish(till.captureRequested(late))
  expect(await till.waitForFacts()).toMatchObject([{ what: 'refused' }])
  // The provider's books say otherwise an hour later.
  provider.line.intercept = (request, response) => {
    const isQuery = request.url === `/v1/payments/${late.paymentKey}`
    const isList = request.url?.startsWith('/v1/transactions') === true
    if (!isQuery && !isList) return false
    const at = new Date(platform.clock.now() - 6 * minute).toISOString()
    const body = { paymentKey: late.paymentKey, orderId: 'order-2', status: 'DONE', currency: 'KRW' }
    const answer = isList
      ? [{ ...body, transactionKey: 'T1', amount: price, transactionAt: at }]
      : { ...body, totalAmount: price, balanceAmount: price, approvedAt: at }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
    return true
  }
  await pass(8)
  expect(await till.facts()).toMatchObject([{ what: 'captured', orderId: 'order-2' }])
  expect(await differences()).toContainEqual({
    kind: 'state',
    orderId: 'order-2',
    theirs: price,
    ours: 0,
    isResolved: true,
  })
})

test('money that only our books have is missing there', async ({ platform }) => {
  const { till, paid, pass, differences } = await openBooks(platform)
  await sql`update payments.payments set payment_key = 'invented' where order_id = ${paid[2]!.orderId}`.execute(
    platform.db,
  )
  await pass(8)
  const found = await differences()
  expect(found).toContainEqual({ kind: 'missing-there', orderId: 'order-3', theirs: 0, ours: price, isResolved: false })
  expect(found).toContainEqual({ kind: 'missing-here', orderId: 'order-3', theirs: price, ours: 0, isResolved: false })
  expect((await till.reconciliation.run(...span(platform))).isEqual).toBe(false)
})

test('a provider that cannot be read is read later, from where it was left', async ({ platform }) => {
  const { provider, till, pass } = await openBooks(platform)
  await pass(7)
  const until = async () => Date.parse((await till.reconciliation.look()).providers[0]!.until)
  const before = await until()
  provider.line.isCut = true
  await pass(5)
  expect(await until()).toBe(before)
  expect(await till.reconciliation.run(...span(platform))).toMatchObject({ isComplete: false })
  provider.line.isCut = false
  await pass(1)
  expect(await until()).toBeGreaterThan(before)
})

test('of two processes only one works on the books, and one that died is succeeded', async ({ platform }) => {
  const { provider, till, pass } = await openBooks(platform)
  const other = await openTill(platform, provider)
  await pass(6)
  platform.clock.advance(2 * minute)
  const before = provider.calls.length
  await Promise.all([till.reconciliation.loop.run(), other.reconciliation.loop.run()])
  expect(provider.calls.length - before).toBe(1)
  await sql`update payments.reconciled set lease_until = ${new Date(platform.clock.now() + 10 * minute)}`.execute(
    platform.db,
  )
  await pass(9)
  expect(provider.calls.length - before).toBe(1)
  await pass(2)
  expect(provider.calls.length - before).toBeGreaterThan(1)
})

test('the operator sees how far the books were compared and where they differ, a buyer does not', async ({
  platform,
}) => {
  const { till, pass } = await openBooks(platform)
  await pass(7)
  const get = async (roles: string[]) =>
    (
      await till.http.fastify.inject({
        url: '/api/payments/reconciliation',
        headers: await platform.authorization('acc_1', { roles }),
      })
    ).statusCode
  expect(await get(['admin'])).toBe(200)
  expect(await get(['buyer'])).toBe(403)
})

test('what differs is named', () => {
  const theirs = (status: ProviderPayment['status'], amount: number, balance: number): ProviderPayment => ({
    status,
    providerStatus: status,
    orderId: 'o',
    amount,
    balance,
    currency: 'KRW',
    capturedAt: status === 'failed' || status === 'awaiting-deposit' ? null : 1,
    failure: null,
  })
  const ours = (capturedAmount: number, refundedAmount: number): Booked => ({
    paymentKey: 'k',
    orderId: 'o',
    currency: 'KRW',
    state: 'x',
    isUnderWay: false,
    capturedAmount,
    refundedAmount,
  })
  const kind = (...books: Parameters<typeof compareBooks>) => compareBooks(...books)?.kind
  expect(kind(ours(10, 0), theirs('paid', 10, 10))).toBeUndefined()
  expect(kind(ours(10, 4), theirs('partly-returned', 10, 6))).toBeUndefined()
  expect(kind(ours(10, 10), theirs('returned', 10, 0))).toBeUndefined()
  expect(kind(ours(0, 0), theirs('failed', 10, 10))).toBeUndefined()
  // A deposit that was undone: the money has gone on both sides.
  expect(kind(ours(10, 10), theirs('awaiting-deposit', 10, 10))).toBeUndefined()
  expect(kind(undefined, theirs('failed', 10, 10))).toBeUndefined()
  expect(kind(ours(0, 0), undefined)).toBeUndefined()
  expect(kind(undefined, theirs('paid', 10, 10))).toBe('missing-here')
  expect(kind(undefined, theirs('returned', 10, 0))).toBeUndefined()
  expect(kind(ours(10, 0), undefined)).toBe('missing-there')
  expect(kind(ours(10, 0), theirs('partly-returned', 10, 9))).toBe('amount')
  expect(kind(ours(10, 10), theirs('returned', 12, 0))).toBe('amount')
  expect(kind(ours(0, 0), theirs('paid', 10, 10))).toBe('state')
  expect(kind(ours(10, 0), theirs('failed', 10, 10))).toBe('state')
})
