// What the real provider does not have: making payments without a browser, faults on demand, and a look at the books.

import type { IncomingMessage, ServerResponse } from 'node:http'

import type { Books, Entry } from './books.ts'
import { fault, statusOf, wordFault } from './faults.ts'
import type { Fields } from './fields.ts'
import { cardAmountMin, orderIdRule, readFields, readReturnUrl } from './fields.ts'
import type { Handler } from './http.ts'
import { languageOf, parseJson, readBody, sendJson } from './http.ts'
import type { Ledger } from './ledger.ts'
import { readConfirmOutcome, readScenario } from './scenario.ts'
import type { Scenario } from './scenario.ts'
import type { createStrikes } from './strikes.ts'
import type { Webhooks } from './webhooks.ts'

export type PaymentRequest = {
  orderId: string
  orderName: string
  amount: number
  origin: string
  scenario: Scenario
  /** A virtual account instead of a card: for how long it takes a deposit. */
  validHours?: number | undefined
  successUrl?: string | undefined
  failUrl?: string | undefined
}

type Options = {
  books: Books
  ledger: Ledger
  webhooks: Webhooks
  strikes: ReturnType<typeof createStrikes>
  requestPayment: (request: PaymentRequest) => Entry
  originOf: (request: IncomingMessage) => string
}

const pageDefault = 100
const pageMax = 1_000
/** 720 hours are documented as the most; a week is the provider's default. */
const validHoursDefault = 168
const validHoursMax = 720

export function createControl({ books, ledger, webhooks, strikes, requestPayment, originOf }: Options): Handler {
  function refuse(request: IncomingMessage, response: ServerResponse, problems: readonly string[]): void {
    const refusal = fault('INVALID_REQUEST', problems.join('; '))
    sendJson(response, statusOf(refusal.code), wordFault(refusal, languageOf(request)))
  }

  function openPayment(fields: Fields, request: IncomingMessage, response: ServerResponse): void {
    const orderId = fields.text('orderId', orderIdRule)
    const amount = fields.whole('amount', { required: true, min: cardAmountMin })
    const orderName = fields.text('orderName', { lengthMax: 100 }) ?? '주문'
    const successUrl = readReturnUrl(fields, 'successUrl', false)
    const failUrl = readReturnUrl(fields, 'failUrl', false)
    const scenario = readScenario(fields)
    const validHours = readMethod(fields)
    fields.refuseOthers()
    if (orderId === undefined || amount === undefined || fields.problems.length > 0) {
      refuse(request, response, fields.problems)
      return
    }
    const origin = originOf(request)
    const { payment } = requestPayment({
      orderId,
      orderName,
      amount,
      origin,
      scenario,
      validHours,
      successUrl,
      failUrl,
    })
    sendJson(response, 201, { paymentKey: payment.paymentKey, checkoutUrl: payment.checkout?.url })
  }

  function moveDeposit(url: URL, request: IncomingMessage, response: ServerResponse): void {
    const [, , , paymentKey = '', action] = url.pathname.split('/')
    const entry = ledger.deposit(paymentKey, action === 'deposit' ? 'deposited' : 'deposit-undone')
    if (entry) sendJson(response, 200, entry.payment)
    else refuse(request, response, [`${action}: the account takes none now, or there is no such payment`])
  }

  function setFaults(body: unknown, request: IncomingMessage, response: ServerResponse): void {
    const fields = readFields(body)
    const seed = fields.whole('seed', { max: 2 ** 32 - 1 }) ?? 1
    const confirm = fields.within('confirm')
    const outcome = confirm && readConfirmOutcome(confirm, 'outcome', true)
    const share = confirm?.share('share')
    confirm?.refuseOthers()
    fields.refuseOthers()
    if (fields.problems.length > 0) {
      refuse(request, response, fields.problems)
      return
    }
    strikes.set(outcome && share !== undefined ? { outcome, share } : undefined, seed)
    sendJson(response, 200, { confirm: null, ...(body as object), seed })
  }

  function listPayments(url: URL, request: IncomingMessage, response: ServerResponse): void {
    const fields = readFields(Object.fromEntries(url.searchParams))
    const limit = fields.whole('limit', { min: 1, max: pageMax, numeral: true }) ?? pageDefault
    const cursor = fields.text('cursor', { lengthMax: 200 })
    if (cursor !== undefined && books.entry(cursor) === undefined) fields.refuse('cursor', 'is no known paymentKey')
    if (fields.problems.length > 0) {
      refuse(request, response, fields.problems)
      return
    }
    const page = books.page(limit + 1, cursor)
    const items = page.slice(0, limit).map(({ payment }) => ({
      paymentKey: payment.paymentKey,
      orderId: payment.orderId,
      status: payment.status,
      totalAmount: payment.totalAmount,
      balanceAmount: payment.balanceAmount,
    }))
    const nextCursor = page.length > limit ? (items.at(-1)?.paymentKey ?? null) : null
    sendJson(response, 200, { items, nextCursor, totals: books.totals() })
  }

  return async (request, response, url) => {
    const route = `${request.method} ${url.pathname}`
    if (route === 'GET /sandbox/payments') listPayments(url, request, response)
    else if (route === 'GET /sandbox/webhooks') sendJson(response, 200, webhooks.counts())
    else if (/^POST \/sandbox\/payments\/[^/]+\/(deposit|undo-deposit)$/.test(route)) {
      request.resume()
      moveDeposit(url, request, response)
    } else if (route === 'POST /sandbox/payments' || route === 'POST /sandbox/faults') {
      const text = await readBody(request)
      const body = text === undefined ? undefined : parseJson(text)
      if (text === undefined) response.shouldKeepAlive = false
      if (url.pathname === '/sandbox/faults') setFaults(body, request, response)
      else openPayment(readFields(body), request, response)
    } else {
      request.resume()
      const refusal = fault('NOT_FOUND')
      sendJson(response, statusOf(refusal.code), wordFault(refusal, languageOf(request)))
    }
  }
}

/** `method`: CARD, or VIRTUAL_ACCOUNT with `validHours`. @returns the hours of a virtual account */
function readMethod(fields: Fields): number | undefined {
  const method = fields.text('method', { lengthMax: 20 })
  const validHours = fields.whole('validHours', { min: 1, max: validHoursMax })
  if (method !== undefined && method !== 'CARD' && method !== 'VIRTUAL_ACCOUNT')
    fields.refuse('method', 'must be CARD or VIRTUAL_ACCOUNT')
  return method === 'VIRTUAL_ACCOUNT' ? (validHours ?? validHoursDefault) : undefined
}
