import { Type, Strict, OneOf, Id, Instant, type Static } from '../schema.ts'
import { drawAlgorithm } from '../draw.ts'
import { Admission, getAdmission } from './admission.ts'
import { route } from './route.ts'

export const linePhases = ['scheduled', 'gathering', 'open', 'paused', 'sold-out', 'closed'] as const
export type LinePhase = (typeof linePhases)[number]

/**
 * The draw of a line (`../draw.ts`): hashes, seed and randomness are 32 bytes in hexadecimal. Members come in this order:
 * the commitment and the beacon's round when the sale is published, entrants and root when the line opens, then the seed.
 */
export const DrawDocument = Strict({
  commitment: Type.Union([Type.String(), Type.Null()], {
    description: 'hash of the seed; null when the order is the order of arrival',
  }),
  algorithm: Type.Optional(OneOf([drawAlgorithm])),
  beacon: Type.Optional(
    Strict({
      url: Type.String({ description: 'relay of the drand HTTP API, version 1' }),
      chain: Type.String(),
      round: Type.Integer({ description: 'fixed before anybody could know its randomness' }),
      randomness: Type.Optional(Type.String()),
      missing: Type.Optional(
        Type.Boolean({ description: 'the round could not be had in time: the draw went on without it' }),
      ),
    }),
  ),
  entrants: Type.Optional(
    Type.Integer({ description: 'numbers 1 to this were drawn; later ones keep their number as position' }),
  ),
  entrantsRoot: Type.Optional(Type.String({ description: 'Merkle tree hash (RFC 6962) of the entrants' })),
  seed: Type.Optional(
    Type.String({ description: 'shown once the entrants are frozen: from then on positions are known' }),
  ),
})
export type DrawDocument = Static<typeof DrawDocument>

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
  draw: DrawDocument,
  frontier: Type.Integer({ description: 'positions up to here may go in' }),
  admittedPerMinute: Type.Integer(),
  admission: Type.Optional(Admission),
  shoppers: Type.Integer({ description: 'people inside now' }),
  stock: Strict({ free: Type.Integer(), held: Type.Integer(), sold: Type.Integer() }),
  poll: Type.Array(
    Strict({
      aheadMax: Type.Union([Type.Integer(), Type.Null()]),
      everyMs: Type.Integer(),
      stream: Type.Optional(
        Type.Literal(true, { description: 'better keep the event stream than read so often, while there is one' }),
      ),
    }),
    {
      description:
        'read again at the latest after everyMs of the first entry whose aheadMax is not below the people ahead; null is everybody else',
    },
  ),
  openingMs: Type.Optional(
    Type.Integer({
      description:
        'before the opening: whoever waits reads again so long after it at the latest, each at a random moment',
    }),
  ),
  shoppersMax: Type.Optional(Type.Integer({ description: 'most people inside at a time' })),
  admitPerMinute: Type.Optional(Type.Integer({ description: 'most people called in a minute' })),
  claimSeconds: Type.Optional(
    Type.Integer({ description: 'a called person who has not gone in after this loses the place' }),
  ),
  challenge: Type.Optional(
    Type.Boolean({ description: 'joining takes the solution of a challenge (`GET /api/challenges?purpose=join`)' }),
  ),
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

/** What is going on in the lines of a sale: enough to choose another one by. */
export const LineList = Strict({
  items: Type.Array(
    Strict({
      id: Type.String(),
      name: Type.String(),
      phase: OneOf(linePhases),
      free: Type.Integer({ description: 'seats that nobody holds' }),
      waiting: Type.Integer({ description: 'places given that are not called yet' }),
    }),
  ),
})
export type LineList = Static<typeof LineList>

export const listLines = route({
  method: 'GET',
  path: '/api/lines',
  caller: 'anyone',
  summary: 'The lines of a published sale in a few words, the same for all',
  query: Strict({ saleId: Id }),
  answers: { 200: LineList },
  errors: ['catalog.sale-not-found', 'http.overloaded'],
  cache: 'public, max-age=2',
})

export const lineEvents = route({
  method: 'GET',
  path: '/api/lines/{id}/events',
  caller: 'anyone',
  summary: 'The shared document as an event stream (`event: line`)',
  params,
  answers: { 200: null },
  media: 'text/event-stream',
  errors: ['waiting-room.line-not-found', 'http.overloaded', 'http.poll-instead'],
})

