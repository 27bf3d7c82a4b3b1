import type { Caller } from '#platform/access-token'
import { createBatcher } from '#platform/batcher'
import type { Fact } from '#platform/bus'
import { afterCommit, transaction, type Tx } from '#platform/db'
import { pageOf, type Page } from '#platform/page'
import type { Platform } from '#platform/platform'
import { Problem } from '#platform/problem'
import { managedEvent } from './access.ts'
import { createCodes } from './codes.ts'
import { commandsOn, type State } from './order.ts'
import { createOrderWaits } from './order-waits.ts'
import * as store from './orders-store.ts'
import { createPlacing } from './placing.ts'
import { advance, askAgain, type Book, type Happening, type HistoryLine, type Order } from './saga.ts'

export type OrdersDeps = Pick<
  Platform,
  'db' | 'clock' | 'ids' | 'random' | 'tokens' | 'outbox' | 'signals' | 'ephemeral' | 'log' | 'metrics' | 'racepoints'
>

export type OrdersConfig = {
  /** Age from which an order that waits for another module counts as stuck. */
  stuckAfterMs: number
  /** Requests that may wait for their orders at once; one more is answered as things stand. */
  waitersMax: number
}

const readBatchMax = 128
const overdueBatchMax = 200
const pageSize = 20
const recheckMs = 1000
const stuckListMax = 500

