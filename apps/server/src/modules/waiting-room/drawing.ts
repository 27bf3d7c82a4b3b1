import { createRoot, toHex } from '@fairgate/contracts/draw'
import { permutationOf } from '@fairgate/contracts/draw-record'
import { afterCommit, exclusive, type Tx } from '#platform/db'
import type { Loop } from '#platform/loop'
import type { Platform } from '#platform/platform'
import { fetchRandomness } from '#platform/beacon'
import { hashes } from '#platform/hashes'
import type { Documents } from './documents.ts'
import { leafPages } from './entrants.ts'
import * as store from './waiting-room-store.ts'

type Deps = Pick<Platform, 'db' | 'clock' | 'metrics' | 'racepoints' | 'log'> & { documents: Documents }

const linesAtOnceMax = 200
const beaconTimeoutMs = 3000
const beaconEveryMs = 1000

/**
 * Draws lines whose opening has come. Without a beacon the entrants are frozen and the seed is revealed in one
 * transaction: a crash leaves nothing or all of it. With a beacon the frozen entrants are shown first, and the seed
 * follows with the randomness, which nobody could know before. Nobody is called until then.
 */
export function createDrawing(
  { db, clock, metrics, racepoints, log, documents }: Deps,
  options: { beaconWaitSeconds: number },
): Loop {
  const draws = metrics.counter('fairgate_draws_total', 'Lines drawn', ['beacon'])
  const askedAt = new Map<string, number>()

  async function freeze(tx: Tx, lineId: string, arrivals: number): Promise<void> {
    const tree = createRoot(hashes)
    const take = async (to: number) => {
      for await (const page of leafPages(tx, lineId, tree.count() + 1, to)) page.forEach((leaf) => tree.push(leaf))
    }
    // Places do not change, so those of a crowd are hashed before the line is locked: it stands still for those who
    // came meanwhile only.
    await take(arrivals)
    await racepoints.reach('waiting-room.before-freeze')
    const line = await store.lockUndrawn(tx, lineId)
    if (!line || line.drawEntrants !== null) return
    await take(line.arrivals)
    await store.freezeDraw(tx, lineId, line.arrivals, toHex(tree.root()))
    await racepoints.reach('waiting-room.before-reveal')
    if (line.beaconRound === null) await reveal(tx, lineId, null, 'none')
    afterCommit(tx, () => documents.expire([lineId]))
  }

  /** With the line locked: from here on everybody has a position, also those who have left. */
  async function reveal(tx: Tx, lineId: string, randomness: string | null, beacon: 'none' | 'used' | 'missing') {
    await store.revealDraw(tx, lineId, randomness, new Date(clock.now()))
    const leavers = await store.unplacedLeavers(tx, lineId)
    if (leavers.length > 0) {
      const [line] = await store.readLines(tx, [lineId])
      const order = permutationOf(hashes, line!)
      const moved = leavers.map((number) => ({
        lineId,
        number,
        position: order.positionOf(number),
        state: 'left' as const,
      }))
      await store.movePlaces(tx, moved)
    }
    afterCommit(tx, () => {
      draws.add({ beacon })
      askedAt.delete(lineId)
      documents.expire([lineId])
    })
  }

  /** Asks for the promised randomness when it is time, and goes on without it when the time to wait is over. */
  async function revealWithBeacon(line: store.Undrawn): Promise<void> {
    const now = clock.now()
    const dueAt = line.beaconAt!.getTime()
    if (now < dueAt || now - (askedAt.get(line.id) ?? 0) < beaconEveryMs) return
    askedAt.set(line.id, now)
    const round = { url: line.beaconUrl!, chain: line.beaconChain!, round: line.beaconRound! }
    const fetched = await fetchRandomness(round, clock, beaconTimeoutMs)
    const isOver = clock.now() >= dueAt + options.beaconWaitSeconds * 1000
    if ('failed' in fetched)
      log.warn({ lineId: line.id, ...round, reason: fetched.failed, isOver }, 'the beacon of a draw could not be had')
    if ('failed' in fetched && !isOver) return
    await exclusive(db, lockOf(line.id), async (tx) => {
      if (!(await store.lockUndrawn(tx, line.id))) return
      if ('failed' in fetched) await reveal(tx, line.id, null, 'missing')
      else await reveal(tx, line.id, fetched.randomness, 'used')
    })
  }

  return {
    name: 'waiting-room.draw',
    intervalMs: 250,
    async run() {
      const lines = await store.undrawnLines(db, new Date(clock.now()), linesAtOnceMax)
      for (const line of lines) {
        if (line.drawEntrants === null) await exclusive(db, lockOf(line.id), (tx) => freeze(tx, line.id, line.arrivals))
      }
      await Promise.all(
        lines.filter((line) => line.beaconRound !== null && line.drawEntrants !== null).map(revealWithBeacon),
      )
      return false
    },
  }
}

const lockOf = (lineId: string): string => `waiting-room.draw ${lineId}`
