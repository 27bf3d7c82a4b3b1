import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, chown, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import pg from 'pg'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { canTraverse, postgresAccount } from './embedded-postgres-account.ts'
import { findPostgres } from './embedded-postgres-binaries.ts'
import { endLeftovers } from './embedded-postgres-cluster.ts'
import { pidInFile, processesOf } from './embedded-postgres-processes.ts'
import { startEmbeddedPostgres } from './embedded-postgres.ts'
import type { EmbeddedPostgres } from './embedded-postgres.ts'

const isRoot = process.getuid?.() === 0
const nobody = postgresAccount()
const settings = { fsync: 'off', shared_buffers: '16MB' }
const timeout = 60_000

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'fairgate-test-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

const started: EmbeddedPostgres[] = []
afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.stop()))
})

async function start(dataDir: string, lines: string[] = []): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir, settings, log: (line) => lines.push(line) })
  started.push(server)
  return server
}

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

/** A process of its own that runs Postgres, writes one row and then waits to be killed. */
async function startHost(
  dataDir: string,
  account?: { uid: number; gid: number },
): Promise<{ host: ChildProcess; server: EmbeddedPostgres }> {
  const source = `
    import pg from ${JSON.stringify(import.meta.resolve('pg'))}
    import { startEmbeddedPostgres } from ${JSON.stringify(new URL('./embedded-postgres.ts', import.meta.url).href)}
    const server = await startEmbeddedPostgres({
      dataDir: ${JSON.stringify(dataDir)}, settings: ${JSON.stringify(settings)}, log: () => {},
    })
    const client = new pg.Client(server.url)
    await client.connect()
    await client.query('create table facts (word text); insert into facts values (\\'kept\\')')
    console.log(JSON.stringify(server))
  `
  const host = spawn(process.execPath, ['--input-type=module', '--eval', source], {
    ...account,
    cwd: '/',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void host.kill('SIGKILL'))
  for await (const line of createInterface({ input: host.stdout })) {
    return { host, server: JSON.parse(line) as EmbeddedPostgres }
  }
  throw new Error('the host ended before Postgres was ready')
}

const hasEnded = (server: EmbeddedPostgres) =>
  vi.waitFor(async () => expect(await processesOf(server.clusterDir)).toEqual([]), { timeout: 15_000 })

test('data written before a stop is there after the next start', { timeout }, async () => {
  const dataDir = join(await temporaryFolder(), 'data with spaces')
  const first = await start(dataDir)
  await query(first.url, `create table facts (word text); insert into facts values ('kept')`)
  expect(await query(first.url, 'select current_database(), current_user')).toEqual([
    { current_database: 'fairgate', current_user: 'fairgate' },
  ])
  await Promise.all([first.stop(), first.stop()])
  expect(await processesOf(first.clusterDir)).toEqual([])
  expect(existsSync(first.socketDir)).toBe(false)

  const second = await start(dataDir)
  expect(await query(second.url, 'select word from facts')).toEqual([{ word: 'kept' }])
})

test('Postgres goes when its process is killed with -9, and the data is there afterwards', { timeout }, async () => {
  const dataDir = await temporaryFolder()
  const { host, server } = await startHost(dataDir)
  expect((await processesOf(server.clusterDir)).length).toBeGreaterThan(1)
  host.kill('SIGKILL')
  await hasEnded(server)
  await vi.waitFor(() => expect(existsSync(server.socketDir)).toBe(false), { timeout: 5_000 })

  const second = await start(dataDir)
  expect(await query(second.url, 'select word from facts')).toEqual([{ word: 'kept' }])
})

// The control of the test before: without its watchdog Postgres does stay behind.
test('a Postgres left behind by a killed process is ended and its data taken over', { timeout }, async () => {
  const dataDir = await temporaryFolder()
  const { host, server } = await startHost(dataDir)
  const postmaster = await pidInFile(server.clusterDir)
  process.kill(await watchdogOf(postmaster), 'SIGKILL')
  host.kill('SIGKILL')
  await new Promise((resolve) => host.once('exit', resolve))
  expect(await processesOf(server.clusterDir)).toContain(postmaster)

  const lines: string[] = []
  const second = await start(dataDir, lines)
  expect(lines.join('\n')).toContain('ending a Postgres that a killed process left behind')
  expect(await processesOf(second.clusterDir)).not.toContain(postmaster)
  expect(await query(second.url, 'select word from facts')).toEqual([{ word: 'kept' }])
  await rm(server.socketDir, { recursive: true, force: true })
})

async function watchdogOf(postmaster: number | undefined): Promise<number> {
  const ps = spawn('ps', ['-axo', 'pid=,args='], { stdio: ['ignore', 'pipe', 'inherit'] })
  for await (const line of createInterface({ input: ps.stdout })) {
    if (line.includes(`fairgate-watchdog ${postmaster} `)) return Number.parseInt(line, 10)
  }
  // The script has line breaks, which some ps print as they are.
  throw new Error(`no watchdog of ${postmaster} found`)
}

test('of several starts on one data folder one wins and the others say who has it', { timeout }, async () => {
  const dataDir = await temporaryFolder()
  const ends = await Promise.allSettled([start(dataDir), start(dataDir), start(dataDir)])
  expect(ends.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected', 'rejected'])
  await expect(start(dataDir)).rejects.toThrow(`is in use by a running Fairgate (process ${process.pid})`)
  expect(await query(started[0]?.url ?? '', 'select 1 as one')).toEqual([{ one: 1 }])
})

test('control: without that lock the next start would end a Postgres in use', { timeout }, async () => {
  const server = await start(await temporaryFolder())
  await endLeftovers(server.clusterDir, '', () => {})
  expect(await processesOf(server.clusterDir)).toEqual([])
})

test('an interrupted first start is done again', { timeout }, async () => {
  const dataDir = await temporaryFolder()
  await mkdir(join(dataDir, 'cluster.new-half', 'base'), { recursive: true })
  await mkdir(join(dataDir, 'cluster'))
  await writeFile(join(dataDir, 'cluster', 'PG_VERSION'), '18\n')
  const server = await start(dataDir)
  expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }])
  expect((await readdir(dataDir)).sort()).toEqual(['cluster', 'cluster.incomplete'])
})

