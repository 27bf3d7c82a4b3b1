import type { Schedule } from './hanging.ts'

/** `failed` were given up after the last retry, `dropped` found the queue full. */
export type WebhookCounts = { pending: number; delivered: number; failed: number; dropped: number }

/** One message for one receiver. Its headers are made anew for each attempt, the n-th after the first one. */
export type Delivery = { url: string; body: string; headers: (retries: number) => Record<string, string> }

export type Deliveries = {
  /** Settles when each has been tried once, whatever came of it. */
  send(deliveries: readonly Delivery[]): Promise<void>
  counts(): WebhookCounts
  /** Ends what is under way and what waits. */
  close(): void
}

type Options = {
  fetch: typeof fetch
  schedule: Schedule
  /** How long after an attempt the next one follows. */
  retryMinutes: readonly number[]
  isReceived: (response: Response) => boolean
}
type Queued = Delivery & { retries: number; tried: () => void }

const concurrencyMax = 8
const pendingMax = 10_000
const answerTimeoutMs = 10_000

/** Posts what a provider has to tell, a few at a time, and again to those that did not take it. No redirect is followed. */
export function createDeliveries({ fetch, schedule, retryMinutes, isReceived }: Options): Deliveries {
  let active = 0
  let isClosed = false
  const counts = { pending: 0, delivered: 0, failed: 0, dropped: 0 }
  const queue: Queued[] = []
  const retries = new Set<() => void>()
  const attempts = new Set<AbortController>()

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

  async function attempt(delivery: Queued): Promise<boolean> {
    const { url, body } = delivery
    const controller = new AbortController()
    attempts.add(controller)
    const cancelTimeout = schedule(answerTimeoutMs, () => controller.abort())
    try {
      const headers = delivery.headers(delivery.retries)
      const response = await fetch(url, {
        method: 'POST',
        redirect: 'manual',
        signal: controller.signal,
        headers,
        body,
      })
      void response.body?.cancel().catch(() => {})
      return isReceived(response)
    } catch {
      // An unreachable receiver is the ordinary case that the retries are for.
      return false
    } finally {
      cancelTimeout()
      attempts.delete(controller)
    }
  }

  function retry(delivery: Queued): void {
    const minutes = retryMinutes[delivery.retries]
    if (isClosed || minutes === undefined) return finish('failed')
    const cancel = schedule(minutes * 60_000, () => {
      retries.delete(cancel)
      queue.push({ ...delivery, retries: delivery.retries + 1, tried() {} })
      pump()
    })
    retries.add(cancel)
  }

  function finish(how: 'delivered' | 'failed'): void {
    counts.pending--
    counts[how]++
  }

  return {
    async send(deliveries) {
      const firstTries = deliveries.map((delivery) => {
        if (isClosed || counts.pending >= pendingMax) {
          counts.dropped++
          return Promise.resolve()
        }
        counts.pending++
        return new Promise<void>((tried) => queue.push({ ...delivery, retries: 0, tried }))
      })
      pump()
      await Promise.all(firstTries)
    },
    counts: () => ({ ...counts }),
    close() {
      isClosed = true
      for (const cancel of retries) cancel()
      retries.clear()
      for (const delivery of queue.splice(0)) delivery.tried()
      for (const controller of attempts) controller.abort()
    },
  }
}
