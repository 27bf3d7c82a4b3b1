import { Type, Strict, OneOf, Id, Instant, type Static } from '../schema.ts'
import { Money } from '../money.ts'
import { EventSummary, Late } from '../events.ts'
import { OrderReturn, cancellationRoutes } from './cancellations.ts'
import { route } from './route.ts'

export const orderStates = ['awaiting-payment', 'paying', 'fulfilled', 'expired', 'cancelled', 'refunded'] as const
export type OrderState = (typeof orderStates)[number]

export const Order = Strict({
  id: Type.String(),
  state: OneOf(orderStates),
  event: EventSummary,
  section: Strict({ id: Type.String(), name: Type.String() }),
  items: Type.Array(Strict({ seatId: Type.String(), label: Type.String(), price: Money })),
  fee: Type.Optional(Money),
  discount: Type.Optional(Money),
  total: Money,
  promoCode: Type.Optional(Type.String({ description: 'the code that the order uses' })),
  placedAt: Instant,
  payBy: Instant,
  refusal: Type.Union([Strict({ code: Type.String(), message: Type.String() }), Type.Null()], {
    description: 'why the last payment was not taken',
  }),
  acceptsEqualSeats: Type.Optional(
    Type.Boolean({ description: 'equal seats will do, should money come when these are gone' }),
  ),
  late: Type.Optional(Late),
  paymentRequestToken: Type.Optional(Type.String({ description: 'while the order may be paid' })),
  returns: Type.Optional(Type.Array(OrderReturn, { description: 'seats that went back, or are on their way' })),
  awaits: Type.Optional(
    Type.Literal('deposit', {
      description: 'until `payBy` the buyer may pay into the account of `GET /api/payments/deposits/{orderId}`',
    }),
  ),
})
export type Order = Static<typeof Order>

const Placed = Strict({
  order: Order,
  paymentRequestToken: Type.Optional(Type.String({ description: 'absent when there is nothing to pay' })),
})

export const placeOrder = route({
  method: 'POST',
  path: '/api/orders',
  caller: 'buyer',
  summary:
    'Turn a hold into an order to be paid. The same hold gives the same order. One that costs nothing is on its way to its tickets at once: follow it with `GET /api/orders/{id}?waitSeconds=10`',
  idempotent: true,
  body: Strict({
    holdToken: Type.String({ maxLength: 32_000 }),
    promoCode: Type.Optional(Type.String({ minLength: 1, maxLength: 60 })),
    acceptEqualSeats: Type.Optional(
      Type.Boolean({
        description:
          'should the money come when the seats are gone: equal ones (same section and price, together if these are) instead of a refund',
      }),
    ),
  }),
  answers: { 201: Placed, 200: Placed },
  errors: [
    'orders.hold-invalid',
    'orders.hold-expired',
    'orders.event-cancelled',
    'orders.code-unknown',
    'orders.code-used-up',
    'orders.code-not-yet',
    'orders.code-over',
    'orders.code-not-for-these-seats',
    'orders.code-needed',
    'http.too-many-requests',
  ],
})

export const listOrders = route({
  method: 'GET',
  path: '/api/orders',
  caller: 'buyer',
  summary: 'Your own orders, newest first',
  query: Strict({ cursor: Type.Optional(Type.String({ pattern: '^ord_[0-9a-z]{26}$' })) }),
  answers: { 200: Strict({ items: Type.Array(Order), nextCursor: Type.Union([Type.String(), Type.Null()]) }) },
})

export const getOrder = route({
  method: 'GET',
  path: '/api/orders/{id}',
  caller: 'buyer',
  summary: 'One of your own orders. With `waitSeconds` the answer waits for the end of the payment, at most that long',
  params: Strict({ id: Id }),
  query: Strict({ waitSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 25 })) }),
  answers: { 200: Order },
  errors: ['orders.order-not-found'],
})

export const cancelOrder = route({
  method: 'POST',
  path: '/api/orders/{id}/cancel',
  caller: 'buyer',
  summary:
    'Cancel. An unpaid order frees its seats at once. Of a fulfilled one all or some seats go back, for the refund that `GET /api/orders/{id}/refund` shows; follow `returns` with `GET /api/orders/{id}?waitSeconds=10`',
  idempotent: true,
  params: Strict({ id: Id }),
  body: Strict({
    seatIds: Type.Optional(
      Type.Array(Type.String({ maxLength: 80 }), {
        minItems: 1,
        maxItems: 1000,
        description: 'all that are left when absent',
      }),
    ),
    refund: Type.Optional(Money),
  }),
  answers: { 200: Order },
  errors: [
    'orders.order-not-found',
    'orders.not-cancellable',
    'orders.no-refunds',
    'orders.too-late-to-cancel',
    'orders.invalid-seats',
    'orders.refund-changed',
  ],
})

export const OrderFigures = Strict({
  eventId: Type.String(),
  byState: Type.Record(Type.String(), Type.Integer()),
  sections: Type.Array(
    Strict({ sectionId: Type.String(), name: Type.String(), seatsSold: Type.Integer(), revenue: Type.Integer() }),
  ),
  revenue: Money,
})
export type OrderFigures = Static<typeof OrderFigures>

export const orderFigures = route({
  method: 'GET',
  path: '/api/organiser/events/{id}/figures',
  caller: 'organiser',
  summary: 'Orders by state and money by section of an own event',
  params: Strict({ id: Id }),
  answers: { 200: OrderFigures },
  errors: ['catalog.event-not-found'],
})

export const orderRoutes = { placeOrder, listOrders, getOrder, cancelOrder, orderFigures, ...cancellationRoutes }
