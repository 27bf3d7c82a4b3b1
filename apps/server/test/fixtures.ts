import pg from 'pg'
import { inject, test as base } from 'vitest'
import type { EventType } from '@fairgate/contracts/events'
import { createAccessTokens } from '#platform/access-token'
import { createBus, type Bus, type Subscription } from '#platform/bus'
import { manualScheduler, type ManualScheduler } from '#platform/clock'
import { openDatabase, type Database } from '#platform/db'
import { memoryEphemeral } from '#platform/ephemeral'
import { createHttp, type HttpApp } from '#platform/http'
import { createIdempotency } from '#platform/idempotency'
import { createIds, seededRandom } from '#platform/ids'
import { silentLog } from '#platform/log'
import { createMetrics } from '#platform/metrics'
import type { Module } from '#platform/module'
import type { Platform } from '#platform/platform'
import { createRacepoints, type TestRacepoints } from '#platform/racepoint'
import { createSecrets } from '#platform/secrets'
import { createSignals } from '#platform/signals'
import { createTokens } from '#platform/tokens'
import { clonesOf, templateName, withDatabase } from './global-setup.ts'

/** The platform of one test: its own database, time that stands still, chance with a seed. */
export type TestPlatform = Platform & {
  clock: ManualScheduler
  racepoints: TestRacepoints
  bus: Bus
  database: Database
  databaseUrl: string
  /** Statements sent so far, for tests that count them. */
  statements: string[]
  /** An HTTP app with these modules' routes, called with `inject` or listening on port 0. */
  http(modules: readonly Module[]): HttpApp
  /** An `Authorization` header for an account. */
  authorization(
    accountId: string,
    options?: { roles?: string[]; verified?: boolean },
  ): Promise<{ authorization: string }>
  /** Registers the modules as subscribers; `others` names subscribers that the test only listens as. */
  register(modules: readonly Module[], others?: Record<string, readonly EventType[]>): Promise<void>
  /** Runs all loops of these modules and their subscriptions until nothing is left to do. */
  settle(modules: readonly Module[]): Promise<void>
  /** Facts published for a subscriber that only the test plays (see `register`), taken away by reading. */
  taken(subscriber: string): Promise<{ type: EventType; key: string; data: Record<string, unknown> }[]>
}

let cloned = 0

