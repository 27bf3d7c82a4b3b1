import type { SaleAvailability } from '@fairgate/contracts/http/availability'
import type { Availability } from '@fairgate/contracts/http/inventory'
import { createBatcher } from '#platform/batcher'
import { keep } from '#platform/keep'
import { Problem } from '#platform/problem'
import type { Platform } from '#platform/platform'
import { etagOf } from '#platform/http'
import * as store from './availability-store.ts'
import type { Sections } from './sections.ts'

/** One moment of a section, ready to be sent. */
export type Snapshot = {
  document: Availability
  /** 2 bits a seat; of an open section, whose seats are alike, nothing. */
  picture: Buffer
  json: { text: string; etag: string }
  octets: { bytes: Buffer; etag: string }
}

/** The same for all sections of a sale. */
export type SaleSnapshot = Pick<Snapshot, 'json' | 'octets'> & { sections: readonly Snapshot[] }

export type AvailabilityReader = ReturnType<typeof createAvailability>

type Entry = { snapshot?: Snapshot; builtAt: number; staleAt: number; building?: Promise<Snapshot> }

/** A snapshot is not built more often than this. */
export const rebuildMs = 300
/** Word that a section changed in another process may be lost; then this is how old a snapshot can be. */
const trustedMs = 2_000
/** Most sections with a snapshot in memory: 100 bytes to 30 kB each. */
const entriesMax = 2_000
/** Sections read in one statement: 1,250 seats take about a millisecond. */
const batchMax = 64
const salesMax = 500

export const topic = 'inventory.section'

/** Keeps one prebuilt answer for each section, so that the crowd's looking costs the database at most three statements a second. */
export function createAvailability({
  db,
  clock,
  signals,
  sections,
}: Pick<Platform, 'db' | 'clock' | 'signals'> & { sections: Sections }) {
  const entries = new Map<string, Entry>()
  /** Which sections a sale has never changes once it is ready. */
  const sales = new Map<string, { sectionIds: readonly string[]; last?: SaleSnapshot }>()
  const statuses = createBatcher<string, store.SectionStatus>({
    batchMax,
    queueMax: entriesMax,
    async run(sectionIds) {
      const read = await store.sectionStatuses(db, sectionIds, new Date(clock.now()))
      const found = new Map(read.map((status) => [status.sectionId, status]))
      return sectionIds.map((id) => found.get(id)!)
    },
  })

  signals.on(topic, (sectionIds) => {
    for (const sectionId of sectionIds) {
      const entry = entries.get(sectionId)
      if (entry) entry.staleAt = Math.min(entry.staleAt, clock.now())
    }
  })

  /** @throws inventory.section-not-found */
  async function read(sectionId: string): Promise<Snapshot> {
    let entry = entries.get(sectionId)
    if (!entry) {
      if (!(await sections.find(sectionId))) throw new Problem('inventory.section-not-found')
      entry = entries.get(sectionId) ?? { builtAt: -Infinity, staleAt: -Infinity }
      keep(entries, entriesMax, sectionId, entry)
    }
    const now = clock.now()
    const isDue = now >= entry.staleAt && now >= entry.builtAt + rebuildMs
    if (entry.snapshot && !isDue && !entry.building) return entry.snapshot
    entry.building ??= build(sectionId, entry).finally(() => delete entry.building)
    return entry.building
  }

  async function build(sectionId: string, entry: Entry): Promise<Snapshot> {
    const now = clock.now()
    entry.builtAt = now
    // What changes from here on may not be seen by the statement below and marks the entry stale again.
    entry.staleAt = now + trustedMs
    try {
      const [section, status] = await Promise.all([sections.find(sectionId), statuses.add(sectionId)])
      if (status.nextLapseAt) entry.staleAt = Math.min(entry.staleAt, status.nextLapseAt.getTime())
      return (entry.snapshot = toSnapshot(status, section?.admission === 'open'))
    } catch (error) {
      entry.staleAt = now
      throw error
    }
  }

  /** @throws catalog.sale-not-found */
  async function readSale(saleId: string): Promise<SaleSnapshot> {
    let sale = sales.get(saleId)
    if (!sale) {
      const found = await store.sectionsOfSale(db, saleId)
      if (found.length === 0) throw new Problem('catalog.sale-not-found')
      sale = { sectionIds: found.map(({ id }) => id) }
      keep(sales, salesMax, saleId, sale)
    }
    const now = await Promise.all(sale.sectionIds.map(read))
    const { last } = sale
    if (last?.sections.every((snapshot, index) => snapshot === now[index])) return last
    return (sale.last = toSaleSnapshot(saleId, now))
  }

  return { read, readSale }
}

function toSnapshot(status: store.SectionStatus, isOpen: boolean): Snapshot {
  const bytes = packDigits(status.digits)
  const document: Availability = {
    sectionId: status.sectionId,
    version: status.version,
    free: status.free,
    held: status.held + status.secured,
    sold: status.sold,
    blocked: status.blocked,
    status: bytes.toString('base64'),
  }
  return {
    document,
    picture: isOpen ? Buffer.alloc(0) : bytes,
    json: textOf(document),
    octets: { bytes, etag: etagOf(Buffer.concat([bytes, Buffer.from(`${status.version}`)])) },
  }
}

function toSaleSnapshot(saleId: string, sections: readonly Snapshot[]): SaleSnapshot {
  const overview: SaleAvailability = {
    saleId,
    sections: sections.map(({ document: { sectionId, version, free, held, sold, blocked } }) => ({
      sectionId,
      version,
      free,
      held,
      sold,
      blocked,
    })),
  }
  const json = textOf(overview)
  const bytes = Buffer.concat(sections.map(({ picture }) => picture))
  return { sections, json, octets: { bytes, etag: etagOf(Buffer.concat([bytes, Buffer.from(json.etag)])) } }
}

function textOf(document: object): { text: string; etag: string } {
  const text = JSON.stringify(document)
  return { text, etag: etagOf(text) }
}

/** Two bits a seat, the first seat in the lowest bits of the first byte. */
export function packDigits(digits: string): Buffer {
  const bytes = Buffer.alloc(Math.ceil(digits.length / 4))
  for (let i = 0; i < digits.length; i++) {
    bytes[i >> 2]! |= (digits.charCodeAt(i) - 48) << ((i & 3) * 2)
  }
  return bytes
}

/** The reverse, for tests and for whoever reads the bytes: one `seatStatus` a seat. */
export const unpackStatus = (bytes: Buffer, capacity: number): number[] =>
  Array.from({ length: capacity }, (_, i) => (bytes[i >> 2]! >> ((i & 3) * 2)) & 3)