/** A challenge of ALTCHA's proof of work, protocol 2; the whole of it goes back with the solution. */
export const Challenge = Strict({
  parameters: Strict({
    algorithm: OneOf(['PBKDF2/SHA-256']),
    cost: Type.Integer({ description: 'iterations of one try' }),
    data: Strict({
      account: Type.Union([Type.String(), Type.Null()], { description: 'who may use it; null is anybody' }),
      issuedAt: Type.Integer({ description: 'epoch milliseconds' }),
      level: Type.Integer({ description: '0, 1 or 2: each takes four times the work of the one before' }),
      purpose: OneOf(['join']),
    }),
    expiresAt: Type.Integer({ description: 'epoch seconds' }),
    keyLength: Type.Integer(),
    keyPrefix: Type.String(),
    keySignature: Type.String(),
    nonce: Type.String(),
    salt: Type.String(),
  }),
  signature: Type.String(),
})
export type Challenge = Static<typeof Challenge>

export const getChallenge = route({
  method: 'GET',
  path: '/api/challenges',
  caller: 'anyone',
  summary: 'An ALTCHA v2 challenge. Who is signed in gets one of their own',
  query: Strict({
    purpose: OneOf(['join']),
    line: Type.Optional(
      Type.String({ maxLength: 64, description: 'the line that it is for, so that its organiser sees what was given' }),
    ),
  }),
  answers: { 200: Challenge },
  errors: ['waiting-room.line-not-found', 'http.too-many-requests'],
})

export const joinLine = route({
  method: 'POST',
  path: '/api/lines/{id}/places',
  caller: 'buyer',
  summary:
    'Join. Joining again returns the same place (200). While the lines gather, `moveFrom` moves a place from another line of the sale to the end of this one',
  params,
  body: Strict({
    challenge: Type.Optional(
      Type.String({
        maxLength: 8000,
        description: 'base64 of the JSON `{challenge, solution}`; may be left out where challenges are off',
      }),
    ),
    moveFrom: Type.Optional(
      Type.String({
        maxLength: 64,
        description:
          'the line whose place is given up for this one, in one step and without a challenge; nothing moves when the place stands elsewhere (`waiting-room.in-another-line` with its `lineId`)',
      }),
    ),
  }),
  answers: {
    201: Strict({ place: Place, placeToken: Type.String() }),
    200: Strict({ place: Place, placeToken: Type.String() }),
  },
  errors: [
    'waiting-room.line-not-found',
    'waiting-room.not-open',
    'waiting-room.closed',
    'waiting-room.sold-out',
    'waiting-room.in-another-line',
    'waiting-room.too-late-to-move',
    'waiting-room.challenge-required',
    'waiting-room.challenge-invalid',
    'waiting-room.challenge-expired',
    'waiting-room.challenge-used',
    'identity.not-verified',
    'http.too-many-requests',
    'http.overloaded',
  ],
})

