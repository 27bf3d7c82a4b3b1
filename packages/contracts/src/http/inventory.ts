import { Type, Strict, Id, Instant, type Static } from '../schema.ts'
import { Money } from '../money.ts'
import { route } from './route.ts'
import { stockRoutes } from './stock.ts'

/** Status codes of the availability document, 2 bits a seat, the first seat in the lowest bits of the first byte. */
export const seatStatus = { free: 0, held: 1, sold: 2, blocked: 3 } as const

export const Availability = Strict({
  sectionId: Type.String(),
  version: Type.Integer(),
  free: Type.Integer(),
  held: Type.Integer({ description: 'held or being paid for' }),
  sold: Type.Integer(),
  blocked: Type.Integer(),
  status: Type.String({ description: '2 bits a seat, base64, seat order of the geometry' }),
})
export type Availability = Static<typeof Availability>

export const Hold = Strict({
  id: Type.String(),
  sectionId: Type.String(),
  seats: Type.Array(Strict({ id: Type.String(), label: Type.String() })),
  total: Money,
  expiresAt: Instant,
})
export type Hold = Static<typeof Hold>

export const getAvailability = route({
  method: 'GET',
  path: '/api/sections/{id}/availability',
  caller: 'anyone',
  summary: 'What is free. `Accept: application/octet-stream` gives the bare status bytes',
  params: Strict({ id: Id }),
  answers: { 200: Availability },
  errors: ['inventory.section-not-found'],
  cache: 'public, max-age=1',
})

export const placeHold = route({
  method: 'POST',
  path: '/api/holds',
  caller: 'buyer',
  summary:
    'Keep chosen seats, or any `count` (side by side with `together`): all or none. `inventory.seat-taken` lists the `taken` ones and, in `nearby`, up to three groups of as many seats side by side that were free a moment ago',
  idempotent: true,
  body: Strict({
    passToken: Type.Optional(Type.String({ maxLength: 8000, description: 'needed unless there is an allotmentCode' })),
    allotmentCode: Type.Optional(
      Type.String({ maxLength: 8000, description: 'instead of a pass: the right to the seats of an allotment' }),
    ),
    sectionId: Id,
    seatIds: Type.Optional(Type.Array(Type.String({ maxLength: 80 }), { minItems: 1, maxItems: 100 })),
    count: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
    together: Type.Optional(Type.Boolean()),
    accessible: Type.Optional(
      Type.Boolean({ description: 'I need accessible seats: with a count, one of them and seats beside it' }),
    ),
  }),
  answers: { 201: Strict({ hold: Hold, holdToken: Type.String() }) },
  errors: [
    'inventory.section-not-found',
    'inventory.pass-invalid',
    'inventory.pass-expired',
    'inventory.pass-ended',
    'inventory.allotment-invalid',
    'inventory.allotment-over',
    'inventory.not-on-sale',
    'inventory.invalid-seats',
    'inventory.seat-taken',
    'inventory.sold-out',
    'inventory.no-adjacent',
    'inventory.limit-reached',
    'http.overloaded',
  ],
})

export const getHold = route({
  method: 'GET',
  path: '/api/holds/{id}',
  caller: 'buyer',
  summary: 'One of your own live holds',
  params: Strict({ id: Id }),
  answers: { 200: Strict({ hold: Hold, holdToken: Type.String() }) },
  errors: ['inventory.hold-not-found'],
})

export const myHolds = route({
  method: 'GET',
  path: '/api/holds',
  caller: 'buyer',
  summary: 'Your own live holds',
  answers: { 200: Strict({ items: Type.Array(Strict({ hold: Hold, holdToken: Type.String() })) }) },
})

export const releaseHold = route({
  method: 'DELETE',
  path: '/api/holds/{id}',
  caller: 'buyer',
  summary: 'Give the seats back',
  params: Strict({ id: Id }),
  answers: { 204: null },
  errors: ['inventory.hold-not-found', 'inventory.hold-in-use'],
})

export const inventoryRoutes = { getAvailability, placeHold, getHold, myHolds, releaseHold, ...stockRoutes }
