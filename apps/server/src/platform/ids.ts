import { randomFillSync } from 'node:crypto'
import { formatId, type IdKind } from '@fairgate/contracts/ids'
import type { Clock } from './clock.ts'

/** Where chance comes from. */
export type Random = (bytes: number) => Uint8Array

const poolBytes = 4096
const pool = new Uint8Array(poolBytes)
let used = poolBytes

/**
 * The system's randomness, fetched in blocks: a call for each id took a tenth of the time of a join. What was given away
 * is wiped from the block.
 */
export const systemRandom: Random = (bytes) => {
  if (bytes > poolBytes) return randomFillSync(new Uint8Array(bytes))
  if (used + bytes > poolBytes) {
    randomFillSync(pool)
    used = 0
  }
  const given = pool.slice(used, used + bytes)
  pool.fill(0, used, used + bytes)
  used += bytes
  return given
}

/** A source of new identifiers. */
export type Ids = (kind: IdKind) => string

export const createIds =
  (clock: Clock, random: Random): Ids =>
  (kind) =>
    formatId(kind, clock.now(), random(10))

/** Chance for tests: the same seed, the same bytes (mulberry32, public domain). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }
  return (bytes) => Uint8Array.from({ length: bytes }, () => next() & 255)
}
