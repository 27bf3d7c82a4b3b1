import { expect } from 'vitest'
import { bowlPlan } from '@fairgate/contracts/plans/bowl'
import { planFormat, type Plan } from '@fairgate/contracts/plans/plan'
import { sql } from '#platform/db'
import { test, type TestPlatform } from '../../../test/fixtures.ts'
import { createCatalog } from './index.ts'

const small: Plan = {
  format: planFormat,
  name: 'Club',
  currency: 'KRW',
  focalPoint: { x: 3, y: -2 },
  categories: [{ name: 'Table', price: 40_000, color: '#2f6f62' }],
  shapes: [
    {
      kind: 'stage',
      text: 'Stage',
      outline: [
        [0, -4],
        [6, -4],
        [6, -1],
        [0, -1],
      ],
    },
  ],
  sections: [
    {
      name: 'Front',
      admission: 'reserved',
      category: 'Table',
      seats: [
        { row: 'A', number: '1', x: 0, y: 0, accessible: true },
        { row: 'A', number: '2', x: 1, y: 0, companionOf: 'A-1' },
        { row: 'A', number: '3', x: 2, y: 0, restrictedView: true },
      ],
    },
    { name: 'Floor', admission: 'open', capacity: 80, price: 20_000, attributes: { standing: true } },
  ],
}

/** Catalog behind HTTP with an event of an organiser, who calls it. */
async function open(platform: TestPlatform) {
  const catalog = createCatalog(platform)
  const http = platform.http([catalog.module])
  await platform.register([catalog.module], { spy: ['catalog.sale-published.v1', 'catalog.seats-published.v1'] })
  const organiser = await platform.authorization('acc_one', { roles: ['buyer', 'organiser'] })
  const stranger = await platform.authorization('acc_two', { roles: ['buyer', 'organiser'] })

  async function call(
    method: 'GET' | 'POST' | 'DELETE',
    url: string,
    body?: object | string | Buffer,
    headers: Record<string, string> = organiser,
  ) {
    const isFile = typeof body === 'string' || Buffer.isBuffer(body)
    const type = isFile ? { 'content-type': 'application/octet-stream' } : {}
    const answer = await http.fastify.inject({
      method,
      url,
      headers: { ...type, ...headers },
      ...(body === undefined ? {} : { payload: body }),
    })
    return {
      status: answer.statusCode,
      headers: answer.headers,
      body: answer.body === '' ? undefined : JSON.parse(answer.body),
    }
  }
  const event = await call('POST', '/api/events', {
    kind: 'concert',
    name: 'Night of Strings',
    venue: 'Olympic Hall',
    startsAt: '2026-06-01T19:00:00+09:00',
    timeZone: 'Asia/Seoul',
    currency: 'KRW',
  })
  const path = `/api/events/${event.body.id}`
  async function sell(sectionIds: string[]) {
    const sale = await call('POST', `${path}/sales`, {
      method: 'queue',
      opensAt: '2026-02-01T11:00:00Z',
      closesAt: '2026-05-01T11:00:00Z',
      holdSeconds: 300,
      limitPerAccount: 4,
      lines: [{ name: 'All', sectionIds, shoppersMax: 100, admitPerMinute: 600 }],
    })
    return sale.body.id as string
  }
  const count = async () =>
    (
      await sql<{ rows: number }>`
        select (select count(*) from catalog.sections) + (select count(*) from catalog.geometries)
             + (select count(*) from catalog.plans) as rows`.execute(platform.db)
    ).rows[0]!.rows
  return { catalog, call, path, sell, count, stranger }
}

