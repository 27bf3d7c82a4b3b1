import type { Availability } from '@fairgate/contracts/http/inventory'
import { Problem } from '#platform/problem'
import type { Platform } from '#platform/platform'
import { etagOf } from '#platform/http'
import * as store from './inventory-store.ts'
import type { Sections } from './sections.ts'

/** One moment of a section, ready to be sent. */
export type Snapshot = {
  document: Availability
  json: { text: string; etag: string }
  octets: { bytes: Buffer; etag: string }
}

type Entry = { snapshot?: Snapshot; builtAt: number; staleAt: number; building?: Promise<Snapshot> }

/** A snapshot is not built more often than this. */
export const rebuildMs = 300
/** Word that a section changed in another process may be lost; then this is how old a snapshot can be. */
const trustedMs = 2_000
/** Most sections with a snapshot in memory: 100 bytes to 30 kB each. */
const entriesMax = 2_000

export const topic = 'inventory.section'

/** Keeps one prebuilt answer for each section, so that the crowd's looking costs the database at most three statements a second. */
export function createAvailability({
  db,
  clock,
  signals,
  sections,
}: Pick<Platform, 'db' | 'clock' | 'signals'> & { sections: Sections }) {
  const entries = new Map<string, Entry>()

  signals.on(topic, (sectionIds) => {
    for (const sectionId of sectionIds) {
      const entry = entries.get(sectionId)
      if (entry) entry.staleAt = Math.min(entry.staleAt, clock.now())
    }
  })

  async function read(sectionId: string): Promise<Snapshot> {
    let entry = entries.get(sectionId)
    if (!entry) {
      if (!(await sections.find(sectionId))) throw new Problem('inventory.section-not-found')
      entry = entries.get(sectionId) ?? { builtAt: -Infinity, staleAt: -Infinity }
      if (entries.size >= entriesMax) entries.delete(entries.keys().next().value!)
      entries.set(sectionId, entry)
    }
    const now = clock.now()
    const isDue = now >= entry.staleAt && now >= entry.builtAt + rebuildMs
    if (entry.snapshot && !isDue) return entry.snapshot
    entry.building ??= build(sectionId, entry).finally(() => delete entry.building)
    return entry.building
  }

  async function build(sectionId: string, entry: Entry): Promise<Snapshot> {
    const now = clock.now()
    entry.builtAt = now
    // What changes from here on may not be seen by the statement below and marks the entry stale again.
    entry.staleAt = now + trustedMs
    try {
      const status = await store.sectionStatus(db, sectionId, new Date(now))
      if (status.nextLapseAt) entry.staleAt = Math.min(entry.staleAt, status.nextLapseAt.getTime())
      return (entry.snapshot = toSnapshot(sectionId, status))
    } catch (error) {
      entry.staleAt = now
      throw error
    }
  }

  return { read }
}

function toSnapshot(sectionId: string, status: store.SectionStatus): Snapshot {
  const bytes = packDigits(status.digits)
  const document: Availability = {
    sectionId,
    version: status.version,
    free: status.free,
    held: status.held + status.secured,
    sold: status.sold,
    blocked: status.blocked,
    status: bytes.toString('base64'),
  }
  const text = JSON.stringify(document)
  return {
    document,
    json: { text, etag: etagOf(text) },
    octets: { bytes, etag: etagOf(Buffer.concat([bytes, Buffer.from(`${status.version}`)])) },
  }
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
