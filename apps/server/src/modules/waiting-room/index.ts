import { idPrefixes } from '@fairgate/contracts/ids'
import type { LineDocument } from '@fairgate/contracts/http/waiting-room'
import { createStreams } from '#platform/event-streams'
import type { Health } from '#platform/health'
import type { Module, ModuleStatics } from '#platform/module'
import type { Platform } from '#platform/platform'
import type { StreamRoom } from '#platform/stream-room'
import { audit } from './audit.ts'
import { createBroadcast } from './broadcast.ts'
import { createChallenges, type ChallengesConfig } from './challenges.ts'
import { createDefences, defaultDefences, type DefencesConfig } from './defences.ts'
import { deviceCookie } from './device-cookie.ts'
import type { BeaconConfig } from '#platform/beacon'
import { createDocuments } from './documents.ts'
import { createPositions } from './draw.ts'
import { createDrawing } from './drawing.ts'
import { createEntrants } from './entrants.ts'
import { createSubscriptions, subscribes } from './events.ts'
import { createFrontier } from './frontier.ts'
import { createJoining } from './joining.ts'
import { createLines } from './lines.ts'
import { createPasses, type ClaimRequest, type Claimed } from './passes.ts'
import { createPlaces, type JoinRequest, type Joined } from './places.ts'
import { createSaleLines } from './sale-lines.ts'
import { serveDefences } from './defence-routes.ts'
import { serveRoutes } from './routes.ts'
import * as store from './waiting-room-store.ts'

export const statics = {
  name: 'waiting-room',
  migrations: new URL('./migrations/', import.meta.url),
  subscribes,
} as const satisfies ModuleStatics

export type WaitingRoomConfig = {
  /** How long before the opening people may join. */
  gatherMinutes: number
  /** How long a called person may take to go in; the sale's hold time where that is shorter. */
  claimSeconds: number
  /** Event streams of one process; others are told to poll. */
  streamsMax: number
  /** Whether the process can bear one more stream; always by default. */
  streamRoom?: StreamRoom
  /** How old a line's document may be. */
  documentEveryMs: number
  /** Most people who join in one commit, 512 by default. */
  joinBatchMax?: number
  /** Most people waiting for their number in one process, 20,000 by default, half of them in one line: more are told to come back. */
  joinQueueMax?: number
  /** Public randomness for the draws of sales that are published from now on. */
  beacon?: BeaconConfig
  /** How long a draw waits for the randomness it was promised, 15 s by default; then it goes on without and says so. */
  beaconWaitSeconds?: number
  /** People of all lines called in a minute however slow the service is, 1,200 by default; nobody while it is unwell. */
  tricklePerMinute?: number
  /** A ticker that hangs for so long loses its turn, 1,500 ms by default. */
  tickTimeoutMs?: number
  /** Proof of work before joining; without it there are no challenges at all. */
  challenges?: ChallengesConfig
  /** Limits, and what counts as a signal, each with a default. */
  defences?: Partial<DefencesConfig>
  /** True wherever the site is served over HTTPS: the cookie of the device is then for HTTPS only. */
  secureCookies?: boolean
  /** Memory for the entrants of drawn lines, 96 MB by default: 64 bytes each. */
  entrantsBytesMax?: number
}

type Deps = Pick<
  Platform,
  'db' | 'clock' | 'ids' | 'random' | 'tokens' | 'outbox' | 'ephemeral' | 'log' | 'metrics' | 'racepoints'
> & {
  /** How the service fares; without it nobody is ever called later for its sake. */
  health?: Pick<Health, 'now'>
}

export type WaitingRoom = {
  module: Module
  /** The account's place in the line, new or known. For benches and seeds; buyers come by HTTP. @throws Problem */
  join(request: JoinRequest): Promise<Joined>
  /** The pass of a called place. @throws Problem */
  claim(request: ClaimRequest): Promise<Claimed>
  /** The shared document of a line. @throws waiting-room.line-not-found */
  lineDocument(lineId: string): Promise<LineDocument>
}

/** Lines, places, the frontier and passes. */
export function createWaitingRoom(deps: Deps, config: WaitingRoomConfig): WaitingRoom {
  const { db, clock, tokens, metrics } = deps
  const options = {
    gatherMs: config.gatherMinutes * 60_000,
    claimSeconds: config.claimSeconds,
    joinBatchMax: config.joinBatchMax ?? 512,
    joinQueueMax: config.joinQueueMax ?? 20_000,
  }
  const hasChallenges = config.challenges?.areRequired ?? false
  const documents = createDocuments({ db, clock }, { ...options, hasChallenges, everyMs: config.documentEveryMs })
  const positions = createPositions()
  const frontier = createFrontier(
    { ...deps, documents },
    { ...options, tricklePerMinute: config.tricklePerMinute ?? 1200, timeoutMs: config.tickTimeoutMs ?? 1500 },
  )
  const { tickSoon } = frontier
  const places = createPlaces({ ...deps, documents, positions, tickSoon }, options)
  const passes = createPasses({ ...deps, documents, positions }, options)
  const lines = createLines({ db, documents, tickSoon })
  const saleLines = createSaleLines({ db, clock, documents })
  const drawing = createDrawing({ ...deps, documents }, { beaconWaitSeconds: config.beaconWaitSeconds ?? 15 })
  const entrants = createEntrants({ ...deps, documents }, { keptBytesMax: config.entrantsBytesMax ?? 96 * 2 ** 20 })
  const challenges = config.challenges && createChallenges(deps, config.challenges)
  const defences = createDefences(deps, { ...defaultDefences, ...config.defences })
  const cookie = deviceCookie(deps, { secure: config.secureCookies ?? false })
  const streams = createStreams(
    { clock, metrics },
    {
      streamsMax: config.streamsMax,
      room: config.streamRoom,
      metric: 'fairgate_line_streams',
      help: 'Open event streams of lines',
    },
  )
  const joining = createJoining({
    log: deps.log,
    documents,
    places,
    challenges: hasChallenges ? challenges : undefined,
    defences,
  })
  // Watchers hear at most four times a second, however often the document may be read.
  const broadcast = createBroadcast({ clock, documents, streams }, { everyMs: Math.max(250, config.documentEveryMs) })

  return {
    module: {
      name: statics.name,
      routes(http) {
        serveRoutes(http, {
          documents,
          health: deps.health,
          tokens,
          broadcast,
          joining,
          defences,
          cookie,
          places,
          passes,
          lines,
          saleLines,
          entrants,
        })
        serveDefences(http, { db, clock, challenges, areRequired: hasChallenges, defences, documents, cookie })
      },
      subscriptions: createSubscriptions({ ...deps, documents, tickSoon }, { beacon: config.beacon }),
      loops: [frontier.loop, broadcast.loop, drawing, defences.loop],
      audit: (eventId) => audit({ db, clock }, eventId),
      known: (ids) =>
        store.knownPlaces(
          db,
          ids.filter((id) => id.startsWith(`${idPrefixes.place}_`)),
        ),
    },
    join: places.join,
    claim: passes.claim,
    lineDocument: async (lineId) => (await documents.read(lineId)).document,
  }
}
