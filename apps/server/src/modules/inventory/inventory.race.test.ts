import { expect } from 'vitest'
import { row, rows, sql, transaction, type Db } from '#platform/db'
import { untilWaiting, withoutGuard } from '../../../test/controls.ts'
import { openTestPlatform, test, type TestPlatform } from '../../../test/fixtures.ts'
import {
  closesAt,
  countGuard,
  floorId,
  hallId,
  idOf,
  openSale,
  overlapGuard,
  rewritePlace,
  saleId,
  seat,
  shop,
} from '../../../test/inventory-world.ts'
import { createInventory, inventoryDefaults, type InventoryConfig } from './index.ts'
import { placeHolds, type Claim } from './inventory-store.ts'
import { createPlacing } from './placing.ts'
import { createSections } from './sections.ts'

type Shop = ReturnType<typeof shop>
type Answer = Awaited<ReturnType<Shop['place']>>

/** A second process on the same database and the same clock. `db` may change what it sends, for controls. */
async function withSecond(
  platform: TestPlatform,
  work: (other: Shop, second: TestPlatform) => Promise<void>,
  db?: (db: Db) => Db,
): Promise<void> {
  const opened = await openTestPlatform(platform.databaseUrl, { seed: 2, origin: 'second' })
  try {
    const second = {
      ...opened,
      clock: platform.clock,
      tokens: platform.tokens,
      accessTokens: platform.accessTokens,
      db: db ? db(opened.db) : opened.db,
    }
    await work(shop(second, createInventory(second).module), second)
  } finally {
    await opened.database.close()
  }
}

const codes = (answers: readonly Answer[]) =>
  Object.fromEntries(
    Map.groupBy(answers, (answer) => String('code' in answer ? answer.code : answer.status))
      .entries()
      .map(([code, list]) => [code, list.length]),
  )

const violations = async (sale: Shop) => (await sale.module.audit!()).checks.filter((check) => check.violations > 0)

/** 200 buyers in two processes want the same seat at once. `db` may change what both send, for the control. */
async function everybodyWantsOneSeat(platform: TestPlatform, db: (db: Db) => Db = (same) => same) {
  const sale = await openSale(platform)
  const changed = { ...platform, db: db(platform.db) }
  const mine = shop(changed, createInventory(changed).module)
  let answers: Answer[] = []
  await withSecond(
    platform,
    async (other) => {
      answers = await Promise.all(
        Array.from({ length: 200 }, (_, i) => (i % 2 ? mine : other).place(`acc_${i}`, { seatIds: seat(7) })),
      )
    },
    db,
  )
  return { codes: codes(answers), violations: await violations(sale) }
}

test('of 200 buyers who want one seat in two processes, one gets it and the others are told so', async ({
  platform,
}) => {
  expect(await everybodyWantsOneSeat(platform)).toEqual({
    codes: { 201: 1, 'inventory.seat-taken': 199 },
    violations: [],
  })
})

test('control: when a taken seat may be taken again, several of the 200 are told that it is theirs', async ({
  platform,
}) => {
  const result = await everybodyWantsOneSeat(platform, (db) =>
    withoutGuard(db, '(s.state = 0 or', '(s.state = s.state or'),
  )
  expect(result.codes[201]).toBeGreaterThan(1)
  expect(result.violations.length).toBeGreaterThan(0)
})

const claims = (...wanted: number[][]): Claim[] =>
  wanted.map((numbers, i) => ({
    holdId: `hld_${i}`,
    section: { id: hallId, saleId },
    lineId: 'lin_1',
    accountId: `acc_${i}`,
    entitled: null,
    unitAmount: null,
    isPromised: false,
    numbers,
    expiresAt: new Date(closesAt),
  }))

