import type { Loop } from '#platform/loop'
import type { Platform } from '#platform/platform'
import { Problem } from '#platform/problem'
import * as store from './payments-store.ts'
import type { Provider } from './provider.ts'
import { readRequest } from './requests.ts'

type Deps = Pick<Platform, 'db' | 'clock' | 'tokens' | 'log'>

/** Calls at the same time; a crowd beyond that comes back a second later. */
const underWayMax = 200
/** How long after the end of the time to pay a payment is withdrawn that nobody brought back. */
const graceMs = 60_000
/** Then it is tried again this often, until the provider has answered. */
const againMs = 60_000
const endedMax = 100

/**
 * Makes payments known to a provider that wants to know of them first, and withdraws those that their buyers agreed to
 * and never brought back.
 */
export function createPreparing({ db, clock, tokens, log }: Deps, providers: ReadonlyMap<string, Provider>) {
  let underWay = 0

  /**
   * Asked again for the same order it is the same payment, until that was handed over.
   * @throws Problem when the provider cannot take it, or cannot be reached
   */
  async function prepare(
    { paymentRequestToken, provider: name }: { paymentRequestToken: string; provider: string },
    accountId: string,
  ): Promise<{ paymentKey: string; clientSecret: string }> {
    const { kind, payload } = readRequest(tokens, paymentRequestToken, accountId)
    const provider = providers.get(name)
    if (!provider?.prepare) throw new Problem('payments.unknown-provider', { provider: name })
    if (kind === 'expired') throw new Problem('payments.request-expired')
    if (underWay >= underWayMax) throw new Problem('http.overloaded', { retryAfterMs: 1000 })
    const { orderId, amount, exp } = payload
    underWay++
    try {
      const before = await store.paymentsOf(db, orderId, name)
      const prepared = await provider.prepare({ orderId, ...amount, idempotencyKey: `${orderId}-${before}` })
      if (prepared.kind === 'refused') throw new Problem('payments.provider-refuses', { reason: prepared.code })
      if (prepared.kind === 'unknown') {
        log.warn({ provider: name, orderId, trouble: prepared.code }, 'payment could not be prepared')
        throw new Problem('payments.provider-unavailable', { retryAfterMs: 2000 })
      }
      const { paymentKey, clientSecret } = prepared
      await store.insertPreparation(db, { provider: name, paymentKey, orderId }, new Date(exp + graceMs))
      return { paymentKey, clientSecret }
    } finally {
      underWay--
    }
  }

  /** Preparations whose time is over: what nobody handed over is withdrawn. */
  const sweep: Loop = {
    name: 'payments.preparations',
    intervalMs: 15_000,
    async run() {
      const now = clock.now()
      const times = { now: new Date(now), until: new Date(now + againMs), limit: endedMax }
      const ended = await store.takeEndedPreparations(db, times)
      if (ended.length === 0) return false
      const isGone = await Promise.all(ended.map(async (each) => each.isHandedOver || (await withdraw(each))))
      await store.forgetPreparations(
        db,
        ended.filter((_, index) => isGone[index]),
      )
      return ended.length === endedMax
    },
  }

  async function withdraw({ provider: name, paymentKey, orderId }: store.PreparationRow): Promise<boolean> {
    const answer = await providers.get(name)?.withdraw?.({
      paymentKey,
      reason: 'never brought back',
      idempotencyKey: `${paymentKey}-end`,
    })
    if (answer?.kind === 'found') return true
    log.warn({ provider: name, paymentKey, orderId, trouble: answer?.code ?? 'no-provider' }, 'payment not withdrawn')
    return false
  }

  return { prepare, sweep }
}

export type Preparing = ReturnType<typeof createPreparing>
