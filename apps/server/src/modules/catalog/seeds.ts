import type { Body } from '@fairgate/contracts/http/route'
import type { addSection, createEvent, createSale } from '@fairgate/contracts/http/catalog'
import { transaction, type Db } from '#platform/db'
import * as store from './catalog-store.ts'
import type { Events } from './event.ts'
import type { Sales } from './sale.ts'
import type { Sections } from './section.ts'

type SaleBody = Body<typeof createSale>

/** An event with everything in it, in the shapes of the HTTP bodies. */
export type SeedEvent = {
  /** Stable name: an event that was made with it is left as it is. */
  seedKey: string
  organiserId: string
  event: Body<typeof createEvent>
  sections: readonly Body<typeof addSection>[]
  /** Lines name their sections by `sectionNames`. */
  sale?: Omit<SaleBody, 'lines'> & {
    lines: readonly (Omit<SaleBody['lines'][number], 'sectionIds'> & { sectionNames: readonly string[] })[]
    /** False leaves the sale a draft; true when absent. */
    publish?: boolean
  }
}

export type SeededEvent = { eventId: string; saleId: string | null; isNew: boolean }

/** Makes events for demonstrations, whole or not at all, once for each seed key also when processes start together. */
export function createSeeds({
  db,
  events,
  sections,
  sales,
}: {
  db: Db
  events: Events
  sections: Sections
  sales: Sales
}) {
  async function seedEvent(seed: SeedEvent): Promise<SeededEvent> {
    return transaction(db, async (tx) => {
      const eventId = await events.insert(tx, seed.organiserId, seed.event, seed.seedKey)
      if (eventId === undefined) {
        const known = await store.eventOfSeed(tx, seed.seedKey)
        const event = await store.storedEvent(tx, known.id)
        return { eventId: known.id, saleId: event?.sales[0]?.id ?? null, isNew: false }
      }
      const idOf = new Map<string, string>()
      for (const body of seed.sections) {
        const prepared = await sections.prepare(eventId, seed.event.currency, body)
        await sections.insert(tx, prepared)
        idOf.set(body.name, prepared.section.id)
      }
      if (!seed.sale) return { eventId, saleId: null, isNew: true }
      const { publish = true, lines, ...sale } = seed.sale
      const event = (await store.storedEvent(tx, eventId))!
      const saleId = await sales.insert(tx, event, {
        ...sale,
        lines: lines.map(({ sectionNames, ...line }) => ({
          ...line,
          sectionIds: sectionNames.map((name) => idOf.get(name) ?? name),
        })),
      })
      if (publish) await sales.announce(tx, saleId)
      return { eventId, saleId, isNew: true }
    })
  }

  return { seedEvent }
}
