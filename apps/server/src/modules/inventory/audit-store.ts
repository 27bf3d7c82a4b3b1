import { row, rows, sql, type Db } from '#platform/db'
import type { Counts } from './inventory-store.ts'

/** Whether the sale `a` is of this event; of any without one. */
const isOf = (eventId: string | undefined) => sql`(${eventId ?? null}::text is null or a.event_id = ${eventId ?? null})`

/** How often a promise is broken, and one of the cases. */
export type Found = { count: number; example: string | null }

export type AuditCounts = Counts & { capacity: number; sections: number; unlikeCapacity: number; lapsed: number }

/** Seats by state, of the sections of one event or of all, and how many sections do not have as many seats as they should. */
export const auditSeats = (db: Db, eventId: string | undefined, now: Date): Promise<AuditCounts> =>
  row(
    db,
    sql<AuditCounts>`
      with counted as (
        select s.id, s.capacity, c.* from inventory.sections s join inventory.sales a on a.id = s.sale_id,
          lateral (select count(*) as seats, count(*) filter (where state = 0) as free, count(*) filter (where state = 1) as held,
                          count(*) filter (where state = 1 and held_until <= ${now}) as lapsed, count(*) filter (where state = 2) as secured,
                          count(*) filter (where state = 3) as sold, count(*) filter (where state = 4) as blocked
                   from inventory.seats t where t.section_id = s.id) c
        where a.ready_at is not null and ${isOf(eventId)})
      select count(*) as sections, coalesce(sum(capacity), 0)::bigint as capacity, coalesce(sum(free), 0)::bigint as free,
             coalesce(sum(held), 0)::bigint as held, coalesce(sum(lapsed), 0)::bigint as lapsed, coalesce(sum(secured), 0)::bigint as secured,
             coalesce(sum(sold), 0)::bigint as sold, coalesce(sum(blocked), 0)::bigint as blocked,
             count(*) filter (where free + held + secured + sold + blocked <> capacity or seats <> capacity) as "unlikeCapacity"
      from counted`,
  )

const seatStateOf = sql`case h.state when 'held' then 1 when 'secured' then 2 when 'sold' then 3 end`

/** Seats whose claim points to a hold that does not list them, or is in another state than they are. */
export const strayClaims = (db: Db, eventId: string | undefined): Promise<Found> =>
  row(
    db,
    sql<Found>`
      select count(*), min(s.section_id || ' ' || s.number) as example
      from inventory.seats s join inventory.sections t on t.id = s.section_id join inventory.sales a on a.id = t.sale_id
      left join inventory.holds h on h.id = s.hold_id
      where s.hold_id is not null and ${isOf(eventId)}
        and (h.id is null or h.section_id <> s.section_id or not s.number = any(h.seats) or s.state is distinct from ${seatStateOf})`,
  )

/** Live holds that do not have every one of their seats. */
export const brokenHolds = (db: Db, eventId: string | undefined, now: Date): Promise<Found> =>
  row(
    db,
    sql<Found>`
      select count(*), min(h.id) as example
      from inventory.holds h join inventory.sales a on a.id = h.sale_id
      where h.state in ('held', 'secured', 'sold') and (h.state <> 'held' or h.expires_at > ${now})
        and ${isOf(eventId)}
        and cardinality(h.seats) <> (select count(*) from inventory.seats s
                                     where s.section_id = h.section_id and s.number = any(h.seats) and s.hold_id = h.id and s.state = ${seatStateOf})`,
  )

/** Accounts that hold or own more seats of a sale than its limit. */
export const overLimit = (db: Db, eventId: string | undefined, now: Date): Promise<Found> =>
  row(
    db,
    sql<Found>`
      select count(*), min(account_id) as example from (
        select h.account_id from inventory.holds h join inventory.sales a on a.id = h.sale_id
        where h.state in ('held', 'secured', 'sold') and (h.state <> 'held' or h.expires_at > ${now})
          and ${isOf(eventId)}
        group by h.sale_id, h.account_id, a.limit_per_account
        having sum(cardinality(h.seats)) > a.limit_per_account) over_limit`,
  )

/** Seats in state sold by the order that they were sold to. */
export const soldSeats = (db: Db, eventId: string | undefined): Promise<{ orderId: string; count: number }[]> =>
  rows(
    db,
    sql<{ orderId: string; count: number }>`
      select coalesce(h.order_id, 'none') as "orderId", count(*)
      from inventory.seats s join inventory.sections t on t.id = s.section_id join inventory.sales a on a.id = t.sale_id
      left join inventory.holds h on h.id = s.hold_id
      where s.state = 3 and ${isOf(eventId)}
      group by 1`,
  )
