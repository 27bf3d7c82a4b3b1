import type { EventType } from '@fairgate/contracts/events'
import { on, type Subscription } from '#platform/bus'
import type { Building } from './building.ts'
import { endPasses } from './inventory-store.ts'
import type { Kept } from './kept.ts'
import type { OrderSteps } from './order-steps.ts'

export const subscribes = [
  'catalog.sale-published.v1',
  'catalog.seats-published.v1',
  'catalog.event-cancelled.v1',
  'waiting-room.pass-ended.v1',
  'orders.secure-requested.v1',
  'orders.sell-requested.v1',
  'orders.return-requested.v1',
  'orders.release-requested.v1',
  'orders.seats-returned.v1',
  'waitlist.section-waited.v1',
  'waitlist.offer-made.v1',
  'waitlist.offer-over.v1',
  'waitlist.seats-released.v1',
] as const satisfies readonly EventType[]

const dataOf = <T>(messages: readonly { data: T }[]): T[] => messages.map((message) => message.data)

/** What the module listens to; `inventory.*` facts are published where they become true. */
export const subscriptions = (building: Building, steps: OrderSteps, kept: Kept): Subscription[] => [
  on('catalog.sale-published.v1', (tx, messages) => building.salePublished(tx, dataOf(messages))),
  on('catalog.seats-published.v1', (tx, messages) => building.seatsPublished(tx, dataOf(messages))),
  on('catalog.event-cancelled.v1', (tx, messages) => building.eventCancelled(tx, dataOf(messages))),
  on('waiting-room.pass-ended.v1', (tx, messages) => endPasses(tx, dataOf(messages))),
  on('orders.secure-requested.v1', (tx, messages) => steps.secure(tx, dataOf(messages))),
  on('orders.sell-requested.v1', (tx, messages) => steps.sell(tx, dataOf(messages))),
  on('orders.return-requested.v1', (tx, messages) => steps.giveBack(tx, dataOf(messages))),
  on('waitlist.section-waited.v1', (tx, messages) => kept.sectionsWaited(tx, dataOf(messages))),
  on('orders.release-requested.v1', (tx, messages) => steps.release(tx, dataOf(messages))),
  on('orders.seats-returned.v1', (tx, messages) => steps.returnSeats(tx, dataOf(messages))),
  on('waitlist.offer-made.v1', (tx, messages) => kept.offersMade(tx, dataOf(messages))),
  on('waitlist.offer-over.v1', (tx, messages) => kept.offersOver(tx, dataOf(messages))),
  on('waitlist.seats-released.v1', (tx, messages) => kept.seatsReleased(tx, dataOf(messages))),
]
