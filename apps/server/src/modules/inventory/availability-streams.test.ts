import type { AddressInfo } from 'node:net'
import { expect } from 'vitest'
import type { AvailabilityUpdate, SaleAvailability } from '@fairgate/contracts/http/availability'
import { readUpdate, statusAt, type SeatPictures } from '@fairgate/contracts/seat-picture'
import { openTestPlatform, test, type TestPlatform } from '../../../test/fixtures.ts'
import { floorId, hallId, openSale, saleId, seat, shop } from '../../../test/inventory-world.ts'
import { rebuildMs } from './availability.ts'
import { createInventory, inventoryDefaults } from './index.ts'

type Shop = Awaited<ReturnType<typeof openSale>>
const section = `/api/sections/${hallId}/availability/events`
const wholeSale = `/api/sales/${saleId}/availability/events`

test('a watcher begins with everything, is told what changed, and has what a later reader is given', async ({
  platform,
}) => {
  const sale = await openSale(platform, { rows: 20, seatsPerRow: 50, limit: 50 })
  await using server = await listening(sale)
  const [one, all] = [await server.watch(section), await server.watch(wholeSale)]
  expect(Object.keys(await one.next())).toEqual(['snapshots', 'changes'])
  await all.next()
  expect(all.pictures.get(floorId)).toMatchObject({ free: 20, status: new Uint8Array(0) })

  for (let round = 0; round < 6; round++) {
    const numbers = Array.from({ length: 4 }, (_, i) => ((round * 37 + i * 211) % 1000) + 1)
    await sale.place(`acc_${round}`, { seatIds: seat(...numbers) })
    if (round % 2 === 1) await sale.place(`acc_${round}`, { sectionId: floorId, count: 2 })
    await look(platform, sale)
    expect((await one.next()).changes).toMatchObject([{ sectionId: hallId }])
    expect((await all.next()).snapshots).toEqual([])
  }
  platform.clock.advance(300_000)
  await look(platform, sale)
  for (const watcher of [one, all]) {
    await watcher.next()
    const late = await server.watch(watcher.path)
    await late.next()
    expect(watcher.pictures).toEqual(late.pictures)
  }
  const { version, status } = await sale.availability()
  expect(one.pictures.get(hallId)!.version).toBe(version)
  expect(Buffer.from(one.pictures.get(hallId)!.status).toString('base64')).toBe(status)
})

test('many changes are sent as the picture itself, where that is shorter', async ({ platform }) => {
  const sale = await openSale(platform, { rows: 2, seatsPerRow: 10, limit: 20 })
  await using server = await listening(sale)
  const watcher = await server.watch(section)
  await watcher.next()
  await sale.place('acc_a', { seatIds: seat(...Array.from({ length: 18 }, (_, i) => i + 1)) })
  await look(platform, sale)
  expect(await watcher.next()).toMatchObject({ snapshots: [{ free: 2, held: 18 }], changes: [] })
})

test('whoever comes while a change is under way begins with what the others have, so the next change fits', async ({
  platform,
}) => {
  const sale = await openSale(platform)
  await using server = await listening(sale)
  const first = await server.watch(section)
  await first.next()
  await sale.place('acc_a', { seatIds: seat(1) })
  platform.clock.advance(rebuildMs)
  // The document shows the change already, the stream has not told it yet.
  expect((await sale.availability()).held).toBe(1)
  const second = await server.watch(section)
  expect(await second.next()).toMatchObject({ snapshots: [{ held: 0 }] })
  await look(platform, sale)
  for (const watcher of [first, second]) {
    expect(await watcher.next()).toMatchObject({ changes: [{ held: 1 }] })
    expect(statusAt(watcher.pictures.get(hallId)!.status, 0)).toBe(1)
  }
})

test('a watcher hears of what another process sold', async ({ platform }) => {
  const sale = await openSale(platform)
  await using server = await listening(sale)
  const watcher = await server.watch(wholeSale)
  await watcher.next()
  const other = await openTestPlatform(platform.databaseUrl, { seed: 2, origin: 'other' })
  try {
    await shop(other, createInventory(other).module).place('acc_a', { seatIds: seat(7) })
    platform.clock.advance(2_000)
    await look(platform, sale)
    await watcher.next()
    expect(statusAt(watcher.pictures.get(hallId)!.status, 6)).toBe(1)
  } finally {
    await other.database.close()
  }
})

test('watchers cost the database one statement a change, however many they are, and none when nothing changes', async ({
  platform,
}) => {
  const sale = await openSale(platform)
  await using server = await listening(sale)
  const watchers = await Promise.all(Array.from({ length: 30 }, () => server.watch(section)))
  for (const watcher of watchers) await watcher.next()
  const before = platform.statements.length
  await look(platform, sale)
  await look(platform, sale)
  expect(platform.statements.length).toBe(before)
  await sale.place('acc_a', { seatIds: seat(1) })
  const placed = platform.statements.length
  await look(platform, sale)
  for (const watcher of watchers) expect(await watcher.next()).toMatchObject({ changes: [{ held: 1 }] })
  expect(platform.statements.length).toBe(placed + 1)
})

