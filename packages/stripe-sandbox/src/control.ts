// What the real provider does not have: playing the buyer without a browser, faults on demand, and a look at the books.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { parseJson, readBody, sendJson } from '@fairgate/toss-sandbox/http'
import { passedHappenings } from './api.ts'
import type { Books } from './books.ts'
import { authorised, refused, type Intent } from './intent.ts'
import type { Ledger } from './ledger.ts'
import { readWish, type Wish } from './scenario.ts'
import type { WebhookCounts } from './webhooks.ts'

type Options = {
  books: Books
  ledger: Ledger
  now: () => number
  newId: (prefix: string) => string
  counts: () => WebhookCounts
}

export function createControl({ books, ledger, now, newId, counts }: Options) {
  /** The payment after its buyer has been at the element, without any event but those of the money held. */
  function play(intent: Intent, { buyer, declineCode, scenario }: Wish): Intent {
    const tried: Intent = { ...intent, scenario, paymentMethod: 'pm_card_visa' }
    switch (buyer) {
      case 'agrees':
        return authorised(tried, newId('ch_'), now())
      case 'is-declined':
        return refused({ ...tried, paymentMethod: null }, declineCode)
      case 'must-authenticate':
        return { ...tried, status: 'requires_action' }
      case 'is-processed':
        return { ...tried, status: 'processing' }
    }
  }

  async function buy(id: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await readBody(request)
    if (text === undefined) response.shouldKeepAlive = false
    const wish = readWish(parseJson(text === '' ? '{}' : (text ?? '')))
    if ('problems' in wish) return sendJson(response, 400, wish)
    const intent = ledger.current(id)
    if (!intent) return sendJson(response, 404, { problems: [`payment intent ${id}: is unknown`] })
    if (intent.status !== 'requires_payment_method')
      return sendJson(response, 409, { problems: [`payment intent ${id}: is ${intent.status}`] })
    const played = play(intent, wish)
    ledger.commit({ at: now(), intents: [played] })
    if (played.charge) void ledger.tell(played, passedHappenings(played))
    sendJson(response, 200, { id, status: played.status })
  }

  function look(response: ServerResponse): void {
    const items = [...books.intents()].map(({ id, status, amount, currency, amountReceived, charge, metadata }) => ({
      id,
      status,
      amount,
      currency,
      amountReceived,
      amountRefunded: charge?.amountRefunded ?? 0,
      metadata,
    }))
    sendJson(response, 200, { items })
  }

  return async (request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> => {
    const buyerOf = /^\/sandbox\/stripe\/payment_intents\/([^/]+)\/buyer$/.exec(url.pathname)?.[1]
    if (request.method === 'POST' && buyerOf !== undefined) return buy(buyerOf, request, response)
    request.resume()
    const question = `${request.method} ${url.pathname}`
    if (question === 'GET /sandbox/stripe/payment_intents') return look(response)
    if (question === 'GET /sandbox/stripe/webhooks') return sendJson(response, 200, counts())
    sendJson(response, 404, { problems: [`${question}: there is no such control`] })
  }
}
