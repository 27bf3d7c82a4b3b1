import { createHash } from 'node:crypto'
import type { LotReport } from '@fairgate/contracts/http/auctions'
import { createBatcher } from '#platform/batcher'
import type { Db, Tx } from '#platform/db'
import { keep } from '#platform/keep'
import { Problem } from '#platform/problem'
import * as store from './auctions-store.ts'
import { moneyOf, type Lot } from './lot.ts'

/** What is signed of a close: `typ` of the JWS, and its claims. */
export const reportType = 'fairgate-lot+jws'
export const reportClaims = (lot: Lot, hash: string) => ({ lotId: lot.id, reportHash: hash })

export const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')

/** All bids of a lot without names, and the ranking that they give. What it says never changes once the lot is closed. */
export async function reportOf(db: Db | Tx, lot: Lot): Promise<LotReport> {
  const seats = await store.seatsOf(db, lot.id)
  const bids = await store.history(db, lot.id)
  return {
    version: 'fairgate-lot-1',
    lotId: lot.id,
    saleId: lot.saleId,
    eventId: lot.event.id,
    seats: seats.map(({ label }) => label),
    startPrice: moneyOf(lot, lot.startAmount),
    step: moneyOf(lot, lot.step),
    bidsMax: lot.bidsMax,
    opensAt: lot.opensAt.toISOString(),
    endsAt: lot.endsAt.toISOString(),
    ...(lot.softClose ? { softClose: softCloseOf(lot.softClose) } : {}),
    endedAt: lot.endAt.toISOString(),
    bids: bids.map(({ bidder, amount, at }) => [bidder, amount, at.getTime()]),
    ranking: await store.ranking(db, lot.id),
  }
}

/** Members in one order, whatever order the database has them in: their text is hashed. */
const softCloseOf = ({ windowSeconds, extendSeconds, extendSecondsMax }: NonNullable<Lot['softClose']>) => ({
  windowSeconds,
  extendSeconds,
  extendSecondsMax,
})

/** Why a lot has neither report nor ranking. */
export const notClosed = ({ cancelledAt }: Lot): Problem =>
  new Problem(cancelledAt === null ? 'auctions.not-ended' : 'auctions.lot-cancelled')

type Built = { bytes: Buffer; etag: string }

/** Reports kept by a process; one of 30,000 bids is some 1.5 MB. */
const keptMax = 4

/** The published reports. One is built at a time, so that curiosity is bounded in memory and in work. */
export function createReports({ db }: { db: Db }) {
  const kept = new Map<string, Built>()
  const builds = createBatcher<Lot, Built>({
    batchMax: 1,
    queueMax: 1000,
    run: (lots) => Promise.all(lots.map(async (lot) => kept.get(lot.id) ?? build(lot))),
  })

  async function build(lot: Lot): Promise<Built> {
    const signed = await store.signatureOf(db, lot.id)
    if (!signed) throw notClosed(lot)
    const report = JSON.stringify(await reportOf(db, lot))
    const bytes = Buffer.from(`{"report":${report},"signature":${JSON.stringify(signed.signature)}}`)
    const built = { bytes, etag: `"${signed.hash}"` }
    keep(kept, keptMax, lot.id, built)
    return built
  }

  return {
    /** @throws auctions.lot-not-found, auctions.not-ended */
    async read(lotId: string): Promise<Built> {
      const known = kept.get(lotId)
      if (known) return known
      const lot = await store.readLot(db, lotId)
      if (!lot) throw new Problem('auctions.lot-not-found')
      if (lot.closedAt === null) throw notClosed(lot)
      return builds.add(lot)
    },
  }
}

export type Reports = ReturnType<typeof createReports>
