import { expect, test } from 'vitest'
import { createLanes } from './lanes.ts'

type Item = { lane: string; id: number; isAlone?: boolean }

/** Lanes whose commits end when the test says so; `locked` lanes cannot be decided together. */
function openLanes({ batchMax = 6, queueMax = 100 } = {}) {
  const commits: { how: 'together' | 'alone'; ids: number[]; end: (error?: Error) => void }[] = []
  const locked = new Set<string>()
  const commit = (how: 'together' | 'alone', items: readonly Item[]) =>
    new Promise<number[]>((resolve, reject) => {
      const ids = items.map(({ id }) => id)
      commits.push({ how, ids, end: (error) => (error ? reject(error) : resolve(ids)) })
    })
  const lanes = createLanes<Item, number>({
    laneOf: ({ lane }) => lane,
    mayShare: ({ isAlone }) => !isAlone,
    together: async (items) => {
      const answers = await commit('together', items)
      return items.map(({ lane }, i) => (locked.has(lane) ? undefined : answers[i]))
    },
    alone: (items) => commit('alone', items),
    batchMax,
    queueMax,
  })
  const settle = async () => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve()
  }
  let next = 0
  const add = (lane: string, isAlone = false) => lanes.add({ lane, id: next++, isAlone })
  return { add, commits, locked, settle }
}

test('items of all lanes share a commit, and none takes more than its part while others wait', async () => {
  const { add, commits, settle } = openLanes()
  const answers = [add('hot')]
  await settle()
  for (let i = 0; i < 9; i++) answers.push(add('hot'))
  answers.push(add('cold'), add('cool'))
  await settle()
  expect(commits).toMatchObject([{ how: 'together', ids: [0] }])
  commits[0]!.end()
  await settle()
  expect(commits[1]!.ids.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 10, 11])
  commits[1]!.end()
  await settle()
  expect(commits[2]!.ids).toEqual([5, 6, 7, 8, 9])
  commits[2]!.end()
  expect(await Promise.all(answers)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
})

test('a lane that is locked goes on for itself, and the others do not wait for it', async () => {
  const { add, commits, locked, settle } = openLanes()
  locked.add('stuck')
  const stuck = add('stuck')
  const free = add('free')
  await settle()
  commits[0]!.end()
  expect(await free).toBe(1)
  await settle()
  const [later, alsoFree] = [add('stuck'), add('free')]
  await settle()
  expect(commits.slice(1)).toMatchObject([
    { how: 'alone', ids: [0] },
    { how: 'together', ids: [3] },
  ])
  commits[2]!.end()
  expect(await alsoFree).toBe(3)
  locked.clear()
  commits[1]!.end()
  expect(await stuck).toBe(0)
  await settle()
  expect(commits[3]).toMatchObject({ how: 'together', ids: [2] })
  commits[3]!.end()
  expect(await later).toBe(2)
})

test('what fails together is decided by each lane for itself, and so is what may not be shared', async () => {
  const { add, commits, settle } = openLanes()
  const answers = [add('one'), add('two'), add('three', true)]
  await settle()
  const [apart, shared] = commits.toSorted((a, b) => (a.how < b.how ? -1 : 1))
  expect([apart, shared]).toMatchObject([
    { how: 'alone', ids: [2] },
    { how: 'together', ids: [0, 1] },
  ])
  shared!.end(new Error('a lock'))
  await settle()
  expect(commits.slice(2)).toMatchObject([
    { how: 'alone', ids: [0] },
    { how: 'alone', ids: [1] },
  ])
  for (const { end } of commits) end()
  expect(await Promise.all(answers)).toEqual([0, 1, 2])
})

test('one lane may fill half of the queue, all together all of it', async () => {
  const { add, commits, settle } = openLanes({ queueMax: 4 })
  const answers = [add('hot'), add('hot')]
  await expect(add('hot')).rejects.toMatchObject({ code: 'http.overloaded' })
  answers.push(add('a'), add('b'))
  await expect(add('c')).rejects.toMatchObject({ code: 'http.overloaded' })
  await settle()
  commits[0]!.end()
  await settle()
  commits[1]!.end()
  await Promise.all(answers)
  const free = add('c')
  await settle()
  commits[2]!.end()
  expect(await free).toBe(6)
})