test('holds that overlap in one statement do not tear: the first gets its seats, the next nothing', async ({
  platform,
}) => {
  await openSale(platform)
  const placed = await transaction(platform.db, (tx) =>
    placeHolds(tx, claims([1, 2], [2, 3], [4, 5]), new Date(platform.clock.now())),
  )
  expect(placed.map(({ holdId, seats }) => ({ holdId, seats }))).toEqual([
    { holdId: 'hld_0', seats: [1, 2] },
    { holdId: 'hld_2', seats: [4, 5] },
  ])
  const held = await rows(
    platform.db,
    sql<{
      number: number
      holdId: string
    }>`select number, hold_id as "holdId" from inventory.seats where hold_id is not null order by number`,
  )
  expect(held.map(({ number }) => number)).toEqual([1, 2, 4, 5])
})

test('control: without the guard in the statement, {1,2} and {2,3} tear', async ({ platform }) => {
  const sale = await openSale(platform)
  const unguarded = withoutGuard(platform.db, 'h = min(h) over (partition by section_id, number)', 'true')
  const placed = await transaction(unguarded, (tx) =>
    placeHolds(tx, claims([1, 2], [2, 3]), new Date(platform.clock.now())),
  ).catch(() => 'torn')
  expect(placed === 'torn' || (await violations(sale)).length > 0).toBe(true)
})

/** Wishes that are asked in one turn of the event loop are decided in one batch of their lane, in their order. */
async function decideTogether(
  platform: TestPlatform,
  wishes: readonly { accountId: string; seats: readonly number[] }[],
  config: Partial<InventoryConfig> = {},
) {
  const sections = createSections(platform.db)
  const section = (await sections.find(hallId))!
  const placing = createPlacing({ ...platform, sections, touched() {} }, { ...inventoryDefaults, lanes: 1, ...config })
  const asker = { section, lineId: 'lin_1', passUntil: Infinity, entitled: null, unitAmount: null, isPromised: false }
  const answers = await Promise.allSettled(wishes.map((wish) => placing.place({ ...asker, ...wish })))
  return answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : (answer.reason as { code: string })))
}

/** Wishes of one batch that overlap: whether any hold came out torn. */
async function overlapping(platform: TestPlatform): Promise<boolean> {
  const sale = await openSale(platform)
  const wishes = Array.from({ length: 10 }, (_, i) => ({ accountId: `acc_${i}`, seats: [i + 1, i + 2] }))
  const answers = await decideTogether(platform, wishes)
  return answers.some((answer) => !('kind' in answer)) || (await violations(sale)).length > 0
}

test('wishes of one batch that overlap do not tear', async ({ platform }) => {
  expect(await overlapping(platform)).toBe(false)
})

test('control: without the guards in the function they tear', async ({ platform }) => {
  await rewritePlace(platform, overlapGuard, countGuard)
  expect(await overlapping(platform)).toBe(true)
})

test('without the overlap guard alone, the count of the rows stops the batch and each is decided alone', async ({
  platform,
}) => {
  await rewritePlace(platform, overlapGuard)
  expect(await overlapping(platform)).toBe(false)
})

test('in a batch, a seat that nobody gets in the end is not refused to the next', async ({ platform }) => {
  await openSale(platform)
  const wishes = [
    [1, 2],
    [2, 3],
    [3, 4],
  ].map((seats, i) => ({ accountId: `acc_${i}`, seats }))
  expect(await decideTogether(platform, wishes)).toMatchObject([
    { kind: 'placed' },
    { kind: 'seat-taken', seats: [2] },
    { kind: 'placed' },
  ])
})

test('in a batch, the limit counts what the same account was just given, and not what it was refused', async ({
  platform,
}) => {
  await openSale(platform, { limit: 4 })
  const wishes = [[1, 2], [2, 3], [5], [6, 7], [8]].map((seats) => ({ accountId: 'acc_a', seats }))
  expect(await decideTogether(platform, wishes)).toMatchObject([
    { kind: 'placed' },
    { kind: 'seat-taken' },
    { kind: 'placed' },
    { kind: 'limit-reached', have: 3 },
    { kind: 'placed' },
  ])
})

