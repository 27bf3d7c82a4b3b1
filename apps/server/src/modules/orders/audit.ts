import type { Clock } from '#platform/clock'
import type { Db } from '#platform/db'
import type { AuditPart } from '#platform/module'
import { useFaults } from './codes-store.ts'
import * as store from './orders-store.ts'
import { auditReturns } from './returns-store.ts'

/**
 * Checks orders against their own books, of one event or of all. An order under way is no fault: `pending` counts
 * those, `stuck` the ones that have waited for longer than `stuckAfterMs`.
 */
export async function auditOrders(db: Db, clock: Clock, stuckAfterMs: number, eventId?: string): Promise<AuditPart> {
  const stuckBefore = clock.now() - stuckAfterMs
  const counts = await store.auditCounts(db, eventId, stuckBefore)
  const returns = await auditReturns(db, eventId, stuckBefore)
  const keeping = await store.moneyKept(db, eventId)
  const uses = await useFaults(db, eventId)
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
      {
        name: 'no money is kept for an order without seats, but the fees of returned seats',
        violations: counts.keptMoney,
      },
      { name: 'no seat goes back twice', violations: returns.seatsTwice + returns.unclaimed },
      { name: 'returned seats were paid with no more than their order', violations: returns.wrongAmounts },
      { name: 'no code is used more often than it may be', violations: uses.over },
      { name: 'an order has a use of its code while it lives, and none after', violations: uses.missing },
    ],
    figures: {
      orders: counts.orders,
      fulfilled: keeping.filter(({ state }) => state === 'fulfilled').length,
      pending: counts.pending + returns.asked + returns.refunding,
      stuck: counts.stuck + returns.stuck,
      refundsPending: counts.refunding + returns.refunding,
    },
    byOrder: {
      moneyKept: Object.fromEntries(keeping.map(({ id, money }) => [id, money])),
      feesKept: Object.fromEntries(keeping.map(({ id, kept }) => [id, kept])),
      seats: Object.fromEntries(keeping.map(({ id, seats }) => [id, seats])),
    },
  }
}
