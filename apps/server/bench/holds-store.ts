import { createMetrics } from '#platform/metrics'
import { openDatabase, sql, type Database, type Db } from '#platform/db'
import { noRacepoints } from '#platform/racepoint'
import { inventoryDefaults } from '#modules/inventory'
import type { Section } from '../src/modules/inventory/inventory-store.ts'
import { createPlacing, type PlacingConfig } from '../src/modules/inventory/placing.ts'
import { createSections } from '../src/modules/inventory/sections.ts'
import type { Beside } from './bench.ts'
import { clock, event, ids } from './holds-sale.ts'
import { startRedis, type RedisServer } from './redis-server.ts'
import { median } from './real-and-bare.ts'

// Holds without HTTP, by the engine and by what it is compared with, on one database and in turns.

const rounds = 3
const holdsPerRound = 4_000
const callers = 200
/** As many connections as two cores make use of. */
const connections = 16

/** Figures of the store alone, each beside its own limit. */
export async function measureStore(databaseUrl: string): Promise<Beside[]> {
  const database = openDatabase({ url: databaseUrl, connectionsMax: connections, statementTimeoutMs: 120_000 })
  const redis = await startRedis()
  try {
    return [...(await compare(database, redis)), await contended(database), await growth(database)]
  } finally {
    await redis?.stop()
    await database.close()
  }
}

let sales = 0

/** A sale of its own with so many seats. */
async function addSale(db: Db, seats: number, holdSeconds = 300): Promise<Section> {
  const saleId = `sal_store${++sales}`
  const sectionId = `sec_store${sales}`
  await sql`
    with sale as (
      insert into inventory.sales (id, event_id, event, opens_at, closes_at, hold_seconds, limit_per_account, ready_at)
      values (${saleId}, ${event.id}, ${JSON.stringify(event)}::jsonb, '2000-01-01', '2100-01-01', ${holdSeconds}, 1000000, '2000-01-01')),
    section as (
      insert into inventory.sections (id, sale_id, position, name, admission, capacity, price_amount, price_currency, built)
      values (${sectionId}, ${saleId}, 1, 'Hall', 'reserved', ${seats}, 55000, 'KRW', ${seats}))
    insert into inventory.seats (section_id, number, label, row_name, x, y)
    select ${sectionId}, n, 'A-' || n, 'A', n, 0 from generate_series(1, ${seats}::int) n`.execute(db)
  await sql`vacuum analyze inventory.seats`.execute(db)
  return (await createSections(db).find(sectionId))!
}

type Hold = (section: Section, caller: number, seats: readonly [number, number]) => Promise<boolean>

function engine(db: Db, config: Partial<PlacingConfig> = {}, now = clock.now): Hold {
  const metrics = createMetrics({ processMetrics: false })
  const deps = { db, clock: { ...clock, now }, ids, metrics, racepoints: noRacepoints, sections: createSections(db) }
  const placing = createPlacing({ ...deps, touched: () => undefined }, { ...inventoryDefaults, ...config })
  return async (section, caller, seats) => {
    const wish = {
      section,
      lineId: 'lin_bench',
      accountId: `acc_bench${caller}`,
      passUntil: Infinity,
      entitled: null,
      unitAmount: null,
      isPromised: false,
      seats,
    }
    return (await placing.place(wish)).kind === 'placed'
  }
}

/**
 * What systems with a lock service do: take a lock with a life for each seat, read the seats, check, write, give the
 * locks back. The hold is as durable as ours.
 */
function locking({ pool }: Database, redis: RedisServer): Hold {
  return async (section, caller, seats) => {
    const keys = seats.map((number) => `lock:${section.id}:${number}`)
    const owner = ids('hold')
    const taken: string[] = []
    try {
      for (const key of keys) {
        if ((await redis.client.set(key, owner, 'PX', 5000, 'NX')) === null) return false
        taken.push(key)
      }
      const client = await pool.connect()
      try {
        await client.query('begin')
        const now = new Date(clock.now())
        const free = await client.query(
          'select number, label from inventory.seats where section_id = $1 and number = any($2::int[]) and (state = 0 or held_until <= $3)',
          [section.id, seats, now],
        )
        const isFree = free.rowCount === seats.length
        if (isFree) {
          const until = new Date(now.getTime() + section.holdSeconds * 1000)
          await client.query(
            'update inventory.seats set state = 1, hold_id = $3, held_until = $4 where section_id = $1 and number = any($2::int[])',
            [section.id, seats, owner, until],
          )
          await client.query(
            `insert into inventory.holds (id, sale_id, section_id, line_id, account_id, seats, labels, unit_amount, currency, state, expires_at, placed_at)
             values ($1, $2, $3, 'lin_bench', $4, $5, $6, 55000, 'KRW', 'held', $7, $8)`,
            [
              owner,
              section.saleId,
              section.id,
              `acc_bench${caller}`,
              seats,
              free.rows.map((seat) => seat.label),
              until,
              now,
            ],
          )
        }
        await client.query('commit')
        return isFree
      } finally {
        client.release()
      }
    } finally {
      if (taken.length > 0) await redis.client.del(...taken)
    }
  }
}

