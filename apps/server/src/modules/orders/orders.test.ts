import { expect } from 'vitest'
import type { Order as OrderDocument } from '@fairgate/contracts/http/orders'
import { orderFigures } from '@fairgate/contracts/http/orders'
import { urlOf } from '@fairgate/contracts/client'
import { fact } from '#platform/bus'
import { sql } from '#platform/db'
import { openTestPlatform, test } from '../../../test/fixtures.ts'
import { createOrders } from './index.ts'
import { event, openWorld } from '../../../test/orders-world.ts'

test('placing a hold gives an order to be paid, and tells it', async ({ platform }) => {
  const { hold, place, taken } = await openWorld(platform)
  const answer = await place(hold('a'))
  expect(answer.statusCode).toBe(201)
  const { order, paymentRequestToken } = answer.json<{ order: OrderDocument; paymentRequestToken: string }>()
  expect(order).toEqual({
    id: expect.stringMatching(/^ord_/),
    state: 'awaiting-payment',
    event,
    section: { id: 'sec_1', name: 'Floor' },
    items: [
      { seatId: 'sea_1-1', label: 'A-1', price: { amount: 55_000, currency: 'KRW' } },
      { seatId: 'sea_1-2', label: 'A-2', price: { amount: 55_000, currency: 'KRW' } },
    ],
    total: { amount: 110_000, currency: 'KRW' },
    placedAt: '2026-01-01T00:00:00.000Z',
    payBy: '2026-01-01T00:05:00.000Z',
    refusal: null,
    paymentRequestToken,
  })
  expect(platform.tokens.verify('payment-request', paymentRequestToken)).toEqual({
    kind: 'valid',
    payload: {
      orderId: order.id,
      accountId: 'acc_buyer',
      eventId: 'evt_1',
      amount: order.total,
      exp: platform.clock.now() + 300_000,
    },
  })
  expect(await taken()).toMatchObject([
    {
      type: 'orders.order-placed.v1',
      key: order.id,
      data: { holdId: 'hld_a', accountId: 'acc_buyer', total: order.total, payBy: order.payBy },
    },
  ])
})

test('a hold sent many times at once, through two processes, becomes one order', async ({ platform }) => {
  const { hold, place, taken } = await openWorld(platform)
  const other = await openTestPlatform(platform.databaseUrl, { seed: 2, origin: 'other' })
  const otherHttp = other.http([createOrders(other).module]).fastify
  const headers = await other.authorization('acc_buyer')
  const tokens = ['a', 'b', 'c'].map((name) => hold(name))
  const answers = await Promise.all(
    Array.from({ length: 60 }, (_, i) =>
      i % 2 === 0
        ? place(tokens[i % 3]!)
        : otherHttp.inject({ method: 'POST', url: '/api/orders', headers, payload: { holdToken: tokens[i % 3] } }),
    ),
  )
  await other.database.close()
  expect(answers.filter(({ statusCode }) => statusCode === 201)).toHaveLength(3)
  expect(answers.filter(({ statusCode }) => statusCode === 200)).toHaveLength(57)
  expect(new Set(answers.map((answer) => answer.json<{ order: { id: string } }>().order.id)).size).toBe(3)
  expect(await taken()).toHaveLength(3)
})

test('a hold token that is forged, foreign or over is refused', async ({ platform }) => {
  const { hold, place } = await openWorld(platform)
  const token = hold('a')
  const codes = async (...answers: Awaited<ReturnType<typeof place>>[]) =>
    answers.map((answer) => [answer.statusCode, answer.json<{ code: string }>().code])
  expect(await codes(await place(`${token}x`), await place('nonsense'), await place(token, 'acc_other'))).toEqual([
    [403, 'orders.hold-invalid'],
    [403, 'orders.hold-invalid'],
    [403, 'orders.hold-invalid'],
  ])
  platform.clock.advance(300_000)
  expect(await codes(await place(token))).toEqual([[409, 'orders.hold-expired']])
})

