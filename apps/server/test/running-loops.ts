import type { ManualScheduler } from '#platform/clock'
import { silentLog } from '#platform/log'
import { startLoop, type Loop } from '#platform/loop'

const stepMs = 10

/** Promises that have nothing to wait for but each other have come to an end after so many turns. */
const turns = async () => {
  for (let i = 0; i < 50; i++) await Promise.resolve()
}

/** Runs loops as a server does, by a clock that only moves when told to, and not before every loop rests. */
export function runLoops(scheduler: ManualScheduler, loops: readonly Loop[]) {
  let working = 0
  let wake: (() => void) | undefined

  const watched = (loop: Loop): Loop => ({
    ...loop,
    async run() {
      working++
      try {
        return await loop.run()
      } finally {
        if (--working === 0) wake?.()
      }
    },
  })
  const running = loops.map((loop) => startLoop(watched(loop), { scheduler, log: silentLog }))

  async function rest(): Promise<void> {
    for (await turns(); working > 0; await turns()) await new Promise<void>((done) => (wake = done))
  }

  return {
    /** Moves time on, and returns when all that fell due is done. */
    async pass(ms: number): Promise<void> {
      for (let passed = 0; passed < ms; passed += stepMs) {
        await rest()
        scheduler.advance(Math.min(stepMs, ms - passed))
      }
      await rest()
    },
    async stop(): Promise<void> {
      await Promise.all(running.map((loop) => loop.stop()))
    },
  }
}
