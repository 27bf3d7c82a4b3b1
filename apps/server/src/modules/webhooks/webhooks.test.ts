import { readFileSync } from 'node:fs'
import { expect, test as pure } from 'vitest'
import type { EventData } from '@fairgate/contracts/events'
import type { WebhookDelivery, WebhookEndpoint, WebhookType } from '@fairgate/contracts/http/webhooks'
import { fact, type Fact } from '#platform/bus'
import { rows, sql, transaction } from '#platform/db'
import type { Racepoints } from '#platform/racepoint'
import { freezeColumn, untilWaiting, withoutGuard } from '../../../test/controls.ts'
import { test as base, type TestPlatform } from '../../../test/fixtures.ts'
import { isAuthentic, startReceiver, type ReceiverMood } from '../../../test/webhook-receiver.ts'
import { createWebhooks, statics, type WebhooksConfig } from './index.ts'
import { urlFault } from './poster.ts'
import { attemptsMax, nextState, pauseMs } from './webhook.ts'

type Receiver = Awaited<ReturnType<typeof startReceiver>>

/** `receiver(...moods)` starts an organiser's server for one test. */
const test = base.extend<{ receiver: (...moods: ReceiverMood[]) => Promise<Receiver> }>({
  // oxlint-disable-next-line no-empty-pattern -- the first argument must be a destructuring pattern for vitest
  receiver: async ({}, use) => {
    const started: Receiver[] = []
    await use(async (...moods) => {
      const server = await startReceiver(moods)
      started.push(server)
      return server
    })
    for (const server of started) await server.close()
  },
})

const organiser = 'acc_o'
const event = {
  id: 'evt_1',
  organiserId: organiser,
  kind: 'concert',
  name: '겨울밤의 노래',
  venue: '올림픽홀',
  startsAt: '2026-10-03T10:00:00Z',
  timeZone: 'Asia/Seoul',
  currency: 'KRW',
} as const

const won = (amount: number) => ({ amount, currency: 'KRW' }) as const
const fulfilled = (orderId: string, organiserId = organiser) =>
  fact('orders.order-fulfilled.v1', {
    orderId,
    holdId: 'hld_1',
    accountId: 'acc_1',
    saleId: 'sal_1',
    lineId: 'lin_1',
    event: { ...event, organiserId },
    section: { id: 'sec_1', name: 'A' },
    seats: [{ number: 1, label: 'A-1' }],
    unitPrice: won(55_000),
    total: won(55_000),
    fulfilledAt: '2026-01-01T00:00:00.000Z',
  })
const stock = (free: number, held: number, sold: number) =>
  fact('inventory.stock-changed.v1', {
    saleId: 'sal_1',
    at: '2026-01-01T00:00:00.000Z',
    sections: [{ sectionId: 'sec_1', free, held, secured: 0, sold, blocked: 3 }],
  })
const published = (): Fact => {
  const sale = { saleId: 'sal_1', event } as EventData<'catalog.sale-published.v1'>
  return fact('catalog.sale-published.v1', sale)
}

const minute = 60_000
const hour = 60 * minute

async function world(platform: TestPlatform, config: Partial<WebhooksConfig> = {}, racepoints?: Racepoints) {
  const { module } = createWebhooks(
    { ...platform, ...(racepoints ? { racepoints } : {}) },
    { allowsLocal: true, ...config },
  )
  const { fastify } = platform.http([module])
  const register = (narrowed: object = statics.narrowed) =>
    platform.bus.register(
      { webhooks: statics.subscribes, spy: ['webhooks.endpoint-disabled.v1'] },
      { webhooks: narrowed },
    )
  await register()
  const ask = async <T = unknown>(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    payload?: object,
    who = organiser,
  ) => {
    const headers = await platform.authorization(who, { roles: ['organiser'] })
    const answer = await fastify.inject({
      method,
      url: `/api/webhooks${path}`,
      headers,
      ...(payload ? { payload } : {}),
    })
    return { status: answer.statusCode, body: (answer.body ? answer.json() : undefined) as T }
  }
  const publish = (...facts: Fact[]) => transaction(platform.db, (tx) => platform.outbox.publish(tx, facts))
  const loop = (name: string) => module.loops!.find((each) => each.name === name)!
  return {
    module,
    register,
    ask,
    publish,
    send: loop('webhooks.send'),
    async given(...facts: Fact[]): Promise<void> {
      await publish(...facts)
      await platform.settle([module])
    },
    /** Only takes the facts in; nothing is sent yet. */
    async noted(...facts: Fact[]): Promise<void> {
      await publish(...facts)
      await platform.settle([{ name: module.name, subscriptions: module.subscriptions! }])
    },
    async passes(ms: number): Promise<void> {
      platform.clock.advance(ms)
      await platform.settle([module])
    },
    async endpoint(url: string, types: WebhookType[] = ['order.fulfilled']) {
      const { body } = await ask<{ endpoint: WebhookEndpoint; secret: string }>('POST', '', { url, types })
      return { id: body.endpoint.id, secret: body.secret }
    },
    look: async (id: string) =>
      (await ask<{ items: WebhookEndpoint[] }>('GET', '')).body.items.find((endpoint) => endpoint.id === id)!,
    log: async (id: string) => (await ask<{ items: WebhookDelivery[] }>('GET', `/${id}/deliveries`)).body.items,
  }
}

