import type { AddressInfo } from 'node:net'
import { createBus } from '#platform/bus'
import { openDatabase } from '#platform/db'
import { memoryEphemeral } from '#platform/ephemeral'
import { createHttp, type HttpApp } from '#platform/http'
import { createIdempotency } from '#platform/idempotency'
import { silentLog } from '#platform/log'
import { startLoop } from '#platform/loop'
import { createMetrics } from '#platform/metrics'
import { noRacepoints } from '#platform/racepoint'
import { createSignals } from '#platform/signals'
import { createAuctions } from '#modules/auctions'
import { serveRoutes, type Parts } from '../src/modules/auctions/routes.ts'
import { accessTokens, clock, ids, tokens } from './holds-sale.ts'

// One server process with the real module on one port and, on another, the same route whose bids are kept nowhere.

const databaseUrl = process.argv[2]!
const { db, pool } = openDatabase({ url: databaseUrl, connectionsMax: 12 })
const signals = createSignals({ pool, url: databaseUrl, scheduler: clock, log: silentLog, origin: 'bench' })
const { outbox } = createBus({ db, clock, ids, log: silentLog, signals })
const metrics = createMetrics({ processMetrics: false })
const ephemeral = memoryEphemeral(clock)
const idempotency = createIdempotency(db, clock)
const newHttp = () =>
  createHttp({
    log: silentLog,
    metrics,
    scheduler: clock,
    accessTokens,
    idempotency,
    trustProxy: false,
    inFlightMax: 10_000,
    deadlineMs: 20_000,
  })

async function listen(http: HttpApp): Promise<string> {
  await http.fastify.listen({ port: 0, host: '127.0.0.1' })
  return `http://127.0.0.1:${(http.fastify.server.address() as AddressInfo).port}`
}

const real = newHttp()
const { module } = createAuctions(
  { db, clock, ids, tokens, accessTokens, outbox, signals, ephemeral, metrics, racepoints: noRacepoints },
  { streamsMax: 10_000 },
)
module.routes!(real)
const broadcast = module.loops!.find(({ name }) => name === 'auctions.broadcast')!
startLoop(broadcast, { scheduler: clock, log: silentLog })

const bare = newHttp()
let sequence = 0
// Of the other parts the route of bidding uses none.
serveRoutes(bare, {
  bids: {
    place: async ({ lotId, accountId, amount }: { lotId: string; accountId: string; amount: number }) => {
      await ephemeral.count(`bare:${lotId}:${accountId}`, 10_000)
      const bid = { id: ids('bid'), lotId, accountId, amount, sequence: ++sequence, at: new Date(clock.now()) }
      return { bid, rank: 1, chancesLeft: 2 }
    },
  },
} as unknown as Parts)

process.send!({ realUrl: await listen(real), bareUrl: await listen(bare) })
process.on('disconnect', () => process.exit(0))
