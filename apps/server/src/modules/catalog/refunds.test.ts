import { expect } from 'vitest'
import { refundPresets } from '@fairgate/contracts/refund-ladder'
import { test, type TestPlatform } from '../../../test/fixtures.ts'
import { createCatalog } from './index.ts'

const refunds = refundPresets['korean-standard']
const eventBody = {
  kind: 'concert',
  name: 'Night of Strings',
  venue: 'Olympic Hall',
  startsAt: '2026-06-01T19:00:00+09:00',
  timeZone: 'Asia/Seoul',
  currency: 'KRW',
} as const

async function open(platform: TestPlatform) {
  const catalog = createCatalog(platform)
  const http = platform.http([catalog.module])
  await platform.register([catalog.module], { spy: ['catalog.sale-published.v1', 'catalog.event-cancelled.v1'] })
  const organiser = await platform.authorization('acc_one', { roles: ['buyer', 'organiser'] })
  async function call(method: 'GET' | 'POST' | 'PATCH', url: string, payload?: object, headers = organiser) {
    const answer = await http.fastify.inject({ method, url, headers, ...(payload ? { payload } : {}) })
    return { status: answer.statusCode, body: answer.json() }
  }
  async function create(event: object = {}) {
    const { id } = (await call('POST', '/api/events', { ...eventBody, ...event })).body
    const section = { name: 'Floor', admission: 'open', price: 55_000, capacity: 100 }
    const { id: sectionId } = (await call('POST', `/api/events/${id}/sections`, section)).body
    const sale = {
      method: 'queue',
      opensAt: '2026-02-01T11:00:00Z',
      closesAt: '2026-05-01T11:00:00Z',
      holdSeconds: 300,
      limitPerAccount: 4,
      lines: [{ name: 'All', sectionIds: [sectionId], shoppersMax: 100, admitPerMinute: 600 }],
    }
    const { id: saleId } = (await call('POST', `/api/events/${id}/sales`, sale)).body
    return { eventId: id as string, saleId: saleId as string }
  }
  const stranger = await platform.authorization('acc_two', { roles: ['buyer', 'organiser'] })
  return { call, create, stranger }
}

test('what buyers get back is edited until a sale is published, told with it, shown to everybody, and then fixed', async ({
  platform,
}) => {
  const { call, create } = await open(platform)
  const { eventId, saleId } = await create({ refunds: refundPresets['no-refunds'] })
  expect((await call('PATCH', `/api/events/${eventId}`, { refunds })).body).toMatchObject({ refunds })
  await call('POST', `/api/sales/${saleId}/publish`)
  expect(await platform.taken('spy')).toMatchObject([{ type: 'catalog.sale-published.v1', data: { refunds } }])
  const everybody = await platform.authorization('acc_buyer')
  expect((await call('GET', `/api/events/${eventId}`, undefined, everybody)).body).toMatchObject({ refunds })
  expect(await call('PATCH', `/api/events/${eventId}`, { refunds: { steps: [] } })).toMatchObject({
    status: 409,
    body: { code: 'catalog.in-use', errors: [{ pointer: '#/refunds' }] },
  })
  // The same again changes nothing.
  expect((await call('PATCH', `/api/events/${eventId}`, { refunds })).status).toBe(200)
})

test('every fault of what buyers get back is named at once, also when the start moves', async ({ platform }) => {
  const { call, create } = await open(platform)
  const steps = [
    { until: { daysBefore: 3 }, percent: 50 },
    { until: { daysBefore: 7 }, percent: 80 },
  ]
  const answer = await call('POST', '/api/events', { ...eventBody, venue: ' ', refunds: { steps } })
  expect(answer.body.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual([
    '#/venue',
    '#/refunds/steps/1/until',
    '#/refunds/steps/1/percent',
  ])
  const { eventId } = await create({ refunds: { steps: [{ until: { at: '2026-05-31T00:00:00Z' }, percent: 100 }] } })
  expect((await call('PATCH', `/api/events/${eventId}`, { startsAt: '2026-05-30T00:00:00Z' })).body).toMatchObject({
    errors: [{ pointer: '#/refunds/steps/0/until', detail: 'is after the start of the event' }],
  })
})

test('an event is called off once, by its organiser: told with its published sales, not listed, nothing more is published', async ({
  platform,
}) => {
  const { call, create, stranger } = await open(platform)
  const { eventId, saleId } = await create()
  await call('POST', `/api/sales/${saleId}/publish`)
  await platform.taken('spy')
  const note = 'The singer is ill'
  expect((await call('POST', `/api/events/${eventId}/cancel`, { note }, stranger)).status).toBe(404)
  for (const unsaid of ['  ', 'bell\u0007'])
    expect((await call('POST', `/api/events/${eventId}/cancel`, { note: unsaid })).body.errors[0].pointer).toBe(
      '#/note',
    )
  for (let i = 0; i < 2; i++)
    expect(await call('POST', `/api/events/${eventId}/cancel`, { note })).toMatchObject({
      status: 200,
      body: { cancelled: { note, at: '2026-01-01T00:00:00.000Z' } },
    })
  expect(await platform.taken('spy')).toMatchObject([
    { type: 'catalog.event-cancelled.v1', data: { eventId, saleIds: [saleId], accountId: 'acc_one', note } },
  ])
  expect((await call('GET', '/api/events')).body.items).toEqual([])
  const draft = await create()
  await call('POST', `/api/events/${draft.eventId}/cancel`, { note })
  expect((await call('POST', `/api/sales/${draft.saleId}/publish`)).body.code).toBe('catalog.event-cancelled')
})
