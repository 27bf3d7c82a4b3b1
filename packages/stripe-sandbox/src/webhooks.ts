import { createHmac } from 'node:crypto'
import { httpUrl } from '@fairgate/toss-sandbox/http'
import type { Schedule } from '@fairgate/toss-sandbox/hanging'
import type { WebhookManner } from './scenario.ts'

/** `failed` were given up after the last retry, `dropped` found the queue full. */
export type WebhookCounts = { pending: number; delivered: number; failed: number; dropped: number }

/** Where events go. `types` are those that the endpoint wants; all without them. */
export type Endpoint = { readonly url: string; readonly secret: string; readonly types?: readonly string[] }

export type Event = { readonly id: string; readonly type: string; readonly [member: string]: unknown }

type Options = {
  fetch: typeof fetch
  now: () => number
  schedule: Schedule
  endpoints: readonly Endpoint[]
}
type Delivery = { endpoint: Endpoint; body: string; retries: number; tried: () => void }

/** "We retry three times over the course of a few hours" in a sandbox; when exactly is not documented. */
export const retryMinutes = [5, 60, 120] as const
const concurrencyMax = 8
const pendingMax = 10_000
const answerTimeoutMs = 10_000
/** An early webhook holds its answer back no longer than this, a reordered one waits no longer for the next. */
const heldMs = 10_000

/** `Stripe-Signature` as "Verify webhook signatures manually" describes it: the time in seconds, and the HMAC of both. */
export function signature(secret: string, body: string, nowMs: number): string {
  const time = Math.floor(nowMs / 1000)
  return `t=${time},v1=${createHmac('sha256', secret).update(`${time}.${body}`).digest('hex')}`
}

export function createWebhooks({ fetch, now, schedule, endpoints: first }: Options) {
  let endpoints = checked(first)
  let active = 0
  let isClosed = false
  const counts = { pending: 0, delivered: 0, failed: 0, dropped: 0 }
  const queue: Delivery[] = []
  const timers = new Set<() => void>()
  const attempts = new Set<AbortController>()
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

  function pump(): void {
    while (active < concurrencyMax) {
      const delivery = queue.shift()
      if (delivery === undefined) return
      active++
      void attempt(delivery).then((isDelivered) => {
        active--
        delivery.tried()
        if (isDelivered) finish('delivered')
        else retry(delivery)
        pump()
      })
    }
  }

  /** Any 2xx is received; a redirect is a failure. Each attempt is signed anew, as of its own time. */
  async function attempt({ endpoint, body }: Delivery): Promise<boolean> {
    const controller = new AbortController()
    attempts.add(controller)
    const cancelTimeout = schedule(answerTimeoutMs, () => controller.abort())
    try {
      const response = await fetch(endpoint.url, {
        method: 'POST',
        redirect: 'manual',
        signal: controller.signal,
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'stripe-signature': signature(endpoint.secret, body, now()),
        },
        body,
      })
      void response.body?.cancel().catch(() => {})
      return response.ok
    } catch {
      // An unreachable receiver is the ordinary case that the retries are for.
      return false
    } finally {
      cancelTimeout()
      attempts.delete(controller)
    }
  }

  function retry(delivery: Delivery): void {
    const minutes = retryMinutes[delivery.retries]
    if (isClosed || minutes === undefined) return finish('failed')
    later(minutes * 60_000, () => {
      queue.push({ ...delivery, retries: delivery.retries + 1, tried() {} })
      pump()
    })
  }

  function finish(how: 'delivered' | 'failed'): void {
    counts.pending--
    counts[how]++
  }

  /** Settles when each endpoint has been tried once, whatever came of it. */
  async function send(event: Event): Promise<void> {
    const body = JSON.stringify(event, null, 2)
    const tries = endpoints
      .filter(({ types }) => types === undefined || types.includes(event.type))
      .map((endpoint) => {
        if (isClosed || counts.pending >= pendingMax) {
          counts.dropped++
          return Promise.resolve()
        }
        counts.pending++
        return new Promise<void>((tried) => queue.push({ endpoint, body, retries: 0, tried }))
      })
    pump()
    await Promise.all(tries)
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
    counts: (): WebhookCounts => ({ ...counts }),
    later,
    close(): void {
      isClosed = true
      for (const stop of timers) stop()
      for (const delivery of queue.splice(0)) delivery.tried()
      for (const controller of attempts) controller.abort()
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
