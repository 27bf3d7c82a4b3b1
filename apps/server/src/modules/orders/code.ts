import type { Problem } from '#platform/problem'
import type { Promotion } from './codes-store.ts'

/** Codes are the same in any case, and whatever blanks came with them from a mail. */
export const codeForm = (text: string): string => text.trim().toUpperCase()

/** Letters and digits that are not taken for one another: no I, L, O, U, 0, 1. */
const alphabet = 'ABCDEFGHJKMNPQRSTVWXYZ23456789'
const randomLength = 10

/** @param bytes  at least ten random bytes; 30 does not divide 256, which favours some letters by 3 in 256 */
export function randomCode(prefix: string, bytes: Uint8Array): string {
  const letters = Array.from(bytes.subarray(0, randomLength), (byte) => alphabet[byte % alphabet.length])
  return `${prefix === '' ? '' : `${prefix}-`}${letters.join('')}`
}

export type Wrong = Extract<Problem['code'], `orders.code-${string}`>

/** Why a code cannot be used now, if so. */
export function wrongTime({ validFrom, validUntil, endedAt }: Promotion, now: number): Wrong | undefined {
  if (endedAt !== null) return 'orders.code-over'
  if (validUntil !== null && now >= validUntil) return 'orders.code-over'
  if (validFrom !== null && now < validFrom) return 'orders.code-not-yet'
  return undefined
}

/** Whether a code is for the seats of a hold: those of its sections; one that opens allotments is for these only. */
export function isFor(
  { allotments, sectionIds }: Pick<Promotion, 'allotments' | 'sectionIds'>,
  hold: { lineId: string; section: { id: string } },
): boolean {
  if (allotments.length > 0 && !allotments.some(({ id }) => id === hold.lineId)) return false
  return sectionIds === null || sectionIds.includes(hold.section.id)
}
