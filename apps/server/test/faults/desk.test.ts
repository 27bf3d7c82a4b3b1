import type { EventType } from '@fairgate/contracts/events'
import { expect } from 'vitest'
import { createOrderDesk } from '../../src/order-desk.ts'
import { test, type TestPlatform } from '../fixtures.ts'
import { judge, live } from './matrix.ts'
import { scenarios } from './scenarios.ts'
import { openWorld, type World } from './world.ts'

const scenario = (name: string) => scenarios.find((each) => each.name === name)!

function deskOf({ bus }: TestPlatform, { process }: World) {
  const { orders, payments } = process
  return createOrderDesk({ orders, payments, bus })
}

/** From now on messages of this type get no further. */
const keptBack = (world: World, type: EventType) => ({
  beforePass: async () => {
    await world.query(`update platform.deliveries set due_at = 'infinity' where type = $1`, [type])
  },
})

const answers = [
  ['purchase', 'inventory.hold-secured.v1', 'securing', 'fulfilled'],
  ['purchase', 'payments.payment-captured.v1', 'capturing', 'fulfilled'],
  ['purchase', 'inventory.seats-sold.v1', 'selling', 'fulfilled'],
  // The time for another card runs from when inventory gave the seats back, and is over by then.
  ['refused card', 'inventory.hold-returned.v1', 'returning', 'expired'],
  ['late, refund', 'inventory.hold-lost.v1', 'reclaiming', 'refunded'],
  ['late, refund', 'orders.refund-requested.v1', 'refunding', 'refunded'],
] as const

for (const [name, type, state, end] of answers) {
  test(`an order that is ${state} for want of an answer goes on when it is replayed, twice and by two processes at once`, async ({
    platform,
  }) => {
    const world = await openWorld(platform)
    world.begin(keptBack(world, type))
    const cell = await live(world, scenario(name))
    platform.clock.advance(360_000)
    const desk = deskOf(platform, world)
    expect(await desk.list(300_000)).toMatchObject([{ orderId: cell.orderId, why: 'stuck', state }])
    expect((await desk.show(cell.orderId)).history.at(-1)).toMatchObject({ to: state })

    // The answer is lost for good; what is asked again is answered again.
    await world.query('delete from platform.deliveries where type = $1', [type])
    world.begin()
    world.die()
    const other = deskOf(platform, world)
    expect(await Promise.all([desk, other, desk].map((each) => each.replay(cell.orderId)))).toEqual([
      ...Array<object>(3).fill({ asked: 1, retried: 0 }),
    ])
    await world.settle(async () => {
      await scenario(name).react?.(cell)
    })
    expect(await judge(world, cell)).toEqual({ kind: 'ended', state: end, wrong: [] })
    expect(await other.list(0)).toEqual([])
    expect(await other.replay(cell.orderId)).toEqual({ asked: 0, retried: 0 })
  })
}

test('a message that was parked is shown with its order and handed over once, however often it is replayed', async ({
  platform,
}) => {
  const world = await openWorld(platform)
  world.begin({
    async handle(subscriber, types, _tx, work) {
      if (subscriber === 'tickets' && types.includes('orders.order-fulfilled.v1')) throw new Error('out of paper')
      await work()
    },
  })
  const cell = await live(world, scenario('purchase'))
  const desk = deskOf(platform, world)
  expect(await desk.list(300_000)).toMatchObject([
    {
      orderId: cell.orderId,
      why: 'parked',
      detail: 'orders.order-fulfilled.v1 → tickets: Error: out of paper',
    },
  ])
  const record = await desk.show(cell.orderId)
  expect(record).toMatchObject({ state: 'fulfilled', seats: ['A-1', 'A-2'], payments: [{ state: 'captured' }] })
  expect(record.history.map(({ event, to, asked }) => [event, to, ...asked])).toEqual([
    ['placed', 'awaiting-payment'],
    ['payment-requested', 'securing', 'secure'],
    ['hold-secured', 'capturing', 'capture'],
    ['payment-captured', 'selling', 'sell'],
    ['seats-sold', 'fulfilled', 'tell-fulfilled'],
  ])
  expect(record.paymentHistory.map(({ to }) => to)).toContain('captured')
  expect(record.parked).toHaveLength(1)

  world.begin()
  expect(await Promise.all([desk.replay(cell.orderId), desk.replay(cell.orderId)])).toEqual(
    expect.arrayContaining([
      { asked: 0, retried: 1 },
      { asked: 0, retried: 0 },
    ]),
  )
  await world.settle()
  expect(await judge(world, cell)).toEqual({ kind: 'ended', state: 'fulfilled', wrong: [] })
  expect((await desk.show(cell.orderId)).parked).toEqual([])
  await expect(desk.show('ord_none')).rejects.toMatchObject({ code: 'orders.order-not-found' })
  await expect(desk.replay('ord_none')).rejects.toMatchObject({ code: 'orders.order-not-found' })
})
