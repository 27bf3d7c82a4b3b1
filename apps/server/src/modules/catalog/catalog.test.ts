import { gunzipSync } from 'node:zlib'
import { describe, expect } from 'vitest'
import { fact } from '#platform/bus'
import { sql, transaction } from '#platform/db'
import { test, type TestPlatform } from '../../../test/fixtures.ts'
import { blockRows, createCatalog, theatreRows } from './index.ts'

const eventBody = {
  kind: 'concert',
  name: 'Night of Strings',
  venue: 'Olympic Hall',
  region: 'Seoul',
  startsAt: '2026-06-01T19:00:00+09:00',
  timeZone: 'Asia/Seoul',
  currency: 'KRW',
} as const
const openSection = { name: 'Floor', admission: 'open', price: 55_000, capacity: 100 } as const
const saleBody = (...sectionIds: string[]) => ({
  method: 'queue',
  opensAt: '2026-02-01T11:00:00Z',
  closesAt: '2026-05-01T11:00:00Z',
  holdSeconds: 300,
  limitPerAccount: 4,
  lines: [{ name: 'All', sectionIds, shoppersMax: 100, admitPerMinute: 600 }],
})

/** Catalog behind HTTP, with an organiser who calls it. */
async function open(platform: TestPlatform) {
  const catalog = createCatalog(platform)
  const http = platform.http([catalog.module])
  const as = (accountId: string, ...roles: string[]) =>
    platform.authorization(accountId, { roles: ['buyer', ...roles] })
  const organiser = await as('acc_one', 'organiser')
  const other = await as('acc_two', 'organiser')
  const admin = await as('acc_boss', 'admin')
  const buyer = await as('acc_buyer')

  async function call(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    url: string,
    payload?: object,
    headers: Record<string, string> = organiser,
  ) {
    const answer = await http.fastify.inject({ method, url, headers, ...(payload ? { payload } : {}) })
    const isJson = answer.body !== '' && answer.headers['content-encoding'] === undefined
    const body = isJson ? JSON.parse(answer.body) : undefined
    return { status: answer.statusCode, headers: answer.headers, raw: answer.rawPayload, body }
  }
  async function create(event: object = {}, section: object = openSection) {
    const { id: eventId } = (await call('POST', '/api/events', { ...eventBody, ...event })).body
    const { id: sectionId } = (await call('POST', `/api/events/${eventId}/sections`, section)).body
    const { id: saleId } = (await call('POST', `/api/events/${eventId}/sales`, saleBody(sectionId))).body
    return { eventId, sectionId, saleId } as { eventId: string; sectionId: string; saleId: string }
  }
  async function publish(event: object = {}, section: object = openSection) {
    const made = await create(event, section)
    expect((await call('POST', `/api/sales/${made.saleId}/publish`)).status).toBe(200)
    return made
  }
  const nobody = {}
  return { catalog, http, call, create, publish, organiser, other, admin, buyer, nobody }
}

const listen = (platform: TestPlatform, catalog: ReturnType<typeof createCatalog>) =>
  platform.register([catalog.module], { spy: ['catalog.sale-published.v1', 'catalog.seats-published.v1'] })

