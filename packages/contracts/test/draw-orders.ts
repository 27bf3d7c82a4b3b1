import { createHash, createHmac, hash } from 'node:crypto'
import fc from 'fast-check'
import { expect } from 'vitest'
import { createPermutation, type Hashes } from '../src/draw.ts'

// What a draw's orders must be, for as many of them as a test has time for.

export const native: Hashes = {
  sha256: (bytes) => hash('sha256', bytes, 'buffer'),
  hmacSha256: (key, bytes) => createHmac('sha256', key).update(bytes).digest(),
}

export const keyOf = (text: string | number) => createHash('sha256').update(String(text)).digest()

/** Bijective, its inverse its inverse, and beyond n nothing moves. */
function expectOrder(n: number, { positionOf, numberAt }: ReturnType<typeof createPermutation>): void {
  const seen = new Uint8Array(n + 1)
  let faults = 0
  for (let number = 1; number <= n; number++) {
    const position = positionOf(number)
    if (!(position >= 1 && position <= n) || seen[position] === 1) faults++
    seen[position] = 1
    if (n <= 600 && numberAt(position) !== number) faults++
  }
  expect({ n, faults }).toEqual({ n, faults: 0 })
  expect([n + 1, n + 12_345].map(positionOf)).toEqual([n + 1, n + 12_345])
  expect([n + 1, n + 12_345].map(numberAt)).toEqual([n + 1, n + 12_345])
}

/** Every position from 1 to n is given exactly once, for every n up to `max`. */
export function expectEveryOrder(max: number): void {
  // Round functions depend on the key only, so one key's values are hashed once for all n.
  const values = new Map<string, Uint8Array>()
  const remembering: Hashes = {
    ...native,
    hmacSha256(key, message) {
      const name = `${message[0]} ${message[3]} ${message[4]}`
      const known = values.get(name) ?? native.hmacSha256(key, message)
      values.set(name, known)
      return known
    },
  }
  for (let n = 0; n <= max; n++) expectOrder(n, createPermutation(remembering, keyOf('all'), n))
}

/** The same for sizes and keys by chance, where the bits of n change, and for `sizes`. */
export function expectSampledOrders(numRuns: number, sizes: readonly number[]): void {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 18 }), fc.integer({ min: -2, max: 2 }), fc.nat(), (bits, beside, key) => {
      const n = Math.max(0, 2 ** bits + beside)
      expectOrder(n, createPermutation(native, keyOf(key), n))
    }),
    { numRuns, seed: 1 },
  )
  for (const n of sizes) expectOrder(n, createPermutation(native, keyOf(n), n))
}

/** Pearson's statistic as a z-score (Wilson–Hilferty): beyond ±4 once in 16,000 honest tests. */
export function zScore(counts: readonly number[], weights: readonly number[] = counts.map(() => 1)): number {
  const total = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0)
  const expected = weights.map((weight) => (weight * total(counts)) / total(weights))
  const statistic = total(counts.map((count, i) => (count - expected[i]!) ** 2 / expected[i]!))
  const freedom = counts.length - 1
  return (Math.cbrt(statistic / freedom) - 1 + 2 / (9 * freedom)) / Math.sqrt(2 / (9 * freedom))
}

export const orderOf = (key: string, n: number, hashes: Hashes = native) => createPermutation(hashes, keyOf(key), n)

/** All orders of n people come equally often over so many seeds. */
export function expectOrdersEquallyLikely(n: number, seeds: number): void {
  const counts = new Map<string, number>()
  const factorial = [1, 1, 2, 6, 24, 120][n]!
  for (let i = 0; i < seeds; i++) {
    const { positionOf } = orderOf(`orders ${n} ${i}`, n)
    const order = Array.from({ length: n }, (_, index) => positionOf(index + 1)).join()
    counts.set(order, (counts.get(order) ?? 0) + 1)
  }
  expect(counts.size).toBe(factorial)
  expect(Math.abs(zScore([...counts.values()]))).toBeLessThan(4)
}

/** Every number of n gets every position equally often over so many seeds, and neighbours do not stay together. */
export function expectPositionsEquallyLikely(n: number, seeds: number): void {
  const buckets = 10
  const cells = Array.from({ length: buckets * buckets }, () => 0)
  const gapBucket = (gap: number) => Math.min(8, Math.floor(((gap - 1) * 9) / (n - 1)))
  const gaps = Array.from({ length: 9 }, () => 0)
  // n − 1 gaps do not always divide evenly, so each bucket expects as many as it has.
  const gapsInBucket = gaps.map(
    (_, bucket) => Array.from({ length: n - 1 }, (__, i) => i + 1).filter((gap) => gapBucket(gap) === bucket).length,
  )
  for (let i = 0; i < seeds; i++) {
    const { positionOf } = orderOf(`marginals ${n} ${i}`, n)
    for (let bucket = 0; bucket < buckets; bucket++) {
      const number = Math.floor((bucket * n) / buckets) + 1
      const position = positionOf(number)
      cells[bucket * buckets + Math.floor(((position - 1) * buckets) / n)]! += 1
      const gap = (positionOf(number === n ? 1 : number + 1) - position + n) % n
      gaps[gapBucket(gap)]! += 1
    }
  }
  for (let bucket = 0; bucket < buckets; bucket++) {
    expect(Math.abs(zScore(cells.slice(bucket * buckets, (bucket + 1) * buckets)))).toBeLessThan(4)
  }
  expect(Math.abs(zScore(gaps, gapsInBucket))).toBeLessThan(4)
}
