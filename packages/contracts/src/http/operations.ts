import { Type, Strict, OneOf, Id, Instant, type Static } from '../schema.ts'
import { Money } from '../money.ts'
import { route } from './route.ts'

export const AuditReport = Strict({
  at: Instant,
  invariantsHeld: Type.Boolean(),
  checks: Type.Array(
    Strict({
      name: Type.String(),
      held: Type.Boolean(),
      violations: Type.Integer(),
      detail: Type.Optional(Type.String()),
    }),
  ),
  figures: Type.Record(Type.String(), Type.Integer()),
})
export type AuditReport = Static<typeof AuditReport>

export const audit = route({
  method: 'GET',
  path: '/api/operations/audit',
  caller: 'admin',
  summary: 'Check every invariant in the database now',
  query: Strict({ eventId: Type.Optional(Type.String({ maxLength: 80 })) }),
  answers: { 200: AuditReport },
})

export const ParkedMessage = Strict({
  subscriber: Type.String(),
  id: Type.String(),
  type: Type.String(),
  key: Type.String(),
  reason: Type.String(),
  attempts: Type.Integer(),
  parkedAt: Instant,
})

export const listParked = route({
  method: 'GET',
  path: '/api/operations/parked',
  caller: 'admin',
  summary: 'Messages that could not be handled, with the reason',
  answers: { 200: Strict({ items: Type.Array(ParkedMessage) }) },
})

export const retryParked = route({
  method: 'POST',
  path: '/api/operations/parked/retry',
  caller: 'admin',
  summary: 'Hand parked messages to their subscriber again',
  body: Strict({
    subscriber: Type.Optional(Type.String({ maxLength: 60 })),
    id: Type.Optional(Type.String({ maxLength: 80 })),
  }),
  answers: { 200: Strict({ retried: Type.Integer() }) },
})

export const lookUp = route({
  method: 'POST',
  path: '/api/operations/lookup',
  caller: 'admin',
  summary: 'Which of these places, holds, orders and tickets are not in the database: settles what somebody was told',
  body: Strict({ ids: Type.Array(Type.String({ maxLength: 80 }), { maxItems: 1000 }) }),
  answers: { 200: Strict({ unknown: Type.Array(Type.String()) }) },
})

/**
 * `stuck`: it has waited too long for another module. `refund`: money should be back by now. `parked`: a message about
 * it could not be handled.
 */
export const OrderTrouble = Strict({
  orderId: Type.String(),
  why: OneOf(['stuck', 'refund', 'parked']),
  state: Type.Union([Type.String(), Type.Null()], { description: 'as the saga knows it' }),
  since: Instant,
  detail: Type.String(),
})
export type OrderTrouble = Static<typeof OrderTrouble>

export const listTroubledOrders = route({
  method: 'GET',
  path: '/api/operations/orders',
  caller: 'admin',
  summary: 'Orders that need a look: stuck, with a refund that is not done, or with a parked message; oldest first',
  query: Strict({ minutes: Type.Optional(Type.Integer({ minimum: 0, maximum: 100_000, description: 'how old; 5' })) }),
  answers: { 200: Strict({ items: Type.Array(OrderTrouble) }) },
})

const Nullable = Type.Union([Type.String(), Type.Null()])

export const OrderRecord = Strict({
  id: Type.String(),
  accountId: Type.String(),
  state: Type.String(),
  event: Strict({ id: Type.String(), name: Type.String() }),
  section: Type.String(),
  seats: Type.Array(Type.String()),
  total: Money,
  attempt: Type.Integer({ description: 'how often the seats were to be secured' }),
  refusal: Type.Union([Strict({ code: Type.String(), message: Type.String() }), Type.Null()]),
  placedAt: Instant,
  payBy: Instant,
  payments: Type.Array(Strict({ id: Type.String(), amount: Money, state: Type.String() })),
  history: Type.Array(
    Strict({
      at: Instant,
      event: Type.String(),
      from: Nullable,
      to: Type.String(),
      asked: Type.Array(Type.String(), { description: 'of inventory, payments and whoever listens' }),
    }),
    { description: 'every step of the order' },
  ),
  paymentHistory: Type.Array(
    Strict({
      paymentId: Type.String(),
      at: Instant,
      event: Type.String(),
      from: Nullable,
      to: Type.String(),
      detail: Nullable,
    }),
  ),
  parked: Type.Array(ParkedMessage),
})
export type OrderRecord = Static<typeof OrderRecord>

export const showOrder = route({
  method: 'GET',
  path: '/api/operations/orders/{id}',
  caller: 'admin',
  summary: 'One order with everything that happened to it, what each step asked, and what of it is parked',
  params: Strict({ id: Id }),
  answers: { 200: OrderRecord },
  errors: ['orders.order-not-found'],
})

export const replayOrder = route({
  method: 'POST',
  path: '/api/operations/orders/{id}/replay',
  caller: 'admin',
  summary:
    'Ask again for what the order waits for, and hand its parked messages to their subscribers again. Pressing twice does no harm',
  params: Strict({ id: Id }),
  answers: { 200: Strict({ asked: Type.Integer(), retried: Type.Integer() }) },
  errors: ['orders.order-not-found'],
})

export const operationsRoutes = {
  audit,
  listParked,
  retryParked,
  lookUp,
  listTroubledOrders,
  showOrder,
  replayOrder,
}
