import { expect } from 'vitest'
import type { Offer } from '@fairgate/contracts/http/waitlist'
import type { WaitlistRecord } from '@fairgate/contracts/waitlist-order'
import { rows, sql, type Db } from '#platform/db'
import { seededRandom } from '#platform/ids'
import { untilWaiting, withoutLeader, withoutRowLocks } from '../../../test/controls.ts'
import { openTestPlatform, test, type TestPlatform } from '../../../test/fixtures.ts'
import { eventCancelled, hallId, minuteMs, openWaitlist, seat, type World } from '../../../test/waitlist-world.ts'
import { createWaitlist } from './index.ts'

/** Rows of ten, all sold to people who bought four each. */
async function soldOut(platform: TestPlatform, seats: number, instead?: Parameters<typeof openWaitlist>[1]) {
  const world = await openWaitlist(platform, {
    rows: Math.ceil(seats / 10),
    seatsPerRow: Math.min(10, seats),
    floor: 0,
    ...instead,
  })
  const wants = Array.from({ length: Math.ceil(seats / 4) }, (_, i) =>
    Array.from({ length: Math.min(4, seats - i * 4) }, (_, j) => i * 4 + j + 1),
  )
  const bought = await world.buyAll(
    wants.map((numbers, i) => ({ accountId: `acc_b${i}`, body: { seatIds: seat(...numbers) } })),
  )
  return { world, bought }
}
const offersOf = (platform: TestPlatform) =>
  rows(platform.db, sql<{ number: number; seats: number[] }>`select number, seats from waitlist.offers order by number`)
const outcomeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: { constraint?: string; code?: string }) => error.constraint ?? error.code ?? 'failed',
  )

/** Two processes offer the same two seats at the same moment. @returns what became of the earlier one, and the offers */
async function together(platform: TestPlatform, guard: (db: Db) => Db) {
  const { world, bought } = await soldOut(platform, 4, { instead: { db: guard(platform.db) } })
  const second = await openTestPlatform(platform.databaseUrl, { seed: 2, origin: 'second' })
  try {
    for (const accountId of ['acc_1', 'acc_2']) await world.join(accountId, [hallId], 4)
    const [offering] = world.module.loops!
    const [other] = createWaitlist({ ...second, db: guard(second.db) }).module.loops!
    second.clock.set(platform.clock.now())
    await world.bringBack(...bought)
    const gate = platform.racepoints.hold('waitlist.before-offers')
    const early = outcomeOf(offering!.run())
    await gate.reached
    await other!.run()
    const between = (await offersOf(platform)).length
    gate.open()
    return { between, early: await early, offers: (await offersOf(platform)).length }
  } finally {
    await second.database.close()
  }
}

test('of two processes that offer the same seats one does, once', async ({ platform }) => {
  expect(await together(platform, (db) => db)).toEqual({ between: 0, early: 'done', offers: 1 })
})

test('control, locks off: both decide, and only the database refuses the second offer', async ({ platform }) => {
  const withoutLocks = (db: Db) => withoutLeader(withoutRowLocks(db))
  expect(await together(platform, withoutLocks)).toEqual({ between: 1, early: 'offers_one_record', offers: 1 })
})

/** Two processes let somebody join at the same moment. @returns what became of both */
async function joinTogether(platform: TestPlatform, guard: (db: Db) => Db): Promise<string[]> {
  const { world } = await soldOut(platform, 4, { instead: { db: guard(platform.db) } })
  const second = await openTestPlatform(platform.databaseUrl, { seed: 2, origin: 'second' })
  try {
    const other = createWaitlist({ ...second, db: guard(second.db) })
    const wish = { sectionIds: [hallId], quantity: 1, together: false }
    const gate = platform.racepoints.hold('waitlist.before-numbers')
    const first = outcomeOf(world.enter({ saleId: 'sal_1', accountId: 'acc_1' }, wish))
    await gate.reached
    const later = outcomeOf(other.enter({ saleId: 'sal_1', accountId: 'acc_2' }, wish))
    await (guard === withoutRowLocks ? later : untilWaiting(platform.db))
    gate.open()
    return await Promise.all([first, later])
  } finally {
    await second.database.close()
  }
}

test('two processes give different places in the order', async ({ platform }) => {
  expect(await joinTogether(platform, (db) => db)).toEqual(['done', 'done'])
})

test('control, lock off: two processes give the same place', async ({ platform }) => {
  expect(await joinTogether(platform, withoutRowLocks)).toEqual(['entries_one_number', 'done'])
})

/** What is done to the waitlist when the event is cancelled, and what becomes of it afterwards. */
type Deed = { act(world: World): Promise<unknown>; point: string; afterwards: string }
const deeds: Record<string, Deed> = {
  'an offer is made': {
    act: (world) => world.module.loops![0]!.run(),
    point: 'waitlist.before-offers',
    afterwards: 'done',
  },
  'somebody joins': {
    act: (world) =>
      world.enter({ saleId: 'sal_1', accountId: 'acc_9' }, { sectionIds: [hallId], quantity: 1, together: false }),
    point: 'waitlist.before-numbers',
    afterwards: 'waitlist.closed',
  },
}

