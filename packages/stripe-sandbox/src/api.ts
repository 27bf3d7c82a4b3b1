// The provider's own API, `/v1/*`, as "Payment Intents", "Refunds", "Idempotent requests" and "Authentication" of
// docs.stripe.com/api describe it.

import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Hanging } from '@fairgate/toss-sandbox/hanging'
import { httpUrl, readBody, sendJson } from '@fairgate/toss-sandbox/http'
import type { Books, Reply } from './books.ts'
import { declined, impossible, internalFault, invalid, missing, Refusal, type Fault } from './faults.ts'
import {
  apiVersion,
  authorised,
  canceled,
  captured,
  cards,
  expectStatus,
  isCard,
  refunded,
  refused,
  showIntent,
  showRefund,
  showTransaction,
  transactionAt,
  transactionId,
  type CardId,
  type Intent,
  type Refund,
} from './intent.ts'
import { captureHappenings, type Happening, type Ledger } from './ledger.ts'
import { readParameters, type Parameters } from './parameters.ts'
import { captureOutcomes, ordinary, refundOutcomes } from './scenario.ts'

type Options = {
  secretKey: string
  publishableKey: string
  books: Books
  ledger: Ledger
  hanging: Hanging
  now: () => number
  newId: (prefix: string) => string
  originOf: (request: IncomingMessage) => string
}

/** What a request does, and what its sender is told: the body, a fault although something was done, or nothing. */
type Done = {
  intents?: readonly Intent[]
  refunds?: readonly Refund[]
  happenings?: readonly Happening[]
  body: object
  fault?: Fault
  isSilent?: boolean
  /** The payment whose scenario decides how its events come, and how long a silence lasts. */
  intent?: Intent
}
type Role = 'secret' | 'publishable'
type Act = { parameters: Parameters; role: Role; origin: string }

const keyLengthMax = 255
const pageMax = 100
const cancellationReasons = ['duplicate', 'fraudulent', 'requested_by_customer', 'abandoned']
const refundReasons = ['duplicate', 'fraudulent', 'requested_by_customer']

/** Currencies that are known here, with the least that a card is charged ("Minimum charge amounts"; won: decided here). */
const amountsMin: Readonly<Record<string, number>> = { krw: 500, jpy: 50, usd: 50, eur: 50, gbp: 30, kwd: 150 }
/** Amounts of these have a last digit that is nought ("Three-decimal currencies"). */
const threeDecimals = ['kwd']

