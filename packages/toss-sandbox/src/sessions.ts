import type { Schedule } from './hanging.ts'

/**
 * Calls back for each payment when its time to confirm is over. All have the same time, so they end in the order in
 * which they began and one timer, for the oldest, serves any number of them.
 */
export function createSessions(now: () => number, schedule: Schedule, end: (paymentKey: string) => void) {
  let waiting: { paymentKey: string; endsAtMs: number }[] = []
  let first = 0
  let cancel: (() => void) | undefined

  function arm(): void {
    const oldest = waiting[first]
    if (cancel || oldest === undefined) return
    cancel = schedule(Math.max(0, oldest.endsAtMs - now()), () => {
      cancel = undefined
      for (let due = waiting[first]; due && due.endsAtMs <= now(); due = waiting[first]) {
        first++
        end(due.paymentKey)
      }
      if (first > 1_000) {
        waiting = waiting.slice(first)
        first = 0
      }
      arm()
    })
  }

  return {
    add(paymentKey: string, endsAtMs: number): void {
      waiting.push({ paymentKey, endsAtMs })
      arm()
    },
    close(): void {
      cancel?.()
      waiting = []
    },
  }
}
