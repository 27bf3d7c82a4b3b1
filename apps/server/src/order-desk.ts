import type { OrderRecord, OrderTrouble } from '@fairgate/contracts/http/operations'
import { idPrefixes } from '@fairgate/contracts/ids'
import type { Orders } from '#modules/orders'
import type { Payments } from '#modules/payments'
import type { Bus } from '#platform/bus'

export type OrderDesk = ReturnType<typeof createOrderDesk>

const isoOf = (at: Date) => at.toISOString()

/** What operators see of orders and do about them: the saga, its payments and its messages side by side. */
export function createOrderDesk({
  orders,
  payments,
  bus,
}: {
  orders: Pick<Orders, 'stuck' | 'show' | 'replay'>
  payments: Pick<Payments, 'history'>
  bus: Pick<Bus, 'parked'>
}) {
  const parkedOf = async (filter: { key?: string }) =>
    (await bus.parked.list(filter)).map((message) => ({ ...message, parkedAt: isoOf(message.parkedAt) }))

  /** Orders that need a look, oldest first. */
  async function list(olderThanMs: number): Promise<OrderTrouble[]> {
    const [stuck, parked] = await Promise.all([orders.stuck(olderThanMs), parkedOf({})])
    const waiting = stuck.map(({ orderId, state, paymentId, since }): OrderTrouble => ({
      orderId,
      why: paymentId === null ? 'stuck' : 'refund',
      state,
      since: isoOf(since),
      detail: paymentId ?? state,
    }))
    const aside = parked
      .filter(({ key }) => key.startsWith(`${idPrefixes.order}_`))
      .map(({ key, type, subscriber, reason, parkedAt }): OrderTrouble => ({
        orderId: key,
        why: 'parked',
        state: null,
        since: parkedAt,
        detail: `${type} → ${subscriber}: ${reason}`,
      }))
    return [...waiting, ...aside].toSorted((a, b) => a.since.localeCompare(b.since))
  }

  /** @throws Problem `orders.order-not-found` */
  async function show(orderId: string): Promise<OrderRecord> {
    const [{ order, payments: known, history }, paid, parked] = await Promise.all([
      orders.show(orderId),
      payments.history(orderId),
      parkedOf({ key: orderId }),
    ])
    const { id, accountId, state, event, section, seats, total, attempt, refusal } = order
    return {
      id,
      accountId,
      state,
      event: { id: event.id, name: event.name },
      section: section.name,
      seats: seats.map(({ label }) => label),
      total,
      attempt,
      refusal,
      placedAt: new Date(order.placedAt).toISOString(),
      payBy: new Date(order.payBy).toISOString(),
      payments: known.map(({ id: paymentId, amount, state: of }) => ({ id: paymentId, amount, state: of })),
      history: history.map(({ at, event: what, from, to, asked }) => ({
        at: isoOf(at),
        event: what,
        from,
        to,
        asked: [...asked],
      })),
      paymentHistory: paid.map(({ paymentId, at, event: what, fromState, toState, detail }) => ({
        paymentId,
        at: isoOf(at),
        event: what,
        from: fromState,
        to: toState,
        detail,
      })),
      parked,
    }
  }

  /**
   * Hands an order's parked messages to their subscribers again and asks again for what it waits for. Whoever is asked
   * twice answers twice and does nothing twice. @throws Problem `orders.order-not-found`
   */
  async function replay(orderId: string): Promise<{ asked: number; retried: number }> {
    const asked = await orders.replay(orderId)
    return { asked, retried: await bus.parked.retry({ key: orderId }) }
  }

  return { list, show, replay }
}
