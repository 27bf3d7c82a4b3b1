import { expect } from 'vitest'
import { test, type TestPlatform } from '../../../test/fixtures.ts'
import { closesAt, floorId, hallId, idOf, openSale, opensAt, seat } from '../../../test/inventory-world.ts'

const counts = async (sale: Awaited<ReturnType<typeof openSale>>, section = hallId) => {
  const { free, held, sold, blocked } = await sale.availability(section)
  return { free, held, sold, blocked }
}
const inMinutes = (platform: TestPlatform, minutes: number) =>
  new Date(platform.clock.now() + minutes * 60_000).toISOString()

test('blocked seats are off sale, all or none, until they are unblocked', async ({ platform }) => {
  const sale = await openSale(platform)
  await sale.place('acc_a', { seatIds: seat(3) })
  expect(await sale.organise('POST', `${hallId}/blocks`, { seatIds: seat(1, 2, 3), reason: 'camera' })).toMatchObject({
    status: 409,
    code: 'inventory.seat-taken',
    taken: seat(3),
  })
  const added = await sale.organise<{ block: { id: string } }>('POST', `${hallId}/blocks`, {
    seatIds: seat(1, 2),
    reason: 'camera',
  })
  expect(added).toMatchObject({
    status: 201,
    block: {
      sectionId: hallId,
      seats: [
        { id: seat(1)[0], label: 'A-1' },
        { id: seat(2)[0], label: 'A-2' },
      ],
      reason: 'camera',
      blockedBy: 'acc_organiser',
    },
  })
  expect(await sale.place('acc_b', { seatIds: seat(2) })).toMatchObject({
    code: 'inventory.seat-taken',
    taken: seat(2),
  })
  expect(await counts(sale)).toEqual({ free: 37, held: 1, sold: 0, blocked: 2 })

  expect(await sale.organise('POST', `${hallId}/unblocks`, { seatIds: seat(2, 3, 4) })).toMatchObject({
    status: 200,
    seats: [{ id: seat(2)[0] }],
  })
  expect(await sale.place('acc_b', { seatIds: seat(2) })).toMatchObject({ status: 201 })
  expect(await sale.organise('GET', `${hallId}/blocks`)).toMatchObject({ items: [{ seats: [{ id: seat(1)[0] }] }] })
  const id = 'block' in added ? (added.block as { id: string }).id : ''
  for (let time = 0; time < 2; time++)
    expect(await sale.organise('DELETE', `${hallId}/blocks/${id}`)).toMatchObject({ status: 204 })
  expect(await sale.organise('GET', `${hallId}/blocks`)).toMatchObject({ items: [] })
  expect(await sale.organise('DELETE', `${hallId}/blocks/blk_none`)).toMatchObject({
    code: 'inventory.block-not-found',
  })
  expect((await sale.module.audit!()).checks.filter((check) => check.violations > 0)).toEqual([])
})

test('places of an open section are blocked by count, the last ones first', async ({ platform }) => {
  const sale = await openSale(platform, { floor: 20 })
  expect(await sale.organise('POST', `${floorId}/blocks`, { count: 18, reason: 'stage' })).toMatchObject({
    status: 201,
    block: { seats: { length: 18, 0: { label: '3' } } },
  })
  expect(await sale.place('acc_a', { sectionId: floorId, count: 3 })).toMatchObject({
    code: 'inventory.sold-out',
    free: 2,
  })
  expect(await sale.organise('POST', `${floorId}/blocks`, { count: 3, reason: 'stage' })).toMatchObject({
    code: 'inventory.sold-out',
    free: 2,
  })
  expect(await sale.organise('POST', `${hallId}/blocks`, { count: 3, reason: 'x' })).toMatchObject({ status: 400 })
})

test("only the event's organiser and an admin touch its stock; everybody else meets an unknown section", async ({
  platform,
}) => {
  const sale = await openSale(platform)
  const body = { seatIds: seat(1), reason: 'x' }
  const attempt = (accountId: string, roles: string[]) =>
    sale.organise('POST', `${hallId}/blocks`, body, accountId, roles)
  expect(await attempt('acc_other', ['organiser'])).toMatchObject({ status: 404, code: 'inventory.section-not-found' })
  expect(await attempt('acc_organiser', ['buyer'])).toMatchObject({ status: 403 })
  expect(await attempt('acc_boss', ['admin'])).toMatchObject({ status: 201 })
  expect(await sale.organise('GET', `${hallId}/interventions`, undefined, 'acc_other')).toMatchObject({ status: 404 })
})