test('an order is posted once however often its fact arrives, signed so that its receiver can check', async ({
  platform,
  receiver,
}) => {
  const server = await receiver()
  const { endpoint, given, log, module } = await world(platform)
  const { id, secret } = await endpoint(server.url)
  await given(fulfilled('ord_1'))
  const { handle } = module.subscriptions!.find(({ types }) => types.includes('orders.order-fulfilled.v1'))!
  const messageId = String(server.received[0]!.headers['webhook-id'])
  const again = { ...fulfilled('ord_1'), id: messageId, key: 'ord_1', time: platform.clock.now() }
  await transaction(platform.db, (tx) => handle(tx, [again as never]))
  await platform.settle([module])
  expect(server.received.length).toBe(1)
  const [webhook] = server.received as [(typeof server.received)[0]]
  expect(JSON.parse(webhook.body)).toEqual({
    type: 'order.fulfilled',
    timestamp: '2026-01-01T00:00:00.000Z',
    data: {
      orderId: 'ord_1',
      accountId: 'acc_1',
      eventId: 'evt_1',
      eventName: '겨울밤의 노래',
      saleId: 'sal_1',
      section: { id: 'sec_1', name: 'A' },
      seats: ['A-1'],
      total: won(55_000),
      fulfilledAt: '2026-01-01T00:00:00.000Z',
    },
  })
  expect(isAuthentic(webhook, secret, platform.clock.now())).toBe(true)
  expect(isAuthentic({ ...webhook, body: webhook.body.replace('55000', '1') }, secret, platform.clock.now())).toBe(
    false,
  )
  expect(await log(id)).toEqual([
    {
      messageId,
      type: 'order.fulfilled',
      state: 'delivered',
      createdAt: '2026-01-01T00:00:00.000Z',
      nextAttemptAt: null,
      attempts: [{ at: '2026-01-01T00:00:00.000Z', status: 204, ms: 0, reason: null }],
    },
  ])
})

const rowsFor = async (platform: TestPlatform): Promise<number> =>
  (await rows(platform.db, sql`select 1 from webhooks.messages`)).length + (await platform.bus.backlog())

test('what happens at the events of an organiser without an endpoint costs no row', async ({ platform, receiver }) => {
  const server = await receiver()
  const { endpoint, publish, given, ask } = await world(platform)
  await publish(fulfilled('ord_1'), stock(0, 0, 5))
  expect(await rowsFor(platform)).toBe(0)
  const { id } = await endpoint(server.url)
  await publish(fulfilled('ord_2', 'acc_other'))
  expect(await rowsFor(platform)).toBe(0)
  await given(fulfilled('ord_3'))
  expect(server.received.length).toBe(1)
  await ask('DELETE', `/${id}`)
  await publish(fulfilled('ord_4'))
  expect(await platform.bus.backlog()).toBe(0)
})

test('control: without narrowing it would', async ({ platform }) => {
  const { register, publish } = await world(platform)
  await register({})
  await publish(fulfilled('ord_1'))
  expect(await rowsFor(platform)).toBe(1)
})

