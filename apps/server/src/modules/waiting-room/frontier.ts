import type { ServiceHealth } from '@fairgate/contracts/health'
import { admissionLimits, type AdmissionLimit } from '@fairgate/contracts/http/admission'
import { afterCommit, exclusive, type Tx } from '#platform/db'
import type { Health } from '#platform/health'
import type { Loop } from '#platform/loop'
import type { Platform } from '#platform/platform'
import { admissible, allowanceAt, perMinuteOf } from './admission.ts'
import * as admission from './admission-store.ts'
import type { Documents } from './documents.ts'
import * as store from './frontier-store.ts'
import { claimWindowMs } from './line.ts'
import { calledWindowMs, healthPerMinute, nextThrottle, type Throttle } from './throttle.ts'

type Deps = Pick<Platform, 'db' | 'clock' | 'log' | 'metrics' | 'racepoints'> & {
  documents: Documents
  health?: Pick<Health, 'now'>
}

type Options = { claimSeconds: number; tricklePerMinute: number; timeoutMs: number }

/** A line with the people in it. */
type Due = store.FrontierRow & store.Crowd

/** What limits a line is noted at most so often: it may change with every tick, and everybody who waits reads it. */
const noteEveryMs = 2000
/** Ticks that are asked for keep this distance: people who make room meanwhile are followed by one tick. */
const gatherMs = 100

/**
 * Moves the frontiers of open lines. All it knows is in the database, so any process may do the next tick; the lock
 * lets one at a time, the rows' own locks keep the answer right even without it. Whoever holds it and hangs loses it to
 * the next after `timeoutMs`.
 */
