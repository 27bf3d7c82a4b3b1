import { describe, expect } from 'vitest'
import { allot } from '@fairgate/contracts/allot'
import type { BallotEntries } from '@fairgate/contracts/http/ballots'
import { verifyBallot } from '@fairgate/contracts/verify-ballot'
import { rows, sql, type Db } from '#platform/db'
import { seededRandom } from '#platform/ids'
import { hashes } from '#platform/hashes'
import { untilWaiting, withoutLeader, withoutRowLocks } from '../../../test/controls.ts'
import { openTestPlatform, test, type TestPlatform } from '../../../test/fixtures.ts'
import { createBallots } from './index.ts'
import {
  closesAt,
  drawAt,
  eventCancelled,
  holdSeconds,
  inOrder,
  minuteMs,
  openWorld,
  orderEnded,
  orderFulfilled,
  orderPlaced,
  payBySeconds,
  people,
  salePublished,
  seatsReturned,
  stockChanged,
  winners,
  type World,
} from './test-world.ts'

const graceMs = holdSeconds * 1000 + 5000
const two = [{ id: 'lin_a', capacity: 2 }]

describe('the draw', () => {
  test('the seed is nobody’s before the draw; afterwards anybody recomputes order and outcome', async ({
    platform,
  }) => {
    const lines = [
      { id: 'lin_a', capacity: 3, course: '10K' },
      { id: 'lin_b', capacity: 4, course: '10K' },
      { id: 'lin_c', capacity: 2 },
    ]
    const world = await openWorld(platform, lines, { moves: 'down' })
    const before = await world.document()
    expect(before.draw).toEqual({ commitment: expect.stringMatching(/^[0-9a-f]{64}$/), algorithm: 'fairgate-draw-1' })
    expect((await world.call('GET', '/api/ballots/sal_1/entries')).body.code).toBe('ballots.not-drawn')
    const ids = lines.map(({ id }) => id)
    const accounts = people(40)
    for (const [i, accountId] of accounts.entries())
      await world.apply(accountId, [ids[i % 3]!, ids[(i + 1) % 3]!].slice(0, 1 + (i % 2)), 1 + (i % 2))
    await world.withdraw('acc_7')
    await world.drawNow()

    const { draw, phase, reserve } = await world.document()
    expect(phase).toBe('awarding')
    expect(draw).toMatchObject({ commitment: before.draw.commitment, entrants: 40 })
    const list = (await world.call('GET', '/api/ballots/sal_1/entries')).body as BallotEntries
    const checks = verifyBallot(hashes, draw, list)
    expect(checks.map(({ result }) => result)).toEqual(checks.map(() => 'right'))
    expect(checks.at(-1)!.name).toBe('everybody got what the order gives')
    const awarded = list.entries.filter(([, , , line]) => line !== null)
    expect(awarded.reduce((sum, [, quantity]) => sum + quantity, 0)).toBe(9)
    expect(reserve).toBe(39 - awarded.length)
    expect(await world.violations()).toEqual([])

    // Whoever changes anything is found out: a wish, a quantity, an outcome, one who was not there.
    const lie = (change: (entries: BallotEntries['entries']) => void): string[] => {
      const copy = structuredClone(list)
      change(copy.entries)
      return verifyBallot(hashes, draw, copy)
        .filter(({ result }) => result === 'wrong')
        .map(({ name }) => name)
    }
    const frozen = 'the entrants are those frozen at the opening'
    expect(lie((entries) => (entries[3]![2] = [2]))).toEqual([frozen])
    expect(lie((entries) => (entries[3]![1] += 1))).toEqual([frozen])
    expect(lie((entries) => entries.push(entries[0]!))).toContain('every entrant is listed')
    const loser = list.entries.findIndex(([, quantity, , line]) => line === null && quantity > 0)
    expect(lie((entries) => (entries[loser]![3] = 0))).toEqual(['everybody got what the order gives'])
  })

  test('nothing is given before the stock is known, and everything when it is', async ({ platform }) => {
    const world = await openWorld(platform, two)
    await world.applyCrowd(people(3), ['lin_a'])
    await rows(platform.db, sql`update ballots.sections set free = null, sold = null, blocked = null, stock_at = null`)
    await world.drawNow()
    expect((await world.document()).phase).toBe('drawing')
    expect(await winners(world, people(3))).toEqual([])
    await world.tell(stockChanged(platform.clock.now(), { lin_a: { free: 2 } }))
    await world.award()
    expect(await winners(world, people(3))).toHaveLength(2)
  })

  test('a server that comes back an hour after the draw draws then, and everybody has their full time', async ({
    platform,
  }) => {
    const world = await openWorld(platform, two)
    await world.applyCrowd(people(3), ['lin_a'])
    platform.clock.set(Date.parse(drawAt) + 60 * minuteMs)
    expect((await world.apply('acc_9', ['lin_a'])).body.code).toBe('ballots.closed')
    await world.draw()
    await world.award()
    const accountId = (await winners(world, people(3)))[0]!.accountId
    expect(Date.parse((await world.awardOf(accountId)).payBy)).toBe(platform.clock.now() + payBySeconds * 1000)
    expect(await world.violations()).toEqual([])
  })
})

