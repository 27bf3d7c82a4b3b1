import { expect, test } from 'vitest'
import { linePhases } from '@fairgate/contracts/http/waiting-room'
import { pollEveryMs } from '@fairgate/contracts/wait'
import { claiming, claimWindowMs, joining, nearIn, openingMsOf, phaseOf, pollOf } from './line.ts'

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

const crowd = { arrivals: 9000, frontier: 0, perMinute: 60 }
const nobody = { waiting: 0, near: 0 }

test('whoever is nearer reads more often, and keeps a stream within a minute of the turn', () => {
  const open = pollOf('open', true, crowd, nobody)
  expect([0, 10, 11, 100, 101, 1000, 1001, 1e6].map((ahead) => pollEveryMs(open, ahead))).toEqual([
    1000, 1000, 2000, 2000, 5000, 5000, 10_000, 10_000,
  ])
  expect(open.map(({ stream }) => stream)).toEqual([true, true, undefined, undefined])
  expect(pollEveryMs(pollOf('gathering', false, crowd, nobody), 0)).toBe(10_000)
  expect(pollEveryMs(pollOf('sold-out', true, crowd, nobody), 0)).toBe(10_000)
  expect(pollEveryMs(pollOf('open', false, crowd, nobody), Infinity)).toBe(3000)
})

type Poll = ReturnType<typeof pollOf>

/** How many reads a second a whole crowd makes that stands in one line and keeps no streams. */
function readsPerSecond(poll: Poll, waiting: number): number {
  let from = 0
  let reads = 0
  for (const { aheadMax, everyMs } of poll) {
    const to = Math.min(waiting, aheadMax ?? Infinity)
    reads += (Math.max(0, to - from) * 1000) / everyMs
    from = Math.max(from, to)
  }
  return reads
}

test.each([1, 20])('the reads of a whole crowd stay bounded, however large it is, in %i lines', (lines) => {
  for (const all of [0, 100, 10_000, 100_000, 300_000]) {
    for (const perMinute of [1, 60, 3000, 10_000]) {
      const arrivals = all / lines
      const large = { arrivals, frontier: 0, perMinute: perMinute / lines }
      const everybody = { waiting: all, near: lines * nearIn(large) }
      const reads = (poll: Poll) => lines * readsPerSecond(poll, arrivals)
      expect(reads(pollOf('gathering', false, large, everybody))).toBeLessThanOrEqual(5000)
      expect((all * 1000) / openingMsOf(everybody)).toBeLessThanOrEqual(5000)
      expect(reads(pollOf('open', false, large, everybody))).toBeLessThanOrEqual(5000)
      expect(reads(pollOf('open', true, large, everybody))).toBeLessThanOrEqual(10_000)
    }
  }
})

test('nobody comes within a minute of being called between two reads without a stream from then on', () => {
  for (const arrivals of [5000, 100_000, 300_000]) {
    for (const perMinute of [10, 600, 3000, 4000]) {
      const poll = pollOf('open', true, { arrivals, frontier: 0, perMinute }, nobody)
      for (const [index, { aheadMax, everyMs, stream }] of poll.entries()) {
        const nearest = (poll[index - 1]?.aheadMax ?? 0) + 1
        const minutesLeft = (nearest - (perMinute * everyMs) / 60_000) / perMinute
        expect(stream || minutesLeft >= 1, `${arrivals} ${perMinute} ${aheadMax}`).toBe(true)
      }
    }
  }
})
