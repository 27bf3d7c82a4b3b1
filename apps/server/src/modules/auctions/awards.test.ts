import { createPublicKey, verify } from 'node:crypto'
import { describe, expect } from 'vitest'
import { byRank } from '@fairgate/contracts/auction'
import type { LotReport } from '@fairgate/contracts/http/auctions'
import { verifyAuction } from '@fairgate/contracts/verify-auction'
import { rows, sql, type Db } from '#platform/db'
import { seededRandom } from '#platform/ids'
import { untilWaiting, withoutRowLocks } from '../../../test/controls.ts'
import { openTestPlatform, test, type TestPlatform } from '../../../test/fixtures.ts'
import { createAuctions } from './index.ts'
import { hashOf } from './report.ts'
import {
  closesAt,
  endsAt,
  eventCancelled,
  holdSeconds,
  lotId,
  openWorld,
  orderEnded,
  orderFulfilled,
  orderPlaced,
  payBySeconds,
  startAmount,
  step,
  won,
  type World,
} from './test-world.ts'

const at = (steps: number) => startAmount + steps * step
const secondMs = 1000

/** So many people bid, each a step more than the one before: the last of them is the highest. */
async function crowd(world: World, count: number): Promise<string[]> {
  const names = Array.from({ length: count }, (_, i) => `acc_${i + 1}`)
  for (const [i, name] of names.entries()) await world.bid(name, at(i))
  return names.toReversed()
}

/** Who has an award that nobody else can have, by place. */
const holders = (platform: TestPlatform) =>
  rows(
    platform.db,
    sql<{ accountId: string; label: string; amount: number }>`
      select a.account_id as "accountId", s.label, a.amount from auctions.awards a
      join auctions.seats s on s.lot_id = a.lot_id and s.place = a.place
      where a.released_at is null order by a.place`,
  )

