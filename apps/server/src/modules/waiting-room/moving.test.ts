import { expect } from 'vitest'
import { row, rows, sql } from '#platform/db'
import { untilWaiting, withoutGuard } from '../../../test/controls.ts'
import { openTestPlatform, test, type TestPlatform } from '../../../test/fixtures.ts'
import { createWaitingRoom } from './index.ts'
import { config, openWorld, opensAt, people } from './test-world.ts'

const atNine = Date.parse('2026-01-01T09:00:00Z')
const atTen = Date.parse(opensAt)
const three = [{ id: 'lin_a' }, { id: 'lin_b' }, { id: 'lin_c' }]

const placesOf = (platform: TestPlatform, accountId: string) =>
  rows(
    platform.db,
    sql<{ lineId: string; number: number; state: string; position: number | null }>`
      select line_id as "lineId", number, state, position from waiting_room.places
      where account_id = ${accountId} order by line_id, number`,
  )

async function anotherProcess(platform: TestPlatform) {
  const other = await openTestPlatform(platform.databaseUrl, { seed: 2, origin: 'other' })
  other.clock.set(platform.clock.now())
  return other
}

test('while lines gather, a place moves to the end of another one, once, however often it is asked for', async ({
  platform,
}) => {
  const world = await openWorld(platform, three, {}, 'draw')
  platform.clock.set(atNine)
  await world.join('acc_1', 'lin_b')
  const first = await world.join('acc_2')
  const moved = await world.move('acc_2', 'lin_a', 'lin_b')
  expect(moved).toMatchObject({ status: 201, body: { place: { lineId: 'lin_b', number: 2 } } })
  expect(moved.body.place.id).not.toBe(first.body.place.id)
  // The answer may have been lost on its way.
  const again = await world.move('acc_2', 'lin_a', 'lin_b')
  expect(again).toMatchObject({ status: 200, body: moved.body })
  expect(await placesOf(platform, 'acc_2')).toMatchObject([
    { lineId: 'lin_a', number: 1, state: 'left' },
    { lineId: 'lin_b', number: 2, state: 'waiting' },
  ])
  expect(await world.document('lin_b')).toMatchObject({ arrivals: 2 })
  // There and back: the old number is gone for good.
  expect((await world.move('acc_2', 'lin_b', 'lin_a')).body.place.number).toBe(2)
  world.openSale()
  await world.draw()
  expect(await world.violations()).toEqual([])
})

test('the lines of a sale are told in a few words, for a statement a second whoever asks', async ({ platform }) => {
  const world = await openWorld(platform, three)
  platform.clock.set(atNine)
  await world.joinCrowd(people(3))
  const list = () => world.call('GET', '/api/lines?saleId=sal_1')
  const first = await list()
  expect(first).toMatchObject({ status: 200, headers: { 'cache-control': 'public, max-age=2' } })
  expect(first.body.items).toEqual([
    { id: 'lin_a', name: 'lin_a', phase: 'gathering', free: 100, waiting: 3 },
    { id: 'lin_b', name: 'lin_b', phase: 'gathering', free: 100, waiting: 0 },
    { id: 'lin_c', name: 'lin_c', phase: 'gathering', free: 100, waiting: 0 },
  ])
  platform.clock.advance(1000)
  const before = platform.statements.length
  for (const answer of await Promise.all(Array.from({ length: 50 }, list))) expect(answer.status).toBe(200)
  expect(platform.statements.length - before).toBeLessThanOrEqual(1)
  expect(await world.call('GET', '/api/lines?saleId=sal_none')).toMatchObject({
    status: 404,
    body: { code: 'catalog.sale-not-found' },
  })
})

test('nothing moves from a line that the place does not stand in', async ({ platform }) => {
  const world = await openWorld(platform, three)
  platform.clock.set(atNine)
  await world.join('acc_1')
  for (const from of ['lin_c', 'lin_none'])
    expect(await world.move('acc_1', from, 'lin_b')).toMatchObject({
      status: 409,
      body: { code: 'waiting-room.in-another-line', lineId: 'lin_a' },
    })
  expect(await world.move('acc_1', 'lin_a', 'lin_none')).toMatchObject({ status: 404 })
  expect(await world.move('acc_1', 'lin_a', 'lin_a')).toMatchObject({ status: 200 })
  expect(await placesOf(platform, 'acc_1')).toMatchObject([{ lineId: 'lin_a', state: 'waiting' }])
  // Whoever has no place joins like anybody else.
  expect(await world.move('acc_2', 'lin_a', 'lin_b')).toMatchObject({ status: 201 })
})

