import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { SignJWT } from 'jose'
import { expect } from 'vitest'
import { Instant, Strict, Type } from '@fairgate/contracts/schema'
import { route } from '@fairgate/contracts/http/route'
import { sql } from './db.ts'
import { createHttp, type HttpApp } from './http.ts'
import { createIdempotency } from './idempotency.ts'
import { createLog, silentLog } from './log.ts'
import { Problem } from './problem.ts'
import { test, type TestPlatform } from '../../test/fixtures.ts'

const Thing = Strict({
  name: Type.String({ minLength: 1, maxLength: 20 }),
  count: Type.Optional(Type.Integer({ minimum: 1, default: 1 })),
  at: Type.Optional(Instant),
})
const open = route({
  method: 'GET',
  path: '/api/open',
  caller: 'anyone',
  summary: 'Open',
  answers: { 200: Strict({ caller: Type.Optional(Type.String()) }) },
})
const mine = route({
  method: 'GET',
  path: '/api/mine',
  caller: 'buyer',
  summary: 'Mine',
  answers: { 200: Strict({ accountId: Type.String() }) },
})
const runs = route({
  method: 'POST',
  path: '/api/runs',
  caller: 'organiser',
  summary: 'Organisers only',
  answers: { 204: null },
})
const echo = route({
  method: 'POST',
  path: '/api/things/{id}',
  caller: 'anyone',
  summary: 'Echo',
  params: Strict({ id: Type.String({ maxLength: 10 }) }),
  query: Strict({ limit: Type.Optional(Type.Integer({ maximum: 100 })) }),
  body: Thing,
  answers: { 200: Strict({ id: Type.String(), limit: Type.Optional(Type.Integer()), body: Thing }) },
})
const optional = route({
  method: 'POST',
  path: '/api/optional',
  caller: 'anyone',
  summary: 'Optional members',
  body: Strict({ count: Type.Integer({ default: 3 }) }),
  answers: { 200: Strict({ count: Type.Integer() }) },
})
const hook = route({
  method: 'POST',
  path: '/api/hook',
  caller: 'provider',
  summary: 'Webhook',
  answers: { 204: null },
})
const file = route({
  method: 'POST',
  path: '/api/file',
  caller: 'provider',
  summary: 'A file',
  rawBody: true,
  answers: { 200: Strict({ bytes: Type.Integer() }) },
})
const shared = route({
  method: 'GET',
  path: '/api/shared',
  caller: 'anyone',
  summary: 'Shared',
  cache: 'public, max-age=1',
  answers: { 200: Strict({ version: Type.Integer() }) },
})
const bytes = route({
  method: 'GET',
  path: '/api/bytes',
  caller: 'anyone',
  summary: 'Bytes',
  cache: 'public, max-age=1',
  media: 'application/octet-stream',
  answers: { 200: null },
})
const work = route({
  method: 'GET',
  path: '/api/work',
  caller: 'anyone',
  summary: 'Runs what the test wants',
  answers: { 200: Strict({ done: Type.Boolean() }) },
})
const poll = route({
  method: 'GET',
  path: '/api/poll',
  caller: 'anyone',
  summary: 'Long poll',
  query: Strict({ waitSeconds: Type.Optional(Type.Integer()) }),
  answers: { 200: Strict({ done: Type.Boolean() }) },
})

type Options = {
  inFlightMax?: number
  deadlineMs?: number
  trustProxy?: string[]
  work?: () => Promise<void>
  lines?: string[]
  version?: () => number
  vitals?: { request(kind: string, ms: number, outcome: string): void }
}