test('who sends an expired hold again is shown the order it became', async ({ platform }) => {
  const { hold, place } = await openWorld(platform)
  const token = hold('a')
  const first = (await place(token)).json<{ order: OrderDocument }>()
  platform.clock.advance(300_000)
  const again = await place(token)
  expect([again.statusCode, again.json().order.id, again.json().order.paymentRequestToken]).toEqual([
    200,
    first.order.id,
    undefined,
  ])
})

test('the fee of the event is in the total, and said in the order and its facts; free seats have none', async ({
  platform,
}) => {
  const { hold, place, taken } = await openWorld(platform)
  const fees = { perTicket: 1000, basisPoints: 250 }
  const { order } = (await place(hold('a', { event: { ...event, fees } }))).json<{ order: OrderDocument }>()
  const money = { fee: { amount: 4750, currency: 'KRW' }, total: { amount: 114_750, currency: 'KRW' } }
  expect(order).toMatchObject(money)
  const nothing = { amount: 0, currency: 'KRW' as const }
  const free = (await place(hold('b', { event: { ...event, fees }, unitPrice: nothing, total: nothing }))).json<{
    order: OrderDocument
  }>().order
  expect(free).toMatchObject({ total: nothing })
  expect(free).not.toHaveProperty('fee')
  const placed = (await taken()).filter(({ type }) => type === 'orders.order-placed.v1')
  expect(placed[0]!.data).toMatchObject(money)
})

test('orders are listed newest first in pages', async ({ platform }) => {
  const { hold, place, list } = await openWorld(platform)
  for (let i = 0; i < 25; i++) {
    await place(hold(`h${i}`))
    platform.clock.advance(1000)
  }
  const first = (await list()).json<{ items: OrderDocument[]; nextCursor: string | null }>()
  const second = (await list({ cursor: first.nextCursor })).json<{
    items: OrderDocument[]
    nextCursor: string | null
  }>()
  expect([first.items.length, second.items.length, second.nextCursor]).toEqual([20, 5, null])
  const times = [...first.items, ...second.items].map(({ placedAt }) => placedAt)
  expect(times).toEqual(times.toSorted((a, b) => b.localeCompare(a)))
})

test('a foreign order is unknown in every call', async ({ platform }) => {
  const { placed, get, list, cancel } = await openWorld(platform)
  const { id } = await placed('a')
  const problem = (answer: Awaited<ReturnType<typeof get>>) => ({ ...answer.json<object>(), requestId: '' })
  const unknown = problem(await get('ord_none', {}, 'acc_other'))
  expect(unknown).toMatchObject({ status: 404, code: 'orders.order-not-found' })
  expect(problem(await get(id, {}, 'acc_other'))).toEqual(unknown)
  expect(problem(await get(id, { waitSeconds: 10 }, 'acc_other'))).toEqual(unknown)
  expect(problem(await cancel(id, 'acc_other'))).toEqual(unknown)
  expect((await list({}, 'acc_other')).json().items).toEqual([])
})

test('an unpaid order is cancelled once; its seats are released; a paid one cannot be cancelled', async ({
  platform,
}) => {
  const { placed, cancel, taken, publish, settle, play } = await openWorld(platform)
  const { id } = await placed('a')
  for (const answer of [await cancel(id), await cancel(id)])
    expect([answer.statusCode, answer.json().state]).toEqual([200, 'cancelled'])
  expect(await taken()).toMatchObject([
    { type: 'orders.release-requested.v1', data: { orderId: id, holdId: 'hld_a', sold: false } },
    { type: 'orders.order-ended.v1', data: { orderId: id, state: 'cancelled', reason: 'cancelled-by-buyer' } },
  ])

  const second = await placed('b')
  await publish(second.model.pay('pay_1'))
  await settle()
  const refused = await cancel(second.id)
  expect([refused.statusCode, refused.json().code]).toEqual([409, 'orders.not-cancellable'])
  await play()
  expect((await cancel(second.id)).json().code).toBe('orders.no-refunds')
})

