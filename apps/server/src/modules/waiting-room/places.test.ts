import { expect } from 'vitest'
import { row, rows, sql } from '#platform/db'
import { untilWaiting, withoutGuard } from '../../../test/controls.ts'
import { openTestPlatform, test, type TestPlatform } from '../../../test/fixtures.ts'
import {
  closesAt,
  config,
  openWorld,
  opensAt,
  orderFulfilled,
  people,
  salePublished,
  sectionOf,
  stockChanged,
} from './test-world.ts'
import { createWaitingRoom } from './index.ts'

const atNine = Date.parse('2026-01-01T09:00:00Z')
const atTen = Date.parse(opensAt)

test('a sale becomes ready with its lines, and telling it twice changes nothing', async ({ platform }) => {
  const world = await openWorld(platform, [{ id: 'lin_a' }, { id: 'lin_b' }])
  await world.tell(salePublished([{ id: 'lin_a', shoppersMax: 7 }, { id: 'lin_b' }]))
  expect((await platform.taken('spy')).map(({ type, data }) => [type, data])).toEqual([
    ['waiting-room.sale-ready.v1', { saleId: 'sal_1' }],
    ['waiting-room.sale-ready.v1', { saleId: 'sal_1' }],
  ])
  expect(await world.document('lin_b')).toMatchObject({
    id: 'lin_b',
    saleId: 'sal_1',
    eventId: 'evt_1',
    sectionIds: [sectionOf('lin_b')],
    phase: 'scheduled',
    arrivals: 0,
    frontier: 0,
    shoppersMax: 100,
    draw: { commitment: null },
    stock: { free: 100, held: 0, sold: 0 },
  })
})

test('joining gives the next number and a receipt; joining again gives the same ones', async ({ platform }) => {
  const world = await openWorld(platform)
  platform.clock.set(atNine)
  const first = await world.join('acc_1')
  expect(first.status).toBe(201)
  expect(first.body.place).toEqual({
    id: expect.stringMatching(/^plc_/),
    lineId: 'lin_a',
    number: 1,
    joinedAt: '2026-01-01T09:00:00.000Z',
  })
  const receipt = platform.tokens.verify('place', first.body.placeToken)
  expect(receipt).toEqual({
    kind: 'valid',
    payload: {
      placeId: first.body.place.id,
      lineId: 'lin_a',
      saleId: 'sal_1',
      accountId: 'acc_1',
      number: 1,
      iat: atNine,
    },
  })
  expect((await world.join('acc_2')).body.place.number).toBe(2)
  platform.clock.advance(5000)
  const again = await world.join('acc_1')
  expect(again.status).toBe(200)
  expect(again.body).toEqual(first.body)
  expect(await world.document()).toMatchObject({ phase: 'gathering', arrivals: 2 })
})

test('a place is refused before the gathering, after the end, when sold out, without a verified address, in a second line', async ({
  platform,
}) => {
  const world = await openWorld(platform, [{ id: 'lin_a' }, { id: 'lin_b', capacity: 1 }])
  platform.clock.set(atNine - 1)
  expect(await world.join('acc_1')).toMatchObject({ status: 409, body: { code: 'waiting-room.not-open', opensAt } })
  platform.clock.set(atNine)
  expect(await world.call('POST', '/api/lines/lin_a/places', 'acc_1', {}, { verified: false })).toMatchObject({
    status: 403,
    body: { code: 'identity.not-verified' },
  })
  expect(await world.call('POST', '/api/lines/lin_a/places', undefined, {})).toMatchObject({ status: 401 })
  expect(await world.join('acc_1', 'lin_none')).toMatchObject({
    status: 404,
    body: { code: 'waiting-room.line-not-found' },
  })
  expect(await world.join('acc_1')).toMatchObject({ status: 201 })
  expect(await world.join('acc_1', 'lin_b')).toMatchObject({
    status: 409,
    body: { code: 'waiting-room.in-another-line', lineId: 'lin_a' },
  })
  platform.clock.set(atTen)
  await world.tell(stockChanged(atTen, { lin_b: { sold: 1 } }))
  expect(await world.join('acc_2', 'lin_b')).toMatchObject({ status: 409, body: { code: 'waiting-room.sold-out' } })
  platform.clock.set(Date.parse(closesAt))
  expect(await world.join('acc_2')).toMatchObject({ status: 409, body: { code: 'waiting-room.closed' } })
  // Whoever has a place keeps the receipt.
  expect(await world.join('acc_1')).toMatchObject({ status: 200 })
  expect(await world.violations()).toEqual([])
})

