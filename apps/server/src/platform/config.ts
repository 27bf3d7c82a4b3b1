import { readFileSync } from 'node:fs'
import { Compile } from 'typebox/compile'
import type { Static, TProperties, TSchema } from 'typebox'
import Type from 'typebox'

/** One setting: the environment variable is the name of the member. `secret` ones are never printed and accept `NAME_FILE`. */
export type Setting<S extends TSchema = TSchema, D extends string | undefined = string | undefined> = {
  schema: S
  default: D
  about: string
  secret?: true
  /** What is wrong with a value of the right form. */
  check?: Check
}

type Check = (value: unknown) => string | undefined

export function setting<S extends TSchema>(schema: S, about: string): Setting<S, undefined>
export function setting<S extends TSchema>(schema: S, about: string, fallback: string): Setting<S, string>
export function setting<S extends TSchema>(schema: S, about: string, fallback?: string): Setting<S> {
  return { schema, about, default: fallback }
}
export const secretSetting = <S extends TSchema>(schema: S, about: string): Setting<S, undefined> => ({
  schema,
  about,
  default: undefined,
  secret: true,
})

/** A setting whose values must also stand a check. */
export const checked = <S extends Setting>(setting: S, check: Check): S => ({ ...setting, check })

export type Settings = Record<string, Setting>
export type Values<S extends Settings> = {
  [K in keyof S]: S[K] extends Setting<infer T, infer D> ? Static<T> | (D extends string ? never : undefined) : never
}

export class ConfigError extends Error {
  override name = 'ConfigError'
  readonly mistakes: readonly string[]
  constructor(mistakes: readonly string[]) {
    super(
      `the configuration has ${mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`}:\n${mistakes.map((m) => `  - ${m}`).join('\n')}`,
    )
    this.mistakes = mistakes
  }
}

/**
 * Reads settings from the environment; all mistakes are reported together. Names that look like ours (a known prefix)
 * but are not are mistakes too, because a misspelt limit would silently be its default. `found` are mistakes that are
 * known already.
 */
export function readSettings<S extends Settings>(
  settings: S,
  env: Readonly<Record<string, string | undefined>>,
  ownPrefixes: readonly string[] = [],
  found: readonly string[] = [],
): Values<S> {
  const mistakes = [...found]
  const values: Record<string, unknown> = {}
  for (const [name, { schema, default: fallback, secret, check }] of Object.entries(settings)) {
    let text = env[name]
    const file = secret && env[`${name}_FILE`]
    if (file && text) {
      mistakes.push(`${name}: is given twice, also by ${name}_FILE`)
      continue
    }
    if (file) {
      try {
        text = readFileSync(file, 'utf8').trim()
      } catch (error) {
        mistakes.push(`${name}_FILE: ${(error as Error).message}`)
        continue
      }
      if (text === '') {
        mistakes.push(`${name}_FILE: ${file} is empty`)
        continue
      }
    }
    if (text === undefined || text === '') text = fallback
    if (text === undefined) continue
    const value = parse(schema, text)
    const [fault] = Compile(Type.Object({ value: schema } as TProperties)).Errors({ value })
    const wrong = fault ? wordsOf(fault) : check?.(value)
    if (wrong !== undefined) mistakes.push(`${name}: ${wrong}${secret ? '' : `, but it is ${JSON.stringify(text)}`}`)
    else values[name] = value
  }
  for (const name of Object.keys(env)) {
    const isOurs = ownPrefixes.some((prefix) => name.startsWith(prefix))
    const known = Object.hasOwn(settings, name) || (name.endsWith('_FILE') && settings[name.slice(0, -5)]?.secret)
    if (isOurs && !known) mistakes.push(`${name}: there is no such setting`)
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return values as Values<S>
}

function wordsOf({ message, params }: { message: string; params: object }): string {
  const { allowedValues } = params as { allowedValues?: unknown[] }
  return allowedValues ? `must be one of ${allowedValues.join(', ')}` : message
}

function parse(schema: TSchema, text: string): unknown {
  const type = (schema as { type?: string }).type
  if (type === 'integer' || type === 'number') return text.trim() === '' ? text : Number(text)
  if (type === 'boolean')
    return /^(true|on|yes|1)$/i.test(text) ? true : /^(false|off|no|0)$/i.test(text) ? false : text
  if (type === 'array')
    return text
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean)
  return text
}