describe('awards', () => {
  test('they are told: who won, who did not, who comes from reserve, whose time ends soon', async ({ platform }) => {
    const world = await openWorld(platform, two)
    await world.applyCrowd(people(4), ['lin_a'])
    await world.drawNow()
    const order = await inOrder(world, people(4))
    const told = await platform.taken('spy')
    expect(
      told.map(({ type, data }) => [type, data['accountId'] ?? data['accountIds'], data['fromReserve'] ?? null]),
    ).toEqual([
      ['ballots.awarded.v1', order[0], false],
      ['ballots.awarded.v1', order[1], false],
      ['ballots.not-awarded.v1', [order[2], order[3]], null],
    ])
    platform.clock.advance(45 * minuteMs - 1)
    await world.award()
    expect(await platform.taken('spy')).toEqual([])
    platform.clock.advance(1)
    await world.award()
    await world.award()
    const ending = await platform.taken('spy')
    expect(ending.map(({ type }) => type)).toEqual(['ballots.award-ending.v1', 'ballots.award-ending.v1'])
    expect(new Set(ending.map(({ data }) => data['accountId']))).toEqual(new Set([order[0], order[1]]))
    platform.clock.advance(15 * minuteMs)
    await world.award()
    expect(
      (await platform.taken('spy')).map(({ type, data }) => [type, data['accountId'], data['fromReserve']]),
    ).toEqual([
      ['ballots.awarded.v1', order[2], true],
      ['ballots.awarded.v1', order[3], true],
    ])
    expect(await world.awardOf(order[0]!)).toMatchObject({ state: 'lapsed' })
  })

  test('unbought and declined places go down the draw until the stated end, when nobody would have their full time', async ({
    platform,
  }) => {
    const world = await openWorld(platform, [{ id: 'lin_a', capacity: 1 }])
    const accounts = people(30)
    await world.applyCrowd(accounts, ['lin_a'])
    await world.drawNow()
    const order = await inOrder(world, accounts)
    let turn = 0
    for (; platform.clock.now() < Date.parse(closesAt) - payBySeconds * 1000; turn++) {
      expect((await winners(world, accounts)).map(({ accountId }) => accountId)).toEqual([order[turn]])
      platform.clock.advance(payBySeconds * 1000)
      await world.award()
    }
    expect(turn).toBe(11)
    // The last award was made with exactly its time left; after it nobody is told to hurry.
    expect((await winners(world, accounts)).map(({ accountId }) => accountId)).toEqual([order[11]])
    platform.clock.advance(payBySeconds * 1000)
    await world.award()
    expect(await winners(world, accounts)).toEqual([])
    expect((await world.document()).phase).toBe('closed')
    expect(await world.violations()).toEqual([])
  })

  test('after a pause of hours the next get their full time, and nobody is skipped', async ({ platform }) => {
    const world = await openWorld(platform, two)
    await world.applyCrowd(people(5), ['lin_a'])
    await world.drawNow()
    const order = await inOrder(world, people(5))
    platform.clock.advance(5 * payBySeconds * 1000)
    const again = createBallots(platform, {}).module
    await again.loops![1]!.run()
    expect((await winners(world, people(5))).map(({ accountId }) => accountId)).toEqual([order[2], order[3]])
    expect(Date.parse((await world.awardOf(order[2]!)).payBy)).toBe(platform.clock.now() + payBySeconds * 1000)
  })

  test('a pass is given as often as asked, for its places and no longer than a hold or the award', async ({
    platform,
  }) => {
    const world = await openWorld(platform, two)
    await world.apply('acc_1', ['lin_a'], 2)
    await world.drawNow()
    const { id, payBy } = await world.awardOf('acc_1')
    expect((await world.pass(id, 'acc_2')).body.code).toBe('ballots.award-not-found')
    for (let i = 0; i < 2; i++) {
      const { body } = await world.pass(id, 'acc_1')
      const expiresAt = platform.clock.now() + holdSeconds * 1000
      expect(body).toMatchObject({
        sectionIds: ['sec_a'],
        seatsMax: 2,
        expiresAt: new Date(expiresAt).toISOString(),
      })
      expect(platform.tokens.verify('pass', body.passToken)).toMatchObject({
        kind: 'valid',
        payload: { lineId: 'lin_a', saleId: 'sal_1', accountId: 'acc_1', sectionIds: ['sec_a'], seatsMax: 2 },
      })
      platform.clock.advance(10 * minuteMs)
    }
    platform.clock.set(Date.parse(payBy) - 1000)
    expect((await world.pass(id, 'acc_1')).body.expiresAt).toBe(payBy)
    platform.clock.set(Date.parse(payBy))
    expect((await world.pass(id, 'acc_1')).body.code).toBe('ballots.award-over')
  })

  test('places go on only when the last pass can no longer become an order', async ({ platform }) => {
    const world = await openWorld(platform, [{ id: 'lin_a', capacity: 1 }])
    await world.applyCrowd(people(2), ['lin_a'])
    await world.drawNow()
    const [first, second] = (await inOrder(world, people(2))) as [string, string]
    const { id } = await world.awardOf(first)
    await world.pass(id, first)
    expect((await world.decline(id, first)).body).toMatchObject({ state: 'declined' })
    expect((await world.decline(id, first)).status).toBe(200)
    expect((await world.pass(id, first)).body.code).toBe('ballots.award-over')
    platform.clock.advance(holdSeconds * 1000 + graceMs - 1)
    await world.award()
    expect(await world.awardOf(second)).toBeNull()
    platform.clock.advance(1)
    await world.award()
    expect(await world.awardOf(second)).toMatchObject({ state: 'awarded', fromReserve: true })
  })

  test('declined without ever asking for a pass, the places go on at once', async ({ platform }) => {
    const world = await openWorld(platform, [{ id: 'lin_a', capacity: 1 }])
    await world.applyCrowd(people(2), ['lin_a'])
    await world.drawNow()
    const [first, second] = (await inOrder(world, people(2))) as [string, string]
    await world.decline((await world.awardOf(first)).id, first)
    await world.award()
    expect(await world.awardOf(second)).toMatchObject({ state: 'awarded' })
  })

  test('an order under way keeps its award past the deadline; bought places are nobody else’s', async ({
    platform,
  }) => {
    const world = await openWorld(platform, [{ id: 'lin_a', capacity: 1 }])
    await world.applyCrowd(people(2), ['lin_a'])
    await world.drawNow()
    const [first, second] = (await inOrder(world, people(2))) as [string, string]
    await world.pass((await world.awardOf(first)).id, first)
    const order = { id: 'ord_1', lineId: 'lin_a', accountId: first }
    await world.tell(orderPlaced(order, platform.clock.now()))
    platform.clock.advance(3 * payBySeconds * 1000)
    await world.award()
    expect(await world.awardOf(first)).toMatchObject({ state: 'awarded' })
    expect(await world.awardOf(second)).toBeNull()
    await world.tell(orderFulfilled(order, platform.clock.now()), orderFulfilled(order, platform.clock.now()))
    await world.award()
    expect(await world.awardOf(first)).toMatchObject({ state: 'bought', bought: 1 })
    expect(await world.awardOf(second)).toBeNull()
    expect(await world.violations()).toEqual([])
  })

  test('an order that expires gives its places to the next', async ({ platform }) => {
    const world = await openWorld(platform, [{ id: 'lin_a', capacity: 1 }])
    await world.applyCrowd(people(2), ['lin_a'])
    await world.drawNow()
    const [first, second] = (await inOrder(world, people(2))) as [string, string]
    const order = { id: 'ord_1', lineId: 'lin_a', accountId: first }
    await world.tell(orderPlaced(order, platform.clock.now()))
    platform.clock.advance(2 * payBySeconds * 1000)
    await world.award()
    await world.tell(orderEnded(order, 'expired'))
    await world.award()
    expect(await world.awardOf(first)).toMatchObject({ state: 'lapsed' })
    expect(await world.awardOf(second)).toMatchObject({ state: 'awarded' })
  })

  test('who buys fewer than awarded leaves the rest to others when the time to buy is over', async ({ platform }) => {
    const world = await openWorld(platform, two)
    await world.applyCrowd(['acc_1'], ['lin_a'], 2)
    await world.applyCrowd(['acc_2'], ['lin_a'], 1)
    await world.drawNow()
    const [first] = (await inOrder(world, people(2))) as [string, string]
    if (first === 'acc_2') await world.decline((await world.awardOf('acc_2')).id, 'acc_2')
    await world.award()
    const { id } = await world.awardOf('acc_1')
    await world.pass(id, 'acc_1')
    await world.tell(
      orderFulfilled({ id: 'ord_1', lineId: 'lin_a', accountId: 'acc_1' }, platform.clock.now()),
      stockChanged(platform.clock.now(), { lin_a: { free: 1, sold: 1 } }),
    )
    await world.apply('acc_3', ['lin_a'])
    await world.award()
    expect(await world.awardOf('acc_1')).toMatchObject({ state: 'bought', bought: 1, quantity: 2 })
    expect((await world.document()).lines[0]!.awards).toMatchObject({ open: 0, bought: 1 })
    const left = async () =>
      (
        await rows(
          platform.db,
          sql<{ n: number }>`select count(*)::int as n from ballots.awards where released_at is null`,
        )
      )[0]!.n
    expect(await left()).toBe(1)
    platform.clock.advance(holdSeconds * 1000 + graceMs)
    await world.award()
    expect(await left()).toBe(0)
    expect(await world.violations()).toEqual([])
  })

  test('a refunded place goes to the next in the draw', async ({ platform }) => {
    const world = await openWorld(platform, [{ id: 'lin_a', capacity: 1 }])
    await world.applyCrowd(people(2), ['lin_a'])
    await world.drawNow()
    const [first, second] = (await inOrder(world, people(2))) as [string, string]
    const order = { id: 'ord_1', lineId: 'lin_a', accountId: first }
    await world.tell(
      orderFulfilled(order, platform.clock.now()),
      stockChanged(platform.clock.now(), { lin_a: { sold: 1 } }),
    )
    await world.award()
    await world.tell(orderEnded(order, 'refunded'))
    await world.award()
    // The order says so, but the seat is not free yet.
    expect(await world.awardOf(second)).toBeNull()
    platform.clock.advance(1000)
    await world.tell(stockChanged(platform.clock.now(), { lin_a: { free: 1 } }))
    await world.award()
    expect(await world.awardOf(first)).toMatchObject({ state: 'returned', bought: 0 })
    expect(await world.awardOf(second)).toMatchObject({ state: 'awarded' })
  })

  /** Of four who want two places each the first has bought the two there are, and then given back one after the other. */
  async function giveBack(platform: TestPlatform, at: number) {
    const world = await openWorld(platform, two)
    await world.applyCrowd(people(4), ['lin_a'], 2)
    await world.drawNow()
    const [first, second] = (await inOrder(world, people(4))) as [string, string]
    const order = { id: 'ord_1', lineId: 'lin_a', accountId: first, seats: 2 }
    await world.tell(
      orderFulfilled(order, platform.clock.now()),
      stockChanged(platform.clock.now(), { lin_a: { sold: 2 } }),
    )
    await world.award()
    platform.clock.set(at)
    await world.tell(seatsReturned(order, [1], 1, at), stockChanged(at, { lin_a: { free: 1, sold: 1 } }))
    await world.award()
    const half = { ...(await world.awardOf(first)), next: await world.awardOf(second) }
    // Nobody in reserve wants a single place. The fact may come before the seat is free, and twice.
    for (let i = 0; i < 2; i++) await world.tell(seatsReturned(order, [2], 0, at))
    await world.award()
    const early = await world.awardOf(second)
    await world.tell(orderEnded(order, 'refunded'), stockChanged(at + 1, { lin_a: { free: 2 } }))
    await world.award()
    expect(await world.violations()).toEqual([])
    return { half, early, first: await world.awardOf(first), second: await world.awardOf(second) }
  }

  test('seats of an order that go back one by one go to the next in the draw who can use them', async ({
    platform,
  }) => {
    const { half, early, first, second } = await giveBack(platform, Date.parse(drawAt) + minuteMs)
    expect(half).toMatchObject({ state: 'bought', bought: 1, next: null })
    expect(early).toBeNull()
    expect(first).toMatchObject({ state: 'returned', bought: 0 })
    expect(second).toMatchObject({ state: 'awarded', quantity: 2, fromReserve: true })
  })

  test('seats that go back when nobody would have the full time any more stay with the organiser', async ({
    platform,
  }) => {
    const { half, second } = await giveBack(platform, Date.parse(closesAt) - payBySeconds * 1000 + 1)
    expect(half).toMatchObject({ bought: 1 })
    expect(second).toBeNull()
  })

  test('down, not up: whose group is full is moved to a slower one of the course, never to a faster', async ({
    platform,
  }) => {
    const groups = ['lin_fast', 'lin_mid', 'lin_slow'].map((id) => ({ id, capacity: 2, course: '10K' }))
    const world = await openWorld(platform, [...groups, { id: 'lin_half', capacity: 9, course: 'Half' }], {
      moves: 'down',
    })
    const accounts = people(6)
    await world.applyCrowd(accounts, ['lin_mid'])
    await world.drawNow()
    const order = await inOrder(world, accounts)
    const lines = await Promise.all(order.map(async (accountId) => (await world.awardOf(accountId))?.line.id ?? null))
    expect(lines).toEqual(['lin_mid', 'lin_mid', 'lin_slow', 'lin_slow', null, null])
    expect(await world.awardOf(order[2]!)).toMatchObject({ how: 'moved-down' })
    // A place in the faster group would be there, and stays there.
    await world.decline((await world.awardOf(order[3]!)).id, order[3]!)
    await world.award()
    expect((await world.awardOf(order[4]!)).line.id).toBe('lin_slow')
    expect(await world.violations()).toEqual([])
  })
})

