import { createBatcher } from '#platform/batcher'
import { transaction } from '#platform/db'
import type { Platform } from '#platform/platform'
import { Problem } from '#platform/problem'
import { money, type Currency } from '@fairgate/contracts/money'
import { requested } from './events.ts'
import * as store from './payments-store.ts'
import type { NewPayment } from './payments-store.ts'
import type { Provider } from './provider.ts'

/** What a buyer brings back from the payment window. `amount` is minor units. */
export type Confirmation = { paymentRequestToken: string; provider: string; paymentKey: string; amount: number }

type Deps = Pick<Platform, 'db' | 'clock' | 'ids' | 'tokens' | 'outbox' | 'metrics'>
type Tokens = Platform['tokens']
type Decision = 'accepted' | 'in-progress' | 'key-used'

const batchMax = 128
const queueMax = 2000

/**
 * What an order wants to be paid, as its buyer shows it.
 * @throws Problem `payments.request-invalid` when it is not theirs
 */
export function readRequest(tokens: Tokens, paymentRequestToken: string, accountId: string) {
  const request = tokens.verify('payment-request', paymentRequestToken)
  if (request.kind === 'forged' || request.payload.accountId !== accountId)
    throw new Problem('payments.request-invalid')
  return request
}

/** Takes payments in: many requests in one commit. */
export function createRequests(
  { db, clock, ids, tokens, outbox, metrics }: Deps,
  providers: ReadonlyMap<string, Pick<Provider, 'prepare'>>,
) {
  const counted = metrics.counter('fairgate_payments_requests_total', 'Payments handed over by buyers, by decision', [
    'decision',
  ])

  const batcher = createBatcher<NewPayment, Decision>({
    batchMax,
    queueMax,
    run: (payments) =>
      transaction(db, async (tx) => {
        const inserted = await store.insertRequested(tx, payments, new Date(clock.now()))
        await outbox.publish(
          tx,
          payments
            .filter(({ id }) => inserted.has(id))
            .map((payment) => requested({ ...payment, amount: money(payment.amount, payment.currency as Currency) })),
        )
        const others = payments.filter(({ id }) => !inserted.has(id))
        const orders = others.length > 0 ? await orderOfKey(others, tx) : new Map<string, string>()
        return payments.map((payment) => {
          if (inserted.has(payment.id)) return 'accepted'
          const orderId = orders.get(keyOf(payment))
          if (orderId === undefined) return 'in-progress'
          return orderId === payment.orderId ? 'accepted' : 'key-used'
        })
      }),
  })

  async function orderOfKey(
    payments: readonly Pick<NewPayment, 'provider' | 'paymentKey'>[],
    source: Parameters<typeof store.ordersOfKeys>[0] = db,
  ) {
    const found = await store.ordersOfKeys(source, payments)
    return new Map(found.map((each) => [keyOf(each), each.orderId]))
  }

  /**
   * Hands over what the payment window returned. The same key for the same order again is the same payment, also when
   * the time to pay has passed in between.
   */
  async function confirm(
    { paymentRequestToken, provider, paymentKey, amount }: Confirmation,
    accountId: string,
  ): Promise<{ orderId: string }> {
    const request = readRequest(tokens, paymentRequestToken, accountId)
    if (!providers.has(provider)) throw new Problem('payments.unknown-provider', { provider })
    const { orderId, eventId, amount: price } = request.payload
    if (amount !== price.amount) throw new Problem('payments.wrong-amount', { expected: price })
    if (request.kind === 'expired') {
      const known = (await orderOfKey([{ provider, paymentKey }])).get(keyOf({ provider, paymentKey }))
      if (known !== orderId) throw new Problem('payments.request-expired')
      return { orderId }
    }
    // What was prepared elsewhere, or for another order, might take somebody else's money.
    if (providers.get(provider)?.prepare) {
      const preparedFor = await store.orderOfPreparation(db, provider, paymentKey)
      if (preparedFor === undefined) throw new Problem('payments.not-prepared')
      if (preparedFor !== orderId) throw new Problem('payments.key-used')
    }
    const decision = await batcher.add({
      id: ids('payment'),
      orderId,
      accountId,
      eventId,
      provider,
      paymentKey,
      amount,
      currency: price.currency,
    })
    counted.add({ decision })
    if (decision === 'in-progress') throw new Problem('payments.in-progress')
    if (decision === 'key-used') throw new Problem('payments.key-used')
    return { orderId }
  }

  return { confirm }
}

export type Requests = ReturnType<typeof createRequests>

const keyOf = ({ provider, paymentKey }: { provider: string; paymentKey: string }) => `${provider} ${paymentKey}`
