import type { Module, AuditPart, ModuleStatics } from '#platform/module'
import type { Platform } from '#platform/platform'
import * as store from './catalog-store.ts'
import { createEventCache } from './event-cache.ts'
import { createEvents } from './event.ts'
import { catalogSubscriptions } from './events.ts'
import { serveCatalog } from './routes.ts'
import { createSales } from './sale.ts'
import { createSeating } from './seating.ts'
import { createSections } from './section.ts'
import { createSeeds } from './seeds.ts'

export { blockRows, theatreRows } from './plans.ts'
export type { SeedEvent } from './seeds.ts'

export const statics: ModuleStatics = {
  name: 'catalog',
  migrations: new URL('./migrations/', import.meta.url),
  subscribes: [
    'waiting-room.sale-ready.v1',
    'ballots.sale-ready.v1',
    'auctions.sale-ready.v1',
    'inventory.sale-ready.v1',
    'inventory.price-changed.v1',
  ] as const,
}

type Deps = Pick<Platform, 'db' | 'clock' | 'ids' | 'outbox' | 'metrics' | 'racepoints'>

/** Events, sections, seating plans, sales. */
export function createCatalog(deps: Deps) {
  const { db } = deps
  const cache = createEventCache(deps)
  const events = createEvents({ ...deps, cache })
  const sections = createSections({ ...deps, cache })
  const seating = createSeating({ ...deps, cache })
  const sales = createSales({ ...deps, cache })
  const { seedEvent } = createSeeds({ db, events, sections, sales })

  async function audit(eventId?: string): Promise<AuditPart> {
    const counts = await store.auditCounts(db, eventId ?? null)
    return {
      checks: [
        {
          name: 'a reserved section has as many seats drawn as its capacity, an open one none',
          violations: counts.misdrawn,
        },
        { name: 'a section is in one line of one sale of its own event at most', violations: counts.foreign },
        { name: 'a sale has lines and every line has sections', violations: counts.empty },
        { name: 'an event is when and what its published sales said', violations: counts.shifted },
      ],
      figures: {
        events: counts.events,
        sections: counts.sections,
        sales: counts.sales,
        publishedSales: counts.published,
        salesNotReady: counts.unready,
        capacity: counts.capacity,
      },
    }
  }

  const module: Module = {
    name: statics.name,
    routes: (http) => serveCatalog(http, { events, sections, seating, sales, cache }),
    subscriptions: catalogSubscriptions(cache),
    audit,
  }

  return {
    module,
    /** Makes an event with its sections and a published sale, unless one of this seed key exists. */
    seedEvent,
  }
}
