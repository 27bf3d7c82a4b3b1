import type { EventData } from '@fairgate/contracts/events'
import type { AdmissionLimit } from '@fairgate/contracts/http/admission'
import type { DrawRecord } from '@fairgate/contracts/draw-record'
import { changed, maybeRow, row, rows, sql, type Db, type Tx } from '#platform/db'
import type { Line } from './line.ts'
import type { Call, Pass, Place, PlaceState } from './place.ts'

// Rows are locked in this order: lines, frontiers, places, calls; several of one kind in the order of their keys.

const drawColumns = sql`
  l.id, l.draw_commitment as "drawCommitment", l.draw_seed as "drawSeed", l.draw_entrants as "drawEntrants",
  l.draw_entrants_root as "drawEntrantsRoot", l.drawn_at as "drawnAt", l.beacon_url as "beaconUrl",
  l.beacon_chain as "beaconChain", l.beacon_round as "beaconRound", l.beacon_at as "beaconAt",
  l.beacon_randomness as "beaconRandomness"`

const lineColumns = sql`
  ${drawColumns}, l.sale_id as "saleId", s.event_id as "eventId", l.name, l.section_ids as "sectionIds",
  s.opens_at as "opensAt", s.closes_at as "closesAt", s.hold_seconds as "holdSeconds", l.arrivals, f.frontier, f.is_paused as "isPaused", f.shoppers_max as "shoppersMax",
  f.admit_per_minute as "admitPerMinute", f.admits_all as "admitsAll", f.limited_by as "limitedBy",
  f.health_per_minute as "healthPerMinute", k.free, k.held, k.sold, k.sellable`

/** Sold seats are the larger of what the inventory and what orders have told, because either fact may lag. */
const lineTables = sql`
  waiting_room.lines l
  join waiting_room.sales s on s.id = l.sale_id
  join waiting_room.frontiers f on f.line_id = l.id
  cross join lateral (
    select coalesce(sum(c.free), 0)::int as free, coalesce(sum(c.held + c.secured), 0)::int as held, coalesce(sum(c.sold), 0)::int as sold,
           case when bool_and(c.stock_at is not null and c.capacity is not null)
                then sum(c.capacity - c.blocked - greatest(c.sold, c.fulfilled))::int end as sellable
    from unnest(l.section_ids) w (section_id)
    left join waiting_room.sections c on c.sale_id = l.sale_id and c.section_id = w.section_id) k`

/** A line as its document shows it; `calledInWindow` are the positions called in the window of time that was asked for. */
export type Board = Line & { shoppers: number; calledInWindow: number }

export const readBoards = (
  db: Db,
  lineIds: readonly string[],
  now: number,
  window: { from: number; to: number },
): Promise<Board[]> =>
  rows(
    db,
    sql<Board>`
      select ${lineColumns},
        (select count(*)::int from waiting_room.passes p
         where p.line_id = l.id and p.ended_at is null and p.expires_at > ${new Date(now)}) as shoppers,
        (select coalesce(sum(c.to_position - c.from_position + 1), 0)::int from waiting_room.calls c
         where c.line_id = l.id and c.called_at >= ${new Date(window.from)} and c.called_at < ${new Date(window.to)}) as "calledInWindow"
      from ${lineTables}
      where l.id = any(${lineIds}::text[])`,
  )

export const readLines = (tx: Tx, lineIds: readonly string[]): Promise<Line[]> =>
  rows(tx, sql<Line>`select ${lineColumns} from ${lineTables} where l.id = any(${lineIds}::text[])`)

/** The lines of a sale, in the order of their names. */
export const lineIdsOf = async (db: Db, saleId: string): Promise<string[]> =>
  (
    await rows(db, sql<{ id: string }>`select id from waiting_room.lines where sale_id = ${saleId} order by name, id`)
  ).map((line) => line.id)

/** Lines, kept from being drawn until the transaction ends. Numbers may be taken meanwhile: only a draw is waited for. */
export const keepLines = (tx: Tx, lineIds: readonly string[]): Promise<Line[]> =>
  rows(
    tx,
    sql<Line>`
      select ${lineColumns} from ${lineTables}
      where l.id = any(${lineIds}::text[]) order by l.id for key share of l`,
  )

/** Locks the rows that numbers are taken from. */
export const lockLines = (tx: Tx, lineIds: readonly string[]): Promise<Line[]> =>
  rows(
    tx,
    sql<Line>`
      select ${lineColumns} from ${lineTables}
      where l.id = any(${lineIds}::text[]) order by l.id for no key update of l`,
  )

// Sales and stock

export type SaleFacts = EventData<'catalog.sale-published.v1'>

/** The secret of a line and what was promised about it; null where the order is the order of arrival. */
export type Promised = { seed: string; commitment: string; beacon: Beacon | undefined } | null

/** A round of public randomness; `at` is when it becomes known. */
export type Beacon = { url: string; chain: string; round: number; at: Date }