describe('events', () => {
  test('an event is what its organiser said, tidied', async ({ platform }) => {
    const { call } = await open(platform)
    const { status, body } = await call('POST', '/api/events', {
      ...eventBody,
      name: '  겨울밤 ',
      description: 'Doors at six.\nBring a coat.',
    })
    expect(status).toBe(201)
    expect(body).toMatchObject({
      ...eventBody,
      organiserId: 'acc_one',
      name: '겨울밤',
      description: 'Doors at six.\nBring a coat.',
      startsAt: '2026-06-01T10:00:00.000Z',
      sections: [],
      sales: [],
    })
    expect((await call('GET', `/api/events/${body.id}`)).body).toEqual(body)
  })

  test('all faults of an event are named at once and nothing is made', async ({ platform }) => {
    const { call } = await open(platform)
    const { status, body } = await call('POST', '/api/events', {
      ...eventBody,
      name: '   ',
      venue: 'Hall\u0007',
      region: '\u0085\u0001',
      startsAt: '2025-12-31T23:59:59Z',
      timeZone: 'Asia/Soul',
    })
    expect({ status, code: body.code }).toEqual({ status: 400, code: 'http.invalid' })
    expect(body.errors.map((fault: { pointer: string }) => fault.pointer)).toEqual([
      '#/name',
      '#/venue',
      '#/region',
      '#/timeZone',
      '#/startsAt',
    ])
    expect((await call('GET', '/api/organiser/events')).body.items).toEqual([])
  })

  for (const timeZone of ['+09:00', 'Mars/Olympus', '', 'Asia/']) {
    test(`"${timeZone}" is no time zone`, async ({ platform }) => {
      const { call } = await open(platform)
      expect(await call('POST', '/api/events', { ...eventBody, timeZone })).toMatchObject({
        status: 400,
        body: { code: 'http.invalid', errors: [{ pointer: '#/timeZone' }] },
      })
    })
  }

  test('only organisers make events', async ({ platform }) => {
    const { call, buyer, nobody } = await open(platform)
    expect(await call('POST', '/api/events', eventBody, buyer)).toMatchObject({
      status: 403,
      body: { code: 'identity.not-allowed' },
    })
    expect(await call('POST', '/api/events', eventBody, nobody)).toMatchObject({
      status: 401,
      body: { code: 'identity.sign-in-required' },
    })
  })

  test('the same idempotency key makes one event, with another body it is refused', async ({ platform }) => {
    const { call, organiser } = await open(platform)
    const keyed = { ...organiser, 'idempotency-key': 'k1' }
    const first = await call('POST', '/api/events', eventBody, keyed)
    const second = await call('POST', '/api/events', eventBody, keyed)
    expect(second.body).toEqual(first.body)
    expect((await call('POST', '/api/events', { ...eventBody, name: 'Other' }, keyed)).body.code).toBe(
      'http.idempotency-key-reused',
    )
    expect((await call('GET', '/api/organiser/events')).body.items).toHaveLength(1)
  })

  test('a draft is shown to its organiser and an admin; for everybody else it does not exist', async ({ platform }) => {
    const { call, create, other, admin, buyer, nobody, organiser } = await open(platform)
    const { eventId, sectionId, saleId } = await create()
    for (const path of [`/api/events/${eventId}`, `/api/sales/${saleId}`, `/api/sections/${sectionId}/seats`]) {
      for (const who of [organiser, admin]) expect((await call('GET', path, undefined, who)).status, path).toBe(200)
      for (const who of [other, buyer, nobody]) expect((await call('GET', path, undefined, who)).status, path).toBe(404)
    }
    expect((await call('GET', '/api/events', undefined, nobody)).body.items).toEqual([])
    expect((await call('GET', '/api/organiser/events', undefined, other)).body.items).toEqual([])
    expect((await call('GET', '/api/organiser/events')).body.items).toMatchObject([
      { id: eventId, saleOpensAt: null, priceFrom: null },
    ])
  })

  test("a stranger's change is answered as if the thing did not exist, and changes nothing; an admin may change it", async ({
    platform,
  }) => {
    const { call, create, other, admin } = await open(platform)
    const { eventId, sectionId, saleId } = await create()
    const before = (await call('GET', `/api/events/${eventId}`)).body
    const attempts = [
      await call('PATCH', `/api/events/${eventId}`, { name: 'Mine' }, other),
      await call('POST', `/api/events/${eventId}/sections`, openSection, other),
      await call('POST', `/api/events/${eventId}/sales`, saleBody(sectionId), other),
      await call('POST', `/api/sales/${saleId}/publish`, undefined, other),
      await call('DELETE', `/api/sales/${saleId}`, undefined, other),
      await call('DELETE', `/api/sections/${sectionId}`, undefined, other),
    ]
    expect(attempts.map(({ status, body }) => `${status} ${body.code}`)).toEqual([
      '404 catalog.event-not-found',
      '404 catalog.event-not-found',
      '404 catalog.event-not-found',
      '404 catalog.sale-not-found',
      '404 catalog.sale-not-found',
      '404 catalog.section-not-found',
    ])
    expect((await call('GET', `/api/events/${eventId}`)).body).toEqual(before)
    expect((await call('PATCH', `/api/events/${eventId}`, { name: 'Better' }, admin)).body.name).toBe('Better')
  })

  test('unknown and impossible ids are the same 404 or a 400, never a failure', async ({ platform }) => {
    const { call } = await open(platform)
    for (const [method, path, code] of [
      ['GET', '/api/events/evt_x', 'catalog.event-not-found'],
      ['PATCH', '/api/events/evt_x', 'catalog.event-not-found'],
      ['GET', '/api/sales/sal_x', 'catalog.sale-not-found'],
      ['POST', '/api/sales/sal_x/publish', 'catalog.sale-not-found'],
      ['GET', '/api/sections/sec_x/seats', 'catalog.section-not-found'],
      ['GET', '/api/events/%00', 'http.invalid'],
    ] as const) {
      expect((await call(method, path, method === 'PATCH' ? {} : undefined)).body.code, `${method} ${path}`).toBe(code)
    }
  })

  test('before publishing everything may be edited, except a currency that sections have prices in', async ({
    platform,
  }) => {
    const { call, create } = await open(platform)
    const { eventId, sectionId, saleId } = await create()
    const fees = { perTicket: 1000, basisPoints: 250 }
    const edit = {
      kind: 'race',
      startsAt: '2026-07-01T00:00:00.000Z',
      timeZone: 'Europe/Berlin',
      region: 'Berlin',
      fees,
    }
    expect(await call('PATCH', `/api/events/${eventId}`, edit)).toMatchObject({ status: 200, body: edit })
    expect(await call('PATCH', `/api/events/${eventId}`, { currency: 'EUR' })).toMatchObject({
      status: 409,
      body: { code: 'catalog.in-use', errors: [{ pointer: '#/currency' }] },
    })
    await call('DELETE', `/api/sales/${saleId}`)
    await call('DELETE', `/api/sections/${sectionId}`)
    expect((await call('PATCH', `/api/events/${eventId}`, { currency: 'EUR' })).body.currency).toBe('EUR')
    expect(
      (await call('PATCH', `/api/events/${eventId}`, { startsAt: '2025-01-01T00:00:00Z' })).body.errors,
    ).toMatchObject([{ pointer: '#/startsAt' }])
    expect((await call('PATCH', `/api/events/${eventId}`, { capacity: 3 })).body.errors).toMatchObject([
      { pointer: '#/capacity' },
    ])
  })

  test('after publishing, the words may change but not what buyers plan by', async ({ platform }) => {
    const { call, publish, nobody } = await open(platform)
    const { eventId } = await publish()
    const words = { name: 'New name', description: 'New text', venue: 'New hall', region: 'Busan' }
    await call('GET', `/api/events/${eventId}`, undefined, nobody)
    expect((await call('PATCH', `/api/events/${eventId}`, words)).body).toMatchObject(words)
    expect((await call('GET', `/api/events/${eventId}`, undefined, nobody)).body).toMatchObject(words)
    expect((await call('GET', '/api/events?query=new+hall', undefined, nobody)).body.items).toHaveLength(1)
    expect((await call('PATCH', `/api/events/${eventId}`, { timeZone: 'Asia/Seoul', currency: 'KRW' })).status).toBe(
      200,
    )
    for (const [name, value] of Object.entries({
      startsAt: '2026-06-02T10:00:00Z',
      timeZone: 'Asia/Tokyo',
      currency: 'USD',
      kind: 'race',
      fees: { perTicket: 1, basisPoints: 0 },
    })) {
      const refusal = await call('PATCH', `/api/events/${eventId}`, { [name]: value, name: 'Not this' })
      expect({ status: refusal.status, code: refusal.body.code }, name).toEqual({ status: 409, code: 'catalog.in-use' })
    }
    expect((await call('GET', `/api/events/${eventId}`)).body).toMatchObject({
      ...eventBody,
      ...words,
      startsAt: '2026-06-01T10:00:00.000Z',
    })
  })
})

