import { expect } from 'vitest'
import { fact } from '#platform/bus'
import { test } from '../../../test/fixtures.ts'
import { createInventory } from './index.ts'
import {
  closesAt,
  floorId,
  hallId,
  idOf,
  lineId,
  openSale,
  opensAt,
  publish,
  saleFacts,
  saleId,
  seat,
} from '../../../test/inventory-world.ts'

test('chosen seats are held for the account that chose them, until a time, with a token that says all an order needs', async ({
  platform,
}) => {
  const sale = await openSale(platform)
  const answer = await sale.place('acc_a', { seatIds: seat(12, 11) })
  const expiresAt = new Date(platform.clock.now() + 300_000).toISOString()
  expect(answer).toMatchObject({
    status: 201,
    hold: {
      sectionId: hallId,
      seats: [
        { id: seat(11)[0], label: 'B-1' },
        { id: seat(12)[0], label: 'B-2' },
      ],
      total: { amount: 110_000, currency: 'KRW' },
      expiresAt,
    },
  })
  const token = platform.tokens.verify('hold', (answer as { holdToken: string }).holdToken)
  expect(token).toMatchObject({
    kind: 'valid',
    payload: {
      holdId: idOf(answer),
      accountId: 'acc_a',
      lineId: 'lin_1',
      saleId: 'sal_1',
      event: { id: 'evt_1', name: 'Night' },
      section: { id: hallId, name: 'Hall' },
      seats: [
        { number: 11, label: 'B-1' },
        { number: 12, label: 'B-2' },
      ],
      unitPrice: { amount: 55_000, currency: 'KRW' },
      exp: Date.parse(expiresAt),
    },
  })
  expect(await sale.holds('acc_a')).toMatchObject({ items: [{ hold: { id: idOf(answer) } }] })
  expect(await sale.holds('acc_b')).toMatchObject({ items: [] })
  expect(await sale.hold('acc_a', idOf(answer))).toMatchObject({ status: 200, hold: { id: idOf(answer) } })
  expect(await sale.hold('acc_b', idOf(answer))).toMatchObject({ status: 404, code: 'inventory.hold-not-found' })
})

test('a taken seat refuses the whole hold and names the taken ones', async ({ platform }) => {
  const sale = await openSale(platform)
  await sale.place('acc_a', { seatIds: seat(2) })
  expect(await sale.place('acc_b', { seatIds: seat(1, 2, 3) })).toMatchObject({
    status: 409,
    code: 'inventory.seat-taken',
    taken: seat(2),
  })
  expect(await sale.place('acc_b', { seatIds: seat(1, 3) })).toMatchObject({ status: 201 })
})

test('who was slower is told what is free beside the wanted seats, from the picture that is there anyway', async ({
  platform,
}) => {
  const sale = await openSale(platform, { rows: 2, seatsPerRow: 6 })
  await sale.place('acc_a', { seatIds: seat(3, 4) })
  await sale.place('acc_b', { seatIds: seat(3, 4) })
  const before = platform.statements.length
  expect(await sale.place('acc_b', { seatIds: seat(3, 4) })).toMatchObject({
    code: 'inventory.seat-taken',
    taken: seat(3, 4),
    nearby: [seat(9, 10), seat(1, 2), seat(5, 6)],
  })
  expect(platform.statements.slice(before)).toEqual([expect.stringContaining('inventory.place')])
})

test('seats that are unknown, of another section or named twice are listed', async ({ platform }) => {
  const sale = await openSale(platform)
  const seatIds = [...seat(1, 41, 1), 'sea_floor-1', 'nonsense']
  expect(await sale.place('acc_a', { seatIds })).toMatchObject({
    status: 400,
    code: 'inventory.invalid-seats',
    errors: [
      { pointer: '#/seatIds/1' },
      { pointer: '#/seatIds/2', detail: 'is named twice' },
      { pointer: '#/seatIds/3' },
      { pointer: '#/seatIds/4' },
    ],
    seats: seatIds.slice(1),
  })
})

