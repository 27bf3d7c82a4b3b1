import { expect, test } from 'vitest'
import { linePhases } from '@fairgate/contracts/http/waiting-room'
import { claiming, claimWindowMs, joining, phaseOf, pollEveryMs, pollOf } from './line.ts'

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

test('the time to claim is never longer than the pass would live', () => {
  expect(claimWindowMs({ holdSeconds: 300 }, 60)).toBe(60_000)
  expect(claimWindowMs({ holdSeconds: 30 }, 60)).toBe(30_000)
})

const crowd = { arrivals: 9000, frontier: 0, admitPerMinute: 60 }

test('people near the front read often, people far away and before the opening rarely', () => {
  const open = pollOf('open', -1, true, crowd)
  expect([0, 50, 51, 100, 101, 1000, 1001, 1e6].map((ahead) => pollEveryMs(open, ahead))).toEqual([
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
