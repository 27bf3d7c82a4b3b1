import type { EventType } from '@fairgate/contracts/events'
import { on, onEach, type Subscription } from '#platform/bus'
import type { UseCases } from './orders.ts'
import * as store from './orders-store.ts'
import { heard, type Happening } from './saga.ts'

export const subscribes = ['catalog.sale-published.v1', ...heard] as const satisfies readonly EventType[]

/**
 * What orders listen to. Published in return, by `saga.ts`: the requests to inventory and payments, and
 * `orders.order-placed`, `orders.order-fulfilled`, `orders.order-ended`.
 */
export function subscriptions({ step }: UseCases): Subscription[] {
  return [
    on('catalog.sale-published.v1', (tx, messages) =>
      store.saveEvents(
        tx,
        messages.map(({ data }) => data.event),
      ),
    ),
    onEach(heard, async (tx, messages) => {
      await step(
        tx,
        messages.map(({ type, data }) => ({ orderId: data.orderId, happening: { type, data } as Happening })),
      )
    }),
  ]
}
