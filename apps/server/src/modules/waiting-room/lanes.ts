import { createBatcher, type Batcher } from '#platform/batcher'
import { Problem } from '#platform/problem'

export type LanesOptions<I, O> = {
  laneOf(item: I): string
  /** Whether an item may be decided together with those of other lanes; any may, while there is `together`. */
  mayShare?(item: I): boolean
  /**
   * Decides items of many lanes in one commit without waiting for anybody; answers in the order of the items, undefined
   * for an item that is to be decided alone. When it fails, nothing was decided. Without it each lane is for itself.
   */
  together?(items: readonly I[]): Promise<readonly (O | undefined)[]>
  /** Decides items of one lane in one commit; may wait. */
  alone(items: readonly I[]): Promise<readonly O[]>
  /** Most items in one commit. */
  batchMax: number
  /** Most items of all lanes, waiting or being decided; half of it is the most for one lane, so that the others keep room. */
  queueMax: number
}

type Entry<I, O> = { item: I; resolve: (answer: O | Promise<O>) => void }

type Lane<I, O> = {
  queue: Entry<I, O>[]
  own: Batcher<I, O>
  /** Items with `own`; until it has decided them, the lane takes no part in what is shared. */
  apart: number
  /** Items of the lane that have no answer yet. */
  count: number
}

/**
 * Items of all lanes share commits: of a race with fifteen lines, each lane for itself decided 1.6 joins at a time. What
 * has to wait (the lane's row is locked by something that hangs) is decided by the lane for itself and holds up no other;
 * what comes meanwhile waits for its lane. No lane takes more of a commit than its part while others have items waiting.
 */
export function createLanes<I, O>(options: LanesOptions<I, O>) {
  const { laneOf, together, mayShare = () => together !== undefined, alone, batchMax, queueMax } = options
  const laneMax = Math.ceil(queueMax / 2)
  const lanes = new Map<string, Lane<I, O>>()
  let total = 0
  let isRunning = false

  const newLane = (): Lane<I, O> => ({
    queue: [],
    own: createBatcher({ run: alone, batchMax, queueMax }),
    apart: 0,
    count: 0,
  })

  function nextBatch(): [Lane<I, O>, Entry<I, O>][] {
    const batch: [Lane<I, O>, Entry<I, O>][] = []
    let waiting = [...lanes.values()].filter(({ queue, apart }) => queue.length > 0 && apart === 0)
    while (waiting.length > 0 && batch.length < batchMax) {
      const part = Math.max(1, Math.floor((batchMax - batch.length) / waiting.length))
      for (const lane of waiting) {
        const room = Math.min(part, batchMax - batch.length)
        for (const entry of lane.queue.splice(0, room)) batch.push([lane, entry])
      }
      waiting = waiting.filter(({ queue }) => queue.length > 0)
    }
    return batch
  }

  async function goApart(lane: Lane<I, O>, item: I): Promise<O> {
    lane.apart++
    try {
      return await lane.own.add(item)
    } finally {
      lane.apart--
      run()
    }
  }

  async function drain(): Promise<void> {
    for (let batch = nextBatch(); batch.length > 0; batch = nextBatch()) {
      const answers = await together?.(batch.map(([, { item }]) => item)).catch(() => undefined)
      batch.forEach(([lane, { item, resolve }], index) => resolve(answers?.[index] ?? goApart(lane, item)))
    }
    isRunning = false
  }

  function share(lane: Lane<I, O>, item: I): Promise<O> {
    return new Promise((resolve) => {
      lane.queue.push({ item, resolve })
      run()
    })
  }

  function run(): void {
    if (isRunning) return
    isRunning = true
    // A microtask later, so that what is read from the same turn of the event loop shares the first commit too.
    queueMicrotask(() => void drain())
  }

  return {
    /** The answer to an item. @throws http.overloaded when too many are waiting */
    async add(item: I): Promise<O> {
      const key = laneOf(item)
      const lane = lanes.get(key) ?? newLane()
      if (total >= queueMax || lane.count >= laneMax) throw new Problem('http.overloaded', { retryAfterMs: 1000 })
      lanes.set(key, lane)
      lane.count++
      total++
      try {
        return await (mayShare(item) ? share(lane, item) : goApart(lane, item))
      } finally {
        total--
        if (--lane.count === 0) lanes.delete(key)
      }
    },
  }
}