export function createApi({ secretKey, publishableKey, books, ledger, hanging, now, newId, originOf }: Options) {
  function find(id: string, param = 'intent'): Intent {
    const intent = ledger.current(id)
    if (!intent) throw missing('payment_intent', id, param)
    return intent
  }

  function create({ parameters: p }: Act): Done {
    const amount = p.whole('amount')
    if (amount === undefined)
      throw invalid('Missing required param: amount.', { code: 'parameter_missing', param: 'amount' })
    const currency = p.needed('currency').toLowerCase()
    const captureMethod = p.text('capture_method') ?? 'automatic'
    const types = p.list('payment_method_types')
    const metadata = p.members('metadata')
    const description = p.text('description') ?? null
    p.list('expand')
    p.refuseOthers()
    const least = amountsMin[currency]
    if (least === undefined)
      throw invalid(`Invalid currency: ${currency}.`, { code: 'parameter_invalid_string', param: 'currency' })
    if (captureMethod !== 'automatic' && captureMethod !== 'manual')
      throw invalid('Invalid capture_method: must be one of automatic, automatic_async, or manual', {
        param: 'capture_method',
      })
    if (types.some((type) => type !== 'card'))
      throw invalid('The sandbox takes cards only.', { param: 'payment_method_types' })
    if (amount < least)
      throw invalid('Amount must convert to at least 50 cents.', { code: 'amount_too_small', param: 'amount' })
    if (amount > 99_999_999)
      throw invalid('Amount must be no more than 99,999,999.', { code: 'amount_too_large', param: 'amount' })
    if (threeDecimals.includes(currency) && amount % 10 !== 0)
      throw invalid('The least significant digit of the amount must be 0.', {
        code: 'invalid_currency_amount',
        param: 'amount',
      })
    const id = newId('pi_')
    if (books.intent(id)) throw new Error('the random source repeats itself')
    const intent: Intent = {
      id,
      clientSecret: `${id}_secret_${newId('')}`,
      createdAt: now(),
      amount,
      currency,
      captureMethod,
      description,
      metadata,
      status: 'requires_payment_method',
      amountReceived: 0,
      paymentMethod: null,
      decline: null,
      canceledAt: null,
      cancellationReason: null,
      action: null,
      charge: null,
      scenario: ordinary,
      captureFaults: 0,
      refundFaults: 0,
      captureDueAt: null,
    }
    const happenings = [{ type: 'payment_intent.created', intent }]
    return { intent, intents: [intent], happenings, body: showIntent(intent) }
  }

  /** With the publishable key a browser shows that it may by the client secret. */
  function checkSecret(intent: Intent, { parameters, role }: Act): void {
    const shown = parameters.text('client_secret')
    if (role === 'secret' && shown === undefined) return
    if (shown !== intent.clientSecret) throw missing('payment_intent', intent.id, 'intent')
  }

  function confirm(id: string, act: Act): Done {
    const { parameters: p } = act
    const intent = find(id)
    checkSecret(intent, act)
    const method = p.text('payment_method') ?? intent.paymentMethod
    const returnUrl = p.text('return_url')
    p.list('expand')
    p.refuseOthers()
    expectStatus(intent, 'confirmed', ['requires_payment_method', 'requires_confirmation', 'requires_action'])
    if (method === null)
      throw impossible(
        "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken.",
        { code: 'payment_intent_unexpected_state', intentId: id },
      )
    if (!isCard(method))
      throw invalid(`No such PaymentMethod: '${method}'`, {
        status: 404,
        code: 'resource_missing',
        param: 'payment_method',
      })
    if (returnUrl !== undefined && !httpUrl(returnUrl)) throw invalid('Not a valid URL', { param: 'return_url' })
    return pass(intent, method, returnUrl ?? `${act.origin}/`, act.origin)
  }

  /** What comes of a card. */
  function pass(intent: Intent, method: CardId, returnUrl: string, origin: string): Done {
    const { outcome } = cards[method]
    const tried: Intent = { ...intent, paymentMethod: method, action: null }
    if (outcome === 'must-authenticate') {
      const url = `${origin}/sandbox/stripe/authenticate?payment_intent=${intent.id}&payment_intent_client_secret=${intent.clientSecret}`
      const asked: Intent = { ...tried, status: 'requires_action', action: { url, returnUrl } }
      return changed(asked, [{ type: 'payment_intent.requires_action', intent: asked }])
    }
    if (outcome !== 'agrees') {
      const left = refused({ ...tried, paymentMethod: null }, outcome)
      const happenings = [{ type: 'payment_intent.payment_failed', intent: left }]
      return { ...changed(left, happenings), fault: declined(outcome, intent.id) }
    }
    const held = authorised(tried, newId('ch_'), now())
    return changed(held, passedHappenings(held))
  }

  const changed = (intent: Intent, happenings: readonly Happening[], expand: readonly string[] = []): Done => ({
    intent,
    intents: [intent],
    happenings,
    body: showIntent(intent, expand),
  })

  function capture(id: string, { parameters: p }: Act): Done {
    const intent = find(id)
    const wanted = p.whole('amount_to_capture', 1)
    const expand = p.list('expand')
    p.refuseOthers()
    expectStatus(intent, 'captured', ['requires_capture'])
    const amount = wanted ?? intent.amount
    if (amount > intent.amount)
      throw impossible('The amount to capture is more than what is capturable.', {
        code: 'amount_too_large',
        param: 'amount_to_capture',
        intentId: id,
      })
    const { scenario, captureFaults } = intent
    const isFaulty = scenario.capture.kind !== 'approve' && captureFaults < scenario.captureTimes
    const { money, answer } = captureOutcomes[isFaulty ? scenario.capture.kind : 'approve']
    const counted: Intent = { ...intent, captureFaults: captureFaults + (isFaulty ? 1 : 0) }
    if (money === 'moves') return faulted(taken(counted, amount, expand), answer)
    const due = money === 'late' ? (intent.captureDueAt ?? now() + (scenario.capture.delayMs ?? 0)) : null
    return faulted(changed({ ...counted, captureDueAt: due }, []), answer)
  }

  function taken(intent: Intent, amount: number, expand: readonly string[]): Done {
    const done = captured(intent, amount, now())
    return changed(done, captureHappenings(done), expand)
  }

  const faulted = (done: Done, answer: string): Done => ({
    ...done,
    ...(answer === '500' ? { fault: internalFault } : {}),
    ...(answer === 'nothing' ? { isSilent: true } : {}),
  })

  function cancel(id: string, { parameters: p }: Act): Done {
    const intent = find(id)
    const reason = p.text('cancellation_reason')
    p.list('expand')
    p.refuseOthers()
    if (reason !== undefined && !cancellationReasons.includes(reason))
      throw invalid(`Invalid cancellation_reason: must be one of ${cancellationReasons.join(', ')}`, {
        param: 'cancellation_reason',
      })
    expectStatus(intent, 'canceled', [
      'requires_payment_method',
      'requires_capture',
      'requires_confirmation',
      'requires_action',
      'processing',
    ])
    const ended = canceled(intent, reason ?? 'requested_by_customer', now())
    return changed(ended, [{ type: 'payment_intent.canceled', intent: ended }])
  }

  function refund({ parameters: p }: Act): Done {
    const intent = find(p.needed('payment_intent'), 'payment_intent')
    const wanted = p.whole('amount', 1)
    const reason = p.text('reason') ?? null
    const metadata = p.members('metadata')
    const expand = p.list('expand')
    p.refuseOthers()
    if (reason !== null && !refundReasons.includes(reason))
      throw invalid(`Invalid reason: must be one of ${refundReasons.join(', ')}`, { param: 'reason' })
    const { charge, scenario, refundFaults } = intent
    if (!charge || charge.amountCaptured === 0)
      throw impossible('This PaymentIntent does not have a successful charge to refund.', {
        code: 'payment_intent_unexpected_state',
        intentId: intent.id,
      })
    const left = charge.amountCaptured - charge.amountRefunded
    if (left === 0)
      throw impossible(`Charge ${charge.id} has already been refunded.`, { code: 'charge_already_refunded' })
    const amount = wanted ?? left
    if (amount > left)
      throw impossible(`Refund amount (${amount}) is greater than unrefunded amount on charge (${left})`, {
        param: 'amount',
      })
    const isFaulty = scenario.refund.kind !== 'approve' && refundFaults < scenario.refundTimes
    const { money, answer } = refundOutcomes[isFaulty ? scenario.refund.kind : 'approve']
    const counted: Intent = { ...intent, refundFaults: refundFaults + (isFaulty ? 1 : 0) }
    if (money === 'stays') return faulted(changed(counted, []), answer)
    const after = refunded(counted, amount)
    const made: Refund = {
      id: newId('re_'),
      intentId: intent.id,
      chargeId: charge.id,
      createdAt: now(),
      amount,
      currency: intent.currency,
      reason,
      metadata,
      status: 'succeeded',
    }
    return faulted(
      {
        intent: after,
        intents: [after],
        refunds: [made],
        happenings: [
          { type: 'refund.created', intent: after, refund: made },
          { type: 'charge.refunded', intent: after },
        ],
        body: showRefund(made, after, expand),
      },
      answer,
    )
  }

  /** Newest first, as Stripe lists everything. */
  function list(url: string, { parameters: p }: Act, all: readonly { id: string }[], show: (id: string) => object) {
    const limit = p.whole('limit', 1) ?? 10
    const after = p.text('starting_after')
    p.refuseOthers()
    if (limit > pageMax)
      throw invalid(`This value must be less than or equal to ${pageMax}.`, {
        code: 'parameter_invalid_integer',
        param: 'limit',
      })
    const ids = all.map(({ id }) => id).toReversed()
    const start = after === undefined ? 0 : ids.indexOf(after) + 1
    if (after !== undefined && start === 0) throw invalid(`No such object: '${after}'`, { param: 'starting_after' })
    return {
      body: {
        object: 'list',
        url,
        has_more: start + limit < ids.length,
        data: ids.slice(start, start + limit).map(show),
      },
    }
  }

  /** Movements of the balance in a time, both ends included. */
  function transactions(act: Act): Done {
    const { gte = '0', lte = '9999999999' } = act.parameters.members('created')
    // `data.source` is the object behind a movement; what follows is shown in full inside of that.
    const expand = act.parameters
      .list('expand')
      .flatMap((path) => (path.startsWith('data.source') ? ['', path.slice('data.source.'.length)] : []))
    const sources = [
      ...[...books.intents()].flatMap((intent) =>
        intent.charge?.capturedAt ? [{ source: intent.charge, intent }] : [],
      ),
      ...books.refunds().map((source) => ({ source, intent: find(source.intentId) })),
    ]
    const within = sources
      .map(({ source, intent }) => ({ id: transactionId(source), at: transactionAt(source), source, intent }))
      .filter(({ at }) => at >= Number(gte) * 1000 && at < (Number(lte) + 1) * 1000)
      .toSorted((a, b) => a.at - b.at)
    const byId = new Map(within.map((each) => [each.id, each]))
    return list('/v1/balance_transactions', act, within, (id) => {
      const { source, intent } = byId.get(id)!
      return showTransaction(source, intent, expand)
    })
  }

  /** What a request asks for; undefined when there is nothing there. */
  function route(method: string, path: string): ((act: Act) => Done) | undefined {
    const [, , collection, id, verb, more] = path.split('/')
    if (more !== undefined) return undefined
    const question = `${method} ${collection}${id === undefined ? '' : '/{id}'}${verb === undefined ? '' : `/${verb}`}`
    switch (question) {
      case 'POST payment_intents':
        return create
      case 'GET payment_intents':
        return (act) => list(path, act, [...books.intents()], (each) => showIntent(find(each)))
      case 'GET payment_intents/{id}':
        return (act) => {
          const intent = find(id!)
          checkSecret(intent, act)
          const expand = act.parameters.list('expand')
          act.parameters.refuseOthers()
          return { body: showIntent(intent, expand) }
        }
      case 'POST payment_intents/{id}/confirm':
        return (act) => confirm(id!, act)
      case 'POST payment_intents/{id}/capture':
        return (act) => capture(id!, act)
      case 'POST payment_intents/{id}/cancel':
        return (act) => cancel(id!, act)
      case 'POST refunds':
        return refund
      case 'GET refunds':
        return (act) => {
          const of = act.parameters.text('payment_intent')
          if (of !== undefined) find(of, 'payment_intent')
          return list(path, act, books.refunds(of), (each) => show(each, []))
        }
      case 'GET balance_transactions':
        return transactions
      case 'GET refunds/{id}':
        return (act) => ({ body: show(id!, act.parameters.list('expand')) })
    }
    return undefined
  }

  function show(id: string, expand: readonly string[]): object {
    const found = books.refund(id)
    if (!found) throw missing('refund', id, 'id')
    return showRefund(found, find(found.intentId), expand)
  }

  function roleOf(request: IncomingMessage, question: string): Role {
    const header = request.headers.authorization ?? ''
    const basic = /^Basic (\S+)$/i.exec(header)?.[1]
    const key = basic === undefined ? /^Bearer (\S+)$/i.exec(header)?.[1] : Buffer.from(basic, 'base64').toString()
    const shown = (key ?? '').replace(/:.*$/s, '')
    if (isEqual(shown, secretKey)) return 'secret'
    const isForBrowsers = /^(GET \/v1\/payment_intents\/[^/]+|POST \/v1\/payment_intents\/[^/]+\/confirm)$/
    if (isEqual(shown, publishableKey) && isForBrowsers.test(question)) return 'publishable'
    const message =
      shown === ''
        ? "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
        : `Invalid API Key provided: ${shown.slice(0, 8)}****`
    throw invalid(message, { status: 401 })
  }

  function bodyOf({ type, code, decline_code, message, param, intentId }: Fault): object {
    const intent = intentId === undefined ? undefined : books.intent(intentId)
    return {
      error: { type, code, decline_code, message, param, ...(intent ? { payment_intent: showIntent(intent) } : {}) },
    }
  }

  /** The parameters of a request that may be made, and what it does. @throws Refusal */
  function read(request: IncomingMessage, url: URL, text: string | undefined): { act: () => Done; asked: string } {
    const method = request.method ?? 'GET'
    const role = roleOf(request, `${method} ${url.pathname}`)
    const act = route(method, url.pathname)
    if (!act) throw invalid(`Unrecognized request URL (${method}: ${url.pathname}).`, { status: 404 })
    if (method === 'POST' && text !== '' && !isForm(request))
      throw invalid('Invalid request (check that your POST content type is application/x-www-form-urlencoded).')
    const parameters = readParameters(method === 'GET' ? url.search : (text ?? ''))
    return {
      act: () => act({ parameters, role, origin: originOf(request) }),
      asked: `${method} ${url.pathname} ${parameters.canonical}`,
    }
  }

  /** The first answer to this key, or undefined when the request is to be carried out under it. @throws Refusal */
  function claim(key: string, asked: string): Reply | undefined {
    if (key.length > keyLengthMax) throw invalid(`Idempotency keys must have at most ${keyLengthMax} characters.`)
    const before = books.claim(key, asked, now())
    if (before === 'running')
      throw invalid('There is currently another in-progress request using this Idempotent Key.', {
        status: 409,
        code: 'idempotency_key_in_use',
      })
    if (before === 'other')
      throw invalid(
        `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`,
        { type: 'idempotency_error' },
      )
    return before === 'claimed' ? undefined : before
  }

  /** Carries a request out. @returns its answer, and whether the key of the request is to repeat it */
  function carryOut(act: () => Done): Done & { status: number; isKept: boolean } {
    try {
      const done = act()
      ledger.commit({ at: now(), intents: done.intents ?? [], refunds: done.refunds ?? [] })
      const isKept = !done.isSilent || (done.happenings ?? []).length > 0
      // A fault shows the payment as it is after what was done.
      return done.fault
        ? { ...done, status: done.fault.status, body: bodyOf(done.fault), isKept }
        : { ...done, status: 200, isKept }
    } catch (error) {
      const isOurs = error instanceof Refusal
      const fault = isOurs ? error.fault : { ...internalFault, message: String(error) }
      return { status: fault.status, body: bodyOf(fault), isKept: isOurs && !error.isValidation }
    }
  }

  async function answer(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const id = newId('req_')
    const given = request.headers['idempotency-key']
    const key = request.method === 'POST' && typeof given === 'string' ? given : undefined
    const headers = {
      'request-id': id,
      'stripe-version': request.headers['stripe-version'] ?? apiVersion,
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    }
    const text = await readBody(request)
    if (text === undefined) response.shouldKeepAlive = false
    let asked: string
    let act: () => Done
    try {
      ;({ act, asked } = read(request, url, text))
      const before = key === undefined ? undefined : claim(key, asked)
      if (before) {
        const again = { ...headers, 'idempotent-replayed': 'true', 'original-request': before.id }
        return sendJson(response, before.status, JSON.parse(before.body), again)
      }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      return sendJson(response, error.fault.status, bodyOf(error.fault), headers)
    }
    const { status, body, isKept, intent, happenings = [], isSilent } = carryOut(act)
    const release = () => key !== undefined && books.release(key)
    if (key !== undefined && isKept) {
      books.commit({ at: now(), reply: { key, request: asked, status, body: JSON.stringify(body), id } })
      release()
    }
    const { webhook, hangMs } = intent?.scenario ?? ordinary
    const tell = () => (intent ? ledger.tell(intent, happenings) : undefined)
    if (webhook.kind === 'early') await tell()
    if (isSilent) hanging.hang(response, hangMs, release)
    else {
      release()
      sendJson(response, status, body, headers)
    }
    if (webhook.kind !== 'early') void tell()
  }

  return { answer }
}

/** A manual payment that its buyer has agreed to can be captured; any other has its money already. */
export const passedHappenings = (intent: Intent): Happening[] =>
  intent.status === 'succeeded'
    ? captureHappenings(intent)
    : [{ type: 'payment_intent.amount_capturable_updated', intent }]

const isForm = (request: IncomingMessage) =>
  /^application\/x-www-form-urlencoded\b/i.test(request.headers['content-type'] ?? '')

function isEqual(shown: string, key: string): boolean {
  const [a, b] = [Buffer.from(shown), Buffer.from(key)]
  return a.length === b.length && timingSafeEqual(a, b)
}
