import { describe, expect } from 'vitest'
import { rows, sql } from '#platform/db'
import { test } from '../../../test/fixtures.ts'
import { blockRows, createCatalog, type SeedEvent } from './index.ts'

const seed: SeedEvent = {
  seedKey: 'demo-concert',
  organiserId: 'acc_one',
  event: {
    kind: 'concert',
    name: 'Night of Strings',
    venue: 'Hall',
    startsAt: '2026-06-01T00:00:00Z',
    timeZone: 'Asia/Seoul',
    currency: 'KRW',
  },
  sections: [
    { name: 'Stalls', admission: 'reserved', price: 9, seats: blockRows({ rows: 2, seatsPerRow: 3 }) },
    { name: 'Floor', admission: 'open', price: 5, capacity: 10 },
  ],
  sale: {
    method: 'queue',
    opensAt: '2026-01-02T00:00:00Z',
    closesAt: '2026-03-01T00:00:00Z',
    holdSeconds: 300,
    limitPerAccount: 4,
    lines: [{ name: 'All', sectionNames: ['Floor', 'Stalls'], shoppersMax: 10, admitPerMinute: 60 }],
  },
}
const draft: SeedEvent = { ...seed, seedKey: 'draft', sale: { ...seed.sale!, publish: false } }

describe('seeding', () => {
  test('it makes an event with a published sale, and again finds it as it is, renamed and all', async ({
    platform,
  }) => {
    const { seedEvent, module } = createCatalog(platform)
    await platform.register([module], { spy: ['catalog.sale-published.v1', 'catalog.seats-published.v1'] })
    const first = await seedEvent(seed)
    expect(first).toMatchObject({ isNew: true, saleId: expect.stringMatching(/^sal_/) })
    expect((await platform.taken('spy')).map(({ type }) => type)).toEqual([
      'catalog.sale-published.v1',
      'catalog.seats-published.v1',
    ])
    const { fastify } = platform.http([module])
    const document = (await fastify.inject(`/api/events/${first.eventId}`)).json()
    expect(document.sections.map((section: { name: string }) => section.name)).toEqual(['Stalls', 'Floor'])
    expect(document.sales).toMatchObject([
      {
        id: first.saleId,
        state: 'published',
        lines: [{ sectionIds: [document.sections[1].id, document.sections[0].id] }],
      },
    ])

    await sql`update catalog.events set name = 'Renamed' where id = ${first.eventId}`.execute(platform.db)
    expect(await seedEvent(seed)).toEqual({ ...first, isNew: false })
    expect(await platform.taken('spy')).toEqual([])
    expect((await fastify.inject('/api/events?query=strings')).json().items).toMatchObject([{ name: 'Renamed' }])
  })

  test('a sale may stay a draft, an event may have none', async ({ platform }) => {
    const { seedEvent, module } = createCatalog(platform)
    await platform.register([module], { spy: ['catalog.sale-published.v1'] })
    const { sale: _, ...bare } = { ...seed, seedKey: 'bare' }
    expect(await seedEvent(draft)).toMatchObject({ isNew: true, saleId: expect.stringMatching(/^sal_/) })
    expect(await seedEvent(bare)).toMatchObject({ isNew: true, saleId: null })
    expect(await seedEvent(bare)).toMatchObject({ isNew: false, saleId: null })
    expect(await platform.taken('spy')).toEqual([])
  })

  test('a seed with a fault makes nothing at all', async ({ platform }) => {
    const { seedEvent, module } = createCatalog(platform)
    const lines = [{ ...seed.sale!.lines[0]!, sectionNames: ['Stalls', 'Balcony'] }]
    await expect(seedEvent({ ...seed, sale: { ...seed.sale!, lines } })).rejects.toMatchObject({
      code: 'catalog.invalid-sale',
    })
    await expect(
      seedEvent({ ...draft, sale: { ...draft.sale!, method: 'auction', publish: true } }),
    ).rejects.toMatchObject({
      code: 'catalog.invalid-sale',
    })
    expect((await module.audit!()).figures).toMatchObject({ events: 0, sections: 0, sales: 0 })
    expect(await seedEvent(seed)).toMatchObject({ isNew: true })
  })

  for (const guarded of [true, false]) {
    test(`${guarded ? '' : 'control, guard off: '}processes that start together make one event`, async ({
      platform,
    }) => {
      const { seedEvent } = createCatalog(platform)
      if (!guarded) await sql`alter table catalog.events drop constraint events_seed_key_key`.execute(platform.db)
      const made = await Promise.all(Array.from({ length: 4 }, () => seedEvent(seed)))
      const events = await rows(platform.db, sql<{ id: string }>`select id from catalog.events`)
      expect(events).toHaveLength(guarded ? 1 : 4)
      expect(made.filter(({ isNew }) => isNew)).toHaveLength(guarded ? 1 : 4)
    })
  }
})

describe('the audit', () => {
  test('it finds nothing in what was made here, and counts it', async ({ platform }) => {
    const { seedEvent, module } = createCatalog(platform)
    const { eventId } = await seedEvent(seed)
    await seedEvent(draft)
    const all = await module.audit!()
    expect(all.checks.map((check) => check.violations)).toEqual([0, 0, 0, 0])
    expect(all.figures).toEqual({ events: 2, sections: 4, sales: 2, publishedSales: 1, salesNotReady: 1, capacity: 16 })
    expect((await module.audit!(eventId)).figures).toMatchObject({ events: 1, sections: 2, sales: 1 })
  })

  for (const [what, check, plant] of [
    ['a geometry that lost a seat', 0, `update catalog.geometries set seats = seats - 1 where seats > 0`],
    ['a section without geometry', 0, `delete from catalog.geometries where seats > 0`],
    [
      'a section sold twice',
      1,
      `alter table catalog.line_sections drop constraint line_sections_one_sale;
      insert into catalog.line_sections select section_id, line_id, sale_id, event_id, 9 from catalog.line_sections limit 1`,
    ],
    ['a line without sections', 2, `insert into catalog.lines select 'lin_x', id, 9, 'Empty', 1, 1 from catalog.sales`],
    [
      'an event that moved after publishing',
      3,
      `alter table catalog.publications drop constraint publications_event;
      update catalog.events set starts_at = starts_at + interval '1 day'`,
    ],
  ] as const) {
    test(`it finds ${what}, in the event and in all`, async ({ platform }) => {
      const { seedEvent, module } = createCatalog(platform)
      const { eventId } = await seedEvent(seed)
      await sql.raw(plant).execute(platform.db)
      for (const part of [await module.audit!(), await module.audit!(eventId)]) {
        expect(part.checks.map(({ violations }) => violations)).toEqual(
          [0, 1, 2, 3].map((index) => (index === check ? 1 : 0)),
        )
      }
      expect((await module.audit!('evt_other')).checks.every(({ violations }) => violations === 0)).toBe(true)
    })
  }
})
