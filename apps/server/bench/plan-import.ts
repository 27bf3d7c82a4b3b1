import { gzipSync } from 'node:zlib'
import type { AddressInfo } from 'node:net'
import { bowlPlan } from '@fairgate/contracts/plans/bowl'
import { createAccessTokens } from '#platform/access-token'
import { createBus } from '#platform/bus'
import { systemScheduler } from '#platform/clock'
import { openDatabase, sql } from '#platform/db'
import { createHttp } from '#platform/http'
import { createIdempotency } from '#platform/idempotency'
import { createIds, systemRandom } from '#platform/ids'
import { silentLog } from '#platform/log'
import { createMetrics } from '#platform/metrics'
import { migrate, readMigrations } from '#platform/migrate'
import { noRacepoints } from '#platform/racepoint'
import { createSecrets } from '#platform/secrets'
import { createSignals } from '#platform/signals'
import { createCatalog } from '#modules/catalog'
import type { Figure } from './bench.ts'
import { median } from './real-and-bare.ts'

const seats = 50_000
const rounds = 5

/**
 * Seconds from the first byte of a plan of 50,000 seats over HTTP to the answer after the commit, beside one insert of
 * the same gzipped geometries and nothing else.
 */
export async function bench({ databaseUrl }: { databaseUrl: string }): Promise<Figure> {
  const { db, pool, close } = openDatabase({ url: databaseUrl, connectionsMax: 4 })
  for (const [name, folder] of [
    ['platform', '../src/platform/migrations/'],
    ['catalog', '../src/modules/catalog/migrations/'],
  ] as const)
    await migrate(db, readMigrations(name, new URL(folder, import.meta.url)))
  const ids = createIds(systemScheduler, systemRandom)
  const secrets = createSecrets(['bench-secret'])
  const accessTokens = createAccessTokens(secrets, systemScheduler)
  const signals = createSignals({ pool, url: databaseUrl, scheduler: systemScheduler, log: silentLog, origin: 'bench' })
  const { outbox } = createBus({ db, clock: systemScheduler, ids, log: silentLog, signals })
  const metrics = createMetrics({ processMetrics: false })
  const http = createHttp({
    log: silentLog,
    metrics,
    scheduler: systemScheduler,
    accessTokens,
    idempotency: createIdempotency(db, systemScheduler),
    trustProxy: false,
    inFlightMax: 10,
    deadlineMs: 60_000,
  })
  createCatalog({ db, clock: systemScheduler, ids, outbox, metrics, racepoints: noRacepoints }).module.routes!(http)
  await http.fastify.listen({ port: 0, host: '127.0.0.1' })
  const url = `http://127.0.0.1:${(http.fastify.server.address() as AddressInfo).port}`
  const token = await accessTokens.sign({ accountId: 'acc_bench', roles: ['organiser'], verified: true }, 3600)
  const authorization = `Bearer ${token}`

  const plan = bowlPlan({ seats })
  const file = JSON.stringify(plan)
  const geometries = plan.sections.map(({ seats: drawn }) => gzipSync(JSON.stringify(drawn)))
  await sql`create table public.bare (n integer primary key, document bytea not null)`.execute(db)
  const seconds: number[] = []
  const bare: number[] = []
  for (let round = 0; round < rounds; round++) {
    const event = await fetch(`${url}/api/events`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({
        kind: 'concert',
        name: `Bowl ${round}`,
        venue: 'Bowl',
        startsAt: '2100-01-01T00:00:00Z',
        timeZone: 'UTC',
        currency: 'KRW',
      }),
    })
    const { id } = (await event.json()) as { id: string }
    const startedAt = performance.now()
    const answer = await fetch(`${url}/api/events/${id}/plan`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/octet-stream' },
      body: file,
    })
    await answer.text()
    if (answer.status !== 201) throw new Error(`the plan was answered with ${answer.status}`)
    seconds.push((performance.now() - startedAt) / 1000)
    const bareAt = performance.now()
    await sql`
      insert into public.bare (n, document)
      select ${round * 1000} + g.position, g.document from unnest(${geometries}::bytea[]) with ordinality as g (document, position)`.execute(
      db,
    )
    bare.push((performance.now() - bareAt) / 1000)
  }
  await http.fastify.close()
  await close()
  const round = (value: number) => Math.round(value * 1000) / 1000
  const [value, limit] = [round(median(seconds)), round(median(bare))]
  return {
    topic: 'plan-import',
    unit: 's',
    value,
    limit,
    limitIs: 'one insert of the same gzipped seats',
    ratio: round(value / limit),
    beside: {
      seats,
      fileBytes: file.length,
      secondsAllowed: 10,
      statusBytes: plan.sections.reduce((sum, section) => sum + Math.ceil(section.seats!.length / 4), 0),
    },
  }
}