describe('the close', () => {
  test('gives the seats to the highest, the best seat to the highest of them, each at the own bid, and tells everybody', async ({
    platform,
  }) => {
    const world = await openWorld(platform, { seats: 3 })
    await crowd(world, 5)
    await world.spied()
    await world.closeNow()
    expect(await holders(platform)).toEqual([
      { accountId: 'acc_5', label: 'A-3', amount: at(4) },
      { accountId: 'acc_4', label: 'A-2', amount: at(3) },
      { accountId: 'acc_3', label: 'A-1', amount: at(2) },
    ])
    const payBy = new Date(Date.parse(endsAt) + payBySeconds * secondMs).toISOString()
    expect(await world.spied()).toMatchObject([
      {
        type: 'auctions.awarded.v1',
        data: { accountId: 'acc_5', seat: { label: 'A-3' }, amount: won(at(4)), payBy, how: 'won' },
      },
      { data: { accountId: 'acc_4' } },
      { data: { accountId: 'acc_3' } },
      { type: 'auctions.not-awarded.v1', data: { lotId, accountIds: ['acc_1', 'acc_2'] } },
    ])
    platform.clock.advance(secondMs)
    expect(await world.document()).toMatchObject({
      phase: 'awarding',
      outcome: { open: 3, bought: 0, left: 0, claimable: 0 },
    })
    const { body } = await world.call('GET', `/api/lots/${lotId}/ranking`)
    expect(body).toMatchObject({ lotId, seats: 3, endedAt: endsAt, bidders: 5 })
    expect(body.items).toMatchObject([
      { rank: 1, amount: at(4), award: 'awarded', seat: 'A-3', bidder: (await world.mine('acc_5')).bidder },
      { rank: 2 },
      { rank: 3 },
      { rank: 4, amount: at(1), award: null, seat: null },
      { rank: 5 },
    ])
    expect((await world.call('GET', '/api/awards', 'acc_5')).body.items).toMatchObject([
      {
        kind: 'auction',
        lotId,
        amount: at(4),
        unitPrice: won(at(4)),
        seat: { label: 'A-3' },
        rank: 1,
        state: 'awarded',
      },
    ])
    expect((await world.call('GET', '/api/awards', 'acc_1')).body.items).toEqual([])
    expect(await world.violations()).toEqual([])
  })

  test('is signed: anybody with the report and the public keys recomputes it, and a change of it is seen', async ({
    platform,
  }) => {
    const softClose = { windowSeconds: 60, extendSeconds: 120, extendSecondsMax: 150 }
    const world = await openWorld(platform, { seats: 2, softClose })
    await crowd(world, 4)
    expect((await world.call('GET', `/api/lots/${lotId}/report`)).body.code).toBe('auctions.not-ended')
    expect((await world.call('GET', `/api/lots/${lotId}/ranking`)).body.code).toBe('auctions.not-ended')
    // Two bids move the end as far as it goes; refused ones do not.
    platform.clock.set(Date.parse(endsAt) - 10 * secondMs)
    await world.bid('acc_1', at(2))
    expect((await world.document()).endsAt).toBe(endsAt)
    await world.bid('acc_1', at(4))
    platform.clock.advance(secondMs)
    expect((await world.document()).endsAt).toBe('2026-01-01T12:01:50.000Z')
    platform.clock.advance(110 * secondMs)
    await world.bid('acc_2', at(5))
    platform.clock.advance(secondMs)
    expect(await world.document()).toMatchObject({
      endsAt: '2026-01-01T12:02:30.000Z',
      latestEndsAt: '2026-01-01T12:02:30.000Z',
    })
    await world.close()
    expect((await world.document()).phase).toBe('open')
    platform.clock.set(Date.parse('2026-01-01T12:02:30.000Z'))
    expect(await world.bid('acc_3', at(9))).toBe('auctions.closed')
    await world.close()

    const answer = await world.call('GET', `/api/lots/${lotId}/report`)
    const { report, signature } = answer.body as { report: LotReport; signature: string }
    expect(report).toMatchObject({ seats: ['A-2', 'A-1'], endedAt: '2026-01-01T12:02:30.000Z', ranking: [6, 5, 4, 3] })
    expect(answer.headers['etag']).toBe(`"${hashOf(JSON.stringify(report))}"`)
    const [head, body, mark] = signature.split('.')
    const { keys } = await platform.accessTokens.jwks()
    const key = createPublicKey({ key: keys[0]! as Record<string, string>, format: 'jwk' })
    expect(verify(null, Buffer.from(`${head}.${body}`), key, Buffer.from(mark!, 'base64url'))).toBe(true)
    expect(JSON.parse(Buffer.from(body!, 'base64url').toString())).toMatchObject({
      lotId,
      reportHash: hashOf(JSON.stringify(report)),
    })
    const results = (changed: LotReport) =>
      verifyAuction(changed, { isGood: true, detail: '' }).filter(({ result }) => result !== 'right')
    expect(results(report)).toEqual([])
    const without = { ...report, bids: report.bids.slice(0, -1) }
    expect(results(without).map(({ name }) => name)).toEqual([
      'bidding ended when the bids say',
      'the ranking is what the bids give',
    ])
    const raised = {
      ...report,
      bids: report.bids.map(([who, amount, time], i) => [who, i === 3 ? amount + 1 : amount, time]),
    }
    expect(results(raised as LotReport)[0]).toMatchObject({ name: 'every bid is one that the rules accept' })
    expect(await world.violations()).toEqual([])
  })

  test('happens by the clock, whoever is up, after any downtime with the same result', async ({ platform }) => {
    const world = await openWorld(platform, { seats: 2 })
    await crowd(world, 3)
    await world.close()
    expect(await holders(platform)).toEqual([])
    platform.clock.set(Date.parse(endsAt) + 2 * 3600 * secondMs)
    expect(await world.bid('acc_9', at(9))).toBe('auctions.closed')
    const later = createAuctions(platform, { streamsMax: 1 })
    await later.module.loops![1]!.run()
    expect((await holders(platform)).map(({ accountId }) => accountId)).toEqual(['acc_3', 'acc_2'])
    // Everybody has the full time, counted from when they could know.
    expect((await world.awardOf('acc_3'))!.payBy).toBe('2026-01-01T15:00:00.000Z')
    expect(await world.violations()).toEqual([])
  })

  test('a process that dies while it closes or awards leaves nothing, and the next does all of it once', async ({
    platform,
  }) => {
    const world = await openWorld(platform, { seats: 2 })
    await crowd(world, 4)
    await world.spied()
    platform.clock.set(Date.parse(endsAt))
    for (const point of ['auctions.before-close', 'auctions.before-awards', 'auctions.before-close-commit']) {
      const racepoints = {
        reach(name: string) {
          if (name === point) throw new Error('killed')
        },
      }
      const dying = createAuctions({ ...platform, racepoints }, { streamsMax: 1 }).module
      await expect(dying.loops![1]!.run()).rejects.toThrow('killed')
      expect(await holders(platform)).toEqual([])
      expect(await world.spied()).toEqual([])
    }
    await world.close()
    await world.close()
    expect((await world.spied()).map(({ type }) => type)).toEqual([
      'auctions.awarded.v1',
      'auctions.awarded.v1',
      'auctions.not-awarded.v1',
    ])
    expect(await world.violations()).toEqual([])
  })
})

