import type { EventData, EventSummary, ReturnReason } from '@fairgate/contracts/events'
import type { Money } from '@fairgate/contracts/money'
import { fact, type Fact } from '#platform/bus'
import { publicState, table, type Command, type Event, type State } from './order.ts'

export type OrderSeat = { number: number; label: string }

/** One order. Times are epoch milliseconds. */
export type Order = {
  id: string
  holdId: string
  accountId: string
  saleId: string
  lineId: string
  event: EventSummary
  section: { id: string; name: string }
  seats: readonly OrderSeat[]
  unitPrice: Money
  fee: Money
  discount: Money
  /** The price of the seats and the fee, less the discount. */
  total: Money
  promoCode: string | null
  state: State
  /** Steps taken so far. */
  version: number
  /** How often the hold was to be secured, and for which payment the last time. */
  attempt: number
  paymentId: string | null
  /** How many payments were refused. */
  refusals: number
  /** How often inventory refused to sell. */
  sellRefusals: number
  /** Why the last payment was not taken. */
  refusal: { code: string; message: string } | null
  refusedAt: number | null
  /** The time to pay that the order began with. */
  holdSeconds: number
  /** The buyer agreed beforehand to equal seats, should money come when theirs are gone. */
  acceptEqualSeats: boolean
  /** Money came after the order had ended unpaid. */
  isLate: boolean
  /** The seats that were ordered, if the order has others now. */
  firstSeats: readonly OrderSeat[] | null
  /** How often seats were to go back (`return.ts`), and how many of these wait for tickets. */
  returns: number
  returnsAsked: number
  placedAt: number
  payBy: number
  updatedAt: number
}

/** What the order last knew of a payment. Only `captured` and `refunding` is money that we have. */
export type PaymentState = 'requested' | 'declined' | 'refused' | 'captured' | 'refunding' | 'refunded'
export type Payment = { id: string; amount: Money; state: PaymentState }

/** An order and its books: all that a decision about it depends on. */
export type Book = { order: Order; payments: readonly Payment[] }

/** The facts that orders listen to, one order each. */
export const heard = [
  'payments.payment-requested.v1',
  'payments.payment-awaited.v1',
  'payments.payment-captured.v1',
  'payments.payment-refused.v1',
  'payments.payment-refunded.v1',
  'inventory.hold-secured.v1',
  'inventory.hold-lost.v1',
  'inventory.hold-returned.v1',
  'inventory.seats-sold.v1',
  'inventory.sell-refused.v1',
] as const

/** Something that happened: a fact of another module, or an impulse of our own. */
export type Happening =
  | { [T in (typeof heard)[number]]: { type: T; data: EventData<T> } }[(typeof heard)[number]]
  | { type: 'nothing-to-pay' }
  | { type: 'deadline' }
  | { type: 'cancel'; reason?: ReturnReason }
  | { type: 'refund'; reason: string }
  | { type: 'all-returned'; isMoneyKept: boolean }

/** A line of the order's history. */
export type HistoryLine = { version: number; at: number; event: Event; from: State; to: State }

export type Progress = { book: Book; facts: readonly Fact[]; history: readonly HistoryLine[] }

/** After the first refusal the buyer has at least this long to try another card, or as long as at first if that is longer. */
const secondChanceSeconds = 600

/** Nothing is to be paid, so the saga goes past payments. */
export const isFree = ({ total }: Pick<Order, 'total'>): boolean => total.amount === 0

/**
 * Takes an order one step on: what happened → the table's outcome → new books, and facts for the others. A happening
 * that the books already know changes nothing, so every fact may come twice.
 * @returns 'refuse' when this cannot happen in the order's state
 */
