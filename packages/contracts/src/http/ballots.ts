import { Type, Strict, OneOf, Id, Instant, type Static } from '../schema.ts'
import { ballotMoves } from '../allot.ts'
import { route } from './route.ts'
import { DrawDocument } from './waiting-room.ts'

/** Applications are taken while it is `open`; after the draw awards are made until it is `closed`. */
export const ballotPhases = ['scheduled', 'open', 'drawing', 'awarding', 'closed'] as const
export type BallotPhase = (typeof ballotPhases)[number]

export const BallotDocument = Strict({
  saleId: Type.String(),
  eventId: Type.String(),
  phase: OneOf(ballotPhases),
  /** The event is cancelled, and the ballot with it. */
  cancelledAt: Type.Optional(Instant),
  opensAt: Instant,
  drawAt: Instant,
  closesAt: Instant,
  serverTime: Instant,
  payBySeconds: Type.Integer({ description: 'how long an award lasts' }),
  limitPerAccount: Type.Integer({ description: 'most places of an application' }),
  moves: OneOf(ballotMoves),
  applications: Type.Integer({ description: 'not counting withdrawn ones' }),
  reserve: Type.Integer({ description: 'after the draw: applications without an award, in the order of the draw' }),
  lines: Type.Array(
    Strict({
      id: Type.String(),
      name: Type.String(),
      course: Type.Optional(Type.String()),
      sectionIds: Type.Array(Type.String()),
      places: Type.Integer({ description: 'that the sale has; after the draw, that it gave out' }),
      firstPreferences: Type.Integer(),
      preferences: Type.Integer({ description: 'applications that name the line at all' }),
      awards: Strict(
        { open: Type.Integer(), bought: Type.Integer(), declined: Type.Integer(), lapsed: Type.Integer() },
        { description: 'awards by what became of them' },
      ),
    }),
  ),
  draw: DrawDocument,
})
export type BallotDocument = Static<typeof BallotDocument>

export const applicationStates = ['active', 'withdrawn'] as const
export type ApplicationState = (typeof applicationStates)[number]

export const Application = Strict({
  id: Type.String(),
  saleId: Type.String(),
  number: Type.Integer({ description: 'from 1, never changed' }),
  preferences: Type.Array(Type.String(), { description: 'lines, the dearest first' }),
  quantity: Type.Integer(),
  state: OneOf(applicationStates),
  appliedAt: Instant,
  changedAt: Instant,
  position: Type.Union([Type.Integer(), Type.Null()], { description: 'in the order of the draw; null before it' }),
})
export type Application = Static<typeof Application>

/** `withdrawn`: the event was cancelled before it was bought. */
export const awardStates = ['awarded', 'bought', 'declined', 'lapsed', 'returned', 'withdrawn'] as const
export type AwardState = (typeof awardStates)[number]

/** The right to buy. `kind` tells the awards of a ballot from those of an auction. */
export const Award = Strict({
  id: Type.String(),
  kind: OneOf(['ballot']),
  saleId: Type.String(),
  eventId: Type.String(),
  eventName: Type.String(),
  line: Strict({ id: Type.String(), name: Type.String() }),
  sectionIds: Type.Array(Type.String()),
  quantity: Type.Integer({ description: 'most places that it buys' }),
  bought: Type.Integer(),
  how: OneOf(['preference', 'moved-down']),
  fromReserve: Type.Boolean({ description: 'made after the draw, from places that others left' }),
  state: OneOf(awardStates),
  awardedAt: Instant,
  payBy: Instant,
})
export type Award = Static<typeof Award>

const params = Strict({ id: Id })

export const getBallot = route({
  method: 'GET',
  path: '/api/ballots/{id}',
  caller: 'anyone',
  summary: 'The shared document of a ballot, by the id of its sale',
  params,
  answers: { 200: BallotDocument },
  errors: ['ballots.ballot-not-found'],
  cache: 'public, max-age=1',
})

