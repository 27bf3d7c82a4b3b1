import type { Db } from '#platform/db'
import type { AuditPart } from '#platform/module'
import { replay } from '@fairgate/contracts/verify-auction'
import * as store from './auctions-store.ts'
import { rulesOf, type Lot } from './lot.ts'
import { hashOf, reportOf } from './report.ts'

/** Checks what SPEC.md promises, in the database: every lot is decided afresh from the history of its bids. */
export async function audit({ db }: { db: Db }, eventId?: string): Promise<AuditPart> {
  const sums = {
    gaps: 0,
    wrong: 0,
    pushes: 0,
    live: 0,
    ends: 0,
    reports: 0,
    order: 0,
    twice: 0,
    early: 0,
    open: 0,
    paid: 0,
  }
  const figures = { lots: 0, bids: 0, awards: 0, awardsBought: 0 }
  for (const lot of await store.lotsToAudit(db, eventId ?? null)) {
    const found = await auditLot(db, lot)
    for (const key of Object.keys(sums) as (keyof typeof sums)[]) sums[key] += found[key]
    figures.lots++
    figures.bids += lot.sequence
    figures.awards += found.awards
    figures.awardsBought += found.bought
  }
  return {
    checks: [
      { name: 'the sequences of each lot are exactly 1…bids', violations: sums.gaps },
      { name: 'every accepted bid is one that the rules accept', violations: sums.wrong },
      { name: 'who was told of being pushed out is whom the bids push out, once each', violations: sums.pushes },
      { name: 'the live bids are the last of each account, and count them', violations: sums.live },
      { name: 'a lot ends when its bids say', violations: sums.ends },
      { name: 'the report that was signed is that of the bids', violations: sums.reports },
      {
        name: 'awards go down the ranking, the first to the highest bids, each at its own amount',
        violations: sums.order,
      },
      { name: 'no seat is in two awards', violations: sums.twice },
      { name: 'no award was made before the close', violations: sums.early },
      { name: 'no award of a cancelled event is open', violations: sums.open },
      { name: 'what was bought was paid with the amount of the award', violations: sums.paid },
    ],
    figures,
  }
}

async function auditLot(db: Db, lot: Lot) {
  const history = await store.history(db, lot.id)
  const {
    refused,
    pushes,
    ranking: ranked,
    end,
  } = replay(
    rulesOf(lot),
    history.map(({ bidder, amount, at }) => ({ bidder, amount, at: at.getTime() })),
  )
  const standings = new Map(ranked.map((bid) => [bid.bidder, bid]))
  const pushedBy = new Map(pushes.map(({ sequence, pushedOut }) => [sequence, pushedOut]))
  const live = await store.liveOf(db, lot.id)
  const isSame = (bid: (typeof live)[number]) => {
    const known = standings.get(bid.bidder)
    return known?.amount === bid.amount && known.sequence === bid.sequence && known.used === bid.used
  }
  const awards = await store.awardsOfLot(db, lot.id)
  const fromRanking = awards.filter((award) => award.rank !== null)
  const bidderOf = new Map(live.map(({ accountId, bidder }) => [accountId, bidder]))
  const misplaced = fromRanking.filter(({ accountId, rank, amount }) => {
    const bid = ranked[rank! - 1]
    return bid?.bidder !== bidderOf.get(accountId) || bid?.amount !== amount
  })
  // Whoever had an award had everybody above him have one.
  const skipped = fromRanking.filter(({ rank }) => rank! > fromRanking.length)
  const overpriced = awards.filter(({ rank, amount }) => rank === null && amount !== lot.startAmount)
  const keeping = awards.filter(({ releasedAt, state }) => releasedAt === null || state === 'bought')
  const signed = await store.signatureOf(db, lot.id)
  const isSigned = !signed || hashOf(JSON.stringify(await reportOf(db, lot))) === signed.hash
  return {
    gaps: history.length === lot.sequence && history.every(({ sequence }, i) => sequence === i + 1) ? 0 : 1,
    wrong: refused.length,
    pushes: history.filter(({ sequence, pushedOut }) => pushedOut !== (pushedBy.get(sequence) ?? null)).length,
    live: live.filter((bid) => !isSame(bid)).length + Math.abs(live.length - standings.size),
    ends: end === lot.endAt.getTime() && lot.bidders === standings.size ? 0 : 1,
    reports: isSigned ? 0 : 1,
    order: misplaced.length + skipped.length + overpriced.length,
    twice: keeping.length - new Set(keeping.map(({ place }) => place)).size,
    early: awards.filter(({ awardedAt }) => lot.closedAt === null || awardedAt < lot.endAt).length,
    open: lot.cancelledAt === null ? 0 : awards.filter(({ state }) => state === 'awarded').length,
    paid: awards.filter(({ state, paid, amount }) => state === 'bought' && paid !== amount).length,
    awards: awards.length,
    bought: awards.filter(({ state }) => state === 'bought').length,
  }
}