/** The sales are over at this time, if not earlier. One that was to open later opens and closes. */
export async function closeSales(tx: Tx, saleIds: readonly string[], at: Date): Promise<void> {
  await sql`
    update waiting_room.sales set closes_at = least(closes_at, ${at}), opens_at = least(opens_at, ${at}::timestamptz - interval '1 second')
    where id = any(${saleIds}::text[])`.execute(tx)
}

/** Knowing a sale already is no change. @param promised  of each line, in their order */
export async function insertSale(tx: Tx, sale: SaleFacts, promised: readonly Promised[]): Promise<void> {
  const { lines, sections } = sale
  await sql`
    insert into waiting_room.sales (id, event_id, organiser_id, opens_at, closes_at, hold_seconds)
    values (${sale.saleId}, ${sale.event.id}, ${sale.event.organiserId}, ${new Date(sale.opensAt)}, ${new Date(sale.closesAt)}, ${sale.holdSeconds})
    on conflict do nothing`.execute(tx)
  await sql`
    insert into waiting_room.lines (id, sale_id, name, section_ids, draw_seed, draw_commitment, beacon_url, beacon_chain, beacon_round, beacon_at)
    select w ->> 'id', ${sale.saleId}, w ->> 'name', array(select jsonb_array_elements_text(w -> 'sectionIds')),
           p.seed, p.commitment, p.url, p.chain, p.round, p.at
    from jsonb_array_elements(${JSON.stringify(lines)}::jsonb) with ordinality l (w, i)
    join unnest(${promised.map((p) => p?.seed ?? null)}::text[], ${promised.map((p) => p?.commitment ?? null)}::text[],
                ${promised.map((p) => p?.beacon?.url ?? null)}::text[], ${promised.map((p) => p?.beacon?.chain ?? null)}::text[],
                ${promised.map((p) => p?.beacon?.round ?? null)}::bigint[], ${promised.map((p) => p?.beacon?.at ?? null)}::timestamptz[])
      with ordinality p (seed, commitment, url, chain, round, at, i) using (i)
    on conflict do nothing`.execute(tx)
  await sql`
    insert into waiting_room.frontiers (line_id, shoppers_max, admit_per_minute)
    select * from unnest(${lines.map((line) => line.id)}::text[], ${lines.map((line) => line.shoppersMax)}::int[],
                         ${lines.map((line) => line.admitPerMinute)}::int[])
    on conflict do nothing`.execute(tx)
  await sql`
    insert into waiting_room.sections (sale_id, section_id, capacity)
    select ${sale.saleId}, w.* from unnest(${sections.map((section) => section.id)}::text[], ${sections.map((section) => section.capacity)}::int[]) w
    on conflict (sale_id, section_id) do update set capacity = excluded.capacity`.execute(tx)
}

export type StockCounts = {
  saleId: string
  at: Date
  sectionId: string
  free: number
  held: number
  secured: number
  sold: number
  blocked: number
}

/** Keeps the newest counts of each section; each section at most once. */
export async function updateStock(tx: Tx, counts: readonly StockCounts[]): Promise<void> {
  await sql`
    insert into waiting_room.sections as c (sale_id, section_id, free, held, secured, sold, blocked, stock_at)
    select * from unnest(
      ${counts.map((c) => c.saleId)}::text[], ${counts.map((c) => c.sectionId)}::text[], ${counts.map((c) => c.free)}::int[],
      ${counts.map((c) => c.held)}::int[], ${counts.map((c) => c.secured)}::int[], ${counts.map((c) => c.sold)}::int[],
      ${counts.map((c) => c.blocked)}::int[], ${counts.map((c) => c.at)}::timestamptz[]) w (sale_id, section_id)
    order by w.sale_id, w.section_id
    on conflict (sale_id, section_id) do update set
      free = excluded.free, held = excluded.held, secured = excluded.secured, sold = excluded.sold, blocked = excluded.blocked,
      stock_at = excluded.stock_at
    where c.stock_at is null or c.stock_at <= excluded.stock_at`.execute(tx)
}

export type FulfilledOrder = {
  orderId: string
  saleId: string
  lineId: string
  accountId: string
  sectionId: string
  seats: number
  at: Date
}

/** Counts sold seats of orders that were not counted before. @returns the ids of those orders */
export async function countFulfilled(tx: Tx, orders: readonly FulfilledOrder[]): Promise<Set<string>> {
  const fresh = await rows(
    tx,
    sql<{ orderId: string }>`
      with fresh as (
        insert into waiting_room.fulfilled_orders (order_id, sale_id, section_id, seats)
        select * from unnest(${orders.map((o) => o.orderId)}::text[], ${orders.map((o) => o.saleId)}::text[],
                             ${orders.map((o) => o.sectionId)}::text[], ${orders.map((o) => o.seats)}::int[])
        on conflict do nothing
        returning order_id, sale_id, section_id, seats),
      counted as (
        insert into waiting_room.sections as c (sale_id, section_id, fulfilled)
        select sale_id, section_id, sum(seats)::int from fresh group by 1, 2 order by 1, 2
        on conflict (sale_id, section_id) do update set fulfilled = c.fulfilled + excluded.fulfilled)
      select order_id as "orderId" from fresh`,
  )
  return new Set(fresh.map((order) => order.orderId))
}

