import type { EventData } from '@fairgate/contracts/events'
import type { Currency } from '@fairgate/contracts/money'
import { maybeRow, row, rows, sql, type Db, type Tx } from '#platform/db'
import { accounts, type Account, type Entry } from './entry.ts'

/**
 * Posts the entries that are not in the books yet, in one statement.
 * @returns how many, and the orders that had ended before: what was posted for them is to be closed
 */
export async function post(tx: Tx, entries: readonly Entry[]): Promise<{ count: number; toClose: string[] }> {
  const posted = await rows(
    tx,
    sql<{ toClose: string | null }>`
      with posted as (
        insert into ledger.entries (order_id, kind, ref, event_id, section_id, at, currency, provider_name, seats,
                                    provider, buyer, organiser, fees, kept, discounts)
        select * from unnest(
          ${entries.map((e) => e.orderId)}::text[], ${entries.map((e) => e.kind)}::text[], ${entries.map((e) => e.ref)}::text[],
          ${entries.map((e) => e.eventId)}::text[], ${entries.map((e) => e.sectionId)}::text[],
          ${entries.map((e) => new Date(e.at))}::timestamptz[], ${entries.map((e) => e.currency)}::text[],
          ${entries.map((e) => e.providerName)}::text[], ${entries.map((e) => e.seats)}::integer[],
          ${entries.map((e) => e.provider)}::bigint[], ${entries.map((e) => e.buyer)}::bigint[],
          ${entries.map((e) => e.organiser)}::bigint[], ${entries.map((e) => e.fees)}::bigint[],
          ${entries.map((e) => e.kept)}::bigint[], ${entries.map((e) => e.discounts)}::bigint[])
        on conflict do nothing
        returning order_id)
      select ended.order_id as "toClose" from posted left join ledger.ended on ended.order_id = posted.order_id`,
  )
  return { count: posted.length, toClose: posted.flatMap(({ toClose }) => toClose ?? []) }
}

/** Notes that all money of these orders has gone back. */
export async function noteEnded(tx: Tx, orders: readonly { orderId: string; at: number }[]): Promise<void> {
  await sql`
    insert into ledger.ended (order_id, at)
    select * from unnest(${orders.map(({ orderId }) => orderId)}::text[], ${orders.map(({ at }) => new Date(at))}::timestamptz[])
    on conflict do nothing`.execute(tx)
}

/** Takes back whatever is booked for the seats of orders that have ended. @returns how many entries that took */
export async function close(tx: Tx, orderIds: readonly string[]): Promise<number> {
  const closed = await rows(
    tx,
    sql`
      insert into ledger.entries (order_id, kind, ref, event_id, section_id, at, currency, provider_name, seats,
                                  provider, buyer, organiser, fees, kept, discounts)
      select e.order_id, 'closed', count(*) filter (where e.kind = 'closed')::text, max(e.event_id), max(e.section_id),
             max(d.at), max(e.currency), null, -sum(e.seats), 0, -sum(e.buyer), -sum(e.organiser), -sum(e.fees), -sum(e.kept),
             -sum(e.discounts)
      from ledger.entries e join ledger.ended d on d.order_id = e.order_id
      where e.order_id = any(${orderIds}::text[]) and e.kind in ('fulfilled', 'returned', 'closed')
      group by e.order_id
      having sum(e.seats) <> 0 or sum(e.buyer) <> 0 or sum(e.organiser) <> 0 or sum(e.fees) <> 0 or sum(e.kept) <> 0
      returning 1`,
  )
  return closed.length
}

export async function saveSales(tx: Tx, sales: readonly EventData<'catalog.sale-published.v1'>[]): Promise<void> {
  const events = [...new Map(sales.map(({ event }) => [event.id, event])).values()]
  const sections = [
    ...new Map(
      sales.flatMap(({ event, sections: list }) =>
        list.map(({ id, name }) => [id, { id, name, eventId: event.id }] as const),
      ),
    ).values(),
  ]
  await Promise.all([
    sql`
      insert into ledger.events (id, organiser_id, name, currency, time_zone)
      select * from unnest(${events.map((e) => e.id)}::text[], ${events.map((e) => e.organiserId)}::text[],
        ${events.map((e) => e.name)}::text[], ${events.map((e) => e.currency)}::text[], ${events.map((e) => e.timeZone)}::text[])
      on conflict (id) do update set organiser_id = excluded.organiser_id, name = excluded.name`.execute(tx),
    sql`
      insert into ledger.sections (id, event_id, name)
      select * from unnest(${sections.map((s) => s.id)}::text[], ${sections.map((s) => s.eventId)}::text[],
        ${sections.map((s) => s.name)}::text[])
      on conflict (id) do update set name = excluded.name`.execute(tx),
  ])
}

export type LedgerEvent = { id: string; organiserId: string; name: string; currency: Currency; timeZone: string }

export const eventById = (db: Db, id: string) =>
  maybeRow(
    db,
    sql<LedgerEvent>`
      select id, organiser_id as "organiserId", name, currency, time_zone as "timeZone" from ledger.events where id = ${id}`,
  )

