import { Type, Strict, type Static } from './schema.ts'
import { amountMax } from './money.ts'

/*
 * The rules of an auction: what a bid must be, who wins, when it ends. The server decides by this program, and whoever
 * checks a close recomputes it with the same. Amounts are minor units, times epoch milliseconds.
 */

/** What becomes of seats when the ranking is exhausted: the organiser keeps them, or anybody may have them at the start price. */
export const leftOverRules = ['organiser', 'start-price'] as const
export type LeftOverRule = (typeof leftOverRules)[number]

/**
 * A bid that is accepted when `windowSeconds` or less are left moves the end to `extendSeconds` after it, never to an
 * earlier time and at most `extendSecondsMax` behind the planned end.
 */
export const SoftClose = Strict({
  windowSeconds: Type.Integer({ minimum: 1, maximum: 3600 }),
  extendSeconds: Type.Integer({ minimum: 1, maximum: 3600 }),
  extendSecondsMax: Type.Integer({ minimum: 1, maximum: 24 * 3600 }),
})
export type SoftClose = Static<typeof SoftClose>

export type LotRules = {
  seats: number
  startAmount: number
  step: number
  bidsMax: number
  opensAt: number
  /** The planned end. */
  endsAt: number
  softClose?: SoftClose | undefined
}

/** A live bid: an account has one at most. */
export type Live = { amount: number; sequence: number }

/** The higher amount first, of equal ones the earlier. */
export const byRank = (a: Live, b: Live): number => b.amount - a.amount || a.sequence - b.sequence

/** What a bid must exceed: one's own, and the lowest that wins when there are as many bids as seats. */
export type Floor = { own?: number | undefined; cutoff?: number | undefined }

export type TooLow = 'start-price' | 'step' | 'own-bid' | 'cutoff'

/** The least that may be bid, or null when that is more than anything may cost. */
export function lowestAmount({ startAmount, step }: LotRules, { own = -1, cutoff = -1 }: Floor): number | null {
  const above = Math.max(own, cutoff)
  const steps = above < startAmount ? 0 : Math.floor((above - startAmount) / step) + 1
  const amount = startAmount + steps * step
  return amount <= amountMax ? amount : null
}

/** Why an amount would not win, or undefined. It is the start price and whole steps, and more than what it must exceed. */
export function tooLow({ startAmount, step }: LotRules, amount: number, { own, cutoff }: Floor): TooLow | undefined {
  if (amount < startAmount) return 'start-price'
  if ((amount - startAmount) % step !== 0) return 'step'
  if (own !== undefined && amount <= own) return 'own-bid'
  return cutoff !== undefined && amount <= cutoff ? 'cutoff' : undefined
}

/** When bidding ends after a bid accepted at `at`. @param end  when it would have ended before */
export function endAfter({ endsAt, softClose }: LotRules, end: number, at: number): number {
  if (!softClose || end - at > softClose.windowSeconds * 1000) return end
  const cap = endsAt + softClose.extendSecondsMax * 1000
  return Math.max(end, Math.min(cap, at + softClose.extendSeconds * 1000))
}

/** The latest time at which bidding may end. */
export const latestEnd = ({ endsAt, softClose }: LotRules): number => endsAt + (softClose?.extendSecondsMax ?? 0) * 1000

export type BidOutcome =
  | { kind: 'accepted'; end: number }
  | { kind: 'not-open' | 'closed' | 'no-chances-left' }
  | { kind: 'too-low'; reason: TooLow }

/** Decides a bid. @param used  bids that the account has made. @param end  when bidding ends as things are */
export function judge(
  rules: LotRules,
  bid: { amount: number; at: number },
  state: { used: number; end: number } & Floor,
): BidOutcome {
  if (bid.at < rules.opensAt) return { kind: 'not-open' }
  if (bid.at >= state.end) return { kind: 'closed' }
  if (state.used >= rules.bidsMax) return { kind: 'no-chances-left' }
  const reason = tooLow(rules, bid.amount, state)
  return reason ? { kind: 'too-low', reason } : { kind: 'accepted', end: endAfter(rules, state.end, bid.at) }
}

/**
 * The live bids that win as things are, the highest first: at most as many as there are seats. A bid costs a search and
 * a shift of the list.
 * @param best  the winning ones so far, in order
 */
export function createWinners<L extends Live & { bidder: string }>(seats: number, best: readonly L[] = []) {
  const list = [...best]
  /** How many stand before a bid of this rank. */
  function before(live: Live): number {
    let [low, high] = [0, list.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (byRank(list[middle]!, live) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
  return {
    list: (): readonly L[] => list,
    /** The lowest that wins, once there are as many bids as seats. */
    cutoff: (): L | undefined => (list.length === seats ? list[seats - 1] : undefined),
    /**
     * Adds a bid in place of the same bidder's `own`. @returns its rank, and whom it pushed out
     */
    put(live: L, own: Live | undefined): { rank: number; pushedOut: L | undefined } {
      const at = own ? before(own) : -1
      if (list[at]?.bidder === live.bidder) list.splice(at, 1)
      const place = before(live)
      list.splice(place, 0, live)
      return { rank: place + 1, pushedOut: list.length > seats ? list.pop() : undefined }
    },
  }
}
