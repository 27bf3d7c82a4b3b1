import type { Step } from './wire.ts'

export type Percentiles = { p50: number; p95: number; p99: number }

/** Counts what the crowd met. */
export type Recorder = {
  answered(step: Step, ms: number, refusedWith?: number): void
  /** A connection that broke or could not be made. While the server is known to be down these are expected. */
  lost(step: Step, error: unknown): void
  time(name: string, ms: number): void
  outage: boolean
  readonly requests: number
  readonly errors: number
  readonly outageErrors: number
  /** The first of each kind of error, for the report. */
  readonly samples: ReadonlyMap<string, number>
  percentiles(name: string): Percentiles
}

export function createRecorder(): Recorder {
  const times = new Map<string, number[]>()
  const samples = new Map<string, number>()
  let requests = 0
  let errors = 0
  let outageErrors = 0

  const time = (name: string, ms: number) => {
    const list = times.get(name)
    if (list) list.push(ms)
    else times.set(name, [ms])
  }
  const fail = (what: string) => {
    errors++
    samples.set(what, (samples.get(what) ?? 0) + 1)
  }

  return {
    outage: false,
    answered(step, ms, refusedWith) {
      requests++
      time(step, ms)
      if (refusedWith !== undefined && refusedWith >= 500) fail(`${step}: HTTP ${refusedWith}`)
    },
    lost(step, error) {
      requests++
      if (this.outage) outageErrors++
      else
        fail(
          `${step}: ${error instanceof Error ? ((error as { code?: string }).code ?? error.message) : String(error)}`,
        )
    },
    time,
    get requests() {
      return requests
    },
    get errors() {
      return errors
    },
    get outageErrors() {
      return outageErrors
    },
    samples,
    percentiles(name) {
      const list = (times.get(name) ?? []).toSorted((a, b) => a - b)
      const at = (share: number) =>
        Math.round((list[Math.min(list.length - 1, Math.floor(list.length * share))] ?? 0) * 10) / 10
      return { p50: at(0.5), p95: at(0.95), p99: at(0.99) }
    },
  }
}
