import { randomUUID } from 'node:crypto'
import type { EventType } from '@fairgate/contracts/events'
import type { AuditReport } from '@fairgate/contracts/http/operations'
import * as auctions from '#modules/auctions'
import * as ballots from '#modules/ballots'
import * as catalog from '#modules/catalog'
import * as identity from '#modules/identity'
import * as inventory from '#modules/inventory'
import * as ledger from '#modules/ledger'
import * as notifications from '#modules/notifications'
import * as orders from '#modules/orders'
import * as payments from '#modules/payments'
import * as tickets from '#modules/tickets'
import * as webhooks from '#modules/webhooks'
import * as waitingRoom from '#modules/waiting-room'
import * as waitlist from '#modules/waitlist'
import { createAccessTokens } from '#platform/access-token'
import { quicknet } from '#platform/beacon'
import { createBus } from '#platform/bus'
import type { Scheduler } from '#platform/clock'
import { openDatabase } from '#platform/db'
import { memoryEphemeral, type Ephemeral } from '#platform/ephemeral'
import { createHealth, defaultLimits } from '#platform/health'
import { createHttp } from '#platform/http'
import { createIdempotency } from '#platform/idempotency'
import { createIds, type Random } from '#platform/ids'
import { startLoop, type Loop } from '#platform/loop'
import type { Lifecycle } from '#platform/lifecycle'
import type { Log } from '#platform/log'
import { createMetrics } from '#platform/metrics'
import { migrate, readMigrations, type Migration } from '#platform/migrate'
import type { Module, ModuleStatics } from '#platform/module'
import type { Platform } from '#platform/platform'
import { noRacepoints } from '#platform/racepoint'
import { createSecrets } from '#platform/secrets'
import { createSignals } from '#platform/signals'
import { connectionsAllowed, createStreamRoom } from '#platform/stream-room'
import { createTokens } from '#platform/tokens'
import { createVitals, watchEventLoop } from '#platform/vitals'
import { mergeAudit } from './audit.ts'
import type { Config, ServiceName } from './config.ts'
import { serveOperations } from './operations.ts'
import { createOrderDesk } from './order-desk.ts'
import { paymentsConfig } from './payment-setup.ts'

/** Every module, hosted by this process or not: their tables and their wishes must exist before the first fact. */
export const allModules: Record<ServiceName, ModuleStatics> = {
  identity: identity.statics,
  catalog: catalog.statics,
  'waiting-room': waitingRoom.statics,
  ballots: ballots.statics,
  auctions: auctions.statics,
  waitlist: waitlist.statics,
  inventory: inventory.statics,
  orders: orders.statics,
  payments: payments.statics,
  tickets: tickets.statics,
  ledger: ledger.statics,
  notifications: notifications.statics,
  webhooks: webhooks.statics,
}

export const allMigrations = (): Migration[] => [
  ...readMigrations('platform', new URL('./platform/migrations/', import.meta.url)),
  ...Object.values(allModules).flatMap((statics) => readMigrations(statics.name, statics.migrations)),
]

/** A purchase passes by these: when one of them is not heard of, fewer people are let in. */
const neededByBuyers = [
  'identity',
  'catalog',
  'waiting-room',
  'inventory',
  'orders',
  'payments',
] as const satisfies readonly ServiceName[]

/** What the embedding process decides, beside the configuration. */
export type Surroundings = {
  databaseUrl: string
  signingSecrets: readonly string[]
  publicUrl: string
  log: Log
  scheduler: Scheduler
  random: Random
  /** Shared with other processes; otherwise this process has its own. */
  ephemeral?: Ephemeral
  /** The metrics of all processes that share the port; otherwise those of this one. */
  metricsText?: () => Promise<string>
}

/**
 * Builds the whole server from its configuration, top to bottom. All modules are built, so that the audit sees each of
 * them; routes, subscriptions and loops run for the hosted ones only.
 */
