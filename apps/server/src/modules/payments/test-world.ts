import { money } from '@fairgate/contracts/money'
import { fact, type Bus, type Fact } from '#platform/bus'
import type { ManualScheduler } from '#platform/clock'
import { transaction } from '#platform/db'
import type { HttpApp } from '#platform/http'
import type { Module } from '#platform/module'
import type { Platform } from '#platform/platform'
import type { EventType } from '@fairgate/contracts/events'
import { createPayments, type PaymentsConfig } from './index.ts'

/** What these helpers need of a test's platform. */
type TestPlatform = Platform & {
  clock: ManualScheduler
  bus: Bus
  http(modules: readonly Module[]): HttpApp
  authorization(accountId: string): Promise<{ authorization: string }>
  register(modules: readonly Module[], others?: Record<string, readonly EventType[]>): Promise<void>
  settle(modules: readonly Module[]): Promise<void>
  taken(subscriber: string): Promise<{ type: EventType; key: string; data: Record<string, unknown> }[]>
}

type Setups = Pick<PaymentsConfig, 'toss' | 'stripe' | 'order'>

/** What these helpers need of the provider. */
type TestProvider = {
  setups: Setups
} & (
  | {
      name: 'toss'
      /** The buyer passes the payment window. @returns the payment key */
      window(orderId: string, amount: number, scenario?: Record<string, unknown>): Promise<string>
    }
  | {
      name: 'stripe'
      /** The buyer is at the provider's part of the page, of a payment that was prepared. */
      pass(paymentKey: string, scenario?: Record<string, unknown>): Promise<void>
    }
)

type Overrides = Partial<Omit<PaymentsConfig, keyof Setups>> & {
  /** Of the provider's own part. */
  setup?: Record<string, unknown>
}

/** A provider's part of the configuration, changed. */
function changed({ toss, stripe, order }: Setups, setup: Record<string, unknown> = {}): Setups {
  return { order, toss: toss && { ...toss, ...setup }, stripe: stripe && { ...stripe, ...setup } }
}

export const price = 55_000
export const timeoutMs = 10_000
/** Beyond the end of any lease. */
export const afterLeaseMs = 30_000

const told = [
  'payments.payment-requested.v1',
  'payments.payment-awaited.v1',
  'payments.payment-captured.v1',
  'payments.payment-refused.v1',
  'payments.payment-refunded.v1',
  'payments.refund-account-needed.v1',
] as const

