import { expect, test } from 'vitest'
import { expectedWait, isUnlikely, pollEntry, pollEveryMs, wholeMinutes, type LineFigures } from '../src/wait.ts'

const opensAt = '2026-01-01T10:00:00.000Z'
const after = (seconds: number): string => new Date(Date.parse(opensAt) + seconds * 1000).toISOString()

/** Ten minutes after the opening, at 60 a minute, with room for all. */
const line: LineFigures = {
  opensAt,
  serverTime: after(600),
  frontier: 600,
  admittedPerMinute: 60,
  admission: { perMinute: 60, limitedBy: 'rate', everyone: false },
  admitPerMinute: 60,
  shoppers: 100,
  shoppersMax: 5000,
  stock: { free: 3000, held: 50, sold: 400 },
}

/** A room of 100 that is full; half a minute's calls are inside. */
const full: LineFigures = {
  ...line,
  admission: { perMinute: 1000, limitedBy: 'shoppers', everyone: false },
  admitPerMinute: 1000,
  shoppersMax: 100,
}

const limitedByHealth = (perMinute: number, change: Partial<LineFigures> = {}): LineFigures => ({
  ...line,
  admission: { perMinute, limitedBy: 'health', everyone: false },
  admitPerMinute: 6000,
  ...change,
})

test('where the rate is the limit, the wait is what the rate needs, or a little more', () => {
  expect(expectedWait(300, line)).toEqual({ lowSeconds: 298, highSeconds: expect.closeTo(332) })
  // What is missed of a rate all the time is missed in future; what was missed by standing still is not.
  expect(expectedWait(300, { ...line, admittedPerMinute: 50 })!.highSeconds).toBeCloseTo(398)
  expect(expectedWait(300, { ...line, admittedPerMinute: 10 })!.highSeconds).toBeCloseTo(332)
})

test('where the room is the limit, the wait is what those before need to come out', () => {
  const range = expectedWait(300, full)!
  expect(range.lowSeconds).toBeGreaterThan(200)
  expect(range.lowSeconds).toBeLessThan(300)
  expect(range.highSeconds).toBeGreaterThan(300)
  expect(range.highSeconds).toBeLessThan(400)
})

test('a range is wider when fewer have come out, and nothing is said before anybody has', () => {
  const out = (count: number) =>
    expectedWait(300, { ...full, frontier: 100 + count, admittedPerMinute: 100 + count, serverTime: after(60) })
  expect(out(4)).toBeUndefined()
  const [few, many] = [out(15)!, out(60)!]
  expect(few.highSeconds / few.lowSeconds).toBeGreaterThan(2 * (many.highSeconds / many.lowSeconds))
})

test('a room that is not full yet lets in who finds room at once, and counts on those behind coming out', () => {
  const filling: LineFigures = { ...line, shoppers: 500, shoppersMax: 600, frontier: 600, serverTime: after(600) }
  expect(expectedWait(100, filling)).toEqual({ lowSeconds: 98, highSeconds: expect.closeTo(112) })
  // Those inside come out at 30 a minute.
  const slow: LineFigures = { ...filling, admittedPerMinute: 30 }
  expect(expectedWait(400, slow)!.highSeconds).toBeGreaterThan(400 * 1.5)
})

test('in its first minute a line that health limits may grow quicker up to its rate, later it stays what it was', () => {
  const early = expectedWait(600, limitedByHealth(60, { frontier: 20, serverTime: after(20) }))!
  expect(early.lowSeconds).toBeLessThan(60)
  expect(early.highSeconds).toBeGreaterThan(600)
  const capped = limitedByHealth(60, { frontier: 20, serverTime: after(20), admitPerMinute: 90 })
  expect(expectedWait(600, capped)!.lowSeconds).toBeGreaterThan(390)
  const later = expectedWait(600, limitedByHealth(30))!
  expect(later.lowSeconds).toBeCloseTo(600 / 1.3 - 2)
  expect(later.highSeconds).toBeCloseTo(600 * 1.3 + 2)
  expect(expectedWait(600, limitedByHealth(60, { frontier: 2, serverTime: after(2) }))).toBeUndefined()
})

test('nothing is said while nobody is called, or when it takes seats that others give back', () => {
  expect(expectedWait(10, { ...line, frontier: 0 })).toBeUndefined()
  expect(expectedWait(10, limitedByHealth(0))).toBeUndefined()
  const stock: LineFigures = { ...line, admission: { perMinute: 60, limitedBy: 'stock', everyone: false } }
  expect(expectedWait(10, stock)).toBeUndefined()
  expect(expectedWait(2950, line)).toBeDefined()
  expect(expectedWait(2951, line)).toBeUndefined()
})

test('where everyone is let in, the pace is that of the last minute', () => {
  const everyone: LineFigures = { ...line, admission: { perMinute: null, limitedBy: 'rate', everyone: true } }
  expect(expectedWait(300, everyone)).toEqual({
    lowSeconds: expect.closeTo(300 / 1.3 - 2),
    highSeconds: expect.closeTo(392),
  })
})

test('whoever is called waits no longer', () => {
  expect(expectedWait(0, line)).toEqual({ lowSeconds: 0, highSeconds: 0 })
  expect(expectedWait(1, line)!.lowSeconds).toBe(0)
})

test('a range is told in whole minutes outwards: exact to ten, then fives, then quarters of an hour', () => {
  const told = (lowSeconds: number, highSeconds: number) => wholeMinutes({ lowSeconds, highSeconds })
  expect(told(10, 60)).toBeUndefined()
  expect(told(10, 61)).toEqual({ low: 0, high: 2 })
  expect(told(125, 541)).toEqual({ low: 2, high: 10 })
  expect(told(11 * 60, 16 * 60)).toEqual({ low: 10, high: 20 })
  expect(told(59 * 60, 61 * 60)).toEqual({ low: 55, high: 75 })
})

test('unlikely is said when more are ahead than seats remain, or when those ahead take as many as those before them did', () => {
  const young = { frontier: 100, shoppers: 40, stock: { free: 300, held: 50, sold: 20 } }
  expect(isUnlikely(350, young)).toBe(false)
  expect(isUnlikely(351, young)).toBe(true)
  // Sixty people took 240 seats: four each, so 350 are gone after fewer than 88, of whom 40 are inside.
  const stock = { ...young.stock, sold: 240 }
  expect(isUnlikely(47, { ...young, stock })).toBe(false)
  expect(isUnlikely(48, { ...young, stock })).toBe(true)
  // The first ones say nothing about the others.
  expect(isUnlikely(48, { ...young, frontier: 50, stock })).toBe(false)
})

test('a line asks of each what its first entry says that reaches as far as the people ahead', () => {
  const poll = [
    { aheadMax: 50, everyMs: 1000, stream: true as const },
    { aheadMax: 500, everyMs: 2000 },
    { aheadMax: null, everyMs: 10_000 },
  ]
  expect([0, 50, 51, 500, 501, 1_000_000, Infinity].map((ahead) => pollEveryMs(poll, ahead))).toEqual([
    1000, 1000, 2000, 2000, 10_000, 10_000, 10_000,
  ])
  expect([50, 51].map((ahead) => pollEntry(poll, ahead)?.stream)).toEqual([true, undefined])
  expect(pollEveryMs([{ aheadMax: 5, everyMs: 700 }], 99)).toBe(700)
  expect(pollEveryMs([], 1)).toBe(5000)
})
