import { describe, expect } from 'vitest'
import { byRank, createWinners, endAfter, judge, lowestAmount, type LotRules } from '@fairgate/contracts/auction'
import { on } from '#platform/bus'
import { rows, sql, type Db } from '#platform/db'
import { seededRandom } from '#platform/ids'
import { untilWaiting, withoutRowLocks } from '../../../test/controls.ts'
import { openTestPlatform, test, type TestPlatform } from '../../../test/fixtures.ts'
import { runLoops } from '../../../test/running-loops.ts'
import { createAuctions } from './index.ts'
import { endsAt, lotId, openWorld, opensAt, startAmount, step, won } from './test-world.ts'

const path = `/api/lots/${lotId}/bids`
const at = (steps: number) => startAmount + steps * step

describe('a bid', () => {
  test('counts when it would win: the start price and whole steps, above one’s own, above the cut-off once all seats have bids', async ({
    platform,
  }) => {
    const world = await openWorld(platform, { seats: 2 })
    const bid = (accountId: string, amount: number) => world.call('POST', path, accountId, { amount })
    const refusal = async (accountId: string, amount: number) => (await bid(accountId, amount)).body
    expect(await refusal('acc_1', at(0) - 1)).toMatchObject({
      code: 'auctions.too-low',
      status: 409,
      reason: 'start-price',
      lowestAmount: at(0),
      cutoff: null,
    })
    expect(await refusal('acc_1', at(0) + 1)).toMatchObject({ reason: 'step', lowestAmount: at(0) })
    expect(await bid('acc_1', at(0))).toMatchObject({
      status: 201,
      body: { bid: { lotId, amount: at(0), sequence: 1 }, rank: 1, chancesLeft: 2 },
    })
    // Another place among the winners is free: the same amount wins too, behind.
    expect((await bid('acc_2', at(0))).body).toMatchObject({ bid: { sequence: 2 }, rank: 2 })
    expect(await refusal('acc_3', at(0))).toMatchObject({ reason: 'cutoff', lowestAmount: at(1), cutoff: won(at(0)) })
    expect(await refusal('acc_1', at(0))).toMatchObject({ reason: 'own-bid', lowestAmount: at(1) })
    expect((await bid('acc_3', at(3))).body).toMatchObject({ rank: 1, chancesLeft: 2 })
    // Its own bid is replaced, whoever else is there.
    expect((await bid('acc_1', at(2))).body).toMatchObject({ rank: 2, chancesLeft: 1 })
    expect(await refusal('acc_3', at(1))).toMatchObject({ reason: 'own-bid' })
    const document = await world.document()
    expect(document).toMatchObject({
      phase: 'open',
      seats: 2,
      startPrice: won(at(0)),
      step: won(step),
      bidders: 3,
      bids: 4,
      ladder: [at(3), at(2), at(0)].map((amount) => ({ amount, count: 1 })),
      cutoff: won(at(2)),
      cutoffSequence: 4,
      lowestAmount: at(3),
    })
    expect(await world.violations()).toEqual([])
  })

  test('an account has three, refusals cost none, and the fourth is refused whatever it offers', async ({
    platform,
  }) => {
    const world = await openWorld(platform)
    for (const steps of [0, 1, 2]) {
      expect(await world.bid('acc_1', at(steps))).toMatchObject({ chancesLeft: 2 - steps })
      expect(await world.bid('acc_1', at(steps))).toBe(steps === 2 ? 'auctions.no-chances-left' : 'auctions.too-low')
    }
    expect(await world.bid('acc_1', at(50))).toBe('auctions.no-chances-left')
    expect(await world.mine('acc_1')).toMatchObject({
      bid: { amount: at(2), sequence: 3 },
      bids: [{ amount: at(2) }, { amount: at(1) }, { amount: at(0) }],
      rank: 1,
      standing: 'in',
      chancesLeft: 0,
      lowestAmount: null,
    })
    expect(await world.mine('acc_2')).toMatchObject({
      bid: null,
      bids: [],
      bidder: null,
      rank: null,
      standing: null,
      chancesLeft: 3,
      lowestAmount: at(0),
    })
  })

  test('is taken from the opening until the end, by the clock of its decision, closed or not', async ({ platform }) => {
    const world = await openWorld(platform)
    platform.clock.set(Date.parse(opensAt) - 1)
    expect(await world.bid('acc_1', at(0))).toBe('auctions.not-open')
    expect((await world.document()).phase).toBe('scheduled')
    platform.clock.set(Date.parse(endsAt) - 1)
    expect(await world.bid('acc_1', at(0))).toMatchObject({ sequence: 1 })
    platform.clock.set(Date.parse(endsAt))
    expect(await world.bid('acc_2', at(1))).toBe('auctions.closed')
    expect(await world.document()).toMatchObject({ phase: 'closing', bidders: 1, lowestAmount: null })
    await world.close()
    expect(await world.bid('acc_2', at(1))).toBe('auctions.closed')
    platform.clock.advance(200)
    expect(await world.document()).toMatchObject({ phase: 'awarding', bidders: 1 })
    expect(await world.bid('acc_2', at(1), 'lot_9')).toBe('auctions.lot-not-found')
    expect((await world.call('GET', '/api/lots/lot_9')).status).toBe(404)
  })

  test('that waited for the row until the end came is refused: what counts is when it is decided', async ({
    platform,
  }) => {
    const world = await openWorld(platform)
    platform.clock.set(Date.parse(endsAt) - 1)
    const gate = platform.racepoints.hold('auctions.before-deciding')
    const late = world.bid('acc_1', at(0))
    await gate.reached
    platform.clock.set(Date.parse(endsAt))
    gate.open()
    expect(await late).toBe('auctions.closed')
  })

  test('needs a verified account that does not work for the house, and the same key gives the same answer', async ({
    platform,
  }) => {
    const world = await openWorld(platform)
    const bid = (accountId: string, more: object = {}) => world.call('POST', path, accountId, { amount: at(0) }, more)
    expect((await world.call('POST', path, undefined, { amount: at(0) })).body.code).toBe('identity.sign-in-required')
    expect((await bid('acc_1', { verified: false })).body.code).toBe('identity.not-verified')
    expect((await bid('acc_staff', { roles: ['buyer', 'staff'] })).body.code).toBe('auctions.not-allowed')
    expect((await bid('acc_admin', { roles: ['buyer', 'admin'] })).body.code).toBe('auctions.not-allowed')
    const organiser = { roles: ['buyer', 'organiser'] }
    expect((await bid('acc_organiser', organiser)).body.code).toBe('auctions.not-allowed')
    expect((await bid('acc_other-organiser', organiser)).status).toBe(201)
    const key = { headers: { 'idempotency-key': 'k1' } }
    const first = await bid('acc_1', key)
    expect(first.status).toBe(201)
    expect(await bid('acc_1', key)).toMatchObject({ status: 201, body: first.body })
    expect((await world.document()).bids).toBe(2)
  })

  test('asked for all the time is asked to wait', async ({ platform }) => {
    const world = await openWorld(platform)
    for (let i = 0; i < 40; i++) await world.bid('acc_1', at(0))
    const refusal = await world.call('POST', path, 'acc_1', { amount: at(1) })
    expect(refusal).toMatchObject({ status: 429, body: { code: 'http.too-many-requests' } })
    expect(refusal.headers).toMatchObject({
      'retry-after': '10',
      'ratelimit-policy': '"account";q=40;w=10',
      ratelimit: '"account";r=0;t=10',
    })
    expect(await world.bid('acc_2', at(0))).toMatchObject({ chancesLeft: 2 })
    platform.clock.advance(10_000)
    expect(await world.bid('acc_1', at(1))).toMatchObject({ chancesLeft: 1 })
  })

  test('is never changed and never taken away, and a closed lot takes none, whatever the code does', async ({
    platform,
  }) => {
    const world = await openWorld(platform)
    await world.bid('acc_1', at(0))
    const run = (text: string) => rows(platform.db, sql.raw(text))
    await expect(run('update auctions.bids set amount = 1')).rejects.toThrow(/never changed/)
    await expect(run('delete from auctions.bids')).rejects.toThrow(/never taken away/)
    await world.closeNow()
    await expect(run('update auctions.lots set sequence = 2, bidders = 2')).rejects.toThrow(/closed once/)
    await expect(run("update auctions.lots set report_hash = ''")).rejects.toThrow(/closed once/)
  })
})

