import cluster from 'node:cluster'
import { createCalls, type Calls } from '#platform/calls'
import { systemScheduler } from '#platform/clock'
import { memoryEphemeral, type Ephemeral } from '#platform/ephemeral'
import { systemRandom } from '#platform/ids'
import { createLifecycle, type Lifecycle } from '#platform/lifecycle'
import { createLog, type Log } from '#platform/log'
import { textOfAll } from '#platform/metrics'
import { startWorkers, type WorkerFace } from '#platform/workers'
import { compose } from './compose.ts'
import { readConfig } from './config.ts'
import { forwardTo } from './sandbox.ts'
import { serve } from './serving.ts'

/** What a worker is told beside the environment that it shares with its parent. */
export type Told = {
  port: number
  publicUrl: string
  databaseUrl: string
  signingSecrets: readonly string[]
  sandboxUrl: string | undefined
}

/** What the parent answers to its workers. State that may be lost, but is one for all of them, is kept there. */
type ParentFace = Ephemeral & {
  told(): Promise<Told>
  /** Answered when all of the first workers are ready. */
  ready(): Promise<void>
  /** The metrics of all workers. */
  allMetrics(): Promise<string>
}

/** A worker that is asked for more than it finishes in this time is ended by force. */
const stopMs = 30_000

/**
 * Starts workers that share a port: the parent accepts connections and deals them out in turn, so no worker is left out
 * and one that dies takes nothing with it but its own connections. @returns when all are ready
 */
export async function shareWork(
  count: number,
  lifecycle: Lifecycle,
  log: Log,
  told: Told,
): Promise<{ metrics(): Promise<string> }> {
  cluster.schedulingPolicy = cluster.SCHED_RR
  const metrics = async () => textOfAll(await workers.metrics())
  const face: Omit<ParentFace, 'ready'> = {
    ...memoryEphemeral(systemScheduler),
    told: async () => told,
    allMetrics: metrics,
  }
  const workers = startWorkers({ count, fork: () => cluster.fork(), face, log, scheduler: systemScheduler, stopMs })
  lifecycle.own('workers', workers.stop, { timeoutMs: stopMs + 5000 })
  await workers.ready
  return { metrics }
}

/** One of several processes that share a port. It ends when its parent tells it to, or has gone. */
export async function work(env: NodeJS.ProcessEnv): Promise<void> {
  const config = readConfig(env)
  const log = createLog(config.LOG_LEVEL).child({ worker: process.pid })
  const lifecycle = createLifecycle({
    log: {
      info: (fields, message) => log.debug(fields, message),
      error: (fields, message) => log.error(fields, message),
    },
  })
  lifecycle.signals(process)
  const end = async () => process.exit((await lifecycle.stop()).length === 0 ? 0 : 1)
  const ours: WorkerFace = { metrics: async () => server?.metrics.values(), stop: end }
  const parent: Calls<ParentFace> = createCalls(ours, {
    send: (message) => void process.send!(message),
    scheduler: systemScheduler,
    timeoutMs: 60_000,
  })
  process.on('message', parent.receive)
  let server: ReturnType<typeof compose> | undefined
  try {
    const { port, publicUrl, databaseUrl, signingSecrets, sandboxUrl } = await parent.call('told')
    server = compose(config, {
      databaseUrl,
      signingSecrets,
      publicUrl,
      log,
      scheduler: systemScheduler,
      random: systemRandom,
      ephemeral: {
        count: (key, windowMs) => parent.call('count', key, windowMs),
        peek: (key) => parent.call('peek', key),
        once: (key, ttlMs) => parent.call('once', key, ttlMs),
        clear: (key) => parent.call('clear', key),
      },
      metricsText: () => parent.call('allMetrics'),
    })
    lifecycle.own('database', server.database.close, { timeoutMs: 5000 })
    await serve(server, config, lifecycle, {
      port,
      sandbox: sandboxUrl === undefined ? undefined : forwardTo(sandboxUrl),
    })
    await parent.call('ready')
    server.ready()
  } catch (error) {
    log.fatal({ err: error }, 'a worker could not start')
    await lifecycle.stop()
    process.exit(1)
  }
}