test('a request says seats or a count, not both and not neither', async ({ platform }) => {
  const sale = await openSale(platform)
  for (const body of [{}, { seatIds: seat(1), count: 1 }, { seatIds: seat(1), together: true }]) {
    expect(await sale.place('acc_a', body)).toMatchObject({ status: 400, code: 'http.invalid' })
  }
})

test('only the own, unexpired pass of the section opens it', async ({ platform }) => {
  const sale = await openSale(platform)
  const attempt = (passToken: string) => sale.place('acc_a', { passToken, seatIds: seat(1) })
  const invalid = { status: 403, code: 'inventory.pass-invalid' }
  expect(await attempt('v1.x.y.z')).toMatchObject(invalid)
  expect(await attempt(sale.pass('acc_b'))).toMatchObject(invalid)
  expect(await attempt(sale.pass('acc_b', { exp: 1 }))).toMatchObject(invalid)
  expect(await attempt(sale.pass('acc_a', { sectionIds: [floorId] }))).toMatchObject(invalid)
  expect(await attempt(sale.pass('acc_a', { exp: platform.clock.now() }))).toMatchObject({
    status: 403,
    code: 'inventory.pass-expired',
  })
  const elsewhere = {
    passToken: sale.pass('acc_a', { sectionIds: ['sec_elsewhere'] }),
    sectionId: 'sec_elsewhere',
    count: 1,
  }
  expect(await sale.place('acc_a', elsewhere)).toMatchObject({ status: 404, code: 'inventory.section-not-found' })
  expect(
    await sale.place('acc_a', { passToken: sale.pass('acc_a', { saleId: 'sal_2' }), seatIds: seat(1) }),
  ).toMatchObject({ status: 404 })
  expect(await attempt(sale.pass('acc_a'))).toMatchObject({ status: 201 })
})

test('a pass that was given back or used up opens nothing more; a later one of the same account does, and nobody else notices', async ({
  platform,
}) => {
  const sale = await openSale(platform)
  const exp = platform.clock.now() + 600_000
  const attempt = (accountId: string, until: number, number: number) =>
    sale.place(accountId, { passToken: sale.pass(accountId, { exp: until }), seatIds: seat(number) })
  expect(await attempt('acc_a', exp, 1)).toMatchObject({ status: 201 })
  const ended = (accountId: string, until: number) =>
    fact('waiting-room.pass-ended.v1', {
      passId: 'pas_1',
      saleId,
      lineId,
      accountId,
      expiresAt: new Date(until).toISOString(),
    })
  // The facts of two passes may come in any order.
  await sale.tell(ended('acc_a', exp), ended('acc_a', exp - 1000), ended('acc_new', exp))
  const over = { status: 403, code: 'inventory.pass-ended' }
  expect(await attempt('acc_a', exp, 2)).toMatchObject(over)
  expect(await attempt('acc_a', exp - 1000, 2)).toMatchObject(over)
  expect(
    await sale.place('acc_new', { passToken: sale.pass('acc_new', { exp }), sectionId: floorId, count: 1 }),
  ).toMatchObject(over)
  expect(await sale.place('acc_new', { passToken: sale.pass('acc_new', { exp }), count: 2 })).toMatchObject(over)
  expect(await attempt('acc_a', exp + 1, 2)).toMatchObject({ status: 201 })
  expect(await attempt('acc_b', exp, 3)).toMatchObject({ status: 201 })
})