/** Clones the template. Also for benchmarks and for tests with several processes. */
export async function cloneDatabase(url: string): Promise<{ url: string; drop(): Promise<void> }> {
  const name = `${clonesOf(process.ppid)}${process.pid}_${++cloned}`
  const run = async (text: string) => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    try {
      await client.query(text)
    } finally {
      await client.end()
    }
  }
  // Cloning takes a lock on the template; another worker may hold it for some milliseconds.
  for (let attempt = 1; ; attempt++) {
    try {
      await run(`create database ${name} template ${templateName}`)
      break
    } catch (error) {
      if (attempt >= 20 || (error as { code?: string }).code !== '55006') throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  return { url: withDatabase(url, name), drop: () => run(`drop database if exists ${name} with (force)`) }
}

export async function openTestPlatform(
  databaseUrl: string,
  options: { seed?: number; connectionsMax?: number; origin?: string } = {},
): Promise<TestPlatform> {
  const statements: string[] = []
  const database = openDatabase({
    url: databaseUrl,
    connectionsMax: options.connectionsMax ?? 10,
    onQuery: (text) => statements.push(text),
  })
  const { db, pool } = database
  const clock = manualScheduler()
  const random = seededRandom(options.seed ?? 1)
  const ids = createIds(clock, random)
  const secrets = createSecrets(['test-secret'])
  const log = silentLog
  const metrics = createMetrics({ processMetrics: false })
  const signals = createSignals({ pool, url: databaseUrl, scheduler: clock, log, origin: options.origin ?? 'test' })
  const accessTokens = createAccessTokens(secrets, clock)
  const bus = createBus({ db, clock, ids, log, signals, metrics })
  const idempotency = createIdempotency(db, clock)

  const loopsOf = (module: Module) => [
    ...(module.loops ?? []),
    ...(module.subscriptions?.length
      ? [bus.subscriberLoop(module.name, module.subscriptions as readonly Subscription[])]
      : []),
  ]

  return {
    db,
    clock,
    ids,
    random,
    tokens: createTokens(secrets, clock),
    accessTokens,
    outbox: bus.outbox,
    signals,
    ephemeral: memoryEphemeral(clock),
    log,
    metrics,
    racepoints: createRacepoints(),
    bus,
    database,
    databaseUrl,
    statements,
    http(modules) {
      const http = createHttp({
        log,
        metrics,
        scheduler: clock,
        accessTokens,
        idempotency,
        trustProxy: false,
        inFlightMax: 10_000,
        deadlineMs: 20_000,
      })
      for (const module of modules) module.routes?.(http)
      return http
    },
    async authorization(accountId, { roles = ['buyer'], verified = true } = {}) {
      return { authorization: `Bearer ${await accessTokens.sign({ accountId, roles, verified }, 3600)}` }
    },
    register: (modules, others = {}) =>
      bus.register({
        ...Object.fromEntries(
          modules.map((module) => [module.name, (module.subscriptions ?? []).flatMap((s) => s.types)]),
        ),
        ...others,
      }),
    async settle(modules) {
      const messages = async () =>
        (
          await pool.query(
            `select count(*) || ' ' || max(seq) || ' ' || sum(attempts) as seen from platform.deliveries`,
          )
        ).rows[0].seen as string | null
      for (let round = 0; round < 200; round++) {
        const before = await messages()
        let busy = false
        for (const module of modules) {
          for (const loop of loopsOf(module)) {
            while (await loop.run()) busy = true
          }
        }
        if (!busy && (await messages()) === before) return
      }
      throw new Error('the modules did not come to rest in 200 rounds')
    },
    async taken(subscriber) {
      const result = await pool.query(
        `with gone as (delete from platform.deliveries where subscriber = $1 returning seq, type, key, data) select type, key, data from gone order by seq`,
        [subscriber],
      )
      return result.rows
    },
  }
}

type Clone = { url: string; drop(): Promise<void> }

/** A database of this process that is empty again and waits for the next test, also of another file. */
let spare: Clone | undefined

/** Empties every table. @returns false when the schema was changed, and nobody else should use the database */
async function emptied(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const noted = await client.query("select to_regclass('test_support.schema_changes') is not null as noted")
    if (!noted.rows[0].noted) return false
    const changes = await client.query('select 1 from test_support.schema_changes limit 1')
    if (changes.rowCount !== 0) return false
    await client.query(`
      set lock_timeout = '5s';
      do $$
      declare
        entry record;
        is_used boolean;
        used text := '';
      begin
        for entry in
          select format('%I.%I', schemaname, tablename) as name from pg_tables
          where schemaname not in ('pg_catalog', 'information_schema', 'test_support') and (schemaname, tablename) <> ('platform', 'migrations')
        loop
          execute 'select exists (select 1 from ' || entry.name || ')' into is_used;
          if is_used then used := used || ', ' || entry.name; end if;
        end loop;
        if used <> '' then execute 'truncate ' || substr(used, 3) || ' restart identity cascade'; end if;
      end
      $$`)
    return true
  } finally {
    await client.end()
  }
}

/** Tests with `({ platform })`: each has an empty database of the current schema for itself. */
export const test = base.extend<{ platform: TestPlatform }>({
  // oxlint-disable-next-line no-empty-pattern -- the first argument must be a destructuring pattern for vitest
  platform: async ({}, use) => {
    const clone = spare ?? (await cloneDatabase(inject('databaseUrl')))
    spare = undefined
    const platform = await openTestPlatform(clone.url)
    await use(platform)
    await platform.database.close()
    if (spare === undefined && (await emptied(clone.url))) spare = clone
    else await clone.drop()
  },
})