test('who leaves gives up the place and may join another line of the sale', async ({ platform }) => {
  const world = await openWorld(platform, [{ id: 'lin_a' }, { id: 'lin_b' }])
  platform.clock.set(atNine)
  await world.join('acc_1')
  expect((await world.leave('acc_1')).status).toBe(204)
  expect((await world.leave('acc_1')).status).toBe(204)
  expect(await world.leave('acc_1', 'lin_none')).toMatchObject({ status: 404 })
  expect((await world.join('acc_1', 'lin_b')).body.place).toMatchObject({ lineId: 'lin_b', number: 1 })
  expect((await world.leave('acc_1', 'lin_a')).status).toBe(204)
  expect((await world.join('acc_1', 'lin_b')).status).toBe(200)
  expect(await world.violations()).toEqual([])
})

test('500 joins at once in three lines, many of them twice, give gap-free numbers and each account one place', async ({
  platform,
}) => {
  const lines = ['lin_a', 'lin_b', 'lin_c']
  const world = await openWorld(
    platform,
    lines.map((id) => ({ id })),
    { joinBatchMax: 64 },
  )
  platform.clock.set(atNine)
  const other = await secondProcess(platform)
  const rooms = [platform, other].map((process) => createWaitingRoom(process, { ...config, joinBatchMax: 64 }))
  const wishes = people(500).flatMap((accountId, i) => {
    const wish = { accountId, lineId: lines[i % 3]! }
    return i % 5 === 0 ? [wish, wish] : [wish]
  })
  const joined = await Promise.all(wishes.map((wish, i) => rooms[i % 2]!.join(wish)))
  for (const lineId of lines) {
    const numbers = new Set(joined.filter(({ place }) => place.lineId === lineId).map(({ place }) => place.number))
    expect([...numbers].toSorted((a, b) => a - b)).toEqual([...numbers].map((_, i) => i + 1))
  }
  expect(joined.filter(({ isNew }) => isNew).length).toBe(500)
  const { count } = await row(
    platform.db,
    sql<{ count: number }>`select count(distinct account_id) from waiting_room.places`,
  )
  expect(count).toBe(500)
  expect(await world.violations()).toEqual([])
  await other.database.close()
})

for (const guard of ['on', 'off'] as const) {
  const claim =
    guard === 'on'
      ? 'never give a number twice'
      : 'without the line’s lock and the key would give a number twice (control)'
  test(`two processes that take numbers at the same moment ${claim}`, async ({ platform }) => {
    const world = await openWorld(platform)
    platform.clock.set(atNine)
    const other = await secondProcess(platform)
    const db =
      guard === 'on'
        ? (process: typeof platform) => process.db
        : (process: typeof platform) => withoutGuard(process.db, /for no key update of l( skip locked)?/)
    if (guard === 'off')
      await sql`alter table waiting_room.passes drop constraint passes_line_id_number_fkey, drop constraint passes_pkey; alter table waiting_room.places drop constraint places_pkey`.execute(
        platform.db,
      )
    const [one, two] = [platform, other].map((process) =>
      createWaitingRoom({ ...process, db: db(process), racepoints: platform.racepoints }, config),
    )
    const gate = platform.racepoints.hold('waiting-room.after-numbers')
    const both = [
      one!.join({ lineId: 'lin_a', accountId: 'acc_1' }),
      two!.join({ lineId: 'lin_a', accountId: 'acc_2' }),
    ]
    await gate.reached
    await untilWaiting(platform.db)
    gate.open()
    const numbers = (await Promise.all(both)).map(({ place }) => place.number)
    expect(numbers.toSorted((a, b) => a - b)).toEqual(guard === 'on' ? [1, 2] : [1, 1])
    expect(await world.violations()).toEqual(guard === 'on' ? [] : ['the numbers of each line are exactly 1…arrivals'])
    await other.database.close()
  })
}

