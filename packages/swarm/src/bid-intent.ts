import type { PreparedAuction } from './auction-sale.ts'
import type { Chance } from './random.ts'

/** What somebody means to do: when to bid, up to which amount, and what with an award. */
export type BidIntent = {
  /** At most as many as an account may make, each with its time. */
  bidsAt: number[]
  /** The most that the seat is worth to this person. */
  worth: number
  withAward: 'pay' | 'decline' | 'forget'
  /** Sends a hundred bids in one moment, to see that no more than the account's own are taken. */
  isGreedy?: boolean
}

type Lot = Pick<PreparedAuction, 'opensAt' | 'endsAt' | 'startAmount' | 'step' | 'capacity'>

/** The burst: from so long before the end. */
export const lateMs = 10_000
/** Share of the bids that are kept for it. Some are dropped then, because the price has left their people behind. */
const lateShare = 0.7
/** Nobody aims closer to the end than this. */
const aimMs = 300
/** Nobody shows early what the seat is worth: in steps above the start price, so much of it. */
const shownEarly = 0.4

/**
 * One to three bids, most of them spread over the last ten seconds, and an amount that few others have in mind. The more
 * people there are for a seat, the further do amounts reach, or the price would have stopped before the burst.
 */
export function intentOf(person: Chance, lot: Lot, users: number): BidIntent {
  const { opensAt, endsAt, startAmount, step, capacity } = lot
  const burstAt = endsAt - lateMs
  const time = () =>
    person.unit() < lateShare
      ? burstAt + (lateMs - aimMs) * person.unit()
      : opensAt + (burstAt - opensAt) * person.unit()
  const luck = person.unit()
  return {
    bidsAt: Array.from({ length: 1 + person.index(3) }, time).toSorted((a, b) => a - b),
    worth: startAmount + step * Math.floor(20 + 6 * (users / capacity) * person.unit()),
    withAward: luck < 2 / 3 ? 'pay' : luck < 5 / 6 ? 'decline' : 'forget',
  }
}

/**
 * What somebody bids who sees `lowest` as the least that would do: a little more early on, and several steps more in the
 * burst, when what one sees has been overtaken before the bid arrives. Undefined when it is not worth that.
 */
export function amountOf(
  person: Chance,
  { worth }: BidIntent,
  lot: Lot,
  lowest: number,
  now: number,
): number | undefined {
  const { endsAt, startAmount, step } = lot
  const isLate = now >= endsAt - lateMs
  const most = isLate ? worth : startAmount + Math.floor(((worth - startAmount) * shownEarly) / step) * step
  if (lowest > most) return undefined
  return Math.min(most, lowest + step * (isLate ? 1 + person.index(8) : person.index(4)))
}
