import { expect, test } from 'vitest'
import { manualScheduler } from './clock.ts'
import { whenParentGone } from './parent.ts'

test('a process hears once that its parent has gone, and nothing after the watch has ended', () => {
  const scheduler = manualScheduler()
  let parent = 100
  let heard = 0
  const watch = () => whenParentGone({ parent: () => parent, scheduler, everyMs: 250 }, () => void heard++)
  watch()
  scheduler.advance(10_000)
  expect(heard).toBe(0)
  parent = 1
  scheduler.advance(10_000)
  expect(heard).toBe(1)

  const end = watch()
  scheduler.advance(1000)
  end()
  parent = 2
  scheduler.advance(1000)
  expect(heard).toBe(1)
})
