import { expect } from 'vitest'
import { rows, sql, transaction, type Db } from '#platform/db'
import type { Fact } from '#platform/bus'
import { seededRandom } from '#platform/ids'
import { withoutGuard, withoutLeader } from '../../../test/controls.ts'
import { openTestPlatform, test, type TestPlatform } from '../../../test/fixtures.ts'
import { createWaitingRoom, type WaitingRoom } from './index.ts'
import { config, openWorld, opensAt, orderFulfilled, orderRefunded, people } from './test-world.ts'

const midnight = Date.parse('2026-01-01T00:00:00Z')
const atNine = Date.parse('2026-01-01T09:00:00Z')
const atTen = Date.parse(opensAt)

/** One line is bound by the people who may be inside, the other by what can be sold. */
const lines = [
  { id: 'lin_a', shoppersMax: 8, capacity: 60, admitPerMinute: 600 },
  { id: 'lin_b', shoppersMax: 50, capacity: 10, admitPerMinute: 600 },
] as const
const soldMax = 3

/** One process of the service: its own connections, memory and race points; the same database. */
type Process = { platform: TestPlatform; room: WaitingRoom }

/** Where a process may die, by what it is doing. */
const moments = {
  tick: ['waiting-room.before-call', 'waiting-room.after-call'],
  join: ['waiting-room.before-numbers', 'waiting-room.after-numbers'],
  claim: ['waiting-room.before-pass'],
  leave: ['waiting-room.before-leaving'],
} as const
type Doing = keyof typeof moments

/** What people were told, and so may rely on. */
type ToldPlace = { id: string; number: number; lineId: string; accountId: string; placeToken: string }

