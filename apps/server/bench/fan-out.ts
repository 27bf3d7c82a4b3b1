import type { Figure } from './bench.ts'
import { openWatchers } from './event-watchers.ts'
import { startWaitingServer } from './waiting-line.ts'

const watchers = 2000
const rounds = 30

/**
 * From a change of a line's document to each of 2000 watchers of its event stream, without the pause in which
 * changes are gathered. The limit is a loop that writes as many bytes to as many bare sockets. The crowd is one
 * process on the same machine. Rounds of both take turns.
 */
export async function bench({ databaseUrl }: { databaseUrl: string }): Promise<Figure> {
  const server = await startWaitingServer(databaseUrl)
  const real = await openWatchers(server.realUrl, watchers, `/api/lines/${server.lineId}/events`)
  const bare = await openWatchers(server.sinkUrl, watchers)
  const took: Record<'change' | 'write', number[]> = { change: [], write: [] }
  let cpuSeconds = 0
  for (let round = 0; round <= rounds; round++) {
    for (const [name, crowd] of [
      ['write', bare],
      ['change', real],
    ] as const) {
      const heard = crowd.hear()
      const before = await server.ask<{ cpuSeconds: number }>('cpu')
      const { at } = await server.ask<{ at: number }>(name)
      const times = await heard
      const after = await server.ask<{ cpuSeconds: number }>('cpu')
      if (round === 0) continue
      took[name].push(...times.map((time) => time - at))
      if (name === 'change') cpuSeconds += after.cpuSeconds - before.cpuSeconds
    }
  }
  real.close()
  bare.close()
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
