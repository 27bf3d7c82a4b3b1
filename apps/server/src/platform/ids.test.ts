import { expect, test } from 'vitest'
import { manualScheduler } from './clock.ts'
import { createIds, seededRandom, systemRandom } from './ids.ts'

test('ids sort by the moment of their birth and do not repeat', () => {
  const clock = manualScheduler()
  const ids = createIds(clock, systemRandom)
  const made = Array.from({ length: 5000 }, () => {
    clock.advance(1)
    return ids('order')
  })
  expect(made.toSorted()).toEqual(made)
  expect(new Set(Array.from({ length: 5000 }, () => ids('order'))).size).toBe(5000)
})

test('the same seed gives the same run, another seed another', () => {
  const run = (seed: number) => {
    const ids = createIds(manualScheduler(), seededRandom(seed))
    return [ids('order'), ids('hold'), ids('order')]
  }
  expect(run(7)).toEqual(run(7))
  expect(run(7)).not.toEqual(run(8))
})

test('seeded bytes are spread evenly', () => {
  const counts = Array.from({ length: 256 }, () => 0)
  for (const byte of seededRandom(1)(256_000)) counts[byte]!++
  expect(Math.min(...counts)).toBeGreaterThan(850)
  expect(Math.max(...counts)).toBeLessThan(1150)
})