/** Takes back what a refunded order counted. One that was never counted is remembered, should its other fact come late. */
export async function countRefunded(tx: Tx, orders: readonly { orderId: string; saleId: string }[]): Promise<void> {
  await sql`
    with refunded as (
      insert into waiting_room.fulfilled_orders as o (order_id, sale_id, seats, is_refunded)
      select w.*, 0, true from unnest(${orders.map((o) => o.orderId)}::text[], ${orders.map((o) => o.saleId)}::text[]) w
      on conflict (order_id) do update set is_refunded = true where not o.is_refunded
      returning sale_id, section_id, seats),
    totals as (select sale_id, section_id, sum(seats)::int as seats from refunded group by 1, 2)
    update waiting_room.sections c set fulfilled = c.fulfilled - t.seats
    from totals t where c.sale_id = t.sale_id and c.section_id = t.section_id`.execute(tx)
}

/** Takes back the seats that were returned, each return once. Those of an order come after its fulfilment. */
export async function countReturned(
  tx: Tx,
  returns: readonly { returnId: string; orderId: string; seats: number }[],
): Promise<void> {
  await sql`
    with returned as (
      update waiting_room.fulfilled_orders o set seats = o.seats - w.seats, returns = o.returns || w.return_id
      from unnest(${returns.map((r) => r.returnId)}::text[], ${returns.map((r) => r.orderId)}::text[], ${returns.map((r) => r.seats)}::int[])
        w (return_id, order_id, seats)
      where o.order_id = w.order_id and not o.is_refunded and not w.return_id = any(o.returns)
      returning o.sale_id, o.section_id, w.seats),
    totals as (select sale_id, section_id, sum(seats)::int as seats from returned group by 1, 2)
    update waiting_room.sections c set fulfilled = c.fulfilled - t.seats
    from totals t where c.sale_id = t.sale_id and c.section_id = t.section_id`.execute(tx)
}

// Places

export type LivePlace = Place & { pass: Pass | undefined }

const placeColumns = sql`
  p.line_id as "lineId", p.number, p.id, p.sale_id as "saleId", p.account_id as "accountId", p.joined_at as "joinedAt", p.state`

/** The live places of these accounts in these sales. */
export async function lockLivePlaces(
  tx: Tx,
  who: readonly { saleId: string; accountId: string }[],
): Promise<LivePlace[]> {
  const places = await rows(
    tx,
    sql<Place>`
      select ${placeColumns}
      from unnest(${who.map((w) => w.saleId)}::text[], ${who.map((w) => w.accountId)}::text[]) w (sale_id, account_id)
      join waiting_room.places p on p.sale_id = w.sale_id and p.account_id = w.account_id and p.state in ('waiting', 'admitted')
      order by p.line_id, p.number for no key update of p`,
  )
  return withPasses(tx, places)
}

/** Places by line and number, in whatever state. */
export async function lockPlaces(tx: Tx, which: readonly { lineId: string; number: number }[]): Promise<LivePlace[]> {
  const places = await rows(
    tx,
    sql<Place>`
      select ${placeColumns}
      from (select distinct * from unnest(${which.map((w) => w.lineId)}::text[], ${which.map((w) => w.number)}::int[])) w (line_id, number)
      join waiting_room.places p on p.line_id = w.line_id and p.number = w.number
      order by p.line_id, p.number for no key update of p`,
  )
  return withPasses(tx, places)
}

/**
 * Adds the passes of admitted places. A statement of its own: one that has waited for a lock sees the place as it is
 * now, but what it joined as it was before, so it would miss the pass that it waited for.
 */
async function withPasses(tx: Tx, places: readonly Place[]): Promise<LivePlace[]> {
  const admitted = places.filter((place) => place.state === 'admitted')
  if (admitted.length === 0) return places.map((place) => ({ ...place, pass: undefined }))
  const passes = await rows(
    tx,
    sql<Pass & { lineId: string; number: number }>`
      select x.line_id as "lineId", x.number, x.id, x.expires_at as "expiresAt", x.ended_at as "endedAt"
      from unnest(${admitted.map((p) => p.lineId)}::text[], ${admitted.map((p) => p.number)}::int[]) w (line_id, number)
      join waiting_room.passes x on x.line_id = w.line_id and x.number = w.number`,
  )
  const byPlace = new Map(passes.map((pass) => [placeKey(pass), pass]))
  return places.map((place) => ({ ...place, pass: byPlace.get(placeKey(place)) }))
}

export const placeKey = (place: { lineId: string; number: number }): string => `${place.lineId} ${place.number}`

