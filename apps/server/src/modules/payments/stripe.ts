import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Scheduler } from '#platform/clock'
import { createCall, members, parseJson, unknown, word, type Reply } from './calling.ts'
import type {
  Answer,
  Heard,
  Hint,
  Notice,
  Preparation,
  Prepared,
  Provider,
  ProviderPayment,
  Refusal,
  Status,
} from './provider.ts'
import { meaningOf, notTaken } from './stripe-codes.ts'

export type StripeConfig = {
  /** `https://api.stripe.com`, without a path. */
  baseUrl: string
  secretKey: string
  /** Signing secrets of the webhook endpoint; two while one replaces the other. */
  webhookSecrets: readonly string[]
  /** The bound of one call, its body included. */
  timeoutMs: number
}

/** The version whose shapes are read, whatever the account's own is. */
const apiVersion = '2024-06-20'
/** "We recommend a tolerance of five minutes" ("Prevent replay attacks"). */
const toleranceMs = 300_000
/** Amounts of currencies with three decimals end in a nought ("Supported currencies"). */
const threeDecimals = ['KWD']

/** PaymentIntent.status. Of `succeeded` the charge says how much of it is left. */
const statusOf: Readonly<Record<string, Status>> = {
  requires_payment_method: 'unpassed',
  requires_confirmation: 'unpassed',
  requires_action: 'unpassed',
  requires_capture: 'open',
  canceled: 'failed',
  succeeded: 'paid',
}

/**
 * Cards by Stripe: a PaymentIntent that is captured by hand, so that the seats are secured before the money is taken.
 * What its buyer has agreed to is held by their bank until it is captured or withdrawn.
 */
