import type { EventSummary } from '@fairgate/contracts/events'
import type { Money } from '@fairgate/contracts/money'
import { maybeRow, row, rows, sql, type Db, type Tx } from '#platform/db'
import type { State } from './ticket.ts'

/** One ticket. Times are epoch milliseconds. */
export type Ticket = {
  id: string
  orderId: string
  accountId: string
  event: EventSummary
  section: { id: string; name: string }
  seat: { number: number; label: string }
  state: State
  issuedAt: number
  usedAt: number | null
}

export type NewTicket = Omit<Ticket, 'state' | 'usedAt'> & { paid: Money }

type TicketRow = {
  id: string
  order_id: string
  account_id: string
  event: EventSummary
  section_id: string
  section_name: string
  seat_number: number
  seat_label: string
  state: State
  issued_at: Date
  used_at: Date | null
}

const columns = sql`id, order_id, account_id, event, section_id, section_name, seat_number, seat_label, state, issued_at, used_at`

/**
 * Issues the tickets that do not exist yet. A seat that another order has a ticket for violates `one_ticket_per_seat`
 * and throws: somebody was sold a taken seat, and that must be seen. @returns the ids of those issued
 */
export async function insertTickets(tx: Tx, tickets: readonly NewTicket[]): Promise<Set<string>> {
  const inserted = await rows(
    tx,
    sql<{ id: string }>`
      insert into tickets.tickets (id, order_id, account_id, event_id, event, section_id, section_name, seat_number, seat_label,
        paid, currency, state, issued_at)
      select t.id, t.order_id, t.account_id, t.event ->> 'id', t.event, t.section_id, t.section_name, t.seat_number, t.seat_label,
        t.paid, t.currency, 'valid', t.issued_at
      from jsonb_populate_recordset(null::tickets.tickets, ${JSON.stringify(tickets.map(toRow))}::jsonb) t
      where not exists (select 1 from tickets.refunded_orders r where r.order_id = t.order_id)
        and not exists (select 1 from tickets.returned_seats r where r.order_id = t.order_id and r.seat_number = t.seat_number)
      on conflict (order_id, seat_number) do nothing
      returning id`,
  )
  return new Set(inserted.map(({ id }) => id))
}

/** Revokes all tickets of these orders, now and in future. @returns how many there were */
export async function revokeTickets(tx: Tx, orderIds: readonly string[], now: number): Promise<number> {
  const at = new Date(now)
  await sql`
    insert into tickets.refunded_orders (order_id, refunded_at)
    select distinct unnest(${orderIds}::text[]), ${at}::timestamptz on conflict do nothing`.execute(tx)
  const revoked = await rows(
    tx,
    sql`
      update tickets.tickets set state = 'revoked', revoked_at = ${at}
      where order_id = any(${orderIds}::text[]) and state <> 'revoked' returning id`,
  )
  return revoked.length
}

/** Seats of an order whose tickets are to be taken back together. */
export type Revocation = { orderId: string; returnId: string; seats: readonly number[]; evenUsed: boolean }

/**
 * Revokes the tickets of each of these, and those that would be issued later; none of one that was used, unless used
 * ones may be taken back too. The rows are locked first, so a scanner comes before it or after it.
 * @returns by return the used seats that forbade it, and how many tickets were revoked
 */
export async function revokeSeats(
  tx: Tx,
  revocations: readonly Revocation[],
  now: number,
): Promise<{ usedSeats: Map<string, number[]>; revoked: number }> {
  const wanted = sql`
    select w."orderId" as order_id, w."returnId" as return_id, unnest(w.seats) as seat_number, w."evenUsed" as even_used
    from jsonb_to_recordset(${JSON.stringify(revocations)}::jsonb) w ("orderId" text, "returnId" text, seats integer[], "evenUsed" boolean)`
  const used = await rows(
    tx,
    sql<{ returnId: string; seat: number }>`
      with wanted as (${wanted}),
      locked as (
        select w.return_id, t.seat_number, t.state, w.even_used
        from tickets.tickets t join wanted w on w.order_id = t.order_id and w.seat_number = t.seat_number
        order by t.id for update of t)
      select return_id as "returnId", seat_number as seat from locked where state = 'used' and not even_used order by seat_number`,
  )
  const usedSeats = new Map(
    [...Map.groupBy(used, ({ returnId }) => returnId)].map(([id, found]) => [id, found.map(({ seat }) => seat)]),
  )
  const { revoked } = await row(
    tx,
    sql<{ revoked: number }>`
      with wanted as (
        select * from (${wanted}) w where return_id <> all(${[...usedSeats.keys()]}::text[])),
      kept as (
        insert into tickets.returned_seats (order_id, seat_number, return_id)
        select order_id, seat_number, return_id from wanted on conflict do nothing returning 1),
      revoked as (
        update tickets.tickets t set state = 'revoked', revoked_at = ${new Date(now)}
        from wanted w where t.order_id = w.order_id and t.seat_number = w.seat_number and t.state <> 'revoked' returning 1)
      select (select count(*) from revoked) as revoked, (select count(*) from kept) as kept`,
  )
  return { usedSeats, revoked }
}

