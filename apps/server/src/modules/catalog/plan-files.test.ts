import { readdirSync, readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { beforeAll, describe, expect, test as pure } from 'vitest'
import { generators } from '@fairgate/contracts/plans/halls'
import { Plan, planCounts, planLimits } from '@fairgate/contracts/plans/plan'
import { readPlan } from '@fairgate/contracts/plans/read'
import { sql } from '#platform/db'
import { test, type TestPlatform } from '../../../test/fixtures.ts'
import { createCatalog } from './index.ts'

const folder = new URL('../../../test/plans/', import.meta.url)
const fileOf = (path: string) => readFileSync(new URL(path, folder))
const namesIn = (path: string) => readdirSync(new URL(path, folder)).toSorted()

/** What each broken file is refused for, in order: code, place and words; the first dozen and how many there are. */
const broken = JSON.parse(fileOf('broken.json').toString()) as Record<
  string,
  { total: number; faults: [code: string, where: string, message: string][] }
>
const listedHere = 12

async function open(platform: TestPlatform) {
  const { fastify } = platform.http([createCatalog(platform).module])
  const organiser = await platform.authorization('acc_one', { roles: ['buyer', 'organiser'] })
  const event = await fastify.inject({
    method: 'POST',
    url: '/api/events',
    headers: organiser,
    payload: {
      kind: 'concert',
      name: 'Night of Strings',
      venue: 'Olympic Hall',
      startsAt: '2026-06-01T19:00:00+09:00',
      timeZone: 'Asia/Seoul',
      currency: 'KRW',
    },
  })
  const url = `/api/events/${event.json().id}/plan`
  async function send(file: Buffer, query = '', headers: Record<string, string> = {}) {
    const type = { 'content-type': 'application/octet-stream' }
    const answer = await fastify.inject({
      method: 'POST',
      url: url + query,
      headers: { ...organiser, ...type, ...headers },
      payload: file,
    })
    return { status: answer.statusCode, body: answer.json() }
  }
  const imported = async () =>
    (
      await sql<{ rows: number }>`
        select (select count(*) from catalog.sections) + (select count(*) from catalog.geometries)
             + (select count(*) from catalog.plans) as rows`.execute(platform.db)
    ).rows[0]!.rows
  return { send, imported }
}

describe('broken files', () => {
  pure('every one of them has its expected faults written down', () => {
    expect(Object.keys(broken)).toEqual(namesIn('broken/'))
    expect(Object.keys(broken).length).toBeGreaterThanOrEqual(30)
  })

  test('each is refused over HTTP for exactly its faults, each with its place, and nothing of it is imported', async ({
    platform,
  }) => {
    const { send, imported } = await open(platform)
    for (const [name, { total, faults }] of Object.entries(broken)) {
      for (const query of ['', '?preview=true']) {
        const { status, body } = await send(fileOf(`broken/${name}`), query)
        expect({ name, status, code: body.code, total: body.errorsTotal }).toEqual({
          name,
          status: 400,
          code: 'catalog.invalid-plan',
          total,
        })
        expect(body.errors).toHaveLength(Math.min(total, 100))
        const named = body.errors.map((fault: { code: string; pointer: string; detail: string }) => [
          fault.code,
          fault.pointer,
          fault.detail,
        ])
        expect({ name, named: named.slice(0, listedHere) }).toEqual({ name, named: faults })
      }
    }
    expect(await imported()).toBe(0)
  })

  test('more seats than a plan may have are counted and refused', async ({ platform }) => {
    const { send, imported } = await open(platform)
    const plan = generators.bowl({ seats: planLimits.seats })
    plan.sections[0]!.seats!.push({ row: 'ZZ', number: '1', x: 0, y: 0 })
    const { status, body } = await send(Buffer.from(JSON.stringify(plan)))
    expect({ status, errors: body.errors }).toEqual({
      status: 400,
      errors: [{ code: 'too-many', pointer: '#/sections', detail: 'a plan has at most 100000 seats, this one 100001' }],
    })
    expect(await imported()).toBe(0)
  })

  test('a table with more lines or columns than a plan may have is not read to its end', async ({ platform }) => {
    const { send, imported } = await open(platform)
    const errorsOf = async (text: string) => (await send(Buffer.from(text))).body.errors
    const linesMax = planLimits.seats + planLimits.sections + 1
    expect(await errorsOf(`section,row,number\n${'x\n'.repeat(2 * linesMax)}`)).toEqual([
      {
        code: 'too-many',
        pointer: `line ${linesMax + 1}`,
        detail: `there are more than ${linesMax} lines; the rest was not read`,
      },
    ])
    expect(await errorsOf(`row,number${',x'.repeat(100_000)}\n`)).toEqual([
      { code: 'csv-header', pointer: 'line 1', detail: 'has 100002 columns, at most 200 are allowed' },
    ])
    expect(await imported()).toBe(0)
  })

  test('a body over the limit is refused before it is read, whatever it claims to be', async ({ platform }) => {
    const { send, imported } = await open(platform)
    expect((await send(Buffer.alloc(planLimits.fileBytes + 1, 0x20))).body.code).toBe('http.body-too-large')
    const { body } = await send(fileOf('broken/gzip.json'), '', {
      'content-encoding': 'gzip',
      'content-type': 'application/json',
    })
    expect(body.errors[0].code).toBe('compressed')
    expect((await send(Buffer.from('x'), '', { 'content-type': 'image/png' })).status).toBe(415)
    expect(await imported()).toBe(0)
  })
})

/** What each good file becomes: format, seats, places in all, and its sections with price and capacity. */
const good = {
  'korean.csv': ['csv', 3, 3, ['가 70000 2', '나 50000 1'], ['as-text', 'laid-out']],
  'own.json': ['fairgate-plan/1', 2, 2, ['Stalls 90000 2'], []],
  'pretix.json': [
    'pretix',
    38,
    38,
    ['Ground floor 90000 30', 'Upstairs · Circle 60000 5', 'Upstairs · Stalls 90000 3'],
    ['split', 'split'],
  ],
  'seats-io.json': [
    'seats.io',
    23,
    123,
    ['Seats · Cat1 1000 11', 'Seats · Cat2 2000 8', 'Section A 2000 4', 'GA1 1000 100'],
    ['left-out', 'split', 'split'],
  ],
  'seats.csv': ['csv', 3, 803, ['Stalls 90000 3', 'Floor 55000 800'], []],
} as const
const prices = `prices=${encodeURIComponent('{"Stalls":90000,"Circle":60000,"Cat1":1000,"Cat2":2000}')}`

describe('good files', () => {
  pure('every one of them is expected', () => expect(Object.keys(good)).toEqual(namesIn('good/')))

  for (const [name, [format, seats, capacity, sections, warnings]] of Object.entries(good)) {
    test(`${name}: the preview says what is then made`, async ({ platform }) => {
      const { send, imported } = await open(platform)
      const preview = await send(fileOf(`good/${name}`), `?preview=true&${prices}`)
      expect(preview).toMatchObject({ status: 200, body: { format, seats, capacity } })
      expect(preview.body.warnings.map((warning: { code: string }) => warning.code)).toEqual(warnings)
      expect(await imported()).toBe(0)
      const { status, body } = await send(fileOf(`good/${name}`), `?${prices}`)
      expect(status).toBe(201)
      const said = (made: { name: string; price: { amount: number }; capacity: number }[]) =>
        made.map((section) => `${section.name} ${section.price.amount} ${section.capacity}`)
      expect(said(body.sections)).toEqual(sections)
      expect(said(preview.body.sections)).toEqual(sections)
      expect(body.warnings).toEqual(preview.body.warnings)
    })
  }
})

describe('the schema and the check agree', () => {
  let accepts: (value: unknown) => boolean
  beforeAll(() => {
    accepts = new Ajv({ strict: false }).compile(Plan)
  })

  for (const [name, generate] of Object.entries(generators)) {
    for (const seats of [1, 7, 500, 3000, 50_000]) {
      pure(`a ${name} of ${seats} is a valid plan of exactly so many seats`, () => {
        const plan = generate({ seats })
        expect(accepts(plan)).toBe(true)
        const read = readPlan(new TextEncoder().encode(JSON.stringify(plan)), { currency: 'KRW' })
        expect(read.faults).toEqual([])
        expect(read.warnings).toEqual([])
        expect(planCounts(read.plan!).seats).toBe(seats)
        expect(read.plan).toEqual(plan)
      })
    }
  }

  pure('what a foreign file becomes is a plan of our own format', () => {
    for (const name of namesIn('good/')) {
      const { plan } = readPlan(fileOf(`good/${name}`), {
        currency: 'KRW',
        prices: { Stalls: 1, Circle: 1, Cat1: 1, Cat2: 1 },
      })
      expect({ name, valid: accepts(plan) }).toEqual({ name, valid: true })
      const again = readPlan(new TextEncoder().encode(JSON.stringify(plan)), { currency: 'KRW' })
      expect({ name, plan: again.plan }).toEqual({ name, plan })
    }
  })
})
