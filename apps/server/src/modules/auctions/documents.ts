import { lowestAmount } from '@fairgate/contracts/auction'
import { rungsMax, type LotDocument } from '@fairgate/contracts/http/auctions'
import { createBatcher } from '#platform/batcher'
import { etagOf } from '#platform/http'
import { keep } from '#platform/keep'
import type { Platform } from '#platform/platform'
import { Problem } from '#platform/problem'
import { readBoards, type Board } from './auctions-store.ts'
import { latestEndOf, mayAward, moneyOf, phaseOf, rulesOf } from './lot.ts'

/** A document as it is sent. `content` is all of it but the time, to see whether anything has changed. */
export type BuiltDocument = { lotId: string; bytes: Buffer; etag: string; content: string }

export type Documents = ReturnType<typeof createDocuments>

type Entry = { board: Board; readAt: number; isStale: boolean; built: BuiltDocument; builtAt: number }

/** Lots remembered by a process; the one that was first remembered is forgotten first. */
const lotsMax = 2000
/** What caches may do (`max-age=1`). */
const keptMs = 1000
/** A change is shown earlier, but no more often than this. */
const afterChangeMs = 200

const topic = 'auctions.lot'

/**
 * The documents of lots. A crowd of readers costs the database one reading in `afterChangeMs` for each lot that changes,
 * and each reader nothing but the writing of bytes that are already there. Processes tell each other of changes; without
 * hearing of one, a document is a second old at most.
 */
export function createDocuments({ db, clock, signals }: Pick<Platform, 'db' | 'clock' | 'signals'>) {
  const entries = new Map<string, Entry>()
  /** Lots that changed while they were being read: what was read may be older than the change. */
  const changedMeanwhile = new Set<string>()
  const boards = createBatcher<string, Entry | undefined>({
    batchMax: 100,
    queueMax: 5000,
    async run(lotIds) {
      const now = clock.now()
      const wanted = [...new Set(lotIds)].filter((id) => !isFresh(entries.get(id)))
      wanted.forEach((id) => changedMeanwhile.delete(id))
      for (const board of wanted.length > 0 ? await readBoards(db, wanted, rungsMax) : []) remember(board, now)
      return lotIds.map((id) => entries.get(id))
    },
  })

  function isFresh(entry: Entry | undefined): boolean {
    return entry !== undefined && clock.now() - entry.readAt < (entry.isStale ? afterChangeMs : keptMs)
  }

  function remember(board: Board, readAt: number): void {
    const known = entries.get(board.id)
    const isStale = changedMeanwhile.delete(board.id)
    keep(entries, lotsMax, board.id, { board, readAt, isStale, ...rebuilt(board, known) })
  }

  /** Readers of an unchanged document keep its bytes and its validator for as long as caches may. */
  function rebuilt(board: Board, known: Entry | undefined): Pick<Entry, 'built' | 'builtAt'> {
    const now = clock.now()
    const document = documentOf(board, now)
    const content = JSON.stringify({ ...document, serverTime: '' })
    if (known?.built.content === content && now - known.builtAt < keptMs) return known
    const bytes = Buffer.from(JSON.stringify(document))
    return { built: { lotId: board.id, bytes, etag: etagOf(bytes), content }, builtAt: now }
  }

  function expire(lotIds: Iterable<string>): void {
    for (const lotId of lotIds) {
      changedMeanwhile.add(lotId)
      const entry = entries.get(lotId)
      if (entry) entry.isStale = true
    }
  }
  signals.on(topic, expire)

  return {
    /** The document, not older than a second. @throws auctions.lot-not-found */
    async read(lotId: string): Promise<BuiltDocument> {
      const entry = entries.get(lotId)
      const fresh = isFresh(entry) ? entry : await boards.add(lotId)
      if (!fresh) throw new Problem('auctions.lot-not-found')
      // Time alone changes phases.
      const { built, builtAt } = rebuilt(fresh.board, fresh)
      fresh.built = built
      fresh.builtAt = builtAt
      return built
    },
    /** Something that these lots show has been changed here, and committed. */
    changed(lotIds: Iterable<string>): void {
      for (const lotId of lotIds) signals.emit(topic, lotId)
    },
  }
}

function documentOf(board: Board, now: number): LotDocument {
  const phase = phaseOf(board, now)
  const rules = rulesOf(board)
  const { awarded: open = 0, bought = 0, declined = 0, lapsed = 0, returned = 0, withdrawn = 0 } = board.awards
  const left = board.seats - board.seatsGiven
  const isClaimable = board.leftOver === 'start-price' && board.ranked === board.bidders && mayAward(board, now)
  return {
    id: board.id,
    saleId: board.saleId,
    eventId: board.event.id,
    sectionId: board.sectionId,
    name: board.name,
    seats: board.seats,
    startPrice: moneyOf(board, board.startAmount),
    step: moneyOf(board, board.step),
    bidsMax: board.bidsMax,
    opensAt: board.opensAt.toISOString(),
    endsAt: board.endAt.toISOString(),
    ...(board.softClose ? { softClose: board.softClose } : {}),
    latestEndsAt: latestEndOf(board).toISOString(),
    closesAt: board.closesAt.toISOString(),
    payBySeconds: board.payBySeconds,
    leftOver: board.leftOver,
    phase,
    ...(board.cancelledAt === null ? {} : { cancelledAt: board.cancelledAt.toISOString() }),
    bidders: board.bidders,
    bids: board.sequence,
    ladder: board.ladder,
    cutoff: board.cutoff && moneyOf(board, board.cutoff.amount),
    cutoffSequence: board.cutoff?.sequence ?? null,
    lowestAmount: phase === 'open' ? lowestAmount(rules, { cutoff: board.cutoff?.amount }) : null,
    pollMs: pollMsOf(phase === 'closing' || phase === 'open' ? board.endAt.getTime() - now : Infinity),
    ...(board.closedAt === null
      ? {}
      : {
          outcome: {
            open,
            bought,
            declined,
            lapsed: lapsed + withdrawn,
            returned,
            left,
            claimable: isClaimable ? left : 0,
          },
        }),
    serverTime: new Date(now).toISOString(),
  }
}

/** Near the end people read once a second, as caches allow. */
const pollMsOf = (leftMs: number): number => (leftMs <= 60_000 ? 1000 : leftMs <= 600_000 ? 2000 : 5000)