export function compose(config: Config, surroundings: Surroundings) {
  const { log, scheduler, random, databaseUrl, publicUrl } = surroundings
  const database = openDatabase({
    url: databaseUrl,
    connectionsMax: config.DATABASE_CONNECTIONS_MAX,
    clock: scheduler,
  })
  const { db, pool } = database
  const ids = createIds(scheduler, random)
  const secrets = createSecrets(surroundings.signingSecrets)
  const tokens = createTokens(secrets, scheduler)
  const accessTokens = createAccessTokens(secrets, scheduler)
  const metrics = createMetrics({ processMetrics: true })
  metrics.gauge('fairgate_processes', 'Processes that share the port and answer', [], 'sum').set({}, 1)
  const origin = randomUUID()
  const signals = createSignals({ pool, url: databaseUrl, scheduler, log, origin })
  const bus = createBus({ db, clock: scheduler, ids, log, signals, metrics })
  const idempotency = createIdempotency(db, scheduler)
  const vitals = createVitals(scheduler)
  const eventLoop = watchEventLoop()
  const health = createHealth(
    { db, clock: scheduler, signals, metrics, log, vitals, lag: eventLoop.read },
    {
      process: origin,
      hosts: config.services,
      expected: neededByBuyers,
      limits: {
        ...defaultLimits,
        lagMs: config.HEALTH_LAG_MS,
        readMs: config.HEALTH_READ_MS,
        writeMs: config.HEALTH_WRITE_MS,
        failedShare: config.HEALTH_ERROR_PERCENT / 100,
      },
      unknownIs: config.HEALTH_UNKNOWN,
    },
  )
  const ephemeral = surroundings.ephemeral ?? memoryEphemeral(scheduler)
  const platform: Platform = {
    db,
    clock: scheduler,
    ids,
    random,
    tokens,
    accessTokens,
    outbox: bus.outbox,
    signals,
    ephemeral,
    log,
    metrics,
    racepoints: noRacepoints,
  }
  const of = (name: ServiceName): Platform => ({ ...platform, log: log.child({ module: name }) })

  const streamRoom = createStreamRoom({
    connections: () => http.connections(),
    connectionsMax: Math.min(config.CONNECTIONS_MAX, connectionsAllowed(process)),
    lagMs: () => vitals.measures().lagMs,
    lagMsMax: config.STREAMS_LAG_MS_MAX,
  })

  const faces = {
    identity: identity.createIdentity(of('identity'), {
      secureCookies: publicUrl.startsWith('https:') || new URL(publicUrl).hostname === 'localhost',
      // In the demo a whole crowd comes from one machine.
      ...(config.DEMO ? { limits: { registrationsPerAddressMax: 1_000_000, signInsPerAddressMax: 1_000_000 } } : {}),
    }),
    catalog: catalog.createCatalog(of('catalog')),
    'waiting-room': waitingRoom.createWaitingRoom(
      { ...of('waiting-room'), health },
      {
        gatherMinutes: config.WAITING_ROOM_GATHER_MINUTES,
        claimSeconds: config.WAITING_ROOM_CLAIM_SECONDS,
        tricklePerMinute: config.WAITING_ROOM_TRICKLE_PER_MINUTE,
        streamsMax: config.WAITING_ROOM_STREAMS_MAX,
        streamRoom,
        documentEveryMs: 250,
        ...(config.DRAW_BEACON_URL ? { beacon: quicknet(config.DRAW_BEACON_URL) } : {}),
        beaconWaitSeconds: config.DRAW_BEACON_WAIT_SECONDS,
        challenges: { secrets, areRequired: config.CHALLENGES === 'on' },
        defences: {
          accountMax: config.WAITING_ROOM_REQUESTS_PER_ACCOUNT_MAX,
          addressMax: config.WAITING_ROOM_REQUESTS_PER_ADDRESS_MAX,
          // In the demo a whole crowd comes from one machine.
          exemptLoopback: config.DEMO,
        },
        secureCookies: publicUrl.startsWith('https:'),
      },
    ),
    ballots: ballots.createBallots(of('ballots'), {
      ...(config.DRAW_BEACON_URL ? { beacon: quicknet(config.DRAW_BEACON_URL) } : {}),
      beaconWaitSeconds: config.DRAW_BEACON_WAIT_SECONDS,
    }),
    auctions: auctions.createAuctions(of('auctions'), { streamsMax: config.WAITING_ROOM_STREAMS_MAX, streamRoom }),
    waitlist: waitlist.createWaitlist(of('waitlist')),
    inventory: inventory.createInventory(of('inventory'), { ...inventory.inventoryDefaults, room: streamRoom }),
    orders: orders.createOrders(of('orders')),
    payments: payments.createPayments(of('payments'), paymentsConfig(config, publicUrl)),
    tickets: tickets.createTickets({ ...of('tickets'), secrets }),
    ledger: ledger.createLedger(of('ledger')),
    notifications: notifications.createNotifications(of('notifications'), {
      smtpUrl: config.SMTP_URL ?? null,
      from: config.MAIL_FROM,
      sms:
        config.SMS_API_KEY && config.SMS_API_SECRET && config.SMS_FROM
          ? {
              baseUrl: config.SMS_BASE_URL,
              apiKey: config.SMS_API_KEY,
              apiSecret: config.SMS_API_SECRET,
              from: config.SMS_FROM,
            }
          : null,
      developmentMailbox: config.DEMO,
      publicUrl,
    }),
    webhooks: webhooks.createWebhooks(of('webhooks'), { allowsLocal: config.DEMO }),
  }
  const modules = Object.entries(faces).map(([name, face]) => ({
    name: name as ServiceName,
    module: face.module as Module,
  }))
  const hosted = modules.filter(({ name }) => config.services.includes(name)).map(({ module }) => module)

  async function audit(eventId?: string): Promise<AuditReport> {
    // Looked up before and after: an order that moves on while the modules are asked is left out too.
    const before = await ordersOnTheWay()
    const parts = await Promise.all(
      modules.map(async ({ name, module }) => [name, await module.audit?.(eventId)] as const),
    )
    return mergeAudit(
      Object.fromEntries(parts.flatMap(([name, part]) => (part ? [[name, part]] : []))),
      new Date(scheduler.now()),
      new Set([...before, ...(await ordersOnTheWay())]),
    )
  }

  const ordersOnTheWay = async () => [...(await faces.orders.pendingOrders()), ...(await bus.waitingKeys())]

  async function known(wanted: readonly string[]): Promise<ReadonlySet<string>> {
    const found = await Promise.all(modules.map(async ({ module }) => (await module.known?.(wanted)) ?? []))
    return new Set(found.flat())
  }

  let ready = false
  const http = createHttp({
    log,
    metrics,
    scheduler,
    accessTokens,
    idempotency,
    trustProxy: config.TRUSTED_PROXIES.length > 0 ? [...config.TRUSTED_PROXIES] : false,
    inFlightMax: config.REQUESTS_IN_FLIGHT_MAX,
    deadlineMs: config.REQUEST_DEADLINE_MS,
    vitals,
  })
  const orderDesk = createOrderDesk({ orders: faces.orders, payments: faces.payments, bus })
  serveOperations(http, {
    db,
    bus,
    metrics: { contentType: metrics.contentType, text: surroundings.metricsText ?? metrics.text },
    audit,
    known,
    orderDesk,
    isReady: () => ready,
    metricsHere: config.DEMO,
  })
  for (const module of hosted) module.routes?.(http)

  const loops: Loop[] = [
    health.loop,
    ...hosted.flatMap((module) => [
      ...(module.loops ?? []),
      ...(module.subscriptions?.length ? [bus.subscriberLoop(module.name, module.subscriptions)] : []),
    ]),
    { name: 'idempotency.sweep', intervalMs: 60_000, run: idempotency.sweep },
  ]

  return {
    config,
    surroundings,
    platform,
    database,
    bus,
    http,
    faces,
    orderDesk,
    audit,
    metrics,
    /** Brings the database up to date and registers every module's wishes. */
    async prepare(): Promise<void> {
      const ran = await migrate(db, allMigrations())
      if (ran.length > 0) log.info({ migrations: ran }, 'database migrated')
      await bus.register(
        Object.fromEntries(
          Object.values(allModules).map(({ name, subscribes }) => [name, subscribes as readonly EventType[]]),
        ),
        Object.fromEntries(Object.values(allModules).map(({ name, narrowed = {} }) => [name, narrowed])),
      )
    },
    /** Starts background work. What is stopped first: loops finish their portion, then signals, then the database. */
    async start(lifecycle: Lifecycle): Promise<void> {
      await signals.start()
      lifecycle.own('signals', signals.stop, { timeoutMs: 2000 })
      lifecycle.own('mail server connections', faces.notifications.close, { timeoutMs: 1000 })
      for (const loop of loops) {
        const running = startLoop(loop, { scheduler, log })
        lifecycle.own(`loop ${loop.name}`, running.stop, { timeoutMs: 15_000 })
      }
      lifecycle.own('event loop watch', eventLoop.stop, { timeoutMs: 100 })
      lifecycle.own('health', health.leave, { timeoutMs: 500 })
    },
    /** From now on `/readyz` says so. */
    ready: () => {
      ready = true
    },
    unready: () => {
      ready = false
    },
  }
}

export type Server = ReturnType<typeof compose>
