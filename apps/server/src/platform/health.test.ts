import { expect } from 'vitest'
import type { HealthState } from '@fairgate/contracts/health'
import { test, type TestPlatform } from '../../test/fixtures.ts'
import { createHealth, defaultLimits, judge, type News } from './health.ts'
import { createVitals } from './vitals.ts'

const calm: News = {
  process: 'a',
  hosts: ['x'],
  lagMs: 5,
  readP95Ms: 10,
  writeP95Ms: 40,
  failedShare: 0,
  refusedShare: 0,
  databaseMs: 2,
  databaseFailures: 0,
}
const judged = (news: Partial<News>) => judge({ ...calm, ...news }, defaultLimits)

test('pressure is the measure that is nearest to its limit, and says which one that is', () => {
  expect(judged({})).toEqual({ state: 'well', pressure: 0.13, cause: 'writes' })
  expect(judged({ lagMs: 45 })).toEqual({ state: 'well', pressure: 0.6, cause: 'event-loop' })
  expect(judged({ lagMs: 75 })).toEqual({ state: 'strained', pressure: 1, cause: 'event-loop' })
  expect(judged({ readP95Ms: 100 })).toMatchObject({ state: 'strained', cause: 'reads' })
  expect(judged({ writeP95Ms: 300 })).toMatchObject({ state: 'strained', cause: 'writes' })
  expect(judged({ refusedShare: 0.06 })).toMatchObject({ state: 'strained', cause: 'refusals' })
  expect(judged({ databaseMs: 300 })).toMatchObject({ state: 'strained', cause: 'database' })
  expect(judged({ readP95Ms: null, writeP95Ms: null, failedShare: null, refusedShare: null })).toMatchObject({
    state: 'well',
    cause: 'event-loop',
  })
})

test('merely slow is strained, however slow; failing people is unwell', () => {
  expect(judged({ lagMs: 60_000, readP95Ms: 60_000, writeP95Ms: 60_000, refusedShare: 1 }).state).toBe('strained')
  expect(judged({ failedShare: 0.05 })).toMatchObject({ state: 'strained', cause: 'errors' })
  expect(judged({ failedShare: 0.1 })).toEqual({ state: 'unwell', pressure: 1, cause: 'errors' })
  expect(judged({ databaseFailures: 1 })).toMatchObject({ state: 'strained', cause: 'database' })
  expect(judged({ databaseFailures: 2 })).toEqual({ state: 'unwell', pressure: 1, cause: 'database' })
  expect(judged({ databaseMs: 5000 })).toEqual({ state: 'unwell', pressure: 1, cause: 'database' })
})

function start(platform: TestPlatform, options: { expected?: string[]; unknownIs?: HealthState } = {}) {
  const { clock } = platform
  const vitals = createVitals(clock)
  let lagMs = 0
  const health = createHealth(
    { ...platform, vitals, lag: () => lagMs },
    {
      process: 'own',
      hosts: ['x'],
      expected: options.expected ?? ['x'],
      limits: defaultLimits,
      unknownIs: options.unknownIs ?? 'strained',
    },
  )
  return {
    health,
    vitals,
    setLag: (ms: number) => (lagMs = ms),
    /** What another process would have told. */
    hear: (news: Partial<News>) => platform.signals.emit('health', JSON.stringify({ ...calm, ...news })),
  }
}

test('a process measures itself and its database, and tells', async ({ platform }) => {
  const { health, vitals, setLag } = start(platform)
  setLag(250)
  for (let i = 0; i < 50; i++) vitals.request('read', 20, 'answered')
  await health.loop.run()
  expect(health.now()).toMatchObject({
    state: 'strained',
    cause: 'event-loop',
    missing: [],
    processes: [{ process: 'own', lagMs: 250, state: 'strained', ageMs: 0, databaseMs: 0 }],
  })
})

