import { expect, test } from 'vitest'
import {
  expectedWait,
  isUnlikely,
  observe,
  pollEntry,
  pollEveryMs,
  type LineFigures,
  type Sample,
} from '../src/wait.ts'

const line: LineFigures = {
  frontier: 100,
  admittedPerMinute: 0,
  shoppers: 40,
  stock: { free: 300, held: 50, sold: 20 },
}

/** A frontier that moves evenly, looked at every five seconds. */
const moving = (perMinute: number, minutes: number): Sample[] =>
  Array.from({ length: minutes * 12 + 1 }, (_, step) => ({
    atMs: step * 5000,
    frontier: Math.round((perMinute * step) / 12),
  }))

test('the expected wait is a range around the pace that was seen', () => {
  const range = expectedWait(moving(100, 2), 1000, line)!
  expect(range.lowSeconds).toBeLessThan(600)
  expect(range.lowSeconds).toBeGreaterThan(300)
  expect(range.highSeconds).toBeGreaterThan(600)
  expect(range.highSeconds).toBeLessThan(1300)
})

test('it is wider when the pace has changed, and never quicker than people are let in', () => {
  const slowing: Sample[] = [...moving(200, 1), { atMs: 90_000, frontier: 225 }, { atMs: 120_000, frontier: 250 }]
  const range = expectedWait(slowing, 1000, line)!
  expect(range.lowSeconds).toBeLessThanOrEqual(480)
  expect(range.highSeconds).toBeGreaterThanOrEqual(1200)
  const admission = { perMinute: 100, limitedBy: 'rate', everyone: false } as const
  expect(expectedWait(slowing, 1000, { ...line, admission })!.lowSeconds).toBe(600)
})

test('it may be quicker while the service calls as many as it can bear, up to what the organiser allows', () => {
  const admission = { perMinute: 100, limitedBy: 'health', everyone: false } as const
  const range = expectedWait(moving(100, 2), 1000, { ...line, admission, admitPerMinute: 1000 })!
  expect(range.lowSeconds).toBeLessThan(250)
  expect(range.highSeconds).toBeGreaterThan(600)
  const capped = expectedWait(moving(100, 2), 1000, { ...line, admission, admitPerMinute: 120 })!
  expect(capped.lowSeconds).toBe(500)
})

test('before enough was seen the rate that the server measured stands in, and nothing is said when nobody moves', () => {
  const one = [{ atMs: 0, frontier: 5 }]
  const range = expectedWait(one, 120, { ...line, admittedPerMinute: 60 })!
  expect(range.lowSeconds).toBeLessThan(120)
  expect(range.highSeconds).toBeGreaterThan(120)
  expect(expectedWait([], 120, line)).toBeUndefined()
  expect(expectedWait([...one, { atMs: 60_000, frontier: 5 }], 120, line)).toBeUndefined()
})

test('whoever is called waits no longer, and samples are bounded in age and number', () => {
  expect(expectedWait([], 0, line)).toEqual({ lowSeconds: 0, highSeconds: 0 })
  let samples: Sample[] = []
  for (let step = 0; step < 2000; step++) samples = observe(samples, { atMs: step * 500, frontier: step })
  expect(samples.length).toBeLessThanOrEqual(240)
  expect(samples[0]!.atMs).toBeGreaterThan(samples.at(-1)!.atMs - 180_001)
})

test('unlikely is said when more are ahead than seats remain, or when those ahead take as many as those before them did', () => {
  expect(isUnlikely(350, line)).toBe(false)
  expect(isUnlikely(351, line)).toBe(true)
  // Sixty people took 240 seats: four each, so 350 are gone after fewer than 88, of whom 40 are inside.
  const stock = { ...line.stock, sold: 240 }
  expect(isUnlikely(47, { ...line, stock })).toBe(false)
  expect(isUnlikely(48, { ...line, stock })).toBe(true)
  // The first ones say nothing about the others.
  expect(isUnlikely(48, { ...line, frontier: 50, stock })).toBe(false)
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
