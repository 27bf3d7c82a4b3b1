import { expect } from 'vitest'
import { fact, type Fact } from '#platform/bus'
import { test, type TestPlatform } from '../../../test/fixtures.ts'
import { floorId, hallId, idOf, openSale, seat } from '../../../test/inventory-world.ts'

const secure = (orderId: string, holdId: string, attempt = 1, late = false): Fact =>
  fact('orders.secure-requested.v1', { orderId, holdId, attempt, late })
/** Late money of a buyer to whom equal seats will do. */
const secureEqual = (orderId: string, holdId: string, attempt = 2): Fact =>
  fact('orders.secure-requested.v1', { orderId, holdId, attempt, late: true, equal: true })
const sell = (orderId: string, holdId: string): Fact => fact('orders.sell-requested.v1', { orderId, holdId })
const giveBack = (orderId: string, holdId: string, holdSeconds: number): Fact =>
  fact('orders.return-requested.v1', { orderId, holdId, holdSeconds })
const release = (orderId: string, holdId: string, sold = false): Fact =>
  fact('orders.release-requested.v1', { orderId, holdId, sold })

const secured = { type: 'inventory.hold-secured.v1' }
const lost = { type: 'inventory.hold-lost.v1' }

test('a hold is secured, then sold; the buyer cannot release it meanwhile, and time does not end it', async ({
  platform,
}) => {
  const sale = await openSale(platform)
  const id = idOf(await sale.place('acc_a', { seatIds: seat(1, 2) }))
  expect(await sale.tell(secure('ord_1', id))).toEqual([{ ...secured, orderId: 'ord_1', holdId: id, attempt: 1 }])
  expect(await sale.release('acc_a', id)).toMatchObject({ status: 409, code: 'inventory.hold-in-use' })
  platform.clock.advance(3600_000)
  await platform.settle([sale.module])
  expect(await sale.place('acc_b', { seatIds: seat(1) })).toMatchObject({ code: 'inventory.seat-taken' })
  expect(await sale.holds('acc_a')).toMatchObject({ items: [{ hold: { id } }] })
  expect(await sale.tell(sell('ord_1', id))).toEqual([
    { type: 'inventory.seats-sold.v1', orderId: 'ord_1', holdId: id },
  ])
  expect(await sale.holds('acc_a')).toMatchObject({ items: [] })
  expect(await sale.release('acc_a', id)).toMatchObject({ code: 'inventory.hold-in-use' })
  const audit = await sale.module.audit!()
  expect(audit.byOrder).toEqual({ soldSeats: { ord_1: 2 } })
  expect(audit.figures).toMatchObject({ capacity: 60, free: 58, held: 0, secured: 0, sold: 2, blocked: 0 })
  expect(audit.checks.filter((check) => check.violations > 0)).toEqual([])
})

test('sold seats count against the limit', async ({ platform }) => {
  const sale = await openSale(platform, { limit: 2 })
  const id = idOf(await sale.place('acc_a', { seatIds: seat(1, 2) }))
  await sale.tell(secure('ord_1', id))
  expect(await sale.place('acc_a', { seatIds: seat(3) })).toMatchObject({ code: 'inventory.limit-reached', have: 2 })
  await sale.tell(sell('ord_1', id))
  platform.clock.advance(3600_000)
  expect(await sale.place('acc_a', { seatIds: seat(3) })).toMatchObject({ code: 'inventory.limit-reached', have: 2 })
})

test('a hold whose time is over is secured all the same when nobody took its seats, swept or not', async ({
  platform,
}) => {
  const sale = await openSale(platform)
  const unswept = idOf(await sale.place('acc_a', { seatIds: seat(1) }))
  const swept = idOf(await sale.place('acc_b', { seatIds: seat(2) }))
  platform.clock.advance(300_000)
  expect(await sale.tell(secure('ord_1', unswept))).toMatchObject([secured])
  await platform.settle([sale.module])
  expect((await sale.module.audit!()).figures).toMatchObject({ held: 0, secured: 1 })
  expect(await sale.tell(secure('ord_2', swept))).toMatchObject([secured])
  expect((await sale.module.audit!()).checks.filter((check) => check.violations > 0)).toEqual([])
})

