import { Type, Strict, OneOf, Id, Instant, type Static } from '../schema.ts'
import { EventSummary } from '../events.ts'
import { route } from './route.ts'

export const Ticket = Strict({
  id: Type.String(),
  orderId: Type.String(),
  event: EventSummary,
  section: Strict({ id: Type.String(), name: Type.String() }),
  seat: Strict({ id: Type.String(), label: Type.String() }),
  state: OneOf(['valid', 'used', 'revoked']),
  code: Type.String({ description: 'what the QR code holds' }),
  usedAt: Type.Union([Instant, Type.Null()]),
})
export type Ticket = Static<typeof Ticket>

export const listTickets = route({
  method: 'GET',
  path: '/api/tickets',
  caller: 'buyer',
  summary: 'Your own tickets, newest first',
  query: Strict({ cursor: Type.Optional(Type.String({ pattern: '^tkt_[0-9a-z]{26}$' })), orderId: Type.Optional(Id) }),
  answers: { 200: Strict({ items: Type.Array(Ticket), nextCursor: Type.Union([Type.String(), Type.Null()]) }) },
})

export const getTicket = route({
  method: 'GET',
  path: '/api/tickets/{id}',
  caller: 'buyer',
  summary: 'One of your own tickets',
  params: Strict({ id: Id }),
  answers: { 200: Ticket },
  errors: ['tickets.ticket-not-found'],
})

export const checkIn = route({
  method: 'POST',
  path: '/api/check-ins',
  caller: 'staff',
  summary: 'Let the holder of a ticket in, once',
  body: Strict({ code: Type.String({ minLength: 1, maxLength: 1000 }) }),
  answers: {
    201: Strict({
      ticket: Strict({
        id: Type.String(),
        event: EventSummary,
        section: Strict({ id: Type.String(), name: Type.String() }),
        label: Type.String(),
      }),
      usedAt: Instant,
    }),
  },
  errors: ['tickets.code-invalid', 'tickets.already-used', 'tickets.revoked'],
})

export const ticketRoutes = { listTickets, getTicket, checkIn }
