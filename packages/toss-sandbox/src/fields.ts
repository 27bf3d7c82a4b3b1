import { httpUrl } from './http.ts'

/** Reads the fields of one JSON object (or form, or query) and collects every mistake instead of stopping at the first. */
export type Fields = {
  readonly problems: readonly string[]
  /** Adds a mistake that only the caller can see. */
  refuse(name: string, why: string): void
  text(name: string, rule?: TextRule): string | undefined
  whole(name: string, rule?: WholeRule): number | undefined
  /** A number from 0 to 1. */
  share(name: string): number | undefined
  /** The fields of an object within this one; undefined if it is absent. Its mistakes are named by their path. */
  within(name: string): Fields | undefined
  /** Names every field that was never asked for, so that a typing mistake is not silently ignored. */
  refuseOthers(): void
}

type TextRule = { required?: boolean; lengthMax?: number; pattern?: RegExp; patternIs?: string }
type WholeRule = { required?: boolean; min?: number; max?: number; numeral?: boolean }

/** `numeral: true` on a whole number also takes its decimal digits as text, which is what forms and queries carry. */
export function readFields(input: unknown, problems: string[] = [], path = ''): Fields {
  const asked = new Set<string>()
  const isObject = typeof input === 'object' && input !== null && !Array.isArray(input)
  const source = isObject ? (input as Record<string, unknown>) : {}
  if (!isObject) problems.push(`${path === '' ? 'the body' : path.slice(0, -1)}: must be a JSON object`)

  function refuse(name: string, why: string): void {
    problems.push(`${path}${name}: ${why}`)
  }

  function take(name: string, required: boolean | undefined): unknown {
    asked.add(name)
    const value = Object.hasOwn(source, name) ? source[name] : undefined
    if (value !== undefined && value !== null) return value
    if (required === true && isObject) refuse(name, 'is required')
    return undefined
  }

  return {
    problems,
    refuse,
    text(name, { required, lengthMax = 1_000, pattern, patternIs } = {}) {
      const value = take(name, required)
      if (value === undefined) return undefined
      if (typeof value !== 'string') refuse(name, 'must be a string')
      else if (required === true && value === '') refuse(name, 'must not be empty')
      else if (value.length > lengthMax) refuse(name, `must have at most ${lengthMax} characters`)
      else if (pattern !== undefined && !pattern.test(value)) refuse(name, `must be ${patternIs}`)
      else return value
      return undefined
    },
    whole(name, { required, min = 0, max = Number.MAX_SAFE_INTEGER, numeral = false } = {}) {
      const value = take(name, required)
      if (value === undefined) return undefined
      const number = numeral && typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value
      if (typeof number === 'number' && Number.isSafeInteger(number) && number >= min && number <= max) return number
      refuse(name, `must be a whole number from ${min} to ${max}`)
      return undefined
    },
    share(name) {
      const value = take(name, true)
      if (typeof value === 'number' && value >= 0 && value <= 1) return value
      if (value !== undefined) refuse(name, 'must be a number from 0 to 1')
      return undefined
    },
    within(name) {
      const value = take(name, false)
      return value === undefined ? undefined : readFields(value, problems, `${path}${name}.`)
    },
    refuseOthers() {
      for (const name of Object.keys(source)) {
        if (!asked.has(name)) refuse(name.slice(0, 60), 'is not a known field')
      }
    },
  }
}

/** The provider's own rule for order ids: 6 to 64 characters of A-Z, a-z, 0-9, "-" and "_". */
export const orderIdRule = {
  required: true,
  pattern: /^[A-Za-z0-9_-]{6,64}$/,
  patternIs: '6 to 64 characters of A-Z a-z 0-9 - _',
} as const

/** Cards are charged 100 won at least. */
export const cardAmountMin = 100

const urlLengthMax = 2_000

/** Reads an address to return to; it must be absolute and http(s), so that no `javascript:` can come in. */
export function readReturnUrl(fields: Fields, name: string, required: boolean): string | undefined {
  const text = fields.text(name, { required, lengthMax: urlLengthMax })
  if (text === undefined || httpUrl(text)) return text
  fields.refuse(name, 'must be an absolute http or https URL')
  return undefined
}
