import { idPrefixes } from '@fairgate/contracts/ids'
import type { Module, ModuleStatics } from '#platform/module'
import type { Platform } from '#platform/platform'
import { audit } from './audit.ts'
import { createDocuments } from './documents.ts'
import { createEntries } from './entries.ts'
import { createSubscriptions, subscribes } from './events.ts'
import { createOffering } from './offering.ts'
import { createOffers } from './offers.ts'
import { createOverview } from './overview.ts'
import { serveRoutes } from './routes.ts'
import * as store from './waitlist-store.ts'

export const statics = {
  name: 'waitlist',
  migrations: new URL('./migrations/', import.meta.url),
  subscribes,
} as const satisfies ModuleStatics

type Deps = Pick<Platform, 'db' | 'clock' | 'ids' | 'tokens' | 'outbox' | 'ephemeral' | 'metrics' | 'racepoints'>

/** Who waits for returned seats, and the offers that are made to them. */
export function createWaitlist(deps: Deps) {
  const { db } = deps
  const documents = createDocuments(deps)
  const entries = createEntries({ ...deps, documents })
  const offers = createOffers({ ...deps, documents })
  const overview = createOverview({ ...deps, documents })
  const prefixes = [idPrefixes.entry, idPrefixes.offer].map((prefix) => `${prefix}_`)

  const module: Module = {
    name: statics.name,
    routes: (http) => serveRoutes(http, { db, documents, entries, offers, overview }),
    subscriptions: createSubscriptions({ ...deps, documents }),
    loops: [createOffering({ ...deps, documents })],
    audit: (eventId) => audit({ db }, eventId),
    known: (ids) =>
      store.knownIds(
        db,
        ids.filter((id) => prefixes.some((prefix) => id.startsWith(prefix))),
      ),
  }
  return { module, enter: entries.enter }
}
