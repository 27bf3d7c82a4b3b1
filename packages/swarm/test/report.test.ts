import { describe, expect, it } from 'vitest'
import type { AuditReport } from '@fairgate/contracts/http/operations'
import { fairnessOf, figuresOf, type Round, type RoundResult } from '../src/report.ts'

const auditOf = (figures: Record<string, number> = {}, violations = 0): AuditReport => ({
  at: '2026-01-01T00:00:00.000Z',
  invariantsHeld: violations === 0,
  checks: [{ name: 'no seat twice', held: violations === 0, violations }],
  figures,
})

const buys = (isMacro: boolean, ...seats: string[]): RoundResult => ({
  isMacro,
  outcome: 'bought',
  fulfilled: [{ orderId: `ord_${seats[0]}`, sectionId: 'sec_1', seats }],
})
const goesWithout = (isMacro: boolean): RoundResult => ({ isMacro, outcome: 'sold-out', fulfilled: [] })

const roundOf = (results: RoundResult[], figures: Record<string, number> = {}, violations = 0): Round => ({
  capacity: 2,
  seconds: 4,
  audit: auditOf(figures, violations),
  results,
})

describe('fairness', () => {
  it('is the share of the tickets by the share of the accounts, over all rounds', () => {
    const results = [
      buys(true, 'a'),
      goesWithout(true),
      buys(false, 'b'),
      buys(false, 'c'),
      ...Array.from({ length: 6 }, () => goesWithout(false)),
    ]
    const fairness = fairnessOf([{ results }, { results: [buys(true, 'd'), ...results.slice(1)] }])
    expect(fairness.botShareOfAccounts).toBe(0.2)
    expect(fairness.botShareOfTickets).toBe(0.3333)
    expect(fairness.ratio).toBe(1.667)
    expect(fairness.ratioByRound).toEqual([1.667, 1.667])
  })

  it('counts tickets, not buyers', () => {
    expect(fairnessOf([{ results: [buys(true, 'a', 'b', 'c'), buys(false, 'd')] }]).botShareOfTickets).toBe(0.75)
  })

  it('says how far chance alone moves it, as a computed draw does', () => {
    const results = [
      ...Array.from({ length: 100 }, (_, i) => buys(i % 5 === 0, `${i}`)),
      ...Array.from({ length: 900 }, (_, i) => goesWithout(i % 5 === 0)),
    ]
    // Hypergeometric: sqrt(0.2 · 0.8 · 900/999 / 100) / 0.2
    expect(fairnessOf([{ results }])).toMatchObject({ ratioDeviation: 0.19, ratioExpected: { from: 0.62, to: 1.38 } })
  })

  it('is zero where nobody was a macro or nothing was sold', () => {
    expect(fairnessOf([{ results: [buys(false, 'a')] }]).ratio).toBe(0)
    expect(fairnessOf([{ results: [goesWithout(true)] }]).ratio).toBe(0)
  })
})

describe('figures', () => {
  const sold = { 'inventory.sold': 2, 'ledger.entries': 4 }
  const fine = () => roundOf([buys(false, 'a'), buys(false, 'b'), goesWithout(false)], sold)

  it('hold when the books and the answers agree', () => {
    const figures = figuresOf([fine()], 0)
    expect(figures).toMatchObject({
      capacity: 2,
      sold: 2,
      oversold: 0,
      leaked: 0,
      duplicates: 0,
      outcomes: { bought: 2, 'sold-out': 1 },
      ledger: { entries: 4, sum: 0 },
      ordersPerSecond: 0.5,
      violated: [],
      invariantsHeld: true,
    })
  })

  it.each([
    ['more was sold than there was', () => figuresOf([roundOf([], { 'inventory.sold': 3 })], 0), { oversold: 1 }],
    [
      'more people were told so than there were places',
      () => figuresOf([roundOf([buys(false, 'a', 'b', 'c')], sold)], 0),
      { oversold: 1 },
    ],
    [
      'two were told the same seat',
      () => figuresOf([roundOf([buys(false, 'a'), buys(false, 'a')], sold)], 0),
      { duplicates: 1 },
    ],
    [
      'something stays held, secured or pending',
      () => figuresOf([roundOf([], { 'inventory.held': 1, 'orders.pending': 2 })], 0),
      { leaked: 3 },
    ],
    [
      "the provider's books are others than ours",
      () => figuresOf([fine()], 0, { provider: { captured: 3, refunded: 1 }, ours: { captured: 2, refunded: 1 } }),
      { provider: { captured: 3, refunded: 1 }, violated: ["the provider's books equal ours"] },
    ],
    [
      'somebody paid for nothing',
      () => figuresOf([roundOf([], { paidWithoutTicket: 1 })], 0),
      { paidWithoutTicket: 1 },
    ],
    [
      'somebody has it for nothing',
      () => figuresOf([roundOf([], { ticketWithoutPayment: 1 })], 0),
      { ticketWithoutPayment: 1 },
    ],
    ['what was told is not in the database', () => figuresOf([fine()], 1), { lostAcknowledged: 1 }],
    [
      'one round broke an invariant',
      () => figuresOf([fine(), roundOf([], {}, 2)], 0),
      { violated: ['no seat twice (2)'] },
    ],
  ])('do not hold when %s', (_, report, expected) => {
    expect(report()).toMatchObject({ ...expected, invariantsHeld: false })
  })

  it('add up over rounds', () => {
    expect(figuresOf([fine(), roundOf([buys(false, 'c')], { 'inventory.sold': 1 })], 0)).toMatchObject({
      capacity: 4,
      sold: 3,
      seconds: 8,
    })
  })
})
