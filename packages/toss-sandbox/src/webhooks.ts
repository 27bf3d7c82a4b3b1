import type { Schedule } from './hanging.ts'
import { httpUrl } from './http.ts'
import type { Payment } from './payment.ts'
import { koreanTime, localKoreanTime } from './payment.ts'

export type Webhooks = {
  /**
   * Sends PAYMENT_STATUS_CHANGED to every URL, and DEPOSIT_CALLBACK of a virtual account, as a merchant gets them who
   * has registered both. Settles when each has been tried once, whatever came of it.
   */
  send(payment: Payment): Promise<void>
  setUrls(urls: readonly string[]): void
  counts(): WebhookCounts
  close(): void
}

/** `failed` were given up after the last retry, `dropped` found the queue full. */
export type WebhookCounts = { pending: number; delivered: number; failed: number; dropped: number }

type Options = {
  fetch: typeof fetch
  now: () => number
  newId: () => string
  schedule: Schedule
  urls: readonly string[]
}

type Delivery = { id: string; url: string; body: string; retries: number; tried: () => void }

/** "웹훅(Webhook) 연동하기": seven retries, each this many minutes after the one before. */
export const retryMinutes = [1, 4, 16, 64, 256, 1024, 4096] as const
const concurrencyMax = 8
const pendingMax = 10_000
const answerTimeoutMs = 10_000

export function createWebhooks({ fetch, now, newId, schedule, urls: firstUrls }: Options): Webhooks {
  let urls = checkedUrls(firstUrls)
  let active = 0
  let isClosed = false
  const counts = { pending: 0, delivered: 0, failed: 0, dropped: 0 }
  const queue: Delivery[] = []
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

  /** Only HTTP 200 counts as received, so a redirect is not followed. */
  async function attempt({ id, url, body, retries }: Delivery): Promise<boolean> {
    const controller = new AbortController()
    attempts.add(controller)
    const cancelTimeout = schedule(answerTimeoutMs, () => controller.abort())
    try {
      const response = await fetch(url, {
        method: 'POST',
        redirect: 'manual',
        signal: controller.signal,
        headers: {
          'content-type': 'application/json',
          'tosspayments-webhook-transmission-id': id,
          'tosspayments-webhook-transmission-time': koreanTime(now()),
          'tosspayments-webhook-transmission-retried-count': String(retries),
        },
        body,
      })
      void response.body?.cancel().catch(() => {})
      return response.status === 200
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
    if (isClosed || minutes === undefined) {
      finish('failed')
      return
    }
    const cancel = schedule(minutes * 60_000, () => {
      retries.delete(cancel)
      queue.push({ ...delivery, retries: delivery.retries + 1 })
      pump()
    })
    retries.add(cancel)
  }

  function finish(how: 'delivered' | 'failed'): void {
    counts.pending--
    counts[how]++
  }

  return {
    async send(payment) {
      const deliveries = bodiesOf(payment, localKoreanTime(now())).flatMap((body) => urls.map((url) => ({ url, body })))
      const firstTries = deliveries.map(({ url, body }) => {
        if (isClosed || counts.pending >= pendingMax) {
          counts.dropped++
          return Promise.resolve()
        }
        counts.pending++
        return new Promise<void>((tried) => queue.push({ id: newId(), url, body, retries: 0, tried }))
      })
      pump()
      await Promise.all(firstTries)
    },
    setUrls(next) {
      urls = checkedUrls(next)
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

/** A deposit that is waited for, again too, is told by the flat DEPOSIT_CALLBACK only ("웹훅 이벤트"). */
function bodiesOf(payment: Payment, createdAt: string): string[] {
  const { virtualAccount, status, secret, lastTransactionKey, orderId } = payment
  const bodies: object[] = []
  if (status !== 'WAITING_FOR_DEPOSIT') bodies.push({ eventType: 'PAYMENT_STATUS_CHANGED', createdAt, data: payment })
  if (virtualAccount) bodies.push({ createdAt, secret, status, transactionKey: lastTransactionKey, orderId })
  return bodies.map((body) => JSON.stringify(body))
}

function checkedUrls(urls: readonly string[]): readonly string[] {
  for (const url of urls) {
    if (!httpUrl(url)) throw new Error(`webhook URL ${JSON.stringify(url)} is no absolute http(s) address`)
  }
  return [...urls]
}