/** What happened on one day to one section of an event, or to the money of its orders (`sectionId` null). */
export type DayRow = {
  day: string
  sectionId: string | null
  section: string | null
  providerName: string | null
  seatsSold: number
  seatsReturned: number
  sold: number
  discounts: number
  fees: number
  refunded: number
  kept: number
  feesReturned: number
  received: number
  paidBack: number
  owed: number
}

/** The entries of an event by day (in the event's time zone), section and provider: every report is a sum of these. */
export const dayRows = (db: Db, { id, timeZone }: LedgerEvent) =>
  rows(
    db,
    sql<DayRow>`
      with e as (
        select to_char(at at time zone ${timeZone}, 'YYYY-MM-DD') as day, section_id, provider_name,
          coalesce(sum(seats) filter (where kind = 'fulfilled'), 0)::bigint as "seatsSold",
          coalesce(-sum(seats) filter (where kind in ('returned', 'closed')), 0)::bigint as "seatsReturned",
          coalesce(-sum(organiser) filter (where kind = 'fulfilled'), 0)::bigint as sold,
          coalesce(sum(discounts) filter (where kind = 'fulfilled'), 0)::bigint as discounts,
          coalesce(-sum(fees) filter (where kind = 'fulfilled'), 0)::bigint as fees,
          coalesce(-sum(buyer) filter (where kind in ('returned', 'closed')), 0)::bigint as refunded,
          (-sum(kept))::bigint as kept,
          coalesce(sum(fees) filter (where kind in ('returned', 'closed')), 0)::bigint as "feesReturned",
          coalesce(sum(provider) filter (where kind = 'captured'), 0)::bigint as received,
          coalesce(-sum(provider) filter (where kind = 'refunded'), 0)::bigint as "paidBack",
          (-sum(organiser + discounts + kept))::bigint as owed
        from ledger.entries where event_id = ${id}
        group by 1, 2, 3)
      select e.day, e.section_id as "sectionId", s.name as section, e.provider_name as "providerName", e."seatsSold",
             e."seatsReturned", e.sold, e.discounts, e.fees, e.refunded, e.kept, e."feesReturned", e.received, e."paidBack", e.owed
      from e left join ledger.sections s on s.id = e.section_id
      order by e.day, s.name, e.section_id, e.provider_name`,
  )

export type BalanceRow = {
  currency: Currency
  account: Account
  providerName: string | null
  debit: number
  credit: number
}

const sideOf = (account: Account, side: 'debit' | 'credit') =>
  sql.raw(
    `coalesce(${side === 'credit' ? '-' : ''}sum(${account}) filter (where ${account} ${side === 'debit' ? '>' : '<'} 0), 0)::bigint`,
  )

/** Debits and credits of each account, of one event or of all: in each currency they come to the same sum. */
export const balances = (db: Db, eventId: string | undefined) =>
  rows(
    db,
    sql<BalanceRow>`
      with e as (select * from ledger.entries where ${eventId ?? null}::text is null or event_id = ${eventId ?? null})
      ${sql.join(
        accounts.map((account) =>
          account === 'provider'
            ? sql`
                select currency, 'provider' as account, provider_name as "providerName",
                       ${sideOf(account, 'debit')} as debit, ${sideOf(account, 'credit')} as credit
                from e where provider_name is not null group by currency, provider_name`
            : sql`
                select currency, ${account} as account, null as "providerName",
                       ${sideOf(account, 'debit')} as debit, ${sideOf(account, 'credit')} as credit
                from e group by currency`,
        ),
        sql` union all `,
      )}`,
  )

/** Counts for the audit. `orphans` are of orders that gave back more seats than they had. */
export const auditCounts = (db: Db, eventId: string | undefined) =>
  row(
    db,
    sql<{ entries: number; sum: number; unbalanced: number; overReturned: number }>`
      with e as (select * from ledger.entries where ${eventId ?? null}::text is null or event_id = ${eventId ?? null}),
      sums as (select provider + buyer + organiser + fees + kept + discounts as sum from e)
      select (select count(*) from e) as entries,
             (select coalesce(sum(sum), 0)::bigint from sums) as sum,
             (select count(*) from sums where sum <> 0) as unbalanced,
             (select count(*) from (select 1 from e group by order_id having sum(seats) < 0) o) as "overReturned"`,
  )

/** For each order: the money that is here, what its seats are booked for, and how many they are. */
export const byOrder = (db: Db, eventId: string | undefined) =>
  rows(
    db,
    sql<{ orderId: string; received: number; booked: number; kept: number; seats: number }>`
      select order_id as "orderId", sum(provider)::bigint as received, (-sum(organiser + fees + kept + discounts))::bigint as booked,
             (-sum(kept))::bigint as kept,
             sum(seats)::bigint as seats
      from ledger.entries where ${eventId ?? null}::text is null or event_id = ${eventId ?? null}
      group by order_id`,
  )
