import type { Db } from '#platform/db'
import type { AuditPart } from '#platform/module'
import * as store from './ledger-store.ts'

/** Checks the books in themselves; `byOrder` is compared with what payments and orders say. */
export async function auditLedger(db: Db, eventId?: string): Promise<AuditPart> {
  const { entries, sum, unbalanced, overReturned } = await store.auditCounts(db, eventId)
  const orders = await store.byOrder(db, eventId)
  const by = (figure: 'received' | 'booked' | 'kept' | 'seats') =>
    Object.fromEntries(orders.filter((order) => order[figure] !== 0).map((order) => [order.orderId, order[figure]]))
  return {
    checks: [
      { name: 'every entry sums to zero', violations: unbalanced },
      { name: 'no order gives back more seats than it had', violations: overReturned },
    ],
    figures: { entries, sum },
    byOrder: { received: by('received'), booked: by('booked'), kept: by('kept'), seats: by('seats') },
  }
}
