import type { ConfirmOutcome } from './scenario.ts'

/** A fault in force for all payments: this outcome strikes this share (0 to 1) of the confirms that would succeed. */
export type Strike = { readonly outcome: ConfirmOutcome; readonly share: number }

/**
 * Faults for a whole rehearsal. Which confirms are struck depends on the seed and on how many came before, so a run
 * is repeated by its seed and the share holds whatever the payments are called.
 */
export function createStrikes() {
  let strike: Strike | undefined
  let next = sequence(1)

  return {
    set(confirm: Strike | undefined, seed: number): void {
      strike = confirm
      next = sequence(seed)
    },
    draw(): ConfirmOutcome | undefined {
      return strike && next() < strike.share ? strike.outcome : undefined
    },
  }
}

/** Numbers from 0 to 1 that a seed determines (mulberry32). */
function sequence(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
