import { invalid } from './faults.ts'

/**
 * The parameters of a request, form-encoded with brackets for what is nested: `metadata[order]=7`, `expand[]=charge`.
 * As at Stripe the first mistake is the answer.
 */
export type Parameters = {
  text(name: string): string | undefined
  /** @throws Refusal `parameter_missing` */
  needed(name: string): string
  whole(name: string, min?: number): number | undefined
  /** The members of an object, by name. */
  members(name: string): Readonly<Record<string, string>>
  /** The elements of an array, whether they are numbered or not. */
  list(name: string): readonly string[]
  /** @throws Refusal `parameter_unknown` for what was never asked for */
  refuseOthers(): void
  /** All of it in one order: equal parameters make equal texts. */
  readonly canonical: string
}

export function readParameters(encoded: string): Parameters {
  const pairs = [...new URLSearchParams(encoded)]
  const asked = new Set<string>()

  function text(name: string): string | undefined {
    asked.add(name)
    const value = pairs.findLast(([key]) => key === name)?.[1]
    if (value === '')
      throw invalid(`You passed an empty string for '${name}'.`, { code: 'parameter_invalid_empty', param: name })
    return value
  }

  function inside(name: string): [key: string, value: string][] {
    asked.add(name)
    return pairs.flatMap(([key, value]) => {
      const found = /^([^[\]]+)\[([^[\]]*)\]$/.exec(key)
      return found?.[1] === name ? [[found[2]!, value]] : []
    })
  }

  return {
    text,
    needed(name) {
      const value = text(name)
      if (value === undefined)
        throw invalid(`Missing required param: ${name}.`, { code: 'parameter_missing', param: name })
      return value
    },
    whole(name, min = 0) {
      const value = text(name)
      if (value === undefined) return undefined
      if (!/^-?\d{1,15}$/.test(value))
        throw invalid(`Invalid integer: ${value}`, { code: 'parameter_invalid_integer', param: name })
      if (Number(value) < min)
        throw invalid(`This value must be greater than or equal to ${min}.`, {
          code: 'parameter_invalid_integer',
          param: name,
        })
      return Number(value)
    },
    members: (name) => Object.fromEntries(inside(name)),
    list: (name) => inside(name).map(([, value]) => value),
    refuseOthers() {
      const other = pairs.find(([key]) => !asked.has(key.replace(/\[.*$/s, '')))
      if (other)
        throw invalid(`Received unknown parameter: ${other[0]}`, { code: 'parameter_unknown', param: other[0] })
    },
    canonical: pairs
      .map((pair) => pair.map(encodeURIComponent).join('='))
      .toSorted()
      .join('&'),
  }
}