export function createStripe(config: StripeConfig, clock: Scheduler) {
  const { secretKey, webhookSecrets } = config
  const call = createCall(config, clock)

  function ask(method: 'GET' | 'POST', path: string, fields: Record<string, string> = {}, idempotencyKey?: string) {
    const encoded = new URLSearchParams(fields).toString()
    return call(method, method === 'GET' && encoded !== '' ? `${path}?${encoded}` : path, {
      headers: {
        authorization: `Bearer ${secretKey}`,
        'stripe-version': apiVersion,
        ...(idempotencyKey ? { 'idempotency-key': idempotencyKey } : {}),
        ...(method === 'POST' ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
      },
      ...(method === 'POST' ? { body: encoded } : {}),
    })
  }
  const pathOf = (paymentKey: string) => `/v1/payment_intents/${encodeURIComponent(paymentKey)}`

  const query = async (paymentKey: string): Promise<Answer> =>
    readAnswer(await ask('GET', pathOf(paymentKey), { 'expand[0]': 'latest_charge.balance_transaction' }))

  return {
    holdsMoney: true,

    async prepare({ orderId, amount, currency, idempotencyKey }: Preparation): Promise<Prepared> {
      if (threeDecimals.includes(currency) && amount % 10 !== 0)
        return { kind: 'refused', code: 'invalid_currency_amount', message: `${currency} amounts end in 0` }
      const fields = {
        amount: String(amount),
        currency: currency.toLowerCase(),
        capture_method: 'manual',
        'payment_method_types[0]': 'card',
        'metadata[orderId]': orderId,
        description: orderId,
      }
      const reply = await ask('POST', '/v1/payment_intents', fields, idempotencyKey)
      if (reply.kind === 'none') return unknown(reply.code)
      const { id, client_secret: clientSecret, error } = members(reply.body)
      if (reply.status === 200 && typeof id === 'string' && typeof clientSecret === 'string')
        return { kind: 'prepared', paymentKey: id, clientSecret }
      const { code, message } = members(error)
      if (reply.status === 400 && typeof code === 'string' && (notTaken as readonly string[]).includes(code))
        return { kind: 'refused', code, message: typeof message === 'string' ? message : code }
      const answer = readAnswer(reply)
      return answer.kind === 'unknown' ? answer : unknown('unreadable-payment')
    },

    async capture({ paymentKey, amount, idempotencyKey }): Promise<Answer> {
      const fields = { amount_to_capture: String(amount), 'expand[0]': 'latest_charge.balance_transaction' }
      return readAnswer(await ask('POST', `${pathOf(paymentKey)}/capture`, fields, idempotencyKey))
    },

    query,

    /**
     * Nothing in a refund of Stripe's says which balance it is of, so the balance is looked at first. That alone would
     * not do when an earlier request is still on its way: until one is answered it is repeated under its own key.
     */
    async refund({ paymentKey, amount, balance, reason, idempotencyKey }): Promise<Answer> {
      const now = await query(paymentKey)
      if (now.kind === 'refused') return { kind: 'unknown', code: now.code, isOurFault: true }
      if (now.kind === 'unknown') return { ...now, next: 'again' }
      if (now.payment.balance !== balance) return now
      const fields = {
        payment_intent: paymentKey,
        amount: String(amount),
        reason: 'requested_by_customer',
        'metadata[reason]': reason.slice(0, 500),
        'expand[0]': 'payment_intent.latest_charge',
      }
      const reply = await ask('POST', '/v1/refunds', fields, idempotencyKey)
      const isOver = reply.kind === 'reply' && reply.status !== 409 && reply.status !== 429 && hasAnswered(reply)
      const answer = readAnswer(reply)
      if (answer.kind === 'refused') return { kind: 'unknown', code: answer.code, isOurFault: true }
      return answer.kind === 'unknown' && !isOver ? { ...answer, next: 'again' } : answer
    },

    async withdraw({ paymentKey, idempotencyKey }): Promise<Answer> {
      const path = `${pathOf(paymentKey)}/cancel`
      const answer = readAnswer(await ask('POST', path, { cancellation_reason: 'abandoned' }, idempotencyKey))
      if (answer.kind === 'refused') return { kind: 'unknown', code: answer.code, isOurFault: true }
      // It cannot be withdrawn as it stands: it was captured, or has ended already.
      return answer.kind === 'unknown' && answer.code === 'payment_intent_unexpected_state' ? query(paymentKey) : answer
    },

    readWebhook({ headers, bytes }: Notice): Heard {
      const shown = headers['stripe-signature']
      const signed = readSignature(typeof shown === 'string' ? shown : '')
      const isOurs = webhookSecrets.some((secret) => {
        const wanted = createHmac('sha256', secret).update(`${signed.seconds}.`).update(bytes).digest()
        return signed.signatures.some((one) => one.length === wanted.length && timingSafeEqual(one, wanted))
      })
      if (!isOurs) return { kind: 'refused', code: 'payments.webhook-forged' }
      if (Math.abs(clock.now() - Number(signed.seconds) * 1000) > toleranceMs)
        return { kind: 'refused', code: 'payments.webhook-stale' }
      return readHint(bytes)
    },
  } satisfies Provider
}

/** `t=1492774577,v1=…,v1=…,v0=…`: other schemes than `v1` are to be ignored. */
function readSignature(header: string): { seconds: string; signatures: Buffer[] } {
  const parts = header.split(',').map((part) => part.trim().split('=', 2) as [string, string?])
  const seconds = parts.find(([name]) => name === 't')?.[1] ?? ''
  const signatures = parts.flatMap(([name, value]) => (name === 'v1' && value ? [Buffer.from(value, 'hex')] : []))
  return { seconds: /^\d{1,12}$/.test(seconds) ? seconds : '0', signatures }
}

/** An event is about a payment, or about a charge or refund that names its payment. */
function readHint(bytes: Buffer): Heard {
  const event = members(parseJson(bytes.toString('utf8')))
  const transmissionId = word(event['id'], 200)
  const object = members(members(event['data'])['object'])
  const isIntent = object['object'] === 'payment_intent'
  const paymentKey = word(isIntent ? object['id'] : object['payment_intent'], 200)
  if (transmissionId === null || paymentKey === null) return { kind: 'unreadable' }
  const status = isIntent ? object['status'] : undefined
  const claim = typeof status === 'string' && Object.hasOwn(statusOf, status) ? statusOf[status] : undefined
  const hint: Hint = { transmissionId, paymentKey, orderId: null, claim: claim ?? null }
  return { kind: 'hint', hint }
}

/** An answer by its HTTP status and JSON body. Members that we do not know may come at any time and are ignored. */
export function readAnswer(reply: Reply): Answer {
  if (reply.kind === 'none') return unknown(reply.code)
  const { status, body } = reply
  if (status === 200) {
    const { object, payment_intent: intent } = members(body)
    return readIntent(object === 'refund' ? intent : body)
  }
  const error = members(members(body)['error'])
  const { type, code, decline_code: declineCode, message } = error
  if (typeof type !== 'string') return unknown(`http-${status}`)
  const named = typeof code === 'string' ? code : undefined
  const meaning = meaningOf(status, type, named)
  const found = named === 'payment_intent_unexpected_state' ? readIntent(error['payment_intent']) : undefined
  // Without money the payment in the error says all; with money its charge would be needed.
  if (found?.kind === 'found' && (found.payment.status === 'unpassed' || found.payment.status === 'failed'))
    return found
  const shown = (typeof declineCode === 'string' ? declineCode : (named ?? type)).slice(0, 100)
  if (meaning === 'refused')
    return { kind: 'refused', code: shown, message: typeof message === 'string' ? message : shown }
  return { kind: 'unknown', code: shown, isOurFault: meaning === 'our-fault' }
}

const hasAnswered = (reply: Reply) =>
  reply.kind === 'reply' && (reply.status === 200 || typeof members(members(reply.body)['error'])['type'] === 'string')

function readIntent(value: unknown): Answer {
  const intent = members(value)
  const { status, amount, amount_received: received, currency, metadata, latest_charge: charge } = intent
  if (status === 'processing') return unknown('processing')
  const isWhole = Number.isSafeInteger(amount) && Number.isSafeInteger(received)
  const known = typeof status === 'string' && Object.hasOwn(statusOf, status) ? statusOf[status] : undefined
  if (!known || !isWhole || typeof currency !== 'string') return unknown('unreadable-payment')
  const { orderId } = members(metadata)
  const payment: ProviderPayment = {
    status: known,
    providerStatus: status as string,
    // A payment that was not begun here names no order of ours.
    orderId: typeof orderId === 'string' ? orderId : '',
    amount: amount as number,
    balance: amount as number,
    currency: currency.toUpperCase(),
    capturedAt: null,
    failure: known === 'paid' || known === 'open' ? null : readFailure(intent),
  }
  return known === 'paid' ? readMoney(payment, received as number, charge) : { kind: 'found', payment }
}

/** What was received and what of it has gone back. */
function readMoney(payment: ProviderPayment, received: number, charge: unknown): Answer {
  const { amount_refunded: refunded, balance_transaction: transaction } = members(charge)
  if (!Number.isSafeInteger(refunded)) return unknown('unreadable-payment')
  const balance = received - (refunded as number)
  const status = balance === received ? 'paid' : balance === 0 ? 'returned' : 'partly-returned'
  const { created } = members(transaction)
  const capturedAt = Number.isSafeInteger(created) ? (created as number) * 1000 : null
  return { kind: 'found', payment: { ...payment, status, amount: received, balance, capturedAt } }
}

function readFailure(intent: Record<string, unknown>): Refusal | null {
  const { code, decline_code: declineCode, message } = members(intent['last_payment_error'])
  const shown = typeof declineCode === 'string' ? declineCode : code
  if (typeof shown === 'string') return { code: shown, message: typeof message === 'string' ? message : shown }
  const { status, cancellation_reason: reason } = intent
  return status === 'canceled' && typeof reason === 'string' ? { code: reason, message: reason } : null
}