/** Two processes close the same lot, the second while the first is about to make awards. @returns who was told of an award, and other facts */
async function closeTogether(platform: TestPlatform, guard: (db: Db) => Db) {
  const world = await openWorld({ ...platform, db: guard(platform.db) }, { seats: 2 })
  await crowd(world, 4)
  await world.spied()
  const second = await openTestPlatform(platform.databaseUrl, { seed: 2, origin: 'second' })
  try {
    platform.clock.set(Date.parse(endsAt))
    second.clock.set(platform.clock.now())
    const other = createAuctions({ ...second, db: guard(second.db) }, { streamsMax: 1 }).module
    const gate = platform.racepoints.hold('auctions.before-close')
    const first = world.close()
    await gate.reached
    const late = other.loops![1]!.run()
    await (guard === withoutRowLocks ? late : untilWaiting(platform.db))
    gate.open()
    await Promise.all([first, late])
    const told = (await world.spied()).map(({ type, data }) =>
      type === 'auctions.awarded.v1' ? data['accountId'] : type,
    )
    return { told, violations: await world.violations() }
  } finally {
    await second.database.close()
  }
}

test('of two processes that close the same lot one does, once', async ({ platform }) => {
  expect(await closeTogether(platform, (db) => db)).toEqual({
    told: ['acc_4', 'acc_3', 'auctions.not-awarded.v1'],
    violations: [],
  })
})

test('control, locks off: people are told twice', async ({ platform }) => {
  const { told } = await closeTogether(platform, withoutRowLocks)
  expect(told.filter((type) => type === 'auctions.not-awarded.v1')).toHaveLength(2)
})

test('a bid that is decided while the lot is being closed is counted, or refused, never lost', async ({ platform }) => {
  const world = await openWorld(platform, { seats: 1 })
  await world.bid('acc_1', at(0))
  platform.clock.set(Date.parse(endsAt) - 1)
  const second = await openTestPlatform(platform.databaseUrl, { seed: 2, origin: 'second' })
  try {
    // The closing process has a clock that is ahead by some seconds.
    second.clock.set(Date.parse(endsAt) + 3000)
    const other = createAuctions(second, { streamsMax: 1 }).module
    const gate = platform.racepoints.hold('auctions.before-commit')
    const bid = world.bid('acc_2', at(1))
    await gate.reached
    const closing = other.loops![1]!.run()
    await untilWaiting(platform.db)
    gate.open()
    expect(await bid).toMatchObject({ rank: 1 })
    await closing
    expect((await holders(platform)).map(({ accountId }) => accountId)).toEqual(['acc_2'])
    // Closed is closed, though here the clock says that there is time.
    expect(await world.bid('acc_3', at(2))).toBe('auctions.closed')
    expect(await world.violations()).toEqual([])
  } finally {
    await second.database.close()
  }
})

