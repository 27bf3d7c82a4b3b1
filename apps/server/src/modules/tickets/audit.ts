import type { Db } from '#platform/db'
import type { AuditPart } from '#platform/module'
import * as store from './tickets-store.ts'

/** Checks the tickets of one event or of all. Used tickets count like valid ones: their seats are sold. */
export async function auditTickets(db: Db, eventId?: string): Promise<AuditPart> {
  const { valid, used, revoked, seatsTwice, refundedValid } = await store.auditCounts(db, eventId)
  const byOrder = await store.ticketsByOrder(db, eventId)
  return {
    checks: [
      { name: 'no seat has two valid tickets', violations: seatsTwice },
      { name: 'no refunded order has a valid ticket', violations: refundedValid },
    ],
    figures: { valid, used, revoked },
    byOrder: {
      ticketsValue: Object.fromEntries(byOrder.map(({ orderId, value }) => [orderId, value])),
      tickets: Object.fromEntries(byOrder.map(({ orderId, tickets }) => [orderId, tickets])),
    },
  }
}
