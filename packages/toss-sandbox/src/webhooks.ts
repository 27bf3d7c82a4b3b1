import { createDeliveries, type WebhookCounts } from './deliveries.ts'
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

type Options = {
  fetch: typeof fetch
  now: () => number
  newId: () => string
  schedule: Schedule
  urls: readonly string[]
}

/** "웹훅(Webhook) 연동하기": seven retries, each this many minutes after the one before. */
export const retryMinutes = [1, 4, 16, 64, 256, 1024, 4096] as const

export function createWebhooks({ fetch, now, newId, schedule, urls: firstUrls }: Options): Webhooks {
  let urls = checkedUrls(firstUrls)
  // Only HTTP 200 counts as received.
  const deliveries = createDeliveries({ fetch, schedule, retryMinutes, isReceived: ({ status }) => status === 200 })

  function headersOf(id: string, retries: number): Record<string, string> {
    return {
      'content-type': 'application/json',
      'tosspayments-webhook-transmission-id': id,
      'tosspayments-webhook-transmission-time': koreanTime(now()),
      'tosspayments-webhook-transmission-retried-count': String(retries),
    }
  }

  return {
    send(payment) {
      const bodies = bodiesOf(payment, localKoreanTime(now()))
      return deliveries.send(
        bodies.flatMap((body) =>
          urls.map((url) => {
            const id = newId()
            return { url, body, headers: (retries: number) => headersOf(id, retries) }
          }),
        ),
      )
    },
    setUrls(next) {
      urls = checkedUrls(next)
    },
    counts: deliveries.counts,
    close: deliveries.close,
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
