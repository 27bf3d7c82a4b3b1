import { request, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'vitest'
import { LineDocument } from '@fairgate/contracts/http/waiting-room'
import { Value } from 'typebox/value'
import { openTestPlatform, test, type TestPlatform } from '../../../test/fixtures.ts'
import { createWaitingRoom } from './index.ts'
import { config, openWorld, opensAt, people, stockChanged } from './test-world.ts'

const atNine = Date.parse('2026-01-01T09:00:00Z')
const atTen = Date.parse(opensAt)

test('a crowd of readers costs no statement once the document is built, and one statement for all lines when it is old', async ({
  platform,
}) => {
  const lines = ['lin_a', 'lin_b', 'lin_c']
  const world = await openWorld(
    platform,
    lines.map((id) => ({ id })),
  )
  const readAll = () =>
    Promise.all(Array.from({ length: 300 }, (_, i) => world.call('GET', `/api/lines/${lines[i % 3]}`)))
  await readAll()
  let before = platform.statements.length
  expect((await readAll()).every((answer) => answer.status === 200)).toBe(true)
  platform.clock.advance(249)
  await readAll()
  expect(platform.statements.length - before).toBe(0)
  before = platform.statements.length
  platform.clock.advance(1)
  await readAll()
  expect(platform.statements.length - before).toBe(1)
})

test('the document is what the contract says, cacheable for a second, and 304 to who has it', async ({ platform }) => {
  const world = await openWorld(platform)
  const first = await world.call('GET', '/api/lines/lin_a')
  expect([...Value.Errors(LineDocument, first.body)]).toEqual([])
  expect(first.headers).toMatchObject({
    'cache-control': 'public, max-age=1',
    'content-type': 'application/json; charset=utf-8',
  })
  const { fastify } = platform.http([world.module])
  const again = () =>
    fastify.inject({ url: '/api/lines/lin_a', headers: { 'if-none-match': String(first.headers['etag']) } })
  expect(await again()).toMatchObject({ statusCode: 304, body: '' })
  // Nothing has changed, but the time it tells must not be older than a cache may make it.
  platform.clock.advance(500)
  expect((await again()).statusCode).toBe(304)
  platform.clock.advance(500)
  const later = await again()
  expect(later.statusCode).toBe(200)
  expect(later.json()).toEqual({ ...first.body, serverTime: new Date(platform.clock.now()).toISOString() })
})

test('the shown rate is that of the last minute and stays the same for five seconds', async ({ platform }) => {
  const world = await openWorld(platform, [{ id: 'lin_a', capacity: 1000, shoppersMax: 1000, admitPerMinute: 600 }])
  platform.clock.set(atNine)
  expect((await world.document()).admittedPerMinute).toBe(0)
  await world.joinCrowd(people(300))
  world.openSale()
  const rates = new Set<number>()
  const run = async (seconds: number) => {
    for (let i = 0; i < seconds * 2; i++) {
      await world.tick()
      platform.clock.advance(500)
      rates.add((await world.document()).admittedPerMinute)
    }
  }
  await run(10)
  expect((await world.document()).admittedPerMinute).toBeGreaterThanOrEqual(600)
  rates.clear()
  await run(4)
  expect(rates.size).toBe(1)
  // Everybody is in after half a minute; a minute later the line is quiet.
  await run(80)
  expect((await world.document()).frontier).toBe(300)
  expect((await world.document()).admittedPerMinute).toBe(0)
})

test('an unknown line is 404, for the document, its stream and as a stranger’s guess many at once', async ({
  platform,
}) => {
  const world = await openWorld(platform)
  for (const path of ['/api/lines/lin_none', '/api/lines/lin_none/events']) {
    expect(await world.call('GET', path)).toMatchObject({ status: 404, body: { code: 'waiting-room.line-not-found' } })
  }
  const before = platform.statements.length
  await Promise.all(Array.from({ length: 200 }, (_, i) => world.call('GET', `/api/lines/lin_${i}`)))
  expect(platform.statements.length - before).toBeLessThanOrEqual(3)
})

test('what happens through this process shows at once; what happens elsewhere within the document’s age', async ({
  platform,
}) => {
  const world = await openWorld(platform)
  platform.clock.set(atNine)
  await world.document()
  await world.joinCrowd(people(3))
  const before = platform.statements.length
  expect((await world.document()).arrivals).toBe(3)
  expect(platform.statements.length).toBe(before)

  const other = await openTestPlatform(platform.databaseUrl, { seed: 2, origin: 'other' })
  other.clock.set(atNine)
  await createWaitingRoom(other, config).join({ lineId: 'lin_a', accountId: 'acc_elsewhere' })
  expect((await world.document()).arrivals).toBe(3)
  platform.clock.advance(250)
  expect((await world.document()).arrivals).toBe(4)

  world.openSale()
  expect(await world.document()).toMatchObject({ phase: 'open', frontier: 0 })
  await world.tick()
  expect(await world.document()).toMatchObject({ frontier: 4, admittedPerMinute: 48 })
  await world.tell(stockChanged(atTen, { lin_a: { free: 90, held: 2, secured: 3, sold: 5 } }))
  expect((await world.document()).stock).toEqual({ free: 90, held: 5, sold: 5 })
  await other.database.close()
})

test('watchers get the document at once and then whenever it has changed, and nothing when it has not', async ({
  platform,
}) => {
  const world = await openWorld(platform, [{ id: 'lin_a' }, { id: 'lin_b' }], { streamsMax: 3 })
  platform.clock.set(atNine)
  await using server = await listening(platform, world)
  const watchers = await Promise.all(['lin_a', 'lin_a', 'lin_b'].map((lineId) => server.watch(lineId)))
  for (const watcher of watchers)
    expect(await watcher.next()).toMatchObject({ event: 'line', data: { arrivals: 0, phase: 'gathering' } })
  const [response] = watchers.map((watcher) => watcher.response)
  expect(response!.headers).toMatchObject({
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    connection: 'close',
  })
  expect(response!.headers['transfer-encoding']).toBeUndefined()

  await world.broadcast()
  await world.join('acc_1')
  await world.join('acc_2')
  await world.broadcast()
  for (const watcher of watchers.slice(0, 2))
    expect(await watcher.next()).toMatchObject({ data: { id: 'lin_a', arrivals: 2 } })
  await world.join('acc_3', 'lin_b')
  await world.broadcast()
  expect(await watchers[2]!.next()).toMatchObject({ data: { id: 'lin_b', arrivals: 1 } })

  platform.clock.advance(15_000)
  await world.broadcast()
  for (const watcher of watchers) expect(await watcher.next()).toBe('heartbeat')

  const refused = await server.get('/api/lines/lin_a/events')
  expect(refused.statusCode).toBe(503)
  expect(refused.headers['retry-after']).toBe('5')
  refused.resume()
  watchers[0]!.close()
  await watchers[0]!.closed
  const late = await server.watch('lin_a', { patient: true })
  expect(await late.next()).toMatchObject({ data: { arrivals: 2 } })
})

test('a broadcast to many watchers is cut into slices, so that other requests are answered in between', async ({
  platform,
}) => {
  const world = await openWorld(platform, [{ id: 'lin_a' }], { streamsMax: 2000 })
  platform.clock.set(atNine)
  await using server = await listening(platform, world)
  const watchers = await Promise.all(Array.from({ length: 1100 }, () => server.watch('lin_a')))
  for (const watcher of watchers) await watcher.next()
  await world.join('acc_1')
  let turns = 0
  let isOver = false
  const count = () => {
    turns++
    if (!isOver) setImmediate(count)
  }
  const sending = world.broadcast().then(() => (isOver = true))
  setImmediate(count)
  await sending
  expect(turns).toBeGreaterThanOrEqual(2)
  for (const watcher of watchers) expect(await watcher.next()).toMatchObject({ data: { arrivals: 1 } })
})

type Watcher = {
  response: IncomingMessage
  next(): Promise<{ event: string; data: LineDocument } | 'heartbeat'>
  close(): void
  closed: Promise<void>
}

/** A real server, because a stream is more than what `inject` shows. */
async function listening(platform: TestPlatform, world: { module: Parameters<TestPlatform['http']>[0][number] }) {
  const { fastify } = platform.http([world.module])
  await fastify.listen({ port: 0, host: '127.0.0.1' })
  const { port } = fastify.server.address() as AddressInfo

  const get = (path: string) =>
    new Promise<IncomingMessage>((resolve, reject) =>
      request({ port, path, host: '127.0.0.1', agent: false }, resolve).on('error', reject).end(),
    )

  async function watch(lineId: string, options: { patient?: boolean } = {}): Promise<Watcher> {
    let response = await get(`/api/lines/${lineId}/events`)
    // The server learns of a closed stream a moment after its reader.
    while (options.patient && response.statusCode === 503) {
      response.resume()
      response = await get(`/api/lines/${lineId}/events`)
    }
    expect(response.statusCode).toBe(200)
    const events: Awaited<ReturnType<Watcher['next']>>[] = []
    let wake: (() => void) | undefined
    let text = ''
    let isClosed = false
    const closed = new Promise<void>((resolve) =>
      response.once('close', () => {
        isClosed = true
        wake?.()
        resolve()
      }),
    )
    response.setEncoding('utf8').on('error', () => undefined)
    response.on('data', (chunk: string) => {
      text += chunk
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const fields = Object.fromEntries(
          text
            .slice(0, end)
            .split('\n')
            .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
        )
        events.push('event' in fields ? { event: fields['event']!, data: JSON.parse(fields['data']!) } : 'heartbeat')
        text = text.slice(end + 2)
      }
      wake?.()
    })
    return {
      response,
      closed,
      close: () => response.destroy(),
      async next() {
        while (events.length === 0 && !isClosed) await new Promise<void>((resolve) => (wake = resolve))
        const event = events.shift()
        if (!event) throw new Error('the stream has ended')
        return event
      },
    }
  }

  return { get, watch, [Symbol.asyncDispose]: () => fastify.close() }
}
