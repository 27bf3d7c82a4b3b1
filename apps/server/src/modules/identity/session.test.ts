import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test as pure } from 'vitest'
import { rows, sql } from '#platform/db'
import { freezeColumn } from '../../../test/controls.ts'
import { cookieOf, test, world } from '../../../test/identity-world.ts'
import { refreshOutcomes } from './session.ts'

const refresh = '/api/sessions/refresh'

test('a refresh gives a new cookie and a new access token; the cookie can be read by no script and sent by no plain connection', async ({
  platform,
}) => {
  const { call, register } = await world(platform)
  const { cookie, account } = await register()
  const answer = await call('POST', refresh, undefined, { cookie })
  expect(answer).toMatchObject({ status: 200, body: { account: { id: account.id }, expiresInSeconds: 600 } })
  expect(answer.headers['set-cookie']).toMatch(
    /^__Host-fairgate-refresh=[\w-]{43}; Max-Age=1209600; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
  )
  expect(cookieOf(answer)).not.toBe(cookie)
})

test('over plain HTTP the cookie has a plain name, and only that name is read', async ({ platform }) => {
  const { call, register } = await world(platform, { secureCookies: false })
  const { cookie } = await register()
  expect(cookie).toMatch(/^fairgate-refresh=/)
  expect(await call('POST', refresh, undefined, { cookie: `a=b; ${cookie}; c=d` })).toMatchObject({ status: 200 })
  expect(await call('POST', refresh, undefined, { cookie: `__Host-${cookie}` })).toMatchObject({ status: 401 })
})

test('without a cookie, or with one that was never given out, there is no session', async ({ platform }) => {
  const { call } = await world(platform)
  for (const cookie of [undefined, '__Host-fairgate-refresh=', '__Host-fairgate-refresh=made-up', 'other=1']) {
    expect(await call('POST', refresh, undefined, cookie ? { cookie } : {})).toMatchObject({
      status: 401,
      body: { code: 'identity.session-ended' },
    })
  }
})

test('a request from another site is refused before the cookie counts', async ({ platform }) => {
  const { call, register } = await world(platform)
  const { cookie } = await register()
  expect(await call('POST', refresh, undefined, { cookie, headers: { 'sec-fetch-site': 'cross-site' } })).toMatchObject(
    { status: 403, body: { code: 'http.cross-site' } },
  )
})

test('a copied token ends the whole session as soon as it is shown after its use', async ({ platform }) => {
  const { call, register } = await world(platform)
  const { cookie: copied } = await register()
  const newest = cookieOf(await call('POST', refresh, undefined, { cookie: copied }))
  platform.clock.advance(10_001)
  expect(await call('POST', refresh, undefined, { cookie: copied })).toMatchObject({
    status: 401,
    body: { code: 'identity.session-ended' },
  })
  expect(await call('POST', refresh, undefined, { cookie: newest })).toMatchObject({ status: 401 })
  expect(await rows(platform.db, sql`select ended_because from identity.sessions`)).toEqual([
    { ended_because: 'token-reused' },
  ])
  expect(await platform.metrics.text()).toContain('fairgate_identity_refreshes_total{outcome="revoke"} 1')
})

test('the token before the newest is taken for a second tab for ten seconds, an older one is not', async ({
  platform,
}) => {
  const { call, register } = await world(platform)
  const { cookie: first } = await register()
  const second = cookieOf(await call('POST', refresh, undefined, { cookie: first }))
  platform.clock.advance(10_000)
  const tab = await call('POST', refresh, undefined, { cookie: first })
  expect(tab.status).toBe(200)
  const third = cookieOf(await call('POST', refresh, undefined, { cookie: second }))
  expect(await call('POST', refresh, undefined, { cookie: first })).toMatchObject({ status: 401 })
  expect(await call('POST', refresh, undefined, { cookie: third })).toMatchObject({ status: 401 })
})

test('a session that is used stays; one that is idle for fourteen days ends', async ({ platform }) => {
  const { call, register } = await world(platform)
  let { cookie } = await register()
  for (let week = 0; week < 5; week++) {
    platform.clock.advance(7 * 24 * 3600_000)
    const answer = await call('POST', refresh, undefined, { cookie })
    expect(answer.status).toBe(200)
    cookie = cookieOf(answer)
  }
  platform.clock.advance(14 * 24 * 3600_000)
  expect(await call('POST', refresh, undefined, { cookie })).toMatchObject({ status: 401 })
})

test('signing out ends this session, not those of other devices, and may be repeated', async ({ platform }) => {
  const { call, register } = await world(platform)
  const { cookie } = await register()
  const other = cookieOf(
    await call('POST', '/api/sessions', { email: 'mina@example.com', password: 'correct horse battery' }),
  )
  for (const sent of [cookie, cookie, undefined]) {
    const answer = await call('DELETE', '/api/sessions/current', undefined, sent ? { cookie: sent } : {})
    expect(answer.status).toBe(204)
    expect(answer.headers['set-cookie']).toMatch(/^__Host-fairgate-refresh=; Max-Age=0; /)
  }
  expect(await call('POST', refresh, undefined, { cookie })).toMatchObject({ status: 401 })
  expect(await call('POST', refresh, undefined, { cookie: other })).toMatchObject({ status: 200 })
})

