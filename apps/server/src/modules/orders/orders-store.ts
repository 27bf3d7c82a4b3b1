import type { EventSummary } from '@fairgate/contracts/events'
import type { Currency } from '@fairgate/contracts/money'
import type { RefundLadder } from '@fairgate/contracts/refund-ladder'
import { changed, maybeRow, row, rows, sql, type Db, type Tx } from '#platform/db'
import { underWay, type Event, type State } from './order.ts'
import type { Book, HistoryLine, Order, Payment, PaymentState } from './saga.ts'

type OrderRow = {
  id: string
  hold_id: string
  account_id: string
  sale_id: string
  line_id: string
  event: EventSummary
  section_id: string
  section_name: string
  seats: { number: number; label: string }[]
  unit_price: number
  fee: number
  discount: number
  total: number
  promo_code: string | null
  currency: Currency
  state: State
  version: number
  attempt: number
  payment_id: string | null
  refusals: number
  sell_refusals: number
  refusal: { code: string; message: string } | null
  refused_at: Date | null
  hold_seconds: number
  accept_equal_seats: boolean
  is_late: boolean
  first_seats: { number: number; label: string }[] | null
  returns: number
  returns_asked: number
  placed_at: Date
  pay_by: Date
  updated_at: Date
}

const columns = sql`
  id, hold_id, account_id, sale_id, line_id, event, section_id, section_name, seats, unit_price, fee, discount, total, promo_code, currency, state,
  version, attempt, payment_id, refusals, sell_refusals, refusal, refused_at, hold_seconds, accept_equal_seats, is_late,
  first_seats, returns, returns_asked, placed_at, pay_by, updated_at`

/** Inserts those of the orders whose hold has none yet, and whose event is not cancelled. @returns their ids */
export async function insertOrders(tx: Tx, orders: readonly Order[]): Promise<Set<string>> {
  const inserted = await rows(
    tx,
    sql<{ id: string }>`
      insert into orders.orders (id, hold_id, account_id, sale_id, line_id, event_id, event, section_id, section_name, seats, seat_count,
        unit_price, fee, discount, total, promo_code, currency, state, version, attempt, payment_id, refusals, sell_refusals, refusal,
        refused_at, hold_seconds, accept_equal_seats, placed_at, pay_by, updated_at)
      select id, hold_id, account_id, sale_id, line_id, event ->> 'id', event, section_id, section_name, seats, jsonb_array_length(seats),
        unit_price, fee, discount, total, promo_code, currency, state, version, attempt, payment_id, refusals, sell_refusals, refusal,
        refused_at, hold_seconds, accept_equal_seats, placed_at, pay_by, updated_at
      from jsonb_populate_recordset(null::orders.orders, ${JSON.stringify(orders.map(toRow))}::jsonb) o
      where not exists (select 1 from orders.events e where e.id = o.event ->> 'id' and e.cancelled_at is not null)
      -- Two processes given the same holds wait for each other in one order only.
      order by hold_id
      on conflict (hold_id) do nothing
      returning id`,
  )
  return new Set(inserted.map(({ id }) => id))
}

export async function ordersOfHolds(db: Db | Tx, holdIds: readonly string[]): Promise<Map<string, Order>> {
  const found = await rows(
    db,
    sql<OrderRow>`select ${columns} from orders.orders where hold_id = any(${holdIds}::text[])`,
  )
  return new Map(found.map((entry) => [entry.hold_id, toOrder(entry)]))
}

export async function ordersById(db: Db | Tx, ids: readonly string[]): Promise<Order[]> {
  return (await rows(db, sql<OrderRow>`select ${columns} from orders.orders where id = any(${ids}::text[])`)).map(
    toOrder,
  )
}

/** An account's orders before `before`, newest first: ids sort by the time of birth. */
export async function ordersOfAccount(
  db: Db,
  accountId: string,
  before: string | undefined,
  limit: number,
): Promise<Order[]> {
  const found = await rows(
    db,
    sql<OrderRow>`
      select ${columns} from orders.orders
      where account_id = ${accountId} and (${before ?? null}::text is null or id < ${before ?? null})
      order by id desc limit ${limit}`,
  )
  return found.map(toOrder)
}

/**
 * The orders with their payments, locked until the end of the transaction: of several that would decide about an order
 * the second decides on what the first has written. Locks are taken in the order of the ids, so that two batches wait
 * but never for each other.
 */
export async function lockBooks(tx: Tx, ids: readonly string[]): Promise<Map<string, Book>> {
  const orders = await rows(
    tx,
    sql<OrderRow>`select ${columns} from orders.orders where id = any(${ids}::text[]) order by id for update`,
  )
  return withPayments(tx, orders)
}

