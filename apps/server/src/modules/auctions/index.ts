import { idPrefixes } from '@fairgate/contracts/ids'
import { createStreams } from '#platform/event-streams'
import type { Module, ModuleStatics } from '#platform/module'
import type { Platform } from '#platform/platform'
import type { StreamRoom } from '#platform/stream-room'
import { audit } from './audit.ts'
import * as store from './auctions-store.ts'
import { createAwarding } from './awarding.ts'
import { createAwards } from './awards.ts'
import { createBids } from './bids.ts'
import { createBroadcast } from './broadcast.ts'
import { createClosing } from './closing.ts'
import { createDocuments } from './documents.ts'
import { createSubscriptions, narrowed, subscribes } from './events.ts'
import { createReports } from './report.ts'
import { serveRoutes } from './routes.ts'

export const statics = {
  name: 'auctions',
  migrations: new URL('./migrations/', import.meta.url),
  subscribes,
  narrowed,
} as const satisfies ModuleStatics

export type AuctionsConfig = {
  /** Event streams of lots open at the same time. */
  streamsMax: number
  streamRoom?: StreamRoom
}

type Deps = Pick<
  Platform,
  'db' | 'clock' | 'ids' | 'tokens' | 'accessTokens' | 'outbox' | 'signals' | 'ephemeral' | 'metrics' | 'racepoints'
>

/** Lots, the bids on them, their close, and the awards that it makes. */
export function createAuctions(deps: Deps, config: AuctionsConfig) {
  const { db, clock } = deps
  const documents = createDocuments(deps)
  const streams = createStreams(deps, {
    streamsMax: config.streamsMax,
    room: config.streamRoom,
    metric: 'fairgate_lot_streams',
    help: 'Open event streams of lots',
  })
  const broadcast = createBroadcast(documents, streams)
  const bids = createBids({ ...deps, documents })
  const awarding = createAwarding({ ...deps, documents })
  const awards = createAwards({ ...deps, documents, awarding })
  const closing = createClosing({ ...deps, documents, awarding })
  const reports = createReports(deps)
  const prefixes = [idPrefixes.bid, idPrefixes.award].map((prefix) => `${prefix}_`)

  const module: Module = {
    name: statics.name,
    routes: (http) => serveRoutes(http, { db, clock, documents, broadcast, bids, awards, reports }),
    subscriptions: createSubscriptions({ ...deps, documents }),
    loops: [broadcast.loop, closing, awarding.loop],
    audit: (eventId) => audit({ db }, eventId),
    known: (ids) =>
      store.knownIds(
        db,
        ids.filter((id) => prefixes.some((prefix) => id.startsWith(prefix))),
      ),
  }
  return { module, bid: bids.place }
}
