import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/** An account of the operating system. */
export type Account = { uid: number; gid: number }

/**
 * The account Postgres has to run as, or undefined when it runs as ourselves.
 * Postgres refuses to run as root, so root lends it `nobody`, which every Unix has.
 * `dataOwner` is whoever owns the data already: what an ordinary user began, root continues as that user.
 */
export function postgresAccount(dataOwner?: Account): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  if (dataOwner !== undefined && dataOwner.uid !== 0) return dataOwner
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith('nobody:'))
  const [, , uid, gid] = line?.split(':') ?? []
  if (uid === undefined || gid === undefined) {
    throw new Error(
      'Postgres refuses to run as root, and /etc/passwd has no account "nobody" to lend it. ' +
        'Start as an ordinary user, or set DATABASE_URL.',
    )
  }
  // macOS writes nobody as -2.
  return { uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 }
}

/** Who owns `path`, or undefined when it does not exist. */
export function ownerOf(path: string): Account | undefined {
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats && { uid: stats.uid, gid: stats.gid }
}

/** Whether `account` may walk through every folder on the way to `path`, the last one included if it exists. */
export function canTraverse(path: string, account: Account): boolean {
  let folder = existsSync(path) ? realpathSync(path) : path
  for (;;) {
    const stats = statSync(folder, { throwIfNoEntry: false })
    if (stats !== undefined) {
      const bit = stats.uid === account.uid ? 0o100 : stats.gid === account.gid ? 0o010 : 0o001
      if ((stats.mode & bit) === 0) return false
    }
    const parent = dirname(folder)
    if (parent === folder) return true
    folder = parent
  }
}

/** Whether nobody but root and ourselves can replace what lies in `folder`: it is closed to others, or sticky. */
export function isSafeParent(folder: string): boolean {
  const stats = statSync(folder, { throwIfNoEntry: false })
  if (stats === undefined || !stats.isDirectory()) return false
  if (process.platform === 'win32') return true
  const isTrusted = stats.uid === 0 || stats.uid === process.getuid?.()
  return isTrusted && ((stats.mode & 0o022) === 0 || (stats.mode & 0o1000) !== 0)
}
