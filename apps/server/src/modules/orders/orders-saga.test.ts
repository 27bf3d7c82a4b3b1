import fc from 'fast-check'
import { expect } from 'vitest'
import type { Order as OrderDocument } from '@fairgate/contracts/http/orders'
import { fact } from '#platform/bus'
import { row, sql } from '#platform/db'
import { openTestPlatform, test } from '../../../test/fixtures.ts'
import { createOrders } from './index.ts'
import { openWorld } from '../../../test/orders-world.ts'
import type { Model } from '../../../test/orders-model.ts'

test('a purchase: secured, captured, sold, fulfilled', async ({ platform }) => {
  const { placed, publish, play, face, get, models } = await openWorld(platform)
  const { id, model } = await placed('a')
  await publish(model.pay('pay_1'))
  expect(await play()).toEqual(['secure-requested', 'capture-requested', 'sell-requested', 'order-fulfilled'])
  expect((await get(id)).json()).toMatchObject({ state: 'fulfilled', refusal: null })
  expect((await get(id)).json().paymentRequestToken).toBeUndefined()
  expect((await face.history(id)).map(({ version, event, to }) => `${version} ${event} ${to}`)).toEqual([
    '0 placed awaiting-payment',
    '1 payment-requested securing',
    '2 hold-secured capturing',
    '3 payment-captured selling',
    '4 seats-sold fulfilled',
  ])
  expect([models.get(id)!.seats, models.get(id)!.tickets, models.get(id)!.moneyKept]).toEqual([
    'sold',
    'valid',
    110_000,
  ])
})

test('after a first refusal the buyer has ten minutes for another card, or as long as at first, after later ones what is left', async ({
  platform,
}) => {
  const { placed, publish, settle, taken, get } = await openWorld(platform)
  const { id, model } = await placed('a', {}, { refuses: (paymentId) => paymentId !== 'pay_3' })
  const asked: number[] = []
  const shown: unknown[] = []
  platform.clock.advance(200_000)
  for (const paymentId of ['pay_1', 'pay_2', 'pay_3']) {
    await publish(model.pay(paymentId))
    for (;;) {
      await settle()
      const requests = await taken()
      if (requests.length === 0) break
      for (const { type, data } of requests) if (type === 'orders.return-requested.v1') asked.push(data.holdSeconds)
      await publish(...requests.flatMap((request) => model.hear(request)))
    }
    const { state, refusal } = (await get(id)).json()
    shown.push([state, refusal])
  }
  const refusal = { code: 'REJECT_CARD_PAYMENT', message: 'refused' }
  expect(shown).toEqual([
    ['awaiting-payment', refusal],
    ['awaiting-payment', refusal],
    ['fulfilled', null],
  ])
  expect(asked).toEqual([600, 0])
  const exp = platform.clock.now() + 900_000
  const longer = await placed('b', { exp }, { refuses: () => true })
  await publish(longer.model.pay('pay_4'))
  for (const type of ['secure', 'capture', 'return']) {
    await settle()
    const [request] = await taken()
    expect(request).toMatchObject({ type: `orders.${type}-requested.v1` })
    if (request!.type === 'orders.return-requested.v1') asked.push(request!.data.holdSeconds)
    await publish(...longer.model.hear(request!))
  }
  expect(asked).toEqual([600, 0, 900])
})

test('the answer of inventory moves the time to pay, and the new time counts', async ({ platform }) => {
  const { placed, publish, settle, state, get } = await openWorld(platform)
  const { id, model } = await placed('a', {}, { refuses: () => true })
  const ids = { orderId: id, holdId: 'hld_a' }
  await publish(model.pay('pay_1'))
  await settle()
  await publish(fact('inventory.hold-secured.v1', { ...ids, attempt: 1 }))
  await settle()
  await publish(
    fact('payments.payment-refused.v1', {
      orderId: id,
      paymentId: 'pay_1',
      code: 'REJECT_CARD_PAYMENT',
      message: 'no',
    }),
  )
  await settle()
  platform.clock.advance(400_000)
  await settle()
  expect(await state(id)).toBe('returning')
  await publish(fact('inventory.hold-returned.v1', { ...ids, expiresAt: '2026-01-01T00:10:00Z' }))
  await settle()
  expect((await get(id)).json()).toMatchObject({ state: 'awaiting-payment', payBy: '2026-01-01T00:10:00.000Z' })
  platform.clock.advance(200_000)
  await settle()
  expect(await state(id)).toBe('expired')
})

