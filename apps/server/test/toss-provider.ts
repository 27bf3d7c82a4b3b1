import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSandbox, type Sandbox } from '@fairgate/toss-sandbox/sandbox'
import { onTestFinished } from 'vitest'
import type { Scheduler } from '#platform/clock'
import { seededRandom } from '#platform/ids'

/** One request that reached the provider, or would have. */
export type Call = {
  /** What was asked, in the words of the port; undefined for anything else. */
  question: 'confirm' | 'query' | 'cancel' | 'prepare' | 'withdraw' | undefined
  method: string
  path: string
  idempotencyKey: string | undefined
}

function questionOf(method: string, path: string): Call['question'] {
  if (method === 'GET') return path.startsWith(words.books) ? undefined : 'query'
  if (path.endsWith('/confirm')) return 'confirm'
  return path.endsWith('/cancel') ? 'cancel' : undefined
}

/** What tests of every provider expect of this one. */
const words = {
  /** Where its own books are read. */
  books: '/v1/transactions',
  declined: { code: 'REJECT_CARD_PAYMENT', message: '한도초과' },
  /** So long after the buyer's consent it cannot be captured any more. */
  expired: { afterMs: 601_000, code: 'NOT_FOUND_PAYMENT_SESSION' },
  unrefundable: {
    status: 403,
    body: { code: 'EXCEED_MAX_REFUND_DUE', message: 'too late' },
    code: 'EXCEED_MAX_REFUND_DUE',
  },
}

export type TossProvider = Awaited<ReturnType<typeof openTossProvider>>

export const tossSecretKey = 'test_sk_tests'

/**
 * The payment sandbox over real HTTP on a free port, at the time of the test's clock. The line to it can be cut, and a
 * test may answer in its place.
 */
export async function openTossProvider(clock: Scheduler) {
  const sandbox: Sandbox = createSandbox({
    secretKey: tossSecretKey,
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
    if (isCall)
      calls.push({
        question: questionOf(request.method ?? '', path),
        method: request.method ?? '',
        path,
        idempotencyKey: request.headers['idempotency-key'] as string | undefined,
      })
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

  async function post(
    path: string,
    body: object,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; json: Record<string, unknown> }> {
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
    return { status: response.status, json: (await response.json()) as Record<string, unknown> }
  }
  const authorization = `Basic ${Buffer.from(`${tossSecretKey}:`).toString('base64')}`

  return {
    name: 'toss' as const,
    words,
    setups: {
      toss: {
        mode: 'sandbox' as const,
        baseUrl: url,
        secretKey: tossSecretKey,
        clientKey: null,
        windowUrl: `${url}/sandbox/window`,
      },
      stripe: null,
      order: ['toss'] as const,
    },
    url,
    sandbox,
    calls,
    line,
    /** A passed payment window. @returns the payment key */
    async window(orderId: string, amount: number, scenario: Record<string, unknown> = {}): Promise<string> {
      const { status, json } = await post('/sandbox/payments', { orderId, amount, ...scenario })
      if (status !== 201) throw new Error(JSON.stringify(json))
      return json['paymentKey'] as string
    },
    /** A call of somebody else who has the key: the merchant's own console. */
    elsewhere: (path: string, body: object, headers: Record<string, string> = {}) =>
      post(path, body, { authorization, ...headers }),
    /** How a payment stands in the provider's own books. */
    payment: (paymentKey: string) => sandbox.payments().find((payment) => payment.paymentKey === paymentKey),
    isPaid: (paymentKey: string) =>
      sandbox.payments().some((each) => each.paymentKey === paymentKey && each.status === 'DONE'),
    /** Somebody else who has the key captures. @returns the HTTP status */
    captureElsewhere: async (paymentKey: string, orderId: string, amount: number, idempotencyKey?: string) =>
      (
        await post(
          '/v1/payments/confirm',
          { paymentKey, orderId, amount },
          { authorization, ...(idempotencyKey ? { 'idempotency-key': idempotencyKey } : {}) },
        )
      ).status,
    /** Somebody else who has the key gives back a part, or all that is left. */
    refundElsewhere: async (paymentKey: string, amount?: number) => {
      const body = { cancelReason: 'console', ...(amount === undefined ? {} : { cancelAmount: amount }) }
      await post(`/v1/payments/${paymentKey}/cancel`, body, { authorization })
    },
    /** From now on webhooks go to the server at this address. */
    connect: (origin: string) => sandbox.setWebhookUrls([`${origin}/api/payments/toss/webhook`]),
    /** A notice as the provider would send it. */
    notice: (paymentKey: string, claim: 'paid' | 'returned', id = `whtrans_${paymentKey}_${claim}`) => ({
      url: '/api/payments/toss/webhook',
      headers: { 'content-type': 'application/json', 'tosspayments-webhook-transmission-id': id },
      payload: JSON.stringify({
        eventType: 'PAYMENT_STATUS_CHANGED',
        data: { paymentKey, status: claim === 'paid' ? 'DONE' : 'CANCELED' },
      }),
    }),
    webhooks: async () =>
      (await (await fetch(`${url}/sandbox/webhooks`)).json()) as { pending: number; delivered: number; failed: number },
    /** Money in the provider's books: what came and what went back. */
    totals() {
      const payments = sandbox.payments().filter(({ approvedAt }) => approvedAt !== null)
      const captured = payments.reduce((sum, { totalAmount }) => sum + totalAmount, 0)
      const kept = payments.reduce((sum, { balanceAmount }) => sum + balanceAmount, 0)
      return { captured, returned: captured - kept }
    },
  }
}

/** Waits for what other turns of the event loop bring about. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve))
}
