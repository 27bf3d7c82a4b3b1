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
  run(): Promise<boolean>
  /** Called once at the start with a function that ends a pause early. */
  onStart?(nudge: () => void): void
}

export type RunningLoop = { stop(): Promise<void> }

/** Runs a loop until stopped. A failing portion is logged and tried again after a pause that doubles up to its longest. */
export function startLoop(loop: Loop, { scheduler, log }: { scheduler: Scheduler; log: Log }): RunningLoop {
  let stopped = false
  let nudged = false
  let wake: (() => void) | undefined
  let failures = 0

  const nudge = () => {
    nudged = true
    wake?.()
  }
  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      if (nudged || stopped) return resolve()
      const cancel = scheduler.after(ms, () => wake?.())
      wake = () => {
        wake = undefined
        cancel()
        resolve()
      }
    })

  async function work(): Promise<void> {
    while (!stopped) {
      nudged = false
      let more = false
      let pauseMs = loop.intervalMs
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
      if (!more) await pause(pauseMs)
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
