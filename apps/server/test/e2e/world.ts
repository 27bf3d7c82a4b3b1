import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClient, type Client } from '@fairgate/contracts/client'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** A running Fairgate, in whatever shape, seen from outside. */
export type World = { url: string; client: Client; log(): string; stop(): Promise<void> }

export type ServerProcess = {
  url: string
  port: number
  child: ChildProcess
  log(): string
  end(signal: NodeJS.Signals): Promise<void>
}

/** Starts one server process and waits until it is ready. Without proofs of work, unless `env` asks for them. */
export async function startProcess(env: Record<string, string>): Promise<ServerProcess> {
  const port = await freePort()
  let output = ''
  const child = spawn(process.execPath, [main], {
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      LOG_LEVEL: 'info',
      CHALLENGES: 'off',
      ...env,
      PORT: String(port),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  child.stdout!.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr!.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const url = `http://localhost:${port}`
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  const server: ServerProcess = {
    url,
    port,
    child,
    log: () => output,
    async end(signal) {
      if (hasEnded()) return
      const exit = new Promise<void>((done) => child.once('exit', () => done()))
      child.kill(signal)
      await exit
    },
  }
  await until(
    async () => {
      if (hasEnded()) throw new Error(`the server ended with ${child.exitCode}:\n${output}`)
      return fetch(`${url}/readyz`).then(
        (response) => response.ok,
        () => false,
      )
    },
    { timeoutMs: 60_000, what: () => `the server to become ready:\n${output}` },
  )
  return server
}

/** The embedded default in one process, on fresh data. */
export async function startOneProcess(env: Record<string, string> = {}): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'fairgate-e2e-'))
  const server = await startProcess({ DATA_DIR: join(folder, 'data'), ...env })
  return {
    url: server.url,
    client: createClient({ baseUrl: server.url }),
    log: server.log,
    async stop() {
      await server.end('SIGTERM')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Asks again until it is so; real processes have no manual clock. */
export async function until(
  isSo: () => Promise<boolean>,
  options: { timeoutMs?: number; what: string | (() => string) },
): Promise<void> {
  const deadline = performance.now() + (options.timeoutMs ?? 15_000)
  for (;;) {
    if (await isSo()) return
    if (performance.now() > deadline)
      throw new Error(`waited in vain for ${typeof options.what === 'string' ? options.what : options.what()}`)
    await new Promise((done) => setTimeout(done, 50))
  }
}

export function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer()
    probe.once('error', fail)
    probe.listen(0, 'localhost', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => done(port))
    })
  })
}