test('nothing is sold before the opening and from the closing on', async ({ platform }) => {
  const sale = await openSale(platform)
  const refusal = { status: 409, code: 'inventory.not-on-sale', opensAt, closesAt }
  platform.clock.set(Date.parse(opensAt) - 1)
  expect(await sale.place('acc_a', { seatIds: seat(1) })).toMatchObject(refusal)
  platform.clock.set(Date.parse(closesAt))
  expect(await sale.place('acc_a', { seatIds: seat(1) })).toMatchObject(refusal)
  platform.clock.set(Date.parse(opensAt))
  expect(await sale.place('acc_a', { seatIds: seat(1) })).toMatchObject({ status: 201 })
})

test('a pass for fewer places than the limit holds no more than its places, in however many holds', async ({
  platform,
}) => {
  const sale = await openSale(platform, { limit: 4 })
  const passToken = sale.pass('acc_1', { seatsMax: 2 })
  const place = (count: number) => sale.place('acc_1', { passToken, count })
  expect(await place(3)).toMatchObject({ status: 409, code: 'inventory.limit-reached', limit: 2, have: 0 })
  expect(await place(1)).toMatchObject({ status: 201 })
  expect(await place(2)).toMatchObject({ code: 'inventory.limit-reached', limit: 2, have: 1 })
  expect(await place(1)).toMatchObject({ status: 201 })
  expect(await place(1)).toMatchObject({ code: 'inventory.limit-reached', limit: 2, have: 2 })
})

test('a pass that names its seats opens no others, and what it says they cost is the price of hold and order', async ({
  platform,
}) => {
  const sale = await openSale(platform)
  const unitPrice = { amount: 81_000, currency: 'KRW' as const }
  const passToken = sale.pass('acc_a', { seatIds: seat(7, 3), unitPrice })
  const foreign = { status: 403, code: 'inventory.pass-invalid' }
  expect(await sale.place('acc_a', { passToken, seatIds: seat(3, 4) })).toMatchObject(foreign)
  expect(await sale.place('acc_a', { passToken, count: 3 })).toMatchObject({ code: 'inventory.invalid-seats' })
  const dollars = sale.pass('acc_a', { unitPrice: { amount: 1, currency: 'USD' } })
  expect(await sale.place('acc_a', { passToken: dollars, seatIds: seat(9) })).toMatchObject(foreign)
  const answers = [
    await sale.place('acc_a', { passToken, count: 1 }),
    await sale.place('acc_a', { passToken, seatIds: seat(3) }),
  ]
  expect(answers.map((answer) => (answer as { hold: object }).hold)).toMatchObject([
    { seats: [{ id: seat(7)[0] }], total: unitPrice },
    { seats: [{ id: seat(3)[0] }], total: unitPrice },
  ])
  const { holdToken } = answers[0] as { holdToken: string }
  expect(platform.tokens.verify('hold', holdToken)).toMatchObject({ payload: { unitPrice, total: unitPrice } })
})

test('the limit counts held seats of all sections, and a released hold counts no more', async ({ platform }) => {
  const sale = await openSale(platform, { limit: 3 })
  const first = await sale.place('acc_a', { seatIds: seat(1, 2) })
  const refusal = { status: 409, code: 'inventory.limit-reached', limit: 3, have: 2 }
  expect(await sale.place('acc_a', { seatIds: seat(3, 4) })).toMatchObject(refusal)
  expect(await sale.place('acc_a', { sectionId: floorId, count: 2 })).toMatchObject(refusal)
  expect(await sale.place('acc_a', { sectionId: floorId, count: 1 })).toMatchObject({ status: 201 })
  expect(await sale.release('acc_a', idOf(first))).toMatchObject({ status: 204 })
  expect(await sale.place('acc_a', { seatIds: seat(3, 4) })).toMatchObject({ status: 201 })
})

test('a hold is released once by its owner, and its seats can be taken at once', async ({ platform }) => {
  const sale = await openSale(platform)
  const id = idOf(await sale.place('acc_a', { seatIds: seat(1) }))
  expect(await sale.release('acc_b', id)).toMatchObject({ status: 404, code: 'inventory.hold-not-found' })
  expect(await sale.release('acc_a', 'hld_unknown')).toMatchObject({ status: 404 })
  expect(await sale.release('acc_a', id)).toMatchObject({ status: 204 })
  expect(await sale.release('acc_a', id)).toMatchObject({ status: 204 })
  expect(await sale.place('acc_b', { seatIds: seat(1) })).toMatchObject({ status: 201 })
})