describe('an award', () => {
  test('gives a pass for its seat at its amount, as often as asked, no longer than a hold or itself', async ({
    platform,
  }) => {
    const world = await openWorld(platform, { seats: 1 })
    await crowd(world, 2)
    await world.closeNow()
    const award = (await world.awardOf('acc_2'))!
    const pass = await world.pass(award.id, 'acc_2')
    const expiresAt = new Date(Date.parse(endsAt) + holdSeconds * secondMs).toISOString()
    expect(pass).toMatchObject({
      status: 200,
      body: { expiresAt, sectionIds: ['sec_row'], seatIds: ['sea_row-1'], unitPrice: won(at(1)) },
    })
    expect(platform.tokens.verify('pass', pass.body.passToken)).toMatchObject({
      kind: 'valid',
      payload: { accountId: 'acc_2', lineId: lotId, saleId: 'sal_1', seatIds: ['sea_row-1'], unitPrice: won(at(1)) },
    })
    expect((await world.pass(award.id, 'acc_1')).body.code).toBe('auctions.award-not-found')
    platform.clock.set(Date.parse(award.payBy) - secondMs)
    expect((await world.pass(award.id, 'acc_2')).body.expiresAt).toBe(award.payBy)
    platform.clock.set(Date.parse(award.payBy))
    expect((await world.pass(award.id, 'acc_2')).body.code).toBe('auctions.award-over')
  })

  test('that is declined or not paid goes to the next highest, down to the end of the ranking; then its seat stays', async ({
    platform,
  }) => {
    const world = await openWorld(platform, { seats: 1 })
    await crowd(world, 4)
    await world.closeNow()
    await world.spied()
    expect((await world.decline((await world.awardOf('acc_4'))!.id, 'acc_4')).body).toMatchObject({ state: 'declined' })
    expect((await world.decline((await world.awardOf('acc_4'))!.id, 'acc_4')).status).toBe(200)
    await world.award()
    expect(await world.spied('auctions.awarded.v1')).toMatchObject([{ data: { accountId: 'acc_3', how: 'moved-up' } }])
    // Three quarters of the time later it is reminded, once.
    platform.clock.advance((payBySeconds / 4) * 3 * secondMs)
    await world.award()
    await world.award()
    expect(await world.spied('auctions.award-ending.v1')).toMatchObject([{ data: { accountId: 'acc_3' } }])
    platform.clock.advance((payBySeconds / 4) * secondMs)
    await world.award()
    expect((await holders(platform)).map(({ accountId }) => accountId)).toEqual(['acc_2'])
    expect(await world.awardOf('acc_3')).toMatchObject({ state: 'lapsed' })
    platform.clock.advance(payBySeconds * secondMs)
    await world.award()
    platform.clock.advance(payBySeconds * secondMs)
    await world.award()
    expect(await holders(platform)).toEqual([])
    expect((await world.document()).outcome).toMatchObject({ declined: 1, lapsed: 3, left: 1, claimable: 0 })
    expect((await world.call('POST', `/api/lots/${lotId}/claims`, 'acc_9')).body.code).toBe('auctions.nothing-left')
    expect(await world.violations()).toEqual([])
  })

  test('keeps its seat until its last pass can no longer become an order, and while an order is under way', async ({
    platform,
  }) => {
    const world = await openWorld(platform, { seats: 2 })
    await crowd(world, 4)
    await world.closeNow()
    const [first, other] = [(await world.awardOf('acc_4'))!, (await world.awardOf('acc_3'))!]
    await world.tell(orderPlaced({ id: 'ord_1', accountId: 'acc_3', amount: at(2) }))
    platform.clock.set(Date.parse(first.payBy) - secondMs)
    await world.pass(first.id, 'acc_4')
    await world.decline(first.id, 'acc_4')
    platform.clock.advance((1 + holdSeconds + 5) * secondMs - 1)
    await world.award()
    expect((await holders(platform)).map(({ accountId }) => accountId)).toEqual(['acc_4', 'acc_3'])
    platform.clock.advance(1)
    await world.award()
    expect((await holders(platform)).map(({ accountId }) => accountId)).toEqual(['acc_2', 'acc_3'])
    // Its order goes on past the deadline, and buys.
    expect(platform.clock.now()).toBeGreaterThan(Date.parse(other.payBy))
    await world.tell(orderFulfilled({ id: 'ord_1', accountId: 'acc_3', amount: at(2) }))
    expect(await world.awardOf('acc_3')).toMatchObject({ state: 'bought', bought: 1 })
    expect((await world.decline(other.id, 'acc_3')).body.code).toBe('auctions.award-over')
    expect(await world.violations()).toEqual([])
  })

  test('whose order expired lapses at its time, and whose money went back goes to the next, never to the same again', async ({
    platform,
  }) => {
    const world = await openWorld(platform, { seats: 1 })
    await crowd(world, 3)
    await world.closeNow()
    const order = { id: 'ord_1', accountId: 'acc_3', amount: at(2) }
    await world.tell(orderPlaced(order), orderEnded(order, 'expired'))
    expect(await world.awardOf('acc_3')).toMatchObject({ state: 'awarded' })
    const again = { ...order, id: 'ord_2' }
    await world.tell(orderPlaced(again), orderFulfilled(again))
    await world.award()
    expect(await world.awardOf('acc_3')).toMatchObject({ state: 'bought' })
    platform.clock.advance(2 * 3600 * secondMs)
    await world.tell(orderEnded(again, 'refunded'))
    await world.award()
    expect(await world.awardOf('acc_3')).toMatchObject({ state: 'returned' })
    expect((await holders(platform)).map(({ accountId }) => accountId)).toEqual(['acc_2'])
    // Nobody gets an award with less than the full time.
    platform.clock.set(Date.parse(closesAt) - payBySeconds * secondMs + 1)
    await world.award()
    expect(await holders(platform)).toEqual([])
    platform.clock.set(Date.parse(closesAt))
    expect((await world.document()).phase).toBe('closed')
    expect(await world.violations()).toEqual([])
  })

  test('of seats that are left over anybody has one at the start price, first come, first served, where that is said', async ({
    platform,
  }) => {
    const world = await openWorld(platform, { seats: 2, leftOver: 'start-price' })
    await crowd(world, 1)
    const claim = (accountId: string, roles?: string[]) =>
      world.call('POST', `/api/lots/${lotId}/claims`, accountId, undefined, roles ? { roles } : {})
    expect((await claim('acc_8')).body.code).toBe('auctions.nothing-left')
    await world.closeNow()
    platform.clock.advance(secondMs)
    expect((await world.document()).outcome).toMatchObject({ open: 1, left: 1, claimable: 1 })
    expect((await claim('acc_1')).body.code).toBe('auctions.had-award')
    expect((await claim('acc_staff', ['buyer', 'staff'])).body.code).toBe('auctions.not-allowed')
    expect((await claim('acc_organiser')).body.code).toBe('auctions.not-allowed')
    const mine = await claim('acc_8')
    expect(mine).toMatchObject({
      status: 201,
      body: { amount: at(0), how: 'left-over', rank: null, seat: { label: 'A-1' } },
    })
    expect(await claim('acc_8')).toMatchObject({ status: 200, body: { id: mine.body.id } })
    expect((await claim('acc_9')).body.code).toBe('auctions.nothing-left')
    expect((await world.pass(mine.body.id, 'acc_8')).body.unitPrice).toEqual(won(at(0)))
    platform.clock.advance((payBySeconds + holdSeconds) * secondMs)
    await world.award()
    expect(await claim('acc_9')).toMatchObject({ status: 201 })
    expect(await world.violations()).toEqual([])
  })
})

