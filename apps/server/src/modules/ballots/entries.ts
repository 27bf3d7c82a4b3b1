import type { BallotEntries } from '@fairgate/contracts/http/ballots'
import { applicantOf } from '@fairgate/contracts/verify-ballot'
import { createBatcher } from '#platform/batcher'
import type { Db } from '#platform/db'
import { keep } from '#platform/keep'
import { Problem } from '#platform/problem'
import { hashes } from '#platform/hashes'
import type { Ballot } from './ballot.ts'
import { entryPage, readBallot } from './ballots-store.ts'

type List = { bytes: Buffer; etag: string }

const pageMax = 4096
/** Lists kept by a process; one of 100,000 applications is some 9 MB. */
const keptMax = 4

/**
 * The published lists of drawn ballots, from which anybody may recompute order and outcome. They never change; one is
 * built at a time, so that curiosity is bounded in memory and in work.
 */
export function createEntries({ db }: { db: Db }) {
  const kept = new Map<string, List>()
  const builds = createBatcher<Ballot, List>({
    batchMax: 1,
    queueMax: 1000,
    run: (ballots) => Promise.all(ballots.map(async (ballot) => kept.get(ballot.id) ?? build(ballot))),
  })

  async function build(ballot: Ballot): Promise<List> {
    const lines: BallotEntries['lines'] = ballot.lines.map(({ id, course, placesGiven }) => ({
      id,
      ...(course === null ? {} : { course }),
      places: placesGiven ?? 0,
    }))
    const head = JSON.stringify({ saleId: ballot.id, moves: ballot.moves, lines })
    const parts: string[] = []
    for (let after = 0; after < ballot.drawEntrants!; after += pageMax) {
      for (const { id, state, quantity, preferences, line } of await entryPage(db, ballot.id, after, pageMax)) {
        const isActive = state === 'active'
        parts.push(
          JSON.stringify([applicantOf(hashes, id), isActive ? quantity : 0, isActive ? preferences : [], line]),
        )
      }
    }
    const bytes = Buffer.from(`${head.slice(0, -1)},"entries":[${parts.join(',')}]}`)
    const list = { bytes, etag: `"${ballot.drawEntrantsRoot}"` }
    keep(kept, keptMax, ballot.id, list)
    return list
  }

  return {
    /** @throws ballots.ballot-not-found, ballots.not-drawn */
    async list(saleId: string): Promise<List> {
      const known = kept.get(saleId)
      if (known) return known
      const ballot = await readBallot(db, saleId)
      if (!ballot) throw new Problem('ballots.ballot-not-found')
      if (ballot.allottedAt === null) throw new Problem('ballots.not-drawn')
      return builds.add(ballot)
    },
  }
}

export type Entries = ReturnType<typeof createEntries>