test('a hold whose time is over can be taken at once, before any sweeper', async ({ platform }) => {
  const sale = await openSale(platform)
  const id = idOf(await sale.place('acc_a', { seatIds: seat(1, 2) }))
  platform.clock.advance(299_999)
  expect(await sale.place('acc_b', { seatIds: seat(2, 3) })).toMatchObject({ code: 'inventory.seat-taken' })
  platform.clock.advance(1)
  expect(await sale.place('acc_b', { seatIds: seat(2, 3) })).toMatchObject({ status: 201 })
  expect(await sale.holds('acc_a')).toMatchObject({ items: [] })
  expect(await sale.hold('acc_a', id)).toMatchObject({ status: 404 })
  expect(await sale.release('acc_a', id)).toMatchObject({ status: 204 })
  expect(await sale.place('acc_c', { seatIds: seat(2) })).toMatchObject({ code: 'inventory.seat-taken' })
  await platform.settle([sale.module])
  expect(await sale.place('acc_c', { seatIds: seat(1) })).toMatchObject({ status: 201 })
})

test('any places of an open section are given until none is left, and the refusal says how many are', async ({
  platform,
}) => {
  const sale = await openSale(platform, { floor: 5 })
  const take = (accountId: string, count: number) => sale.place(accountId, { sectionId: floorId, count })
  expect(await take('acc_a', 4)).toMatchObject({
    hold: { seats: [{ label: '1' }, { label: '2' }, { label: '3' }, { label: '4' }] },
  })
  expect(await take('acc_b', 2)).toMatchObject({ status: 409, code: 'inventory.sold-out', free: 1 })
  expect(await take('acc_b', 1)).toMatchObject({ hold: { seats: [{ label: '5' }] } })
  expect(await take('acc_c', 1)).toMatchObject({ code: 'inventory.sold-out', free: 0 })
  platform.clock.advance(300_000)
  expect(await take('acc_c', 3)).toMatchObject({ status: 201 })
})

test('seats side by side come from the middle of the front, and never leave one alone if that can be avoided', async ({
  platform,
}) => {
  const sale = await openSale(platform, { rows: 2, seatsPerRow: 6, limit: 6 })
  const labels = (answer: object) =>
    (answer as { hold?: { seats: { label: string }[] } }).hold?.seats.map((s) => s.label)
  expect(labels(await sale.place('acc_a', { count: 2, together: true }))).toEqual(['A-3', 'A-4'])
  expect(labels(await sale.place('acc_b', { count: 3, together: true }))).toEqual(['B-1', 'B-2', 'B-3'])
  expect(labels(await sale.place('acc_c', { count: 3, together: true }))).toEqual(['B-4', 'B-5', 'B-6'])
  expect(await sale.place('acc_d', { count: 3, together: true })).toMatchObject({
    status: 409,
    code: 'inventory.no-adjacent',
    free: 4,
  })
  expect(labels(await sale.place('acc_d', { count: 3 }))).toHaveLength(3)
  expect(await sale.place('acc_e', { count: 3, together: true })).toMatchObject({ code: 'inventory.sold-out', free: 1 })
})

test('a section is not on sale before all of its seats have come', async ({ platform }) => {
  const { module } = createInventory(platform)
  await platform.register([module])
  const { published } = saleFacts()
  await publish(platform, [published])
  await platform.settle([module])
  const answer = await platform.http([module]).fastify.inject({ url: `/api/sections/${hallId}/availability` })
  expect(answer.json()).toMatchObject({ status: 404, code: 'inventory.section-not-found' })
})