export const claimPass = route({
  method: 'POST',
  path: '/api/lines/{id}/passes',
  caller: 'buyer',
  summary:
    'Go in when the frontier has reached your position. Claiming again returns the same pass. Too early: 425 with `number`, `position` (null before the draw, when nobody has one), `frontier` and `retryAfterMs`',
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
    'http.too-many-requests',
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

export const admitAll = route({
  ...pauseLine,
  path: '/api/lines/{id}/admit-all',
  summary: 'Let in everyone: no limit of rate and shoppers any more, only what can be sold. Again changes nothing',
})

export const admitAsPlanned = route({
  ...pauseLine,
  method: 'DELETE',
  path: '/api/lines/{id}/admit-all',
  summary: 'The limits of rate and shoppers hold again',
})

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

const forEver = 'public, max-age=31536000, immutable'

export const lineEntrants = route({
  method: 'GET',
  path: '/api/lines/{id}/entrants',
  caller: 'anyone',
  summary:
    'Everybody who took part in the draw: 32 bytes each, the leaves of the entrants tree in the order of their numbers',
  params,
  answers: { 200: null },
  media: 'application/octet-stream',
  errors: ['waiting-room.line-not-found', 'waiting-room.not-drawn', 'http.too-many-requests', 'http.overloaded'],
  cache: forEver,
})

export const placeProof = route({
  method: 'POST',
  path: '/api/lines/{id}/proofs',
  caller: 'anyone',
  summary: 'That a place took part in the draw: the hashes that lead from its leaf to the published root',
  params,
  body: Strict({ placeToken: Type.String({ maxLength: 2000 }) }),
  answers: {
    200: Strict({
      number: Type.Integer(),
      index: Type.Integer({ description: 'of the leaf, from 0' }),
      path: Type.Array(Type.String()),
    }),
  },
  errors: [
    'waiting-room.line-not-found',
    'waiting-room.place-invalid',
    'waiting-room.not-drawn',
    'waiting-room.not-an-entrant',
    'http.too-many-requests',
    'http.overloaded',
  ],
})

export const drawProofPage = route({
  method: 'GET',
  path: '/api/lines/{id}/proof.html',
  caller: 'anyone',
  summary: 'A page to keep, with the document, the entrants and the program that checks them; needs no network',
  params,
  answers: { 200: null },
  media: 'text/html; charset=utf-8',
  errors: ['waiting-room.line-not-found', 'waiting-room.not-drawn', 'http.too-many-requests', 'http.overloaded'],
  cache: 'public, max-age=3600',
})

/** What speaks against a caller. It makes the next challenge harder or asks a person to look; it refuses nobody. */
export const signals = [
  'crowded-address',
  'many-challenges',
  'pass-elsewhere',
  'proof-too-fast',
  'shared-device',
] as const
export type Signal = (typeof signals)[number]

/** What is limited in ten minutes for each account, device and address block. */
export const limited = ['challenges', 'joins', 'moves', 'claims', 'proofs', 'entrants'] as const
export type Limited = (typeof limited)[number]

/**
 * What the defences of a sale count. Signals count accounts, the others requests. Challenges are given at three levels;
 * those that were asked for without naming a line are nobody's.
 */
export const defences = [
  'challenge-given',
  'challenge-given-harder',
  'challenge-given-hardest',
  'proof-accepted',
  'proof-accepted-harder',
  'proof-accepted-hardest',
  'proof-missing',
  'proof-invalid',
  'proof-expired',
  'proof-used',
  ...limited.map((kind) => `limited-${kind}` as const),
  ...signals,
  'review',
  'review-cleared',
  'review-kept',
] as const
export type Defence = (typeof defences)[number]

export const getDefences = route({
  method: 'GET',
  path: '/api/organiser/sales/{id}/defences',
  caller: 'organiser',
  summary: 'What each defence did in a sale, and the accounts that a person should look at',
  params,
  answers: {
    200: Strict({
      challenges: OneOf(['on', 'off']),
      counts: Type.Array(Strict({ defence: OneOf(defences), count: Type.Integer() })),
      reviewsTotal: Type.Integer(),
      reviews: Type.Array(Strict({ accountId: Type.String(), reasons: Type.Array(OneOf(signals)), at: Instant }), {
        description: 'the newest 50 that nobody has decided since',
      }),
    }),
  },
  errors: ['catalog.sale-not-found'],
})

/** `clear`: nothing of this is held against the account for a day. `keep`: its challenges are the hardest for a day. */
export const reviewDecisions = ['clear', 'keep'] as const
export type ReviewDecision = (typeof reviewDecisions)[number]

export const decideReview = route({
  method: 'POST',
  path: '/api/organiser/sales/{id}/reviews/{accountId}',
  caller: 'organiser',
  summary: 'Decide about an account on the review list. Neither decision refuses anything or takes a place away',
  params: Strict({ id: Id, accountId: Id }),
  body: Strict({ decision: OneOf(reviewDecisions) }),
  answers: { 204: null },
  errors: ['catalog.sale-not-found', 'waiting-room.review-not-found'],
})

export const waitingRoomRoutes = {
  getChallenge,
  getDefences,
  decideReview,
  getLine,
  listLines,
  lineEvents,
  joinLine,
  claimPass,
  leaveLine,
  pauseLine,
  resumeLine,
  admitAll,
  admitAsPlanned,
  getAdmission,
  changeLine,
  lineEntrants,
  placeProof,
  drawProofPage,
}