/** Writes new places and the last number of each of their lines. By account, so that two processes cannot deadlock on the index. */
export async function insertPlaces(
  tx: Tx,
  places: readonly Place[],
  arrivals: ReadonlyMap<string, number>,
): Promise<void> {
  const ordered = places.toSorted((a, b) => (a.accountId < b.accountId ? -1 : 1))
  // One statement: each costs a crowd a turn of the event loop.
  await sql`
    with placed as (
      insert into waiting_room.places (line_id, number, id, sale_id, account_id, joined_at)
      select * from unnest(
        ${ordered.map((p) => p.lineId)}::text[], ${ordered.map((p) => p.number)}::int[], ${ordered.map((p) => p.id)}::text[],
        ${ordered.map((p) => p.saleId)}::text[], ${ordered.map((p) => p.accountId)}::text[], ${ordered.map((p) => p.joinedAt)}::timestamptz[]))
    update waiting_room.lines l set arrivals = w.arrivals
    from unnest(${[...arrivals.keys()]}::text[], ${[...arrivals.values()]}::int[]) w (id, arrivals)
    where l.id = w.id`.execute(tx)
}

/** Who has no place in a sale yet, as far as is known. */
export type Newcomer = Pick<Place, 'lineId' | 'saleId' | 'accountId' | 'id'>

/**
 * Gives places to newcomers, each at the end of its line, all in one statement: five, as those who are known take, cost
 * a crowd five turns of the event loop. Left out are those whose line is locked and those who have a live place. No account
 * may be there twice; by account, so that two processes cannot deadlock on the index.
 * @returns the numbers by account
 */
export async function placeNewcomers(tx: Tx, newcomers: readonly Newcomer[], now: Date): Promise<Map<string, number>> {
  const placed = await rows(
    tx,
    sql<{ accountId: string; number: number }>`
      with locked as (
        select l.id, l.arrivals from waiting_room.lines l
        where l.id = any(${[...new Set(newcomers.map((n) => n.lineId))]}::text[])
        order by l.id for no key update of l skip locked),
      fresh as (
        select w.*, l.arrivals + row_number() over (partition by w.line_id order by w.turn)::int as number
        from unnest(${newcomers.map((n) => n.lineId)}::text[], ${newcomers.map((n) => n.saleId)}::text[],
                    ${newcomers.map((n) => n.accountId)}::text[], ${newcomers.map((n) => n.id)}::text[])
             with ordinality w (line_id, sale_id, account_id, id, turn)
        join locked l on l.id = w.line_id
        where not exists (select from waiting_room.places p
          where p.sale_id = w.sale_id and p.account_id = w.account_id and p.state in ('waiting', 'admitted'))),
      placed as (
        insert into waiting_room.places (line_id, number, id, sale_id, account_id, joined_at)
        select line_id, number, id, sale_id, account_id, ${now}::timestamptz from fresh order by account_id),
      counted as (
        update waiting_room.lines l set arrivals = w.arrivals
        from (select line_id, max(number) as arrivals from fresh group by line_id) w
        where l.id = w.line_id)
      select account_id as "accountId", number from fresh`,
  )
  return new Map(placed.map(({ accountId, number }) => [accountId, number]))
}

/** `position` is null for who leaves before the draw. */
export type Moved = { lineId: string; number: number; position: number | null; state: PlaceState }

export async function movePlaces(tx: Tx, moved: readonly Moved[]): Promise<void> {
  await sql`
    update waiting_room.places p set state = w.state, position = w.position
    from unnest(${moved.map((m) => m.lineId)}::text[], ${moved.map((m) => m.number)}::int[], ${moved.map((m) => m.position)}::int[],
                ${moved.map((m) => m.state)}::text[]) w (line_id, number, position, state)
    where p.line_id = w.line_id and p.number = w.number`.execute(tx)
}

// Passes

export type NewPass = { lineId: string; number: number; id: string; accountId: string; expiresAt: Date }

export async function insertPasses(tx: Tx, passes: readonly NewPass[], issuedAt: Date): Promise<void> {
  await sql`
    insert into waiting_room.passes (line_id, number, id, account_id, issued_at, expires_at)
    select w.line_id, w.number, w.id, w.account_id, ${issuedAt}, w.expires_at
    from unnest(${passes.map((p) => p.lineId)}::text[], ${passes.map((p) => p.number)}::int[], ${passes.map((p) => p.id)}::text[],
                ${passes.map((p) => p.accountId)}::text[], ${passes.map((p) => p.expiresAt)}::timestamptz[]) w (line_id, number, id, account_id, expires_at)`.execute(
    tx,
  )
}

/** A pass that is over before its time. */
export type EndedPass = { passId: string; saleId: string; lineId: string; accountId: string; expiresAt: Date }

const endedColumns = sql`
  x.id as "passId", (select l.sale_id from waiting_room.lines l where l.id = x.line_id) as "saleId", x.line_id as "lineId",
  x.account_id as "accountId", x.expires_at as "expiresAt"`

/** Ends the passes of places that are given up. */
export const endPasses = (
  tx: Tx,
  places: readonly { lineId: string; number: number }[],
  at: Date,
): Promise<EndedPass[]> =>
  rows(
    tx,
    sql<EndedPass>`
      update waiting_room.passes x set ended_at = ${at}, ended_by = 'left'
      from unnest(${places.map((p) => p.lineId)}::text[], ${places.map((p) => p.number)}::int[]) w (line_id, number)
      where x.line_id = w.line_id and x.number = w.number and x.ended_at is null
      returning ${endedColumns}`,
  )

