import { Type, Strict, Instant, type Static } from './schema.ts'
import { money, type Money } from './money.ts'

const daysMax = 730

/**
 * Until when a step lasts: the end of a day so many days before the day of the event, in the event's time zone; so many
 * hours before its start; or a moment.
 */
export const RefundLimit = Type.Union([
  Strict({ daysBefore: Type.Integer({ minimum: 1, maximum: daysMax }) }),
  Strict({ hoursBefore: Type.Integer({ minimum: 0, maximum: daysMax * 24 }) }),
  Strict({ at: Instant }),
])
export type RefundLimit = Static<typeof RefundLimit>

/**
 * What a buyer who cancels gets back, and until when: the first step whose limit has not come. After the last one
 * nothing can be cancelled; a ladder without steps is "no refunds".
 */
export const RefundLadder = Strict({
  steps: Type.Array(
    Strict({
      until: RefundLimit,
      percent: Type.Integer({ minimum: 0, maximum: 100, description: 'of what was paid' }),
      feePerSeat: Type.Optional(
        Type.Integer({ minimum: 0, maximum: 100_000_000, description: 'kept beside it, in minor units' }),
      ),
    }),
    { maxItems: 12 },
  ),
  grace: Type.Optional(
    Strict(
      {
        hours: Type.Integer({ minimum: 1, maximum: 720 }),
        untilDaysBefore: Type.Integer({ minimum: 1, maximum: daysMax }),
      },
      { description: 'all goes back for some hours after buying, until the end of a day before the event' },
    ),
  ),
})
export type RefundLadder = Static<typeof RefundLadder>

/**
 * `korean-standard`: the steps of 소비자분쟁해결기준, 공연업 (Framework Act on Consumers, article 16; shown by
 * easylaw.go.kr): all until 10 days before the performance, 90 % until 7, 80 % until 3, 70 % until the day before, 10 %
 * until it begins; all within 24 hours of booking, until 3 days before.
 */
export const refundPresets = {
  'korean-standard': {
    steps: [
      { until: { daysBefore: 10 }, percent: 100 },
      { until: { daysBefore: 7 }, percent: 90 },
      { until: { daysBefore: 3 }, percent: 80 },
      { until: { daysBefore: 1 }, percent: 70 },
      { until: { hoursBefore: 0 }, percent: 10 },
    ],
    grace: { hours: 24, untilDaysBefore: 3 },
  },
  'full-until-7-days': { steps: [{ until: { daysBefore: 7 }, percent: 100 }] },
  'no-refunds': { steps: [] },
} as const satisfies Record<string, RefundLadder>

/** What the limits are counted from. `startsAt` is an RFC 3339 instant. */
export type RefundCalendar = { startsAt: string; timeZone: string }

/** What applies at a moment. `until` is the first epoch millisecond at which it does not any more. */
export type RefundTerms = { percent: number; feePerSeat: number; until: number; isGrace: boolean }

/**
 * @param boughtAt  epoch milliseconds
 * @param now  epoch milliseconds
 * @returns undefined when nothing can be cancelled any more
 */
export function refundTerms(
  ladder: RefundLadder,
  calendar: RefundCalendar,
  boughtAt: number,
  now: number,
): RefundTerms | undefined {
  if (ladder.grace) {
    const graceEnd = boughtAt + ladder.grace.hours * 3_600_000
    const until = Math.min(graceEnd, limitOf({ daysBefore: ladder.grace.untilDaysBefore }, calendar))
    if (now < until) return { percent: 100, feePerSeat: 0, until, isGrace: true }
  }
  for (const step of ladder.steps) {
    const until = limitOf(step.until, calendar)
    if (now < until) return { percent: step.percent, feePerSeat: step.feePerSeat ?? 0, until, isGrace: false }
  }
  return undefined
}

/** What goes back of what one seat was paid with. What a percentage does not divide is the buyer's. */
export function refundOf(paid: Money, { percent, feePerSeat }: Pick<RefundTerms, 'percent' | 'feePerSeat'>): Money {
  const kept = Math.floor((paid.amount * (100 - percent)) / 100) + feePerSeat
  return money(Math.max(0, paid.amount - kept), paid.currency)
}

/** The moment from which a step no longer applies, in epoch milliseconds. */
export function limitOf(until: RefundLimit, { startsAt, timeZone }: RefundCalendar): number {
  const start = Date.parse(startsAt)
  if ('at' in until) return Date.parse(until.at)
  if ('hoursBefore' in until) return start - until.hoursBefore * 3_600_000
  const { year, month, day } = wallClock(start, timeZone)
  return startOfDay(Date.UTC(year, month - 1, day - until.daysBefore + 1), timeZone)
}

/** Everything that is wrong with a ladder, by place. Steps go on from each other and give back ever less. */
export function refundLadderFaults(
  ladder: RefundLadder,
  calendar: RefundCalendar,
): { pointer: string; detail: string }[] {
  const faults: { pointer: string; detail: string }[] = []
  const start = Date.parse(calendar.startsAt)
  ladder.steps.forEach(({ until, percent, feePerSeat }, i) => {
    const at = limitOf(until, calendar)
    const before = ladder.steps[i - 1]
    if (Number.isNaN(at)) faults.push({ pointer: `/steps/${i}/until`, detail: 'is not a moment' })
    if (at > start) faults.push({ pointer: `/steps/${i}/until`, detail: 'is after the start of the event' })
    if (!before) return
    if (at <= limitOf(before.until, calendar))
      faults.push({ pointer: `/steps/${i}/until`, detail: 'is not later than the step before' })
    if (percent > before.percent) faults.push({ pointer: `/steps/${i}/percent`, detail: 'is more than before' })
    if (percent === before.percent && (feePerSeat ?? 0) < (before.feePerSeat ?? 0))
      faults.push({ pointer: `/steps/${i}/feePerSeat`, detail: 'is less than before' })
  })
  if (ladder.grace && ladder.steps.length === 0)
    faults.push({ pointer: '/grace', detail: 'needs steps: without them there are no refunds' })
  return faults
}

/** Midnight where clocks show it; where it is skipped, the first moment of the day. `day` is that date as if in UTC. */
function startOfDay(day: number, timeZone: string): number {
  const before = day - offsetOf(day - 86_400_000, timeZone)
  const after = day - offsetOf(day + 86_400_000, timeZone)
  const isMidnight = (at: number) => at + offsetOf(at, timeZone) === day
  return [before, after].toSorted((a, b) => a - b).find(isMidnight) ?? before
}

/** How far the clocks of a zone are ahead of UTC at a moment, in milliseconds. */
function offsetOf(at: number, timeZone: string): number {
  const { year, month, day, hour, minute, second } = wallClock(at, timeZone)
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(at / 1000) * 1000
}

function wallClock(at: number, timeZone: string) {
  const format = new Intl.DateTimeFormat('en-u-ca-iso8601', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  const part = new Map(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]))
  const of = (type: Intl.DateTimeFormatPartTypes) => part.get(type)!
  return {
    year: of('year'),
    month: of('month'),
    day: of('day'),
    hour: of('hour'),
    minute: of('minute'),
    second: of('second'),
  }
}