test('the fees of an event are on its page and told with its sale; without fees nothing is said of them', async ({
  platform,
}) => {
  const { catalog, call, publish, nobody } = await open(platform)
  await listen(platform, catalog)
  const fees = { perTicket: 1000, basisPoints: 250 }
  const { eventId } = await publish({ fees })
  const { eventId: without } = await publish()
  expect((await call('GET', `/api/events/${eventId}`, undefined, nobody)).body.fees).toEqual(fees)
  expect((await call('GET', `/api/events/${without}`, undefined, nobody)).body).not.toHaveProperty('fees')
  expect((await call('PATCH', `/api/events/${eventId}`, { fees: { ...fees, basisPoints: 5001 } })).status).toBe(400)
  const told = (await platform.taken('spy')).filter(({ type }) => type === 'catalog.sale-published.v1')
  expect(told.map(({ data }) => (data['event'] as { fees?: object }).fees)).toEqual([fees, undefined])
})

describe('the public list', () => {
  test('it has published events to come, soonest first, with the first opening, the last closing and the lowest price', async ({
    platform,
  }) => {
    const { call, create, publish, nobody } = await open(platform)
    const { eventId: late } = await publish({ name: 'Late', startsAt: '2026-08-01T00:00:00Z' })
    const { eventId: soon } = await publish({ name: 'Soon', startsAt: '2026-05-15T00:00:00Z' })
    await create({ name: 'Draft' })
    const { id: cheap } = (await call('POST', `/api/events/${soon}/sections`, { ...openSection, price: 10 })).body
    await call('POST', `/api/events/${soon}/sales`, { ...saleBody(cheap), opensAt: '2026-01-15T00:00:00Z' })
    const items = async () => (await call('GET', '/api/events', undefined, nobody)).body.items
    expect(await items()).toMatchObject([
      {
        id: soon,
        name: 'Soon',
        saleOpensAt: '2026-02-01T11:00:00.000Z',
        saleClosesAt: '2026-05-01T11:00:00.000Z',
        priceFrom: { amount: 55_000, currency: 'KRW' },
      },
      { id: late, name: 'Late' },
    ])
    platform.clock.set(Date.parse('2026-05-15T00:00:00Z'))
    expect(await items()).toMatchObject([{ id: late }])
  })

  test('it is searched by words in any order and case, in name, venue and region, whatever form they are typed in', async ({
    platform,
  }) => {
    const { call, publish } = await open(platform)
    await publish({ name: '겨울밤의 LIVE 100%', venue: 'Blue_Hall', region: '부산' })
    await publish({ name: 'Ärger im Takt', venue: 'Philharmonie', region: 'Berlin' })
    const found = async (query: string) =>
      (await call('GET', `/api/events?${new URLSearchParams({ query })}`)).body.items.map(
        (item: { region: string }) => item.region,
      )
    expect(await found('live 겨울')).toEqual(['부산'])
    expect(await found('겨울'.normalize('NFD'))).toEqual(['부산'])
    expect(await found('ＬＩＶＥ')).toEqual(['부산'])
    expect(await found('ärger BERLIN')).toEqual(['Berlin'])
    expect(await found('live berlin')).toEqual([])
    expect(await found('100%')).toEqual(['부산'])
    expect(await found('%')).toEqual(['부산'])
    expect(await found('blue_')).toEqual(['부산'])
    expect(await found('_er')).toEqual([])
    expect(await found('\\')).toEqual([])
    expect(await found("' or 1=1 --")).toEqual([])
    expect(await found('   ')).toHaveLength(2)
  })

  test('it is narrowed by kind, region and dates', async ({ platform }) => {
    const { call, publish } = await open(platform)
    await publish({ kind: 'race', name: 'Run', region: 'Busan', startsAt: '2026-05-01T00:00:00Z' })
    await publish({ name: 'Song', region: 'Seoul', startsAt: '2026-06-01T00:00:00Z' })
    const found = async (query: Record<string, string>) =>
      (await call('GET', `/api/events?${new URLSearchParams(query)}`)).body.items.map(
        (item: { name: string }) => item.name,
      )
    expect(await found({ kind: 'race' })).toEqual(['Run'])
    expect(await found({ region: 'seoul' })).toEqual(['Song'])
    expect(await found({ from: '2026-05-01T00:00:00Z', to: '2026-05-31T00:00:00Z' })).toEqual(['Run'])
    expect(await found({ from: '2026-05-01T09:00:01+09:00' })).toEqual(['Song'])
    expect(await found({ to: '2026-04-30T23:59:59Z' })).toEqual([])
    expect(await call('GET', '/api/events?from=2026-05-02T00:00:00Z&to=2026-05-01T00:00:00Z&limit=0')).toMatchObject({
      status: 400,
    })
    expect((await call('GET', '/api/events?query=%00')).body).toMatchObject({
      code: 'http.invalid',
      errors: [{ pointer: '#/query/query' }],
    })
  })

  test('its pages together hold every event once, also when starts are equal', async ({ platform }) => {
    const { call, publish } = await open(platform)
    for (let i = 0; i < 7; i++)
      await publish({ name: `E${i}`, startsAt: i < 5 ? '2026-06-01T00:00:00Z' : '2026-06-02T00:00:00Z' })
    const names: string[] = []
    let cursor: string | null = ''
    let pages = 0
    while (cursor !== null) {
      const { body }: { body: { items: { name: string }[]; nextCursor: string | null } } = await call(
        'GET',
        `/api/events?limit=2${cursor ? `&cursor=${cursor}` : ''}`,
      )
      names.push(...body.items.map((item) => item.name))
      cursor = body.nextCursor
      pages++
    }
    expect(pages).toBe(4)
    expect(names.toSorted()).toEqual(['E0', 'E1', 'E2', 'E3', 'E4', 'E5', 'E6'])
  })

  test('a cursor that was altered, or taken to another search, is refused', async ({ platform }) => {
    const { call, publish } = await open(platform)
    for (const name of ['a', 'b']) await publish({ name })
    const { nextCursor } = (await call('GET', '/api/events?limit=1')).body
    expect((await call('GET', `/api/events?limit=1&cursor=${nextCursor}`)).status).toBe(200)
    const altered = [...nextCursor].map(
      (_, i: number) => nextCursor.slice(0, i) + (nextCursor[i] === 'A' ? 'B' : 'A') + nextCursor.slice(i + 1),
    )
    for (const cursor of [
      ...altered,
      nextCursor.slice(1),
      `${nextCursor}A`,
      'x',
      '%00',
      `${nextCursor}&kind=concert`,
    ]) {
      const { status, body } = await call('GET', `/api/events?limit=1&cursor=${cursor}`)
      expect({ status, pointer: body.errors?.[0].pointer }, cursor).toEqual({ status: 400, pointer: '#/query/cursor' })
    }
  })

  test('a list, an event page and an organiser list take as many statements for thirty as for one', async ({
    platform,
  }) => {
    const { call, publish } = await open(platform)
    const { eventId } = await publish()
    const count = async (url: string, headers?: Record<string, string>) => {
      platform.clock.advance(2000)
      const before = platform.statements.length
      expect((await call('GET', url, undefined, headers)).status).toBe(200)
      return platform.statements.length - before
    }
    const all = async () => [
      await count('/api/events?limit=100'),
      await count('/api/organiser/events'),
      await count(`/api/events/${eventId}`),
      await count(`/api/events/${eventId}`, {}),
    ]
    const one = await all()
    for (let i = 0; i < 30; i++) {
      await publish({ name: `More ${i}` })
      const { id } = (await call('POST', `/api/events/${eventId}/sections`, openSection)).body
      const { id: saleId } = (await call('POST', `/api/events/${eventId}/sales`, saleBody(id))).body
      await call('POST', `/api/sales/${saleId}/publish`)
    }
    expect((await call('GET', '/api/events?limit=100')).body.items).toHaveLength(31)
    expect((await call('GET', `/api/events/${eventId}`)).body.sections).toHaveLength(31)
    expect(await all()).toEqual(one)
    expect(one).toEqual([1, 1, 1, 1])
  })
})

