import { expect } from 'vitest'
import { Strict, Type } from '@fairgate/contracts/schema'
import { route } from '@fairgate/contracts/http/route'
import { openDatabase, row, sql } from './db.ts'
import { createHttp } from './http.ts'
import { createIdempotency, idempotencyKeptMs, type StoredAnswer } from './idempotency.ts'
import { Problem } from './problem.ts'
import { silentLog } from './log.ts'
import { test, type TestPlatform } from '../../test/fixtures.ts'

const buy = route({
  method: 'POST',
  path: '/api/purchases/{id}',
  caller: 'buyer',
  summary: 'Buys',
  idempotent: true,
  params: Strict({ id: Type.String() }),
  body: Strict({ amount: Type.Integer() }),
  answers: { 201: Strict({ bought: Type.Integer(), of: Type.String() }) },
})
const plain = { ...buy, path: '/api/plain/{id}' } as const

/** A server that counts its purchases; `during` is what happens while one is made. */
function shop(platform: TestPlatform, during: () => Promise<void> | void = () => undefined) {
  const { metrics, clock, accessTokens, db } = platform
  const http = createHttp({
    log: silentLog,
    metrics,
    scheduler: clock,
    accessTokens,
    idempotency: createIdempotency(db, clock),
    trustProxy: false,
    inFlightMax: 100,
    deadlineMs: 20_000,
  })
  let bought = 0
  http.serve(buy, async ({ caller }) => {
    const number = ++bought
    await during()
    return { status: 201, body: { bought: number, of: caller.accountId } }
  })
  const { idempotent: _, ...careless } = plain
  http.serve(careless, async ({ caller }) => ({ status: 201, body: { bought: ++bought, of: caller.accountId } }))
  return {
    get bought() {
      return bought
    },
    async post(key: string | undefined, { account = 'acc_1', amount = 5, id = 'a', path = '/api/purchases' } = {}) {
      const headers = {
        ...(await platform.authorization(account)),
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      }
      const answer = await http.fastify.inject({ method: 'POST', url: `${path}/${id}`, headers, payload: { amount } })
      return [answer.statusCode, answer.json<Record<string, unknown>>(), answer.headers['retry-after']] as const
    },
  }
}

test('the same key and body give the same answer and the work is done once; a bare and a quoted key are one', async ({
  platform,
}) => {
  const server = shop(platform)
  const first = await server.post('key-1')
  expect(first[0]).toBe(201)
  expect(await server.post('key-1')).toEqual(first)
  expect(await server.post('"key-1"')).toEqual(first)
  expect(server.bought).toBe(1)
  expect((await server.post('key-2'))[1]).toEqual({ bought: 2, of: 'acc_1' })
})

test('without a key, or on a route that takes none, every call is a call of its own', async ({ platform }) => {
  const server = shop(platform)
  await server.post(undefined)
  await server.post(undefined)
  await server.post('key-1', { path: '/api/plain' })
  await server.post('key-1', { path: '/api/plain' })
  expect(server.bought).toBe(4)
})

test('another body under a used key is refused with 422 and does nothing', async ({ platform }) => {
  const server = shop(platform)
  await server.post('key-1')
  const [status, problem] = await server.post('key-1', { amount: 6 })
  expect([status, problem['code']]).toEqual([422, 'http.idempotency-key-reused'])
  expect(server.bought).toBe(1)
})

test('while the first is running the same call is told to come back, another body is refused', async ({ platform }) => {
  const inside = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  const server = shop(platform, () => {
    inside.resolve()
    return gate.promise
  })
  const first = server.post('key-1')
  await inside.promise
  const [status, problem, retryAfter] = await server.post('key-1')
  expect([status, problem['code'], retryAfter]).toEqual([409, 'http.idempotency-in-progress', '1'])
  expect((await server.post('key-1', { amount: 6 }))[0]).toBe(422)
  gate.resolve()
  const answer = await first
  expect(await server.post('key-1')).toEqual(answer)
  expect(server.bought).toBe(1)
})

