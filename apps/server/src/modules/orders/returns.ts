import { seatId, seatNumber } from '@fairgate/contracts/ids'
import { money, type Money } from '@fairgate/contracts/money'
import { refundTerms, type RefundTerms } from '@fairgate/contracts/refund-ladder'
import type { Fact } from '#platform/bus'
import { afterCommit, transaction, type Db, type Tx } from '#platform/db'
import type { Platform } from '#platform/platform'
import { Problem } from '#platform/problem'
import type { UseCases } from './orders.ts'
import * as orders from './orders-store.ts'
import {
  answerReturn,
  askReturnAgain,
  beginReturn,
  isReturnable,
  seatRefunds,
  seatsLeft,
  sum,
  type ReturnAnswer,
  type ReturnRequest,
  type SeatRefund,
} from './return-steps.ts'
import * as store from './returns-store.ts'
import type { Return } from './returns-store.ts'
import type { Book, Order } from './saga.ts'

type Deps = Pick<Platform, 'db' | 'clock' | 'ids' | 'outbox' | 'signals' | 'metrics' | 'racepoints'>

/** What a buyer gets back for these seats now. */
export type Quote = { order: Order; seats: readonly SeatRefund[]; refund: Money; terms: RefundTerms }

/** Seats of fulfilled orders go back. */
export function createReturns(
  deps: Deps,
  { step, get, replay: replayOrder }: Pick<UseCases, 'step' | 'get' | 'replay'>,
) {
  const { db, clock, ids, outbox, signals, metrics, racepoints } = deps
  const steps = metrics.counter('fairgate_orders_returns_total', 'Returns that came into a state', ['reason', 'state'])

  /** What a buyer would get back now for seats of an own order; for all that are left when none are named. */
  async function quote(accountId: string, id: string, seatIds: readonly string[] | undefined): Promise<Quote> {
    await get(accountId, id)
    const book = (await orders.readBooks(db, [id])).get(id)!
    return quoteOf(db, book, await returnsOf(db, book), seatIds)
  }

  /**
   * Gives seats of a fulfilled order back, for the refund that the buyer has seen.
   * @throws Problem `orders.refund-changed` with the refund as it is now
   */
  async function cancel(
    accountId: string,
    id: string,
    { seatIds, refund }: { seatIds?: readonly string[] | undefined; refund?: Money | undefined },
  ): Promise<Order> {
    await get(accountId, id)
    return transaction(db, async (tx) => {
      const book = (await orders.lockBooks(tx, [id])).get(id)!
      const now = await quoteOf(tx, book, await returnsOf(tx, book), seatIds)
      if (refund?.amount !== now.refund.amount || refund.currency !== now.refund.currency) {
        const { percent, until } = now.terms
        throw new Problem('orders.refund-changed', {
          refund: now.refund,
          percent,
          until: new Date(until).toISOString(),
        })
      }
      const { percent, feePerSeat } = now.terms
      const request = {
        orderId: id,
        cancellationId: null,
        reason: 'buyer' as const,
        note: '',
        evenUsed: false,
        seatNumbers: now.seats.map(({ seat }) => seat.number),
        percent,
        feePerSeat,
      }
      await begin(tx, new Map([[id, book]]), [request])
      return { ...book.order, returns: book.order.returns + 1, returnsAsked: book.order.returnsAsked + 1 }
    })
  }

  /** Begins returns of locked orders, as far as there is something to return. @returns how many */
  async function begin(
    tx: Tx,
    books: ReadonlyMap<string, Book>,
    requests: readonly ReturnRequest[],
  ): Promise<readonly Return[]> {
    const earlier = await store.returnsOf(
      tx,
      requests.map(({ orderId }) => orderId),
    )
    const now = clock.now()
    const begun = requests.flatMap((request) => {
      const book = books.get(request.orderId)
      const made = book && beginReturn(book, earlier.get(request.orderId) ?? [], request, { id: ids('return'), now })
      return made ? [made] : []
    })
    const returns = begun.map((made) => made.begun)
    await racepoints.reach('orders.return-decided')
    await store.insertReturns(tx, returns)
    await outbox.publish(
      tx,
      begun.map((made) => made.fact),
    )
    tell(tx, returns)
    return returns
  }

  /** What tickets and payments have said about returns of these orders. */
  async function answer(tx: Tx, answers: readonly (ReturnAnswer & { orderId: string })[]): Promise<void> {
    if (answers.length === 0) return
    const orderIds = [...new Set(answers.map(({ orderId }) => orderId))].toSorted()
    const books = await orders.lockBooks(tx, orderIds)
    const before = await store.returnsOf(tx, orderIds)
    const after = new Map(before)
    const facts: Fact[] = []
    const whole: string[] = []
    for (const { orderId, ...said } of answers) {
      const book = books.get(orderId)
      if (!book) throw new Error(`there is no order ${orderId}`)
      const progress = answerReturn(book, after.get(orderId) ?? [], said, clock.now())
      after.set(orderId, [...progress.returns])
      facts.push(...progress.facts)
      if (progress.isAllBack) whole.push(orderId)
    }
    const changed = [...after].flatMap(([id, returns]) => returns.filter((entry) => !before.get(id)!.includes(entry)))
    await store.updateReturns(tx, changed)
    await outbox.publish(tx, facts)
    tell(tx, changed)
    if (whole.length === 0) return
    await step(
      tx,
      whole.map((orderId) => {
        const kept = after.get(orderId)!.some(({ state, paid, refund }) => state === 'done' && refund < paid)
        return { orderId, happening: { type: 'all-returned', isMoneyKept: kept } as const }
      }),
    )
  }

  function tell(tx: Tx, changed: readonly Return[]): void {
    afterCommit(tx, () => {
      for (const { orderId, reason, state } of changed) {
        steps.add({ reason, state })
        signals.emit('orders', orderId)
      }
    })
  }

  async function quoteOf(
    on: Db | Tx,
    book: Book,
    returns: readonly Return[],
    seatIds: readonly string[] | undefined,
  ): Promise<Quote> {
    const { order } = book
    const left = seatsLeft(order, returns)
    if (!isReturnable(book) || left.length === 0) throw new Problem('orders.not-cancellable', { state: order.state })
    const numbers = seatIds ? named(order, left, seatIds) : left.map(({ number }) => number)
    const ladder = await store.refundsOf(on, order.event.id)
    if (!ladder || ladder.steps.length === 0) throw new Problem('orders.no-refunds')
    const terms = refundTerms(ladder, order.event, order.placedAt, clock.now())
    if (!terms) throw new Problem('orders.too-late-to-cancel')
    const seats = seatRefunds(order, new Set(numbers), terms)
    return { order, seats, refund: money(sum(seats.map(({ refund }) => refund)), order.total.currency), terms }
  }

  const returnsOf = async (on: Db | Tx, { order }: Book): Promise<readonly Return[]> =>
    order.returns === 0 ? [] : ((await store.returnsOf(on, [order.id])).get(order.id) ?? [])

  /** The returns of those of the orders that have any. */
  async function ofOrders(shown: readonly Order[]): Promise<ReadonlyMap<string, readonly Return[]>> {
    const some = shown.filter(({ returns }) => returns > 0).map(({ id }) => id)
    return some.length === 0 ? new Map() : store.returnsOf(db, some)
  }

  /** Asks again for what an order and its returns wait for. @returns how much it asked */
  async function replay(id: string): Promise<number> {
    const asked = await replayOrder(id)
    return transaction(db, async (tx) => {
      const book = (await orders.lockBooks(tx, [id])).get(id)!
      const facts = (await returnsOf(tx, book)).flatMap((entry) => askReturnAgain(book, entry))
      await outbox.publish(tx, facts)
      return asked + facts.length
    })
  }

  /** An operator gives all money of a fulfilled order back; of one with returned seats what its other seats were paid with. */
  async function refund(id: string, reason: string): Promise<Order> {
    return transaction(db, async (tx) => {
      const book = (await orders.lockBooks(tx, [id])).get(id)
      if (!book) throw new Problem('orders.order-not-found')
      if (book.order.returns === 0)
        return (await step(tx, [{ orderId: id, happening: { type: 'refund', reason } }])).get(id)!.order
      const terms = { evenUsed: true, percent: 100, feePerSeat: 0 }
      const request = { orderId: id, cancellationId: null, reason: 'organiser' as const, note: reason, ...terms }
      await begin(tx, new Map([[id, book]]), [request])
      return book.order
    })
  }

  return { quote, cancel, begin, answer, ofOrders, replay, refund }
}

export type Returns = ReturnType<typeof createReturns>

function named({ section }: Order, left: Quote['order']['seats'], seatIds: readonly string[]): number[] {
  const known = new Map(left.map(({ number }) => [seatId(section.id, number), number]))
  const faults = seatIds.flatMap((id, i) => {
    const detail = !known.has(id)
      ? seatNumber(section.id, id) === undefined
        ? 'is no seat of this section'
        : 'is not of this order, or has gone back'
      : seatIds.indexOf(id) < i
        ? 'is named twice'
        : undefined
    return detail ? [{ pointer: `#/seatIds/${i}`, detail }] : []
  })
  if (faults.length > 0) throw new Problem('orders.invalid-seats', { errors: faults })
  return seatIds.map((id) => known.get(id)!)
}
