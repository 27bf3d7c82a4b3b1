import type { EventType } from '@fairgate/contracts/events'
import { addInterests, on, type Narrowed, type Subscription } from '#platform/bus'
import { afterCommit, type Tx } from '#platform/db'
import type { Platform } from '#platform/platform'
import * as payloads from './payloads.ts'
import type { Telling } from './payloads.ts'
import * as store from './webhooks-store.ts'

/** As which the module is known to the bus, and the signal that there is something to send. */
export const subscriber = 'webhooks'

export const subscribes = [
  'catalog.sale-published.v1',
  'orders.order-fulfilled.v1',
  'orders.order-ended.v1',
  'orders.seats-returned.v1',
  'tickets.checked-in.v1',
  'inventory.stock-changed.v1',
] as const satisfies readonly EventType[]

/** Interests are organisers that have an endpoint and their sales: what happens at anybody else's events costs no row. */
export const narrowed: Narrowed = {
  'orders.order-fulfilled.v1': 'event.organiserId',
  'orders.order-ended.v1': 'event.organiserId',
  'orders.seats-returned.v1': 'event.organiserId',
  'tickets.checked-in.v1': 'event.organiserId',
  'inventory.stock-changed.v1': 'saleId',
}

export function webhookSubscriptions({ clock, signals }: Pick<Platform, 'clock' | 'signals'>): Subscription[] {
  async function tell(tx: Tx, tellings: readonly Telling[]): Promise<void> {
    if (tellings.length === 0) return
    await store.queue(tx, tellings, new Date(clock.now()))
    afterCommit(tx, () => signals.emit(subscriber, ''))
  }

  return [
    on('catalog.sale-published.v1', async (tx, facts) => {
      const sales = facts.map(({ data }) => ({
        id: data.saleId,
        organiserId: data.event.organiserId,
        event: data.event,
      }))
      // An endpoint that is being made either sees these sales or is seen here.
      for (const organiserId of [...new Set(sales.map((sale) => sale.organiserId))].toSorted())
        await store.lockOrganiser(tx, organiserId)
      await addInterests(tx, subscriber, await store.keepSales(tx, sales))
    }),
    on('orders.order-fulfilled.v1', (tx, facts) => tell(tx, facts.map(payloads.fulfilled))),
    on('orders.order-ended.v1', (tx, facts) =>
      tell(tx, facts.filter(({ data }) => data.state === 'refunded').map(payloads.refunded)),
    ),
    on('orders.seats-returned.v1', (tx, facts) => tell(tx, facts.map(payloads.seatsReturned))),
    on('tickets.checked-in.v1', (tx, facts) => tell(tx, facts.map(payloads.checkedIn))),
    on('inventory.stock-changed.v1', async (tx, facts) => {
      const soldOut = facts.filter(({ data }) => payloads.isSoldOut(data))
      if (soldOut.length === 0) return
      const sales = await store.bookSoldOut(
        tx,
        soldOut.map(({ data }) => data.saleId),
      )
      await tell(
        tx,
        soldOut.flatMap((message) => {
          const sale = sales.get(message.data.saleId)
          return sale ? payloads.soldOut(message, sale) : []
        }),
      )
    }),
  ]
}