describe('who is pushed out', () => {
  test('is told once each time, with what it would take, unless no chance is left', async ({ platform }) => {
    const world = await openWorld(platform, { seats: 2 })
    await world.spied()
    await world.bid('acc_1', at(0))
    await world.bid('acc_2', at(1))
    expect(await world.spied()).toEqual([])
    await world.bid('acc_3', at(2))
    expect(await world.spied()).toMatchObject([
      {
        type: 'auctions.pushed-out.v1',
        data: {
          lotId,
          lowestAmount: won(at(2)),
          endsAt,
          people: [{ accountId: 'acc_1', amount: won(at(0)), chancesLeft: 2 }],
        },
      },
    ])
    expect(await world.mine('acc_1')).toMatchObject({
      standing: 'out',
      rank: 3,
      pushes: 1,
      pushedOutAt: opensAt,
      lowestAmount: at(2),
      chancesLeft: 2,
    })
    // Raising one's own bid pushes nobody out.
    await world.bid('acc_3', at(3))
    await world.bid('acc_1', at(2))
    expect(await world.pushedOut()).toEqual(['acc_2'])
    await world.bid('acc_1', at(4))
    expect(await world.mine('acc_1')).toMatchObject({ standing: 'in', chancesLeft: 0, pushes: 1 })
    await world.bid('acc_2', at(5))
    await world.bid('acc_2', at(6))
    await world.bid('acc_4', at(7))
    expect(await world.pushedOut()).toEqual(['acc_3'])
    expect(await world.mine('acc_1')).toMatchObject({ standing: 'out', pushes: 1, lowestAmount: null })
    const again = sql`
      insert into auctions.bids select lot_id, sequence + 100, id, account_id, amount, at, pushed_out
      from auctions.bids where pushed_out = 1`
    await expect(rows(platform.db, again)).rejects.toThrow(/bids_pushed_out_once/)
    expect(await world.violations()).toEqual([])
  })

  test('by a bid of another process is told once as well', async ({ platform }) => {
    const world = await openWorld(platform, { seats: 1 })
    await world.spied()
    const second = await openTestPlatform(platform.databaseUrl, { seed: 2, origin: 'second' })
    try {
      second.clock.set(platform.clock.now())
      const other = createAuctions(second, { streamsMax: 1 })
      await world.bid('acc_1', at(0))
      await other.bid({ lotId, accountId: 'acc_2', amount: at(1) })
      await world.bid('acc_3', at(2))
      await other.bid({ lotId, accountId: 'acc_1', amount: at(3) })
      expect(await world.pushedOut()).toEqual(['acc_1', 'acc_2', 'acc_3'])
      expect(await world.violations()).toEqual([])
    } finally {
      await second.database.close()
    }
  })

  test('is heard of in another process within a second and once, though signals are lost', async ({ platform }) => {
    const world = await openWorld(platform, { seats: 2 })
    await world.spied()
    const second = await openTestPlatform(platform.databaseUrl, { seed: 2, origin: 'second' })
    second.clock.set(platform.clock.now())
    const told: { accountId: string; afterMs: number }[] = []
    const letters = on('auctions.pushed-out.v1', async (_tx, messages) => {
      for (const { data, time } of messages)
        told.push(...data.people.map(({ accountId }) => ({ accountId, afterMs: second.clock.now() - time })))
    })
    const running = runLoops(second.clock, [second.bus.subscriberLoop('spy', [letters])])
    try {
      // It has just looked, and looks again when its pause is over.
      await running.pass(50)
      platform.clock.set(second.clock.now())
      await world.bid('acc_1', at(0))
      await world.bid('acc_2', at(1))
      await world.bid('acc_3', at(2))
      await world.bid('acc_4', at(3))
      await running.pass(2000)
      expect(told.map(({ accountId }) => accountId)).toEqual(['acc_1', 'acc_2'])
      for (const { afterMs } of told) expect(afterMs).toBeLessThanOrEqual(1000)
    } finally {
      await running.stop()
      await second.database.close()
    }
  })
})