test('every intervention is noted with who, when and why', async ({ platform }) => {
  const sale = await openSale(platform)
  await sale.organise('POST', `${hallId}/blocks`, { seatIds: seat(1), reason: 'camera' })
  await sale.organise('POST', `${hallId}/unblocks`, { seatIds: seat(1), reason: 'no camera' })
  await sale.organise('POST', `${hallId}/prices`, { price: { amount: 40_000, currency: 'KRW' }, reason: 'last days' })
  const at = new Date(platform.clock.now()).toISOString()
  const by = 'acc_organiser'
  expect(await sale.organise('GET', `${hallId}/interventions`)).toMatchObject({
    items: [
      { kind: 'change-price', by, at, reason: 'last days', seatIds: [], price: { amount: 40_000, currency: 'KRW' } },
      { kind: 'unblock', by, at, reason: 'no camera', seatIds: seat(1) },
      { kind: 'block', by, at, reason: 'camera', seatIds: seat(1) },
    ],
  })
})

test('stock is told when seats are blocked', async ({ platform }) => {
  const sale = await openSale(platform)
  await sale.organise('POST', `${hallId}/blocks`, { seatIds: seat(1, 2), reason: 'camera' })
  await platform.settle([sale.module])
  expect(await platform.taken('stock')).toMatchObject([
    { data: { sections: [{ sectionId: hallId, free: 38, blocked: 2 }, { sectionId: floorId }] } },
  ])
})

test('a hold keeps the price it was told; the next one is told the new price', async ({ platform }) => {
  const sale = await openSale(platform)
  const before = idOf(await sale.place('acc_a', { seatIds: seat(1) }))
  const price = { amount: 40_000, currency: 'KRW' }
  expect(await sale.organise('POST', `${hallId}/prices`, { price })).toMatchObject({
    status: 200,
    price,
    previous: { amount: 55_000, currency: 'KRW' },
  })
  expect(await sale.place('acc_a', { seatIds: seat(2, 3) })).toMatchObject({ hold: { total: { amount: 80_000 } } })
  expect(await sale.hold('acc_a', before)).toMatchObject({ hold: { total: { amount: 55_000 } } })
  expect(await platform.taken('prices')).toMatchObject([{ data: { sectionId: hallId, price } }])
  const dollars = { price: { amount: 1, currency: 'USD' } }
  expect(await sale.organise('POST', `${hallId}/prices`, dollars)).toMatchObject({ code: 'inventory.invalid-price' })
})

const allot = async (sale: Awaited<ReturnType<typeof openSale>>, section: string, body: object) => {
  const answer = await sale.organise<{ allotment: { id: string }; code: string }>('POST', `${section}/allotments`, body)
  if (!('code' in answer) || answer.status !== 201) throw new Error(JSON.stringify(answer))
  return answer as { allotment: { id: string }; code: string }
}

test('seats of an allotment are for who has its code, also before the opening, until they go back to general sale', async ({
  platform,
}) => {
  const sale = await openSale(platform)
  platform.clock.set(Date.parse(opensAt) - 3_600_000)
  const releaseAt = inMinutes(platform, 120)
  const { code } = await allot(sale, hallId, { name: 'Press', seatIds: seat(1, 2, 3), releaseAt })
  const withCode = (accountId: string, body: object) =>
    sale.place(accountId, { passToken: undefined, allotmentCode: code, ...body })
  expect(await withCode('acc_press', { seatIds: seat(1) })).toMatchObject({ status: 201 })
  expect(await withCode('acc_press', { seatIds: seat(4) })).toMatchObject({ taken: seat(4) })
  expect(await withCode('acc_press', { count: 1 })).toMatchObject({ status: 201 })

  platform.clock.set(Date.parse(opensAt))
  const general = await sale.place('acc_a', { seatIds: seat(3, 4) })
  expect(general).toMatchObject({ code: 'inventory.seat-taken', taken: seat(3) })
  expect(await counts(sale)).toMatchObject({ free: 39 - 2, blocked: 3 })

  const { version } = await sale.availability()
  platform.clock.advance(3_600_000)
  expect(await counts(sale)).toMatchObject({ free: 40, blocked: 0 })
  expect((await sale.availability()).version).toBeGreaterThan(version)
  expect(await withCode('acc_press', { seatIds: seat(3) })).toMatchObject({
    status: 403,
    code: 'inventory.allotment-over',
  })
  expect(await sale.place('acc_a', { seatIds: seat(3, 4) })).toMatchObject({ status: 201 })
})

test('stock is told when an allotment goes back to general sale by itself', async ({ platform }) => {
  const sale = await openSale(platform)
  await allot(sale, floorId, { name: 'Partners', count: 5, releaseAt: inMinutes(platform, 10) })
  await platform.settle([sale.module])
  expect(await platform.taken('stock')).toMatchObject([{ data: { sections: [{}, { free: 15, blocked: 5 }] } }])
  platform.clock.advance(600_000)
  await platform.settle([sale.module])
  expect(await platform.taken('stock')).toMatchObject([{ data: { sections: [{}, { free: 20, blocked: 0 }] } }])
})

