import { expect } from 'vitest'
import { createHttp } from '#platform/http'
import { createIdempotency } from '#platform/idempotency'
import { rows, sql } from '#platform/db'
import { createLog } from '#platform/log'
import { manyAtOnce, registration, world, test } from '../../../test/identity-world.ts'

test('registering signs in, tells the others, and asks for a code to be mailed that opens the account', async ({
  platform,
}) => {
  const { call, facts } = await world(platform)
  const answer = await call('POST', '/api/accounts', registration())
  expect(answer.status).toBe(201)
  expect(answer.body).toEqual({
    account: {
      id: expect.stringMatching(/^acc_[0-9a-z]{26}$/),
      email: 'Mina@Example.com',
      name: '김미나',
      locale: 'ko',
      verified: false,
      roles: ['buyer'],
    },
    accessToken: expect.any(String),
    expiresInSeconds: 600,
  })
  const [registered, requested] = await facts()
  expect(registered).toMatchObject({
    type: 'identity.account-registered.v1',
    data: { accountId: answer.body.account.id, email: 'Mina@Example.com', name: '김미나', locale: 'ko' },
  })
  expect(requested).toMatchObject({
    type: 'identity.code-requested.v1',
    data: { accountId: answer.body.account.id, code: expect.stringMatching(/^\d{6}$/) },
  })

  const verified = await call(
    'POST',
    '/api/accounts/verify',
    { email: 'mina@example.com', code: requested!.data['code'] },
    { token: answer.body.accessToken },
  )
  expect(verified).toMatchObject({ status: 200, body: { account: { verified: true }, expiresInSeconds: 600 } })
  expect(await platform.accessTokens.verify(verified.body.accessToken)).toMatchObject({
    kind: 'valid',
    caller: { verified: true },
  })
  expect(await call('GET', '/api/accounts/me', undefined, { token: verified.body.accessToken })).toMatchObject({
    status: 200,
    body: { verified: true },
  })
})

test('a code entered twice opens the account twice, and says nothing of a session to a stranger', async ({
  platform,
}) => {
  const { call, register } = await world(platform)
  const { code } = await register()
  for (let i = 0; i < 2; i++) {
    const answer = await call('POST', '/api/accounts/verify', { email: registration().email, code })
    expect(answer.status).toBe(200)
    expect(Object.keys(answer.body)).toEqual(['account'])
  }
})

test('the code is not in the database, and the password is there only as an Argon2id hash of 19 MiB', async ({
  platform,
}) => {
  const { register } = await world(platform)
  const { code } = await register()
  const [account] = await rows(
    platform.db,
    sql<{ all: string; hash: string }>`select a::text as all, password_hash as hash from identity.accounts a`,
  )
  expect(account!.hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  expect(account!.all).not.toContain(registration().password)
  const [stored] = await rows(platform.db, sql<{ all: string }>`select c::text as all from identity.codes c`)
  expect(stored!.all).not.toContain(code)
})

test('an address has one account however it is capitalised', async ({ platform }) => {
  const { call, register } = await world(platform)
  await register()
  const again = await call('POST', '/api/accounts', registration({ email: 'MINA@example.COM' }))
  expect(again).toMatchObject({ status: 409, body: { code: 'identity.email-taken' } })
})

test('passwords that are too short, or the address itself, are refused with the reason', async ({ platform }) => {
  const { call } = await world(platform)
  for (const password of ['ninechars', '가나다라마바사아자', 'mina@example.COM']) {
    const answer = await call('POST', '/api/accounts', registration({ password }))
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'identity.weak-password', errors: [{ pointer: '#/password' }] },
    })
  }
  expect((await call('POST', '/api/accounts', registration({ password: '가나다라마바사아자차' }))).status).toBe(201)
})

test('a name without anything visible, or with control characters, is refused before it reaches the database', async ({
  platform,
}) => {
  const { call } = await world(platform)
  for (const name of ['   ', 'a\u0007b', 'a\r\nBcc: x']) {
    expect(await call('POST', '/api/accounts', registration({ name }))).toMatchObject({
      status: 400,
      body: { code: 'http.invalid', errors: [{ pointer: '#/name' }] },
    })
  }
})

test('a password matches in either Unicode form of the same letters', async ({ platform }) => {
  const { call, register } = await world(platform)
  await register({ password: '한글로 된 비밀번호'.normalize('NFD') })
  expect(
    (
      await call('POST', '/api/sessions', {
        email: registration().email,
        password: '한글로 된 비밀번호'.normalize('NFC'),
      })
    ).status,
  ).toBe(201)
})

