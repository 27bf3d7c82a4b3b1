import { afterCommit, exclusive, type Tx } from '#platform/db'
import type { Loop } from '#platform/loop'
import type { Platform } from '#platform/platform'
import type { Documents } from './documents.ts'
import { admissible, allowanceAt, claimWindowMs } from './line.ts'
import * as store from './waiting-room-store.ts'

type Deps = Pick<Platform, 'db' | 'clock' | 'metrics' | 'racepoints'> & { documents: Documents }

/**
 * Moves the frontiers of open lines. All it knows is in the database, so any process may do the next tick; the lock
 * lets one at a time, the rows' own locks keep the answer right even without it.
 */
export function createFrontier(
  { db, clock, metrics, racepoints, documents }: Deps,
  options: { claimSeconds: number },
): Loop {
  const calledCount = metrics.counter('fairgate_called_total', 'Positions called')
  const missedCount = metrics.counter('fairgate_calls_missed_total', 'Positions called that were not claimed in time')
  const people = metrics.gauge(
    'fairgate_line_people',
    'People of the open lines, seen by the process that moved the frontiers last',
    ['where'],
  )

  async function tick(tx: Tx): Promise<void> {
    const frontiers = await store.lockFrontiers(tx, new Date(clock.now()))
    if (frontiers.length === 0) return
    const now = clock.now()
    const due = frontiers.map((line) => ({
      lineId: line.lineId,
      calledBy: new Date(now - claimWindowMs(line, options.claimSeconds)),
    }))
    const missed = await store.lapseCalls(tx, due, new Date(now))
    const crowds = new Map(
      (
        await store.readCrowds(
          tx,
          frontiers.map((line) => line.lineId),
          new Date(now),
        )
      ).map((crowd) => [crowd.lineId, crowd]),
    )
    await racepoints.reach('waiting-room.before-call')

    const steps = frontiers.flatMap((line): store.Step[] => {
      const crowd = crowds.get(line.lineId)!
      const allowance = allowanceAt(line, now)
      const count = admissible({ ...line, ...crowd }, crowd.inside + crowd.called, allowance)
      if (count === 0) return []
      return [{ lineId: line.lineId, from: line.frontier + 1, to: line.frontier + count, allowance: allowance - count }]
    })
    // The allowance grows by arithmetic, so a tick that calls nobody writes nothing.
    if (steps.length > 0) await store.moveFrontiers(tx, steps, new Date(now))
    afterCommit(tx, () => {
      documents.expire(steps.map((step) => step.lineId))
      const called = sum(steps.map((step) => step.to - step.from + 1))
      calledCount.add({}, called)
      missedCount.add({}, missed)
      people.set({ where: 'inside' }, sum([...crowds.values()].map((crowd) => crowd.inside)))
      people.set({ where: 'called' }, called + sum([...crowds.values()].map((crowd) => crowd.called)))
      people.set(
        { where: 'waiting' },
        sum(frontiers.map((line) => crowds.get(line.lineId)!.arrivals - line.frontier)) - called,
      )
    })
  }

  return {
    name: 'waiting-room.frontier',
    intervalMs: 250,
    async run() {
      await exclusive(db, 'waiting-room.frontier', tick)
      return false
    },
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)
