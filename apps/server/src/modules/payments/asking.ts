import { createBatcher } from '#platform/batcher'
import type { Loop } from '#platform/loop'
import type { Platform } from '#platform/platform'
import type { Asked, Books } from './books.ts'
import type { Payment, Step } from './payment.ts'
import * as store from './payments-store.ts'
import type { Answer, Provider } from './provider.ts'

type Deps = Pick<Platform, 'db' | 'clock' | 'signals' | 'metrics' | 'log' | 'racepoints'>

export type AskingConfig = {
  /** Bound of one call to a provider. */
  timeoutMs: number
  /** Most calls at the same time. */
  parallelMax: number
}

/** A lease outlives the call and the booking after it; then somebody else may ask. */
const leaseBeyondCallMs = 15_000
/** How often due questions are looked for when nobody tells of them. */
const lookEveryMs = 200

/**
 * Asks the providers: each due payment is leased, asked one question outside any transaction, and booked. One that hangs
 * holds up no other: a free slot is filled while the rest still wait. A process that dies in between loses nothing, its
 * leases run out and the same question is asked again under the same idempotency key.
 */
export function createAsking(
  { db, clock, signals, metrics, log, racepoints }: Deps,
  books: Books,
  providers: ReadonlyMap<string, Provider>,
  { timeoutMs, parallelMax }: AskingConfig,
): Loop {
  const calls = metrics.histogram(
    'fairgate_payments_provider_seconds',
    'Time of a call to the provider',
    ['call', 'answer'],
    [0.05, 0.1, 0.3, 1, 3, 10, 30],
  )
  const bookings = createBatcher<Asked, void>({
    batchMax: 128,
    queueMax: parallelMax + 1,
    run: async (asked) => {
      await books.bookAll(asked)
      return asked.map(() => undefined)
    },
  })

  const underWay = new Set<Promise<void>>()
  let hasNews = false
  let wake = () => {}
  const tell = () => {
    hasNews = true
    wake()
  }

  async function work(payment: Payment): Promise<void> {
    const step = payment.step ?? 'query'
    const startedAt = clock.now()
    try {
      await racepoints.reach('payments.leased')
      const answer = await ask(payment, step)
      calls.observe({ call: step, answer: answer.kind }, (clock.now() - startedAt) / 1000)
      await racepoints.reach('payments.answered')
      await bookings.add({ id: payment.id, lease: payment.lease, step, answer })
    } catch (error) {
      log.error(
        { err: error, paymentId: payment.id, step },
        'answer not booked; it is asked for again when the lease ends',
      )
    }
  }

  async function ask(payment: Payment, step: Step): Promise<Answer> {
    const provider = providers.get(payment.provider)
    if (!provider) return { kind: 'unknown', code: 'provider-not-configured', isOurFault: true }
    const { paymentKey, orderId, amount, refund } = payment
    if (step === 'confirm') {
      return provider.capture({ paymentKey, orderId, amount, idempotencyKey: `${payment.id}-${payment.keySeq}` })
    }
    if (step === 'cancel' && refund) {
      const { balance, target, reason, id, keySeq } = refund
      return provider.refund({
        paymentKey,
        amount: balance - target,
        balance,
        reason,
        idempotencyKey: `${id}-${keySeq}`,
        ...(payment.deposit?.refundAccount ? { account: payment.deposit.refundAccount } : {}),
      })
    }
    if (step === 'withdraw' && provider.withdraw) {
      const idempotencyKey = `${payment.id}-w${payment.keySeq}`
      return provider.withdraw({ paymentKey, reason: 'ended without a payment', idempotencyKey })
    }
    return provider.query(paymentKey)
  }

  function start(payment: Payment): void {
    const task = work(payment).finally(() => {
      underWay.delete(task)
      tell()
    })
    underWay.add(task)
  }

  /** Waits for an answer, a wake-up call, or a moment. */
  async function news(): Promise<void> {
    if (hasNews) return
    const { promise, resolve } = Promise.withResolvers<void>()
    wake = resolve
    const cancel = clock.after(lookEveryMs, resolve)
    await promise
    cancel()
  }

  return {
    name: 'payments.asking',
    intervalMs: lookEveryMs,
    async run() {
      hasNews = false
      const room = parallelMax - underWay.size
      const now = clock.now()
      const leased =
        room > 0
          ? await store.lease(db, {
              limit: room,
              now: new Date(now),
              until: new Date(now + timeoutMs + leaseBeyondCallMs),
            })
          : []
      for (const payment of leased) start(payment)
      if (underWay.size === 0) return false
      await news()
      return true
    },
    onStart(nudge) {
      signals.on('payments', () => {
        tell()
        nudge()
      })
    },
  }
}
