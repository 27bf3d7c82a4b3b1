import { expect } from 'vitest'
import { transaction, type Db } from '#platform/db'
import { createRacepoints } from '#platform/racepoint'
import { untilWaiting, withoutRowLocks } from '../../../test/controls.ts'
import { test, type TestPlatform } from '../../../test/fixtures.ts'
import { createUseCases } from './orders.ts'
import * as store from './orders-store.ts'
import { openWorld } from '../../../test/orders-world.ts'

const config = { stuckAfterMs: 60_000, waitersMax: 10 }

/**
 * An order whose time is over while its payment arrives. Whoever comes `first` has decided and is about to write when
 * the other starts. @returns what was asked and told, and how the two ended
 */
async function race(platform: TestPlatform, first: 'payment' | 'deadline', db: Db = platform.db) {
  const { placed, taken, state } = await openWorld(platform)
  const { id, model } = await placed('a')
  platform.clock.advance(300_000)
  const racepoints = createRacepoints()
  const held = createUseCases({ ...platform, db, racepoints }, config)
  const free = createUseCases({ ...platform, db }, config)
  const pay = (useCases: typeof free) => transaction(db, (tx) => useCases.step(tx, [{ orderId: id, happening: paid }]))
  const paid = model.pay('pay_1') as Parameters<typeof free.step>[1][number]['happening']
  const expire = (useCases: typeof free) =>
    // Without the lock of `lockOverdue`, as the control needs it; with it the loop would pass a locked order by.
    transaction(db, (tx) => useCases.step(tx, [{ orderId: id, happening: { type: 'deadline' } }]))

  const gate = racepoints.hold('orders.decided')
  const runs = first === 'payment' ? ([pay, expire] as const) : ([expire, pay] as const)
  const leader = runs[0](held)
  await gate.reached
  const follower = runs[1](free)
  // The follower either waits for the lock, or has decided by itself; in both cases the leader may go on.
  await Promise.race([follower, untilWaiting(platform.db)])
  gate.open()
  const ends = await Promise.allSettled([leader, follower])
  return {
    told: (await taken()).map(({ type }) => type),
    state: await state(id),
    failed: ends.filter(({ status }) => status === 'rejected').length,
  }
}

test('an order that expires while its payment arrives: the payment was first, so it goes on', async ({ platform }) => {
  expect(await race(platform, 'payment')).toEqual({
    told: ['orders.secure-requested.v1'],
    state: 'securing',
    failed: 0,
  })
})

test('an order that expires while its payment arrives: the deadline was first, so the payment is declined', async ({
  platform,
}) => {
  expect(await race(platform, 'deadline')).toEqual({
    told: ['orders.release-requested.v1', 'orders.order-ended.v1', 'orders.payment-declined.v1'],
    state: 'expired',
    failed: 0,
  })
})

test('control: without the lock both decide on the same state, and only the key of the history stops the second', async ({
  platform,
}) => {
  expect(await race(platform, 'payment', withoutRowLocks(platform.db))).toMatchObject({ failed: 1 })
})

test('an order that another step has locked is passed by, and expires in a later portion', async ({ platform }) => {
  const { placed, face, state } = await openWorld(platform)
  const first = await placed('a')
  const second = await placed('b')
  platform.clock.advance(300_000)
  const expire = face.module.loops![0]!
  await transaction(platform.db, async (tx) => {
    await store.lockBooks(tx, [first.id])
    await expire.run()
    expect([await state(first.id), await state(second.id)]).toEqual(['awaiting-payment', 'expired'])
  })
  await expire.run()
  expect(await state(first.id)).toBe('expired')
})

test('a buyer who cancels at the moment of the deadline ends the order once', async ({ platform }) => {
  const { placed, cancel, face, taken } = await openWorld(platform)
  const { id } = await placed('a')
  platform.clock.advance(300_000)
  await Promise.all([cancel(id), face.module.loops![0]!.run(), cancel(id)])
  await face.module.loops![0]!.run()
  expect((await taken()).filter(({ type }) => type === 'orders.order-ended.v1')).toHaveLength(1)
})
