import { Type, Strict, OneOf, Id, Instant, type Static } from '../schema.ts'
import { Money, amountMax } from '../money.ts'
import { SoftClose, leftOverRules } from '../auction.ts'
import { route } from './route.ts'

/** Bids are taken while it is `open`; from its close on awards are made, until it is `closed` for good. */
export const lotPhases = ['scheduled', 'open', 'closing', 'awarding', 'closed'] as const
export type LotPhase = (typeof lotPhases)[number]

const Amount = Type.Integer({ description: 'minor units of the currency of `startPrice`' })
const nullable = <S extends Parameters<typeof Type.Union>[0][number]>(schema: S, description: string) =>
  Type.Union([schema, Type.Null()], { description })

/** Rungs of the ladder that a document shows; those below are counted in `bidders` only. */
export const rungsMax = 500

export const LotDocument = Strict({
  id: Type.String(),
  saleId: Type.String(),
  eventId: Type.String(),
  sectionId: Type.String(),
  name: Type.String(),
  seats: Type.Integer({ description: 'how many bids win' }),
  startPrice: Money,
  step: Money,
  bidsMax: Type.Integer({ description: 'bids that an account may make' }),
  opensAt: Instant,
  endsAt: Instant,
  softClose: Type.Optional(SoftClose),
  latestEndsAt: Instant,
  closesAt: Instant,
  payBySeconds: Type.Integer({ description: 'how long an award lasts' }),
  leftOver: OneOf(leftOverRules),
  phase: OneOf(lotPhases),
  /** The event is cancelled, and the lot with it. */
  cancelledAt: Type.Optional(Instant),
  bidders: Type.Integer(),
  bids: Type.Integer({ description: 'accepted so far; also the sequence of the newest' }),
  ladder: Type.Array(Strict({ amount: Amount, count: Type.Integer() }), {
    description: `live bids by amount, the highest first, at most ${rungsMax} rungs`,
  }),
  cutoff: nullable(Money, 'the lowest bid that wins as things are; null while there are fewer bids than seats'),
  cutoffSequence: nullable(
    Type.Integer(),
    'its sequence: a bid of the same amount wins when its own sequence is not larger',
  ),
  lowestAmount: nullable(
    Amount,
    'the least that a newcomer may bid now; null when nobody may bid, or no more can be bid',
  ),
  pollMs: Type.Integer({ description: 'how often to read without an event stream' }),
  outcome: Type.Optional(
    Strict(
      {
        open: Type.Integer(),
        bought: Type.Integer(),
        declined: Type.Integer(),
        lapsed: Type.Integer(),
        returned: Type.Integer(),
        left: Type.Integer({ description: 'seats that nobody has an award for' }),
        claimable: Type.Integer({ description: 'of those, what anybody may have at the start price now' }),
      },
      { description: 'after the close: awards by what became of them' },
    ),
  ),
  serverTime: Instant,
})
export type LotDocument = Static<typeof LotDocument>

export const Bid = Strict({
  id: Type.String(),
  lotId: Type.String(),
  amount: Amount,
  sequence: Type.Integer({ description: 'from 1, in the order in which the bids of the lot were decided' }),
  at: Instant,
})
export type Bid = Static<typeof Bid>

/** `withdrawn`: the event was cancelled before it was bought. */
export const auctionAwardStates = ['awarded', 'bought', 'declined', 'lapsed', 'returned', 'withdrawn'] as const
export type AuctionAwardState = (typeof auctionAwardStates)[number]

export const awardReasons = ['won', 'moved-up', 'left-over'] as const

