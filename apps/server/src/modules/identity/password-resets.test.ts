import { expect } from 'vitest'
import { rows, sql } from '#platform/db'
import { freezeColumn, untilWaiting, withoutGuard } from '../../../test/controls.ts'
import type { TestPlatform } from '../../../test/fixtures.ts'
import { cookieOf, manyAtOnce, registration, test, world } from '../../../test/identity-world.ts'

const { email, password: oldPassword } = registration()
const newPassword = 'a new battery horse'
const wrongFor = (code: string) => (code === '000000' ? '000001' : '000000')

/** Somebody who has registered, and has forgotten the password. */
async function forgetful(platform: TestPlatform, config: Parameters<typeof world>[1] = {}) {
  const place = await world(platform, config)
  const { call, facts, register } = place
  const registered = await register()
  const ask = (to: string = email) => call('POST', '/api/password-resets', { email: to })
  const confirm = (code: string, other: object = {}) =>
    call('POST', '/api/password-resets/confirm', { email, code, password: newPassword, ...other })
  const signIn = (password: string) => call('POST', '/api/sessions', { email, password })
  const codes = async () => {
    const requested = (await facts()).filter(({ type }) => type === 'identity.password-reset-requested.v1')
    return requested.map(({ data }) => String(data['code']))
  }
  async function askedCode(): Promise<string> {
    await ask()
    return (await codes())[0]!
  }
  return { ...place, ...registered, ask, confirm, signIn, codes, askedCode }
}

test('who has forgotten the password sets a new one with a mailed code; old sessions and the old password are out, the address is verified, and a letter tells', async ({
  platform,
}) => {
  const { call, account, cookie, ask, confirm, signIn, facts } = await forgetful(platform)
  const second = cookieOf(await signIn(oldPassword))
  expect(await ask('MINA@example.com')).toMatchObject({ status: 202, body: {} })
  const [requested] = await facts()
  expect(requested).toMatchObject({
    type: 'identity.password-reset-requested.v1',
    data: { accountId: account.id, email, locale: 'ko', code: expect.stringMatching(/^\d{6}$/) },
  })
  const answer = await confirm(String(requested!.data['code']), { email: 'mina@EXAMPLE.com' })
  expect(answer).toMatchObject({ status: 204, body: undefined })
  expect(answer.headers['set-cookie']).toBeUndefined()
  expect(await facts()).toMatchObject([{ type: 'identity.password-changed.v1', data: { accountId: account.id } }])
  for (const old of [cookie, second])
    expect(await call('POST', '/api/sessions/refresh', undefined, { cookie: old })).toMatchObject({
      status: 401,
      body: { code: 'identity.session-ended' },
    })
  expect(await signIn(oldPassword)).toMatchObject({ status: 401 })
  expect(await signIn(newPassword)).toMatchObject({ status: 201, body: { account: { verified: true } } })
  const ended = sql`select ended_because from identity.sessions where ended_at is not null`
  expect(await rows(platform.db, ended)).toEqual(Array(2).fill({ ended_because: 'password-reset' }))
})

test('a new password ends the wait of somebody who has slipped too often', async ({ platform }) => {
  const { signIn, askedCode, confirm } = await forgetful(platform, { limits: { signInsMax: 2 } })
  for (let i = 0; i < 3; i++) await signIn('not this one')
  expect(await signIn(oldPassword)).toMatchObject({ status: 429 })
  await confirm(await askedCode())
  expect(await signIn(newPassword)).toMatchObject({ status: 201 })
})

test('asking answers alike for known and unknown addresses, is limited alike, and mails only to accounts', async ({
  platform,
}) => {
  const { ask, codes, confirm } = await forgetful(platform)
  for (const [to, mailed] of [
    [email, 5],
    ['nobody@example.com', 0],
  ] as const) {
    const answers = []
    for (let i = 0; i < 6; i++) answers.push(await ask(to))
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202, 202, 429])
    expect(answers[0]!.body).toEqual({})
    expect((await codes()).length).toBe(mailed)
  }
  const unknown = { email: 'nobody@example.com' }
  expect(await confirm('123456', unknown)).toMatchObject({ status: 400, body: { code: 'identity.wrong-code' } })
})

test('an account is mailed at most ten such codes a day even when the counters are lost', async ({ platform }) => {
  const { identity, ask, codes } = await forgetful(platform)
  const askAnyway = async () => {
    await platform.ephemeral.clear(`identity.reset-code:${email.toLowerCase()}`)
    await ask()
  }
  for (let i = 0; i < 15; i++) await askAnyway()
  expect((await codes()).length).toBe(10)
  platform.clock.advance(23 * 3600_000)
  await platform.settle([identity.module])
  await askAnyway()
  expect(await codes()).toEqual([])
  platform.clock.advance(3600_000)
  await askAnyway()
  expect((await codes()).length).toBe(1)
})

test('five wrong codes end a code, each counted though refused; a new one works, once', async ({ platform }) => {
  const { confirm, askedCode, signIn } = await forgetful(platform)
  const code = await askedCode()
  for (let i = 0; i < 5; i++)
    expect(await confirm(wrongFor(code))).toMatchObject({ status: 400, body: { code: 'identity.wrong-code' } })
  expect(await confirm(code)).toMatchObject({
    status: 429,
    body: { code: 'identity.too-many-attempts', retryAfterMs: 600_000 },
  })
  expect(await signIn(oldPassword)).toMatchObject({ status: 201 })
  const renewed = await askedCode()
  expect(await confirm(code === renewed ? wrongFor(code) : code)).toMatchObject({ status: 400 })
  expect(await confirm(renewed)).toMatchObject({ status: 204 })
  expect(await confirm(renewed, { password: 'yet another one' })).toMatchObject({
    status: 400,
    body: { code: 'identity.wrong-code' },
  })
  expect(await signIn(newPassword)).toMatchObject({ status: 201 })
})

