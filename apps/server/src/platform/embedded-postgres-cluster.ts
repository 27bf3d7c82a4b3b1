import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { existsSync, realpathSync } from 'node:fs'
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, resolve, sep } from 'node:path'
import { canTraverse, isSafeParent, ownerOf, postgresAccount } from './embedded-postgres-account.ts'
import type { Account } from './embedded-postgres-account.ts'
import { endProcessesOf, isAlive, pidInFile, processesOf, run } from './embedded-postgres-processes.ts'

/** The folder a cluster lives in: ours alone, with `cluster` in it and, while one is being made, `cluster.new-…`. */
export type Home = { path: string; account: Account | undefined }

/** How clients reach the server. `host` is a socket folder, on Windows an address. */
export type Endpoint = { host: string; port: number; password?: string }

const majorVersion = '18'

/**
 * Where the cluster of `dataDir` is kept: in `dataDir`, if the account that runs Postgres can get there.
 *
 * Root runs Postgres as `nobody`, who cannot walk into a private home. Then the cluster is kept in a folder named by a
 * hash of `dataDir`: under /var/lib, or, for data that is temporary itself, under the temporary folder.
 */
export async function openHome(dataDir: string, log: (line: string) => void): Promise<Home> {
  const wanted = resolve(dataDir)
  await makeFolder(wanted)
  const origin = realpathSync(wanted)
  const account = postgresAccount(ownerOf(join(origin, 'cluster')))
  if (account === undefined || (await letIn(origin, account))) return { path: origin, account }

  const isTemporary = origin.startsWith(realpathSync(tmpdir()) + sep)
  const parents = isTemporary ? [tmpdir(), '/tmp'] : ['/var/lib', '/var/tmp', '/tmp']
  const parent = parents.find((folder) => isSafeParent(folder) && canTraverse(folder, account))
  if (parent === undefined) {
    throw new Error(
      `the account that runs Postgres (uid ${account.uid}) can reach neither ${origin} nor ${parents.join(', ')}`,
    )
  }
  if (isTemporary) await removeForgotten(parent)
  const path = join(parent, `fairgate-data-${createHash('sha256').update(origin).digest('hex').slice(0, 16)}`)
  await mkdir(path, { recursive: true, mode: 0o711 })
  const { uid, mode } = await stat(path)
  if (uid !== 0 || (mode & 0o022) !== 0) {
    throw new Error(`${path} exists, but belongs to someone else or can be written by others; remove it`)
  }
  await chmod(path, 0o711)
  await writeFile(join(path, 'origin'), origin)
  log(`${origin} cannot be reached by the account that runs Postgres (uid ${account.uid}); its data is kept in ${path}`)
  return { path, account: postgresAccount(ownerOf(join(path, 'cluster'))) }
}

/** As `mkdir -p`. Node's own recursive mkdir was seen to try for ever where a file system takes no folders, as /proc. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return
    if (code !== 'ENOENT' || dirname(path) === path) throw error
    await makeFolder(dirname(path))
    await mkdir(path, { mode: 0o700 })
  }
}

/** Opens a folder of our own for `account` to walk through, and answers whether it now can. */
async function letIn(folder: string, account: Account): Promise<boolean> {
  if (canTraverse(folder, account)) return true
  if (!canTraverse(dirname(folder), account)) return false
  const isOurs = (await readdir(folder)).every((name) => name.startsWith('cluster'))
  if (isOurs) await chmod(folder, 0o711)
  return isOurs
}

/** Temporary data that was moved here outlives the folder it was meant for, which its owner may have removed. */
async function removeForgotten(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith('fairgate-data-')) continue
    const path = join(parent, name)
    if (ownerOf(path)?.uid !== 0) continue
    const origin = await readFile(join(path, 'origin'), 'utf8').catch(() => undefined)
    if (origin === undefined || existsSync(origin)) continue
    if ((await processesOf(join(path, 'cluster'))).length === 0) await rm(path, { recursive: true, force: true })
  }
}

/**
 * Ends a Postgres that a killed process left behind and removes what would keep the next one from starting.
 * The caller holds the lock on the home, so whatever runs here has lost its owner.
 */
