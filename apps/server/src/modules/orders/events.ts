import type { EventType, Message } from '@fairgate/contracts/events'
import { on, onEach, type Subscription } from '#platform/bus'
import type { Cancellations } from './cancellations.ts'
import type { UseCases } from './orders.ts'
import * as store from './orders-store.ts'
import type { ReturnAnswer } from './return-steps.ts'
import type { Returns } from './returns.ts'
import { heard, type Happening } from './saga.ts'

const heardOfReturns = ['tickets.tickets-revoked.v1', 'tickets.revoke-refused.v1'] as const
const heardOfOrders = [...heard, ...heardOfReturns] as const

export const subscribes = [
  'catalog.sale-published.v1',
  'catalog.event-cancelled.v1',
  ...heardOfOrders,
] as const satisfies readonly EventType[]

/**
 * What orders listen to. Published in return, by `saga.ts`: the requests to inventory and payments, and
 * `orders.order-placed`, `orders.order-fulfilled`, `orders.order-ended`; by `return-steps.ts`: the requests to tickets
 * and payments, and `orders.seats-returned`.
 */
export function subscriptions(
  { step }: UseCases,
  { answer }: Returns,
  { cancelEvents }: Cancellations,
): Subscription[] {
  return [
    on('catalog.sale-published.v1', (tx, messages) =>
      store.saveEvents(
        tx,
        messages.map(({ data }) => ({ ...data.event, refunds: data.refunds })),
      ),
    ),
    on('catalog.event-cancelled.v1', (tx, messages) =>
      cancelEvents(
        tx,
        messages.map(({ data }) => data),
      ),
    ),
    onEach(heardOfOrders, async (tx, messages) => {
      await answer(
        tx,
        messages.flatMap((message) => answerOf(message) ?? []),
      )
      const happenings = messages.flatMap(({ type, data }) =>
        isOfReturns(type) ? [] : [{ orderId: data.orderId, happening: { type, data } as Happening }],
      )
      if (happenings.length > 0) await step(tx, happenings)
    }),
  ]
}

const isOfReturns = (type: EventType) => (heardOfReturns as readonly EventType[]).includes(type)

/** What a message says of a return, if it does. */
export function answerOf({
  type,
  data,
}: Message<(typeof heardOfOrders)[number]>): (ReturnAnswer & { orderId: string }) | undefined {
  const { orderId } = data
  if (type === 'tickets.tickets-revoked.v1') return { orderId, returnId: data.returnId, kind: 'tickets-revoked' }
  if (type === 'tickets.revoke-refused.v1')
    return { orderId, returnId: data.returnId, kind: 'revoke-refused', usedSeats: data.usedSeats }
  if (type === 'payments.payment-refunded.v1' && data.returnId !== undefined)
    return { orderId, returnId: data.returnId, kind: 'money-returned' }
  return undefined
}
