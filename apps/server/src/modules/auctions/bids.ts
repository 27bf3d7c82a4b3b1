import { hash } from 'node:crypto'
import {
  createWinners,
  judge,
  lowestAmount,
  type BidOutcome,
  type Floor,
  type LotRules,
} from '@fairgate/contracts/auction'
import { createBatcher } from '#platform/batcher'
import { fact, type Fact } from '#platform/bus'
import { afterCommit, lastly, transaction, type Tx } from '#platform/db'
import { keep } from '#platform/keep'
import type { Platform } from '#platform/platform'
import { Problem } from '#platform/problem'
import { usedUp } from '#platform/rate-limit'
import * as store from './auctions-store.ts'
import type { Bid, NewBid } from './auctions-store.ts'
import type { Documents } from './documents.ts'
import type { Live } from './live.ts'
import { moneyOf, rulesOf, type Lot } from './lot.ts'

export type BidRequest = { lotId: string; accountId: string; amount: number }
export type Accepted = { bid: Bid; rank: number; chancesLeft: number }

type Winners = ReturnType<typeof createWinners<Live>>
/** A lot while a batch is decided: `lot` says what the bids so far have made of it. */
type Deciding = { lot: Lot; rules: LotRules; winners: Winners }
type Answer = Accepted | { refused: Problem }

type Deps = Pick<Platform, 'db' | 'clock' | 'ids' | 'outbox' | 'ephemeral' | 'metrics' | 'racepoints'> & {
  documents: Documents
}

/** Requests of an account for a lot in ten seconds: three bids and many refusals, and no flood. */
const requestsMax = 40
const windowMs = 10_000
/** Lots whose winners a process remembers. */
const lotsMax = 500

/** The name of a bidder in documents: nobody can guess it, because nobody else knows the id of its first bid. */
const bidderOf = (bidId: string): string => hash('sha256', `fairgate bidder ${bidId}`).slice(0, 24)

/**
 * Decides bids. Those that arrive while a statement is running are decided together by the next one, in the order of
 * their arrival, under the lot's row and in one commit; replies leave after it. The winners of a lot are remembered with
 * the newest bid they belong to: the row that is locked says whether it still is, and only if not they are read again.
 * Without that a batch on a lot of 500 seats read 500 rows.
 */
