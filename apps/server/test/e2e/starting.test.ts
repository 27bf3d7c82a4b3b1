import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort, startProcess, until } from './world.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairgate-starting-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('a second server on the same port or the same data says which setting is in the way, and the first goes on', async () => {
  const env = { DATA_DIR: join(folder, 'first') }
  const first = await startProcess(env)
  try {
    const refused = async (settings: Record<string, string>) => {
      const child = spawn(process.execPath, [main], {
        env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...settings },
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      let said = ''
      child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
      const [code] = await once(child, 'close')
      return { code, said }
    }
    const port = await refused({ DATA_DIR: join(folder, 'second'), PORT: String(first.port) })
    expect(port).toEqual({ code: 1, said: expect.stringContaining(`PORT: ${first.port} is in use on localhost`) })
    const data = await refused({ ...env, PORT: String(await freePort()) })
    expect(data).toEqual({ code: 1, said: expect.stringContaining(`DATA_DIR: ${env.DATA_DIR} is in use`) })
    expect((await fetch(`${first.url}/readyz`)).status).toBe(200)
  } finally {
    await first.end('SIGTERM')
  }
}, 120_000)

test('a server that npm started ends when the shell of npm is told to, which does not pass it on', async () => {
  const port = await freePort()
  const shell = spawn('sh', ['-c', `"$NODE" "$MAIN"; true`], {
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      NODE: process.execPath,
      MAIN: main,
      DATA_DIR: join(folder, 'first'),
      PORT: String(port),
      npm_lifecycle_event: 'start',
    },
    stdio: 'ignore',
  })
  const isUp = () =>
    fetch(`http://localhost:${port}/readyz`).then(
      (response) => response.ok,
      () => false,
    )
  await until(isUp, { timeoutMs: 60_000, what: 'the server to become ready' })
  shell.kill('SIGTERM')
  await until(async () => !(await isUp()), { timeoutMs: 20_000, what: 'the server to end' })
}, 120_000)
