import { describe, expect, it } from 'vitest'
import type { LotReport } from '@fairgate/contracts/http/auctions'
import { noticesOf, pushesOf } from '../src/notices.ts'

const won = (amount: number) => ({ amount, currency: 'KRW' as const })
const reportOf = (seats: number, bids: LotReport['bids']): LotReport => ({
  version: 'fairgate-lot-1',
  lotId: 'lot_1',
  saleId: 'sal_1',
  eventId: 'evt_1',
  seats: Array.from({ length: seats }, (_, i) => `A-${i + 1}`),
  startPrice: won(100),
  step: won(1),
  bidsMax: 2,
  opensAt: '1970-01-01T00:00:00.000Z',
  endsAt: '1970-01-01T00:00:10.000Z',
  endedAt: '1970-01-01T00:00:10.000Z',
  bids,
  ranking: [],
})

describe('the notices of a lot', () => {
  const report = reportOf(1, [
    ['ann', 100, 1000],
    ['bob', 101, 2000],
    ['ann', 102, 3000],
    ['bob', 103, 4000],
    ['cho', 104, 5000],
    ['dan', 105, 9000],
  ])
  const pushes = pushesOf(report)
  const seenAt = (sequence: number) => (sequence === 2 ? 2100 : sequence === 3 ? 3300 : undefined)

  it('are due to whoever is pushed out with a chance left, once for each time', () => {
    expect(pushes).toEqual([
      { bidder: 'ann', sequence: 2, at: 2000 },
      { bidder: 'bob', sequence: 3, at: 3000 },
      { bidder: 'cho', sequence: 6, at: 9000 },
    ])
  })

  it('are timed from the decision to the page and to the mailer', () => {
    const letters = new Map([
      ['ann', [2050]],
      ['bob', [3400]],
    ])
    expect(noticesOf(pushes, 10_000, seenAt, letters)).toEqual({
      pushes: 3,
      shownMs: { p50: 300, p95: 300, max: 300 },
      ofReachable: 2,
      letters: 2,
      mailedMs: { p50: 400, p95: 400, max: 400 },
      late: 0,
      extra: 0,
    })
  })

  it.each([
    ['one that came after two seconds is late', { ann: [4001] }, { late: 1, extra: 0 }],
    ['one that never came is late', { ann: [] }, { late: 1, extra: 0 }],
    [
      'of the last two seconds one may be dropped, because nobody could bid any more',
      { cho: [] },
      { late: 0, extra: 0 },
    ],
    ['a second one for the same push is too much', { bob: [3100, 3200] }, { late: 0, extra: 1 }],
  ])('%s', (_, letters, expected) => {
    expect(noticesOf(pushes, 10_000, seenAt, new Map(Object.entries(letters)))).toMatchObject(expected)
  })
})
