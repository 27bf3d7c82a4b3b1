import { expect } from 'vitest'
import { on, fact } from './bus.ts'
import { rows, sql, transaction } from './db.ts'
import { test } from '../../test/fixtures.ts'

const requested = (orderId: string, attempt = 1) =>
  fact('orders.secure-requested.v1', { orderId, holdId: `h-${orderId}`, attempt, late: false })

test('a fact reaches each of its subscribers once, and nobody else', async ({ platform }) => {
  const { bus, db } = platform
  await bus.register({ one: ['orders.secure-requested.v1'], two: ['orders.secure-requested.v1'], three: ['inventory.seats-sold.v1'] })
  await transaction(db, (tx) => bus.outbox.publish(tx, [requested('a'), requested('b')]))
  expect(await platform.taken('three')).toEqual([])
  for (const subscriber of ['one', 'two']) {
    const seen: string[] = []
    const loop = bus.subscriberLoop(subscriber, [
      on('orders.secure-requested.v1', async (_tx, messages) => void seen.push(...messages.map((m) => m.data.orderId))),
    ])
    expect(await loop.run()).toBe(true)
    expect(await loop.run()).toBe(false)
    expect(seen).toEqual(['a', 'b'])
  }
})

test('a fact of a transaction that was rolled back is never delivered', async ({ platform }) => {
  const { bus, db } = platform
  await bus.register({ one: ['orders.secure-requested.v1'] })
  await expect(
    transaction(db, async (tx) => {
      await bus.outbox.publish(tx, [requested('a')])
      throw new Error('no')
    }),
  ).rejects.toThrow('no')
  expect(await bus.backlog()).toBe(0)
})

test('one bad message in a batch is parked with its reason after its tries, and its neighbours are handled once', async ({ platform }) => {
  const { bus, db, clock } = platform
  await bus.register({ one: ['orders.secure-requested.v1'] })
  await sql`create table public.effects (id text)`.execute(db)
  await transaction(db, (tx) => bus.outbox.publish(tx, ['a', 'bad', 'b'].map((id) => requested(id))))
  let broken = true
  const loop = bus.subscriberLoop('one', [
    on('orders.secure-requested.v1', async (tx, messages) => {
      for (const { data } of messages) {
        await sql`insert into public.effects values (${data.orderId})`.execute(tx)
        if (broken && data.orderId === 'bad') throw new Error('cannot digest this')
      }
    }),
  ])
  for (let i = 0; i < 40; i++) {
    while (await loop.run());
    clock.advance(5_000)
  }
  const effects = async () => (await rows(db, sql<{ id: string }>`select id from public.effects order by id`)).map((r) => r.id)
  expect(await effects()).toEqual(['a', 'b'])
  expect(await bus.parked.list()).toMatchObject([{ subscriber: 'one', key: 'bad', attempts: 8, reason: 'Error: cannot digest this' }])

  broken = false
  expect(await bus.parked.retry({ subscriber: 'one' })).toBe(1)
  expect(await bus.parked.retry({ subscriber: 'one' })).toBe(0)
  while (await loop.run());
  expect(await effects()).toEqual(['a', 'b', 'bad'])
})

test('messages of one key keep their order behind one that failed; other keys go on', async ({ platform }) => {
  const { bus, db, clock } = platform
  await bus.register({ one: ['orders.secure-requested.v1'] })
  await transaction(db, (tx) => bus.outbox.publish(tx, [requested('a', 1), requested('a', 2), requested('b', 1)]))
  const seen: string[] = []
  let failing = true
  const loop = bus.subscriberLoop('one', [
    on('orders.secure-requested.v1', async (_tx, messages) => {
      for (const { data } of messages) {
        if (failing && data.orderId === 'a' && data.attempt === 1) throw new Error('not now')
      }
      seen.push(...messages.map(({ data }) => `${data.orderId}${data.attempt}`))
    }),
  ])
  while (await loop.run());
  expect(seen).toEqual(['b1'])
  failing = false
  clock.advance(1000)
  while (await loop.run());
  expect(seen).toEqual(['b1', 'a1', 'a2'])
})

test('two processes never handle a subscriber at the same time, and an effect happens once', async ({ platform }) => {
  const { bus, db } = platform
  await bus.register({ one: ['orders.secure-requested.v1'] })
  await transaction(db, (tx) => bus.outbox.publish(tx, Array.from({ length: 600 }, (_, i) => requested(`o${i}`))))
  const seen: string[] = []
  let inside = 0
  const subscription = on('orders.secure-requested.v1', async (tx, messages) => {
    expect(++inside).toBe(1)
    await sql`select 1`.execute(tx)
    seen.push(...messages.map((m) => m.key))
    inside--
  })
  const loops = [bus.subscriberLoop('one', [subscription]), bus.subscriberLoop('one', [subscription])]
  while ((await bus.backlog()) > 0) await Promise.all(loops.map((loop) => loop.run()))
  expect(seen.length).toBe(600)
  expect(new Set(seen).size).toBe(600)
})