test('a receiver that fails is tried for three days by the schedule, then the message has failed, and goes again under the same id when asked for', async ({
  platform,
  receiver,
}) => {
  const server = await receiver(...Array<number>(attemptsMax).fill(500))
  const { endpoint, given, passes, log, ask } = await world(platform)
  const { id } = await endpoint(server.url)
  await given(fulfilled('ord_1'))
  for (let attempt = 1; attempt < attemptsMax; attempt++) {
    expect(server.received.length).toBe(attempt)
    const [{ nextAttemptAt }] = (await log(id)) as [WebhookDelivery]
    const waitMs = Date.parse(nextAttemptAt!) - platform.clock.now()
    expect(waitMs).toBeGreaterThanOrEqual(pauseMs(attempt, 0))
    expect(waitMs).toBeLessThanOrEqual(pauseMs(attempt, 1))
    await passes(waitMs - 1)
    expect(server.received.length).toBe(attempt)
    await passes(1)
  }
  const [failed] = (await log(id)) as [WebhookDelivery]
  expect(failed).toMatchObject({ state: 'failed', nextAttemptAt: null })
  expect(failed.attempts.length).toBe(attemptsMax)
  expect(failed.attempts[0]).toMatchObject({ status: 500, reason: 'answered 500' })
  expect((await ask('POST', `/${id}/deliveries/${failed.messageId}/resend`)).status).toBe(202)
  await passes(0)
  expect(new Set(server.received.map(({ headers }) => headers['webhook-id']))).toEqual(new Set([failed.messageId]))
  expect(await log(id)).toMatchObject([{ state: 'delivered' }])
})

test('a receiver that asks for time gets it, and one that redirects is not followed', async ({
  platform,
  receiver,
}) => {
  const other = await receiver()
  const server = await receiver(
    { status: 503, headers: { 'retry-after': '7200' } },
    { status: 302, headers: { location: other.url } },
  )
  const { endpoint, given, passes, log } = await world(platform)
  const { id } = await endpoint(server.url)
  await given(fulfilled('ord_1'))
  expect(await log(id)).toMatchObject([{ nextAttemptAt: new Date(platform.clock.now() + 2 * hour).toISOString() }])
  await passes(2 * hour)
  expect((await log(id))[0]!.attempts[0]).toMatchObject({ status: 302, reason: 'answered 302' })
  expect(other.received).toEqual([])
})

test('a receiver that says nothing is left after fifteen seconds, and keeps nobody else waiting from then on', async ({
  platform,
  receiver,
}) => {
  const silent = await receiver('silence')
  const quick = await receiver()
  const { endpoint, noted, log, send } = await world(platform)
  const { id } = await endpoint(silent.url)
  await noted(fulfilled('ord_1'))
  const running = send.run()
  await silent.fellSilent
  platform.clock.advance(15_000)
  await running
  expect(await log(id)).toMatchObject([
    { state: 'waiting', attempts: [{ status: null, reason: 'no answer within 15000 ms' }] },
  ])
  await endpoint(quick.url)
  await noted(fulfilled('ord_2'))
  await send.run()
  expect(quick.received.length).toBe(1)
  expect(silent.received.length).toBe(1)
})

test('an endpoint that takes nothing for five days is switched off and its organiser told once', async ({
  platform,
  receiver,
}) => {
  const server = await receiver(...Array<number>(40).fill(500))
  const { endpoint, given, passes, look, log, publish, ask } = await world(platform)
  const { id } = await endpoint(server.url)
  await given(fulfilled('ord_1'))
  await passes(119 * hour)
  expect(await look(id)).toMatchObject({ disabled: null, failingSince: '2026-01-01T00:00:00.000Z' })
  await given(fulfilled('ord_2'))
  await passes(hour)
  expect(await look(id)).toMatchObject({ disabled: { why: 'failing' }, waiting: 0 })
  expect((await log(id)).map(({ state }) => state)).toEqual(['failed', 'failed'])
  expect((await platform.taken('spy')).map(({ data }) => data)).toEqual([
    {
      endpointId: id,
      accountId: organiser,
      url: server.url,
      failingSince: '2026-01-01T00:00:00.000Z',
      at: '2026-01-06T00:00:00.000Z',
    },
  ])
  const sent = server.received.length
  await given(fulfilled('ord_3'))
  expect(server.received.length).toBe(sent)
  await ask('PATCH', `/${id}`, { isEnabled: true })
  await publish(fulfilled('ord_4'))
  await passes(0)
  expect(server.received.length).toBe(sent + 1)
})

test('a receiver that says it is gone is believed at once', async ({ platform, receiver }) => {
  const server = await receiver(410)
  const { endpoint, given, look } = await world(platform)
  const { id } = await endpoint(server.url)
  await given(fulfilled('ord_1'), fulfilled('ord_2'))
  expect(await look(id)).toMatchObject({ disabled: { why: 'gone' }, waiting: 0 })
  expect((await platform.taken('spy')).length).toBe(1)
})

