import type { Chance } from './random.ts'

/** How one payment goes, in the sandbox's words: what its window is opened with, beside the order and the amount. */
export type Card = {
  outcome: string
  /** How often the provider fails before it answers. */
  times?: number
  webhook?: string
  cancelOutcome?: string
  cancelTimes?: number
}

export const goodCard: Card = { outcome: 'approve' }

/** Each way in which a provider fails: the answer, what happens to the money behind it, and what it tells afterwards. */
const failures: readonly Card[] = [
  { outcome: 'decline' },
  { outcome: '500', times: 1 },
  { outcome: 'capture-then-500' },
  { outcome: 'capture-then-500', webhook: 'never' },
  { outcome: 'capture-late:3000', webhook: 'never' },
  { outcome: 'hang', times: 1 },
  { outcome: 'capture-then-hang', webhook: 'twice' },
  { outcome: 'approve', webhook: 'early' },
  { outcome: 'approve', webhook: 'twice' },
  { outcome: 'approve', webhook: 'late:2000' },
  { outcome: 'approve', webhook: 'never' },
]

/** The card of somebody, `failurePercent` of whose payments meet a provider that fails in one of the ways. */
export function drawCard(chance: Chance, failurePercent: number): Card {
  if (chance.unit() * 100 >= failurePercent) return goodCard
  return { ...failures[chance.index(failures.length)]!, cancelOutcome: 'cancel-then-500', cancelTimes: 1 }
}
