/** Chance with a seed (mulberry32, public domain): the same seed brings the same crowd. */
export type Chance = {
  /** 0 ≤ x < 1 */
  unit(): number
  /** 0 ≤ i < n */
  index(n: number): number
  pick<T>(items: readonly T[]): T
  /** A new source for one person, so that one person's choices do not depend on another's speed. */
  fork(n: number): Chance
}

export function chance(seed: number): Chance {
  let state = seed >>> 0
  const unit = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    unit,
    index: (n) => Math.floor(unit() * n),
    pick: (items) => items[Math.floor(unit() * items.length)]!,
    fork: (n) => chance(Math.imul(seed ^ (n + 1), 0x9e3779b1) >>> 0),
  }
}