test('of twenty calls at once exactly one does the work', async ({ platform }) => {
  const server = shop(platform)
  const answers = await Promise.all(Array.from({ length: 20 }, () => server.post('key-1')))
  expect(server.bought).toBe(1)
  expect(answers.every(([status, body]) => (status === 201 ? body['bought'] === 1 : status === 409))).toBe(true)
  // The control: without the key each of them does it.
  await Promise.all(Array.from({ length: 20 }, () => server.post(undefined)))
  expect(server.bought).toBe(21)
})

test('keys of different accounts and of different things never meet', async ({ platform }) => {
  const server = shop(platform)
  expect((await server.post('key-1', { account: 'acc_1' }))[1]).toEqual({ bought: 1, of: 'acc_1' })
  expect((await server.post('key-1', { account: 'acc_2' }))[1]).toEqual({ bought: 2, of: 'acc_2' })
  expect((await server.post('key-1', { account: 'acc_1', id: 'b' }))[1]).toEqual({ bought: 3, of: 'acc_1' })
  // Not even when an account is named so that its scope would look like another's.
  expect((await server.post('key-1', { account: 'acc_1 POST /api/purchases/a' }))[1]).toEqual({
    bought: 4,
    of: 'acc_1 POST /api/purchases/a',
  })
})

test('a refusal or a failure frees the key: the same call may be made again', async ({ platform }) => {
  const failures = [new Problem('inventory.sold-out'), new Error('bug')]
  const server = shop(platform, () => {
    const error = failures.shift()
    if (error) throw error
  })
  expect((await server.post('key-1'))[0]).toBe(409)
  expect((await server.post('key-1'))[0]).toBe(500)
  expect((await server.post('key-1'))[0]).toBe(201)
  expect((await server.post('key-1'))[1]).toEqual({ bought: 3, of: 'acc_1' })
})

test('a key of 255 characters is taken; a longer, an empty or a missing one inside quotes is refused with its place', async ({
  platform,
}) => {
  const server = shop(platform)
  expect((await server.post('k'.repeat(255)))[0]).toBe(201)
  for (const key of ['k'.repeat(256), '', '""']) {
    const [status, problem] = await server.post(key)
    expect([status, problem['errors']]).toEqual([
      400,
      [{ pointer: '#/headers/idempotency-key', detail: 'must have 1 to 255 characters' }],
    ])
  }
})

const answerOf = (bought: number): StoredAnswer => ({ status: 201, body: { bought } })

/** A call whose process never gets to its end. */
async function crashed(
  { db, clock }: Pick<TestPlatform, 'db' | 'clock'>,
  key: string,
): Promise<{ finish(answer: StoredAnswer): void; fail(): void; end: Promise<unknown> }> {
  const inside = Promise.withResolvers<void>()
  const outcome = Promise.withResolvers<StoredAnswer>()
  const end = createIdempotency(db, clock)
    .run('s', key, { a: 1 }, () => {
      inside.resolve()
      return outcome.promise
    })
    .catch((error: unknown) => error)
  await inside.promise
  return { finish: outcome.resolve, fail: () => outcome.reject(new Error('died late')), end }
}

test('when the process that took a key has died the key is free at once, for one of those who ask', async ({
  platform,
}) => {
  const { db, clock, databaseUrl } = platform
  const other = openDatabase({ url: databaseUrl, connectionsMax: 2 })
  await crashed({ db: other.db, clock }, 'k')
  const { run } = createIdempotency(db, clock)
  const gate = Promise.withResolvers<void>()
  let taken = 0
  const ask = () =>
    run('s', 'k', { a: 1 }, async () => {
      taken++
      await gate.promise
      return answerOf(2)
    })
  // The control: while its connection stands nobody gets it.
  await expect(ask()).rejects.toMatchObject({ code: 'http.idempotency-in-progress' })
  await other.close()
  const gone = sql<{ gone: boolean }>`
    select not exists (select 1 from pg_stat_activity a join platform.idempotency i on i.held_by = a.pid) as gone`
  await expect.poll(async () => (await row(db, gone)).gone, { interval: 5 }).toBe(true)
  const asked = Array.from({ length: 5 }, ask)
  gate.resolve()
  const ended = await Promise.allSettled(asked)
  expect(taken).toBe(1)
  expect(ended.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0)
  expect(await ask()).toEqual(answerOf(2))
})

