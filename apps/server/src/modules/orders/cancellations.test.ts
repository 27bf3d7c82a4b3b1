import { expect } from 'vitest'
import { urlOf } from '@fairgate/contracts/client'
import {
  beginCancellation,
  listCancellations,
  listEventOrders,
  pauseCancellation,
  resumeCancellation,
  type Cancellation,
  type EventOrder,
} from '@fairgate/contracts/http/cancellations'
import { fact } from '#platform/bus'
import { row, sql, transaction, type Db } from '#platform/db'
import { createRacepoints, type Racepoints } from '#platform/racepoint'
import { untilWaiting, withoutRowLocks } from '../../../test/controls.ts'
import { test, type TestPlatform } from '../../../test/fixtures.ts'
import { event, openWorld } from '../../../test/orders-world.ts'
import { createCancellations } from './cancellations.ts'
import { createUseCases } from './orders.ts'
import { createReturns } from './returns.ts'

const config = { stuckAfterMs: 60_000, waitersMax: 10 }

/** Fulfilled orders of two seats each, the last of them in another section. */
async function open(platform: TestPlatform, count: number) {
  const world = await openWorld(platform)
  await world.publish(
    fact('catalog.sale-published.v1', {
      saleId: 'sal_1',
      event,
      method: 'queue',
      opensAt: '2026-01-01T00:00:00Z',
      closesAt: '2026-05-30T00:00:00Z',
      holdSeconds: 300,
      limitPerAccount: 4,
      lines: [],
      sections: [],
    }),
  )
  const bought = await Promise.all(
    Array.from({ length: count }, (_, i) =>
      world.placed(`h${i}`, i === count - 1 ? { section: { id: 'sec_2', name: 'Balcony' } } : {}),
    ),
  )
  await world.publish(...bought.map(({ model }, i) => model.pay(`pay_${i}`)))
  await world.play()
  const organiser = await platform.authorization('acc_organiser', { roles: ['organiser'] })
  const inject = async <T>(method: 'GET' | 'POST', url: string, payload?: object) => {
    const answer = await world.http.inject({ method, url, headers: organiser, ...(payload ? { payload } : {}) })
    return { status: answer.statusCode, body: answer.json<T>() }
  }
  const begin = (body: object) =>
    inject<Cancellation>('POST', urlOf(beginCancellation, { id: event.id }, undefined), body)
  const list = async () =>
    (await inject<{ items: Cancellation[] }>('GET', urlOf(listCancellations, { id: event.id }, undefined))).body.items
  /** Another process that works on cancellations, with its own race points. */
  const worker = (racepoints: Racepoints, db: Db = platform.db) => {
    const deps = { ...platform, racepoints, db }
    const useCases = createUseCases(deps, config)
    return createCancellations(deps, useCases, createReturns(deps, useCases))
  }
  const kept = () => bought.map(({ id }) => world.models.get(id)!.moneyKept)
  return { ...world, bought, begin, list, inject, worker, kept }
}

/** Dies where it is told to, as a process does: whatever was not committed is gone. */
const dyingAt = (name: string): Racepoints => ({
  reach(reached) {
    if (reached === name) throw new Error(`killed at ${name}`)
  },
})

test('a cancellation that is interrupted at any point goes on where it was, and every buyer is refunded once', async ({
  platform,
}) => {
  const { begin, worker, play, kept, list, settle } = await open(platform, 230)
  expect((await begin({ percent: 50, note: 'moved to a smaller hall' })).status).toBe(201)
  const refunds = new Map<string, number>()
  const count = () =>
    play(({ type, data }) => {
      if (type === 'orders.refund-requested.v1') refunds.set(data.orderId, (refunds.get(data.orderId) ?? 0) + 1)
    })
  for (const point of ['orders.cancellation-chosen', 'orders.cancellation-written', 'orders.cancellation-locked']) {
    await expect(worker(dyingAt(point)).work()).rejects.toThrow('killed')
    await worker({ reach() {} }).work()
  }
  await count()
  platform.clock.advance(5000)
  await settle()
  expect([...refunds.values()]).toEqual(Array(230).fill(1))
  expect(new Set(kept())).toEqual(new Set([55_000]))
  expect(await list()).toMatchObject([
    {
      scope: 'event',
      state: 'done',
      orders: { total: 230, seen: 230 },
      returns: { asked: 0, refunding: 0, done: 230, refused: 0 },
      seats: 460,
      refund: { amount: 230 * 55_000 },
      refunded: { amount: 230 * 55_000 },
    },
  ])
})