test('for a day after a rotation both secrets sign, then the new one alone', async ({ platform, receiver }) => {
  const server = await receiver()
  const { endpoint, given, ask } = await world(platform)
  const { id, secret: before } = await endpoint(server.url)
  const { body } = await ask<{ secret: string }>('POST', `/${id}/secret`)
  const signers = () => {
    const webhook = server.received.at(-1)!
    return [before, body.secret].map((secret) => isAuthentic(webhook, secret, platform.clock.now()))
  }
  platform.clock.advance(24 * hour - 1)
  await given(fulfilled('ord_1'))
  expect(signers()).toEqual([true, true])
  platform.clock.advance(1)
  await given(fulfilled('ord_2'))
  expect(signers()).toEqual([false, true])
})

test('a name that leads to a neighbour of ours reaches nothing, and the log says why', async ({
  platform,
  receiver,
}) => {
  const server = await receiver()
  const port = new URL(server.url).port
  const led = {
    'hooks.example.com': '127.0.0.1',
    'inside.example.com': '10.0.0.8',
    'meta.example.com': '169.254.169.254',
  }
  const { endpoint, given, log } = await world(platform, {
    allowsLocal: false,
    // A name with two addresses, one of them public, is refused as a whole: which one is taken is chance.
    resolve: async (host) => [
      { address: '203.0.114.9', family: 4 },
      { address: led[host as keyof typeof led], family: 4 },
    ],
  })
  for (const [host, address] of Object.entries(led)) {
    const { id } = await endpoint(`https://${host}:${port}/`)
    await given(fulfilled('ord_1'))
    expect((await log(id))[0]!.attempts[0]).toMatchObject({
      status: null,
      reason: `${host} leads to ${address}, which is not on the internet`,
    })
  }
  expect(server.received).toEqual([])
})

/** How often the receiver got the one message, when a second sender looks while the first one is sending. */
async function twoSenders(platform: TestPlatform, server: Receiver): Promise<number> {
  const { endpoint, noted, send } = await world(platform)
  await endpoint(server.url)
  await noted(fulfilled('ord_1'))
  const other = await world(platform, {}, { reach: async () => undefined })
  const sending = platform.racepoints.hold('webhooks.leased')
  const first = send.run()
  await sending.reached
  await other.send.run()
  sending.open()
  await first
  return server.received.length
}

test('a message in the hands of one sender is left alone by the others', async ({ platform, receiver }) => {
  expect(await twoSenders(platform, await receiver())).toBe(1)
})

test('control: without the lease both would post it', async ({ platform, receiver }) => {
  await freezeColumn(platform.db, 'webhooks.deliveries', 'due_at')
  expect(await twoSenders(platform, await receiver())).toBe(2)
})

test('a message whose sender died is posted by another when the lease ends', async ({ platform, receiver }) => {
  const server = await receiver()
  const { endpoint, noted, passes, log } = await world(platform)
  const { id } = await endpoint(server.url)
  await noted(fulfilled('ord_1'))
  const dying = await world(platform, {}, { reach: () => Promise.reject(new Error('killed')) })
  await expect(dying.send.run()).rejects.toThrow('killed')
  await passes(59_999)
  expect(server.received).toEqual([])
  await passes(1)
  expect(server.received.length).toBe(1)
  expect(await log(id)).toMatchObject([{ state: 'delivered', attempts: [{ status: 204 }] }])
})

test('a sale is told to be sold out once, when nothing is free, held or being paid for', async ({
  platform,
  receiver,
}) => {
  const server = await receiver()
  const { endpoint, given } = await world(platform)
  await given(published())
  await endpoint(server.url, ['sale.sold_out'])
  await given(stock(1, 0, 4))
  await given(stock(0, 1, 4))
  expect(server.received).toEqual([])
  await given(stock(0, 0, 5))
  await given(stock(1, 0, 4))
  await given(stock(0, 0, 5))
  expect(server.received.map(({ body }) => JSON.parse(body).data)).toEqual([
    { saleId: 'sal_1', eventId: 'evt_1', eventName: '겨울밤의 노래', sold: 5, soldOutAt: '2026-01-01T00:00:00.000Z' },
  ])
})

/** A sale is published while its organiser's first endpoint is being made: whether it is heard of when it sells out. */
async function publishedMeanwhile(platform: TestPlatform, server: Receiver): Promise<boolean> {
  const { endpoint, given, module } = await world(platform)
  const { handle } = module.subscriptions!.find(({ types }) => types.includes('catalog.sale-published.v1'))!
  const message = { ...published(), id: 'msg_1', key: 'sal_1', time: platform.clock.now() }
  const isHandled = Promise.withResolvers<void>()
  const mayCommit = Promise.withResolvers<void>()
  const publishing = transaction(platform.db, async (tx) => {
    await handle(tx, [message as never])
    isHandled.resolve()
    await mayCommit.promise
  })
  await isHandled.promise
  const making = endpoint(server.url, ['sale.sold_out'])
  await Promise.race([making, untilWaiting(platform.db)])
  mayCommit.resolve()
  await Promise.all([publishing, making])
  await given(stock(0, 0, 5))
  return server.received.length === 1
}