/** The same without the lock, to look only. */
export async function readBooks(db: Db | Tx, ids: readonly string[]): Promise<Map<string, Book>> {
  return withPayments(
    db,
    await rows(db, sql<OrderRow>`select ${columns} from orders.orders where id = any(${ids}::text[])`),
  )
}

async function withPayments(db: Db | Tx, orders: readonly OrderRow[]): Promise<Map<string, Book>> {
  const payments = await rows(
    db,
    sql<{ order_id: string; payment_id: string; amount: number; currency: Currency; state: PaymentState }>`
      select order_id, payment_id, amount, currency, state from orders.payments where order_id = any(${orders.map(({ id }) => id)}::text[])`,
  )
  const byOrder = Map.groupBy(payments, (payment) => payment.order_id)
  return new Map(
    orders.map((order) => [
      order.id,
      {
        order: toOrder(order),
        payments: (byOrder.get(order.id) ?? []).map(({ payment_id, amount, currency, state }): Payment => ({
          id: payment_id,
          amount: { amount, currency },
          state,
        })),
      },
    ]),
  )
}

/** Writes what steps have changed of orders. */
export async function updateOrders(tx: Tx, orders: readonly Order[]): Promise<void> {
  if (orders.length === 0) return
  const count = await changed(
    tx,
    sql`
      update orders.orders o
      set state = u.state, version = u.version, attempt = u.attempt, payment_id = u.payment_id, refusals = u.refusals,
          sell_refusals = u.sell_refusals, refusal = u.refusal, refused_at = u.refused_at, pay_by = u.pay_by, updated_at = u.updated_at
      from jsonb_populate_recordset(null::orders.orders, ${JSON.stringify(orders.map(toChange))}::jsonb) u
      where o.id = u.id`,
  )
  if (count !== orders.length) throw new Error(`${orders.length} orders were to be updated, ${count} were`)
}

/** Writes the seats of orders for which money came late: the same as before, or others. */
export async function updateLate(tx: Tx, orders: readonly Order[]): Promise<void> {
  if (orders.length === 0) return
  await sql`
    update orders.orders o set seats = u.seats, is_late = u.is_late, first_seats = u.first_seats
    from jsonb_populate_recordset(null::orders.orders, ${JSON.stringify(orders.map(({ id, seats, isLate, firstSeats }) => ({ id, seats, is_late: isLate, first_seats: firstSeats })))}::jsonb) u
    where o.id = u.id`.execute(tx)
}

export async function savePayments(
  tx: Tx,
  payments: readonly (Payment & { orderId: string })[],
  at: number,
): Promise<void> {
  if (payments.length === 0) return
  await sql`
    insert into orders.payments (order_id, payment_id, amount, currency, state, updated_at)
    select order_id, payment_id, amount, currency, state, ${new Date(at)}
    from unnest(${payments.map((p) => p.orderId)}::text[], ${payments.map((p) => p.id)}::text[], ${payments.map((p) => p.amount.amount)}::bigint[],
                ${payments.map((p) => p.amount.currency)}::text[], ${payments.map((p) => p.state)}::text[])
      as u (order_id, payment_id, amount, currency, state)
    on conflict (order_id, payment_id) do update set amount = excluded.amount, state = excluded.state, updated_at = excluded.updated_at`.execute(
    tx,
  )
}

type NewHistoryLine = Omit<HistoryLine, 'event' | 'from'> & {
  orderId: string
  event: Event | 'placed'
  from: State | null
}

export async function insertHistory(tx: Tx, lines: readonly NewHistoryLine[]): Promise<void> {
  if (lines.length === 0) return
  await sql`
    insert into orders.history (order_id, version, at, event, from_state, to_state)
    select * from unnest(${lines.map((l) => l.orderId)}::text[], ${lines.map((l) => l.version)}::integer[],
      ${lines.map((l) => new Date(l.at))}::timestamptz[], ${lines.map((l) => l.event)}::text[], ${lines.map((l) => l.from)}::text[],
      ${lines.map((l) => l.to)}::text[])`.execute(tx)
}

export async function historyOf(db: Db, orderId: string) {
  const lines = await rows(
    db,
    sql<{ version: number; at: Date; event: string; from_state: State | null; to_state: State }>`
      select version, at, event, from_state, to_state from orders.history where order_id = ${orderId} order by version`,
  )
  return lines.map(({ version, at, event, from_state, to_state }) => ({
    version,
    at,
    event,
    from: from_state,
    to: to_state,
  }))
}

/** Locks unpaid orders whose time is over. One that another step has locked is left for the next portion. */
export async function lockOverdue(tx: Tx, now: number, limit: number): Promise<string[]> {
  const found = await rows(
    tx,
    sql<{ id: string }>`
      select id from orders.orders where state = 'awaiting-payment' and pay_by <= ${new Date(now)}
      order by pay_by limit ${limit} for update skip locked`,
  )
  return found.map(({ id }) => id)
}