describe('an event that is cancelled', () => {
  const told = async (world: World) =>
    (await world.spied()).flatMap(({ type, data }) =>
      type === 'auctions.lot-cancelled.v1' ? (data['accountIds'] as string[]) : [type],
    )

  test('ends an open lot without close, report and awards; its bidders are told once, however often the fact comes', async ({
    platform,
  }) => {
    const world = await openWorld(platform, { seats: 1 })
    await crowd(world, 2)
    await world.spied()
    for (let i = 0; i < 2; i++) await world.tell(eventCancelled(platform.clock.now()))
    expect(await told(world)).toEqual(['acc_1', 'acc_2'])
    expect(await world.bid('acc_3', at(5))).toBe('auctions.closed')
    await world.closeNow()
    await world.award()
    expect(await world.document()).toMatchObject({ phase: 'closed', cancelledAt: expect.any(String), bids: 2 })
    for (const what of ['report', 'ranking'])
      expect((await world.call('GET', `/api/lots/${lotId}/${what}`)).body.code).toBe('auctions.lot-cancelled')
    expect(await holders(platform)).toEqual([])
    expect(await told(world)).toEqual([])
    expect(await world.violations()).toEqual([])
  })

  test('withdraws what was won and not bought, and gives it to nobody; who has bought hears of the refund alone', async ({
    platform,
  }) => {
    const world = await openWorld(platform, { seats: 2 })
    const [best, second, third] = (await crowd(world, 3)) as [string, string, string]
    await world.closeNow()
    const order = { id: 'ord_1', accountId: best, amount: at(2) }
    await world.tell(orderFulfilled(order))
    const award = (await world.awardOf(second))!
    await world.spied()
    platform.clock.advance(secondMs)
    await world.tell(eventCancelled(platform.clock.now()))
    expect((await told(world)).toSorted()).toEqual([second, third].toSorted())
    expect(await world.awardOf(second)).toMatchObject({ state: 'withdrawn' })
    expect((await world.pass(award.id, second)).body.code).toBe('auctions.award-over')
    await world.tell(orderEnded(order, 'refunded'))
    for (let i = 0; i < 4; i++) {
      platform.clock.advance((payBySeconds * secondMs) / 2)
      await world.award()
    }
    expect(await holders(platform)).toEqual([])
    expect(await told(world)).toEqual([])
    expect((await world.call('GET', `/api/lots/${lotId}/report`)).status).toBe(200)
    expect(await world.violations()).toEqual([])
  })

  /** What is done to the lot when the event is cancelled; `ready` makes it possible. */
  type Deed = { ready(world: World): Promise<unknown>; act(world: World): Promise<unknown>; point: string }
  const deeds: Record<string, Deed> = {
    'a bid is decided': {
      ready: (world) => crowd(world, 2),
      act: (world) => world.bid('acc_9', at(9)),
      point: 'auctions.before-deciding',
    },
    'its lot is closed': {
      ready: (world) => crowd(world, 3),
      act: (world) => world.closeNow(),
      point: 'auctions.before-close',
    },
    'an award is passed on': {
      async ready(world) {
        await crowd(world, 3)
        await world.closeNow()
        await world.decline((await world.awardOf('acc_3'))!.id, 'acc_3')
      },
      act: (world) => world.award(),
      point: 'auctions.before-awards',
    },
    'a seat that was left over is claimed': {
      async ready(world) {
        await crowd(world, 1)
        await world.closeNow()
      },
      act: (world) => world.call('POST', `/api/lots/${lotId}/claims`, 'acc_9'),
      point: 'auctions.before-awards',
    },
  }

  /** Of a deed and the cancelling the second comes while the first is at its race point. */
  async function meanwhile(
    platform: TestPlatform,
    { ready, act, point }: Deed,
    { first, guard }: { first: 'deed' | 'cancelling'; guard: 'on' | 'off' },
  ) {
    const db = guard === 'on' ? platform.db : withoutRowLocks(platform.db)
    const world = await openWorld({ ...platform, db }, { seats: 2, leftOver: 'start-price' })
    await ready(world)
    await world.spied()
    const cancel = () => world.tell(eventCancelled(platform.clock.now()))
    const gate = platform.racepoints.hold(first === 'deed' ? point : 'auctions.before-cancelled')
    const early = first === 'deed' ? act(world) : cancel()
    await gate.reached
    const late = first === 'deed' ? cancel() : act(world)
    // Where nothing makes the cancelling wait, it is done before the deed goes on.
    await (first === 'deed' && guard === 'off' ? late : untilWaiting(platform.db))
    gate.open()
    await Promise.all([early, late])
    const hopeful = await rows(
      platform.db,
      sql<{ accountId: string }>`
        select account_id as "accountId" from auctions.bidders b where not exists (
          select 1 from auctions.awards a where a.lot_id = b.lot_id and a.account_id = b.account_id and a.state = 'declined')
        union select account_id from auctions.awards where state in ('awarded', 'withdrawn')`,
    )
    const told = (await world.spied('auctions.lot-cancelled.v1')).flatMap(({ data }) => data['accountIds'] as string[])
    return {
      untold: hopeful.filter(({ accountId }) => !told.includes(accountId)).length,
      open: (await rows(platform.db, sql`select 1 from auctions.awards where state = 'awarded'`)).length,
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

  test('ends its lots also when they become known later', async ({ platform }) => {
    const world = await openWorld(platform, {}, [eventCancelled(Date.parse('2026-01-01T00:00:00.000Z'))])
    expect(await world.bid('acc_1', at(0))).toBe('auctions.closed')
    expect((await world.document()).phase).toBe('closed')
  })
})

test('whatever winners do, the chain follows the ranking, no seat is in two awards and nobody has two', async ({
  platform,
}) => {
  for (const seed of [1, 2]) await runStory(platform, seed)
})

/** Winners buy, decline, look and forget, have their money back, at any time; at the end the chain is what a plain list gives. */
async function runStory(platform: TestPlatform, seed: number): Promise<void> {
  const random = seededRandom(seed)
  const below = (n: number) => random(4)[0]! % n
  await rows(platform.db, sql`truncate auctions.lots, auctions.bids, auctions.bidders cascade`)
  platform.clock.set(Date.parse('2026-01-01T00:00:00.000Z'))
  const world = await openWorld(platform, { seats: 3 })
  const ranking: { accountId: string; amount: number; sequence: number }[] = []
  for (let i = 0; i < 14; i++) {
    const accountId = `acc_${i}`
    const amount = at(below(6) + i)
    const made = await world.bid(accountId, amount)
    if (typeof made === 'object') ranking.push({ accountId, amount, sequence: made.sequence })
  }
  ranking.sort(byRank)
  await world.closeNow()
  const had: string[] = []
  for (let round = 0; round < 25; round++) {
    for (const { accountId, amount } of await holders(platform)) {
      if (!had.includes(accountId)) had.push(accountId)
      const award = (await world.awardOf(accountId))!
      const order = { id: `ord_${seed}_${accountId}`, accountId, amount }
      if (award.state === 'bought') {
        if (below(6) === 0) await world.tell(orderEnded(order, 'refunded'))
      } else if (award.state === 'awarded') {
        const act = below(6)
        if (act === 0) await world.decline(award.id, accountId)
        if (act === 1) await world.pass(award.id, accountId)
        if (act === 2) await world.tell(orderPlaced(order), orderFulfilled(order))
      }
    }
    platform.clock.advance(below(900) * secondMs)
    await world.award()
    expect(await world.violations()).toEqual([])
  }
  for (const { accountId } of await holders(platform)) if (!had.includes(accountId)) had.push(accountId)
  expect([...had].toSorted()).toEqual(
    ranking
      .slice(0, had.length)
      .map(({ accountId }) => accountId)
      .toSorted(),
  )
}
