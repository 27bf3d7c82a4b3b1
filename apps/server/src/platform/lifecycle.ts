import { systemScheduler } from './clock.ts'
import type { Scheduler } from './clock.ts'

/** The two levels used here; a pino logger fits. */
export type LifecycleLog = {
  info(fields: Record<string, unknown>, message: string): void
  error(fields: Record<string, unknown>, message: string): void
}

export type Lifecycle = {
  /**
   * Takes over the duty to stop something. What is owned last is stopped first.
   * Throws once everything has been stopped: its caller still has to close what it opened.
   */
  own(name: string, stop: () => Promise<void> | void, options: { timeoutMs: number }): void
  /**
   * Stops everything owned, in reverse order, each within its own deadline. A failure is logged and does not keep the
   * rest from being stopped. Answers the names that failed; calling it again gives the same answer.
   */
  stop(): Promise<readonly string[]>
  /**
   * Stops on SIGINT or SIGTERM and then ends the process: 0 when all stopped well, 1 when something did not.
   * A second signal ends the process at once with 130. Only `main.ts` calls this.
   */
  signals(process: SignalledProcess): void
}

/** The part of Node's `process` that `signals` needs. */
export type SignalledProcess = {
  on(signal: 'SIGINT' | 'SIGTERM', listener: (signal: string) => void): unknown
  exit(code: number): void
}

type Owned = { name: string; stop: () => Promise<void> | void; timeoutMs: number }

/** Keeps what a process has opened, so that it can be closed in the right order. */
export function createLifecycle({
  log,
  clock = systemScheduler,
}: {
  log: LifecycleLog
  clock?: Pick<Scheduler, 'after'>
}): Lifecycle {
  const owned: Owned[] = []
  let stopping: Promise<readonly string[]> | undefined
  let isStopped = false

  async function stopAll(): Promise<readonly string[]> {
    const failed: string[] = []
    for (let last = owned.pop(); last !== undefined; last = owned.pop()) {
      try {
        await withDeadline(last, clock)
        log.info({ part: last.name }, 'stopped')
      } catch (err) {
        failed.push(last.name)
        log.error({ part: last.name, err }, 'could not be stopped')
      }
    }
    isStopped = true
    return failed
  }

  const lifecycle: Lifecycle = {
    own(name, stop, { timeoutMs }) {
      if (isStopped) throw new Error(`${name} was opened after everything had been stopped`)
      owned.push({ name, stop, timeoutMs })
    },

    stop() {
      stopping ??= stopAll()
      return stopping
    },

    signals(process) {
      let isSignalled = false
      const onSignal = (signal: string) => {
        if (isSignalled) return process.exit(130)
        isSignalled = true
        log.info({ signal }, 'stopping')
        void lifecycle.stop().then((failed) => process.exit(failed.length === 0 ? 0 : 1))
      }
      process.on('SIGINT', onSignal)
      process.on('SIGTERM', onSignal)
    },
  }
  return lifecycle
}

async function withDeadline({ name, stop, timeoutMs }: Owned, clock: Pick<Scheduler, 'after'>): Promise<void> {
  const late = Promise.withResolvers<never>()
  const cancel = clock.after(timeoutMs, () => late.reject(new Error(`${name} took more than ${timeoutMs} ms to stop`)))
  try {
    await Promise.race([stop(), late.promise])
  } finally {
    cancel()
  }
}