/** Every kind of route, and what a client sees of it. */
function serve(platform: TestPlatform, options: Options = {}) {
  const { metrics, clock, accessTokens, db } = platform
  const http: HttpApp = createHttp({
    log: options.lines ? createLog('info', { write: (line) => void options.lines!.push(line) }) : silentLog,
    metrics,
    scheduler: clock,
    accessTokens,
    idempotency: createIdempotency(db, clock),
    trustProxy: options.trustProxy ?? false,
    inFlightMax: options.inFlightMax ?? 100,
    deadlineMs: options.deadlineMs ?? 20_000,
    ...(options.vitals ? { vitals: options.vitals } : {}),
  })
  let signal: AbortSignal | undefined
  let handled = 0
  http.serve(open, async ({ caller }) => ({ status: 200, body: caller ? { caller: caller.accountId } : {} }))
  http.serve(mine, async ({ caller }) => ({ status: 200, body: { accountId: caller.accountId } }))
  http.serve(runs, async () => (handled++, { status: 204, body: undefined }))
  http.serve(
    echo,
    async ({ params, query, body }) => (handled++, { status: 200, body: { id: params.id, ...query, body } }),
  )
  http.serve(optional, async ({ body }) => ({ status: 200, body: { count: body.count } }))
  http.serve(file, async ({ body }) => ({ status: 200, body: { bytes: body.length } }))
  http.serve(hook, async () => ({ status: 204, body: undefined }))
  http.serve(shared, async () => ({ status: 200, body: { version: options.version?.() ?? 1 } }))
  http.serve(bytes, async () => ({
    status: 200,
    bytes: Buffer.from([1, 2, 3]),
    type: 'application/octet-stream',
    etag: '"v1"',
  }))
  for (const contract of [work, poll]) {
    http.serve(contract, async (request) => {
      signal = request.signal
      await options.work?.()
      return { status: 200, body: { done: true } }
    })
  }
  return {
    http,
    app: http.fastify,
    get handled() {
      return handled
    },
    get signal() {
      return signal
    },
    inject: http.fastify.inject.bind(http.fastify),
    post: (url: string, payload: unknown, headers: Record<string, string> = {}) =>
      http.fastify.inject({
        method: 'POST',
        url,
        headers: { 'content-type': 'application/json', ...headers },
        payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
      }),
  }
}

type Answer = Awaited<ReturnType<HttpApp['fastify']['inject']>>
function problem(answer: Answer): Record<string, unknown> {
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/)
  expect(answer.headers['cache-control']).toBe('no-store')
  const body = answer.json<Record<string, unknown>>()
  expect(body).toMatchObject({
    status: answer.statusCode,
    type: `https://fairgate.dev/errors/${String(body['code'])}`,
    requestId: expect.any(String),
    title: expect.any(String),
  })
  return body
}

test('a header that names a user gives nobody any right', async ({ platform }) => {
  const { inject } = serve(platform)
  for (const name of ['x-user-id', 'x-user', 'x-account-id', 'x-forwarded-user', 'x-roles', 'x-remote-user']) {
    const headers = { [name]: 'acc_1' }
    const answer = await inject({ url: '/api/mine', headers })
    expect(problem(answer)['code']).toBe('identity.sign-in-required')
    expect(answer.statusCode).toBe(401)
    expect(answer.headers['www-authenticate']).toBe('Bearer')
    expect((await inject({ url: '/api/open', headers })).json()).toEqual({})
  }
})

test('whoever signed in is who the token says, whatever other headers claim', async ({ platform }) => {
  const { inject } = serve(platform)
  const headers = { ...(await platform.authorization('acc_7')), 'x-user-id': 'acc_1' }
  expect((await inject({ url: '/api/mine', headers })).json()).toEqual({ accountId: 'acc_7' })
  expect((await inject({ url: '/api/open', headers })).json()).toEqual({ caller: 'acc_7' })
})

test('forged, unsigned, expired and misshapen tokens do not open a door, and an open door stays open without their claim', async ({
  platform,
}) => {
  const { inject } = serve(platform)
  const { authorization } = await platform.authorization('acc_1')
  const [header, payload, signature] = authorization.slice(7).split('.') as [string, string, string]
  const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'at+jwt' })).toString('base64url')
  const hmac = await new SignJWT({ roles: ['admin'] })
    .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' })
    .setSubject('acc_1')
    .sign(new TextEncoder().encode('test-secret'))
  const forged = [
    `${header}.${payload}.AAAA`,
    `${none}.${payload}.`,
    `${none}.${payload}.${signature}`,
    hmac,
    'null',
    '',
  ].map((token) => `Bearer ${token}`)
  for (const value of [...forged, 'Basic YWNjXzE6eA==', authorization.slice(7), 'Bearer']) {
    const answer = await inject({ url: '/api/mine', headers: { authorization: value } })
    expect([answer.statusCode, problem(answer)['code']], value).toEqual([401, 'identity.sign-in-required'])
    expect((await inject({ url: '/api/open', headers: { authorization: value } })).json()).toEqual({})
  }
  platform.clock.advance(3_600_000)
  const expired = await inject({ url: '/api/mine', headers: { authorization } })
  expect([expired.statusCode, problem(expired)['code']]).toEqual([401, 'identity.token-expired'])
})

