import { expect, test } from 'vitest'
import { createRacepoints, noRacepoints } from './racepoint.ts'

test('a race point that nobody holds costs nothing', () => {
  expect(noRacepoints.reach('orders.before-commit')).toBeUndefined()
  expect(createRacepoints().reach('orders.before-commit')).toBeUndefined()
})

test('a held race point stops everyone who reaches it until it is opened', async () => {
  const racepoints = createRacepoints()
  const gate = racepoints.hold('orders.before-commit', 2)
  const passed: string[] = []
  const walk = async (who: string) => {
    await racepoints.reach('orders.before-commit')
    passed.push(who)
  }

  const walks = [walk('first'), walk('second')]
  await gate.reached
  expect(passed).toEqual([])

  gate.open()
  gate.open()
  await Promise.all(walks)
  expect(passed).toEqual(['first', 'second'])
  expect(racepoints.reach('orders.before-commit')).toBeUndefined()
})

test('other race points stay open, and opening twice does not open a later hold', async () => {
  const racepoints = createRacepoints()
  const earlier = racepoints.hold('a')
  expect(racepoints.reach('b')).toBeUndefined()
  expect(() => racepoints.hold('a')).toThrow('race point a is already held')
  earlier.open()
  racepoints.hold('a')
  earlier.open()
  expect(racepoints.reach('a')).toBeInstanceOf(Promise)
})
