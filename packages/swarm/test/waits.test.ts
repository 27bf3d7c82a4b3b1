import { expect, test } from 'vitest'
import type { LineDocument } from '@fairgate/contracts/http/waiting-room'
import { followWait, waitEstimateOf, type Wait } from '../src/waits.ts'

const opens = Date.parse('2026-01-01T10:00:00Z')

const line: LineDocument = {
  id: 'lin_a',
  saleId: 'sal_a',
  eventId: 'evt_a',
  name: 'All',
  sectionIds: ['sec_a'],
  phase: 'open',
  opensAt: new Date(opens).toISOString(),
  closesAt: new Date(opens + 3_600_000).toISOString(),
  serverTime: new Date(opens + 600_000).toISOString(),
  arrivals: 1000,
  draw: { commitment: null },
  frontier: 600,
  admittedPerMinute: 60,
  admission: { perMinute: 60, limitedBy: 'rate', everyone: false },
  admitPerMinute: 60,
  shoppers: 100,
  shoppersMax: 500,
  stock: { free: 500, held: 50, sold: 0 },
  poll: [],
}

/** One person's wait: what the line showed at each second, and whether the turn came at the end. */
function waited(looks: readonly [second: number, turns: number, change?: Partial<LineDocument>][]): Wait[] {
  const waits: Wait[] = []
  let now = 0
  const wait = followWait(() => opens + now * 1000, waits)
  for (const [second, turns, change] of looks) {
    now = second
    wait.saw({ ...line, ...change }, turns)
  }
  return waits
}

const looks = (seconds: number, perSecond: number) =>
  Array.from({ length: seconds + 1 }, (_, second): [number, number] => [second, (seconds - second) * perSecond])

test('a wait counts as true from each moment at which the turn came within the range', () => {
  expect(waitEstimateOf(waited(looks(100, 1)))).toMatchObject({ people: 1, known: 1, insideRange: 1, insideMinutes: 1 })
  // Half as many are called as was said.
  expect(waitEstimateOf(waited(looks(100, 0.5)))).toMatchObject({ people: 1, known: 1, insideRange: 0 })
})

test('what the page no longer says does not count: unknown, and while the line is paused', () => {
  const half = waited(looks(100, 1).map(([second, turns]) => [second, turns, second < 50 ? {} : { frontier: 0 }]))
  expect(waitEstimateOf(half)).toMatchObject({ people: 1, known: 0.444, insideRange: 1 })
  const paused = waited([...looks(100, 1).slice(0, 45), [45, 55, { phase: 'paused' }], [100, 0]])
  expect(waitEstimateOf(paused)).toMatchObject({ people: 1, known: 0.444, insideRange: 1 })
})

test('who was not called is counted by whether it was said to be unlikely, and no range of theirs is judged', () => {
  const stock = { free: 10, held: 0, sold: 540 }
  const soldOut = { phase: 'sold-out', stock: { free: 0, held: 0, sold: 550 } } as const
  const warned = waited([
    [0, 90],
    [20, 80, { stock }],
    [100, 70, soldOut],
  ])
  const unwarned = waited([
    [0, 90],
    [60, 80, { stock }],
    [100, 70, soldOut],
  ])
  expect(waitEstimateOf([...warned, ...unwarned])).toMatchObject({
    people: 0,
    insideRange: 0,
    unlikely: { people: 1, right: 1 },
    soldOut: { people: 2, warned: 1 },
  })
})