test('five wrong codes end a code, also for the one who has it; a new one works and the old does not', async ({
  platform,
}) => {
  const { call, register, facts } = await world(platform)
  const { code } = await register()
  const wrong = code === '000000' ? '000001' : '000000'
  const enter = (entered: string) =>
    call('POST', '/api/accounts/verify', { email: registration().email, code: entered })
  for (let i = 0; i < 5; i++)
    expect(await enter(wrong)).toMatchObject({ status: 400, body: { code: 'identity.wrong-code' } })
  const spent = await enter(code)
  expect(spent).toMatchObject({ status: 429, body: { code: 'identity.too-many-attempts', retryAfterMs: 600_000 } })
  expect(spent.headers['retry-after']).toBe('600')

  expect(await call('POST', '/api/accounts/verify/resend', { email: registration().email })).toMatchObject({
    status: 202,
    body: {},
  })
  const [renewed] = await facts()
  expect(renewed!.data['code']).not.toBe(code)
  expect(await enter(code)).toMatchObject({ status: 400 })
  expect(await enter(String(renewed!.data['code']))).toMatchObject({ status: 200 })
})

test('a code ends after ten minutes', async ({ platform }) => {
  const { call, register } = await world(platform)
  const { code } = await register()
  platform.clock.advance(600_000)
  expect(await call('POST', '/api/accounts/verify', { email: registration().email, code })).toMatchObject({
    status: 400,
    body: { code: 'identity.wrong-code' },
  })
})

test('asking for a code says the same for known, verified and unknown addresses, and is limited alike', async ({
  platform,
}) => {
  const { call, register, facts } = await world(platform)
  const { code } = await register()
  await call('POST', '/api/accounts/verify', { email: registration().email, code })
  for (const email of [registration().email, 'nobody@example.com']) {
    const answers = []
    for (let i = 0; i < 6; i++) answers.push(await call('POST', '/api/accounts/verify/resend', { email }))
    expect(answers.map((answer) => answer.status)).toEqual([202, 202, 202, 202, 202, 429])
    expect(answers[0]!.body).toEqual({})
  }
  expect(await facts()).toEqual([])
})

test('an account is mailed at most six codes an hour even when the counters are lost', async ({ platform }) => {
  const { call, register, facts } = await world(platform)
  await register()
  const key = registration().email.toLowerCase()
  const ask = async () => {
    await platform.ephemeral.clear(`identity.code:${key}`)
    await call('POST', '/api/accounts/verify/resend', { email: key })
  }
  for (let i = 0; i < 20; i++) await ask()
  expect((await facts()).length).toBe(5)
  platform.clock.advance(3600_000)
  await ask()
  expect((await facts()).length).toBe(1)
})

test('signing in answers alike for an unknown address, an account without a password and a wrong password, each at the cost of one hash', async ({
  platform,
}) => {
  const { identity, call, register } = await world(platform)
  await register()
  await identity.seedAccount({ email: 'crowd@example.com', name: 'c', locale: 'en', roles: ['buyer'], verified: true })
  const hashes = async () => Number(/^fairgate_identity_hashes_total (\d+)/m.exec(await platform.metrics.text())![1])
  const attempts = [
    { email: 'nobody@example.com', password: 'whatever it is' },
    { email: 'crowd@example.com', password: 'whatever it is' },
    { email: registration().email, password: 'whatever it is' },
  ]
  for (const attempt of attempts) {
    const before = await hashes()
    const { status, body } = await call('POST', '/api/sessions', attempt)
    expect({ status, body: { ...body, requestId: '' } }).toEqual({
      status: 401,
      body: {
        type: 'https://fairgate.dev/errors/identity.wrong-credentials',
        title: 'E-mail or password is wrong',
        status: 401,
        code: 'identity.wrong-credentials',
        requestId: '',
      },
    })
    expect(await hashes()).toBe(before + 1)
  }
})

test('ten slips lock an address out from here for a quarter of an hour, not from elsewhere; the right password clears them', async ({
  platform,
}) => {
  const { call, register } = await world(platform)
  await register()
  const { email, password } = registration()
  const attempt = (given: string, ip?: string) =>
    call('POST', '/api/sessions', { email, password: given }, ip ? { ip } : {})
  for (let i = 0; i < 9; i++) expect((await attempt('not this one')).status).toBe(401)
  expect((await attempt(password)).status).toBe(201)
  for (let i = 0; i < 10; i++) expect((await attempt('not this one')).status).toBe(401)
  expect(await attempt(password)).toMatchObject({
    status: 429,
    body: { code: 'identity.too-many-attempts', retryAfterMs: 900_000 },
  })
  expect((await attempt(password, '198.51.100.7')).status).toBe(201)
})

