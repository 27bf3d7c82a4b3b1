import { createMatching, type KeptSeat } from '@fairgate/contracts/waitlist-order'
import { fact, type Fact } from '#platform/bus'
import { afterCommit, exclusive, type Tx } from '#platform/db'
import type { Loop } from '#platform/loop'
import type { Platform } from '#platform/platform'
import type { Documents } from './documents.ts'
import { nextState } from './offer.ts'
import { createJournal, mayOffer, type Journal, type Sale } from './waitlist.ts'
import * as store from './waitlist-store.ts'
import type { NewOffer, Offer, Seat } from './waitlist-store.ts'

type Deps = Pick<Platform, 'db' | 'clock' | 'ids' | 'outbox' | 'metrics' | 'racepoints'> & { documents: Documents }

const salesAtOnceMax = 50
/** Offers made, ended or reminded of in one transaction. */
const offersMax = 1000
const pageMax = 500

/** The owner of an offer is reminded when a quarter of its time is left, three hours at most. */
const remindMs = (offerSeconds: number): number => Math.min(10_800_000, offerSeconds * 250)

/**
 * Offers the seats at hand to whoever is first in order and can use them, ends offers whose time is over, and gives what
 * nobody can use back to the open sale. Whoever does it holds the sale's row, so it happens once; it looks at the clock
 * and at the database only, so it goes on after any pause where it was.
 */
