import { expect } from 'vitest'
import { addInterests, createBus, dropInterests, fact, factsAbout, on, onEach } from './bus.ts'
import { afterCommit, isUnavailable, rows, sql, transaction } from './db.ts'
import type { Loop } from './loop.ts'
import { test } from '../../test/fixtures.ts'

const requested = (orderId: string, attempt = 1) =>
  fact('orders.secure-requested.v1', { orderId, holdId: `h-${orderId}`, attempt, late: false })

test('a fact reaches each of its subscribers once, and nobody else', async ({ platform }) => {
  const { bus, db } = platform
  await bus.register({
    one: ['orders.secure-requested.v1'],
    two: ['orders.secure-requested.v1'],
    three: ['inventory.seats-sold.v1'],
  })
  await transaction(db, (tx) => bus.outbox.publish(tx, [requested('a'), requested('b')]))
  expect(await platform.taken('three')).toEqual([])
  for (const subscriber of ['one', 'two']) {
    const seen: string[] = []
    const loop = bus.subscriberLoop(subscriber, [
      on('orders.secure-requested.v1', async (_tx, messages) => void seen.push(...messages.map((m) => m.data.orderId))),
    ])
    await loop.run()
    expect(await loop.run()).toBe(false)
    expect(seen).toEqual(['a', 'b'])
  }
})

test('a fact about many accounts names each once, 500 in a message', () => {
  const accountIds = Array.from({ length: 1001 }, (_, i) => `acc_${i}`)
  const lists = (ids: string[]): string[][] => {
    const found: string[][] = []
    factsAbout(ids, (some) => {
      found.push(some)
      return requested('a')
    })
    return found
  }
  expect(lists(accountIds).map(({ length }) => length)).toEqual([500, 500, 1])
  expect(lists(accountIds).flat()).toEqual(accountIds)
  expect(lists([])).toEqual([])
})

