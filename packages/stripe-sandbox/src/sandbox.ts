import type { IncomingMessage, ServerResponse } from 'node:http'
import { createHanging, type Schedule } from '@fairgate/toss-sandbox/hanging'
import { sendJson } from '@fairgate/toss-sandbox/http'
import type { Journal } from '@fairgate/toss-sandbox/journal'
import { createApi } from './api.ts'
import { openBooks } from './books.ts'
import { createControl } from './control.ts'
import { apiVersion, type Intent } from './intent.ts'
import { createLedger } from './ledger.ts'
import { createPages } from './pages.ts'
import { createWebhooks, type Endpoint } from './webhooks.ts'

export type SandboxOptions = {
  /** Must begin with `sk_test_`, so that a real key cannot end up here. */
  secretKey: string
  /** What browsers use; begins with `pk_test_`. */
  publishableKey: string
  /** Where events go, signed with the endpoint's secret. */
  endpoints?: readonly Endpoint[]
  /** Milliseconds since 1970. */
  now: () => number
  /** A source of unguessable bytes; ids are made of them. */
  random: (bytes: number) => Uint8Array
  /** Runs something after a delay and returns how to cancel it. */
  schedule: Schedule
  /** Keeps the books over a restart; without it they live in memory. */
  journal?: Journal
  fetch?: typeof fetch
  /** The address under which this sandbox is reached. Default: the `Host` of the request. */
  origin?: string
}

export type Sandbox = {
  /** Answers a request of Stripe's API or for `/sandbox/stripe/*`. Any other is left untouched and false comes back. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<boolean>
  /** The provider's own books, oldest first, for audits. */
  intents(): readonly Intent[]
  setEndpoints(endpoints: readonly Endpoint[]): void
  /** Ends all that is pending: webhooks and their retries, late captures, hanging answers. The books stay readable. */
  close(): void
}

/**
 * An emulator of the part of Stripe's HTTP API that takes cards (version 2024-06-20), which can fail on demand. See
 * README.md for its control paths. Times, ids and timers come from the options, so that a test can hold them.
 */
export function createSandbox(options: SandboxOptions): Sandbox {
  const { secretKey, publishableKey, endpoints = [], now, random, schedule, journal, origin } = options
  if (!secretKey.startsWith('sk_test_') || !publishableKey.startsWith('pk_test_'))
    throw new Error('the keys must begin with sk_test_ and pk_test_: this is no place for real ones')

  const newId = (prefix: string): string => prefix + Buffer.from(random(12)).toString('hex')
  const books = openBooks(journal)
  const webhooks = createWebhooks({ fetch: options.fetch ?? fetch, now, schedule, endpoints })
  const newEvent = (type: string, object: object) => ({
    id: newId('evt_'),
    object: 'event',
    api_version: apiVersion,
    created: Math.floor(now() / 1000),
    data: { object },
    livemode: false,
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    type,
  })
  const ledger = createLedger({ books, webhooks, now, newEvent })
  const hanging = createHanging(schedule)
  const originOf = (request: IncomingMessage) =>
    origin ?? URL.parse(`http://${request.headers.host}`)?.origin ?? 'http://localhost'
  const api = createApi({ secretKey, publishableKey, books, ledger, hanging, now, newId, originOf })
  const control = createControl({ books, ledger, now, newId, counts: webhooks.counts })
  const pages = createPages({ ledger, now, newId })

  function handlerOf(path: string) {
    if (/^\/v1\/(balance_transactions|payment_intents|refunds)(\/|$)/.test(path)) return api.answer
    if (path === '/sandbox/stripe/authenticate' || path === '/sandbox/stripe/stripe.js') return pages
    return path.startsWith('/sandbox/stripe/') ? control : undefined
  }

  return {
    async handle(request, response) {
      const url = URL.parse(request.url ?? '', 'http://localhost')
      const handler = url && handlerOf(url.pathname)
      if (!handler) return false
      try {
        await handler(request, response, url)
      } catch (error) {
        sendJson(response, 500, { error: { type: 'api_error', message: String(error) } })
      }
      return true
    },
    intents: () => [...books.intents()],
    setEndpoints: webhooks.setEndpoints,
    close() {
      webhooks.close()
      hanging.close()
    },
  }
}
