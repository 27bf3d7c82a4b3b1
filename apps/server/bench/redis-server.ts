import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { Redis } from 'ioredis'

export type RedisServer = { client: Redis; stop(): Promise<void> }

/** A Redis of its own on a free port, keeping nothing; undefined where none is installed. */
export async function startRedis(): Promise<RedisServer | undefined> {
  const port = await freePort()
  const server = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    {
      stdio: 'ignore',
    },
  )
  const isThere = await Promise.race([once(server, 'spawn').then(() => true), once(server, 'error').then(() => false)])
  if (!isThere) return undefined
  const client = new Redis({
    port,
    host: '127.0.0.1',
    lazyConnect: false,
    retryStrategy: (times) => (times > 50 ? null : 100),
  })
  client.on('error', () => undefined)
  await client.ping()
  return {
    client,
    async stop() {
      client.disconnect()
      const ended = once(server, 'exit')
      server.kill('SIGTERM')
      await ended
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
