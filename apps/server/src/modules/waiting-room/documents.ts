import type { LineDocument } from '@fairgate/contracts/http/waiting-room'
import { createBatcher } from '#platform/batcher'
import type { Clock } from '#platform/clock'
import type { Db } from '#platform/db'
import { etagOf } from '#platform/http'
import { keep } from '#platform/keep'
import { Problem } from '#platform/problem'
import { documentOf, rateWindow } from './document.ts'
import { keptPerMinute } from './admission.ts'
import { nearIn, phaseOf, type Everybody } from './line.ts'
import { readBoards, type Board } from './waiting-room-store.ts'

/** A document as it is sent. `content` is all of it but the time, to see whether anything has changed. */
export type BuiltDocument = { board: Board; document: LineDocument; bytes: Buffer; etag: string; content: string }

export type Documents = ReturnType<typeof createDocuments>

type Entry = {
  board: Board
  loadedAt: number
  /** Something it shows has changed since it was loaded. */
  isStale: boolean
  built: BuiltDocument | undefined
  builtAt: number
}

/** Lines remembered by a process; the one that was first remembered is forgotten first, and read again when asked for. */
const linesMax = 10_000
/** How many people wait in all lines together is counted again after this. */
const countEveryMs = 1000
/** What caches may do (`max-age=1`): within this time an unchanged document keeps its bytes and its validator. */
const sameBytesMs = 1000

/**
 * The documents of lines. A crowd of readers costs the database one statement in `everyMs` for all lines together, and
 * each of them costs nothing but the writing of bytes that are already there.
 */
export function createDocuments(
  deps: { db: Db; clock: Clock },
  options: { everyMs: number; gatherMs: number; claimSeconds: number; hasChallenges: boolean },
) {
  const { db, clock } = deps
  const entries = new Map<string, Entry>()
  const loading = new Map<string, Promise<Entry | undefined>>()
  /** Lines that changed while they were being read: what was read may be older than the change. */
  const changedMeanwhile = new Set<string>()

  const boards = createBatcher<string, Board | undefined>({
    batchMax: 500,
    queueMax: 5000,
    async run(lineIds) {
      const now = clock.now()
      const found = new Map((await readBoards(db, lineIds, now, rateWindow(now))).map((board) => [board.id, board]))
      return lineIds.map((id) => found.get(id))
    },
  })

  async function load(lineId: string): Promise<Entry | undefined> {
    const loadedAt = clock.now()
    changedMeanwhile.delete(lineId)
    const board = await boards.add(lineId)
    if (!board) return undefined
    const known = entries.get(lineId)
    // Numbers are never taken back, so the larger count is the newer one.
    if (known) board.arrivals = Math.max(board.arrivals, known.board.arrivals)
    const entry = {
      board,
      loadedAt,
      isStale: changedMeanwhile.has(lineId),
      built: known?.built,
      builtAt: known?.builtAt ?? 0,
    }
    rebuild(entry)
    keep(entries, linesMax, lineId, entry)
    return entry
  }

  let counted: Everybody & { at: number } = { waiting: 0, near: 0, at: -Infinity }

  /** The people of all lines that are remembered here and not over. */
  function everybody(now: number): Everybody {
    if (now - counted.at < countEveryMs) return counted
    counted = { waiting: 0, near: 0, at: now }
    for (const { board } of entries.values()) {
      const phase = phaseOf(board, now, options.gatherMs)
      if (phase === 'sold-out' || phase === 'closed') continue
      counted.waiting += Math.max(0, board.arrivals - board.frontier)
      if (phase === 'open') counted.near += nearIn({ ...board, perMinute: keptPerMinute(board) })
    }
    return counted
  }

  function rebuild(entry: Entry): void {
    const now = clock.now()
    const document = documentOf(entry.board, now, everybody(now), options)
    const content = JSON.stringify({ ...document, serverTime: '' })
    const isSame = entry.built?.content === content && now - entry.builtAt < sameBytesMs
    if (isSame) return
    const bytes = Buffer.from(JSON.stringify(document))
    entry.built = { board: entry.board, document, bytes, etag: etagOf(bytes), content }
    entry.builtAt = now
  }

  function entryOf(lineId: string): Promise<Entry | undefined> {
    const running = loading.get(lineId)
    if (running) return running
    const started = load(lineId).finally(() => loading.delete(lineId))
    loading.set(lineId, started)
    return started
  }

  function expire(lineIds: Iterable<string>): void {
    for (const lineId of lineIds) {
      if (loading.has(lineId)) changedMeanwhile.add(lineId)
      const entry = entries.get(lineId)
      if (entry) entry.isStale = true
    }
  }

  return {
    everybody: (): Everybody => everybody(clock.now()),
    /** The document, not older than `everyMs`. @throws waiting-room.line-not-found */
    async read(lineId: string): Promise<BuiltDocument> {
      let entry = entries.get(lineId)
      // A second look, because a reading that was already running may have begun before a change.
      for (
        let look = 0;
        look < 2 && (!entry || entry.isStale || clock.now() - entry.loadedAt >= options.everyMs);
        look++
      ) {
        entry = await entryOf(lineId)
        if (!entry) throw new Problem('waiting-room.line-not-found')
      }
      if (!entry!.built) rebuild(entry!)
      return entry!.built!
    },
    /** Something that these lines show has changed in the database. */
    expire,
    /** The same for all lines of these sales. */
    expireSales(saleIds: ReadonlySet<string>): void {
      expire([...entries].filter(([, { board }]) => saleIds.has(board.saleId)).map(([lineId]) => lineId))
    },
    /** Numbers were given here: shown at once, without asking the database hundreds of times a second during a rush. */
    arrived(arrivals: ReadonlyMap<string, number>): void {
      for (const [lineId, count] of arrivals) {
        const entry = entries.get(lineId)
        if (!entry || entry.board.arrivals >= count) continue
        entry.board.arrivals = count
        entry.built = undefined
      }
    },
  }
}