async function liveThrough(
  platform: TestPlatform,
  seed: number,
  options: { steps: number; guarded: (db: Db) => Db; mayDieAt?: Partial<Record<Doing, readonly string[]>> },
): Promise<{ deaths: number; told: number; passes: number }> {
  const world = await openWorld(platform, lines)
  platform.clock.set(atNine)
  const random = seededRandom(seed)
  const below = (count: number): number => Buffer.from(random(4)).readUInt32BE() % count
  const pick = <T>(items: readonly T[]): T => items[below(items.length)]!
  const { mayDieAt = moments } = options
  let opened = 0

  async function start(): Promise<Process> {
    const origin = `process-${++opened}`
    const own = await openTestPlatform(platform.databaseUrl, { seed: seed * 1000 + opened, origin, connectionsMax: 3 })
    own.clock.set(platform.clock.now())
    return { platform: own, room: createWaitingRoom({ ...own, db: options.guarded(own.db) }, config) }
  }
  const processes = [await start(), await start()]

  const told = new Map<string, ToldPlace>()
  const passes = new Map<string, string>()
  const sold = new Map<string, string>()
  let deaths = 0

  const places = () => [...told.values()]
  const advance = (ms: number) =>
    [platform, ...processes.map((p) => p.platform)].forEach(({ clock }) => clock.advance(ms))
  const tickOf = ({ room }: Process) => room.module.loops![0]!.run()

  /** Places that may be claimed, or all of them where there is none. */
  async function called({ room }: Process): Promise<ToldPlace[]> {
    const frontiers = new Map<string, number>()
    for (const { id } of lines) frontiers.set(id, (await room.lineDocument(id)).frontier)
    const found = places().filter(({ id, lineId, number }) => !passes.has(id) && number <= frontiers.get(lineId)!)
    return found.length > 0 ? found : places()
  }

  /** Does something in a process and notes what its caller is told; a refusal or a death tells nothing. */
  async function act(doing: Doing, process: Process): Promise<void> {
    const { room, platform: own } = process
    if (doing === 'tick') return void (await tickOf(process))
    if (doing === 'join') {
      const lineId = pick(lines).id
      const { place } = await room.join({ lineId, accountId: pick(people(30)) })
      const { id, number, accountId } = place
      const known = told.get(id)
      if (known) expect(known).toMatchObject({ number, lineId, accountId })
      const placeToken = own.tokens.sign('place', {
        placeId: id,
        lineId,
        saleId: place.saleId,
        accountId,
        number,
        iat: place.joinedAt.getTime(),
      })
      told.set(id, { id, number, lineId, accountId, placeToken })
    } else if (doing === 'claim') {
      const place = pick(await called(process))
      const { passToken } = await room.claim(place)
      const verified = own.tokens.verify('pass', passToken)
      const passId = verified.kind === 'valid' ? verified.payload.passId : 'none'
      expect(passes.get(place.id) ?? passId).toBe(passId)
      passes.set(place.id, passId)
    } else {
      const { accountId, lineId } = pick(places())
      await leaveLine(process, accountId, lineId)
    }
  }

  async function leaveLine({ platform: own, room }: Process, accountId: string, lineId: string): Promise<void> {
    const { fastify } = own.http([room.module])
    const headers = await own.authorization(accountId)
    const answer = await fastify.inject({ method: 'DELETE', url: `/api/lines/${lineId}/passes`, headers })
    if (answer.statusCode >= 500) throw new Error(answer.body)
  }

  /** Ends every transaction that stands still, as the end of a process or of its connections would. */
  const cutConnections = () =>
    sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and state = 'idle in transaction' and pid <> pg_backend_pid()`.execute(
      platform.db,
    )

  /** Somebody dies in the middle; the others go on meanwhile. */
  async function die(doing: Doing): Promise<void> {
    const process = pick(processes)
    const gate = process.platform.racepoints.hold(pick(mayDieAt[doing]!))
    const done = act(doing, process).catch(() => undefined)
    await Promise.race([gate.reached, done])
    await Promise.all(processes.filter((other) => other !== process).map((other) => tickOf(other)))
    const fate = pick(['lives', 'connection', 'process', 'service'] as const)
    if (fate !== 'lives') {
      deaths++
      await cutConnections()
    }
    gate.open()
    await done
    const ended = fate === 'service' ? [...processes] : fate === 'process' ? [process] : []
    for (const one of ended) {
      await one.platform.database.close()
      processes[processes.indexOf(one)] = await start()
    }
  }

  async function publish(...facts: Fact[]): Promise<void> {
    await transaction(platform.db, (tx) => platform.outbox.publish(tx, facts))
  }
  /** Facts are handled by whichever process comes first, and wait for it if need be. */
  async function handleFacts(): Promise<void> {
    const { platform: own, room } = pick(processes)
    while (await own.bus.subscriberLoop(room.module.name, room.module.subscriptions!).run());
  }

  async function order(): Promise<void> {
    const place = told.get(pick([...passes.keys()]))!
    const { lineId, accountId } = place
    if (sold.has(place.id) || [...sold.values()].filter((line) => line === lineId).length >= soldMax) return
    sold.set(place.id, lineId)
    await publish(orderFulfilled({ id: `ord_${place.id}`, lineId, accountId, at: platform.clock.now() }))
  }
  async function refund(): Promise<void> {
    const id = pick([...sold.keys()])
    const { lineId, accountId } = told.get(id)!
    await publish(orderRefunded({ id: `ord_${id}`, lineId, accountId }))
  }

  async function check(): Promise<void> {
    expect((await world.violations()).join()).toBe('')
    const found = await rows(
      platform.db,
      sql<{ id: string; number: number; lineId: string; accountId: string }>`
        select id, number, line_id as "lineId", account_id as "accountId" from waiting_room.places`,
    )
    const byId = new Map(found.map((place) => [place.id, place]))
    for (const { placeToken: _, ...place } of told.values()) expect(byId.get(place.id)).toEqual(place)
    const now = new Date(platform.clock.now())
    const crowded = await rows(
      platform.db,
      sql<{ lineId: string; active: number; room: number }>`
        select f.line_id as "lineId", least(f.shoppers_max, c.capacity - greatest(c.sold, c.fulfilled)) as room,
          ((select count(*) from waiting_room.passes x where x.line_id = f.line_id and x.ended_at is null and x.expires_at > ${now})
           + (select count(*) from waiting_room.places p join waiting_room.calls k on k.line_id = p.line_id
                and p.number between k.from_position and k.to_position
              where p.line_id = f.line_id and p.state = 'waiting' and k.lapsed_at is null))::int as active
        from waiting_room.frontiers f join waiting_room.sections c on c.section_id = replace(f.line_id, 'lin', 'sec')`,
    )
    for (const { active, room, lineId } of crowded) expect(active, lineId).toBeLessThanOrEqual(room)
    const given = await rows(
      platform.db,
      sql<{ placeId: string; id: string }>`
        select p.id as "placeId", x.id from waiting_room.passes x
        join waiting_room.places p on p.line_id = x.line_id and p.number = x.number`,
    )
    const passOf = new Map(given.map(({ placeId, id }) => [placeId, id]))
    for (const [placeId, passId] of passes) expect(passOf.get(placeId)).toBe(passId)
  }

  try {
    await Promise.all(people(12).map((accountId, i) => act('join', processes[i % 2]!).catch(() => accountId)))
    advance(atTen - atNine)
    const doings: Doing[] = ['tick', 'tick', 'join', 'join', 'claim', 'claim', 'leave']
    const dying = doings.filter((doing) => mayDieAt[doing])
    for (let step = 0; step < options.steps; step++) {
      const chance = below(12)
      if (chance < 4) await die(pick(dying))
      else if (chance < 9) await act(pick(doings), pick(processes)).catch(() => undefined)
      else if (chance === 9 && passes.size > 0) await order()
      else if (chance === 10 && sold.size > 0 && below(3) === 0) await refund()
      else if (chance === 10) await handleFacts()
      else advance(below(30) * 1000)
      advance(250)
      if (below(2) === 0) await tickOf(pick(processes))
      if (chance < 4 || below(4) === 0) await check()
    }
    // Nobody was forgotten: with time, everybody is called, whoever ticks.
    await handleFacts()
    for (let minute = 0; minute < 40; minute++) {
      advance(61_000)
      await tickOf(pick(processes))
    }
    await check()
    for (const { id } of lines) {
      const document = await pick(processes).room.lineDocument(id)
      expect(document.frontier).toBe(document.arrivals)
    }
    return { deaths, told: told.size, passes: passes.size }
  } finally {
    await Promise.all(processes.map((process) => process.platform.database.close()))
  }
}

for (const seed of [1, 2, 3, 4]) {
  test(`whoever dies in the middle, places keep their numbers, nobody is let in twice or forgotten (seed ${seed})`, async ({
    platform,
  }) => {
    const lived = await liveThrough(platform, seed, { steps: 60, guarded: (db) => db })
    expect(lived.deaths).toBeGreaterThan(5)
    expect(lived.told).toBeGreaterThan(12)
    expect(lived.passes).toBeGreaterThan(2)
  })
}

test('without the locks of the tick and the key of the calls the same life calls somebody twice (control)', async ({
  platform,
}) => {
  await sql`alter table waiting_room.calls drop constraint calls_pkey`.execute(platform.db)
  const guarded = (db: Db) => withoutLeader(withoutGuard(db, /for update of f.*/s))
  // Later than this the others would wait for the row that the first has written.
  const mayDieAt = { tick: ['waiting-room.before-call'] }
  // About every second life needs the locks, and what is at the same time makes it another: it ends with the first that does.
  let end = ''
  for (let seed = 4; seed < 34 && !end.includes('the calls of each line'); seed++) {
    await rows(platform.db, sql`truncate waiting_room.sales, platform.deliveries cascade`)
    platform.clock.set(midnight)
    end = await liveThrough(platform, seed, { steps: 60, guarded, mayDieAt }).then(() => 'lived', String)
  }
  expect(end).toContain('the calls of each line')
}, 180_000)
