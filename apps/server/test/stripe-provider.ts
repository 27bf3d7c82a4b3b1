import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSandbox } from '@fairgate/stripe-sandbox/sandbox'
import { signature } from '@fairgate/stripe-sandbox/webhooks'
import { onTestFinished } from 'vitest'
import type { Scheduler } from '#platform/clock'
import { seededRandom } from '#platform/ids'
import type { Call } from './toss-provider.ts'

const secretKey = 'sk_test_tests'
const publishableKey = 'pk_test_tests'
export const webhookSecret = 'whsec_tests'

function questionOf(method: string, path: string): Call['question'] {
  if (method === 'GET') return path.startsWith(words.books) ? undefined : 'query'
  if (path === '/v1/payment_intents') return 'prepare'
  if (path === '/v1/refunds') return 'cancel'
  return path.endsWith('/capture') ? 'confirm' : path.endsWith('/cancel') ? 'withdraw' : undefined
}

/** What tests of every provider expect of this one. */
const words = {
  books: '/v1/balance_transactions',
  declined: { code: 'generic_decline', message: 'declined' },
  /** So long after the buyer's consent it cannot be captured any more. */
  expired: { afterMs: 7 * 86_400_000, code: 'automatic' },
  unrefundable: {
    status: 400,
    body: { error: { type: 'invalid_request_error', code: 'charge_disputed', message: 'charged back' } },
    code: 'charge_disputed',
  },
}

/** The scenarios of the first sandbox, as this one words them. */
function wishOf({ outcome, times, cancelOutcome, cancelTimes, ...others }: Record<string, unknown>): object {
  return {
    ...others,
    ...(outcome === 'decline' ? { buyer: 'is-declined' } : outcome === undefined ? {} : { capture: outcome }),
    ...(times === undefined ? {} : { captureTimes: times }),
    ...(typeof cancelOutcome === 'string' ? { refund: cancelOutcome.replace('cancel-', 'refund-') } : {}),
    ...(cancelTimes === undefined ? {} : { refundTimes: cancelTimes }),
  }
}

/**
 * Stripe's sandbox over real HTTP on a free port, at the time of the test's clock. The line to it can be cut, and a test
 * may answer in its place.
 */
export async function openStripeProvider(clock: Scheduler) {
  const sandbox = createSandbox({
    secretKey,
    publishableKey,
    now: clock.now,
    schedule: (ms, run) => clock.after(ms, run),
    random: seededRandom(7),
  })
  const calls: Call[] = []
  const line = {
    isCut: false,
    /** Answers instead of the sandbox when it returns true. */
    intercept: undefined as ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined,
  }
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    const isCall = path.startsWith('/v1/')
    const method = request.method ?? ''
    const question = questionOf(method, path)
    // What comes before the buyer's consent is no part of what these tests count.
    if (isCall && question !== 'prepare')
      calls.push({ question, method, path, idempotencyKey: request.headers['idempotency-key'] as string | undefined })
    if (isCall && line.isCut) return void request.socket.destroy()
    if (isCall && line.intercept?.(request, response)) return
    void sandbox.handle(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  onTestFinished(() => {
    sandbox.close()
    server.closeAllConnections()
    server.close()
  })

  /** A call of somebody else who has the key: the merchant's own console. */
  async function elsewhere(path: string, fields: Record<string, string> = {}, idempotencyKey?: string) {
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${secretKey}`,
        'content-type': 'application/x-www-form-urlencoded',
        ...(idempotencyKey ? { 'idempotency-key': idempotencyKey } : {}),
      },
      body: new URLSearchParams(fields),
    })
    return { status: response.status, json: (await response.json()) as Record<string, unknown> }
  }
  const intent = (paymentKey: string) => sandbox.intents().find(({ id }) => id === paymentKey)

  return {
    name: 'stripe' as const,
    words,
    setups: {
      toss: null,
      order: ['stripe'] as const,
      stripe: {
        mode: 'sandbox' as const,
        baseUrl: url,
        secretKey,
        clientKey: publishableKey,
        webhookSecrets: [webhookSecret],
        scriptUrl: `${url}/sandbox/stripe/stripe.js`,
      },
    },
    url,
    calls,
    line,
    elsewhere,
    /** The buyer is at the payment element, of a payment that was prepared. */
    async pass(paymentKey: string, scenario: Record<string, unknown> = {}): Promise<void> {
      const response = await fetch(`${url}/sandbox/stripe/payment_intents/${paymentKey}/buyer`, {
        method: 'POST',
        body: JSON.stringify(wishOf(scenario)),
      })
      if (response.status !== 200) throw new Error(await response.text())
    },
    /** How a payment stands in the provider's own books. */
    intent,
    isPaid: (paymentKey: string) => intent(paymentKey)?.status === 'succeeded',
    captureElsewhere: async (paymentKey: string, _orderId: string, amount: number, idempotencyKey?: string) =>
      (
        await elsewhere(
          `/v1/payment_intents/${paymentKey}/capture`,
          { amount_to_capture: String(amount) },
          idempotencyKey,
        )
      ).status,
    refundElsewhere: async (paymentKey: string, amount?: number) => {
      await elsewhere('/v1/refunds', {
        payment_intent: paymentKey,
        ...(amount === undefined ? {} : { amount: String(amount) }),
      })
    },
    /** From now on webhooks go to the server at this address: those that our documentation asks for. */
    connect: (origin: string) =>
      sandbox.setEndpoints([
        {
          url: `${origin}/api/payments/stripe/webhook`,
          secret: webhookSecret,
          types: ['charge.refunded', 'payment_intent.canceled', 'payment_intent.succeeded', 'refund.failed'],
        },
      ]),
    /** A notice as the provider would send it, signed now. */
    notice(paymentKey: string, claim: 'paid' | 'returned', id = `evt_${paymentKey}_${claim}`) {
      const object =
        claim === 'paid'
          ? { id: paymentKey, object: 'payment_intent', status: 'succeeded' }
          : { id: 'ch_1', object: 'charge', payment_intent: paymentKey, refunded: true }
      const type = claim === 'paid' ? 'payment_intent.succeeded' : 'charge.refunded'
      const payload = JSON.stringify({ id, object: 'event', type, data: { object } })
      return {
        url: '/api/payments/stripe/webhook',
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'stripe-signature': signature(webhookSecret, payload, clock.now()),
        },
        payload,
      }
    },
    webhooks: async () =>
      (await (await fetch(`${url}/sandbox/stripe/webhooks`)).json()) as {
        pending: number
        delivered: number
        failed: number
      },
    /** Money in the provider's books: what came and what went back. */
    totals() {
      const sum = (of: (each: ReturnType<typeof sandbox.intents>[number]) => number) =>
        sandbox.intents().reduce((total, each) => total + of(each), 0)
      return { captured: sum((each) => each.amountReceived), returned: sum((each) => each.charge?.amountRefunded ?? 0) }
    },
  }
}

export type StripeProvider = Awaited<ReturnType<typeof openStripeProvider>>
