import { describe, expect, test } from 'vitest'

import { openWorld } from './world.ts'

describe('confirm', () => {
  test('a confirmed payment is DONE with every documented field', async () => {
    const world = await openWorld()
    const asked = await world.request({ orderName: '봄 콘서트' })
    const { status, json } = await world.confirm(asked)
    expect(status).toBe(200)
    expect(json).toMatchObject({
      version: '2022-11-16',
      type: 'NORMAL',
      paymentKey: asked.paymentKey,
      orderId: 'order-0001',
      orderName: '봄 콘서트',
      currency: 'KRW',
      method: '카드',
      status: 'DONE',
      totalAmount: 55_000,
      balanceAmount: 55_000,
      suppliedAmount: 50_000,
      vat: 5_000,
      requestedAt: '2026-03-02T20:00:00+09:00',
      approvedAt: '2026-03-02T20:00:00+09:00',
      cancels: null,
      isPartialCancelable: true,
      card: { amount: 55_000, acquireStatus: 'READY' },
      receipt: { url: `${world.url}/sandbox/receipts/${asked.paymentKey}` },
      failure: null,
    })
    const documented =
      'version paymentKey type orderId orderName mId currency method totalAmount balanceAmount status requestedAt approvedAt useEscrow lastTransactionKey suppliedAmount vat cultureExpense taxFreeAmount taxExemptionAmount cancels isPartialCancelable card virtualAccount secret mobilePhone giftCertificate transfer metadata receipt checkout easyPay country failure cashReceipt cashReceipts discount'
    expect(Object.keys(json).toSorted()).toEqual(documented.split(' ').toSorted())
    expect(await world.look(asked.paymentKey)).toEqual(json)
    expect((await world.call('GET', '/v1/payments/orders/order-0001')).json).toEqual(json)
    expect(world.sandbox.payments()).toEqual([json])
  })

  test('English is spoken on request', async () => {
    const world = await openWorld()
    const asked = await world.request()
    const english = { 'accept-language': 'en-US' }
    expect((await world.confirm(asked, english)).json.method).toBe('CARD')
    expect((await world.confirm(asked, english)).json).toEqual({
      code: 'ALREADY_PROCESSED_PAYMENT',
      message: 'This is a payment that has already been processed.',
    })
    expect((await world.confirm(asked)).json.message).toBe('이미 처리된 결제 입니다.')
  })

  test('money is captured once, however often confirm is called', async () => {
    const world = await openWorld()
    const asked = await world.request()
    const answers = await Promise.all(Array.from({ length: 10 }, () => world.confirm(asked)))
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, ...Array(9).fill(400)])
    expect(new Set(answers.flatMap(({ json }) => json.code ?? []))).toEqual(new Set(['ALREADY_PROCESSED_PAYMENT']))
    expect((await world.call('GET', '/sandbox/payments')).json.totals).toEqual({
      payments: 1,
      captured: 55_000,
      canceled: 0,
    })
  })

  test.each([
    ['an unknown payment', { paymentKey: 'nobody' }, 404, 'NOT_FOUND_PAYMENT'],
    ['another amount', { amount: 100 }, 400, 'INVALID_REQUEST'],
    ['another order', { orderId: 'order-9999' }, 404, 'NOT_FOUND_PAYMENT_SESSION'],
    ['an amount that is text', { amount: '55000' }, 400, 'INVALID_REQUEST'],
    ['a fraction of a won', { amount: 55_000.5 }, 400, 'INVALID_REQUEST'],
    ['no order', { orderId: undefined }, 400, 'INVALID_REQUEST'],
  ])('%s is refused and changes nothing', async (_, difference, status, code) => {
    const world = await openWorld()
    const asked = await world.request()
    const answer = await world.call('POST', '/v1/payments/confirm', { ...asked, ...difference })
    expect(answer).toMatchObject({ status, json: { code } })
    expect((await world.look(asked.paymentKey)).status).toBe('IN_PROGRESS')
    expect((await world.confirm(asked)).status).toBe(200)
  })

  test.each(['{', '[]', '"x"', 'null', '', `{"orderId":"${'x'.repeat(70_000)}"}`])(
    'a malformed body is refused in the documented shape (%#)',
    async (body) => {
      const world = await openWorld()
      const answer = await world.call('POST', '/v1/payments/confirm', body)
      expect(answer.status).toBe(400)
      expect(answer.json).toEqual({ code: 'INVALID_REQUEST', message: expect.any(String) })
    },
  )

  test('a payment that is not confirmed within ten minutes expires, and tells so', async () => {
    const world = await openWorld()
    const asked = await world.request()
    world.time.pass(599_999)
    expect((await world.look(asked.paymentKey)).status).toBe('IN_PROGRESS')
    world.time.pass(1)
    await world.webhooksCame(1)
    expect(world.webhooks[0]?.body.data).toMatchObject({ status: 'EXPIRED', failure: { code: 'EXPIRED_PAYMENT' } })
    expect(await world.confirm(asked)).toMatchObject({ status: 404, json: { code: 'NOT_FOUND_PAYMENT_SESSION' } })
  })

  test('the payment of an order is the one that took money, whichever is newer', async () => {
    const world = await openWorld()
    const first = await world.request()
    const second = await world.request()
    const ofOrder = async () => (await world.call('GET', '/v1/payments/orders/order-0001')).json.paymentKey
    expect(await ofOrder()).toBe(second.paymentKey)
    await world.confirm(first)
    expect(await ofOrder()).toBe(first.paymentKey)
    await world.request()
    expect(await ofOrder()).toBe(first.paymentKey)
  })
})

