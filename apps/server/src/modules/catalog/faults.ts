import type { ErrorCode } from '@fairgate/contracts/errors'
import { characterFault } from '@fairgate/contracts/plans/text'
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

/** Characters of a text of several lines that are nobody's harm there: people paste them. */
const pasted = /[\r\n\t\u200B\u2060\uFEFF\u00AD\u2028\u2029]/g

/** Why a tidied text cannot be shown, or undefined: a name is what people tell events apart by. */
export const textFault = (text: string, options: { multiline?: true } = {}): string | undefined =>
  characterFault(options.multiline ? text.replace(pasted, '') : text)