test('one account has a bounded number of requests under way', async ({ platform }) => {
  await openSale(platform, { limit: 100 })
  const wishes = Array.from({ length: 5 }, (_, i) => ({ accountId: 'acc_a', seats: [i + 1] }))
  const answers = await decideTogether(platform, wishes, { wishesPerAccountMax: 3 })
  expect(answers).toMatchObject([
    { kind: 'placed' },
    { kind: 'placed' },
    { kind: 'placed' },
    { code: 'http.too-many-requests' },
    { code: 'http.too-many-requests' },
  ])
})

test('one account asking many times at once in two processes never passes the limit', async ({ platform }) => {
  const sale = await openSale(platform, { limit: 4 })
  await withSecond(platform, async (other) => {
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, i) =>
        (i % 2 ? sale : other).place(
          'acc_a',
          i % 3 ? { seatIds: seat(2 * i + 1, 2 * i + 2) } : { sectionId: floorId, count: 2 },
        ),
      ),
    )
    expect(codes(answers)).toEqual({ 201: 2, 'inventory.limit-reached': 14 })
  })
  expect(await violations(sale)).toEqual([])
})

/**
 * Two processes decide for one account while a third has one of the seats of each locked: both are let go on when both
 * wait, for the seat or for each other.
 */
async function bothLook(platform: TestPlatform, limit: number): Promise<number> {
  const sale = await openSale(platform, { limit })
  // The buyer's row is there: inserting it would be a lock of its own.
  await sale.release('acc_a', idOf(await sale.place('acc_a', { seatIds: seat(9) })))
  const locker = await platform.database.pool.connect()
  let placed = 0
  try {
    await locker.query('begin')
    await locker.query('select 1 from inventory.seats where number in (1, 3) for update')
    await withSecond(platform, async (other) => {
      const first = sale.place('acc_a', { seatIds: seat(1, 2) })
      await untilWaiting(platform.db, 1)
      const next = other.place('acc_a', { seatIds: seat(3, 4) })
      await untilWaiting(platform.db, 2)
      await locker.query('rollback')
      placed = [await first, await next].filter((answer) => answer.status === 201).length
    })
  } finally {
    locker.release()
  }
  return placed
}

test('the limit holds for two processes that look at the same moment', async ({ platform }) => {
  expect(await bothLook(platform, 2)).toBe(1)
})

test('control: without the lock on the buyer both are let through', async ({ platform }) => {
  await rewritePlace(platform, ['do update set wishes = buyers.wishes + 1', 'do nothing'])
  expect(await bothLook(platform, 2)).toBe(2)
})

test('nobody is refused because somebody else has a named seat locked for a moment', async ({ platform }) => {
  const sale = await openSale(platform)
  const locker = await platform.database.pool.connect()
  try {
    await locker.query('begin')
    await locker.query('select 1 from inventory.seats for update')
    const wanted = sale.place('acc_a', { seatIds: seat(1, 2) })
    await untilWaiting(platform.db, 1)
    await locker.query('rollback')
    expect(await wanted).toMatchObject({ status: 201 })
  } finally {
    locker.release()
  }
})

test('processes that want the same seats in opposite orders do not deadlock', async ({ platform }) => {
  const sale = await openSale(platform, { limit: 100, rows: 2, seatsPerRow: 20 })
  const before = await row(
    platform.db,
    sql<{ deadlocks: number }>`select deadlocks from pg_stat_database where datname = current_database()`,
  )
  await withSecond(platform, async (other) => {
    for (let round = 0; round < 20; round++) {
      const up = Array.from({ length: 20 }, (_, i) => i + 1)
      const answers = await Promise.all([
        ...up.map((number) => sale.place(`acc_a${round}-${number}`, { seatIds: seat(number, (number % 20) + 21) })),
        ...up
          .toReversed()
          .map((number) => other.place(`acc_b${round}-${number}`, { seatIds: seat((number % 20) + 21, number) })),
      ])
      expect(codes(answers)).toEqual({ 201: 20, 'inventory.seat-taken': 20 })
      platform.clock.advance(300_000)
    }
  })
  const after = await row(
    platform.db,
    sql<{ deadlocks: number }>`select deadlocks from pg_stat_database where datname = current_database()`,
  )
  expect(after.deadlocks).toBe(before.deadlocks)
  expect(await violations(sale)).toEqual([])
})