/** Two processes give out the same places at the same moment. @returns what became of the later one, and who won */
async function together(platform: TestPlatform, guard: (db: Db) => Db) {
  const world: World = await openWorld({ ...platform, db: guard(platform.db) }, two)
  const second = await openTestPlatform(platform.databaseUrl, { seed: 2, origin: 'second' })
  try {
    await world.applyCrowd(people(6), ['lin_a'])
    platform.clock.set(Date.parse(drawAt))
    second.clock.set(Date.parse(drawAt))
    await world.draw()
    const other = createBallots({ ...second, db: guard(second.db) }, {}).module.loops![1]!
    const gate = platform.racepoints.hold('ballots.before-awards')
    const early = world.award().then(
      () => 'done',
      (error: { constraint?: string }) => error.constraint ?? 'failed',
    )
    await gate.reached
    await other.run()
    const between = (await winners(world, people(6))).length
    gate.open()
    return { between, early: await early, winners: (await winners(world, people(6))).length }
  } finally {
    await second.database.close()
  }
}

describe('an event that is cancelled', () => {
  const told = async (platform: TestPlatform) =>
    (await platform.taken('spy')).flatMap(({ type, data }) =>
      type === 'ballots.ballot-cancelled.v1' ? (data['accountIds'] as string[]) : [type],
    )

  test('ends applications and draw; whoever had applied is told once, however often the fact comes', async ({
    platform,
  }) => {
    const world = await openWorld(platform, two)
    await world.applyCrowd(people(3), ['lin_a'])
    await world.withdraw('acc_3')
    platform.clock.advance(minuteMs)
    for (let i = 0; i < 2; i++) await world.tell(eventCancelled(platform.clock.now()))
    expect(await told(platform)).toEqual(['acc_1', 'acc_2'])
    expect((await world.apply('acc_4', ['lin_a'])).body.code).toBe('ballots.closed')
    await world.drawNow()
    const { phase, cancelledAt, draw } = await world.document()
    expect({ phase, cancelledAt }).toEqual({ phase: 'closed', cancelledAt: '2026-01-01T10:01:00.000Z' })
    expect(draw).toEqual({ commitment: expect.any(String), algorithm: 'fairgate-draw-1' })
    expect(await told(platform)).toEqual([])
    expect(await world.violations()).toEqual([])
  })

  test('withdraws what is not bought and awards nothing more; who has bought hears of the refund alone', async ({
    platform,
  }) => {
    const world = await openWorld(platform, two)
    await world.applyCrowd(people(4), ['lin_a'])
    await world.drawNow()
    const [buyer, paying, ...reserve] = (await inOrder(world, people(4))) as [string, string, string, string]
    const now = platform.clock.now()
    const late = { id: 'ord_2', lineId: 'lin_a', accountId: paying }
    await world.tell(
      orderFulfilled({ id: 'ord_1', lineId: 'lin_a', accountId: buyer }, now),
      orderPlaced(late, now + minuteMs),
      stockChanged(now, { lin_a: { sold: 1, secured: 1 } }),
    )
    await platform.taken('spy')
    const award = await world.awardOf(paying)
    await world.tell(eventCancelled(now))
    expect((await told(platform)).toSorted()).toEqual([paying, ...reserve].toSorted())
    expect(await world.awardOf(paying)).toMatchObject({ state: 'withdrawn' })
    expect((await world.pass(award.id, paying)).body.code).toBe('ballots.award-over')
    // An order that was being paid may still arrive before its money goes back.
    await world.tell(orderFulfilled(late, now))
    expect(await world.awardOf(paying)).toMatchObject({ state: 'bought' })
    await world.tell(orderEnded(late, 'refunded'), stockChanged(now + 1000, { lin_a: { free: 1, sold: 1 } }))
    for (let i = 0; i < 4; i++) {
      platform.clock.advance((payBySeconds * 1000) / 2)
      await world.award()
    }
    for (const accountId of reserve) expect(await world.awardOf(accountId)).toBeNull()
    expect(await told(platform)).toEqual([])
    expect(await world.violations()).toEqual([])
  })

  /** What is done to the ballot when the event is cancelled; `ready` makes it possible. */
  type Deed = { ready?(world: World): Promise<unknown>; act(world: World): Promise<unknown>; point: string }
  const deeds: Record<string, Deed> = {
    'somebody applies': { act: (world) => world.apply('acc_9', ['lin_a']), point: 'ballots.before-numbers' },
    'its awards are made': {
      async ready(world) {
        world.end()
        await world.draw()
      },
      act: (world) => world.award(),
      point: 'ballots.before-awards',
    },
  }

  /** Of a deed and the cancelling the second comes while the first is at its race point. */
  async function meanwhile(
    platform: TestPlatform,
    { ready, act, point }: Deed,
    { first, guard }: { first: 'deed' | 'cancelling'; guard: 'on' | 'off' },
  ) {
    const db = guard === 'on' ? platform.db : withoutRowLocks(platform.db)
    const world = await openWorld({ ...platform, db }, two)
    await world.applyCrowd(people(3), ['lin_a'])
    await ready?.(world)
    const cancel = () => world.tell(eventCancelled(platform.clock.now()))
    const gate = platform.racepoints.hold(first === 'deed' ? point : 'ballots.before-cancelled')
    const early = first === 'deed' ? act(world) : cancel()
    await gate.reached
    const late = first === 'deed' ? cancel() : act(world)
    // Where nothing makes the cancelling wait, it is done before the deed goes on.
    await (first === 'deed' && guard === 'off' ? late : untilWaiting(platform.db))
    gate.open()
    await Promise.all([early, late])
    const applied = await rows(
      platform.db,
      sql<{ accountId: string }>`select account_id as "accountId" from ballots.applications`,
    )
    const heard = await told(platform)
    return {
      untold: applied.filter(({ accountId }) => !heard.includes(accountId)).length,
      open: (await rows(platform.db, sql`select 1 from ballots.awards where state = 'awarded'`)).length,
      violations: await world.violations(),
    }
  }

  for (const [what, deed] of Object.entries(deeds)) {
    for (const first of ['deed', 'cancelling'] as const) {
      const when = `${first === 'deed' ? 'while' : 'just before'} ${what}`
      test(`${when} leaves no award open and nobody untold`, async ({ platform }) => {
        expect(await meanwhile(platform, deed, { first, guard: 'on' })).toEqual({ untold: 0, open: 0, violations: [] })
      })

      test(`control, locks off: ${when} it does`, async ({ platform }) => {
        const { untold, open } = await meanwhile(platform, deed, { first, guard: 'off' })
        expect(untold + open).toBeGreaterThan(0)
      })
    }
  }

  for (const guard of ['on', 'off'] as const) {
    const what =
      guard === 'on' ? 'just before it is drawn is not drawn' : 'control, lock off: just before it is drawn is'
    test(what, async ({ platform }) => {
      const db = guard === 'on' ? platform.db : withoutRowLocks(platform.db)
      const world = await openWorld({ ...platform, db }, two)
      await world.applyCrowd(people(3), ['lin_a'])
      world.end()
      const gate = platform.racepoints.hold('ballots.before-cancelled')
      const cancelling = world.tell(eventCancelled(platform.clock.now()))
      await gate.reached
      const drawing = world.draw()
      await untilWaiting(platform.db)
      gate.open()
      await Promise.all([cancelling, drawing])
      platform.clock.advance(1000)
      expect((await world.document()).draw.seed === undefined).toBe(guard === 'on')
    })
  }

  test('closes its ballot also when that becomes known later, and changes nothing of one that was over', async ({
    platform,
  }) => {
    const world = await openWorld(platform, two)
    await world.applyCrowd(['acc_1'], ['lin_a'])
    await world.drawNow()
    await world.tell(eventCancelled(platform.clock.now(), ['sal_2']))
    for (let i = 0; i < 2; i++) await world.tell(salePublished([{ id: 'lin_z', capacity: 1 }], {}, 'sal_2'))
    expect((await world.call('GET', '/api/ballots/sal_2')).body).toMatchObject({
      phase: 'closed',
      cancelledAt: drawAt,
    })
    await world.tell(eventCancelled(Date.parse(closesAt)))
    expect((await world.document()).cancelledAt).toBeUndefined()
    expect(await told(platform)).not.toContain('acc_1')
  })
})

