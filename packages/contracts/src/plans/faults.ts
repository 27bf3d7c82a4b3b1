import type { PlanFault, PlanFaultCode, PlanWarning, PlanWarningCode } from './plan.ts'

/** Most faults, and most warnings, that are kept; the totals count all. */
export const faultsListedMax = 100

/** A file with what is wrong in it and what was changed on the way. */
export type PlanNotes = {
  faults: PlanFault[]
  faultsTotal: number
  warnings: PlanWarning[]
  warningsTotal: number
}

export type Notebook = PlanNotes & {
  fault(code: PlanFaultCode, where: string, message: string): void
  warn(code: PlanWarningCode, where: string, message: string): void
}

/** Gathers notes, and keeps the memory for them small however broken a file is. */
export function createNotebook(): Notebook {
  const notes: Notebook = {
    faults: [],
    faultsTotal: 0,
    warnings: [],
    warningsTotal: 0,
    fault(code, where, message) {
      if (notes.faultsTotal++ < faultsListedMax) notes.faults.push({ code, where, message })
    },
    warn(code, where, message) {
      if (notes.warningsTotal++ < faultsListedMax) notes.warnings.push({ code, where, message })
    },
  }
  return notes
}

/** A member's name as a step of a JSON pointer (RFC 6901). */
export const pointerStep = (name: string): string => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`

/** Text from a file as part of a message: short, and nothing in it that could hide or reorder what follows. */
export function quoted(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value))
  const shown = text.slice(0, 40).replace(/[\p{Cc}\p{Bidi_Control}\p{Cs}]/gu, '\u{FFFD}')
  return `“${shown}${text.length > 40 ? '…' : ''}”`
}
