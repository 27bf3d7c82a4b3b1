import type { Seller } from '@fairgate/contracts/http/receipts'
import { maybeRow, rows, sql, type Db } from '#platform/db'
import type { PaymentState } from './saga.ts'

/** Payments of an order whose money came, with when it came. */
export async function paidPayments(db: Db, orderId: string) {
  return rows(
    db,
    sql<{ id: string; amount: number; state: PaymentState; paidAt: Date; updatedAt: Date }>`
      select payment_id as id, amount, state, updated_at as "updatedAt",
             coalesce((select min(h.at) from orders.history h
                       where h.order_id = p.order_id and h.event in ('payment-captured', 'other-captured')), updated_at) as "paidAt"
      from orders.payments p
      where order_id = ${orderId} and state in ('captured', 'refunding', 'refunded') order by payment_id`,
  )
}

export const sellerOf = async (db: Db, eventId: string): Promise<Seller> =>
  (await maybeRow(db, sql<{ seller: Seller | null }>`select seller from orders.events where id = ${eventId}`))
    ?.seller ?? {}

export async function saveSeller(db: Db, eventId: string, seller: Seller): Promise<void> {
  await sql`update orders.events set seller = ${JSON.stringify(seller)}::jsonb where id = ${eventId}`.execute(db)
}