test('a sale that is published while an endpoint is made is heard of', async ({ platform, receiver }) => {
  expect(await publishedMeanwhile(platform, await receiver())).toBe(true)
})

test('control: without the lock it would not be', async ({ platform, receiver }) => {
  const unlocked = { ...platform, db: withoutGuard(platform.db, 'pg_advisory_xact_lock(', '(') }
  expect(await publishedMeanwhile(unlocked, await receiver())).toBe(false)
})

test('an endpoint gets what it asked for and no more, and a test message whenever its organiser wants', async ({
  platform,
  receiver,
}) => {
  const server = await receiver()
  const { endpoint, given, ask, passes } = await world(platform)
  const { id } = await endpoint(server.url, ['ticket.checked_in', 'order.refunded'])
  await given(
    fulfilled('ord_1'),
    fact('tickets.checked-in.v1', {
      ticketId: 'tkt_1',
      orderId: 'ord_1',
      event,
      section: { id: 'sec_1', name: 'A' },
      label: 'A-1',
      usedAt: '2026-01-01T00:00:00.000Z',
    }),
  )
  await ask('POST', `/${id}/test`)
  await passes(0)
  expect(server.received.map(({ body }) => JSON.parse(body).type)).toEqual(['ticket.checked_in', 'webhook.test'])
})

test("somebody else's endpoint is unknown, a URL must be fit, and ten endpoints are enough", async ({ platform }) => {
  const { endpoint, ask } = await world(platform, { allowsLocal: false })
  const { id } = await endpoint('https://hooks.example.com/')
  for (const [method, path] of [
    ['PATCH', `/${id}`],
    ['DELETE', `/${id}`],
    ['POST', `/${id}/secret`],
    ['POST', `/${id}/test`],
    ['GET', `/${id}/deliveries`],
    ['POST', `/${id}/deliveries/msg_1/resend`],
  ] as const)
    expect((await ask(method, path, method === 'PATCH' ? {} : undefined, 'acc_stranger')).body).toMatchObject({
      code: 'webhooks.endpoint-not-found',
    })
  const wish = { url: 'http://hooks.example.com/', types: ['order.fulfilled'] }
  expect((await ask('POST', '', wish)).body).toMatchObject({
    code: 'webhooks.url-invalid',
    detail: 'url must begin with https://',
  })
  for (let n = 2; n <= 10; n++) await endpoint(`https://hooks.example.com/${n}`)
  expect(await ask('POST', '', { ...wish, url: 'https://hooks.example.com/11' })).toMatchObject({
    status: 409,
    body: { code: 'webhooks.too-many', endpointsMax: 10 },
  })
})

test('messages and their log are forgotten after thirty days', async ({ platform, receiver }) => {
  const server = await receiver()
  const { endpoint, given, passes, log } = await world(platform)
  const { id } = await endpoint(server.url)
  await given(fulfilled('ord_1'))
  await passes(30 * 24 * hour + 1)
  expect(await log(id)).toEqual([])
  expect(await rowsFor(platform)).toBe(0)
})

pure('what cannot be an endpoint is said in words', () => {
  const fit = (url: string, allowsLocal = false) => urlFault(url, allowsLocal)
  expect(fit('https://hooks.example.com:8443/a?b=c')).toBeUndefined()
  expect(fit('hooks.example.com')).toContain('must be a URL')
  expect(fit('ftp://hooks.example.com')).toBe('must begin with https://')
  expect(fit('https://user:secret@hooks.example.com')).toBe('must not have a password in it')
  expect(fit('https://hooks.example.com/#a')).toBe('must not have a #')
  for (const local of ['https://localhost/', 'https://127.0.0.1/', 'https://[::1]/', 'https://0x7f.1/'])
    expect(fit(local)).toBe('must be on the internet')
  expect(fit('http://localhost:4000/', true)).toBeUndefined()
  expect(fit('http://10.0.0.8/', true)).toBe('must begin with https://')
})

pure('SPEC.md shows the table that the code uses', () => {
  const spec = readFileSync(new URL('./SPEC.md', import.meta.url), 'utf8')
  for (const [state, row] of Object.entries(nextState))
    expect(spec).toContain(
      `| ${state} | ${row.accepted} | ${row.deferred} | ${row.exhausted} | ${row.gone} | ${row.disabled} | ${row.resend} |`,
    )
})
