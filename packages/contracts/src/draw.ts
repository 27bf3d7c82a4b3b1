/**
 * The order of all who joined a line before its opening, `fairgate-draw-1`: a shuffle that the operator committed to
 * before anybody joined, and that anybody can recompute. `docs/concepts/fairness.md` explains it and gives vectors.
 *
 *     commitment = SHA-256(seed)                       shown when the sale is published
 *     root       = Merkle tree hash of the entrants    shown when the line opens, with their number n
 *     key        = SHA-256(seed ‖ root ‖ beacon?)      known to all when the seed is revealed
 *     position   = permutation(key, n)(number)         for numbers 1…n; later numbers keep their place
 *
 * Nothing here does I/O or knows a platform: the two hash functions are passed in.
 */
export type Hashes = {
  sha256(bytes: Uint8Array): Uint8Array
  hmacSha256(key: Uint8Array, bytes: Uint8Array): Uint8Array
}

export const drawAlgorithm = 'fairgate-draw-1'

/** Of the seed, of every hash, of a beacon's randomness. */
export const hashBytes = 32

const pieces = (...parts: readonly Uint8Array[]): Uint8Array => {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

const uint32 = (value: number): Uint8Array => {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

export const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

/** @throws an error for anything but pairs of hexadecimal digits */
export function fromHex(text: string): Uint8Array {
  if (!/^([0-9a-f]{2})*$/i.test(text)) throw new Error(`not hexadecimal: ${text.slice(0, 80)}`)
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i])

export const commitmentOf = (hashes: Hashes, seed: Uint8Array): Uint8Array => hashes.sha256(seed)

// Entrants: the Merkle tree of RFC 6962, section 2.1

/**
 * An entrant's leaf: SHA-256(0x00 ‖ number as four bytes, big-endian ‖ place id in UTF-8). A place id carries 80 random
 * bits that only its owner and the operator know, so a leaf says nothing to anybody else.
 */
export const leafOf = (hashes: Hashes, number: number, placeId: string): Uint8Array =>
  hashes.sha256(pieces(Uint8Array.of(0), uint32(number), utf8.encode(placeId)))

const utf8 = new TextEncoder()

const nodeOf = (hashes: Hashes, left: Uint8Array, right: Uint8Array): Uint8Array =>
  hashes.sha256(pieces(Uint8Array.of(1), left, right))

/** The root over leaves that come one by one, in the order of their numbers. Keeps one hash for each level. */
export function createRoot(hashes: Hashes) {
  /** Complete subtrees from left to right, each smaller than the one before. */
  const subtrees: { leaves: number; hash: Uint8Array }[] = []
  let count = 0

  return {
    push(leaf: Uint8Array): void {
      count++
      let tree = { leaves: 1, hash: leaf }
      while (subtrees.at(-1)?.leaves === tree.leaves) {
        tree = { leaves: tree.leaves * 2, hash: nodeOf(hashes, subtrees.pop()!.hash, tree.hash) }
      }
      subtrees.push(tree)
    },
    count: (): number => count,
    root(): Uint8Array {
      if (count === 0) return hashes.sha256(new Uint8Array())
      return subtrees.map((tree) => tree.hash).reduceRight((right, left) => nodeOf(hashes, left, right))
    },
  }
}

/** Hashes side by side, 32 bytes each. */
export type Level = Uint8Array

const countOf = (level: Level): number => level.length / hashBytes
const hashAt = (level: Level, index: number): Uint8Array => level.subarray(index * hashBytes, (index + 1) * hashBytes)

/** All levels of the tree, from the leaves to the root. @param leaves at least one */
export function levelsOf(hashes: Hashes, leaves: Level): Level[] {
  const levels = [leaves]
  for (let below = leaves; countOf(below) > 1; below = levels.at(-1)!) {
    const level = new Uint8Array(Math.ceil(countOf(below) / 2) * hashBytes)
    for (let i = 0; i < countOf(level); i++) {
      const right = hashAt(below, 2 * i + 1)
      // A last one without a partner is a subtree of its own and goes up as it is.
      level.set(right.length > 0 ? nodeOf(hashes, hashAt(below, 2 * i), right) : hashAt(below, 2 * i), i * hashBytes)
    }
    levels.push(level)
  }
  return levels
}

/** The hashes that lead from a leaf to the root: the audit path of RFC 6962. @param index from 0 */
export function pathOf(levels: readonly Level[], index: number): Uint8Array[] {
  return levels
    .slice(0, -1)
    .map((level, height) => hashAt(level, Math.floor(index / 2 ** height) ^ 1))
    .filter((hash) => hash.length > 0)
}

/** Where a path leads to, which is the root if the leaf is the one at this index of a tree of this size. */
export function rootOfPath(
  hashes: Hashes,
  leaf: Uint8Array,
  index: number,
  size: number,
  path: readonly Uint8Array[],
): Uint8Array | undefined {
  if (!(index >= 0 && index < size)) return undefined
  const rest = [...path]
  let hash = leaf
  for (let [at, last] = [index, size - 1]; last > 0; at = Math.floor(at / 2), last = Math.floor(last / 2)) {
    if (at === last && at % 2 === 0) continue
    const sibling = rest.shift()
    if (!sibling) return undefined
    hash = at % 2 === 0 ? nodeOf(hashes, hash, sibling) : nodeOf(hashes, sibling, hash)
  }
  return rest.length === 0 ? hash : undefined
}

// The permutation

/** @param beacon the 32 bytes of randomness of the beacon round that was named with the commitment, if one was */
export const drawKey = (hashes: Hashes, seed: Uint8Array, root: Uint8Array, beacon?: Uint8Array): Uint8Array =>
  hashes.sha256(pieces(seed, root, ...(beacon ? [beacon] : [])))

/**
 * Rounds of the Feistel network. Four make a pseudo-random permutation of a large domain (Luby and Rackoff 1988); a
 * line may have three people, where that proof says nothing, so the number comes from exact distributions with ideal
 * round functions: for up to four people every order is as likely as any other within 8e-8 in all, and on domains of
 * 16 and more any two positions are within 1.2e-14 of uniform (`node packages/swarm/src/draw-figures.ts`). More rounds
 * cost little, because a round function of a few bits is a table.
 */
export const drawRounds = 24

/** Most entrants: numbers are four bytes with a sign in the database. */
export const entrantsMax = 2 ** 31 - 1

export type Permutation = {
  /** The position of a number, both from 1. Numbers after n keep their own. */
  positionOf(number: number): number
  /** The number at a position: the inverse. */
  numberAt(position: number): number
}

/**
 * The keyed permutation of 1…n: a balanced Feistel network on the smallest domain of an even number of bits that holds
 * n, and cycle walking (Black and Rogaway, "Ciphers with Arbitrary Finite Domains", CT-RSA 2002): what falls outside
 * 1…n goes through the network again, less than four times on average. The function of round r maps a half x to the
 * first four bytes of HMAC-SHA-256(key, r as one byte ‖ x as four bytes), big-endian, modulo 2 to the bits of a half.
 * Its values are kept, so that the whole order of 100,000 costs 12,288 HMACs and one position at most 24 a walk.
 * @param n  entrants, 0 to `entrantsMax`
 */
export function createPermutation(hashes: Hashes, key: Uint8Array, n: number): Permutation {
  if (!Number.isInteger(n) || n < 0 || n > entrantsMax) throw new Error(`cannot order ${n} entrants`)
  let halfBits = 1
  while (4 ** halfBits < n) halfBits++
  const half = 2 ** halfBits
  const values = new Int32Array(drawRounds * half).fill(-1)
  const message = new Uint8Array(5)
  const view = new DataView(message.buffer)

  function mixed(round: number, x: number): number {
    const known = values[round * half + x]!
    if (known >= 0) return known
    view.setUint8(0, round)
    view.setUint32(1, x)
    const [a, b, c, d] = hashes.hmacSha256(key, message) as unknown as [number, number, number, number]
    const value = ((a << 24) | (b << 16) | (c << 8) | d) & (half - 1)
    values[round * half + x] = value
    return value
  }

  function forward(x: number): number {
    let [left, right] = [Math.floor(x / half), x % half]
    for (let round = 0; round < drawRounds; round++) {
      const next = left ^ mixed(round, right)
      left = right
      right = next
    }
    return left * half + right
  }

  function backward(x: number): number {
    let [left, right] = [Math.floor(x / half), x % half]
    for (let round = drawRounds - 1; round >= 0; round--) {
      const before = right ^ mixed(round, left)
      right = left
      left = before
    }
    return left * half + right
  }

  function walk(step: (x: number) => number, from: number): number {
    if (from > n) return from
    let x = step(from - 1)
    while (x >= n) x = step(x)
    return x + 1
  }

  return { positionOf: (number) => walk(forward, number), numberAt: (position) => walk(backward, position) }
}