test('from the opening on a place stays, is told so, and may be given up for the end of another line', async ({
  platform,
}) => {
  const world = await openWorld(platform, three, {}, 'draw')
  platform.clock.set(atNine)
  await world.join('acc_1')
  const moved = await world.move('acc_1', 'lin_a', 'lin_b')
  platform.clock.set(atTen)
  expect(await world.move('acc_1', 'lin_b', 'lin_c')).toMatchObject({
    status: 409,
    body: { code: 'waiting-room.too-late-to-move', lineId: 'lin_b' },
  })
  // What was done before is still told.
  expect(await world.move('acc_1', 'lin_a', 'lin_b')).toMatchObject({ status: 200, body: moved.body })
  await world.draw()
  expect(await world.move('acc_1', 'lin_b', 'lin_c')).toMatchObject({ status: 409 })
  expect((await world.leave('acc_1', 'lin_b')).status).toBe(204)
  expect((await world.join('acc_1', 'lin_c')).body.place).toMatchObject({ lineId: 'lin_c', number: 1 })
  expect(await world.violations()).toEqual([])
})

test('changing one’s mind is limited and says so, and takes no challenge', async ({ platform }) => {
  const secrets = (await import('#platform/secrets')).createSecrets(['a secret of this test'])
  const world = await openWorld(platform, three, {
    defences: { movesMax: 2, addressMax: 50 },
    challenges: { secrets, areRequired: true, cost: 2, triesMax: 8 },
  })
  platform.clock.set(atNine)
  const room = createWaitingRoom(platform, config)
  await room.join({ lineId: 'lin_a', accountId: 'acc_1' })
  const first = await world.move('acc_1', 'lin_a', 'lin_b')
  expect(first.status).toBe(201)
  expect(first.headers).toMatchObject({ 'ratelimit-policy': '"account";q=2;w=600, "address";q=50;w=600' })
  expect((await world.move('acc_1', 'lin_b', 'lin_a')).status).toBe(201)
  expect(await world.move('acc_1', 'lin_a', 'lin_b')).toMatchObject({
    status: 429,
    body: { code: 'http.too-many-requests' },
    headers: { 'retry-after': '600' },
  })
  // Without a place to move, a challenge is asked for as always.
  expect(await world.move('acc_2', 'lin_a', 'lin_b')).toMatchObject({
    status: 403,
    body: { code: 'waiting-room.challenge-required' },
  })
})

for (const guard of ['on', 'off'] as const) {
  const claim = guard === 'on' ? 'ends in one of them' : 'would stand in both without lock and index (control)'
  test(`an account that two processes move to two lines at the same moment ${claim}`, async ({ platform }) => {
    const world = await openWorld(platform, three)
    platform.clock.set(atNine)
    await world.join('acc_1')
    const other = await anotherProcess(platform)
    if (guard === 'off') await sql`drop index waiting_room.places_one_live`.execute(platform.db)
    const [one, two] = [platform, other].map((process) => {
      const db = guard === 'on' ? process.db : withoutGuard(process.db, 'for no key update of p')
      return createWaitingRoom({ ...process, db, racepoints: platform.racepoints }, config)
    })
    const gate = platform.racepoints.hold('waiting-room.before-numbers', guard === 'on' ? 1 : 2)
    const both = Promise.allSettled([
      one!.join({ lineId: 'lin_b', accountId: 'acc_1', moveFrom: 'lin_a' }),
      two!.join({ lineId: 'lin_c', accountId: 'acc_1', moveFrom: 'lin_a' }),
    ])
    await gate.reached
    if (guard === 'on') await untilWaiting(platform.db)
    gate.open()
    const refusals = (await both).flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
    expect(refusals.map((problem) => problem.code)).toEqual(guard === 'on' ? ['waiting-room.in-another-line'] : [])
    expect(await world.violations()).toEqual(guard === 'on' ? [] : ['no account has two live places in a sale'])
    await other.database.close()
  })
}

for (const guard of ['on', 'off'] as const) {
  const claim =
    guard === 'on'
      ? 'is done before it, and the place given up gets a position'
      : 'would leave a place without a position behind, were the line not kept (control)'
  test(`a move that meets the draw of its old line ${claim}`, async ({ platform }) => {
    const world = await openWorld(platform, three, {}, 'draw')
    platform.clock.set(atNine)
    await world.joinCrowd(people(3))
    const other = await anotherProcess(platform)
    // Its clock is a second behind, so it still believes in the gathering when the draw comes.
    other.clock.set(atTen - 1000)
    const db = guard === 'on' ? other.db : withoutGuard(other.db, 'for key share of l')
    const slow = createWaitingRoom({ ...other, db, racepoints: platform.racepoints }, config)
    const gate = platform.racepoints.hold('waiting-room.before-numbers')
    platform.clock.set(atTen)
    const moving = slow.join({ lineId: 'lin_b', accountId: 'acc_2', moveFrom: 'lin_a' })
    await gate.reached
    const drawing = world.draw()
    if (guard === 'off') await drawn(platform, 'lin_a')
    else await untilWaiting(platform.db)
    gate.open()
    expect(await moving).toMatchObject({ isNew: true, place: { lineId: 'lin_b', number: 1 } })
    await drawing
    const [old] = await placesOf(platform, 'acc_2')
    expect(old).toMatchObject({ lineId: 'lin_a', state: 'left' })
    expect(old!.position === null).toBe(guard === 'off')
    await other.database.close()
  })
}