/** Since when an order waits for another module; a deposit has time until the order's own deadline. */
const waitedFrom = sql.raw(`case when state = 'awaiting-deposit' then pay_by else updated_at end`)

/** Orders that have waited for another module since before `before`, and refunds and returns asked for before it, oldest first. */
export async function stuckOrders(db: Db, before: number, limit: number) {
  return rows(
    db,
    sql<{ orderId: string; state: State; paymentId: string | null; since: Date }>`
      select id as "orderId", state, null as "paymentId", updated_at as since
      from orders.orders where state = any(${underWay}::text[]) and ${waitedFrom} < ${new Date(before)}
      union all
      select o.id, o.state, p.payment_id, p.updated_at
      from orders.payments p join orders.orders o on o.id = p.order_id
      where p.state = 'refunding' and o.state <> 'refunding' and p.updated_at < ${new Date(before)}
      union all
      select o.id, o.state, null, r.updated_at
      from orders.returns r join orders.orders o on o.id = r.order_id
      where r.state in ('asked', 'refunding') and r.updated_at < ${new Date(before)}
      order by since limit ${limit}`,
  )
}

/** Orders for which another module still owes an answer. */
export async function ordersWithOpenAnswers(db: Db): Promise<string[]> {
  const found = await rows(
    db,
    sql<{ id: string }>`
      select id from orders.orders where state = any(${underWay}::text[])
      union select order_id from orders.payments where state = 'refunding'
      union select order_id from orders.returns where state in ('asked', 'refunding')`,
  )
  return found.map(({ id }) => id)
}

export async function saveEvents(
  tx: Tx,
  events: readonly (Pick<EventSummary, 'id' | 'organiserId' | 'currency'> & { refunds?: RefundLadder | undefined })[],
): Promise<void> {
  await sql`
    insert into orders.events (id, organiser_id, currency, refunds)
    select distinct on (id) id, organiser_id, currency, refunds
    from unnest(${events.map((e) => e.id)}::text[], ${events.map((e) => e.organiserId)}::text[], ${events.map((e) => e.currency)}::text[],
      ${events.map((e) => (e.refunds ? JSON.stringify(e.refunds) : null))}::jsonb[]) as u (id, organiser_id, currency, refunds)
    on conflict (id) do update set organiser_id = excluded.organiser_id, refunds = excluded.refunds`.execute(tx)
}

export async function eventById(db: Db, id: string) {
  return maybeRow(
    db,
    sql<{
      organiserId: string
      currency: Currency
    }>`select organiser_id as "organiserId", currency from orders.events where id = ${id}`,
  )
}

/**
 * Orders that keep money: fulfilled ones, and those of which only a fee is kept because all of their seats went back.
 * `money` is what they were paid with less what goes back, `kept` what of it is for returned seats, `seats` what they still have.
 */
const keepingOrders = sql`
  select o.id, o.event_id, o.section_id, o.section_name, o.state, o.total - coalesce(r.refund, 0) as money,
         coalesce(r.kept, 0) as kept, o.seat_count - coalesce(r.seats, 0) as seats
  from orders.orders o
  left join (
    select order_id, sum(refund)::bigint as refund, sum(paid - refund)::bigint as kept, sum(jsonb_array_length(seats))::bigint as seats
    from orders.returns where state in ('refunding', 'done') group by order_id) r on r.order_id = o.id
  where o.state = 'fulfilled' or o.state = 'refunded' and o.returns > 0 and exists (
    select 1 from orders.payments p where p.order_id = o.id and p.state = 'captured')`

/** Orders of an event by state, and by section what fulfilled orders sold. */
export async function figuresOf(db: Db, eventId: string) {
  const byState = await rows(
    db,
    sql<{
      state: State
      count: number
    }>`select state, count(*) as count from orders.orders where event_id = ${eventId} group by state`,
  )
  const sections = await rows(
    db,
    sql<{ sectionId: string; name: string; seatsSold: number; revenue: number }>`
      select section_id as "sectionId", min(section_name) as name, sum(seats)::bigint as "seatsSold", sum(money)::bigint as revenue
      from (${keepingOrders}) o where event_id = ${eventId}
      group by section_id order by min(section_name), section_id`,
  )
  return { byState, sections }
}

