import { expect } from 'vitest'
import { test, type TestPlatform } from '../../../test/fixtures.ts'
import { createCatalog } from './index.ts'

/** An event of an organiser with three sections, and calls in the organiser's name. */
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
    kind: 'race',
    name: 'Forest Trail',
    venue: 'North gate',
    startsAt: '2026-06-01T09:00:00Z',
    timeZone: 'Asia/Seoul',
    currency: 'KRW',
  })
  const sectionIds: string[] = []
  for (const name of ['fast', 'middle', 'slow']) {
    const body = { name, admission: 'open', price: 40_000, capacity: 10 }
    sectionIds.push((await call('POST', `/api/events/${event.body.id}/sections`, body)).body.id)
  }
  const sale = {
    method: 'ballot',
    opensAt: '2026-02-01T11:00:00Z',
    closesAt: '2026-05-01T11:00:00Z',
    holdSeconds: 300,
    limitPerAccount: 1,
    ballot: { drawAt: '2026-03-01T11:00:00Z', payBySeconds: 86_400, moves: 'down' },
    lines: sectionIds.map((id, index) => ({ name: `Group ${index}`, sectionIds: [id], course: '10K' })),
  }
  const prepare = (changes: object = {}) => call('POST', `/api/events/${event.body.id}/sales`, { ...sale, ...changes })
  return { catalog, call, prepare, sale, eventId: event.body.id as string }
}

test('a ballot is prepared, published and told with its draw, its courses and their order', async ({ platform }) => {
  const { call, prepare, eventId } = await open(platform)
  const { status, body } = await prepare()
  expect(status).toBe(201)
  const ballot = { drawAt: '2026-03-01T11:00:00.000Z', payBySeconds: 86_400, moves: 'down' }
  expect(body).toMatchObject({
    method: 'ballot',
    order: 'draw',
    ballot,
    lines: [{ name: 'Group 0', course: '10K' }, { course: '10K' }, { name: 'Group 2', course: '10K' }],
  })
  expect((await call('POST', `/api/sales/${body.id}/publish`)).status).toBe(200)
  expect((await platform.taken('spy'))[0]!.data).toMatchObject({ method: 'ballot', ballot, lines: body.lines })
  expect((await call('GET', `/api/events/${eventId}`)).body.sales[0]).toMatchObject({ state: 'published', ballot })
})

test('all faults of a ballot are named at once', async ({ platform }) => {
  const { prepare, sale } = await open(platform)
  const faultsOf = async (changes: object): Promise<string[]> => {
    const { status, body } = await prepare(changes)
    expect([status, body.code]).toEqual([400, 'catalog.invalid-sale'])
    return body.errors.map((fault: { pointer: string; detail: string }) => `${fault.pointer} ${fault.detail}`)
  }
  expect(
    await faultsOf({ order: 'arrival', ballot: { drawAt: sale.opensAt, payBySeconds: 60, moves: 'none' } }),
  ).toEqual([
    '#/order must be draw: a ballot is drawn',
    '#/ballot/drawAt must be after opensAt',
    '#/ballot/payBySeconds must be at least holdSeconds',
    '#/lines/0/course goes with moves down only',
    '#/lines/1/course goes with moves down only',
    '#/lines/2/course goes with moves down only',
  ])
  expect(
    await faultsOf({
      ballot: { drawAt: '2026-05-01T10:00:00Z', payBySeconds: 3601, moves: 'down' },
      lines: sale.lines.map((line, index) => ({ ...line, course: `${index}` })),
    }),
  ).toEqual([
    '#/closesAt must leave payBySeconds after the draw',
    '#/ballot/moves needs a course with two lines or more',
  ])
  expect(await faultsOf({ ballot: undefined })).toEqual(['#/ballot is needed for a ballot'])
  expect(await faultsOf({ method: 'queue', lines: sale.lines.slice(0, 1) })).toEqual([
    '#/lines/0/shoppersMax is needed for a queue',
    '#/lines/0/admitPerMinute is needed for a queue',
    '#/ballot goes with the method ballot only',
    '#/lines/0/course goes with the method ballot only',
  ])
})

test('a ballot whose draw has passed is not published', async ({ platform }) => {
  const { catalog, prepare } = await open(platform)
  const { body } = await prepare()
  platform.clock.set(Date.parse('2026-03-01T11:00:00Z'))
  const { fastify } = platform.http([catalog.module])
  const headers = await platform.authorization('acc_one', { roles: ['buyer', 'organiser'] })
  const answer = await fastify.inject({ method: 'POST', url: `/api/sales/${body.id}/publish`, headers })
  expect(JSON.parse(answer.body)).toMatchObject({
    code: 'catalog.invalid-sale',
    errors: [{ pointer: '#/ballot/drawAt', detail: 'is in the past' }],
  })
})
