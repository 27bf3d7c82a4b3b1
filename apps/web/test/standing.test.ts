import fc from 'fast-check'
import { expect, test } from 'vitest'
import { byRank, type Live } from '@fairgate/contracts/auction'
import { rungsOf, standingOf } from '../src/api/standing.ts'

/** The shared document of these bids, as the server makes it. */
function documentOf(bids: readonly Live[], seats: number) {
  const ranking = bids.toSorted(byRank)
  const last = ranking[seats - 1]
  const counts = Map.groupBy(ranking, ({ amount }) => amount)
  return {
    ranking,
    seats,
    bidders: bids.length,
    ladder: [...counts].map(([amount, some]) => ({ amount, count: some.length })),
    cutoff: last ? ({ amount: last.amount, currency: 'KRW' } as const) : null,
    cutoffSequence: last ? last.sequence : null,
  }
}

const lots = fc.record({
  amounts: fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 40 }),
  seats: fc.integer({ min: 1, max: 12 }),
})

test('whoever reads the shared document knows whether their bid is inside, and its rank where the server has said it', () => {
  fc.assert(
    fc.property(lots, ({ amounts, seats }) => {
      const bids = amounts.map((amount, index) => ({ amount: amount * 1000, sequence: index + 1 }))
      const lot = documentOf(bids, seats)
      for (const [index, bid] of lot.ranking.entries())
        expect(standingOf(lot, { bid, rank: index + 1 })).toEqual({ isIn: index < seats, rank: index + 1 })
    }),
    { seed: 7, numRuns: 200 },
  )
})

test('a rank that the server said before others bid is moved to what the ladder allows', () => {
  const lot = documentOf(
    [
      { amount: 5000, sequence: 1 },
      { amount: 7000, sequence: 2 },
      { amount: 6000, sequence: 3 },
    ],
    2,
  )
  expect(standingOf(lot, { bid: { amount: 5000, sequence: 1 }, rank: 1 })).toEqual({ isIn: false, rank: 3 })
  expect(standingOf(lot, { bid: null, rank: null })).toBeUndefined()
})

test('a drawn ladder counts every bid, shows as many winners as there are seats, and always one’s own rung', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 120 }),
      fc.integer({ min: 1, max: 60 }),
      (amounts, seats) => {
        const bids = amounts.map((amount, index) => ({ amount: amount * 1000, sequence: index + 1 }))
        const lot = documentOf(bids, seats)
        const own = bids[0]!
        const { rungs, higher, lower } = rungsOf(lot, { ...own, id: 'bid_1', lotId: 'lot_1', at: '' })
        const shown = rungs.reduce((sum, { count }) => sum + count, 0)
        expect(shown + higher + lower).toBe(bids.length)
        expect(rungs.find(({ isOwn }) => isOwn)?.amount).toBe(own.amount)
        expect(rungs.length).toBeLessThanOrEqual(37)
        expect(rungs.reduce((sum, { inside }) => sum + inside, 0) + higher).toBe(Math.min(seats, bids.length))
      },
    ),
    { seed: 8, numRuns: 200 },
  )
})