test('of two processes that give out the same places one does, once', async ({ platform }) => {
  expect(await together(platform, (db) => db)).toEqual({ between: 0, early: 'done', winners: 2 })
})

test('control, locks off: two places are promised to four people', async ({ platform }) => {
  const withoutLocks = (db: Db) => withoutLeader(withoutRowLocks(db))
  expect(await together(platform, withoutLocks)).toEqual({ between: 2, early: 'done', winners: 4 })
})

test('a process that dies while it draws or awards leaves nothing, and the next does all of it', async ({
  platform,
}) => {
  const world = await openWorld(platform, two)
  await world.applyCrowd(people(4), ['lin_a'])
  platform.clock.set(Date.parse(drawAt))
  for (const [point, index] of [
    ['ballots.before-reveal', 0],
    ['ballots.before-awards', 1],
  ] as const) {
    const dying = createBallots(
      {
        ...platform,
        racepoints: {
          reach(name) {
            if (name === point) throw new Error('killed')
          },
        },
      },
      {},
    ).module
    await expect(dying.loops![index]!.run()).rejects.toThrow('killed')
    platform.clock.advance(1000)
    expect((await world.document()).draw.seed === undefined).toBe(index === 0)
    expect(await winners(world, people(4))).toEqual([])
    await world.draw()
  }
  await world.award()
  expect(await winners(world, people(4))).toHaveLength(2)
  expect(await world.violations()).toEqual([])
})

