import type { EventType } from '@fairgate/contracts/events'
import { addInterests, fact, on, type Subscription } from '#platform/bus'
import { afterCommit, type Tx } from '#platform/db'
import type { Platform } from '#platform/platform'
import * as store from './auctions-store.ts'
import { nextState } from './award.ts'
import { createCancellingLots } from './cancelling.ts'
import type { Documents } from './documents.ts'

export const subscribes = [
  'catalog.sale-published.v1',
  'catalog.event-cancelled.v1',
  'orders.order-placed.v1',
  'orders.order-fulfilled.v1',
  'orders.order-ended.v1',
] as const satisfies readonly EventType[]

/** A purchase of a sale without lots pays nothing for auctions: its facts do not come here. */
export const narrowed = {
  'orders.order-placed.v1': 'lineId',
  'orders.order-fulfilled.v1': 'lineId',
  'orders.order-ended.v1': 'lineId',
} as const

type Who = { lotId: string; accountId: string }

/** The facts that auctions follow from. The line of an order is its lot. */
export function createSubscriptions({
  outbox,
  racepoints,
  documents,
}: Pick<Platform, 'outbox' | 'racepoints'> & { documents: Documents }): Subscription[] {
  const cancelling = createCancellingLots({ outbox, racepoints, documents })

  /** Brings awards in step with their orders. The lots are locked first, as everybody does. */
  async function recount(tx: Tx, who: readonly Who[]): Promise<void> {
    const awards = await store.awardsToRecount(tx, who)
    const moved = awards
      .map(({ id, state, isBought }) => ({ id, from: state, state: nextState(state, isBought ? 'buy' : 'refund') }))
      .filter(({ from, state }) => from !== state)
    if (moved.length > 0) await store.moveAwards(tx, moved)
    afterCommit(tx, () => documents.changed(new Set(who.map(({ lotId }) => lotId))))
  }

  const lotsOf = (messages: readonly { data: { lineId: string } }[]) => new Set(messages.map(({ data }) => data.lineId))
  const whoOf = (messages: readonly { data: { lineId: string; accountId: string } }[]): Who[] =>
    messages.map(({ data }) => ({ lotId: data.lineId, accountId: data.accountId }))

  const ordersOf = (
    messages: readonly {
      data: { orderId: string; lineId: string; accountId: string; unitPrice: { amount: number } }
    }[],
  ) =>
    messages.map(({ data }) => ({
      id: data.orderId,
      lotId: data.lineId,
      accountId: data.accountId,
      amount: data.unitPrice.amount,
    }))

  return [
    on('catalog.sale-published.v1', async (tx, messages) => {
      const sales = messages.flatMap(({ data: { auction, lots, ...sale } }) =>
        auction && lots ? [{ ...sale, auction, lots }] : [],
      )
      for (const sale of sales) {
        await store.insertLots(tx, sale)
        await addInterests(
          tx,
          'auctions',
          sale.lots.map(({ id }) => id),
        )
      }
      const saleIds = sales.map(({ saleId }) => saleId)
      await cancelling.known(tx, saleIds)
      await outbox.publish(
        tx,
        saleIds.map((saleId) => fact('auctions.sale-ready.v1', { saleId })),
      )
    }),

    on('catalog.event-cancelled.v1', (tx, messages) =>
      cancelling.heard(
        tx,
        messages.flatMap(({ data: { saleIds, at, note } }) => saleIds.map((id) => ({ id, at: new Date(at), note }))),
      ),
    ),

    on('orders.order-placed.v1', (tx, messages) => store.noteOrders(tx, ordersOf(messages), 'pending')),

    on('orders.order-fulfilled.v1', async (tx, messages) => {
      await store.touch(tx, lotsOf(messages))
      await store.noteOrders(tx, ordersOf(messages), 'fulfilled')
      await recount(tx, whoOf(messages))
    }),

    on('orders.order-ended.v1', async (tx, messages) => {
      await store.touch(tx, lotsOf(messages))
      await store.endOrders(
        tx,
        messages.map(({ data }) => data.orderId),
      )
      await recount(tx, whoOf(messages))
    }),
  ]
}
