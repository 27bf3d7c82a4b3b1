import { expect } from 'vitest'
import { row, rows, sql } from '#platform/db'
import { withoutGuard, withoutLeader } from '../../../test/controls.ts'
import { openTestPlatform, test } from '../../../test/fixtures.ts'
import { createWaitingRoom } from './index.ts'
import {
  config,
  openWorld,
  opensAt,
  orderFulfilled,
  orderRefunded,
  seatsReturned,
  people,
  stockChanged,
} from './test-world.ts'

const atNine = Date.parse('2026-01-01T09:00:00Z')
const atTen = Date.parse(opensAt)

test('nobody is called before the sale opens, then as many as may be inside, in the order of their numbers', async ({
  platform,
}) => {
  const world = await openWorld(platform, [{ id: 'lin_a', shoppersMax: 3 }])
  platform.clock.set(atNine)
  await world.joinCrowd(people(5))
  platform.clock.set(atTen - 1)
  await world.tick()
  expect(await world.document()).toMatchObject({ phase: 'gathering', frontier: 0, arrivals: 5 })
  platform.clock.set(atTen)
  await world.tick()
  await world.tick()
  expect(await world.document()).toMatchObject({ phase: 'open', frontier: 3 })
})

test('the rate lets in its share of a minute, with its fraction kept from tick to tick', async ({ platform }) => {
  const world = await openWorld(platform, [{ id: 'lin_a', admitPerMinute: 90, capacity: 1000, shoppersMax: 1000 }])
  platform.clock.set(atNine)
  await world.joinCrowd(people(200))
  world.openSale()
  await world.tick()
  expect((await world.document()).frontier).toBe(1)
  for (let quarter = 0; quarter < 240; quarter++) {
    platform.clock.advance(250)
    await world.tick()
  }
  expect((await world.document()).frontier).toBe(91)
  expect((await world.document()).admittedPerMinute).toBe(91)
})

test('an absent person delays no one: the place lapses and the next is called', async ({ platform }) => {
  const world = await openWorld(platform, [{ id: 'lin_a', shoppersMax: 2 }])
  platform.clock.set(atNine)
  const tokens = await world.joinInTurn(people(4))
  world.openSale()
  await world.tick()
  expect((await world.claim('acc_2', tokens[1]!)).status).toBe(201)
  platform.clock.advance(59_999)
  await world.tick()
  expect((await world.document()).frontier).toBe(2)
  platform.clock.advance(1)
  await world.tick()
  expect((await world.document()).frontier).toBe(3)
  expect((await world.claim('acc_3', tokens[2]!)).status).toBe(201)
  await world.leave('acc_2')
  await world.tick()
  expect((await world.document()).frontier).toBe(4)
})

test('who has left while waiting is passed over without keeping a seat for the time of a call', async ({
  platform,
}) => {
  const world = await openWorld(platform, [{ id: 'lin_a', shoppersMax: 1 }])
  platform.clock.set(atNine)
  await world.joinCrowd(people(3))
  await world.leave('acc_1')
  await world.leave('acc_2')
  world.openSale()
  for (let i = 0; i < 4; i++) await world.tick()
  expect((await world.document()).frontier).toBe(3)
})

test('the door stays shut while the stock has never been told', async ({ platform }) => {
  const world = await openWorld(platform, [{ id: 'lin_a' }])
  await sql`update waiting_room.sections set free = null, held = null, secured = null, sold = null, blocked = null, stock_at = null`.execute(
    platform.db,
  )
  platform.clock.set(atNine)
  await world.joinCrowd(people(3))
  world.openSale()
  await world.tick()
  expect(await world.document()).toMatchObject({ phase: 'open', frontier: 0 })
  await world.tell(stockChanged(atTen, { lin_a: { free: 100 } }))
  await world.tick()
  expect((await world.document()).frontier).toBe(3)
})

