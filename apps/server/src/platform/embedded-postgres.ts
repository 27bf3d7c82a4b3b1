import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { findPostgres } from './embedded-postgres-binaries.ts'
import { endLeftovers, ensureCluster, openEndpoint, openHome } from './embedded-postgres-cluster.ts'
import type { Endpoint } from './embedded-postgres-cluster.ts'
import { lockFolder } from './embedded-postgres-lock.ts'
import { endChild, endProcessesOf, postgresEnvironment, run, watch } from './embedded-postgres-processes.ts'

export type EmbeddedPostgres = {
  /** A connection string for node-postgres, over a unix socket: `postgresql://fairgate@/NAME?host=/socket/dir&…`. */
  url: string
  /** The folder of the socket; on Windows the address 127.0.0.1. */
  socketDir: string
  /** Where the data really is, see `startEmbeddedPostgres`. */
  clusterDir: string
  /** Stops Postgres (at most 20 s) and frees the data folder. Calling it again waits for the same stop. */
  stop(): Promise<void>
}

export type EmbeddedPostgresOptions = {
  /** A folder for Postgres alone; made if missing. */
  dataDir: string
  log: (line: string) => void
  /** Server settings that differ from `defaultSettings`, as in postgresql.conf: `{ fsync: 'off' }`. */
  settings?: Record<string, string>
  /** Made if missing; `fairgate` by default. */
  databaseName?: string
}

const userName = 'fairgate'
const readyTimeoutMs = 60_000

/** For a machine of 2 cores and a few GB that other programs use too. */
const defaultSettings: Record<string, string> = {
  max_connections: '100',
  shared_buffers: '256MB',
  synchronous_commit: 'on',
  fsync: 'on',
  wal_compression: 'on',
  min_wal_size: '256MB',
  max_wal_size: '2GB',
  checkpoint_timeout: '15min',
  random_page_cost: '1.1',
  jit: 'off',
  max_parallel_workers_per_gather: '0',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_line_prefix: '',
  // Errors are told to the client that caused them. A refused insert is ordinary here and must not fill the log.
  log_min_messages: 'log',
  log_checkpoints: 'off',
}

/**
 * Runs the Postgres 18 that came with the install on the data in `dataDir`, as a part of this process: it is ready
 * when this answers, and it is gone when this process is, even after `kill -9`. The data survives that as it survives
 * any crash, and the next start takes over whatever was left behind.
 *
 * As root, Postgres runs as `nobody`, or as whoever owns the data. Where that account cannot reach `dataDir`, the data
 * is kept in a folder of /var/lib named by a hash of `dataDir` (see `openHome`), which is logged.
 *
 * Throws when another process uses `dataDir`, when the data is of another major version or of another account, and
 * when Postgres does not become ready within a minute. It deals with processes of the operating system and so uses
 * real time.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { dataDir, log, databaseName = 'fairgate' } = options
  const settings = { ...defaultSettings, ...options.settings }
  checkNames(databaseName, settings)

  const home = await openHome(dataDir, log)
  const unlock = await lockFolder(home.path)
  let server: Server | undefined
  let endpoint: Endpoint | undefined
  try {
    const postgresDir = await findPostgres(home.account, log)
    await endLeftovers(join(home.path, 'cluster'), postgresDir, log)
    const clusterDir = await ensureCluster(home, postgresDir, settings['fsync'] !== 'off')
    endpoint = await openEndpoint(home)
    server = launch({ postgresDir, clusterDir, endpoint, settings, account: home.account, log })
    await createDatabase(await waitUntilReady(server, endpoint), databaseName)

    const { stop } = server
    const stopAndUnlock = async () => {
      try {
        await stop()
      } finally {
        await unlock()
      }
    }
    let stopping: Promise<void> | undefined
    return {
      url: connectionString(endpoint, databaseName),
      socketDir: endpoint.host,
      clusterDir,
      stop: () => (stopping ??= stopAndUnlock()),
    }
  } catch (err) {
    if (server !== undefined) await server.stop()
    else if (endpoint !== undefined && endpoint.password === undefined)
      await rm(endpoint.host, { recursive: true, force: true })
    await unlock()
    throw err
  }
}

function checkNames(databaseName: string, settings: Record<string, string>): void {
  if (databaseName === '' || Buffer.byteLength(databaseName) > 63 || databaseName.includes('\0')) {
    throw new Error(`databaseName must be 1 to 63 bytes long, got ${JSON.stringify(databaseName)}`)
  }
  for (const name of Object.keys(settings)) {
    if (!/^[a-z_][a-z0-9_.]*$/i.test(name))
      throw new Error(`settings: ${JSON.stringify(name)} is no name of a Postgres setting`)
  }
}

type Server = {
  /** Says why Postgres is no longer running, with its last lines; undefined while it runs. */
  ended(): string | undefined
  stop(): Promise<void>
}

