import { on, type Subscription } from '#platform/bus'
import { afterCommit, transaction, type Tx } from '#platform/db'
import type { Platform } from '#platform/platform'
import { book, decline, requestCapture } from './booking.ts'
import type { Change, Surroundings } from './change.ts'
import type { Payment, Step } from './payment.ts'
import * as store from './payments-store.ts'
import type { Answer } from './provider.ts'
import { requestRefund } from './refunding.ts'

type Deps = Pick<Platform, 'db' | 'clock' | 'ids' | 'outbox' | 'signals' | 'metrics' | 'log'>

/** What came of asking the provider about a payment under a lease. */
export type Asked = { id: string; lease: number; step: Step; answer: Answer }

/** Where everything about payments is written: what orders ask for, and what the provider answered. */
export function createBooks(
  { db, clock, ids, outbox, signals, metrics, log }: Deps,
  { depositMaxMs, holdsMoney }: Pick<Surroundings, 'depositMaxMs' | 'holdsMoney'>,
) {
  const steps = metrics.counter('fairgate_payments_steps_total', 'Payments that came into a state', ['state'])
  const alarms = metrics.counter('fairgate_payments_alarms_total', 'What a person must look at, by reason', ['reason'])

  const around = (): Surroundings => ({ now: clock.now(), newRefundId: () => ids('refund'), depositMaxMs, holdsMoney })

  async function commit(tx: Tx, changes: readonly Change[]): Promise<void> {
    await store.write(tx, changes, new Date(clock.now()))
    await outbox.publish(
      tx,
      changes.flatMap(({ facts }) => facts),
    )
    afterCommit(tx, () => announce(changes))
  }

  function announce(changes: readonly Change[]): void {
    const now = clock.now()
    for (const { payment, history, alarms: reasons } of changes) {
      for (const { from, to, event } of history) {
        if (from === to) continue
        steps.add({ state: to })
        log.info({ paymentId: payment.id, orderId: payment.orderId, from, to, event }, 'payment changed')
      }
      for (const reason of reasons) {
        alarms.add({ reason })
        log.error(
          {
            paymentId: payment.id,
            orderId: payment.orderId,
            reason,
            providerStatus: payment.providerStatus,
            trouble: payment.trouble,
          },
          'payment needs a look',
        )
      }
    }
    if (changes.some(({ payment }) => payment.nextAt !== null && payment.nextAt <= now)) signals.emit('payments', 'due')
  }

  /** Books answers, many in one commit. One whose lease has passed on is dropped: its successor asks again. */
  async function bookAll(asked: readonly Asked[]): Promise<void> {
    await transaction(db, async (tx) => {
      const paymentIds = asked.map(({ id }) => id)
      const payments = await lockById(tx, paymentIds)
      const surroundings = around()
      const changes = asked.flatMap(({ id, lease, step, answer }) => {
        const payment = payments.get(id)
        return payment && payment.lease === lease ? [book(payment, step, answer, surroundings)] : []
      })
      await commit(tx, changes)
    })
  }

  /** Applies what orders ask for; ids of payments that do not exist are passed over. */
  async function apply<M extends { data: { paymentId: string } }>(
    tx: Tx,
    messages: readonly M[],
    decide: (payment: Payment, message: M, surroundings: Surroundings) => Change,
  ): Promise<void> {
    const paymentIds = messages.map(({ data }) => data.paymentId)
    const payments = await lockById(tx, paymentIds)
    const surroundings = around()
    const changes = messages.flatMap((message) => {
      const payment = payments.get(message.data.paymentId)
      // The bus hands over one message of an order at a time, so a second one can only be a copy.
      payments.delete(message.data.paymentId)
      return payment ? [decide(payment, message, surroundings)] : []
    })
    await commit(tx, changes)
  }

  const subscriptions: Subscription[] = [
    on('orders.capture-requested.v1', (tx, messages) =>
      apply(tx, messages, (payment, _, surroundings) => requestCapture(payment, surroundings)),
    ),
    on('orders.payment-declined.v1', (tx, messages) =>
      apply(tx, messages, (payment, { data }, surroundings) => decline(payment, data.reason, surroundings)),
    ),
    on('orders.refund-requested.v1', async (tx, messages) => {
      // Returned seats are refunded once, however often that is asked for.
      const requestOf = ({ id, data }: (typeof messages)[number]) => data.returnId ?? id
      const seen = await store.refundRequestsSeen(tx, messages.map(requestOf))
      await apply(
        tx,
        messages.filter((message) => !seen.has(requestOf(message))),
        (payment, message, surroundings) => {
          const { amount, reason } = message.data
          return requestRefund(payment, { id: requestOf(message), amount: amount.amount, reason }, surroundings)
        },
      )
    }),
  ]

  return { bookAll, commit, around, subscriptions }
}

const lockById = async (tx: Tx, ids: readonly string[]): Promise<Map<string, Payment>> =>
  new Map((await store.lock(tx, ids)).map((payment) => [payment.id, payment]))

export type Books = ReturnType<typeof createBooks>
