import type { Clock } from '#platform/clock'
import type { Db } from '#platform/db'
import type { AuditPart } from '#platform/module'
import * as store from './orders-store.ts'

/**
 * Checks orders against their own books, of one event or of all. An order under way is no fault: `pending` counts
 * those, `stuck` the ones that have waited for longer than `stuckAfterMs`.
 */
export async function auditOrders(db: Db, clock: Clock, stuckAfterMs: number, eventId?: string): Promise<AuditPart> {
  const counts = await store.auditCounts(db, eventId, clock.now() - stuckAfterMs)
  const fulfilled = await store.fulfilledOrders(db, eventId)
  return {
    checks: [
      {
        name: 'the total of an order is its unit price times its seats, and its fee, less its discount',
        violations: counts.wrongTotals,
      },
      {
        name: 'a fulfilled order has exactly one captured payment, of its total, or none when it is free',
        violations: counts.unpaidFulfilled,
      },
      { name: 'no money is kept for an order without seats', violations: counts.keptMoney },
    ],
    figures: {
      orders: counts.orders,
      fulfilled: fulfilled.length,
      pending: counts.pending,
      stuck: counts.stuck,
      refundsPending: counts.refunding,
    },
    byOrder: {
      fulfilledTotal: Object.fromEntries(fulfilled.map(({ id, total }) => [id, total])),
      seats: Object.fromEntries(fulfilled.map(({ id, seats }) => [id, seats])),
    },
  }
}
