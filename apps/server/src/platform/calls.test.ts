import { expect, test } from 'vitest'
import { createCalls, type Face } from './calls.ts'
import { manualScheduler } from './clock.ts'

/** Two processes: messages arrive in a later microtask, as JSON. */
function setUp(theirs: Face) {
  const scheduler = manualScheduler(0)
  const messages: unknown[] = []
  const pass = (to: { receive(message: unknown): void }) => (message: unknown) => {
    messages.push(message)
    const text = JSON.stringify(message)
    queueMicrotask(() => to.receive(JSON.parse(text)))
  }
  const options = { scheduler, timeoutMs: 1000 }
  const late = { receive: (message: unknown) => there.receive(message) }
  const here = createCalls<Record<string, (...values: unknown[]) => Promise<unknown>>>(
    {},
    { ...options, send: pass(late) },
  )
  const there = createCalls<Face>(theirs, { ...options, send: pass(here) })
  return { here, scheduler, messages }
}

test('each question gets its own answer, and those of one turn travel together', async () => {
  const { here, messages } = setUp({ double: async (n: never) => Number(n) * 2, nothing: async () => undefined })
  expect(await Promise.all([here.call('double', 2), here.call('nothing'), here.call('double', 21)])).toEqual([
    4,
    undefined,
    42,
  ])
  expect(messages).toHaveLength(2)
})

test('what fails there fails here with its message, and an unknown question is said to be one', async () => {
  const { here } = setUp({
    fail: async () => {
      throw new Error('no ink')
    },
  })
  await expect(here.call('fail')).rejects.toThrow('no ink')
  await expect(here.call('toString')).rejects.toThrow('there is no answer to toString')
})

test('a question has an end: when it takes too long, and when the other process has gone', async () => {
  const { here, scheduler } = setUp({ wait: () => new Promise(() => undefined) })
  const slow = here.call('wait')
  scheduler.advance(999)
  const other = here.call('wait')
  const overloaded = { code: 'http.overloaded' }
  scheduler.advance(1)
  await expect(slow).rejects.toMatchObject(overloaded)
  here.close()
  await expect(other).rejects.toMatchObject(overloaded)
  await expect(here.call('wait')).rejects.toMatchObject(overloaded)
})