/** Ends the passes that these orders were bought with. A pass issued after the fulfilment is somebody's next visit. */
export async function endPassesOf(tx: Tx, orders: readonly FulfilledOrder[]): Promise<EndedPass[]> {
  const places = await rows(
    tx,
    sql<{ lineId: string; number: number; at: Date }>`
      select p.line_id as "lineId", p.number, w.at
      from unnest(${orders.map((o) => o.lineId)}::text[], ${orders.map((o) => o.accountId)}::text[], ${orders.map((o) => o.at)}::timestamptz[])
        w (line_id, account_id, at)
      join waiting_room.passes x on x.account_id = w.account_id and x.line_id = w.line_id and x.ended_at is null and x.issued_at <= w.at
      join waiting_room.places p on p.line_id = x.line_id and p.number = x.number
      order by p.line_id, p.number for no key update of p`,
  )
  if (places.length === 0) return []
  return rows(
    tx,
    sql<EndedPass>`
    with ended as (
      update waiting_room.passes x set ended_at = w.at, ended_by = 'fulfilled'
      from unnest(${places.map((p) => p.lineId)}::text[], ${places.map((p) => p.number)}::int[], ${places.map((p) => p.at)}::timestamptz[])
        w (line_id, number, at)
      where x.line_id = w.line_id and x.number = w.number and x.ended_at is null
      returning x.*),
    used as (
      update waiting_room.places p set state = 'used' from ended e
      where p.line_id = e.line_id and p.number = e.number and p.state = 'admitted')
    select ${endedColumns} from ended x`,
  )
}

// The draw

export type Undrawn = Pick<DrawRecord, 'drawEntrants' | 'beaconUrl' | 'beaconChain' | 'beaconRound' | 'beaconAt'> & {
  id: string
  arrivals: number
}

const undrawnColumns = sql`
  l.id, l.arrivals, l.draw_entrants as "drawEntrants", l.beacon_url as "beaconUrl", l.beacon_chain as "beaconChain",
  l.beacon_round as "beaconRound", l.beacon_at as "beaconAt"`

/** Lines whose opening has come and whose order is not known yet. */
export const undrawnLines = (db: Db, now: Date, limit: number): Promise<Undrawn[]> =>
  rows(
    db,
    sql<Undrawn>`
      select ${undrawnColumns} from waiting_room.lines l join waiting_room.sales s on s.id = l.sale_id
      where l.draw_commitment is not null and l.drawn_at is null and s.opens_at <= ${now}
      order by s.opens_at, l.id limit ${limit}`,
  )

/** Locks a line that is not drawn yet against everything that takes or gives up a place. */
export const lockUndrawn = (tx: Tx, lineId: string): Promise<Undrawn | undefined> =>
  maybeRow(
    tx,
    sql<Undrawn>`select ${undrawnColumns} from waiting_room.lines l where l.id = ${lineId} and l.drawn_at is null for update of l`,
  )

/** The ids of the places with these numbers, in their order. */
export const placeIds = (
  db: Db | Tx,
  lineId: string,
  from: number,
  to: number,
): Promise<{ number: number; id: string }[]> =>
  rows(
    db,
    sql<{ number: number; id: string }>`
      select number, id from waiting_room.places where line_id = ${lineId} and number between ${from} and ${to} order by number`,
  )

export async function freezeDraw(tx: Tx, lineId: string, entrants: number, root: string): Promise<void> {
  await sql`update waiting_room.lines set draw_entrants = ${entrants}, draw_entrants_root = ${root} where id = ${lineId}`.execute(
    tx,
  )
}

export async function revealDraw(tx: Tx, lineId: string, randomness: string | null, now: Date): Promise<void> {
  await sql`update waiting_room.lines set drawn_at = ${now}, beacon_randomness = ${randomness} where id = ${lineId}`.execute(
    tx,
  )
}

/** Numbers of places that were given up before they had a position. */
export const unplacedLeavers = async (tx: Tx, lineId: string): Promise<number[]> =>
  (
    await rows(
      tx,
      sql<{ number: number }>`
        select number from waiting_room.places where line_id = ${lineId} and state = 'left' and position is null order by number`,
    )
  ).map((place) => place.number)

// Calls and the frontier

export type Called = { lineId: string; position: number }

/** The calls of positions, locked against lapsing in between; what was never called is missing. Keyed by `callKey`. */
export async function lockCalls(tx: Tx, called: readonly Called[]): Promise<Map<string, Call>> {
  if (called.length === 0) return new Map()
  const found = await rows(
    tx,
    sql<Called & Call>`
      select w.line_id as "lineId", w.position, c.called_at as "calledAt", c.lapsed_at as "lapsedAt"
      from (select distinct * from unnest(${called.map((c) => c.lineId)}::text[], ${called.map((c) => c.position)}::int[])) w (line_id, position)
      join waiting_room.calls c on c.line_id = w.line_id and c.from_position =
        (select max(e.from_position) from waiting_room.calls e where e.line_id = w.line_id and e.from_position <= w.position)
      where c.to_position >= w.position
      order by c.line_id, c.from_position for share of c`,
  )
  return new Map(found.map((call) => [callKey(call), call]))
}

