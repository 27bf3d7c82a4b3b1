import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ApiError, createClient, urlOf } from '../src/client.ts'
import { route } from '../src/http/route.ts'
import { Strict, Type } from '../src/schema.ts'

const find = route({
  method: 'GET',
  path: '/api/things/{id}/parts/{part}',
  caller: 'anyone',
  summary: 'Find',
  params: Strict({ id: Type.String(), part: Type.String() }),
  query: Strict({ text: Type.Optional(Type.String()), limit: Type.Optional(Type.Integer()) }),
  answers: { 200: Strict({ name: Type.String() }) },
})
const make = route({
  method: 'POST',
  path: '/api/things',
  caller: 'buyer',
  summary: 'Make',
  idempotent: true,
  body: Strict({ name: Type.String() }),
  answers: { 201: Strict({ id: Type.String() }) },
})

test('parameters and query survive the way through a URL, whatever they hold', () => {
  const text = fc.string({ unit: 'grapheme', minLength: 1 }).filter((value) => value !== '.' && value !== '..')
  fc.assert(
    fc.property(text, text, text, (id, part, query) => {
      const url = new URL(urlOf(find, { id, part }, { text: query }), 'http://localhost')
      expect(url.pathname.split('/').map(decodeURIComponent)).toEqual(['', 'api', 'things', id, 'parts', part])
      expect(url.searchParams.get('text')).toBe(query)
    }),
  )
})

test('members of the query that are not given are left out', () => {
  expect(urlOf(find, { id: 'a', part: 'b' }, undefined)).toBe('/api/things/a/parts/b')
  expect(urlOf(find, { id: 'a', part: 'b' }, { text: undefined, limit: 0 })).toBe('/api/things/a/parts/b?limit=0')
})

test('a parameter that is missing, empty or a step in the path is an error here, not a call of another route', () => {
  for (const id of [undefined, '', '.', '..']) {
    expect(() => urlOf(find, { id, part: 'b' }, undefined), String(id)).toThrow(
      '/api/things/{id}/parts/{part} needs id',
    )
  }
})

/** A client whose server answers as the test says and keeps what it was asked. */
function talk(answer: () => Response, accessToken?: () => string | undefined) {
  const asked: { url: string; init: RequestInit }[] = []
  const client = createClient({
    baseUrl: 'http://server',
    ...(accessToken ? { accessToken } : {}),
    fetch: async (url, init) => {
      asked.push({ url: url as string, init: init! })
      return answer()
    },
  })
  return { client, asked }
}

test('a call sends its body, its keys and who calls; the token of a request goes before that of the client', async () => {
  const { client, asked } = talk(
    () => Response.json({ id: 'x' }, { status: 201 }),
    () => 'mine',
  )
  expect(await client.call(make, { body: { name: '이름' }, idempotencyKey: 'k' })).toEqual({ id: 'x' })
  expect(asked[0]).toEqual({
    url: 'http://server/api/things',
    init: {
      method: 'POST',
      headers: {
        accept: 'application/json',
        authorization: 'Bearer mine',
        'idempotency-key': 'k',
        'content-type': 'application/json',
      },
      body: '{"name":"이름"}',
    },
  })
  await client.call(make, { body: { name: 'x' }, accessToken: 'other' })
  expect((asked[1]!.init.headers as Record<string, string>)['authorization']).toBe('Bearer other')
})

test('an unchanged document is an answer, not an error', async () => {
  const { client, asked } = talk(() => new Response(null, { status: 304, headers: { etag: '"v"' } }))
  const reply = await client.send(find, { params: { id: 'a', part: 'b' }, etag: '"v"' })
  expect([reply.status, reply.body, reply.headers.get('etag')]).toEqual([304, undefined, '"v"'])
  expect((asked[0]!.init.headers as Record<string, string>)['if-none-match']).toBe('"v"')
})

test('a refusal that the server explained arrives with all that it said', async () => {
  const problem = {
    type: 'x',
    title: 'Someone was faster',
    status: 409,
    code: 'inventory.seat-taken',
    seatIds: ['sea_1'],
  }
  const { client } = talk(
    () =>
      new Response(JSON.stringify(problem), { status: 409, headers: { 'content-type': 'application/problem+json' } }),
  )
  const error = await client.call(make, { body: { name: 'x' } }).catch((e: unknown) => e)
  expect(error).toBeInstanceOf(ApiError)
  expect(error).toMatchObject({ status: 409, problem, message: 'inventory.seat-taken: Someone was faster' })
})

test('whatever else answers for the server is an ApiError with its status', async () => {
  for (const [text, type] of [
    ['<html>Bad gateway</html>', 'text/html'],
    ['', 'application/json'],
    ['null', 'application/json'],
    ['{"message":"no"}', 'application/json'],
    ['{broken', 'application/problem+json'],
  ] as const) {
    const { client } = talk(() => new Response(text, { status: 502, headers: { 'content-type': type } }))
    const error = await client.call(make, { body: { name: 'x' } }).catch((e: unknown) => e)
    expect(error, text).toMatchObject({
      status: 502,
      problem: { code: 'http.internal', status: 502, title: 'HTTP 502' },
    })
  }
})
