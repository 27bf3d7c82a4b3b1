import type { LotDocument, MyBids } from '@fairgate/contracts/http/auctions'

/** Where one's live bid stands by a document that everybody reads. */
export type Standing = { isIn: boolean; rank: number }

type Ladder = Pick<LotDocument, 'ladder' | 'cutoff' | 'cutoffSequence'>
type Own = { bid: { amount: number; sequence: number } | null; rank: number | null }

/**
 * Inside or out is exact. The rank is exact when nobody else bid the same; among equal bids it is what the server said
 * last, within what the ladder allows: those before may have moved up since, nobody can have come before.
 */
export function standingOf({ ladder, cutoff, cutoffSequence }: Ladder, { bid, rank }: Own): Standing | undefined {
  if (!bid) return undefined
  const above = ladder.reduce((sum, { amount, count }) => (amount > bid.amount ? sum + count : sum), 0)
  const equal = ladder.find(({ amount }) => amount === bid.amount)?.count ?? 1
  const isIn =
    cutoff === null ||
    bid.amount > cutoff.amount ||
    (bid.amount === cutoff.amount && cutoffSequence !== null && bid.sequence <= cutoffSequence)
  return { isIn, rank: Math.min(above + equal, Math.max(above + 1, rank ?? 0)) }
}

/** A rung of the drawn ladder: how many of its bids win as things are. */
export type Rung = { amount: number; count: number; inside: number; isOwn: boolean }

const rungsBelowMax = 6
const rungsAboveMax = 30

/**
 * What is drawn of a ladder: the rungs that win, some of those that do not, and how many bids are left out at either end.
 * One's own rung is always drawn.
 */
export function rungsOf(
  { ladder, seats, bidders }: Pick<LotDocument, 'ladder' | 'seats' | 'bidders'>,
  own: MyBids['bid'],
): { rungs: Rung[]; higher: number; lower: number } {
  let left = seats
  const all = ladder.map(({ amount, count }): Rung => {
    const inside = Math.min(left, count)
    left -= inside
    return { amount, count, inside, isOwn: amount === own?.amount }
  })
  const winning = all.filter(({ inside }) => inside > 0).length
  const rungs = all.filter(
    ({ isOwn }, index) => isOwn || (index >= winning - rungsAboveMax && index < winning + rungsBelowMax),
  )
  const sum = (some: readonly Rung[]): number => some.reduce((total, { count }) => total + count, 0)
  const higher = sum(all.slice(0, Math.max(0, winning - rungsAboveMax)).filter((rung) => !rungs.includes(rung)))
  return { rungs, higher, lower: Math.max(0, bidders - sum(rungs) - higher) }
}
