import type { WaitlistOverview } from '@fairgate/contracts/http/waitlist'
import type { Caller } from '#platform/access-token'
import { afterCommit, transaction, type Db } from '#platform/db'
import type { Platform } from '#platform/platform'
import { Problem } from '#platform/problem'
import { waitingFor, type Documents } from './documents.ts'
import { createJournal, type Sale } from './waitlist.ts'
import * as store from './waitlist-store.ts'

const shownMax = 100

/** What the organiser of a sale sees of its waitlist, and may decide about it. */
export function createOverview({ db, clock, documents }: Pick<Platform, 'db' | 'clock'> & { documents: Documents }) {
  /** Another organiser's sale is as unknown as one that never was. */
  async function managed(caller: Caller, saleId: string): Promise<Sale> {
    const sale = await store.readSale(db, saleId)
    const isManager = caller.roles.includes('admin') || caller.accountId === sale?.organiserId
    if (!sale || !isManager) throw new Problem('waitlist.waitlist-not-found')
    if (sale.method !== 'queue') throw new Problem('waitlist.not-for-this-sale')
    return sale
  }

  return {
    read: async (caller: Caller, saleId: string): Promise<WaitlistOverview> =>
      overviewOf(db, await managed(caller, saleId)),

    /** For offers that are made from now on; those that run keep their deadline. */
    async change(caller: Caller, saleId: string, offerSeconds: number): Promise<WaitlistOverview> {
      await managed(caller, saleId)
      await transaction(db, async (tx) => {
        const [sale] = await store.lockSales(tx, [saleId])
        if (sale!.offerSeconds === offerSeconds) return
        const journal = createJournal(sale!, new Date(clock.now()))
        journal.add({ kind: 'offer-time', offerSeconds })
        await store.setOfferSeconds(tx, saleId, offerSeconds)
        await store.appendRecords(tx, [journal], true)
        afterCommit(tx, () => documents.expire([saleId]))
      })
      return overviewOf(db, (await store.readSale(db, saleId))!)
    },
  }
}

export type Overview = ReturnType<typeof createOverview>

async function overviewOf(db: Db, sale: Sale): Promise<WaitlistOverview> {
  const [waiting, offers, newest] = await Promise.all([
    store.readWaiting(db, sale.id),
    store.offerCounts(db, sale.id),
    store.newestOffers(db, sale.id, shownMax),
  ])
  return {
    saleId: sale.id,
    offerSeconds: sale.offerSeconds,
    sections: sale.sections.map(({ id, name }) => {
      const wanted = waitingFor(waiting, id)
      const { kept, offered, bought, declined, lapsed } = offers.find(({ sectionId }) => sectionId === id)!
      return {
        id,
        name,
        waiting: wanted.entries,
        waitingSeats: wanted.seats,
        kept,
        offered,
        bought,
        declined,
        lapsed,
      }
    }),
    offers: newest.map(({ id, number, sectionId, labels, state, offeredAt, until }) => ({
      id,
      number,
      sectionId,
      seats: labels,
      state,
      offeredAt: offeredAt.toISOString(),
      until: until.toISOString(),
    })),
  }
}
