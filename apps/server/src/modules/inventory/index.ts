import type { Module, ModuleStatics } from '#platform/module'
import type { Platform } from '#platform/platform'
import type { StreamRoom } from '#platform/stream-room'
import { createAllotments } from './allotments.ts'
import { auditInventory } from './audit.ts'
import { createAvailability, topic } from './availability.ts'
import { createAvailabilityStreams } from './availability-streams.ts'
import { createBlocks } from './blocks.ts'
import { createBuilding } from './building.ts'
import { subscribes, subscriptions } from './events.ts'
import { createHolds } from './holds.ts'
import { createInterventions } from './interventions.ts'
import * as store from './inventory-store.ts'
import { createKept } from './kept.ts'
import { createOrderSteps } from './order-steps.ts'
import { createPlacing, type PlacingConfig } from './placing.ts'
import { createPrices } from './prices.ts'
import { serveInventory } from './routes.ts'
import { createSections } from './sections.ts'
import { serveStock } from './stock-routes.ts'
import { createBalanceLoop, createLapseLoop, createStockLoop } from './stock.ts'

export type InventoryConfig = PlacingConfig & {
  /** Event streams of one process; others are told to poll. */
  streamsMax: number
  /** Whether the process can bear one more stream; always by default. */
  room?: StreamRoom
}

/** Sizes measured on two cores, see `bench/holds.ts`. */
export const inventoryDefaults: InventoryConfig = {
  lanes: 2,
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
  const sections = createSections(db, signals)
  const touched = (sectionIds: ReadonlySet<string>) => {
    for (const sectionId of sectionIds) signals.emit(topic, sectionId)
  }
  const placing = createPlacing({ ...deps, sections, touched }, config)
  const kept = createKept({ outbox, clock, sections, touched })
  const steps = createOrderSteps({ outbox, clock, kept, touched })
  const interventions = createInterventions({ db, clock, sections, touched })
  const blocks = createBlocks({ ...deps, interventions, kept })
  const prices = createPrices({ outbox, interventions })
  const allotments = createAllotments({ ...deps, sections, interventions })
  const availability = createAvailability({ db, clock, signals, sections })
  const holds = createHolds({ db, clock, tokens, sections, placing, steps, allotments, availability })
  const streams = createAvailabilityStreams({ clock, metrics, availability }, config)
  const building = createBuilding({ outbox, clock, signals })
  const loopDeps = { db, clock, outbox, metrics, touched }

  const module: Module = {
    name: statics.name,
    routes: (http) => {
      serveInventory(http, { holds, availability, streams })
      serveStock(http, { blocks, prices, allotments, interventions })
    },
    subscriptions: subscriptions(building, steps, kept),
    loops: [
      createLapseLoop({ ...loopDeps, kept }),
      createStockLoop(loopDeps),
      createBalanceLoop(loopDeps),
      streams.loop,
    ],
    audit: (eventId) => auditInventory(db, clock, eventId),
    known: (ids) =>
      store.knownHolds(
        db,
        ids.filter((id) => id.startsWith('hld_')),
      ),
  }
  return { module }
}
