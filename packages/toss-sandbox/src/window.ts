// The page that stands for the provider's payment window. It works without JavaScript: its buttons post a form, and the
// answer is a redirect with the parameters the provider's SDK documents for successUrl and failUrl.

import type { IncomingMessage, ServerResponse } from 'node:http'

import type { Books, Entry } from './books.ts'
import type { PaymentRequest } from './control.ts'
import type { Language } from './faults.ts'
import { cardAmountMin, orderIdRule, readFields, readReturnUrl } from './fields.ts'
import type { Handler } from './http.ts'
import { languageOf, readBody, send } from './http.ts'
import type { Ledger } from './ledger.ts'
import { bankPage, contentSecurityPolicy, problemPage, receiptPage, texts, windowPage } from './pages.ts'
import { asOf } from './payment.ts'
import { ordinary } from './scenario.ts'

type Options = {
  books: Books
  ledger: Ledger
  now: () => number
  requestPayment: (request: PaymentRequest) => Entry
  originOf: (request: IncomingMessage) => string
}

/** What a window is opened for. `entry` is there when the payment exists already. */
type Purchase = {
  orderId: string
  orderName: string
  amount: number
  successUrl: string
  failUrl: string
  /** A virtual account is offered beside the card, and takes a deposit for so long. */
  validHours?: number | undefined
  entry?: Entry | undefined
}

export function createWindow({ books, ledger, now, requestPayment, originOf }: Options): Handler {
  function page(response: ServerResponse, status: number, html: string): void {
    send(response, status, 'text/html;charset=UTF-8', html, {
      'content-security-policy': contentSecurityPolicy,
      'referrer-policy': 'no-referrer',
    })
  }

  function redirect(response: ServerResponse, to: string, parameters: Record<string, string>): void {
    const url = new URL(to)
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
    send(response, 303, 'text/plain;charset=UTF-8', '', { location: url.href, 'referrer-policy': 'no-referrer' })
  }

  function readPurchase(input: URLSearchParams): Purchase | { problems: readonly string[] } {
    const fields = readFields(Object.fromEntries(input))
    const paymentKey = fields.text('paymentKey', { lengthMax: 200 })
    if (paymentKey !== undefined) {
      const entry = ledger.current(books.entry(paymentKey))
      if (entry === undefined) return { problems: ['paymentKey: is unknown'] }
      const { successUrl, failUrl, payment } = entry
      if (successUrl === undefined || failUrl === undefined) {
        return { problems: ['successUrl, failUrl: this payment was made without an address to return to'] }
      }
      const { orderId, orderName, totalAmount: amount } = payment
      return { orderId, orderName, amount, successUrl, failUrl, entry }
    }
    const orderId = fields.text('orderId', orderIdRule)
    const amount = fields.whole('amount', { required: true, min: cardAmountMin, numeral: true })
    const orderName = fields.text('orderName', { lengthMax: 100 }) ?? ''
    const validHours = fields.whole('validHours', { min: 1, max: 720, numeral: true })
    const successUrl = readReturnUrl(fields, 'successUrl', true)
    const failUrl = readReturnUrl(fields, 'failUrl', true)
    if (orderId === undefined || amount === undefined || successUrl === undefined || failUrl === undefined) {
      return { problems: fields.problems }
    }
    return fields.problems.length > 0
      ? { problems: fields.problems }
      : { orderId, orderName, amount, successUrl, failUrl, validHours }
  }

  function pay(request: IncomingMessage, purchase: Purchase, action: 'pay' | 'decline' | 'account'): Entry {
    if (action === 'pay' && purchase.entry?.payment.status === 'IN_PROGRESS') return purchase.entry
    const { entry: _, validHours, ...wanted } = purchase
    const scenario = action === 'decline' ? ({ ...ordinary, confirm: { kind: 'decline' } } as const) : ordinary
    const hours = action === 'account' ? validHours : undefined
    return requestPayment({ ...wanted, origin: originOf(request), scenario, validHours: hours })
  }

  async function submit(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await readBody(request)
    if (text === undefined) response.shouldKeepAlive = false
    const form = new URLSearchParams(text ?? '')
    const language = chosenLanguage(request, form)
    const purchase = readPurchase(form)
    const action = form.get('action')
    if ('problems' in purchase) {
      page(response, 400, problemPage(language, purchase.problems))
    } else if (
      action === 'pay' ||
      action === 'decline' ||
      (action === 'account' && purchase.validHours !== undefined)
    ) {
      const { payment } = pay(request, purchase, action)
      redirect(response, purchase.successUrl, {
        paymentType: 'NORMAL',
        orderId: payment.orderId,
        paymentKey: payment.paymentKey,
        amount: String(payment.totalAmount),
      })
    } else if (action === 'cancel') {
      redirect(response, purchase.failUrl, {
        code: 'PAY_PROCESS_CANCELED',
        message: texts[language].canceled,
        orderId: purchase.orderId,
      })
    } else {
      page(response, 400, problemPage(language, ['action: must be one of pay, decline, cancel']))
    }
  }

  /** The page that stands for a bank: whoever has the number of a virtual account may pay into it. */
  async function bank(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const isPost = request.method === 'POST'
    const text = isPost ? await readBody(request) : (request.resume(), '')
    if (text === undefined) response.shouldKeepAlive = false
    const form = isPost ? new URLSearchParams(text ?? '') : url.searchParams
    const language = chosenLanguage(request, form)
    const entry = ledger.current(books.entryOfAccount(form.get('account') ?? ''))
    if (entry === undefined) {
      page(response, 404, problemPage(language, ['account: is unknown']))
      return
    }
    const after = isPost ? ledger.deposit(entry.payment.paymentKey, 'deposited') : undefined
    page(response, 200, bankPage(language, asOf((after ?? entry).payment, now())))
  }

  return async (request, response, url) => {
    if (url.pathname === '/sandbox/bank') {
      await bank(request, response, url)
      return
    }
    if (request.method === 'POST' && url.pathname === '/sandbox/window') {
      await submit(request, response)
      return
    }
    request.resume()
    const language = chosenLanguage(request, url.searchParams)
    const receiptKey = url.pathname.startsWith('/sandbox/receipts/') ? url.pathname.split('/')[3] : undefined
    if (receiptKey !== undefined) {
      const entry = ledger.current(books.entry(receiptKey))
      if (entry) page(response, 200, receiptPage(language, entry.payment))
      else page(response, 404, problemPage(language, ['paymentKey: is unknown']))
      return
    }
    const purchase = readPurchase(url.searchParams)
    if ('problems' in purchase) page(response, 400, problemPage(language, purchase.problems))
    else page(response, 200, windowPage(language, purchase, [...url.searchParams]))
  }
}

/** `lang` in the address or form wins over `Accept-Language`. */
function chosenLanguage(request: IncomingMessage, input: URLSearchParams): Language {
  const asked = input.get('lang')
  return asked === 'ko' || asked === 'en' ? asked : languageOf(request)
}