test('a role opens its own doors, an admin every door', async ({ platform }) => {
  const { inject } = serve(platform)
  const status = async (roles: string[]) =>
    (await inject({ method: 'POST', url: '/api/runs', headers: await platform.authorization('acc_1', { roles }) }))
      .statusCode
  expect(await status(['buyer'])).toBe(403)
  expect(await status(['buyer', 'staff'])).toBe(403)
  expect(await status([])).toBe(403)
  expect(await status(['organiser'])).toBe(204)
  expect(await status(['admin'])).toBe(204)
})

test('who may not call learns nothing from the validation of what was sent', async ({ platform }) => {
  const guarded = route({
    method: 'POST',
    path: '/api/guarded',
    caller: 'admin',
    summary: 'Guarded',
    body: Thing,
    answers: { 204: null },
  })
  const { http, post } = serve(platform)
  http.serve(guarded, async () => ({ status: 204, body: undefined }))
  expect((await post('/api/guarded', { wrong: 1 })).statusCode).toBe(401)
  expect((await post('/api/guarded', { wrong: 1 }, await platform.authorization('acc_1'))).statusCode).toBe(403)
})

test('all faults of a request are listed at once, each with where it is', async ({ platform }) => {
  const { post } = serve(platform)
  const answer = await post('/api/things/longer-than-ten?limit=1000&colour=red', { name: '', count: 0, 'a/b~c': 1 })
  expect(answer.statusCode).toBe(400)
  const body = problem(answer)
  expect(body['code']).toBe('http.invalid')
  const errors = body['errors'] as { pointer: string; detail: string }[]
  expect(errors.map((fault) => fault.pointer).toSorted()).toEqual(
    ['#/params/id', '#/query/limit', '#/query/colour', '#/name', '#/count', '#/a~1b~0c'].toSorted(),
  )
  expect(errors.find((fault) => fault.pointer === '#/a~1b~0c')!.detail).toBe('is not known here')
})

test('a missing member is named, and a body that is no object is told so at its root', async ({ platform }) => {
  const { post, inject } = serve(platform)
  expect(problem(await post('/api/things/a', {}))['errors']).toEqual([{ pointer: '#/name', detail: 'is required' }])
  expect(problem(await inject({ method: 'POST', url: '/api/things/a' }))['errors']).toEqual([
    { pointer: '#/name', detail: 'is required' },
  ])
  for (const text of ['null', '[]', '"text"', '7', 'true']) {
    expect(problem(await post('/api/things/a', text))['errors'], text).toEqual([
      { pointer: '#', detail: 'must be object' },
    ])
  }
})

test('members that JavaScript treats specially are unknown members like others', async ({ platform }) => {
  const { post } = serve(platform)
  for (const name of ['__proto__', 'constructor', 'toString']) {
    const answer = await post('/api/things/a', `{"name":"x","${name}":{"count":5}}`)
    expect(problem(answer)['errors'], name).toEqual([{ pointer: `#/${name}`, detail: 'is not known here' }])
  }
  expect(({} as { count?: number }).count).toBeUndefined()
})

test('types of a body are not guessed, those of a query are read', async ({ platform }) => {
  const { post } = serve(platform)
  expect(problem(await post('/api/things/a', { name: 'x', count: '2' }))['errors']).toMatchObject([
    { pointer: '#/count' },
  ])
  expect((await post('/api/things/a?limit=7', { name: 'x' })).json()).toEqual({
    id: 'a',
    limit: 7,
    body: { name: 'x', count: 1 },
  })
  expect(problem(await post('/api/things/a?limit=seven', { name: 'x' }))['errors']).toMatchObject([
    { pointer: '#/query/limit' },
  ])
  expect(problem(await post('/api/things/a?limit=1&limit=2', { name: 'x' }))['errors']).toMatchObject([
    { pointer: '#/query/limit' },
  ])
})

