import { spawn, type ChildProcess } from 'node:child_process'
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const serverFolder = fileURLToPath(new URL('../../../apps/server/src/', import.meta.url))

export type Credentials = { accountId: string; accessToken: string }

export type OwnServer = {
  url: string
  folder: string
  logFile: string
  /** Of the server's process while it runs. */
  pid(): number | undefined
  start(): Promise<void>
  /** SIGKILL: no goodbye. */
  kill(): Promise<void>
  stop(): Promise<void>
  /** Runs a command of the server's CLI on the same data, while the server is down. @returns its last line as JSON */
  cli(args: readonly string[]): Promise<unknown>
}

/** A server of the rehearsal's own: the embedded default on a free port with fresh data, removed afterwards. */
export async function createOwnServer(
  options: { env?: Record<string, string>; nodeOptions?: readonly string[]; keep?: boolean } = {},
): Promise<OwnServer> {
  const folder = mkdtempSync(join(tmpdir(), 'fairgate-rehearsal-'))
  const port = await freePort()
  const logFile = join(folder, 'server.log')
  const env = {
    // oxlint-disable-next-line no-process-env -- a child needs PATH and HOME of its parent
    ...process.env,
    LOG_LEVEL: 'info',
    CHALLENGES: 'off',
    ...options.env,
    PORT: String(port),
    DATA_DIR: join(folder, 'data'),
  }
  const url = `http://localhost:${port}`
  let child: ChildProcess | undefined

  const exited = (running: ChildProcess) =>
    new Promise<void>((done) =>
      running.exitCode !== null || running.signalCode !== null ? done() : running.once('exit', () => done()),
    )

  async function start(): Promise<void> {
    const log = createWriteStream(logFile, { flags: 'a' })
    child = spawn(process.execPath, [...(options.nodeOptions ?? []), join(serverFolder, 'main.ts')], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stdout!.pipe(log)
    child.stderr!.pipe(log)
    const running = child
    const deadline = performance.now() + 60_000
    while (performance.now() < deadline) {
      if (running.exitCode !== null || running.signalCode !== null) break
      const isReady = await fetch(`${url}/readyz`).then(
        (response) => response.ok,
        () => false,
      )
      if (isReady) return
      await new Promise((done) => setTimeout(done, 100))
    }
    throw new Error(`the server did not become ready:\n${readFileSync(logFile, 'utf8').slice(-3000)}`)
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (!child) return
    child.kill(signal)
    await exited(child)
    child = undefined
  }

  return {
    url,
    folder,
    logFile,
    pid: () => child?.pid,
    start,
    kill: () => end('SIGKILL'),
    async stop() {
      await end('SIGTERM')
      if (!options.keep) rmSync(folder, { recursive: true, force: true })
    },
    cli: (args) =>
      new Promise((done, fail) => {
        const command = spawn(process.execPath, [join(serverFolder, 'cli.ts'), ...args], {
          env: { ...env, LOG_LEVEL: 'error' },
          stdio: ['ignore', 'pipe', 'inherit'],
        })
        let output = ''
        command.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
        command.once('error', fail)
        command.once('exit', (code) => {
          if (code !== 0) return fail(new Error(`cli ${args.join(' ')} ended with ${code}`))
          done(JSON.parse(output.trim().split('\n').at(-1)!))
        })
      }),
  }
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer()
    probe.once('error', fail)
    probe.listen(0, 'localhost', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => done(port))
    })
  })
}