test('unpaid orders expire after any downtime, and only when their time is over', async ({ platform }) => {
  const { placed, face, settle, state, taken, cancel } = await openWorld(platform)
  const { id: early } = await placed('early', { exp: platform.clock.now() + 60_000 })
  const { id: late } = await placed('late')
  platform.clock.advance(59_999)
  await settle()
  expect(await state(early)).toBe('awaiting-payment')
  platform.clock.advance(1)
  await settle()
  expect([await state(early), await state(late)]).toEqual(['expired', 'awaiting-payment'])
  expect(await taken()).toMatchObject([
    { type: 'orders.release-requested.v1', data: { holdId: 'hld_early', sold: false } },
    { type: 'orders.order-ended.v1', data: { orderId: early, state: 'expired', reason: 'not-paid-in-time' } },
  ])
  platform.clock.advance(7 * 24 * 3600_000)
  await settle()
  expect(await state(late)).toBe('expired')
  expect((await cancel(late)).json().code).toBe('orders.not-cancellable')
  expect((await face.history(late)).map(({ event, from, to }) => [event, from, to])).toEqual([
    ['placed', null, 'awaiting-payment'],
    ['deadline', 'awaiting-payment', 'expired'],
  ])
})

test('a request that waits is answered when the payment has ended', async ({ platform }) => {
  const { placed, get, publish, play } = await openWorld(platform)
  const { id, model } = await placed('a')
  const waiting = get(id, { waitSeconds: 20 })
  await publish(model.pay('pay_1'))
  await play()
  expect((await waiting).json()).toMatchObject({ state: 'fulfilled', refusal: null })
  expect((await get(id, { waitSeconds: 20 })).json().state).toBe('fulfilled')
})

test('a request that waits is answered by a new refusal, not by an old one', async ({ platform }) => {
  const { placed, get, publish, play } = await openWorld(platform)
  const { id, model } = await placed('a', {}, { refuses: () => true })
  const first = get(id, { waitSeconds: 20 })
  await publish(model.pay('pay_1'))
  await play()
  expect((await first).json()).toMatchObject({
    state: 'awaiting-payment',
    refusal: { code: 'REJECT_CARD_PAYMENT' },
    paymentRequestToken: expect.any(String),
  })

  platform.clock.advance(1)
  let answered = false
  const second = get(id, { waitSeconds: 20 }).then((answer) => {
    answered = true
    return answer
  })
  await play()
  expect(answered).toBe(false)
  await publish(model.pay('pay_2'))
  await play()
  expect((await second).json().state).toBe('awaiting-payment')
})

test('an organiser sees the figures of own events only; an admin sees all', async ({ platform }) => {
  const { placed, http, publish, play, settle } = await openWorld(platform)
  const figures = async (accountId: string, roles: string[]) =>
    http.inject({
      method: 'GET',
      url: urlOf(orderFigures, { id: 'evt_1' }, undefined),
      headers: await platform.authorization(accountId, { roles }),
    })
  expect((await figures('acc_organiser', ['organiser'])).json().code).toBe('catalog.event-not-found')
  await publish(
    fact('catalog.sale-published.v1', {
      saleId: 'sal_1',
      event,
      method: 'queue',
      opensAt: '2026-01-01T00:00:00Z',
      closesAt: '2026-02-01T00:00:00Z',
      holdSeconds: 300,
      limitPerAccount: 4,
      lines: [],
      sections: [],
    }),
  )
  await settle()
  expect((await figures('acc_organiser', ['organiser'])).json()).toEqual({
    eventId: 'evt_1',
    byState: {},
    sections: [],
    revenue: { amount: 0, currency: 'KRW' },
  })

  const first = await placed('a')
  await placed('b')
  await publish(first.model.pay('pay_1'))
  await play()
  const expected = {
    eventId: 'evt_1',
    byState: { fulfilled: 1, 'awaiting-payment': 1 },
    sections: [{ sectionId: 'sec_1', name: 'Floor', seatsSold: 2, revenue: 110_000 }],
    revenue: { amount: 110_000, currency: 'KRW' },
  }
  expect((await figures('acc_organiser', ['organiser'])).json()).toEqual(expected)
  expect((await figures('acc_admin', ['admin'])).json()).toEqual(expected)
  const foreign = await figures('acc_else', ['organiser'])
  expect([foreign.statusCode, foreign.json().code]).toEqual([404, 'catalog.event-not-found'])
  expect((await figures('acc_buyer', ['buyer'])).statusCode).toBe(403)
})