test('whatever people do, no line promises more places than can be sold, and chains follow the draw', async ({
  platform,
}) => {
  for (const seed of [1, 2]) {
    const random = seededRandom(seed)
    const below = (n: number) => random(4)[0]! % n
    await runStory(platform, below)
  }
})

/** A ballot of two lines told by facts alone, by a small inventory that sells what holders of awards order. */
async function runStory(platform: TestPlatform, below: (n: number) => number): Promise<void> {
  const capacity = { lin_a: 4, lin_b: 3 }
  const own = await openTestPlatform(platform.databaseUrl, { seed: 7 })
  try {
    await rows(own.db, sql`truncate ballots.ballots cascade`)
    const world = await openWorld(
      own,
      Object.entries(capacity).map(([id, count]) => ({ id, capacity: count })),
    )
    const accounts = people(14)
    for (const accountId of accounts)
      await world.apply(accountId, below(2) ? ['lin_a', 'lin_b'] : [below(2) ? 'lin_b' : 'lin_a'], 1 + below(2))
    await world.drawNow()
    const sold = { lin_a: 0, lin_b: 0 }
    let orders = 0
    for (let step = 0; step < 30; step++) {
      own.clock.advance((1 + below(20)) * minuteMs)
      await world.award()
      const open = await winners(world, accounts)
      const promised = { lin_a: 0, lin_b: 0 }
      for (const { accountId, lineId } of open) {
        const award = await world.awardOf(accountId)
        if (award.state === 'awarded') promised[lineId as 'lin_a'] += award.quantity
      }
      for (const line of ['lin_a', 'lin_b'] as const)
        expect(promised[line] + sold[line], `${line} in step ${step}`).toBeLessThanOrEqual(capacity[line])
      const one = open[below(Math.max(1, open.length))]
      if (!one) continue
      const award = await world.awardOf(one.accountId)
      if (award.state !== 'awarded') continue
      const line = one.lineId as 'lin_a'
      if (below(3) === 0) await world.decline(award.id, one.accountId)
      else if (below(2) === 0 && (await world.pass(award.id, one.accountId)).status === 200) {
        const order = { id: `ord_${++orders}`, lineId: line, accountId: one.accountId, seats: award.quantity }
        await world.tell(orderPlaced(order, own.clock.now()))
        sold[line] += award.quantity
        // Facts lag in either order.
        const stock = () =>
          stockChanged(
            own.clock.now(),
            Object.fromEntries(
              (['lin_a', 'lin_b'] as const).map((id) => [id, { free: capacity[id] - sold[id], sold: sold[id] }]),
            ),
          )
        if (below(2)) await world.tell(stock())
        await world.tell(orderFulfilled(order, own.clock.now()))
        await world.award()
        await world.tell(stock())
      }
    }
    expect(await world.violations()).toEqual([])
  } finally {
    await own.database.close()
  }
}

test('the allotment of a hundred thousand applications is a fraction of a second', () => {
  const random = seededRandom(3)
  const courses = Array.from({ length: 12 }, (_, i) => ['5K', '10K', 'Half'][Math.floor(i / 4)]!)
  const wishes = Array.from({ length: 100_000 }, () => {
    const [a, b] = random(2)
    return { quantity: 1 + (a! % 2), preferences: [...new Set([a! % 12, b! % 12])] }
  })
  const given = allot({ moves: 'down', courses }, Array<number>(12).fill(2500), wishes)
  expect(given.filter((line) => line !== null).length).toBeGreaterThan(15_000)
})
