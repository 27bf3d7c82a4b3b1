import type { LineList } from '@fairgate/contracts/http/waiting-room'
import type { Clock } from '#platform/clock'
import type { Db } from '#platform/db'
import { etagOf } from '#platform/http'
import { keep } from '#platform/keep'
import { Problem } from '#platform/problem'
import type { Documents } from './documents.ts'
import { lineIdsOf } from './waiting-room-store.ts'

type Built = { bytes: Buffer; etag: string }
type Entry = { lineIds: string[]; built: Promise<Built> | undefined; builtAt: number }

/** Sales remembered by a process; the one that was first remembered is forgotten first. */
const salesMax = 2000
/** As long as caches may keep it. */
const everyMs = 1000

/** The lines of sales in a few words, made from their documents once a second for all readers. */
export function createSaleLines({ db, clock, documents }: { db: Db; clock: Clock; documents: Documents }) {
  const entries = new Map<string, Entry>()

  async function entryOf(saleId: string): Promise<Entry> {
    const known = entries.get(saleId)
    if (known) return known
    // The lines of a published sale are never changed; a sale without any is not published yet.
    const lineIds = await lineIdsOf(db, saleId)
    if (lineIds.length === 0) throw new Problem('catalog.sale-not-found')
    const entry: Entry = { lineIds, built: undefined, builtAt: 0 }
    keep(entries, salesMax, saleId, entry)
    return entry
  }

  async function build(lineIds: readonly string[]): Promise<Built> {
    const lines = await Promise.all(lineIds.map((lineId) => documents.read(lineId)))
    const list: LineList = {
      items: lines.map(({ document: { id, name, phase, stock, arrivals, frontier } }) => ({
        id,
        name,
        phase,
        free: stock.free,
        waiting: Math.max(0, arrivals - frontier),
      })),
    }
    const bytes = Buffer.from(JSON.stringify(list))
    return { bytes, etag: etagOf(bytes) }
  }

  return {
    /** @throws catalog.sale-not-found */
    async read(saleId: string): Promise<Built> {
      const entry = await entryOf(saleId)
      const now = clock.now()
      if (entry.built && now - entry.builtAt < everyMs) return entry.built
      entry.builtAt = now
      entry.built = build(entry.lineIds).catch((error: unknown) => {
        entry.built = undefined
        throw error
      })
      return entry.built
    },
  }
}
