import type { HealthCause, HealthState, ServiceHealth } from '@fairgate/contracts/health'

/** What the service can bear, as far as is known: people called in a second over all lines. Kept in the database. */
export type Throttle = {
  /** Null while there is no reason to call fewer than was configured. */
  perSecond: number | null
  state: HealthState
  cause: HealthCause | null
  lessenedAt: Date | null
  raisedAt: Date | null
}

export const unthrottled: Throttle = { perSecond: null, state: 'well', cause: null, lessenedAt: null, raisedAt: null }

/** Half of what was called; again only when the measures, which look back three seconds, show what that did. */
const lessenEveryMs = 3000
/**
 * Five people a second more every second, or a tenth where that is more; not while pressure is close to its limit. Until
 * there has been strain, or a minute after it, as large a share more as pressure is away from there.
 */
const raiseEveryMs = 1000
const raisePerSecond = 5
const raiseShare = 0.1
const pressureToRaise = 0.8
const cautiousMs = 60_000
/** What the opening of a line begins with, beside what others call. */
const openingPerSecond = 20

/** The time that is looked back on for `calledPerSecond`. */
export const calledWindowMs = 3000

/**
 * Slow start, additive increase, multiplicative decrease, as in the congestion control of TCP (RFC 5681), on people called in a
 * second. A line that has called nobody yet begins slowly: all at once, 1,500 shoppers of a race with 15 lines
 * kept everybody else waiting for 2 s. The decrease starts from what was called, which may be far below what was configured, so one step is enough
 * to be felt. Unwell is nobody, and from there the way up begins at the floor.
 *
 * Not all strain comes from those who are let in: the crowd that waits and other work on the machine would push the
 * number to nothing however few go in, so there is a floor, which a service that is merely slow never falls below.
 * @param calledPerSecond  over all lines in the last `calledWindowMs`
 * @param isOpening  a line where somebody waits has called nobody yet
 * @param wantedPerSecond  what is configured for the lines where somebody waits
 */
export function nextThrottle(
  throttle: Throttle,
  health: Pick<ServiceHealth, 'state' | 'cause' | 'pressure'>,
  now: number,
  crowd: { isOpening: boolean; calledPerSecond: number; wantedPerSecond: number; floorPerSecond: number },
): Throttle {
  const { state, cause } = health
  const { lessenedAt, raisedAt } = throttle
  const perSecond = throttle.perSecond === null ? null : Math.max(throttle.perSecond, crowd.floorPerSecond)
  const since = (at: Date | null) => (at === null ? Infinity : now - at.getTime())
  if (state === 'unwell') {
    const wasUnwell = throttle.state === 'unwell'
    return { ...throttle, state, cause, perSecond: 0, lessenedAt: wasUnwell ? lessenedAt : new Date(now) }
  }
  if (state === 'strained') {
    if (since(lessenedAt) < lessenEveryMs) return { ...throttle, state, cause, perSecond }
    const lessened = Math.min(perSecond ?? Infinity, crowd.calledPerSecond) / 2
    return {
      ...throttle,
      state,
      cause,
      perSecond: Math.max(lessened, crowd.floorPerSecond),
      lessenedAt: new Date(now),
    }
  }
  if (perSecond === null && crowd.isOpening) {
    const start = crowd.calledPerSecond + openingPerSecond
    return {
      ...throttle,
      state,
      cause,
      perSecond: start < crowd.wantedPerSecond ? start : null,
      raisedAt: new Date(now),
    }
  }
  const isReady = Math.min(since(raisedAt), since(lessenedAt)) >= raiseEveryMs
  if (perSecond === null || health.pressure >= pressureToRaise || !isReady)
    return { ...throttle, state, cause, perSecond }
  const share = since(lessenedAt) < cautiousMs ? raiseShare : Math.max(raiseShare, pressureToRaise - health.pressure)
  const raised = perSecond + Math.max(raisePerSecond, perSecond * share)
  const isEnough = raised >= crowd.wantedPerSecond
  return { ...throttle, state, cause, perSecond: isEnough ? null : raised, raisedAt: new Date(now) }
}

/**
 * People a minute that health allows a line, null for no limit: its share of the whole by what was configured. Where
 * everyone is let in, only an unwell service is a limit.
 */
export function healthPerMinute(
  line: { admitPerMinute: number; admitsAll: boolean },
  throttle: Pick<Throttle, 'perSecond' | 'state'>,
  wantedPerSecond: number,
): number | null {
  if (throttle.state === 'unwell') return 0
  if (throttle.perSecond === null || throttle.perSecond >= wantedPerSecond || line.admitsAll) return null
  return (line.admitPerMinute * throttle.perSecond) / wantedPerSecond
}
