import type { FastifyReply } from 'fastify'
import type { Streams } from '#platform/event-streams'
import type { Loop } from '#platform/loop'
import type { BuiltDocument, Documents } from './documents.ts'

/** A change reaches the watchers this long after it may be shown, at the latest. */
const everyMs = 100

const eventOf = ({ bytes }: BuiltDocument): Buffer =>
  Buffer.concat([Buffer.from('event: lot\ndata: '), bytes, Buffer.from('\n\n')])

/** Tells the watchers of lots when a document has changed: one buffer for all of them. */
export function createBroadcast(documents: Documents, streams: Streams) {
  /** What the watchers of each lot saw last. */
  let sent = new Map<string, string>()

  async function watch(lotId: string, reply: FastifyReply): Promise<void> {
    const built = await documents.read(lotId)
    streams.open(lotId, reply, eventOf(built))
    if (!sent.has(lotId)) sent.set(lotId, built.content)
  }

  const loop: Loop = {
    name: 'auctions.broadcast',
    intervalMs: everyMs,
    async run() {
      const builts = await Promise.all(streams.topics().map((lotId) => documents.read(lotId)))
      const before = sent
      sent = new Map(builts.map(({ lotId, content }) => [lotId, content]))
      for (const built of builts) {
        if (before.get(built.lotId) !== built.content) await streams.send(built.lotId, eventOf(built))
      }
      await streams.beat()
      return false
    },
  }

  return { watch, loop }
}
