import { expect, test } from 'vitest'
import { createLanes } from './lanes.ts'

/** Lanes by the first letter of an item; each run is held until the test lets it go. */
function open(parallelMax: number) {
  const runs: { items: readonly string[]; end: () => void }[] = []
  const lanes = createLanes<string, string>((item) => item[0]!, {
    batchMax: 10,
    queueMax: 10,
    parallelMax,
    async run(items) {
      await new Promise<void>((end) => runs.push({ items, end }))
      return items
    },
  })
  return { lanes, runs, seen: () => runs.map(({ items }) => items.join()) }
}
const turns = async () => {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}

test('few lanes decide at once, and what comes meanwhile is decided together', async () => {
  const { lanes, runs, seen } = open(2)
  const all = ['a1', 'b1', 'c1'].map((item) => lanes.add(item))
  await turns()
  expect(seen()).toEqual(['a1', 'b1'])
  all.push(...['c2', 'c3', 'a2'].map((item) => lanes.add(item)))
  runs[0]!.end()
  await turns()
  expect(seen()).toEqual(['a1', 'b1', 'c1'])
  for (let i = 1; i < 5; i++) {
    runs[i]!.end()
    await turns()
  }
  expect(seen().slice(3).toSorted()).toEqual(['a2', 'c2,c3'])
  expect(await Promise.all(all)).toEqual(['a1', 'b1', 'c1', 'c2', 'c3', 'a2'])
})

test('a lane that hangs keeps one turn, and no more than half of the room', async () => {
  const { lanes, runs, seen } = open(2)
  const hanging = ['a1', 'a2', 'a3', 'a4', 'a5'].map((item) => lanes.add(item))
  await turns()
  await expect(lanes.add('a6')).rejects.toMatchObject({ code: 'http.overloaded' })
  for (const item of ['b1', 'c1', 'd1']) {
    const answer = lanes.add(item)
    await turns()
    runs.at(-1)!.end()
    expect(await answer).toBe(item)
  }
  expect(seen()).toEqual(['a1,a2,a3,a4,a5', 'b1', 'c1', 'd1'])
  runs[0]!.end()
  await Promise.all(hanging)
})

test('a run that fails gives its turn on', async () => {
  let fails = true
  const lanes = createLanes<string, string>((item) => item[0]!, {
    batchMax: 1,
    queueMax: 10,
    parallelMax: 1,
    async run(items) {
      if (fails) throw new Error('no')
      return items
    },
  })
  await expect(lanes.add('a1')).rejects.toThrow('no')
  fails = false
  expect(await lanes.add('b1')).toBe('b1')
})
