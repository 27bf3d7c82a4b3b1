import type { Currency } from '../money.ts'
import { checkPlan } from './check.ts'
import { importCsv } from './csv.ts'
import { decodeFile } from './encoding.ts'
import { createNotebook, quoted, type Notebook, type PlanNotes } from './faults.ts'
import type { PlanFormat } from './formats.ts'
import { parseJson } from './json.ts'
import { planFormat, type Category, type Plan } from './plan.ts'
import { importPretix } from './pretix.ts'
import { importSeatsIo } from './seats-io.ts'

export type ReadOptions = {
  /** Of the event: prices are amounts in it. */
  currency?: Currency
  /** Amounts by category name, which win over those of the file. */
  prices?: Readonly<Record<string, number>>
}

/** What a file turned out to be. There is a plan only when there is no fault: nothing is ever imported in part. */
export type ReadPlan = PlanNotes & {
  format: PlanFormat | undefined
  plan: Plan | undefined
  /** Categories that sections are of and that have no price, in the order of the file. */
  unpriced: string[]
}

/** A file put into the form of a plan, not yet checked, and where each part of it came from. */
export type Imported = { value: unknown; locate?: (pointer: string) => string }

/** Reads a seating plan from the bytes of a file and names every fault of it, with its place, at once. */
export function readPlan(bytes: Uint8Array, options: ReadOptions = {}): ReadPlan {
  const notes = createNotebook()
  const text = decodeFile(bytes, notes)
  const { format, imported } = text === undefined ? {} : importText(text, notes, options)
  const plan = imported && checkPlan(withPrices(imported.value, options.prices), notes, { ...options, ...imported })
  const { faults, faultsTotal, warnings, warningsTotal } = notes
  return {
    format,
    plan: faultsTotal === 0 ? plan : undefined,
    unpriced: plan ? unpricedOf(plan) : [],
    faults,
    faultsTotal,
    warnings,
    warningsTotal,
  }
}

function unpricedOf(plan: Plan): string[] {
  const used = new Set(plan.sections.filter(({ price }) => price === undefined).map(({ category }) => category))
  return (plan.categories ?? [])
    .filter(({ name, price }) => price === undefined && used.has(name))
    .map(({ name }) => name)
}

/** Recognises a format by what is in the file, never by its name. */
function importText(
  text: string,
  notes: Notebook,
  { currency }: ReadOptions,
): { format?: PlanFormat; imported?: Imported } {
  if (!/^\s*[[{]/.test(text)) {
    const imported = importCsv(text, notes, currency)
    return { format: 'csv', ...(imported ? { imported } : {}) }
  }
  const value = parseJson(text, notes)
  if (value === undefined) return {}
  const has = (name: string) => typeof value === 'object' && value !== null && Object.hasOwn(value, name)
  if (has('format') || has('sections')) return { format: planFormat, imported: { value } }
  if (has('zones')) return { format: 'pretix', imported: importPretix(value, notes) }
  if (has('subChart')) return { format: 'seats.io', imported: importSeatsIo(value, notes) }
  const version = has('format') ? quoted((value as { format: unknown }).format) : 'no format'
  notes.fault(
    'unknown-format',
    '#',
    `names ${version}; known are “${planFormat}”, pretix (with “zones”), seats.io (with “subChart”) and CSV`,
  )
  return {}
}

/** Gives categories the prices that the organiser named for them. */
function withPrices(value: unknown, prices: ReadOptions['prices'] = {}): unknown {
  const categories = (value as { categories?: unknown } | null)?.categories
  if (!Array.isArray(categories) || Object.keys(prices).length === 0) return value
  const priced = categories.map((category: Category | null) =>
    typeof category?.name === 'string' && Object.hasOwn(prices, category.name)
      ? { ...category, price: prices[category.name] }
      : category,
  )
  return { ...(value as object), categories: priced }
}
