/** What people typed, in one form: composed characters, no blanks around. */
export const tidy = (text: string): string => text.normalize('NFC').trim()

/** Characters that turn the reading direction of what follows: a label with one can show another seat than it names. */
const bidi = /[\u202A-\u202E\u2066-\u2069]/
const control = /\p{Cc}/u
/** Blank or invisible: two labels that differ only in these look the same. */
const invisible = /[\u200B\u2060\uFEFF\u00AD\u2028\u2029]/

/** Why a tidied text cannot be shown, or undefined. */
export function characterFault(text: string): string | undefined {
  if (control.test(text)) return 'has control characters'
  if (bidi.test(text)) return 'has characters that turn the reading direction'
  if (invisible.test(text)) return 'has invisible characters'
  return text.isWellFormed() ? undefined : 'has half of a character'
}
