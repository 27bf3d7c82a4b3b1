import { createHmac } from 'node:crypto'
import { createDeliveries } from '@fairgate/toss-sandbox/deliveries'
import { httpUrl } from '@fairgate/toss-sandbox/http'
import type { Schedule } from '@fairgate/toss-sandbox/hanging'
import type { WebhookManner } from './scenario.ts'

/** Where events go. `types` are those that the endpoint wants; all without them. */
export type Endpoint = { readonly url: string; readonly secret: string; readonly types?: readonly string[] }

export type Event = { readonly id: string; readonly type: string; readonly [member: string]: unknown }

type Options = {
  fetch: typeof fetch
  now: () => number
  schedule: Schedule
  endpoints: readonly Endpoint[]
}

/** "We retry three times over the course of a few hours" in a sandbox; when exactly is not documented. */
export const retryMinutes = [5, 60, 120] as const
/** An early webhook holds its answer back no longer than this, a reordered one waits no longer for the next. */
const heldMs = 10_000

/** `Stripe-Signature` as "Verify webhook signatures manually" describes it: the time in seconds, and the HMAC of both. */
export function signature(secret: string, body: string, nowMs: number): string {
  const time = Math.floor(nowMs / 1000)
  return `t=${time},v1=${createHmac('sha256', secret).update(`${time}.${body}`).digest('hex')}`
}

export function createWebhooks({ fetch, now, schedule, endpoints: first }: Options) {
  let endpoints = checked(first)
  // Any 2xx is received.
  const deliveries = createDeliveries({ fetch, schedule, retryMinutes, isReceived: ({ ok }) => ok })
  const timers = new Set<() => void>()
  /** Events that wait for the next of their payment, to come after it. */
  const held = new Map<string, () => void>()

  function later(delayMs: number, run: () => void): () => void {
    const cancel = schedule(delayMs, () => {
      timers.delete(stop)
      run()
    })
    const stop = () => {
      timers.delete(stop)
      cancel()
    }
    timers.add(stop)
    return stop
  }

  /** Each attempt is signed anew, as of its own time. */
  function headersOf({ secret }: Endpoint, body: string): Record<string, string> {
    return {
      'content-type': 'application/json; charset=utf-8',
      'stripe-signature': signature(secret, body, now()),
    }
  }

  /** Settles when each endpoint has been tried once, whatever came of it. */
  function send(event: Event): Promise<void> {
    const body = JSON.stringify(event, null, 2)
    return deliveries.send(
      endpoints
        .filter(({ types }) => types === undefined || types.includes(event.type))
        .map((endpoint) => ({ url: endpoint.url, body, headers: () => headersOf(endpoint, body) })),
    )
  }

  return {
    /**
     * Tells of events in the manner of their payment. @returns what an answer has to wait for, when they are to come
     * before it
     */
    tell(intentId: string, manner: WebhookManner, events: readonly Event[]): Promise<void> | undefined {
      const sendAll = () => Promise.all(events.map(send))
      switch (manner.kind) {
        case 'normal':
          void sendAll()
          return undefined
        case 'early':
          return new Promise((resolve) => {
            const stop = later(heldMs, resolve)
            void sendAll().then(() => {
              stop()
              resolve()
            })
          })
        case 'twice':
          void sendAll()
          void sendAll()
          return undefined
        case 'reordered': {
          const before = held.get(intentId)
          if (before) {
            held.delete(intentId)
            void sendAll().then(before)
            return undefined
          }
          const release = () => {
            stop()
            held.delete(intentId)
            void sendAll()
          }
          const stop = later(heldMs, release)
          held.set(intentId, release)
          return undefined
        }
        case 'late':
          later(manner.delayMs ?? 0, () => void sendAll())
          return undefined
        case 'never':
          return undefined
      }
    },
    setEndpoints(next: readonly Endpoint[]): void {
      endpoints = checked(next)
    },
    counts: deliveries.counts,
    later,
    close(): void {
      for (const stop of timers) stop()
      deliveries.close()
    },
  }
}

function checked(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  for (const { url, secret } of endpoints) {
    if (!httpUrl(url)) throw new Error(`webhook URL ${JSON.stringify(url)} is no absolute http(s) address`)
    if (!secret.startsWith('whsec_')) throw new Error('a webhook secret begins with whsec_')
  }
  return [...endpoints]
}
