import { newSeed } from '@fairgate/contracts/draw-record'
import type { EventType } from '@fairgate/contracts/events'
import { beaconFor, type BeaconConfig } from '#platform/beacon'
import { addInterests, fact, on, type Narrowed, type Subscription } from '#platform/bus'
import { afterCommit, type Tx } from '#platform/db'
import type { Platform } from '#platform/platform'
import { hashes } from '#platform/hashes'
import { nextState } from './award.ts'
import * as store from './ballots-store.ts'
import { createCancellingBallots } from './cancelling.ts'
import type { Documents } from './documents.ts'

export const subscribes = [
  'catalog.sale-published.v1',
  'catalog.event-cancelled.v1',
  'inventory.stock-changed.v1',
  'orders.order-placed.v1',
  'orders.order-fulfilled.v1',
  'orders.seats-returned.v1',
  'orders.order-ended.v1',
] as const satisfies readonly EventType[]

/** A purchase of a sale by another method pays nothing for ballots: its facts do not come here. */
export const narrowed: Narrowed = {
  'orders.order-placed.v1': 'saleId',
  'orders.order-fulfilled.v1': 'saleId',
  'orders.seats-returned.v1': 'saleId',
  'orders.order-ended.v1': 'saleId',
}

type Who = { saleId: string; accountId: string }

/** The facts that ballots follow from. Those of sales by other methods change nothing. */
export const createSubscriptions = (
  {
    outbox,
    random,
    racepoints,
    documents,
  }: Pick<Platform, 'outbox' | 'random' | 'racepoints'> & { documents: Documents },
  options: { beacon: BeaconConfig | undefined },
): Subscription[] => {
  const cancelling = createCancellingBallots({ outbox, racepoints, documents })

  /** Brings awards in step with what their orders have bought. The ballots are locked first, as everybody does. */
  async function recount(tx: Tx, who: readonly Who[]): Promise<void> {
    const saleIds = new Set(who.map(({ saleId }) => saleId))
    await store.touch(tx, saleIds)
    const changed = await store.awardsToRecount(tx, who)
    await store.updateBought(
      tx,
      changed.map(({ id, state, bought }) => ({ id, state: nextState(state, bought > 0 ? 'buy' : 'refund'), bought })),
    )
    afterCommit(tx, () => documents.expire(saleIds))
  }

  return [
    on('catalog.sale-published.v1', async (tx, messages) => {
      const sales = messages.flatMap(({ data }) =>
        data.method === 'ballot' && data.ballot ? [{ ...data, ballot: data.ballot }] : [],
      )
      for (const sale of sales) {
        const beacon = options.beacon && beaconFor(options.beacon, new Date(sale.ballot.drawAt))
        await store.insertBallot(tx, sale, { ...newSeed(hashes, random), beacon })
      }
      const saleIds = sales.map(({ saleId }) => saleId)
      await addInterests(tx, 'ballots', saleIds)
      await cancelling.known(tx, saleIds)
      await outbox.publish(
        tx,
        saleIds.map((saleId) => fact('ballots.sale-ready.v1', { saleId })),
      )
    }),

    on('catalog.event-cancelled.v1', (tx, messages) =>
      cancelling.heard(
        tx,
        messages.flatMap(({ data: { saleIds, at, note } }) => saleIds.map((id) => ({ id, at: new Date(at), note }))),
      ),
    ),

    on('inventory.stock-changed.v1', async (tx, messages) => {
      const newest = new Map<string, store.StockCounts>()
      for (const { data } of messages) {
        const at = new Date(data.at)
        for (const { sectionId, free, sold, blocked } of data.sections) {
          const key = `${data.saleId} ${sectionId}`
          const known = newest.get(key)
          if (!known || known.at <= at) newest.set(key, { saleId: data.saleId, sectionId, at, free, sold, blocked })
        }
      }
      // The ballots first, as everybody locks them; those of other methods are not there.
      await store.touch(tx, new Set(messages.map(({ data }) => data.saleId)))
      const saleIds = await store.updateStock(tx, [...newest.values()])
      afterCommit(tx, () => documents.expire(saleIds))
    }),

    on('orders.order-placed.v1', async (tx, messages) => {
      const orders = messages.map(({ data, time }) => ({
        id: data.orderId,
        saleId: data.saleId,
        sectionId: data.section.id,
        accountId: data.accountId,
        seats: data.seats.length,
        at: new Date(time),
      }))
      await store.noteOrders(tx, orders, 'pending')
    }),

    on('orders.order-fulfilled.v1', async (tx, messages) => {
      const orders = messages.map(({ data }) => ({
        id: data.orderId,
        saleId: data.saleId,
        sectionId: data.section.id,
        accountId: data.accountId,
        seats: data.seats.length,
        at: new Date(data.fulfilledAt),
      }))
      await store.touch(tx, new Set(orders.map(({ saleId }) => saleId)))
      await store.noteOrders(tx, orders, 'fulfilled')
      await recount(tx, orders)
    }),

    on('orders.seats-returned.v1', async (tx, messages) => {
      const who = messages.map(({ data: { saleId, accountId } }) => ({ saleId, accountId }))
      await store.touch(tx, new Set(who.map(({ saleId }) => saleId)))
      await store.keepSeats(
        tx,
        messages.map(({ data }) => ({ orderId: data.orderId, seatsLeft: data.seatsLeft })),
      )
      await recount(tx, who)
    }),

    on('orders.order-ended.v1', async (tx, messages) => {
      const who = messages.map(({ data: { saleId, accountId } }) => ({ saleId, accountId }))
      await store.touch(tx, new Set(who.map(({ saleId }) => saleId)))
      await store.endOrders(
        tx,
        messages.map(({ data }) => data.orderId),
      )
      await recount(tx, who)
    }),
  ]
}
