import { expect, test } from 'vitest'
import { manualScheduler } from './clock.ts'
import { createLifecycle } from './lifecycle.ts'

function setUp() {
  const errors: string[] = []
  const log = {
    info() {},
    error(fields: Record<string, unknown>) {
      errors.push(String((fields['err'] as Error).message))
    },
  }
  const clock = manualScheduler()
  const stopped: string[] = []
  const lifecycle = createLifecycle({ log, clock })
  const own = (name: string, stop: () => Promise<void> | void = () => {}) =>
    lifecycle.own(
      name,
      () => {
        stopped.push(name)
        return stop()
      },
      { timeoutMs: 1000 },
    )
  return { lifecycle, own, stopped, errors, clock }
}

test('what was opened last is stopped first, one after the other', async () => {
  const { lifecycle, own, stopped } = setUp()
  own('database')
  own('http', async () => {
    await Promise.resolve()
    expect(stopped).toEqual(['http'])
  })
  expect(await lifecycle.stop()).toEqual([])
  expect(stopped).toEqual(['http', 'database'])
})

test('stopping twice stops each part once', async () => {
  const { lifecycle, own, stopped } = setUp()
  own('database')
  const both = [lifecycle.stop(), lifecycle.stop()]
  expect(both[0]).toBe(both[1])
  await Promise.all(both)
  expect(stopped).toEqual(['database'])
})

test('a part that fails is reported and the rest is still stopped', async () => {
  const { lifecycle, own, stopped, errors } = setUp()
  own('database')
  own('bus', () => {
    throw new Error('broker gone')
  })
  own('http', () => Promise.reject(new Error('socket stuck')))
  expect(await lifecycle.stop()).toEqual(['http', 'bus'])
  expect(stopped).toEqual(['http', 'bus', 'database'])
  expect(errors).toEqual(['socket stuck', 'broker gone'])
})

test('a part that never stops is given up at its deadline', async () => {
  const { lifecycle, own, stopped, errors, clock } = setUp()
  own('database')
  own('http', () => new Promise(() => {}))
  const done = lifecycle.stop()
  clock.advance(999)
  expect(errors).toEqual([])
  clock.advance(1)
  expect(await done).toEqual(['http'])
  expect(stopped).toEqual(['http', 'database'])
  expect(errors).toEqual(['http took more than 1000 ms to stop'])
})

test('what is opened while stopping is stopped too, what is opened later is refused', async () => {
  const { lifecycle, own, stopped } = setUp()
  own('http', () => own('late reply'))
  await lifecycle.stop()
  expect(stopped).toEqual(['http', 'late reply'])
  expect(() => own('database')).toThrow('database was opened after everything had been stopped')
})

test('the first signal stops in order, the second ends the process at once', async () => {
  const { lifecycle, own } = setUp()
  const release = Promise.withResolvers<void>()
  own('http', () => release.promise)
  const exits: number[] = []
  const exited = Promise.withResolvers<void>()
  const listeners: ((signal: string) => void)[] = []
  lifecycle.signals({
    on: (_signal, listener) => listeners.push(listener),
    exit(code) {
      exits.push(code)
      if (code === 0) exited.resolve()
    },
  })
  const [onInterrupt, onTerminate] = listeners
  onInterrupt?.('SIGINT')
  expect(exits).toEqual([])
  onTerminate?.('SIGTERM')
  expect(exits).toEqual([130])
  release.resolve()
  await exited.promise
  expect(exits).toEqual([130, 0])
})
