import { idPrefixes } from '@fairgate/contracts/ids'
import type { Module, ModuleStatics } from '#platform/module'
import { auditOrders } from './audit.ts'
import { createCancellations } from './cancellations.ts'
import { serveCancellations } from './cancellation-routes.ts'
import { subscribes, subscriptions } from './events.ts'
import { createReceipts, serveReceipts } from './receipts.ts'
import { createUseCases, type OrdersConfig, type OrdersDeps } from './orders.ts'
import * as store from './orders-store.ts'
import { createReturns } from './returns.ts'
import { serveOrders } from './routes.ts'

export type { OrdersConfig } from './orders.ts'

export const statics = {
  name: 'orders',
  migrations: new URL('./migrations/', import.meta.url),
  subscribes,
} as const satisfies ModuleStatics

const defaults: OrdersConfig = { stuckAfterMs: 5 * 60_000, waitersMax: 5000 }

/** Orders: a hold on its way to becoming tickets, and the saga that takes it there. */
export function createOrders(deps: OrdersDeps, config: Partial<OrdersConfig> = {}) {
  const settings = { ...defaults, ...config }
  const useCases = createUseCases(deps, settings)
  const returns = createReturns(deps, useCases)
  const cancellations = createCancellations(deps, useCases, returns)
  const module: Module = {
    name: statics.name,
    routes: (http) => {
      serveOrders(http, useCases, returns, deps)
      serveCancellations(http, cancellations)
      serveReceipts(http, createReceipts(deps, useCases, returns))
    },
    subscriptions: subscriptions(useCases, returns, cancellations),
    loops: [
      { name: 'orders.expire', intervalMs: 1000, run: useCases.expireOverdue },
      { name: 'orders.cancel', intervalMs: 1000, run: cancellations.work },
      { name: 'orders.measure', intervalMs: 15_000, run: useCases.measure },
    ],
    audit: (eventId) => auditOrders(deps.db, deps.clock, settings.stuckAfterMs, eventId),
    known: (ids) =>
      store.knownOrders(
        deps.db,
        ids.filter((id) => id.startsWith(`${idPrefixes.order}_`)),
      ),
  }
  return {
    module,
    /** Orders that have waited for another module for longer than `olderThanMs`, and refunds not done; oldest first, at most 500. */
    stuck: useCases.stuck,
    /** Asks again for what an order waits for; safe to press twice. @returns how much it asked. @throws Problem `orders.order-not-found` */
    replay: returns.replay,
    /** An order with its payments and every step it took. @throws Problem `orders.order-not-found` */
    show: useCases.show,
    /** What happened to an order, step by step. */
    history: (orderId: string) => store.historyOf(deps.db, orderId),
    /** Ids of orders for which another module owes an answer: their figures may differ between modules for a moment. */
    pendingOrders: () => store.ordersWithOpenAnswers(deps.db),
    /**
     * Gives the money of a fulfilled order back, for any reason shown to the buyer. Again → nothing more.
     * @throws Problem `orders.order-not-found`; an Error when the order is not fulfilled
     */
    refund: returns.refund,
  }
}

export type Orders = ReturnType<typeof createOrders>
