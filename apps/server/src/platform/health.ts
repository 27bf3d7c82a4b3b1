import type { HealthCause, HealthState, ProcessHealth, ServiceHealth } from '@fairgate/contracts/health'
import type { Scheduler } from './clock.ts'
import { maybeRow, sql, type Db } from './db.ts'
import type { Log } from './log.ts'
import type { Loop } from './loop.ts'
import type { Metrics } from './metrics.ts'
import type { Signals } from './signals.ts'
import type { Measures, Vitals } from './vitals.ts'

/** What a process can bear. Pressure is the measure divided by its limit, 1 at most. */
export type HealthLimits = {
  /** Event loop, p99. */
  lagMs: number
  /** p95 of the time to answer. */
  readMs: number
  writeMs: number
  /** For a connection and an answer. */
  databaseMs: number
  /** From this share of failed requests on a process is unwell, from half of it strained. */
  failedShare: number
  refusedShare: number
}

export const defaultLimits: HealthLimits = {
  lagMs: 75,
  readMs: 100,
  writeMs: 300,
  databaseMs: 250,
  failedShare: 0.1,
  refusedShare: 0.05,
}

/** What a process tells the others about once a second. */
export type News = Measures & {
  process: string
  hosts: readonly string[]
  databaseMs: number | null
  /** How often in a row the database has failed to answer. */
  databaseFailures: number
}

/** Older news is none. A process that hangs cannot tell. */
const newsMsMax = 4000
/** A process that is silent for so long is gone, if others host what it hosted. */
const silentMsMax = 10_000
const processesMax = 500
const everyMs = 1000
/** How long news waits for the database, so that they are told in time also when it hangs. */
const patienceMs = 500
/** A database that has not answered for so long, or has failed twice in a row, is down. */
const databaseDownMs = 5000
const failuresMax = 2

type Judgement = { state: HealthState; pressure: number; cause: HealthCause | null }

const rank: Record<HealthState, number> = { well: 0, strained: 1, unwell: 2 }

/** Pressure by cause, each 0 or more. */
function pressures(news: News, limits: HealthLimits): Record<Exclude<HealthCause, 'unknown'>, number> {
  return {
    'event-loop': news.lagMs / limits.lagMs,
    reads: (news.readP95Ms ?? 0) / limits.readMs,
    writes: (news.writeP95Ms ?? 0) / limits.writeMs,
    refusals: (news.refusedShare ?? 0) / limits.refusedShare,
    errors: ((news.failedShare ?? 0) * 2) / limits.failedShare,
    database: news.databaseFailures > 0 ? 1 : (news.databaseMs ?? 0) / limits.databaseMs,
  }
}

/** How a process fares by its own news. Merely slow is strained, however slow. */
export function judge(news: News, limits: HealthLimits): Judgement {
  if (news.databaseFailures >= failuresMax || (news.databaseMs ?? 0) >= databaseDownMs)
    return { state: 'unwell', pressure: 1, cause: 'database' }
  if ((news.failedShare ?? 0) >= limits.failedShare) return { state: 'unwell', pressure: 1, cause: 'errors' }
  let pressure = 0
  let cause: HealthCause | null = null
  for (const [name, value] of Object.entries(pressures(news, limits))) {
    if (value > pressure) [pressure, cause] = [value, name as HealthCause]
  }
  const rounded = Math.round(Math.min(1, pressure) * 100) / 100
  return { state: rounded >= 1 ? 'strained' : 'well', pressure: rounded, cause: rounded > 0 ? cause : null }
}

export type Health = {
  /** Measures and tells the others, once a second. */
  loop: Loop
  /** How the service fares now, as far as this process has heard. */
  now(): ServiceHealth
  /** Tells the others that this process ends, so that nobody worries about its silence. */
  leave(): Promise<void>
}

type Deps = {
  db: Db
  clock: Scheduler
  signals: Signals
  metrics: Metrics
  log: Log
  vitals: Vitals
  /** How late the event loop was since the last call (`watchEventLoop`). */
  lag: () => number
}

type Options = {
  /** Names this process among the others. */
  process: string
  /** What this process does, and what some process must do. */
  hosts: readonly string[]
  expected: readonly string[]
  limits: HealthLimits
  /** What to take silence for. */
  unknownIs: HealthState
}

/**
 * How the whole service fares. Every process tells all of them by signals, which reach nobody while the database is
 * away: then news grow old, and old news are none. Ages are measured by the clock of the one who hears.
 */