test('a refreshed access token carries the roles and the verification of now', async ({ platform }) => {
  const { call, register, admin } = await world(platform)
  const { account, cookie, code } = await register()
  const boss = await admin('boss@example.com')
  await call('PUT', `/api/accounts/${account.id}/roles`, { roles: ['buyer', 'staff'] }, { token: boss.accessToken })
  await call('POST', '/api/accounts/verify', { email: account.email, code })
  const answer = await call('POST', refresh, undefined, { cookie })
  expect(await platform.accessTokens.verify(answer.body.accessToken)).toMatchObject({
    caller: { roles: ['buyer', 'staff'], verified: true },
  })
})

/** Eight tabs wake up at once with the same cookie; then the thief of that cookie comes. */
async function eightTabsAndAThief(
  { call, register }: Awaited<ReturnType<typeof world>>,
  platform: Parameters<typeof world>[0],
) {
  const { cookie } = await register()
  const start = platform.racepoints.hold('identity.before-exchange', 8)
  const tabs = Array.from({ length: 8 }, () => call('POST', refresh, undefined, { cookie }))
  await start.reached
  start.open()
  const answers = await Promise.all(tabs)
  const [session] = await rows(platform.db, sql<{ generation: number }>`select generation from identity.sessions`)
  platform.clock.advance(60_000)
  const thief = await call('POST', refresh, undefined, { cookie })
  return { statuses: answers.map((answer) => answer.status), generation: session!.generation, thief: thief.status }
}

test('tabs that refresh at once all stay signed in, in one generation, and the thief is still found out', async ({
  platform,
}) => {
  expect(await eightTabsAndAThief(await world(platform), platform)).toEqual({
    statuses: Array(8).fill(200),
    generation: 1,
    thief: 401,
  })
})

test('control: when generations are not counted, the thief gets in', async ({ platform }) => {
  await freezeColumn(platform.db, 'identity.sessions', 'generation')
  // Tokens claim to be of the only generation there is.
  await sql
    .raw(`
    create function public.flat() returns trigger language plpgsql as $$ begin new.generation := 0; return new; end $$;
    create trigger flat before insert on identity.refresh_tokens for each row execute function public.flat()`)
    .execute(platform.db)
  expect(await eightTabsAndAThief(await world(platform), platform)).toMatchObject({ thief: 200 })
})

test('whatever two holders of a cookie do, only tokens of the newest generation and, for ten seconds, of the one before are good', async ({
  platform,
}) => {
  const { call, register } = await world(platform, { limits: { registrationsPerAddressMax: 1e6 } })
  let people = 0
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('refresh' as const), pick: fc.nat(20) }) },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('wait' as const),
        ms: fc.constantFrom(1000, 5000, 10_000, 11_000, 13 * 24 * 3600_000),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('sign-out' as const), pick: fc.nat(20) }) },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const { cookie } = await register({ email: `p${++people}@example.com` })
      const given = [{ cookie, generation: 0 }]
      const model = { generation: 0, rotatedAt: platform.clock.now(), usedAt: platform.clock.now(), isLive: true }
      for (const each of steps) {
        const now = platform.clock.now()
        if (each.kind === 'wait') {
          platform.clock.advance(each.ms)
          continue
        }
        const token = given[each.pick % given.length]!
        if (each.kind === 'sign-out') {
          await call('DELETE', '/api/sessions/current', undefined, { cookie: token.cookie })
          model.isLive = false
          continue
        }
        const isIdle = now - model.usedAt >= 14 * 24 * 3600_000
        const isNewest = token.generation === model.generation
        const isSecondTab = token.generation === model.generation - 1 && now - model.rotatedAt <= 10_000
        const isGood = model.isLive && !isIdle && (isNewest || isSecondTab)
        const answer = await call('POST', refresh, undefined, { cookie: token.cookie })
        expect(answer.status).toBe(isGood ? 200 : 401)
        if (isGood && isNewest) Object.assign(model, { generation: model.generation + 1, rotatedAt: now, usedAt: now })
        if (isGood) given.push({ cookie: cookieOf(answer), generation: model.generation })
        else if (!isIdle) model.isLive = false
      }
    }),
    { numRuns: 25, seed: 7 },
  )
})

test('old codes, tokens and sessions are swept, living ones stay', async ({ platform }) => {
  const { identity, call, register } = await world(platform)
  const { cookie } = await register()
  const counts = async () =>
    rows(
      platform.db,
      sql`select (select count(*) from identity.codes) codes, (select count(*) from identity.sessions) sessions, (select count(*) from identity.refresh_tokens) tokens`,
    )
  platform.clock.advance(13 * 24 * 3600_000)
  const second = cookieOf(await call('POST', refresh, undefined, { cookie }))
  await platform.settle([identity.module])
  expect(await counts()).toEqual([{ codes: 0, sessions: 1, tokens: 2 }])
  platform.clock.advance(2 * 24 * 3600_000)
  await platform.settle([identity.module])
  expect(await counts()).toEqual([{ codes: 0, sessions: 1, tokens: 1 }])
  expect(await call('POST', refresh, undefined, { cookie: second })).toMatchObject({ status: 200 })
  platform.clock.advance(16 * 24 * 3600_000)
  await platform.settle([identity.module])
  expect(await counts()).toEqual([{ codes: 0, sessions: 0, tokens: 0 }])
})

pure('SPEC.md shows the table that the code uses', () => {
  const spec = readFileSync(new URL('./SPEC.md', import.meta.url), 'utf8')
  for (const [state, row] of Object.entries(refreshOutcomes)) {
    expect(spec).toContain(`| ${state} | ${row.newest} | ${row.previous} | ${row.older} |`)
  }
})