test('a pid file whose pid now belongs to another program does not block the start', { timeout }, async () => {
  const dataDir = await temporaryFolder()
  const first = await start(dataDir)
  await first.stop()
  const stranger = spawn('sleep', ['600'], { ...nobody, stdio: 'ignore' })
  onTestFinished(() => void stranger.kill())
  const pidFile = join(first.clusterDir, 'postmaster.pid')
  await writeFile(pidFile, `${stranger.pid}\n${first.clusterDir}\n1700000000\n5432\n`)
  if (nobody !== undefined) await chown(pidFile, nobody.uid, nobody.gid)
  await start(dataDir)
  expect(stranger.exitCode).toBeNull()
})

test('a refused setting is told in the words of Postgres and leaves nothing behind', { timeout }, async () => {
  const dataDir = await temporaryFolder()
  const attempt = (wrong: Record<string, string>) =>
    startEmbeddedPostgres({ dataDir, settings: { ...settings, ...wrong }, log: () => {} })
  await expect(attempt({ max_connections: 'many' })).rejects.toThrow('invalid value for parameter "max_connections"')
  await expect(attempt({ 'fsync off': '' })).rejects.toThrow('settings: "fsync off" is no name of a Postgres setting')
  await start(dataDir)
})

test.runIf(process.platform === 'linux')('a folder where no folder can be made is refused at once', async () => {
  await expect(startEmbeddedPostgres({ dataDir: '/proc/fairgate/data', log: () => undefined })).rejects.toMatchObject({
    code: 'ENOENT',
    syscall: 'mkdir',
  })
})

test('data of another major version is refused and left as it is', { timeout }, async () => {
  const dataDir = await temporaryFolder()
  const first = await start(dataDir)
  await first.stop()
  await writeFile(join(first.clusterDir, 'PG_VERSION'), '17\n')
  await expect(start(dataDir)).rejects.toThrow('was written by Postgres 17; this Fairgate runs Postgres 18')
})

test.runIf(isRoot)('root in a private home gets its data where Postgres can reach it', { timeout }, async () => {
  const home = await temporaryFolder()
  await chmod(home, 0o700)
  const dataDir = join(home, 'checkout', 'data')
  const lines: string[] = []
  const first = await start(dataDir, lines)
  onTestFinished(() => rm(join(first.clusterDir, '..'), { recursive: true, force: true }))
  expect(first.clusterDir).not.toContain(home)
  expect(lines.join('\n')).toContain(`its data is kept in ${join(first.clusterDir, '..')}`)
  expect((await stat(first.clusterDir)).mode & 0o777).toBe(0o700)
  await query(first.url, `create table facts (word text); insert into facts values ('kept')`)
  await first.stop()
  const second = await start(dataDir)
  expect(second.clusterDir).toBe(first.clusterDir)
  expect(await query(second.url, 'select word from facts')).toEqual([{ word: 'kept' }])
})

const ordinary = isRoot && nobody !== undefined && canTraverse(import.meta.dirname, nobody) ? nobody : undefined

test.runIf(ordinary)(
  'an ordinary user runs Postgres in place, and root can continue with the data',
  { timeout },
  async () => {
    const folder = await temporaryFolder()
    await chmod(folder, 0o755)
    const dataDir = join(folder, 'data')
    await mkdir(dataDir, { mode: 0o700 })
    if (ordinary !== undefined) await chown(dataDir, ordinary.uid, ordinary.gid)
    const { host, server } = await startHost(dataDir, ordinary)
    expect((await stat(server.clusterDir)).uid).toBe(ordinary?.uid)
    await expect(start(dataDir)).rejects.toThrow(`is in use by a running Fairgate (process ${host.pid})`)
    host.kill('SIGKILL')
    await hasEnded(server)
    const second = await start(dataDir)
    expect(await query(second.url, 'select word from facts')).toEqual([{ word: 'kept' }])
  },
)

test.runIf(isRoot)(
  'binaries planted by another user are refused, swept ones are copied again',
  { timeout },
  async () => {
    const place = await temporaryFolder()
    await chmod(place, 0o1777)
    const copy = await findPostgres(nobody, () => {}, [place])
    expect((await readdir(place)).map((name) => join(place, name))).toEqual([copy])

    await rm(join(copy, 'lib'), { recursive: true })
    expect(await findPostgres(nobody, () => {}, [place])).toBe(copy)
    expect(existsSync(join(copy, 'lib'))).toBe(true)
    expect(await readdir(place)).toHaveLength(1)

    if (nobody !== undefined) await chown(copy, nobody.uid, nobody.gid)
    await expect(findPostgres(nobody, () => {}, [place])).rejects.toThrow('belongs to someone else')
    await chmod(place, 0o777)
    await expect(findPostgres(nobody, () => {}, [place])).rejects.toThrow('cannot be run anywhere')
  },
)
