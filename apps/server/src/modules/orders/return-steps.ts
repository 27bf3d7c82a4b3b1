import { money, splitMoney, type Money } from '@fairgate/contracts/money'
import { refundOf } from '@fairgate/contracts/refund-ladder'
import { fact, type Fact } from '#platform/bus'
import { returnTable, type ReturnCommand, type ReturnEvent } from './return.ts'
import type { Return } from './returns-store.ts'
import { cancelReason, extras, type Book, type Order, type OrderSeat } from './saga.ts'

/** What one seat was paid with and what goes back of it. */
export type SeatRefund = { seat: OrderSeat; paid: Money; refund: Money }

/** A return that is asked for: which seats (all that are left when none are named) and on what terms. */
export type ReturnRequest = Pick<Return, 'orderId' | 'cancellationId' | 'reason' | 'note' | 'evenUsed'> & {
  seatNumbers?: readonly number[]
  percent: number
  feePerSeat: number
}

/** The seats of an order that have not gone back and are not on their way. */
export function seatsLeft({ seats }: Order, returns: readonly Return[]): readonly OrderSeat[] {
  const gone = new Set(
    returns.filter(({ state }) => state !== 'refused').flatMap((entry) => entry.seats.map(({ number }) => number)),
  )
  return seats.filter(({ number }) => !gone.has(number))
}

/** What goes back for these seats of an order, seat by seat: so it makes no difference in how many parts they go. */
export function seatRefunds(
  order: Order,
  numbers: ReadonlySet<number>,
  terms: Pick<ReturnRequest, 'percent' | 'feePerSeat'>,
): SeatRefund[] {
  const paid = splitMoney(order.total, order.seats.length)
  return order.seats.flatMap((seat, i) =>
    numbers.has(seat.number) ? [{ seat, paid: paid[i]!, refund: refundOf(paid[i]!, terms) }] : [],
  )
}

export const sum = (amounts: readonly Money[]): number => amounts.reduce((total, { amount }) => total + amount, 0)

/** Whether seats of this order can be returned: it has its tickets, and nobody is giving all of its money back. */
export const isReturnable = ({ order, payments }: Book): boolean =>
  order.state === 'fulfilled' && !payments.some(({ state }) => state === 'refunding')

/** Begins a return; undefined when nothing of what was asked for can go back. */
export function beginReturn(
  book: Book,
  returns: readonly Return[],
  request: ReturnRequest,
  { id, now }: { id: string; now: number },
): { begun: Return; fact: Fact } | undefined {
  if (!isReturnable(book)) return undefined
  const { order } = book
  const left = seatsLeft(order, returns).map(({ number }) => number)
  const numbers = request.seatNumbers ?? left
  if (numbers.length === 0 || !numbers.every((number) => left.includes(number))) return undefined
  const seats = seatRefunds(order, new Set(numbers), request)
  const begun: Return = {
    id,
    orderId: order.id,
    eventId: order.event.id,
    cancellationId: request.cancellationId,
    seats: seats.map(({ seat }) => seat),
    paid: sum(seats.map(({ paid }) => paid)),
    refund: sum(seats.map(({ refund }) => refund)),
    currency: order.total.currency,
    reason: request.reason,
    note: request.note,
    evenUsed: request.evenUsed,
    state: 'asked',
    usedSeats: null,
    askedAt: now,
    updatedAt: now,
  }
  return { begun, fact: askTickets(begun) }
}

/** What a return waits for, asked again: whoever is asked does nothing twice. */
export function askReturnAgain(book: Book, entry: Return): Fact[] {
  if (entry.state === 'asked') return [askTickets(entry)]
  return entry.state === 'refunding' && paymentOf(book) !== undefined ? [askRefund(book, entry)] : []
}

const askTickets = ({ id, orderId, seats, evenUsed }: Return): Fact =>
  fact('orders.revoke-requested.v1', { orderId, returnId: id, seats: seats.map(({ number }) => number), evenUsed })

