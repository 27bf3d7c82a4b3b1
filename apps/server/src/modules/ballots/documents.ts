import type { BallotDocument } from '@fairgate/contracts/http/ballots'
import { drawDocument } from '@fairgate/contracts/draw-record'
import { createBatcher } from '#platform/batcher'
import type { Clock } from '#platform/clock'
import type { Db } from '#platform/db'
import { etagOf } from '#platform/http'
import { keep } from '#platform/keep'
import { Problem } from '#platform/problem'
import { phaseOf, type Ballot } from './ballot.ts'
import { readBallot, readCounts, type Counts } from './ballots-store.ts'

type Built = {
  document: BallotDocument
  bytes: Buffer
  etag: string
  builtAt: number
  isStale: boolean
  costMs: number
}

export type Documents = ReturnType<typeof createDocuments>

/** Ballots remembered by a process; the one that was first remembered is forgotten first. */
const ballotsMax = 2000
/** What caches may do (`max-age=1`). */
const keptMs = 1000
/** A change is shown earlier, but no more often than this. */
const afterChangeMs = 250
/** Counting 100,000 applications takes half a second on two busy cores: it may take a tenth of a process's time. */
const costShare = 10

/** The documents of ballots. A crowd of readers costs the database one reading a second for each ballot. */
export function createDocuments({ db, clock }: { db: Db; clock: Clock }) {
  const kept = new Map<string, Built>()
  const builds = createBatcher<string, Built | undefined>({
    batchMax: 20,
    queueMax: 5000,
    run: async (saleIds) => {
      const built = new Map<string, Built | undefined>()
      for (const saleId of new Set(saleIds)) built.set(saleId, fresh(saleId) ?? (await build(saleId)))
      return saleIds.map((saleId) => built.get(saleId))
    },
  })

  function fresh(saleId: string): Built | undefined {
    const known = kept.get(saleId)
    const age = known ? clock.now() - known.builtAt : Infinity
    const keptFor = Math.max(known?.isStale ? afterChangeMs : keptMs, (known?.costMs ?? 0) * costShare)
    return age < keptFor ? known : undefined
  }

  async function build(saleId: string): Promise<Built | undefined> {
    const builtAt = clock.now()
    const ballot = await readBallot(db, saleId)
    if (!ballot) return undefined
    const document = documentOf(ballot, await readCounts(db, saleId), builtAt)
    const bytes = Buffer.from(JSON.stringify(document))
    const built = { document, bytes, etag: etagOf(bytes), builtAt, isStale: false, costMs: clock.now() - builtAt }
    keep(kept, ballotsMax, saleId, built)
    return built
  }

  return {
    /** @throws ballots.ballot-not-found */
    async read(saleId: string): Promise<Built> {
      const built = fresh(saleId) ?? (await builds.add(saleId))
      if (!built) throw new Problem('ballots.ballot-not-found')
      return built
    },
    /** Something that these ballots show has changed in the database. */
    expire(saleIds: Iterable<string>): void {
      for (const saleId of saleIds) {
        const known = kept.get(saleId)
        if (known) known.isStale = true
      }
    },
  }
}

function documentOf(ballot: Ballot, counts: Counts, now: number): BallotDocument {
  return {
    saleId: ballot.id,
    eventId: ballot.event.id,
    phase: phaseOf(ballot, now),
    ...(ballot.cancelledAt === null ? {} : { cancelledAt: ballot.cancelledAt.toISOString() }),
    opensAt: ballot.opensAt.toISOString(),
    drawAt: ballot.drawAt.toISOString(),
    closesAt: ballot.closesAt.toISOString(),
    serverTime: new Date(now).toISOString(),
    payBySeconds: ballot.payBySeconds,
    limitPerAccount: ballot.limitPerAccount,
    moves: ballot.moves,
    applications: counts.applications,
    reserve: ballot.allottedAt === null ? 0 : counts.reserve,
    lines: ballot.lines.map(({ id, name, course, sectionIds }, index) => {
      const { places, firstPreferences, preferences, open, bought, declined, lapsed } = counts.lines[index]!
      const awards = { open, bought, declined, lapsed }
      return {
        id,
        name,
        ...(course === null ? {} : { course }),
        sectionIds,
        places,
        firstPreferences,
        preferences,
        awards,
      }
    }),
    draw: drawDocument(ballot),
  }
}