test('tries are limited for one address block over all accounts, and for one account over all blocks', async ({
  platform,
}) => {
  const { call, register } = await world(platform, {
    limits: { signInsPerAddressMax: 3, signInsAnywhereMax: 2, registrationsPerAddressMax: 1 },
  })
  await register()
  const attempt = (email: string, ip: string) =>
    call('POST', '/api/sessions', { email, password: 'not this one' }, { ip })
  for (let i = 0; i < 3; i++) expect((await attempt(`n${i}@example.com`, `2001:db8::${i}`)).status).toBe(401)
  expect((await attempt('n3@example.com', '2001:db8::3')).status).toBe(429)
  for (let i = 0; i < 2; i++) expect((await attempt(registration().email, `198.51.100.${i}`)).status).toBe(401)
  expect((await attempt(registration().email, '198.51.100.9')).status).toBe(429)
  expect(await call('POST', '/api/accounts', registration({ email: 'second@example.com' }))).toMatchObject({
    status: 429,
    body: { code: 'http.too-many-requests' },
  })
})

test('what is left of a limit is announced beside good and bad answers, and a wait is never shorter than announced', async ({
  platform,
}) => {
  const { call, register } = await world(platform, { limits: { signInsMax: 2, codesMax: 1, signInsPerAddressMax: 5 } })
  await register()
  const { email, password } = registration()
  const told = async (url: string, body: object) => {
    const { status, headers } = await call('POST', url, body)
    return [status, headers['ratelimit-policy'], headers['ratelimit'], headers['retry-after']]
  }
  const slip = { email, password: 'not this one' }
  expect(await told('/api/sessions', slip)).toEqual([401, '"e-mail";q=2;w=900', '"e-mail";r=1;t=900', undefined])
  expect(await told('/api/sessions', { email, password })).toEqual([
    201,
    '"e-mail";q=2;w=900',
    '"e-mail";r=2;t=900',
    undefined,
  ])
  await told('/api/sessions', slip)
  await told('/api/sessions', slip)
  platform.clock.advance(500)
  expect(await told('/api/sessions', slip)).toEqual([429, '"e-mail";q=2;w=900', '"e-mail";r=0;t=900', '900'])
  const other = { ...slip, email: 'other@example.com' }
  expect((await told('/api/sessions', other))[0]).toBe(401)
  expect(await told('/api/sessions', other)).toEqual([429, '"address";q=5;w=600', '"address";r=0;t=600', '600'])

  const resend = { email: 'nobody@example.com' }
  expect(await told('/api/accounts/verify/resend', resend)).toEqual([
    202,
    '"e-mail";q=1;w=3600',
    '"e-mail";r=0;t=3600',
    undefined,
  ])
  expect((await told('/api/accounts/verify/resend', resend)).slice(0, 1)).toEqual([429])
  expect((await call('POST', '/api/accounts', registration({ email: 'b@example.com' }))).headers).toMatchObject({
    'ratelimit-policy': '"address";q=1000;w=600',
    ratelimit: '"address";r=998;t=600',
  })
})

test('beyond the hashes that run and wait, requests are refused at once and use up no attempt', async ({
  platform,
}) => {
  const { call, register } = await world(platform, { hashesAtOnceMax: 1, hashesWaitingMax: 2 })
  await register()
  const { email, password } = registration()
  const answers = await manyAtOnce(30, () => call('POST', '/api/sessions', { email, password: 'not this one' }))
  const refused = answers.filter((answer) => answer.status === 503)
  expect(refused.length).toBeGreaterThan(0)
  expect(answers.filter((answer) => answer.status === 401).length).toBe(30 - refused.length)
  expect(refused[0]).toMatchObject({ body: { code: 'http.overloaded' }, headers: { 'retry-after': '1' } })
  expect((await call('POST', '/api/sessions', { email, password })).status).toBe(201)
})

