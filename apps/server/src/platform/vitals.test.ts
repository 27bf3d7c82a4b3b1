import { expect, test } from 'vitest'
import { manualScheduler } from './clock.ts'
import { createVitals, watchEventLoop } from './vitals.ts'

const start = Date.parse('2026-01-01T00:00:00Z')

function crowd(vitals: ReturnType<typeof createVitals>, count: number, ms: number, outcome = 'answered' as const) {
  for (let i = 0; i < count; i++) vitals.request('read', ms, outcome)
}

test('the p95 is that of the last three seconds, of reads and writes apart, within a quarter of the truth', () => {
  const clock = manualScheduler(start)
  const vitals = createVitals(clock)
  crowd(vitals, 94, 10)
  crowd(vitals, 6, 400)
  for (let i = 0; i < 100; i++) vitals.request('write', 900, 'answered')
  const { readP95Ms, writeP95Ms } = vitals.measures()
  expect(readP95Ms).toBeGreaterThanOrEqual(400)
  expect(readP95Ms).toBeLessThanOrEqual(500)
  expect(writeP95Ms).toBeGreaterThanOrEqual(900)
  expect(writeP95Ms).toBeLessThanOrEqual(1125)
  clock.advance(2000)
  crowd(vitals, 5000, 3)
  expect(vitals.measures().readP95Ms).toBeLessThan(5)
  clock.advance(3000)
  expect(vitals.measures()).toMatchObject({ readP95Ms: null, writeP95Ms: null })
})

test('too few requests prove nothing', () => {
  const vitals = createVitals(manualScheduler(start))
  for (let i = 0; i < 19; i++) vitals.request('write', 30_000, 'failed')
  expect(vitals.measures()).toMatchObject({ writeP95Ms: null, failedShare: null, refusedShare: null })
  vitals.request('write', 30_000, 'failed')
  expect(vitals.measures()).toMatchObject({ failedShare: 1, refusedShare: 0 })
})

test('failures of the few who decide are not hidden by the many who read, and a full queue is no failure', () => {
  const vitals = createVitals(manualScheduler(start))
  crowd(vitals, 10_000, 2)
  for (let i = 0; i < 40; i++) vitals.request('write', 5, i % 4 === 0 ? 'failed' : i % 4 === 1 ? 'refused' : 'answered')
  expect(vitals.measures()).toMatchObject({ failedShare: 0.25, refusedShare: 0.25 })
})

test('the worst lag of the last three seconds counts', () => {
  const clock = manualScheduler(start)
  const vitals = createVitals(clock)
  vitals.lag(140)
  clock.advance(1000)
  vitals.lag(3)
  expect(vitals.measures().lagMs).toBe(140)
  clock.advance(2000)
  vitals.lag(4)
  expect(vitals.measures().lagMs).toBe(4)
})

test('an event loop that is kept busy is seen by Node’s own histogram', async () => {
  const watch = watchEventLoop()
  // The histogram counts from the first turn of the loop on.
  await new Promise((resolve) => setImmediate(resolve))
  watch.read()
  const until = performance.now() + 120
  await new Promise((resolve) => setTimeout(resolve, 15))
  while (performance.now() < until);
  await new Promise((resolve) => setTimeout(resolve, 15))
  expect(watch.read()).toBeGreaterThan(60)
  watch.stop()
})
