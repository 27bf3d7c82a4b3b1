import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { verifyWaitlist } from '../src/verify-waitlist.ts'
import {
  createMatching,
  firstHead,
  recordHash,
  type KeptSeat,
  type WaitlistEvent,
  type WaitWish,
} from '../src/waitlist-order.ts'

const hashes = { sha256: (bytes: Uint8Array) => createHash('sha256').update(bytes).digest() }

/** Seats of a hall with rows of ten: 1…10 are the first row. */
const seatsOf = (numbers: readonly number[]): KeptSeat[] =>
  numbers.map((number) => ({ number, run: Math.ceil(number / 10), at: (number - 1) % 10 }))
const areTogether = (numbers: readonly number[]): boolean =>
  numbers.every((number, i) => i === 0 || (number === numbers[i - 1]! + 1 && number % 10 !== 1))

/** Whether somebody could get what he wants of these, by trying. */
function couldUse({ quantity, together }: WaitWish, numbers: readonly number[]): boolean {
  if (numbers.length < quantity) return false
  const sorted = numbers.toSorted((a, b) => a - b)
  return !together || sorted.some((_, i) => i + quantity <= sorted.length && areTogether(sorted.slice(i, i + quantity)))
}

const wish = fc.record({
  sectionIds: fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 }),
  quantity: fc.integer({ min: 1, max: 4 }),
  together: fc.boolean(),
})
const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { maxLength: 20 })

test('whoever is next gets what he wants, of one section, if and only if the seats at hand can give it', () => {
  fc.assert(
    fc.property(fc.record({ a: numbers, b: numbers }), fc.array(wish, { maxLength: 30 }), (returned, wishes) => {
      const left = new Map(Object.entries(returned).map(([id, list]) => [id, new Set(list)]))
      const matching = createMatching(new Map(Object.entries(returned).map(([id, list]) => [id, seatsOf(list)])))
      for (const each of wishes) {
        const match = matching.give(each)
        const first = each.sectionIds.find((id) => couldUse(each, [...(left.get(id) ?? [])]))
        expect(match?.sectionId).toBe(first)
        if (!match) continue
        expect(match.seats).toHaveLength(each.quantity)
        expect(new Set(match.seats).isSubsetOf(left.get(match.sectionId)!)).toBe(true)
        expect(!each.together || areTogether(match.seats)).toBe(true)
        for (const number of match.seats) left.get(match.sectionId)!.delete(number)
      }
      const rest = [...matching.left()].map(([id, list]) => [
        id,
        list.map(({ number }) => number).toSorted((x, y) => x - y),
      ])
      expect(new Map(rest as [string, number[]][])).toEqual(
        new Map([...left].flatMap(([id, list]) => (list.size > 0 ? [[id, [...list].toSorted((x, y) => x - y)]] : []))),
      )
      expect(matching.most()).toBe(Math.max(0, ...[...left.values()].map(({ size }) => size)))
    }),
    { numRuns: 300, seed: 1 },
  )
})

test('a pair takes the short stretch and leaves the long one; seats of an open section are all side by side', () => {
  const pair = { sectionIds: ['a'], quantity: 2, together: true }
  expect(createMatching(new Map([['a', seatsOf([1, 2, 3, 7, 8])]])).give(pair)?.seats).toEqual([7, 8])
  expect(createMatching(new Map([['a', seatsOf([1, 3, 5])]])).give(pair)).toBeNull()
  expect(createMatching(new Map([['a', seatsOf([10, 11])]])).give(pair)).toBeNull()
  const open = [9, 4, 40].map((number) => ({ number, run: null, at: number }))
  expect(createMatching(new Map([['a', open]])).give(pair)?.seats).toEqual([4, 9])
})

const at = '2026-01-01T00:00:00.000Z'
const later = '2026-01-01T00:10:00.000Z'
const story: WaitlistEvent[] = [
  { kind: 'opened', saleId: 'sal_1', closesAt: '2026-02-01T00:00:00.000Z', offerSeconds: 600 },
  { kind: 'joined', entrant: 'x', sectionIds: ['a'], quantity: 2, together: true },
  { kind: 'joined', entrant: 'y', sectionIds: ['a'], quantity: 1, together: false },
  { kind: 'joined', entrant: 'z', sectionIds: ['a'], quantity: 1, together: false },
  {
    kind: 'kept',
    sectionId: 'a',
    seats: [
      [1, 1, 0],
      [3, 1, 2],
      [5, 1, 4],
    ],
    offer: null,
  },
  { kind: 'offered', number: 3, sectionId: 'a', seats: [1], until: later },
  { kind: 'offered', number: 4, sectionId: 'a', seats: [3], until: later },
  { kind: 'released', sectionId: 'a', seats: [5], closing: false },
  { kind: 'offer-over', offer: 6, why: 'declined' },
  { kind: 'kept', sectionId: 'a', seats: [[1, 1, 0]], offer: 6 },
  { kind: 'released', sectionId: 'a', seats: [1], closing: false },
  { kind: 'offer-over', offer: 7, why: 'bought' },
  { kind: 'sold', offer: 7, sectionId: 'a', seats: [3] },
]

function checked(events: readonly WaitlistEvent[], head?: string): string[] {
  const texts = events.map((event, i) => JSON.stringify({ n: i + 1, at, ...event }))
  const real = texts.reduce((before, text) => recordHash(hashes, before, text), firstHead)
  return verifyWaitlist(hashes, texts, head ?? real)
    .filter(({ result }) => result === 'wrong')
    .map(({ name }) => name)
}
const order = 'every offer went to the first in order whose wish the seats satisfied'
const once = 'no seat was offered to two people, and nobody was offered twice at once'
const deadlines = 'everybody had the full time, and seats went on only after it'
const idle = 'no seat went back to the open sale while somebody waited who could use it'

test('a story that follows the rule is right, and every lie about it is found out', () => {
  expect(checked(story)).toEqual([])
  expect(checked(story, '1'.repeat(64))).toEqual(['the records are those that the head stands for'])
  const lie = (n: number, event: Partial<WaitlistEvent>) =>
    checked(story.map((each, i) => (i + 1 === n ? ({ ...each, ...event } as WaitlistEvent) : each)))
  // The pair before them could have used these.
  expect(
    lie(5, {
      seats: [
        [1, 1, 0],
        [2, 1, 1],
        [3, 1, 2],
        [5, 1, 4],
      ],
    }),
  ).toContain(order)
  expect(lie(6, { number: 4 })).toContain(order)
  expect(lie(6, { seats: [5] })).toContain(order)
  expect(lie(7, { number: 3 })).toContain(once)
  expect(lie(7, { seats: [1] })).toContain(once)
  expect(lie(6, { until: '2026-01-01T00:09:00.000Z' })).toEqual([deadlines])
  expect(lie(9, { why: 'deadline' })).toEqual([deadlines])
  expect(checked(story.filter(({ kind }) => kind !== 'offer-over'))).toContain(once)
  expect(
    checked([...story.slice(0, 5), { kind: 'released', sectionId: 'a', seats: [1, 3, 5], closing: false }]),
  ).toEqual([idle])
  expect(
    checked([...story.slice(0, 5), { kind: 'released', sectionId: 'a', seats: [1, 3, 5], closing: true }]),
  ).toEqual([idle])
  expect(lie(13, { seats: [5] })).toContain(once)
})