test('an administrator appoints; others may not, and an unknown account is a 404', async ({ platform }) => {
  const { call, register, admin } = await world(platform)
  const { account, accessToken } = await register()
  const boss = await admin('boss@example.com')
  expect(
    await call(
      'PUT',
      `/api/accounts/${account.id}/roles`,
      { roles: ['organiser', 'buyer'] },
      { token: boss.accessToken },
    ),
  ).toMatchObject({
    status: 200,
    body: { roles: ['buyer', 'organiser'] },
  })
  expect(
    await call('PUT', `/api/accounts/${account.id}/roles`, { roles: ['admin'] }, { token: accessToken }),
  ).toMatchObject({ status: 403, body: { code: 'identity.not-allowed' } })
  expect(await call('PUT', '/api/accounts/acc_none/roles', { roles: [] }, { token: boss.accessToken })).toMatchObject({
    status: 404,
    body: { code: 'identity.account-not-found' },
  })
  expect(
    await call('GET', '/api/accounts?email=MINA@example.com', undefined, { token: boss.accessToken }),
  ).toMatchObject({ status: 200, body: { items: [{ id: account.id, roles: ['buyer', 'organiser'] }] } })
  expect(
    await call('GET', '/api/accounts?email=nobody@example.com', undefined, { token: boss.accessToken }),
  ).toMatchObject({ status: 200, body: { items: [] } })
  expect(await call('GET', '/api/accounts?email=nobody@example.com', undefined, { token: accessToken })).toMatchObject({
    status: 403,
  })
})

test('an organiser sees of an account what tells it from others, and no more; a buyer sees nothing', async ({
  platform,
}) => {
  const { call, register, admin } = await world(platform)
  const boss = await admin('boss@example.com')
  const { account, accessToken } = await register()
  const url = `/api/accounts/masked?ids=${account.id},acc_none,${boss.accountId}`
  const organiser = await platform.accessTokens.sign(
    { accountId: boss.accountId, roles: ['organiser'], verified: true },
    600,
  )
  expect((await call('GET', url, undefined, { token: organiser })).body.items).toEqual(
    [
      { id: account.id, name: '김…', email: 'M…@Example.com' },
      { id: boss.accountId, name: 'A…', email: 'b…@example.com' },
    ].toSorted((a, b) => (a.id < b.id ? -1 : 1)),
  )
  expect(await call('GET', url, undefined, { token: accessToken })).toMatchObject({ status: 403 })
  expect(await call('GET', url)).toMatchObject({ status: 401 })
})

test('the last administrator stays one', async ({ platform }) => {
  const { call, admin } = await world(platform)
  const boss = await admin('boss@example.com')
  const dismiss = () =>
    call('PUT', `/api/accounts/${boss.accountId}/roles`, { roles: ['buyer'] }, { token: boss.accessToken })
  expect(await dismiss()).toMatchObject({ status: 409, body: { code: 'identity.last-admin' } })
  await admin('second@example.com')
  expect(await dismiss()).toMatchObject({ status: 200 })
})

test('the public keys of access tokens can be fetched and cached', async ({ platform }) => {
  const { call } = await world(platform)
  const answer = await call('GET', '/.well-known/jwks.json')
  expect(answer).toMatchObject({
    status: 200,
    body: { keys: [{ kty: 'OKP', crv: 'Ed25519', use: 'sig' }] },
    headers: { 'cache-control': 'public, max-age=300' },
  })
  expect(answer.body.keys[0]).not.toHaveProperty('d')
})

test('seeding an account twice makes one, leaves what people changed, and lets it sign in', async ({ platform }) => {
  const { identity, call, facts } = await world(platform)
  const seed = {
    email: 'admin@demo.fairgate.test',
    password: 'fairgate-demo',
    name: 'Admin',
    locale: 'ko',
    roles: ['admin'],
    verified: true,
  } as const
  const first = await identity.seedAccount(seed)
  expect(await identity.seedAccount({ ...seed, roles: ['buyer'] })).toEqual(first)
  expect((await facts()).map((each) => each.type)).toEqual(['identity.account-registered.v1'])
  expect(await call('POST', '/api/sessions', { email: seed.email, password: seed.password })).toMatchObject({
    status: 201,
    body: { account: { roles: ['admin'], verified: true } },
  })
})

test('the first administrator is appointed by the e-mail of an account, and the last one is not dismissed', async ({
  platform,
}) => {
  const { identity } = await world(platform)
  await identity.seedAccount({ email: 'First@example.com', name: 'F', locale: 'en', roles: ['buyer'], verified: true })
  expect(await identity.appoint('first@example.com', ['admin', 'buyer'])).toMatchObject({ roles: ['buyer', 'admin'] })
  await expect(identity.appoint('first@example.com', ['buyer'])).rejects.toMatchObject({ code: 'identity.last-admin' })
  const nobody = identity.appoint('nobody@example.com', ['admin'])
  await expect(nobody).rejects.toMatchObject({ code: 'identity.account-not-found' })
})