test('a code that sets a password ends after ten minutes, and a weak password uses up no attempt', async ({
  platform,
}) => {
  const { confirm, askedCode } = await forgetful(platform)
  const code = await askedCode()
  for (let i = 0; i < 6; i++)
    expect(await confirm(code, { password: i % 2 ? 'ninechars' : email })).toMatchObject({
      status: 400,
      body: { code: 'identity.weak-password', errors: [{ pointer: '#/password' }] },
    })
  platform.clock.advance(600_000)
  expect(await confirm(code)).toMatchObject({ status: 400, body: { code: 'identity.wrong-code' } })
})

test('a code is for one purpose: that of the verification sets no password, that of a reset verifies nothing', async ({
  platform,
}) => {
  const { call, code: verification, confirm, askedCode } = await forgetful(platform)
  expect(await confirm(verification)).toMatchObject({ status: 400, body: { code: 'identity.wrong-code' } })
  const reset = await askedCode()
  expect(reset).not.toBe(verification)
  expect(await confirm(verification)).toMatchObject({ status: 400, body: { code: 'identity.wrong-code' } })
  const verify = (code: string) => call('POST', '/api/accounts/verify', { email, code })
  expect(await verify(reset)).toMatchObject({ status: 400, body: { code: 'identity.wrong-code' } })
  expect(await verify(verification)).toMatchObject({ status: 200 })
  expect(await confirm(reset)).toMatchObject({ status: 204 })
})

test('each try at a code costs one hash, counted for its address block', async ({ platform }) => {
  const { confirm } = await forgetful(platform, { limits: { signInsPerAddressMax: 2 } })
  for (let i = 0; i < 2; i++) expect((await confirm('123456', { email: `n${i}@example.com` })).status).toBe(400)
  expect(await confirm('123456')).toMatchObject({ status: 429, body: { code: 'identity.too-many-attempts' } })
})

/** Two come with the same right code at once, each with a password of their own. */
async function twoWithOneCode(platform: TestPlatform): Promise<{ statuses: number[]; changes: number }> {
  const { confirm, askedCode, facts } = await forgetful(platform)
  const code = await askedCode()
  const gate = platform.racepoints.hold('identity.before-reset', 2)
  const both = manyAtOnce(2, (index) => confirm(code, { password: `password number ${index}` }))
  await gate.reached
  gate.open()
  const statuses = (await both).map(({ status }) => status)
  return { statuses: statuses.toSorted((a, b) => a - b), changes: (await facts()).length }
}

test('of two who use one code at once one sets the password', async ({ platform }) => {
  expect(await twoWithOneCode(platform)).toEqual({ statuses: [204, 400], changes: 1 })
})

test('control: when a code is not used up, both do', async ({ platform }) => {
  await freezeColumn(platform.db, 'identity.codes', 'expires_at')
  expect(await twoWithOneCode(platform)).toEqual({ statuses: [204, 204], changes: 2 })
})

/** Somebody signs in with the old password while its owner sets a new one. */
async function thiefDuringReset(platform: TestPlatform): Promise<number> {
  const { confirm, askedCode, signIn } = await forgetful(platform)
  const code = await askedCode()
  const gate = platform.racepoints.hold('identity.password-matched')
  const thief = signIn(oldPassword)
  await gate.reached
  expect((await confirm(code)).status).toBe(204)
  gate.open()
  return (await thief).status
}

test('whoever signs in with the old password while it is replaced is not let in', async ({ platform }) => {
  expect(await thiefDuringReset(platform)).toBe(401)
})

test('control: without another look at the password a session of the old one would outlive it', async ({
  platform,
}) => {
  const db = withoutGuard(platform.db, 'and password_hash =', 'and true or password_hash =')
  expect(await thiefDuringReset({ ...platform, db })).toBe(201)
})

/** As before, but the password was still right at the other look: the reset comes before the session is there. */
async function thiefBeforeReset(platform: TestPlatform, isLocked: boolean): Promise<number> {
  const db = isLocked ? platform.db : withoutGuard(platform.db, 'for share')
  const { call, confirm, askedCode, signIn } = await forgetful({ ...platform, db })
  const code = await askedCode()
  const gate = platform.racepoints.hold('identity.password-confirmed')
  const thief = signIn(oldPassword)
  await gate.reached
  const reset = confirm(code)
  await (isLocked ? untilWaiting(platform.db) : reset)
  gate.open()
  expect([(await thief).status, (await reset).status]).toEqual([201, 204])
  return (await call('POST', '/api/sessions/refresh', undefined, { cookie: cookieOf(await thief) })).status
}

test('a session that begins with the old password just before the new one is set ends with the others', async ({
  platform,
}) => {
  expect(await thiefBeforeReset(platform, true)).toBe(401)
})

test('control: without the lock on the password it would live on', async ({ platform }) => {
  expect(await thiefBeforeReset(platform, false)).toBe(200)
})