test('a lost hold: nothing is captured, the payment is declined, the order has expired', async ({ platform }) => {
  const { placed, publish, play, get } = await openWorld(platform)
  const { id, model } = await placed('a')
  model.lapse()
  model.takenByOthers()
  await publish(model.pay('pay_1'))
  expect(await play()).toEqual(['secure-requested', 'payment-declined', 'order-ended'])
  expect((await get(id)).json()).toMatchObject({ state: 'expired', refusal: { code: 'orders.seats-lost' } })
  expect([model.moneyKept, model.paymentsWithoutAnswer]).toEqual([0, []])
})

test('late money: the same seats are still free, so they are sold', async ({ platform }) => {
  const { placed, publish, play, settle, state, taken } = await openWorld(platform)
  const { id, model } = await placed('a')
  platform.clock.advance(300_000)
  await settle()
  expect(await state(id)).toBe('expired')
  for (const request of await taken()) model.hear(request)
  await publish(...model.captureUnasked('pay_1'))
  expect(await play()).toEqual(['secure-requested', 'sell-requested', 'order-fulfilled'])
  expect([await state(id), model.seats, model.tickets, model.moneyKept]).toEqual([
    'fulfilled',
    'sold',
    'valid',
    110_000,
  ])
})

test('late money: the seats are gone, so it is given back', async ({ platform }) => {
  const { placed, publish, play, settle, state, taken, get, face } = await openWorld(platform)
  const { id, model } = await placed('a')
  platform.clock.advance(300_000)
  await settle()
  for (const request of await taken()) model.hear(request)
  model.takenByOthers()
  await publish(...model.captureUnasked('pay_1'))
  expect(await play()).toEqual(['secure-requested', 'refund-requested', 'order-ended'])
  expect([await state(id), model.tickets, model.moneyKept]).toEqual(['refunded', 'revoked', 0])
  expect((await get(id)).json()).toMatchObject({ state: 'refunded', refusal: { code: 'orders.seats-lost' } })
  expect((await face.module.audit!()).checks.every(({ violations }) => violations === 0)).toBe(true)
})

test('late money: the seats are gone and the buyer takes equal ones, which are the order from then on', async ({
  platform,
}) => {
  const { placed, publish, play, settle, taken, get, face } = await openWorld(platform)
  const { id, model } = await placed('a', {}, { acceptEqualSeats: true })
  platform.clock.advance(300_000)
  await settle()
  for (const request of await taken()) model.hear(request)
  model.takenByOthers()
  await publish(...model.captureUnasked('pay_1'))
  const told: unknown[] = []
  expect(await play((request) => told.push(request))).toEqual(['secure-requested', 'sell-requested', 'order-fulfilled'])
  expect(told[0]).toMatchObject({ data: { late: true, equal: true } })
  const late = { seatsBefore: ['A-1', 'A-2'] }
  expect(told[2]).toMatchObject({ data: { seats: [{ number: 100 }, { number: 101 }], late } })
  expect((await get(id)).json()).toMatchObject({
    state: 'fulfilled',
    items: [{ label: 'Z-0' }, { label: 'Z-1' }],
    acceptsEqualSeats: true,
    late,
  })
  expect((await face.module.audit!()).checks.every(({ violations }) => violations === 0)).toBe(true)
})

