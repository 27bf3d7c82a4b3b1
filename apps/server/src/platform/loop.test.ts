import { expect, test } from 'vitest'
import { manualScheduler } from './clock.ts'
import { createLog, silentLog } from './log.ts'
import { startLoop } from './loop.ts'

const turns = async () => {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}

test('portions follow each other while there is more, then the loop rests for its interval', async () => {
  const scheduler = manualScheduler(0)
  let left = 3
  let runs = 0
  const loop = startLoop(
    { name: 'x', intervalMs: 1000, run: async () => (runs++, --left > 0) },
    { scheduler, log: silentLog },
  )
  await turns()
  expect(runs).toBe(3)
  scheduler.advance(999)
  await turns()
  expect(runs).toBe(3)
  scheduler.advance(1)
  await turns()
  expect(runs).toBe(4)
  await loop.stop()
})

test('a nudge ends the rest, and one that comes during a portion is not forgotten', async () => {
  const scheduler = manualScheduler(0)
  let nudge!: () => void
  let runs = 0
  let during = false
  const loop = startLoop(
    {
      name: 'x',
      intervalMs: 1000,
      onStart: (wake) => (nudge = wake),
      run: async () => {
        runs++
        if (during) {
          during = false
          nudge()
        }
        return false
      },
    },
    { scheduler, log: silentLog },
  )
  await turns()
  expect(runs).toBe(1)
  nudge()
  await turns()
  expect(runs).toBe(2)
  during = true
  nudge()
  await turns()
  expect(runs).toBe(4)
  await loop.stop()
})

test('a failing loop is logged, rests longer each time up to ten seconds, and recovers', async () => {
  const scheduler = manualScheduler(0)
  const lines: { pauseMs: number; failures: number }[] = []
  const log = createLog('error', {
    write: (line) => void lines.push(JSON.parse(line) as { pauseMs: number; failures: number }),
  })
  let failing = true
  let runs = 0
  const loop = startLoop(
    {
      name: 'x',
      intervalMs: 100,
      run: async () => {
        runs++
        if (failing) throw new Error('no database')
        return false
      },
    },
    { scheduler, log },
  )
  for (let i = 0; i < 10; i++) {
    await turns()
    scheduler.advance(10_000)
  }
  await turns()
  expect(lines.map((line) => line.pauseMs).slice(0, 3)).toEqual([200, 400, 800])
  expect(lines.at(-1)!.pauseMs).toBe(10_000)
  failing = false
  scheduler.advance(10_000)
  await turns()
  const before = runs
  scheduler.advance(100)
  await turns()
  expect(runs).toBe(before + 1)
  await loop.stop()
})

test('stopping waits for the portion that is running and starts no other', async () => {
  const gate = Promise.withResolvers<boolean>()
  let runs = 0
  const loop = startLoop(
    { name: 'x', intervalMs: 0, run: () => (runs++, gate.promise) },
    { scheduler: manualScheduler(0), log: silentLog },
  )
  await turns()
  let stopped = false
  const stopping = loop.stop().then(() => (stopped = true))
  await turns()
  expect(stopped).toBe(false)
  gate.resolve(true)
  await stopping
  expect(runs).toBe(1)
})

test('stopping ends a rest at once', async () => {
  const loop = startLoop(
    { name: 'x', intervalMs: 3_600_000, run: async () => false },
    { scheduler: manualScheduler(0), log: silentLog },
  )
  await turns()
  await loop.stop()
})

test('portions of a loop that gathers start at a distance under load, and at once after a quiet time', async () => {
  const scheduler = manualScheduler(0)
  const startedAt: number[] = []
  let nudge!: () => void
  const loop = startLoop(
    {
      name: 'x',
      intervalMs: 1000,
      gatherMs: 20,
      onStart: (wake) => (nudge = wake),
      run: async () => (startedAt.push(scheduler.now()), startedAt.length === 1),
    },
    { scheduler, log: silentLog },
  )
  await turns()
  for (let ms = 0; ms < 60; ms += 5) {
    nudge()
    await turns()
    scheduler.advance(5)
    await turns()
  }
  expect(startedAt).toEqual([0, 20, 40, 60])
  scheduler.advance(200)
  await turns()
  expect(startedAt).toHaveLength(4)
  nudge()
  await turns()
  expect(startedAt.at(-1)).toBe(260)
  nudge()
  await loop.stop()
})

test('a loop that says so is tried again sooner after failures, however many', async () => {
  const scheduler = manualScheduler(0)
  const startedAt: number[] = []
  const loop = startLoop(
    {
      name: 'x',
      intervalMs: 250,
      failurePauseMsMax: 1000,
      run: () => (startedAt.push(scheduler.now()), Promise.reject(new Error('no'))),
    },
    { scheduler, log: silentLog },
  )
  for (let ms = 0; ms < 5000; ms += 250) {
    await turns()
    scheduler.advance(250)
  }
  expect(startedAt).toEqual([0, 500, 1500, 2500, 3500, 4500])
  await loop.stop()
})