/** The module beside a provider, with the test in the roles of the buyer and of orders. */
export async function openTill(
  platform: TestPlatform,
  provider: TestProvider,
  { setup, ...overrides }: Overrides = {},
) {
  const { db, clock, outbox, tokens } = platform
  const config: PaymentsConfig = {
    ...changed(provider.setups, setup),
    timeoutMs,
    parallelMax: 48,
    depositMaxMs: 86_400_000,
    ...overrides,
  }
  const payments = createPayments(platform, config)
  const { module } = payments
  const http = platform.http([module])
  await platform.register([module], { spy: told })

  const token = (
    orderId: string,
    { accountId = 'acc_1', amount = price, exp = clock.now() + 600_000, eventId = 'evt_1' } = {},
  ) => tokens.sign('payment-request', { orderId, accountId, eventId, amount: money(amount, 'KRW'), exp })

  async function confirm(
    body: { paymentRequestToken: string; paymentKey: string; provider?: string; amount?: number },
    accountId = 'acc_1',
  ) {
    const response = await http.fastify.inject({
      method: 'POST',
      url: '/api/payments/confirm',
      headers: await platform.authorization(accountId),
      payload: { provider: provider.name, amount: price, ...body },
    })
    return { status: response.statusCode, body: response.json<Record<string, unknown>>() }
  }

  /** The provider is told of a payment. @returns its key, and what only the buyer's browser is told */
  async function prepare(
    paymentRequestToken: string,
    accountId = 'acc_1',
  ): Promise<{ status: number; body: Record<string, unknown> }> {
    const response = await http.fastify.inject({
      method: 'POST',
      url: '/api/payments/prepare',
      headers: await platform.authorization(accountId),
      payload: { provider: provider.name, paymentRequestToken },
    })
    return { status: response.statusCode, body: response.json<Record<string, unknown>>() }
  }

  /** A buyer agrees to pay, or to what the scenario says. @returns the payment key */
  async function pass(orderId: string, scenario: Record<string, unknown> = {}): Promise<string> {
    if (provider.name === 'toss') return provider.window(orderId, price, scenario)
    const { status, body } = await prepare(token(orderId))
    if (status !== 201) throw new Error(JSON.stringify(body))
    await provider.pass(body['paymentKey'] as string, scenario)
    return body['paymentKey'] as string
  }

  const publish = (...facts: Fact[]) => transaction(db, (tx) => outbox.publish(tx, facts))
  const settle = () => platform.settle([module])
  /** Facts told since the last look, without the word of the module and its version. */
  const facts = async () =>
    (await platform.taken('spy')).map(
      ({ type, data }) =>
        ({ what: type.replace(/^payments\.payment-|\.v1$/g, ''), ...data }) as Record<string, unknown> & {
          what: string
          orderId: string
        },
    )

  /** A buyer comes back from the window. @returns the payment's id and key */
  async function handOver(
    orderId: string,
    scenario: Record<string, unknown> = {},
  ): Promise<{ orderId: string; paymentId: string; paymentKey: string }> {
    const paymentKey = await pass(orderId, scenario)
    const { status, body } = await confirm({ paymentRequestToken: token(orderId), paymentKey })
    if (status !== 202) throw new Error(JSON.stringify(body))
    const requested = (await facts()).find(({ what, orderId: id }) => what === 'requested' && id === orderId)
    return { orderId, paymentId: requested!['paymentId'] as string, paymentKey }
  }

  /** Many buyers come back at the same time, each with an order of its own. */
  async function handOverMany(count: number, scenarioOf: (index: number) => Record<string, unknown> = () => ({})) {
    const keys = await Promise.all(
      Array.from({ length: count }, (_, index) => pass(`order-${index}`, scenarioOf(index))),
    )
    await Promise.all(
      keys.map((paymentKey, index) => confirm({ paymentRequestToken: token(`order-${index}`), paymentKey })),
    )
    const requested = new Map((await facts()).map(({ orderId, paymentId }) => [orderId, paymentId as string]))
    return keys.map((paymentKey, index) => ({
      orderId: `order-${index}`,
      paymentId: requested.get(`order-${index}`)!,
      paymentKey,
    }))
  }

  const captureRequested = ({ orderId, paymentId }: { orderId: string; paymentId: string }) =>
    fact('orders.capture-requested.v1', { orderId, paymentId })
  const refundRequested = ({ orderId, paymentId }: { orderId: string; paymentId: string }, amount = price) =>
    fact('orders.refund-requested.v1', { orderId, paymentId, amount: money(amount, 'KRW'), reason: 'order-ended' })
  const declined = ({ orderId, paymentId }: { orderId: string; paymentId: string }) =>
    fact('orders.payment-declined.v1', { orderId, paymentId, reason: 'order-not-payable' })

  /** Lets time pass in steps, with all that falls due in each, until the facts are no longer empty. */
  async function waitForFacts({ stepMs = 1000, steps = 100 } = {}) {
    for (let step = 0; step < steps; step++) {
      await settle()
      const found = await facts()
      if (found.length > 0) return found
      clock.advance(stepMs)
    }
    throw new Error(`no fact within ${(stepMs * steps) / 1000} s`)
  }

  return {
    ...payments,
    http,
    config,
    token,
    prepare,
    pass,
    confirm,
    publish,
    settle,
    facts,
    handOver,
    handOverMany,
    captureRequested,
    refundRequested,
    declined,
    waitForFacts,
  }
}

export type Till = Awaited<ReturnType<typeof openTill>>