test('an order that costs nothing: secured, sold, fulfilled, and no payment is asked for', async ({ platform }) => {
  const { hold, place, modelOf, play, get, face } = await openWorld(platform)
  const nothing = { amount: 0, currency: 'KRW' } as const
  const token = hold('a', { unitPrice: nothing, total: nothing })
  const answer = await place(token)
  const { order, ...rest } = answer.json<{ order: OrderDocument }>()
  expect([answer.statusCode, order.state, rest]).toEqual([201, 'paying', {}])
  const model = modelOf('a', order)
  const again = await place(token)
  expect([again.statusCode, again.json().order.id, Object.keys(again.json())]).toEqual([200, order.id, ['order']])
  expect(await play()).toEqual(['order-placed', 'secure-requested', 'sell-requested', 'order-fulfilled'])
  expect((await get(order.id)).json()).toMatchObject({ state: 'fulfilled' })
  expect([model.seats, model.tickets, model.moneyKept]).toEqual(['sold', 'valid', 0])
  await face.refund(order.id, 'the concert is off')
  expect(await play()).toEqual(['release-requested', 'order-ended'])
  expect([model.seats, model.tickets, (await get(order.id)).json().state]).toEqual(['free', 'revoked', 'refunded'])
  expect((await face.module.audit!()).checks.every(({ violations }) => violations === 0)).toBe(true)
})

test('an order that costs nothing ends when its seats are gone', async ({ platform }) => {
  const { hold, place, modelOf, play, get } = await openWorld(platform)
  const nothing = { amount: 0, currency: 'KRW' } as const
  const { order } = (await place(hold('a', { unitPrice: nothing, total: nothing }))).json<{ order: OrderDocument }>()
  const model = modelOf('a', order)
  model.lapse()
  model.takenByOthers()
  expect(await play()).toEqual(['order-placed', 'secure-requested', 'order-ended'])
  expect((await get(order.id)).json()).toMatchObject({ state: 'expired', refusal: { code: 'orders.seats-lost' } })
})

test('a second payment while one is under way is declined; money that comes twice is given back once and the order stays', async ({
  platform,
}) => {
  const { placed, publish, play, state, taken, settle } = await openWorld(platform)
  const { id, model } = await placed('a')
  await publish(model.pay('pay_1'), model.pay('pay_2'))
  await settle()
  const requests = await taken()
  expect(requests.map(({ type, data }) => [type, (data as { paymentId?: string }).paymentId])).toEqual([
    ['orders.secure-requested.v1', undefined],
    ['orders.payment-declined.v1', 'pay_2'],
  ])
  await publish(...requests.flatMap((request) => model.hear(request)))
  await play()
  await publish(...model.captureUnasked('pay_2'))
  expect(await play()).toEqual(['refund-requested'])
  expect([await state(id), model.moneyKept, model.tickets]).toEqual(['fulfilled', 110_000, 'valid'])
})

test('an operator gives the money of a fulfilled order back once: tickets are revoked and the seats are on sale again', async ({
  platform,
}) => {
  const { placed, publish, play, state, face } = await openWorld(platform)
  const { id, model } = await placed('a')
  await expect(face.refund('ord_none', 'x')).rejects.toMatchObject({ code: 'orders.order-not-found' })
  await expect(face.refund(id, 'x')).rejects.toThrow('refund is not possible')
  await publish(model.pay('pay_1'))
  await play()
  await face.refund(id, 'the concert is off')
  await face.refund(id, 'the concert is off')
  expect(await face.pendingOrders()).toEqual([id])
  expect(await play()).toEqual(['refund-requested', 'release-requested', 'order-ended'])
  expect([await state(id), model.seats, model.tickets, model.moneyKept]).toEqual(['refunded', 'free', 'revoked', 0])
  expect(await face.pendingOrders()).toEqual([])
})

