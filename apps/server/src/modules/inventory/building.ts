import type { EventData } from '@fairgate/contracts/events'
import { fact } from '#platform/bus'
import { afterCommit, type Tx } from '#platform/db'
import type { Platform } from '#platform/platform'
import * as store from './inventory-store.ts'
import { salesChanged } from './sections.ts'

/** Turns published sales into rows. What arrives twice, or in another order, makes the same rows. */
export function createBuilding({ outbox, clock, signals }: Pick<Platform, 'outbox' | 'clock' | 'signals'>) {
  async function salePublished(tx: Tx, sales: readonly EventData<'catalog.sale-published.v1'>[]): Promise<void> {
    for (const sale of sales) {
      const { saleId: id, event, opensAt, closesAt, holdSeconds, limitPerAccount: limit, method, sections } = sale
      await store.addSale(tx, { id, event, opensAt, closesAt, holdSeconds, limit, method }, sections)
      await store.buildOpenSections(tx, id)
    }
    await announce(
      tx,
      sales.map((sale) => sale.saleId),
    )
  }

  async function seatsPublished(tx: Tx, chunks: readonly EventData<'catalog.seats-published.v1'>[]): Promise<void> {
    for (const { sectionId, from, seats } of chunks) await store.addSeats(tx, { sectionId, from, seats })
    await announce(tx, [...new Set(chunks.map((chunk) => chunk.saleId))])
  }

  /** Nothing of these sales can be held any more. */
  async function eventCancelled(tx: Tx, events: readonly EventData<'catalog.event-cancelled.v1'>[]): Promise<void> {
    for (const { saleIds, at } of events) await store.closeSales(tx, saleIds, new Date(at))
    afterCommit(tx, () => {
      for (const { saleIds } of events) for (const saleId of saleIds) signals.emit(salesChanged, saleId)
    })
  }

  async function announce(tx: Tx, saleIds: readonly string[]): Promise<void> {
    const ready = await store.markReady(tx, saleIds, new Date(clock.now()))
    await outbox.publish(
      tx,
      ready.map((saleId) => fact('inventory.sale-ready.v1', { saleId })),
    )
  }

  return { salePublished, seatsPublished, eventCancelled }
}

export type Building = ReturnType<typeof createBuilding>
