import { describe, expect, test } from 'vitest'
import type { LineDocument } from '@fairgate/contracts/http/waiting-room'
import { expectedWait, isUnlikely, type WaitRange } from '@fairgate/contracts/wait'
import { seededRandom } from '#platform/ids'
import { simulate, type SimulatedSale, type Waited } from './simulated-sale.ts'

const concert = { people: 4000, capacity: 6000, seats: [1, 2, 2, 3, 4], insideSeconds: 150 }
const large = { ...concert, people: 8000, capacity: 20_000 }
const race = { people: 900, capacity: 1200, seats: [1], insideSeconds: 120 }
const quick = { ...race, insideSeconds: 2, shoppersMax: 1000, admitPerMinute: 30_000, lines: 15 }

const sales: Record<string, SimulatedSale> = {
  'a concert limited by its rate': { ...concert, shoppersMax: 2000, admitPerMinute: 300 },
  'a slow line': { ...race, shoppersMax: 400, admitPerMinute: 45 },
  'a concert limited by its room': { ...concert, shoppersMax: 400, admitPerMinute: 1000 },
  'a room that fills later': { ...concert, shoppersMax: 800, admitPerMinute: 450 },
  'a small room': { ...race, people: 500, shoppersMax: 40, admitPerMinute: 600 },
  'a race of many lines': { ...race, shoppersMax: 100, admitPerMinute: 30_000, lines: 15 },
  'a room of many who leave their seats': { ...race, shoppersMax: 150, admitPerMinute: 600, abandon: 0.25 },
  'a room that many do not come to': { ...race, shoppersMax: 100, admitPerMinute: 600, absent: 0.3 },
  'a concert that sells out': { ...concert, people: 2500, capacity: 2500, shoppersMax: 300, admitPerMinute: 600 },
  'a service that bears little': { ...large, shoppersMax: 9000, admitPerMinute: 6000, bears: 40 },
  'lines that open slowly under strain': { ...quick, bears: 150 },
}

type Guess = (turns: number, line: LineDocument) => WaitRange | undefined

/** What called people were told at nine moments of their waits: how much of it held, how wide it was, how often it was a range. */
function judged(people: readonly Waited[], guess: Guess) {
  const told = people.flatMap(({ seen, calledMs }) => {
    const sinceMs = seen[0]?.atMs
    if (calledMs === undefined || sinceMs === undefined || calledMs - sinceMs < 3000) return []
    return [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9].flatMap((share) => {
      const { atMs, turns, line } = seen.findLast((look) => look.atMs <= sinceMs + share * (calledMs - sinceMs))!
      return isUnlikely(turns - 1, line) ? [] : { left: (calledMs - atMs) / 1000, range: guess(turns, line) }
    })
  })
  const ranges = told.flatMap(({ left, range }) => (range ? { left, ...range } : []))
  const held = ranges.filter(({ left, lowSeconds, highSeconds }) => left >= lowSeconds && left <= highSeconds)
  const widths = ranges.map(({ left, lowSeconds, highSeconds }) => (highSeconds - lowSeconds) / left)
  return {
    count: ranges.length,
    held: held.length / ranges.length,
    known: ranges.length / told.length,
    width: widths.toSorted((a, b) => a - b)[widths.length >> 1]!,
  }
}

/** The pace of the last minute, give or take a quarter. */
const naive: Guess = (turns, { admittedPerMinute }) => {
  const seconds = (turns * 60) / admittedPerMinute
  return admittedPerMinute === 0 ? undefined : { lowSeconds: seconds * 0.75, highSeconds: seconds * 1.25 }
}

describe('of the waits that people are told in', () => {
  for (const [name, sale] of Object.entries(sales))
    test(`${name}, eight of ten hold, and half of them are no wider than what is left and a half`, () => {
      const { held, known, width } = judged(simulate(sale, 1), expectedWait)
      expect(held).toBeGreaterThan(0.8)
      expect(width).toBeLessThan(1.5)
      expect(known).toBeGreaterThan(0.6)
    })

  test('lines that open slowly, eight of ten hold, wide as they are', () => {
    const { held, width } = judged(simulate(quick, 1), expectedWait)
    expect(held).toBeGreaterThan(0.8)
    expect(width).toBeLessThan(4)
  })
})

