import type { Log } from './log.ts'
import type { Scheduler } from './clock.ts'

/**
 * Background work that is repeated: `run` does one bounded portion and says whether more is waiting. Tests call `run`
 * themselves; a server hands loops to `startLoop`.
 */
export type Loop = {
  name: string
  /** Pause after a portion that found nothing more to do. */
  intervalMs: number
  /** Longest pause after failures in a row, 10 s where nothing is said. */
  failurePauseMsMax?: number
  /**
   * Least time from the start of a portion to the start of the next, so that under load work gathers into larger
   * portions. After a quiet time a nudge is followed at once. 0 by default.
   */
  gatherMs?: number
  run(): Promise<boolean>
  /** Called once at the start with a function that ends a pause early. */
  onStart?(nudge: () => void): void
}

export type RunningLoop = { stop(): Promise<void> }

/** Runs a loop until stopped. A failing portion is logged and tried again after a pause that doubles up to its longest. */
export function startLoop(loop: Loop, { scheduler, log }: { scheduler: Scheduler; log: Log }): RunningLoop {
  const { gatherMs = 0 } = loop
  let stopped = false
  let nudged = false
  let gathering = false
  let wake: (() => void) | undefined
  let failures = 0

  const nudge = () => {
    nudged = true
    if (!gathering) wake?.()
  }
  const sleep = (ms: number) =>
    new Promise<void>((resolve) => {
      if (stopped || ms <= 0) return resolve()
      const cancel = scheduler.after(ms, () => wake?.())
      wake = () => {
        wake = undefined
        cancel()
        resolve()
      }
    })

  /** Until more may have gathered. A clock that was set back makes this no longer. */
  async function gather(startedAt: number): Promise<void> {
    gathering = true
    await sleep(Math.min(gatherMs, startedAt + gatherMs - scheduler.now()))
    gathering = false
  }

  async function work(): Promise<void> {
    while (!stopped) {
      nudged = false
      let more = false
      let pauseMs = loop.intervalMs
      const startedAt = scheduler.now()
      try {
        more = await loop.run()
        failures = 0
      } catch (error) {
        failures++
        const pauseMsMax = loop.failurePauseMsMax ?? 10_000
        pauseMs = Math.min(pauseMsMax, Math.max(loop.intervalMs, 50) * 2 ** Math.min(failures, 8))
        log.error({ err: error, loop: loop.name, failures, pauseMs }, 'loop failed')
        nudged = false
      }
      if (!more && !nudged) await sleep(pauseMs)
      if (gatherMs > 0) await gather(startedAt)
    }
  }

  loop.onStart?.(nudge)
  const done = work()
  return {
    async stop() {
      stopped = true
      wake?.()
      await done
    },
  }
}