test('a hold is lost when one of its seats was taken after its time, and the taker keeps it', async ({ platform }) => {
  const sale = await openSale(platform)
  const first = idOf(await sale.place('acc_a', { seatIds: seat(1, 2) }))
  platform.clock.advance(300_000)
  const second = idOf(await sale.place('acc_b', { seatIds: seat(2) }))
  expect(await sale.tell(secure('ord_1', first))).toMatchObject([{ ...lost, reason: 'taken', attempt: 1 }])
  expect(await sale.tell(secure('ord_1', first, 2, true))).toMatchObject([{ ...lost, reason: 'taken', attempt: 2 }])
  expect(await sale.tell(secure('ord_2', second))).toMatchObject([secured])
})

test('two lapsed holds that list the same seat are not both secured by one batch', async ({ platform }) => {
  const sale = await openSale(platform)
  const first = idOf(await sale.place('acc_a', { seatIds: seat(1, 2) }))
  platform.clock.advance(300_000)
  const second = idOf(await sale.place('acc_b', { seatIds: seat(2, 3) }))
  platform.clock.advance(300_000)
  expect(await sale.tell(secure('ord_1', first), secure('ord_2', second))).toMatchObject([
    secured,
    { ...lost, reason: 'taken' },
  ])
  expect((await sale.module.audit!()).checks.filter((check) => check.violations > 0)).toEqual([])
})

test('a lapsed hold is not secured over the limit that its buyer has used again since', async ({ platform }) => {
  const sale = await openSale(platform, { limit: 2 })
  const first = idOf(await sale.place('acc_a', { seatIds: seat(1, 2) }))
  platform.clock.advance(300_000)
  const second = idOf(await sale.place('acc_a', { seatIds: seat(3, 4) }))
  expect(await sale.tell(secure('ord_1', first), secure('ord_2', second))).toMatchObject([
    { ...lost, reason: 'limit-reached' },
    secured,
  ])
  expect((await sale.module.audit!()).checks.filter((check) => check.violations > 0)).toEqual([])
})

test('late money does not get seats that a pass named: they may be promised to the next, who has not taken them yet', async ({
  platform,
}) => {
  const sale = await openSale(platform)
  const named = idOf(await sale.place('acc_a', { passToken: sale.pass('acc_a', { seatIds: seat(1) }), count: 1 }))
  const other = idOf(await sale.place('acc_b', { seatIds: seat(2) }))
  const inTime = idOf(await sale.place('acc_c', { passToken: sale.pass('acc_c', { seatIds: seat(3) }), count: 1 }))
  platform.clock.advance(300_000)
  await platform.settle([sale.module])
  expect(await sale.tell(secure('ord_1', named, 1, true))).toMatchObject([{ ...lost, reason: 'promised' }])
  expect(await sale.tell(secure('ord_2', other, 1, true))).toMatchObject([secured])
  expect(await sale.tell(secure('ord_3', inTime))).toMatchObject([secured])
})

test('what its buyer released is lost, unless late money finds the seats still free', async ({ platform }) => {
  const sale = await openSale(platform)
  const id = idOf(await sale.place('acc_a', { seatIds: seat(1, 2) }))
  await sale.release('acc_a', id)
  expect(await sale.tell(secure('ord_1', id))).toMatchObject([{ ...lost, reason: 'released' }])
  expect(await sale.tell(secure('ord_1', id, 2, true))).toMatchObject([secured])
  expect(await sale.tell(sell('ord_1', id))).toMatchObject([{ type: 'inventory.seats-sold.v1' }])
})

test('a refused payment gives the hold back for a while, never for less than it had', async ({ platform }) => {
  const sale = await openSale(platform)
  const id = idOf(await sale.place('acc_a', { seatIds: seat(1) }))
  const placedAt = platform.clock.now()
  await sale.tell(secure('ord_1', id))
  const until = (ms: number) => new Date(placedAt + ms).toISOString()
  const returned = { type: 'inventory.hold-returned.v1', orderId: 'ord_1', holdId: id }
  expect(await sale.tell(giveBack('ord_1', id, 0))).toEqual([{ ...returned, expiresAt: until(300_000) }])
  await sale.tell(secure('ord_1', id, 2))
  expect(await sale.tell(giveBack('ord_1', id, 600))).toEqual([{ ...returned, expiresAt: until(600_000) }])
  platform.clock.advance(599_999)
  expect(await sale.place('acc_b', { seatIds: seat(1) })).toMatchObject({ code: 'inventory.seat-taken' })
  await sale.tell(secure('ord_1', id, 3))
  platform.clock.advance(10_000)
  expect(await sale.tell(giveBack('ord_1', id, 0))).toEqual([{ ...returned, expiresAt: until(609_999) }])
  expect(await sale.place('acc_b', { seatIds: seat(1) })).toMatchObject({ status: 201 })
})

