import type { EventType } from '@fairgate/contracts/events'
import { newSeed } from '@fairgate/contracts/draw-record'
import { fact, on, type Subscription } from '#platform/bus'
import { afterCommit } from '#platform/db'
import { beaconFor, type BeaconConfig } from '#platform/beacon'
import type { Platform } from '#platform/platform'
import { hashes } from '#platform/hashes'
import type { Documents } from './documents.ts'
import { passesEnded } from './passes-ended.ts'
import * as store from './waiting-room-store.ts'

export const subscribes = [
  'catalog.sale-published.v1',
  'catalog.event-cancelled.v1',
  'inventory.stock-changed.v1',
  'orders.order-fulfilled.v1',
  'orders.seats-returned.v1',
  'orders.order-ended.v1',
] as const satisfies readonly EventType[]

/** The facts that lines follow from. Each may come twice, late, or before the one that explains it. */
export const createSubscriptions = (
  {
    outbox,
    random,
    documents,
    tickSoon,
  }: Pick<Platform, 'outbox' | 'random'> & { documents: Documents; tickSoon: () => void },
  options: { beacon: BeaconConfig | undefined },
): Subscription[] => [
  on('catalog.sale-published.v1', async (tx, messages) => {
    // Other methods let their buyers in themselves.
    const queues = messages.filter(({ data }) => data.method === 'queue')
    for (const { data } of queues) {
      const beacon = options.beacon && beaconFor(options.beacon, new Date(data.opensAt))
      const promised = data.lines.map(() => (data.order === 'arrival' ? null : { ...newSeed(hashes, random), beacon }))
      await store.insertSale(tx, data, promised)
    }
    await outbox.publish(
      tx,
      queues.map(({ data }) => fact('waiting-room.sale-ready.v1', { saleId: data.saleId })),
    )
  }),

  on('catalog.event-cancelled.v1', async (tx, messages) => {
    const saleIds = messages.flatMap(({ data }) => data.saleIds)
    for (const { data } of messages) await store.closeSales(tx, data.saleIds, new Date(data.at))
    afterCommit(tx, () => documents.expireSales(new Set(saleIds)))
  }),

  on('inventory.stock-changed.v1', async (tx, messages) => {
    const newest = new Map<string, store.StockCounts>()
    for (const { data } of messages) {
      const at = new Date(data.at)
      for (const section of data.sections) {
        const key = `${data.saleId} ${section.sectionId}`
        const known = newest.get(key)
        if (!known || known.at <= at) newest.set(key, { ...section, saleId: data.saleId, at })
      }
    }
    await store.updateStock(tx, [...newest.values()])
    afterCommit(tx, () => documents.expireSales(new Set(messages.map(({ data }) => data.saleId))))
  }),

  // One transaction counts the seats and ends the pass: nobody is called for a seat that is gone while the stock lags.
  on('orders.order-fulfilled.v1', async (tx, messages) => {
    const orders = messages.map(({ data }) => ({
      orderId: data.orderId,
      saleId: data.saleId,
      lineId: data.lineId,
      accountId: data.accountId,
      sectionId: data.section.id,
      seats: data.seats.length,
      at: new Date(data.fulfilledAt),
    }))
    const fresh = await store.countFulfilled(tx, orders)
    const ended = await store.endPassesOf(
      tx,
      orders.filter((order) => fresh.has(order.orderId)),
    )
    await outbox.publish(tx, passesEnded(ended))
    afterCommit(tx, () => {
      documents.expire(new Set(orders.map((order) => order.lineId)))
      tickSoon()
    })
  }),

  on('orders.seats-returned.v1', async (tx, messages) => {
    await store.countReturned(
      tx,
      messages.map(({ data }) => ({ returnId: data.returnId, orderId: data.orderId, seats: data.seats.length })),
    )
    afterCommit(tx, () => documents.expireSales(new Set(messages.map(({ data }) => data.saleId))))
  }),

  on('orders.order-ended.v1', async (tx, messages) => {
    const refunded = messages.filter(({ data }) => data.state === 'refunded').map(({ data }) => data)
    if (refunded.length === 0) return
    await store.countRefunded(tx, [...new Map(refunded.map((order) => [order.orderId, order])).values()])
    afterCommit(tx, () => documents.expire(new Set(refunded.map((order) => order.lineId))))
  }),
]
