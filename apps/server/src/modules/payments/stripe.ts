import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Scheduler } from '#platform/clock'
import { createCall, members, parseJson, unknown, word, type Reply } from './calling.ts'
import type {
  Answer,
  Heard,
  Hint,
  Movement,
  Notice,
  Page,
  Preparation,
  Prepared,
  Provider,
  ProviderPayment,
  Refusal,
  Span,
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
/** Movements are read a day at a time at most, in pages of the most that Stripe gives, at most so many of them. */
const sliceSecondsMax = 86_400
const pageSize = 100
const slicePagesMax = 50
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

  /** All movements of these seconds, newest first. */
  async function readSlice(begin: number, end: number): Promise<Movement[] | 'too-many' | Unknown> {
    const movements: Movement[] = []
    let after: string | undefined
    for (let pages = 0; pages < slicePagesMax; pages++) {
      const reply = await ask('GET', '/v1/balance_transactions', {
        'created[gte]': String(begin),
        'created[lte]': String(end),
        limit: String(pageSize),
        'expand[0]': 'data.source.payment_intent',
        ...(after === undefined ? {} : { starting_after: after }),
      })
      const page = readMovements(reply)
      if ('kind' in page) return page
      movements.push(...page.movements)
      after = page.last
      if (!page.hasMore || after === undefined) return movements
    }
    return 'too-many'
  }

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

    /** Stripe lists the newest first, so a slice of time is read to its end and turned round: a shorter one when it is long. */
    async movements({ from, to, cursor }: Span): Promise<Page> {
      const begin = Math.floor((cursor === null ? from : Number(cursor)) / 1000)
      const last = Math.floor(to / 1000)
      for (let seconds = sliceSecondsMax; seconds >= 1; seconds = Math.floor(seconds / 8)) {
        const end = Math.min(begin + seconds - 1, last)
        const movements = await readSlice(begin, end)
        if (movements === 'too-many') continue
        if ('kind' in movements) return movements
        return { kind: 'page', movements: movements.toReversed(), next: end < last ? String((end + 1) * 1000) : null }
      }
      return unknown('too-many-movements')
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

const movementOf: Readonly<Record<string, Movement['kind']>> = { charge: 'captured', refund: 'returned' }

/**
 * A page of `GET /v1/balance_transactions`. Amounts are those of the charge or refund behind a movement: the movement's own
 * are in the currency that the account is paid out in. What is neither moves no money of a buyer.
 */
function readMovements(reply: Reply): { movements: Movement[]; hasMore: boolean; last: string | undefined } | Unknown {
  if (reply.kind === 'none') return unknown(reply.code)
  const { data, has_more: hasMore } = members(reply.body)
  if (reply.status !== 200 || !Array.isArray(data)) {
    const answer = readAnswer(reply)
    return answer.kind === 'unknown' ? answer : unknown('unreadable-movements')
  }
  const movements: Movement[] = []
  let last: string | undefined
  for (const each of data) {
    const { id, created, source } = members(each)
    const { object, amount, amount_captured: captured, currency, payment_intent: intent } = members(source)
    if (typeof id !== 'string' || typeof created !== 'number') return unknown('unreadable-movements')
    last = id
    const kind = typeof object === 'string' && Object.hasOwn(movementOf, object) ? movementOf[object] : undefined
    const { id: paymentKey, metadata } = members(intent)
    const moved = kind === 'captured' ? captured : amount
    if (!kind || typeof paymentKey !== 'string') continue
    if (typeof moved !== 'number' || typeof currency !== 'string') return unknown('unreadable-movements')
    const { orderId } = members(metadata)
    movements.push({
      id,
      paymentKey,
      orderId: typeof orderId === 'string' ? orderId : '',
      kind,
      amount: moved,
      currency: currency.toUpperCase(),
      at: created * 1000,
    })
  }
  return { movements, hasMore: hasMore === true, last }
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

type Unknown = Extract<Page, { kind: 'unknown' }>

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