test('a body whose members are all optional may be left out, and its defaults hold', async ({ platform }) => {
  const { post, inject } = serve(platform)
  expect((await inject({ method: 'POST', url: '/api/optional' })).json()).toEqual({ count: 3 })
  expect((await post('/api/optional', '')).json()).toEqual({ count: 3 })
  expect((await post('/api/optional', {})).json()).toEqual({ count: 3 })
})

test('a file that was not sent has no bytes', async ({ platform }) => {
  const { inject } = serve(platform)
  expect((await inject({ method: 'POST', url: '/api/file' })).json()).toEqual({ bytes: 0 })
  const headers = { 'content-type': 'text/csv' }
  expect((await inject({ method: 'POST', url: '/api/file', headers, payload: '1,2' })).json()).toEqual({ bytes: 3 })
})

test('a time is one that a clock can show and an answer can write', async ({ platform }) => {
  const { post } = serve(platform)
  const statusAt = async (at: string) => (await post('/api/things/a', { name: 'x', at })).statusCode
  for (const at of ['2026-11-21T16:45:00Z', '2026-11-21T16:45:00.123+09:00', '0001-01-01T00:00:00Z'])
    expect([at, await statusAt(at)]).toEqual([at, 200])
  for (const at of [
    '2026-12-31T23:59:60Z',
    '0000-01-01T00:00:00Z',
    '9999-12-31T23:59:59-00:01',
    '2026-02-29T00:00:00Z',
    '2026-11-21',
    '1795280000000',
  ])
    expect([at, await statusAt(at)]).toEqual([at, 400])
})

test('malformed JSON, another media type and a body of a megabyte are refused before anybody handles them', async ({
  platform,
}) => {
  const server = serve(platform)
  for (const text of [
    '{',
    '{"name":}',
    "{'name':'x'}",
    '\u{feff}{',
    '{"name":"x"} trailing',
    '{"a":"\\ud800"}',
    '{"name":"a\\u0000b"}',
    '{"a\\u0000":1}',
  ]) {
    const answer = await server.post('/api/things/a', text)
    expect([answer.statusCode, problem(answer)['code']], text).toEqual([400, 'http.malformed-json'])
  }
  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/xml',
    'nonsense',
  ]) {
    const answer = await server.post('/api/things/a', '{"name":"x"}', { 'content-type': type })
    expect([answer.statusCode, problem(answer)['code']], type).toEqual([415, 'http.unsupported-media-type'])
  }
  const large = await server.post('/api/things/a', { name: 'x'.repeat(1024 * 1024) })
  expect([large.statusCode, problem(large)['code']]).toEqual([413, 'http.body-too-large'])
  expect(server.handled).toBe(0)
  expect(
    (
      await server.post('/api/things/a', '{"name":"\\ud83c\\udfab"}', {
        'content-type': 'application/json; charset=utf-8',
      })
    ).json(),
  ).toMatchObject({ body: { name: '🎫' } })
})

test('text with NUL in a path or a query is the fault of who sent it, whichever statement meets it', async ({
  platform,
}) => {
  const find = route({
    method: 'GET',
    path: '/api/find/{id}',
    caller: 'anyone',
    summary: 'Find',
    params: Strict({ id: Type.String() }),
    answers: { 200: Strict({ id: Type.String() }) },
  })
  const { http, inject } = serve(platform)
  http.serve(find, async ({ params }) => {
    await sql`select ${params.id}::text`.execute(platform.db)
    return { status: 200, body: { id: params.id } }
  })
  expect((await inject('/api/find/x')).statusCode).toBe(200)
  expect(problem(await inject('/api/find/a%00b'))['code']).toBe('http.invalid')
})

