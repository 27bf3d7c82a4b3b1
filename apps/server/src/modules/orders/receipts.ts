import { receiptRoutes, type Receipt, type Seller } from '@fairgate/contracts/http/receipts'
import { money } from '@fairgate/contracts/money'
import type { Caller } from '#platform/access-token'
import type { HttpApp } from '#platform/http'
import type { Platform } from '#platform/platform'
import { Problem } from '#platform/problem'
import { managedEvent } from './access.ts'
import type { UseCases } from './orders.ts'
import * as store from './receipts-store.ts'
import type { Returns } from './returns.ts'
import { extras } from './saga.ts'

/** What buyers keep for their books, and who is named on it. */
export function createReceipts({ db }: Pick<Platform, 'db'>, useCases: Pick<UseCases, 'get'>, returns: Returns) {
  /** @throws Problem `orders.no-receipt` for an order that neither got its tickets nor ever had money */
  async function receipt(accountId: string, id: string): Promise<Receipt> {
    const order = await useCases.get(accountId, id)
    const [payments, seller, gone] = await Promise.all([
      store.paidPayments(db, id),
      store.sellerOf(db, order.event.id),
      returns.ofOrders([order]),
    ])
    if (payments.length === 0 && order.state !== 'fulfilled') throw new Problem('orders.no-receipt')
    const { currency } = order.total
    const back = (gone.get(id) ?? []).filter(({ state }) => state === 'refunding' || state === 'done')
    const ofSeats = back.map((entry) => ({
      amount: money(entry.refund, currency),
      ...(entry.paid > entry.refund ? { kept: money(entry.paid - entry.refund, currency) } : {}),
      seats: entry.seats.map(({ label }) => label),
      isDone: entry.state === 'done',
      at: new Date(entry.updatedAt).toISOString(),
    }))
    // A payment that went back as a whole: one too many, or for seats that were lost.
    const ofPayments = payments
      .filter(({ id: paymentId, state }) => state !== 'captured' && !(back.length > 0 && paymentId === order.paymentId))
      .map(({ amount, state, updatedAt }) => ({
        amount: money(amount, currency),
        seats: [],
        isDone: state === 'refunded',
        at: updatedAt.toISOString(),
      }))
    const refunds = [...ofPayments, ...ofSeats].toSorted((a, b) => a.at.localeCompare(b.at))
    const sum = (amounts: readonly { amount: number }[]) => amounts.reduce((total, { amount }) => total + amount, 0)
    return {
      number: `${new Date(order.placedAt).toISOString().slice(0, 10).replaceAll('-', '')}-${order.id.slice(-10).toUpperCase()}`,
      orderId: id,
      event: order.event,
      section: order.section,
      seller,
      items: order.seats.map(({ label }) => ({ label, price: order.unitPrice })),
      ...extras(order),
      ...(order.promoCode === null ? {} : { promoCode: order.promoCode }),
      total: order.total,
      placedAt: new Date(order.placedAt).toISOString(),
      payments: payments.map(({ id: paymentId, amount, paidAt }) => ({
        paymentId,
        amount: money(amount, currency),
        paidAt: paidAt.toISOString(),
      })),
      refunds,
      paid: money(sum(payments) - sum(refunds.map(({ amount }) => amount)), currency),
    }
  }

  async function seller(caller: Caller, eventId: string): Promise<Seller> {
    await managedEvent(db, caller, eventId)
    return store.sellerOf(db, eventId)
  }

  async function setSeller(caller: Caller, eventId: string, said: Seller): Promise<Seller> {
    await managedEvent(db, caller, eventId)
    await store.saveSeller(db, eventId, said)
    return said
  }

  return { receipt, seller, setSeller }
}

export function serveReceipts(http: HttpApp, receipts: ReturnType<typeof createReceipts>): void {
  http.serve(receiptRoutes.getReceipt, async ({ caller, params }) => ({
    status: 200,
    body: await receipts.receipt(caller.accountId, params.id),
  }))
  http.serve(receiptRoutes.getSeller, async ({ caller, params }) => ({
    status: 200,
    body: await receipts.seller(caller, params.id),
  }))
  http.serve(receiptRoutes.setSeller, async ({ caller, params, body }) => ({
    status: 200,
    body: await receipts.setSeller(caller, params.id, body),
  }))
}
