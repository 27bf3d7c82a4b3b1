import { describe, expect } from 'vitest'
import { rows, sql, type Db } from '#platform/db'
import { untilWaiting, withoutRowLocks } from '../../../test/controls.ts'
import { openTestPlatform, test, type TestPlatform } from '../../../test/fixtures.ts'
import { createBallots } from './index.ts'
import { closesAt, drawAt, minuteMs, openWorld, opensAt, people } from './test-world.ts'

const lines = [
  { id: 'lin_a', capacity: 2 },
  { id: 'lin_b', capacity: 3 },
]

describe('applying', () => {
  test('an application keeps its number, whatever is changed, withdrawn and wished again', async ({ platform }) => {
    const world = await openWorld(platform, lines)
    const first = await world.apply('acc_1', ['lin_b', 'lin_a'], 2)
    expect(first).toMatchObject({
      status: 201,
      body: {
        application: { number: 1, preferences: ['lin_b', 'lin_a'], quantity: 2, state: 'active', position: null },
      },
    })
    expect((await world.apply('acc_2', ['lin_a'])).body.application.number).toBe(2)
    platform.clock.advance(minuteMs)
    expect(await world.apply('acc_1', ['lin_a'])).toMatchObject({
      status: 200,
      body: { application: { id: first.body.application.id, number: 1, preferences: ['lin_a'], quantity: 1 } },
    })
    expect((await world.withdraw('acc_1')).status).toBe(204)
    expect((await world.withdraw('acc_1')).status).toBe(204)
    expect((await world.mine('acc_1')).application).toMatchObject({ number: 1, state: 'withdrawn' })
    expect((await world.apply('acc_1', ['lin_b'])).body.application).toMatchObject({ number: 1, state: 'active' })
    expect((await world.apply('acc_3', ['lin_b'])).body.application.number).toBe(3)
    platform.clock.advance(1000)
    expect(await world.document()).toMatchObject({
      phase: 'open',
      applications: 3,
      lines: [
        { id: 'lin_a', places: 2, firstPreferences: 1 },
        { id: 'lin_b', places: 3, firstPreferences: 2 },
      ],
    })
  })

  test('500 people who apply at once have the numbers 1 to 500, committed before they are told', async ({
    platform,
  }) => {
    const world = await openWorld(platform, lines)
    const applied = await world.applyCrowd(people(500), ['lin_a'])
    expect(applied.map(({ application }) => application.number).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 500 }, (_, i) => i + 1),
    )
    expect(await world.module.known!(applied.map(({ application }) => application.id))).toHaveLength(500)
    expect(await world.violations()).toEqual([])
  })

  test('every fault of an application is named', async ({ platform }) => {
    const world = await openWorld(platform, lines, { limit: 2 })
    expect(await world.apply('acc_1', ['lin_a', 'lin_x', 'lin_a'], 3)).toMatchObject({
      status: 400,
      body: {
        code: 'ballots.invalid-application',
        errors: [
          { pointer: '#/preferences/1', detail: 'is not a line of this ballot' },
          { pointer: '#/preferences/2', detail: 'is named twice' },
          { pointer: '#/quantity', detail: 'is more than the limit of 2' },
        ],
      },
    })
    expect((await world.apply('acc_1', [])).status).toBe(400)
  })

  test('only verified people apply, only while applications are open, and only to a ballot', async ({ platform }) => {
    const world = await openWorld(platform, lines)
    const body = { preferences: ['lin_a'], quantity: 1 }
    const path = '/api/ballots/sal_1/applications'
    expect((await world.call('POST', path, undefined, body)).body.code).toBe('identity.sign-in-required')
    expect((await world.call('POST', path, 'acc_1', body, { verified: false })).body.code).toBe('identity.not-verified')
    expect((await world.call('POST', '/api/ballots/sal_9/applications', 'acc_1', body)).body.code).toBe(
      'ballots.ballot-not-found',
    )
    platform.clock.set(Date.parse(opensAt) - 1)
    expect((await world.apply('acc_1', ['lin_a'])).body).toMatchObject({ code: 'ballots.not-open', opensAt })
    platform.clock.set(Date.parse(drawAt))
    expect((await world.apply('acc_1', ['lin_a'])).body.code).toBe('ballots.closed')
    expect((await world.withdraw('acc_1')).body.code).toBe('ballots.closed')
    expect((await world.mine('acc_1')).code).toBe('ballots.application-not-found')
    platform.clock.set(Date.parse(closesAt))
    expect((await world.document()).phase).toBe('closed')
  })

  test('an account that changes its mind all the time is asked to wait', async ({ platform }) => {
    const world = await openWorld(platform, lines)
    for (let i = 0; i < 30; i++) expect((await world.apply('acc_1', ['lin_a'])).status).toBeLessThan(300)
    const refusal = await world.apply('acc_1', ['lin_a'])
    expect(refusal).toMatchObject({ status: 429, body: { code: 'http.too-many-requests' } })
    expect(refusal.headers).toMatchObject({ 'retry-after': '600', ratelimit: '"account";r=0;t=600' })
    platform.clock.advance(10 * minuteMs)
    expect((await world.apply('acc_1', ['lin_a'])).status).toBe(200)
  })

  test('the same key gives the same answer', async ({ platform }) => {
    const world = await openWorld(platform, lines)
    const send = () =>
      world.call(
        'POST',
        '/api/ballots/sal_1/applications',
        'acc_1',
        { preferences: ['lin_a'], quantity: 1 },
        {
          headers: { 'idempotency-key': 'k1' },
        },
      )
    const first = await send()
    expect(await send()).toMatchObject({ status: 201, body: first.body })
  })
})

