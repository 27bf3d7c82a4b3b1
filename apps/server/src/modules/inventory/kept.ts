import type { EventData } from '@fairgate/contracts/events'
import { idPrefixes } from '@fairgate/contracts/ids'
import { fact, type Fact, type Outbox } from '#platform/bus'
import type { Clock } from '#platform/clock'
import { afterCommit, type Tx } from '#platform/db'
import type { Hall } from './best-seats.ts'
import type { Hold } from './inventory-store.ts'
import * as store from './kept-store.ts'
import type { Sections } from './sections.ts'

type Deps = { outbox: Outbox; clock: Clock; sections: Sections; touched(sectionIds: ReadonlySet<string>): void }

/** Whether the seats of a hold were those of an offer. Other holds cost nothing here. */
const isOffered = (hold: Hold): boolean => hold.entitled?.startsWith(`${idPrefixes.offer}_`) ?? false

/**
 * Seats that go to the waitlist before the open sale. The waitlist says which sections somebody waits for, whom seats are
 * offered, when an offer is over and which seats nobody can use; the inventory keeps them and says when they are free.
 */
export function createKept({ outbox, clock, sections, touched }: Deps) {
  /** Called before the sold seats of these holds are freed. */
  async function returned(tx: Tx, holds: readonly Hold[]): Promise<void> {
    if (holds.length === 0) return
    const kept = await store.keepReturned(tx, holds, new Date(clock.now()))
    await tell(tx, kept, (holdId) => ({ returnedBy: holds.find((hold) => hold.id === holdId)!.accountId }))
  }

  /** Called when these holds have lost seats that were not sold: what an offer has left behind can be offered again. */
  async function freed(tx: Tx, holds: readonly Hold[]): Promise<void> {
    const offered = holds.filter(isOffered)
    if (offered.length === 0) return
    await tell(tx, await store.keptOf(tx, offered), () => ({}))
  }

  /** Seats that the organiser has just put back, to go to those who wait. */
  async function unblocked(tx: Tx, sectionId: string, seats: readonly { number: number }[]): Promise<void> {
    const numbers = seats.map(({ number }) => number)
    const kept = await store.keepFree(tx, sectionId, numbers, new Date(clock.now()))
    if (kept.length > 0) await outbox.publish(tx, [await keptFact(sectionId, kept, {})])
  }

  async function tell(
    tx: Tx,
    seats: readonly (store.KeptSeat & { holdId: string })[],
    more: (holdId: string) => { returnedBy?: string },
  ): Promise<void> {
    const facts: Fact[] = []
    for (const [key, list] of Map.groupBy(seats, ({ holdId, sectionId }) => `${holdId} ${sectionId}`)) {
      facts.push(await keptFact(list[0]!.sectionId, list, more(key.split(' ')[0]!)))
    }
    await outbox.publish(tx, facts)
  }

  async function keptFact(
    sectionId: string,
    seats: readonly store.KeptSeat[],
    more: { offerId?: string; returnedBy?: string },
  ): Promise<Fact> {
    const section = (await sections.find(sectionId))!
    const standing = section.admission === 'open' ? undefined : standingOf(await sections.hall(sectionId))
    return fact('inventory.seats-kept.v1', {
      saleId: section.saleId,
      sectionId,
      seats: seats.map(({ number, label }) => ({
        number,
        label,
        ...(standing?.get(number) ?? { run: null, at: number }),
      })),
      ...more,
    })
  }

  /** Of these holds, just sold, tells those that were an offer's. */
  async function sold(tx: Tx, holds: readonly Hold[]): Promise<void> {
    await outbox.publish(
      tx,
      holds.filter(isOffered).map(({ entitled, orderId, accountId, saleId, sectionId, seats }) =>
        fact('inventory.kept-seats-sold.v1', {
          saleId,
          sectionId,
          numbers: seats,
          offerId: entitled!,
          orderId: orderId!,
          accountId,
        }),
      ),
    )
  }

  const sectionsWaited = (tx: Tx, waited: readonly EventData<'waitlist.section-waited.v1'>[]): Promise<void> =>
    store.setWaited(tx, waited)

  const offersMade = (tx: Tx, offers: readonly EventData<'waitlist.offer-made.v1'>[]): Promise<void> =>
    store.keepForOffers(
      tx,
      offers.map(({ offerId, section, seats }) => ({
        offerId,
        sectionId: section.id,
        numbers: seats.map(({ number }) => number),
      })),
    )

  /** Each is answered, also when somebody has all of its seats. */
  async function offersOver(tx: Tx, offers: readonly EventData<'waitlist.offer-over.v1'>[]): Promise<void> {
    const free = Map.groupBy(await store.endOffers(tx, offers, new Date(clock.now())), ({ offerId }) => offerId)
    const facts: Fact[] = []
    for (const { offerId, sectionId } of offers)
      facts.push(await keptFact(sectionId, free.get(offerId) ?? [], { offerId }))
    await outbox.publish(tx, facts)
  }

  async function seatsReleased(tx: Tx, released: readonly EventData<'waitlist.seats-released.v1'>[]): Promise<void> {
    const sectionIds = await store.releaseKept(tx, released)
    afterCommit(tx, () => touched(new Set(sectionIds)))
  }

  return { returned, freed, unblocked, sold, sectionsWaited, offersMade, offersOver, seatsReleased }
}

export type Kept = ReturnType<typeof createKept>

const standings = new WeakMap<Hall, Map<number, { run: number; at: number }>>()

/** Where each seat stands in the runs of its section. */
function standingOf(hall: Hall): Map<number, { run: number; at: number }> {
  const known = standings.get(hall)
  if (known) return known
  const standing = new Map(hall.runs.flatMap((seats, run) => seats.map((number, at) => [number, { run, at }] as const)))
  standings.set(hall, standing)
  return standing
}
