import type { AuditPart } from '#platform/module'
import type { Clock } from '#platform/clock'
import type { Db } from '#platform/db'
import * as store from './audit-store.ts'

/** Checks the promises of `SPEC.md` against the rows, of one event or of all. */
export async function auditInventory(db: Db, clock: Clock, eventId?: string): Promise<AuditPart> {
  const now = new Date(clock.now())
  const seats = await store.auditSeats(db, eventId, now)
  const [stray, broken, over, sold] = await Promise.all([
    store.strayClaims(db, eventId),
    store.brokenHolds(db, eventId, now),
    store.overLimit(db, eventId, now),
    store.soldSeats(db, eventId),
  ])
  const soldSeats = Object.fromEntries(sold.map(({ orderId, count }) => [orderId, count]))
  const { sections, capacity, free, held, secured, blocked, lapsed } = seats
  return {
    checks: [
      { name: 'free + held + secured + sold + blocked = capacity in every section', violations: seats.unlikeCapacity },
      check('every claimed seat is listed by its hold, in the same state', stray),
      check('every live hold has each of its seats', broken),
      check('no account is over the limit of a sale', over),
    ],
    figures: { sections, capacity, free, held, lapsed, secured, sold: seats.sold, blocked },
    byOrder: { soldSeats },
  }
}

const check = (name: string, { count, example }: store.Found) => ({
  name,
  violations: count,
  ...(example === null ? {} : { detail: `for example ${example}` }),
})
