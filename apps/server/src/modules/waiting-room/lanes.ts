import { createBatcher, type BatcherOptions } from '#platform/batcher'
import { Problem } from '#platform/problem'

/**
 * A batcher for each lane: what arrives in one lane is decided together, and a lane that stands still (its row is locked
 * by something that hangs) holds up no other. `queueMax` counts the items of all lanes, waiting or being decided; half of
 * it is the most for one lane, so that the others keep room.
 */
export function createLanes<I, O>(laneOf: (item: I) => string, options: BatcherOptions<I, O>) {
  const laneMax = Math.ceil(options.queueMax / 2)
  const lanes = new Map<string, { add(item: I): Promise<O>; count: number }>()
  let total = 0

  return {
    /** The answer to an item. @throws http.overloaded when too many are waiting */
    async add(item: I): Promise<O> {
      const key = laneOf(item)
      const lane = lanes.get(key) ?? { ...createBatcher(options), count: 0 }
      if (total >= options.queueMax || lane.count >= laneMax)
        throw new Problem('http.overloaded', { retryAfterMs: 1000 })
      lanes.set(key, lane)
      lane.count++
      total++
      try {
        return await lane.add(item)
      } finally {
        total--
        if (--lane.count === 0) lanes.delete(key)
      }
    },
  }
}