describe('sections', () => {
  test('an amount alone is in the currency of the event; another currency is a fault', async ({ platform }) => {
    const { call, create } = await open(platform)
    const { eventId } = await create()
    expect((await call('POST', `/api/events/${eventId}/sections`, { ...openSection, price: 0 })).body.price).toEqual({
      amount: 0,
      currency: 'KRW',
    })
    expect(
      (await call('POST', `/api/events/${eventId}/sections`, { ...openSection, price: { amount: 7, currency: 'KRW' } }))
        .body.price.amount,
    ).toBe(7)
    expect(
      await call('POST', `/api/events/${eventId}/sections`, { ...openSection, price: { amount: 7, currency: 'USD' } }),
    ).toMatchObject({
      status: 400,
      body: { code: 'catalog.invalid-plan', errors: [{ pointer: '#/price/currency' }] },
    })
  })

  test('a section that is neither open nor reserved in full has all its faults named', async ({ platform }) => {
    const { call, create } = await open(platform)
    const { eventId } = await create()
    const pointers = async (section: object) => {
      const { status, body } = await call('POST', `/api/events/${eventId}/sections`, {
        name: 'S',
        price: 1,
        ...section,
      })
      expect({ status, code: body.code }).toEqual({ status: 400, code: 'catalog.invalid-plan' })
      return body.errors.map((fault: { pointer: string }) => fault.pointer)
    }
    const seats = blockRows({ rows: 1, seatsPerRow: 2 })
    expect(await pointers({ admission: 'open', seats })).toEqual(['#/seats', '#/capacity'])
    expect(await pointers({ admission: 'reserved', name: ' ' })).toEqual(['#/name', '#/seats'])
    expect(await pointers({ admission: 'reserved', capacity: 3, seats })).toEqual(['#/capacity'])
    expect(
      await pointers({ admission: 'open', capacity: 1, attributes: { 'a/b': '\u0007', c: 'x'.repeat(201) } }),
    ).toEqual(['#/attributes/a~1b', '#/attributes/c'])
    expect((await call('GET', `/api/events/${eventId}`)).body.sections).toHaveLength(1)
  })

  test('every fault of a plan is named where it is, the list is bounded, and nothing is imported', async ({
    platform,
  }) => {
    const { call, create } = await open(platform)
    const { eventId } = await create()
    const add = (seats: object[]) =>
      call('POST', `/api/events/${eventId}/sections`, { name: 'Stalls', admission: 'reserved', price: 1, seats })
    const faulty = await add([
      { row: 'A', number: 1, x: 0, y: 0 },
      { row: 'A', number: '1', x: 1, y: 0 },
      { row: 'A', number: 2, x: 0, y: 0 },
      { row: ' ', number: 3, x: 1e6, y: -1e6 },
      { row: 'A\u0001', number: 4, x: 4, y: 0 },
      { row: 'A-1', number: '1', x: 5, y: 0 },
      { row: 'A', number: '1-1', x: 6, y: 0 },
    ])
    expect(faulty).toMatchObject({ status: 400, body: { code: 'catalog.invalid-plan', errorsTotal: 7 } })
    expect(faulty.body.errors.map((fault: { pointer: string }) => fault.pointer)).toEqual([
      '#/seats/1/number',
      '#/seats/2',
      '#/seats/3/row',
      '#/seats/3/x',
      '#/seats/3/y',
      '#/seats/4/row',
      '#/seats/6/number',
    ])
    const many = await add(Array.from({ length: 300 }, (_, x) => ({ row: 'A', number: 1, x, y: 0 })))
    expect(many.body.errors).toHaveLength(100)
    expect(many.body.errorsTotal).toBe(299)
    expect((await add([{ row: 'A', number: 1, x: 0 }])).body).toMatchObject({
      code: 'http.invalid',
      errors: [{ pointer: '#/seats/0/y', detail: 'is required' }],
    })
    expect((await call('GET', `/api/events/${eventId}`)).body.sections).toHaveLength(1)
  })

  test('the geometry has the seats in the order of the plan, and by its hash it is kept for ever', async ({
    platform,
  }) => {
    const { call, publish, nobody } = await open(platform)
    const seats = [
      { row: 'A', number: 14, x: 1.5, y: 0 },
      { row: 'B', number: '2', x: -0, y: 1, accessible: true },
    ]
    const { eventId, sectionId } = await publish({}, { name: 'Stalls', admission: 'reserved', price: 1, seats })
    const { sections } = (await call('GET', `/api/events/${eventId}`, undefined, nobody)).body
    expect(sections).toMatchObject([{ admission: 'reserved', capacity: 2 }])
    const stem = sectionId.slice(4)
    const answer = await call('GET', sections[0].geometryUrl, undefined, nobody)
    expect(answer.headers['cache-control']).toBe('public, max-age=31536000, immutable')
    expect(answer.body).toEqual({
      sectionId,
      hash: sections[0].geometryUrl.split('hash=')[1],
      seats: [
        { id: `sea_${stem}-1`, label: 'A-14', row: 'A', number: '14', x: 1.5, y: 0, accessible: false },
        { id: `sea_${stem}-2`, label: 'B-2', row: 'B', number: '2', x: 0, y: 1, accessible: true },
      ],
    })
    for (const url of [`/api/sections/${sectionId}/seats`, `/api/sections/${sectionId}/seats?hash=old`]) {
      expect((await call('GET', url, undefined, nobody)).headers['cache-control']).toBe('public, max-age=60')
    }
    const again = await call('GET', sections[0].geometryUrl, undefined, {
      'if-none-match': String(answer.headers.etag),
    })
    expect(again.status).toBe(304)
  })

  test('the geometry travels gzipped to those who take it, with a validator of its own', async ({ platform }) => {
    const { call, publish, organiser } = await open(platform)
    const { sectionId } = await publish(
      {},
      { name: 'Stalls', admission: 'reserved', price: 1, seats: theatreRows({ rows: 10, seatsPerRow: 20 }) },
    )
    const url = `/api/sections/${sectionId}/seats`
    const plain = await call('GET', url)
    for (const accepted of ['gzip', 'br, gzip;q=0.5', 'GZIP']) {
      const zipped = await call('GET', url, undefined, { ...organiser, 'accept-encoding': accepted })
      expect(zipped.headers['content-encoding']).toBe('gzip')
      expect(zipped.headers['vary']).toBe('accept-encoding')
      expect(zipped.headers.etag).not.toBe(plain.headers.etag)
      expect(JSON.parse(gunzipSync(zipped.raw).toString())).toEqual(plain.body)
    }
    for (const accepted of ['identity', 'gzip;q=0', 'gzip;q=0.0, br', 'x-gzip-like']) {
      const answer = await call('GET', url, undefined, { ...organiser, 'accept-encoding': accepted })
      expect(answer.headers['content-encoding'], accepted).toBeUndefined()
    }
  })

  test('equal plans have the same hash, other plans another', async ({ platform }) => {
    const { call, create } = await open(platform)
    const { eventId } = await create()
    const hashOf = async (seats: object[]) =>
      (
        await call('POST', `/api/events/${eventId}/sections`, { name: 'S', admission: 'reserved', price: 1, seats })
      ).body.geometryUrl.split('hash=')[1]
    const hash = await hashOf([{ row: 'A', number: 1, x: 0, y: 0 }])
    expect(hash).toMatch(/^[0-9a-f]{64}$/)
    expect(await hashOf([{ y: 0, x: 0, number: '1', row: 'A', accessible: false }])).toBe(hash)
    expect(await hashOf([{ row: 'A', number: 1, x: 0, y: 0, accessible: true }])).not.toBe(hash)
  })

  test('an open section has no seats to draw and no URL of them', async ({ platform }) => {
    const { call, publish } = await open(platform)
    const { eventId, sectionId } = await publish()
    expect((await call('GET', `/api/sections/${sectionId}/seats`)).body).toMatchObject({ sectionId, seats: [] })
    expect((await call('GET', `/api/events/${eventId}`)).body.sections[0]).not.toHaveProperty('geometryUrl')
  })

  test('a section in a sale, draft or published, is not removed', async ({ platform }) => {
    const { call, create, publish } = await open(platform)
    for (const made of [await create(), await publish()]) {
      expect(await call('DELETE', `/api/sections/${made.sectionId}`)).toMatchObject({
        status: 409,
        body: { code: 'catalog.in-use' },
      })
    }
    const { eventId } = await create()
    const { id } = (
      await call('POST', `/api/events/${eventId}/sections`, {
        name: 'S',
        admission: 'reserved',
        price: 1,
        seats: blockRows({ rows: 1, seatsPerRow: 1 }),
      })
    ).body
    expect((await call('DELETE', `/api/sections/${id}`)).status).toBe(204)
    expect((await call('GET', `/api/sections/${id}/seats`)).body.code).toBe('catalog.section-not-found')
  })
})