test('no more are inside than seats can be had, even when the stock lags behind the orders', async ({ platform }) => {
  const world = await openWorld(platform, [{ id: 'lin_a', capacity: 4, shoppersMax: 50 }])
  platform.clock.set(atNine)
  const tokens = await world.joinInTurn(people(20))
  world.openSale()
  await world.tick()
  expect((await world.document()).frontier).toBe(4)
  for (const i of [0, 1, 2]) await world.claim(`acc_${i + 1}`, tokens[i]!)
  // Two buy; the inventory's own fact has not come yet and still shows four free seats.
  const bought = [1, 2].map((i) =>
    orderFulfilled({ id: `ord_${i}`, lineId: 'lin_a', accountId: `acc_${i}`, at: atTen }),
  )
  await world.tell(...bought, ...bought)
  platform.clock.advance(1000)
  await world.tick()
  expect(await world.document()).toMatchObject({ frontier: 4, stock: { free: 4, sold: 0 } })
  // The fact comes and says the same: still nobody. An older one that comes later changes nothing.
  await world.tell(
    stockChanged(atTen + 500, { lin_a: { free: 2, sold: 2 } }),
    stockChanged(atTen + 400, { lin_a: { free: 4 } }),
  )
  await world.tick()
  expect(await world.document()).toMatchObject({ frontier: 4, stock: { free: 2, sold: 2 } })
  // One leaves without having bought: one seat for one more person.
  await world.leave('acc_3')
  await world.tick()
  expect((await world.document()).frontier).toBe(5)
  // A refund takes back what its order had counted.
  await world.tell(
    orderRefunded({ id: 'ord_1', lineId: 'lin_a', accountId: 'acc_1' }),
    orderRefunded({ id: 'ord_1', lineId: 'lin_a', accountId: 'acc_1' }),
  )
  await world.tick()
  expect((await world.document()).frontier).toBe(5)
  await world.tell(stockChanged(atTen + 2000, { lin_a: { free: 3, sold: 1 } }))
  await world.tick()
  expect((await world.document()).frontier).toBe(6)
  expect(await world.violations()).toEqual([])
})

test('a refund that comes before the fulfilment it undoes is not forgotten', async ({ platform }) => {
  const world = await openWorld(platform, [{ id: 'lin_a' }])
  const order = { id: 'ord_1', lineId: 'lin_a', accountId: 'acc_1' }
  await world.tell(orderRefunded(order), orderFulfilled({ ...order, at: atTen }))
  expect(await rows(platform.db, sql`select fulfilled from waiting_room.sections`)).toEqual([{ fulfilled: 0 }])
})

test('seats of an order that were returned are taken back once each, and the rest with its end', async ({
  platform,
}) => {
  const world = await openWorld(platform, [{ id: 'lin_a' }])
  const order = { id: 'ord_1', lineId: 'lin_a', accountId: 'acc_1' }
  const fulfilled = async () =>
    (await rows(platform.db, sql<{ fulfilled: number }>`select fulfilled from waiting_room.sections`))[0]!.fulfilled
  await world.tell(orderFulfilled({ ...order, seats: 3, at: atTen }))
  await world.tell(seatsReturned(order, 'ret_1'), seatsReturned(order, 'ret_1'))
  expect(await fulfilled()).toBe(2)
  await world.tell(seatsReturned(order, 'ret_2'))
  expect(await fulfilled()).toBe(1)
  await world.tell(orderRefunded(order))
  expect(await fulfilled()).toBe(0)
})

test('sold out is said when nothing is free, held or being paid for; a returned seat opens the line again', async ({
  platform,
}) => {
  const world = await openWorld(platform, [{ id: 'lin_a', capacity: 3 }])
  platform.clock.set(atNine)
  await world.joinCrowd(people(5))
  world.openSale()
  await world.tell(stockChanged(atTen, { lin_a: { sold: 1, secured: 1, blocked: 1 } }))
  expect(await world.document()).toMatchObject({ phase: 'open', stock: { free: 0, held: 1, sold: 1 } })
  await world.tell(stockChanged(atTen + 1, { lin_a: { sold: 2, blocked: 1 } }))
  await world.tick()
  expect(await world.document()).toMatchObject({ phase: 'sold-out', frontier: 0 })
  await world.tell(stockChanged(atTen + 2, { lin_a: { free: 1, sold: 1, blocked: 1 } }))
  await world.tick()
  expect(await world.document()).toMatchObject({ phase: 'open', frontier: 1 })
})

