import { expect } from 'vitest'
import { row, rows, sql } from '#platform/db'
import { freezeColumn, withoutRowLocks } from '../../../test/controls.ts'
import type { TestPlatform } from '../../../test/fixtures.ts'
import { manyAtOnce, registration, test, world } from '../../../test/identity-world.ts'

/** Four people register the same address, differently capitalised, and come to the database together. */
async function fourRegister(platform: TestPlatform): Promise<{ statuses: number[]; accounts: number; facts: number }> {
  const { call, facts } = await world(platform)
  const gate = platform.racepoints.hold('identity.before-insert', 4)
  const all = ['mina@example.com', 'MINA@example.com', 'Mina@Example.com', 'mina@EXAMPLE.com'].map((email) =>
    call('POST', '/api/accounts', registration({ email })),
  )
  await gate.reached
  gate.open()
  const statuses = (await Promise.all(all)).map((answer) => answer.status)
  const { count } = await row(platform.db, sql<{ count: number }>`select count(*) from identity.accounts`)
  return { statuses: statuses.toSorted((a, b) => a - b), accounts: count, facts: (await facts()).length }
}

test('of several who register one address at once exactly one gets the account', async ({ platform }) => {
  expect(await fourRegister(platform)).toEqual({ statuses: [201, 409, 409, 409], accounts: 1, facts: 2 })
})

test('control: without the constraint they all would', async ({ platform }) => {
  await sql`alter table identity.accounts drop constraint accounts_email_key_key`.execute(platform.db)
  expect(await fourRegister(platform)).toEqual({ statuses: [201, 201, 201, 201], accounts: 4, facts: 8 })
})

/** Twenty wrong codes are entered at once. */
async function twentyGuesses(platform: TestPlatform): Promise<Record<string, number>> {
  const { call, register } = await world(platform)
  const { code } = await register()
  const wrong = code === '000000' ? '000001' : '000000'
  const answers = await manyAtOnce(20, () =>
    call('POST', '/api/accounts/verify', { email: registration().email, code: wrong }),
  )
  return Object.fromEntries(
    Map.groupBy(answers, (answer) => String(answer.body.code))
      .entries()
      .map(([code, list]) => [code, list.length]),
  )
}

test('of many guesses at once only five are compared with the code', async ({ platform }) => {
  expect(await twentyGuesses(platform)).toEqual({ 'identity.wrong-code': 5, 'identity.too-many-attempts': 15 })
})

test('control: when attempts are not kept, all are compared', async ({ platform }) => {
  await freezeColumn(platform.db, 'identity.codes', 'attempts')
  expect(await twentyGuesses(platform)).toEqual({ 'identity.wrong-code': 20 })
})

/** Two administrators dismiss each other; each has been counted before either is dismissed, if the database lets it. */
async function twoDismissEachOther(
  platform: TestPlatform,
  isLocked: boolean,
): Promise<{ statuses: number[]; admins: number }> {
  const { call, admin } = await world(isLocked ? platform : { ...platform, db: withoutRowLocks(platform.db) })
  const first = await admin('first@example.com')
  const second = await admin('second@example.com')
  const gate = platform.racepoints.hold('identity.admins-counted', isLocked ? 1 : 2)
  const dismiss = (who: { accountId: string }, by: { accessToken: string }) =>
    call('PUT', `/api/accounts/${who.accountId}/roles`, { roles: ['buyer'] }, { token: by.accessToken })
  const both = [dismiss(first, second), dismiss(second, first)]
  await gate.reached
  gate.open()
  const statuses = (await Promise.all(both)).map((answer) => answer.status)
  const left = await rows(platform.db, sql`select 1 from identity.accounts where 'admin' = any (roles)`)
  return { statuses: statuses.toSorted((a, b) => a - b), admins: left.length }
}

test('two administrators who dismiss each other at once do not leave nobody', async ({ platform }) => {
  expect(await twoDismissEachOther(platform, true)).toEqual({ statuses: [200, 409], admins: 1 })
})

test('control: without the locks they would', async ({ platform }) => {
  expect(await twoDismissEachOther(platform, false)).toEqual({ statuses: [200, 200], admins: 0 })
})

test('an address is mailed no more codes when they are asked for all at once', async ({ platform }) => {
  const { call, register, facts } = await world(platform, { limits: { codesMax: 1000 } })
  await register()
  await manyAtOnce(20, () => call('POST', '/api/accounts/verify/resend', { email: registration().email }))
  expect((await facts()).length).toBe(5)
})

test('control: without the lock on the account more would be', async ({ platform }) => {
  const { call, register, facts } = await world(
    { ...platform, db: withoutRowLocks(platform.db) },
    { limits: { codesMax: 1000 } },
  )
  await register()
  const gate = platform.racepoints.hold('identity.code-issued', 8)
  const asking = manyAtOnce(8, () => call('POST', '/api/accounts/verify/resend', { email: registration().email }))
  await gate.reached
  gate.open()
  await asking
  expect((await facts()).length).toBeGreaterThan(5)
})
