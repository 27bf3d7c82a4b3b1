// The provider's own API, `/v1/*`, as "코어 API" and "인증 및 기타 헤더 설정" of docs.tosspayments.com describe it.

import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { finished } from 'node:stream'

import type { Books } from './books.ts'
import type { Fault } from './faults.ts'
import { fault, isFaultCode, statusOf, wordFault } from './faults.ts'
import type { Fields } from './fields.ts'
import { orderIdRule, readFields } from './fields.ts'
import type { Hanging } from './hanging.ts'
import type { Handler } from './http.ts'
import { languageOf, parseJson, readBody, sendJson } from './http.ts'
import type { Ledger } from './ledger.ts'
import { asOf, inEnglish } from './payment.ts'
import type { RefundReceiveAccount } from './payment.ts'
import type { Reply } from './replies.ts'
import type { Decision, Surroundings } from './rules.ts'
import { decideCancel, decideConfirm } from './rules.ts'

type Options = {
  secretKey: string
  books: Books
  ledger: Ledger
  hanging: Hanging
  now: () => number
  surroundings: Omit<Surroundings, 'at'>
  newTraceId: () => string
}

/** A decision and the payment that it is about, if the request named one. */
type NamedDecision = Decision & { readonly paymentKey?: string }

type Route =
  | { method: 'GET'; look: (query: URLSearchParams) => Reply | { list: unknown } }
  | { method: 'POST'; decide: (body: unknown, around: Surroundings) => NamedDecision }

const idempotencyKeyLengthMax = 300
const transactionsMax = 5_000
const transactionsDefault = 100

