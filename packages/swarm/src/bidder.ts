import { ApiError } from '@fairgate/contracts/client'
import {
  auctionAwardPass,
  declineAuctionAward,
  getLot,
  myBids,
  placeBid,
  type LotDocument,
  type MyBids,
} from '@fairgate/contracts/http/auctions'
import { placeHold } from '@fairgate/contracts/http/inventory'
import type { Answer } from '@fairgate/contracts/http/route'
import { pay, type Told, type World } from './buyer.ts'
import { goodCard } from './cards.ts'
import type { PreparedAuction } from './auction-sale.ts'
import { amountOf, type BidIntent } from './bid-intent.ts'
import type { Chance } from './random.ts'
import { Unreachable } from './wire.ts'

/** Answers to a hundred requests of one account. */
export type AtOnce = { requests: number; accepted: number; refused: Record<string, number> }

/** What a bidder was told and did. `places` are the ids of bids and awards. */
export type Played = Pick<Told, 'places' | 'holds' | 'orders' | 'fulfilled'> & {
  outcome: 'bought' | 'not-won' | 'declined' | 'forgot' | 'missed' | 'gave-up'
  accepted: { sequence: number; amount: number; at: number }[]
  /** Bids that were refused, and when they were sent. */
  refused: { code: string; at: number }[]
  /** Why an award that was to be paid could not be. */
  missedBecause: string | undefined
  /** Of a greedy one. */
  atOnce: AtOnce | undefined
  paid: number | undefined
  last: MyBids | undefined
}

export type BidWorld = Pick<World, 'wire' | 'recorder' | 'now' | 'sleep' | 'until'>
type Bidder = { accessToken: string; chance: Chance }

/** How often somebody tries again after hearing that an amount is too low. */
const triesMax = 3
/** People look at least this often while they may be next. */
const lookMsMax = 2000
/** Within this time after the end everybody has looked. */
const endMs = 1000
/** Bids that a greedy one sends in one moment. */
const atOnce = 100

/** One bidder's whole way: bids, waits for the end, looks whether a seat has come, and pays, declines or forgets. Never throws. */
export async function playAuction(
  world: BidWorld,
  bidder: Bidder,
  lot: PreparedAuction,
  intent: BidIntent,
): Promise<Played> {
  const played: Played = {
    places: [],
    holds: [],
    orders: [],
    fulfilled: [],
    outcome: 'gave-up',
    accepted: [],
    refused: [],
    missedBecause: undefined,
    atOnce: undefined,
    paid: undefined,
    last: undefined,
  }
  try {
    for (const at of intent.bidsAt) {
      await world.sleep(Math.max(0, at - world.now()))
      if (intent.isGreedy) played.atOnce = await bidAtOnce(world, bidder, lot, played)
      else await bid(world, bidder, lot, intent, played)
    }
    played.outcome = await follow(world, bidder, lot, intent, played)
    played.last = await lookAtMine(world, bidder, lot)
  } catch (error) {
    if (!(error instanceof Unreachable)) world.recorder.lost('other', error)
  }
  return played
}

const look = async ({ wire }: BidWorld, { lotId }: PreparedAuction): Promise<LotDocument> =>
  (await wire.call('poll', getLot, { params: { id: lotId } })).body

const lookAtMine = async ({ wire }: BidWorld, { accessToken }: Bidder, { lotId }: PreparedAuction) =>
  (await wire.call('other', myBids, { params: { id: lotId }, accessToken })).body

async function bid(
  world: BidWorld,
  { accessToken, chance }: Bidder,
  lot: PreparedAuction,
  intent: BidIntent,
  played: Played,
): Promise<void> {
  const own = played.accepted.at(-1)
  let lowest = (await look(world, lot)).lowestAmount
  for (let tries = 0; tries < triesMax && lowest !== null; tries++) {
    const at = world.now()
    const amount = amountOf(chance, intent, lot, Math.max(lowest, own ? own.amount + lot.step : 0), at)
    if (amount === undefined) return
    const request = {
      params: { id: lot.lotId },
      body: { amount },
      accessToken,
      idempotencyKey: `${lot.lotId}:${played.accepted.length}:${played.refused.length}`,
    }
    try {
      note(played, (await world.wire.call('bid', placeBid, request)).body)
      return
    } catch (error) {
      if (!(error instanceof ApiError) || error.status >= 500) throw error
      played.refused.push({ code: error.problem.code, at })
      const named = error.problem['lowestAmount']
      lowest = error.problem.code === 'auctions.too-low' && typeof named === 'number' ? named : null
    }
  }
}

