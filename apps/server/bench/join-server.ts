import type { AddressInfo } from 'node:net'
import { createBus } from '#platform/bus'
import { openDatabase } from '#platform/db'
import { memoryEphemeral } from '#platform/ephemeral'
import { createHttp, type HttpApp } from '#platform/http'
import { createIdempotency } from '#platform/idempotency'
import { systemRandom } from '#platform/ids'
import { silentLog } from '#platform/log'
import { createMetrics } from '#platform/metrics'
import { noRacepoints } from '#platform/racepoint'
import { createSignals } from '#platform/signals'
import { createWaitingRoom } from '#modules/waiting-room'
import { createDefences, defaultDefences } from '../src/modules/waiting-room/defences.ts'
import { deviceCookie } from '../src/modules/waiting-room/device-cookie.ts'
import { createJoining } from '../src/modules/waiting-room/joining.ts'
import { serveRoutes, type Parts } from '../src/modules/waiting-room/routes.ts'
import { accessTokens, clock, ids, saleOf, tokens } from './holds-sale.ts'

// One server process with the real module on one port and, on another, the same route whose places are kept nowhere.

const databaseUrl = process.argv[2]!
const { db, pool } = openDatabase({ url: databaseUrl, connectionsMax: 12 })
const signals = createSignals({ pool, url: databaseUrl, scheduler: clock, log: silentLog, origin: 'bench' })
const { outbox } = createBus({ db, clock, ids, log: silentLog, signals })
const metrics = createMetrics({ processMetrics: false })
const ephemeral = memoryEphemeral(clock)
const common = { db, clock, ids, random: systemRandom, tokens, outbox, ephemeral, log: silentLog, metrics }
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
createWaitingRoom(
  { ...common, racepoints: noRacepoints },
  {
    gatherMinutes: 60,
    claimSeconds: 60,
    streamsMax: 0,
    documentEveryMs: 250,
    defences: { exemptLoopback: true },
  },
).module.routes!(real)

const bare = newHttp()
const defences = createDefences(common, { ...defaultDefences, exemptLoopback: true })
let number = 0
const documents = {
  read: async (id: string) => ({ document: { saleId: saleOf(Number(id.slice('lin_bench'.length))) } }),
} as never
const joining = createJoining({
  log: silentLog,
  challenges: undefined,
  defences,
  documents,
  places: {
    join: async ({ lineId, accountId }: { lineId: string; accountId: string }) => ({
      isNew: true,
      place: {
        lineId,
        accountId,
        number: ++number,
        id: ids('place'),
        saleId: saleOf(0),
        joinedAt: new Date(clock.now()),
        state: 'waiting' as const,
      },
    }),
  } as never,
})
// Of the other parts the route of joining uses none.
serveRoutes(bare, {
  documents,
  tokens,
  joining,
  defences,
  cookie: deviceCookie(common, { secure: false }),
} as unknown as Parts)

process.send!({ realUrl: await listen(real), bareUrl: await listen(bare) })
process.on('disconnect', () => process.exit(0))
