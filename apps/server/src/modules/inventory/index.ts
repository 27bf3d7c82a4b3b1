import type { Module, ModuleStatics } from '#platform/module'
import type { Platform } from '#platform/platform'
import { auditInventory } from './audit.ts'
import { createAvailability, topic } from './availability.ts'
import { createAvailabilityStreams } from './availability-streams.ts'
import { createBuilding } from './building.ts'
import { subscribes, subscriptions } from './events.ts'
import { createHolds } from './holds.ts'
import * as store from './inventory-store.ts'
import { createOrderSteps } from './order-steps.ts'
import { createPlacing, type PlacingConfig } from './placing.ts'
import { serveInventory } from './routes.ts'
import { createSections } from './sections.ts'
import { createLapseLoop, createStockLoop } from './stock.ts'

export type InventoryConfig = PlacingConfig & {
  /** Event streams of one process; others are told to poll. */
  streamsMax: number
}

/** Sizes measured on two cores, see `bench/holds.ts`. */
export const inventoryDefaults: InventoryConfig = {
  lanes: 4,
  batchMax: 256,
  queueMax: 10_000,
  wishesPerAccountMax: 10,
  streamsMax: 8000,
}

export const statics: ModuleStatics = {
  name: 'inventory',
  migrations: new URL('./migrations/', import.meta.url),
  subscribes,
}

type Deps = Pick<Platform, 'db' | 'clock' | 'ids' | 'tokens' | 'outbox' | 'signals' | 'metrics' | 'racepoints'>

/** Seats and holds. `SPEC.md` has its states and promises. */
export function createInventory(deps: Deps, config: InventoryConfig = inventoryDefaults) {
  const { db, clock, tokens, outbox, signals, metrics } = deps
  const sections = createSections(db)
  const touched = (sectionIds: ReadonlySet<string>) => {
    for (const sectionId of sectionIds) signals.emit(topic, sectionId)
  }
  const placing = createPlacing({ ...deps, sections, touched }, config)
  const steps = createOrderSteps({ outbox, clock, touched })
  const holds = createHolds({ db, clock, tokens, sections, placing, steps })
  const availability = createAvailability({ db, clock, signals, sections })
  const streams = createAvailabilityStreams({ clock, metrics, availability }, config)
  const building = createBuilding({ outbox, clock })
  const loopDeps = { db, clock, outbox, metrics, touched }

  const module: Module = {
    name: statics.name,
    routes: (http) => serveInventory(http, { holds, availability, streams }),
    subscriptions: subscriptions(building, steps),
    loops: [createLapseLoop(loopDeps), createStockLoop(loopDeps), streams.loop],
    audit: (eventId) => auditInventory(db, clock, eventId),
    known: (ids) =>
      store.knownHolds(
        db,
        ids.filter((id) => id.startsWith('hld_')),
      ),
  }
  return { module }
}