describe('sales', () => {
  test('a draft is shown with its lines in order and may be removed, which frees its sections', async ({
    platform,
  }) => {
    const { call, create } = await open(platform)
    const { eventId, sectionId, saleId } = await create()
    const { body } = await call('GET', `/api/sales/${saleId}`)
    expect(body).toMatchObject({
      ...saleBody(sectionId),
      id: saleId,
      eventId,
      state: 'draft',
      opensAt: '2026-02-01T11:00:00.000Z',
      closesAt: '2026-05-01T11:00:00.000Z',
      readiness: { waitingRoom: false, inventory: false },
    })
    expect(await call('POST', `/api/events/${eventId}/sales`, saleBody(sectionId))).toMatchObject({
      status: 409,
      body: { code: 'catalog.in-use', errors: [{ pointer: '#/lines/0/sectionIds/0' }] },
    })
    expect((await call('DELETE', `/api/sales/${saleId}`)).status).toBe(204)
    expect((await call('POST', `/api/events/${eventId}/sales`, saleBody(sectionId))).status).toBe(201)
  })

  test('all faults of a sale are named at once', async ({ platform }) => {
    const { call, create } = await open(platform)
    const { eventId } = await create()
    const foreign = await create()
    const { id } = (await call('POST', `/api/events/${eventId}/sections`, openSection)).body
    const line = { name: 'L', shoppersMax: 1, admitPerMinute: 1 }
    const { status, body } = await call('POST', `/api/events/${eventId}/sales`, {
      ...saleBody(),
      opensAt: '2025-02-01T00:00:00Z',
      closesAt: '2025-01-01T00:00:00Z',
      lines: [
        { ...line, sectionIds: [id, foreign.sectionId] },
        { ...line, name: ' ', sectionIds: [id, 'sec_unknown'] },
      ],
    })
    expect({ status, code: body.code }).toEqual({ status: 400, code: 'catalog.invalid-sale' })
    expect(body.errors.map((fault: { pointer: string }) => fault.pointer)).toEqual([
      '#/closesAt',
      '#/closesAt',
      '#/lines/0/sectionIds/1',
      '#/lines/1/name',
      '#/lines/1/sectionIds/0',
      '#/lines/1/sectionIds/1',
    ])
  })

  test('publishing tells the sale and then the seats of each reserved section, a thousand at a time', async ({
    platform,
  }) => {
    const { catalog, call } = await open(platform)
    await listen(platform, catalog)
    const { id: eventId } = (await call('POST', '/api/events', eventBody)).body
    const sectionIds: string[] = []
    for (const section of [
      {
        name: 'Stalls',
        admission: 'reserved',
        price: 2,
        seats: blockRows({ rows: 50, seatsPerRow: 50 }),
        attributes: { view: 'full' },
      },
      openSection,
      { name: 'Not on sale', admission: 'reserved', price: 2, seats: blockRows({ rows: 1, seatsPerRow: 1 }) },
    ]) {
      sectionIds.push((await call('POST', `/api/events/${eventId}/sections`, section)).body.id)
    }
    const [stalls, floor] = sectionIds as [string, string]
    const { id: saleId, lines } = (await call('POST', `/api/events/${eventId}/sales`, saleBody(stalls, floor))).body
    expect(await platform.taken('spy')).toEqual([])
    expect((await call('POST', `/api/sales/${saleId}/publish`)).body).toMatchObject({ id: saleId, state: 'published' })

    const [sale, ...chunks] = await platform.taken('spy')
    expect(sale).toEqual({
      type: 'catalog.sale-published.v1',
      key: saleId,
      data: {
        saleId,
        event: {
          id: eventId,
          organiserId: 'acc_one',
          kind: 'concert',
          name: 'Night of Strings',
          venue: 'Olympic Hall',
          startsAt: '2026-06-01T10:00:00.000Z',
          timeZone: 'Asia/Seoul',
          currency: 'KRW',
        },
        method: 'queue',
        opensAt: '2026-02-01T11:00:00.000Z',
        closesAt: '2026-05-01T11:00:00.000Z',
        holdSeconds: 300,
        limitPerAccount: 4,
        order: 'draw',
        lines,
        sections: [
          {
            id: stalls,
            name: 'Stalls',
            admission: 'reserved',
            capacity: 2500,
            price: { amount: 2, currency: 'KRW' },
            attributes: { view: 'full' },
          },
          {
            id: floor,
            name: 'Floor',
            admission: 'open',
            capacity: 100,
            price: { amount: 55_000, currency: 'KRW' },
            attributes: {},
          },
        ],
      },
    })
    expect(
      chunks.map(({ type, key, data }) => [
        type,
        key,
        data['sectionId'],
        data['from'],
        (data['seats'] as unknown[]).length,
      ]),
    ).toEqual([
      ['catalog.seats-published.v1', saleId, stalls, 1, 1000],
      ['catalog.seats-published.v1', saleId, stalls, 1001, 1000],
      ['catalog.seats-published.v1', saleId, stalls, 2001, 500],
    ])
    expect((chunks[1]!.data['seats'] as unknown[])[0]).toEqual({
      label: 'U-1',
      row: 'U',
      number: '1',
      x: 0,
      y: 24,
      accessible: false,
    })
  })

  test('a sale is ordered by a draw unless its organiser asks for the order of arrival, and everybody is told', async ({
    platform,
  }) => {
    const { catalog, call, create } = await open(platform)
    await listen(platform, catalog)
    const { saleId: drawn, eventId } = await create()
    const { id: sectionId } = (await call('POST', `/api/events/${eventId}/sections`, openSection)).body
    const asked = { ...saleBody(sectionId), order: 'arrival' }
    const { id: byArrival, order } = (await call('POST', `/api/events/${eventId}/sales`, asked)).body
    expect(order).toBe('arrival')
    for (const saleId of [drawn, byArrival]) await call('POST', `/api/sales/${saleId}/publish`)
    const told = (await platform.taken('spy')).map(({ data }) => [data['saleId'], data['order']])
    expect(told).toEqual([
      [drawn, 'draw'],
      [byArrival, 'arrival'],
    ])
    expect((await call('POST', `/api/events/${eventId}/sales`, { ...asked, order: 'price' })).status).toBe(400)
  })

  test('a sale is published once, and then neither it nor its sections can be removed', async ({ platform }) => {
    const { catalog, call, publish } = await open(platform)
    await listen(platform, catalog)
    const { saleId, sectionId } = await publish()
    expect(await platform.taken('spy')).toHaveLength(1)
    for (const [method, path] of [
      ['POST', `/api/sales/${saleId}/publish`],
      ['DELETE', `/api/sales/${saleId}`],
    ] as const) {
      expect(await call(method, path)).toMatchObject({ status: 409, body: { code: 'catalog.already-published' } })
    }
    expect((await call('DELETE', `/api/sections/${sectionId}`)).status).toBe(409)
    expect(await platform.taken('spy')).toEqual([])
  })

  test('a sale that is over, or an auction whose bids would have ended, is not published', async ({ platform }) => {
    const { catalog, call, create } = await open(platform)
    await listen(platform, catalog)
    const { saleId, eventId } = await create()
    const { id } = (await call('POST', `/api/events/${eventId}/sections`, openSection)).body
    const auction = (
      await call('POST', `/api/events/${eventId}/sales`, {
        ...saleBody(id),
        method: 'auction',
        auction: { endsAt: '2026-03-01T11:00:00Z', payBySeconds: 600, step: 1000 },
      })
    ).body
    expect(auction).toMatchObject({ method: 'auction', state: 'draft' })
    platform.clock.set(Date.parse('2026-05-01T11:00:00Z'))
    const later = await platform.authorization('acc_one', { roles: ['organiser'] })
    expect((await call('POST', `/api/sales/${saleId}/publish`, undefined, later)).body).toMatchObject({
      code: 'catalog.invalid-sale',
      errors: [{ pointer: '#/closesAt' }],
    })
    expect((await call('POST', `/api/sales/${auction.id}/publish`, undefined, later)).body).toMatchObject({
      code: 'catalog.invalid-sale',
      errors: [{ pointer: '#/auction/endsAt' }, { pointer: '#/closesAt' }],
    })
    expect(await platform.taken('spy')).toEqual([])
  })

  test('draft sales of a published event are seen by its organiser only', async ({ platform }) => {
    const { call, publish, nobody, buyer, other } = await open(platform)
    const { eventId, saleId } = await publish()
    const { id } = (await call('POST', `/api/events/${eventId}/sections`, openSection)).body
    await call('POST', `/api/events/${eventId}/sales`, saleBody(id))
    expect((await call('GET', `/api/events/${eventId}`)).body.sales).toHaveLength(2)
    for (const who of [nobody, buyer, other]) {
      const { body } = await call('GET', `/api/events/${eventId}`, undefined, who)
      expect(body.sales.map((sale: { id: string }) => sale.id)).toEqual([saleId])
    }
  })

  test('readiness shows what other modules have built, however often and in whichever order they say so', async ({
    platform,
  }) => {
    const { catalog, call, create, publish, nobody } = await open(platform)
    await listen(platform, catalog)
    const { saleId, eventId } = await publish()
    const draft = await create()
    const readiness = async () =>
      (await call('GET', `/api/events/${eventId}`, undefined, nobody)).body.sales[0].readiness
    const say = async (...facts: ReturnType<typeof fact>[]) => {
      await transaction(platform.db, (tx) => platform.outbox.publish(tx, facts))
      await platform.settle([catalog.module])
    }
    expect(await readiness()).toEqual({ waitingRoom: false, inventory: false })
    await say(
      fact('inventory.sale-ready.v1', { saleId }),
      fact('inventory.sale-ready.v1', { saleId: draft.saleId }),
      fact('inventory.sale-ready.v1', { saleId: 'sal_unknown' }),
    )
    expect(await readiness()).toEqual({ waitingRoom: false, inventory: true })
    await say(fact('inventory.sale-ready.v1', { saleId }), fact('waiting-room.sale-ready.v1', { saleId }))
    expect(await readiness()).toEqual({ waitingRoom: true, inventory: true })
    expect((await call('GET', `/api/sales/${draft.saleId}`)).body.readiness).toEqual({
      waitingRoom: false,
      inventory: false,
    })
    expect(await platform.bus.parked.list()).toEqual([])
  })
})

