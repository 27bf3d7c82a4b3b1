import type { Figure } from './bench.ts'
import { sendAll } from './holds-crowd.ts'
import { startWaitingServer } from './waiting-line.ts'
import { median } from './real-and-bare.ts'

const rounds = 5
const reads = 40_000
const connections = 64

/**
 * Reads of a line's document that a core serves in a second, over keep-alive connections. The limit is a route of the
 * same framework that sends the same bytes and does nothing else. Counted in processor time of the server, so that what
 * else runs on the machine changes little. Rounds take turns; medians.
 */
export async function bench({ databaseUrl }: { databaseUrl: string }): Promise<Figure> {
  const server = await startWaitingServer(databaseUrl)
  const perCore: Record<'realUrl' | 'bareUrl', number[]> = { realUrl: [], bareUrl: [] }
  // The first round warms up both and is not counted.
  for (let round = 0; round <= rounds; round++) {
    for (const which of ['bareUrl', 'realUrl'] as const) {
      const url = server[which]
      const request = Buffer.from(
        `GET /api/lines/${server.lineId} HTTP/1.1\r\nhost: ${new URL(url).host}\r\nuser-agent: Mozilla/5.0 (bench)\r\naccept: application/json\r\n\r\n`,
      )
      const before = await server.ask<{ cpuSeconds: number }>('cpu')
      const { refused } = await sendAll(url, Array<Buffer>(reads).fill(request), connections, 200)
      const after = await server.ask<{ cpuSeconds: number }>('cpu')
      if (refused > 0) throw new Error(`${refused} of ${reads} reads were refused`)
      if (round > 0) perCore[which].push(reads / (after.cpuSeconds - before.cpuSeconds))
    }
  }
  server.stop()
  const [value, limit] = [median(perCore.realUrl), median(perCore.bareUrl)]
  return {
    topic: 'poll',
    unit: 'reads/s of a core',
    value: Math.round(value),
    limit: Math.round(limit),
    limitIs: 'a route of the same framework that sends the same bytes',
    ratio: Math.round((value / limit) * 1000) / 1000,
    beside: { connections, microsecondsOfARead: Math.round(1e7 / value) / 10 },
  }
}
