import { expect, test } from 'vitest'
import { healthPerMinute, nextThrottle, unthrottled, type Throttle } from './throttle.ts'

const atTen = Date.parse('2026-01-01T10:00:00Z')
const well = { state: 'well', cause: null, pressure: 0.3 } as const
const strained = { state: 'strained', cause: 'reads', pressure: 1 } as const
const unwell = { state: 'unwell', cause: 'errors', pressure: 1 } as const
const crowd = { isOpening: false, calledPerSecond: 80, wantedPerSecond: 100, floorPerSecond: 2 }

/** Moves a throttle through a time, a tick each 250 ms. @returns what it was after each second */
function live(throttle: Throttle, health: Parameters<typeof nextThrottle>[1], seconds: number, from = atTen) {
  const seen: (number | null)[] = []
  let now = throttle
  for (let tick = 1; tick <= seconds * 4; tick++) {
    now = nextThrottle(now, health, from + tick * 250, crowd)
    if (tick % 4 === 0) seen.push(now.perSecond)
  }
  return { throttle: now, seen }
}

test('a service that is well is no limit', () => {
  expect(live(unthrottled, well, 10).throttle.perSecond).toBe(null)
})

test('strain halves what was called at once, and again only when three seconds have shown what that did', () => {
  expect(nextThrottle(unthrottled, strained, atTen, crowd)).toMatchObject({ perSecond: 40, state: 'strained' })
  expect(live(unthrottled, strained, 10).seen).toEqual([40, 40, 40, 20, 20, 20, 10, 10, 10, 5])
})

test('the first cut is felt even when far more was configured than is called', () => {
  const wanted = { isOpening: false, calledPerSecond: 30, wantedPerSecond: 16_000, floorPerSecond: 2 }
  expect(nextThrottle(unthrottled, strained, atTen, wanted).perSecond).toBe(15)
})

test('well again, it lets in five a second more each second, a tenth where that is more, until nothing is limited', () => {
  const low: Throttle = { ...unthrottled, perSecond: 10, lessenedAt: new Date(atTen) }
  expect(live(low, well, 5).seen).toEqual([15, 20, 25, 30, 35])
  const high: Throttle = { ...unthrottled, perSecond: 80, lessenedAt: new Date(atTen) }
  const { seen } = live(high, well, 4)
  expect(seen.slice(0, 2).map((rate) => Math.round(rate!))).toEqual([88, 97])
  expect(seen.slice(2)).toEqual([null, null])
})

test('close to a limit it neither lets in more nor fewer', () => {
  const low: Throttle = { ...unthrottled, perSecond: 10, lessenedAt: new Date(atTen) }
  expect(live(low, { ...well, pressure: 0.85 }, 20).throttle.perSecond).toBe(10)
})

test('however long the strain lasts, the floor is let in', () => {
  expect(live(unthrottled, strained, 60).throttle.perSecond).toBe(2)
  const idle = { isOpening: false, calledPerSecond: 0, wantedPerSecond: 100, floorPerSecond: 2 }
  expect(nextThrottle(unthrottled, strained, atTen, idle).perSecond).toBe(2)
})

test('unwell is nobody, and the way up begins at the floor, also where pressure stays high', () => {
  const { throttle } = live({ ...unthrottled, perSecond: 70 }, unwell, 2)
  expect(throttle.perSecond).toBe(0)
  expect(live(throttle, well, 3, atTen + 2000).seen).toEqual([7, 12, 17])
  expect(live(throttle, { ...well, pressure: 0.9 }, 3, atTen + 2000).seen).toEqual([2, 2, 2])
  expect(live(throttle, strained, 3, atTen + 2000).seen).toEqual([2, 2, 2])
})

test('lines share what the service bears by what was configured', () => {
  const line = { admitPerMinute: 600, admitsAll: false }
  const half = { perSecond: 10, state: 'strained' } as const
  expect(healthPerMinute(line, { ...half, perSecond: null }, 20)).toBe(null)
  expect(healthPerMinute(line, half, 20)).toBe(300)
  expect(healthPerMinute({ ...line, admitPerMinute: 60 }, half, 20)).toBe(30)
  expect(healthPerMinute(line, half, 5)).toBe(null)
  expect(healthPerMinute(line, half, 0)).toBe(null)
  expect(healthPerMinute(line, { perSecond: 0, state: 'unwell' }, 20)).toBe(0)
})

test('where everyone is let in only an unwell service is a limit', () => {
  const line = { admitPerMinute: 600, admitsAll: true }
  expect(healthPerMinute(line, { perSecond: 1, state: 'strained' }, 20)).toBe(null)
  expect(healthPerMinute(line, { perSecond: 0, state: 'unwell' }, 20)).toBe(0)
})

test('a line opens slowly beside what others call, and ever faster as long as nothing strains; a large service is soon no limit', () => {
  const opening = { isOpening: true, calledPerSecond: 30, wantedPerSecond: 7500, floorPerSecond: 2 }
  let throttle = nextThrottle(unthrottled, well, atTen, opening)
  expect(throttle.perSecond).toBe(50)
  const seen: (number | null)[] = []
  for (let second = 1; second <= 14; second++) {
    throttle = nextThrottle(throttle, well, atTen + second * 1000, { ...opening, isOpening: false })
    seen.push(throttle.perSecond && Math.round(throttle.perSecond))
  }
  expect(seen).toEqual([75, 113, 169, 253, 380, 570, 854, 1281, 1922, 2883, 4325, 6487, null, null])
  expect(nextThrottle(unthrottled, well, atTen, { ...opening, wantedPerSecond: 40 }).perSecond).toBe(null)
})