test('unknown paths are 404, known ones with another method 405 that says which are allowed, broken ones 400', async ({
  platform,
}) => {
  const { inject } = serve(platform)
  for (const url of ['/', '/api/nothing', '/api/things', '/api/things/a/b', '/api/mine/..%2fopen']) {
    const answer = await inject(url)
    expect([answer.statusCode, problem(answer)['code']], url).toEqual([404, 'http.not-found'])
  }
  for (const [method, url, allow] of [
    ['GET', '/api/things/a', 'POST'],
    ['DELETE', '/api/things/a?x=1', 'POST'],
    ['PUT', '/api/mine', 'GET'],
  ] as const) {
    const answer = await inject({ method, url })
    expect([answer.statusCode, problem(answer)['code'], answer.headers['allow']], url).toEqual([
      405,
      'http.method-not-allowed',
      allow,
    ])
  }
  expect(
    (await inject({ method: 'POST', url: '/nowhere', headers: { 'content-type': 'application/json' }, payload: '{}' }))
      .statusCode,
  ).toBe(404)
  const broken = await inject('/api/things/%zz')
  expect([broken.statusCode, problem(broken)['code']]).toEqual([400, 'http.invalid'])
  const long = await inject({ method: 'POST', url: `/api/things/${'x'.repeat(500)}` })
  expect([400, 404, 414]).toContain(long.statusCode)
  problem(long)
})

test('a page of another site cannot make a browser post here; other sites may link, providers and programs may call', async ({
  platform,
}) => {
  const { post, inject } = serve(platform)
  const crossSite = { 'sec-fetch-site': 'cross-site' }
  for (const url of ['/api/things/a', '/api/runs', '/nowhere']) {
    const answer = await post(
      url,
      { name: 'x' },
      { ...crossSite, ...(await platform.authorization('acc_1', { roles: ['admin'] })) },
    )
    expect([answer.statusCode, problem(answer)['code']], url).toEqual([403, 'http.cross-site'])
  }
  expect((await inject({ url: '/api/open', headers: crossSite })).statusCode).toBe(200)
  expect((await post('/api/hook', {}, crossSite)).statusCode).toBe(204)
  for (const site of ['same-origin', 'none'])
    expect((await post('/api/things/a', { name: 'x' }, { 'sec-fetch-site': site })).statusCode).toBe(200)
  expect((await post('/api/things/a', { name: 'x' })).statusCode).toBe(200)

  const older = async (origin: string) =>
    (await post('/api/things/a', { name: 'x' }, { cookie: 'a=b', host: 'tickets.example.test', origin })).statusCode
  expect(await older('https://tickets.example.test')).toBe(200)
  for (const origin of ['https://evil.example.test', 'null']) expect(await older(origin), origin).toBe(403)
})

test('beyond the requests in flight one more is told when to come back, and is served when there is room', async ({
  platform,
}) => {
  const gate = Promise.withResolvers<void>()
  const both = Promise.withResolvers<void>()
  let inside = 0
  const { inject } = serve(platform, {
    inFlightMax: 2,
    work: () => {
      if (++inside === 2) both.resolve()
      return gate.promise
    },
  })
  // A call to `inject` begins when somebody waits for it.
  const first = Promise.all([inject('/api/work'), inject('/api/work')])
  await both.promise
  const refused = await inject('/api/open')
  expect([refused.statusCode, problem(refused)['code'], refused.headers['retry-after']]).toEqual([
    503,
    'http.overloaded',
    '1',
  ])
  gate.resolve()
  expect((await first).map((answer) => answer.statusCode)).toEqual([200, 200])
  expect((await inject('/api/open')).statusCode).toBe(200)
  for (let i = 0; i < 5; i++) expect((await inject('/api/mine')).statusCode).toBe(401)
  expect((await inject('/api/open')).statusCode).toBe(200)
})

test('a handler that takes too long is answered for at the deadline, its signal ends, and its late answer or failure harms nobody', async ({
  platform,
}) => {
  for (const late of ['answer', 'failure']) {
    const started = Promise.withResolvers<void>()
    const gate = Promise.withResolvers<void>()
    const server = serve(platform, {
      deadlineMs: 5000,
      work: () => {
        started.resolve()
        return gate.promise
      },
    })
    const pending = server.inject('/api/work').then((answer) => answer)
    await started.promise
    platform.clock.advance(4999)
    platform.clock.advance(1)
    const answer = await pending
    expect([answer.statusCode, problem(answer)['code'], answer.headers['retry-after']]).toEqual([
      503,
      'http.deadline',
      '1',
    ])
    await expect.poll(() => server.signal?.aborted).toBe(true)
    if (late === 'answer') gate.resolve()
    else gate.reject(new Error('too late'))
    expect((await server.inject('/api/open')).statusCode).toBe(200)
  }
})