/** The right to buy a seat at one's own bid. `kind` tells it from an award of a ballot. */
export const AuctionAward = Strict({
  id: Type.String(),
  kind: OneOf(['auction']),
  lotId: Type.String(),
  saleId: Type.String(),
  eventId: Type.String(),
  eventName: Type.String(),
  line: Strict({ id: Type.String(), name: Type.String() }),
  sectionIds: Type.Array(Type.String()),
  seat: Strict({ id: Type.String(), label: Type.String() }),
  quantity: Type.Integer({ description: 'always 1' }),
  amount: Type.Integer({ description: 'minor units: what it is bought for' }),
  unitPrice: Money,
  how: OneOf(awardReasons),
  rank: nullable(Type.Integer(), 'of the bid in the final ranking'),
  bought: Type.Integer(),
  state: OneOf(auctionAwardStates),
  awardedAt: Instant,
  payBy: Instant,
})
export type AuctionAward = Static<typeof AuctionAward>

export const MyBids = Strict({
  lotId: Type.String(),
  bidder: nullable(Type.String(), "one's own name in ranking and report; null before the first bid"),
  bid: nullable(Bid, 'the live one'),
  bids: Type.Array(Bid, { description: "one's own, the newest first" }),
  rank: nullable(Type.Integer(), 'of the live bid among all live bids'),
  standing: nullable(OneOf(['in', 'out']), 'whether the live bid is among those that win as things are'),
  chancesLeft: Type.Integer(),
  lowestAmount: nullable(Amount, 'the least that one may bid now; null when one may not'),
  pushes: Type.Integer({ description: 'how often one was pushed out with chances left' }),
  pushedOutAt: nullable(Instant, 'the last time'),
  award: nullable(AuctionAward, 'once the lot is closed'),
})
export type MyBids = Static<typeof MyBids>

const params = Strict({ id: Id })

export const getLot = route({
  method: 'GET',
  path: '/api/lots/{id}',
  caller: 'anyone',
  summary: 'The shared document of a lot: ladder, cut-off, time',
  params,
  answers: { 200: LotDocument },
  errors: ['auctions.lot-not-found'],
  cache: 'public, max-age=1',
})

export const lotEvents = route({
  method: 'GET',
  path: '/api/lots/{id}/events',
  caller: 'anyone',
  summary:
    'Event stream of that document: one event `lot` at once, then one whenever it changes. `http.poll-instead` means: read the document instead',
  params,
  answers: { 200: null },
  media: 'text/event-stream',
  errors: ['auctions.lot-not-found', 'http.overloaded', 'http.poll-instead'],
})

export const placeBid = route({
  method: 'POST',
  path: '/api/lots/{id}/bids',
  caller: 'buyer',
  summary:
    "Bid. It replaces one's own lower bid. A refusal costs no chance; `auctions.too-low` has the `lowestAmount` that would do, the `cutoff` and the `reason`",
  params,
  body: Strict({
    amount: Type.Integer({
      minimum: 0,
      maximum: amountMax,
      description: 'minor units; the start price and whole steps',
    }),
  }),
  idempotent: true,
  answers: {
    201: Strict({
      bid: Bid,
      rank: Type.Integer({ description: 'at the moment of its decision' }),
      chancesLeft: Type.Integer(),
    }),
  },
  errors: [
    'auctions.lot-not-found',
    'auctions.not-open',
    'auctions.closed',
    'auctions.too-low',
    'auctions.no-chances-left',
    'auctions.not-allowed',
    'identity.not-verified',
    'http.too-many-requests',
    'http.overloaded',
  ],
})

export const myBids = route({
  method: 'GET',
  path: '/api/lots/{id}/bids/mine',
  caller: 'buyer',
  summary: "One's own bids, where the live one stands, and the award it got",
  params,
  answers: { 200: MyBids },
  errors: ['auctions.lot-not-found'],
})

export const LotRanking = Strict({
  lotId: Type.String(),
  seats: Type.Integer(),
  endedAt: Instant,
  bidders: Type.Integer(),
  items: Type.Array(
    Strict({
      rank: Type.Integer(),
      bidder: Type.String(),
      amount: Amount,
      sequence: Type.Integer(),
      award: nullable(OneOf(auctionAwardStates), 'what became of it'),
      seat: nullable(Type.String(), 'label of the seat that it was awarded'),
    }),
    { description: 'at most the first 1,000' },
  ),
})
export type LotRanking = Static<typeof LotRanking>

