import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import fastify from 'fastify'
import { createBus } from '#platform/bus'
import { openDatabase } from '#platform/db'
import { memoryEphemeral } from '#platform/ephemeral'
import { createHttp } from '#platform/http'
import { createIdempotency } from '#platform/idempotency'
import { systemRandom } from '#platform/ids'
import { silentLog } from '#platform/log'
import { createMetrics } from '#platform/metrics'
import { noRacepoints } from '#platform/racepoint'
import { createSignals } from '#platform/signals'
import { createVitals } from '#platform/vitals'
import { createWaitingRoom } from '#modules/waiting-room'
import { accessTokens, clock, ids, tokens } from './holds-sale.ts'

// One server process with the real routes of a line; beside them the same framework with a route that sends the same
// bytes and does nothing else, and bare sockets that are written to.

const databaseUrl = process.argv[2]!
const lineId = process.argv[3]!
const { db, pool } = openDatabase({ url: databaseUrl, connectionsMax: 4 })
const signals = createSignals({ pool, url: databaseUrl, scheduler: clock, log: silentLog, origin: 'bench' })
const { outbox } = createBus({ db, clock, ids, log: silentLog, signals })
const metrics = createMetrics({ processMetrics: false })
const ephemeral = memoryEphemeral(clock)
const http = createHttp({
  log: silentLog,
  metrics,
  scheduler: clock,
  accessTokens,
  idempotency: createIdempotency(db, clock),
  trustProxy: false,
  inFlightMax: 10_000,
  deadlineMs: 20_000,
  vitals: createVitals(clock),
})
const room = createWaitingRoom(
  {
    db,
    clock,
    ids,
    random: systemRandom,
    tokens,
    outbox,
    ephemeral,
    log: silentLog,
    metrics,
    racepoints: noRacepoints,
  },
  { gatherMinutes: 60, claimSeconds: 60, streamsMax: 10_000, documentEveryMs: 250 },
)
room.module.routes!(http)

const bare = fastify()
const bytes = Buffer.from(JSON.stringify(await room.lineDocument(lineId)))
bare.get('/api/lines/:id', (_request, reply) =>
  reply.type('application/json; charset=utf-8').header('cache-control', 'public, max-age=1').send(bytes),
)

const sockets = new Set<Socket>()
const sink = createServer((socket) => {
  sockets.add(socket)
  socket.on('error', () => undefined).once('close', () => sockets.delete(socket))
})

const urlOf = (server: Pick<Server, 'address'>) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const here = { port: 0, host: '127.0.0.1' }
await http.fastify.listen(here)
await bare.listen(here)
await new Promise<void>((done) => sink.listen(here, done))

const now = () => performance.timeOrigin + performance.now()
const broadcast = room.module.loops!.find(({ name }) => name === 'waiting-room.broadcast')!
let joined = 0

/** What the bench asks for. */
const answers: Record<string, () => Promise<object>> = {
  cpu: async () => {
    const { user, system } = process.cpuUsage()
    return { cpuSeconds: (user + system) / 1e6 }
  },
  /** Somebody joins, and the watchers are told. */
  change: async () => {
    await room.join({ lineId, accountId: `acc_bench${++joined}` })
    const at = now()
    await broadcast.run()
    return { at }
  },
  /** The same number of bytes to each bare socket. */
  write: async () => {
    const event = Buffer.concat([Buffer.from('event: line\ndata: '), bytes, Buffer.from('\n\n')])
    const at = now()
    for (const socket of sockets) socket.write(event)
    return { at }
  },
}

process.send!({ realUrl: urlOf(http.fastify.server), bareUrl: urlOf(bare.server), sinkUrl: urlOf(sink) })
process.on('message', (name: string) => void answers[name]!().then((answer) => process.send!(answer)))
process.on('disconnect', () => process.exit(0))
