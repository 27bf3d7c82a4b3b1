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
import { pay, type Told, type World } from './buyer.ts'
import { goodCard } from './cards.ts'
import type { PreparedAuction } from './auction-sale.ts'
import type { Chance } from './random.ts'
import { Unreachable } from './wire.ts'

/** What somebody means to do: when to bid, up to which amount, and what with an award. */
export type BidIntent = { bidsAt: number[]; worth: number; withAward: 'pay' | 'decline' | 'forget' }

/** What a bidder was told and did. `places` are the ids of bids and awards. */
export type Played = Pick<Told, 'places' | 'holds' | 'orders' | 'fulfilled'> & {
  outcome: 'bought' | 'not-won' | 'declined' | 'forgot' | 'missed' | 'gave-up'
  accepted: { sequence: number; amount: number; at: number }[]
  refused: string[]
  paid: number | undefined
  last: MyBids | undefined
}

export type BidWorld = Pick<World, 'wire' | 'recorder' | 'now' | 'sleep' | 'until'>
type Bidder = { accessToken: string; chance: Chance }

/** How often somebody tries again after hearing that an amount is too low. */
const triesMax = 3
/** People look at least this often while they may be next. */
const lookMsMax = 2000

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
    paid: undefined,
    last: undefined,
  }
  try {
    for (const at of intent.bidsAt) {
      await world.sleep(Math.max(0, at - world.now()))
      await bid(world, bidder, lot, intent, played)
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
  { worth }: BidIntent,
  played: Played,
): Promise<void> {
  const own = played.accepted.at(-1)?.amount ?? 0
  let lowest = (await look(world, lot)).lowestAmount
  for (let tries = 0; tries < triesMax && lowest !== null; tries++) {
    const amount = Math.max(lowest, own + lot.step) + lot.step * chance.index(4)
    if (amount > worth) return
    const request = {
      params: { id: lot.lotId },
      body: { amount },
      accessToken,
      idempotencyKey: `${lot.lotId}:${played.accepted.length}:${played.refused.length}`,
    }
    try {
      const { body } = await world.wire.call('bid', placeBid, request)
      played.places.push(body.bid.id)
      played.accepted.push({ sequence: body.bid.sequence, amount, at: Date.parse(body.bid.at) })
      return
    } catch (error) {
      if (!(error instanceof ApiError) || error.status >= 500) throw error
      played.refused.push(error.problem.code)
      const named = error.problem['lowestAmount']
      lowest = error.problem.code === 'auctions.too-low' && typeof named === 'number' ? named : null
    }
  }
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
  await world.sleep(Math.max(0, lot.endsAt - world.now()))
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
      if (open === 0 && (left === 0 || awards >= document.bidders)) return 'not-won'
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
    played.refused.push(error.problem.code)
    return 'missed'
  }
}