test('a long poll bounds itself: the deadline is not for it', async ({ platform }) => {
  const started = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  const { inject } = serve(platform, {
    deadlineMs: 1000,
    work: () => {
      started.resolve()
      return gate.promise
    },
  })
  const pending = inject('/api/poll?waitSeconds=10').then((answer) => answer)
  await started.promise
  platform.clock.advance(10_000)
  gate.resolve()
  expect((await pending).json()).toEqual({ done: true })
})

test('a shared document has a validator: who knows it gets 304, also through a proxy that weakened it', async ({
  platform,
}) => {
  let version = 1
  const { inject } = serve(platform, { version: () => version })
  const first = await inject('/api/shared')
  expect(first.headers).toMatchObject({
    'cache-control': 'public, max-age=1',
    'content-type': 'application/json; charset=utf-8',
  })
  const etag = String(first.headers['etag'])
  for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
    const again = await inject({ url: '/api/shared', headers: { 'if-none-match': known } })
    expect([again.statusCode, again.body, again.headers['etag'], again.headers['cache-control']], known).toEqual([
      304,
      '',
      etag,
      'public, max-age=1',
    ])
  }
  expect((await inject({ url: '/api/shared', headers: { 'if-none-match': '"other"' } })).statusCode).toBe(200)
  version = 2
  const changed = await inject({ url: '/api/shared', headers: { 'if-none-match': etag } })
  expect([changed.statusCode, changed.json()]).toEqual([200, { version: 2 }])
  expect(changed.headers['etag']).not.toBe(etag)
})

test('prebuilt bytes go out as they are, with their validator', async ({ platform }) => {
  const { inject } = serve(platform)
  const answer = await inject('/api/bytes')
  expect([answer.rawPayload, answer.headers['content-type']]).toEqual([
    Buffer.from([1, 2, 3]),
    'application/octet-stream',
  ])
  expect((await inject({ url: '/api/bytes', headers: { 'if-none-match': 'W/"v1"' } })).statusCode).toBe(304)
})

test("one's own answers are never stored by a cache, and no answer is guessed at by a browser", async ({
  platform,
}) => {
  const { inject } = serve(platform)
  const answer = await inject({ url: '/api/mine', headers: await platform.authorization('acc_1') })
  expect(answer.headers).toMatchObject({
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'same-origin',
  })
})

test('an answer holds what its contract names and nothing more', async ({ platform }) => {
  const { http, inject } = serve(platform)
  const leak = route({
    method: 'GET',
    path: '/api/leak',
    caller: 'anyone',
    summary: 'Leak',
    answers: { 200: Strict({ id: Type.String() }) },
  })
  http.serve(leak, async () => ({ status: 200, body: { id: 'x', passwordHash: 'POISON' } as { id: string } }))
  expect((await inject('/api/leak')).body).toBe('{"id":"x"}')
})

test('an unhandled error is 500 without a word of its cause, in the log with all of it, and the next request is served', async ({
  platform,
}) => {
  const lines: string[] = []
  let fail: () => Promise<void> = async () => {
    throw new Error('POISON password=hunter2')
  }
  const { inject } = serve(platform, { lines, work: () => fail() })
  const answer = await inject('/api/work')
  expect([answer.statusCode, problem(answer)['code']]).toEqual([500, 'http.internal'])
  expect(answer.body).not.toMatch(/POISON|hunter2|at /)
  expect(lines).toHaveLength(1)
  expect(lines[0]).toContain('POISON')
  expect(JSON.parse(lines[0]!)).toMatchObject({
    level: 'error',
    requestId: problem(answer)['requestId'],
    route: '/api/work',
  })
  for (const thrown of ['text', undefined, null, { statusCode: 200 }, 7]) {
    fail = () => Promise.reject(thrown)
    expect((await inject('/api/work')).statusCode).toBe(500)
  }
  fail = () => sql`select * from public.nowhere`.execute(platform.db).then(() => undefined)
  const database = await inject('/api/work')
  expect(database.statusCode).toBe(500)
  expect(database.body).not.toContain('nowhere')
  fail = async () => undefined
  expect((await inject('/api/work')).statusCode).toBe(200)
})

