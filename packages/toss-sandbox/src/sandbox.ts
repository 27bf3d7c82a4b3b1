import type { IncomingMessage, ServerResponse } from 'node:http'

import { createApi } from './api.ts'
import type { Entry } from './books.ts'
import { openBooks } from './books.ts'
import type { PaymentRequest } from './control.ts'
import { createControl } from './control.ts'
import { fault, statusOf, wordFault } from './faults.ts'
import type { Schedule } from './hanging.ts'
import { createHanging } from './hanging.ts'
import { languageOf, sendJson } from './http.ts'
import type { Journal } from './journal.ts'
import { createLedger } from './ledger.ts'
import type { Payment } from './payment.ts'
import { createStrikes } from './strikes.ts'
import { createWebhooks } from './webhooks.ts'
import { createWindow } from './window.ts'

export type { Journal } from './journal.ts'
export type { Payment } from './payment.ts'

export type SandboxOptions = {
  /** The user of Basic authentication. Must begin with `test_`, so that a real key cannot end up here. */
  secretKey: string
  /** Where webhooks go: absolute http(s) URLs. */
  webhookUrls?: readonly string[]
  /** Milliseconds since 1970. */
  now: () => number
  /** A source of unguessable bytes; ids are made of them. */
  random: (bytes: number) => Uint8Array
  /** Runs something after a delay (the longest is 4096 minutes) and returns how to cancel it. */
  schedule: Schedule
  /** Keeps the books over a restart; without it they live in memory. */
  journal?: Journal
  fetch?: typeof fetch
  /** The address under which this sandbox is reached, for links in payments. Default: the `Host` of the request. */
  origin?: string
}

export type Sandbox = {
  /** Answers a request for `/v1/*` or `/sandbox/*`. Any other is left untouched and false comes back. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<boolean>
  /** The provider's own books, oldest first, for audits. */
  payments(): readonly Payment[]
  setWebhookUrls(urls: readonly string[]): void
  /** Ends all that is pending: webhooks and their retries, late captures, hanging answers. The books stay readable. */
  close(): void
}

/**
 * An emulator of the Toss Payments HTTP API (version 2022-11-16) that can fail on demand. See README.md for its
 * control paths. Times, ids and timers come from the options, so that a test can hold them.
 */
export function createSandbox(options: SandboxOptions): Sandbox {
  const { secretKey, webhookUrls = [], now, random, schedule, journal, origin } = options
  if (!secretKey.startsWith('test_'))
    throw new Error('secretKey must begin with test_: this is no place for a real key')

  const newId = (bytes = 16): string => Buffer.from(random(bytes)).toString('hex')
  const ids = {
    transactionKey: () => newId().toUpperCase(),
    approveNo: () => String((Buffer.from(random(4)).readUInt32BE() % 90_000_000) + 10_000_000),
    accountNumber: () =>
      `X${String(Buffer.from(random(6)).readUIntBE(0, 6))
        .padStart(15, '0')
        .slice(-13)}`,
  }
  const books = openBooks(journal)
  const webhooks = createWebhooks({
    fetch: options.fetch ?? fetch,
    now,
    newId: () => `whtrans_${newId()}`,
    schedule,
    urls: webhookUrls,
  })
  const ledger = createLedger({ books, webhooks, now, schedule, ids })
  const hanging = createHanging(schedule)
  const strikes = createStrikes()

  function requestPayment({
    orderId,
    orderName,
    amount,
    origin,
    scenario,
    validHours,
    ...urls
  }: PaymentRequest): Entry {
    const at = now()
    const paymentKey = `sandbox_${newId(12)}`
    if (books.entry(paymentKey)) throw new Error('the random source repeats itself')
    const { successUrl, failUrl } = urls
    const { entry } = ledger.record({
      at,
      paymentKey,
      events: [
        {
          type: 'requested',
          at,
          orderId,
          orderName,
          amount,
          secret: `ps_${newId()}`,
          origin,
          scenario,
          ...(validHours === undefined ? {} : { validHours }),
          ...(successUrl === undefined ? {} : { successUrl }),
          ...(failUrl === undefined ? {} : { failUrl }),
        },
      ],
    })
    if (entry === undefined) throw new Error('a payment is in the books once it was recorded')
    return entry
  }

  function originOf(request: IncomingMessage): string {
    return origin ?? URL.parse(`http://${request.headers.host}`)?.origin ?? 'http://localhost'
  }

  const surroundings = { ...ids, strike: strikes.draw }
  const api = createApi({ secretKey, books, ledger, hanging, now, surroundings, newTraceId: newId })
  const control = createControl({ books, ledger, webhooks, strikes, requestPayment, originOf })
  const window = createWindow({ books, ledger, now, requestPayment, originOf })

  function handlerOf(path: string) {
    if (path.startsWith('/v1/')) return api
    if (path === '/sandbox/window' || path === '/sandbox/bank' || path.startsWith('/sandbox/receipts/')) return window
    return path.startsWith('/sandbox/') ? control : undefined
  }

  return {
    async handle(request, response) {
      const url = URL.parse(request.url ?? '', 'http://localhost')
      const handler = url && handlerOf(url.pathname)
      if (!handler) return false
      try {
        await handler(request, response, url)
      } catch (error) {
        const refusal = fault('COMMON_ERROR', error instanceof Error ? error.message : String(error))
        sendJson(response, statusOf(refusal.code), wordFault(refusal, languageOf(request)))
      }
      return true
    },
    payments: () => [...books.all()].map(({ payment }) => payment),
    setWebhookUrls: webhooks.setUrls,
    close() {
      ledger.close()
      webhooks.close()
      hanging.close()
    },
  }
}
