import type { Socket } from 'node:net'
import type { FastifyReply } from 'fastify'
import type { Clock } from './clock.ts'
import type { Metrics } from './metrics.ts'
import { Problem } from './problem.ts'
import type { StreamRoom } from './stream-room.ts'

export type Streams = ReturnType<typeof createStreams>

export type StreamsOptions = {
  /** Open at the same time; one more is told to poll. */
  streamsMax: number
  /** Whether the process can bear one more; always by default. */
  room?: StreamRoom | undefined
  /** How long a stream lasts before its reader has to come back; without an end by default. */
  lifeMs?: number
  /** Name of the gauge of open streams, and what it says. */
  metric: string
  help: string
}

/** Written in one turn of the event loop: about 5 ms, so that other requests are not kept waiting. */
const sliceMax = 500
const heartbeatMs = 15_000
/** A watcher that has not read so much is gone or too slow; it may come back and starts with the newest state. */
const unreadBytesMax = 64 * 1024
const heartbeat = Buffer.from(':\n\n')

/**
 * Event streams (https://html.spec.whatwg.org/multipage/server-sent-events.html) of topics whose watchers all get the
 * same bytes. The answer has no length and no chunks, its end is the end of the connection, so that one prebuilt buffer
 * goes straight to each socket: measured 10 µs a watcher, against 17 µs for framed writes.
 */
export function createStreams(deps: { clock: Clock; metrics: Metrics }, options: StreamsOptions) {
  const { clock } = deps
  const { streamsMax, lifeMs = Infinity, metric } = options
  const openCount = deps.metrics.gauge(metric, options.help, [], 'sum')
  const dropped = deps.metrics.counter(
    `${metric}_dropped_total`,
    'Event streams closed because the reader was too slow',
  )
  const refused = deps.metrics.counter(`${metric}_refused_total`, 'Readers who were told to poll instead, and why', [
    'lacks',
  ])
  /** Sockets with the time at which they end. */
  const topics = new Map<string, { sockets: Map<Socket, number>; sentAt: number }>()
  let count = 0

  function leave(topic: string, socket: Socket): void {
    const watchers = topics.get(topic)
    if (!watchers?.sockets.delete(socket)) return
    if (watchers.sockets.size === 0) topics.delete(topic)
    openCount.set({}, --count)
  }

  function write(socket: Socket, bytes: Buffer): void {
    if (socket.writableLength > unreadBytesMax) {
      dropped.add({})
      socket.destroy()
      return
    }
    socket.write(bytes)
  }

  async function send(topic: string, bytes: Buffer): Promise<void> {
    const watchers = topics.get(topic)
    if (!watchers) return
    watchers.sentAt = clock.now()
    let written = 0
    for (const socket of watchers.sockets.keys()) {
      if (++written % sliceMax === 0) await new Promise((resolve) => setImmediate(resolve))
      write(socket, bytes)
    }
  }

  return {
    /**
     * Turns an answer into a stream that begins with `first`; who asks with HEAD is given its headers. @throws http.poll-instead when there is no room for one
     * more: an `EventSource` does not come back after that, and streams that are open go on
     */
    open(topic: string, reply: FastifyReply, first: Buffer): void {
      const lacks = count >= streamsMax ? 'streams' : options.room?.lacks()
      if (lacks !== undefined) {
        refused.add({ lacks })
        throw new Problem('http.poll-instead', { retryAfterMs: 5000 })
      }
      const headers = reply.getHeaders()
      reply.hijack()
      const response = reply.raw
      const { socket } = response
      if (!socket || socket.destroyed) return
      response.useChunkedEncodingByDefault = false
      response.shouldKeepAlive = false
      response.writeHead(200, {
        ...(headers as Record<string, string>),
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      })
      if (reply.request.method === 'HEAD') return void response.end()
      response.flushHeaders()
      let watchers = topics.get(topic)
      if (!watchers) topics.set(topic, (watchers = { sockets: new Map(), sentAt: clock.now() }))
      watchers.sockets.set(socket, clock.now() + lifeMs)
      openCount.set({}, ++count)
      socket.once('close', () => leave(topic, socket))
      socket.write(first)
    },
    send,
    /** Keeps proxies from closing streams on which nothing has happened for 15 s, and ends those that lasted long enough. */
    async beat(): Promise<void> {
      for (const [topic, { sentAt, sockets }] of topics) {
        // Sockets are in the order of their opening, so the first that goes on ends the search.
        for (const [socket, endsAt] of sockets) {
          if (clock.now() < endsAt) break
          leave(topic, socket)
          socket.end()
        }
        if (clock.now() - sentAt >= heartbeatMs) await send(topic, heartbeat)
      }
    },
    topics: (): string[] => [...topics.keys()],
    count: (): number => count,
  }
}