test('only the owning organiser and an admin have a hand on the line', async ({ platform }) => {
  const world = await openWorld(platform)
  world.openSale()
  const change = (accountId: string, roles: string[], body: object) =>
    world.call('PATCH', '/api/lines/lin_a', accountId, body, { roles })
  expect(await change('acc_organiser', ['organiser'], { shoppersMax: 5 })).toMatchObject({
    status: 200,
    body: { shoppersMax: 5, admitPerMinute: 6000 },
  })
  expect(await change('acc_admin', ['admin'], { admitPerMinute: 60 })).toMatchObject({
    status: 200,
    body: { shoppersMax: 5, admitPerMinute: 60 },
  })
  expect(await change('acc_rival', ['organiser'], { shoppersMax: 1 })).toMatchObject({
    status: 404,
    body: { code: 'waiting-room.line-not-found' },
  })
  expect(await change('acc_organiser', ['buyer'], { shoppersMax: 1 })).toMatchObject({
    status: 403,
    body: { code: 'identity.not-allowed' },
  })
  expect(await change('acc_organiser', ['organiser'], { shoppersMax: 0, pace: 1 })).toMatchObject({
    status: 400,
    body: { code: 'http.invalid', errors: [{}, {}] },
  })
  for (const action of ['pause', 'resume']) {
    expect(
      await world.call('POST', `/api/lines/lin_a/${action}`, 'acc_rival', undefined, { roles: ['organiser'] }),
    ).toMatchObject({ status: 404 })
    expect(
      await world.call('POST', `/api/lines/lin_none/${action}`, 'acc_admin', undefined, { roles: ['admin'] }),
    ).toMatchObject({ status: 404 })
  }
  expect(await world.document()).toMatchObject({ shoppersMax: 5, admitPerMinute: 60, phase: 'open' })
})

for (const guard of ['on', 'off'] as const) {
  const claim =
    guard === 'on'
      ? 'never call anybody twice or too many'
      : 'without their locks and the key would call the same people (control)'
  test(`two processes that move the frontier at the same moment ${claim}`, async ({ platform }) => {
    const world = await openWorld(platform, [{ id: 'lin_a', shoppersMax: 3 }])
    platform.clock.set(atNine)
    await world.joinCrowd(people(10))
    world.openSale()
    const other = await openTestPlatform(platform.databaseUrl, { seed: 2, origin: 'other' })
    other.clock.set(atTen)
    if (guard === 'off') await sql`alter table waiting_room.calls drop constraint calls_pkey`.execute(platform.db)
    const [one, two] = [platform, other].map((process) => {
      const db = guard === 'on' ? process.db : withoutLeader(withoutGuard(process.db, 'for update of f skip locked'))
      return createWaitingRoom({ ...process, db, racepoints: platform.racepoints }, config).module.loops![0]!
    })
    const gate = platform.racepoints.hold('waiting-room.before-call', guard === 'on' ? 1 : 2)
    const both = [one!.run(), two!.run()]
    await gate.reached
    gate.open()
    await Promise.all(both)
    const called = await row(
      platform.db,
      sql<{ count: number }>`select sum(to_position - from_position + 1)::int as count from waiting_room.calls`,
    )
    expect(called.count).toBe(guard === 'on' ? 3 : 6)
    expect(await world.violations()).toEqual(guard === 'on' ? [] : ['the calls of each line are exactly 1…frontier'])
    await other.database.close()
  })
}

test('the rows’ own lock is enough: tickers without the leader’s lock still call nobody twice', async ({
  platform,
}) => {
  const world = await openWorld(platform, [{ id: 'lin_a', shoppersMax: 3 }])
  platform.clock.set(atNine)
  await world.joinCrowd(people(10))
  world.openSale()
  const loops = [1, 2, 3].map(
    () => createWaitingRoom({ ...platform, db: withoutLeader(platform.db) }, config).module.loops![0]!,
  )
  await Promise.all(loops.map((loop) => loop.run()))
  expect((await world.document()).frontier).toBe(3)
  expect(await world.violations()).toEqual([])
})