test('watchers have a limit, a heartbeat and an end', async ({ platform }) => {
  const sale = await openSale(platform, { config: { ...inventoryDefaults, streamsMax: 1 } })
  await using server = await listening(sale)
  const watcher = await server.watch(section)
  await watcher.next()
  const refused = await fetch(`${server.url}${wholeSale}`)
  expect(refused.status).toBe(503)
  expect(refused.headers.get('retry-after')).toBe('5')
  platform.clock.advance(15_000)
  await look(platform, sale)
  expect(await watcher.message()).toBe(':')
  platform.clock.advance(30 * 60_000)
  await look(platform, sale)
  expect(await watcher.message()).toBeUndefined()
})

test('the sale has one small document of counts, and one of all seats with 2 bits each', async ({ platform }) => {
  const sale = await openSale(platform)
  await sale.place('acc_a', { seatIds: seat(2) })
  const url = `/api/sales/${saleId}/availability`
  const counts = await sale.app.inject({ url })
  expect(counts.headers).toMatchObject({ 'cache-control': 'public, max-age=1', vary: 'Accept' })
  expect(counts.json<SaleAvailability>()).toMatchObject({
    saleId,
    sections: [
      { sectionId: hallId, free: 39, held: 1, sold: 0, blocked: 0 },
      { sectionId: floorId, free: 20, held: 0 },
    ],
  })
  const octets = await sale.app.inject({ url, headers: { accept: 'application/octet-stream' } })
  expect([...octets.rawPayload]).toEqual([4, 0, 0, 0, 0, 0, 0, 0, 0, 0])
  for (const [answer, accept] of [
    [counts, 'application/json'],
    [octets, 'application/octet-stream'],
  ] as const) {
    const headers = { accept, 'if-none-match': String(answer.headers['etag']) }
    expect((await sale.app.inject({ url, headers })).statusCode).toBe(304)
  }
  for (const unknown of ['/api/sales/sal_x/availability', '/api/sales/sal_x/availability/events'])
    expect((await sale.app.inject({ url: unknown })).json()).toMatchObject({
      status: 404,
      code: 'catalog.sale-not-found',
    })
  expect((await sale.app.inject({ url: '/api/sections/sec_x/availability/events' })).statusCode).toBe(404)
})

test('the seats of 50,000 in 40 sections are 12,520 bytes', async ({ platform }) => {
  const sale = await openSale(platform, { rows: 0, floor: 1 })
  await platform.database.pool.query(`
    insert into inventory.sections (id, sale_id, position, name, admission, capacity, price_amount, price_currency, built)
    select 'sec_' || n, '${saleId}', n + 1, 'Block ' || n, 'reserved', 1250, 1000, 'KRW', 1250 from generate_series(1, 40) n`)
  await platform.database.pool.query(`
    insert into inventory.seats (section_id, number, label) select 'sec_' || s, n, n::text
    from generate_series(1, 40) s, generate_series(1, 1250) n`)
  const octets = await sale.app.inject({
    url: `/api/sales/${saleId}/availability`,
    headers: { accept: 'application/octet-stream' },
  })
  expect(octets.rawPayload).toHaveLength(12_520)
})

/** What the loop does after a change, with the time that it may take. */
async function look(platform: TestPlatform, { module }: Shop): Promise<void> {
  platform.clock.advance(rebuildMs)
  await module.loops!.find(({ name }) => name === 'inventory.availability')!.run()
}

async function listening({ app }: Shop) {
  await app.listen({ port: 0, host: '127.0.0.1' })
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  const watch = async (path: string) => {
    const response = await fetch(url + path)
    const parts = response.body!.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]()
    let text = ''
    const watcher = {
      path,
      pictures: new Map() as SeatPictures,
      /** The next message, or nothing at the end. */
      async message(): Promise<string | undefined> {
        for (;;) {
          const end = text.indexOf('\n\n')
          if (end >= 0) {
            const message = text.slice(0, end)
            text = text.slice(end + 2)
            return message
          }
          const { value, done } = await parts.next()
          if (done) return undefined
          text += value
        }
      },
      async next(): Promise<AvailabilityUpdate> {
        const message = await watcher.message()
        const update = JSON.parse(message!.replace('event: availability\ndata: ', '')) as AvailabilityUpdate
        const read = readUpdate(watcher.pictures, update)
        if (read === 'missed') throw new Error('a version was missed')
        watcher.pictures = read
        return update
      },
    }
    return watcher
  }
  return { url, watch, [Symbol.asyncDispose]: () => app.close() }
}
