import type { WaitlistDocument } from '@fairgate/contracts/http/waitlist'
import { createBatcher } from '#platform/batcher'
import type { Clock } from '#platform/clock'
import type { Db } from '#platform/db'
import { etagOf } from '#platform/http'
import { Problem } from '#platform/problem'
import { phaseOf, type Sale } from './waitlist.ts'
import * as store from './waitlist-store.ts'

type Built = { method: Sale['method']; bytes: Buffer; etag: string; builtAt: number; isStale: boolean }

/** Waitlists remembered by a process; the one that was first remembered is forgotten first. */
const documentsMax = 2000
/** What caches may do (`max-age=1`). */
const keptMs = 1000
/** A change is shown earlier, but no more often than this. */
const afterChangeMs = 250

/** The documents of waitlists. A crowd of readers costs the database one reading a second for each. */
export function createDocuments({ db, clock }: { db: Db; clock: Clock }) {
  const kept = new Map<string, Built>()
  const builds = createBatcher<string, Built | undefined>({
    batchMax: 20,
    queueMax: 5000,
    run: async (saleIds) => {
      const built = new Map<string, Built | undefined>()
      for (const saleId of new Set(saleIds)) built.set(saleId, fresh(saleId) ?? (await build(saleId)))
      return saleIds.map((saleId) => built.get(saleId))
    },
  })

  function fresh(saleId: string): Built | undefined {
    const known = kept.get(saleId)
    return known && clock.now() - known.builtAt < (known.isStale ? afterChangeMs : keptMs) ? known : undefined
  }

  async function build(saleId: string): Promise<Built | undefined> {
    const builtAt = clock.now()
    const sale = await store.readSale(db, saleId)
    if (!sale) return undefined
    const [counts, waiting] = await Promise.all([store.waitingCounts(db, saleId), store.waitingCount(db, saleId)])
    const bytes = Buffer.from(JSON.stringify(documentOf(sale, counts, waiting, builtAt)))
    const built = { method: sale.method, bytes, etag: etagOf(bytes), builtAt, isStale: false }
    if (!kept.has(saleId) && kept.size >= documentsMax) kept.delete(kept.keys().next().value!)
    kept.set(saleId, built)
    return built
  }

  return {
    /** @throws waitlist.waitlist-not-found, waitlist.not-for-this-sale */
    async read(saleId: string): Promise<Built> {
      const built = fresh(saleId) ?? (await builds.add(saleId))
      if (!built) throw new Problem('waitlist.waitlist-not-found')
      if (built.method !== 'queue') throw new Problem('waitlist.not-for-this-sale')
      return built
    },
    /** Something that these waitlists show has changed in the database. */
    expire(saleIds: Iterable<string>): void {
      for (const saleId of saleIds) {
        const known = kept.get(saleId)
        if (known) known.isStale = true
      }
    },
  }
}

export type Documents = ReturnType<typeof createDocuments>

function documentOf(
  sale: Sale,
  counts: readonly { sectionId: string; waiting: number }[],
  waiting: number,
  now: number,
): WaitlistDocument {
  return {
    saleId: sale.id,
    eventId: sale.event.id,
    eventName: sale.event.name,
    phase: phaseOf(sale, now),
    opensAt: sale.opensAt.toISOString(),
    closesAt: sale.closesAt.toISOString(),
    serverTime: new Date(now).toISOString(),
    offerSeconds: sale.offerSeconds,
    limitPerAccount: sale.limitPerAccount,
    waiting,
    sections: sale.sections.map(({ id, name, isFull }) => ({
      id,
      name,
      soldOut: isFull,
      waiting: counts.find(({ sectionId }) => sectionId === id)?.waiting ?? 0,
    })),
    records: sale.records,
    head: sale.head,
  }
}
