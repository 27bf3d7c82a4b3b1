import { expect } from 'vitest'
import type { Caller } from '#platform/access-token'
import { sql } from '#platform/db'
import { createRacepoints, type TestRacepoints } from '#platform/racepoint'
import { test, type TestPlatform } from '../../../test/fixtures.ts'
import { createEventCache } from './event-cache.ts'
import { createEvents } from './event.ts'
import { createCatalog } from './index.ts'
import { createSales } from './sale.ts'
import { createSections } from './section.ts'

const caller: Caller = { accountId: 'acc_one', roles: ['organiser'], verified: true }
const section = { name: 'Floor', admission: 'open', price: 5, capacity: 10 } as const

/** A draft of a sale in a database that may lack one of its promises: what each race loses without its guard. */
async function draft(platform: TestPlatform, withoutGuard?: { table: string; constraint: string }) {
  const racepoints = createRacepoints()
  const cache = createEventCache(platform)
  const deps = { ...platform, racepoints, cache }
  const events = createEvents(deps)
  const sections = createSections(deps)
  const sales = createSales(deps)
  await platform.register([createCatalog(platform).module], { spy: ['catalog.sale-published.v1'] })
  const { id: eventId } = await events.create(caller, {
    kind: 'race',
    name: 'Run',
    venue: 'River',
    startsAt: '2026-06-01T00:00:00Z',
    timeZone: 'Asia/Seoul',
    currency: 'KRW',
  })
  const { id: sectionId } = await sections.add(caller, eventId, section)
  const saleBody = {
    method: 'queue' as const,
    opensAt: '2026-02-01T00:00:00Z',
    closesAt: '2026-03-01T00:00:00Z',
    holdSeconds: 300,
    limitPerAccount: 1,
    lines: [{ name: 'All', sectionIds: [sectionId], shoppersMax: 1, admitPerMinute: 1 }],
  }
  if (withoutGuard) {
    await sql`alter table catalog.${sql.ref(withoutGuard.table)} drop constraint ${sql.ref(withoutGuard.constraint)}`.execute(
      platform.db,
    )
  }
  return { events, sections, sales, racepoints, eventId, sectionId, saleBody }
}

/** Starts `work` twice, lets both come to the race point, and says how each ended. */
async function both(racepoints: TestRacepoints, name: string, work: () => Promise<unknown>): Promise<string[]> {
  const gate = racepoints.hold(name, 2)
  const runs = [work(), work()].map((run) => run.then(() => 'done', codeOf))
  await gate.reached
  gate.open()
  return (await Promise.all(runs)).toSorted()
}

const codeOf = (error: unknown) => (error as { code?: string }).code ?? String(error)

for (const guarded of [true, false]) {
  const title = (guarantee: string) => (guarded ? guarantee : `control, guard off: ${guarantee}`)

  test(
    title('of two who publish a sale at the same moment one does, and it is announced once'),
    async ({ platform }) => {
      const guard = { table: 'publications', constraint: 'publications_once' }
      const { sales, racepoints, eventId, saleBody } = await draft(platform, guarded ? undefined : guard)
      const { id } = await sales.create(caller, eventId, saleBody)
      const ends = await both(racepoints, 'catalog.before-publication', () => sales.publish(caller, id))
      const announced = (await platform.taken('spy')).length
      expect({ ends, announced }).toEqual(
        guarded
          ? { ends: ['catalog.already-published', 'done'], announced: 1 }
          : { ends: ['done', 'done'], announced: 2 },
      )
    },
  )

  test(title('of two sales that take a section at the same moment one gets it'), async ({ platform }) => {
    const guard = { table: 'line_sections', constraint: 'line_sections_one_sale' }
    const { sales, racepoints, eventId, saleBody } = await draft(platform, guarded ? undefined : guard)
    const ends = await both(racepoints, 'catalog.before-sale', () => sales.create(caller, eventId, saleBody))
    expect(ends).toEqual(guarded ? ['catalog.in-use', 'done'] : ['done', 'done'])
    const { checks } = await createCatalog(platform).module.audit!(eventId)
    expect(checks.reduce((sum, check) => sum + check.violations, 0)).toBe(guarded ? 0 : 1)
  })

  test(title('an edit under way while the sale is published cannot move the event'), async ({ platform }) => {
    const guard = { table: 'publications', constraint: 'publications_event' }
    const { events, sales, racepoints, eventId, saleBody } = await draft(platform, guarded ? undefined : guard)
    const { id } = await sales.create(caller, eventId, saleBody)
    const gate = racepoints.hold('catalog.before-edit')
    const edit = events.edit(caller, eventId, { startsAt: '2026-07-01T00:00:00Z' }).then(() => 'done', codeOf)
    await gate.reached
    await sales.publish(caller, id)
    gate.open()
    expect(await edit).toBe(guarded ? 'catalog.in-use' : 'done')
    const [told] = await platform.taken('spy')
    const { startsAt } = await events.show(caller, eventId)
    expect(startsAt === (told!.data['event'] as { startsAt: string }).startsAt).toBe(guarded)
    const { checks } = await createCatalog(platform).module.audit!()
    expect(checks.reduce((sum, check) => sum + check.violations, 0)).toBe(guarded ? 0 : 1)
  })

  test(
    title('a price is in the currency of its event, also when that changes while the section is added'),
    async ({ platform }) => {
      const guard = { table: 'sections', constraint: 'sections_currency' }
      const { events, sections, eventId, sectionId, racepoints } = await draft(platform, guarded ? undefined : guard)
      await sections.remove(caller, sectionId)
      const gate = racepoints.hold('catalog.before-edit')
      const edit = events.edit(caller, eventId, { currency: 'EUR' }).then(() => 'done', codeOf)
      await gate.reached
      await sections.add(caller, eventId, section)
      gate.open()
      expect(await edit).toBe(guarded ? 'catalog.in-use' : 'done')
      const event = await events.show(caller, eventId)
      expect(event.sections.every((added) => added.price.currency === event.currency)).toBe(guarded)
    },
  )

  test(
    title('a sale that is removed while it is being published stays when it was announced'),
    async ({ platform }) => {
      const guard = { table: 'publications', constraint: 'publications_sale' }
      const { sales, eventId, saleBody } = await draft(platform, guarded ? undefined : guard)
      const { id } = await sales.create(caller, eventId, saleBody)
      await sales.publish(caller, id)
      // What a removal sends that read the draft before it was published.
      const removal = await sql`delete from catalog.sales where id = ${id}`
        .execute(platform.db)
        .then(() => 'done', codeOf)
      expect(removal === 'done').toBe(!guarded)
      expect(await sales.show(undefined, id).then(() => 'shown', codeOf)).toBe(
        guarded ? 'shown' : 'catalog.sale-not-found',
      )
    },
  )
}
