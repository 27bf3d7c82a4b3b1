import { rows, sql, type Tx } from '#platform/db'
import { listedSeats, unclaimed, type Hold } from './inventory-store.ts'
import type { SeatKey } from './seat.ts'

/*
 * Seats kept for the waitlist. Such a seat is kept for `waitlist` while it waits to be offered, and for an offer, by its
 * id, while that lasts; so the last word on who may take it is the seat's row, whatever pass somebody still has.
 */
export const waitlist = 'waitlist'

export type KeptSeat = SeatKey & { label: string }

/** Notes which sections somebody waits for. */
export async function setWaited(tx: Tx, sections: readonly { sectionId: string; isWaited: boolean }[]): Promise<void> {
  const waited = sections.filter(({ isWaited }) => isWaited).map(({ sectionId }) => sectionId)
  const others = sections.filter(({ isWaited }) => !isWaited).map(({ sectionId }) => sectionId)
  await sql`
    with gone as (delete from inventory.waited_sections where section_id = any(${others}::text[]))
    insert into inventory.waited_sections (section_id) select unnest(${waited}::text[]) on conflict do nothing`.execute(
    tx,
  )
}

/**
 * Keeps the sold seats of these holds, about to be freed, where somebody waits for their section. Seats of an allotment
 * and accessible ones stay their own. @returns those that are kept now, by the hold that had them
 */
export const keepReturned = (tx: Tx, holds: readonly Hold[], now: Date): Promise<(KeptSeat & { holdId: string })[]> =>
  rows(
    tx,
    sql<KeptSeat & { holdId: string }>`
      with mine as (
        select s.section_id, s.number, w.section_id is not null as is_waited, a.closes_at
        from ${listedSeats(holds)}
        join inventory.seats s on s.section_id = n.section_id and s.number = n.number and s.hold_id = n.hold_id
        join inventory.sections p on p.id = s.section_id
        join inventory.sales a on a.id = p.sale_id
        left join inventory.waited_sections w on w.section_id = s.section_id
        where s.state = 3 and (s.kept_for = ${waitlist} or s.kept_for like 'ofr\\_%'
              or w.section_id is not null and a.closes_at > ${now} and (s.kept_until is null or s.kept_until <= ${now}))
        order by s.section_id, s.number
        for update of s),
      kept as (
        update inventory.seats s
        set kept_for = case when mine.is_waited then ${waitlist} end, kept_until = case when mine.is_waited then mine.closes_at end
        from mine where s.section_id = mine.section_id and s.number = mine.number
        returning s.section_id, s.number, s.label, s.hold_id, s.kept_for, s.kept_until),
      releases as (
        insert into inventory.releases (section_id, at)
        select distinct section_id, kept_until from kept where kept_for is not null on conflict do nothing),
      noted as (
        insert into inventory.changes (section_id, steps) select section_id, count(*) from kept group by section_id)
      select section_id as "sectionId", number, label, hold_id as "holdId" from kept
      where kept_for is not null order by section_id, number`,
  )

/** Keeps these free seats where somebody waits for their section; those kept for somebody else stay so. @returns which */
export const keepFree = (tx: Tx, sectionId: string, numbers: readonly number[], now: Date): Promise<KeptSeat[]> =>
  rows(
    tx,
    sql<KeptSeat>`
      with mine as (
        select s.section_id, s.number, a.closes_at
        from inventory.seats s
        join inventory.waited_sections w on w.section_id = s.section_id
        join inventory.sections p on p.id = s.section_id
        join inventory.sales a on a.id = p.sale_id
        where s.section_id = ${sectionId} and s.number = any(${numbers}::int[]) and s.state = 0
          and (s.kept_until is null or s.kept_until <= ${now}) and a.closes_at > ${now}
        order by s.number for update of s),
      kept as (
        update inventory.seats s set kept_for = ${waitlist}, kept_until = mine.closes_at from mine
        where s.section_id = mine.section_id and s.number = mine.number
        returning s.section_id, s.number, s.label, s.kept_until),
      releases as (
        insert into inventory.releases (section_id, at) select distinct section_id, kept_until from kept on conflict do nothing)
      select section_id as "sectionId", number, label from kept order by number`,
  )

