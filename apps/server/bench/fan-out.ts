import { connect, type Socket } from 'node:net'
import type { Figure } from './bench.ts'
import { startWaitingServer } from './waiting-line.ts'

const watchers = 2000
const rounds = 30
const openAtOnce = 100

/**
 * From a change of a line's document to each of 2000 watchers of its event stream, without the pause of at most 250 ms in
 * which changes are gathered. The limit is a loop that writes as many bytes to as many bare sockets. The crowd is one
 * process on the same machine. Rounds of both take turns.
 */
export async function bench({ databaseUrl }: { databaseUrl: string }): Promise<Figure> {
  const server = await startWaitingServer(databaseUrl)
  const real = await watch(server.realUrl, `GET /api/lines/${server.lineId}/events HTTP/1.1\r\nhost: bench\r\n\r\n`)
  const bare = await watch(server.sinkUrl)
  const took: Record<'change' | 'write', number[]> = { change: [], write: [] }
  let cpuSeconds = 0
  for (let round = 0; round <= rounds; round++) {
    for (const [name, crowd] of [
      ['write', bare],
      ['change', real],
    ] as const) {
      const heard = crowd.all()
      const before = await server.ask<{ cpuSeconds: number }>('cpu')
      const { at } = await server.ask<{ at: number }>(name)
      const times = await heard
      const after = await server.ask<{ cpuSeconds: number }>('cpu')
      if (round === 0) continue
      took[name].push(...times.map((time) => time - at))
      if (name === 'change') cpuSeconds += after.cpuSeconds - before.cpuSeconds
    }
  }
  for (const socket of [...real.sockets, ...bare.sockets]) socket.destroy()
  server.stop()
  const p95 = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.95)]!
  const [value, limit] = [p95(took.change), p95(took.write)]
  return {
    topic: 'fan-out',
    unit: 'ms to p95 of 2000 watchers',
    value: Math.round(value * 10) / 10,
    limit: Math.round(limit * 10) / 10,
    limitIs: 'as many bytes written to as many bare sockets',
    ratio: Math.round((limit / value) * 1000) / 1000,
    beside: { watchers, microsecondsOfAWatcher: Math.round((cpuSeconds * 1e7) / rounds / watchers) / 10 },
  }
}

const now = () => performance.timeOrigin + performance.now()

/** Opens the connections. `all` is settled when each has heard something, with the times. */
async function watch(url: string, request?: string) {
  const { hostname, port } = new URL(url)
  const sockets: Socket[] = []
  let listening: ((index: number) => void) | undefined
  while (sockets.length < watchers) {
    const opened = Array.from({ length: openAtOnce }, () =>
      connect({ host: hostname, port: Number(port), noDelay: true }),
    )
    await Promise.all(opened.map((socket) => new Promise((done) => socket.once('connect', done))))
    for (const socket of opened) {
      const index = sockets.push(socket) - 1
      socket.on('data', () => listening?.(index))
      if (request) {
        const first = new Promise((done) => socket.once('data', done))
        socket.write(request)
        await first
      }
    }
  }
  return {
    sockets,
    all: () =>
      new Promise<number[]>((done) => {
        const times = Array<number>(watchers)
        let missing = watchers
        listening = (index) => {
          if (times[index] !== undefined) return
          times[index] = now()
          if (--missing === 0) done(times)
        }
      }),
  }
}