export function createApi({ secretKey, books, ledger, hanging, now, surroundings, newTraceId }: Options): Handler {
  const credentials = digest(`${secretKey}:`)

  function route(path: string): readonly Route[] {
    const parts = path.split('/').slice(2)
    const [collection, first, second] = parts
    if (collection === 'transactions' && parts.length === 1) return [{ method: 'GET', look: transactions }]
    if (collection !== 'payments' || first === undefined) return []
    if (parts.length === 2 && first === 'confirm') return [{ method: 'POST', decide: confirm }]
    if (parts.length === 2) return [{ method: 'GET', look: () => payment(books.entry(first)) }]
    if (parts.length === 3 && first === 'orders' && second !== undefined) {
      return [{ method: 'GET', look: () => payment(books.entryOfOrder(second)) }]
    }
    if (parts.length !== 3 || second !== 'cancel') return []
    return [{ method: 'POST', decide: (body, around) => cancel(first, body, around) }]
  }

  function payment(entry: ReturnType<Books['entry']>): Reply {
    const known = ledger.current(entry)
    return known ? { payment: asOf(known.payment, now()) } : { fault: fault('NOT_FOUND_PAYMENT') }
  }

  function confirm(body: unknown, around: Surroundings): NamedDecision {
    const fields = readFields(body)
    const paymentKey = fields.text('paymentKey', { required: true, lengthMax: 200 })
    const orderId = fields.text('orderId', orderIdRule)
    const amount = fields.whole('amount', { required: true, min: 1 })
    if (paymentKey === undefined || orderId === undefined || amount === undefined) return refuse(badRequest(fields))
    return { paymentKey, ...decideConfirm(ledger.current(books.entry(paymentKey)), { orderId, amount }, around) }
  }

  function cancel(paymentKey: string, body: unknown, around: Surroundings): NamedDecision {
    const fields = readFields(body)
    const reason = fields.text('cancelReason', { required: true, lengthMax: 200 })
    const amount = fields.whole('cancelAmount', { min: 1 })
    const refundableAmount = fields.whole('refundableAmount')
    const account = readAccount(fields.within('refundReceiveAccount'))
    if (reason === undefined || fields.problems.length > 0) return refuse(badRequest(fields))
    const entry = ledger.current(books.entry(paymentKey))
    return { paymentKey, ...decideCancel(entry, { reason, amount, refundableAmount, account }, around) }
  }

  function transactions(query: URLSearchParams): Reply | { list: unknown } {
    const fields = readFields(Object.fromEntries(query))
    const from = instant(fields.text('startDate', { required: true, lengthMax: 40 }))
    const to = instant(fields.text('endDate', { required: true, lengthMax: 40 }))
    const limit = fields.whole('limit', { min: 1, numeral: true }) ?? transactionsDefault
    const after = fields.text('startingAfter', { lengthMax: 64 })
    if (fields.problems.length > 0) return { fault: badRequest(fields) }
    if (from === undefined || to === undefined) {
      return { fault: fault('INVALID_DATE', "startDate, endDate: must be yyyy-MM-dd'T'HH:mm:ss") }
    }
    if (limit > transactionsMax) return { fault: fault('EXCEED_MAX_QUERY_LIMIT', `limit: at most ${transactionsMax}`) }
    const list = books.transactions(from, to, limit, after)
    return list ? { list } : { fault: fault('INVALID_REQUEST', 'startingAfter: is no known transactionKey') }
  }

  function refusalOf(authorization: string | undefined): Fault | undefined {
    const [scheme, encoded] = (authorization ?? '').split(' ', 2)
    if (scheme?.toLowerCase() !== 'basic' || encoded === undefined) return fault('UNAUTHORIZED_KEY')
    const given = Buffer.from(encoded, 'base64').toString('utf8')
    if (!given.includes(':')) return fault('INCORRECT_BASIC_AUTH_FORMAT')
    return timingSafeEqual(digest(given), credentials) ? undefined : fault('UNAUTHORIZED_KEY')
  }

  /** An error that the caller asked for by the `TossPayments-Test-Code` header. */
  function forced(request: IncomingMessage): Fault | undefined {
    const code = request.headers['tosspayments-test-code']
    if (typeof code !== 'string') return undefined
    return isFaultCode(code) ? fault(code) : fault('INVALID_TEST_CODE')
  }

  function reply(request: IncomingMessage, response: ServerResponse, answer: Reply | { list: unknown }): void {
    const language = languageOf(request)
    const headers = { 'x-tosspayments-trace-id': newTraceId() }
    if ('fault' in answer) sendJson(response, statusOf(answer.fault.code), wordFault(answer.fault, language), headers)
    else if ('list' in answer) sendJson(response, 200, answer.list, headers)
    else sendJson(response, 200, language === 'en' ? inEnglish(answer.payment) : answer.payment, headers)
  }

  /** A claim whose request fails inside (a full disk) is given back, or its key would be busy for 15 days. */
  function inClaim<Result>(scope: string | undefined, run: () => Result): Result {
    try {
      return run()
    } catch (error) {
      if (scope !== undefined) books.replies.release(scope)
      throw error
    }
  }

  /** An answer that never comes is repeated to nobody, unless money moved behind it. */
  function commit({ answer, events, paymentKey }: NamedDecision, at: number, scope: string | undefined) {
    const isSettled = answer !== 'nothing' || events.some(({ type }) => type === 'approved' || type === 'canceled')
    return ledger.record({
      at,
      events,
      ...(paymentKey !== undefined && books.entry(paymentKey) ? { paymentKey } : {}),
      ...(scope !== undefined && isSettled ? { reply: { scope, ...(isFault(answer) ? { fault: answer } : {}) } } : {}),
    })
  }

  async function post(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    decide: (body: unknown, around: Surroundings) => NamedDecision,
  ): Promise<void> {
    const text = await readBody(request)
    if (text === undefined) {
      response.shouldKeepAlive = false
      reply(request, response, { fault: fault('INVALID_REQUEST', 'the body must be whole and at most 64 kB') })
      return
    }
    const key = request.headers['idempotency-key']
    if (typeof key === 'string' && key.length > idempotencyKeyLengthMax) {
      reply(request, response, { fault: fault('INVALID_IDEMPOTENCY_KEY') })
      return
    }
    const scope = typeof key === 'string' && key !== '' ? `POST ${path} ${key}` : undefined
    const at = now()
    const first = scope === undefined ? 'claimed' : books.replies.claim(scope, at)
    if (first !== 'claimed') {
      reply(request, response, first === 'running' ? { fault: fault('IDEMPOTENT_REQUEST_PROCESSING') } : first)
      return
    }

    // Nothing waits between the claim and the commit, so no other request can come between them.
    const { answer, recorded } = inClaim(scope, () => {
      const forcedFault = forced(request)
      const decision: NamedDecision = forcedFault
        ? refuse(forcedFault)
        : decide(parseJson(text), { ...surroundings, at })
      return { answer: decision.answer, recorded: commit(decision, at, scope) }
    })
    const { entry, mayAnswer, afterAnswer } = recorded
    await mayAnswer

    if (answer === 'nothing') {
      hanging.hang(response, entry?.scenario.hangMs ?? 0, () => {
        if (scope !== undefined) books.replies.release(scope)
      })
      afterAnswer()
      return
    }
    finished(response, afterAnswer)
    if (isFault(answer)) reply(request, response, { fault: answer })
    else if (entry) reply(request, response, { payment: entry.payment })
  }

  return async (request, response, url) => {
    const path = decoded(url.pathname)
    const routes = path === undefined ? [] : route(path)
    const chosen = routes.find(({ method }) => method === request.method)
    const refusal =
      refusalOf(request.headers.authorization) ??
      (routes.length === 0 ? fault('NOT_FOUND') : chosen ? undefined : fault('NOT_FOUND_HTTP_METHOD'))
    if (refusal || path === undefined || chosen === undefined) {
      request.resume()
      reply(request, response, { fault: refusal ?? fault('NOT_FOUND') })
    } else if (chosen.method === 'POST') {
      await post(request, response, path, chosen.decide)
    } else {
      const forcedFault = forced(request)
      reply(request, response, forcedFault ? { fault: forcedFault } : chosen.look(url.searchParams))
    }
  }
}

function refuse(answer: Fault): Decision {
  return { events: [], answer }
}

function isFault(answer: Decision['answer']): answer is Fault {
  return typeof answer === 'object'
}

function readAccount(fields: Fields | undefined): RefundReceiveAccount | undefined {
  const bankCode = fields?.text('bank', { required: true, lengthMax: 20 })
  const accountNumber = fields?.text('accountNumber', { required: true, lengthMax: 20 })
  const holderName = fields?.text('holderName', { required: true, lengthMax: 60 })
  if (bankCode === undefined || accountNumber === undefined || holderName === undefined) return undefined
  return { bankCode, accountNumber, holderName }
}

function badRequest(fields: Fields): Fault {
  return fault('INVALID_REQUEST', fields.problems.join('; '))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path)
  } catch {
    // Not a well-formed path, so it cannot be one of ours.
    return undefined
  }
}

/** Times without a zone are Korean, as everywhere in this API. */
function instant(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?)?(Z|[+-]\d\d:?\d\d)?$/.test(text)) {
    return undefined
  }
  const dated = text.includes('T') ? text : `${text}T00:00:00`
  const ms = Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(dated.slice(10)) ? dated : `${dated}+09:00`)
  return Number.isNaN(ms) ? undefined : ms
}