export function createBids(deps: Deps) {
  const { db, clock, ids, outbox, ephemeral, metrics, racepoints, documents } = deps
  const outcomes = metrics.counter('fairgate_bids_total', 'Bids by what became of them', ['outcome'])
  const sizes = metrics.histogram(
    'fairgate_bid_batch_size',
    'Bids decided in one commit',
    [],
    [1, 2, 5, 10, 20, 50, 100, 256],
  )
  const pushes = metrics.counter('fairgate_bids_pushed_out_total', 'Bidders who were told that they are out')
  const remembered = new Map<string, { lastBid: string; best: readonly Live[] }>()
  // One lane: two would keep Postgres busier, and decide who came later before who came first.
  const batches = createBatcher<BidRequest, Answer>({
    batchMax: 256,
    queueMax: 20_000,
    isEager: true,
    run: (requests) => transaction(db, (tx) => decide(tx, requests)),
  })

  async function winnersOf(tx: Tx, lot: Lot): Promise<Winners> {
    const known = remembered.get(lot.id)
    const best = known && known.lastBid === lot.lastBid ? known.best : await store.bestBids(tx, lot.id, lot.seats)
    return createWinners(lot.seats, best)
  }

  async function decide(tx: Tx, requests: readonly BidRequest[]): Promise<Answer[]> {
    sizes.observe({}, requests.length)
    // Asked for together: on one connection the second statement begins when the first has its locks.
    const [found, standing] = await Promise.all([
      store.lockForBids(tx, [...new Set(requests.map((request) => request.lotId))]),
      store.liveBids(tx, requests),
    ])
    const lots = new Map<string, Deciding>()
    for (const lot of found) lots.set(lot.id, { lot, rules: rulesOf(lot), winners: await winnersOf(tx, lot) })
    const live = new Map(standing.map((bid) => [keyOf(bid), bid]))
    await racepoints.reach('auctions.before-deciding')
    // The time of the decision, not of the request: whoever waited for the row may have come too late.
    const now = clock.now()
    const at = new Date(now)
    const accepted: Omit<NewBid, 'isLive'>[] = []
    const answers = requests.map((request): Answer => {
      const on = lots.get(request.lotId)
      return on ? decideOne(on, request) : { refused: new Problem('auctions.lot-not-found') }
    })
    const touched = new Set(accepted.map(({ bid }) => bid.lotId))
    const changed = [...lots.values()].filter(({ lot }) => touched.has(lot.id))
    const pushedOuts = accepted.flatMap(({ told }) => told ?? [])
    if (changed.length > 0) {
      lastly(
        tx,
        store.writeBids(
          tx,
          at,
          accepted.map((bid) => ({ ...bid, isLive: live.get(keyOf(bid.bidder)) === bid.bidder })),
          changed.map(({ lot }) => lot),
        ),
        outbox.publish(
          tx,
          changed.flatMap(({ lot, winners }) => pushedOutFacts(lot, winners, pushedOuts)),
        ),
      )
    }
    await racepoints.reach('auctions.before-commit')
    afterCommit(tx, () => {
      for (const { lot, winners } of changed) remember(lot, winners.list())
      pushes.add({}, pushedOuts.length)
      documents.changed(changed.map(({ lot }) => lot.id))
    })
    return answers

    /** What it accepts is noted in the lot at once, for those behind it in the batch. */
    function decideOne({ lot, rules, winners }: Deciding, { accountId, amount }: BidRequest): Answer {
      if (accountId === lot.event.organiserId) return { refused: new Problem('auctions.not-allowed') }
      const own = live.get(`${lot.id} ${accountId}`)
      const floor = { own: own?.amount, cutoff: winners.cutoff()?.amount }
      const end = lot.endAt.getTime()
      // A lot may have been closed by a process whose clock is ahead, or its event called off.
      const isOver = lot.closedAt !== null || lot.cancelledAt !== null
      const outcome = isOver
        ? ({ kind: 'closed' } as const)
        : judge(rules, { amount, at: now }, { used: own?.used ?? 0, end, ...floor })
      if (outcome.kind !== 'accepted') return { refused: refusal(lot, outcome, floor) }
      const sequence = ++lot.sequence
      if (!own) lot.bidders++
      if (outcome.end !== end) lot.endAt = new Date(outcome.end)
      const bid: Bid = { id: ids('bid'), lotId: lot.id, sequence, accountId, amount, at }
      const next: Live = {
        lotId: lot.id,
        accountId,
        bidder: own?.bidder ?? bidderOf(bid.id),
        amount,
        sequence,
        used: (own?.used ?? 0) + 1,
        sequences: own ? [...own.sequences, sequence] : [sequence],
      }
      const { rank, pushedOut } = winners.put(next, own)
      live.set(keyOf(next), next)
      lot.lastBid = bid.id
      const told = pushedOut && pushedOut.used < lot.bidsMax ? pushedOut : undefined
      accepted.push({ bid, bidder: next, told })
      return { bid, rank, chancesLeft: lot.bidsMax - next.used }
    }
  }

  function remember({ id, lastBid }: Lot, best: readonly Live[]): void {
    keep(remembered, lotsMax, id, { lastBid: lastBid!, best })
  }

  return {
    /** A bid, committed. @throws Problem whose code says why not; a refusal costs no chance */
    async place(request: BidRequest): Promise<Accepted> {
      const { count, resetAt } = await ephemeral.count(`auctions.bids:${request.lotId}:${request.accountId}`, windowMs)
      if (count > requestsMax) throw usedUp({ max: requestsMax, windowMs, leftMs: resetAt - clock.now() })
      const answer = await batches.add(request)
      outcomes.add({ outcome: 'refused' in answer ? answer.refused.code : 'accepted' })
      if ('refused' in answer) throw answer.refused
      return answer
    },
  }
}

export type Bids = ReturnType<typeof createBids>

const keyOf = ({ lotId, accountId }: { lotId: string; accountId: string }): string => `${lotId} ${accountId}`

function refusal(lot: Lot, outcome: Exclude<BidOutcome, { kind: 'accepted' }>, floor: Floor): Problem {
  switch (outcome.kind) {
    case 'not-open':
      return new Problem('auctions.not-open', { opensAt: lot.opensAt.toISOString() })
    case 'closed':
      return new Problem('auctions.closed', { endedAt: lot.endAt.toISOString() })
    case 'no-chances-left':
      return new Problem('auctions.no-chances-left', { bidsMax: lot.bidsMax })
    case 'too-low':
      return new Problem('auctions.too-low', {
        reason: outcome.reason,
        lowestAmount: lowestAmount(rulesOf(lot), floor),
        cutoff: floor.cutoff === undefined ? null : moneyOf(lot, floor.cutoff),
      })
  }
}

/** One message for those of a batch: a message each, with its event, took as long as the bids themselves. */
function pushedOutFacts(lot: Lot, winners: Winners, pushedOuts: readonly Live[]): Fact[] {
  const people = pushedOuts
    .filter(({ lotId }) => lotId === lot.id)
    .map(({ accountId, amount, used }) => ({
      accountId,
      amount: moneyOf(lot, amount),
      chancesLeft: lot.bidsMax - used,
    }))
  if (people.length === 0) return []
  const lowest = lowestAmount(rulesOf(lot), { cutoff: winners.cutoff()?.amount })
  return [
    fact('auctions.pushed-out.v1', {
      lotId: lot.id,
      saleId: lot.saleId,
      event: lot.event,
      line: { id: lot.id, name: lot.name },
      lowestAmount: lowest === null ? null : moneyOf(lot, lowest),
      endsAt: lot.endAt.toISOString(),
      people,
    }),
  ]
}
