import { idPrefixes } from '@fairgate/contracts/ids'
import type { BeaconConfig } from '#platform/beacon'
import type { Module, ModuleStatics } from '#platform/module'
import type { Platform } from '#platform/platform'
import { createApplications } from './applications.ts'
import { audit } from './audit.ts'
import { createAwarding } from './awarding.ts'
import { createAwards } from './awards.ts'
import { createDocuments } from './documents.ts'
import { createDrawing } from './drawing.ts'
import { createEntries } from './entries.ts'
import { createSubscriptions, narrowed, subscribes } from './events.ts'
import { serveRoutes } from './routes.ts'
import * as store from './ballots-store.ts'

export const statics = {
  name: 'ballots',
  migrations: new URL('./migrations/', import.meta.url),
  subscribes,
  narrowed,
} as const satisfies ModuleStatics

export type BallotsConfig = {
  /** Public randomness for the draws of ballots that are published from now on. */
  beacon?: BeaconConfig
  /** How long a draw waits for the randomness it was promised, 15 s by default; then it goes on without and says so. */
  beaconWaitSeconds?: number
}

type Deps = Pick<
  Platform,
  'db' | 'clock' | 'ids' | 'random' | 'tokens' | 'outbox' | 'ephemeral' | 'log' | 'metrics' | 'racepoints'
>

/** Applications, their draw, and the awards that it makes. */
export function createBallots(deps: Deps, config: BallotsConfig) {
  const { db } = deps
  const documents = createDocuments(deps)
  const applications = createApplications({ ...deps, documents })
  const awards = createAwards({ ...deps, documents })
  const entries = createEntries(deps)
  const drawing = createDrawing({ ...deps, documents }, { beaconWaitSeconds: config.beaconWaitSeconds ?? 15 })
  const awarding = createAwarding({ ...deps, documents })
  const prefixes = [idPrefixes.application, idPrefixes.award].map((prefix) => `${prefix}_`)

  const module: Module = {
    name: statics.name,
    routes: (http) => serveRoutes(http, { documents, applications, awards, entries }),
    subscriptions: createSubscriptions({ ...deps, documents }, { beacon: config.beacon }),
    loops: [drawing, awarding],
    audit: (eventId) => audit({ db }, eventId),
    known: (ids) =>
      store.knownIds(
        db,
        ids.filter((id) => prefixes.some((prefix) => id.startsWith(prefix))),
      ),
  }
  return { module, apply: applications.apply }
}
