import type { Db } from '#platform/db'
import { keep } from '#platform/keep'
import type { Signals } from '#platform/signals'
import { layOut, type Hall } from './best-seats.ts'
import * as store from './inventory-store.ts'
import type { Section } from './inventory-store.ts'

/** Most sections remembered by a process; beyond that the oldest is read again. */
const sectionsMax = 10_000
/** Halls are larger: a 50,000-seat one is about 2 MB. */
const hallsMax = 500

export type Sections = {
  /** A section on sale, or undefined while its sale is unknown or not built. */
  find(sectionId: string): Promise<Section | undefined>
  /** Where the seats of a reserved section stand. */
  hall(sectionId: string): Promise<Hall>
}

/** Signal topic: the hours of this sale have changed. */
export const salesChanged = 'inventory.sales'

/** What hardly ever changes once a sale is ready is read once by each process. */
export function createSections(db: Db, signals?: Signals): Sections {
  const sections = new Map<string, Section>()
  const halls = new Map<string, Hall>()
  signals?.on(salesChanged, (saleIds) => {
    for (const [id, { saleId }] of sections) if (saleIds.includes(saleId)) sections.delete(id)
  })
  return {
    async find(sectionId) {
      const known = sections.get(sectionId)
      if (known) return known
      const section = await store.findSection(db, sectionId)
      if (section) keep(sections, sectionsMax, sectionId, section)
      return section
    },
    async hall(sectionId) {
      const known = halls.get(sectionId)
      if (known) return known
      const hall = layOut(await store.seatPositions(db, sectionId), await store.focalPoint(db, sectionId))
      keep(halls, hallsMax, sectionId, hall)
      return hall
    },
  }
}