export function createHealth({ db, clock, signals, metrics, log, vitals, lag }: Deps, options: Options): Health {
  const { limits, unknownIs } = options
  const gauge = metrics.gauge('fairgate_health_pressure', 'Measures of this process over their limits', ['cause'])
  const heard = new Map<string, { news: News; at: number }>()
  const startedAt = clock.now()
  let asking: { since: number; answer: Promise<void> } | undefined
  let databaseMs: number | null = null
  let databaseFailures = 0

  signals.on('health', (keys) => {
    for (const key of keys) {
      const news = newsOf(key)
      if (!news) log.warn({ key }, 'news of a process that cannot be read')
      else if ('gone' in news) heard.delete(news.process)
      else if (heard.has(news.process) || heard.size < processesMax) heard.set(news.process, { news, at: clock.now() })
    }
  })

  function ask(): Promise<void> {
    const since = clock.now()
    const answer = maybeRow(db, sql`select 1`)
      .then(
        () => {
          databaseMs = clock.now() - since
          databaseFailures = 0
        },
        () => void databaseFailures++,
      )
      .finally(() => (asking = undefined))
    asking = { since, answer }
    return answer
  }

  async function patiently(answer: Promise<void>): Promise<void> {
    const over = Promise.withResolvers<void>()
    const cancel = clock.after(patienceMs, over.resolve)
    await Promise.race([answer, over.promise])
    cancel()
  }

  const loop: Loop = {
    name: 'health',
    intervalMs: everyMs,
    async run() {
      vitals.lag(lag())
      await patiently(asking?.answer ?? ask())
      const waitedMs = asking ? clock.now() - asking.since : 0
      const news: News = {
        ...vitals.measures(),
        process: options.process,
        hosts: options.hosts,
        databaseMs: databaseMs === null && waitedMs === 0 ? null : Math.max(databaseMs ?? 0, waitedMs),
        databaseFailures,
      }
      for (const [cause, value] of Object.entries(pressures(news, limits))) gauge.set({ cause }, value)
      signals.emit('health', JSON.stringify(news))
      return false
    },
  }

  /** Who is silent for long is forgotten when what it did is done by others. */
  function forget(now: number): void {
    const fresh = new Set(
      [...heard.values()].filter(({ at }) => now - at <= newsMsMax).flatMap(({ news }) => news.hosts),
    )
    for (const [name, { news, at }] of heard) {
      if (now - at > silentMsMax && news.hosts.every((host) => fresh.has(host))) heard.delete(name)
    }
  }

  function unknown(now: number): Judgement {
    // A process that has just started has not heard of anybody: that is no reason to let in more or fewer people.
    if (unknownIs === 'well' || now - startedAt <= newsMsMax) return { state: 'well', pressure: 0.9, cause: 'unknown' }
    return { state: unknownIs, pressure: 1, cause: 'unknown' }
  }

  return {
    loop,
    now() {
      const now = clock.now()
      forget(now)
      const processes = [...heard.values()].map(({ news, at }): ProcessHealth => {
        const { databaseFailures: _, hosts, ...measures } = news
        const isFresh = now - at <= newsMsMax
        return { ...measures, hosts: [...hosts], ageMs: now - at, ...(isFresh ? judge(news, limits) : unknown(now)) }
      })
      const present = new Set(processes.filter(({ ageMs }) => ageMs <= newsMsMax).flatMap(({ hosts }) => hosts))
      const missing = options.expected.filter((host) => !present.has(host))
      const all: Judgement[] = missing.length > 0 ? [...processes, unknown(now)] : processes
      const worst = all.reduce((one, other) => (isWorse(other, one) ? other : one), wellFor)
      return { state: worst.state, cause: worst.cause, pressure: worst.pressure, processes, missing }
    },
    async leave() {
      signals.emit('health', JSON.stringify({ process: options.process, gone: true }))
      await new Promise<void>((resolve) => void clock.after(leaveMs, resolve))
    },
  }
}

/** Signals are sent together after 20 ms. */
const leaveMs = 50

const wellFor: Judgement = { state: 'well', pressure: 0, cause: null }

const isWorse = (one: Judgement, other: Judgement): boolean =>
  rank[one.state] - rank[other.state] > 0 || (one.state === other.state && one.pressure > other.pressure)

/** Processes of another version may say less or more; what is missing counts as not measured. */
function newsOf(key: string): News | { process: string; gone: true } | undefined {
  let told: Record<string, unknown>
  try {
    told = JSON.parse(key) as Record<string, unknown>
  } catch {
    return undefined
  }
  if (typeof told !== 'object' || told === null || typeof told['process'] !== 'string') return undefined
  if (told['gone'] === true) return { process: told['process'], gone: true }
  const number = (name: string): number | null => {
    const value = told[name]
    return typeof value === 'number' ? value : null
  }
  const hosts = told['hosts']
  return {
    process: told['process'],
    hosts: Array.isArray(hosts) ? hosts.map(String) : [],
    lagMs: number('lagMs') ?? 0,
    readP95Ms: number('readP95Ms'),
    writeP95Ms: number('writeP95Ms'),
    failedShare: number('failedShare'),
    refusedShare: number('refusedShare'),
    databaseMs: number('databaseMs'),
    databaseFailures: number('databaseFailures') ?? 0,
  }
}