test('released and refunded seats are on sale again, and the buyer may buy again', async ({ platform }) => {
  const sale = await openSale(platform, { limit: 1 })
  const first = idOf(await sale.place('acc_a', { seatIds: seat(1) }))
  await sale.tell(secure('ord_1', first), sell('ord_1', first))
  expect(await sale.tell(release('ord_1', first))).toEqual([])
  expect(await sale.place('acc_b', { seatIds: seat(1) })).toMatchObject({ code: 'inventory.seat-taken' })
  await sale.tell(release('ord_1', first, true))
  expect((await sale.module.audit!()).byOrder).toEqual({ soldSeats: {} })
  const second = idOf(await sale.place('acc_a', { seatIds: seat(1) }))
  await sale.tell(release('ord_2', second))
  expect(await sale.place('acc_b', { seatIds: seat(1) })).toMatchObject({ status: 201 })
})

test('some seats of a sold hold are returned: they are on sale again, the others stay sold, and twice is once', async ({
  platform,
}) => {
  const sale = await openSale(platform, { limit: 3 })
  const id = idOf(await sale.place('acc_a', { seatIds: seat(1, 2, 3) }))
  await sale.tell(secure('ord_1', id), sell('ord_1', id))
  const returned = (...numbers: number[]): Fact =>
    fact('orders.seats-returned.v1', {
      orderId: 'ord_1',
      returnId: `ret_${numbers.join('')}`,
      holdId: id,
      accountId: 'acc_a',
      saleId: 'sal_1',
      lineId: 'lin_1',
      event: {
        id: 'evt_1',
        organiserId: 'acc_o',
        kind: 'concert',
        name: 'Concert',
        venue: 'Hall',
        startsAt: '2026-06-01T10:00:00.000Z',
        timeZone: 'Asia/Seoul',
        currency: 'KRW',
      },
      section: { id: hallId, name: 'Hall' },
      seats: numbers.map((number) => ({ number, label: String(number) })),
      seatsLeft: 0,
      refunded: { amount: 0, currency: 'KRW' },
      kept: { amount: 0, currency: 'KRW' },
      reason: 'buyer',
      at: '2026-01-01T00:00:00.000Z',
    })
  await sale.tell(returned(2))
  await sale.tell(returned(2))
  const audit = async () => {
    const { byOrder, checks } = await sale.module.audit!()
    return { byOrder, broken: checks.filter(({ violations }) => violations > 0) }
  }
  expect(await audit()).toEqual({ byOrder: { soldSeats: { ord_1: 2 } }, broken: [] })
  expect(await sale.place('acc_b', { seatIds: seat(2) })).toMatchObject({ status: 201 })
  expect(await sale.place('acc_b', { seatIds: seat(1) })).toMatchObject({ code: 'inventory.seat-taken' })
  await sale.tell(returned(2), returned(1, 3))
  expect(await audit()).toEqual({ byOrder: { soldSeats: {} }, broken: [] })
  expect(await sale.place('acc_c', { seatIds: seat(1, 3) })).toMatchObject({ status: 201 })
})

test('nothing of a cancelled event can be held any more, at once, and what was to open later does not open', async ({
  platform,
}) => {
  const sale = await openSale(platform)
  await sale.place('acc_a', { seatIds: seat(1) })
  await sale.tell(
    fact('catalog.event-cancelled.v1', {
      eventId: 'evt_1',
      saleIds: ['sal_1'],
      accountId: 'acc_o',
      note: '',
      at: new Date(platform.clock.now()).toISOString(),
    }),
  )
  expect(await sale.place('acc_b', { seatIds: seat(2) })).toMatchObject({ code: 'inventory.not-on-sale' })
})

