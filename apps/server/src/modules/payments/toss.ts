import { createHash } from 'node:crypto'
import type { Scheduler } from '#platform/clock'
import type { Answer, Hint, Provider, ProviderPayment, Status } from './provider.ts'
import { classOf } from './toss-codes.ts'

export type TossConfig = {
  /** `https://api.tosspayments.com`, without a path. */
  baseUrl: string
  secretKey: string
  /** The bound of one call, its body included. */
  timeoutMs: number
}

/** Payment.status of the "코어 API". A status that is not listed is not understood. */
const statusOf: Readonly<Record<string, Status>> = {
  READY: 'open',
  IN_PROGRESS: 'open',
  WAITING_FOR_DEPOSIT: 'awaiting-deposit',
  DONE: 'paid',
  PARTIAL_CANCELED: 'partly-returned',
  CANCELED: 'returned',
  ABORTED: 'failed',
  EXPIRED: 'failed',
}

const reasonLengthMax = 200

/** The HTTP API of Toss Payments, version 2022-11-16. */
export function createToss({ baseUrl, secretKey, timeoutMs }: TossConfig, clock: Scheduler): Provider {
  // The secret key is the user of Basic authentication; its password is empty, but the colon is needed.
  const authorization = `Basic ${Buffer.from(`${secretKey}:`).toString('base64')}`

  async function call(method: 'GET' | 'POST', path: string, body?: object, idempotencyKey?: string): Promise<Answer> {
    const deadline = new AbortController()
    const cancel = clock.after(timeoutMs, () => deadline.abort())
    try {
      const response = await fetch(`${baseUrl}${path}`, {
        method,
        // A redirect would carry the key to somebody else.
        redirect: 'error',
        signal: deadline.signal,
        headers: {
          authorization,
          accept: 'application/json',
          ...(body ? { 'content-type': 'application/json' } : {}),
          ...(idempotencyKey ? { 'idempotency-key': idempotencyKey } : {}),
        },
        ...(body ? { body: JSON.stringify(body) } : {}),
      })
      return readAnswer(response.status, parse(await response.text()))
    } catch {
      // No answer tells nothing of whether the request arrived, whatever the network calls it.
      return unknown(deadline.signal.aborted ? 'no-answer-in-time' : 'no-connection')
    } finally {
      cancel()
    }
  }

  return {
    capture: ({ paymentKey, orderId, amount, idempotencyKey }) =>
      call('POST', '/v1/payments/confirm', { paymentKey, orderId, amount }, idempotencyKey),
    query: (paymentKey) => call('GET', `/v1/payments/${encodeURIComponent(paymentKey)}`),
    async refund({ paymentKey, amount, balance, reason, idempotencyKey }) {
      const body = {
        cancelReason: reason.slice(0, reasonLengthMax),
        // Before a deposit only a full cancel is possible, which names no amount.
        ...(amount < balance ? { cancelAmount: amount } : {}),
        refundableAmount: balance,
      }
      const answer = await call('POST', `/v1/payments/${encodeURIComponent(paymentKey)}/cancel`, body, idempotencyKey)
      return answer.kind === 'refused' ? { kind: 'unknown', code: answer.code, isOurFault: true } : answer
    },
    parseWebhook,
  }
}

/** An answer by its HTTP status and JSON body. Fields that we do not know may come at any time and are ignored. */
export function readAnswer(status: number, body: unknown): Answer {
  if (status === 200) {
    const payment = readPayment(body)
    return payment ? { kind: 'found', payment } : unknown('unreadable-payment')
  }
  const { code, message } = members(body)
  if (typeof code !== 'string') return unknown(`http-${status}`)
  const kind = classOf(code)
  const isRefusal = (kind === 'declined' || kind === 'expired') && status >= 400 && status < 500
  if (isRefusal) return { kind: 'refused', code, message: typeof message === 'string' ? message : code }
  return { kind: 'unknown', code: code.slice(0, 100), isOurFault: kind === 'configuration' }
}

function readPayment(body: unknown): ProviderPayment | undefined {
  const { status, orderId, totalAmount, balanceAmount, currency, approvedAt, failure } = members(body)
  if (typeof status !== 'string' || typeof orderId !== 'string' || typeof currency !== 'string') return undefined
  if (!Number.isSafeInteger(totalAmount) || !Number.isSafeInteger(balanceAmount)) return undefined
  const known = Object.hasOwn(statusOf, status) ? statusOf[status] : undefined
  if (!known) return undefined
  const approvedAtMs = typeof approvedAt === 'string' ? Date.parse(approvedAt) : Number.NaN
  const { code, message } = members(failure)
  return {
    status: known,
    providerStatus: status,
    orderId,
    amount: totalAmount as number,
    balance: balanceAmount as number,
    currency,
    capturedAt: Number.isNaN(approvedAtMs) ? null : approvedAtMs,
    failure: typeof code === 'string' ? { code, message: typeof message === 'string' ? message : code } : null,
  }
}

/**
 * "웹훅 이벤트": `PAYMENT_STATUS_CHANGED` carries the payment as `data`; `DEPOSIT_CALLBACK` is flat, without a name and
 * without a payment key. Payment webhooks are not signed.
 */
function parseWebhook(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  body: unknown,
): Hint | undefined {
  const whole = members(body)
  const source = typeof whole['data'] === 'object' ? members(whole['data']) : whole
  const paymentKey = word(source['paymentKey'], 200)
  const orderId = word(source['orderId'], 64)
  if (paymentKey === null && orderId === null) return undefined
  const status = word(source['status'], 40)
  return {
    transmissionId: word(headers['tosspayments-webhook-transmission-id'], 200) ?? fingerprint(body),
    paymentKey,
    orderId,
    claim: (status !== null && Object.hasOwn(statusOf, status) ? statusOf[status] : undefined) ?? null,
  }
}

const unknown = (code: string): Answer => ({ kind: 'unknown', code, isOurFault: false })

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // A proxy's error page, or half an answer: the caller sees that it is no payment.
    return undefined
  }
}

const members = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}

/** Printable ASCII without blanks, or null: what the provider's own keys and ids are made of. */
const word = (value: unknown, lengthMax: number): string | null =>
  typeof value === 'string' && value.length <= lengthMax && /^[\x21-\x7e]+$/.test(value) ? value : null

const fingerprint = (body: unknown) => createHash('sha256').update(JSON.stringify(body)).digest('base64url')
