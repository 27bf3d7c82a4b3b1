import { Type, Strict, Id, Instant, type Static } from '../schema.ts'
import { EventSummary } from '../events.ts'
import { Money } from '../money.ts'
import { route } from './route.ts'

const text = (maxLength: number, description: string) => Type.Optional(Type.String({ maxLength, description }))

/** Who sells, as a receipt says it. */
export const Seller = Strict({
  name: text(120, 'as registered'),
  registrationNumber: text(60, 'of the business'),
  address: text(300, ''),
  taxNote: text(300, 'such as "VAT included" or why there is none'),
})
export type Seller = Static<typeof Seller>

export const Receipt = Strict({
  number: Type.String({ description: 'the same whenever it is asked for' }),
  orderId: Type.String(),
  event: EventSummary,
  section: Strict({ id: Type.String(), name: Type.String() }),
  seller: Seller,
  items: Type.Array(Strict({ label: Type.String(), price: Money })),
  fee: Type.Optional(Money),
  discount: Type.Optional(Money),
  promoCode: Type.Optional(Type.String()),
  total: Money,
  placedAt: Instant,
  payments: Type.Array(Strict({ paymentId: Type.String(), amount: Money, paidAt: Instant })),
  refunds: Type.Array(
    Strict({
      amount: Money,
      kept: Type.Optional(Money),
      seats: Type.Array(Type.String(), { description: 'labels; none where a payment went back as it was' }),
      isDone: Type.Boolean({ description: 'the provider has given it back' }),
      at: Instant,
    }),
  ),
  paid: Money,
})
export type Receipt = Static<typeof Receipt>

const params = Strict({ id: Id })

export const getReceipt = route({
  method: 'GET',
  path: '/api/orders/{id}/receipt',
  caller: 'buyer',
  summary: 'What an own order cost, how it was paid and what went back',
  params,
  answers: { 200: Receipt },
  errors: ['orders.order-not-found', 'orders.no-receipt'],
})

export const getSeller = route({
  method: 'GET',
  path: '/api/organiser/events/{id}/seller',
  caller: 'organiser',
  summary: 'Who sells, as receipts of an own event say it',
  params,
  answers: { 200: Seller },
  errors: ['catalog.event-not-found'],
})

export const setSeller = route({
  method: 'PUT',
  path: '/api/organiser/events/{id}/seller',
  caller: 'organiser',
  summary: 'Say who sells, from the first published sale on. Receipts show it from then on',
  params,
  body: Seller,
  answers: { 200: Seller },
  errors: ['catalog.event-not-found'],
})

export const receiptRoutes = { getReceipt, getSeller, setSeller }
