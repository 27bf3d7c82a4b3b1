import type { EventSummary } from '@fairgate/contracts/events'
import type { Sale } from '@fairgate/contracts/http/catalog'
import { fact, on, type Outbox, type Subscription } from '#platform/bus'
import { afterCommit, type Tx } from '#platform/db'
import { lotOf } from './auction-rules.ts'
import { hasFees } from './event-rules.ts'
import * as store from './catalog-store.ts'
import type { StoredEvent } from './catalog-store.ts'
import type { EventCache } from './event-cache.ts'
import { saleTable, type SaleEvent } from './sale-state.ts'
import { geometrySeats, type Seat } from './seat-plan.ts'

/** Seats in one message: 1,000 are about 100 kB, a tenth of what a broker takes. */
const seatsPerMessage = 1000

/** Tells the other modules of a sale: what it is, then the seats of each reserved section, section by section. */
export async function publishSaleFacts(tx: Tx, outbox: Outbox, event: StoredEvent, sale: Sale): Promise<void> {
  const onSale = new Set(sale.lines.flatMap((line) => line.sectionIds))
  const sections = event.sections.filter((section) => onSale.has(section.id))
  const seatsOf = new Map<string, Seat[]>()
  for (const { id, admission } of sections)
    if (admission === 'reserved') seatsOf.set(id, await geometrySeats((await store.geometryOf(tx, id)).document))
  const lots = sale.auction
    ? sale.lines.map((line) => {
        const section = sections.find(({ id }) => id === line.sectionIds[0])!
        return lotOf(line.id, section, seatsOf.get(section.id))
      })
    : undefined
  await outbox.publish(tx, [
    fact('catalog.sale-published.v1', {
      saleId: sale.id,
      event: summaryOf(event),
      method: sale.method,
      opensAt: sale.opensAt,
      closesAt: sale.closesAt,
      holdSeconds: sale.holdSeconds,
      limitPerAccount: sale.limitPerAccount,
      order: sale.order,
      ...(event.refunds ? { refunds: event.refunds } : {}),
      ...(sale.ballot ? { ballot: sale.ballot } : {}),
      ...(sale.auction && lots ? { auction: sale.auction, lots } : {}),
      lines: sale.lines.map(({ id, name, sectionIds, shoppersMax, admitPerMinute, course }) => ({
        id,
        name,
        sectionIds,
        shoppersMax,
        admitPerMinute,
        ...(course === undefined ? {} : { course }),
      })),
      sections: sections.map(({ id, name, admission, capacity, price, attributes, focalPoint }) => ({
        id,
        name,
        admission,
        capacity,
        price,
        attributes,
        ...(focalPoint ? { focalPoint } : {}),
      })),
    }),
  ])
  for (const [sectionId, seats] of seatsOf) {
    const chunks = Array.from(
      { length: Math.ceil(seats.length / seatsPerMessage) },
      (_, chunk) => chunk * seatsPerMessage,
    )
    await outbox.publish(
      tx,
      chunks.map((start) =>
        fact('catalog.seats-published.v1', {
          saleId: sale.id,
          sectionId,
          from: start + 1,
          seats: seats.slice(start, start + seatsPerMessage),
        }),
      ),
    )
  }
}

const summaryOf = (event: StoredEvent): EventSummary => ({
  id: event.id,
  organiserId: event.organiserId,
  kind: event.kind,
  name: event.name,
  venue: event.venue,
  startsAt: event.startsAt.toISOString(),
  timeZone: event.timeZone,
  currency: event.currency,
  ...(hasFees(event.fees) ? { fees: event.fees } : {}),
})

/** What catalog listens to: which modules have built their tables for a sale, and what its sections cost by now. */
export function catalogSubscriptions(cache: EventCache): Subscription[] {
  const note = (event: SaleEvent) => async (tx: Tx, messages: readonly { data: { saleId: string } }[]) => {
    const outcome = saleTable.published[event]
    if (!('note' in outcome)) return
    const saleIds = messages.map(({ data }) => data.saleId)
    const eventIds = await store.noteReady(tx, outcome.note, saleIds)
    afterCommit(tx, () => eventIds.forEach(cache.forget))
  }
  return [
    on('waiting-room.sale-ready.v1', note('waiting-room-ready')),
    on('ballots.sale-ready.v1', note('waiting-room-ready')),
    on('auctions.sale-ready.v1', note('waiting-room-ready')),
    on('inventory.sale-ready.v1', note('inventory-ready')),
    on('inventory.price-changed.v1', async (tx, messages) => {
      const eventIds = await store.notePrices(
        tx,
        messages.map(({ data }) => data),
      )
      afterCommit(tx, () => eventIds.forEach(cache.forget))
    }),
  ]
}
