import type { FastifyReply } from 'fastify'
import type { Clock } from '#platform/clock'
import type { Streams } from '#platform/event-streams'
import type { Loop } from '#platform/loop'
import type { BuiltDocument, Documents } from './documents.ts'

const eventOf = ({ bytes }: BuiltDocument): Buffer =>
  Buffer.concat([Buffer.from('event: line\ndata: '), bytes, Buffer.from('\n\n')])

/** About 5 % of a core; a crowd of watchers larger than this hears less often instead. */
const writesPerSecondMax = 5000

/** Tells the watchers of lines when a document has changed. */
export function createBroadcast(
  deps: { clock: Clock; documents: Documents; streams: Streams },
  options: { everyMs: number },
) {
  const { clock, documents, streams } = deps
  let toldAt = -Infinity
  /** What the watchers of each line saw last. */
  let sent = new Map<string, string>()

  async function watch(lineId: string, reply: FastifyReply): Promise<void> {
    const built = await documents.read(lineId)
    streams.open(lineId, reply, eventOf(built))
    if (!sent.has(lineId)) sent.set(lineId, built.content)
  }

  const loop: Loop = {
    name: 'waiting-room.broadcast',
    intervalMs: options.everyMs,
    async run() {
      if (clock.now() - toldAt < Math.floor((streams.count() * 1000) / writesPerSecondMax)) return false
      toldAt = clock.now()
      const lineIds = streams.topics()
      const builts = await Promise.all(lineIds.map((lineId) => documents.read(lineId)))
      const before = sent
      sent = new Map(builts.map(({ document, content }) => [document.id, content]))
      for (const built of builts) {
        if (before.get(built.document.id) !== built.content) await streams.send(built.document.id, eventOf(built))
      }
      await streams.beat()
      return false
    },
  }

  return { watch, loop }
}
