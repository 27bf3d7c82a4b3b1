import { Client } from 'pg'
import type { Pool } from 'pg'
import type { Log } from './log.ts'
import type { Scheduler } from './clock.ts'

/**
 * Wake-up calls between processes: "there is work for X", "order Y has changed". They carry no facts and may be lost;
 * whoever listens also looks by itself now and then. Own listeners are called at once; other processes hear it through
 * Postgres NOTIFY, at most one statement every 20 ms (a NOTIFY in each transaction was measured to halve its rate).
 */
export type Signals = {
  emit(topic: string, key: string): void
  on(topic: string, listener: (keys: readonly string[]) => void): () => void
  start(): Promise<void>
  stop(): Promise<void>
}

const channel = 'fairgate'
const coalesceMs = 20
/** Postgres refuses payloads of 8,000 bytes. */
const payloadBytesMax = 7000

export function createSignals(options: {
  pool: Pool
  url: string
  scheduler: Scheduler
  log: Log
  origin: string
}): Signals {
  const { pool, scheduler, log, origin } = options
  const listeners = new Map<string, Set<(keys: readonly string[]) => void>>()
  let waiting = new Map<string, Set<string>>()
  let scheduled = false
  let client: Client | undefined
  let stopped = false

  function deliver(topic: string, keys: readonly string[]): void {
    for (const listener of listeners.get(topic) ?? []) {
      try {
        listener(keys)
      } catch (error) {
        // One listener's bug must not deafen the others, or fail whoever emits.
        log.error({ err: error, topic }, 'signal listener failed')
      }
    }
  }

  async function flush(): Promise<void> {
    scheduled = false
    const batch = waiting
    waiting = new Map()
    const payloads: string[] = []
    for (const [topic, keys] of batch) {
      let chunk: string[] = []
      let bytes = 0
      for (const key of keys) {
        const keyBytes = Buffer.byteLength(JSON.stringify(key)) + 1
        if (bytes + keyBytes > payloadBytesMax && chunk.length > 0) {
          payloads.push(JSON.stringify([origin, topic, chunk]))
          chunk = []
          bytes = 0
        }
        chunk.push(key)
        bytes += keyBytes
      }
      payloads.push(JSON.stringify([origin, topic, chunk]))
    }
    try {
      await pool.query('select pg_notify($1, p) from unnest($2::text[]) p', [channel, payloads])
    } catch (error) {
      log.warn({ err: error }, 'signal not sent')
    }
  }

  async function listen(): Promise<void> {
    const next = new Client({
      connectionString: options.url,
      application_name: 'fairgate signals',
      connectionTimeoutMillis: 10_000,
      keepAlive: true,
    })
    next.on('notification', (notice) => {
      const [from, topic, keys] = JSON.parse(notice.payload ?? '["","",[]]') as [string, string, string[]]
      if (from !== origin) deliver(topic, keys)
    })
    next.on('error', () => undefined)
    try {
      await next.connect()
      await next.query(`listen ${channel}`)
    } catch (error) {
      await next.end().catch(() => undefined)
      throw error
    }
    if (stopped) return next.end()
    client = next
    // Only of a connection that stood: a failed attempt ends too, and is tried again by whoever made it.
    next.on('end', () => {
      client = undefined
      if (!stopped) scheduler.after(500, () => void reconnect())
    })
  }

  async function reconnect(): Promise<void> {
    if (stopped) return
    try {
      await listen()
    } catch (error) {
      log.warn({ err: error }, 'signals lost; trying again')
      scheduler.after(1000, () => void reconnect())
    }
  }

  return {
    emit(topic, key) {
      deliver(topic, [key])
      let keys = waiting.get(topic)
      if (!keys) waiting.set(topic, (keys = new Set()))
      keys.add(key)
      if (scheduled || stopped) return
      scheduled = true
      scheduler.after(coalesceMs, () => void flush())
    },
    on(topic, listener) {
      let set = listeners.get(topic)
      if (!set) listeners.set(topic, (set = new Set()))
      set.add(listener)
      return () => void set.delete(listener)
    },
    start: listen,
    async stop() {
      stopped = true
      await client?.end()
    },
  }
}
