import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import fastify from 'fastify'
import { expect, test } from 'vitest'
import { manualScheduler } from './clock.ts'
import { createMetrics } from './metrics.ts'
import { createStreams } from './event-streams.ts'

test('a watcher that does not read is dropped, and the others go on', async () => {
  const metrics = createMetrics({ processMetrics: false })
  const streams = createStreams(
    { clock: manualScheduler(), metrics },
    { streamsMax: 10, metric: 'test_streams', help: 'Open' },
  )
  const app = fastify({ forceCloseConnections: true })
  app.get('/', async (_request, reply) => {
    streams.open('topic', reply, Buffer.from('first\n'))
    return reply
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const get = () =>
    new Promise<IncomingMessage>((resolve, reject) =>
      request({ port, agent: false }, resolve).on('error', reject).end(),
    )

  const sleeper = await get()
  sleeper.on('error', () => undefined).pause()
  const reader = await get()
  let bytesRead = 0
  let wake: (() => void) | undefined
  reader.on('data', (chunk: Buffer) => {
    bytesRead += chunk.length
    wake?.()
  })
  const hasRead = async (bytes: number) => {
    while (bytesRead < bytes) await new Promise<void>((resolve) => (wake = resolve))
  }
  const megabyte = Buffer.alloc(1 << 20, '.')
  let sent = 'first\n'.length
  // The kernel keeps some megabytes for a reader that sleeps before it becomes ours to keep.
  for (let i = 0; i < 100; i++) {
    await streams.send('topic', megabyte)
    sent += megabyte.length
    await hasRead(sent)
    if (/dropped_total 1/.test(await metrics.text())) break
  }
  expect(await metrics.text()).toMatch(/test_streams_dropped_total 1\n/)
  await streams.send('topic', Buffer.from('last'))
  await hasRead(sent + 4)
  expect(await metrics.text()).toMatch(/test_streams 1\n/)
  reader.destroy()
  await app.close()
})

test('a stream that has lasted its time is ended, others go on', async () => {
  const clock = manualScheduler()
  const metrics = createMetrics({ processMetrics: false })
  const streams = createStreams(
    { clock, metrics },
    { streamsMax: 10, lifeMs: 60_000, metric: 'test_streams', help: 'Open' },
  )
  const app = fastify({ forceCloseConnections: true })
  app.get('/', async (_request, reply) => {
    streams.open('topic', reply, Buffer.from('first\n'))
    return reply
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/`
  const older = await fetch(url)
  clock.advance(30_000)
  const younger = await fetch(url)
  clock.advance(30_000)
  await streams.beat()
  expect(await older.text()).toBe('first\n')
  expect(await metrics.text()).toMatch(/test_streams 1\n/)
  await younger.body?.cancel()
  await app.close()
})

test('HEAD is answered with the headers of the stream and nothing else, and watches nothing', async () => {
  const metrics = createMetrics({ processMetrics: false })
  const streams = createStreams(
    { clock: manualScheduler(), metrics },
    { streamsMax: 10, metric: 'test_streams', help: 'Open' },
  )
  const app = fastify({ forceCloseConnections: true })
  app.get('/', async (_request, reply) => {
    streams.open('topic', reply, Buffer.from('first\n'))
    return reply
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
  socket.write('HEAD / HTTP/1.1\r\nhost: x\r\n\r\n')
  await once(socket, 'close')
  expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*content-type: text\/event-stream\r\n[^]*\r\n\r\n$/)
  expect(streams.count()).toBe(0)
  await app.close()
})
