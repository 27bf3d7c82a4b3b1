import type { AddressInfo } from 'node:net'
import { createBus } from '#platform/bus'
import { openDatabase } from '#platform/db'
import { memoryEphemeral } from '#platform/ephemeral'
import { createHttp, type HttpApp, type HttpOptions } from '#platform/http'
import { createIdempotency } from '#platform/idempotency'
import { systemRandom } from '#platform/ids'
import { silentLog } from '#platform/log'
import { createMetrics } from '#platform/metrics'
import { noRacepoints } from '#platform/racepoint'
import { createSignals } from '#platform/signals'
import { accessTokens, clock, ids, tokens } from './holds-sale.ts'

/** What the server process of a benchmark is made of, on the database that its first argument names. */
export function openParts({ connectionsMax }: { connectionsMax: number }) {
  const databaseUrl = process.argv[2]!
  const { db, pool } = openDatabase({ url: databaseUrl, connectionsMax })
  const signals = createSignals({ pool, url: databaseUrl, scheduler: clock, log: silentLog, origin: 'bench' })
  const { outbox } = createBus({ db, clock, ids, log: silentLog, signals })
  const metrics = createMetrics({ processMetrics: false })
  const idempotency = createIdempotency(db, clock)
  return {
    parts: {
      db,
      clock,
      ids,
      random: systemRandom,
      tokens,
      accessTokens,
      outbox,
      signals,
      ephemeral: memoryEphemeral(clock),
      log: silentLog,
      metrics,
      racepoints: noRacepoints,
    },
    newHttp: (more: Partial<HttpOptions> = {}) =>
      createHttp({
        log: silentLog,
        metrics,
        scheduler: clock,
        accessTokens,
        idempotency,
        trustProxy: false,
        inFlightMax: 10_000,
        deadlineMs: 20_000,
        ...more,
      }),
  }
}

/** @returns the address */
export async function listen({ fastify }: Pick<HttpApp, 'fastify'>): Promise<string> {
  await fastify.listen({ port: 0, host: '127.0.0.1' })
  return `http://127.0.0.1:${(fastify.server.address() as AddressInfo).port}`
}

/** Tells the benchmark where the server is, and ends with it. */
export function serve(message: Record<string, unknown>): void {
  process.send!(message)
  process.on('disconnect', () => process.exit(0))
}
