import { Type, Strict, Instant, type Static } from '../schema.ts'
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

export const operationsRoutes = { audit, listParked, retryParked, lookUp }
