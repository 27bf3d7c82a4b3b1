import { Type, Strict, type Static } from './schema.ts'

/** What becomes of seats when the ranking is exhausted: the organiser keeps them, or anybody may have them at the start price. */
export const leftOverRules = ['organiser', 'start-price'] as const
export type LeftOverRule = (typeof leftOverRules)[number]

/**
 * A bid that is accepted when less than `windowSeconds` are left moves the end to `extendSeconds` after it, never to an
 * earlier time and at most `extendSecondsMax` behind the planned end.
 */
export const SoftClose = Strict({
  windowSeconds: Type.Integer({ minimum: 1, maximum: 3600 }),
  extendSeconds: Type.Integer({ minimum: 1, maximum: 3600 }),
  extendSecondsMax: Type.Integer({ minimum: 1, maximum: 24 * 3600 }),
})
export type SoftClose = Static<typeof SoftClose>
