import type { EventData, EventType } from '@fairgate/contracts/events'
import { fact, factsAbout, on, type Subscription } from '#platform/bus'
import { createCancelling, type Cancelled } from '#platform/cancelling'
import { afterCommit, type Tx } from '#platform/db'
import type { Platform } from '#platform/platform'
import type { Documents } from './documents.ts'
import { joined } from './entries.ts'
import { nextState } from './offer.ts'
import { end } from './offering.ts'
import { createJournal, type Journal, type Sale } from './waitlist.ts'
import * as store from './waitlist-store.ts'

export const subscribes = [
  'catalog.sale-published.v1',
  'catalog.event-cancelled.v1',
  'inventory.stock-changed.v1',
  'inventory.seats-kept.v1',
  'inventory.kept-seats-sold.v1',
] as const satisfies readonly EventType[]

type Deps = Pick<Platform, 'outbox' | 'clock' | 'racepoints'> & { documents: Documents }
type Work = { sale: Sale; journal: Journal; now: Date }

/** The facts that waitlists follow from. Orders are none of them: the inventory tells what becomes of offered seats. */
export const createSubscriptions = ({ outbox, clock, racepoints, documents }: Deps): Subscription[] => {
  /** Handles facts of sales one by one, in their order, the sales locked before. */
  async function onSales<D extends { saleId: string }>(
    tx: Tx,
    facts: readonly D[],
    handle: (work: Work, data: D) => Promise<void>,
  ): Promise<void> {
    const now = new Date(clock.now())
    const sales = await store.lockSales(tx, new Set(facts.map(({ saleId }) => saleId)))
    const works = new Map(sales.map((sale) => [sale.id, { sale, journal: createJournal(sale, now), now }]))
    for (const data of facts) {
      const work = works.get(data.saleId)
      if (work) await handle(work, data)
    }
    await store.appendRecords(
      tx,
      [...works.values()].map(({ journal }) => journal),
      true,
    )
    await racepoints.reach('waitlist.facts-written')
    afterCommit(tx, () => documents.expire(works.keys()))
  }

  /**
   * Seats that nobody has. Those of an offer count only once the inventory has answered that it is over: before, its owner
   * may still take them.
   */
  async function seatsKept(
    tx: Tx,
    { sale, journal, now }: Work,
    data: EventData<'inventory.seats-kept.v1'>,
  ): Promise<void> {
    const { sectionId, seats, offerId, returnedBy } = data
    if (returnedBy !== undefined) await moveToEnd(tx, sale, journal, returnedBy)
    if (offerId !== undefined) await store.noteAnswers(tx, [offerId], now)
    const known = new Map(
      (
        await store.seatsOf(
          tx,
          seats.map(({ number }) => ({ sectionId, number })),
        )
      ).map((seat) => [seat.number, seat]),
    )
    const atHand = seats.filter(({ number }) => {
      const before = known.get(number)
      return !before || (before.offerId !== null && before.isAnswered)
    })
    if (atHand.length === 0) return
    await store.putAtHand(
      tx,
      sale.id,
      atHand.map((seat) => ({ sectionId, ...seat })),
    )
    for (const [offer, list] of Map.groupBy(atHand, ({ number }) => known.get(number)?.record ?? null))
      journal.add({ kind: 'kept', sectionId, seats: list.map(({ number, run, at }) => [number, run, at]), offer })
  }

  /** Who gives seats of a sale back is not the first to be offered them. */
  async function moveToEnd(tx: Tx, sale: Sale, journal: Journal, accountId: string): Promise<void> {
    const [entry] = await store.entriesOf(tx, [{ saleId: sale.id, accountId }])
    if (entry?.state !== 'waiting') return
    journal.add({ kind: 'left', number: entry.number, why: 'returned-seats' })
    await store.writeEntries(tx, [{ ...entry, number: joined(journal, entry) }])
  }

  async function seatsSold(
    tx: Tx,
    { sale, journal, now }: Work,
    data: EventData<'inventory.kept-seats-sold.v1'>,
  ): Promise<void> {
    const [offer] = await store.lockOffers(tx, [data.offerId])
    if (!offer) return
    const sold = await store.forgetSold(tx, offer.id, data.sectionId, data.numbers)
    if (sold.length === 0) return
    journal.add({ kind: 'sold', offer: offer.record, sectionId: data.sectionId, seats: sold })
    if (offer.overAt === null) {
      // What is left of it goes on at once.
      journal.add({ kind: 'offer-over', offer: offer.record, why: 'bought' })
      await end(tx, outbox, [offer], now)
    }
    await store.moveOffers(tx, [
      { id: offer.id, state: nextState(offer.state, 'buy'), bought: offer.bought + sold.length },
    ])
    await store.endEntries(tx, sale.id, [offer.number])
  }

  /** The event is cancelled: nothing is offered any more, nobody waits, and whoever did is told. Again, nothing. */
  async function cancel(tx: Tx, { sale, journal, now }: Work, { at, note }: Cancelled): Promise<void> {
    if (sale.method !== 'queue' || sale.closedAt !== null) return
    sale.closedAt = now
    journal.add({ kind: 'closed' })
    // Who waited until the sale was over has nothing to hear.
    const hopeful = at < sale.closesAt ? await store.hopeful(tx, sale.id) : []
    const told = { saleId: sale.id, event: sale.event, note }
    await outbox.publish(
      tx,
      factsAbout(hopeful, (accountIds) => fact('waitlist.waitlist-cancelled.v1', { ...told, accountIds })),
    )
    await store.closeSale(tx, sale.id, now)
  }

  const cancelling = createCancelling('waitlist.cancelled_sales', (tx, sales) =>
    onSales(
      tx,
      sales.map((sale) => ({ ...sale, saleId: sale.id })),
      (work, sale) => cancel(tx, work, sale),
    ),
  )

  return [
    on('catalog.sale-published.v1', async (tx, messages) => {
      const opened: EventData<'catalog.sale-published.v1'>[] = []
      for (const { data } of messages) if (await store.insertSale(tx, data)) opened.push(data)
      await onSales(tx, opened, async ({ sale: { id: saleId, offerSeconds, closesAt }, journal }) => {
        journal.add({ kind: 'opened', saleId, closesAt: closesAt.toISOString(), offerSeconds })
      })
      await cancelling.known(
        tx,
        opened.map(({ saleId }) => saleId),
      )
    }),

    on('catalog.event-cancelled.v1', (tx, messages) =>
      cancelling.heard(
        tx,
        messages.flatMap(({ data: { saleIds, at, note } }) => saleIds.map((id) => ({ id, at: new Date(at), note }))),
      ),
    ),

    on('inventory.stock-changed.v1', (tx, messages) =>
      store.setFull(
        tx,
        messages.flatMap(({ data }) => data.sections.map(({ sectionId, free }) => ({ sectionId, isFull: free === 0 }))),
      ),
    ),

    on('inventory.seats-kept.v1', (tx, messages) =>
      onSales(
        tx,
        messages.map(({ data }) => data),
        (work, data) => seatsKept(tx, work, data),
      ),
    ),

    on('inventory.kept-seats-sold.v1', (tx, messages) =>
      onSales(
        tx,
        messages.map(({ data }) => data),
        (work, data) => seatsSold(tx, work, data),
      ),
    ),
  ]
}