const withLock = (db: Db): Db => db

/** Lets two bids have the same sequence, so that the control shows what the lock alone does. */
const withoutKeys = (db: Db) => rows(db, sql`alter table auctions.bids drop constraint bids_pkey`)

/** A hundred requests of one account in two processes. @returns how many were accepted, and what the audit says */
async function hundredAtOnce(platform: TestPlatform, guard: (db: Db) => Db) {
  const world = await openWorld({ ...platform, db: guard(platform.db) })
  const second = await openTestPlatform(platform.databaseUrl, { seed: 2, origin: 'second' })
  try {
    second.clock.set(platform.clock.now())
    // The second process, too, stops between looking and writing.
    const other = createAuctions(
      { ...second, db: guard(second.db), racepoints: platform.racepoints },
      { streamsMax: 1 },
    )
    const gate = platform.racepoints.hold('auctions.before-deciding')
    const amounts = Array.from({ length: 40 }, (_, i) => at(i))
    const asked = [
      ...amounts.map((amount) => world.bid('acc_1', amount)),
      ...amounts.map((amount) =>
        other.bid({ lotId, accountId: 'acc_1', amount }).catch((error: { code: string }) => error.code),
      ),
    ]
    // With the lock the second waits for it; without, both are at the point.
    await (guard === withoutRowLocks ? gate.arrived(2) : gate.reached.then(() => untilWaiting(platform.db)))
    gate.open()
    const answers = await Promise.all(asked)
    return {
      accepted: answers.filter((answer) => typeof answer === 'object').length,
      refused: [...new Set(answers.filter((answer) => typeof answer === 'string'))],
      violations: await world.violations(),
    }
  } finally {
    await second.database.close()
  }
}

