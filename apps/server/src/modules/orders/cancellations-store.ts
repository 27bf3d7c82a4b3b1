import type { Currency } from '@fairgate/contracts/money'
import { maybeRow, row, rows, sql, type Db, type Tx } from '#platform/db'
import { underWay } from './order.ts'

/** A cancellation of many orders, and how far it is. Times are epoch milliseconds. */
export type Cancellation = {
  id: string
  eventId: string
  orderIds: readonly string[] | null
  sectionId: string | null
  percent: number
  reason: 'organiser' | 'event-cancelled'
  note: string
  evenUsed: boolean
  accountId: string
  state: 'running' | 'paused' | 'done'
  ordersTotal: number
  ordersSeen: number
  cursor: string
  createdAt: number
  nextAt: number
  finishedAt: number | null
}

type Stored = {
  [K in keyof Cancellation]: K extends 'createdAt' | 'nextAt'
    ? Date
    : K extends 'finishedAt'
      ? Date | null
      : Cancellation[K]
}

const columns = sql`
  id, event_id as "eventId", order_ids as "orderIds", section_id as "sectionId", percent, reason, note, even_used as "evenUsed",
  account_id as "accountId", state, orders_total as "ordersTotal", orders_seen as "ordersSeen", cursor, created_at as "createdAt",
  next_at as "nextAt", finished_at as "finishedAt"`

/** Which orders a cancellation is about: those that there were when it began, or of a cancelled event all. */
type Scope = Pick<Cancellation, 'eventId' | 'orderIds' | 'sectionId' | 'reason' | 'createdAt'>
const within = ({ eventId, orderIds, sectionId, reason, createdAt }: Scope) => sql`
  event_id = ${eventId} and (placed_at <= ${new Date(createdAt)} or ${reason === 'event-cancelled'}) and (${orderIds}::text[] is null or id = any(${orderIds}::text[]))
  and (${sectionId}::text is null or section_id = ${sectionId})`

/** @returns false when this event has been cancelled before */
export async function insertCancellation(
  tx: Tx,
  given: Omit<Cancellation, 'state' | 'ordersTotal' | 'ordersSeen' | 'cursor' | 'nextAt' | 'finishedAt'>,
): Promise<boolean> {
  const at = new Date(given.createdAt)
  const inserted = await rows(
    tx,
    sql`
      insert into orders.cancellations (id, event_id, order_ids, section_id, percent, reason, note, even_used, account_id, state,
                                        orders_total, created_at, next_at)
      values (${given.id}, ${given.eventId}, ${given.orderIds}::text[], ${given.sectionId}, ${given.percent}, ${given.reason},
              ${given.note}, ${given.evenUsed}, ${given.accountId}, 'running',
              (select count(*) from orders.orders where state = 'fulfilled' and ${within(given)}), ${at}, ${at})
      on conflict do nothing returning id`,
  )
  return inserted.length === 1
}

/** A running cancellation that is due, locked: one process works on it at a time, and another takes over at once. */
export const lockDue = (tx: Tx, now: number): Promise<Cancellation | undefined> =>
  maybeRow(
    tx,
    sql<Stored>`
      select ${columns} from orders.cancellations where state = 'running' and next_at <= ${new Date(now)}
      order by next_at, id limit 1 for update skip locked`,
  ).then((found) => found && toCancellation(found))

export const cancellationById = (
  db: Db | Tx,
  id: string,
  { locked = false }: { locked?: boolean } = {},
): Promise<Cancellation | undefined> =>
  maybeRow(
    db,
    sql<Stored>`select ${columns} from orders.cancellations where id = ${id} ${locked ? sql`for update` : sql``}`,
  ).then((found) => found && toCancellation(found))

export const cancellationsOfEvent = async (db: Db, eventId: string, limit: number): Promise<Cancellation[]> =>
  (
    await rows(
      db,
      sql<Stored>`select ${columns} from orders.cancellations where event_id = ${eventId} order by id desc limit ${limit}`,
    )
  ).map(toCancellation)

/** Writes how far a cancellation is. */
export async function updateCancellation(tx: Tx, cancellation: Cancellation): Promise<void> {
  const { id, state, ordersSeen, cursor, nextAt, finishedAt } = cancellation
  await sql`
    update orders.cancellations
    set state = ${state}, orders_seen = ${ordersSeen}, cursor = ${cursor}, next_at = ${new Date(nextAt)},
        finished_at = ${finishedAt === null ? null : new Date(finishedAt)}
    where id = ${id}`.execute(tx)
}