/** Holds a second when callers take pairs of free seats, each pair once. */
async function rateOf(hold: Hold, pairs: readonly { section: Section; first: number }[]): Promise<number> {
  let next = 0
  let placed = 0
  const startedAt = performance.now()
  await Promise.all(
    Array.from({ length: callers }, async () => {
      for (let i = next++; i < pairs.length; i = next++) {
        const { section, first } = pairs[i]!
        // Accounts as in a crowd: many, each a few times.
        if (await hold(section, i % 2_000, [first, first + 1])) placed++
      }
    }),
  )
  if (placed !== pairs.length) throw new Error(`${placed} of ${pairs.length} holds of free seats were placed`)
  return pairs.length / ((performance.now() - startedAt) / 1000)
}

/** So many pairs of a section, lying apart as in a crowd. */
const pairsOf = (section: Section, count: number) =>
  Array.from({ length: count }, (_, i) => ({ section, first: ((i * 7919) % (section.capacity / 2)) * 2 + 1 }))

const round3 = (value: number) => Math.round(value * 1000) / 1000

/** One kind of store after the other in every round, on a sale of its own. */
async function inTurns(db: Db, kinds: Record<string, () => Promise<number>>): Promise<Record<string, number>> {
  const measured = Object.fromEntries(Object.keys(kinds).map((name): [string, number[]] => [name, []]))
  await sql`checkpoint`.execute(db)
  for (let round = 0; round <= rounds; round++) {
    for (const [name, measure] of Object.entries(kinds)) {
      const rate = await measure()
      // The first round warms up.
      if (round > 0) measured[name]!.push(rate)
    }
  }
  return Object.fromEntries(Object.entries(measured).map(([name, rates]) => [name, median(rates)]))
}

async function compare(database: Database, redis: RedisServer | undefined): Promise<Beside[]> {
  const { db } = database
  const fresh = async (hold: Hold) => rateOf(hold, pairsOf(await addSale(db, holdsPerRound * 2), holdsPerRound))
  const batched = engine(db)
  const single = engine(db, { lanes: connections, batchMax: 1 })
  const locked = redis && locking(database, redis)
  const rates = await inTurns(db, {
    batched: () => fresh(batched),
    single: () => fresh(single),
    ...(locked ? { locked: () => fresh(locked) } : {}),
  })
  const unit = 'holds/s'
  const value = Math.round(rates['batched']!)
  const against = (name: string, limitIs: string, limit: number, atLeast: number): Beside => ({
    name,
    unit,
    value,
    limit: Math.round(limit),
    limitIs,
    ratio: round3(value / limit),
    atLeast,
  })
  return [
    against('batched', 'the same holds one by one through the same driver', rates['single']!, 2),
    redis
      ? against('without a lock service', 'a Redis lock per seat around read, check and write', rates['locked']!, 3)
      : { name: 'without a lock service', absent: 'there is no redis-server on the PATH' },
  ]
}

const hotPairs = 50
const hotMs = 50
const hotSeconds = 3

/** Callers who all want the same few seats, as soon as they are free again: how many of the possible holds come about. */
async function contended({ db }: Database): Promise<Beside> {
  // A hold lasts whole seconds; on a clock that runs faster that is as short as it needs to be.
  const startedAt = clock.now()
  const now = () => startedAt + (clock.now() - startedAt) * (1000 / hotMs)
  const hold = engine(db, { wishesPerAccountMax: callers }, now)
  const section = await addSale(db, hotPairs * 2, 1)
  let wins = 0
  const endsAt = performance.now() + hotSeconds * 1000
  await Promise.all(
    Array.from({ length: callers }, async (_, caller) => {
      for (let i = caller; performance.now() < endsAt; i += 7) {
        const first = (i % hotPairs) * 2 + 1
        if (await hold(section, caller, [first, first + 1])) wins++
      }
    }),
  )
  const possible = (hotPairs * 1000) / hotMs
  const value = Math.round(wins / hotSeconds)
  return {
    name: 'contended',
    unit: 'holds/s',
    value,
    limit: possible,
    limitIs: `${hotPairs * 2} seats, ${callers} callers, holds of ${hotMs} ms: every seat held all the time`,
    ratio: round3(value / possible),
    atLeast: 0.9,
  }
}

const small = 1_000
const large = 100_000

/** Whether a hold costs more where there are more seats. */
async function growth({ db }: Database): Promise<Beside> {
  const hold = engine(db)
  const big = await addSale(db, large)
  let from = 0
  const rates = await inTurns(db, {
    async small() {
      const sections = await Promise.all(Array.from({ length: (holdsPerRound * 2) / small }, () => addSale(db, small)))
      const lists = sections.map((section) => pairsOf(section, small / 2))
      return rateOf(
        hold,
        Array.from({ length: holdsPerRound }, (_, i) => lists[i % lists.length]![Math.floor(i / lists.length)]!),
      )
    },
    async large() {
      from += holdsPerRound
      return rateOf(hold, pairsOf(big, from).slice(-holdsPerRound))
    },
  })
  const value = Math.round(rates['large']!)
  const limit = Math.round(rates['small']!)
  return {
    name: 'growth',
    unit: 'holds/s',
    value,
    limit,
    limitIs: `sales of ${small} seats instead of one of ${large}`,
    ratio: round3(value / limit),
    atLeast: 0.8,
  }
}