test('a crowd of requests of one account at once, in two processes, makes three bids', async ({ platform }) => {
  const { accepted, refused, violations } = await hundredAtOnce(platform, withLock)
  expect(accepted).toBe(3)
  expect(refused).toEqual(['auctions.no-chances-left'])
  expect(violations).toEqual([])
})

test('control, lock off: it makes more', async ({ platform }) => {
  await withoutKeys(platform.db)
  const { accepted, violations } = await hundredAtOnce(platform, withoutRowLocks)
  expect(accepted).toBeGreaterThan(3)
  expect(violations).not.toEqual([])
})

test('control, lock off and keys on: the database refuses a second bid of the same sequence', async ({ platform }) => {
  await expect(hundredAtOnce(platform, withoutRowLocks)).resolves.toMatchObject({ accepted: 3 })
})

test('a process that dies while it decides has acknowledged nothing, and one that has committed has lost nothing', async ({
  platform,
}) => {
  const world = await openWorld(platform, { seats: 1 })
  await world.bid('acc_1', at(0))
  for (const point of ['auctions.before-deciding', 'auctions.before-commit']) {
    const racepoints = {
      reach(name: string) {
        if (name === point) throw new Error('killed')
      },
    }
    const dying = createAuctions({ ...platform, racepoints }, { streamsMax: 1 })
    await expect(dying.bid({ lotId, accountId: 'acc_2', amount: at(1) })).rejects.toThrow('killed')
  }
  expect(await world.document()).toMatchObject({ bids: 1, bidders: 1 })
  expect(await world.bid('acc_2', at(1))).toMatchObject({ sequence: 2, rank: 1 })
  // Whoever comes up has nothing but the database.
  const next = createAuctions(platform, { streamsMax: 1 })
  await expect(next.bid({ lotId, accountId: 'acc_3', amount: at(1) })).rejects.toMatchObject({
    code: 'auctions.too-low',
  })
  expect(await world.violations()).toEqual([])
})

test('for any history, who wins, the cut-off, whom a bid pushes out and what is refused equal a plain reference', async ({
  platform,
}) => {
  for (const seed of [1, 2, 3]) await compareWithReference(platform, seed)
})

type Told = { accountId: string; amount: number; sequence: number }

/** Some hundred bids of a few accounts in batches of some, in two processes; the reference sorts everything each time. */
async function compareWithReference(platform: TestPlatform, seed: number): Promise<void> {
  const random = seededRandom(seed)
  const below = (n: number) => random(4)[0]! % n
  const own = await openTestPlatform(platform.databaseUrl, { seed, origin: `one ${seed}` })
  const second = await openTestPlatform(platform.databaseUrl, { seed: seed + 100, origin: `two ${seed}` })
  try {
    await rows(own.db, sql`truncate auctions.lots, auctions.bids, auctions.bidders cascade`)
    const seats = 1 + below(4)
    const world = await openWorld(own, { seats })
    const other = createAuctions(second, { streamsMax: 1 })
    const history: Told[] = []
    const pushedOut: string[] = []
    await world.spied()
    for (let round = 0; round < 25; round++) {
      second.clock.set(own.clock.now())
      const batch = Array.from({ length: 1 + below(6) }, () => ({
        accountId: `acc_${below(9)}`,
        amount: at(below(12)),
      }))
      const place = (request: { accountId: string; amount: number }) =>
        round % 2 === 0
          ? world.bid(request.accountId, request.amount)
          : other.bid({ lotId, ...request }).then(
              () => ({}),
              (error: { code: string }) => error.code,
            )
      const answers = await Promise.all(batch.map(place))
      for (const [i, { accountId, amount }] of batch.entries()) {
        const before = reference(history, seats)
        const mine = history.filter((bid) => bid.accountId === accountId)
        const isGood =
          mine.length < 3 &&
          amount > Math.max(-1, ...mine.map((bid) => bid.amount)) &&
          (before.length < seats || amount > before[seats - 1]!.amount)
        expect(typeof answers[i] === 'object').toBe(isGood)
        if (!isGood) continue
        history.push({ accountId, amount, sequence: history.length + 1 })
        const after = reference(history, seats).map((bid) => bid.accountId)
        for (const bid of before)
          if (!after.includes(bid.accountId) && history.filter((made) => made.accountId === bid.accountId).length < 3)
            pushedOut.push(bid.accountId)
      }
    }
    const best = reference(history, seats)
    const document = await world.document()
    expect(document.cutoff).toEqual(best.length === seats ? won(best[seats - 1]!.amount) : null)
    expect(document.cutoffSequence).toEqual(best[seats - 1]?.sequence ?? null)
    expect(await world.pushedOut()).toEqual(pushedOut)
    await world.closeNow()
    const awards = await rows(
      own.db,
      sql<{ account_id: string; amount: number; place: number }>`
      select account_id, amount, place from auctions.awards order by place`,
    )
    expect(awards).toEqual(best.map(({ accountId, amount }, i) => ({ account_id: accountId, amount, place: i + 1 })))
    expect(await world.violations()).toEqual([])
  } finally {
    await own.database.close()
    await second.database.close()
  }
}

