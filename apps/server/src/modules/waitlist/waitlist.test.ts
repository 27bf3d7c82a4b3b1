import { describe, expect } from 'vitest'
import type { Offer } from '@fairgate/contracts/http/waitlist'
import { test, type TestPlatform } from '../../../test/fixtures.ts'
import {
  floorId,
  hallId,
  minuteMs,
  numbersOf,
  openWaitlist,
  saleId,
  seat,
  type World,
} from '../../../test/waitlist-world.ts'

/** One row of four seats and a floor of three, all of it sold: seats 1 and 2 to a, 3 and 4 to b, the floor to c. */
async function soldOut(platform: TestPlatform) {
  const world = await openWaitlist(platform, { rows: 1, seatsPerRow: 4, floor: 3 })
  const a = await world.buy('acc_a', { seatIds: seat(1, 2) })
  const b = await world.buy('acc_b', { seatIds: seat(3, 4) })
  const c = await world.buy('acc_c', { sectionId: floorId, count: 3 })
  await platform.taken('spy')
  return { world, a, b, c }
}
const offerOf = async (world: World, accountId: string): Promise<Offer> => {
  const { offer } = await world.mine(accountId)
  if (!offer) throw new Error(`${accountId} has no offer`)
  return offer
}

describe('joining', () => {
  test('people join what is sold out, and see their place and how many are ahead', async ({ platform }) => {
    const { world, a } = await soldOut(platform)
    expect(await world.join('acc_1', [hallId], 2, true)).toMatchObject({
      status: 201,
      body: {
        entry: {
          number: 2,
          quantity: 2,
          together: true,
          state: 'waiting',
          ahead: 0,
          sections: [{ id: hallId, name: 'Hall' }],
        },
      },
    })
    expect((await world.join('acc_2', [floorId])).body.entry.ahead).toBe(0)
    expect((await world.join('acc_3', [floorId, hallId])).body.entry.ahead).toBe(2)
    expect(await world.document()).toMatchObject({
      phase: 'open',
      waiting: 3,
      offerSeconds: 1800,
      sections: [
        { id: hallId, soldOut: true, waiting: 2 },
        { id: floorId, soldOut: true, waiting: 2 },
      ],
    })
    expect(await world.leave('acc_1')).toMatchObject({ status: 204 })
    expect((await world.mine('acc_3')).entry.ahead).toBe(1)
    expect((await world.mine('acc_1')).entry).toMatchObject({ state: 'left', ahead: null })
    expect(await world.faults()).toEqual([])
    expect(await world.violations()).toEqual([])
    await world.giveBack(a)
  })

  test('an account has one entry; another wish goes to the end, the same one stays where it is', async ({
    platform,
  }) => {
    const { world } = await soldOut(platform)
    const { entry } = (await world.join('acc_1', [hallId])).body
    await world.join('acc_2', [hallId])
    expect(await world.join('acc_1', [hallId])).toMatchObject({
      status: 200,
      body: { entry: { number: entry.number } },
    })
    expect(await world.join('acc_1', [hallId], 2)).toMatchObject({
      status: 200,
      body: { entry: { id: entry.id, ahead: 1 } },
    })
    await world.leave('acc_1')
    expect(await world.join('acc_1', [hallId], 2)).toMatchObject({
      status: 201,
      body: { entry: { id: entry.id, ahead: 1 } },
    })
    expect((await world.document()).waiting).toBe(2)
    expect(await world.faults()).toEqual([])
  })

  test('a crowd that looks at its places reads who waits once', async ({ platform }) => {
    const { world } = await soldOut(platform)
    const crowd = Array.from({ length: 40 }, (_, i) => `acc_${i}`)
    await Promise.all(crowd.map((accountId) => world.join(accountId, [hallId])))
    platform.clock.advance(1000)
    const before = platform.statements.length
    const places = await Promise.all(crowd.map(async (accountId) => (await world.mine(accountId)).entry))
    const readings = platform.statements.slice(before).filter((text) => text.includes('array_agg(number'))
    expect(readings).toHaveLength(1)
    expect(places.map(({ ahead }) => ahead).toSorted((a, b) => a! - b!)).toEqual(crowd.map((_, i) => i))
  })

  test('every refusal says why', async ({ platform }) => {
    const { world, c } = await soldOut(platform)
    const code = async (answer: Promise<{ status: number; body: object }>) => {
      const { status, body } = await answer
      return [status, (body as { code?: string }).code]
    }
    const post = (body: object, as = {}) => world.call<object>('POST', `waitlists/${saleId}/entries`, 'acc_1', body, as)
    expect(await post({ sectionIds: ['sec_x', hallId, hallId], quantity: 5 })).toMatchObject({
      status: 400,
      body: {
        code: 'waitlist.invalid-wish',
        errors: [
          { pointer: '#/sectionIds/0' },
          { pointer: '#/sectionIds/2' },
          { pointer: '#/quantity', detail: 'is more than the limit of 4' },
        ],
      },
    })
    expect(await code(post({ sectionIds: [hallId], quantity: 1 }, { verified: false }))).toEqual([
      403,
      'identity.not-verified',
    ])
    expect(await code(world.call('GET', 'waitlists/sal_x'))).toEqual([404, 'waitlist.waitlist-not-found'])
    expect(await code(world.call('GET', `waitlists/${saleId}/entries/mine`, 'acc_1'))).toEqual([
      404,
      'waitlist.entry-not-found',
    ])
    expect(await code(world.leave('acc_1'))).toEqual([404, 'waitlist.entry-not-found'])
    await world.giveBack(c)
    expect(await world.join('acc_1', [hallId, floorId])).toMatchObject({
      status: 409,
      body: { code: 'waitlist.not-sold-out', sectionIds: [floorId] },
    })
    platform.clock.set(Date.parse('2026-01-31T23:30:00.001Z'))
    expect(await code(world.join('acc_1', [hallId]))).toEqual([409, 'waitlist.closed'])
  })

  test('a sale by ballot or auction has no waitlist, and says so', async ({ platform }) => {
    const world = await openWaitlist(platform, { rows: 0, floor: 1, method: 'ballot' })
    expect(await world.join('acc_1', [floorId])).toMatchObject({
      status: 409,
      body: { code: 'waitlist.not-for-this-sale' },
    })
    expect(await world.call('GET', `waitlists/${saleId}`)).toMatchObject({ status: 409 })
  })
})

