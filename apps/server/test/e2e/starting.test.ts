import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort, startProcess, until } from './world.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const cli = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairgate-starting-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** How a process that cannot do its work ends, and what it says. */
async function refused(args: string[], settings: Record<string, string> = {}) {
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...settings },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const [code] = await once(child, 'close')
  return { code, said }
}

test('a command that cannot begin says in one line which argument is in the way', async () => {
  const absent = join(folder, 'absent', 'file')
  const rehearse = fileURLToPath(new URL('../../../../packages/swarm/src/rehearse.ts', import.meta.url))
  for (const { code, said } of await Promise.all([
    refused([cli, 'crowd', '--users', '1', '--out', absent]),
    refused([rehearse, 'concert', '--url', `http://localhost:${await freePort()}`]),
  ]))
    expect({ code, said }).toEqual({ code: 1, said: expect.stringMatching(/^error: [^\n]+\n$/) })
}, 60_000)

test('a second server on the same port or the same data says which setting is in the way, and the first goes on', async () => {
  const env = { DATA_DIR: join(folder, 'first') }
  const first = await startProcess(env)
  try {
    const freeToo = String(await freePort())
    const [port, data, command] = await Promise.all([
      refused([main], { DATA_DIR: join(folder, 'second'), PORT: String(first.port) }),
      refused([main], { ...env, PORT: freeToo }),
      refused([cli, 'audit'], env),
    ])
    expect(port).toEqual({ code: 1, said: expect.stringContaining(`PORT: ${first.port} is in use on localhost`) })
    expect(data).toEqual({ code: 1, said: expect.stringContaining(`DATA_DIR: ${env.DATA_DIR} is in use`) })
    expect(command).toEqual({ code: 1, said: expect.stringMatching(/^error: DATA_DIR: .* is in use[^\n]*\n$/) })
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
