import { constants } from 'node:fs'
import { chmod, cp, lstat, mkdtemp, readdir, readFile, rename, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative } from 'node:path'
import { canTraverse, isSafeParent } from './embedded-postgres-account.ts'
import type { Account } from './embedded-postgres-account.ts'
import { run } from './embedded-postgres-processes.ts'

/**
 * The folder with `bin`, `lib` and `share` of the Postgres that came with the install, in a place where it can be run.
 * Runs in place for ourselves. For another account (we are root) it is copied once to a folder that account can read
 * and only root can write: a checkout under a private home cannot be read by others.
 */
export async function findPostgres(
  account: Account | undefined,
  log: (line: string) => void,
  places: readonly string[] = [tmpdir(), '/var/tmp', '/var/lib'],
): Promise<string> {
  const native = packagedFolder()
  if (account === undefined && (await makeLinks(native))) return native

  const { version } = JSON.parse(await readFile(join(native, '..', 'package.json'), 'utf8')) as { version: string }
  const name = `fairgate-postgres-${version}-${account?.uid ?? process.getuid?.() ?? 'user'}`
  const refusals: string[] = []
  // A hardened machine may mount its temporary folders noexec, so a place counts only once Postgres has run there.
  for (const parent of new Set(places)) {
    if (!isSafeParent(parent) || (account !== undefined && !canTraverse(parent, account))) continue
    try {
      const copy = await copyInto(join(parent, name), native, log)
      await run(join(copy, 'bin', 'postgres'), ['--version'], { account, timeoutMs: 10_000 })
      return copy
    } catch (err) {
      refusals.push(`${join(parent, name)}: ${(err as Error).message}`)
    }
  }
  throw new Error(`the packaged Postgres cannot be run anywhere on this machine:\n  ${refusals.join('\n  ')}`)
}

function packagedFolder(): string {
  const system = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${system}-${process.arch}`
  try {
    return join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native')
  } catch (cause) {
    throw new Error(
      `no Postgres came with the install for ${process.platform}-${process.arch} (${name} is missing). ` +
        'Run the install again with optional packages, or set DATABASE_URL to a Postgres 18 of your own.',
      { cause },
    )
  }
}

/** Both relative: `path` to the folder, `to` to the link itself. */
type Link = { path: string; to: string }

/** npm packages cannot carry links. The package lists them, and its install script makes them unless scripts are off. */
async function missingLinks(folder: string): Promise<Link[]> {
  const text = await readFile(join(folder, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  const missing: Link[] = []
  for (const { source, target } of JSON.parse(text) as { source: string; target: string }[]) {
    const path = relative('native', target)
    const present = await lstat(join(folder, path)).catch(() => undefined)
    if (present === undefined) missing.push({ path, to: relative(dirname(target), source) })
  }
  return missing
}

/** Answers false when the folder is not ours to write. */
async function makeLinks(folder: string): Promise<boolean> {
  for (const { path, to } of await missingLinks(folder)) {
    try {
      await symlink(to, join(folder, path))
    } catch (err) {
      const { code } = err as NodeJS.ErrnoException
      if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return false
      if (code !== 'EEXIST') throw err
    }
  }
  return true
}

async function copyInto(target: string, native: string, log: (line: string) => void): Promise<string> {
  const present = await lstat(target).catch(() => undefined)
  if (present !== undefined) {
    if (!present.isDirectory() || present.uid !== process.getuid?.() || (present.mode & 0o022) !== 0) {
      throw new Error('exists, but belongs to someone else or can be written by others; remove it')
    }
    if (await isSameTree(native, target)) return target
  }

  const partial = await mkdtemp(`${target}.partial-`)
  try {
    await cp(native, partial, { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE })
    await makeLinks(partial)
    await openForReading(partial)
    // Temporary folders are swept by age: an incomplete copy of an earlier day makes room, whoever runs it.
    if (present !== undefined) await rename(target, `${partial}.swept`)
    await rename(partial, target)
    log(`copied Postgres to ${target}, where the account that runs it can read it`)
  } catch (err) {
    const isBeaten = ['ENOTEMPTY', 'EEXIST'].includes((err as NodeJS.ErrnoException).code ?? '')
    if (!isBeaten || !(await isSameTree(native, target))) throw err
  } finally {
    await rm(partial, { recursive: true, force: true })
    await rm(`${partial}.swept`, { recursive: true, force: true })
  }
  return target
}

/** Whether every file of `source` is in `copy` with the same size. About 15 ms for the thousand files of Postgres. */
async function isSameTree(source: string, copy: string): Promise<boolean> {
  for (const entry of await readdir(source, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const original = await lstat(path)
    const copied = await lstat(join(copy, relative(source, path))).catch(() => undefined)
    if (copied?.size !== original.size) return false
  }
  return (await missingLinks(copy)).length === 0
}

/** An install under a strict umask is readable by its owner only. */
async function openForReading(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const isProgram =
      basename(entry.parentPath) === 'bin' || entry.name.includes('.so') || entry.name.endsWith('.dylib')
    if (entry.isDirectory() || entry.isFile()) await chmod(path, entry.isDirectory() || isProgram ? 0o755 : 0o644)
  }
  await chmod(folder, 0o755)
}