describe('returned seats', () => {
  test('go to whoever is first and can use them, before anybody on the open sale', async ({ platform }) => {
    const { world, a } = await soldOut(platform)
    await world.join('acc_1', [hallId], 3)
    await world.join('acc_2', [floorId, hallId], 2, true)
    await world.join('acc_3', [hallId], 1)
    await world.giveBack(a)
    // Three are more than came back; acc_2 is next, and gets both.
    expect((await world.mine('acc_1')).offer).toBeNull()
    expect((await world.mine('acc_3')).offer).toBeNull()
    const offer = await offerOf(world, 'acc_2')
    expect(offer).toMatchObject({
      state: 'offered',
      isOpen: true,
      section: { id: hallId },
      until: new Date(platform.clock.now() + 30 * minuteMs).toISOString(),
    })
    expect(numbersOf(offer)).toEqual([1, 2])
    expect(await world.availability()).toMatchObject({ free: 0, blocked: 2 })
    expect(await world.place('acc_x', { seatIds: seat(1) })).toMatchObject({
      status: 409,
      code: 'inventory.seat-taken',
    })
    expect(await world.place('acc_x', { count: 1 })).toMatchObject({ status: 409, code: 'inventory.sold-out' })
    expect((await world.mine('acc_2')).entry.state).toBe('offered')
    expect(await world.join('acc_2', [hallId])).toMatchObject({ status: 409, body: { code: 'waitlist.offer-open' } })

    await world.pay((await world.holdOf(offer, 'acc_2')).id)
    expect(await offerOf(world, 'acc_2')).toMatchObject({ state: 'bought', bought: 2, isOpen: false })
    expect((await world.mine('acc_2')).entry.state).toBe('over')
    expect(await world.availability()).toMatchObject({ free: 0, sold: 4, blocked: 0 })
    expect((await platform.taken('spy')).map(({ type }) => type)).toEqual([
      'waitlist.section-waited.v1',
      'waitlist.section-waited.v1',
      'waitlist.offer-made.v1',
      'waitlist.section-waited.v1',
    ])
    expect(await world.faults()).toEqual([])
    expect(await world.violations()).toEqual([])
  })

  test('that nobody who waits can use go on open sale at once, and nobody idles them', async ({ platform }) => {
    const { world, a, b } = await soldOut(platform)
    await world.join('acc_1', [hallId], 3)
    await world.giveBack(a)
    expect(await world.availability()).toMatchObject({ free: 2, blocked: 0 })
    // Both pairs in one go are enough for three.
    const again = await world.buy('acc_d', { seatIds: seat(1, 2) })
    await world.giveBack(again, b)
    const offer = await offerOf(world, 'acc_1')
    expect(numbersOf(offer)).toEqual([1, 2, 3])
    expect(await world.availability()).toMatchObject({ free: 1, blocked: 3 })
    expect(await world.faults()).toEqual([])
    expect(await world.violations()).toEqual([])
  })

  test('of a section that nobody waits for stay on the open sale', async ({ platform }) => {
    const { world, a, c } = await soldOut(platform)
    await world.join('acc_1', [floorId])
    await world.giveBack(a)
    expect(await world.availability()).toMatchObject({ free: 2 })
    await world.leave('acc_1')
    await world.settle()
    await world.giveBack(c)
    expect(await world.availability(floorId)).toMatchObject({ free: 3, blocked: 0 })
    expect((await world.records()).map(({ kind }) => kind)).toEqual(['opened', 'joined', 'left'])
  })

  test('that an organiser unblocks go to the waitlist where the organiser says so', async ({ platform }) => {
    const { world, c } = await soldOut(platform)
    await world.giveBack(c)
    await world.organise('POST', `${floorId}/blocks`, { count: 3, reason: 'camera' })
    await world.settle()
    await world.join('acc_1', [floorId], 2)
    const ids = (...numbers: number[]) => numbers.map((number) => `sea_floor-${number}`)
    await world.organise('POST', `${floorId}/unblocks`, { seatIds: ids(1) })
    await world.settle()
    expect(await world.availability(floorId)).toMatchObject({ free: 1, blocked: 2 })
    await world.organise('POST', `${floorId}/unblocks`, { seatIds: ids(2, 3), toWaitlist: true })
    await world.settle()
    expect(numbersOf(await offerOf(world, 'acc_1'))).toEqual([2, 3])
    expect(await world.availability(floorId)).toMatchObject({ free: 1, blocked: 2 })
    expect(await world.faults()).toEqual([])
  })

  test('are not offered first to who gave them back', async ({ platform }) => {
    const { world, a } = await soldOut(platform)
    await world.join('acc_a', [hallId])
    await world.join('acc_1', [hallId], 2)
    await world.giveBack(a)
    expect(numbersOf(await offerOf(world, 'acc_1'))).toEqual([1, 2])
    expect((await world.mine('acc_a')).entry).toMatchObject({ state: 'waiting' })
    expect(await world.faults()).toEqual([])
  })
})

