import { setTimeout as sleep } from 'node:timers/promises'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import fastify from 'fastify'
import { createVitals } from '#platform/vitals'
import { createWaitingRoom } from '#modules/waiting-room'
import { monotonicMs } from './monotonic.ts'
import { listen, openParts, serve } from './server-parts.ts'

// One server process with the real routes of a line; beside them the same framework with a route that sends the same
// bytes and does nothing else, and bare sockets that are written to.

const lineId = process.argv[3]!
const { parts, newHttp } = openParts({ connectionsMax: 4 })
const http = newHttp({ vitals: createVitals(parts.clock) })
const room = createWaitingRoom(parts, {
  gatherMinutes: 60,
  claimSeconds: 60,
  streamsMax: 10_000,
  documentEveryMs: 250,
})
room.module.routes!(http)

const bare = fastify()
const bytes = Buffer.from(JSON.stringify(await room.lineDocument(lineId)))
bare.get('/api/lines/:id', (_request, reply) =>
  reply.type('application/json; charset=utf-8').header('cache-control', 'public, max-age=1').send(bytes),
)

const sockets = new Set<Socket>()
const sink = createServer((socket) => {
  sockets.add(socket)
  socket.write('open')
  socket.on('error', () => undefined).once('close', () => sockets.delete(socket))
})

await new Promise<void>((done) => sink.listen({ port: 0, host: '127.0.0.1' }, done))
const sinkUrl = `http://127.0.0.1:${(sink.address() as AddressInfo).port}`

const broadcast = room.module.loops!.find(({ name }) => name === 'waiting-room.broadcast')!
/** The pause between two broadcasts grows with the crowd: 400 ms for 2000 watchers. What comes within it is told after it. */
const pauseMs = 500
let joined = 0

/** What the bench asks for. */
const answers: Record<string, () => Promise<object>> = {
  cpu: async () => {
    const { user, system } = process.cpuUsage()
    return { cpuSeconds: (user + system) / 1e6 }
  },
  /** Somebody joins, and the watchers are told. */
  change: async () => {
    await sleep(pauseMs)
    await room.join({ lineId, accountId: `acc_bench${++joined}` })
    const at = monotonicMs()
    await broadcast.run()
    return { at }
  },
  /** The same number of bytes to each bare socket. */
  write: async () => {
    const event = Buffer.concat([Buffer.from('event: line\ndata: '), bytes, Buffer.from('\n\n')])
    const at = monotonicMs()
    for (const socket of sockets) socket.write(event)
    return { at }
  },
}

process.on('message', (name: string) => void answers[name]!().then((answer) => process.send!(answer)))
serve({ realUrl: await listen(http), bareUrl: await listen({ fastify: bare }), sinkUrl })
