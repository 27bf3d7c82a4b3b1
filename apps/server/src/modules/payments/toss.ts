import { createHash } from 'node:crypto'
import type { Scheduler } from '#platform/clock'
import { createCall, members, parseJson, unknown, word } from './calling.ts'
import type {
  Answer,
  Deposit,
  Heard,
  Hint,
  Movement,
  Notice,
  Page,
  Provider,
  ProviderPayment,
  Span,
  Status,
} from './provider.ts'
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
/** The most that `GET /v1/transactions` gives at once. */
const movementsMax = 5000

/** The HTTP API of Toss Payments, version 2022-11-16. */
export function createToss(config: TossConfig, clock: Scheduler): Provider {
  const send = createCall(config, clock)
  // The secret key is the user of Basic authentication; its password is empty, but the colon is needed.
  const authorization = `Basic ${Buffer.from(`${config.secretKey}:`).toString('base64')}`

  async function call<Read>(
    method: 'GET' | 'POST',
    path: string,
    read: (status: number, body: unknown) => Read,
    body?: object,
    idempotencyKey?: string,
  ): Promise<Read | Unknown> {
    const reply = await send(method, path, {
      headers: {
        authorization,
        ...(body ? { 'content-type': 'application/json' } : {}),
        ...(idempotencyKey ? { 'idempotency-key': idempotencyKey } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    return reply.kind === 'none' ? unknown(reply.code) : read(reply.status, reply.body)
  }

  /** A payment that cannot be cancelled now may be later: what is owed stays owed. */
  async function cancel(paymentKey: string, body: object, idempotencyKey: string): Promise<Answer> {
    const path = `/v1/payments/${encodeURIComponent(paymentKey)}/cancel`
    const answer = await call('POST', path, readAnswer, body, idempotencyKey)
    return answer.kind === 'refused' ? { kind: 'unknown', code: answer.code, isOurFault: true } : answer
  }

  return {
    capture: ({ paymentKey, orderId, amount, idempotencyKey }) =>
      call('POST', '/v1/payments/confirm', readAnswer, { paymentKey, orderId, amount }, idempotencyKey),
    query: (paymentKey) => call('GET', `/v1/payments/${encodeURIComponent(paymentKey)}`, readAnswer),
    refund: ({ paymentKey, amount, balance, reason, idempotencyKey, account }) =>
      cancel(
        paymentKey,
        {
          cancelReason: reason.slice(0, reasonLengthMax),
          ...(amount < balance ? { cancelAmount: amount } : {}),
          refundableAmount: balance,
          ...(account
            ? {
                refundReceiveAccount: {
                  bank: account.bank,
                  accountNumber: account.number,
                  holderName: account.holder,
                },
              }
            : {}),
        },
        idempotencyKey,
      ),
    // Before a deposit only a full cancel is possible, which names no amount. After it the provider wants to know where
    // the money is to go, so that a deposit which comes in between is not given back by this.
    async withdraw({ paymentKey, reason, idempotencyKey }) {
      const answer = await cancel(paymentKey, { cancelReason: reason.slice(0, reasonLengthMax) }, idempotencyKey)
      return answer.kind === 'unknown' ? unknown(answer.code) : answer
    },
    movements({ from, to, cursor, limit }: Span) {
      const query = new URLSearchParams({
        startDate: koreanTime(from),
        endDate: koreanTime(to),
        limit: String(Math.min(limit, movementsMax)),
        ...(cursor === null ? {} : { startingAfter: cursor }),
      })
      return call<Page>('GET', `/v1/transactions?${query}`, (status, body) => readMovements(status, body, limit))
    },
    readWebhook,
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
  // A refusal is one only with the status of a refusal: behind a 500 money may have moved.
  if (kind === 'refuse' && status >= 400 && status < 500)
    return { kind: 'refused', code, message: typeof message === 'string' ? message : code }
  return {
    kind: 'unknown',
    code: code.slice(0, 100),
    isOurFault: kind === 'alarm' || kind === 'ask-buyer',
    ...(kind === 'retry' ? { next: 'again' as const } : {}),
    ...(kind === 'ask-buyer' ? { next: 'ask-buyer' as const } : {}),
  }
}

function readPayment(body: unknown): ProviderPayment | undefined {
  const { status, orderId, totalAmount, balanceAmount, currency, approvedAt, failure, virtualAccount, secret } =
    members(body)
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
    deposit: readDeposit(virtualAccount, secret),
  }
}

/** `virtualAccount` of a payment. `dueDate` is Korean time, with or without saying so. */
function readDeposit(virtualAccount: unknown, secret: unknown): Deposit | null {
  const { accountNumber, bankCode, bank, customerName, dueDate } = members(virtualAccount)
  if (typeof accountNumber !== 'string') return null
  const dueAt = typeof dueDate === 'string' ? koreanInstant(dueDate) : Number.NaN
  return {
    bank: typeof bankCode === 'string' ? bankCode : typeof bank === 'string' ? bank : '',
    number: accountNumber,
    holder: typeof customerName === 'string' ? customerName : null,
    dueAt: Number.isNaN(dueAt) ? null : dueAt,
    secret: word(secret, 50),
  }
}

const movementOf: Readonly<Record<string, Movement['kind']>> = {
  DONE: 'captured',
  CANCELED: 'returned',
  PARTIAL_CANCELED: 'returned',
}

/** A page of `GET /v1/transactions`. What moves no money is left out; a cancel's amount may have either sign. */
function readMovements(status: number, body: unknown, limit: number): Page {
  if (status !== 200 || !Array.isArray(body)) {
    const answer = readAnswer(status === 200 ? 0 : status, body)
    if (answer.kind === 'unknown') return answer
    return {
      kind: 'unknown',
      code: answer.kind === 'refused' ? answer.code : 'unreadable-transactions',
      isOurFault: true,
    }
  }
  const movements: Movement[] = []
  let last: string | null = null
  for (const each of body) {
    const { transactionKey, paymentKey, orderId, status: word, amount, currency, transactionAt } = members(each)
    const at = typeof transactionAt === 'string' ? koreanInstant(transactionAt) : Number.NaN
    if (
      typeof transactionKey !== 'string' ||
      typeof paymentKey !== 'string' ||
      typeof orderId !== 'string' ||
      typeof word !== 'string' ||
      typeof currency !== 'string' ||
      !Number.isSafeInteger(amount) ||
      Number.isNaN(at)
    )
      return unknown('unreadable-transactions')
    last = transactionKey
    const kind = Object.hasOwn(movementOf, word) ? movementOf[word] : undefined
    if (kind)
      movements.push({
        id: transactionKey,
        paymentKey,
        orderId,
        kind,
        amount: Math.abs(amount as number),
        currency,
        at,
      })
  }
  return { kind: 'page', movements, next: body.length >= limit ? last : null }
}

/**
 * "웹훅 이벤트": `PAYMENT_STATUS_CHANGED` carries the payment as `data`; `DEPOSIT_CALLBACK` is flat, without a name and
 * without a payment key, and shows the `secret` of the payment. Payment webhooks are not signed. All others name no
 * payment: `CANCEL_STATUS_CHANGED` carries a cancel alone (of methods that are not offered here), `BILLING_DELETED`,
 * `METHOD_UPDATED`, `CUSTOMER_STATUS_CHANGED`, `payout.changed` and `seller.changed` are about other products.
 */
function readWebhook({ headers, bytes }: Notice): Heard {
  const whole = members(parseJson(bytes.toString('utf8')))
  const source = typeof whole['data'] === 'object' ? members(whole['data']) : whole
  const paymentKey = word(source['paymentKey'], 200)
  const orderId = word(source['orderId'], 64)
  if (paymentKey === null && orderId === null) return { kind: 'unreadable' }
  const status = word(source['status'], 40)
  const hint: Hint = {
    transmissionId: word(headers['tosspayments-webhook-transmission-id'], 200) ?? fingerprint(bytes),
    paymentKey,
    orderId,
    claim: (status !== null && Object.hasOwn(statusOf, status) ? statusOf[status] : undefined) ?? null,
    secret: word(source['secret'], 50),
  }
  return { kind: 'hint', hint }
}

type Unknown = Extract<Page, { kind: 'unknown' }>

const koreaAheadMs = 9 * 3_600_000

/** `yyyy-MM-dd'T'HH:mm:ss`: the provider's times without a zone are Korean, which has no daylight saving. */
const koreanTime = (at: number): string => new Date(at + koreaAheadMs).toISOString().slice(0, 19)
const koreanInstant = (text: string): number => Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}+09:00`)

const fingerprint = (bytes: Buffer) => createHash('sha256').update(bytes).digest('base64url')