test('a crowd of 2,500 is verified, signed in for two hours, made without a hash, and the same when asked for again', async ({
  platform,
}) => {
  const { identity, facts } = await world(platform)
  platform.statements.length = 0
  const crowd = await identity.prepareCrowd(2500, 'rush-1')
  expect(platform.statements.length).toBeLessThan(20)
  expect(new Set(crowd.map((member) => member.accountId)).size).toBe(2500)
  expect(await platform.accessTokens.verify(crowd[2499]!.accessToken)).toMatchObject({
    kind: 'valid',
    caller: { accountId: crowd[2499]!.accountId, verified: true, roles: ['buyer'] },
  })
  platform.clock.advance(2 * 3600_000 - 1000)
  expect(await platform.accessTokens.verify(crowd[0]!.accessToken)).toMatchObject({ kind: 'valid' })
  expect((await facts()).length).toBe(2500)
  expect((await identity.prepareCrowd(2500, 'rush-1')).map((member) => member.accountId)).toEqual(
    crowd.map((member) => member.accountId),
  )
  expect(await facts()).toEqual([])
  const [member] = await rows(
    platform.db,
    sql<{
      email: string
      hash: string | null
    }>`select email, password_hash as hash from identity.accounts where id = ${crowd[0]!.accountId}`,
  )
  expect(member).toEqual({ email: 'rush-1-1@crowd.fairgate.invalid', hash: null })
  await expect(identity.prepareCrowd(1, 'Robert"); drop')).rejects.toThrow('the prefix of a crowd')
  await expect(identity.prepareCrowd(-1, 'x')).rejects.toThrow('0 to 200000')
})

test('which ids are of accounts can be asked', async ({ platform }) => {
  const { identity, register } = await world(platform)
  const { account } = await register()
  expect(await identity.module.known!([account.id, 'acc_none', 'ord_1'])).toEqual([account.id])
})

test('the audit finds a refresh token that is ahead of its session, and one that outlived it', async ({ platform }) => {
  const { identity, register } = await world(platform)
  await register()
  expect(await identity.module.audit!()).toEqual({
    checks: [
      { name: 'no refresh token is ahead of its session', violations: 0 },
      { name: 'an ended session gives out no token', violations: 0 },
    ],
    figures: { accounts: 1, verifiedAccounts: 0 },
  })
  await sql`insert into identity.refresh_tokens select decode('00', 'hex'), id, 7, ${new Date(platform.clock.now() + 1)} from identity.sessions`.execute(
    platform.db,
  )
  await sql`update identity.sessions set ended_at = ${new Date(platform.clock.now())}, ended_because = 'signed-out'`.execute(
    platform.db,
  )
  expect((await identity.module.audit!()).checks.map((check) => check.violations)).toEqual([1, 1])
})

test('nothing that is logged while people register, verify and sign in tells a password, a code or a token', async ({
  platform,
}) => {
  const lines: string[] = []
  const log = createLog('trace', { write: (line) => void lines.push(line) })
  const loud = { ...platform, log }
  const http = () =>
    createHttp({
      log,
      metrics: platform.metrics,
      scheduler: platform.clock,
      accessTokens: platform.accessTokens,
      idempotency: createIdempotency(platform.db, platform.clock),
      trustProxy: false,
      inFlightMax: 100,
      deadlineMs: 20_000,
    })
  const { call, register } = await world(loud, {}, http())
  const poison = registration({ name: 'fail me', password: 'poisoned-password-1' })
  const { code, accessToken, cookie } = await register(poison)
  await call('POST', '/api/accounts/verify', { email: poison.email, code }, { token: accessToken })
  await call('POST', '/api/sessions', { email: poison.email, password: poison.password })
  await call('POST', '/api/sessions', { email: poison.email, password: 'poisoned-password-2' })
  const refreshed = await call('POST', '/api/sessions/refresh', undefined, { cookie })
  platform.clock.advance(11_000)
  await call('POST', '/api/sessions/refresh', undefined, { cookie })
  // A database that fails in the middle logs the statement's failure, and must not log its values.
  await sql`alter table identity.accounts add constraint no_more check (name <> 'fail me') not valid`.execute(
    platform.db,
  )
  expect(
    (await call('POST', '/api/accounts', { ...poison, email: 'poisoned@example.com', password: 'poisoned-password-3' }))
      .status,
  ).toBe(500)
  const logged = lines.join('')
  expect(logged).toContain('account registered')
  expect(logged).toContain('request failed')
  const secrets = [
    code,
    accessToken,
    cookie.split('=')[1]!,
    refreshed.body.accessToken,
    'poisoned-password',
    '$argon2id$',
  ]
  for (const secret of secrets) expect(logged).not.toContain(secret)
})
