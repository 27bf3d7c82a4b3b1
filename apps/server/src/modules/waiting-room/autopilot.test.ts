import { expect } from 'vitest'
import type { ServiceHealth } from '@fairgate/contracts/health'
import { sql } from '#platform/db'
import { createLog } from '#platform/log'
import { startLoop } from '#platform/loop'
import { openTestPlatform, test, type TestPlatform } from '../../../test/fixtures.ts'
import { createWaitingRoom } from './index.ts'
import { config, openWorld, opensAt, orderFulfilled, people, stockChanged, type LineSpec } from './test-world.ts'

const atNine = Date.parse('2026-01-01T09:00:00Z')
const atTen = Date.parse(opensAt)

const wide = { id: 'lin_a', shoppersMax: 10_000, capacity: 10_000, admitPerMinute: 600 }

/** A waiting room whose service fares as the test says, with a crowd in line, just opened. */
async function openSale(platform: TestPlatform, crowd: number, lines: readonly LineSpec[] = [wide]) {
  const service: ServiceHealth = { state: 'well', cause: null, pressure: 0, processes: [], missing: [] }
  const lineOf: string[] = []
  const logged = createLog('info', { write: (text) => void lineOf.push(text) })
  const world = await openWorld({ ...platform, log: logged, health: { now: () => service } } as TestPlatform, lines, {
    tricklePerMinute: 10,
  })
  platform.clock.set(atNine)
  for (const line of lines) await world.joinCrowd(people(crowd, `${line.id}_`), line.id)
  world.openSale()
  return {
    ...world,
    fare: (news: Partial<ServiceHealth>) => void Object.assign(service, { cause: null, pressure: 0, ...news }),
    /** Ticks four times a second. @returns how far the frontier came in that time */
    async ticksFor(seconds: number, lineId = 'lin_a'): Promise<number> {
      const { frontier } = await world.document(lineId)
      for (let i = 0; i < seconds * 4; i++) {
        platform.clock.advance(250)
        await world.tick()
      }
      return (await world.document(lineId)).frontier - frontier
    },
    admission: async (lineId = 'lin_a') => (await world.document(lineId)).admission,
    logged: () => lineOf.map((text) => JSON.parse(text) as Record<string, unknown>),
    operate: (method: 'GET' | 'POST' | 'DELETE', path: string, accountId = 'acc_organiser', role = 'organiser') =>
      world.call(method, `/api/lines/lin_a/${path}`, accountId, undefined, { roles: [role] }),
  }
}

const strained = { state: 'strained', cause: 'reads', pressure: 1 } as const
const unwell = { state: 'unwell', cause: 'database', pressure: 1 } as const

test('while the service is strained fewer are let in, and well again more each second; the line says why', async ({
  platform,
}) => {
  const line = await openSale(platform, 1500)
  // Ten a second, and as many at the opening.
  expect(await line.ticksFor(5)).toBe(57)
  expect(await line.admission()).toEqual({ perMinute: 600, limitedBy: 'rate', everyone: false })
  line.fare(strained)
  await line.ticksFor(1)
  expect(await line.ticksFor(2)).toBeLessThanOrEqual(11)
  expect(await line.admission()).toMatchObject({ limitedBy: 'health', perMinute: 300 })
  expect(await line.ticksFor(9)).toBeLessThan(25)
  line.fare({ state: 'well' })
  expect(await line.ticksFor(6)).toBeGreaterThan(30)
  expect(await line.admission()).toMatchObject({ limitedBy: 'rate', perMinute: 600 })
  expect(await line.violations()).toEqual([])
})

test('while the service is unwell nobody is let in; merely slow, it lets in a trickle for ever', async ({
  platform,
}) => {
  const line = await openSale(platform, 300)
  await line.ticksFor(1)
  line.fare(unwell)
  expect(await line.ticksFor(20)).toBe(0)
  expect(await line.admission()).toMatchObject({ limitedBy: 'health', perMinute: 0 })
  line.fare(strained)
  // What was allowed while nobody was let in: one at once, and then one every six seconds.
  expect(await line.ticksFor(30)).toBe(6)
  expect(await line.ticksFor(30)).toBe(5)
})

test('a line where nobody waits is as it was while the service is strained', async ({ platform }) => {
  const line = await openSale(platform, 0)
  line.fare(strained)
  expect(await line.ticksFor(8)).toBe(0)
  expect(await line.admission()).toEqual({ perMinute: 600, limitedBy: 'all-called', everyone: false })
  await line.join('acc_late')
  expect(await line.ticksFor(1)).toBe(1)
})

