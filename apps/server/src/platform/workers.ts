import { createCalls, type Calls, type Face } from './calls.ts'
import type { Scheduler } from './clock.ts'
import type { Log } from './log.ts'

/** The part of `cluster.Worker` that is needed here. */
export type WorkerProcess = {
  process: { pid?: number | undefined }
  send(message: unknown): unknown
  kill(signal: string): void
  on(event: 'message', listener: (message: unknown) => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'exit', listener: (code: number | null, signal: string | null) => void): unknown
}

/** What every worker answers to its parent. */
export type WorkerFace = {
  /** The values of its metrics. */
  metrics(): Promise<unknown>
  /** Stops in order and ends. */
  stop(): Promise<void>
}

export type Workers = {
  /** Settles when all of the first workers are ready; fails when one of them ends before. */
  ready: Promise<void>
  /** The values of the metrics of each worker that is there. */
  metrics(): Promise<unknown[]>
  /** Stops all, each in order; one that does not end in time is killed. */
  stop(): Promise<void>
}

const backOffMinMs = 250
const backOffMaxMs = 10_000
/** A worker that lived so long did not die of how it starts. */
const soundAfterMs = 30_000
const answerMs = 10_000

/**
 * Keeps a number of worker processes running. One that ends is replaced, after a pause that doubles from 250 ms to 10 s
 * while workers do not live for half a minute.
 * @param face  what workers may ask; `ready` is added: it is answered when all of the first have asked it
 */
export function startWorkers(options: {
  count: number
  fork(): WorkerProcess
  face: Face
  log: Log
  scheduler: Scheduler
  stopMs: number
}): Workers {
  const { log, scheduler } = options
  const running = new Map<WorkerProcess, Calls<WorkerFace>>()
  const pauses = new Set<() => void>()
  const allReady = Promise.withResolvers<void>()
  // Who has not asked yet may have been told of the failure by `stop`.
  allReady.promise.catch(() => undefined)
  let missing = options.count
  let isUp = false
  let isStopping = false
  let backOffMs = backOffMinMs
  let nobodyLeft: (() => void) | undefined

  function ready(): Promise<void> {
    if (!isUp && --missing === 0) {
      isUp = true
      allReady.resolve()
    }
    return allReady.promise
  }

  function start(): void {
    const startedAt = scheduler.now()
    const worker = options.fork()
    const { pid } = worker.process
    const calls = createCalls<WorkerFace>(
      { ...options.face, ready },
      // A message to a process that has just ended says so by its `exit`.
      { send: (message) => void worker.send(message), scheduler, timeoutMs: answerMs },
    )
    running.set(worker, calls)
    worker.on('message', calls.receive)
    worker.on('error', (error) => log.warn({ err: error, pid }, 'a worker could not be reached'))
    worker.on('exit', (code, signal) => {
      calls.close()
      running.delete(worker)
      if (isStopping) return running.size === 0 ? nobodyLeft?.() : undefined
      if (!isUp) return allReady.reject(new Error(`a worker ended with ${signal ?? code} before it was ready`))
      if (scheduler.now() - startedAt >= soundAfterMs) backOffMs = backOffMinMs
      log.error({ pid, exitCode: code, signal, againInMs: backOffMs }, 'a worker ended; starting another')
      const pause = scheduler.after(backOffMs, () => {
        pauses.delete(pause)
        start()
      })
      pauses.add(pause)
      backOffMs = Math.min(backOffMaxMs, backOffMs * 2)
    })
    log.info({ pid }, 'worker started')
  }

  for (let number = 0; number < options.count; number++) start()
  return {
    ready: allReady.promise,
    async metrics() {
      const answers = await Promise.allSettled([...running.values()].map((calls) => calls.call('metrics')))
      return answers.flatMap((answer) => (answer.status === 'fulfilled' && answer.value ? [answer.value] : []))
    },
    async stop() {
      isStopping = true
      allReady.reject(new Error('told to stop'))
      for (const cancel of pauses) cancel()
      if (running.size === 0) return
      const gone = new Promise<void>((resolve) => (nobodyLeft = resolve))
      // Whether it ended in order says its exit.
      for (const calls of running.values()) void calls.call('stop').catch(() => undefined)
      const cancel = scheduler.after(options.stopMs, () => {
        for (const worker of running.keys()) {
          log.error({ pid: worker.process.pid }, 'a worker did not stop in time')
          worker.kill('SIGKILL')
        }
      })
      await gone
      cancel()
    },
  }
}
