import { exclusive } from '#platform/db'
import type { Loop } from '#platform/loop'
import type { AuditPart, Module, ModuleStatics } from '#platform/module'
import type { Platform } from '#platform/platform'
import { idPrefixes } from '@fairgate/contracts/ids'
import { createAsking } from './asking.ts'
import { createBooks } from './books.ts'
import { createDeposits } from './deposits.ts'
import { heard } from './events.ts'
import * as store from './payments-store.ts'
import { createPreparing } from './preparing.ts'
import type { Provider } from './provider.ts'
import { createReconciliation } from './reconcile.ts'
import { createRequests } from './requests.ts'
import { servePayments } from './routes.ts'
import { settingsOf } from './settings.ts'
import { createStripe } from './stripe.ts'
import { createToss } from './toss.ts'
import { createWebhooks } from './webhooks.ts'

export { codesOf as tossCodes } from './toss-codes.ts'

export const statics: ModuleStatics = {
  name: 'payments',
  migrations: new URL('./migrations/', import.meta.url),
  subscribes: heard,
}

/** What one provider needs. `mode` is what buyers are told: in the sandbox no money moves. */
type Setup = {
  mode: 'sandbox' | 'live'
  /** Address of the provider's HTTP API, without a path. */
  baseUrl: string
  secretKey: string
  /** The key that browsers may know. */
  clientKey: string | null
}

export type PaymentsConfig = {
  /** `windowUrl`: the page of ours that stands for the provider's window; null where that is the provider's own. */
  toss: (Setup & { windowUrl: string | null }) | null
  stripe: (Setup & { webhookSecrets: readonly string[]; scriptUrl: string }) | null
  /** Which of them buyers are offered first. */
  order: readonly ('toss' | 'stripe')[]
  /** Bound of one call to a provider. */
  timeoutMs: number
  /** Most calls to the providers at the same time. */
  parallelMax: number
  /** The longest that a buyer may take to pay into an account; null where that is not offered. */
  depositMaxMs: number | null
}

type Deps = Pick<Platform, 'db' | 'clock' | 'ids' | 'tokens' | 'outbox' | 'signals' | 'metrics' | 'log' | 'racepoints'>

const day = 86_400_000
/** Providers repeat a webhook for three days and 19 hours at most. */
const webhooksKeptMs = 7 * day
const webhooksForgottenMax = 5000
const silenceMs = 60_000

/** Payments: captures, refunds, and asking the provider until the outcome is known. */
export function createPayments(deps: Deps, config: PaymentsConfig) {
  const { db, clock, metrics, log } = deps
  const { toss, stripe, timeoutMs, depositMaxMs } = config
  const providers = new Map<string, Provider>()
  if (toss) providers.set('toss', createToss({ ...toss, timeoutMs }, clock))
  if (stripe) providers.set('stripe', createStripe({ ...stripe, timeoutMs }, clock))
  const holdsMoney = (name: string) => providers.get(name)?.holdsMoney === true
  const books = createBooks(deps, { depositMaxMs, holdsMoney })
  const preparing = createPreparing(deps, providers)
  const requests = createRequests(deps, providers)
  const webhooks = createWebhooks(deps)
  const reconciliation = createReconciliation(deps, providers)
  const unknownNow = metrics.gauge(
    'fairgate_payments_unknown',
    'Payments and refunds whose outcome the provider has not told',
  )
  const unknownFor = metrics.gauge(
    'fairgate_payments_unknown_oldest_seconds',
    'For how long the oldest of them has been unknown',
  )

  const watch: Loop = {
    name: 'payments.watch',
    intervalMs: 15_000,
    async run() {
      const now = clock.now()
      const { count, oldestAt, examples } = await store.unknowns(db)
      const oldestMs = oldestAt ? now - oldestAt.getTime() : 0
      unknownNow.set({}, count)
      unknownFor.set({}, oldestMs / 1000)
      if (oldestMs >= silenceMs)
        log.warn({ count, oldestMs, paymentIds: examples }, 'payments without news from the provider')
      const forgotten = await exclusive(db, 'payments.sweep', (tx) =>
        store.forgetWebhooks(tx, new Date(now - webhooksKeptMs), webhooksForgottenMax),
      )
      return forgotten === webhooksForgottenMax
    },
  }

  async function audit(eventId?: string): Promise<AuditPart> {
    const [figures, net, outOfStep, unclaimed, forgotten] = await Promise.all([
      store.auditFigures(db, eventId),
      store.netCapturedByOrder(db, eventId),
      store.refundsOutOfStep(db, eventId),
      store.moneyWithoutClaim(db, eventId),
      store.forgottenRefunds(db, eventId),
    ])
    const check = (name: string, found: readonly { id: string }[]) => ({
      name,
      violations: found.length,
      ...(found.length > 0
        ? {
            detail: found
              .slice(0, 5)
              .map(({ id }) => id)
              .join(', '),
          }
        : {}),
    })
    return {
      checks: [
        check('money given back is the sum of finished refunds', outOfStep),
        check('a payment that did not succeed keeps no money', unclaimed),
        check('no refund is forgotten', forgotten),
      ],
      figures,
      byOrder: { netCaptured: Object.fromEntries(net.map(({ orderId, net: amount }) => [orderId, amount])) },
    }
  }

  const prefix = `${idPrefixes.payment}_`
  const module: Module = {
    name: statics.name,
    routes: (http) =>
      servePayments(http, {
        preparing,
        requests,
        deposits: createDeposits(deps, books),
        reconciliation,
        webhooks,
        providers,
        settings: settingsOf(config),
      }),
    subscriptions: books.subscriptions,
    loops: [
      createAsking(deps, books, providers, config),
      watch,
      reconciliation.loop,
      ...(stripe ? [preparing.sweep] : []),
    ],
    audit,
    async known(ids) {
      const ours = ids.filter((id) => id.startsWith(prefix))
      return ours.length > 0 ? store.knownIds(db, ours) : []
    },
  }

  return {
    module,
    /** Payments that have been under way for longer than this, oldest first, at most 500: what support looks at. */
    stuck: (olderThanMs: number) => store.underWay(db, new Date(clock.now() - olderThanMs), 500),
    reconciliation,
    /** What happened to the payments of an order, oldest first. */
    history: (orderId: string) => store.historyOfOrder(db, orderId),
  }
}

export type Payments = ReturnType<typeof createPayments>