/** Of the seats that these holds listed, those that nobody has and that wait to be offered. */
export const keptOf = (tx: Tx, holds: readonly Hold[]): Promise<(KeptSeat & { holdId: string })[]> =>
  rows(
    tx,
    sql<KeptSeat & { holdId: string }>`
      select s.section_id as "sectionId", s.number, s.label, n.hold_id as "holdId"
      from ${listedSeats(holds)}
      join inventory.seats s on s.section_id = n.section_id and s.number = n.number
      where s.state = 0 and s.kept_for = ${waitlist}
      order by s.section_id, s.number`,
  )

export type OfferSeats = { offerId: string; sectionId: string; numbers: readonly number[] }

const listedOf = (offers: readonly OfferSeats[]) => {
  const seats = offers.flatMap(({ offerId, sectionId, numbers }) =>
    numbers.map((number) => ({ offerId, sectionId, number })),
  )
  return sql`
    unnest(${seats.map((s) => s.offerId)}::text[], ${seats.map((s) => s.sectionId)}::text[], ${seats.map((s) => s.number)}::int[])
      as n (offer_id, section_id, number)`
}

/** From now on these seats are for their offers alone. */
export async function keepForOffers(tx: Tx, offers: readonly OfferSeats[]): Promise<void> {
  await sql`
    with mine as (
      select s.section_id, s.number, n.offer_id from ${listedOf(offers)}
      join inventory.seats s on s.section_id = n.section_id and s.number = n.number
      where s.kept_for = ${waitlist}
      order by s.section_id, s.number for update of s)
    update inventory.seats s set kept_for = mine.offer_id from mine
    where s.section_id = mine.section_id and s.number = mine.number`.execute(tx)
}

/**
 * Seats of these offers are theirs no more. What somebody has stays his; a hold whose time is over loses them here.
 * @returns those that nobody has
 */
export const endOffers = (
  tx: Tx,
  offers: readonly OfferSeats[],
  now: Date,
): Promise<(KeptSeat & { offerId: string })[]> =>
  rows(
    tx,
    sql<KeptSeat & { offerId: string }>`
      with mine as (
        select s.section_id, s.number, n.offer_id, ${unclaimed(now)} as is_free, s.state = 1 as was_held
        from ${listedOf(offers)}
        join inventory.seats s on s.section_id = n.section_id and s.number = n.number
        where s.kept_for = n.offer_id and s.state <> 3
        order by s.section_id, s.number for update of s),
      ended as (
        update inventory.seats s
        set kept_for = ${waitlist}, state = case when mine.is_free then 0 else s.state end,
            hold_id = case when not mine.is_free then s.hold_id end, held_until = case when not mine.is_free then s.held_until end
        from mine where s.section_id = mine.section_id and s.number = mine.number
        returning s.section_id, s.number, s.label, mine.offer_id, mine.is_free, mine.was_held),
      noted as (
        insert into inventory.changes (section_id, steps)
        select section_id, count(*) from ended where is_free and was_held group by section_id)
      select section_id as "sectionId", number, label, offer_id as "offerId" from ended
      where is_free order by section_id, number`,
  )

/** These seats are for everybody again. @returns the sections in which there were some */
export async function releaseKept(
  tx: Tx,
  released: readonly { sectionId: string; numbers: readonly number[] }[],
): Promise<string[]> {
  const seats = released.flatMap(({ sectionId, numbers }) => numbers.map((number) => ({ sectionId, number })))
  const found = await rows(
    tx,
    sql<{ sectionId: string }>`
      with mine as (
        select s.section_id, s.number
        from unnest(${seats.map((s) => s.sectionId)}::text[], ${seats.map((s) => s.number)}::int[]) as n (section_id, number)
        join inventory.seats s on s.section_id = n.section_id and s.number = n.number
        where s.kept_for = ${waitlist}
        order by s.section_id, s.number for update of s),
      moved as (
        update inventory.seats s set kept_for = null, kept_until = null from mine
        where s.section_id = mine.section_id and s.number = mine.number returning s.section_id),
      noted as (
        insert into inventory.changes (section_id, steps) select section_id, 2 * count(*) from moved group by section_id)
      select distinct section_id as "sectionId" from moved`,
  )
  return found.map(({ sectionId }) => sectionId)
}