export function advance(book: Book, happening: Happening, now: number): Progress | 'refuse' {
  const { order } = book
  switch (happening.type) {
    case 'payments.payment-requested.v1': {
      const { paymentId: id, amount } = happening.data
      if (find(book, id)) return unchanged(book)
      const reason = publicState[order.state] === 'paying' ? 'another-payment-under-way' : 'order-ended'
      return take(note(book, { id, amount, state: 'requested' }), 'payment-requested', { paymentId: id, reason }, now)
    }
    case 'payments.payment-awaited.v1': {
      const { paymentId, until } = happening.data
      if (paymentId !== order.paymentId) return unchanged(book)
      return take(book, 'payment-awaited', { payBy: Date.parse(until) }, now)
    }
    case 'payments.payment-captured.v1': {
      const { paymentId: id, amount } = happening.data
      if (hasMoneyCome(find(book, id))) return unchanged(book)
      if (amount.amount !== order.total.amount || amount.currency !== order.total.currency) {
        throw new Error(
          `payment ${id} captured ${amount.amount} ${amount.currency}, order ${order.id} costs ${order.total.amount} ${order.total.currency}`,
        )
      }
      const event = id === order.paymentId ? 'payment-captured' : 'other-captured'
      const reason = order.state === 'refunded' || order.state === 'refunding' ? 'order-ended' : 'paid-twice'
      return take(note(book, { id, amount, state: 'captured' }), event, { paymentId: id, reason }, now)
    }
    case 'payments.payment-refused.v1': {
      const { paymentId: id, code, message } = happening.data
      const known = find(book, id)
      // A payment that was declined, or captured after all, has its answer; a refusal adds nothing.
      if (known && known.state !== 'requested') return unchanged(book)
      const noted = note(book, { id, amount: order.total, state: 'refused' })
      return id === order.paymentId
        ? take(noted, 'payment-refused', { refusal: { code, message }, ...notPaidIn(order, now) }, now)
        : unchanged(noted)
    }
    case 'payments.payment-refunded.v1': {
      const { paymentId: id, refundedTotal } = happening.data
      const known = find(book, id)
      if (known?.state === 'refunded') return unchanged(book)
      // The return of a part is of no concern here as long as money is left.
      if (refundedTotal && refundedTotal.amount < (known?.amount ?? order.total).amount) return unchanged(book)
      if (!known || !isMoneyHere(known)) {
        // What has gone back had come before; the news of it is still on its way.
        const capturedAt = new Date(now).toISOString()
        const data = { orderId: order.id, paymentId: id, amount: order.total, capturedAt }
        const captured = advance(book, { type: 'payments.payment-captured.v1', data }, now)
        return captured === 'refuse' ? captured : join(captured, advance(captured.book, happening, now))
      }
      const noted = note(book, { ...known, state: 'refunded' })
      if (noted.payments.some(isMoneyHere)) return unchanged(noted)
      const reason = order.refusal?.code === seatsLost ? 'seats-lost' : 'money-returned'
      return take(noted, 'payment-refunded', { reason }, now)
    }
    case 'inventory.hold-secured.v1': {
      const { attempt, seats } = happening.data
      if (attempt !== order.attempt) return take(book, 'hold-secured-before', {}, now)
      return take(book, isFree(order) ? 'hold-secured-free' : 'hold-secured', seats ? { seats } : {}, now)
    }
    case 'inventory.hold-lost.v1': {
      if (happening.data.attempt !== order.attempt) return unchanged(book)
      return take(
        book,
        'hold-lost',
        { reason: 'seats-lost', refusal: { code: seatsLost, message: happening.data.reason } },
        now,
      )
    }
    case 'inventory.hold-returned.v1': {
      // A hold's end never moves back: an earlier one is the copy of an earlier answer.
      const payBy = Math.max(order.payBy, Date.parse(happening.data.expiresAt))
      const isOld = order.state === 'awaiting-payment' && payBy === order.payBy
      return isOld ? unchanged(book) : take(book, 'hold-returned', { payBy }, now)
    }
    case 'inventory.seats-sold.v1': {
      const { seats } = happening.data
      return take(book, 'seats-sold', seats ? { seats } : {}, now)
    }
    case 'inventory.sell-refused.v1': {
      const refusal = { code: seatsLost, message: happening.data.reason }
      const event = order.sellRefusals === 0 ? 'sell-refused' : 'sell-refused-again'
      return take(book, isFree(order) ? 'sell-refused-free' : event, { reason: 'seats-lost', refusal }, now)
    }
    case 'nothing-to-pay':
      return take(book, 'nothing-to-pay', {}, now)
    case 'deadline':
      // Somebody may have given the order more time since the caller looked.
      return order.payBy > now ? unchanged(book) : take(book, 'deadline', { reason: 'not-paid-in-time' }, now)
    case 'cancel':
      return take(book, 'cancel', { reason: cancelReason(happening.reason ?? 'buyer') }, now)
    case 'refund':
      return take(book, isFree(order) ? 'refund-free' : 'refund', { reason: happening.reason }, now)
    case 'all-returned': {
      const isGone = ({ state }: Payment) => state === 'captured' && !happening.isMoneyKept
      const payments = book.payments.map((payment): Payment =>
        isGone(payment) ? { ...payment, state: 'refunded' } : payment,
      )
      return take({ order, payments }, 'all-returned', { reason: 'seats-returned' }, now)
    }
  }
}

