import type { EventType } from '@fairgate/contracts/events'
import { on, type Subscription } from '#platform/bus'
import type { UseCases } from './tickets.ts'

export const subscribes = [
  'orders.order-fulfilled.v1',
  'orders.revoke-requested.v1',
  'orders.order-ended.v1',
] as const satisfies readonly EventType[]

/** What tickets listen to. Published in return: `tickets.tickets-issued`, `tickets.checked-in`, `tickets.tickets-revoked`, `tickets.revoke-refused`. */
export function subscriptions({ issue, revoke, revokeSeats }: UseCases): Subscription[] {
  return [
    on('orders.order-fulfilled.v1', (tx, messages) =>
      issue(
        tx,
        messages.map(({ data }) => data),
      ),
    ),
    on('orders.revoke-requested.v1', (tx, messages) =>
      revokeSeats(
        tx,
        messages.map(({ data }) => data),
      ),
    ),
    on('orders.order-ended.v1', async (tx, messages) => {
      // An order that expired or was cancelled never had tickets, and may still get them when late money finds its seats free.
      const refunded = messages.filter(({ data }) => data.state === 'refunded').map(({ data }) => data.orderId)
      if (refunded.length > 0) await revoke(tx, refunded)
    }),
  ]
}
