import { createHash, createHmac, hash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  commitmentOf,
  createPermutation,
  createRoot,
  drawKey,
  drawRounds,
  entrantsMax,
  fromHex,
  hashBytes,
  leafOf,
  levelsOf,
  pathOf,
  rootOfPath,
  sameBytes,
  toHex,
  type Hashes,
} from '../src/draw.ts'
import * as pure from '../src/sha256.ts'
import { positionIn, verifyDraw, verifyPlace } from '../src/verify-draw.ts'

const native: Hashes = {
  sha256: (bytes) => hash('sha256', bytes, 'buffer'),
  hmacSha256: (key, bytes) => createHmac('sha256', key).update(bytes).digest(),
}

const keyOf = (text: string | number) => createHash('sha256').update(String(text)).digest()
const seed = Uint8Array.from({ length: 32 }, (_, i) => i)
const placeId = (number: number) => `plc_${String(number).padStart(26, '0')}`

function drawOf(entrants: number, beacon?: Uint8Array) {
  const leaves = Array.from({ length: entrants }, (_, i) => leafOf(native, i + 1, placeId(i + 1)))
  const tree = createRoot(native)
  leaves.forEach((leaf) => tree.push(leaf))
  const root = tree.root()
  const published = {
    commitment: toHex(commitmentOf(native, seed)),
    algorithm: 'fairgate-draw-1' as const,
    ...(beacon ? { beacon: { url: 'http://beacon', chain: 'c', round: 7, randomness: toHex(beacon) } } : {}),
    entrants,
    entrantsRoot: toHex(root),
    seed: toHex(seed),
  }
  const { positionOf } = createPermutation(native, drawKey(native, seed, root, beacon), entrants)
  return { leaves, bytes: new Uint8Array(Buffer.concat(leaves)), root, published, positionOf }
}

const wrong = (checks: readonly { name: string; result: string }[]) =>
  checks.filter((check) => check.result === 'wrong').map((check) => check.name)

test('the pure hash agrees with the vectors of FIPS 180-4 and RFC 4231, and with the platform for every length', () => {
  const text = (value: string) => new TextEncoder().encode(value)
  expect(toHex(pure.sha256(text('abc')))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  expect(toHex(pure.sha256(text('')))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  expect(toHex(pure.sha256(text('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq')))).toBe(
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  )
  expect(toHex(pure.hmacSha256(text('Jefe'), text('what do ya want for nothing?')))).toBe(
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 64 }), (bytes, key) => {
      expect(toHex(pure.sha256(bytes))).toBe(toHex(native.sha256(bytes)))
      expect(toHex(pure.hmacSha256(key, bytes))).toBe(toHex(native.hmacSha256(key, bytes)))
    }),
    { numRuns: 500 },
  )
})

test('the vectors that others implement by, checked against an implementation in another language', () => {
  const { root, positionOf, published } = drawOf(7)
  expect(published.commitment).toBe('630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd')
  expect(published.entrantsRoot).toBe('2071d2951ef62545b3453f698cf92706ecf82efba4021cf442c454a87a2b188c')
  expect(toHex(leafOf(native, 1, placeId(1)))).toBe('38e84dc97f9e9b39ce3971e1d5eb7f1e379b3d3700d07f0765029025a5eaa969')
  expect(toHex(drawKey(native, seed, root))).toBe('d01db96708eb0eed59aab7ef2ea71e7020af0d3c797fba9a4d55d2186f196d45')
  expect(toHex(drawKey(native, seed, root, keyOf('beacon')))).toBe(
    '96c5b4e55424185fdcd755d2ba8b03d656595e5aa6bcf435b257a3b676e1ea54',
  )
  expect([1, 2, 3, 4, 5, 6, 7, 8].map(positionOf)).toEqual([1, 7, 3, 5, 2, 6, 4, 8])
  const large = createPermutation(native, keyOf('large'), 100_000)
  expect([1, 2, 99_999, 100_000, 100_001].map(large.positionOf)).toEqual([19_106, 64_974, 56_811, 98_097, 100_001])
})

// The tree

test('the tree of entrants is that of RFC 6962', () => {
  // The definition of section 2.1, word for word.
  const node = (a: Uint8Array, b: Uint8Array) => native.sha256(Buffer.concat([Uint8Array.of(1), a, b]))
  const definition = (leaves: readonly Uint8Array[]): Uint8Array => {
    if (leaves.length === 0) return native.sha256(new Uint8Array())
    if (leaves.length === 1) return leaves[0]!
    let k = 1
    while (k * 2 < leaves.length) k *= 2
    return node(definition(leaves.slice(0, k)), definition(leaves.slice(k)))
  }
  for (let n = 0; n <= 130; n++) {
    const { leaves, root } = drawOf(n)
    expect(toHex(root)).toBe(toHex(definition(leaves)))
  }
})

