import { expect, test } from 'vitest'
import { money } from '../src/money.ts'
import {
  limitOf,
  refundLadderFaults,
  refundOf,
  refundPresets,
  refundTerms,
  type RefundLadder,
} from '../src/refund-ladder.ts'

const seoul = { startsAt: '2026-06-20T10:00:00Z', timeZone: 'Asia/Seoul' }
const korean = refundPresets['korean-standard']
const longAgo = Date.parse('2026-01-01T00:00:00Z')

/** A concert in Seoul on 20 June at 19:00; times of the table are its own. */
const examples: [at: string, percent: number | undefined][] = [
  ['2026-05-01T12:00:00', 100],
  ['2026-06-10T23:59:59', 100],
  ['2026-06-11T00:00:00', 90],
  ['2026-06-13T23:59:59', 90],
  ['2026-06-14T00:00:00', 80],
  ['2026-06-17T23:59:59', 80],
  ['2026-06-18T00:00:00', 70],
  ['2026-06-19T23:59:59', 70],
  ['2026-06-20T00:00:00', 10],
  ['2026-06-20T18:59:59', 10],
  ['2026-06-20T19:00:00', undefined],
]

test('the steps of the Korean standard change at midnight in Seoul, the last at the start', () => {
  for (const [at, percent] of examples)
    expect({ at, percent: refundTerms(korean, seoul, longAgo, Date.parse(`${at}+09:00`))?.percent }).toEqual({
      at,
      percent,
    })
})

test('within 24 hours of buying all goes back, but not in the last days', () => {
  const terms = (bought: string, now: string) =>
    refundTerms(korean, seoul, Date.parse(`${bought}+09:00`), Date.parse(`${now}+09:00`))
  expect(terms('2026-06-15T10:00:00', '2026-06-16T09:59:59')).toEqual({
    percent: 100,
    feePerSeat: 0,
    until: Date.parse('2026-06-16T10:00:00+09:00'),
    isGrace: true,
  })
  expect(terms('2026-06-15T10:00:00', '2026-06-16T10:00:00')?.percent).toBe(80)
  expect(terms('2026-06-17T20:00:00', '2026-06-17T23:59:59')?.percent).toBe(100)
  expect(terms('2026-06-17T20:00:00', '2026-06-18T00:00:00')?.percent).toBe(70)
})

/** Where clocks are put forward or back around the limit, by the IANA database. */
const midnights: [zone: string, startsAt: string, daysBefore: number, limit: string][] = [
  // London, 29 March 2026: the day has 23 hours, the limit is in winter time or in summer time.
  ['Europe/London', '2026-03-30T18:00:00Z', 2, '2026-03-29T00:00:00Z'],
  ['Europe/London', '2026-03-30T18:00:00Z', 1, '2026-03-29T23:00:00Z'],
  // New York, 1 November 2026: the day has 25 hours.
  ['America/New_York', '2026-11-03T01:00:00Z', 2, '2026-11-01T04:00:00Z'],
  ['America/New_York', '2026-11-03T01:00:00Z', 1, '2026-11-02T05:00:00Z'],
  // Beirut, 29 March 2026: midnight is skipped, the day begins at one.
  ['Asia/Beirut', '2026-03-29T18:00:00Z', 1, '2026-03-28T22:00:00Z'],
  // The Azores, 25 October 2026: midnight comes twice, the first is meant.
  ['Atlantic/Azores', '2026-10-25T20:00:00Z', 1, '2026-10-25T00:00:00Z'],
  // In Auckland the event is on another day than in UTC.
  ['Pacific/Auckland', '2026-06-20T19:00:00Z', 1, '2026-06-20T12:00:00Z'],
  // The day of the event itself is the first of March; the year is no leap year.
  ['Asia/Seoul', '2026-03-01T10:00:00Z', 1, '2026-02-28T15:00:00Z'],
]

test('the end of a day is midnight where the event is, whatever the clocks do', () => {
  for (const [timeZone, startsAt, daysBefore, limit] of midnights)
    expect({
      timeZone,
      daysBefore,
      limit: new Date(limitOf({ daysBefore }, { startsAt, timeZone })).toISOString(),
    }).toEqual({
      timeZone,
      daysBefore,
      limit: new Date(limit).toISOString(),
    })
})

test('hours are counted from the start, and a moment is taken as it is', () => {
  const ladder: RefundLadder = {
    steps: [
      { until: { at: '2026-06-01T00:00:00Z' }, percent: 100 },
      { until: { hoursBefore: 48 }, percent: 50, feePerSeat: 1000 },
    ],
  }
  const percent = (now: string) => refundTerms(ladder, seoul, longAgo, Date.parse(now))?.percent
  expect(percent('2026-05-31T23:59:59Z')).toBe(100)
  expect(percent('2026-06-18T09:59:59Z')).toBe(50)
  expect(percent('2026-06-18T10:00:00Z')).toBeUndefined()
})

test('no refunds are no refunds, and full until a day before is nothing after it', () => {
  expect(refundTerms(refundPresets['no-refunds'], seoul, longAgo, longAgo)).toBeUndefined()
  const full = refundPresets['full-until-7-days']
  expect(refundTerms(full, seoul, longAgo, Date.parse('2026-06-13T23:59:59+09:00'))?.percent).toBe(100)
  expect(refundTerms(full, seoul, longAgo, Date.parse('2026-06-14T00:00:00+09:00'))).toBeUndefined()
})

test('what goes back is exact to the minor unit, the remainder is the buyer’s, and it is never less than nothing', () => {
  const back = (amount: number, percent: number, feePerSeat = 0) =>
    refundOf(money(amount, 'KRW'), { percent, feePerSeat }).amount
  expect(back(55_000, 100)).toBe(55_000)
  expect(back(55_000, 90)).toBe(49_500)
  expect(back(33_333, 90)).toBe(30_000)
  expect(back(33_333, 70)).toBe(23_334)
  expect(back(55_000, 80, 4000)).toBe(40_000)
  expect(back(3000, 100, 4000)).toBe(0)
  expect(back(0, 100)).toBe(0)
})

test('every fault of a ladder is found at once, and the presets have none', () => {
  const faults = refundLadderFaults(
    {
      steps: [
        { until: { daysBefore: 3 }, percent: 50 },
        { until: { daysBefore: 7 }, percent: 80 },
        { until: { at: '2026-06-21T00:00:00Z' }, percent: 10 },
      ],
    },
    seoul,
  )
  expect(faults).toEqual([
    { pointer: '/steps/1/until', detail: 'is not later than the step before' },
    { pointer: '/steps/1/percent', detail: 'is more than before' },
    { pointer: '/steps/2/until', detail: 'is after the start of the event' },
  ])
  expect(refundLadderFaults({ steps: [], grace: { hours: 24, untilDaysBefore: 3 } }, seoul)).toHaveLength(1)
  for (const preset of Object.values(refundPresets)) expect(refundLadderFaults(preset, seoul)).toEqual([])
})