export const callKey = (called: Called): string => `${called.lineId} ${called.position}`

export type FrontierRow = {
  lineId: string
  frontier: number
  isPaused: boolean
  shoppersMax: number
  admitPerMinute: number
  admitsAll: boolean
  limitedBy: AdmissionLimit | null
  healthPerMinute: number | null
  limitedAt: Date | null
  allowance: number
  tickedAt: Date | null
  holdSeconds: number
}

/**
 * The lines that are being admitted at this time, not before they are drawn; nobody else moves them until the transaction
 * ends. One whose rows are locked by something else is left out: it must not make the others wait.
 */
export const lockFrontiers = (tx: Tx, now: Date): Promise<FrontierRow[]> =>
  rows(
    tx,
    sql<FrontierRow>`
      select f.line_id as "lineId", f.frontier, f.is_paused as "isPaused", f.shoppers_max as "shoppersMax",
             f.admit_per_minute as "admitPerMinute", f.admits_all as "admitsAll", f.limited_by as "limitedBy",
             f.health_per_minute as "healthPerMinute", f.limited_at as "limitedAt", f.allowance, f.ticked_at as "tickedAt", s.hold_seconds as "holdSeconds"
      from waiting_room.sales s
      join waiting_room.lines l on l.sale_id = s.id
      join waiting_room.frontiers f on f.line_id = l.id
      where s.opens_at <= ${now} and s.closes_at > ${now} and (l.draw_commitment is null or l.drawn_at is not null)
      order by f.line_id for update of f skip locked for key share of l skip locked`,
  )

/**
 * Ends the time to claim of calls made at or before `calledBy`; one that is being claimed just now ends next time.
 * @returns how many positions had not been claimed
 */
export async function lapseCalls(
  tx: Tx,
  due: readonly { lineId: string; calledBy: Date }[],
  now: Date,
): Promise<number> {
  const { missed } = await row(
    tx,
    sql<{ missed: number }>`
      with due as (
        select c.line_id, c.from_position
        from unnest(${due.map((d) => d.lineId)}::text[], ${due.map((d) => d.calledBy)}::timestamptz[]) w (line_id, called_by)
        join waiting_room.calls c on c.line_id = w.line_id and c.lapsed_at is null and c.called_at <= w.called_by
        order by 1, 2 for update of c skip locked),
      lapsed as (
        update waiting_room.calls c set lapsed_at = ${now} from due d
        where c.line_id = d.line_id and c.from_position = d.from_position
        returning c.line_id, c.from_position, c.to_position)
      select coalesce(sum(to_position - from_position + 1 - ${settledWithin(sql`lapsed`)}), 0)::int as missed from lapsed`,
  )
  return missed
}

/** How many positions of a call have been claimed or given up. */
const settledWithin = (call: ReturnType<typeof sql>) => sql`
  (select count(*) from waiting_room.places p
   where p.line_id = ${call}.line_id and p.position between ${call}.from_position and ${call}.to_position)`

export type Crowd = { lineId: string; arrivals: number; inside: number; called: number; sellable: number | null }

/** Who is active in these lines: people inside, and people called who may still claim. */
export const readCrowds = (tx: Tx, lineIds: readonly string[], now: Date): Promise<Crowd[]> =>
  rows(
    tx,
    sql<Crowd>`
      select l.id as "lineId", l.arrivals, k.sellable,
        (select count(*)::int from waiting_room.passes p where p.line_id = l.id and p.ended_at is null and p.expires_at > ${now}) as inside,
        (select coalesce(sum(c.to_position - c.from_position + 1 - ${settledWithin(sql`c`)}), 0)::int
         from waiting_room.calls c where c.line_id = l.id and c.lapsed_at is null) as called
      from ${lineTables}
      where l.id = any(${lineIds}::text[])`,
  )

export type Step = { lineId: string; from: number; to: number; allowance: number }

export async function moveFrontiers(tx: Tx, steps: readonly Step[], now: Date): Promise<void> {
  await sql`
    insert into waiting_room.calls (line_id, from_position, to_position, called_at)
    select w.line_id, w.from_position, w.to_position, ${now}
    from unnest(${steps.map((s) => s.lineId)}::text[], ${steps.map((s) => s.from)}::int[], ${steps.map((s) => s.to)}::int[])
      w (line_id, from_position, to_position)`.execute(tx)
  await sql`
    update waiting_room.frontiers f set frontier = w.frontier, allowance = w.allowance, ticked_at = ${now}
    from unnest(${steps.map((s) => s.lineId)}::text[], ${steps.map((s) => s.to)}::int[], ${steps.map((s) => s.allowance)}::float8[])
      w (line_id, frontier, allowance)
    where f.line_id = w.line_id`.execute(tx)
}

