import { openDatabase, type Db } from '#platform/db'
import { migrate, readMigrations } from '#platform/migrate'
import type { Figure } from './bench.ts'
import { startChild } from './child.ts'
import type { Run } from './holds-crowd.ts'
import { accessTokens } from './holds-sale.ts'

export type RealAndBare = { realUrl: string; bareUrl: string }

/**
 * Requests under way at once. A request that is in a batch sends no other: with 256 the server waited for the database a
 * quarter of the time, with 1024 every one waits twice as long for nothing.
 */
export const connections = 512

type Module = { name: string; migrations: URL }

/** An empty database gets the tables of the platform and of one module. */
export async function openMigrated(databaseUrl: string, module: Module) {
  const { db, close } = openDatabase({ url: databaseUrl, connectionsMax: 2, statementTimeoutMs: 120_000 })
  await migrate(db, readMigrations('platform', new URL('../src/platform/migrations/', import.meta.url)))
  await migrate(db, readMigrations(module.name, module.migrations))
  return { db, close }
}

/** Runs `work` beside a server process with a module's routes, on a database with the module's tables. */
export async function besideServer<Said, T>(
  { databaseUrl, file, module }: { databaseUrl: string; file: string; module: Module },
  work: (db: Db, said: Said) => Promise<T>,
): Promise<T> {
  const { db, close } = await openMigrated(databaseUrl, module)
  const server = startChild(file, [databaseUrl])
  try {
    return await work(db, await server.told<Said>())
  } finally {
    server.stop()
    await close()
  }
}

export const accountOf = (index: number): string => `acc_bench${index}`

/** The `Authorization` of so many buyers. They are signed in before: checking a new access token costs ten times as much as a known one. */
export async function authorizations(count: number): Promise<string[]> {
  const people: string[] = []
  for (let i = 0; i < count; i++) {
    const caller = { accountId: accountOf(i), roles: ['buyer'], verified: true }
    people.push(`Bearer ${await accessTokens.sign(caller, 3600)}`)
  }
  return people
}

export const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!

/** What rounds of so many requests say of the real routes, beside the bare ones. */
export function rateFigure(
  runs: { real: readonly Run[]; bare: readonly Run[] },
  requestsPerRun: number,
): Pick<Figure, 'value' | 'limit' | 'ratio' | 'beside'> {
  const rateOf = (of: readonly Run[]) => median(of.map((run) => requestsPerRun / run.seconds))
  const [value, limit] = [rateOf(runs.real), rateOf(runs.bare)]
  const latencies = runs.real.flatMap((run) => run.latencies).toSorted((a, b) => a - b)
  return {
    value: Math.round(value),
    limit: Math.round(limit),
    ratio: Math.round((value / limit) * 1000) / 1000,
    beside: {
      connections,
      p50Ms: Math.round(latencies[latencies.length >> 1]!),
      p99Ms: Math.round(latencies[Math.floor(latencies.length * 0.99)]!),
    },
  }
}