/** The time to pay that a deposit was given ends with it; what is left of the hold's own comes back with the hold. */
const notPaidIn = ({ state }: Order, now: number) => (state === 'awaiting-deposit' ? { payBy: now } : {})

/** What an event says beyond its name. */
type Particulars = {
  paymentId?: string
  reason?: string
  refusal?: { code: string; message: string }
  payBy?: number
  seats?: readonly OrderSeat[]
}

function take(book: Book, event: Event, particulars: Particulars, now: number): Progress | 'refuse' {
  const from = book.order.state
  const outcome = table[from][event]
  if (outcome === 'refuse') return 'refuse'
  if (outcome === 'ignore') return unchanged(book)

  const isNewAttempt = outcome.commands.some((command) => command === 'secure' || command === 'secure-late')
  const order: Order = {
    ...book.order,
    ...(isNewAttempt
      ? { attempt: book.order.attempt + 1, paymentId: particulars.paymentId ?? book.order.paymentId, refusal: null }
      : {}),
    ...(particulars.refusal ? { refusal: particulars.refusal, refusedAt: now } : {}),
    ...(particulars.payBy !== undefined ? { payBy: particulars.payBy } : {}),
    ...(outcome.to === 'fulfilled' ? { refusal: null } : {}),
    ...(outcome.to === 'reclaiming' && (from === 'expired' || from === 'cancelled') ? { isLate: true } : {}),
    ...((outcome.to === 'selling' || outcome.to === 'fulfilled') && particulars.seats
      ? seated(book.order, particulars.seats)
      : {}),
    refusals: book.order.refusals + (event === 'payment-refused' ? 1 : 0),
    sellRefusals: book.order.sellRefusals + (event === 'sell-refused' ? 1 : 0),
    state: outcome.to,
    version: book.order.version + 1,
    updatedAt: now,
  }
  let next: Book = { order, payments: book.payments }
  const facts: Fact[] = []
  for (const command of outcome.commands) {
    const concerned = paymentsOf(command, next, particulars)
    for (const { payment, state } of concerned) next = note(next, { ...payment, state })
    facts.push(
      ...factsOf(
        command,
        order,
        concerned.map(({ payment }) => payment),
        particulars.reason ?? event,
        now,
      ),
    )
  }
  return { book: next, facts, history: [{ version: order.version, at: now, event, from, to: outcome.to }] }
}

/** What inventory secured may be other seats than were ordered, where the buyer agreed to that. */
function seated({ seats, firstSeats }: Order, secured: readonly OrderSeat[]): Partial<Order> {
  const isSame = seats.length === secured.length && seats.every(({ number }, i) => number === secured[i]!.number)
  return isSame ? {} : { seats: secured, firstSeats: firstSeats ?? seats }
}

/** The payments that a command is about, and what it makes of them in the books. */
function paymentsOf(
  command: Command,
  { order, payments }: Book,
  { paymentId }: Particulars,
): { payment: Payment; state: PaymentState }[] {
  const one = (state: PaymentState) => {
    const payment = payments.find(({ id }) => id === (paymentId ?? order.paymentId))
    return payment ? [{ payment, state }] : []
  }
  if (command === 'decline') return one('declined')
  if (command === 'refund') return one('refunding')
  if (command === 'refund-all')
    return payments.filter(({ state }) => state === 'captured').map((payment) => ({ payment, state: 'refunding' }))
  return []
}

