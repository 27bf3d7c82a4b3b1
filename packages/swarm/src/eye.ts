import { getLine, type LineDocument } from '@fairgate/contracts/http/waiting-room'
import type { Chance } from './random.ts'
import type { Wire } from './wire.ts'

/** How somebody watches a line. */
export type Eye = {
  /** The document after the pause that suits so many people ahead; at once when asked for the first time. */
  look(ahead: number): Promise<LineDocument>
}

type World = { wire: Wire; sleep: (ms: number) => Promise<void> }

/** The interval that the document asks of somebody so far back. */
export function pollEveryMs(line: Pick<LineDocument, 'poll'>, ahead: number): number {
  const entry = line.poll.find((candidate) => candidate.aheadMax === null || ahead <= candidate.aheadMax)
  return entry?.everyMs ?? 5000
}

/** A person with a browser: reads as often as the document asks, a fifth more or less. */
export function ownEye({ wire, sleep }: World, lineId: string, chance: Chance): Eye {
  let line: LineDocument | undefined
  let etag: string | undefined
  return {
    async look(ahead) {
      if (line) await sleep(pollEveryMs(line, ahead) * (0.6 + 0.4 * chance.unit()))
      const reply = await wire.call('poll', getLine, { params: { id: lineId }, ...(etag ? { etag } : {}) })
      if (reply.status !== 304) line = reply.body
      etag = reply.headers.get('etag') ?? undefined
      if (!line) throw new Error('a line without a document')
      return line
    },
  }
}

/**
 * The eye of a farm of macros: it reads ten times a second, whatever the document asks, and all accounts of the farm see
 * what it sees, because the document is the same for all. Nobody looks, nobody reads.
 */
export function farmEye({ wire, sleep }: World, lineId: string): Eye {
  let looking: Promise<LineDocument> | undefined
  const read = async () => {
    await sleep(farmEveryMs)
    return (await wire.call('poll', getLine, { params: { id: lineId } })).body
  }
  return { look: () => (looking ??= read().finally(() => (looking = undefined))) }
}

const farmEveryMs = 100
