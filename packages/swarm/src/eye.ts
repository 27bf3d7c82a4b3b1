import { getLine, type LineDocument } from '@fairgate/contracts/http/waiting-room'
import { pollEntry, pollEveryMs } from '@fairgate/contracts/wait'
import { openLineStream } from './line-stream.ts'
import type { Chance } from './random.ts'
import type { Wire } from './wire.ts'

/** How somebody watches a line. */
export type Eye = {
  /** The document after the pause that suits so many people ahead; at once when asked for the first time. */
  look(ahead: number): Promise<LineDocument>
  close(): void
}

type World = {
  wire: Wire
  url: string
  now: () => number
  sleep: (ms: number) => Promise<void>
  parsed: ParsedLines
}

/** The pause of a browser: what is asked, or up to two fifths less; the opening is not slept through. */
export function pauseMs(
  line: Pick<LineDocument, 'poll' | 'opensAt' | 'openingMs'>,
  ahead: number,
  now: number,
  chance: Chance,
): number {
  const pause = pollEveryMs(line.poll, ahead) * (0.6 + 0.4 * chance.unit())
  const toOpening = Date.parse(line.opensAt) - now
  return toOpening > 0 && toOpening < pause ? toOpening + (line.openingMs ?? 0) * chance.unit() : pause
}

/** All who watch a line are told at once that nothing is new. */
const beatSpreadMs = 5000

/** A person with a browser: reads as often as the document asks, and keeps the event stream where it asks for that. */
export function ownEye({ wire, url, now, sleep, parsed }: World, lineId: string, chance: Chance): Eye {
  let line: LineDocument | undefined
  let etag: string | undefined
  let stream: { close(): void } | undefined
  let isNews = false
  let wake = (): void => {}

  function watch(): void {
    stream = openLineStream(
      { url, lineId },
      {
        message(bytes) {
          line = parsed(lineId, bytes)
          isNews = true
          wake()
        },
        // Nothing new for a while: it is asked beside the stream whether that is true, by everybody at another time.
        beat() {
          const before = line
          void sleep(beatSpreadMs * chance.unit()).then(() => {
            if (line === before) wake()
          })
        },
        failed() {},
        closed() {
          stream = undefined
          wake()
        },
      },
    )
  }

  return {
    async look(ahead) {
      if (line && !stream && pollEntry(line.poll, ahead)?.stream) watch()
      if (stream && !isNews) await new Promise<void>((resolve) => (wake = resolve))
      else if (line && !stream) await sleep(pauseMs(line, ahead, now(), chance))
      if (line && isNews) {
        isNews = false
        return line
      }
      const reply = await wire.call('poll', getLine, { params: { id: lineId }, ...(etag ? { etag } : {}) })
      if (reply.status !== 304) line = reply.body
      etag = reply.headers.get('etag') ?? undefined
      if (!line) throw new Error('a line without a document')
      return line
    },
    close: () => stream?.close(),
  }
}

export type ParsedLines = (lineId: string, bytes: Buffer) => LineDocument

/** All who watch a line are sent the same bytes: a crowd in one process reads them once. */
export function createParsedLines(): ParsedLines {
  const latest = new Map<string, { bytes: Buffer; line: LineDocument }>()
  return (lineId, bytes) => {
    const known = latest.get(lineId)
    if (known?.bytes.equals(bytes)) return known.line
    const line = JSON.parse(bytes.toString()) as LineDocument
    latest.set(lineId, { bytes: Buffer.from(bytes), line })
    return line
  }
}

/**
 * The eye of a farm of macros: it reads ten times a second, whatever the document asks, and all accounts of the farm see
 * what it sees, because the document is the same for all. Nobody looks, nobody reads.
 */
export function farmEye({ wire, sleep }: Pick<World, 'wire' | 'sleep'>, lineId: string): Eye {
  let looking: Promise<LineDocument> | undefined
  const read = async () => {
    await sleep(farmEveryMs)
    return (await wire.call('poll', getLine, { params: { id: lineId } })).body
  }
  return { look: () => (looking ??= read().finally(() => (looking = undefined))), close: () => {} }
}

const farmEveryMs = 100