export function createFrontier(
  { db, clock, log, metrics, racepoints, documents, health }: Deps,
  { claimSeconds, tricklePerMinute, timeoutMs }: Options,
) {
  const calledCount = metrics.counter('fairgate_called_total', 'Positions called')
  const missedCount = metrics.counter('fairgate_calls_missed_total', 'Positions called that were not claimed in time')
  const people = metrics.gauge(
    'fairgate_line_people',
    'People of the open lines, seen by the process that moved the frontiers last',
    ['where'],
  )
  const limited = metrics.gauge('fairgate_lines_limited', 'Open lines by what limits them', ['by'])
  const bearable = metrics.gauge(
    'fairgate_admission_per_second_max',
    'People called in a second that the health of the service allows; -1 for no limit',
  )

  async function tick(tx: Tx): Promise<void> {
    const frontiers = await store.lockFrontiers(tx, new Date(clock.now()))
    if (frontiers.length === 0) return
    const now = clock.now()
    const due = frontiers.map((line) => ({
      lineId: line.lineId,
      calledBy: new Date(now - claimWindowMs(line, claimSeconds)),
    }))
    const missed = await store.lapseCalls(tx, due, new Date(now))
    const lineIds = frontiers.map((line) => line.lineId)
    const crowds = new Map((await store.readCrowds(tx, lineIds, new Date(now))).map((crowd) => [crowd.lineId, crowd]))
    const lines = frontiers.map((line): Due => ({ ...line, ...crowds.get(line.lineId)! }))
    const wanted = wantedPerSecond(lines)
    const throttle = await throttleNow(tx, lines, wanted, now)
    await racepoints.reach('waiting-room.before-call')

    const decided = lines.map((line) => {
      const allowed = healthPerMinute(line, throttle, wanted)
      const perMinute = perMinuteOf(line, allowed) ?? 0
      const allowance = allowanceAt({ ...line, perMinute }, now)
      return { line, allowed, allowance, ...admissible(line, line.inside + line.called, allowance, allowed) }
    })
    const steps = decided.flatMap(({ line, allowance, count }): store.Step[] => {
      if (count === 0) return []
      const left = line.admitsAll ? 0 : allowance - count
      return [{ lineId: line.lineId, from: line.frontier + 1, to: line.frontier + count, allowance: left }]
    })
    // The allowance grows by arithmetic, so a tick that calls nobody writes nothing.
    if (steps.length > 0) await store.moveFrontiers(tx, steps, new Date(now))
    await racepoints.reach('waiting-room.after-call')
    const noted = decided.flatMap(({ line, allowed, limitedBy }) => {
      const limit = { lineId: line.lineId, limitedBy, healthPerMinute: allowed === null ? null : Math.round(allowed) }
      return isWorthNoting(line, limit, now) ? [{ ...limit, before: line.limitedBy }] : []
    })
    if (noted.length > 0) await admission.noteLimits(tx, noted, new Date(now))

    afterCommit(tx, () => {
      documents.expire([...steps, ...noted].map(({ lineId }) => lineId))
      for (const { before, ...limit } of noted) {
        if (before !== limit.limitedBy)
          log.info({ ...limit, before, cause: throttle.cause }, 'something else limits a line')
      }
      const called = sum(steps.map((step) => step.to - step.from + 1))
      calledCount.add({}, called)
      missedCount.add({}, missed)
      people.set({ where: 'inside' }, sum(lines.map((line) => line.inside)))
      people.set({ where: 'called' }, called + sum(lines.map((line) => line.called)))
      people.set({ where: 'waiting' }, sum(lines.map((line) => line.arrivals - line.frontier)) - called)
      bearable.set({}, throttle.perSecond ?? -1)
      for (const by of admissionLimits) limited.set({ by }, decided.filter(({ limitedBy }) => limitedBy === by).length)
    })
  }

  /** Moves the throttle by how the service fares. */
  async function throttleNow(tx: Tx, lines: readonly Due[], wanted: number, now: number): Promise<Throttle> {
    const before = await admission.readThrottle(tx)
    const fares = health?.now() ?? wellForEver
    // Looked up only where it may be asked for.
    const isOpening = health !== undefined && lines.some((line) => line.frontier === 0 && line.arrivals > 0)
    const called =
      fares.state === 'strained' || isOpening
        ? await admission.countCalledSince(
            tx,
            lines.map((line) => line.lineId),
            new Date(now - calledWindowMs),
          )
        : 0
    const after = nextThrottle(before, fares, now, {
      isOpening,
      calledPerSecond: (called * 1000) / calledWindowMs,
      wantedPerSecond: wanted,
      floorPerSecond: tricklePerMinute / 60,
    })
    if (isSame(before, after)) return before
    await admission.writeThrottle(tx, after)
    if (before.state !== after.state || before.cause !== after.cause)
      afterCommit(tx, () => {
        const { state, cause, perSecond } = after
        log.info(
          { state, cause, pressure: fares.pressure, perSecond, before: before.state },
          'the service fares otherwise',
        )
      })
    return after
  }

  let nudge: (() => void) | undefined

  const loop: Loop = {
    name: 'waiting-room.frontier',
    intervalMs: 250,
    gatherMs,
    failurePauseMsMax: 1000,
    onStart: (wake) => (nudge = wake),
    async run() {
      await exclusive(db, 'waiting-room.frontier', tick, { timeoutMs })
      return false
    },
  }

  return {
    loop,
    /** Somebody made room, or the operator changed something: the next tick need not wait for its time. */
    tickSoon: () => nudge?.(),
  }
}

const wellForEver: Pick<ServiceHealth, 'state' | 'cause' | 'pressure'> = { state: 'well', cause: null, pressure: 0 }

/** What was configured for the lines that would be slowed: those where somebody waits. */
const wantedPerSecond = (lines: readonly Due[]): number =>
  sum(
    lines
      .filter((line) => !line.isPaused && !line.admitsAll && line.arrivals > line.frontier)
      .map((line) => line.admitPerMinute / 60),
  )

function isWorthNoting(
  line: store.FrontierRow,
  limit: { limitedBy: AdmissionLimit; healthPerMinute: number | null },
  now: number,
): boolean {
  if (line.limitedBy === limit.limitedBy && line.healthPerMinute === limit.healthPerMinute) return false
  return line.limitedAt === null || now - line.limitedAt.getTime() >= noteEveryMs
}

/** Whether writing it would change anything; `cause` changes with the weather where nothing is wrong. */
const isSame = (one: Throttle, other: Throttle): boolean =>
  one.state === other.state &&
  one.perSecond === other.perSecond &&
  (one.cause === other.cause || other.state === 'well') &&
  one.lessenedAt?.getTime() === other.lessenedAt?.getTime() &&
  one.raisedAt?.getTime() === other.raisedAt?.getTime()

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)