test('the service fares as its worst process does', async ({ platform }) => {
  const { health, hear } = start(platform)
  await health.loop.run()
  hear({ process: 'b', readP95Ms: 240 })
  hear({ process: 'c', lagMs: 90 })
  expect(health.now()).toMatchObject({ state: 'strained', cause: 'reads', pressure: 1 })
  hear({ process: 'c', databaseFailures: 3 })
  expect(health.now()).toMatchObject({ state: 'unwell', cause: 'database' })
  hear({ process: 'b' })
  hear({ process: 'c' })
  expect(health.now().state).toBe('well')
})

test('news older than four seconds are none: a silent process is taken for what was configured', async ({
  platform,
}) => {
  for (const unknownIs of ['well', 'strained', 'unwell'] as const) {
    const { health, hear } = start(platform, { unknownIs })
    hear({ process: 'b', hosts: ['y'] })
    await health.loop.run()
    platform.clock.advance(4000)
    await health.loop.run()
    expect(health.now()).toMatchObject({ state: 'well', pressure: 0.13 })
    platform.clock.advance(1)
    await health.loop.run()
    expect(health.now()).toMatchObject({
      state: unknownIs,
      cause: 'unknown',
      pressure: unknownIs === 'well' ? 0.9 : 1,
    })
    // It did something that nobody else does, so it is not forgotten however long it is silent.
    platform.clock.advance(60_000)
    await health.loop.run()
    expect(health.now().processes).toHaveLength(2)
  }
})

test('a silent process whose work others do is forgotten after ten seconds, one that says goodbye at once', async ({
  platform,
}) => {
  const { health, hear } = start(platform)
  hear({ process: 'b' })
  platform.clock.advance(5000)
  await health.loop.run()
  expect(health.now()).toMatchObject({ state: 'strained', cause: 'unknown' })
  platform.clock.advance(5001)
  await health.loop.run()
  expect(health.now()).toMatchObject({ state: 'well', processes: [{ process: 'own' }] })
  hear({ process: 'b' })
  platform.signals.emit('health', JSON.stringify({ process: 'b', gone: true }))
  expect(health.now().processes).toHaveLength(1)
})

test('what nobody is heard to do is missing; only who has just started waits for the news', async ({ platform }) => {
  const { health, hear } = start(platform, { expected: ['x', 'payments'] })
  await health.loop.run()
  expect(health.now()).toMatchObject({ state: 'well', pressure: 0.9, cause: 'unknown', missing: ['payments'] })
  platform.clock.advance(4001)
  await health.loop.run()
  expect(health.now()).toMatchObject({ state: 'strained', cause: 'unknown', missing: ['payments'] })
  hear({ process: 'b', hosts: ['payments'] })
  expect(health.now()).toMatchObject({ state: 'well', missing: [] })
})

test('a database that does not answer is told of while it is waited for, and down after five seconds', async ({
  platform,
}) => {
  const { health } = start(platform)
  await health.loop.run()
  const busy = await Promise.all(Array.from({ length: 10 }, () => platform.database.pool.connect()))
  for (const [waitMs, state] of [
    [500, 'strained'],
    [4500, 'unwell'],
  ] as const) {
    const told = health.loop.run()
    platform.clock.advance(waitMs)
    await told
    expect(health.now()).toMatchObject({ state, cause: 'database' })
  }
  busy.forEach((client) => client.release())
  await health.loop.run()
  platform.clock.advance(1000)
  await health.loop.run()
  expect(health.now().state).toBe('well')
})

test('what cannot be read is not believed', async ({ platform }) => {
  const { health } = start(platform)
  await health.loop.run()
  for (const key of ['', 'null', '{', '[]', '{"process":7}', '{"process":"b","hosts":7,"lagMs":"high"}'])
    platform.signals.emit('health', key)
  expect(health.now()).toMatchObject({ state: 'well', processes: [{ process: 'own' }, { process: 'b', hosts: [] }] })
})