for (const guard of ['on', 'off'] as const) {
  const claim = guard === 'on' ? 'never stands in both' : 'would stand in both without the index (control)'
  test(`an account that joins two lines in two processes at the same moment ${claim}`, async ({ platform }) => {
    const world = await openWorld(platform, [{ id: 'lin_a' }, { id: 'lin_b' }])
    platform.clock.set(atNine)
    if (guard === 'off') await sql`drop index waiting_room.places_one_live`.execute(platform.db)
    const other = await secondProcess(platform)
    const [one, two] = [platform, other].map((process) =>
      createWaitingRoom({ ...process, racepoints: platform.racepoints }, config),
    )
    const gate = platform.racepoints.hold('waiting-room.after-numbers', guard === 'on' ? 1 : 2)
    const both = Promise.allSettled([
      one!.join({ lineId: 'lin_a', accountId: 'acc_1' }),
      two!.join({ lineId: 'lin_b', accountId: 'acc_1' }),
    ])
    await gate.reached
    if (guard === 'on') await untilWaiting(platform.db)
    gate.open()
    const refusals = (await both).flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
    expect(refusals.map((problem) => problem.code)).toEqual(guard === 'on' ? ['waiting-room.in-another-line'] : [])
    expect(await world.violations()).toEqual(guard === 'on' ? [] : ['no account has two live places in a sale'])
    // The refused join took no number with it.
    const arrivals = await rows(
      platform.db,
      sql<{ arrivals: number }>`select arrivals from waiting_room.lines where arrivals > 0`,
    )
    expect(arrivals.length).toBe(guard === 'on' ? 1 : 2)
    await other.database.close()
  })
}

test('a number, its line and its owner cannot be rewritten, not even by hand', async ({ platform }) => {
  const world = await openWorld(platform)
  platform.clock.set(atNine)
  await world.join('acc_1')
  for (const change of [sql`number = 7`, sql`line_id = 'lin_b'`, sql`account_id = 'acc_9'`]) {
    await expect(sql`update waiting_room.places set ${change}`.execute(platform.db)).rejects.toThrow(
      'a place keeps its line, number and owner for ever',
    )
  }
})

test('too many waiting for a number are told to come back, and nobody who was told a number is forgotten', async ({
  platform,
}) => {
  const world = await openWorld(platform, [{ id: 'lin_a' }], { joinBatchMax: 2, joinQueueMax: 10 })
  platform.clock.set(atNine)
  const answers = await Promise.all(people(20).map((accountId) => world.join(accountId)))
  const placed = answers.filter((answer) => answer.status === 201)
  const refused = answers.filter((answer) => answer.status === 503)
  expect(placed.length).toBeGreaterThanOrEqual(5)
  expect(placed.length + refused.length).toBe(20)
  expect(refused[0]).toMatchObject({ body: { code: 'http.overloaded' }, headers: { 'retry-after': '1' } })
  expect((await world.document()).arrivals).toBe(placed.length)
})

test('facts that come before the sale they speak of are not lost', async ({ platform }) => {
  const world = await openWorld(platform, [])
  const later = 'sal_2'
  await world.tell(
    stockChanged(platform.clock.now(), { lin_z: { free: 9, sold: 1 } }, later),
    orderFulfilled({
      id: 'ord_1',
      lineId: 'lin_z',
      accountId: 'acc_1',
      seats: 2,
      at: platform.clock.now(),
      saleId: later,
    }),
  )
  await world.tell(salePublished([{ id: 'lin_z', capacity: 10 }], later))
  const counts = await rows(
    platform.db,
    sql`select capacity, free, sold, fulfilled from waiting_room.sections where sale_id = ${later}`,
  )
  expect(counts).toEqual([{ capacity: 10, free: 9, sold: 1, fulfilled: 2 }])
})

async function secondProcess(platform: TestPlatform) {
  const other = await openTestPlatform(platform.databaseUrl, { seed: 2, origin: 'other' })
  other.clock.set(platform.clock.now())
  return other
}