test('lines share what the service bears', async ({ platform }) => {
  const fast = { ...wide, admitPerMinute: 1800 }
  const line = await openSale(platform, 600, [fast, { ...fast, id: 'lin_b', admitPerMinute: 600 }])
  await line.ticksFor(5)
  line.fare(strained)
  await line.ticksFor(1)
  const [three, one] = [await line.admission('lin_a'), await line.admission('lin_b')]
  expect([three!.limitedBy, one!.limitedBy]).toEqual(['health', 'health'])
  expect(three!.perMinute! + one!.perMinute!).toBeLessThanOrEqual(1200)
  expect(Math.round(three!.perMinute! / one!.perMinute!)).toBe(3)
})

test('another process goes on with what the service was found to bear', async ({ platform }) => {
  const line = await openSale(platform, 600)
  await line.ticksFor(4)
  line.fare(strained)
  await line.ticksFor(7)
  const before = (await line.document()).frontier
  const next = await openTestPlatform(platform.databaseUrl, { seed: 9, origin: 'next' })
  next.clock.set(platform.clock.now())
  const health = { now: (): ServiceHealth => ({ ...strained, processes: [], missing: [] }) }
  const room = createWaitingRoom({ ...next, health }, { ...config, tricklePerMinute: 10 })
  for (let i = 0; i < 4; i++) {
    next.clock.advance(250)
    await room.module.loops![0]!.run()
  }
  const { frontier, admission } = await room.lineDocument('lin_a')
  expect(frontier - before).toBeLessThan(4)
  expect(admission?.limitedBy).toBe('health')
  await next.database.close()
})

test('a change of what limits a line is logged once, with its cause, not each tick', async ({ platform }) => {
  const line = await openSale(platform, 300)
  await line.ticksFor(4)
  line.fare(strained)
  await line.ticksFor(6)
  const about = (message: string) => line.logged().filter(({ msg }) => msg === message)
  expect(about('something else limits a line')).toMatchObject([
    { lineId: 'lin_a', before: null, limitedBy: 'rate' },
    { lineId: 'lin_a', before: 'rate', limitedBy: 'health', cause: 'reads' },
  ])
  expect(about('the service fares otherwise')).toMatchObject([{ before: 'well', state: 'strained', cause: 'reads' }])
  const metrics = await platform.metrics.text()
  expect(metrics).toContain('fairgate_lines_limited{by="health"} 1')
  expect(metrics).toContain('fairgate_lines_limited{by="rate"} 0')
})

test('every limit is told as what it is', async ({ platform }) => {
  const line = await openSale(platform, 20, [{ ...wide, shoppersMax: 5, admitPerMinute: 6000 }])
  await line.ticksFor(1)
  expect(await line.admission()).toMatchObject({ limitedBy: 'shoppers' })
  await line.operate('POST', 'pause')
  expect(await line.admission()).toEqual({ perMinute: 0, limitedBy: 'paused', everyone: false })
  await line.operate('POST', 'resume')
  await line.tell(stockChanged(atTen + 1, { lin_a: { free: 3, sold: 9997 } }))
  await line.ticksFor(3)
  expect(await line.admission()).toMatchObject({ limitedBy: 'stock' })
  await line.tell(stockChanged(atTen + 2, { lin_a: { sold: 10_000 } }))
  expect(await line.admission()).toEqual({ perMinute: 0, limitedBy: 'sold-out', everyone: false })
})

test('letting in everyone lifts rate and shoppers, never what can be sold, and can be undone', async ({ platform }) => {
  const line = await openSale(platform, 120, [{ ...wide, shoppersMax: 4, capacity: 90 }])
  await line.ticksFor(1)
  expect(await line.document()).toMatchObject({ frontier: 4 })
  for (let again = 0; again < 2; again++)
    expect(await line.operate('POST', 'admit-all')).toMatchObject({
      status: 200,
      body: { admission: { everyone: true }, shoppersMax: 4, admitPerMinute: 600 },
    })
  await line.ticksFor(1)
  await line.ticksFor(2)
  expect(await line.document()).toMatchObject({
    frontier: 90,
    admission: { perMinute: null, limitedBy: 'stock', everyone: true },
  })
  for (let again = 0; again < 2; again++)
    expect(await line.operate('DELETE', 'admit-all')).toMatchObject({
      status: 200,
      body: { admission: { everyone: false } },
    })
  // The ninety who were called are more than may be inside, so nobody follows until all but three are gone.
  await line.ticksFor(3)
  expect(await line.document()).toMatchObject({ frontier: 90, admission: { limitedBy: 'shoppers' } })
  expect(await line.violations()).toEqual([])
})

test('everyone is let in also while the service is strained, but not while it is unwell', async ({ platform }) => {
  const line = await openSale(platform, 500)
  await line.operate('POST', 'admit-all')
  line.fare(unwell)
  expect(await line.ticksFor(3)).toBe(0)
  expect(await line.admission()).toEqual({ perMinute: 0, limitedBy: 'health', everyone: true })
  line.fare(strained)
  expect(await line.ticksFor(1)).toBe(500)
  expect(await line.admission()).toMatchObject({ limitedBy: 'all-called', everyone: true })
})