export type Settings = {
  isPaused?: boolean | undefined
  shoppersMax?: number | undefined
  admitPerMinute?: number | undefined
  admitsAll?: boolean | undefined
}

/** @param organiserId  whose line it must be; null for an admin. @returns whether there is such a line */
export async function changeSettings(
  db: Db,
  lineId: string,
  organiserId: string | null,
  settings: Settings,
): Promise<boolean> {
  const count = await changed(
    db,
    sql`
      update waiting_room.frontiers f set
        is_paused = coalesce(${settings.isPaused ?? null}, f.is_paused),
        shoppers_max = coalesce(${settings.shoppersMax ?? null}, f.shoppers_max),
        admit_per_minute = coalesce(${settings.admitPerMinute ?? null}, f.admit_per_minute),
        admits_all = coalesce(${settings.admitsAll ?? null}, f.admits_all)
      from waiting_room.lines l join waiting_room.sales s on s.id = l.sale_id
      where f.line_id = ${lineId} and l.id = f.line_id and (${organiserId}::text is null or s.organiser_id = ${organiserId})`,
  )
  return count === 1
}

/** Whether there is such a line, of this organiser; null for an admin. */
export const isLineOf = async (db: Db, lineId: string, organiserId: string | null): Promise<boolean> =>
  (await maybeRow(
    db,
    sql`
      select 1 from waiting_room.lines l join waiting_room.sales s on s.id = l.sale_id
      where l.id = ${lineId} and (${organiserId}::text is null or s.organiser_id = ${organiserId})`,
  )) !== undefined

// Audit

/** Figures of the lines of one event or of all, each a number of violations but the last three. */
export async function readAudit(db: Db, eventId: string | null, now: Date) {
  const lines = sql`
    select l.id, l.arrivals, f.frontier from waiting_room.lines l
    join waiting_room.sales s on s.id = l.sale_id join waiting_room.frontiers f on f.line_id = l.id
    where ${eventId}::text is null or s.event_id = ${eventId}`
  const found = await maybeRow(
    db,
    sql<
      Record<
        | 'numbers'
        | 'doubles'
        | 'passes'
        | 'frontiers'
        | 'early'
        | 'calls'
        | 'undrawn'
        | 'places'
        | 'waiting'
        | 'shoppers',
        number
      >
    >`
      with line as materialized (${lines}),
      place as materialized (
        select p.line_id, count(*) as count, min(p.number) as first, max(p.number) as last, count(*) filter (where p.state = 'waiting') as waiting
        from waiting_room.places p join line on line.id = p.line_id group by p.line_id),
      call as materialized (
        select c.line_id, sum(c.to_position - c.from_position + 1) as count, min(c.from_position) as first, max(c.to_position) as last
        from waiting_room.calls c join line on line.id = c.line_id group by c.line_id)
      select
        (select count(*) from line left join place on place.line_id = line.id
         where coalesce(place.count, 0) <> line.arrivals or (place.count > 0 and (place.first <> 1 or place.last <> line.arrivals))) as numbers,
        (select count(*) from (
           select 1 from waiting_room.places p join line on line.id = p.line_id
           where p.state in ('waiting', 'admitted') group by p.sale_id, p.account_id having count(*) > 1) d) as doubles,
        (select count(*) from (
           select 1 from waiting_room.passes x join line on line.id = x.line_id
           where x.ended_at is null and x.expires_at > ${now} group by x.line_id, x.account_id having count(*) > 1) d)
          + (select count(*) from waiting_room.passes x join line on line.id = x.line_id
             left join waiting_room.places p on p.line_id = x.line_id and p.number = x.number and p.account_id = x.account_id
             where p.line_id is null or p.state not in ('admitted', 'used')) as passes,
        (select count(*) from line where line.frontier > line.arrivals) as frontiers,
        (select count(*) from waiting_room.passes x join line on line.id = x.line_id
         join waiting_room.places p on p.line_id = x.line_id and p.number = x.number where p.position is null or p.position > line.frontier) as early,
        (select count(*) from line left join call on call.line_id = line.id
         where coalesce(call.count, 0) <> line.frontier or (call.count > 0 and (call.first <> 1 or call.last <> line.frontier))) as calls,
        (select count(*) from line join waiting_room.lines l on l.id = line.id join waiting_room.calls c on c.line_id = l.id
         where l.draw_commitment is not null and (l.drawn_at is null or c.called_at < l.drawn_at)) as undrawn,
        (select coalesce(sum(place.count), 0)::int from place) as places,
        (select coalesce(sum(place.waiting), 0)::int from place) as waiting,
        (select count(*) from waiting_room.passes x join line on line.id = x.line_id where x.ended_at is null and x.expires_at > ${now}) as shoppers`,
  )
  return found!
}