test('every fact twice, in one batch and again later, changes nothing', async ({ platform }) => {
  const { placed, publish, settle, taken, face, state } = await openWorld(platform)
  const { id, model } = await placed('a')
  const told: string[] = []
  let answers = [model.pay('pay_1')]
  const heard = [...answers]
  while (answers.length > 0) {
    await publish(...answers, ...answers)
    await settle()
    const requests = await taken()
    told.push(...requests.map(({ type }) => type))
    answers = requests.flatMap((request) => model.hear(request))
    heard.push(...answers)
  }
  const history = await face.history(id)
  await publish(...heard, ...heard)
  await settle()
  expect(await taken()).toEqual([])
  expect(told).toEqual([
    'orders.secure-requested.v1',
    'orders.capture-requested.v1',
    'orders.sell-requested.v1',
    'orders.order-fulfilled.v1',
  ])
  expect(await face.history(id)).toEqual(history)
  expect([await state(id), await platform.bus.parked.list()]).toEqual(['fulfilled', []])
})

test('a fact that cannot be true is parked, and the orders beside it go on', async ({ platform }) => {
  const { placed, publish, settle, state } = await openWorld(platform)
  const first = await placed('a')
  const second = await placed('b')
  await publish(
    fact('inventory.seats-sold.v1', { orderId: first.id, holdId: 'hld_a' }),
    fact('inventory.seats-sold.v1', { orderId: 'ord_none', holdId: 'hld_none' }),
    second.model.pay('pay_1'),
  )
  // Until the two have been tried often enough; less than the time to pay.
  for (let i = 0; i < 12; i++) {
    await settle()
    platform.clock.advance(15_000)
  }
  expect([await state(first.id), await state(second.id)]).toEqual(['awaiting-payment', 'securing'])
  expect((await platform.bus.parked.list()).map(({ reason }) => reason).toSorted((a, b) => a.localeCompare(b))).toEqual(
    [
      `Error: order ${first.id} is awaiting-payment: inventory.seats-sold.v1 is not possible`,
      'Error: there is no order ord_none',
    ],
  )
})

test('crowds of purchases that go every way, told through the bus twice, end with money kept for tickets only', async ({
  platform,
}) => {
  const { placed, publish, settle, taken, face, modules } = await openWorld(platform)
  const choices = fc.sample(fc.array(fc.nat({ max: 9 }), { minLength: 12, maxLength: 12 }), { numRuns: 60, seed: 3 })
  const buyers: { id: string; model: Model; tape: number[] }[] = []
  for (const [i, tape] of choices.entries()) {
    buyers.push({
      ...(await placed(`h${i}`, {}, { refuses: (paymentId) => (i + Number(paymentId.slice(4))) % 3 === 0 })),
      tape,
    })
  }
  const models = new Map(buyers.map(({ id, model }) => [id, model]))
  for (let round = 0; round < 12; round++) {
    const happens = buyers.flatMap(({ model, tape }, i) => {
      const choice = tape[round]!
      const paymentId = `pay_${i}${choice % 3}`
      if (choice < 4) return [model.pay(paymentId)]
      if (choice === 4) return model.captureUnasked(paymentId)
      if (choice === 5) return model.refundUnasked(paymentId)
      if (choice === 6) model.lapse()
      if (choice === 7) model.takenByOthers()
      return []
    })
    await publish(...happens, ...happens.filter((_, i) => i % 2 === 0))
    platform.clock.advance(60_000)
    await settle()
    const requests = await taken()
    await publish(...requests.flatMap((request) => models.get(request.key)!.hear(request)))
  }
  for (let round = 0; round < 40; round++) {
    platform.clock.advance(60_000)
    await platform.settle(modules)
    const requests = await taken()
    await publish(...requests.flatMap((request) => models.get(request.key)!.hear(request)))
  }
  expect(await platform.bus.parked.list()).toEqual([])
  const audit = await face.module.audit!()
  expect(audit.checks.filter(({ violations }) => violations > 0)).toEqual([])
  expect(audit.figures).toMatchObject({ orders: 60, pending: 0, refundsPending: 0 })
  expect(audit.figures['fulfilled']).toBeGreaterThan(5)
  for (const { id, model } of buyers) {
    expect({ id, money: model.moneyKept, sold: model.seats === 'sold', tickets: model.tickets === 'valid' }).toEqual({
      id,
      money: audit.byOrder!['moneyKept']![id] ?? 0,
      sold: id in audit.byOrder!['seats']!,
      tickets: id in audit.byOrder!['seats']!,
    })
  }
})