test('a restart forgets nothing: another process goes on with the same line, rate, calls and passes', async ({
  platform,
}) => {
  const world = await openWorld(platform, [{ id: 'lin_a', shoppersMax: 4, admitPerMinute: 60 }])
  platform.clock.set(atNine)
  const tokens = await world.joinInTurn(people(6))
  world.openSale()
  await world.tick()
  expect((await world.claim('acc_1', tokens[0]!)).status).toBe(201)
  platform.clock.advance(500)
  await world.tick()

  const next = await openTestPlatform(platform.databaseUrl, { seed: 9, origin: 'next' })
  next.clock.set(platform.clock.now())
  const room = createWaitingRoom(next, config)
  const tick = room.module.loops![0]!
  await tick.run()
  // Half a second at one person a second is not enough for the next, a whole second is.
  expect(await room.lineDocument('lin_a')).toMatchObject({ frontier: 1, arrivals: 6, shoppers: 1 })
  next.clock.advance(500)
  await tick.run()
  expect(await room.lineDocument('lin_a')).toMatchObject({ frontier: 2 })
  expect(await room.claim({ lineId: 'lin_a', accountId: 'acc_1', placeToken: tokens[0]! })).toMatchObject({
    isNew: false,
  })
  expect(await room.claim({ lineId: 'lin_a', accountId: 'acc_2', placeToken: tokens[1]! })).toMatchObject({
    isNew: true,
  })
  expect(await room.join({ lineId: 'lin_a', accountId: 'acc_6' })).toMatchObject({ isNew: false, place: { number: 6 } })
  expect(await room.join({ lineId: 'lin_a', accountId: 'acc_7' })).toMatchObject({ isNew: true, place: { number: 7 } })
  await next.database.close()
})

for (const seed of [1, 2, 3, 4]) {
  test(`whatever people do, never more are active than may be inside or can still buy (seed ${seed})`, async ({
    platform,
  }) => {
    const shoppersMax = 5
    const capacity = 12
    const world = await openWorld(platform, [{ id: 'lin_a', shoppersMax, capacity, admitPerMinute: 240 }])
    const chance = seeded(seed)
    platform.clock.set(atNine)
    const tokens = new Map<string, string>()
    const inside = new Set<string>()
    let sold = 0
    const names = people(25)
    const steps = {
      join: async (name: string) => {
        const answer = await world.join(name)
        if (answer.status === 201) tokens.set(name, answer.body.placeToken)
      },
      claim: async (name: string) => {
        if (tokens.has(name) && (await world.claim(name, tokens.get(name)!)).status < 300) inside.add(name)
      },
      leave: async (name: string) => {
        await world.leave(name)
        inside.delete(name)
      },
      buy: async () => {
        const name = [...inside][chance(Math.max(1, inside.size))]
        if (name === undefined || sold === capacity) return
        inside.delete(name)
        await world.tell(
          orderFulfilled({ id: `ord_${++sold}`, lineId: 'lin_a', accountId: name, at: platform.clock.now() }),
        )
      },
      stock: () => world.tell(stockChanged(platform.clock.now(), { lin_a: { free: capacity - sold, sold } })),
      wait: async () => platform.clock.advance(chance(30) * 1000),
      tick: () => world.tick(),
    }
    const moves = Object.values(steps)
    for (const name of names.slice(0, 15)) await steps.join(name)
    world.openSale()
    for (let i = 0; i < 200; i++) {
      await moves[chance(moves.length)]!(names[chance(names.length)]!)
      platform.clock.advance(250)
      await world.tick()
      const now = new Date(platform.clock.now())
      const { active } = await row(
        platform.db,
        sql<{ active: number }>`
          select (select count(*) from waiting_room.passes where ended_at is null and expires_at > ${now})
               + (select count(*) from waiting_room.places p join waiting_room.calls c on p.number between c.from_position and c.to_position
                  where p.state = 'waiting' and c.lapsed_at is null) as active`,
      )
      expect(active).toBeLessThanOrEqual(Math.min(shoppersMax, capacity - sold))
    }
    expect(sold).toBeGreaterThan(0)
    expect(await world.violations()).toEqual([])
  })
}

function seeded(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return (state >>> 8) % below
  }
}
