import { expect, test } from 'vitest'
import { openWorld, publishableKey, secretKey } from './world.ts'

test('a payment by hand: created, agreed to in a browser, captured once, given back in parts and no further', async () => {
  const { create, post, get } = await openWorld()
  const created = await create({ 'metadata[orderId]': 'order-1', description: 'Two seats' })
  expect(created).toMatchObject({
    status: 200,
    json: { status: 'requires_payment_method', amount: 5000, amount_received: 0, metadata: { orderId: 'order-1' } },
  })
  const { id, client_secret: secret } = created.json
  const path = `/v1/payment_intents/${id}`
  const inBrowser = { client_secret: secret, payment_method: 'pm_card_visa', return_url: 'http://shop.test/done' }
  expect((await post(`${path}/confirm`, inBrowser, { key: publishableKey })).json).toMatchObject({
    status: 'requires_capture',
    amount_capturable: 5000,
  })
  const captured = await post(`${path}/capture`, { 'expand[]': 'latest_charge.balance_transaction' })
  expect(captured.json).toMatchObject({
    status: 'succeeded',
    amount_received: 5000,
    latest_charge: { captured: true, amount_refunded: 0, balance_transaction: { object: 'balance_transaction' } },
  })
  expect((await post(`${path}/capture`)).json.error).toMatchObject({
    code: 'payment_intent_unexpected_state',
    payment_intent: { id, status: 'succeeded' },
  })
  const refund = (fields: Record<string, string>) => post('/v1/refunds', { payment_intent: id, ...fields })
  expect((await refund({ amount: '2000', 'expand[]': 'payment_intent.latest_charge' })).json).toMatchObject({
    object: 'refund',
    amount: 2000,
    payment_intent: { latest_charge: { amount_refunded: 2000, refunded: false } },
  })
  expect((await refund({ amount: '3001' })).json.error).toMatchObject({
    type: 'invalid_request_error',
    param: 'amount',
  })
  expect((await refund({})).json).toMatchObject({ amount: 3000, status: 'succeeded' })
  expect((await refund({})).json.error.code).toBe('charge_already_refunded')
  const { json } = await get(`/v1/refunds?payment_intent=${id}`)
  expect(json.data.map(({ amount }: { amount: number }) => amount)).toEqual([3000, 2000])
})

test('a card that is refused can be followed by another; a bank that asks is answered on its page', async () => {
  const { create, post, get, url } = await openWorld()
  const { id, client_secret: secret } = (await create()).json
  const confirm = (method: string) =>
    post(
      `/v1/payment_intents/${id}/confirm`,
      { client_secret: secret, payment_method: method, return_url: 'http://shop.test/done?order=1' },
      { key: publishableKey },
    )
  const refused = await confirm('pm_card_visa_chargeDeclinedInsufficientFunds')
  expect(refused.status).toBe(402)
  expect(refused.json.error).toMatchObject({
    type: 'card_error',
    code: 'card_declined',
    decline_code: 'insufficient_funds',
    payment_intent: { status: 'requires_payment_method', last_payment_error: { decline_code: 'insufficient_funds' } },
  })
  for (const [action, status, redirected] of [
    ['refuse', 'requires_payment_method', 'failed'],
    ['agree', 'requires_capture', 'succeeded'],
  ]) {
    const asked = await confirm('pm_card_authenticationRequired')
    expect(asked.json).toMatchObject({ status: 'requires_action', next_action: { type: 'redirect_to_url' } })
    const page = new URL(asked.json.next_action.redirect_to_url.url)
    expect((await get(page.pathname + page.search)).text).toContain('name="action" value="agree"')
    const form = { ...Object.fromEntries(page.searchParams), action: action! }
    const back = new URL((await post(page.pathname, form)).headers.get('location')!)
    expect(back.searchParams.get('order')).toBe('1')
    expect(back.searchParams.get('payment_intent')).toBe(id)
    expect(back.searchParams.get('redirect_status')).toBe(redirected)
    expect((await get(`/v1/payment_intents/${id}`)).json.status).toBe(status)
  }
  expect((await get('/sandbox/stripe/stripe.js')).text).toContain('confirmPayment')
  expect((await fetch(`${url}/v1/payments/x`)).status).toBe(418)
})

test('what is held is let go by a cancel, and by itself after seven days', async () => {
  const { agreed, post, get, time } = await openWorld()
  const [first, second] = [await agreed(), await agreed()]
  expect((await post(`/v1/payment_intents/${first}/cancel`, { cancellation_reason: 'abandoned' })).json).toMatchObject({
    status: 'canceled',
    cancellation_reason: 'abandoned',
  })
  expect((await post(`/v1/payment_intents/${first}/capture`)).json.error.code).toBe('payment_intent_unexpected_state')
  time.pass(7 * 86_400_000)
  expect((await get(`/v1/payment_intents/${second}`)).json).toMatchObject({
    status: 'canceled',
    cancellation_reason: 'automatic',
  })
})