test('what looks alive keeps its key for half a minute, and no longer', async ({ platform }) => {
  const { run } = createIdempotency(platform.db, platform.clock)
  await crashed(platform, 'k')
  platform.clock.advance(29_999)
  await expect(run('s', 'k', { a: 1 }, async () => answerOf(2))).rejects.toMatchObject({
    code: 'http.idempotency-in-progress',
  })
  platform.clock.advance(1)
  await expect(run('s', 'k', { a: 2 }, async () => answerOf(2))).rejects.toMatchObject({
    code: 'http.idempotency-key-reused',
  })
  const taken = await Promise.allSettled(
    Array.from({ length: 5 }, () => run('s', 'k', { a: 1 }, async () => answerOf(2))),
  )
  expect(taken.filter((result) => result.status === 'fulfilled').length).toBeGreaterThan(0)
  expect(await run('s', 'k', { a: 1 }, async () => answerOf(3))).toEqual(answerOf(2))
})

test('one that was only slow neither overwrites nor deletes the answer of who took over', async ({ platform }) => {
  const { run } = createIdempotency(platform.db, platform.clock)
  for (const late of ['finish', 'fail'] as const) {
    const slow = await crashed(platform, late)
    platform.clock.advance(30_000)
    expect(await run('s', late, { a: 1 }, async () => answerOf(2))).toEqual(answerOf(2))
    if (late === 'finish') slow.finish(answerOf(1))
    else slow.fail()
    await slow.end
    expect(await run('s', late, { a: 1 }, async () => answerOf(3))).toEqual(answerOf(2))
  }
})

test('one that was only slow and fails does not free the key while who took over is still at work', async ({
  platform,
}) => {
  const slow = await crashed(platform, 'k')
  platform.clock.advance(30_000)
  const second = await crashed(platform, 'k')
  slow.fail()
  await slow.end
  const { run } = createIdempotency(platform.db, platform.clock)
  await expect(run('s', 'k', { a: 1 }, async () => answerOf(3))).rejects.toMatchObject({
    code: 'http.idempotency-in-progress',
  })
  second.finish(answerOf(2))
  await second.end
})

test('answers are remembered for a day, then the sweep forgets them, a bounded number at a time', async ({
  platform,
}) => {
  const { db, clock } = platform
  const { run, sweep } = createIdempotency(db, clock)
  await run('s', 'old', {}, async () => answerOf(1))
  await sql`
    insert into platform.idempotency (scope, key, fingerprint, created_at)
    select 's', 'bulk' || i, '', ${new Date(clock.now())} from generate_series(1, 5000) i`.execute(db)
  clock.advance(idempotencyKeptMs)
  await run('s', 'new', {}, async () => answerOf(1))
  expect(await sweep()).toBe(false)
  clock.advance(1)
  expect(await sweep()).toBe(true)
  expect(await sweep()).toBe(false)
  expect(await row(db, sql`select count(*) as count, min(key) as key from platform.idempotency`)).toEqual({
    count: 1,
    key: 'new',
  })
})

test('an answer without a body is remembered as one', async ({ platform }) => {
  const { run } = createIdempotency(platform.db, platform.clock)
  await run('s', 'k', {}, async () => ({ status: 204, body: undefined }))
  expect(await run('s', 'k', {}, async () => answerOf(1))).toEqual({ status: 204, body: undefined })
})