/** The draws of the lines of one event or of all; lines by arrival too. */
export const readDraws = (db: Db, eventId: string | null): Promise<(DrawRecord & { id: string })[]> =>
  rows(
    db,
    sql<DrawRecord & { id: string }>`
      select ${drawColumns} from waiting_room.lines l join waiting_room.sales s on s.id = l.sale_id
      where (${eventId}::text is null or s.event_id = ${eventId}) and (l.draw_commitment is null or l.drawn_at is not null)`,
  )

/** Places that should have a position, by number: all but those who wait. */
export const settledPlaces = (
  db: Db,
  lineId: string,
  after: number,
  limit: number,
): Promise<{ number: number; position: number | null }[]> =>
  rows(
    db,
    sql<{ number: number; position: number | null }>`
      select number, position from waiting_room.places
      where line_id = ${lineId} and number > ${after} and state <> 'waiting' order by number limit ${limit}`,
  )

export const knownPlaces = async (db: Db, placeIds: readonly string[]): Promise<string[]> =>
  (await rows(db, sql<{ id: string }>`select id from waiting_room.places where id = any(${placeIds}::text[])`)).map(
    (place) => place.id,
  )

// Defences

export type DefenceCount = { saleId: string; defence: string; count: number }

/** Adds to what was counted before. */
export async function addDefenceCounts(db: Db, counts: readonly DefenceCount[]): Promise<void> {
  await sql`
    insert into waiting_room.defence_counts as c (sale_id, defence, count)
    select * from unnest(${counts.map((c) => c.saleId)}::text[], ${counts.map((c) => c.defence)}::text[],
                         ${counts.map((c) => c.count)}::bigint[]) w (sale_id, defence, count)
    order by w.sale_id, w.defence
    on conflict (sale_id, defence) do update set count = c.count + excluded.count`.execute(db)
}

export type NewReview = { saleId: string; accountId: string; reasons: readonly string[]; at: Date }

/** Asks for a review of an account in a sale; a reason that is known stays as it was. @returns whether any was new */
export const insertReviews = async (db: Db, review: NewReview): Promise<boolean> =>
  (await changed(
    db,
    sql`
      insert into waiting_room.reviews (sale_id, account_id, reason, at)
      select ${review.saleId}, ${review.accountId}, w.reason, ${review.at} from unnest(${review.reasons}::text[]) w (reason)
      on conflict do nothing`,
  )) > 0

export type FoundDefences = {
  counts: { defence: string; count: number }[]
  reviewsTotal: number
  reviews: { accountId: string; reasons: string[]; at: Date }[]
}

/** Reviews of a sale that nobody has decided since they were asked for. */
const openReviews = (saleId: string) => sql`
  (select r.account_id as "accountId", array_agg(r.reason order by r.reason) as reasons, min(r.at) as at
   from waiting_room.reviews r left join waiting_room.review_decisions d using (sale_id, account_id)
   where r.sale_id = ${saleId}
   group by r.account_id, d.at having d.at is null or max(r.at) > d.at)`

/** Whether a sale is known and of this organiser (null: anybody's). */
export const isSaleOf = async (db: Db, saleId: string, organiserId: string | null): Promise<boolean> =>
  (await maybeRow(
    db,
    sql`
      select 1 from waiting_room.sales
      where id = ${saleId} and (${organiserId}::text is null or organiser_id = ${organiserId})`,
  )) !== undefined

/** The newest open reviews and all counts of a sale; undefined when it is unknown or another organiser's (null: anybody's). */
export async function readDefences(
  db: Db,
  saleId: string,
  organiserId: string | null,
  reviewsMax: number,
): Promise<FoundDefences | undefined> {
  if (!(await isSaleOf(db, saleId, organiserId))) return undefined
  const counts = await rows(
    db,
    sql<{ defence: string; count: number }>`
      select defence, count::int as count from waiting_room.defence_counts where sale_id = ${saleId} order by defence`,
  )
  const reviews = await rows(
    db,
    sql<{ accountId: string; reasons: string[]; at: Date; total: number }>`
      select *, count(*) over ()::int as total from ${openReviews(saleId)} o order by at desc, "accountId" limit ${reviewsMax}`,
  )
  return {
    counts,
    reviewsTotal: reviews[0]?.total ?? 0,
    reviews: reviews.map(({ accountId, reasons, at }) => ({ accountId, reasons, at })),
  }
}

export type Decided = { saleId: string; accountId: string; decision: string; decidedBy: string; at: Date }

/** Writes down what a person has decided; a later decision replaces it. @returns false when there was no review */
export const decideReview = async (db: Db, { saleId, accountId, decision, decidedBy, at }: Decided): Promise<boolean> =>
  (await changed(
    db,
    sql`
      insert into waiting_room.review_decisions (sale_id, account_id, decision, decided_by, at)
      select ${saleId}, ${accountId}, ${decision}, ${decidedBy}, ${at}
      where exists (select 1 from waiting_room.reviews where sale_id = ${saleId} and account_id = ${accountId})
      on conflict (sale_id, account_id) do update
        set decision = excluded.decision, decided_by = excluded.decided_by, at = excluded.at`,
  )) > 0
