import type { EventData } from '@fairgate/contracts/events'
import type { DrawRecord } from '@fairgate/contracts/draw-record'
import { maybeRow, rows, sql, type Db, type Tx } from '#platform/db'
import type { Line } from './line.ts'
import type { Call, Pass, Place, PlaceState } from './place.ts'

// Rows are locked in this order: lines, frontiers, places, calls; several of one kind in the order of their keys.

export const drawColumns = sql`
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
export const lineTables = sql`
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

export const knownPlaces = async (db: Db, placeIds: readonly string[]): Promise<string[]> =>
  (await rows(db, sql<{ id: string }>`select id from waiting_room.places where id = any(${placeIds}::text[])`)).map(
    (place) => place.id,
  )

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

// Calls

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
