import { expect, test } from 'vitest'
import { createBatcher } from './batcher.ts'
import { Problem } from './problem.ts'

/** A batcher whose statements wait to be let go, one by one. */
function held(options: { batchMax: number; queueMax: number; bad?: (item: number) => unknown }) {
  const batches: number[][] = []
  const gates: (() => void)[] = []
  const batcher = createBatcher<number, string>({
    ...options,
    run: async (items) => {
      batches.push([...items])
      await new Promise<void>((resolve) => gates.push(resolve))
      for (const item of items) {
        const error = options.bad?.(item)
        if (error) throw error
      }
      return items.map((item) => `answer ${item}`)
    },
  })
  const turns = async () => {
    for (let i = 0; i < 20; i++) await Promise.resolve()
  }
  return {
    batcher,
    batches,
    turns,
    async next() {
      await turns()
      gates.shift()?.()
      await turns()
    },
  }
}

test('what arrives in one turn shares the first statement, what arrives while it runs shares the next', async () => {
  const { batcher, batches, next } = held({ batchMax: 10, queueMax: 100 })
  const first = [batcher.add(1), batcher.add(2)]
  await next()
  expect(await Promise.all(first)).toEqual(['answer 1', 'answer 2'])
  const alone = batcher.add(3)
  await Promise.resolve().then(() => Promise.resolve())
  const later = [batcher.add(4), batcher.add(5), batcher.add(6)]
  await next()
  expect(await alone).toBe('answer 3')
  await next()
  expect(await Promise.all(later)).toEqual(['answer 4', 'answer 5', 'answer 6'])
  expect(batches).toEqual([[1, 2], [3], [4, 5, 6]])
})

test('one batch runs at a time and holds no more than its maximum, in the order of arrival', async () => {
  const { batcher, batches, next } = held({ batchMax: 3, queueMax: 100 })
  const all = Promise.all([1, 2, 3, 4, 5, 6, 7].map((item) => batcher.add(item)))
  await next()
  expect(batches).toEqual([
    [1, 2, 3],
    [4, 5, 6],
  ])
  expect(batcher.waiting).toBe(1)
  await next()
  await next()
  expect(await all).toEqual([1, 2, 3, 4, 5, 6, 7].map((item) => `answer ${item}`))
  expect(batches.map((batch) => batch.length)).toEqual([3, 3, 1])
})

test('a full queue refuses at once with a time to come back, and takes again when it has room', async () => {
  const { batcher, next, turns } = held({ batchMax: 2, queueMax: 2 })
  const taken = [batcher.add(1), batcher.add(2)]
  await turns()
  const waiting = [batcher.add(3), batcher.add(4)]
  await expect(batcher.add(5)).rejects.toMatchObject({ code: 'http.overloaded', extensions: { retryAfterMs: 1000 } })
  await next()
  await Promise.all(taken)
  const again = batcher.add(6)
  await next()
  await next()
  expect(await Promise.all([...waiting, again])).toEqual(['answer 3', 'answer 4', 'answer 6'])
})

test('a bad item fails alone, wherever it stands in the batch', async () => {
  for (const bad of [0, 1, 63, 127]) {
    let statements = 0
    const batcher = createBatcher<number, number>({
      batchMax: 128,
      queueMax: 1000,
      run: async (items) => {
        statements++
        if (items.includes(bad)) throw new Error(`cannot digest ${bad}`)
        return items
      },
    })
    const results = await Promise.allSettled(Array.from({ length: 128 }, (_, item) => batcher.add(item)))
    expect(
      results.flatMap((result, item) => (result.status === 'rejected' ? [[item, String(result.reason)]] : [])),
    ).toEqual([[bad, `Error: cannot digest ${bad}`]])
    expect(results.every((result, item) => result.status === 'rejected' || result.value === item)).toBe(true)
    expect(statements).toBe(15)
  }
})

test('when the database is away the whole batch is told at once, not one connection timeout after the other', async () => {
  let statements = 0
  const gone = Object.assign(new Error('terminating connection'), { code: '57P01' })
  const batcher = createBatcher<number, number>({
    batchMax: 100,
    queueMax: 100,
    run: async () => {
      statements++
      throw gone
    },
  })
  const results = await Promise.allSettled([1, 2, 3].map((item) => batcher.add(item)))
  expect(results.every((result) => result.status === 'rejected' && result.reason === gone)).toBe(true)
  expect(statements).toBe(1)
})

test('a batch that committed with a wrong number of answers fails all of its items and is not run again', async () => {
  let statements = 0
  const batcher = createBatcher<number, number>({
    batchMax: 10,
    queueMax: 10,
    run: async (items) => {
      statements++
      return items.slice(1)
    },
  })
  const results = await Promise.allSettled([1, 2].map((item) => batcher.add(item)))
  expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected'])
  expect(statements).toBe(1)
})

test('after a failure the next batch is decided as if nothing had been', async () => {
  const { batcher, next } = held({
    batchMax: 10,
    queueMax: 10,
    bad: (item) => (item === 1 ? new Problem('http.invalid') : undefined),
  })
  const failed = batcher.add(1).catch((error: unknown) => error)
  await next()
  expect(await failed).toMatchObject({ code: 'http.invalid' })
  const good = batcher.add(2)
  await next()
  expect(await good).toBe('answer 2')
})

test('an eager batcher sends the next batch before it tells those of the last, another afterwards', async () => {
  for (const isEager of [true, false]) {
    const seen: string[] = []
    const gates: (() => void)[] = []
    const batcher = createBatcher<number, number>({
      batchMax: 10,
      queueMax: 100,
      isEager,
      run: async (items) => {
        // A connection and a statement's text take some turns of the microtask queue.
        for (let turn = 0; turn < 10; turn++) await Promise.resolve()
        seen.push(`sends ${items.join()}`)
        await new Promise<void>((resolve) => gates.push(resolve))
        return items
      },
    })
    const add = async (item: number) => seen.push(`told ${await batcher.add(item)}`)
    const turns = () => new Promise<void>((resolve) => setImmediate(resolve))
    const first = add(1)
    await turns()
    const second = add(2)
    gates.shift()!()
    await first
    await turns()
    gates.shift()!()
    await second
    const inTurn = isEager ? ['sends 2', 'told 1'] : ['told 1', 'sends 2']
    expect(seen).toEqual(['sends 1', ...inTurn, 'told 2'])
  }
})