test('a database that went away is 503 with a time to come back, and is in the log', async ({ platform }) => {
  const lines: string[] = []
  const { inject } = serve(platform, {
    lines,
    work: async () => {
      throw Object.assign(new Error('terminating connection'), { code: '57P01' })
    },
  })
  const answer = await inject('/api/work')
  expect([answer.statusCode, problem(answer)['code'], answer.headers['retry-after']]).toEqual([
    503,
    'http.overloaded',
    '1',
  ])
  expect(lines[0]).toContain('57P01')
})

test('a refusal carries its extensions and its wait in whole seconds, and not its cause', async ({ platform }) => {
  const lines: string[] = []
  const { inject } = serve(platform, {
    lines,
    work: async () => {
      throw new Problem('waiting-room.not-yet', { position: 7, retryAfterMs: 2100 }, { cause: new Error('POISON') })
    },
  })
  const answer = await inject('/api/work')
  expect([answer.statusCode, answer.headers['retry-after']]).toEqual([425, '3'])
  expect(problem(answer)).toMatchObject({ code: 'waiting-room.not-yet', position: 7, retryAfterMs: 2100 })
  expect(answer.body).not.toContain('POISON')
  expect(lines).toEqual([])
})

test('every answered request is measured under its route and the status that the client saw', async ({ platform }) => {
  const { inject, post } = serve(platform, {
    work: async () => {
      throw new Error('no')
    },
  })
  await inject('/api/open')
  await inject('/api/mine')
  await inject('/api/work')
  await post('/api/things/secret-id', { name: '' })
  const text = await platform.metrics.text()
  for (const labels of [
    'route="GET /api/open",status="200"',
    'route="GET /api/mine",status="401"',
    'route="GET /api/work",status="500"',
    'route="POST /api/things/{id}",status="400"',
  ]) {
    expect(text).toContain(`fairgate_http_request_duration_seconds_count{${labels}} 1`)
  }
  expect(text).not.toContain('secret-id')
})

test('the address of the client is what a trusted proxy says, and nobody else', async ({ platform }) => {
  const address = route({
    method: 'GET',
    path: '/api/ip',
    caller: 'anyone',
    summary: 'Address',
    answers: { 200: Strict({ ip: Type.String() }) },
  })
  const ip = async (options: Options) => {
    const { http, inject } = serve(platform, options)
    http.serve(address, async (request) => ({ status: 200, body: { ip: request.ip } }))
    return (await inject({ url: '/api/ip', headers: { 'x-forwarded-for': '203.0.113.7' } })).json<{ ip: string }>().ip
  }
  expect(await ip({})).toBe('127.0.0.1')
  expect(await ip({ trustProxy: ['10.0.0.0/8'] })).toBe('127.0.0.1')
  expect(await ip({ trustProxy: ['127.0.0.1'] })).toBe('203.0.113.7')
})

test('of a chain of proxies the last hop that is not trusted is the client, whatever the client wrote before it', async ({
  platform,
}) => {
  const address = route({
    method: 'GET',
    path: '/api/ip',
    caller: 'anyone',
    summary: 'Address',
    answers: { 200: Strict({ ip: Type.String() }) },
  })
  const { http, inject } = serve(platform, { trustProxy: ['10.0.0.0/8', '2001:db8:ffff::/48'] })
  http.serve(address, async (request) => ({ status: 200, body: { ip: request.ip } }))
  const seen = async (remoteAddress: string, forwarded?: string) =>
    (
      await inject({
        url: '/api/ip',
        remoteAddress,
        headers: {
          'x-real-ip': '192.0.2.1',
          forwarded: 'for=192.0.2.2',
          ...(forwarded ? { 'x-forwarded-for': forwarded } : {}),
        },
      })
    ).json<{ ip: string }>().ip
  for (const [remote, forwarded, client] of [
    ['10.0.0.1', '203.0.113.7', '203.0.113.7'],
    ['10.0.0.1', '203.0.113.7, 10.0.0.3, 10.0.0.2', '203.0.113.7'],
    ['10.0.0.1', '127.0.0.1, 10.9.9.9, 203.0.113.7, 10.0.0.2', '203.0.113.7'],
    ['::ffff:10.0.0.1', '203.0.113.7', '203.0.113.7'],
    ['10.0.0.1', '::ffff:203.0.113.7', '::ffff:203.0.113.7'],
    ['2001:db8:ffff::1', '2001:db8:1::7, 2001:db8:ffff::2', '2001:db8:1::7'],
    ['10.0.0.1', 'rubbish, 203.0.113.7', '203.0.113.7'],
    ['10.0.0.1', '203.0.113.7, rubbish', 'rubbish'],
    ['10.0.0.1', undefined, '10.0.0.1'],
    // Straight from somebody: nothing that is written is believed.
    ['203.0.113.9', '127.0.0.1', '203.0.113.9'],
    ['203.0.113.9', '10.0.0.1, 127.0.0.1', '203.0.113.9'],
  ] as const)
    expect([remote, forwarded, await seen(remote, forwarded)]).toEqual([remote, forwarded, client])
})

