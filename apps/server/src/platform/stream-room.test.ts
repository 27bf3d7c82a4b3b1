import { request, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import fastify from 'fastify'
import { expect, test } from 'vitest'
import { manualScheduler } from './clock.ts'
import { createStreams } from './event-streams.ts'
import { createMetrics } from './metrics.ts'
import type { Problem } from './problem.ts'
import { connectionsAllowed, createStreamRoom } from './stream-room.ts'

test('a process lacks room near its most connections, and while its event loop is late', () => {
  let connections = 0
  let lagMs = 0
  const room = createStreamRoom({
    connections: () => connections,
    connectionsMax: 100,
    lagMs: () => lagMs,
    lagMsMax: 200,
  })
  expect(room.lacks()).toBeUndefined()
  connections = 89
  lagMs = 200
  expect(room.lacks()).toBeUndefined()
  connections = 90
  expect(room.lacks()).toBe('connections')
  connections = 1
  lagMs = 201
  expect(room.lacks()).toBe('event-loop')
})

test('the limit of open files leaves connections, and none is no limit', () => {
  const of = (soft: number | string | undefined) =>
    connectionsAllowed({
      report: { getReport: () => (soft === undefined ? {} : { userLimits: { open_files: { soft } } }) },
    })
  expect([of(1024), of(20_000), of('unlimited'), of(undefined), of(100)]).toEqual([524, 19_500, Infinity, Infinity, 1])
  expect(connectionsAllowed(process)).toBeGreaterThan(0)
})

test('without room a newcomer is told to poll, and streams that are open go on', async () => {
  const metrics = createMetrics({ processMetrics: false })
  let lacks: 'connections' | undefined
  const streams = createStreams(
    { clock: manualScheduler(), metrics },
    { streamsMax: 2, room: { lacks: () => lacks }, metric: 'test_streams', help: 'Open' },
  )
  const app = fastify({ forceCloseConnections: true })
  app.setErrorHandler((error, _request, reply) => reply.code((error as Problem).status).send((error as Problem).code))
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
  const text = (answer: IncomingMessage, bytes: number) =>
    new Promise<string>((resolve) => {
      let read = ''
      answer.on('data', (chunk: Buffer) => {
        read += chunk.toString()
        if (read.length >= bytes) resolve(read)
      })
    })

  const early = await get()
  lacks = 'connections'
  const late = await get()
  expect([late.statusCode, await text(late, 17)]).toEqual([503, 'http.poll-instead'])
  await streams.send('topic', Buffer.from('news'))
  expect(await text(early, 10)).toBe('first\nnews')
  lacks = undefined
  await get()
  const third = await get()
  expect([third.statusCode, await text(third, 17)]).toEqual([503, 'http.poll-instead'])
  expect(await metrics.text()).toContain('test_streams_refused_total{lacks="connections"} 1')
  expect(await metrics.text()).toContain('test_streams_refused_total{lacks="streams"} 1')
  expect(await metrics.text()).toMatch(/test_streams 2\n/)
  await app.close()
})
