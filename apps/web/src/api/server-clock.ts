/**
 * The time of the server, from instants it told us. An answer is always a little old when it arrives (its way, a cache),
 * so the largest difference among the last ones is the closest to the truth.
 */
export type ServerClock = { observe(serverTime: string): void; now(): number }

const samplesMax = 20

/** @param localNow epoch milliseconds of this device, which may be wrong by hours */
export function createServerClock(localNow: () => number): ServerClock {
  const offsets: number[] = []
  return {
    observe(serverTime) {
      const ms = Date.parse(serverTime)
      if (Number.isNaN(ms)) return
      offsets.push(ms - localNow())
      if (offsets.length > samplesMax) offsets.shift()
    },
    now: () => localNow() + (offsets.length > 0 ? Math.max(...offsets) : 0),
  }
}
