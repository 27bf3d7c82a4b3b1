import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemScheduler } from '#platform/clock'
import { ConfigError } from '#platform/config'
import { startEmbeddedPostgres } from '#platform/embedded-postgres'
import { systemRandom } from '#platform/ids'
import { createLifecycle, type Lifecycle } from '#platform/lifecycle'
import { createLog, type Log } from '#platform/log'
import { whenParentGone } from '#platform/parent'
import { compose, type Server } from './compose.ts'
import { readConfig, type Config } from './config.ts'
import { seedDemo, welcome } from './demo.ts'
import { createMetricsServer, type MetricsText } from './operations.ts'
import { playedProviders } from './payment-setup.ts'
import { listenPrivately, openSandbox } from './sandbox.ts'
import { serve } from './serving.ts'
import { startFault } from './start-fault.ts'
import { buildWebIfChanged } from './web.ts'
import { shareWork } from './workers.ts'

const projectFolder = fileURLToPath(new URL('../../../', import.meta.url))

export const dataFolder = (config: Config): string => resolve(config.DATA_DIR ?? join(projectFolder, 'data'))

/** Reads the configuration or ends the process with all of its mistakes. */
export function configOrExit(env: NodeJS.ProcessEnv): Config {
  try {
    return readConfig(env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exit(2)
  }
}

/** The parts that the server and the command line share: a database, secrets, and the composed modules. */
export async function open(config: Config, lifecycle: Lifecycle, log: Log, publicUrl: string): Promise<Server> {
  const dataDir = dataFolder(config)
  let databaseUrl = config.DATABASE_URL
  if (databaseUrl === undefined) {
    const postgres = await startEmbeddedPostgres({
      dataDir: join(dataDir, 'postgres'),
      log: (line) => log.debug({ postgres: line }, 'postgres'),
    })
    lifecycle.own('embedded postgres', postgres.stop, { timeoutMs: 20_000 })
    databaseUrl = postgres.url
  }
  const server = compose(config, {
    databaseUrl,
    signingSecrets: config.SIGNING_SECRETS ?? [keptSecret(dataDir)],
    publicUrl,
    log,
    scheduler: systemScheduler,
    random: systemRandom,
  })
  lifecycle.own('database', server.database.close, { timeoutMs: 5000 })
  return server
}

/** Runs the server until it is told to stop: in this process, or as the parent of several that share its port. */
export async function run(env: NodeJS.ProcessEnv): Promise<void> {
  const startedAt = performance.now()
  const config = configOrExit(env)
  const log = createLog(config.LOG_LEVEL)
  const lifecycle = createLifecycle({
    log: {
      info: (fields, message) => log.debug(fields, message),
      error: (fields, message) => log.error(fields, message),
    },
  })
  lifecycle.own('last word', () => log.info('stopped'), { timeoutMs: 100 })
  lifecycle.signals(process)
  if (env['npm_lifecycle_event'] === 'start') {
    const watch = { parent: () => process.ppid, scheduler: systemScheduler, everyMs: 250 }
    const end = () => void lifecycle.stop().then((failed) => process.exit(failed.length === 0 ? 0 : 1))
    lifecycle.own('watch of npm', whenParentGone(watch, end), { timeoutMs: 100 })
  }
  try {
    const port = await freePort(config.HOST, config.PORT)
    const publicUrl = config.PUBLIC_URL ?? `http://localhost:${port}`
    // Both are awaited even when one fails: what is still starting could not be stopped.
    const [opened, built] = await Promise.allSettled([
      open(config, lifecycle, log, publicUrl),
      config.services.includes('catalog') ? buildWebIfChanged(log) : undefined,
    ])
    if (opened.status === 'rejected') throw opened.reason
    if (built.status === 'rejected') throw built.reason
    const server = opened.value
    await server.prepare()
    const demo = config.DEMO && config.services.includes('catalog') ? await seedDemo(server) : undefined

    const played = config.DEMO && config.services.includes('payments') ? playedProviders(config) : []
    const sandbox = played.length > 0 ? openSandbox(dataFolder(config), lifecycle, publicUrl, played) : undefined
    let metrics: MetricsText = server.metrics
    if (config.WORKERS === 1) {
      await serve(server, config, lifecycle, { port, sandbox })
      server.ready()
    } else {
      const { databaseUrl, signingSecrets } = server.surroundings
      const workers = await shareWork(config.WORKERS, lifecycle, log, {
        port,
        publicUrl,
        databaseUrl,
        signingSecrets,
        sandboxUrl: sandbox && (await listenPrivately(sandbox, lifecycle)),
      })
      metrics = { ...metrics, text: workers.metrics }
    }
    if (config.OPERATIONS_PORT !== undefined && !config.DEMO) {
      const metricsServer = createMetricsServer(metrics)
      metricsServer.listen(config.OPERATIONS_PORT, config.HOST)
      lifecycle.own('metrics', () => void metricsServer.close(), { timeoutMs: 1000 })
    }
    const startMs = Math.round(performance.now() - startedAt)
    log.info({ url: publicUrl, services: config.services, workers: config.WORKERS, startMs }, 'ready')
    if (demo) process.stderr.write(welcome(publicUrl, demo))
  } catch (error) {
    const reason = startFault(error, { host: config.HOST, port: config.PORT, dataDir: dataFolder(config) })
    log.fatal(reason === undefined ? { err: error } : { reason }, 'could not start')
    await lifecycle.stop()
    if (reason !== undefined) process.stderr.write(`\nFairgate could not start.\n  ${reason}\n`)
    process.exitCode = 1
  }
}

/** The master secret of an embedded server: made once, readable by its owner only. */
function keptSecret(dataDir: string): string {
  mkdirSync(dataDir, { recursive: true })
  const file = join(dataDir, 'signing-secret')
  if (!existsSync(file)) writeFileSync(file, randomBytes(32).toString('hex'), { mode: 0o600 })
  return readFileSync(file, 'utf8').trim()
}

/** The port to listen on, a free one for 0. @throws what listening there would throw */
async function freePort(host: string, wanted: number): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer()
    probe.once('error', fail)
    probe.listen(wanted, host, () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => done(port))
    })
  })
}