type LaunchOptions = {
  postgresDir: string
  clusterDir: string
  endpoint: Endpoint
  settings: Record<string, string>
  account: { uid: number; gid: number } | undefined
  log: (line: string) => void
}

function launch({ postgresDir, clusterDir, endpoint, settings, account, log }: LaunchOptions): Server {
  const isWindows = process.platform === 'win32'
  const where: Record<string, string> = isWindows
    ? { listen_addresses: endpoint.host }
    : { listen_addresses: '', unix_socket_directories: `"${endpoint.host}"`, unix_socket_permissions: '0700' }
  const all = { ...settings, ...where, port: String(endpoint.port) }
  const args = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const child = spawn(join(postgresDir, 'bin', 'postgres'), ['-D', clusterDir, ...args], {
    ...account,
    cwd: isWindows ? clusterDir : '/',
    env: postgresEnvironment,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const watchdog = isWindows || child.pid === undefined ? undefined : watch(child, endpoint.host, account)

  let end: string | undefined
  let isStopping = false
  const lastLines: string[] = []
  const lines = createInterface({ input: child.stderr })
  lines.on('line', (line) => {
    lastLines.push(line)
    if (lastLines.length > 20) lastLines.shift()
    log(line)
  })
  const exited = new Promise<void>((resolve) => {
    child.once('error', (err) => {
      end = `Postgres could not be started: ${err.message}`
      resolve()
    })
    child.once('exit', (code, signal) => {
      end = ['Postgres ended', signal === null ? `with code ${code}` : `by ${signal}`, ...lastLines].join('\n  ')
      watchdog?.kill('SIGKILL')
      if (!isStopping) log(`Postgres ended although nobody stopped it (${signal ?? `code ${code}`})`)
      resolve()
    })
  })

  return {
    ended: () => end,
    async stop() {
      isStopping = true
      if (end === undefined) await (isWindows ? endOnWindows(postgresDir, clusterDir, child) : endChild(child))
      await exited
      if (!isWindows) {
        // Backends notice that the postmaster was killed and go by themselves; this is quick when there are none.
        await endProcessesOf(clusterDir)
        await rm(endpoint.host, { recursive: true, force: true })
      }
    },
  }
}

async function endOnWindows(postgresDir: string, clusterDir: string, child: ChildProcess): Promise<void> {
  const args = ['stop', '-D', clusterDir, '-m', 'fast', '-t', '15']
  try {
    await run(join(postgresDir, 'bin', 'pg_ctl'), args, { account: undefined, timeoutMs: 20_000, cwd: clusterDir })
  } catch {
    // Windows knows no softer signal; the next start recovers the data as after a crash.
    child.kill('SIGKILL')
  }
}

/** Answers a connection to the database `postgres`. Crash recovery may take a while, in which connecting is refused. */
async function waitUntilReady(server: Server, endpoint: Endpoint): Promise<pg.Client> {
  const deadline = performance.now() + readyTimeoutMs
  for (;;) {
    const client = new pg.Client({
      ...endpoint,
      user: userName,
      database: 'postgres',
      ssl: false,
      connectionTimeoutMillis: 5_000,
    })
    client.on('error', () => {})
    try {
      await client.connect()
      return client
    } catch (cause) {
      await client.end().catch(() => {})
      const ended = server.ended()
      if (ended !== undefined) throw new Error(ended, { cause })
      if (performance.now() > deadline) {
        throw new Error(`Postgres did not become ready within ${readyTimeoutMs} ms: ${(cause as Error).message}`, {
          cause,
        })
      }
      await delay(10)
    }
  }
}

async function createDatabase(client: pg.Client, name: string): Promise<void> {
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [name])
    if (rowCount === 0) await client.query(`create database ${pg.escapeIdentifier(name)}`)
  } finally {
    await client.end()
  }
}

/** Names port and sslmode too: node-postgres would otherwise take them from PGPORT and PGSSLMODE of the environment. */
function connectionString({ host, port, password }: Endpoint, databaseName: string): string {
  const database = encodeURIComponent(databaseName)
  if (password !== undefined) return `postgresql://${userName}:${password}@${host}:${port}/${database}?sslmode=disable`
  const folder = encodeURIComponent(host).replaceAll('%2F', '/')
  return `postgresql://${userName}@/${database}?host=${folder}&port=${port}&sslmode=disable`
}