/** The next orders after the cursor that have tickets to take back or may still be paid. */
export const ordersToCancel = (tx: Tx, scope: Cancellation, limit: number) =>
  rows(
    tx,
    sql<{ id: string; state: 'fulfilled' | 'awaiting-payment' }>`
      select id, state from orders.orders
      where id > ${scope.cursor} and state in ('fulfilled', 'awaiting-payment') and ${within(scope)}
      order by id limit ${limit}`,
  )

/** Orders within the scope that may yet become fulfilled, and returns there whose outcome is open. */
export const openWithin = (tx: Tx, scope: Cancellation) =>
  row(
    tx,
    sql<{ orders: number; asked: number; own: number }>`
      select (select count(*) from orders.orders
              where state = any(${['awaiting-payment', ...underWay]}::text[])
                and ${within(scope)}) as orders,
             (select count(*) from orders.returns r where r.event_id = ${scope.eventId} and r.state = 'asked') as asked,
             (select count(*) from orders.returns r where r.cancellation_id = ${scope.id} and r.state in ('asked', 'refunding')) as own`,
  )

/** How many returns of a cancellation are not finished. */
export const openReturns = async (tx: Tx, id: string): Promise<number> => {
  const { count } = await row(
    tx,
    sql<{ count: number }>`
      select count(*) from orders.returns where cancellation_id = ${id} and state in ('asked', 'refunding')`,
  )
  return count
}

export type Tally = {
  asked: number
  refunding: number
  done: number
  refused: number
  seats: number
  refund: number
  refunded: number
}

/** What has become of these cancellations' returns. */
export async function tallies(db: Db | Tx, ids: readonly string[]): Promise<Map<string, Tally>> {
  const found = await rows(
    db,
    sql<Tally & { id: string }>`
      select cancellation_id as id, count(*) filter (where state = 'asked') as asked, count(*) filter (where state = 'refunding') as refunding,
             count(*) filter (where state = 'done') as done, count(*) filter (where state = 'refused') as refused,
             coalesce(sum(jsonb_array_length(seats)) filter (where state <> 'refused'), 0)::bigint as seats,
             coalesce(sum(refund) filter (where state <> 'refused'), 0)::bigint as refund,
             coalesce(sum(refund) filter (where state = 'done'), 0)::bigint as refunded
      from orders.returns where cancellation_id = any(${ids}::text[]) group by cancellation_id`,
  )
  return new Map(found.map(({ id, ...tally }) => [id, tally]))
}

/** Notes that an event is cancelled; orders of it are not placed any more. */
export async function noteCancelled(tx: Tx, eventIds: readonly string[], at: number): Promise<void> {
  await sql`
    update orders.events set cancelled_at = ${new Date(at)} where id = any(${eventIds}::text[]) and cancelled_at is null`.execute(
    tx,
  )
}

export type EventOrderRow = {
  id: string
  accountId: string
  state: 'fulfilled' | 'refunded'
  sectionId: string
  sectionName: string
  seats: { label: string; isReturned: boolean }[]
  total: number
  currency: Currency
  refunded: number
  placedAt: Date
}

/** Orders of an event that were paid or cost nothing, with what goes back of them, newest first. */
export const paidOrders = (
  db: Db,
  eventId: string,
  { before, sectionId, limit }: { before: string | undefined; sectionId: string | undefined; limit: number },
): Promise<EventOrderRow[]> =>
  rows(
    db,
    sql<EventOrderRow>`
      select o.id, o.account_id as "accountId", o.state, o.section_id as "sectionId", o.section_name as "sectionName",
             (select json_agg(json_build_object('label', seat ->> 'label', 'isReturned', o.state = 'refunded' or exists (
                select 1 from orders.returned_seats s where s.order_id = o.id and s.seat_number = (seat ->> 'number')::integer)) order by i)
              from jsonb_array_elements(o.seats) with ordinality as e (seat, i)) as seats,
             o.total, o.currency,
             case when o.returns = 0 then case when o.state = 'refunded' then o.total else 0 end
                  else coalesce((select sum(r.refund) from orders.returns r where r.order_id = o.id and r.state <> 'refused'), 0)
             end::bigint as refunded,
             o.placed_at as "placedAt"
      from orders.orders o
      where o.event_id = ${eventId} and o.state in ('fulfilled', 'refunded')
        and (${before ?? null}::text is null or o.id < ${before ?? null})
        and (${sectionId ?? null}::text is null or o.section_id = ${sectionId ?? null})
      order by o.id desc limit ${limit}`,
  )

const toCancellation = (stored: Stored): Cancellation => ({
  ...stored,
  createdAt: stored.createdAt.getTime(),
  nextAt: stored.nextAt.getTime(),
  finishedAt: stored.finishedAt?.getTime() ?? null,
})
