import type { Scheduler } from './clock.ts'

/**
 * Calls `run` once when the process that started this one has gone; the returned function ends the watch.
 * npm passes a SIGTERM to the shell between it and the server, and that shell dies without passing it on.
 */
export function whenParentGone(
  { parent, scheduler, everyMs }: { parent: () => number; scheduler: Scheduler; everyMs: number },
  run: () => void,
): () => void {
  const first = parent()
  let cancel = scheduler.after(everyMs, look)
  function look(): void {
    if (parent() !== first) return run()
    cancel = scheduler.after(everyMs, look)
  }
  return () => cancel()
}