test('every entrant can prove to be in the tree, at the own number only', () => {
  for (const n of [1, 2, 3, 4, 5, 7, 8, 9, 31, 33, 100]) {
    const { leaves, bytes, root } = drawOf(n)
    const levels = levelsOf(native, bytes)
    expect(toHex(levels.at(-1)!)).toBe(toHex(root))
    for (let index = 0; index < n; index++) {
      const path = pathOf(levels, index)
      expect(toHex(rootOfPath(native, leaves[index]!, index, n, path)!)).toBe(toHex(root))
      const isRoot = (leaf: Uint8Array, at: number, size: number, way: Uint8Array[]) => {
        const reached = rootOfPath(native, leaf, at, size, way)
        return reached !== undefined && sameBytes(reached, root)
      }
      const lies = [
        ...(n > 1
          ? [isRoot(leaves[(index + 1) % n]!, index, n, path), isRoot(leaves[index]!, index ^ 1, n, path)]
          : []),
        ...(n > 1 ? [isRoot(leaves[index]!, index, n, path.slice(1))] : []),
        isRoot(leaves[index]!, index, n, [...path, root]),
        isRoot(leaves[index]!, n, n, path),
      ]
      expect(lies.filter(Boolean)).toEqual([])
    }
  }
})

// The permutation

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

test('every position from 1 to n is given exactly once, for every n from 0 to 5,000', { timeout: 120_000 }, () => {
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
  for (let n = 0; n <= 5000; n++) expectOrder(n, createPermutation(remembering, keyOf('all'), n))
})

test(
  'every position is given exactly once for sampled n to 10 million, keys and sizes by chance',
  { timeout: 120_000 },
  () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 22 }), fc.integer({ min: -2, max: 2 }), fc.nat(), (bits, beside, key) => {
        const n = Math.max(0, 2 ** bits + beside)
        if (n < 300_000) expectOrder(n, createPermutation(native, keyOf(key), n))
      }),
      { numRuns: 60, seed: 1 },
    )
    for (const n of [65_537, 1_048_577, 10_000_000]) expectOrder(n, createPermutation(native, keyOf(n), n))
  },
)

test('the inverse holds for whatever n a database can count to', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: entrantsMax }), fc.nat(), fc.nat(), (n, at, key) => {
      const { positionOf, numberAt } = createPermutation(native, keyOf(key), n)
      const number = (at % n) + 1
      const position = positionOf(number)
      expect(position).toBeGreaterThanOrEqual(1)
      expect(position).toBeLessThanOrEqual(n)
      expect(numberAt(position)).toBe(number)
    }),
    { numRuns: 50, seed: 1 },
  )
  for (const n of [-1, 1.5, Number.NaN, entrantsMax + 1])
    expect(() => createPermutation(native, keyOf(0), n)).toThrow('cannot order')
})

test('one position of the largest line costs at most 24 HMACs a walk, and an order of 100,000 at most 12,288', () => {
  let calls = 0
  const counting: Hashes = { ...native, hmacSha256: (key, bytes) => (calls++, native.hmacSha256(key, bytes)) }
  createPermutation(counting, keyOf(1), 2 ** 20).positionOf(1)
  expect(calls).toBeLessThanOrEqual(drawRounds)
  calls = 0
  const { positionOf } = createPermutation(counting, keyOf(1), 100_000)
  for (let number = 1; number <= 100_000; number++) positionOf(number)
  expect(calls).toBe(drawRounds * 512)
})

// Uniformity, over many seeds that never change, so that the figure of today is the figure of tomorrow

/** Pearson's statistic as a z-score (Wilson–Hilferty): beyond ±4 once in 16,000 honest tests. */
function zScore(counts: readonly number[], weights: readonly number[] = counts.map(() => 1)): number {
  const total = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0)
  const expected = weights.map((weight) => (weight * total(counts)) / total(weights))
  const statistic = total(counts.map((count, i) => (count - expected[i]!) ** 2 / expected[i]!))
  const freedom = counts.length - 1
  return (Math.cbrt(statistic / freedom) - 1 + 2 / (9 * freedom)) / Math.sqrt(2 / (9 * freedom))
}

const orderOf = (key: string, n: number, rounds?: Hashes) => createPermutation(rounds ?? native, keyOf(key), n)

for (const n of [2, 3, 4, 5]) {
  test(`all orders of ${n} people are equally likely`, { timeout: 60_000 }, () => {
    const counts = new Map<string, number>()
    const factorial = [1, 1, 2, 6, 24, 120][n]!
    for (let i = 0; i < 12_000; i++) {
      const { positionOf } = orderOf(`orders ${n} ${i}`, n)
      const order = Array.from({ length: n }, (_, index) => positionOf(index + 1)).join()
      counts.set(order, (counts.get(order) ?? 0) + 1)
    }
    expect(counts.size).toBe(factorial)
    expect(Math.abs(zScore([...counts.values()]))).toBeLessThan(4)
  })
}

