import { expect, test } from 'vitest'
import { manualScheduler } from './clock.ts'
import { memoryEphemeral } from './ephemeral.ts'

const setUp = () => {
  const clock = manualScheduler(0)
  return { clock, ephemeral: memoryEphemeral(clock) }
}

test('a window counts what falls into it and starts anew at its end', async () => {
  const { clock, ephemeral } = setUp()
  expect(await ephemeral.count('a', 1000)).toEqual({ count: 1, resetAt: 1000 })
  clock.advance(999)
  expect(await ephemeral.count('a', 1000)).toEqual({ count: 2, resetAt: 1000 })
  expect(await ephemeral.count('b', 1000)).toEqual({ count: 1, resetAt: 1999 })
  expect(await ephemeral.peek('a')).toBe(2)
  clock.advance(1)
  expect(await ephemeral.peek('a')).toBe(0)
  expect(await ephemeral.count('a', 1000)).toEqual({ count: 1, resetAt: 2000 })
})

test('of many at once exactly one is first, until the time to live is over', async () => {
  const { clock, ephemeral } = setUp()
  const first = await Promise.all(Array.from({ length: 50 }, () => ephemeral.once('nonce', 1000)))
  expect(first.filter(Boolean)).toHaveLength(1)
  clock.advance(999)
  expect(await ephemeral.once('nonce', 1000)).toBe(false)
  clock.advance(1)
  expect(await ephemeral.once('nonce', 1000)).toBe(true)
})

test('a counter can be forgotten, and only that one', async () => {
  const { ephemeral } = setUp()
  await ephemeral.count('a', 1000)
  await ephemeral.count('b', 1000)
  await ephemeral.clear('a')
  expect((await ephemeral.count('a', 1000)).count).toBe(1)
  expect((await ephemeral.count('b', 1000)).count).toBe(2)
})

test('a flood of keys forgets the oldest and keeps the newest', async () => {
  const { ephemeral } = setUp()
  await ephemeral.once('first', 1000)
  for (let i = 0; i < 500_000; i++) void ephemeral.once(`k${i}`, 1000)
  expect(await ephemeral.once('k499999', 1000)).toBe(false)
  expect(await ephemeral.once('first', 1000)).toBe(true)
})