export function createOffering({ db, clock, ids, outbox, metrics, racepoints, documents }: Deps): Loop {
  const made = metrics.counter('fairgate_offers_total', 'Offers of returned seats to people who wait')
  const ended = metrics.counter('fairgate_offers_lapsed_total', 'Offers whose time passed and nothing was bought')
  const released = metrics.counter(
    'fairgate_waitlist_seats_released_total',
    'Returned seats that nobody who waits could use',
  )

  async function work(saleId: string): Promise<boolean> {
    const more = await exclusive(db, `waitlist.offers ${saleId}`, async (tx) => {
      const [sale] = await store.lockSales(tx, [saleId])
      if (!sale) return false
      const now = new Date(clock.now())
      const journal = createJournal(sale, now)
      const parts = [
        await endDue(tx, sale, journal, now),
        await settle(tx, sale),
        await give(tx, sale, journal, now),
        await remind(tx, sale, now),
      ]
      await tellUnwaited(tx, sale)
      const isMore = parts.includes(true)
      await store.appendRecords(tx, [journal], isMore)
      await racepoints.reach('waitlist.before-commit')
      afterCommit(tx, () => documents.expire([saleId]))
      return isMore
    })
    return more ?? false
  }

  /** Nothing more can be begun with offers whose time is over; the inventory answers which of their seats nobody has. */
  async function endDue(tx: Tx, sale: Sale, journal: Journal, now: Date): Promise<boolean> {
    const until = sale.closedAt === null ? now : new Date(8.64e15)
    const due = await store.offersToEnd(tx, sale.id, until, offersMax)
    for (const { record, until: end } of due)
      journal.add({ kind: 'offer-over', offer: record, why: end <= now ? 'deadline' : 'closed' })
    await end(tx, outbox, due, now)
    return due.length === offersMax
  }

  /** Offers that are over and have brought back all of their seats have lapsed, or were withdrawn with their event. */
  async function settle(tx: Tx, sale: Sale): Promise<boolean> {
    const ending = sale.closedAt === null ? 'lapse' : 'cancel'
    const over = await store.offersToSettle(tx, sale.id, offersMax)
    if (over.length === 0) return false
    await store.moveOffers(
      tx,
      over.map(({ id, state, bought }) => ({ id, state: nextState(state, ending), bought })),
    )
    await store.endEntries(
      tx,
      sale.id,
      over.map(({ number }) => number),
    )
    // Whose event was cancelled hears that, and nothing of a time that has passed.
    if (sale.closedAt === null)
      await outbox.publish(
        tx,
        over.map((offer) => fact('waitlist.offer-lapsed.v1', factsOf(sale, offer))),
      )
    afterCommit(tx, () => ended.add({}, over.length))
    return over.length === offersMax
  }

  async function give(tx: Tx, sale: Sale, journal: Journal, now: Date): Promise<boolean> {
    const atHand = await store.seatsAtHand(tx, sale.id)
    if (atHand.length === 0) return false
    await racepoints.reach('waitlist.before-offers')
    const isOffering = mayOffer(sale, now.getTime())
    const matching = createMatching(Map.groupBy<string, KeptSeat & Seat>(atHand, ({ sectionId }) => sectionId))
    const labels = new Map(atHand.map(({ sectionId, number, label }) => [`${sectionId} ${number}`, label]))
    const offers: NewOffer[] = []
    for (let after = 0; isOffering && offers.length < offersMax;) {
      const [sectionIds, most] = [[...matching.left().keys()], matching.most()]
      const page = most === 0 ? [] : await store.waitingPage(tx, sale.id, sectionIds, most, after, pageMax)
      for (const entry of page) {
        const match = matching.give(entry)
        if (match) offers.push(offerOf(sale, journal, entry, match, labels, now))
      }
      if (page.length < pageMax) break
      after = page.at(-1)!.number
    }
    if (offers.length > 0) {
      await store.insertOffers(tx, offers)
      await outbox.publish(
        tx,
        offers.map((offer) => fact('waitlist.offer-made.v1', factsOf(sale, offer))),
      )
      afterCommit(tx, () => made.add({}, offers.length))
    }
    if (offers.length >= offersMax) return true
    await release(tx, sale, journal, matching.left(), !isOffering)
    return false
  }

  function offerOf(
    sale: Sale,
    journal: Journal,
    { number, accountId }: store.Entry,
    { sectionId, seats }: { sectionId: string; seats: number[] },
    labels: ReadonlyMap<string, string>,
    now: Date,
  ): NewOffer {
    const until = new Date(now.getTime() + sale.offerSeconds * 1000)
    return {
      id: ids('offer'),
      saleId: sale.id,
      record: journal.add({ kind: 'offered', number, sectionId, seats, until: until.toISOString() }),
      number,
      accountId,
      sectionId,
      seats,
      labels: seats.map((seat) => labels.get(`${sectionId} ${seat}`)!),
      offeredAt: now,
      until,
      remindAt: new Date(until.getTime() - remindMs(sale.offerSeconds)),
    }
  }

  /** Nobody who waits can use these seats now: no seat idles. */
  async function release(
    tx: Tx,
    sale: Sale,
    journal: Journal,
    left: ReadonlyMap<string, readonly KeptSeat[]>,
    closing: boolean,
  ): Promise<void> {
    const facts: Fact[] = []
    for (const [sectionId, seats] of left) {
      const numbers = seats.map(({ number }) => number).toSorted((a, b) => a - b)
      journal.add({ kind: 'released', sectionId, seats: numbers, closing })
      await store.forgetAtHand(tx, sectionId, numbers)
      facts.push(fact('waitlist.seats-released.v1', { saleId: sale.id, sectionId, numbers }))
      afterCommit(tx, () => released.add({}, numbers.length))
    }
    await outbox.publish(tx, facts)
  }

  async function remind(tx: Tx, sale: Sale, now: Date): Promise<boolean> {
    const due = await store.offersToRemindOf(tx, sale.id, now, offersMax)
    await outbox.publish(
      tx,
      due.map((offer) => fact('waitlist.offer-ending.v1', factsOf(sale, offer))),
    )
    return due.length === offersMax
  }

  /** Sections that nobody waits for any more: what comes back of them goes to the open sale. */
  async function tellUnwaited(tx: Tx, sale: Sale): Promise<void> {
    const sectionIds = await store.noLongerWaited(tx, sale.id)
    if (sectionIds.length === 0) return
    await store.setWaited(tx, sectionIds, false)
    await outbox.publish(
      tx,
      sectionIds.map((sectionId) =>
        fact('waitlist.section-waited.v1', { saleId: sale.id, sectionId, isWaited: false }),
      ),
    )
  }

  return {
    name: 'waitlist.offers',
    intervalMs: 500,
    async run() {
      let more = false
      for (const saleId of await store.salesWithWork(db, new Date(clock.now()), salesAtOnceMax))
        more = (await work(saleId)) || more
      return more
    },
  }
}

/** Ends offers and asks the inventory which of their seats nobody has. */
export async function end(
  tx: Tx,
  outbox: Pick<Platform, 'outbox'>['outbox'],
  offers: readonly Offer[],
  now: Date,
): Promise<void> {
  if (offers.length === 0) return
  await store.endOffers(
    tx,
    offers.map(({ id }) => id),
    now,
  )
  await outbox.publish(
    tx,
    offers.map(({ id: offerId, saleId, sectionId, seats: numbers }) =>
      fact('waitlist.offer-over.v1', { offerId, saleId, sectionId, numbers }),
    ),
  )
}

const factsOf = (
  sale: Sale,
  {
    id,
    accountId,
    sectionId,
    seats,
    labels,
    until,
  }: Pick<Offer, 'id' | 'accountId' | 'sectionId' | 'seats' | 'labels' | 'until'>,
) => ({
  offerId: id,
  accountId,
  saleId: sale.id,
  event: sale.event,
  section: { id: sectionId, name: sale.sections.find((section) => section.id === sectionId)!.name },
  seats: seats.map((number, i) => ({ number, label: labels[i]! })),
  until: until.toISOString(),
})