describe('prices', () => {
  test('what a section costs by now is on the page', async ({ platform }) => {
    const { call, catalog, publish, nobody } = await open(platform)
    await platform.register([catalog.module])
    const { eventId, saleId } = await publish()
    const sections = async () => (await call('GET', `/api/events/${eventId}`, undefined, nobody)).body.sections
    const [{ id: sectionId, price }] = await sections()
    const at = new Date(platform.clock.now()).toISOString()
    const changed = [price.amount + 1, price.amount + 2].map((amount) =>
      fact('inventory.price-changed.v1', { saleId, sectionId, price: { ...price, amount }, at }),
    )
    await transaction(platform.db, (tx) => platform.outbox.publish(tx, changed))
    await platform.settle([catalog.module])
    expect((await sections())[0].price).toEqual({ ...price, amount: price.amount + 2 })
  })
})

describe('the public page', () => {
  test('a crowd costs one statement a second, and its organiser never sees an old page', async ({ platform }) => {
    const { call, publish, nobody, buyer, admin } = await open(platform)
    const { eventId } = await publish()
    const before = platform.statements.length
    const pages = await Promise.all(
      Array.from({ length: 50 }, (_, i) => call('GET', `/api/events/${eventId}`, undefined, i % 2 ? nobody : buyer)),
    )
    expect(platform.statements.length - before).toBe(1)
    expect(new Set(pages.map((page) => page.headers.etag)).size).toBe(1)
    expect(pages[0]!.headers).toMatchObject({ 'cache-control': 'public, max-age=1', vary: 'authorization' })
    expect(
      (await call('GET', `/api/events/${eventId}`, undefined, { 'if-none-match': String(pages[0]!.headers.etag) }))
        .status,
    ).toBe(304)

    // Another process changes the event: this one is told nothing.
    await sql`update catalog.events set name = 'Changed elsewhere' where id = ${eventId}`.execute(platform.db)
    expect((await call('GET', `/api/events/${eventId}`)).body.name).toBe('Changed elsewhere')
    expect((await call('GET', `/api/events/${eventId}`, undefined, admin)).body.name).toBe('Changed elsewhere')
    expect((await call('GET', `/api/events/${eventId}`, undefined, nobody)).body.name).toBe('Night of Strings')
    platform.clock.advance(1000)
    expect((await call('GET', `/api/events/${eventId}`, undefined, nobody)).body.name).toBe('Changed elsewhere')
  })
})
