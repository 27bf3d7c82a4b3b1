import * as contract from '@fairgate/contracts/http/auctions'
import { lowestAmount } from '@fairgate/contracts/auction'
import { seatId } from '@fairgate/contracts/ids'
import type { Caller } from '#platform/access-token'
import type { Db } from '#platform/db'
import { etagOf, type HttpApp } from '#platform/http'
import type { Clock } from '#platform/clock'
import { Problem } from '#platform/problem'
import * as store from './auctions-store.ts'
import type { Bid, FullAward } from './auctions-store.ts'
import type { Awards } from './awards.ts'
import type { Bids } from './bids.ts'
import type { createBroadcast } from './broadcast.ts'
import type { Documents } from './documents.ts'
import { moneyOf, phaseOf, rulesOf } from './lot.ts'
import { notClosed, type Reports } from './report.ts'

export type Parts = {
  db: Db
  clock: Clock
  documents: Documents
  broadcast: ReturnType<typeof createBroadcast>
  bids: Bids
  awards: Awards
  reports: Reports
}

const json = 'application/json; charset=utf-8'
const rankingMax = 1000

/** Whoever works for the house does not play: organisers may bid at other organisers' lots only, staff nowhere. */
function mayPlay(caller: Caller): void {
  if (!caller.verified) throw new Problem('identity.not-verified')
  if (caller.roles.includes('staff') || caller.roles.includes('admin')) throw new Problem('auctions.not-allowed')
}

export function serveRoutes(http: HttpApp, { db, clock, documents, broadcast, bids, awards, reports }: Parts): void {
  async function lotOf(id: string) {
    const lot = await store.readLot(db, id)
    if (!lot) throw new Problem('auctions.lot-not-found')
    return lot
  }

  http.serve(contract.getLot, async ({ params }) => {
    const { bytes, etag } = await documents.read(params.id)
    return { status: 200, bytes, etag, type: json }
  })

  http.serve(contract.lotEvents, async ({ params, reply }) => {
    await broadcast.watch(params.id, reply)
    return 'hijacked'
  })

  http.serve(contract.placeBid, async ({ params, body, caller }) => {
    mayPlay(caller)
    const { bid, rank, chancesLeft } = await bids.place({ lotId: params.id, accountId: caller.accountId, ...body })
    return { status: 201, body: { bid: bidBody(bid), rank, chancesLeft } }
  })

  http.serve(contract.myBids, async ({ params, caller }) => {
    const lot = await lotOf(params.id)
    const { live, bids: own, rank, pushes, pushedOutAt } = await store.ownBids(db, lot.id, caller.accountId)
    const award = await store.awardOnLot(db, lot.id, caller.accountId)
    const cutoff = lot.bidders < lot.seats ? undefined : await store.cutoffOf(db, lot)
    const chancesLeft = lot.bidsMax - (live?.used ?? 0)
    const mayBid = phaseOf(lot, clock.now()) === 'open' && chancesLeft > 0
    const bid = own[0]
    return {
      status: 200,
      body: {
        lotId: lot.id,
        bidder: live?.bidder ?? null,
        bid: bid ? bidBody(bid) : null,
        bids: own.map(bidBody),
        rank,
        standing: rank === null ? null : rank <= lot.seats ? ('in' as const) : ('out' as const),
        chancesLeft,
        lowestAmount: mayBid ? lowestAmount(rulesOf(lot), { own: live?.amount, cutoff }) : null,
        pushes,
        pushedOutAt: pushedOutAt?.toISOString() ?? null,
        award: award ? awardBody(award) : null,
      },
    }
  })

  http.serve(contract.lotRanking, async ({ params }) => {
    const lot = await lotOf(params.id)
    if (lot.closedAt === null) throw notClosed(lot)
    const ranking: contract.LotRanking = {
      lotId: lot.id,
      seats: lot.seats,
      endedAt: lot.endAt.toISOString(),
      bidders: lot.bidders,
      items: await store.rankingPage(db, lot.id, rankingMax),
    }
    const bytes = Buffer.from(JSON.stringify(ranking))
    return { status: 200, bytes, etag: etagOf(bytes), type: json }
  })

  http.serve(contract.lotReport, async ({ params }) => {
    const { bytes, etag } = await reports.read(params.id)
    return { status: 200, bytes, etag, type: json }
  })

  http.serve(contract.claimSeat, async ({ params, caller }) => {
    mayPlay(caller)
    const { isNew, award } = await awards.claim(params.id, caller.accountId)
    return { status: isNew ? 201 : 200, body: awardBody(award) }
  })

  http.serve(contract.listAuctionAwards, async ({ caller }) => ({
    status: 200,
    body: { items: (await awards.list(caller.accountId)).map(awardBody) },
  }))

  http.serve(contract.auctionAwardPass, async ({ params, caller }) => {
    const { expiresAt, ...pass } = await awards.pass(params.id, caller.accountId)
    return { status: 200, body: { ...pass, expiresAt: expiresAt.toISOString() } }
  })

  http.serve(contract.declineAuctionAward, async ({ params, caller }) => ({
    status: 200,
    body: awardBody(await awards.decline(params.id, caller.accountId)),
  }))
}

const bidBody = ({ id, lotId, amount, sequence, at }: Bid): contract.Bid => ({
  id,
  lotId,
  amount,
  sequence,
  at: at.toISOString(),
})

const awardBody = (award: FullAward): contract.AuctionAward => ({
  id: award.id,
  kind: 'auction',
  lotId: award.lotId,
  saleId: award.saleId,
  eventId: award.event.id,
  eventName: award.event.name,
  line: { id: award.lotId, name: award.name },
  sectionIds: [award.sectionId],
  seat: { id: seatId(award.sectionId, award.seat.number), label: award.seat.label },
  quantity: 1,
  amount: award.amount,
  unitPrice: moneyOf(award, award.amount),
  how: award.how,
  rank: award.rank,
  bought: award.state === 'bought' ? 1 : 0,
  state: award.state,
  awardedAt: award.awardedAt.toISOString(),
  payBy: award.payBy.toISOString(),
})