test('a plan makes all sections of an event in its order, with prices, attributes and companions', async ({
  platform,
}) => {
  const { call, path } = await open(platform)
  const made = await call('POST', `${path}/plan`, small)
  expect(made).toMatchObject({ status: 201, body: { seats: 3, capacity: 83, warnings: [] } })
  const event = (await call('GET', path)).body
  expect(event.planUrl).toBe(made.body.planUrl)
  expect(event.sections).toEqual(made.body.sections)
  expect(event.sections).toMatchObject([
    { name: 'Front', capacity: 3, price: { amount: 40_000, currency: 'KRW' }, focalPoint: { x: 3, y: -2 } },
    { name: 'Floor', capacity: 80, price: { amount: 20_000, currency: 'KRW' }, attributes: { standing: true } },
  ])
  const { seats } = (await call('GET', event.sections[0].geometryUrl)).body
  expect(seats).toMatchObject([
    { label: 'A-1', accessible: true },
    { label: 'A-2', accessible: false, companionOf: seats[0].id },
    { label: 'A-3', restrictedView: true },
  ])
})

test('its drawing has shapes, outlines and bounds, no seats, and is cached for ever by its hash once published', async ({
  platform,
}) => {
  const { call, path, sell, stranger } = await open(platform)
  const { planUrl, sections } = (await call('POST', `${path}/plan`, small)).body
  expect((await call('GET', planUrl, undefined, stranger)).body.code).toBe('catalog.plan-not-found')
  const draft = await call('GET', planUrl)
  expect(draft.headers['cache-control']).toBe('private, no-cache')
  expect(draft.body).toMatchObject({
    name: 'Club',
    bounds: { left: 0, top: -4, right: 6, bottom: 0 },
    shapes: small.shapes,
    categories: [{ name: 'Table', color: '#2f6f62', price: { amount: 40_000, currency: 'KRW' } }],
    sections: [{ id: sections[0].id, bounds: { left: 0, top: 0, right: 2, bottom: 0 } }, { id: sections[1].id }],
  })
  expect(JSON.stringify(draft.body)).not.toContain('"seats"')
  const saleId = await sell([sections[0].id])
  expect((await call('POST', `/api/sales/${saleId}/publish`)).status).toBe(200)
  const published = await call('GET', planUrl, undefined, {})
  expect(published.headers['cache-control']).toBe('public, max-age=31536000, immutable')
  expect(planUrl).toContain(published.body.hash)
  expect((await call('GET', `${path}/plan`, undefined, {})).headers['cache-control']).toBe('public, max-age=60')
  const again = await call('GET', planUrl, undefined, { 'if-none-match': String(published.headers['etag']) })
  expect(again.status).toBe(304)
})

test('the facts of a sale carry focal points, companions and restricted views', async ({ platform }) => {
  const { call, path, sell } = await open(platform)
  const { sections } = (await call('POST', `${path}/plan`, small)).body
  await call('POST', `/api/sales/${await sell(sections.map((section: { id: string }) => section.id))}/publish`)
  const facts = await platform.taken('spy')
  expect(facts[0]!.data['sections']).toMatchObject([{ focalPoint: { x: 3, y: -2 } }, { name: 'Floor' }])
  expect(facts[1]!.data['seats']).toMatchObject([{}, { companionOf: 1 }, { restrictedView: true }])
})

test('a preview says what would be made and makes nothing', async ({ platform }) => {
  const { call, path, count } = await open(platform)
  const preview = await call('POST', `${path}/plan?preview=true`, small)
  expect(preview).toMatchObject({
    status: 200,
    body: { format: planFormat, seats: 3, capacity: 83, sections: [{ name: 'Front', category: 'Table' }, {}] },
  })
  expect(await count()).toBe(0)
})

test('prices of the query win over those of the file, and are checked', async ({ platform }) => {
  const { call, path } = await open(platform)
  const bad = await call('POST', `${path}/plan?prices=${encodeURIComponent('{"Table":1.5}')}`, small)
  expect(bad).toMatchObject({ status: 400, body: { errors: [{ pointer: '#/query/prices' }] } })
  const made = await call('POST', `${path}/plan?prices=${encodeURIComponent('{"Table":1234}')}`, small)
  expect(made.body.sections[0].price.amount).toBe(1234)
})