test('only the owning organiser and an admin let in everyone, and see why a line stands still', async ({
  platform,
}) => {
  const line = await openSale(platform, 1)
  for (const [method, path] of [
    ['POST', 'admit-all'],
    ['DELETE', 'admit-all'],
    ['GET', 'admission'],
  ] as const) {
    expect(await line.operate(method, path, 'acc_rival')).toMatchObject({ status: 404 })
    expect(await line.operate(method, path, 'acc_buyer', 'buyer')).toMatchObject({ status: 403 })
    expect(await line.operate(method, path, 'acc_admin', 'admin')).toMatchObject({ status: 200 })
    expect(await line.operate(method, path)).toMatchObject({ status: 200 })
  }
  line.fare(unwell)
  await line.ticksFor(1)
  expect((await line.operate('GET', 'admission')).body).toMatchObject({
    admission: { everyone: false },
    service: { state: 'unwell', cause: 'database', processes: [] },
  })
})

test('room that somebody makes is filled at once, not with the next quarter of a second', async ({ platform }) => {
  const line = await openSale(platform, 0, [{ ...wide, shoppersMax: 2 }])
  const tokens = await line.joinInTurn(people(6))
  const loop = line.module.loops![0]!
  const ticked = { count: 0, next: Promise.withResolvers<void>() }
  const running = startLoop(
    {
      ...loop,
      async run() {
        const more = await loop.run()
        ticked.count++
        ticked.next.resolve()
        ticked.next = Promise.withResolvers<void>()
        return more
      },
    },
    { scheduler: platform.clock, log: platform.log },
  )
  await ticked.next.promise
  expect(await line.document()).toMatchObject({ frontier: 2 })
  for (const [step, make] of [
    () => line.leave('acc_1'),
    async () => {
      await line.claim('acc_2', tokens[1]!)
      await line.tell(orderFulfilled({ id: 'ord_1', lineId: 'lin_a', accountId: 'acc_2', at: platform.clock.now() }))
    },
  ].entries()) {
    platform.clock.advance(100)
    const next = ticked.next.promise
    await make()
    await next
    expect(await line.document()).toMatchObject({ frontier: 3 + step })
  }
  await running.stop()
})

const inTheMiddle = ['waiting-room.before-call', 'waiting-room.after-call'] as const

for (const moment of inTheMiddle) {
  test(`a ticker whose connection dies at ${moment} is followed by another with its next tick`, async ({
    platform,
  }) => {
    const line = await openSale(platform, 10, [{ ...wide, shoppersMax: 3 }])
    const { other, tick } = await anotherProcess(platform)
    const gate = platform.racepoints.hold(moment)
    const fate = fateOf(line.tick())
    await gate.reached
    await tick()
    expect(await line.document()).toMatchObject({ frontier: 0 })
    await sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and state = 'idle in transaction'`.execute(other.db)
    gate.open()
    expect(await fate).toBe('died')
    other.clock.advance(250)
    await tick()
    platform.clock.advance(250)
    expect(await line.document()).toMatchObject({ frontier: 3 })
    await line.tick()
    expect(await line.document()).toMatchObject({ frontier: 3 })
    expect(await line.violations()).toEqual([])
    await other.database.close()
  })
}

test('a ticker that hangs loses its turn within two seconds, and what it had done is undone', async ({ platform }) => {
  const line = await openSale(platform, 10, [{ ...wide, shoppersMax: 3 }])
  const { other, tick } = await anotherProcess(platform)
  const gate = platform.racepoints.hold('waiting-room.after-call')
  const fate = fateOf(line.tick())
  await gate.reached
  const since = performance.now()
  await sql`select pg_advisory_lock(hashtextextended('waiting-room.frontier', 0)), pg_advisory_unlock(hashtextextended('waiting-room.frontier', 0))`.execute(
    other.db,
  )
  expect(performance.now() - since).toBeLessThan(2000)
  await tick()
  gate.open()
  expect(await fate).toBe('died')
  platform.clock.advance(250)
  expect(await line.document()).toMatchObject({ frontier: 3 })
  expect(await line.violations()).toEqual([])
  await other.database.close()
})

const fateOf = (tick: Promise<unknown>): Promise<'ticked' | 'died'> =>
  tick.then(
    () => 'ticked' as const,
    () => 'died' as const,
  )

async function anotherProcess(platform: TestPlatform) {
  const other = await openTestPlatform(platform.databaseUrl, { seed: 2, origin: 'other' })
  other.clock.set(platform.clock.now())
  const room = createWaitingRoom(other, config)
  return { other, tick: () => room.module.loops![0]!.run() }
}
