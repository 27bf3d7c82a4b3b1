import { expect } from 'vitest'
import { urlOf } from '@fairgate/contracts/client'
import { cancelOrder, type Order as OrderDocument } from '@fairgate/contracts/http/orders'
import { quoteRefund, type RefundQuote } from '@fairgate/contracts/http/cancellations'
import { seatId } from '@fairgate/contracts/ids'
import { refundPresets, type RefundLadder } from '@fairgate/contracts/refund-ladder'
import { fact } from '#platform/bus'
import { sql, transaction } from '#platform/db'
import { createRacepoints } from '#platform/racepoint'
import { untilWaiting, withoutRowLocks } from '../../../test/controls.ts'
import { test, type TestPlatform } from '../../../test/fixtures.ts'
import { event, openWorld } from '../../../test/orders-world.ts'
import { createUseCases } from './orders.ts'
import * as store from './orders-store.ts'
import { createReturns } from './returns.ts'

const won = (amount: number) => ({ amount, currency: 'KRW' })
const day = 86_400_000

async function open(platform: TestPlatform, refunds: RefundLadder = refundPresets['korean-standard']) {
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
      refunds,
      lines: [],
      sections: [],
    }),
  )
  /** An order of seats 1, 2 and 3 that has its tickets. */
  async function bought(name: string, options: Parameters<typeof world.placed>[2] = {}) {
    const seats = [1, 2, 3].map((number) => ({ number, label: `A-${number}` }))
    const order = await world.placed(name, { seats }, options)
    await world.publish(order.model.pay(`pay_${name}`))
    await world.play()
    return order
  }
  const seat = (number: number) => seatId('sec_1', number)
  const quote = async (id: string, ...numbers: number[]) =>
    world.http.inject({
      method: 'GET',
      url: urlOf(quoteRefund, { id }, numbers.length > 0 ? { seatIds: numbers.map(seat).join(',') } : {}),
      headers: await world.as('acc_buyer'),
    })
  const giveBack = (id: string, body: object) => world.post(urlOf(cancelOrder, { id }, undefined), body)
  const order = async (id: string) => (await world.get(id)).json<OrderDocument>()
  return { ...world, bought, quote, giveBack, order, seat }
}

test('a buyer gives one seat back, then the rest: tickets, seats and money go, and the order ends when nothing is left', async ({
  platform,
}) => {
  const { bought, quote, giveBack, play, order, models, seat, face } = await open(platform)
  const { id } = await bought('a')
  platform.clock.advance(Date.parse('2026-05-24T00:00:00+09:00') - platform.clock.now())
  const shown = (await quote(id, 2)).json<RefundQuote>()
  expect(shown).toEqual({
    orderId: id,
    seats: [{ seatId: seat(2), label: 'A-2', paid: won(55_000), refund: won(49_500) }],
    paid: won(55_000),
    refund: won(49_500),
    kept: won(5500),
    percent: 90,
    feePerSeat: won(0),
    until: '2026-05-25T15:00:00.000Z',
    isGrace: false,
  })
  const asked = (await giveBack(id, { seatIds: [seat(2)], refund: shown.refund })).json<OrderDocument>()
  expect(asked).toMatchObject({ state: 'fulfilled', returns: [{ state: 'asked', seatIds: [seat(2)] }] })
  expect(await play()).toEqual(['revoke-requested', 'seats-returned', 'refund-requested'])
  expect(await order(id)).toMatchObject({
    state: 'fulfilled',
    returns: [{ state: 'done', refund: won(49_500), kept: won(5500), reason: 'buyer' }],
  })
  expect(models.get(id)!.moneyKept).toBe(165_000 - 49_500)
  expect((await giveBack(id, { seatIds: [seat(2)], refund: won(49_500) })).json().code).toBe('orders.invalid-seats')

  const rest = (await quote(id)).json<RefundQuote>()
  expect(rest.refund).toEqual(won(99_000))
  await giveBack(id, { refund: rest.refund })
  expect(await play()).toEqual(['revoke-requested', 'seats-returned', 'refund-requested', 'order-ended'])
  expect(await order(id)).toMatchObject({ state: 'refunded' })
  expect(models.get(id)!.moneyKept).toBe(16_500)
  const audit = await face.module.audit!()
  expect(audit.checks.filter(({ violations }) => violations > 0)).toEqual([])
  expect(audit.byOrder).toMatchObject({ moneyKept: { [id]: 16_500 }, feesKept: { [id]: 16_500 }, seats: { [id]: 0 } })
})

test('the refund is confirmed to the won: when its step is over meanwhile, the buyer is asked again', async ({
  platform,
}) => {
  const { bought, quote, giveBack, order } = await open(platform)
  const { id } = await bought('a')
  platform.clock.advance(2 * day)
  const { refund } = (await quote(id)).json<RefundQuote>()
  expect(refund).toEqual(won(165_000))
  expect((await giveBack(id, {})).json()).toMatchObject({ code: 'orders.refund-changed', refund })
  platform.clock.advance(Date.parse('2026-05-31T00:00:00+09:00') - platform.clock.now())
  expect((await giveBack(id, { refund })).json()).toMatchObject({
    code: 'orders.refund-changed',
    refund: won(115_500),
    percent: 70,
    until: '2026-05-31T15:00:00.000Z',
  })
  expect((await order(id)).returns).toBeUndefined()
  platform.clock.advance(3 * day)
  expect((await giveBack(id, { refund })).json().code).toBe('orders.too-late-to-cancel')
})