test('a body far over 64 kB is answered, not cut off', async () => {
  const world = await openWorld()
  const body = { orderId: 'x'.repeat(900_000) }
  expect(await world.call('POST', '/v1/payments/confirm', body)).toMatchObject({ status: 400 })
  expect(await world.call('POST', '/sandbox/payments', body)).toMatchObject({ status: 400 })
})

describe('authentication', () => {
  test.each([
    ['no header', undefined, 401, 'UNAUTHORIZED_KEY'],
    ['another key', `Basic ${btoa('test_sk_other:')}`, 401, 'UNAUTHORIZED_KEY'],
    ['a key without its colon', `Basic ${btoa('test_sk_world')}`, 403, 'INCORRECT_BASIC_AUTH_FORMAT'],
    ['another scheme', 'Bearer test_sk_world', 401, 'UNAUTHORIZED_KEY'],
  ])('%s is refused', async (_, authorization, status, code) => {
    const world = await openWorld()
    const asked = await world.request()
    const answer = await world.confirm(asked, { authorization: authorization ?? '' })
    expect(answer).toMatchObject({ status, json: { code } })
    expect((await world.look(asked.paymentKey)).status).toBe('IN_PROGRESS')
  })

  test('a real key is not accepted as the secret of a sandbox', async () => {
    await expect(openWorld({ secretKey: 'live_sk_real' })).rejects.toThrow('must begin with test_')
  })
})

describe('paths', () => {
  test('any path that is not the sandbox is left to the host', async () => {
    const world = await openWorld()
    for (const path of ['/', '/api/events', '/v1', '/sandbox', '/v10/payments']) {
      expect((await world.call('GET', path)).status).toBe(418)
    }
  })

  test('an unknown path and a wrong method have the documented codes', async () => {
    const world = await openWorld()
    expect((await world.call('GET', '/v1/nothing')).json.code).toBe('NOT_FOUND')
    expect((await world.call('GET', '/v1/payments/%ff')).json.code).toBe('NOT_FOUND')
    expect((await world.call('DELETE', '/v1/payments/confirm')).json.code).toBe('NOT_FOUND_HTTP_METHOD')
    expect((await world.call('GET', '/sandbox/nothing')).json.code).toBe('NOT_FOUND')
  })
})

describe('the test code header', () => {
  test('forces a documented error before anything is looked at', async () => {
    const world = await openWorld()
    const asked = await world.request()
    const forced = (code: string) => world.confirm(asked, { 'tosspayments-test-code': code })
    expect(await forced('REJECT_CARD_PAYMENT')).toMatchObject({ status: 403, json: { code: 'REJECT_CARD_PAYMENT' } })
    expect(await forced('UNKNOWN_PAYMENT_ERROR')).toMatchObject({ status: 500 })
    expect(await forced('NO_SUCH_CODE')).toMatchObject({ status: 400, json: { code: 'INVALID_TEST_CODE' } })
    expect((await world.look(asked.paymentKey)).status).toBe('IN_PROGRESS')
    expect((await world.confirm(asked)).status).toBe(200)
  })
})
