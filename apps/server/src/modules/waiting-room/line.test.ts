import { expect, test } from 'vitest'
import { linePhases } from '@fairgate/contracts/http/waiting-room'
import { admissible, allowanceAt, claiming, claimWindowMs, joining, phaseOf, pollEveryMs, pollOf } from './line.ts'

const opens = Date.parse('2026-01-01T10:00:00Z')
const closes = Date.parse('2026-01-01T12:00:00Z')
const line = { opensAt: new Date(opens), closesAt: new Date(closes), isPaused: false, sellable: 5 as number | null }
const hour = 3_600_000

test('the phase follows from time, stock and the operator', () => {
  expect(phaseOf(line, opens - hour - 1, hour)).toBe('scheduled')
  expect(phaseOf(line, opens - hour, hour)).toBe('gathering')
  expect(phaseOf(line, opens - 1, hour)).toBe('gathering')
  expect(phaseOf(line, opens - 1, 0)).toBe('scheduled')
  expect(phaseOf(line, opens, hour)).toBe('open')
  expect(phaseOf({ ...line, isPaused: true }, opens, hour)).toBe('paused')
  expect(phaseOf({ ...line, isPaused: true, sellable: 0 }, opens, hour)).toBe('sold-out')
  expect(phaseOf({ ...line, sellable: null }, opens, hour)).toBe('open')
  expect(phaseOf({ ...line, sellable: 0 }, opens - 1, hour)).toBe('gathering')
  expect(phaseOf(line, closes, hour)).toBe('closed')
})

test('every phase says who may join and who may claim', () => {
  expect(linePhases.filter((phase) => joining[phase] === 'yes')).toEqual(['gathering', 'open', 'paused'])
  expect(linePhases.filter((phase) => claiming[phase].called === 'yes')).toEqual(['open', 'paused'])
})

test('the allowance grows with time, keeps its fraction and never holds more than a second’s worth or one person', () => {
  const slow = { admitPerMinute: 30, allowance: 0, tickedAt: new Date(opens) }
  expect(allowanceAt(slow, opens + 250)).toBeCloseTo(0.125)
  expect(Math.floor(allowanceAt(slow, opens + 2000))).toBe(1)
  expect(allowanceAt(slow, opens + hour)).toBe(1)
  const fast = { admitPerMinute: 6000, allowance: 0, tickedAt: new Date(opens) }
  expect(Math.floor(allowanceAt(fast, opens + 250))).toBe(25)
  expect(allowanceAt(fast, opens + hour)).toBe(100)
  expect(allowanceAt({ ...fast, tickedAt: null }, opens)).toBe(100)
  expect(allowanceAt({ ...fast, allowance: 3 }, opens - 5000)).toBeCloseTo(3)
})

test('as many are called as there is room, stock, rate and people for; nobody while paused or while the stock is unknown', () => {
  const free = { shoppersMax: 10, sellable: 50 as number | null, arrivals: 100, frontier: 0, isPaused: false }
  expect(admissible(free, 0, 99)).toBe(10)
  expect(admissible(free, 7, 99)).toBe(3)
  expect(admissible(free, 12, 99)).toBe(0)
  expect(admissible({ ...free, sellable: 8 }, 7, 99)).toBe(1)
  expect(admissible(free, 0, 2.9)).toBe(2)
  expect(admissible({ ...free, frontier: 99 }, 0, 99)).toBe(1)
  expect(admissible({ ...free, isPaused: true }, 0, 99)).toBe(0)
  expect(admissible({ ...free, sellable: null }, 0, 99)).toBe(0)
})

test('the time to claim is never longer than the pass would live', () => {
  expect(claimWindowMs({ holdSeconds: 300 }, 60)).toBe(60_000)
  expect(claimWindowMs({ holdSeconds: 30 }, 60)).toBe(30_000)
})

const crowd = { arrivals: 9000, frontier: 0, admitPerMinute: 60 }

test('people near the front read often, people far away and before the opening rarely', () => {
  const open = pollOf('open', -1, true, crowd)
  expect([0, 50, 51, 500, 501, 5000, 5001, 1e6].map((ahead) => pollEveryMs(open, ahead))).toEqual([
    1000, 1000, 2000, 2000, 5000, 5000, 10_000, 10_000,
  ])
  expect(pollEveryMs(pollOf('gathering', 60_001, false, crowd), 0)).toBe(10_000)
  expect(pollEveryMs(pollOf('gathering', 60_000, false, crowd), 0)).toBe(5000)
  expect(pollEveryMs(pollOf('sold-out', -1, true, crowd), 0)).toBe(10_000)
  expect(pollEveryMs(pollOf('open', -1, false, crowd), Infinity)).toBe(3000)
})

/** How many reads a second a whole crowd makes that stands in one line. */
function readsPerSecond(poll: ReturnType<typeof pollOf>, waiting: number): number {
  let from = 0
  let reads = 0
  for (const { aheadMax, everyMs } of poll) {
    const to = Math.min(waiting, aheadMax ?? Infinity)
    reads += (Math.max(0, to - from) * 1000) / everyMs
    from = Math.max(from, to)
  }
  return reads
}

test('the reads of a whole crowd stay bounded, however large it is', () => {
  for (const arrivals of [0, 100, 10_000, 100_000, 300_000]) {
    for (const admitPerMinute of [1, 60, 3000, 10_000]) {
      const large = { arrivals, frontier: 0, admitPerMinute }
      expect(readsPerSecond(pollOf('gathering', 1e6, false, large), arrivals)).toBeLessThanOrEqual(5000)
      expect(readsPerSecond(pollOf('gathering', 1, false, large), arrivals)).toBeLessThanOrEqual(10_000)
      expect(readsPerSecond(pollOf('open', -1, false, large), arrivals)).toBeLessThanOrEqual(10_000)
      expect(readsPerSecond(pollOf('open', -1, true, large), arrivals)).toBeLessThanOrEqual(10_000)
    }
  }
  const typical = pollOf('open', -1, true, { arrivals: 100_000, frontier: 0, admitPerMinute: 1500 })
  expect(readsPerSecond(typical, 100_000)).toBeLessThan(6500)
})

test('nobody comes within a minute of being called between two reads without reading every 2 s from then on', () => {
  for (const arrivals of [5000, 100_000, 300_000]) {
    for (const admitPerMinute of [10, 600, 3000, 4000]) {
      const poll = pollOf('open', -1, true, { arrivals, frontier: 0, admitPerMinute })
      for (const [index, { aheadMax, everyMs }] of poll.entries()) {
        const nearest = (poll[index - 1]?.aheadMax ?? 0) + 1
        const minutesLeft = (nearest - (admitPerMinute * everyMs) / 60_000) / admitPerMinute
        expect(everyMs <= 2000 || minutesLeft >= 1, `${arrivals} ${admitPerMinute} ${aheadMax}`).toBe(true)
      }
    }
  }
})
