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
import {
  expectEveryOrder,
  expectOrdersEquallyLikely,
  expectPositionsEquallyLikely,
  expectSampledOrders,
  keyOf,
  native,
  orderOf,
  zScore,
} from './draw-orders.ts'

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

test('every position from 1 to n is given exactly once, for every n and for sampled ones', { timeout: 60_000 }, () => {
  expectEveryOrder(1500)
  expectSampledOrders(40, [65_537])
})

test.each([2, 3, 4, 5])('all orders of %i people are equally likely', (n) => expectOrdersEquallyLikely(n, 3000))

test.each([10, 100, 1000])('every number of %i gets every position equally often', (n) =>
  expectPositionsEquallyLikely(n, 600),
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
