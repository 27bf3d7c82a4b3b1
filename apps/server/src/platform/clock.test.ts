import { expect, test, vi } from 'vitest'
import { manualScheduler, systemScheduler } from './clock.ts'

test('manual time stands still until moved, and wakes in order at the right moments', () => {
  const clock = manualScheduler(1000)
  const seen: [string, number][] = []
  const at = (name: string) => () => void seen.push([name, clock.now()])
  clock.after(300, at('c'))
  clock.after(100, at('a'))
  clock.after(100, at('b'))
  const cancel = clock.after(200, at('never'))
  cancel()
  expect(seen).toEqual([])
  clock.advance(299)
  expect(seen).toEqual([
    ['a', 1100],
    ['b', 1100],
  ])
  clock.advance(1)
  expect(seen.at(-1)).toEqual(['c', 1300])
})

test('what is scheduled while time moves is woken in the same movement if it falls due', () => {
  const clock = manualScheduler(0)
  let ticks = 0
  const tick = () => {
    ticks++
    clock.after(10, tick)
  }
  clock.after(10, tick)
  clock.advance(100)
  expect(ticks).toBe(10)
  expect(clock.now()).toBe(100)
})

test('a wait of months is not over at once', () => {
  vi.useFakeTimers()
  try {
    let woken = 0
    const dayMs = 86_400_000
    systemScheduler.after(60 * dayMs, () => void woken++)
    const cancel = systemScheduler.after(60 * dayMs, () => void (woken += 100))
    vi.advanceTimersByTime(30 * dayMs)
    cancel()
    vi.advanceTimersByTime(30 * dayMs - 1)
    expect(woken).toBe(0)
    vi.advanceTimersByTime(1)
    expect(woken).toBe(1)
  } finally {
    vi.useRealTimers()
  }
})