export const apply = route({
  method: 'POST',
  path: '/api/ballots/{id}/applications',
  caller: 'buyer',
  summary: 'Apply. Applying again replaces what was wished (200) and keeps the number',
  params,
  body: Strict({
    preferences: Type.Array(Type.String({ maxLength: 80 }), {
      minItems: 1,
      maxItems: 200,
      description: 'lines of the sale, the dearest first',
    }),
    quantity: Type.Integer({ minimum: 1, maximum: 100, description: 'places, all of them or none' }),
  }),
  idempotent: true,
  answers: { 201: Strict({ application: Application }), 200: Strict({ application: Application }) },
  errors: [
    'ballots.ballot-not-found',
    'ballots.not-open',
    'ballots.closed',
    'ballots.invalid-application',
    'identity.not-verified',
    'http.too-many-requests',
    'http.overloaded',
  ],
})

export const myApplication = route({
  method: 'GET',
  path: '/api/ballots/{id}/applications/mine',
  caller: 'buyer',
  summary: "One's own application, and the award it got",
  params,
  answers: { 200: Strict({ application: Application, award: Type.Union([Award, Type.Null()]) }) },
  errors: ['ballots.ballot-not-found', 'ballots.application-not-found'],
})

export const withdraw = route({
  method: 'DELETE',
  path: '/api/ballots/{id}/applications/mine',
  caller: 'buyer',
  summary: 'Withdraw before the draw. Applying again gives the same number',
  params,
  answers: { 204: null },
  errors: ['ballots.ballot-not-found', 'ballots.application-not-found', 'ballots.closed', 'http.overloaded'],
})

export const BallotEntries = Strict({
  saleId: Type.String(),
  moves: OneOf(ballotMoves),
  lines: Type.Array(
    Strict({
      id: Type.String(),
      course: Type.Optional(Type.String()),
      places: Type.Integer({ description: 'given out at the draw' }),
    }),
  ),
  entries: Type.Array(
    Type.Unsafe<[applicant: string, quantity: number, preferences: number[], awarded: number | null]>(
      Type.Array(Type.Any(), {
        minItems: 4,
        maxItems: 4,
        description:
          'SHA-256 of the application id, places (0: withdrawn), preferences and the line awarded at the draw as indices of `lines`, or null',
      }),
    ),
    { description: 'in the order of the application numbers, from 1' },
  ),
})
export type BallotEntries = Static<typeof BallotEntries>

export const ballotEntries = route({
  method: 'GET',
  path: '/api/ballots/{id}/entries',
  caller: 'anyone',
  summary: 'All applications without names, and what the draw gave them: enough to recompute the draw and its outcome',
  params,
  answers: { 200: BallotEntries },
  errors: ['ballots.ballot-not-found', 'ballots.not-drawn', 'http.overloaded'],
  cache: 'public, max-age=31536000, immutable',
})

export const listAwards = route({
  method: 'GET',
  path: '/api/ballots/awards',
  caller: 'buyer',
  summary: "One's own awards of ballots, newest first",
  answers: { 200: Strict({ items: Type.Array(Award) }) },
})

export const awardPass = route({
  method: 'POST',
  path: '/api/ballots/awards/{id}/pass',
  caller: 'buyer',
  summary: 'A pass for the sections of the award. As often as needed until its deadline',
  params,
  answers: {
    200: Strict({
      passToken: Type.String(),
      expiresAt: Instant,
      sectionIds: Type.Array(Type.String()),
      seatsMax: Type.Integer(),
    }),
  },
  errors: ['ballots.award-not-found', 'ballots.award-over'],
})

export const declineAward = route({
  method: 'POST',
  path: '/api/ballots/awards/{id}/decline',
  caller: 'buyer',
  summary: 'Give the award up: the places go to the next in the draw. Again, the same answer',
  params,
  answers: { 200: Award },
  errors: ['ballots.award-not-found', 'ballots.award-over'],
})

export const ballotRoutes = {
  getBallot,
  apply,
  myApplication,
  withdraw,
  ballotEntries,
  listAwards,
  awardPass,
  declineAward,
}
