import { expect } from 'vitest'
import type { LotDocument } from '@fairgate/contracts/http/auctions'
import { openTestPlatform, test, type TestPlatform } from '../../../test/fixtures.ts'
import { createAuctions } from './index.ts'
import { lotId, openWorld, startAmount, step } from './test-world.ts'

const at = (steps: number) => startAmount + steps * step

/** Opens an event stream of the lot. `next` is the next document that arrives on it. */
async function watch(url: string) {
  const stop = new AbortController()
  const response = await fetch(`${url}/api/lots/${lotId}/events`, { signal: stop.signal })
  const chunks = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  return {
    type: response.headers.get('content-type'),
    async next(): Promise<LotDocument> {
      while (!text.includes('\n\n')) text += (await chunks.read()).value ?? ''
      const [event = '', ...rest] = text.split('\n\n')
      text = rest.join('\n\n')
      expect(event.split('\n')[0]).toBe('event: lot')
      return JSON.parse(event.slice(event.indexOf('data: ') + 6)) as LotDocument
    },
    close: () => stop.abort(),
  }
}

test('everybody reads one document: the same bytes for a second, a new one soon after a bid', async ({ platform }) => {
  const world = await openWorld(platform, { seats: 1 })
  const read = (headers: Record<string, string> = {}) =>
    world.call('GET', `/api/lots/${lotId}`, undefined, undefined, { headers })
  const first = await read()
  expect(first.headers['cache-control']).toBe('public, max-age=1')
  platform.clock.advance(150)
  expect((await read({ 'if-none-match': String(first.headers['etag']) })).status).toBe(304)
  const before = platform.statements.length
  await read()
  expect(platform.statements.length).toBe(before)
  await world.bid('acc_1', at(0))
  platform.clock.advance(200)
  expect((await read()).body).toMatchObject({ bids: 1, ladder: [{ amount: at(0), count: 1 }] })
})

test('who watches hears of a bid, also of one in another process, without anybody reading', async ({ platform }) => {
  const world = await openWorld(platform, { seats: 1 })
  const second = await openTestPlatform(platform.databaseUrl, { seed: 2, origin: 'second' })
  await platform.signals.start()
  const url = await world.app.fastify.listen({ port: 0, host: '127.0.0.1' })
  try {
    second.clock.set(platform.clock.now())
    const stream = await watch(url)
    expect(stream.type).toBe('text/event-stream')
    expect(await stream.next()).toMatchObject({ bids: 0, cutoff: null })
    await world.bid('acc_1', at(0))
    await tick(platform, world.broadcast)
    expect(await stream.next()).toMatchObject({ bids: 1, cutoff: { amount: at(0) } })
    const other = createAuctions(second, { streamsMax: 1 })
    await other.bid({ lotId, accountId: 'acc_2', amount: at(1) })
    // The signal may be lost: a second later it is seen all the same.
    platform.clock.advance(800)
    await tick(platform, world.broadcast)
    expect(await stream.next()).toMatchObject({ bids: 2, cutoff: { amount: at(1) }, phase: 'open' })
    stream.close()
  } finally {
    await world.app.fastify.close()
    await platform.signals.stop()
    await second.database.close()
  }
})

/** A fifth of a second passes and the broadcast looks. */
async function tick(platform: TestPlatform, loop: { run(): Promise<boolean> }): Promise<void> {
  platform.clock.advance(200)
  await loop.run()
}