test('an allotment can be released early, and its held seats stay held', async ({ platform }) => {
  const sale = await openSale(platform)
  const releaseAt = inMinutes(platform, 60)
  const { allotment, code } = await allot(sale, floorId, { name: 'Partners', count: 5, releaseAt })
  await sale.place('acc_p', { passToken: undefined, allotmentCode: code, sectionId: floorId, count: 2 })
  expect(await sale.organise('GET', `${floorId}/allotments`)).toMatchObject({
    items: [{ allotment: { name: 'Partners', free: 3, taken: 2 }, code }],
  })
  for (let time = 0; time < 2; time++)
    expect(await sale.organise('DELETE', `${floorId}/allotments/${allotment.id}`)).toMatchObject({ status: 204 })
  expect(await counts(sale, floorId)).toEqual({ free: 18, held: 2, sold: 0, blocked: 0 })
  expect(
    await sale.place('acc_p', { passToken: undefined, allotmentCode: code, sectionId: floorId, count: 1 }),
  ).toMatchObject({ code: 'inventory.sold-out' })
})

test('a code opens its own section only, and nothing is kept past the end of the sale', async ({ platform }) => {
  const sale = await openSale(platform)
  const { code } = await allot(sale, floorId, { name: 'Press', count: 1, releaseAt: inMinutes(platform, 10) })
  const elsewhere = { passToken: undefined, allotmentCode: code, seatIds: seat(1) }
  expect(await sale.place('acc_a', elsewhere)).toMatchObject({ status: 403, code: 'inventory.allotment-invalid' })
  expect(await sale.place('acc_a', { passToken: undefined, seatIds: seat(1) })).toMatchObject({ status: 400 })
  for (const releaseAt of [opensAt, new Date(Date.parse(closesAt) + 1).toISOString()])
    expect(
      await sale.organise('POST', `${hallId}/allotments`, { name: 'x', seatIds: seat(1), releaseAt }),
    ).toMatchObject({ status: 400, code: 'inventory.invalid-release' })
})

test('a lapsed hold of an allotment gets its seats back when its money comes, one of a stranger does not', async ({
  platform,
}) => {
  const sale = await openSale(platform, { holdSeconds: 60 })
  const stranger = idOf(await sale.place('acc_a', { seatIds: seat(9) }))
  platform.clock.advance(60_000)
  await platform.settle([sale.module])
  const { code } = await allot(sale, hallId, {
    name: 'Press',
    seatIds: seat(1, 9),
    releaseAt: inMinutes(platform, 60),
  })
  const own = idOf(await sale.place('acc_p', { passToken: undefined, allotmentCode: code, seatIds: seat(1) }))
  platform.clock.advance(60_000)
  const secure = (holdId: string) =>
    sale.tell({
      type: 'orders.secure-requested.v1',
      data: { orderId: `ord_${holdId}`, holdId, attempt: 1, late: true },
    })
  expect(await secure(own)).toMatchObject([{ type: 'inventory.hold-secured.v1' }])
  expect(await secure(stranger)).toMatchObject([{ type: 'inventory.hold-lost.v1', reason: 'taken' }])
})

test('accessible seats and their companions are kept for who needs them, then for everybody', async ({ platform }) => {
  const sale = await openSale(platform, { rows: 1, seatsPerRow: 10, accessible: [5] })
  const kept = await sale.organise('PUT', `${hallId}/accessible-release`, { releaseAt: inMinutes(platform, 30) })
  expect(kept).toMatchObject({ status: 200, accessibleSeatIds: seat(5), companionSeatIds: seat(4, 6) })
  expect(await sale.place('acc_a', { seatIds: seat(6) })).toMatchObject({ taken: seat(6) })
  expect(await sale.place('acc_a', { seatIds: seat(6), accessible: true })).toMatchObject({ taken: seat(6) })
  expect(await sale.place('acc_a', { count: 4, together: true })).toMatchObject({
    hold: { seats: [{ label: 'A-7' }, { label: 'A-8' }, { label: 'A-9' }, { label: 'A-10' }] },
  })
  const needed = await sale.place('acc_b', { count: 2, together: true, accessible: true })
  expect(needed).toMatchObject({ hold: { seats: [{ label: 'A-5' }, { label: 'A-6' }] } })
  await sale.release('acc_b', idOf(needed))
  platform.clock.advance(1_800_000)
  expect(await sale.place('acc_c', { seatIds: seat(4, 5, 6) })).toMatchObject({ status: 201 })
})