test('a slow clock moves nobody out of a line that is frozen, nor into one', async ({ platform }) => {
  const world = await openWorld(platform, three, {}, 'draw')
  platform.clock.set(atNine)
  await world.join('acc_1')
  const other = await anotherProcess(platform)
  other.clock.set(atTen - 1000)
  const slow = createWaitingRoom(other, config)
  platform.clock.set(atTen)
  await world.draw()
  await expect(slow.join({ lineId: 'lin_b', accountId: 'acc_1', moveFrom: 'lin_a' })).rejects.toMatchObject({
    code: 'waiting-room.too-late-to-move',
  })
  expect(await placesOf(platform, 'acc_1')).toMatchObject([{ lineId: 'lin_a', state: 'waiting' }])
  await other.database.close()
})

for (const first of ['the claim', 'the move'] as const)
  test(`of a claim and a move of the same place only ${first} counts when it is first`, async ({ platform }) => {
    const world = await openWorld(platform, three)
    platform.clock.set(atNine)
    const [token] = await world.joinInTurn(['acc_1'])
    const other = await anotherProcess(platform)
    other.clock.set(atTen - 1000)
    const slow = createWaitingRoom({ ...other, racepoints: platform.racepoints }, config)
    const move = () => slow.join({ lineId: 'lin_b', accountId: 'acc_1', moveFrom: 'lin_a' })
    const gate = platform.racepoints.hold(
      first === 'the claim' ? 'waiting-room.before-pass' : 'waiting-room.before-numbers',
    )
    let moving: Promise<unknown>
    let claiming: Promise<{ status: number }>
    if (first === 'the claim') {
      world.openSale()
      await world.tick()
      claiming = world.claim('acc_1', token!)
      await gate.reached
      moving = move().catch((problem: unknown) => problem)
    } else {
      moving = move()
      await gate.reached
      world.openSale()
      await world.tick()
      claiming = world.claim('acc_1', token!)
    }
    await untilWaiting(platform.db)
    gate.open()
    const [moved, claimed] = [await moving, await claiming]
    expect({ moved, claimed }).toMatchObject(
      first === 'the claim'
        ? { moved: { code: 'waiting-room.too-late-to-move' }, claimed: { status: 201 } }
        : {
            moved: { place: { lineId: 'lin_b' } },
            claimed: { status: 409, body: { code: 'waiting-room.pass-used' } },
          },
    )
    expect(await world.violations()).toEqual([])
    await other.database.close()
  })

test('a line whose row is locked by something that hangs holds up neither joining, moving between, nor calling in others', async ({
  platform,
}) => {
  const world = await openWorld(platform, [...three, { id: 'lin_d' }], { joinQueueMax: 8 })
  platform.clock.set(atNine)
  await world.joinCrowd(people(3, 'early_'), 'lin_b')
  await world.join('mover_1', 'lin_a')
  const hanging = await platform.database.pool.connect()
  await hanging.query('begin')
  await hanging.query(
    `select 1 from waiting_room.lines l join waiting_room.frontiers f on f.line_id = l.id where l.id = 'lin_a' for update`,
  )
  const stuck = [
    ...people(4, 'stuck_').map((accountId) => world.join(accountId)),
    world.move('mover_1', 'lin_a', 'lin_c'),
  ]
  await untilWaiting(platform.db)
  // More than half of the room in the queue is never taken by one line.
  expect((await world.join('late_1')).status).toBe(503)
  expect((await world.join('acc_1', 'lin_c')).status).toBe(201)
  expect((await world.move('acc_1', 'lin_c', 'lin_d')).status).toBe(201)
  world.openSale()
  await world.tick()
  expect(await world.document('lin_b')).toMatchObject({ frontier: 3 })
  expect(await world.document('lin_a')).toMatchObject({ frontier: 0 })
  await hanging.query('rollback')
  hanging.release()
  await Promise.all(stuck)
  await world.tick()
  expect((await world.document('lin_a')).frontier).toBeGreaterThan(0)
  expect(await world.violations()).toEqual([])
})

async function drawn(platform: TestPlatform, lineId: string): Promise<void> {
  for (let look = 0; look < 3000; look++) {
    const { at } = await row(
      platform.db,
      sql<{ at: Date | null }>`select drawn_at as at from waiting_room.lines where id = ${lineId}`,
    )
    if (at !== null) return
  }
  throw new Error(`${lineId} was not drawn`)
}