test('every request asked twice, and again after what followed, gives its answer again and changes nothing', async ({
  platform,
}) => {
  const sale = await openSale(platform)
  const id = idOf(await sale.place('acc_a', { seatIds: seat(1, 2) }))
  const requests: Fact[] = [
    secure('ord_1', id, 1),
    giveBack('ord_1', id, 600),
    secure('ord_1', id, 2),
    sell('ord_1', id),
    release('ord_1', id, true),
    secure('ord_1', id, 3, true),
    sell('ord_1', id),
  ]
  const seen: string[] = []
  for (const request of requests) {
    const once = await sale.tell(request)
    const before = (await sale.module.audit!()).figures
    expect(await sale.tell(request, request)).toEqual([...once, ...once])
    expect((await sale.module.audit!()).figures).toEqual(before)
    seen.push(...once.map((answer) => String(answer.type).split('.')[1]!))
  }
  expect(seen).toEqual(['hold-secured', 'hold-returned', 'hold-secured', 'seats-sold', 'hold-secured', 'seats-sold'])
  const before = (await sale.module.audit!()).figures
  await sale.tell(secure('ord_1', id, 1), secure('ord_1', id, 2), giveBack('ord_1', id, 600), release('ord_1', id))
  expect((await sale.module.audit!()).figures).toEqual(before)
})

test('a hold of another order, or none at all, is unknown', async ({ platform }) => {
  const sale = await openSale(platform)
  const id = idOf(await sale.place('acc_a', { seatIds: seat(1) }))
  await sale.tell(secure('ord_1', id))
  for (const holdId of [id, 'hld_none']) {
    const answers = await sale.tell(
      secure('ord_2', holdId),
      sell('ord_2', holdId),
      release('ord_2', holdId, true),
      giveBack('ord_2', holdId, 600),
    )
    expect(answers).toMatchObject([
      { ...lost, reason: 'unknown' },
      { type: 'inventory.sell-refused.v1', reason: 'unknown' },
      { type: 'inventory.hold-returned.v1', expiresAt: new Date(platform.clock.now()).toISOString() },
    ])
  }
  expect(await sale.tell(sell('ord_1', id))).toMatchObject([{ type: 'inventory.seats-sold.v1' }])
})

test('seats that are not secured are not sold', async ({ platform }) => {
  const sale = await openSale(platform)
  const id = idOf(await sale.place('acc_a', { seatIds: seat(1) }))
  expect(await sale.tell(sell('ord_1', id))).toMatchObject([{ type: 'inventory.sell-refused.v1', reason: 'held' }])
})

test('a batch of a hundred requests takes as many statements as one request', async ({ platform }) => {
  const sale = await openSale(platform, { rows: 10, seatsPerRow: 20 })
  const place = async (number: number) => idOf(await sale.place(`acc_${number}`, { seatIds: seat(number) }))
  const one = await place(200)
  const ids = await Promise.all(Array.from({ length: 100 }, (_, i) => place(i + 1)))
  const count = async (...facts: Fact[]) => {
    const before = platform.statements.length
    await sale.tell(...facts)
    return platform.statements.length - before
  }
  await count(secure('ord_x', one))
  const alone = await count(sell('ord_x', one))
  await count(...ids.map((id, i) => secure(`ord_${i}`, id)))
  expect(await count(...ids.map((id, i) => sell(`ord_${i}`, id)))).toBe(alone)
  expect((await sale.module.audit!()).figures).toMatchObject({ sold: 101, secured: 0 })
  expect(await sale.availability(hallId)).toMatchObject({ sold: 101 })
})

/** A hold of acc_a whose time is over; nobody has noticed yet. */
async function lapsed(
  sale: Awaited<ReturnType<typeof openSale>>,
  platform: TestPlatform,
  body: object = { seatIds: seat(1, 2) },
) {
  const id = idOf(await sale.place('acc_a', body))
  platform.clock.advance(300_000)
  return id
}

test('late money whose seats are gone gets equal ones if its buyer agreed: of the section, together, and they are sold', async ({
  platform,
}) => {
  const sale = await openSale(platform, { rows: 2, seatsPerRow: 5 })
  const id = await lapsed(sale, platform)
  await sale.place('acc_b', { seatIds: seat(2, 4) })
  // Free now: 1 alone, 3 alone, 5 alone, and the second row.
  const [answer] = await sale.tell(secureEqual('ord_1', id))
  expect(answer).toMatchObject({ ...secured, attempt: 2 })
  const { seats } = answer as unknown as { seats: { number: number; label: string }[] }
  expect(seats.every(({ label }) => label.startsWith('B-'))).toBe(true)
  expect(seats[1]!.number - seats[0]!.number).toBe(1)
  expect(await sale.tell(secureEqual('ord_1', id))).toEqual([answer])
  expect(await sale.tell(fact('orders.sell-requested.v1', { orderId: 'ord_1', holdId: id, equal: true }))).toEqual([
    { type: 'inventory.seats-sold.v1', orderId: 'ord_1', holdId: id, seats },
  ])
  const audit = await sale.module.audit!()
  expect(audit.byOrder).toEqual({ soldSeats: { ord_1: 2 } })
  expect(audit.checks.filter((check) => check.violations > 0)).toEqual([])
  expect(await sale.tell(release('ord_1', id, true))).toEqual([])
  expect((await sale.module.audit!()).figures).toMatchObject({ free: 28, held: 2, sold: 0 })
})

