import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Clock } from './clock.ts'

/** `read` is a document or a list, `write` a request that decides something. They have limits of their own. */
export type RequestKind = 'read' | 'write'
/** `refused`: a queue was full, on purpose. `failed`: nobody meant it. */
export type RequestOutcome = 'answered' | 'refused' | 'failed'

/** What a process measured of itself in the last seconds; null where too little happened to judge by. */
export type Measures = {
  /** The worst hundredth of how late the event loop came to its timers. */
  lagMs: number
  readP95Ms: number | null
  writeP95Ms: number | null
  /** Shares 0…1 of the requests, of the kind that fares worse. */
  failedShare: number | null
  refusedShare: number | null
}

export type Vitals = {
  /** Notes one request. Costs well below a microsecond. */
  request(kind: RequestKind, ms: number, outcome: RequestOutcome): void
  /** Notes how late the event loop was in the last second. */
  lag(ms: number): void
  measures(): Measures
}

/** A second more, and an overload would be seen too late; a second less, and a garbage collection would look like one. */
const sliceMs = 1000
const slices = 3
/** Fewer requests than this in the whole window prove nothing. */
const requestsMin = 20

/** Upper ends of the classes that times are counted in: each a quarter above the one before, 1 ms to a minute. */
const classEnds = Array.from({ length: 51 }, (_, i) => 1.25 ** i)

type Slice = {
  /** Which slice of time it holds, so that an old one is known to be over. */
  number: number
  lagMs: number
  times: Record<RequestKind, Uint32Array>
  outcomes: Record<RequestKind, Record<RequestOutcome, number>>
}

const emptySlice = (number: number): Slice => ({
  number,
  lagMs: 0,
  times: { read: new Uint32Array(classEnds.length + 1), write: new Uint32Array(classEnds.length + 1) },
  outcomes: {
    read: { answered: 0, refused: 0, failed: 0 },
    write: { answered: 0, refused: 0, failed: 0 },
  },
})

/** Counts in a window that slides by seconds, in memory of a fixed size. */
export function createVitals(clock: Clock): Vitals {
  const ring: Slice[] = Array.from({ length: slices }, () => emptySlice(-1))

  function current(): Slice {
    const number = Math.floor(clock.now() / sliceMs)
    const index = number % slices
    if (ring[index]!.number !== number) ring[index] = emptySlice(number)
    return ring[index]!
  }

  function kept(): Slice[] {
    const oldest = Math.floor(clock.now() / sliceMs) - slices + 1
    return ring.filter((slice) => slice.number >= oldest)
  }

  function p95(window: readonly Slice[], kind: RequestKind): number | null {
    const count = countOf(window, kind)
    if (count < requestsMin) return null
    let left = count * 0.05
    for (let at = classEnds.length; at >= 0; at--) {
      for (const slice of window) left -= slice.times[kind][at]!
      if (left < 0) return Math.round(classEnds[Math.min(at, classEnds.length - 1)]!)
    }
    return 0
  }

  const countOf = (window: readonly Slice[], kind: RequestKind): number =>
    window.reduce((total, { outcomes: { [kind]: by } }) => total + by.answered + by.refused + by.failed, 0)

  function share(window: readonly Slice[], outcome: RequestOutcome): number | null {
    const shares = (['read', 'write'] as const).flatMap((kind) => {
      const count = countOf(window, kind)
      if (count < requestsMin) return []
      return [window.reduce((total, slice) => total + slice.outcomes[kind][outcome], 0) / count]
    })
    return shares.length > 0 ? Math.max(...shares) : null
  }

  return {
    request(kind, ms, outcome) {
      const slice = current()
      slice.outcomes[kind][outcome]++
      slice.times[kind][classOf(ms)]!++
    },
    lag(ms) {
      const slice = current()
      slice.lagMs = Math.max(slice.lagMs, ms)
    },
    measures() {
      const window = kept()
      return {
        lagMs: Math.round(Math.max(0, ...window.map((slice) => slice.lagMs))),
        readP95Ms: p95(window, 'read'),
        writeP95Ms: p95(window, 'write'),
        failedShare: share(window, 'failed'),
        refusedShare: share(window, 'refused'),
      }
    },
  }
}

const classOf = (ms: number): number =>
  ms <= 1 ? 0 : Math.min(classEnds.length, Math.ceil(Math.log(ms) / Math.log(1.25)))

/**
 * How late the event loop came to its timers since the last call, worst hundredth, in ms. Node's histogram counts the
 * whole time between two looks, 10 ms when nothing is late (measured p50 10.1 ms), so that much is taken off.
 */
export function watchEventLoop(): { read(): number; stop(): void } {
  const resolution = 10
  const histogram = monitorEventLoopDelay({ resolution })
  histogram.enable()
  return {
    read() {
      const ms = histogram.count === 0 ? 0 : histogram.percentile(99) / 1e6
      histogram.reset()
      return Math.max(0, ms - resolution)
    },
    stop: () => void histogram.disable(),
  }
}