test('who was let in keeps the ticket and the order its money; the seats are named', async ({ platform }) => {
  const { bought, quote, giveBack, play, order, seat } = await open(platform)
  const { id, model } = await bought('a')
  model.letIn(3)
  const { refund } = (await quote(id)).json<RefundQuote>()
  await giveBack(id, { refund })
  expect(await play()).toEqual(['revoke-requested'])
  expect(await order(id)).toMatchObject({
    state: 'fulfilled',
    returns: [{ state: 'refused', usedSeatIds: [seat(3)] }],
  })
  expect([model.revokedSeats.size, model.moneyKept]).toEqual([0, 165_000])
  // The others can go by themselves.
  await giveBack(id, { seatIds: [seat(1)], refund: won(55_000) })
  await play()
  expect([...model.returnedSeats]).toEqual([1])
})

test('an operator gives back what the seats left were paid with, and nothing twice', async ({ platform }) => {
  const { bought, giveBack, play, order, seat, face } = await open(platform)
  const { id, model } = await bought('a')
  platform.clock.advance(Date.parse('2026-05-24T00:00:00+09:00') - platform.clock.now())
  await giveBack(id, { seatIds: [seat(2)], refund: won(49_500) })
  await play()
  await face.refund(id, 'the hall is closed')
  await face.refund(id, 'the hall is closed')
  await play()
  expect(await order(id)).toMatchObject({ state: 'refunded', returns: [{}, { note: 'the hall is closed' }] })
  expect(model.moneyKept).toBe(5500)
})

test('a return that nobody answers is shown as stuck; asked again, it is done once', async ({ platform }) => {
  const { bought, giveBack, settle, taken, play, face } = await open(platform)
  const { id, model } = await bought('a')
  await giveBack(id, { refund: won(165_000) })
  await settle()
  // The request is lost on its way.
  await taken()
  platform.clock.advance(60_001)
  expect(await face.stuck(60_000)).toMatchObject([{ orderId: id, state: 'fulfilled' }])
  expect([await face.replay(id), await face.replay(id)]).toEqual([1, 1])
  await play()
  expect([model.moneyKept, await face.replay(id), await face.stuck(0)]).toEqual([0, 0, []])
})

test('events without refunds, foreign orders and orders that have no tickets are refused', async ({ platform }) => {
  const { bought, quote, placed, get } = await open(platform, refundPresets['no-refunds'])
  const { id } = await bought('a')
  expect((await quote(id)).json().code).toBe('orders.no-refunds')
  const unpaid = await placed('b')
  expect((await quote(unpaid.id)).json().code).toBe('orders.not-cancellable')
  expect((await get(id, {}, 'acc_other')).statusCode).toBe(404)
})

const config = { stuckAfterMs: 60_000, waitersMax: 10 }

/**
 * The buyer gives the whole order back while the organiser cancels it: the first has decided and is about to write when
 * the second starts. @returns how many returns each seat has, and what is left of the money
 */
async function race(platform: TestPlatform, guard: 'on' | 'off') {
  const db = guard === 'on' ? platform.db : withoutRowLocks(platform.db)
  const { bought, play, models } = await open(platform)
  const { id } = await bought('a')
  const racepoints = createRacepoints()
  const useCases = createUseCases({ ...platform, db }, config)
  const held = createReturns({ ...platform, db, racepoints }, useCases)
  const free = createReturns({ ...platform, db }, useCases)
  const gate = racepoints.hold('orders.return-decided')
  const buyer = held.cancel('acc_buyer', id, { refund: { amount: 165_000, currency: 'KRW' } })
  await gate.reached
  const organiser = transaction(db, async (tx) => {
    const books = await store.lockBooks(tx, [id])
    const terms = { cancellationId: null, note: '', evenUsed: false, percent: 100, feePerSeat: 0 }
    return free.begin(tx, books, [{ orderId: id, reason: 'organiser', ...terms }])
  })
  // With the lock the second waits for the first; without, it has decided by itself.
  await (guard === 'on' ? untilWaiting(platform.db) : organiser)
  gate.open()
  const ends = await Promise.allSettled([buyer, organiser])
  await play()
  const { rows } = await platform.database.pool.query<{ count: number }>(
    'select count(*)::int as count from orders.returns',
  )
  return {
    returns: rows[0]!.count,
    failed: ends.filter(({ status }) => status === 'rejected').length,
    moneyKept: models.get(id)!.moneyKept,
  }
}

test('of the buyer and the organiser who want the same seats back at once, one gets them, and the money goes once', async ({
  platform,
}) => {
  expect(await race(platform, 'on')).toEqual({ returns: 1, failed: 0, moneyKept: 0 })
})

test('control: without the lock both decide to return them, and only the key of the seats stops the second', async ({
  platform,
}) => {
  expect((await race(platform, 'off')).failed).toBe(1)
})

test('the audit finds planted faults of returns', async ({ platform }) => {
  const { bought, quote, giveBack, play, face } = await open(platform)
  const { id } = await bought('a')
  const { refund } = (await quote(id, 1)).json<RefundQuote>()
  await giveBack(id, { seatIds: [seatId('sec_1', 1)], refund })
  await play()
  const faults = async () =>
    (await face.module.audit!()).checks.filter(({ violations }) => violations > 0).map(({ name }) => name)
  expect(await faults()).toEqual([])
  await sql`delete from orders.returned_seats`.execute(platform.db)
  expect(await faults()).toEqual(['no seat goes back twice'])
  await sql`update orders.returns set paid = paid + 165000`.execute(platform.db)
  expect(await faults()).toEqual(['no seat goes back twice', 'returned seats were paid with no more than their order'])
})