export async function ticketById(db: Db, id: string): Promise<Ticket | undefined> {
  const found = await maybeRow(db, sql<TicketRow>`select ${columns} from tickets.tickets where id = ${id}`)
  return found && toTicket(found)
}

/** An account's tickets before `before`, newest first: ids sort by the time of birth. */
export async function ticketsOfAccount(
  db: Db,
  options: { accountId: string; orderId: string | undefined; before: string | undefined; limit: number },
): Promise<Ticket[]> {
  const { accountId, orderId, before, limit } = options
  const found = await rows(
    db,
    sql<TicketRow>`
      select ${columns} from tickets.tickets
      where account_id = ${accountId} and (${before ?? null}::text is null or id < ${before ?? null})
        and (${orderId ?? null}::text is null or order_id = ${orderId ?? null})
      order by id desc limit ${limit}`,
  )
  return found.map(toTicket)
}

/** Uses a valid ticket, in one statement: of several who scan it at once, one gets it back, the others nothing. */
export async function useTicket(tx: Tx, id: string, now: number): Promise<Ticket | undefined> {
  const used = await maybeRow(
    tx,
    sql<TicketRow>`update tickets.tickets set state = 'used', used_at = ${new Date(now)} where id = ${id} and state = 'valid' returning ${columns}`,
  )
  return used && toTicket(used)
}

/** Counts for the audit, over all tickets of an event or of all events. */
export async function auditCounts(db: Db, eventId: string | undefined) {
  return row(
    db,
    sql<{ valid: number; used: number; revoked: number; seatsTwice: number; refundedValid: number }>`
      with t as (select * from tickets.tickets where ${eventId ?? null}::text is null or event_id = ${eventId ?? null})
      select count(*) filter (where state = 'valid') as valid, count(*) filter (where state = 'used') as used,
             count(*) filter (where state = 'revoked') as revoked,
             (select count(*) from (select 1 from t where state <> 'revoked' group by section_id, seat_number having count(*) > 1) twice) as "seatsTwice",
             (select count(*) from t where state <> 'revoked' and (
                exists (select 1 from tickets.refunded_orders r where r.order_id = t.order_id)
                or exists (select 1 from tickets.returned_seats r where r.order_id = t.order_id and r.seat_number = t.seat_number)
             )) as "refundedValid"
      from t`,
  )
}

/** For each order that has tickets which count: how many, and what they were paid with. */
export async function ticketsByOrder(db: Db, eventId: string | undefined) {
  return rows(
    db,
    sql<{ orderId: string; tickets: number; value: number }>`
      select order_id as "orderId", count(*) as tickets, sum(paid)::bigint as value from tickets.tickets
      where state <> 'revoked' and (${eventId ?? null}::text is null or event_id = ${eventId ?? null})
      group by order_id`,
  )
}

const toRow = (ticket: NewTicket) => ({
  id: ticket.id,
  order_id: ticket.orderId,
  account_id: ticket.accountId,
  event: ticket.event,
  section_id: ticket.section.id,
  section_name: ticket.section.name,
  seat_number: ticket.seat.number,
  seat_label: ticket.seat.label,
  paid: ticket.paid.amount,
  currency: ticket.paid.currency,
  issued_at: new Date(ticket.issuedAt).toISOString(),
})

const toTicket = (found: TicketRow): Ticket => ({
  id: found.id,
  orderId: found.order_id,
  accountId: found.account_id,
  event: found.event,
  section: { id: found.section_id, name: found.section_name },
  seat: { number: found.seat_number, label: found.seat_label },
  state: found.state,
  issuedAt: found.issued_at.getTime(),
  usedAt: found.used_at?.getTime() ?? null,
})

export const knownTickets = async (db: Db, ticketIds: readonly string[]): Promise<string[]> =>
  (await rows(db, sql<{ id: string }>`select id from tickets.tickets where id = any(${ticketIds}::text[])`)).map(
    (ticket) => ticket.id,
  )