test('control: two processes without the locks and the key of the seats refund a portion twice', async ({
  platform,
}) => {
  const { begin, worker, play, kept } = await open(platform, 20)
  await begin({ percent: 50, note: '' })
  await sql`alter table orders.returned_seats drop constraint returned_seats_pkey`.execute(platform.db)
  const racepoints = createRacepoints()
  const gate = racepoints.hold('orders.cancellation-locked', 2)
  const first = racepoints.hold('orders.cancellation-written')
  const db = withoutRowLocks(platform.db)
  const both = [worker(racepoints, db).work(), worker(racepoints, db).work()]
  await gate.reached
  gate.open()
  // The second has decided, and waits to write what the first has not committed yet.
  await first.reached
  await untilWaiting(platform.db)
  first.open()
  await Promise.all(both)
  await play()
  expect(new Set(kept())).toEqual(new Set([0]))
})

test('a paused cancellation stays where it is until it is resumed; one of a section leaves the others alone', async ({
  platform,
}) => {
  const { begin, settle, play, inject, list, kept, bought } = await open(platform, 6)
  const { body } = await begin({ sectionId: 'sec_2', percent: 100, note: 'no balcony' })
  const paused = await inject('POST', urlOf(pauseCancellation, { id: body.id }, undefined))
  expect(paused).toMatchObject({ status: 200, body: { state: 'paused', orders: { total: 1, seen: 0 } } })
  await settle()
  await play()
  expect(kept()).toEqual(Array(6).fill(110_000))
  await inject('POST', urlOf(resumeCancellation, { id: body.id }, undefined))
  await play()
  platform.clock.advance(2000)
  await settle()
  expect(kept()).toEqual([...Array<number>(5).fill(110_000), 0])
  expect(await list()).toMatchObject([{ scope: 'section', state: 'done', seats: 2 }])
  expect(await inject('POST', urlOf(resumeCancellation, { id: body.id }, undefined))).toMatchObject({
    status: 409,
    body: { code: 'orders.cancellation-done' },
  })
  const orders = await inject<{ items: EventOrder[] }>('GET', urlOf(listEventOrders, { id: event.id }, {}))
  expect(orders.body.items).toHaveLength(6)
  expect(orders.body.items.filter(({ state }) => state === 'refunded')).toMatchObject([
    { id: bought[5]!.id, refunded: { amount: 110_000 }, seats: [{ isReturned: true }, { isReturned: true }] },
  ])
  expect(await begin({ orderIds: [bought[0]!.id, 'ord_other'], percent: 100, note: '' })).toMatchObject({
    status: 400,
    body: { errors: [{ pointer: '#/orderIds/1' }] },
  })
})

test('when an event is cancelled everybody gets everything back, who is inside and who was just paying too, and nothing new is ordered', async ({
  platform,
}) => {
  const { publish, settle, play, placed, place, hold, kept, bought, list, state, models } = await open(platform, 4)
  bought[0]!.model.letIn(1)
  const paying = await placed('paying')
  await publish(paying.model.pay('pay_p'))
  const unpaid = await placed('unpaid')
  const cancelled = fact('catalog.event-cancelled.v1', {
    eventId: event.id,
    saleIds: ['sal_1'],
    accountId: 'acc_organiser',
    note: 'the singer is ill',
    at: new Date(platform.clock.now()).toISOString(),
  })
  await publish(cancelled)
  await publish(cancelled)
  await settle()
  expect((await place(hold('late'))).json()).toMatchObject({ code: 'orders.event-cancelled' })
  for (let i = 0; i < 14; i++) {
    await play()
    platform.clock.advance(1000)
  }
  expect(kept()).toEqual([0, 0, 0, 0])
  expect([await state(paying.id), await state(unpaid.id), models.get(paying.id)!.moneyKept]).toEqual([
    'refunded',
    'cancelled',
    0,
  ])
  expect(await list()).toMatchObject([{ reason: 'event-cancelled', state: 'done', returns: { done: 5 } }])
})

test('an order that is being placed while its event is cancelled is refused or cancelled with the others', async ({
  platform,
}) => {
  const { worker } = await open(platform, 1)
  const { work, cancelEvents } = worker({ reach() {} })
  await transaction(platform.db, (tx) => cancelEvents(tx, [{ eventId: event.id, accountId: 'acc_o', note: '' }]))
  for (let i = 0; i < 3; i++) {
    await work()
    platform.clock.advance(1000)
  }
  const { state } = await row(platform.db, sql<{ state: string }>`select state from orders.cancellations`)
  expect(state).toBe('running')
})