for (const n of [10, 100, 1000]) {
  test(
    `every number of ${n} gets every position equally often, and neighbours do not stay together`,
    { timeout: 60_000 },
    () => {
      const seeds = 3000
      const buckets = 10
      const cells = Array.from({ length: buckets * buckets }, () => 0)
      const gapBucket = (gap: number) => Math.min(8, Math.floor(((gap - 1) * 9) / (n - 1)))
      const gaps = Array.from({ length: 9 }, () => 0)
      // n − 1 gaps do not always divide evenly, so each bucket expects as many as it has.
      const gapsInBucket = gaps.map(
        (_, bucket) =>
          Array.from({ length: n - 1 }, (__, i) => i + 1).filter((gap) => gapBucket(gap) === bucket).length,
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
    },
  )
}

test('the test for uniformity finds an order that is not (control)', () => {
  // A network whose round functions are all zero only swaps halves: the same order for every key.
  const lazy: Hashes = { ...native, hmacSha256: () => new Uint8Array(32) }
  const counts = [0, 0, 0, 0]
  for (let i = 0; i < 3000; i++) counts[orderOf(`control ${i}`, 4, lazy).positionOf(2) - 1]! += 1
  expect(Math.abs(zScore(counts))).toBeGreaterThan(4)
})

// Verification

test('a draw as it was published is right, with and without public randomness, and its places stand where it says', () => {
  for (const beacon of [undefined, keyOf('beacon')]) {
    const { published, bytes, positionOf } = drawOf(1000, beacon)
    for (const hashes of [native, pure]) {
      expect(wrong(verifyDraw(hashes, published, bytes))).toEqual([])
      const mine = verifyPlace(hashes, published, { number: 812, id: placeId(812) })
      expect(mine).toMatchObject({ commits: true, isEntrant: true, position: positionOf(812) })
      expect(toHex(mine.leaf)).toBe(toHex(bytes.subarray(811 * hashBytes, 812 * hashBytes)))
    }
    expect(positionIn(native, published, 812)).toBe(positionOf(812))
    expect(positionIn(native, published, 1001)).toBe(1001)
  }
})

test('an empty line can be drawn and verified', () => {
  const { published, bytes } = drawOf(0)
  expect(wrong(verifyDraw(native, published, bytes))).toEqual([])
  expect(positionIn(native, published, 1)).toBe(1)
})

test('changing one entrant, their number, their order, the seed, the commitment or the randomness is found', () => {
  const { published, bytes } = drawOf(300, keyOf('beacon'))
  const other = toHex(keyOf('other'))
  const with1 = (change: (copy: Uint8Array) => void) => {
    const copy = bytes.slice()
    change(copy)
    return wrong(verifyDraw(native, published, copy))
  }
  const frozen = 'the entrants are those frozen at the opening'
  expect(with1((copy) => (copy[5000]! ^= 1))).toEqual([frozen])
  expect(with1((copy) => copy.copyWithin(0, 32, 64))).toEqual(['no entrant is listed twice', frozen])
  expect(wrong(verifyDraw(native, published, bytes.subarray(32)))).toEqual(['every entrant is listed', frozen])
  expect(wrong(verifyDraw(native, { ...published, seed: other }, bytes))).toEqual(['the seed is the one committed to'])
  expect(wrong(verifyDraw(native, { ...published, commitment: other }, bytes))).toEqual([
    'the seed is the one committed to',
  ])
  expect(wrong(verifyDraw(native, { ...published, entrants: 299 }, bytes))).toEqual(['every entrant is listed'])
  const { randomness: _, ...silent } = published.beacon!
  expect(wrong(verifyDraw(native, { ...published, beacon: silent }, bytes))).toEqual(['the public randomness was used'])
  const missing = verifyDraw(native, { ...published, beacon: { ...silent, missing: true } }, bytes)
  expect(missing.filter((check) => check.result === 'warning').map((check) => check.name)).toEqual([
    'the public randomness was used',
  ])
  // Another randomness gives everybody another position, which everybody sees.
  const turned = { ...published, beacon: { ...published.beacon!, randomness: other } }
  const moved = [1, 2, 3, 4, 5].filter(
    (number) => positionIn(native, turned, number) !== positionIn(native, published, number),
  )
  expect(moved.length).toBeGreaterThan(0)
})

test('what is not a whole draw is said to be none', () => {
  const { published, bytes } = drawOf(3)
  const none = (change: object) => verifyDraw(native, { ...published, ...change }, bytes)[0]
  expect(none({ commitment: null })).toMatchObject({ result: 'wrong', detail: expect.stringContaining('arrival') })
  expect(none({ seed: undefined })).toMatchObject({ result: 'wrong', detail: expect.stringContaining('revealed') })
  expect(none({ entrants: undefined })).toMatchObject({ result: 'wrong', detail: expect.stringContaining('opened') })
  expect(none({ algorithm: 'other' })).toMatchObject({ result: 'wrong' })
  expect(none({ seed: 'xyz' })).toMatchObject({ result: 'wrong', detail: expect.stringContaining('hexadecimal') })
  expect(none({ entrants: -1 })).toMatchObject({ result: 'wrong' })
  expect(() => verifyPlace(native, { commitment: null }, { number: 1, id: 'plc_1' })).toThrow('arrival')
  expect(() => fromHex('0g')).toThrow('not hexadecimal')
})