/** Of a deed and the cancelling the second comes while the first is at its race point. @returns what became of the deed, too */
async function cancelMeanwhile(
  platform: TestPlatform,
  { act, point }: Deed,
  { first, guard }: { first: 'deed' | 'cancelling'; guard: 'on' | 'off' },
) {
  const db = guard === 'on' ? platform.db : withoutRowLocks(platform.db)
  const { world, bought } = await soldOut(platform, 4, { instead: { db } })
  await world.join('acc_1', [hallId], 4)
  await world.bringBack(...bought)
  await platform.taken('spy')
  const cancel = () => world.mention(eventCancelled(platform.clock.now()))
  const gate = platform.racepoints.hold(first === 'deed' ? point : 'waitlist.facts-written')
  const early = first === 'deed' ? outcomeOf(act(world)) : cancel()
  await gate.reached
  const late = first === 'deed' ? cancel() : outcomeOf(act(world))
  // Where nothing makes the cancelling wait, it is done before the deed goes on.
  await (first === 'deed' && guard === 'off' ? late : untilWaiting(platform.db))
  gate.open()
  const outcomes = await Promise.all([early, late])
  await world.settle()
  const joined = await rows(
    platform.db,
    sql<{ accountId: string; state: string }>`select account_id as "accountId", state from waitlist.entries`,
  )
  const told = (await platform.taken('spy')).flatMap(({ type, data }) =>
    type === 'waitlist.waitlist-cancelled.v1' ? (data['accountIds'] as string[]) : [],
  )
  return {
    outcome: outcomes.find((outcome) => outcome !== undefined),
    untold: joined.filter(({ accountId }) => !told.includes(accountId)).length,
    hoping: joined.filter(({ state }) => state !== 'over').length,
    faults: [...(await world.faults()), ...(await world.violations())],
  }
}

for (const [what, deed] of Object.entries(deeds)) {
  for (const first of ['deed', 'cancelling'] as const) {
    const when = `an event that is cancelled ${first === 'deed' ? 'while' : 'just before'} ${what}`
    test(`${when} leaves nobody hoping, and nobody untold`, async ({ platform }) => {
      expect(await cancelMeanwhile(platform, deed, { first, guard: 'on' })).toEqual({
        outcome: first === 'deed' ? 'done' : deed.afterwards,
        untold: 0,
        hoping: 0,
        faults: [],
      })
    })

    test(`control, locks off: ${when} leaves it to the database to refuse what comes second`, async ({ platform }) => {
      expect(await cancelMeanwhile(platform, deed, { first, guard: 'off' })).toMatchObject({ outcome: 'records_pkey' })
    })
  }
}

test('whoever joins just when the last one has left is waited for all the same', async ({ platform }) => {
  const { world, bought } = await soldOut(platform, 4)
  await world.join('acc_1', [hallId], 4)
  await world.settle()
  await world.leave('acc_1')
  const gate = platform.racepoints.hold('waitlist.before-commit')
  const leaving = world.module.loops![0]!.run()
  await gate.reached
  const joining = world.join('acc_2', [hallId], 4)
  await untilWaiting(platform.db)
  gate.open()
  await Promise.all([leaving, joining])
  await world.settle()
  expect(await world.violations()).toEqual([])
  await world.giveBack(...bought)
  expect(await offersOf(platform)).toMatchObject([{ seats: [1, 2, 3, 4] }])
})

test('a process that dies while it offers, at either end, leaves nothing, and the next does all of it', async ({
  platform,
}) => {
  const { world, bought } = await soldOut(platform, 4)
  await world.join('acc_1', [hallId], 4)
  await world.bringBack(...bought)
  for (const point of ['waitlist.before-offers', 'waitlist.before-commit']) {
    const dying = createWaitlist({
      ...platform,
      racepoints: {
        reach(name) {
          if (name === point) throw new Error('killed')
        },
      },
    }).module
    await expect(dying.loops![0]!.run()).rejects.toThrow('killed')
    expect(await offersOf(platform)).toEqual([])
  }
  platform.clock.advance(60 * minuteMs)
  await world.settle()
  expect(await offersOf(platform)).toMatchObject([{ seats: [1, 2, 3, 4] }])
  expect(await world.faults()).toEqual([])
  expect(await world.violations()).toEqual([])
})

test('records cannot be rewritten, nor a seat offered twice, whatever the code does', async ({ platform }) => {
  const { world, bought } = await soldOut(platform, 4)
  await world.join('acc_1', [hallId], 4)
  await world.giveBack(...bought)
  const change = (text: string) => rows(platform.db, sql.raw(text))
  await expect(change("update waitlist.records set text = '{}' where n = 2")).rejects.toThrow(/written once/)
  await expect(change('delete from waitlist.records where n = 2')).rejects.toThrow(/written once/)
  await expect(
    change(`insert into waitlist.offers (id, sale_id, record, number, account_id, section_id, seats, labels, state, offered_at, until, remind_at)
            select 'ofr_2', sale_id, 99, number, account_id, section_id, seats, labels, state, offered_at, until, remind_at from waitlist.offers`),
  ).rejects.toThrow(/offers_one_open/)
  await expect(change('insert into waitlist.seats select * from waitlist.seats')).rejects.toThrow(/seats_pkey/)
})

