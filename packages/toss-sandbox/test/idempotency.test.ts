import { expect, test } from 'vitest'

import { createReplies } from '../src/replies.ts'
import { basic, openWorld, secretKey } from './world.ts'

const key = (text: string) => ({ 'idempotency-key': text })

test('the same key gets the first answer, whatever the body says', async () => {
  const world = await openWorld()
  const first = await world.request()
  const second = await world.request({ orderId: 'order-0002' })
  const answer = await world.confirm(first, key('k'))
  expect(await world.confirm(second, key('k'))).toMatchObject({ status: 200, json: answer.json })
  expect((await world.look(second.paymentKey)).status).toBe('IN_PROGRESS')
})

test('a repeated partial cancel pays once; without the key, the control, it pays twice', async () => {
  const world = await openWorld()
  const body = { cancelReason: 'part', cancelAmount: 10_000 }
  const withKey = await world.request()
  const without = await world.request({ orderId: 'order-0002' })
  for (const asked of [withKey, without]) await world.confirm(asked)
  for (const _ of [1, 2]) {
    await world.cancel(withKey.paymentKey, body, key('c'))
    await world.cancel(without.paymentKey, body)
  }
  expect((await world.look(withKey.paymentKey)).balanceAmount).toBe(45_000)
  expect((await world.look(without.paymentKey)).balanceAmount).toBe(35_000)
})

test('ten requests at once with one key capture once and all hear so', async () => {
  const world = await openWorld()
  const asked = await world.request()
  const answers = await Promise.all(Array.from({ length: 10 }, () => world.confirm(asked, key('k'))))
  expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200))
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
})

test('an error is replayed too, a forced one as well', async () => {
  const world = await openWorld()
  const failing = await world.request({ outcome: '500', times: 1 })
  expect((await world.confirm(failing, key('a'))).status).toBe(500)
  expect((await world.confirm(failing, key('a'))).status).toBe(500)
  expect((await world.look(failing.paymentKey)).status).toBe('IN_PROGRESS')
  expect((await world.confirm(failing, key('b'))).status).toBe(200)

  const asked = await world.request({ orderId: 'order-0002' })
  const forced = { ...key('c'), 'tosspayments-test-code': 'PROVIDER_ERROR' }
  expect((await world.confirm(asked, forced)).json.code).toBe('PROVIDER_ERROR')
  expect((await world.confirm(asked, key('c'))).json.code).toBe('PROVIDER_ERROR')
})

test('a key is in the scope of its path', async () => {
  const world = await openWorld()
  const asked = await world.request()
  expect((await world.confirm(asked, key('k'))).json.status).toBe('DONE')
  expect((await world.cancel(asked.paymentKey, undefined, key('k'))).json.status).toBe('CANCELED')
})

test('the second of two is told that the first is still running, and may run itself when that was lost', async () => {
  const world = await openWorld()
  const asked = await world.request({ outcome: 'hang', times: 1 })
  const controller = new AbortController()
  const first = fetch(`${world.url}/v1/payments/confirm`, {
    method: 'POST',
    headers: { authorization: basic(`${secretKey}:`), ...key('k') },
    body: JSON.stringify(asked),
    signal: controller.signal,
  }).catch(() => 'lost')
  await world.until(() => world.time.pending().includes(120_000))
  expect(await world.confirm(asked, key('k'))).toMatchObject({
    status: 409,
    json: { code: 'IDEMPOTENT_REQUEST_PROCESSING' },
  })
  controller.abort()
  expect(await first).toBe('lost')
  await world.until(() => !world.time.pending().includes(120_000))
  expect((await world.confirm(asked, key('k'))).json.status).toBe('DONE')
})

test('a key may have 300 characters and no more, and is ignored on GET', async () => {
  const world = await openWorld()
  const asked = await world.request()
  expect(await world.confirm(asked, key('x'.repeat(301)))).toMatchObject({
    status: 400,
    json: { code: 'INVALID_IDEMPOTENCY_KEY' },
  })
  const path = `/v1/payments/${asked.paymentKey}`
  expect((await world.call('GET', path, undefined, key('g'))).json.status).toBe('IN_PROGRESS')
  expect((await world.confirm(asked, key('x'.repeat(300)))).status).toBe(200)
  expect((await world.call('GET', path, undefined, key('g'))).json.status).toBe('DONE')
})

test('a key is valid for fifteen days', () => {
  const replies = createReplies()
  const days = 86_400_000
  expect(replies.claim('k', 0)).toBe('claimed')
  replies.settle('k', { fault: { code: 'PROVIDER_ERROR' } }, 0)
  expect(replies.claim('k', 15 * days - 1)).toEqual({ fault: { code: 'PROVIDER_ERROR' } })
  expect(replies.claim('k', 15 * days)).toBe('claimed')
})