const askRefund = (book: Book, entry: Return): Fact =>
  fact('orders.refund-requested.v1', {
    orderId: entry.orderId,
    paymentId: paymentOf(book)!,
    amount: money(entry.refund, entry.currency),
    reason: cancelReason(entry.reason),
    returnId: entry.id,
  })

/** What others have said about a return. */
export type ReturnAnswer =
  | { returnId: string; kind: 'tickets-revoked' | 'money-returned' }
  | { returnId: string; kind: 'revoke-refused'; usedSeats: readonly number[] }

export type ReturnProgress = { returns: readonly Return[]; facts: readonly Fact[]; isAllBack: boolean }

/** Takes one return of an order a step on. An answer that is known already changes nothing. */
export function answerReturn(
  book: Book,
  returns: readonly Return[],
  answer: ReturnAnswer,
  now: number,
): ReturnProgress {
  const entry = returns.find(({ id }) => id === answer.returnId)
  if (!entry) throw new Error(`order ${book.order.id} has no return ${answer.returnId}`)
  const outcome = returnTable[entry.state][eventOf(book, entry, answer)]
  if (outcome === 'ignore') return { returns, facts: [], isAllBack: false }
  const next: Return = {
    ...entry,
    state: outcome.to,
    usedSeats: answer.kind === 'revoke-refused' ? answer.usedSeats : null,
    updatedAt: now,
  }
  const all = returns.map((other) => (other === entry ? next : other))
  const back = all.filter(({ state }) => state === 'done').reduce((count, { seats }) => count + seats.length, 0)
  return {
    returns: all,
    facts: outcome.commands.flatMap((command) => factsOf(command, book, all, next, now)),
    isAllBack: book.order.state === 'fulfilled' && back === book.order.seats.length,
  }
}

function eventOf(book: Book, { refund }: Return, { kind }: ReturnAnswer): ReturnEvent {
  if (kind !== 'tickets-revoked') return kind
  if (book.order.state !== 'fulfilled') return 'order-ended'
  if (refund === 0) return 'tickets-revoked-free'
  // All money has gone back already; the order ends as soon as the last of it is told.
  return paymentOf(book) === undefined ? 'order-ended' : 'tickets-revoked'
}

function factsOf(command: ReturnCommand, book: Book, all: readonly Return[], entry: Return, now: number): Fact[] {
  const { order } = book
  switch (command) {
    case 'keep':
      return []
    case 'refund':
      return [askRefund(book, entry)]
    case 'tell-returned': {
      const { id: orderId, holdId, accountId, saleId, lineId, event, section } = order
      const gone = all.filter(({ state }) => state === 'refunding' || state === 'done')
      return [
        fact('orders.seats-returned.v1', {
          orderId,
          returnId: entry.id,
          holdId,
          accountId,
          saleId,
          lineId,
          event,
          section,
          seats: [...entry.seats],
          seatsLeft: order.seats.length - gone.reduce((count, { seats }) => count + seats.length, 0),
          refunded: money(entry.refund, entry.currency),
          kept: money(entry.paid - entry.refund, entry.currency),
          ...sharesOf(order, entry),
          reason: entry.reason,
          ...(entry.note ? { note: entry.note } : {}),
          at: new Date(now).toISOString(),
        }),
      ]
    }
  }
}

/** What of the fee and of the discount of an order is these seats'. */
function sharesOf(order: Order, { seats }: Return): { fee?: Money; discount?: Money } {
  const gone = new Set(seats.map(({ number }) => number))
  const share = (whole: Money) =>
    money(sum(splitMoney(whole, order.seats.length).filter((_, i) => gone.has(order.seats[i]!.number))), whole.currency)
  return extras({ fee: share(order.fee), discount: share(order.discount) })
}

/** The payment that the order was paid with: the only one whose money is here and not on its way back. */
function paymentOf({ order, payments }: Book): string | undefined {
  const captured = payments.filter(({ state }) => state === 'captured')
  return (captured.find(({ id }) => id === order.paymentId) ?? captured[0])?.id
}