/** The live bids that win: the last of each account, sorted. */
function reference(history: readonly Told[], seats: number): Told[] {
  const last = new Map(history.map((bid) => [bid.accountId, bid]))
  return [...last.values()].sort((a, b) => b.amount - a.amount || a.sequence - b.sequence).slice(0, seats)
}

describe('the rules', () => {
  const rules: LotRules = { seats: 3, startAmount: 100, step: 7, bidsMax: 3, opensAt: 0, endsAt: 100_000 }

  test('the least that may be bid is accepted, and one step less is not', () => {
    const random = seededRandom(5)
    const below = (n: number) => (random(4)[0]! * 256 + random(4)[1]!) % n
    for (let i = 0; i < 2000; i++) {
      const floor = {
        own: below(2) ? 100 + 7 * below(20) : undefined,
        cutoff: below(2) ? 100 + 7 * below(20) : undefined,
      }
      const state = { used: 1, end: 100_000, ...floor }
      const amount = lowestAmount(rules, floor)!
      expect(judge(rules, { amount, at: 5 }, state).kind).toBe('accepted')
      expect(judge(rules, { amount: amount - 7, at: 5 }, state).kind).toBe('too-low')
    }
    expect(lowestAmount(rules, { cutoff: 10 ** 12 })).toBeNull()
  })

  test('a soft close moves the end for accepted bids alone, never back, never past its cap', () => {
    const softClose = { windowSeconds: 10, extendSeconds: 20, extendSecondsMax: 45 }
    const soft = { ...rules, softClose }
    expect(endAfter(rules, 100_000, 99_999)).toBe(100_000)
    expect(endAfter(soft, 100_000, 89_999)).toBe(100_000)
    expect(endAfter(soft, 100_000, 90_000)).toBe(110_000)
    expect(endAfter({ ...soft, softClose: { ...softClose, extendSeconds: 5 } }, 100_000, 91_000)).toBe(100_000)
    const random = seededRandom(9)
    for (let story = 0; story < 200; story++) {
      let [end, last] = [100_000, 100_000]
      for (let now = 80_000; now < 160_000; now += 200 + random(1)[0]! * 20) {
        const amount = 93 + (random(1)[0]! % 4) * 7
        const outcome = judge(soft, { amount, at: now }, { used: random(1)[0]! % 4, end, cutoff: 100 })
        if (outcome.kind === 'accepted') end = outcome.end
        expect(end).toBeGreaterThanOrEqual(last)
        expect(end).toBeLessThanOrEqual(145_000)
        expect(outcome.kind === 'accepted' ? now < last : end === last).toBe(true)
        expect(outcome.kind === 'closed').toBe(now >= last)
        last = end
      }
    }
  })

  test('among many seats the list of winners stays what sorting gives', () => {
    const random = seededRandom(3)
    const winners = createWinners<{ bidder: string; amount: number; sequence: number }>(50)
    const last = new Map<string, { bidder: string; amount: number; sequence: number }>()
    const looks: unknown[][] = []
    for (let sequence = 1; sequence <= 3000; sequence++) {
      const bytes = random(4)
      const bidder = `b${(bytes[0]! * 256 + bytes[1]!) % 200}`
      const own = last.get(bidder)
      const amount = (own?.amount ?? winners.cutoff()?.amount ?? 0) + 1 + (bytes[2]! % 9)
      const bid = { bidder, amount, sequence }
      winners.put(bid, own)
      last.set(bidder, bid)
      if (sequence % 100 === 0) looks.push([[...winners.list()], [...last.values()].toSorted(byRank).slice(0, 50)])
    }
    for (const [list, sorted] of looks) expect(list).toEqual(sorted)
  })
})