/** Two processes are asked for a number, the second while the first is about to give one. @returns the numbers told */
async function together(platform: TestPlatform, guard: (db: Db) => Db): Promise<number[]> {
  const world = await openWorld({ ...platform, db: guard(platform.db) }, lines)
  const second = await openTestPlatform(platform.databaseUrl, { seed: 2, origin: 'second' })
  try {
    second.clock.set(platform.clock.now())
    const other = createBallots({ ...second, db: guard(second.db) }, {})
    const gate = platform.racepoints.hold('ballots.before-numbers')
    const first = world.applyCrowd(['acc_1'], ['lin_a'])
    await gate.reached
    const late = other.apply({ saleId: 'sal_1', preferences: ['lin_b'], quantity: 1, accountId: 'acc_2' })
    // Without the lock the second is done before the first goes on; with it, it waits.
    await (guard === withoutRowLocks ? late : untilWaiting(platform.db))
    gate.open()
    return [(await first)[0]!.application.number, (await late).application.number]
  } finally {
    await second.database.close()
  }
}

test('two processes give different numbers', async ({ platform }) => {
  expect(await together(platform, (db) => db)).toEqual([1, 2])
})

test('control, lock off: two processes give the same number', async ({ platform }) => {
  expect(await together(platform, withoutRowLocks)).toEqual([1, 1])
})

test('numbers, owners and drawn wishes cannot be rewritten, whatever the code does', async ({ platform }) => {
  const world = await openWorld(platform, lines)
  await world.apply('acc_1', ['lin_a'])
  const rewrite = (change: string) => rows(platform.db, sql.raw(`update ballots.applications set ${change}`))
  await expect(rewrite('number = 5')).rejects.toThrow(/keeps its number/)
  await expect(rewrite("account_id = 'acc_2'")).rejects.toThrow(/keeps its number/)
  await rewrite('quantity = 2')
  await world.drawNow()
  await expect(rewrite('quantity = 1')).rejects.toThrow(/keeps its number/)
  await expect(rewrite("preferences = '{1}'")).rejects.toThrow(/keeps its number/)
  await expect(rewrite('position = 2')).rejects.toThrow(/keeps its number/)
  await expect(rows(platform.db, sql`update ballots.ballots set arrivals = 2`)).rejects.toThrow(/once/)
  await expect(rows(platform.db, sql`update ballots.ballots set draw_seed = null`)).rejects.toThrow(/once/)
})