export async function endLeftovers(
  clusterDir: string,
  postgresDir: string,
  log: (line: string) => void,
): Promise<void> {
  const pid = await pidInFile(clusterDir)
  if (pid === undefined) return
  if (process.platform === 'win32') {
    const args = ['stop', '-D', clusterDir, '-m', 'fast', '-t', '15']
    await run(join(postgresDir, 'bin', 'pg_ctl'), args, { account: undefined, timeoutMs: 20_000 }).catch(() => {})
    return
  }
  const leftovers = await processesOf(clusterDir)
  if (leftovers.length > 0) {
    log(`ending a Postgres that a killed process left behind (processes ${leftovers.join(', ')})`)
    await endProcessesOf(clusterDir)
  }
  // Postgres clears a stale pid file by itself, but not when another program has been given that pid meanwhile.
  if (isAlive(pid) && (await processesOf(clusterDir)).length === 0) {
    await rm(join(clusterDir, 'postmaster.pid'), { force: true })
  }
}

/**
 * Makes the cluster if there is none. It is made beside its place and renamed into it, so what is in place is whole
 * and an interrupted attempt is simply done again. Answers the cluster's folder.
 */
export async function ensureCluster({ path, account }: Home, postgresDir: string, isDurable: boolean): Promise<string> {
  const clusterDir = join(path, 'cluster')
  for (const name of await readdir(path)) {
    if (name.startsWith('cluster.new-')) await rm(join(path, name), { recursive: true, force: true, maxRetries: 10 })
  }
  if (existsSync(join(clusterDir, 'global', 'pg_control'))) {
    await checkCluster(clusterDir, account)
    return clusterDir
  }
  // Without a control file it never held data that could be read. Set aside all the same, rather than removed.
  if (existsSync(clusterDir)) {
    await rm(join(path, 'cluster.incomplete'), { recursive: true, force: true })
    await rename(clusterDir, join(path, 'cluster.incomplete'))
  }

  const fresh = join(path, `cluster.new-${randomUUID()}`)
  await mkdir(fresh, { mode: 0o700 })
  if (account !== undefined) await chown(fresh, account.uid, account.gid)
  const auth = process.platform === 'win32' ? await writePassword(path) : ['--auth=trust']
  const args = ['-D', fresh, '-U', 'fairgate', '--encoding=UTF8', '--locale=C', '--no-instructions', ...auth]
  if (!isDurable) args.push('--no-sync')
  await run(join(postgresDir, 'bin', 'initdb'), args, { account, timeoutMs: 120_000 })
  await rename(fresh, clusterDir)
  return clusterDir
}

async function checkCluster(clusterDir: string, account: Account | undefined): Promise<void> {
  const version = (await readFile(join(clusterDir, 'PG_VERSION'), 'utf8')).trim()
  if (version !== majorVersion) {
    throw new Error(`${clusterDir} was written by Postgres ${version}; this Fairgate runs Postgres ${majorVersion}`)
  }
  const owner = ownerOf(clusterDir)?.uid
  const runner = account?.uid ?? process.getuid?.()
  if (process.platform !== 'win32' && owner !== runner) {
    throw new Error(
      `${clusterDir} belongs to uid ${owner}, but Postgres would run as uid ${runner}; start as its owner or root`,
    )
  }
}

/** Windows has no unix sockets that Postgres guards by file mode, so there a password guards a local port. */
async function writePassword(path: string): Promise<string[]> {
  const file = join(path, 'cluster-password')
  await writeFile(file, randomBytes(24).toString('base64url'), { mode: 0o600 })
  return ['--auth=scram-sha-256', `--pwfile=${file}`]
}

/** Opens the place where clients will connect. */
export async function openEndpoint({ path, account }: Home): Promise<Endpoint> {
  if (process.platform === 'win32') {
    const password = await readFile(join(path, 'cluster-password'), 'utf8')
    return { host: '127.0.0.1', port: await freePort(), password }
  }
  // The path of a unix socket is limited to 103 bytes on macOS and 107 on Linux, so it cannot lie in the data folder.
  const parent = [tmpdir(), '/tmp'].find(
    (folder) => folder.length < 70 && isSafeParent(folder) && (account === undefined || canTraverse(folder, account)),
  )
  if (parent === undefined)
    throw new Error(`no temporary folder fit for a unix socket: ${tmpdir()} and /tmp were refused`)
  const host = await mkdtemp(join(parent, 'fairgate-socket-'))
  if (account !== undefined) await chown(host, account.uid, account.gid)
  return { host, port: 5432 }
}

function freePort(): Promise<number> {
  return new Promise((resolvePort, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolvePort(port))
    })
  })
}
