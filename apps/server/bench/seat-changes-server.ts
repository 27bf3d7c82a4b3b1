import type { AddressInfo } from 'node:net'
import { createBus } from '#platform/bus'
import { openDatabase } from '#platform/db'
import { createHttp } from '#platform/http'
import { createIdempotency } from '#platform/idempotency'
import { silentLog } from '#platform/log'
import { startLoop } from '#platform/loop'
import { createMetrics } from '#platform/metrics'
import { noRacepoints } from '#platform/racepoint'
import { createSignals } from '#platform/signals'
import { createInventory } from '#modules/inventory'
import { accessTokens, clock, ids, tokens } from './holds-sale.ts'

// One server process with the inventory and all of its loops.

const databaseUrl = process.argv[2]!
const { db, pool } = openDatabase({ url: databaseUrl, connectionsMax: 12 })
const signals = createSignals({ pool, url: databaseUrl, scheduler: clock, log: silentLog, origin: 'bench' })
await signals.start()
const { outbox } = createBus({ db, clock, ids, log: silentLog, signals })
const metrics = createMetrics({ processMetrics: false })
const http = createHttp({
  log: silentLog,
  metrics,
  scheduler: clock,
  accessTokens,
  idempotency: createIdempotency(db, clock),
  trustProxy: false,
  inFlightMax: 10_000,
  deadlineMs: 20_000,
})
const { module } = createInventory({ db, clock, ids, tokens, outbox, signals, metrics, racepoints: noRacepoints })
module.routes!(http)
for (const loop of module.loops!) startLoop(loop, { scheduler: clock, log: silentLog })
await http.fastify.listen({ port: 0, host: '127.0.0.1' })
process.send!({ url: `http://127.0.0.1:${(http.fastify.server.address() as AddressInfo).port}` })
process.on('disconnect', () => process.exit(0))
