import type { ErrorCode } from '@fairgate/contracts/errors'
import { Problem } from '#platform/problem'

/** What is wrong with a request, and where in its body. */
export type Fault = { pointer: string; detail: string }

/** Most faults that one refusal lists; `errorsTotal` says how many there are. */
const faultsMax = 100

/** Throws a refusal that lists the faults, when there are any. */
export function refuseFaults(code: ErrorCode, faults: readonly Fault[]): void {
  if (faults.length === 0) return
  throw new Problem(code, { errors: faults.slice(0, faultsMax), errorsTotal: faults.length })
}

/** What people typed, in one form: composed characters, no blanks around. */
export const tidy = (text: string): string => text.normalize('NFC').trim()

/** Why a tidied text cannot be shown, or undefined. */
export const textFault = (text: string, options: { multiline?: true } = {}): string | undefined =>
  /\p{Cc}/u.test(options.multiline ? text.replace(/[\r\n\t]/g, '') : text) ? 'has control characters' : undefined
