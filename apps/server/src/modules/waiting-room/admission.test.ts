import { expect, test } from 'vitest'
import { admissible, admissionOf, allowanceAt } from './admission.ts'

const opens = Date.parse('2026-01-01T10:00:00Z')
const hour = 3_600_000

test('the allowance grows with time, keeps its fraction and never holds more than a second’s worth and one person', () => {
  const slow = { perMinute: 30, allowance: 0, tickedAt: new Date(opens) }
  expect(allowanceAt(slow, opens + 250)).toBeCloseTo(0.125)
  expect(Math.floor(allowanceAt(slow, opens + 2000))).toBe(1)
  expect(allowanceAt(slow, opens + hour)).toBe(1.5)
  const fast = { perMinute: 6000, allowance: 0, tickedAt: new Date(opens) }
  expect(Math.floor(allowanceAt(fast, opens + 250))).toBe(25)
  expect(allowanceAt(fast, opens + hour)).toBe(101)
  expect(allowanceAt({ ...fast, tickedAt: null }, opens)).toBe(100)
  expect(allowanceAt({ ...fast, allowance: 3 }, opens - 5000)).toBeCloseTo(3)
})

test('a line calls as many as its rate says, whatever the rate is, and slow ones never two at once', () => {
  for (const perMinute of [1, 7, 30, 59, 60, 61, 79, 90, 121, 300]) {
    let line = { perMinute, allowance: 0, tickedAt: new Date(opens) }
    let [called, most] = [0, 0]
    for (let now = opens + 250; now <= opens + hour; now += 250) {
      const allowance = allowanceAt(line, now)
      const count = Math.floor(allowance)
      most = Math.max(most, count)
      called += count
      line = { perMinute, allowance: allowance - count, tickedAt: new Date(now) }
    }
    expect(called).toBe(perMinute * 60)
    expect(most).toBe(Math.ceil(perMinute / 240))
  }
})

const free = {
  shoppersMax: 10,
  admitPerMinute: 600,
  admitsAll: false,
  sellable: 50 as number | null,
  arrivals: 100,
  frontier: 0,
  isPaused: false,
}

test('as many are called as there is room, stock, rate and people for, and what was least of them is said', () => {
  expect(admissible(free, 0, 99, null)).toEqual({ count: 10, limitedBy: 'shoppers' })
  expect(admissible(free, 7, 99, null)).toEqual({ count: 3, limitedBy: 'shoppers' })
  expect(admissible(free, 12, 99, null)).toEqual({ count: 0, limitedBy: 'shoppers' })
  expect(admissible({ ...free, sellable: 8 }, 7, 99, null)).toEqual({ count: 1, limitedBy: 'stock' })
  expect(admissible(free, 0, 2.9, null)).toEqual({ count: 2, limitedBy: 'rate' })
  expect(admissible(free, 0, 2.9, 120)).toEqual({ count: 2, limitedBy: 'health' })
  expect(admissible(free, 0, 2.9, 600)).toEqual({ count: 2, limitedBy: 'rate' })
  expect(admissible({ ...free, frontier: 99 }, 0, 99, null)).toEqual({ count: 1, limitedBy: 'all-called' })
})

test('nobody is called while paused, while the stock is unknown, or while the service is unwell', () => {
  expect(admissible({ ...free, isPaused: true }, 0, 99, null)).toEqual({ count: 0, limitedBy: 'paused' })
  expect(admissible({ ...free, sellable: null }, 0, 99, null)).toEqual({ count: 0, limitedBy: 'stock-unknown' })
  expect(admissible(free, 0, 99, 0)).toEqual({ count: 0, limitedBy: 'health' })
  expect(admissible({ ...free, admitsAll: true }, 0, 99, 0)).toEqual({ count: 0, limitedBy: 'health' })
})

test('where everyone is let in, what can be sold is the limit', () => {
  expect(admissible({ ...free, admitsAll: true }, 5, 0, null)).toEqual({ count: 45, limitedBy: 'stock' })
  expect(admissible({ ...free, admitsAll: true, sellable: 500 }, 5, 0, null)).toEqual({
    count: 100,
    limitedBy: 'all-called',
  })
})

test('everybody is told how fast the line moves, and why', () => {
  const line = { ...free, limitedBy: 'shoppers' as const, healthPerMinute: null }
  expect(admissionOf(line, 'open', true)).toEqual({ perMinute: 600, limitedBy: 'shoppers', everyone: false })
  expect(admissionOf({ ...line, limitedBy: 'health', healthPerMinute: 90 }, 'open', true)).toEqual({
    perMinute: 90,
    limitedBy: 'health',
    everyone: false,
  })
  expect(admissionOf({ ...line, admitsAll: true, limitedBy: 'stock' }, 'open', true)).toEqual({
    perMinute: null,
    limitedBy: 'stock',
    everyone: true,
  })
  expect(admissionOf({ ...line, limitedBy: null }, 'open', true).limitedBy).toBe('rate')
  expect(admissionOf({ ...line, frontier: 100 }, 'open', true).limitedBy).toBe('all-called')
  expect(admissionOf(line, 'open', false)).toMatchObject({ perMinute: 0, limitedBy: 'draw' })
  expect(admissionOf({ ...line, sellable: null }, 'open', true)).toMatchObject({
    perMinute: 0,
    limitedBy: 'stock-unknown',
  })
  const phases = ['scheduled', 'gathering', 'paused', 'sold-out', 'closed'] as const
  expect(phases.map((phase) => admissionOf(line, phase, true).limitedBy)).toEqual([
    'not-open',
    'not-open',
    'paused',
    'sold-out',
    'closed',
  ])
})