test('200 wait, 50 seats and more come back in groups of any size: offers follow the order, fit, chain, and no seat idles', async ({
  platform,
}) => {
  const random = seededRandom(11)
  const below = (n: number) => random(4).reduce((value, byte) => value * 256 + byte, 0) % n
  const { world, bought } = await soldOut(platform, 100)
  const wishes = Array.from({ length: 200 }, (_, i) => ({
    accountId: `acc_w${i}`,
    quantity: 1 + below(4),
    together: below(2) === 1,
  }))
  await Promise.all(
    wishes.map(({ accountId, quantity, together: areTogether }) =>
      world.enter({ saleId: 'sal_1', accountId }, { sectionIds: [hallId], quantity, together: areTogether }),
    ),
  )
  await world.settle()

  let returned = 0
  for (let step = 0; step < 16; step++) {
    const back = bought.splice(0, returned < 60 ? below(5) : 0)
    returned += back.length * 4
    await world.bringBack(...back)
    await world.settle()
    expect(await rows(platform.db, sql`select 1 from waitlist.seats where offer_id is null`)).toEqual([])
    await act(platform, world, below)
    platform.clock.advance(below(40) * minuteMs)
  }
  await world.settle()
  expect(returned).toBeGreaterThan(50)

  const records = await world.records()
  const { offers, faults } = checkByHand(records)
  expect(faults).toEqual([])
  expect(offers).toBeGreaterThan(40)
  expect(await world.faults()).toEqual([])
  expect(await world.violations()).toEqual([])
  // The inventory keeps exactly what the waitlist has offered.
  expect(
    await rows(
      platform.db,
      sql`select number from inventory.seats where kept_for is not null and state <> 3 order by number`,
    ),
  ).toEqual(await rows(platform.db, sql`select number from waitlist.seats order by number`))
})

/** Whoever has an offer buys, buys a part, holds and goes away, declines, or does nothing. */
async function act(platform: TestPlatform, world: World, below: (n: number) => number): Promise<void> {
  const open = await rows(
    platform.db,
    sql<{
      accountId: string
    }>`select account_id as "accountId" from waitlist.offers where over_at is null order by record`,
  )
  const paid: string[] = []
  for (const { accountId } of open) {
    const offer = (await world.mine(accountId)).offer as Offer
    const seatIds = offer.seats.map(({ id }) => id)
    const what = below(6)
    if (what === 0) await world.decline(offer.id, accountId)
    if (what === 1) await world.holdOf(offer, accountId)
    if (what === 2) paid.push((await world.holdOf(offer, accountId, seatIds.slice(0, 1))).id)
    if (what === 3) paid.push((await world.holdOf(offer, accountId)).id)
  }
  await world.payAll(paid)
}

/** Replays the records by trying out, without the program that made them. */
function checkByHand(records: readonly WaitlistRecord[]): { offers: number; faults: string[] } {
  const waiting = new Map<number, { quantity: number; together: boolean }>()
  const atHand = new Set<number>()
  const offered = new Set<number>()
  const faults: string[] = []
  let offers = 0
  const fits = (numbers: readonly number[]): boolean =>
    numbers.every((number, i) => i === 0 || (number === numbers[i - 1]! + 1 && number % 10 !== 1))
  const couldUse = ({ quantity, together: areTogether }: { quantity: number; together: boolean }): boolean => {
    if (!areTogether) return atHand.size >= quantity
    return [...atHand].some((first) => {
      const numbers = Array.from({ length: quantity }, (_, i) => first + i)
      return numbers.every((number) => atHand.has(number)) && fits(numbers)
    })
  }
  const check = (isRight: boolean, record: WaitlistRecord, fault: string) => {
    if (!isRight) faults.push(`record ${record.n}: ${fault}`)
  }
  for (const record of records) {
    if (record.kind === 'joined') waiting.set(record.n, record)
    if (record.kind === 'left') waiting.delete(record.number)
    if (record.kind === 'sold') for (const number of record.seats) offered.delete(number)
    if (record.kind === 'kept') {
      for (const [number] of record.seats) {
        offered.delete(number)
        atHand.add(number)
      }
    }
    if (record.kind === 'offered') {
      const wish = waiting.get(record.number)!
      const passedOver = [...waiting].filter(([number, each]) => number < record.number && couldUse(each))
      check(passedOver.length === 0, record, 'somebody was passed over')
      check(record.seats.length === wish.quantity, record, 'not as many as wanted')
      check(!wish.together || fits(record.seats), record, 'not side by side')
      check(
        record.seats.every((number) => atHand.has(number) && !offered.has(number)),
        record,
        'somebody had them',
      )
      waiting.delete(record.number)
      for (const number of record.seats) {
        atHand.delete(number)
        offered.add(number)
      }
      offers++
    }
    if (record.kind === 'released') {
      check(![...waiting.values()].some(couldUse), record, 'somebody could have used them')
      for (const number of record.seats) atHand.delete(number)
    }
  }
  return { offers, faults }
}
