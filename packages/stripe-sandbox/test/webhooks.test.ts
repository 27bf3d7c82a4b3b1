import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { manualTime } from '../../toss-sandbox/test/world.ts'
import { createSandbox } from '../src/sandbox.ts'
import { retryMinutes } from '../src/webhooks.ts'
import { openWorld, webhookSecret } from './world.ts'

test('an event is signed: the time in seconds, and the HMAC of both', async () => {
  const { agreed, received, until, time } = await openWorld()
  await agreed()
  await until(() => received.length === 2)
  expect(received.map(({ type }) => type)).toEqual([
    'payment_intent.created',
    'payment_intent.amount_capturable_updated',
  ])
  for (const { headers, text } of received) {
    const seconds = Math.floor(time.now() / 1000)
    const v1 = createHmac('sha256', webhookSecret).update(`${seconds}.${text}`).digest('hex')
    expect(headers['stripe-signature']).toBe(`t=${seconds},v1=${v1}`)
  }
})

test('an event that nobody takes is sent three times more, signed anew, and then given up', async () => {
  const { create, received, receiver, until, time, get } = await openWorld()
  receiver.status = 500
  await create()
  for (const [index, minutes] of retryMinutes.entries()) {
    await until(() => received.length === index + 1 && time.pending().includes(minutes * 60_000))
    time.pass(minutes * 60_000)
  }
  await until(async () => (await get('/sandbox/stripe/webhooks')).json.failed === 1)
  expect(new Set(received.map(({ id }) => id)).size).toBe(1)
  expect(new Set(received.map(({ headers }) => headers['stripe-signature'])).size).toBe(4)
})

const captured = ['charge.captured', 'payment_intent.succeeded']

for (const [webhook, expected] of Object.entries({
  normal: captured,
  early: captured,
  twice: captured.flatMap((type) => [type, type]),
  'late:60000': captured,
  never: [],
})) {
  test(`events that come ${webhook}`, async () => {
    const { agreed, post, received, until, time } = await openWorld()
    const first = { twice: 3, never: 1 }[webhook] ?? 2
    const id = await agreed({ webhook })
    if (webhook.startsWith('late')) time.pass(60_000)
    await until(() => received.length === first)
    await post(`/v1/payment_intents/${id}/capture`)
    // An early one has come before the answer.
    expect(received.length).toBeGreaterThanOrEqual(webhook === 'early' ? first + 2 : first)
    if (webhook.startsWith('late')) time.pass(60_000)
    await until(() => received.length === first + expected.length)
    const types = received.map(({ type }) => type).slice(first)
    expect(types.toSorted((a, b) => a.localeCompare(b))).toEqual(expected)
  })
}

test('events that come in the other order: what happened first is told last', async () => {
  const { agreed, post, received, until } = await openWorld()
  const id = await agreed({ webhook: 'reordered' })
  await post(`/v1/payment_intents/${id}/capture`)
  await until(() => received.length === 4)
  expect(
    received
      .map(({ type }) => type)
      .slice(1)
      .at(-1),
  ).toBe('payment_intent.amount_capturable_updated')
})

test('the books survive the end of the process: payments, what was captured late, and what keys repeat', async () => {
  const lines: string[] = []
  const journal = { read: () => [...lines], append: (line: string) => void lines.push(line) }
  const time = manualTime()
  const before = await openWorld({ journal }, time)
  const made = await before.create({}, { idempotencyKey: 'once' })
  const id = await before.agreed({ capture: 'capture-late:60000' })
  expect((await before.post(`/v1/payment_intents/${id}/capture`)).status).toBe(500)
  before.sandbox.close()

  const after = await openWorld({ journal, random: (bytes) => Buffer.alloc(bytes, 9) }, time)
  expect((await after.create({}, { idempotencyKey: 'once' })).json).toEqual(made.json)
  expect((await after.get(`/v1/payment_intents/${id}`)).json.status).toBe('requires_capture')
  time.pass(60_000)
  expect((await after.get(`/v1/payment_intents/${id}`)).json.status).toBe('succeeded')
})

test('a real key is refused: this is no place for one', () => {
  const around = { now: () => 0, random: (bytes: number) => Buffer.alloc(bytes), schedule: () => () => {} }
  expect(() => createSandbox({ ...around, secretKey: 'sk_live_1', publishableKey: 'pk_test_1' })).toThrow('sk_test_')
})

test('a wish with mistakes is answered with all of them', async () => {
  const { create, url } = await openWorld()
  const { id } = (await create()).json
  const response = await fetch(`${url}/sandbox/stripe/payment_intents/${id}/buyer`, {
    method: 'POST',
    body: JSON.stringify({ buyer: 'runs', capture: 'late', times: 3, hangMs: 0 }),
  })
  expect(response.status).toBe(400)
  expect(((await response.json()) as { problems: string[] }).problems).toEqual([
    'times: is not a known field',
    'buyer: must be one of agrees, is-declined, must-authenticate, is-processed',
    expect.stringContaining('capture: must be one of ') as string,
    'hangMs: must be a whole number from 1 to 86400000',
  ])
})