test('over a real socket too: a client that leaves ends the signal, rubbish gets 400, and the server lives', async ({
  platform,
}) => {
  const started = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  const server = serve(platform, {
    work: () => {
      started.resolve()
      return gate.promise
    },
  })
  await server.app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = server.app.server.address() as AddressInfo
  const leaving = new AbortController()
  const left = fetch(`http://127.0.0.1:${port}/api/work`, { signal: leaving.signal }).catch(() => 'left')
  await started.promise
  leaving.abort()
  expect(await left).toBe('left')
  await expect.poll(() => server.signal?.aborted).toBe(true)
  gate.resolve()
  const answerTo = (request: string) =>
    new Promise<string>((resolve) => {
      let text = ''
      const socket = connect(port, '127.0.0.1', () => socket.write(request))
      socket.on('data', (chunk) => (text += chunk.toString()))
      socket.on('close', () => resolve(text))
    })
  const post = 'POST /api/things/a HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n'
  for (const [request, status, code] of [
    ['RUBBISH\r\n\r\n', 400, 'http.malformed-request'],
    [`${post}transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n`, 400, 'http.malformed-request'],
    [`${post}content-length: -2\r\n\r\n{}`, 400, 'http.malformed-request'],
    [`${post}x-large: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'http.headers-too-large'],
  ] as const) {
    const [head, body] = (await answerTo(request)).split('\r\n\r\n')
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [^]*application/problem\\+json`))
    expect(JSON.parse(body!)).toMatchObject({ status, code })
  }
  const large = await fetch(`http://127.0.0.1:${port}/api/things/a`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'x'.repeat(1 << 20) }),
  }).catch(() => undefined)
  // A server may close on somebody who still sends; what it must not do is take it.
  expect([413, undefined]).toContain(large?.status)
  expect(server.handled).toBe(0)
  expect((await fetch(`http://127.0.0.1:${port}/api/open`)).status).toBe(200)
  await server.app.close()
})

test('what buyers and readers ask for is measured, streams, long polls and organisers are not; a full queue is no failure', async ({
  platform,
}) => {
  const seen: [string, number, string][] = []
  let run = async () => platform.clock.advance(70)
  const { inject, post } = serve(platform, {
    vitals: { request: (kind, ms, outcome) => void seen.push([kind, ms, outcome]) },
    work: () => run() as Promise<never>,
  })
  const headers = await platform.authorization('acc_1', { roles: ['organiser'] })
  await inject({ url: '/api/mine', headers })
  await inject({ url: '/api/work' })
  await inject({ url: '/api/poll' })
  await inject({ url: '/api/bytes' })
  await inject({ url: '/api/runs', method: 'POST', headers })
  await post('/api/hook', '')
  expect(seen).toEqual([
    ['read', 0, 'answered'],
    ['read', 70, 'answered'],
  ])
  for (const [error, outcome] of [
    [new Problem('http.overloaded', { retryAfterMs: 1000 }), 'refused'],
    [new Problem('http.overloaded', {}, { cause: new Error('gone') }), 'failed'],
    [new Error('a bug'), 'failed'],
    [new Problem('http.not-found'), 'answered'],
  ] as const) {
    run = async () => Promise.reject(error)
    await inject({ url: '/api/work' })
    expect(seen.at(-1)).toEqual(['read', 0, outcome])
  }
})
