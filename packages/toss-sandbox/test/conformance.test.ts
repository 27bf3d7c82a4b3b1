import { describe, expect, test } from 'vitest'

import { faultCodes, statusOf } from '../src/faults.ts'
import { depositCallback, failure, faultsOf, payment, statusChanged, transaction } from './documented.ts'
import type { World } from './world.ts'
import { openWorld, secretKey } from './world.ts'

/**
 * A merchant's server as the official samples have it: the three parameters of `successUrl` go to confirm with Basic
 * authentication by the secret key and a colon, and whatever comes back is handed on with its status.
 */
function sampleServer(world: World) {
  const authorization = `Basic ${Buffer.from(`${secretKey}:`).toString('base64')}`
  const post = async (path: string, body: object) => {
    const response = await fetch(`${world.url}${path}`, {
      method: 'POST',
      headers: { Authorization: authorization, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })
    return { isOk: response.ok, status: response.status, json: await response.json() }
  }
  const get = async (path: string) => {
    const response = await fetch(`${world.url}${path}`, { headers: { Authorization: authorization } })
    return { isOk: response.ok, status: response.status, json: await response.json() }
  }
  return {
    confirm: (returned: URLSearchParams) =>
      post('/v1/payments/confirm', {
        paymentKey: returned.get('paymentKey'),
        orderId: returned.get('orderId'),
        amount: Number(returned.get('amount')),
      }),
    cancel: (paymentKey: string, body: object) => post(`/v1/payments/${paymentKey}/cancel`, body),
    get,
  }
}

/** The payment window as a browser goes through it. @returns the parameters it comes back with */
async function throughWindow(world: World, action: 'pay' | 'decline' | 'account' | 'cancel') {
  const form = new URLSearchParams({
    orderId: 'sample-order-1',
    amount: '50000',
    orderName: '토스 티셔츠 외 2건',
    successUrl: 'https://shop.test/success?from=window',
    failUrl: 'https://shop.test/fail',
    validHours: '24',
    action,
  })
  const { status, headers } = await world.call('POST', '/sandbox/window', form.toString())
  expect(status).toBe(303)
  const back = new URL(headers.get('location')!)
  return { path: back.pathname, returned: back.searchParams }
}

describe('a merchant by the official samples', () => {
  test('pays, looks, cancels in part and in full', async () => {
    const world = await openWorld()
    const shop = sampleServer(world)
    const { path, returned } = await throughWindow(world, 'pay')
    expect(path).toBe('/success')
    expect([...returned.keys()].toSorted()).toEqual(['amount', 'from', 'orderId', 'paymentKey', 'paymentType'])

    const confirmed = await shop.confirm(returned)
    expect(confirmed.status).toBe(200)
    expect(faultsOf(confirmed.json, payment)).toEqual([])
    expect(confirmed.json).toMatchObject({ status: 'DONE', totalAmount: 50_000, balanceAmount: 50_000 })

    const { paymentKey } = confirmed.json
    expect((await shop.get(`/v1/payments/${paymentKey}`)).json).toEqual(confirmed.json)
    expect((await shop.get('/v1/payments/orders/sample-order-1')).json).toEqual(confirmed.json)

    const part = await shop.cancel(paymentKey, { cancelReason: '고객이 취소를 원함', cancelAmount: 10_000 })
    expect(faultsOf(part.json, payment)).toEqual([])
    expect(part.json).toMatchObject({ status: 'PARTIAL_CANCELED', balanceAmount: 40_000 })
    const rest = await shop.cancel(paymentKey, { cancelReason: '고객이 취소를 원함' })
    expect(faultsOf(rest.json, payment)).toEqual([])
    expect(rest.json).toMatchObject({ status: 'CANCELED', balanceAmount: 0 })
    expect(rest.json.cancels).toHaveLength(2)
  })

  test('is told why a payment failed, with the status and the body of the documentation', async () => {
    const world = await openWorld()
    const shop = sampleServer(world)
    const { returned } = await throughWindow(world, 'decline')
    const declined = await shop.confirm(returned)
    expect(declined).toMatchObject({ isOk: false, status: 403, json: { code: 'REJECT_CARD_PAYMENT' } })
    expect(faultsOf(declined.json, failure)).toEqual([])
    const looked = await shop.get(`/v1/payments/${returned.get('paymentKey')}`)
    expect(faultsOf(looked.json, payment)).toEqual([])
    expect(looked.json).toMatchObject({ status: 'ABORTED', failure: declined.json })
    expect((await shop.get('/v1/payments/nobody')).status).toBe(404)

    const closed = await throughWindow(world, 'cancel')
    expect(closed.path).toBe('/fail')
    expect([...closed.returned.keys()].toSorted()).toEqual(['code', 'message', 'orderId'])
    expect(closed.returned.get('code')).toBe('PAY_PROCESS_CANCELED')
  })

  test('takes a virtual account, hears of the deposit, and refunds it to an account', async () => {
    const world = await openWorld()
    const shop = sampleServer(world)
    const { returned } = await throughWindow(world, 'account')
    const issued = await shop.confirm(returned)
    expect(faultsOf(issued.json, payment)).toEqual([])
    expect(issued.json).toMatchObject({ status: 'WAITING_FOR_DEPOSIT', method: '가상계좌', approvedAt: null })

    const { paymentKey, secret } = issued.json
    await world.call('POST', `/sandbox/payments/${paymentKey}/deposit`)
    await world.webhooksCame(2)
    const bodies = world.webhooks.map(({ body }) => body as unknown)
    const told = bodies.find((body) => faultsOf(body, depositCallback).length === 0)
    expect(told).toMatchObject({ status: 'DONE', secret, orderId: 'sample-order-1' })
    expect(bodies.filter((body) => faultsOf(body, statusChanged).length === 0)).toHaveLength(1)
    for (const { headers } of world.webhooks) {
      expect(headers['tosspayments-webhook-transmission-id']).toMatch(/^whtrans_/)
      expect(headers['tosspayments-webhook-transmission-time']).toMatch(/\+09:00$/)
      expect(headers['tosspayments-webhook-transmission-retried-count']).toBe('0')
    }

    const refundReceiveAccount = { bank: '20', accountNumber: '1000123456789', holderName: '김토스' }
    const refunded = await shop.cancel(paymentKey, { cancelReason: '품절', refundReceiveAccount })
    expect(faultsOf(refunded.json, payment)).toEqual([])
    expect(refunded.json).toMatchObject({ status: 'CANCELED', virtualAccount: { refundStatus: 'PENDING' } })
  })

  test('reads the movements of a day, page by page', async () => {
    const world = await openWorld()
    const shop = sampleServer(world)
    for (let i = 0; i < 5; i++) await world.confirm(await world.request({ orderId: `order-000${i}` }))
    const day = 'startDate=2026-03-02T00:00:00&endDate=2026-03-02T23:59:59&limit=2'
    const seen: string[] = []
    for (let after = ''; ;) {
      const { json } = await shop.get(`/v1/transactions?${day}${after}`)
      for (const each of json) expect(faultsOf(each, transaction)).toEqual([])
      seen.push(...json.map(({ orderId }: { orderId: string }) => orderId))
      if (json.length < 2) break
      after = `&startingAfter=${json.at(-1).transactionKey}`
    }
    expect(seen).toEqual(['order-0000', 'order-0001', 'order-0002', 'order-0003', 'order-0004'])
  })
})

test('every documented code can be had by the test header, with its status and the documented body', async () => {
  const world = await openWorld()
  for (const code of faultCodes) {
    const answer = await world.call(
      'POST',
      '/v1/payments/confirm',
      { paymentKey: 'any', orderId: 'order-0001', amount: 1000 },
      { 'tosspayments-test-code': code },
    )
    expect({ code: answer.json.code, status: answer.status }).toEqual({ code, status: statusOf(code) })
    expect(faultsOf(answer.json, failure)).toEqual([])
  }
})