test('a subscriber that narrows a type gets facts about its interests only, and others cost no row', async ({
  platform,
}) => {
  const { bus, db } = platform
  const wanted = { one: ['orders.secure-requested.v1'] } as const
  const narrowed = { one: { 'orders.secure-requested.v1': 'holdId' } } as const
  const publish = () => transaction(db, (tx) => bus.outbox.publish(tx, [requested('a'), requested('b')]))
  const waiting = async () => (await platform.taken('one')).map(({ key }) => key)
  await bus.register(wanted, narrowed)
  await publish()
  expect(await bus.backlog()).toBe(0)
  await transaction(db, (tx) => addInterests(tx, 'one', ['h-b', 'h-c']))
  // Interests outlive a restart.
  await bus.register(wanted, narrowed)
  await publish()
  expect(await waiting()).toEqual(['b'])
  await transaction(db, (tx) => dropInterests(tx, 'one', ['h-b']))
  await publish()
  expect(await waiting()).toEqual([])
  // Code that wants everything again gets everything.
  await bus.register(wanted)
  await publish()
  expect(await waiting()).toEqual(['a', 'b'])
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

test('one bad message in a batch is parked with its reason after its tries, and its neighbours are handled once', async ({
  platform,
}) => {
  const { bus, db, clock } = platform
  await bus.register({ one: ['orders.secure-requested.v1'] })
  await sql`create table public.effects (id text)`.execute(db)
  await transaction(db, (tx) =>
    bus.outbox.publish(
      tx,
      ['a', 'bad', 'b'].map((id) => requested(id)),
    ),
  )
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
  const effects = async () =>
    (await rows(db, sql<{ id: string }>`select id from public.effects order by id`)).map((r) => r.id)
  expect(await effects()).toEqual(['a', 'b'])
  expect(await bus.parked.list()).toMatchObject([
    { subscriber: 'one', key: 'bad', attempts: 8, reason: 'Error: cannot digest this' },
  ])

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

test('while one process handles a subscriber no other does, and the rest is handled once by whoever comes next', async ({
  platform,
}) => {
  const { bus, db, clock, ids, log, signals } = platform
  await bus.register({ one: ['orders.secure-requested.v1'] })
  await transaction(db, (tx) =>
    bus.outbox.publish(
      tx,
      Array.from({ length: 600 }, (_, i) => requested(`o${i}`)),
    ),
  )
  const inside = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  const committed: string[] = []
  let calls = 0
  const [first, second] = [0, 1].map(() =>
    createBus({ db, clock, ids, log, signals }).subscriberLoop('one', [
      on('orders.secure-requested.v1', async (tx, messages) => {
        afterCommit(tx, () => committed.push(...messages.map((m) => m.key)))
        if (++calls > 1) return
        inside.resolve()
        await gate.promise
      }),
    ]),
  ) as [Loop, Loop]
  const running = first.run()
  await inside.promise
  const turned = await second.run().catch(() => true)
  const callsMeanwhile = calls
  gate.resolve()
  await running
  expect([turned, callsMeanwhile]).toEqual([false, 1])
  for (let round = 0; round < 50 && (await bus.backlog()) > 0; round++) await Promise.all([first.run(), second.run()])
  expect(committed.toSorted()).toEqual(Array.from({ length: 600 }, (_, i) => `o${i}`).toSorted())
})

test('a failed message does not hold its neighbours up, in the first place or the last', async ({ platform }) => {
  const { bus, db, clock } = platform
  for (const bad of ['m0', 'm299']) {
    await bus.register({ [bad]: ['orders.secure-requested.v1'] })
    await transaction(db, (tx) =>
      bus.outbox.publish(
        tx,
        Array.from({ length: 300 }, (_, i) => requested(`m${i}`)),
      ),
    )
    const committed: string[] = []
    const loop = bus.subscriberLoop(bad, [
      on('orders.secure-requested.v1', async (tx, messages) => {
        if (messages.some((m) => m.key === bad)) throw new Error('cannot digest this')
        afterCommit(tx, () => committed.push(...messages.map((m) => m.key)))
      }),
    ])
    while (await loop.run());
    expect(committed).toEqual(Array.from({ length: 300 }, (_, i) => `m${i}`).filter((key) => key !== bad))
    for (let i = 0; i < 10; i++) {
      clock.advance(20_000)
      while (await loop.run());
    }
    expect((await bus.parked.list()).map(({ subscriber, key }) => [subscriber, key])).toContainEqual([bad, bad])
    expect(await bus.backlog()).toBe(0)
  }
})

test('a slow handler holds up nobody but its own subscriber', async ({ platform }) => {
  const { bus, db } = platform
  await bus.register({ slow: ['orders.secure-requested.v1'], quick: ['orders.secure-requested.v1'] })
  await transaction(db, (tx) => bus.outbox.publish(tx, [requested('a')]))
  const inside = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  const slow = bus.subscriberLoop('slow', [
    on('orders.secure-requested.v1', async () => {
      inside.resolve()
      await gate.promise
    }),
  ])
  const seen: string[] = []
  const quick = bus.subscriberLoop('quick', [
    on('orders.secure-requested.v1', async (_tx, messages) => void seen.push(...messages.map((m) => m.key))),
  ])
  const running = slow.run()
  await inside.promise
  while (await quick.run());
  await transaction(db, (tx) => bus.outbox.publish(tx, [requested('b')]))
  while (await quick.run());
  expect(seen).toEqual(['a', 'b'])
  gate.resolve()
  await running
  expect((await platform.taken('slow')).map(({ key }) => key)).toEqual(['b'])
})

test('after a restart work goes on where it stopped: failures stay counted, nothing is handled twice', async ({
  platform,
}) => {
  const { bus, db, clock, ids, log, signals } = platform
  await bus.register({ one: ['orders.secure-requested.v1'] })
  await transaction(db, (tx) =>
    bus.outbox.publish(
      tx,
      ['a', 'bad', 'b'].map((id) => requested(id)),
    ),
  )
  const committed: string[] = []
  for (let start = 0; start < 8; start++) {
    const restarted = createBus({ db, clock, ids, log, signals })
    await restarted.register({ one: ['orders.secure-requested.v1'] })
    const loop = restarted.subscriberLoop('one', [
      on('orders.secure-requested.v1', async (tx, messages) => {
        if (messages.some((m) => m.key === 'bad')) throw new Error('no')
        afterCommit(tx, () => committed.push(...messages.map((m) => m.key)))
      }),
    ])
    while (await loop.run());
    expect(await bus.backlog()).toBe(start < 7 ? 1 : 0)
    clock.advance(20_000)
  }
  expect(committed).toEqual(['a', 'b'])
  expect(await bus.parked.list()).toMatchObject([{ key: 'bad', attempts: 8 }])
})

test('a database that goes away while a message is handled is not held against the message', async ({ platform }) => {
  const { bus, db } = platform
  await bus.register({ one: ['orders.secure-requested.v1'] })
  await transaction(db, (tx) => bus.outbox.publish(tx, [requested('a')]))
  let isGone = true
  const loop = bus.subscriberLoop('one', [
    on('orders.secure-requested.v1', async (tx) => {
      if (isGone) await sql`select pg_terminate_backend(pg_backend_pid())`.execute(tx)
    }),
  ])
  for (let i = 0; i < 10; i++) await expect(loop.run()).rejects.toSatisfy(isUnavailable)
  expect(await bus.parked.list()).toEqual([])
  isGone = false
  await loop.run()
  expect(await bus.backlog()).toBe(0)
})

test('nobody is kept a fact for who no longer wants it; what was already kept is dropped in silence', async ({
  platform,
}) => {
  const { bus, db } = platform
  await bus.register({ one: ['orders.secure-requested.v1', 'inventory.seats-sold.v1'] })
  const sold = fact('inventory.seats-sold.v1', { orderId: 'a', holdId: 'h' })
  await transaction(db, (tx) => bus.outbox.publish(tx, [sold, requested('a')]))
  await bus.register({ one: ['orders.secure-requested.v1'] })
  await transaction(db, (tx) => bus.outbox.publish(tx, [sold]))
  expect(await bus.backlog()).toBe(2)
  const seen: string[] = []
  const loop = bus.subscriberLoop('one', [
    on('orders.secure-requested.v1', async (_tx, messages) => void seen.push(...messages.map((m) => m.key))),
  ])
  while (await loop.run());
  expect(seen).toEqual(['a'])
  expect([await bus.backlog(), await bus.parked.list()]).toEqual([0, []])
})

test('a fact that nobody wants, and no fact at all, cost nothing and fail nothing', async ({ platform }) => {
  const { bus, db } = platform
  await transaction(db, async (tx) => {
    await bus.outbox.publish(tx, [])
    await bus.outbox.publish(tx, [requested('a')])
  })
  expect(await bus.backlog()).toBe(0)
})

test('thousands of facts of one transaction arrive whole, each key in its order, in bounded portions', async ({
  platform,
}) => {
  const { bus, db } = platform
  await bus.register({ one: ['orders.secure-requested.v1'] })
  const count = 5000
  await transaction(db, (tx) =>
    bus.outbox.publish(
      tx,
      Array.from({ length: count }, (_, i) => requested(`o${i % 50}`, i)),
    ),
  )
  const seen: { key: string; attempt: number }[] = []
  let largest = 0
  const loop = bus.subscriberLoop('one', [
    on('orders.secure-requested.v1', async (_tx, messages) => {
      largest = Math.max(largest, messages.length)
      seen.push(...messages.map((m) => ({ key: m.key, attempt: m.data.attempt })))
    }),
  ])
  let portions = 1
  while (await loop.run()) portions++
  expect(seen).toHaveLength(count)
  expect(largest).toBeLessThanOrEqual(256)
  expect(portions).toBe(Math.ceil(count / 256))
  for (const [key, messages] of Map.groupBy(seen, (message) => message.key)) {
    const attempts = messages.map((message) => message.attempt)
    expect(attempts, key).toEqual(attempts.toSorted((a, b) => a - b))
  }
})

test('a handler of several types gets all of a portion in one call, each key in its order; others are kept in step with it', async ({
  platform,
}) => {
  const { bus, db } = platform
  await bus.register({
    one: ['orders.secure-requested.v1', 'inventory.seats-sold.v1', 'inventory.hold-lost.v1'],
  })
  const sold = (orderId: string) => fact('inventory.seats-sold.v1', { orderId, holdId: 'h' })
  const lost = (orderId: string) =>
    fact('inventory.hold-lost.v1', { orderId, holdId: 'h', attempt: 1, reason: 'taken' })
  await transaction(db, (tx) =>
    bus.outbox.publish(tx, [requested('a'), requested('b'), sold('a'), requested('a', 2), lost('a'), sold('a')]),
  )
  const calls: string[][] = []
  const note = async (_tx: unknown, messages: readonly { type: string; key: string }[]) =>
    void calls.push(messages.map(({ type, key }) => `${key} ${type.split('.')[1]}`))
  const loop = bus.subscriberLoop('one', [
    onEach(['orders.secure-requested.v1', 'inventory.seats-sold.v1'], note),
    on('inventory.hold-lost.v1', note),
  ])
  await loop.run()
  expect(calls).toEqual([
    ['a secure-requested', 'b secure-requested', 'a seats-sold', 'a secure-requested'],
    ['a hold-lost'],
    ['a seats-sold'],
  ])
})

test('publishing and handling take as many statements for 250 facts as for one', async ({ platform }) => {
  const { bus, db, statements } = platform
  await bus.register({ one: ['orders.secure-requested.v1'], two: ['orders.secure-requested.v1'] })
  const loop = bus.subscriberLoop('one', [on('orders.secure-requested.v1', async () => undefined)])
  const cost = async (count: number) => {
    const before = statements.length
    await transaction(db, (tx) =>
      bus.outbox.publish(
        tx,
        Array.from({ length: count }, (_, i) => requested(`o${i}`)),
      ),
    )
    const published = statements.length
    await loop.run()
    return [published - before, statements.length - published]
  }
  const one = await cost(1)
  expect(await cost(250)).toEqual(one)
  expect(Math.max(...one)).toBeLessThanOrEqual(5)
})

test('what a fact says arrives as it was said, with the moment and one id for all subscribers', async ({
  platform,
}) => {
  const { bus, db, clock } = platform
  await bus.register({ one: ['identity.account-registered.v1'], two: ['identity.account-registered.v1'] })
  const data = { accountId: 'acc_1', email: "o'hara+x@example.test", name: '김철수 🎫 "\\', locale: 'ko' }
  await transaction(db, (tx) => bus.outbox.publish(tx, [fact('identity.account-registered.v1', data)]))
  const at = clock.now()
  clock.advance(5000)
  const seen: unknown[] = []
  for (const subscriber of ['one', 'two']) {
    const loop = bus.subscriberLoop(subscriber, [
      on('identity.account-registered.v1', async (_tx, messages) => void seen.push(...messages)),
    ])
    await loop.run()
  }
  expect(seen).toMatchObject([
    { key: 'acc_1', time: at, data, type: 'identity.account-registered.v1' },
    { key: 'acc_1', time: at, data },
  ])
  expect(new Set((seen as { id: string }[]).map(({ id }) => id)).size).toBe(1)
})

test('a commit wakes the subscriber, a rollback does not', async ({ platform }) => {
  const { bus, db } = platform
  await bus.register({ one: ['orders.secure-requested.v1'], two: ['inventory.seats-sold.v1'] })
  const nudges: string[] = []
  for (const name of ['one', 'two']) bus.subscriberLoop(name, []).onStart?.(() => nudges.push(name))
  await transaction(db, async (tx) => {
    await bus.outbox.publish(tx, [requested('a'), requested('b')])
    throw new Error('no')
  }).catch(() => undefined)
  expect(nudges).toEqual([])
  await transaction(db, async (tx) => {
    await bus.outbox.publish(tx, [requested('a'), requested('b')])
    expect(nudges).toEqual([])
  })
  expect(nudges).toEqual(['one'])
})
