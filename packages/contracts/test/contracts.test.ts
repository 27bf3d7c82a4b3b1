import { expect, test } from 'vitest'
import { errors } from '../src/errors.ts'
import { events } from '../src/events.ts'
import { routes } from '../src/http/routes.ts'
import type { RouteContract } from '../src/http/route.ts'
import type { TSchema } from '../src/schema.ts'
import { tokens } from '../src/tokens.ts'

const all: [string, RouteContract][] = Object.entries(routes).flatMap(([module, contracts]) =>
  Object.entries(contracts as Record<string, RouteContract>).map(([name, contract]): [string, RouteContract] => [
    `${module}.${name}`,
    contract,
  ]),
)
const membersOf = (schema: TSchema | undefined) =>
  Object.keys((schema as { properties?: object } | undefined)?.properties ?? {})

/** Every object schema inside a schema, with the way to it. */
function objectsIn(schema: unknown, at: string): { at: string; schema: Record<string, unknown> }[] {
  if (typeof schema !== 'object' || schema === null) return []
  const own =
    (schema as { type?: unknown }).type === 'object' && 'properties' in schema
      ? [{ at, schema: schema as Record<string, unknown> }]
      : []
  return [...own, ...Object.entries(schema).flatMap(([name, inner]) => objectsIn(inner, `${at}/${name}`))]
}

test('a method and a path lead to one route, whatever its parameters are called', () => {
  const keys = all.map(([, { method, path }]) => `${method} ${path.replaceAll(/\{\w+\}/g, '{}')}`)
  expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([])
})

test.each(all)('%s: its parameters are those of its path', (_name, { path, params }) => {
  expect(membersOf(params).toSorted()).toEqual([...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!).toSorted())
})

test.each(all)('%s: every error that it names exists, once', (_name, { errors: named = [] }) => {
  expect(named.filter((code) => !Object.hasOwn(errors, code))).toEqual([])
  expect(new Set(named).size).toBe(named.length)
})

test('only what is sent has a body or an idempotency key, and only public documents are cached', () => {
  const names = (wrong: (contract: RouteContract) => boolean | undefined) =>
    all.filter(([, contract]) => wrong(contract)).map(([name]) => name)
  expect(names(({ method, body, idempotent }) => method === 'GET' && (body !== undefined || idempotent))).toEqual([])
  // An idempotency key belongs to an account: strangers would meet each other's answers.
  expect(names(({ idempotent, caller }) => idempotent && caller === 'anyone')).toEqual([])
  expect(
    names(({ cache, method, caller }) => cache !== undefined && (method !== 'GET' || caller !== 'anyone')),
  ).toEqual([])
  expect(names(({ summary }) => summary.trim() === '')).toEqual([])
})

test.each(all)('%s: answers with success statuses, and what it takes refuses unknown members', (_name, contract) => {
  const statuses = Object.keys(contract.answers).map(Number)
  expect(statuses.length).toBeGreaterThan(0)
  expect(statuses.filter((status) => status < 200 || status > 299)).toEqual([])
  const taken = (['params', 'query', 'body'] as const).flatMap((part) => objectsIn(contract[part], part))
  expect(taken.filter(({ schema }) => schema['additionalProperties'] !== false).map(({ at }) => at)).toEqual([])
})

type Bounds = { type?: string; pattern?: string; format?: string; enum?: unknown[]; anyOf?: unknown[] } & {
  [bound in 'minimum' | 'maximum' | 'maxLength' | 'maxItems']?: number
} & { properties?: object; items?: unknown }

/** Where a schema takes something of any size. A number may have as many decimals as it likes: it has eight bytes. */
function unboundedIn(schema: unknown, at: string): string[] {
  const { type, properties = {}, items, anyOf = [], ...bounds } = (schema ?? {}) as Bounds
  const isBounded =
    type === 'integer'
      ? bounds.minimum !== undefined && bounds.maximum !== undefined
      : type === 'string'
        ? [bounds.maxLength, bounds.pattern, bounds.format, bounds.enum].some((bound) => bound !== undefined)
        : type !== 'array' || bounds.maxItems !== undefined
  return [
    ...(isBounded ? [] : [at]),
    ...Object.entries(properties).flatMap(([name, member]) => unboundedIn(member, `${at}/${name}`)),
    ...[...(items ? [items] : []), ...anyOf].flatMap((inner) => unboundedIn(inner, at)),
  ]
}

test.each(all)('%s: whatever it takes has a size: whole numbers, texts and lists', (_name, contract) => {
  expect((['params', 'query', 'body'] as const).flatMap((part) => unboundedIn(contract[part], part))).toEqual([])
})

test.each(Object.entries(errors))(
  '%s: has the form of a code, a status of a refusal, and a text in both languages',
  (code, { status, title, ko }) => {
    expect(code).toMatch(/^[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*$/)
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(600)
    expect(title).toMatch(/^[A-Z]/)
    expect(ko).toMatch(/[가-힣]/)
  },
)

test('statuses that ask a client to come back say so, and only they', () => {
  const again = Object.entries(errors).filter(([, entry]) => [425, 429, 503].includes(entry.status))
  expect(again.filter(([, entry]) => !('retry' in entry)).map(([code]) => code)).toEqual([])
})

test.each(Object.entries(events))(
  '%s: is named module, fact and version, and its key is a text among its members',
  (type, { key, data }) => {
    expect(type).toMatch(/^[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*\.v[1-9]\d*$/)
    const properties = data.properties as unknown as Record<string, { type?: string }>
    expect(properties[key]?.type).toBe('string')
    expect((data as { required?: readonly string[] }).required).toContain(key)
  },
)

test('what modules tell each other, by event or by token, holds no member that was not agreed on', () => {
  const schemas = [
    ...Object.entries(events).map(([type, { data }]) => objectsIn(data, type)),
    ...Object.entries(tokens).map(([kind, schema]) => objectsIn(schema, kind)),
  ].flat()
  expect(schemas.filter(({ schema }) => schema['additionalProperties'] !== false).map(({ at }) => at)).toEqual([])
})

test('every token ends and names its account, but for what outlives a sale or is handed on', () => {
  for (const [kind, schema] of Object.entries(tokens)) {
    const members = membersOf(schema)
    expect(members.includes('exp'), kind).toBe(kind !== 'place' && kind !== 'device')
    expect(members.includes('accountId'), kind).toBe(kind !== 'allotment' && kind !== 'device')
  }
})
