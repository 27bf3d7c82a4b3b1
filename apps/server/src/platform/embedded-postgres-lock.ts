import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import type { Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Takes `folder` for this process until the answered function is called or the process ends, however it ends.
 * The lock is a listening socket: the operating system lets only one process have its name and frees it with the
 * process, so there is nothing stale to judge. Throws when someone else has it and says who.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const name = `fairgate-postgres-${createHash('sha256').update(folder).digest('hex').slice(0, 24)}`
  const path = lockPath(name)
  const server = createServer((socket) => socket.on('error', () => {}).end(String(process.pid)))

  if (!(await listen(server, path))) {
    const holder = await askHolder(path)
    // Only where the name is a file can it outlive its process.
    const isLeftover = holder === undefined && path.endsWith('.sock')
    if (isLeftover) await rm(path, { force: true })
    if (!isLeftover || !(await listen(server, path))) {
      throw new Error(`${folder} is in use by a running Fairgate${holder === undefined ? '' : ` (process ${holder})`}`)
    }
  }
  server.unref()
  return () => new Promise((resolve) => server.close(() => resolve()))
}

function lockPath(name: string): string {
  if (process.platform === 'linux') return `\0${name}`
  if (process.platform === 'win32') return `\\\\.\\pipe\\${name}`
  return join(tmpdir(), `${name}.sock`)
}

function listen(server: Server, path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const onError = (err: NodeJS.ErrnoException) => (err.code === 'EADDRINUSE' ? resolve(false) : reject(err))
    server.once('error', onError)
    server.listen(path, () => {
      server.off('error', onError)
      resolve(true)
    })
  })
}

/** The process that holds the lock, or undefined when nobody answers. */
function askHolder(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect(path)
    socket.setTimeout(1000, () => socket.destroy())
    socket.on('data', (bytes: Buffer) => (answer += bytes.toString('utf8')))
    socket.on('error', () => {})
    socket.on('close', () => resolve(answer === '' ? undefined : answer))
  })
}
