import { Type, Strict, OneOf, Id, Instant, type Static } from '../schema.ts'
import { returnReasons } from '../events.ts'
import { Money } from '../money.ts'
import { route } from './route.ts'

/**
 * `asked`: tickets are being taken back. `refunding`: money is on its way. `done`. `refused`: nothing came of it, because
 * somebody had been let in with one of the tickets.
 */
export const OrderReturn = Strict({
  id: Type.String(),
  state: OneOf(['asked', 'refunding', 'done', 'refused']),
  seatIds: Type.Array(Type.String()),
  refund: Money,
  kept: Money,
  reason: OneOf(returnReasons),
  note: Type.String(),
  usedSeatIds: Type.Optional(Type.Array(Type.String(), { description: 'why it was refused' })),
  askedAt: Instant,
})
export type OrderReturn = Static<typeof OrderReturn>

/** What goes back if these seats are cancelled before `until`. */
export const RefundQuote = Strict({
  orderId: Type.String(),
  seats: Type.Array(Strict({ seatId: Type.String(), label: Type.String(), paid: Money, refund: Money })),
  paid: Money,
  refund: Money,
  kept: Money,
  percent: Type.Integer(),
  feePerSeat: Money,
  until: Instant,
  isGrace: Type.Boolean({ description: 'all goes back because it was bought a short time ago' }),
})
export type RefundQuote = Static<typeof RefundQuote>

export const quoteRefund = route({
  method: 'GET',
  path: '/api/orders/{id}/refund',
  caller: 'buyer',
  summary: 'What goes back if seats of one of your fulfilled orders are cancelled now',
  params: Strict({ id: Id }),
  query: Strict({
    seatIds: Type.Optional(
      Type.String({ maxLength: 40_000, description: 'separated by commas; all that are left when absent' }),
    ),
  }),
  answers: { 200: RefundQuote },
  errors: [
    'orders.order-not-found',
    'orders.not-cancellable',
    'orders.no-refunds',
    'orders.too-late-to-cancel',
    'orders.invalid-seats',
  ],
})

/** An organiser's cancellation of many orders at once, with its progress. */
export const Cancellation = Strict({
  id: Type.String(),
  eventId: Type.String(),
  scope: OneOf(['orders', 'section', 'event']),
  sectionId: Type.Optional(Type.String()),
  percent: Type.Integer(),
  reason: OneOf(returnReasons),
  note: Type.String(),
  state: OneOf(['running', 'paused', 'done']),
  orders: Strict(
    { total: Type.Integer(), seen: Type.Integer() },
    { description: 'that there were at the beginning, and of which seats were taken back so far' },
  ),
  returns: Strict({
    asked: Type.Integer(),
    refunding: Type.Integer(),
    done: Type.Integer(),
    refused: Type.Integer(),
  }),
  seats: Type.Integer(),
  refund: Money,
  refunded: Money,
  createdAt: Instant,
  finishedAt: Type.Union([Instant, Type.Null()]),
})
export type Cancellation = Static<typeof Cancellation>

export const beginCancellation = route({
  method: 'POST',
  path: '/api/organiser/events/{id}/cancellations',
  caller: 'organiser',
  summary: 'Cancel orders of an own event, those of a section, or all: a job that refunds them one after the other',
  idempotent: true,
  params: Strict({ id: Id }),
  body: Strict({
    orderIds: Type.Optional(Type.Array(Id, { minItems: 1, maxItems: 1000 })),
    sectionId: Type.Optional(Id),
    percent: Type.Integer({ minimum: 0, maximum: 100, description: 'of what was paid, fees with it' }),
    note: Type.String({ maxLength: 500, description: 'shown to the buyers' }),
    evenUsed: Type.Optional(Type.Boolean({ description: 'also tickets that somebody has been let in with' })),
  }),
  answers: { 201: Cancellation },
  errors: ['catalog.event-not-found', 'orders.invalid-cancellation'],
})

export const listCancellations = route({
  method: 'GET',
  path: '/api/organiser/events/{id}/cancellations',
  caller: 'organiser',
  summary: 'Cancellations of an own event with their progress, newest first',
  params: Strict({ id: Id }),
  answers: { 200: Strict({ items: Type.Array(Cancellation) }) },
  errors: ['catalog.event-not-found'],
})

const changeCancellation = <const V extends 'pause' | 'resume'>(verb: V, summary: string) =>
  route({
    method: 'POST',
    path: `/api/organiser/cancellations/{id}/${verb}`,
    caller: 'organiser',
    summary,
    params: Strict({ id: Id }),
    answers: { 200: Cancellation },
    errors: ['orders.cancellation-not-found', 'orders.cancellation-done'],
  })

export const pauseCancellation = changeCancellation('pause', 'No further orders until it is resumed')
export const resumeCancellation = changeCancellation('resume', 'Go on where it was paused')

export const EventOrder = Strict({
  id: Type.String(),
  accountId: Type.String(),
  state: OneOf(['awaiting-payment', 'paying', 'fulfilled', 'expired', 'cancelled', 'refunded']),
  section: Strict({ id: Type.String(), name: Type.String() }),
  seats: Type.Array(Strict({ label: Type.String(), isReturned: Type.Boolean() })),
  total: Money,
  refunded: Money,
  placedAt: Instant,
})
export type EventOrder = Static<typeof EventOrder>

export const listEventOrders = route({
  method: 'GET',
  path: '/api/organiser/events/{id}/orders',
  caller: 'organiser',
  summary: 'Paid orders of an own event, newest first, with what was refunded',
  params: Strict({ id: Id }),
  query: Strict({
    cursor: Type.Optional(Type.String({ pattern: '^ord_[0-9a-z]{26}$' })),
    sectionId: Type.Optional(Id),
  }),
  answers: { 200: Strict({ items: Type.Array(EventOrder), nextCursor: Type.Union([Type.String(), Type.Null()]) }) },
  errors: ['catalog.event-not-found'],
})

export const cancellationRoutes = {
  quoteRefund,
  beginCancellation,
  listCancellations,
  pauseCancellation,
  resumeCancellation,
  listEventOrders,
}