test('requests are refused as documented: keys, parameters, amounts, unknown objects', async () => {
  const { create, post, get, agreed } = await openWorld()
  const codes = async (answer: ReturnType<typeof post>) => {
    const { status, json } = await answer
    return `${status} ${json.error.type} ${json.error.code ?? ''} ${json.error.param ?? ''}`.trim()
  }
  expect(await codes(create({}, { key: 'sk_test_other' }))).toBe('401 invalid_request_error')
  expect(await codes(create({}, { key: publishableKey }))).toBe('401 invalid_request_error')
  expect((await create({}, { headers: { authorization: `Basic ${btoa(`${secretKey}:`)}` } })).status).toBe(200)
  expect(await codes(create({ amount: 'x' }))).toBe('400 invalid_request_error parameter_invalid_integer amount')
  expect(await codes(create({ amount: '' }))).toBe('400 invalid_request_error parameter_invalid_empty amount')
  expect(await codes(create({ amount: '100' }))).toBe('400 invalid_request_error amount_too_small amount')
  expect(await codes(create({ amount: '1234', currency: 'kwd' }))).toBe(
    '400 invalid_request_error invalid_currency_amount amount',
  )
  expect(await codes(create({ currency: 'xxx' }))).toBe('400 invalid_request_error parameter_invalid_string currency')
  expect(await codes(create({ surprise: '1' }))).toBe('400 invalid_request_error parameter_unknown surprise')
  expect(await codes(post('/v1/payment_intents', { currency: 'krw' }))).toBe(
    '400 invalid_request_error parameter_missing amount',
  )
  expect(await codes(get('/v1/payment_intents/pi_x'))).toBe('404 invalid_request_error resource_missing intent')
  expect(await codes(post('/v1/refunds', { payment_intent: await agreed() }))).toBe(
    '400 invalid_request_error payment_intent_unexpected_state',
  )
  // Who does not know the client secret learns nothing with the publishable key.
  const { id } = (await create()).json
  expect((await get(`/v1/payment_intents/${id}?client_secret=guess`, { key: publishableKey })).status).toBe(404)
  const versioned = await get(`/v1/payment_intents/${id}`, { headers: { 'stripe-version': '2023-10-16' } })
  expect(versioned.headers.get('stripe-version')).toBe('2023-10-16')
  expect(versioned.headers.get('request-id')).toMatch(/^req_/)
})

test('a key repeats its first answer for a day, errors too, and takes no other request', async () => {
  const { create, post, agreed, time } = await openWorld()
  const first = await create({}, { idempotencyKey: 'a' })
  const again = await create({}, { idempotencyKey: 'a' })
  expect(again.json).toEqual(first.json)
  expect(again.headers.get('idempotent-replayed')).toBe('true')
  expect(again.headers.get('original-request')).toBe(first.headers.get('request-id'))
  expect((await create({ amount: '6000' }, { idempotencyKey: 'a' })).json.error.type).toBe('idempotency_error')

  const id = await agreed({ capture: '500', captureTimes: 1 })
  const capture = (idempotencyKey: string) => post(`/v1/payment_intents/${id}/capture`, {}, { idempotencyKey })
  expect([(await capture('b')).status, (await capture('b')).status, (await capture('c')).status]).toEqual([
    500, 500, 200,
  ])

  // A request that is wrong in itself was never begun: its key is free.
  expect((await create({ amount: '1' }, { idempotencyKey: 'd' })).status).toBe(400)
  expect((await create({}, { idempotencyKey: 'd' })).status).toBe(200)

  time.pass(86_400_000)
  expect((await create({}, { idempotencyKey: 'a' })).json.id).not.toBe(first.json.id)
})

test('while a request hangs its key is in use; afterwards it is free, or repeats what was done', async () => {
  const { url, post, agreed, get, until } = await openWorld()
  /** Somebody asks, and gives up when they are told to. */
  async function hang(capture: string, status: string) {
    const id = await agreed({ capture, captureTimes: 1 })
    const gone = new AbortController()
    const path = `/v1/payment_intents/${id}/capture`
    const headers = { authorization: `Bearer ${secretKey}`, 'idempotency-key': id }
    const ended = fetch(url + path, { method: 'POST', headers, signal: gone.signal }).catch(() => 'gone')
    await until(async () => (await get(`/v1/payment_intents/${id}`)).json.status === status)
    return { again: () => post(path, {}, { idempotencyKey: id }), giveUp: () => (gone.abort(), ended) }
  }
  const undone = await hang('hang', 'requires_capture')
  await until(async () => (await undone.again()).status === 409)
  expect(await undone.giveUp()).toBe('gone')
  await until(async () => (await undone.again()).status === 200)

  const done = await hang('capture-then-hang', 'succeeded')
  expect((await done.again()).json.status).toBe('succeeded')
  expect(await done.giveUp()).toBe('gone')
})
