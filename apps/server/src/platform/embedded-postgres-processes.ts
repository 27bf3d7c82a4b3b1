import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Account } from './embedded-postgres-account.ts'

const execFileAsync = promisify(execFile)

/** Postgres gets nothing of our environment: a stray PGDATA or LC_ALL must not change what it does. */
export const postgresEnvironment = { LC_ALL: 'C', TZ: 'UTC' }

/** Postgres stops in this order: let transactions roll back, then abort, then be killed. */
const stopSteps = [
  { signal: 'SIGINT', waitMs: 10_000 },
  { signal: 'SIGQUIT', waitMs: 5_000 },
  { signal: 'SIGKILL', waitMs: 5_000 },
] as const

/** Runs a program to its end and answers what it printed. A failure carries the end of its output. */
export async function run(
  file: string,
  args: readonly string[],
  { account, timeoutMs, cwd = '/' }: { account: Account | undefined; timeoutMs: number; cwd?: string },
): Promise<string> {
  try {
    const options = { ...account, cwd, env: postgresEnvironment, timeout: timeoutMs, killSignal: 'SIGKILL' } as const
    return (await execFileAsync(file, args, options)).stdout
  } catch (err) {
    const { stderr = '', message, killed } = err as Error & { stderr?: string; killed?: boolean }
    const why = killed === true ? `took more than ${timeoutMs} ms` : stderr.trim().slice(-2000) || message
    throw new Error(`${file} failed: ${why}`, { cause: err })
  }
}

/** Whether `isSo` became true within `waitMs`. */
export async function eventually(isSo: () => boolean | Promise<boolean>, waitMs: number): Promise<boolean> {
  const deadline = performance.now() + waitMs
  for (;;) {
    if (await isSo()) return true
    if (performance.now() > deadline) return false
    await delay(20)
  }
}

/**
 * The running processes of the cluster in `clusterDir`. On Linux these are all whose working folder it is, backends
 * without a postmaster included; elsewhere the postmaster, which names the folder on its command line.
 */
export async function processesOf(clusterDir: string): Promise<number[]> {
  if (process.platform === 'win32') return []
  if (process.platform === 'linux') {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
    const folders = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => undefined)))
    return pids.filter((_, i) => folders[i] === clusterDir).map(Number)
  }
  const { stdout } = await execFileAsync('ps', ['-axo', 'pid=,command='], { maxBuffer: 16 * 1024 * 1024 })
  return stdout
    .split('\n')
    .filter((line) => line.includes(`postgres -D ${clusterDir} `))
    .map((line) => Number.parseInt(line, 10))
}

/** The process that the cluster's pid file names, or undefined when there is no such file. */
export async function pidInFile(clusterDir: string): Promise<number | undefined> {
  const text = await readFile(join(clusterDir, 'postmaster.pid'), 'utf8').catch(() => '')
  const pid = Number.parseInt(text, 10)
  return Number.isInteger(pid) && pid > 1 ? pid : undefined
}

/** Ends whatever runs on `clusterDir`, politely first. Throws when something survives even SIGKILL. */
export async function endProcessesOf(clusterDir: string): Promise<void> {
  const isEmpty = async () => (await processesOf(clusterDir)).length === 0
  for (const { signal, waitMs } of stopSteps) {
    const pids = await processesOf(clusterDir)
    const postmaster = await pidInFile(clusterDir)
    const isPolite = signal === 'SIGINT' && postmaster !== undefined && pids.includes(postmaster)
    for (const pid of isPolite ? [postmaster] : pids) signalTo(pid, signal)
    if (await eventually(isEmpty, waitMs)) return
  }
  throw new Error(
    `Postgres processes of ${clusterDir} could not be ended: ${(await processesOf(clusterDir)).join(', ')}`,
  )
}

/** Ends a postmaster that we started. Answers when it has exited. */
export async function endChild(child: ChildProcess): Promise<void> {
  const hasExited = () => child.exitCode !== null || child.signalCode !== null
  for (const { signal, waitMs } of stopSteps) {
    if (hasExited()) return
    child.kill(signal)
    if (await eventually(hasExited, waitMs)) return
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (err) {
    return (err as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code !== 'ESRCH') throw err
  }
}

/**
 * A shell of 1 MB that outlives us by as long as it takes to stop Postgres. It reads a pipe whose other end only we
 * hold, so it wakes however we die, `kill -9` included.
 */
const watchdogScript = `
trap '' INT TERM HUP
while read -r _; do :; done
stop() {
  kill -s "$1" "$pid" 2>/dev/null || return 0
  n=0
  while [ "$n" -lt "$2" ] && kill -0 "$pid" 2>/dev/null; do sleep 0.1; n=$((n + 1)); done
}
pid=$1
stop INT 100
stop QUIT 50
stop KILL 50
rm -f "$2"/.s.PGSQL.*
rmdir "$2"
`

/** Sees to it that `postmaster` and its socket folder go when we go. The caller kills it once Postgres has stopped. */
export function watch(postmaster: ChildProcess, socketDir: string, account: Account | undefined): ChildProcess {
  const watchdog = spawn('/bin/sh', ['-c', watchdogScript, 'fairgate-watchdog', String(postmaster.pid), socketDir], {
    ...account,
    cwd: '/',
    env: { PATH: '/usr/bin:/bin:/run/current-system/sw/bin' },
    // A group of its own, so that Ctrl-C at a terminal reaches us alone and we can finish what is in flight.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  // When it cannot be started or is killed, Postgres goes on; the next start finds a leftover and ends it.
  watchdog.on('error', () => {})
  watchdog.stdin?.on('error', () => {})
  return watchdog
}