test('an event has one plan: a second is refused, also at the same moment; removed with its sections, another may come', async ({
  platform,
}) => {
  const { call, path, count } = await open(platform)
  const answers = await Promise.all([call('POST', `${path}/plan`, small), call('POST', `${path}/plan`, small)])
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201, 409]))
  expect((await call('POST', `${path}/plan`, small)).body.code).toBe('catalog.plan-exists')
  expect((await call('DELETE', `${path}/plan`)).status).toBe(204)
  expect(await count()).toBe(0)
  expect((await call('DELETE', `${path}/plan`)).body.code).toBe('catalog.plan-not-found')
  expect((await call('POST', `${path}/plan`, small)).status).toBe(201)
})

test('a plan goes as a whole: none of its sections can be removed alone, nor the plan while a sale has one', async ({
  platform,
}) => {
  const { call, path, sell, count } = await open(platform)
  const { sections } = (await call('POST', `${path}/plan`, small)).body
  expect((await call('DELETE', `/api/sections/${sections[1].id}`)).body.code).toBe('catalog.in-use')
  await sell([sections[0].id])
  expect((await call('DELETE', `${path}/plan`)).body.code).toBe('catalog.in-use')
  expect(await count()).toBe(5)
})

test('once a sale of the event is published its plan is fixed', async ({ platform }) => {
  const { call, path, sell, count } = await open(platform)
  const hall = await call('POST', `${path}/sections`, { name: 'Hall', admission: 'open', price: 1, capacity: 5 })
  await call('POST', `/api/sales/${await sell([hall.body.id])}/publish`)
  expect((await call('POST', `${path}/plan`, small)).body.code).toBe('catalog.already-published')

  const other = await open(platform).then(async (world) => {
    const { sections } = (await world.call('POST', `${world.path}/plan`, small)).body
    await world.call('POST', `/api/sales/${await world.sell([sections[1].id])}/publish`)
    return { ...world, sections }
  })
  const before = await count()
  expect((await call('DELETE', `${other.path}/plan`)).body.code).toBe('catalog.already-published')
  expect((await call('POST', `${other.path}/plan`, small)).body.code).toBe('catalog.already-published')
  expect((await call('DELETE', `/api/sections/${other.sections[0].id}`)).body.code).toBe('catalog.in-use')
  expect(await count()).toBe(before)
})

test('a plan is taken away only before the publication that waits for it, never during', async ({ platform }) => {
  const { call, path, sell } = await open(platform)
  const hall = await call('POST', `${path}/sections`, { name: 'Hall', admission: 'open', price: 1, capacity: 5 })
  await call('POST', `${path}/plan`, small)
  const saleId = await sell([hall.body.id])
  const gate = platform.racepoints.hold('catalog.before-publication')
  const publishing = call('POST', `/api/sales/${saleId}/publish`)
  await gate.reached
  const removing = call('DELETE', `${path}/plan`)
  gate.open()
  expect((await publishing).status).toBe(200)
  expect((await removing).body.code).toBe('catalog.already-published')
})

test('who may not manage the event meets a 404, and nobody sends a file without signing in', async ({ platform }) => {
  const { call, path, count, stranger } = await open(platform)
  expect((await call('POST', `${path}/plan`, small, stranger)).body.code).toBe('catalog.event-not-found')
  expect((await call('DELETE', `${path}/plan`, undefined, stranger)).body.code).toBe('catalog.event-not-found')
  expect((await call('POST', `${path}/plan`, small, {})).status).toBe(401)
  expect(await count()).toBe(0)
})

test('50,000 seats become sections and geometries in one transaction', async ({ platform }) => {
  const { call, path } = await open(platform)
  const made = await call('POST', `${path}/plan`, JSON.stringify(bowlPlan({ seats: 50_000 })))
  expect(made).toMatchObject({ status: 201, body: { seats: 50_000, warningsTotal: 0 } })
  expect(made.body.sections).toHaveLength(90)
  const drawing = await call('GET', made.body.planUrl)
  expect(JSON.stringify(drawing.body).length).toBeLessThan(64_000)
})