/** A sale with everything by chance: sizes between limits, each order of magnitude as likely as the next. */
function drawn(seed: number): SimulatedSale {
  const random = seededRandom(seed)
  const unit = (): number => (random(1)[0]! + 0.5) / 256
  const between = (low: number, high: number): number => low * (high / low) ** unit()
  const people = Math.round(between(200, 2000))
  return {
    people,
    capacity: Math.round(people * between(0.2, 2)),
    shoppersMax: Math.round(between(30, 1000)),
    admitPerMinute: Math.round(between(30, 6000)),
    insideSeconds: between(30, 200),
    seats: unit() < 0.5 ? [1] : [1, 2, 2, 4],
    abandon: Math.max(0, 0.6 * unit() - 0.3),
    absent: Math.max(0, 0.6 * unit() - 0.3),
    lines: unit() < 0.7 ? 1 : 15,
    ...(unit() < 0.3 ? { bears: between(22, 300) } : {}),
  }
}

test('of the waits that people are told in sales drawn by chance, eight of ten hold, and in few sales fewer', () => {
  const held = Array.from({ length: 25 }, (_, seed) => judged(simulate(drawn(seed), seed, 20), expectedWait))
    .filter(({ count }) => count > 0)
    .map((sale) => sale.held)
  expect(held.reduce((sum, share) => sum + share, 0) / held.length).toBeGreaterThan(0.85)
  expect(held.filter((share) => share < 0.8).length).toBeLessThan(held.length / 4)
})

test('the control: the pace of the last minute, give or take a quarter, does not hold so often', () => {
  for (const name of ['a concert limited by its room', 'a small room', 'a race of many lines'])
    expect(judged(simulate(sales[name]!, 1), naive).held).toBeLessThan(0.75)
})

test('a minute after a pause and after a new rate, what is told holds again', () => {
  const after = (seconds: number, people: readonly Waited[]) =>
    people.map(({ seen, calledMs }) => ({
      seen: seen.filter(({ line }) => Date.parse(line.serverTime) - Date.parse(line.opensAt) > seconds * 1000),
      calledMs,
    }))
  const rate = sales['a concert limited by its rate']!
  const room = sales['a concert limited by its room']!
  const hands: [SimulatedSale, NonNullable<SimulatedSale['hand']>][] = [
    [rate, (seconds) => ({ isPaused: seconds > 120 && seconds < 240 })],
    [rate, (seconds) => ({ admitPerMinute: seconds < 240 ? 300 : 500 })],
    [room, (seconds) => ({ isPaused: seconds > 180 && seconds < 240 })],
  ]
  for (const [sale, hand] of hands)
    expect(judged(after(300, simulate({ ...sale, hand }, 1)), expectedWait).held).toBeGreaterThan(0.8)
})

test('whatever a line shows, a range is not below zero, not endless, and not earlier for who stands further behind', () => {
  const lines = [...Object.values(sales), quick].flatMap((sale) =>
    simulate(sale, 3, 3).flatMap(({ seen }) => seen.filter((_, i) => i % 7 === 0).map(({ line }) => line)),
  )
  const isWrong = (line: LineDocument): boolean => {
    const told = [0, 1, 2, 5, 10, 50, 200, 1000, 5000].flatMap((turns) => expectedWait(turns, line) ?? [])
    return told.some(({ lowSeconds, highSeconds }, i) => {
      const nearer = told[i - 1] ?? { lowSeconds: 0, highSeconds: 0 }
      const isRange = lowSeconds >= 0 && highSeconds >= lowSeconds && highSeconds < Infinity
      return !isRange || lowSeconds < nearer.lowSeconds || highSeconds < nearer.highSeconds
    })
  }
  expect(lines.filter(isWrong)).toEqual([])
})

test('whoever finds nothing left has hardly ever been told a wait', () => {
  const looks = simulate(sales['a concert that sells out']!, 1).flatMap(({ seen, calledMs }) =>
    calledMs === undefined ? seen : [],
  )
  const told = looks.filter(({ turns, line }) => !isUnlikely(turns - 1, line) && expectedWait(turns, line))
  expect(looks.length).toBeGreaterThan(1000)
  expect(told.length / looks.length).toBeLessThan(0.02)
})
