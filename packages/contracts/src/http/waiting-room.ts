import { Type, Strict, OneOf, Id, Instant, type Static } from '../schema.ts'
import { route } from './route.ts'

export const linePhases = ['scheduled', 'gathering', 'open', 'paused', 'sold-out', 'closed'] as const
export type LinePhase = (typeof linePhases)[number]

/** The one document that everybody in a line reads; the same for all, so any cache may keep it for a second. */
export const LineDocument = Strict({
  id: Type.String(),
  saleId: Type.String(),
  eventId: Type.String(),
  name: Type.String(),
  sectionIds: Type.Array(Type.String()),
  phase: OneOf(linePhases),
  opensAt: Instant,
  closesAt: Instant,
  serverTime: Instant,
  arrivals: Type.Integer({ description: 'places given so far' }),
  draw: Strict({
    commitment: Type.Union([Type.String(), Type.Null()]),
    entrants: Type.Optional(Type.Integer()),
    entrantsRoot: Type.Optional(Type.String()),
    seed: Type.Optional(Type.String()),
  }),
  frontier: Type.Integer({ description: 'positions up to here may go in' }),
  admittedPerMinute: Type.Integer(),
  shoppers: Type.Integer({ description: 'people inside now' }),
  stock: Strict({ free: Type.Integer(), held: Type.Integer(), sold: Type.Integer() }),
  poll: Type.Array(Strict({ aheadMax: Type.Union([Type.Integer(), Type.Null()]), everyMs: Type.Integer() }), {
    description: 'read again after everyMs of the first entry whose aheadMax is not below the people ahead; null is everybody else',
  }),
  shoppersMax: Type.Optional(Type.Integer({ description: 'most people inside at a time' })),
  admitPerMinute: Type.Optional(Type.Integer({ description: 'most people called in a minute' })),
  claimSeconds: Type.Optional(Type.Integer({ description: 'a called person who has not gone in after this loses the place' })),
})
export type LineDocument = Static<typeof LineDocument>

export const Place = Strict({ id: Type.String(), lineId: Type.String(), number: Type.Integer(), joinedAt: Instant })
export type Place = Static<typeof Place>

const params = Strict({ id: Id })

export const getLine = route({
  method: 'GET',
  path: '/api/lines/{id}',
  caller: 'anyone',
  summary: 'The shared document of a line',
  params,
  answers: { 200: LineDocument },
  errors: ['waiting-room.line-not-found'],
  cache: 'public, max-age=1',
})

export const lineEvents = route({
  method: 'GET',
  path: '/api/lines/{id}/events',
  caller: 'anyone',
  summary: 'The shared document as an event stream (`event: line`)',
  params,
  answers: { 200: null },
  media: 'text/event-stream',
  errors: ['waiting-room.line-not-found', 'http.overloaded'],
})

export const joinLine = route({
  method: 'POST',
  path: '/api/lines/{id}/places',
  caller: 'buyer',
  summary: 'Join. Joining again returns the same place (200)',
  params,
  body: Strict({ challenge: Type.Optional(Type.String({ maxLength: 8000 })) }),
  answers: { 201: Strict({ place: Place, placeToken: Type.String() }), 200: Strict({ place: Place, placeToken: Type.String() }) },
  errors: [
    'waiting-room.line-not-found',
    'waiting-room.not-open',
    'waiting-room.closed',
    'waiting-room.sold-out',
    'waiting-room.in-another-line',
    'identity.not-verified',
    'http.overloaded',
  ],
})

export const claimPass = route({
  method: 'POST',
  path: '/api/lines/{id}/passes',
  caller: 'buyer',
  summary: 'Go in when the frontier has reached your position. Claiming again returns the same pass',
  params,
  body: Strict({ placeToken: Type.String({ maxLength: 2000 }) }),
  answers: {
    201: Strict({ passToken: Type.String(), expiresAt: Instant, sectionIds: Type.Array(Type.String()) }),
    200: Strict({ passToken: Type.String(), expiresAt: Instant, sectionIds: Type.Array(Type.String()) }),
  },
  errors: [
    'waiting-room.line-not-found',
    'waiting-room.not-yet',
    'waiting-room.paused',
    'waiting-room.lapsed',
    'waiting-room.place-invalid',
    'waiting-room.pass-used',
    'waiting-room.sold-out',
    'waiting-room.closed',
  ],
})

export const leaveLine = route({
  method: 'DELETE',
  path: '/api/lines/{id}/passes',
  caller: 'buyer',
  summary: 'Leave: the pass ends and the next person is called',
  params,
  answers: { 204: null },
  errors: ['waiting-room.line-not-found'],
})

export const pauseLine = route({
  method: 'POST',
  path: '/api/lines/{id}/pause',
  caller: 'organiser',
  summary: 'Stop admitting; nobody loses a place',
  params,
  answers: { 200: LineDocument },
  errors: ['waiting-room.line-not-found'],
})

export const resumeLine = route({ ...pauseLine, path: '/api/lines/{id}/resume', summary: 'Admit again' })

export const changeLine = route({
  method: 'PATCH',
  path: '/api/lines/{id}',
  caller: 'organiser',
  summary: 'Change how many may be inside and how fast people are admitted',
  params,
  body: Strict({
    shoppersMax: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
    admitPerMinute: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
  }),
  answers: { 200: LineDocument },
  errors: ['waiting-room.line-not-found'],
})

export const waitingRoomRoutes = { getLine, lineEvents, joinLine, claimPass, leaveLine, pauseLine, resumeLine, changeLine }
