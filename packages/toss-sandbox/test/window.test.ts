import { describe, expect, test } from 'vitest'

import { openWorld } from './world.ts'

const purchase = {
  orderId: 'order-0001',
  amount: '55000',
  orderName: '봄 콘서트 2매',
  successUrl: 'https://shop.test/success?from=window',
  failUrl: 'https://shop.test/fail',
}

async function opened() {
  const world = await openWorld()
  const submit = (fields: Record<string, string>) =>
    world.call('POST', '/sandbox/window', new URLSearchParams(fields).toString(), {
      'content-type': 'application/x-www-form-urlencoded',
    })
  const show = (fields: Record<string, string>, headers?: Record<string, string>) =>
    world.call('GET', `/sandbox/window?${new URLSearchParams(fields)}`, undefined, headers)
  return { world, submit, show }
}

describe('the payment window', () => {
  test('shows the purchase, says that no money moves, and needs no script', async () => {
    const { show } = await opened()
    const { status, text, headers } = await show(purchase, { 'accept-language': 'en-US,en;q=0.9' })
    expect(status).toBe(200)
    expect(text).toContain('<html lang="en">')
    expect(text).toContain('No money moves.')
    expect(text).toContain('Pay ₩55,000')
    expect(text).toContain('봄 콘서트 2매')
    expect(text).not.toContain('<script')
    expect(headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(headers.get('cache-control')).toBe('no-store')
  })

  test.each([
    ['ko-KR,ko;q=0.9,en;q=0.8', {}, 'ko'],
    ['en;q=0.8', {}, 'en'],
    ['fr-FR, en;q=0.5', {}, 'en'],
    ['', {}, 'ko'],
    ['ko', { lang: 'en' }, 'en'],
    ['en', { lang: 'ko' }, 'ko'],
    ['en', { lang: 'xx' }, 'en'],
  ])('Accept-Language "%s" with %j speaks %s', async (language, fields, expected) => {
    const { show } = await opened()
    const { text } = await show({ ...purchase, ...fields }, { 'accept-language': language })
    expect(text).toContain(`<html lang="${expected}">`)
  })

  test('paying leads to successUrl with what confirm needs', async () => {
    const { world, submit } = await opened()
    const { status, headers } = await submit({ ...purchase, action: 'pay' })
    expect(status).toBe(303)
    const url = new URL(headers.get('location') ?? '')
    expect(url.origin + url.pathname).toBe('https://shop.test/success')
    const { paymentKey, ...rest } = Object.fromEntries(url.searchParams)
    expect(rest).toEqual({ from: 'window', paymentType: 'NORMAL', orderId: 'order-0001', amount: '55000' })
    const asked = { paymentKey: paymentKey ?? '', orderId: 'order-0001', amount: 55_000 }
    expect((await world.confirm(asked)).json).toMatchObject({ status: 'DONE', orderName: '봄 콘서트 2매' })
  })

  test('a card that is refused is refused at confirm', async () => {
    const { world, submit } = await opened()
    const { headers } = await submit({ ...purchase, action: 'decline' })
    const paymentKey = new URL(headers.get('location') ?? '').searchParams.get('paymentKey') ?? ''
    const answer = await world.confirm({ paymentKey, orderId: 'order-0001', amount: 55_000 })
    expect(answer).toMatchObject({ status: 403, json: { code: 'REJECT_CARD_PAYMENT' } })
  })

  test('cancelling leads to failUrl and makes no payment', async () => {
    const { world, submit } = await opened()
    const { status, headers } = await submit({ ...purchase, action: 'cancel', lang: 'en' })
    expect(status).toBe(303)
    expect(Object.fromEntries(new URL(headers.get('location') ?? '').searchParams)).toEqual({
      code: 'PAY_PROCESS_CANCELED',
      message: 'Payment has been canceled by the customer.',
      orderId: 'order-0001',
    })
    expect(world.sandbox.payments()).toEqual([])
  })

  test('markup in any field is shown as text', async () => {
    const { show } = await opened()
    const attack = `"><script>alert(1)</script><img src=x onerror='alert(2)'>`
    const good = await show({ ...purchase, orderName: attack, successUrl: `https://shop.test/?x=${attack}` })
    expect(good.status).toBe(200)
    const bad = await show({ ...purchase, orderId: attack, [attack]: attack, lang: attack })
    expect(bad.status).toBe(400)
    for (const { text } of [good, bad]) {
      expect(text).not.toContain('<script')
      expect(text).not.toContain('<img')
      expect(text).not.toContain("onerror='")
    }
  })

  test.each([
    ['javascript:alert(1)', 'successUrl'],
    ['data:text/html,x', 'successUrl'],
    ['/relative', 'successUrl'],
    ['', 'successUrl'],
  ])('%s is no address to return to', async (successUrl, where) => {
    const { world, show, submit } = await opened()
    for (const answer of [
      await show({ ...purchase, successUrl }),
      await submit({ ...purchase, successUrl, action: 'pay' }),
    ]) {
      expect(answer.status).toBe(400)
      expect(answer.text).toContain(where)
      expect(answer.headers.get('location')).toBeNull()
    }
    expect(world.sandbox.payments()).toEqual([])
  })

  test('every missing parameter is named, and an unknown button does nothing', async () => {
    const { world, show, submit } = await opened()
    const { status, text } = await show({})
    expect(status).toBe(400)
    for (const name of ['orderId', 'amount', 'successUrl', 'failUrl']) expect(text).toContain(name)
    expect((await submit({ ...purchase, action: 'steal' })).status).toBe(400)
    expect((await submit({ ...purchase, action: 'pay', orderName: 'x'.repeat(70_000) })).status).toBe(400)
    expect(world.sandbox.payments()).toEqual([])
  })

  test('the checkoutUrl of a payment opens it, and paying goes on with that payment', async () => {
    const { world, submit } = await opened()
    const { successUrl, failUrl } = purchase
    const { json } = await world.call('POST', '/sandbox/payments', {
      orderId: 'order-0001',
      amount: 55_000,
      successUrl,
      failUrl,
    })
    const page = await fetch(json.checkoutUrl)
    expect(page.status).toBe(200)
    expect(await page.text()).toContain('55,000')
    const { headers } = await submit({ paymentKey: json.paymentKey, action: 'pay' })
    expect(new URL(headers.get('location') ?? '').searchParams.get('paymentKey')).toBe(json.paymentKey)
    expect(world.sandbox.payments()).toHaveLength(1)
  })

  test('a receipt shows what was paid and what was given back', async () => {
    const { world } = await opened()
    const asked = await world.request({ orderName: '<b>봄</b>' })
    const { json } = await world.confirm(asked)
    await world.cancel(asked.paymentKey, { cancelReason: 'part', cancelAmount: 5_000 })
    const page = await fetch(json.receipt.url, { headers: { 'accept-language': 'en' } })
    const text = await page.text()
    for (const shown of ['₩55,000', '₩5,000', '₩50,000', 'Refunded in part', '&lt;b&gt;봄&lt;/b&gt;']) {
      expect(text).toContain(shown)
    }
    expect((await world.call('GET', '/sandbox/receipts/nobody')).status).toBe(404)
  })
})