test('five hundred orders take as many statements a batch as one', async ({ platform }) => {
  const { placed, modelOf, publish, settle, taken, hold, place } = await openWorld(platform)

  /** Takes all orders of these models through the saga. @returns the statements on orders' own tables, and the batches */
  async function sell(
    models: ReadonlyMap<string, Model>,
    paymentId: (id: string) => string,
  ): Promise<{ statements: number; batches: number }> {
    const from = platform.statements.length
    const ours = () =>
      platform.statements.slice(from).filter((text) => /\borders\.(orders|payments|history)\b/.test(text))
    let answers = [...models].map(([id, model]) => model.pay(paymentId(id)))
    while (answers.length > 0) {
      await publish(...answers)
      await settle()
      answers = (await taken()).flatMap((request) => models.get(request.key)?.hear(request) ?? [])
    }
    const texts = ours()
    return {
      statements: texts.filter((text) => !text.includes('limit')).length,
      batches: texts.filter((text) => text.includes('order by id for update')).length,
    }
  }

  const one = await placed('one')
  const alone = await sell(new Map([[one.id, one.model]]), () => 'pay_one')

  const from = platform.statements.length
  const answers = await Promise.all(
    Array.from({ length: 500 }, (_, i) => place(hold(`h${i}`, { seats: [{ number: i + 10, label: `B-${i}` }] }))),
  )
  const inserts = platform.statements.slice(from).filter((text) => text.includes('insert into orders.orders')).length
  expect(inserts).toBeLessThanOrEqual(10)
  expect(await taken()).toHaveLength(500)
  const models = new Map(
    answers.map((answer, i) => {
      const { order } = answer.json<{ order: OrderDocument }>()
      return [order.id, modelOf(`h${i}`, order)]
    }),
  )
  const crowd = await sell(models, (id) => `pay_${id}`)

  expect([...models.values()].every((model) => model.seats === 'sold')).toBe(true)
  expect(alone).toEqual({ statements: 18, batches: 4 })
  // A batch of the bus is 256 messages: two for each of the four steps.
  expect(crowd).toEqual({ statements: 36, batches: 8 })
})

test('two processes may hear and expire at once; every order still takes each step once', async ({ platform }) => {
  const { placed, publish, taken, face, models } = await openWorld(platform)
  const other = await openTestPlatform(platform.databaseUrl, { seed: 5, origin: 'other' })
  other.clock.set(platform.clock.now())
  const otherFace = createOrders(other)
  for (let i = 0; i < 40; i++) await placed(`h${i}`, { seats: [{ number: i + 1, label: `A-${i + 1}` }] })
  await publish(...[...models].filter((_, i) => i % 2 === 0).map(([id, model]) => model.pay(`pay_${id}`)))
  for (const clock of [platform.clock, other.clock]) clock.advance(300_000)
  const loops = [platform, other].flatMap((each, i) => [
    each.bus.subscriberLoop('orders', (i === 0 ? face : otherFace).module.subscriptions!),
    ...(i === 0 ? face : otherFace).module.loops!,
  ])
  for (let round = 0; round < 60; round++) {
    await Promise.all(loops.map((loop) => loop.run()))
    const requests = await taken()
    await publish(...requests.flatMap((request) => models.get(request.key)?.hear(request) ?? []))
  }
  const { steps, lines } = await row(
    platform.db,
    sql<{ steps: number; lines: number }>`
      select (select sum(version) + count(*) from orders.orders)::bigint as steps, (select count(*) from orders.history) as lines`,
  )
  await other.database.close()
  expect(lines).toBe(steps)
  expect((await face.module.audit!()).checks.every(({ violations }) => violations === 0)).toBe(true)
  expect(await face.pendingOrders()).toEqual([])
  for (const model of models.values()) expect(model.moneyKept > 0).toBe(model.seats === 'sold')
})