test('late money gets its own seats where they are free, whatever else would do', async ({ platform }) => {
  const sale = await openSale(platform)
  const id = await lapsed(sale, platform)
  expect(await sale.tell(secureEqual('ord_1', id))).toMatchObject([
    { ...secured, seats: [{ number: 1 }, { number: 2 }] },
  ])
})

test('late money gets nothing where no equal seats are together, cost the same, are left or are within the limit', async ({
  platform,
}) => {
  const sale = await openSale(platform, { rows: 1, seatsPerRow: 5, floor: 2, limit: 2 })
  const ids = { orderId: 'ord_1', attempt: 2 }
  const scattered = await lapsed(sale, platform)
  await sale.place('acc_b', { seatIds: seat(2, 4) })
  expect(await sale.tell(secureEqual('ord_1', scattered))).toEqual([
    { ...lost, ...ids, holdId: scattered, reason: 'taken' },
  ])
  // Its lapsed seat is free all the same, and is found by one that need not sit together with another.
  const single = await lapsed(sale, platform, { seatIds: seat(3) })
  await sale.place('acc_c', { seatIds: seat(3) })
  await sale.organise('POST', `${hallId}/prices`, {
    price: { amount: 60_000, currency: 'KRW' },
    reason: 'a better price',
  })
  expect(await sale.tell(secureEqual('ord_2', single))).toMatchObject([{ ...lost, reason: 'taken' }])
  const floor = await lapsed(sale, platform, { sectionId: floorId, count: 2 })
  await sale.place('acc_d', { sectionId: floorId, count: 1 })
  expect(await sale.tell(secureEqual('ord_3', floor))).toMatchObject([{ ...lost, reason: 'taken' }])
  expect((await sale.module.audit!()).checks.filter((check) => check.violations > 0)).toEqual([])
})

test('equal seats count against the limit, as what was bought since does', async ({ platform }) => {
  const sale = await openSale(platform, { limit: 2 })
  const id = await lapsed(sale, platform)
  await sale.place('acc_b', { seatIds: seat(1) })
  await sale.place('acc_a', { seatIds: seat(11, 12) })
  expect(await sale.tell(secureEqual('ord_1', id))).toMatchObject([{ ...lost, reason: 'taken' }])
  expect((await sale.module.audit!()).checks.filter((check) => check.violations > 0)).toEqual([])
})

test('places of an open section are alike: late money gets any', async ({ platform }) => {
  const sale = await openSale(platform, { floor: 5, limit: 5 })
  const id = await lapsed(sale, platform, { sectionId: floorId, count: 2 })
  await sale.place('acc_b', { sectionId: floorId, count: 3 })
  const [answer] = await sale.tell(secureEqual('ord_1', id))
  expect(answer).toMatchObject(secured)
  expect((await sale.module.audit!()).checks.filter((check) => check.violations > 0)).toEqual([])
})

test('of two late payments that would take the same equal seats, in one batch, each gets its own', async ({
  platform,
}) => {
  const sale = await openSale(platform, { rows: 1, seatsPerRow: 8 })
  const first = idOf(await sale.place('acc_a', { seatIds: seat(1, 2) }))
  const second = idOf(await sale.place('acc_b', { seatIds: seat(3, 4) }))
  platform.clock.advance(300_000)
  await sale.place('acc_c', { seatIds: seat(1, 2, 3, 4) })
  const answers = await sale.tell(secureEqual('ord_1', first), secureEqual('ord_2', second))
  expect(answers).toMatchObject([secured, secured])
  const numbers = answers.flatMap((answer) => (answer as unknown as { seats: { number: number }[] }).seats)
  expect(numbers.map(({ number }) => number).toSorted((a, b) => a - b)).toEqual([5, 6, 7, 8])
  expect((await sale.module.audit!()).checks.filter((check) => check.violations > 0)).toEqual([])
})
