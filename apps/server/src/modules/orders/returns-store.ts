import type { ReturnReason } from '@fairgate/contracts/events'
import type { Currency } from '@fairgate/contracts/money'
import type { RefundLadder } from '@fairgate/contracts/refund-ladder'
import { maybeRow, row, rows, sql, type Db, type Tx } from '#platform/db'
import type { ReturnState } from './return.ts'
import type { OrderSeat } from './saga.ts'

/** Seats of one order that go back together. Amounts are minor units of `currency`, times epoch milliseconds. */
export type Return = {
  id: string
  orderId: string
  eventId: string
  cancellationId: string | null
  seats: readonly OrderSeat[]
  /** What the seats had been paid with, and how much of it goes back. */
  paid: number
  refund: number
  currency: Currency
  reason: ReturnReason
  note: string
  evenUsed: boolean
  state: ReturnState
  /** Why it was refused: seats that somebody has been let in with. */
  usedSeats: readonly number[] | null
  askedAt: number
  updatedAt: number
}

type ReturnRow = {
  id: string
  order_id: string
  event_id: string
  cancellation_id: string | null
  seats: OrderSeat[]
  paid: number
  refund: number
  currency: Currency
  reason: ReturnReason
  note: string
  even_used: boolean
  state: ReturnState
  used_seats: number[] | null
  asked_at: Date
  updated_at: Date
}

const columns = sql`
  id, order_id, event_id, cancellation_id, seats, paid, refund, currency, reason, note, even_used, state, used_seats, asked_at, updated_at`

/** Writes new returns and claims their seats. @throws when a seat goes back already: the caller has not looked under the lock */
export async function insertReturns(tx: Tx, returns: readonly Return[]): Promise<void> {
  if (returns.length === 0) return
  await sql`
    with given as (
      select ${columns} from jsonb_populate_recordset(null::orders.returns, ${JSON.stringify(returns.map(toRow))}::jsonb)),
    inserted as (
      insert into orders.returns (${columns}) select ${columns} from given returning 1),
    noted as (
      update orders.orders o set returns = o.returns + 1, returns_asked = o.returns_asked + 1
      from given g where o.id = g.order_id returning 1)
    insert into orders.returned_seats (order_id, seat_number, return_id)
    select g.order_id, (seat ->> 'number')::integer, g.id from given g cross join jsonb_array_elements(g.seats) seat`.execute(
    tx,
  )
}

/** Writes what has become of returns; the seats of refused ones are their order's again. */
export async function updateReturns(tx: Tx, returns: readonly Return[]): Promise<void> {
  if (returns.length === 0) return
  await sql`
    with given as (
      select id, order_id, state, used_seats, updated_at
      from jsonb_populate_recordset(null::orders.returns, ${JSON.stringify(returns.map(toRow))}::jsonb)),
    answered as (
      select g.order_id, count(*) as count from given g join orders.returns r on r.id = g.id
      where r.state = 'asked' and g.state <> 'asked' group by g.order_id),
    noted as (
      update orders.orders o set returns_asked = o.returns_asked - a.count from answered a where o.id = a.order_id returning 1),
    given_up as (
      delete from orders.returned_seats s using given g where g.state = 'refused' and s.order_id = g.order_id and s.return_id = g.id
      returning 1)
    update orders.returns r set state = g.state, used_seats = g.used_seats, updated_at = g.updated_at
    from given g where r.id = g.id`.execute(tx)
}

/** All returns of these orders, oldest first. */
export async function returnsOf(db: Db | Tx, orderIds: readonly string[]): Promise<Map<string, Return[]>> {
  const found = await rows(
    db,
    sql<ReturnRow>`select ${columns} from orders.returns where order_id = any(${orderIds}::text[]) order by id`,
  )
  return Map.groupBy(found.map(toReturn), ({ orderId }) => orderId)
}

/** What an event's buyers get back when they cancel; undefined when nothing was said, then nothing. */
export async function refundsOf(db: Db | Tx, eventId: string): Promise<RefundLadder | undefined> {
  const found = await maybeRow(
    db,
    sql<{ refunds: RefundLadder | null }>`select refunds from orders.events where id = ${eventId}`,
  )
  return found?.refunds ?? undefined
}

/** What the audit counts of returns, of one event or of all. */
export async function auditReturns(db: Db, eventId: string | undefined, stuckBefore: number) {
  return row(
    db,
    sql<{
      wrongAmounts: number
      seatsTwice: number
      unclaimed: number
      asked: number
      refunding: number
      stuck: number
    }>`
      with r as (select * from orders.returns where ${eventId ?? null}::text is null or event_id = ${eventId ?? null}),
      live as (select r.order_id, (seat ->> 'number')::integer as number, r.id
               from r cross join jsonb_array_elements(r.seats) seat where r.state <> 'refused')
      select (select count(*) from (select order_id from r where state <> 'refused' group by order_id
                having sum(paid) > (select total from orders.orders o where o.id = order_id)) o) as "wrongAmounts",
             (select count(*) from (select 1 from live group by order_id, number having count(*) > 1) twice) as "seatsTwice",
             (select count(*) from live l left join orders.returned_seats s
                on s.order_id = l.order_id and s.seat_number = l.number and s.return_id = l.id where s.return_id is null) as unclaimed,
             count(*) filter (where state = 'asked') as asked,
             count(*) filter (where state = 'refunding') as refunding,
             count(*) filter (where state in ('asked', 'refunding') and updated_at < ${new Date(stuckBefore)}) as stuck
      from r`,
  )
}

const instant = (ms: number) => new Date(ms).toISOString()

const toRow = (entry: Return) => ({
  id: entry.id,
  order_id: entry.orderId,
  event_id: entry.eventId,
  cancellation_id: entry.cancellationId,
  seats: entry.seats,
  paid: entry.paid,
  refund: entry.refund,
  currency: entry.currency,
  reason: entry.reason,
  note: entry.note,
  even_used: entry.evenUsed,
  state: entry.state,
  used_seats: entry.usedSeats,
  asked_at: instant(entry.askedAt),
  updated_at: instant(entry.updatedAt),
})

const toReturn = (found: ReturnRow): Return => ({
  id: found.id,
  orderId: found.order_id,
  eventId: found.event_id,
  cancellationId: found.cancellation_id,
  seats: found.seats,
  paid: found.paid,
  refund: found.refund,
  currency: found.currency,
  reason: found.reason,
  note: found.note,
  evenUsed: found.even_used,
  state: found.state,
  usedSeats: found.used_seats,
  askedAt: found.asked_at.getTime(),
  updatedAt: found.updated_at.getTime(),
})
