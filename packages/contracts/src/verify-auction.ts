import { byRank, createWinners, judge, type Live, type LotRules } from './auction.ts'
import type { LotReport } from './http/auctions.ts'
import type { DrawCheck } from './verify-draw.ts'

/** Everything that the rules of a lot are made of, from its report. */
export const rulesOfReport = (report: LotReport): LotRules => ({
  seats: report.seats.length,
  startAmount: report.startPrice.amount,
  step: report.step.amount,
  bidsMax: report.bidsMax,
  opensAt: Date.parse(report.opensAt),
  endsAt: Date.parse(report.endsAt),
  ...(report.softClose ? { softClose: report.softClose } : {}),
})

/** Its bids as `replay` takes them. */
export const bidsOfReport = (report: LotReport) => report.bids.map(([bidder, amount, at]) => ({ bidder, amount, at }))

type Standing = Live & { bidder: string; used: number }

/** The bid of a sequence pushed another out of those that win, whose bidder had a chance left and is told. */
export type Push = { sequence: number; pushedOut: number; bidder: string }

/**
 * Decides a whole history of bids afresh.
 * @param bids  in the order of their decisions
 * @returns the sequences of bids that the rules refuse, whom bids pushed out, the live bids, the highest first, and when
 * bidding ended
 */
export function replay(rules: LotRules, bids: readonly { bidder: string; amount: number; at: number }[]) {
  const winners = createWinners<Standing>(rules.seats)
  const standings = new Map<string, Standing>()
  const refused: number[] = []
  const pushes: Push[] = []
  let end = rules.endsAt
  bids.forEach(({ bidder, amount, at }, index) => {
    const own = standings.get(bidder)
    const floor = { own: own?.amount, cutoff: winners.cutoff()?.amount }
    const outcome = judge(rules, { amount, at }, { used: own?.used ?? 0, end, ...floor })
    if (outcome.kind === 'accepted') end = outcome.end
    else refused.push(index + 1)
    const live = { bidder, amount, sequence: index + 1, used: (own?.used ?? 0) + 1 }
    const { pushedOut } = winners.put(live, own)
    if (pushedOut && pushedOut.used < rules.bidsMax)
      pushes.push({ sequence: live.sequence, pushedOut: pushedOut.sequence, bidder: pushedOut.bidder })
    standings.set(bidder, live)
  })
  return { refused, pushes, ranking: [...standings.values()].toSorted(byRank), end }
}

/**
 * Recomputes the close of a lot from its report.
 * @param signed  whether the signature over the report's text is good, and by which key
 */
export function verifyAuction(report: LotReport, signed: { isGood: boolean; detail: string }): DrawCheck[] {
  const checks: DrawCheck[] = []
  const check = (name: string, isRight: boolean, detail: string) =>
    checks.push({ name, result: isRight ? 'right' : 'wrong', detail })
  check('the server signed this report', signed.isGood, signed.detail)
  const rules = rulesOfReport(report)
  const { refused, ranking, end } = replay(rules, bidsOfReport(report))
  check(
    'every bid is one that the rules accept',
    refused.length === 0,
    refused.length === 0
      ? `${report.bids.length} bids of ${ranking.length}`
      : `not so: ${refused.slice(0, 5).join(', ')}`,
  )
  const isInOrder = report.bids.every(([, , at], index) => at >= (report.bids[index - 1]?.[2] ?? -Infinity))
  // Clocks of processes differ by milliseconds; what decides is the order under the lot's row.
  checks.push({
    name: 'the bids are in the order of their times',
    result: isInOrder ? 'right' : 'warning',
    detail: `${report.bids.length} bids`,
  })
  check('bidding ended when the bids say', end === Date.parse(report.endedAt), new Date(end).toISOString())
  const sequences = ranking.map(({ sequence }) => sequence)
  check(
    'the ranking is what the bids give',
    sequences.length === report.ranking.length && sequences.every((sequence, i) => sequence === report.ranking[i]),
    `${Math.min(rules.seats, sequences.length)} of ${sequences.length} win`,
  )
  return checks
}