function note(played: Played, { bid: { id, sequence, amount, at } }: Answer<typeof placeBid>): void {
  played.places.push(id)
  played.accepted.push({ sequence, amount, at: Date.parse(at) })
}

/** A hundred bids of one account at once, each a step higher, and what became of them. None is tried again. */
async function bidAtOnce(
  { wire }: Pick<BidWorld, 'wire'>,
  { accessToken }: Pick<Bidder, 'accessToken'>,
  { lotId, step }: PreparedAuction,
  played: Played,
): Promise<AtOnce> {
  const params = { id: lotId }
  const { lowestAmount } = await wire.client.call(getLot, { params })
  const answers = await Promise.allSettled(
    Array.from({ length: atOnce }, (_, i) =>
      wire.client.call(placeBid, { params, body: { amount: (lowestAmount ?? 0) + i * step }, accessToken }),
    ),
  )
  const refused: Record<string, number> = {}
  for (const answer of answers) {
    if (answer.status === 'fulfilled') note(played, answer.value)
    else {
      const code = answer.reason instanceof ApiError ? answer.reason.problem.code : 'unreachable'
      refused[code] = (refused[code] ?? 0) + 1
    }
  }
  return { requests: atOnce, accepted: answers.filter(({ status }) => status === 'fulfilled').length, refused }
}

/** From the end on: everybody reads the shared document, and those asks for their own whose rank the awards have reached. */
async function follow(
  world: BidWorld,
  bidder: Bidder,
  lot: PreparedAuction,
  intent: BidIntent,
  played: Played,
): Promise<Played['outcome']> {
  if (played.accepted.length === 0) return 'not-won'
  await world.sleep(Math.max(0, lot.endsAt - world.now()) + endMs * bidder.chance.unit())
  let rank: number | null = null
  while (world.now() < world.until) {
    const document = await look(world, lot)
    const { outcome } = document
    if (outcome) {
      rank ??= (await lookAtMine(world, bidder, lot)).rank
      const { open, bought, declined, lapsed, returned, left } = outcome
      const awards = open + bought + declined + lapsed + returned
      if (rank !== null && rank <= awards) {
        const { award } = await lookAtMine(world, bidder, lot)
        if (award) return useAward(world, bidder, intent, award, played)
      }
      // A seat that was declined or not paid is neither, until it goes on.
      const isSettled = open === 0 && bought + left === document.seats
      if (isSettled && (left === 0 || awards >= document.bidders)) return 'not-won'
    }
    await world.sleep(Math.min(document.pollMs, lookMsMax) * (0.5 + bidder.chance.unit()))
  }
  return 'gave-up'
}

async function useAward(
  world: BidWorld,
  bidder: Bidder,
  { withAward }: BidIntent,
  award: NonNullable<MyBids['award']>,
  played: Played,
): Promise<Played['outcome']> {
  const { wire } = world
  const { accessToken } = bidder
  const params = { id: award.id }
  played.places.push(award.id)
  if (withAward === 'forget') return 'forgot'
  try {
    if (withAward === 'decline') {
      await wire.call('other', declineAuctionAward, { params, accessToken })
      return 'declined'
    }
    const pass = (await wire.call('pass', auctionAwardPass, { params, accessToken })).body
    const wish = { passToken: pass.passToken, sectionId: award.sectionIds[0]!, seatIds: pass.seatIds }
    const held = (await wire.call('hold', placeHold, { body: wish, accessToken })).body
    played.holds.push(held.hold.id)
    const order = await pay(world, bidder, { payment: goodCard }, held, played)
    if (order.state !== 'fulfilled') return 'missed'
    played.paid = order.total.amount
    const seats = order.items.map((item) => item.seatId)
    played.fulfilled.push({ orderId: order.id, sectionId: order.section.id, seats })
    return 'bought'
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    played.missedBecause = error.problem.code
    return 'missed'
  }
}
