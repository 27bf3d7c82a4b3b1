import { spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@fairgate/contracts/client'
import { startEmbeddedPostgres } from '../../src/platform/embedded-postgres.ts'
import { endToEnd } from '../e2e/suite.ts'
import { freePort, startProcess, until, type ServerProcess, type World } from '../e2e/world.ts'

const gateway = new URL('../../../../deploy/nginx/gateway.conf', import.meta.url)
const services = {
  front: 'identity,catalog,notifications,webhooks',
  crowd: 'waiting-room,ballots,auctions,waitlist,inventory',
  money: 'orders,payments,tickets,ledger',
}

/** Three processes on one Postgres behind nginx with the configuration of the repository: only ports differ. */
async function startSplit(): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'fairgate-split-'))
  // Started as root, nginx works as another account, which must reach its folders for cache and large bodies.
  chmodSync(folder, 0o711)
  const given = process.env['TEST_DATABASE_URL']
  const postgres = given
    ? undefined
    : await startEmbeddedPostgres({ dataDir: join(folder, 'data'), log: () => undefined })
  const port = await freePort()
  const url = `http://localhost:${port}`
  const env = {
    DATABASE_URL: given ?? postgres!.url,
    DATA_DIR: join(folder, 'sandbox'),
    SIGNING_SECRETS: 'a secret of the split test that is long enough',
    PUBLIC_URL: url,
    DEMO: 'on',
    TRUSTED_PROXIES: '127.0.0.1,::1',
    HOST: '127.0.0.1',
  }
  const processes: Record<string, ServerProcess> = {}
  for (const [name, hosted] of Object.entries(services))
    processes[name] = await startProcess({ ...env, SERVICES: hosted })
  const nginx = await startNginx(folder, port, processes)
  return {
    url,
    client: createClient({ baseUrl: url }),
    log: () =>
      Object.values(processes)
        .map((server) => server.log())
        .join('\n'),
    async stop() {
      nginx.kill('SIGTERM')
      await Promise.all(Object.values(processes).map((server) => server.end('SIGTERM')))
      await postgres?.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function startNginx(
  folder: string,
  port: number,
  processes: Record<string, ServerProcess>,
): Promise<ChildProcess> {
  let text = readFileSync(gateway, 'utf8').replace('listen 8080;', `listen 127.0.0.1:${port}; listen [::1]:${port};`)
  for (const [name, server] of Object.entries(processes)) {
    text = text.replace(new RegExp(`(upstream ${name} \\{ server )127\\.0\\.0\\.1:\\d+`), `$1127.0.0.1:${server.port}`)
  }
  const file = join(folder, 'gateway.conf')
  writeFileSync(file, text)
  const child = spawn('nginx', ['-p', folder, '-c', file, '-g', 'daemon off;'], { stdio: ['ignore', 'ignore', 'pipe'] })
  let errors = ''
  child.stderr!.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  await until(
    async () => {
      if (child.exitCode !== null) throw new Error(`nginx ended:\n${errors}`)
      return fetch(`http://localhost:${port}/readyz`).then(
        (response) => response.ok,
        () => false,
      )
    },
    { what: () => `nginx to be ready:\n${errors}` },
  )
  return child
}

endToEnd('modules in three processes behind nginx', startSplit)