/** Counts for the audit, each over all orders of an event, or of all events. */
export async function auditCounts(db: Db, eventId: string | undefined, stuckBefore: number) {
  const event = eventId ?? null
  return row(
    db,
    sql<{
      orders: number
      wrongTotals: number
      pending: number
      stuck: number
      unpaidFulfilled: number
      keptMoney: number
      refunding: number
    }>`
      with o as (select * from orders.orders where ${event}::text is null or event_id = ${event}),
      money as (
        select p.order_id,
               count(*) filter (where p.payment_id = o.payment_id and p.state in ('captured', 'refunding') and p.amount = o.total) as own,
               count(*) filter (where p.payment_id <> o.payment_id and p.state = 'captured') as other,
               count(*) filter (where p.state = 'captured') as captured,
               count(*) filter (where p.state = 'refunding') as refunding
        from orders.payments p join o on o.id = p.order_id group by p.order_id)
      select count(*) as orders,
             count(*) filter (where o.total <> o.unit_price * jsonb_array_length(o.seats) + o.fee - o.discount) as "wrongTotals",
             count(*) filter (where o.state = any(${underWay}::text[])) as pending,
             count(*) filter (where o.state = any(${underWay}::text[]) and ${waitedFrom} < ${new Date(stuckBefore)}) as stuck,
             count(*) filter (where o.state = 'fulfilled' and (coalesce(m.own, 0) <> case when o.total = 0 then 0 else 1 end or m.other > 0)) as "unpaidFulfilled",
             count(*) filter (where o.state not in ('fulfilled', 'selling', 'reclaiming') and m.captured > 0
               -- A fee may be kept for seats that were returned.
               and not (o.state = 'refunded' and exists (select 1 from orders.returns r
                        where r.order_id = o.id and r.state = 'done' and r.refund < r.paid))) as "keptMoney",
             coalesce(sum(m.refunding), 0)::bigint as refunding
      from o left join money m on m.order_id = o.id`,
  )
}

/** What each order that keeps money keeps, see `keepingOrders`. */
export const moneyKept = (db: Db, eventId: string | undefined) =>
  rows(
    db,
    sql<{ id: string; state: State; money: number; kept: number; seats: number }>`
      select id, state, money, kept, seats from (${keepingOrders}) o
      where ${eventId ?? null}::text is null or event_id = ${eventId ?? null}`,
  )

const instant = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString())

/** The columns of an order as JSON, of which `jsonb_populate_recordset` makes a row. */
const toRow = (order: Order) => ({
  ...toChange(order),
  hold_id: order.holdId,
  account_id: order.accountId,
  sale_id: order.saleId,
  line_id: order.lineId,
  event: order.event,
  section_id: order.section.id,
  section_name: order.section.name,
  seats: order.seats,
  unit_price: order.unitPrice.amount,
  fee: order.fee.amount,
  discount: order.discount.amount,
  promo_code: order.promoCode,
  total: order.total.amount,
  currency: order.total.currency,
  hold_seconds: order.holdSeconds,
  accept_equal_seats: order.acceptEqualSeats,
  placed_at: instant(order.placedAt),
})

/** The columns that steps change. */
const toChange = (order: Order) => ({
  id: order.id,
  state: order.state,
  version: order.version,
  attempt: order.attempt,
  payment_id: order.paymentId,
  refusals: order.refusals,
  sell_refusals: order.sellRefusals,
  refusal: order.refusal,
  refused_at: instant(order.refusedAt),
  pay_by: instant(order.payBy),
  updated_at: instant(order.updatedAt),
})

const toOrder = (found: OrderRow): Order => ({
  id: found.id,
  holdId: found.hold_id,
  accountId: found.account_id,
  saleId: found.sale_id,
  lineId: found.line_id,
  event: found.event,
  section: { id: found.section_id, name: found.section_name },
  seats: found.seats,
  unitPrice: { amount: found.unit_price, currency: found.currency },
  fee: { amount: found.fee, currency: found.currency },
  discount: { amount: found.discount, currency: found.currency },
  promoCode: found.promo_code,
  total: { amount: found.total, currency: found.currency },
  state: found.state,
  version: found.version,
  attempt: found.attempt,
  paymentId: found.payment_id,
  refusals: found.refusals,
  sellRefusals: found.sell_refusals,
  refusal: found.refusal,
  refusedAt: found.refused_at?.getTime() ?? null,
  holdSeconds: found.hold_seconds,
  acceptEqualSeats: found.accept_equal_seats,
  isLate: found.is_late,
  firstSeats: found.first_seats,
  returns: found.returns,
  returnsAsked: found.returns_asked,
  placedAt: found.placed_at.getTime(),
  payBy: found.pay_by.getTime(),
  updatedAt: found.updated_at.getTime(),
})

export const knownOrders = async (db: Db, orderIds: readonly string[]): Promise<string[]> =>
  (await rows(db, sql<{ id: string }>`select id from orders.orders where id = any(${orderIds}::text[])`)).map(
    (order) => order.id,
  )
