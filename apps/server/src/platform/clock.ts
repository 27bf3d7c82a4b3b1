/** Where time comes from. Nothing in a module asks the system for it. */
export type Clock = {
  /** Milliseconds since 1970. */
  now(): number
}

/** A clock that can also wake somebody. */
export type Scheduler = Clock & {
  /** Calls `run` once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, run: () => void): () => void
}

/** Node fires a timer of more than 2^31-1 ms (25 days) at once, and sales are planned months ahead. */
const timerMsMax = 2 ** 31 - 1

export const systemScheduler: Scheduler = {
  now: () => Date.now(),
  after(delayMs, run) {
    let timer: NodeJS.Timeout
    const arm = (leftMs: number) => {
      timer = setTimeout(() => (leftMs > timerMsMax ? arm(leftMs - timerMsMax) : run()), Math.min(leftMs, timerMsMax))
    }
    arm(delayMs)
    return () => clearTimeout(timer)
  },
}

export type ManualScheduler = Scheduler & {
  /** Moves time on and runs what falls due, in order. */
  advance(ms: number): void
  set(now: number): void
}

/** Time for tests: stands still until moved. */
export function manualScheduler(start: number | string = '2026-01-01T00:00:00Z'): ManualScheduler {
  let now = typeof start === 'string' ? Date.parse(start) : start
  let due: { at: number; run: () => void }[] = []
  return {
    now: () => now,
    after(delayMs, run) {
      const entry = { at: now + delayMs, run }
      due.push(entry)
      return () => {
        due = due.filter((other) => other !== entry)
      }
    },
    set(value) {
      now = value
    },
    advance(ms) {
      const end = now + ms
      for (;;) {
        const next = due.filter((entry) => entry.at <= end).toSorted((a, b) => a.at - b.at)[0]
        if (!next) break
        due = due.filter((entry) => entry !== next)
        now = Math.max(now, next.at)
        next.run()
      }
      now = end
    },
  }
}