describe('offers', () => {
  test('a lapsed or declined offer goes to the next at once, each with the full time', async ({ platform }) => {
    const { world, a } = await soldOut(platform)
    for (const accountId of ['acc_1', 'acc_2', 'acc_3']) await world.join(accountId, [hallId], 2)
    await world.giveBack(a)
    await platform.taken('spy')
    const first = await offerOf(world, 'acc_1')
    platform.clock.advance(22.5 * minuteMs)
    await world.settle()
    expect((await platform.taken('spy')).map(({ type, data }) => [type, data['accountId']])).toEqual([
      ['waitlist.offer-ending.v1', 'acc_1'],
    ])
    platform.clock.advance(7.5 * minuteMs - 1)
    await world.settle()
    expect((await offerOf(world, 'acc_1')).isOpen).toBe(true)
    platform.clock.advance(1)
    expect(await world.take(first, 'acc_1')).toMatchObject({ status: 409, code: 'waitlist.offer-over' })
    await world.settle()
    expect((await platform.taken('spy')).map(({ type, data }) => [type, data['accountId']])).toEqual([
      ['waitlist.offer-lapsed.v1', 'acc_1'],
      ['waitlist.offer-made.v1', 'acc_2'],
    ])
    expect(await offerOf(world, 'acc_1')).toMatchObject({ state: 'lapsed' })
    const second = await offerOf(world, 'acc_2')
    expect(Date.parse(second.until)).toBe(platform.clock.now() + 30 * minuteMs)
    expect(await world.decline(second.id, 'acc_1')).toMatchObject({ status: 404 })
    expect(await world.decline(second.id, 'acc_2')).toMatchObject({
      status: 200,
      body: { state: 'declined', isOpen: false },
    })
    expect(await world.decline(second.id, 'acc_2')).toMatchObject({ status: 200 })
    await world.settle()
    expect((await offerOf(world, 'acc_3')).isOpen).toBe(true)
    // Whoever let theirs go may join again, at the end.
    expect(await world.join('acc_1', [hallId], 2)).toMatchObject({ status: 201, body: { entry: { ahead: 0 } } })
    expect(await world.faults()).toEqual([])
    expect(await world.violations()).toEqual([])
  })

  test('whoever holds the seats when the time ends still buys them; if not, they go on then', async ({ platform }) => {
    const { world, a } = await soldOut(platform)
    for (const accountId of ['acc_1', 'acc_2', 'acc_3']) await world.join(accountId, [hallId], 2)
    await world.giveBack(a)
    const first = await offerOf(world, 'acc_1')
    platform.clock.advance(30 * minuteMs - 1)
    await world.holdOf(first, 'acc_1')
    platform.clock.advance(minuteMs)
    await world.settle()
    expect(await offerOf(world, 'acc_1')).toMatchObject({ state: 'offered', isOpen: false })
    expect((await world.mine('acc_2')).offer).toBeNull()
    // The hold ends without a payment: nobody else had the seats in between.
    platform.clock.advance(5 * minuteMs)
    await world.settle()
    expect(await offerOf(world, 'acc_1')).toMatchObject({ state: 'lapsed' })
    // The next one pays when the time is over: the seats were secured in time.
    const second = await offerOf(world, 'acc_2')
    const { id } = await world.holdOf(second, 'acc_2')
    await world.secure(id)
    platform.clock.set(Date.parse(second.until) + minuteMs)
    await world.settle()
    await world.sell(id)
    expect(await offerOf(world, 'acc_2')).toMatchObject({ state: 'bought', bought: 2 })
    expect((await world.mine('acc_3')).offer).toBeNull()
    expect(await world.violations()).toEqual([])
    expect(await world.faults()).toEqual([])
  })

  test('seats of an offer that were not bought go on; a pass is good for its seats and its owner only', async ({
    platform,
  }) => {
    const { world, a } = await soldOut(platform)
    await world.join('acc_1', [hallId], 2)
    await world.join('acc_2', [hallId], 1)
    await world.giveBack(a)
    const offer = await offerOf(world, 'acc_1')
    expect(await world.take(offer, 'acc_1', seat(3))).toMatchObject({ status: 403, code: 'inventory.pass-invalid' })
    expect(await world.take(offer, 'acc_2')).toMatchObject({ status: 404, code: 'waitlist.offer-not-found' })
    await world.pay((await world.holdOf(offer, 'acc_1', seat(2))).id)
    expect(await offerOf(world, 'acc_1')).toMatchObject({ state: 'bought', bought: 1, isOpen: false })
    expect(numbersOf(await offerOf(world, 'acc_2'))).toEqual([1])
    expect(await world.faults()).toEqual([])
    expect(await world.violations()).toEqual([])
  })

  test('an old pass opens nothing once its offer is over, however long it would have run', async ({ platform }) => {
    const { world, a } = await soldOut(platform)
    await world.join('acc_1', [hallId], 2)
    await world.join('acc_2', [hallId], 2)
    await world.giveBack(a)
    const offer = await offerOf(world, 'acc_1')
    const { body } = await world.call<{ passToken: string }>('POST', `waitlists/offers/${offer.id}/pass`, 'acc_1')
    await world.decline(offer.id, 'acc_1')
    await world.settle()
    const late = await world.place('acc_1', { passToken: body.passToken, seatIds: seat(1, 2) })
    expect(late).toMatchObject({ status: 409, code: 'inventory.seat-taken' })
    expect(await world.take(await offerOf(world, 'acc_2'), 'acc_2')).toMatchObject({ status: 201 })
  })

  test('an organiser says how long offers last and sees what became of them', async ({ platform }) => {
    const { world, a } = await soldOut(platform)
    await world.join('acc_1', [hallId], 2)
    const as = { roles: ['organiser'] }
    expect(await world.call('PATCH', `waitlists/${saleId}`, 'acc_organiser', { offerSeconds: 600 }, as)).toMatchObject({
      status: 200,
      body: { offerSeconds: 600 },
    })
    await world.giveBack(a)
    expect(Date.parse((await offerOf(world, 'acc_1')).until)).toBe(platform.clock.now() + 600_000)
    expect(await world.call('GET', `waitlists/${saleId}/overview`, 'acc_organiser', undefined, as)).toMatchObject({
      body: {
        sections: [
          { id: hallId, waiting: 0, kept: 2, offered: 1, bought: 0 },
          { id: floorId, kept: 0, offered: 0 },
        ],
        offers: [{ seats: ['A-1', 'A-2'], state: 'offered' }],
      },
    })
    expect(await world.call('GET', `waitlists/${saleId}/overview`, 'acc_other', undefined, as)).toMatchObject({
      status: 404,
    })
    expect(await world.faults()).toEqual([])
  })

  test('when the sale is about to end nothing is offered any more: seats go on open sale', async ({ platform }) => {
    const { world, a } = await soldOut(platform)
    await world.join('acc_1', [hallId], 2)
    platform.clock.set(Date.parse('2026-01-31T23:30:00.001Z'))
    await world.giveBack(a)
    expect((await world.mine('acc_1')).offer).toBeNull()
    expect(await world.availability()).toMatchObject({ free: 2 })
    expect((await world.document()).phase).toBe('closed')
    expect(await world.faults()).toEqual([])
  })

  test('when the event is cancelled nothing is offered any more, offers are withdrawn, and whoever waits is told once', async ({
    platform,
  }) => {
    const { world, a, b } = await soldOut(platform)
    await world.join('acc_1', [hallId], 2)
    await world.join('acc_2', [hallId], 2)
    await world.giveBack(a)
    const offer = await offerOf(world, 'acc_1')
    await platform.taken('spy')
    for (let i = 0; i < 2; i++) await world.cancelEvent()
    const told = (await platform.taken('spy')).filter(({ type }) => type !== 'waitlist.seats-released.v1')
    expect(told.filter(({ type }) => type !== 'waitlist.section-waited.v1')).toMatchObject([
      { type: 'waitlist.waitlist-cancelled.v1', data: { accountIds: ['acc_1', 'acc_2'], note: 'The hall is closed.' } },
    ])
    expect(await offerOf(world, 'acc_1')).toMatchObject({ state: 'withdrawn', isOpen: false })
    for (const accountId of ['acc_1', 'acc_2'])
      expect((await world.mine(accountId)).entry).toMatchObject({ state: 'over', ahead: null })
    expect(await world.take(offer, 'acc_1')).toMatchObject({ status: 409, code: 'waitlist.offer-over' })
    await world.giveBack(b)
    expect((await world.mine('acc_2')).offer).toBeNull()
    expect(await world.document()).toMatchObject({ phase: 'closed', cancelledAt: expect.any(String), waiting: 0 })
    expect(await world.faults()).toEqual([])
    expect(await world.violations()).toEqual([])
  })

  test('the waitlist of a cancelled event is closed also when the sale becomes known later', async ({ platform }) => {
    const world = await openWaitlist(platform, { rows: 1, isCancelled: true })
    expect(await world.join('acc_1', [hallId])).toMatchObject({ status: 409, body: { code: 'waitlist.closed' } })
    expect(await world.document()).toMatchObject({ phase: 'closed', cancelledAt: expect.any(String) })
    expect(await world.faults()).toEqual([])
  })

  test('after hours without a server everybody still has the full time, in order', async ({ platform }) => {
    const { world, a } = await soldOut(platform)
    for (const accountId of ['acc_1', 'acc_2']) await world.join(accountId, [hallId], 2)
    await world.giveBack(a)
    platform.clock.advance(5 * 60 * minuteMs)
    await world.settle()
    expect(await offerOf(world, 'acc_1')).toMatchObject({ state: 'lapsed' })
    expect(Date.parse((await offerOf(world, 'acc_2')).until)).toBe(platform.clock.now() + 30 * minuteMs)
    expect(await world.faults()).toEqual([])
  })
})
