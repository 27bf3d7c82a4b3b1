import { createHmac, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

export type ReceivedWebhook = { headers: IncomingHttpHeaders; body: string }

/** How the receiver answers the next posts, before it takes all: a status, a status with `Retry-After`, or silence. */
export type ReceiverMood = number | { status: number; headers: Record<string, string> } | 'silence'

/** Verifies as docs/concepts/webhooks.md tells receivers to. */
export function isAuthentic({ headers, body }: ReceivedWebhook, secret: string, nowMs: number): boolean {
  const id = String(headers['webhook-id'])
  const timestamp = String(headers['webhook-timestamp'])
  if (Math.abs(nowMs / 1000 - Number(timestamp)) > 300) return false
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest()
  return String(headers['webhook-signature'])
    .split(' ')
    .map((signature) => Buffer.from(signature.replace(/^v1,/, ''), 'base64'))
    .some((given) => given.length === expected.length && timingSafeEqual(given, expected))
}

/** An organiser's server. */
export async function startReceiver(moods: readonly ReceiverMood[] = []) {
  const received: ReceivedWebhook[] = []
  const left = [...moods]
  const silent = Promise.withResolvers<void>()
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString('utf8')))
    request.on('end', () => {
      received.push({ headers: request.headers, body })
      const mood = left.shift() ?? 204
      if (mood === 'silence') return silent.resolve()
      const { status, headers } = typeof mood === 'number' ? { status: mood, headers: {} } : mood
      response.writeHead(status, headers).end('a body that nobody reads')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}/hooks`,
    received,
    /** Settles when a post has met silence. */
    fellSilent: silent.promise,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