function factsOf(command: Command, order: Order, payments: readonly Payment[], reason: string, now: number): Fact[] {
  const ids = { orderId: order.id, holdId: order.holdId }
  const { accountId, saleId, lineId, event, total } = order
  switch (command) {
    case 'secure':
    case 'secure-late':
      return [
        fact('orders.secure-requested.v1', {
          ...ids,
          attempt: order.attempt,
          late: command === 'secure-late',
          ...(command === 'secure-late' && order.acceptEqualSeats ? { equal: true } : {}),
        }),
      ]
    case 'capture':
      return [fact('orders.capture-requested.v1', { orderId: order.id, paymentId: order.paymentId! })]
    case 'decline':
      return payments.map(({ id }) => fact('orders.payment-declined.v1', { orderId: order.id, paymentId: id, reason }))
    case 'sell':
      return [fact('orders.sell-requested.v1', { ...ids, ...(order.acceptEqualSeats ? { equal: true } : {}) })]
    case 'return':
      return [
        fact('orders.return-requested.v1', {
          ...ids,
          holdSeconds: order.refusals === 1 ? Math.max(secondChanceSeconds, order.holdSeconds) : 0,
        }),
      ]
    case 'return-as-it-was':
      return [fact('orders.return-requested.v1', { ...ids, holdSeconds: 0 })]
    case 'release':
    case 'release-sold':
      return [fact('orders.release-requested.v1', { ...ids, sold: command === 'release-sold' })]
    case 'refund':
    case 'refund-all':
      return payments.map(({ id, amount }) =>
        fact('orders.refund-requested.v1', { orderId: order.id, paymentId: id, amount, reason }),
      )
    case 'tell-fulfilled':
      return [
        fact('orders.order-fulfilled.v1', {
          ...orderFacts(order),
          fulfilledAt: new Date(now).toISOString(),
          ...lateness(order),
        }),
      ]
    case 'tell-ended': {
      const { state } = order
      if (state !== 'expired' && state !== 'cancelled' && state !== 'refunded') throw new Error(`${state} is no end`)
      return [
        fact('orders.order-ended.v1', { orderId: order.id, accountId, saleId, lineId, event, total, state, reason }),
      ]
    }
  }
}

/** How payments and others are told whose wish it was. */
export const cancelReason = (reason: ReturnReason): string =>
  reason === 'event-cancelled' ? reason : `cancelled-by-${reason}`

/** What an order asks in the state in which it waits for the answer. */
const askedIn: Partial<Record<State, Command>> = {
  securing: 'secure',
  capturing: 'capture',
  selling: 'sell',
  returning: 'return',
  reclaiming: 'secure-late',
}

/** What the order waits for, asked once more. Whoever is asked answers again and does nothing twice. */
export function askAgain({ order, payments }: Book, now: number): Fact[] {
  const command = askedIn[order.state]
  const refunding = payments.filter(({ state }) => state === 'refunding')
  return [
    ...(command ? factsOf(command, order, [], 'asked-again', now) : []),
    ...factsOf('refund-all', order, refunding, 'asked-again', now),
  ]
}

/** What others are told of an order. */
export function orderFacts(order: Order) {
  const { id, holdId, accountId, saleId, lineId, event, section, seats, unitPrice, total } = order
  return {
    orderId: id,
    holdId,
    accountId,
    saleId,
    lineId,
    event,
    section,
    seats: [...seats],
    unitPrice,
    ...extras(order),
    total,
  }
}

/** The fee and the discount of orders that have one. */
export const extras = ({ fee, discount }: Pick<Order, 'fee' | 'discount'>): { fee?: Money; discount?: Money } => ({
  ...(fee.amount > 0 ? { fee } : {}),
  ...(discount.amount > 0 ? { discount } : {}),
})

/** For who was told that the order had ended, or gets other seats than were ordered; empty for everybody else. */
export const lateness = ({ isLate, firstSeats }: Order): { late?: { seatsBefore: string[] } } =>
  isLate || firstSeats ? { late: { seatsBefore: (firstSeats ?? []).map(({ label }) => label) } } : {}

const seatsLost = 'orders.seats-lost'
const find = (book: Book, id: string) => book.payments.find((payment) => payment.id === id)
const isMoneyHere = (payment: Payment) => payment.state === 'captured' || payment.state === 'refunding'
const hasMoneyCome = (payment: Payment | undefined) =>
  payment !== undefined && (isMoneyHere(payment) || payment.state === 'refunded')
const unchanged = (book: Book): Progress => ({ book, facts: [], history: [] })

const note = (book: Book, payment: Payment): Book => ({
  order: book.order,
  payments: [...book.payments.filter(({ id }) => id !== payment.id), payment],
})

function join(first: Progress, second: Progress | 'refuse'): Progress | 'refuse' {
  if (second === 'refuse') return second
  return { book: second.book, facts: [...first.facts, ...second.facts], history: [...first.history, ...second.history] }
}