test('the audit agrees with the books and finds planted faults', async ({ platform }) => {
  const { face, placed, publish, play } = await openWorld(platform)
  const first = await placed('a')
  const second = await placed('b', { seats: [{ number: 3, label: 'A-3' }] })
  const third = await placed('c', { seats: [{ number: 4, label: 'A-4' }] })
  await publish(first.model.pay('pay_1'), second.model.pay('pay_2'))
  await play()
  expect(await face.module.audit!('evt_1')).toEqual({
    checks: [
      {
        name: 'the total of an order is its unit price times its seats, and its fee, less its discount',
        violations: 0,
      },
      {
        name: 'a fulfilled order has exactly one captured payment, of its total, or none when it is free',
        violations: 0,
      },
      { name: 'no money is kept for an order without seats, but the fees of returned seats', violations: 0 },
      { name: 'no seat goes back twice', violations: 0 },
      { name: 'returned seats were paid with no more than their order', violations: 0 },
      { name: 'no code is used more often than it may be', violations: 0 },
      { name: 'an order has a use of its code while it lives, and none after', violations: 0 },
    ],
    figures: { orders: 3, fulfilled: 2, pending: 0, stuck: 0, refundsPending: 0 },
    byOrder: {
      moneyKept: { [first.id]: 110_000, [second.id]: 55_000 },
      feesKept: { [first.id]: 0, [second.id]: 0 },
      seats: { [first.id]: 2, [second.id]: 1 },
    },
  })
  expect((await face.module.audit!('evt_other')).figures.orders).toBe(0)

  await sql`update orders.payments set state = 'refunded' where order_id = ${first.id}`.execute(platform.db)
  await sql`insert into orders.payments values (${second.id}, 'pay_9', 55000, 'KRW', 'captured', ${new Date(0)})`.execute(
    platform.db,
  )
  await sql`insert into orders.payments values (${third.id}, 'pay_8', 55000, 'KRW', 'captured', ${new Date(0)})`.execute(
    platform.db,
  )
  expect((await face.module.audit!()).checks.map(({ violations }) => violations)).toEqual([0, 2, 1, 0, 0, 0, 0])
  await expect(
    sql`update orders.orders set total = total + 1 where id = ${first.id}`.execute(platform.db),
  ).rejects.toThrow('orders_total')
})

test('an order that nobody answers is shown as stuck', async ({ platform }) => {
  const { face, placed, publish, settle } = await openWorld(platform, { stuckAfterMs: 60_000 })
  const { id, model } = await placed('a')
  await publish(model.pay('pay_1'))
  await settle()
  expect(await face.stuck(60_000)).toEqual([])
  expect(await face.pendingOrders()).toEqual([id])
  platform.clock.advance(60_001)
  expect(await face.stuck(60_000)).toEqual([
    { orderId: id, state: 'securing', paymentId: null, since: new Date(platform.clock.now() - 60_001) },
  ])
  await settle()
  expect(await platform.metrics.text()).toContain('fairgate_orders_stuck 1')
  expect((await face.module.audit!()).figures).toMatchObject({ pending: 1, stuck: 1 })
})
