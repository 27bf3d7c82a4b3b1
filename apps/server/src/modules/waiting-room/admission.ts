import type { Admission, AdmissionLimit } from '@fairgate/contracts/http/admission'
import type { LinePhase } from '@fairgate/contracts/http/waiting-room'
import type { Line } from './line.ts'

/**
 * What the rate has allowed at a moment: it grows with time up to one second's worth and one person, who is not whole
 * yet. Without room for that person a line of 59 a minute called 48.
 */
export function allowanceAt(
  line: { perMinute: number; allowance: number; tickedAt: Date | null },
  now: number,
): number {
  const perSecond = line.perMinute / 60
  if (line.tickedAt === null) return Math.max(1, perSecond)
  const seconds = Math.max(0, now - line.tickedAt.getTime()) / 1000
  // A hair more than the sum, so that four quarters of a person are one in spite of binary fractions.
  return Math.min(1 + perSecond, line.allowance + perSecond * seconds + 1e-9)
}

/** People called in a minute as things are now; null: as many as can still buy. @param health  what health allows, null for no limit */
export const perMinuteOf = (line: Pick<Line, 'admitsAll' | 'admitPerMinute'>, health: number | null): number | null => {
  if (line.admitsAll) return health === 0 ? 0 : null
  return Math.min(line.admitPerMinute, health ?? Infinity)
}

/** People called in a minute at most, as the ticker found it last. */
export const keptPerMinute = (line: Pick<Line, 'admitsAll' | 'admitPerMinute' | 'healthPerMinute'>): number =>
  perMinuteOf(line, line.healthPerMinute) ?? line.admitPerMinute

type Callable = Pick<
  Line,
  'shoppersMax' | 'admitPerMinute' | 'admitsAll' | 'sellable' | 'arrivals' | 'frontier' | 'isPaused'
>

/**
 * How many positions to call now, and what keeps it from being more.
 * @param active     people inside, and people called whose time to claim is not over
 * @param allowance  of the rate (`allowanceAt`); of no account where everyone is let in
 * @param health     people a minute that the health of the service allows, null for no limit
 */
export function admissible(
  line: Callable,
  active: number,
  allowance: number,
  health: number | null,
): { count: number; limitedBy: AdmissionLimit } {
  if (line.isPaused) return { count: 0, limitedBy: 'paused' }
  if (line.sellable === null) return { count: 0, limitedBy: 'stock-unknown' }
  if (health === 0) return { count: 0, limitedBy: 'health' }
  const isSlowed = health !== null && health < line.admitPerMinute
  const limits: [AdmissionLimit, number][] = [
    ['all-called', line.arrivals - line.frontier],
    ['stock', line.sellable - active],
    ['shoppers', line.admitsAll ? Infinity : line.shoppersMax - active],
    [isSlowed ? 'health' : 'rate', line.admitsAll ? Infinity : Math.floor(allowance)],
  ]
  const [limitedBy, room] = limits.reduce((one, other) => (other[1] < one[1] ? other : one))
  return { count: Math.max(0, room), limitedBy }
}

/** The phase says more than the ticker where both know; of what only the ticker knows, this is what it noted last. */
export function admissionOf(
  line: Callable & Pick<Line, 'limitedBy' | 'healthPerMinute'>,
  phase: LinePhase,
  isOrdered: boolean,
): Admission {
  const limitedBy = limitOf(line, phase, isOrdered)
  const isMoving = phase === 'open' && limitedBy !== 'draw' && limitedBy !== 'stock-unknown'
  return { perMinute: isMoving ? wholePerMinute(line) : 0, limitedBy, everyone: line.admitsAll }
}

function wholePerMinute(line: Pick<Line, 'admitsAll' | 'admitPerMinute' | 'healthPerMinute'>): number | null {
  const perMinute = perMinuteOf(line, line.healthPerMinute)
  return perMinute === null ? null : Math.round(perMinute)
}

function limitOf(
  line: Pick<Line, 'sellable' | 'arrivals' | 'frontier' | 'limitedBy'>,
  phase: LinePhase,
  isOrdered: boolean,
): AdmissionLimit {
  if (phase === 'scheduled' || phase === 'gathering') return 'not-open'
  if (phase !== 'open') return phase
  if (!isOrdered) return 'draw'
  if (line.sellable === null) return 'stock-unknown'
  if (line.frontier >= line.arrivals) return 'all-called'
  const noted = line.limitedBy
  return noted === 'stock' || noted === 'shoppers' || noted === 'health' ? noted : 'rate'
}