/** Another process has the last two places locked and lets them go without taking them. */
async function lastPlacesLocked(platform: TestPlatform, want: object, db?: (db: Db) => Db): Promise<Answer> {
  await openSale(platform, { floor: 2, rows: 1, seatsPerRow: 2 })
  let answer!: Answer
  const locker = await platform.database.pool.connect()
  try {
    await locker.query(`begin; select 1 from inventory.seats for update`)
    await withSecond(
      platform,
      async (other) => {
        const wanted = other.place('acc_a', want)
        await Promise.race([wanted, untilWaiting(platform.db, 1)])
        await locker.query('rollback')
        answer = await wanted
      },
      db,
    )
  } finally {
    locker.release()
  }
  return answer
}

test('nobody is refused because somebody else has the last places locked for a moment', async ({ platform }) => {
  expect(await lastPlacesLocked(platform, { sectionId: floorId, count: 2 })).toMatchObject({ status: 201 })
})

test('nor seats side by side', async ({ platform }) => {
  expect(await lastPlacesLocked(platform, { count: 2, together: true })).toMatchObject({ status: 201 })
})

test('control: who passes by what is locked refuses for nothing', async ({ platform }) => {
  const answer = await lastPlacesLocked(platform, { sectionId: floorId, count: 2 }, (db) =>
    withoutGuard(db, /for update$/, 'for update skip locked'),
  )
  expect(answer).toMatchObject({ code: 'inventory.sold-out' })
})

test('two processes that sell an open section at once sell each place once and all of them', async ({ platform }) => {
  const sale = await openSale(platform, { floor: 300, rows: 0 })
  await withSecond(platform, async (other) => {
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, i) => (i % 2 ? sale : other).place(`acc_${i}`, { sectionId: floorId, count: 2 })),
    )
    expect(codes(answers)).toEqual({ 201: 150, 'inventory.sold-out': 50 })
    const labels = answers.flatMap((answer) =>
      'hold' in answer && answer.status === 201 ? (answer.hold as { seats: { label: string }[] }).seats : [],
    )
    expect(new Set(labels.map((one) => one.label)).size).toBe(300)
  })
})

test('two processes that choose the best pairs at once fill the hall without refusing anybody', async ({
  platform,
}) => {
  const sale = await openSale(platform, { rows: 10, seatsPerRow: 10, floor: 0 })
  await withSecond(platform, async (other) => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => (i % 2 ? sale : other).place(`acc_${i}`, { count: 2, together: true })),
    )
    expect(codes(answers)).toEqual({ 201: 50 })
  })
  expect((await sale.module.audit!()).figures).toMatchObject({ held: 100, free: 0 })
  expect(await violations(sale)).toEqual([])
})

test('a hold that its buyer releases while its order secures it ends one way or the other', async ({ platform }) => {
  const sale = await openSale(platform, { rows: 10, seatsPerRow: 10, limit: 1 })
  await withSecond(platform, async (other) => {
    for (let i = 1; i <= 20; i++) {
      const holdId = idOf(await sale.place(`acc_${i}`, { seatIds: seat(i) }))
      const [answers, released] = await Promise.all([
        sale.tell({
          type: 'orders.secure-requested.v1',
          data: { orderId: `ord_${i}`, holdId, attempt: 1, late: false },
        }),
        other.release(`acc_${i}`, holdId),
      ])
      expect([
        ['inventory.hold-secured.v1', 409],
        ['inventory.hold-lost.v1', 204],
      ]).toContainEqual([answers[0]!.type, released.status])
    }
  })
  expect(await violations(sale)).toEqual([])
})
