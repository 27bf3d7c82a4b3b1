import { exclusive } from '#platform/db'
import type { AuditPart, Module, ModuleStatics } from '#platform/module'
import type { Platform } from '#platform/platform'
import { createEndpoints } from './endpoints.ts'
import { narrowed, subscriber, subscribes, webhookSubscriptions } from './events.ts'
import { createPoster, systemResolve, type Resolve } from './poster.ts'
import { serveWebhooks } from './routes.ts'
import { createSenders, postTimeoutMs } from './sender.ts'
import { attemptsMax } from './webhook.ts'
import * as store from './webhooks-store.ts'

export const statics = {
  name: subscriber,
  migrations: new URL('./migrations/', import.meta.url),
  subscribes,
  narrowed,
} as const satisfies ModuleStatics

export type WebhooksConfig = {
  /** Endpoints may be at `http://localhost`. In development only: whoever organises could post to what runs beside us. */
  allowsLocal: boolean
  /** How names of hosts are looked up; the system's way when absent. */
  resolve?: Resolve
}

type Deps = Pick<Platform, 'db' | 'clock' | 'ids' | 'random' | 'signals' | 'outbox' | 'metrics' | 'log' | 'racepoints'>

const keptMs = 30 * 24 * 3_600_000
const sweptMax = 1000

/** Posts what happens at an organiser's events to servers of their choice, as Standard Webhooks says. */
export function createWebhooks(deps: Deps, { allowsLocal, resolve = systemResolve }: WebhooksConfig) {
  const { db, clock, metrics } = deps
  const post = createPoster({ resolve, allowsLocal, timeoutMs: postTimeoutMs, scheduler: clock })
  const waiting = metrics.gauge('fairgate_webhooks_waiting', 'Webhooks that wait to be posted or posted again')
  const disabled = metrics.gauge(
    'fairgate_webhook_endpoints_disabled',
    'Webhook endpoints that were switched off because they took nothing for five days or are gone',
  )

  async function watch(): Promise<boolean> {
    const counts = await store.counts(db, attemptsMax)
    waiting.set({}, counts.waiting)
    disabled.set({}, counts.disabled)
    return false
  }

  async function sweep(): Promise<boolean> {
    const before = new Date(clock.now() - keptMs)
    return (await exclusive(db, 'webhooks.sweep', (tx) => store.sweep(tx, before, sweptMax))) ?? false
  }

  async function audit(): Promise<AuditPart> {
    const counts = await store.counts(db, attemptsMax)
    return {
      checks: [{ name: 'no webhook is tried more often than agreed', violations: counts.overTried }],
      figures: { webhooksWaiting: counts.waiting },
    }
  }

  const module: Module = {
    name: statics.name,
    routes: (http) => serveWebhooks(http, createEndpoints(deps, { allowsLocal })),
    subscriptions: webhookSubscriptions(deps),
    loops: [
      ...createSenders({ ...deps, post }),
      { name: 'webhooks.watch', intervalMs: 15_000, run: watch },
      { name: 'webhooks.sweep', intervalMs: 600_000, run: sweep },
    ],
    audit,
  }
  return { module }
}
