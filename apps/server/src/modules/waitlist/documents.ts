import type { WaitlistDocument } from '@fairgate/contracts/http/waitlist'
import { createBatcher } from '#platform/batcher'
import type { Clock } from '#platform/clock'
import type { Db } from '#platform/db'
import { etagOf } from '#platform/http'
import { keep } from '#platform/keep'
import { Problem } from '#platform/problem'
import { phaseOf, type Sale } from './waitlist.ts'
import * as store from './waitlist-store.ts'
import type { Entry, Waiting } from './waitlist-store.ts'

type Built = {
  sale: Sale
  waiting: Waiting
  bytes: Buffer
  etag: string
  builtAt: number
  isStale: boolean
  costMs: number
}

/** Waitlists remembered by a process; the one that was first remembered is forgotten first. */
const documentsMax = 2000
/** What caches may do (`max-age=1`). */
const keptMs = 1000
/** A change is shown earlier, but no more often than this. */
const afterChangeMs = 250
/** Reading who waits takes some 20 ms for 20,000 people: it may take a tenth of a process's time. */
const costShare = 10

/** The documents of waitlists. A crowd of readers costs the database one reading a second for each. */
export function createDocuments({ db, clock }: { db: Db; clock: Clock }) {
  const kept = new Map<string, Built>()
  const builds = createBatcher<{ saleId: string; records: number }, Built | undefined>({
    batchMax: 5000,
    queueMax: 20_000,
    run: async (wanted) => {
      const built = new Map<string, Built | undefined>()
      for (const [saleId, list] of Map.groupBy(wanted, (each) => each.saleId)) {
        const records = list.reduce((most, each) => Math.max(most, each.records), 0)
        built.set(saleId, fresh(saleId, records) ?? (await build(saleId)))
      }
      return wanted.map(({ saleId }) => built.get(saleId))
    },
  })

  function fresh(saleId: string, records: number): Built | undefined {
    const known = kept.get(saleId)
    if (!known || known.sale.records < records) return undefined
    const keptFor = Math.max(known.isStale ? afterChangeMs : keptMs, known.costMs * costShare)
    return clock.now() - known.builtAt < keptFor ? known : undefined
  }

  async function build(saleId: string): Promise<Built | undefined> {
    const builtAt = clock.now()
    // The sale first: whoever joined by one of its records is among those who are read then.
    const sale = await store.readSale(db, saleId)
    if (!sale) return undefined
    const waiting = await store.readWaiting(db, saleId)
    const bytes = Buffer.from(JSON.stringify(documentOf(sale, waiting, builtAt)))
    const costMs = clock.now() - builtAt
    const built = { sale, waiting, bytes, etag: etagOf(bytes), builtAt, isStale: false, costMs }
    keep(kept, documentsMax, saleId, built)
    return built
  }

  /** @param records  it must show so many at least. @throws waitlist.waitlist-not-found, waitlist.not-for-this-sale */
  async function read(saleId: string, records = 0): Promise<Built> {
    const built = fresh(saleId, records) ?? (await builds.add({ saleId, records }))
    if (!built) throw new Problem('waitlist.waitlist-not-found')
    if (built.sale.method !== 'queue') throw new Problem('waitlist.not-for-this-sale')
    return built
  }

  return {
    read,
    /** How many are before an entry and wait for at least one of its sections; null when it does not wait. */
    async ahead({ saleId, number, sectionIds, state }: Entry): Promise<number | null> {
      if (state !== 'waiting') return null
      const { waiting } = await read(saleId, number)
      return waiting
        .filter((group) => group.sectionIds.some((id) => sectionIds.includes(id)))
        .reduce((sum, { numbers }) => sum + countBelow(numbers, number), 0)
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

/** How many of rising numbers are smaller than this. */
function countBelow(numbers: readonly number[], limit: number): number {
  let [low, high] = [0, numbers.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (numbers[middle]! < limit) low = middle + 1
    else high = middle
  }
  return low
}

/** Who waits for a section, perhaps among others. */
export function waitingFor(waiting: Waiting, sectionId: string): { entries: number; seats: number } {
  const groups = waiting.filter(({ sectionIds }) => sectionIds.includes(sectionId))
  return {
    entries: groups.reduce((sum, { numbers }) => sum + numbers.length, 0),
    seats: groups.reduce((sum, { seats }) => sum + seats, 0),
  }
}

function documentOf(sale: Sale, waiting: Waiting, now: number): WaitlistDocument {
  return {
    saleId: sale.id,
    eventId: sale.event.id,
    eventName: sale.event.name,
    phase: phaseOf(sale, now),
    ...(sale.closedAt === null ? {} : { cancelledAt: sale.closedAt.toISOString() }),
    opensAt: sale.opensAt.toISOString(),
    closesAt: sale.closesAt.toISOString(),
    serverTime: new Date(now).toISOString(),
    offerSeconds: sale.offerSeconds,
    limitPerAccount: sale.limitPerAccount,
    waiting: waiting.reduce((sum, { numbers }) => sum + numbers.length, 0),
    sections: sale.sections.map(({ id, name, isFull }) => ({
      id,
      name,
      soldOut: isFull,
      waiting: waitingFor(waiting, id).entries,
    })),
    records: sale.records,
    head: sale.head,
  }
}
