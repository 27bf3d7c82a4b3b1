import type { FastifyReply } from 'fastify'
import type { AvailabilityUpdate, SeatChanges } from '@fairgate/contracts/http/availability'
import { encodeChanges } from '@fairgate/contracts/seat-changes'
import { createStreams } from '#platform/event-streams'
import type { Loop } from '#platform/loop'
import type { Platform } from '#platform/platform'
import type { StreamRoom } from '#platform/stream-room'
import type { AvailabilityReader, Snapshot } from './availability.ts'

/** Looked at so often; what is read then changes no more often than snapshots are built. */
const everyMs = 100
const lifeMs = 30 * 60_000

/** What the watchers of a topic have: all of them the same, whenever they came. */
type Told = { read: () => Promise<readonly Snapshot[]>; snapshots: readonly Snapshot[]; first?: Buffer }

export type AvailabilityStreams = ReturnType<typeof createAvailabilityStreams>

/**
 * Tells the watchers of a section, or of all sections of a sale, what has changed: one message for all of them, built
 * once. Whoever comes later begins with what the others have, so the next change fits everybody.
 */
export function createAvailabilityStreams(
  deps: Pick<Platform, 'clock' | 'metrics'> & { availability: AvailabilityReader },
  options: { streamsMax: number; room?: StreamRoom },
) {
  const { availability } = deps
  const metric = { metric: 'fairgate_availability_streams', help: 'Open event streams of availability' }
  const streams = createStreams(deps, { ...options, lifeMs, ...metric })
  const topics = new Map<string, Told>()

  async function watch(topic: string, read: Told['read'], reply: FastifyReply): Promise<void> {
    let told = topics.get(topic)
    if (!told) {
      const snapshots = await read()
      told = topics.get(topic) ?? { read, snapshots }
      topics.set(topic, told)
    }
    told.first ??= eventOf({ snapshots: told.snapshots.map(plain), changes: [] })
    streams.open(topic, reply, told.first)
  }

  async function tell(topic: string, told: Told): Promise<void> {
    const before = told.snapshots
    const after = await told.read()
    const update = updateOf(before, after)
    if (!update) return
    told.snapshots = after
    delete told.first
    await streams.send(topic, eventOf(update))
  }

  const loop: Loop = {
    name: 'inventory.availability',
    intervalMs: everyMs,
    async run() {
      const watched = new Set(streams.topics())
      for (const topic of topics.keys()) if (!watched.has(topic)) topics.delete(topic)
      await Promise.all([...topics].map(([topic, told]) => tell(topic, told)))
      await streams.beat()
      return false
    },
  }

  return {
    loop,
    watchSection: (sectionId: string, reply: FastifyReply) =>
      watch(`section ${sectionId}`, async () => [await availability.read(sectionId)], reply),
    watchSale: (saleId: string, reply: FastifyReply) =>
      watch(`sale ${saleId}`, async () => (await availability.readSale(saleId)).sections, reply),
  }
}

const plain = ({ document, picture }: Snapshot) => ({ ...document, status: picture.toString('base64') })

/** What leads from one to the other: the changed seats, or the whole picture where that is shorter; nothing when nothing has changed. */
export function updateOf(before: readonly Snapshot[], after: readonly Snapshot[]): AvailabilityUpdate | undefined {
  const update: AvailabilityUpdate = { snapshots: [], changes: [] }
  for (const [index, is] of after.entries()) {
    const was = before[index]!
    if (was.document.version === is.document.version) continue
    const { status: _, version, ...counts } = is.document
    const bytes = encodeChanges(was.picture, is.picture)
    const changes: SeatChanges = {
      ...counts,
      from: was.document.version,
      to: version,
      changes: Buffer.from(bytes).toString('base64'),
    }
    if (bytes.length > is.picture.length) update.snapshots.push(plain(is))
    else update.changes.push(changes)
  }
  return update.snapshots.length + update.changes.length > 0 ? update : undefined
}

const eventOf = (update: AvailabilityUpdate): Buffer =>
  Buffer.from(`event: availability\ndata: ${JSON.stringify(update)}\n\n`)
