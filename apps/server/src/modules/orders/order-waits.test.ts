import { expect } from 'vitest'
import { test, type TestPlatform } from '../../../test/fixtures.ts'
import { createOrderWaits } from './order-waits.ts'
import type { State } from './order.ts'
import type { Order } from './saga.ts'

const stays = new AbortController().signal
const isFulfilled = (order: Order) => order.state === 'fulfilled'

/** Waits over orders that the test keeps in a map; every look at them is counted. */
function open({ clock, signals }: TestPlatform, waitersMax = 10) {
  const orders = new Map<string, Order>()
  const looks: string[][] = []
  const set = (id: string, state: State) => orders.set(id, { id, state } as Order).get(id)!
  const waits = createOrderWaits({
    scheduler: clock,
    signals,
    waitersMax,
    recheckMs: 1000,
    async load(ids) {
      looks.push([...ids])
      return ids.flatMap((id) => orders.get(id) ?? [])
    },
  })
  return { waits, looks, set }
}

test('a signal answers everybody who waits for the order, with one look at all orders that changed meanwhile', async ({
  platform,
}) => {
  const { waits, looks, set } = open(platform)
  const waiting = ['a', 'a', 'b', 'c'].map((id) => waits.wait(set(id, 'capturing'), isFulfilled, 20_000, stays))
  expect(waits.waiting).toBe(4)
  for (const id of ['a', 'b', 'c', 'd']) {
    set(id, 'fulfilled')
    platform.signals.emit('orders', id)
  }
  expect((await Promise.all(waiting)).map(({ state }) => state)).toEqual(Array(4).fill('fulfilled'))
  expect(waits.waiting).toBe(0)
  expect(looks).toEqual([['a'], ['a', 'b', 'c']])
})

test('a lost signal costs at most a second', async ({ platform }) => {
  const { waits, set, looks } = open(platform)
  const first = waits.wait(set('a', 'capturing'), isFulfilled, 20_000, stays)
  platform.clock.advance(1000)
  set('a', 'fulfilled')
  platform.clock.advance(1000)
  expect((await first).state).toBe('fulfilled')
  const before = looks.length
  platform.clock.advance(60_000)
  expect(looks.length).toBe(before)
})

test('an order that changed between the reading and the waiting is seen at once', async ({ platform }) => {
  const { waits, set } = open(platform)
  const read = set('a', 'capturing')
  set('a', 'fulfilled')
  expect((await waits.wait(read, isFulfilled, 20_000, stays)).state).toBe('fulfilled')
})

test('waiting ends with its time', async ({ platform }) => {
  const { waits, set } = open(platform)
  const waiting = waits.wait(set('a', 'capturing'), isFulfilled, 5000, stays)
  platform.clock.advance(4999)
  expect(waits.waiting).toBe(1)
  platform.clock.advance(1)
  expect((await waiting).state).toBe('capturing')
  expect(waits.waiting).toBe(0)
})

test('waiting ends when the client goes away', async ({ platform }) => {
  const { waits, set } = open(platform)
  const client = new AbortController()
  const waiting = waits.wait(set('a', 'capturing'), isFulfilled, 5000, client.signal)
  client.abort()
  expect((await waiting).state).toBe('capturing')
  expect(waits.waiting).toBe(0)
})

test('when as many wait as may, the next is answered as things stand', async ({ platform }) => {
  const { waits, set } = open(platform, 1)
  const waiting = waits.wait(set('a', 'capturing'), isFulfilled, 5000, stays)
  expect((await waits.wait(set('b', 'securing'), isFulfilled, 5000, stays)).state).toBe('securing')
  expect(waits.waiting).toBe(1)
  platform.clock.advance(5000)
  await waiting
})
