import { expect } from 'vitest'
import { test, type TestPlatform } from '../../../test/fixtures.ts'
import { createCatalog } from './index.ts'

/** An event of an organiser with a drawn section and an open one, and calls in the organiser's name. */
async function open(platform: TestPlatform) {
  const catalog = createCatalog(platform)
  const { fastify } = platform.http([catalog.module])
  const headers = await platform.authorization('acc_one', { roles: ['buyer', 'organiser'] })
  await platform.register([catalog.module], { spy: ['catalog.sale-published.v1'] })
  const call = async (method: 'GET' | 'POST', url: string, payload?: object) => {
    const answer = await fastify.inject({ method, url, headers, ...(payload ? { payload } : {}) })
    return { status: answer.statusCode, body: JSON.parse(answer.body) }
  }
  const event = await call('POST', '/api/events', {
    kind: 'concert',
    name: 'Front Row Night',
    venue: 'Hall',
    startsAt: '2026-06-01T19:00:00Z',
    timeZone: 'Asia/Seoul',
    currency: 'KRW',
  })
  const add = async (section: object) =>
    (await call('POST', `/api/events/${event.body.id}/sections`, section)).body.id as string
  const seat = (number: number, x: number, y: number, accessible = false) => ({ row: 'A', number, x, y, accessible })
  const row = await add({
    name: 'Row',
    admission: 'reserved',
    price: 100_000,
    seats: [seat(1, 0, 0), seat(2, 2, 0, true), seat(3, 4, 0), seat(4, 1, 0), seat(5, 2, 5)],
  })
  const floor = await add({ name: 'Floor', admission: 'open', price: 50_000, capacity: 3 })
  const sale = {
    method: 'auction',
    opensAt: '2026-05-01T10:00:00Z',
    closesAt: '2026-06-01T19:00:00Z',
    holdSeconds: 300,
    limitPerAccount: 2,
    auction: {
      payBySeconds: 900,
      step: 5000,
      softClose: { windowSeconds: 60, extendSeconds: 60, extendSecondsMax: 600 },
    },
    lines: [row, floor].map((id) => ({ name: `Lot of ${id}`, sectionIds: [id] })),
  }
  const prepare = (changes: object = {}) => call('POST', `/api/events/${event.body.id}/sales`, { ...sale, ...changes })
  return { call, prepare, sale, row, floor, eventId: event.body.id as string }
}

test('an auction is published with its lots: bids end an hour before the event, three each, the best seats first', async ({
  platform,
}) => {
  const { call, prepare, row, floor, sale } = await open(platform)
  const { status, body } = await prepare()
  expect([status, body.code]).toEqual([201, undefined])
  const auction = {
    endsAt: '2026-06-01T18:00:00.000Z',
    payBySeconds: 900,
    bidsMax: 3,
    step: { amount: 5000, currency: 'KRW' },
    softClose: sale.auction.softClose,
    leftOver: 'organiser',
  }
  expect(body).toMatchObject({ method: 'auction', auction, lines: [{ sectionIds: [row] }, { sectionIds: [floor] }] })
  const lotIds = body.lines.map((line: { id: string }) => line.id)
  expect(lotIds).toEqual([expect.stringMatching(/^lot_/), expect.stringMatching(/^lot_/)])
  expect(body.lines.map((line: { lotId: string }) => line.lotId)).toEqual(lotIds)
  expect((await call('POST', `/api/sales/${body.id}/publish`)).status).toBe(200)
  const { data } = (await platform.taken('spy'))[0]! as unknown as { data: { lots: { seats: { label: string }[] }[] } }
  expect(data).toMatchObject({
    method: 'auction',
    auction,
    lots: [
      { id: lotIds[0], sectionId: row, startPrice: { amount: 100_000, currency: 'KRW' } },
      { id: lotIds[1], sectionId: floor, startPrice: { amount: 50_000 }, seats: [{ number: 1 }, { number: 2 }, {}] },
    ],
  })
  expect(data.lots[0]!.seats.map(({ label }) => label)).toEqual(['A-4', 'A-1', 'A-3', 'A-5', 'A-2'])
})

test('all faults of an auction are named at once', async ({ platform }) => {
  const { prepare, sale, row, floor } = await open(platform)
  const faultsOf = async (changes: object): Promise<string[]> => {
    const { status, body } = await prepare(changes)
    expect([status, body.code]).toEqual([400, 'catalog.invalid-sale'])
    return body.errors.map((fault: { pointer: string; detail: string }) => `${fault.pointer} ${fault.detail}`)
  }
  expect(
    await faultsOf({
      limitPerAccount: 1,
      holdSeconds: 1000,
      closesAt: '2026-06-01T18:24:00Z',
      auction: {
        payBySeconds: 900,
        step: { amount: 0, currency: 'USD' },
        softClose: { windowSeconds: 60, extendSeconds: 700, extendSecondsMax: 600 },
      },
    }),
  ).toEqual([
    '#/closesAt must leave payBySeconds after the latest end of the bids',
    '#/auction/payBySeconds must be at least holdSeconds',
    '#/auction/softClose/extendSecondsMax must be at least extendSeconds',
    '#/auction/step must be at least 1',
    '#/auction/step must be in KRW',
    '#/limitPerAccount must be at least the number of lots: an account may win in each',
  ])
  expect(
    await faultsOf({
      auction: { payBySeconds: 900, step: 1, endsAt: sale.opensAt },
      lines: [{ name: 'Both', sectionIds: [row, floor] }],
    }),
  ).toEqual([
    '#/auction/endsAt must be after opensAt',
    '#/lines/0/sectionIds must be one section, whose seats are the lot',
  ])
  expect(await faultsOf({ auction: undefined })).toEqual(['#/auction is needed for an auction'])
  expect(
    await faultsOf({
      method: 'queue',
      lines: [{ name: 'Row', sectionIds: [row], shoppersMax: 1, admitPerMinute: 1 }],
    }),
  ).toEqual(['#/auction goes with the method auction only'])
})
