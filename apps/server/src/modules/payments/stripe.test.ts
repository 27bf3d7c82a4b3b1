import { createHmac } from 'node:crypto'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { manualScheduler } from '#platform/clock'
import { createStripe, readAnswer } from './stripe.ts'

const secret = 'whsec_of_this_test'

async function opened(listener: RequestListener) {
  const asked: { method: string; path: string; key: string | undefined; body: string }[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      asked.push({
        method: request.method ?? '',
        path: request.url ?? '',
        key: request.headers['idempotency-key'] as string | undefined,
        body: Buffer.concat(chunks).toString(),
      })
      listener(request, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const clock = manualScheduler()
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const config = { baseUrl, secretKey: 'sk_test', webhookSecrets: ['whsec_old', secret], timeoutMs: 5000 }
  return { stripe: createStripe(config, clock), asked, clock }
}

const says =
  (status: number, body: unknown): RequestListener =>
  (_, response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))

const intent = {
  id: 'pi_1',
  object: 'payment_intent',
  status: 'succeeded',
  amount: 1000,
  amount_received: 1000,
  currency: 'krw',
  metadata: { orderId: 'order-1' },
  latest_charge: { amount_refunded: 0, balance_transaction: { created: 1_767_225_600 } },
}
const reply = (status: number, body: unknown) => readAnswer({ kind: 'reply', status, body })
const fails = (status: number, error: object) => reply(status, { error })

test('each status of a payment is understood, and of a paid one how much is left', () => {
  const found = (body: object) => {
    const answer = reply(200, { ...intent, ...body })
    return answer.kind === 'found'
      ? `${answer.payment.status} ${answer.payment.amount} ${answer.payment.balance}`
      : answer
  }
  expect(found({ status: 'requires_payment_method' })).toBe('unpassed 1000 1000')
  expect(found({ status: 'requires_confirmation' })).toBe('unpassed 1000 1000')
  expect(found({ status: 'requires_action' })).toBe('unpassed 1000 1000')
  expect(found({ status: 'requires_capture' })).toBe('open 1000 1000')
  expect(found({ status: 'canceled' })).toBe('failed 1000 1000')
  expect(found({})).toBe('paid 1000 1000')
  expect(found({ amount_received: 700 })).toBe('paid 700 700')
  expect(found({ latest_charge: { amount_refunded: 300 } })).toBe('partly-returned 1000 700')
  expect(found({ latest_charge: { amount_refunded: 1000 } })).toBe('returned 1000 0')
  expect(reply(200, { ...intent, status: 'processing' })).toMatchObject({ kind: 'unknown', code: 'processing' })
  expect(reply(200, { object: 'refund', payment_intent: intent })).toMatchObject({ payment: { orderId: 'order-1' } })
  expect(reply(200, intent)).toMatchObject({ payment: { currency: 'KRW', capturedAt: Date.UTC(2026, 0, 1) } })
})

test('what is no explicit success and no explicit refusal is unknown', () => {
  const unclear = [
    reply(200, undefined),
    reply(200, { ...intent, status: 'something_new' }),
    reply(200, { ...intent, amount: '1000' }),
    // Without its charge nobody can say what is left of it.
    reply(200, { ...intent, latest_charge: 'ch_1' }),
    reply(502, '<html>'),
    reply(400, {}),
    fails(500, { type: 'api_error' }),
    fails(500, { type: 'card_error', code: 'card_declined' }),
    fails(409, { type: 'invalid_request_error', code: 'idempotency_key_in_use' }),
    fails(429, { type: 'invalid_request_error', code: 'rate_limit' }),
    fails(400, { type: 'idempotency_error' }),
    fails(400, { type: 'invalid_request_error', code: 'payment_intent_unexpected_state' }),
    fails(400, { type: 'invalid_request_error', code: 'payment_intent_unexpected_state', payment_intent: intent }),
  ]
  for (const answer of unclear) expect(answer).toMatchObject({ kind: 'unknown', isOurFault: false })
})

test('an error is a refusal, a fault of ours, or says itself how the payment stands', () => {
  expect(fails(402, { type: 'card_error', code: 'card_declined', decline_code: 'lost_card', message: 'no' })).toEqual({
    kind: 'refused',
    code: 'lost_card',
    message: 'no',
  })
  for (const code of ['resource_missing', 'charge_expired_for_capture'])
    expect(fails(404, { type: 'invalid_request_error', code })).toMatchObject({ kind: 'refused', code })
  for (const [status, code] of [
    [401, undefined],
    [403, 'testmode_charges_only'],
    [400, 'parameter_unknown'],
  ] as const)
    expect(fails(status, { type: 'invalid_request_error', code })).toMatchObject({ kind: 'unknown', isOurFault: true })
  const left = {
    ...intent,
    status: 'requires_payment_method',
    amount_received: 0,
    last_payment_error: { code: 'card_declined', decline_code: 'insufficient_funds', message: 'Your card has…' },
  }
  expect(
    fails(400, { type: 'invalid_request_error', code: 'payment_intent_unexpected_state', payment_intent: left }),
  ).toMatchObject({ kind: 'found', payment: { status: 'unpassed', failure: { code: 'insufficient_funds' } } })
})

test('a refund is asked for when the balance is the one that is believed in, and never otherwise', async () => {
  const { stripe, asked } = await opened((request, response) =>
    says(200, request.method === 'GET' ? intent : { object: 'refund', payment_intent: intent })(request, response),
  )
  const order = { paymentKey: 'pi_1', amount: 400, reason: 'x', idempotencyKey: 'once' }
  await stripe.refund({ ...order, balance: 700 })
  expect(asked.map(({ method }) => method)).toEqual(['GET'])
  await stripe.refund({ ...order, balance: 1000 })
  expect(asked[2]).toMatchObject({ method: 'POST', path: '/v1/refunds', key: 'once' })
  expect(Object.fromEntries(new URLSearchParams(asked[2]!.body))).toMatchObject({
    payment_intent: 'pi_1',
    amount: '400',
  })
})

test('a refund that nobody answered is repeated as it was; one that was answered is looked at', async () => {
  for (const [status, body, next] of [
    [409, { error: { type: 'invalid_request_error', code: 'idempotency_key_in_use' } }, 'again'],
    [429, { error: { type: 'invalid_request_error', code: 'rate_limit' } }, 'again'],
    [502, '<html>', 'again'],
    [500, { error: { type: 'api_error', message: 'x' } }, undefined],
    [400, { error: { type: 'invalid_request_error', code: 'charge_already_refunded' } }, undefined],
  ] as const) {
    const { stripe } = await opened((request, response) =>
      request.method === 'GET' ? says(200, intent)(request, response) : says(status, body)(request, response),
    )
    const answer = await stripe.refund({
      paymentKey: 'pi_1',
      amount: 1000,
      balance: 1000,
      reason: 'x',
      idempotencyKey: 'k',
    })
    expect({ next: undefined, ...answer }).toMatchObject({ kind: 'unknown', next })
  }
})

test('what is held is withdrawn, and a payment that was captured meanwhile stays paid', async () => {
  const canceled = { ...intent, status: 'canceled', amount_received: 0, cancellation_reason: 'abandoned' }
  const order = { paymentKey: 'pi_1', reason: 'x', idempotencyKey: 'k' }
  const free = await opened(says(200, canceled))
  expect(await free.stripe.withdraw(order)).toMatchObject({ kind: 'found', payment: { status: 'failed' } })
  const paid = await opened((request, response) =>
    request.method === 'GET'
      ? says(200, intent)(request, response)
      : says(400, { error: { type: 'invalid_request_error', code: 'payment_intent_unexpected_state' } })(
          request,
          response,
        ),
  )
  expect(await paid.stripe.withdraw(order)).toMatchObject({ kind: 'found', payment: { status: 'paid' } })
})

test('a webhook is believed when it is signed by one of our secrets, lately, byte for byte', async () => {
  const { stripe, clock } = await opened(says(500, {}))
  clock.advance(1_000_000_000)
  const body = JSON.stringify({
    id: 'evt_1',
    type: 'payment_intent.succeeded',
    data: { object: { id: 'pi_1', object: 'payment_intent', status: 'succeeded' } },
  })
  const seconds = Math.floor(clock.now() / 1000)
  const sign = (key: string, at: number | string, text = body) =>
    createHmac('sha256', key).update(`${at}.${text}`).digest('hex')
  const heard = (header: string | undefined, text = body) => {
    const made = stripe.readWebhook({ headers: { 'stripe-signature': header }, bytes: Buffer.from(text) })
    return made.kind === 'refused' ? made.code : made.kind
  }
  const good = sign(secret, seconds)
  expect(heard(`t=${seconds},v1=${good}`)).toBe('hint')
  expect(heard(`t=${seconds},v1=${sign('whsec_old', seconds)}`)).toBe('hint')
  expect(heard(`t=${seconds},v0=${good},v1=${'0'.repeat(64)},v1=${good}`)).toBe('hint')
  expect(heard(`t=${seconds - 300},v1=${sign(secret, seconds - 300)}`)).toBe('hint')

  const forged = 'payments.webhook-forged'
  for (const header of [
    undefined,
    '',
    'nonsense',
    `t=${seconds}`,
    `v1=${good}`,
    `t=${seconds},v0=${good}`,
    `t=${seconds},v1=${good.slice(2)}`,
    `t=${seconds},v1=zz`,
    `t=${seconds + 1},v1=${good}`,
    `t=${seconds},v1=${sign('whsec_other', seconds)}`,
    `t=x,v1=${sign(secret, 'x')}`,
  ])
    expect(heard(header), header).toBe(forged)
  expect(heard(`t=${seconds},v1=${good}`, `${body} `)).toBe(forged)

  const stale = 'payments.webhook-stale'
  expect(heard(`t=${seconds - 301},v1=${sign(secret, seconds - 301)}`)).toBe(stale)
  expect(heard(`t=${seconds + 301},v1=${sign(secret, seconds + 301)}`)).toBe(stale)

  for (const text of ['null', '[]', '{}', 'half', '{"id":"evt_1","data":{"object":{"object":"customer"}}}'])
    expect(heard(`t=${seconds},v1=${sign(secret, seconds, text)}`, text), text).toBe('unreadable')
})

test('a hint names the payment of a charge and of a refund too, and claims nothing then', async () => {
  const { stripe, clock } = await opened(says(500, {}))
  const hint = (object: object) => {
    const bytes = Buffer.from(JSON.stringify({ id: 'evt_1', data: { object } }))
    const seconds = Math.floor(clock.now() / 1000)
    const v1 = createHmac('sha256', secret).update(`${seconds}.`).update(bytes).digest('hex')
    return stripe.readWebhook({ headers: { 'stripe-signature': `t=${seconds},v1=${v1}` }, bytes })
  }
  const named = (claim: string | null) => ({
    kind: 'hint',
    hint: { transmissionId: 'evt_1', paymentKey: 'pi_1', claim },
  })
  expect(hint({ id: 'pi_1', object: 'payment_intent', status: 'canceled' })).toMatchObject(named('failed'))
  expect(hint({ id: 'ch_1', object: 'charge', payment_intent: 'pi_1', status: 'succeeded' })).toMatchObject(named(null))
  expect(hint({ id: 're_1', object: 'refund', payment_intent: 'pi_1', status: 'failed' })).toMatchObject(named(null))
})

const moved = (id: string, created: number, source: object) => ({ id, created, amount: 75, currency: 'usd', source })
const charge = (amount: number) => ({
  object: 'charge',
  amount_captured: amount,
  currency: 'krw',
  payment_intent: { id: `pi_${amount}`, metadata: { orderId: 'o' } },
})

test("the provider's books are read page by page, oldest first, in the currency that was paid", async () => {
  const { stripe, asked } = await opened((request, response) => {
    const isFirst = !request.url!.includes('starting_after')
    const data = isFirst
      ? [moved('txn_3', 1003, charge(3000)), moved('txn_2', 1002, { object: 'payout', amount: 5 })]
      : [moved('txn_1', 1001, charge(1000))]
    says(200, { data, has_more: isFirst })(request, response)
  })
  const movement = (id: string, amount: number, at: number) => ({
    id,
    paymentKey: `pi_${amount}`,
    orderId: 'o',
    kind: 'captured',
    amount,
    currency: 'KRW',
    at,
  })
  expect(await stripe.movements({ from: 1_000_500, to: 1_090_000, cursor: null, limit: 9 })).toEqual({
    kind: 'page',
    movements: [movement('txn_1', 1000, 1_001_000), movement('txn_3', 3000, 1_003_000)],
    next: null,
  })
  const queries = asked.map(({ path }) => new URL(path, 'http://x').searchParams)
  expect(
    queries.map((query) => [query.get('created[gte]'), query.get('created[lte]'), query.get('starting_after')]),
  ).toEqual([
    ['1000', '1090', null],
    ['1000', '1090', 'txn_2'],
  ])
})

test("a day of the provider's books that is too long is read in shorter slices", async () => {
  const { stripe } = await opened((request, response) => {
    const { searchParams } = new URL(request.url!, 'http://x')
    const seconds = Number(searchParams.get('created[lte]')) - Number(searchParams.get('created[gte]')) + 1
    says(200, { data: [moved('txn_1', 1, charge(1))], has_more: seconds > 2000 })(request, response)
  })
  const page = await stripe.movements({ from: 0, to: 86_400_000, cursor: null, limit: 9 })
  expect(page).toMatchObject({ kind: 'page', next: String(1350 * 1000) })
})

test('a payment is prepared for capture by hand; an amount that cannot be is refused without asking', async () => {
  const { stripe, asked } = await opened(says(200, { ...intent, client_secret: 'pi_1_secret_x' }))
  const order = { orderId: 'order-1', amount: 1230, currency: 'KWD', idempotencyKey: 'order-1-0' }
  expect(await stripe.prepare(order)).toEqual({ kind: 'prepared', paymentKey: 'pi_1', clientSecret: 'pi_1_secret_x' })
  expect(Object.fromEntries(new URLSearchParams(asked[0]!.body))).toEqual({
    amount: '1230',
    currency: 'kwd',
    capture_method: 'manual',
    'payment_method_types[0]': 'card',
    'metadata[orderId]': 'order-1',
    description: 'order-1',
  })
  expect(asked[0]!.key).toBe('order-1-0')
  expect(await stripe.prepare({ ...order, amount: 1234 })).toMatchObject({ kind: 'refused' })
  expect(asked).toHaveLength(1)
})
