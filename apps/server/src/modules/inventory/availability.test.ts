import { expect } from 'vitest'
import { fact } from '#platform/bus'
import { openTestPlatform, test } from '../../../test/fixtures.ts'
import { floorId, hallId, idOf, openSale, seat, shop } from '../../../test/inventory-world.ts'
import { unpackStatus } from './availability.ts'
import { createInventory } from './index.ts'

const statusOf = (document: { status: string }, capacity = 40) =>
  unpackStatus(Buffer.from(document.status, 'base64'), capacity)

test('every seat shows its state in two bits, as JSON and as the same bare bytes', async ({ platform }) => {
  const sale = await openSale(platform)
  await sale.place('acc_a', { seatIds: seat(2) })
  const id = idOf(await sale.place('acc_b', { seatIds: seat(5) }))
  await sale.tell(fact('orders.secure-requested.v1', { orderId: 'ord_1', holdId: id, attempt: 1, late: false }))
  await sale.tell(fact('orders.sell-requested.v1', { orderId: 'ord_1', holdId: id }))
  await platform.database.pool.query(
    `update inventory.seats set state = 4 where section_id = '${hallId}' and number = 40`,
  )
  const document = await sale.availability()
  expect(document).toMatchObject({ sectionId: hallId, free: 37, held: 1, sold: 1, blocked: 1 })
  const expected = Array.from({ length: 40 }, () => 0)
  Object.assign(expected, { 1: 1, 4: 2, 39: 3 })
  expect(statusOf(document)).toEqual(expected)
  const octets = await sale.app.inject({
    url: `/api/sections/${hallId}/availability`,
    headers: { accept: 'application/octet-stream' },
  })
  expect(octets.headers).toMatchObject({
    'content-type': 'application/octet-stream',
    vary: 'Accept',
    'cache-control': 'public, max-age=1',
  })
  expect(octets.rawPayload.toString('base64')).toBe(document.status)
  expect(octets.rawPayload).toHaveLength(10)
})

test('an unchanged section answers 304 and costs no statement; a change shows within 300 ms with a higher version', async ({
  platform,
}) => {
  const sale = await openSale(platform)
  const url = `/api/sections/${hallId}/availability`
  const first = await sale.app.inject({ url })
  const etag = String(first.headers['etag'])
  const before = platform.statements.length
  for (let i = 0; i < 20; i++)
    expect((await sale.app.inject({ url, headers: { 'if-none-match': etag } })).statusCode).toBe(304)
  expect(platform.statements.length).toBe(before)

  await sale.place('acc_a', { seatIds: seat(1) })
  expect((await sale.availability()).version).toBe(first.json().version)
  platform.clock.advance(300)
  const changed = await sale.app.inject({ url, headers: { 'if-none-match': etag } })
  expect(changed.statusCode).toBe(200)
  expect(changed.json().version).toBeGreaterThan(first.json().version)
  expect(statusOf(changed.json())[0]).toBe(1)
})

test('a crowd that asks at the same time after a change shares one statement', async ({ platform }) => {
  const sale = await openSale(platform)
  await sale.availability()
  await sale.place('acc_a', { seatIds: seat(1) })
  platform.clock.advance(300)
  const before = platform.statements.length
  await Promise.all(Array.from({ length: 50 }, () => sale.availability()))
  expect(platform.statements.length - before).toBe(1)
})

test('the version rises with every change of the picture: held, lapsed, taken again, swept, released', async ({
  platform,
}) => {
  const sale = await openSale(platform)
  let last = await sale.availability()
  const look = async () => {
    platform.clock.advance(300)
    const next = await sale.availability()
    const isSame = JSON.stringify({ ...next, version: 0 }) === JSON.stringify({ ...last, version: 0 })
    const rose = next.version - last.version
    last = next
    return { isSame, rose }
  }
  const rises = async () => {
    const { isSame, rose } = await look()
    expect(isSame).toBe(false)
    expect(rose).toBeGreaterThan(0)
  }
  await sale.place('acc_a', { seatIds: seat(1, 2) })
  await rises()
  platform.clock.advance(300_000)
  await rises()
  await sale.place('acc_b', { seatIds: seat(2, 3) })
  await rises()
  await platform.settle([sale.module])
  expect(await look()).toEqual({ isSame: true, rose: 0 })
  const { items } = (await sale.holds('acc_b')) as { items: { hold: { id: string } }[] }
  await sale.release('acc_b', items[0]!.hold.id)
  await rises()
})

test('held seats whose time is over are shown free, without a sweeper', async ({ platform }) => {
  const sale = await openSale(platform)
  await sale.place('acc_a', { seatIds: seat(1) })
  expect(statusOf(await sale.availability())[0]).toBe(1)
  platform.clock.advance(299_999)
  expect((await sale.availability()).free).toBe(39)
  platform.clock.advance(1)
  expect((await sale.availability()).free).toBe(39)
  platform.clock.advance(300)
  expect((await sale.availability()).free).toBe(40)
})

test('what another process changed is seen even if its word of it was lost', async ({ platform }) => {
  const sale = await openSale(platform)
  await sale.availability()
  const other = await openTestPlatform(platform.databaseUrl, { seed: 2, origin: 'other' })
  try {
    await shop(other, createInventory(other).module).place('acc_a', { seatIds: seat(1) })
    platform.clock.advance(2_000)
    expect((await sale.availability()).held).toBe(1)
  } finally {
    await other.database.close()
  }
})

test('stock is told once when the sale is ready, then only when counts have changed, lapses included', async ({
  platform,
}) => {
  const sale = await openSale(platform)
  const told = async () => {
    await platform.settle([sale.module])
    return (await platform.taken('stock')).map(
      ({ data }) => data as { at: string; sections: { sectionId: string; free: number; held: number }[] },
    )
  }
  expect(await told()).toEqual([])
  await sale.place('acc_a', { seatIds: seat(1, 2) })
  await sale.place('acc_b', { sectionId: floorId, count: 1 })
  expect(await told()).toEqual([
    {
      saleId: 'sal_1',
      at: new Date(platform.clock.now()).toISOString(),
      sections: [
        { sectionId: hallId, free: 38, held: 2, secured: 0, sold: 0, blocked: 0 },
        { sectionId: floorId, free: 19, held: 1, secured: 0, sold: 0, blocked: 0 },
      ],
    },
  ])
  expect(await told()).toEqual([])
  platform.clock.advance(300_000)
  expect(await told()).toMatchObject([
    {
      sections: [
        { free: 40, held: 0 },
        { free: 20, held: 0 },
      ],
    },
  ])
})

test('an unknown section has no availability', async ({ platform }) => {
  const sale = await openSale(platform)
  expect((await sale.app.inject({ url: '/api/sections/sec_x/availability' })).json()).toMatchObject({
    status: 404,
    code: 'inventory.section-not-found',
  })
})