/** The use cases of orders. */
export function createUseCases(deps: OrdersDeps, config: OrdersConfig) {
  const { db, clock, outbox, signals, log, metrics, racepoints } = deps
  const codes = createCodes(deps)
  const transitions = metrics.counter('fairgate_orders_transitions_total', 'Steps of orders', [
    'event',
    'before',
    'after',
  ])
  const stuckGauge = metrics.gauge('fairgate_orders_stuck', 'Orders that have waited too long for another module')
  const waits = createOrderWaits({
    scheduler: clock,
    signals,
    load: (orderIds) => store.ordersById(db, orderIds),
    waitersMax: config.waitersMax,
    recheckMs,
  })

  /**
   * Takes many orders a step on, in a constant number of statements: lock and read all, decide in memory, write all.
   * @throws when a happening is not possible in its order's state, or the order is unknown: whoever sent it must learn
   */
  async function step(
    tx: Tx,
    items: readonly { orderId: string; happening: Happening }[],
  ): Promise<ReadonlyMap<string, Book>> {
    const orderIds = [...new Set(items.map(({ orderId }) => orderId))].toSorted()
    const before = await store.lockBooks(tx, orderIds)
    const after = new Map(before)
    const facts: Fact[] = []
    const history: (HistoryLine & { orderId: string })[] = []
    for (const { orderId, happening } of items) apply(orderId, happening)
    for (const { id, holdId, attempt } of await settleCodes(tx, before, after)) {
      const data = { orderId: id, holdId, attempt, reason: 'the code has been used up' }
      apply(id, { type: 'inventory.hold-lost.v1', data })
    }
    await racepoints.reach('orders.decided')

    function apply(orderId: string, happening: Happening): void {
      const book = after.get(orderId)
      if (!book) throw new Error(`there is no order ${orderId}`)
      const progress = advance(book, happening, clock.now())
      if (progress === 'refuse') {
        if (happening.type === 'cancel') throw new Problem('orders.not-cancellable', { state: book.order.state })
        throw new Error(`order ${orderId} is ${book.order.state}: ${happening.type} is not possible`)
      }
      after.set(orderId, progress.book)
      facts.push(...progress.facts)
      history.push(...progress.history.map((line) => ({ ...line, orderId })))
    }
    const steppedOn = [...after.values()].filter(({ order }) => order.version !== before.get(order.id)!.order.version)
    const notedPayments = [...after.values()].flatMap(({ order, payments }) =>
      payments
        .filter((payment) => !before.get(order.id)!.payments.includes(payment))
        .map((payment) => ({ ...payment, orderId: order.id })),
    )
    const late = steppedOn
      .map(({ order }) => order)
      .filter((order) => {
        const { isLate, firstSeats } = before.get(order.id)!.order
        return order.isLate !== isLate || order.firstSeats !== firstSeats
      })
    await Promise.all([
      store.updateOrders(
        tx,
        steppedOn.map(({ order }) => order),
      ),
      store.updateLate(tx, late),
      store.savePayments(tx, notedPayments, clock.now()),
      store.insertHistory(tx, history),
      outbox.publish(tx, facts),
    ])
    afterCommit(tx, () => {
      for (const line of history) tell(line)
    })
    return after
  }

  /**
   * The code of an order that ends is for others again. An order that goes on after its end uses its code again.
   * @returns those that cannot, because somebody else has used it up since
   */
  async function settleCodes(
    tx: Tx,
    before: ReadonlyMap<string, Book>,
    after: ReadonlyMap<string, Book>,
  ): Promise<Order[]> {
    const withCode = [...after.values()].map(({ order }) => order).filter(({ promoCode }) => promoCode !== null)
    const wasOver = ({ id }: Order) => isOver(before.get(id)!.order)
    await codes.release(
      tx,
      withCode.filter((order) => isOver(order) && !wasOver(order)).map(({ id }) => id),
    )
    const revived = withCode.filter((order) => !isOver(order) && wasOver(order))
    const lost = await codes.reclaim(tx, revived)
    return revived.filter(({ id }) => lost.has(id))
  }

  function tell({ orderId, event, from, to }: HistoryLine & { orderId: string }): void {
    transitions.add({ event, before: from, after: to })
    // Only an answer is waited for: an end, a payment that was refused, or an account to pay into.
    if (to === 'awaiting-payment' || to === 'awaiting-deposit' || ends.includes(to)) signals.emit('orders', orderId)
    if (to === 'reclaiming') log.info({ orderId, event, from }, 'money came for an order whose seats were not secured')
    if (to === 'refunding' && from !== to)
      log.warn({ orderId, event, from }, 'money came and the seats are gone; refunding')
  }

  const { place } = createPlacing(deps, {
    codes,
    step,
    placed: (count) => transitions.add({ event: 'placed', before: 'none', after: 'awaiting-payment' }, count),
  })

  /** A crowd that follows its orders reads them together. */
  const reads = createBatcher<string, Order | undefined>({
    batchMax: readBatchMax,
    queueMax: config.waitersMax,
    async run(orderIds) {
      const found = new Map((await store.ordersById(db, orderIds)).map((order) => [order.id, order]))
      return orderIds.map((id) => found.get(id))
    },
  })

  /** One's own order. Somebody else's is as unknown as none. */
  async function get(accountId: string, id: string): Promise<Order> {
    const order = await reads.add(id)
    if (order?.accountId !== accountId) throw new Problem('orders.order-not-found')
    return order
  }

  /** As `get`, but waits at most `timeoutMs` for the end of the payment: an end of the order, a new refusal, an account to pay into. */
  async function follow(accountId: string, id: string, timeoutMs: number, gone: AbortSignal): Promise<Order> {
    const startedAt = clock.now()
    return waits.wait(await get(accountId, id), (order) => isAnswered(order, startedAt), timeoutMs, gone)
  }

  async function list(accountId: string, cursor: string | undefined): Promise<Page<Order>> {
    return pageOf(await store.ordersOfAccount(db, accountId, cursor, pageSize + 1), pageSize, ({ id }) => id)
  }

  /** Gives an unpaid order up; its seats are free at once. Again → the same answer. */
  async function cancel(accountId: string, id: string): Promise<Order> {
    await get(accountId, id)
    return transaction(
      db,
      async (tx) => (await step(tx, [{ orderId: id, happening: { type: 'cancel' } }])).get(id)!.order,
    )
  }

  /** Ends a portion of the orders whose time to pay is over. @returns whether more may be left */
  async function expireOverdue(): Promise<boolean> {
    return transaction(db, async (tx) => {
      const overdue = await store.lockOverdue(tx, clock.now(), overdueBatchMax)
      if (overdue.length > 0)
        await step(
          tx,
          overdue.map((orderId) => ({ orderId, happening: { type: 'deadline' } as const })),
        )
      return overdue.length === overdueBatchMax
    })
  }

  /** Orders that have waited for another module, and refunds that were not done, for longer than `olderThanMs`; oldest first. */
  const stuck = (olderThanMs: number) => store.stuckOrders(db, clock.now() - olderThanMs, stuckListMax)

  /** An order as it stands in the books, and every step that it took, with what each asked of others. */
  async function show(id: string) {
    const book = (await store.readBooks(db, [id])).get(id)
    if (!book) throw new Problem('orders.order-not-found')
    const history = (await store.historyOf(db, id)).map((line) => ({
      ...line,
      asked: commandsOn(line.from, line.event),
    }))
    return { ...book, history }
  }

  /** Asks again for what an order waits for. Pressed twice it asks twice, and nothing happens twice. @returns how much it asked */
  async function replay(id: string): Promise<number> {
    return transaction(db, async (tx) => {
      const book = (await store.lockBooks(tx, [id])).get(id)
      if (!book) throw new Problem('orders.order-not-found')
      const facts = askAgain(book, clock.now())
      await outbox.publish(tx, facts)
      return facts.length
    })
  }

  async function measure(): Promise<boolean> {
    stuckGauge.set({}, (await stuck(config.stuckAfterMs)).length)
    return false
  }

  /** Orders by state and money by section, for the event's organiser and for admins. */
  async function figures(caller: Caller, eventId: string) {
    const { currency } = await managedEvent(db, caller, eventId)
    return { eventId, currency, ...(await store.figuresOf(db, eventId)) }
  }

  return {
    step,
    place,
    get,
    follow,
    list,
    cancel,
    expireOverdue,
    stuck,
    show,
    replay,
    measure,
    figures,
    waits,
    codes,
  }
}

export type UseCases = ReturnType<typeof createUseCases>

const isOver = ({ state }: Order) => state === 'expired' || state === 'cancelled' || state === 'refunded'

const ends: readonly State[] = ['fulfilled', 'expired', 'cancelled', 'refunded']

function isAnswered(order: Order, sinceMs: number): boolean {
  // Whoever gives seats back waits for their tickets to be taken back.
  if (order.returnsAsked > 0) return false
  if (ends.includes(order.state) || order.state === 'awaiting-deposit') return true
  return order.state === 'awaiting-payment' && order.refusedAt !== null && order.refusedAt >= sinceMs
}