export const lotRanking = route({
  method: 'GET',
  path: '/api/lots/{id}/ranking',
  caller: 'anyone',
  summary: 'The final ranking without names, and what became of each award',
  params,
  answers: { 200: LotRanking },
  errors: ['auctions.lot-not-found', 'auctions.not-ended', 'auctions.lot-cancelled', 'http.overloaded'],
  cache: 'public, max-age=2',
})

export const LotReport = Strict({
  version: OneOf(['fairgate-lot-1']),
  lotId: Type.String(),
  saleId: Type.String(),
  eventId: Type.String(),
  seats: Type.Array(Type.String(), { description: 'labels, the best first: the highest bid gets the first' }),
  startPrice: Money,
  step: Money,
  bidsMax: Type.Integer(),
  opensAt: Instant,
  endsAt: Instant,
  softClose: Type.Optional(SoftClose),
  endedAt: Instant,
  bids: Type.Array(
    Type.Unsafe<[bidder: string, amount: number, at: number]>(
      Type.Array(Type.Any(), { minItems: 3, maxItems: 3, description: 'bidder, amount, epoch ms of the decision' }),
    ),
    { description: 'every accepted bid in the order of the decisions: the n-th has the sequence n' },
  ),
  ranking: Type.Array(Type.Integer(), { description: 'sequences of the live bids, the highest first' }),
})
export type LotReport = Static<typeof LotReport>

export const lotReport = route({
  method: 'GET',
  path: '/api/lots/{id}/report',
  caller: 'anyone',
  summary:
    'The close of a lot as it was signed: every bid without names and the ranking. `signature` is a JWS (EdDSA, key at `/.well-known/jwks.json`) over the SHA-256 of the text of `report`',
  params,
  answers: { 200: Strict({ report: LotReport, signature: Type.String() }) },
  errors: ['auctions.lot-not-found', 'auctions.not-ended', 'auctions.lot-cancelled', 'http.overloaded'],
  cache: 'public, max-age=60',
})

export const claimSeat = route({
  method: 'POST',
  path: '/api/lots/{id}/claims',
  caller: 'buyer',
  summary:
    'Have a seat that the ranking left over, at the start price, where the sale offers them. First come, first served',
  params,
  idempotent: true,
  answers: { 201: AuctionAward, 200: AuctionAward },
  errors: [
    'auctions.lot-not-found',
    'auctions.nothing-left',
    'auctions.had-award',
    'auctions.not-allowed',
    'identity.not-verified',
    'http.too-many-requests',
  ],
})

export const listAuctionAwards = route({
  method: 'GET',
  path: '/api/awards',
  caller: 'buyer',
  summary: "One's own awards of auctions, newest first",
  answers: { 200: Strict({ items: Type.Array(AuctionAward) }) },
})

export const auctionAwardPass = route({
  method: 'POST',
  path: '/api/awards/{id}/pass',
  caller: 'buyer',
  summary: "A pass for the seat of the award, at one's own bid. As often as needed until its deadline",
  params,
  answers: {
    200: Strict({
      passToken: Type.String(),
      expiresAt: Instant,
      sectionIds: Type.Array(Type.String()),
      seatIds: Type.Array(Type.String()),
      unitPrice: Money,
    }),
  },
  errors: ['auctions.award-not-found', 'auctions.award-over'],
})

export const declineAuctionAward = route({
  method: 'POST',
  path: '/api/awards/{id}/decline',
  caller: 'buyer',
  summary: 'Give the award up: the seat goes to the next highest bid. Again, the same answer',
  params,
  answers: { 200: AuctionAward },
  errors: ['auctions.award-not-found', 'auctions.award-over'],
})

export const auctionRoutes = {
  getLot,
  lotEvents,
  placeBid,
  myBids,
  lotRanking,
  lotReport,
  claimSeat,
  listAwards: listAuctionAwards,
  awardPass: auctionAwardPass,
  declineAward: declineAuctionAward,
}
