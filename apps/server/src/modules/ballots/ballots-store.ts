import type { EventData } from '@fairgate/contracts/events'
import type { ApplicationState } from '@fairgate/contracts/http/ballots'
import { maybeRow, row, rows, sql, type Db, type Tx } from '#platform/db'
import type { AwardState } from './award.ts'
import type { Ballot } from './ballot.ts'

// Rows are locked in this order: ballots, applications, awards; several of one kind in the order of their keys.

const ballotColumns = sql`
  b.id, b.event, b.opens_at as "opensAt", b.draw_at as "drawAt", b.closes_at as "closesAt", b.hold_seconds as "holdSeconds",
  b.limit_per_account as "limitPerAccount", b.pay_by_seconds as "payBySeconds", b.moves, b.arrivals,
  b.draw_commitment as "drawCommitment", b.draw_seed as "drawSeed", b.draw_entrants as "drawEntrants",
  b.draw_entrants_root as "drawEntrantsRoot", b.drawn_at as "drawnAt", b.beacon_url as "beaconUrl",
  b.beacon_chain as "beaconChain", b.beacon_round as "beaconRound", b.beacon_at as "beaconAt",
  b.beacon_randomness as "beaconRandomness", b.allotted_at as "allottedAt",
  b.cancelled_at as "cancelledAt",
  (select json_agg(json_build_object('id', l.id, 'index', l.index, 'name', l.name, 'course', l.course,
     'sectionIds', l.section_ids, 'placesGiven', l.places_given, 'leftOver', l.left_over) order by l.index)
   from ballots.lines l where l.sale_id = b.id) as lines`

export const readBallot = (db: Db | Tx, id: string): Promise<Ballot | undefined> =>
  maybeRow(db, sql<Ballot>`select ${ballotColumns} from ballots.ballots b where b.id = ${id}`)

/** Ballots that numbers are to be taken from, wishes changed in, or that are cancelled. */
export const lockBallots = (tx: Tx, ids: readonly string[]): Promise<Ballot[]> =>
  rows(
    tx,
    sql<Ballot>`
      select ${ballotColumns} from ballots.ballots b where b.id = any(${ids}::text[]) order by b.id for no key update of b`,
  )

/** The ballot for whoever draws it or gives out its places, once no application is being written. */
export const lockForWork = (tx: Tx, id: string): Promise<Ballot | undefined> =>
  maybeRow(tx, sql<Ballot>`select ${ballotColumns} from ballots.ballots b where b.id = ${id} for update of b`)

// The sale and its stock

export type SaleFacts = EventData<'catalog.sale-published.v1'> & {
  ballot: NonNullable<EventData<'catalog.sale-published.v1'>['ballot']>
}

/** A round of public randomness; `at` is when it becomes known. */
export type PromisedRound = { url: string; chain: string; round: number; at: Date }

/** Knowing a sale already is no change. */
export async function insertBallot(
  tx: Tx,
  sale: SaleFacts,
  promised: { seed: string; commitment: string; beacon: PromisedRound | undefined },
): Promise<void> {
  const { event, ballot, lines, sections } = sale
  const { beacon } = promised
  await sql`
    insert into ballots.ballots (id, event, organiser_id, opens_at, draw_at, closes_at, hold_seconds, limit_per_account,
      pay_by_seconds, moves, draw_seed, draw_commitment, beacon_url, beacon_chain, beacon_round, beacon_at)
    values (${sale.saleId}, ${JSON.stringify(event)}::jsonb, ${event.organiserId}, ${new Date(sale.opensAt)}, ${new Date(ballot.drawAt)},
      ${new Date(sale.closesAt)}, ${sale.holdSeconds}, ${sale.limitPerAccount}, ${ballot.payBySeconds}, ${ballot.moves},
      ${promised.seed}, ${promised.commitment}, ${beacon?.url ?? null}, ${beacon?.chain ?? null}, ${beacon?.round ?? null}, ${beacon?.at ?? null})
    on conflict do nothing`.execute(tx)
  await sql`
    insert into ballots.lines (id, sale_id, index, name, course, section_ids)
    select w ->> 'id', ${sale.saleId}, i - 1, w ->> 'name', w ->> 'course', array(select jsonb_array_elements_text(w -> 'sectionIds'))
    from jsonb_array_elements(${JSON.stringify(lines)}::jsonb) with ordinality l (w, i)
    on conflict do nothing`.execute(tx)
  await sql`
    insert into ballots.sections (sale_id, section_id, capacity)
    select ${sale.saleId}, w.* from unnest(${sections.map((s) => s.id)}::text[], ${sections.map((s) => s.capacity)}::int[]) w
    on conflict do nothing`.execute(tx)
}

export type StockCounts = {
  saleId: string
  sectionId: string
  at: Date
  free: number
  sold: number
  blocked: number
}

/** Keeps the newest counts of the sections of ballots. @returns the sales in which something changed */
export async function updateStock(tx: Tx, counts: readonly StockCounts[]): Promise<string[]> {
  const found = await rows(
    tx,
    sql<{ saleId: string }>`
      update ballots.sections c set free = w.free, sold = w.sold, blocked = w.blocked, stock_at = w.at
      from unnest(
        ${counts.map((c) => c.saleId)}::text[], ${counts.map((c) => c.sectionId)}::text[], ${counts.map((c) => c.at)}::timestamptz[],
        ${counts.map((c) => c.free)}::int[], ${counts.map((c) => c.sold)}::int[], ${counts.map((c) => c.blocked)}::int[])
        w (sale_id, section_id, at, free, sold, blocked)
      where c.sale_id = w.sale_id and c.section_id = w.section_id and (c.stock_at is null or c.stock_at <= w.at)
      returning c.sale_id as "saleId"`,
  )
  return [...new Set(found.map((section) => section.saleId))]
}

/** Places may have become free in these sales: somebody looks, once they have been drawn. */
export async function touch(tx: Tx, saleIds: Iterable<string>): Promise<void> {
  await sql`
    update ballots.ballots b set is_touched = true
    from (select id from ballots.ballots where id = any(${[...saleIds]}::text[]) order by id for no key update) w
    where b.id = w.id and not b.is_touched`.execute(tx)
}

export type OrderRow = {
  id: string
  saleId: string
  sectionId: string
  accountId: string
  seats: number
  at: Date
}

/** Orders of ballots that are new here. @param state  never takes a later state back */
export async function noteOrders(tx: Tx, orders: readonly OrderRow[], state: 'pending' | 'fulfilled'): Promise<void> {
  await sql`
    insert into ballots.orders as o (id, sale_id, section_id, account_id, seats, state, at)
    select w.id, w.sale_id, w.section_id, w.account_id, w.seats, ${state}, w.at
    from unnest(${orders.map((o) => o.id)}::text[], ${orders.map((o) => o.saleId)}::text[], ${orders.map((o) => o.sectionId)}::text[],
                ${orders.map((o) => o.accountId)}::text[], ${orders.map((o) => o.seats)}::int[], ${orders.map((o) => o.at)}::timestamptz[])
      w (id, sale_id, section_id, account_id, seats, at)
    join ballots.ballots b on b.id = w.sale_id
    on conflict (id) do update set state = excluded.state where o.state = 'pending'`.execute(tx)
}

export async function endOrders(tx: Tx, orderIds: readonly string[]): Promise<void> {
  await sql`update ballots.orders set state = 'over' where id = any(${orderIds}::text[])`.execute(tx)
}

/** Some of the seats of these orders have gone back, or all of them. An older count changes nothing. */
export async function keepSeats(tx: Tx, orders: readonly { orderId: string; seatsLeft: number }[]): Promise<void> {
  await sql`
    update ballots.orders o
    set seats = case when w.seats_left > 0 then w.seats_left else o.seats end, state = case when w.seats_left > 0 then o.state else 'over' end
    from unnest(${orders.map((o) => o.orderId)}::text[], ${orders.map((o) => o.seatsLeft)}::int[]) w (id, seats_left)
    where o.id = w.id and o.state = 'fulfilled' and w.seats_left < o.seats`.execute(tx)
}

export type Bought = { id: string; state: AwardState; bought: number }

/** The awards of these buyers with the places that their orders have bought, where that is not what the award says. */
export const awardsToRecount = (
  tx: Tx,
  who: readonly { saleId: string; accountId: string }[],
): Promise<(Bought & { was: number })[]> =>
  rows(
    tx,
    sql<Bought & { was: number }>`
      select a.id, a.state, a.bought as was, n.bought
      from (select distinct * from unnest(${who.map((w) => w.saleId)}::text[], ${who.map((w) => w.accountId)}::text[])) w (sale_id, account_id)
      join ballots.awards a on a.sale_id = w.sale_id and a.account_id = w.account_id
      cross join lateral (
        select coalesce(sum(o.seats), 0)::int as bought from ballots.orders o
        where o.sale_id = a.sale_id and o.account_id = a.account_id and o.state = 'fulfilled') n
      where n.bought <> a.bought
      order by a.id for update of a`,
  )

export async function updateBought(tx: Tx, awards: readonly Bought[]): Promise<void> {
  await sql`
    update ballots.awards a set state = w.state, bought = w.bought
    from unnest(${awards.map((a) => a.id)}::text[], ${awards.map((a) => a.state)}::text[], ${awards.map((a) => a.bought)}::int[]) w (id, state, bought)
    where a.id = w.id`.execute(tx)
}

// Applications

export type Application = {
  saleId: string
  number: number
  id: string
  accountId: string
  preferences: number[]
  quantity: number
  state: ApplicationState
  appliedAt: Date
  changedAt: Date
  position: number | null
}

const applicationColumns = sql`
  a.sale_id as "saleId", a.number, a.id, a.account_id as "accountId", a.preferences, a.quantity, a.state,
  a.applied_at as "appliedAt", a.changed_at as "changedAt", a.position`

export const applicationsOf = (
  db: Db | Tx,
  who: readonly { saleId: string; accountId: string }[],
): Promise<Application[]> =>
  rows(
    db,
    sql<Application>`
      select ${applicationColumns}
      from (select distinct * from unnest(${who.map((w) => w.saleId)}::text[], ${who.map((w) => w.accountId)}::text[])) w (sale_id, account_id)
      join ballots.applications a on a.sale_id = w.sale_id and a.account_id = w.account_id`,
  )

/** Writes applications as they are now, and the last number of each of their ballots. */
export async function writeApplications(
  tx: Tx,
  applications: readonly Application[],
  arrivals: ReadonlyMap<string, number>,
): Promise<void> {
  await sql`
    insert into ballots.applications as a (sale_id, number, id, account_id, preferences, quantity, state, applied_at, changed_at)
    select w.sale_id, w.number, w.id, w.account_id, array(select jsonb_array_elements_text(w.preferences)::int), w.quantity, w.state,
           w.applied_at, w.changed_at
    from unnest(
      ${applications.map((a) => a.saleId)}::text[], ${applications.map((a) => a.number)}::int[], ${applications.map((a) => a.id)}::text[],
      ${applications.map((a) => a.accountId)}::text[], ${applications.map((a) => JSON.stringify(a.preferences))}::jsonb[],
      ${applications.map((a) => a.quantity)}::int[], ${applications.map((a) => a.state)}::text[],
      ${applications.map((a) => a.appliedAt)}::timestamptz[], ${applications.map((a) => a.changedAt)}::timestamptz[])
      w (sale_id, number, id, account_id, preferences, quantity, state, applied_at, changed_at)
    on conflict (sale_id, number) do update set
      preferences = excluded.preferences, quantity = excluded.quantity, state = excluded.state, changed_at = excluded.changed_at`.execute(
    tx,
  )
  if (arrivals.size === 0) return
  await sql`
    update ballots.ballots b set arrivals = w.arrivals
    from unnest(${[...arrivals.keys()]}::text[], ${[...arrivals.values()]}::int[]) w (id, arrivals)
    where b.id = w.id`.execute(tx)
}

/** Applications by number, withdrawn ones too. */
export const applicationPage = (
  db: Db | Tx,
  saleId: string,
  after: number,
  limit: number,
): Promise<Pick<Application, 'number' | 'id' | 'preferences' | 'quantity' | 'state'>[]> =>
  rows(
    db,
    sql<Pick<Application, 'number' | 'id' | 'preferences' | 'quantity' | 'state'>>`
      select a.number, a.id, a.preferences, a.quantity, a.state from ballots.applications a
      where a.sale_id = ${saleId} and a.number > ${after} order by a.number limit ${limit}`,
  )

/** What the published list shows of an application. @returns by number; `line` is what the first awards gave it */
export const entryPage = (
  db: Db,
  saleId: string,
  after: number,
  limit: number,
): Promise<(Pick<Application, 'number' | 'id' | 'preferences' | 'quantity' | 'state'> & { line: number | null })[]> =>
  rows(
    db,
    sql<Pick<Application, 'number' | 'id' | 'preferences' | 'quantity' | 'state'> & { line: number | null }>`
      select a.number, a.id, a.preferences, a.quantity, a.state, l.index as line from ballots.applications a
      left join ballots.awards w on w.sale_id = a.sale_id and w.number = a.number and not w.from_reserve
      left join ballots.lines l on l.id = w.line_id
      where a.sale_id = ${saleId} and a.number > ${after} order by a.number limit ${limit}`,
  )

// The draw

export type Undrawn = Pick<Ballot, 'id' | 'drawEntrants' | 'beaconUrl' | 'beaconChain' | 'beaconRound' | 'beaconAt'>

/** Ballots whose applications have ended and whose order is not known yet. */
export const undrawnBallots = (db: Db, now: Date, limit: number): Promise<Undrawn[]> =>
  rows(
    db,
    sql<Undrawn>`
      select b.id, b.draw_entrants as "drawEntrants", b.beacon_url as "beaconUrl", b.beacon_chain as "beaconChain",
             b.beacon_round as "beaconRound", b.beacon_at as "beaconAt"
      from ballots.ballots b where b.drawn_at is null and b.cancelled_at is null and b.draw_at <= ${now} order by b.draw_at, b.id limit ${limit}`,
  )

export async function freezeDraw(tx: Tx, id: string, entrants: number, root: string): Promise<void> {
  await sql`
    update ballots.ballots set draw_entrants = ${entrants}, draw_entrants_root = ${root} where id = ${id}`.execute(tx)
}

export async function revealDraw(tx: Tx, id: string, randomness: string | null, now: Date): Promise<void> {
  await sql`
    update ballots.ballots set drawn_at = ${now}, beacon_randomness = ${randomness}, is_touched = true where id = ${id}`.execute(
    tx,
  )
}

/** Writes where the draw put each number. @param positions  of the numbers from `first` on */
export async function writePositions(
  tx: Tx,
  saleId: string,
  first: number,
  positions: readonly number[],
): Promise<void> {
  await sql`
    update ballots.applications a set position = w.position
    from unnest(${positions}::int[]) with ordinality w (position, i)
    where a.sale_id = ${saleId} and a.number = ${first}::int - 1 + w.i`.execute(tx)
}

// Awards

export type Award = {
  id: string
  saleId: string
  number: number
  accountId: string
  lineId: string
  quantity: number
  bought: number
  how: 'preference' | 'moved-down'
  fromReserve: boolean
  state: AwardState
  awardedAt: Date
  payBy: Date
  passUntil: Date | null
  releasedAt: Date | null
}

const awardColumns = sql`
  a.id, a.sale_id as "saleId", a.number, a.account_id as "accountId", a.line_id as "lineId", a.quantity, a.bought, a.how,
  a.from_reserve as "fromReserve", a.state, a.awarded_at as "awardedAt", a.pay_by as "payBy", a.pass_until as "passUntil",
  a.released_at as "releasedAt"`

/** An award as its owner sees it. */
export type FullAward = Award & { eventId: string; eventName: string; lineName: string; sectionIds: string[] }

const fullAward = sql`
  select ${awardColumns}, b.event ->> 'id' as "eventId", b.event ->> 'name' as "eventName", l.name as "lineName",
         l.section_ids as "sectionIds"
  from ballots.awards a join ballots.ballots b on b.id = a.sale_id join ballots.lines l on l.id = a.line_id`

export const awardsOf = (db: Db, accountId: string, limit: number): Promise<FullAward[]> =>
  rows(
    db,
    sql<FullAward>`${fullAward} where a.account_id = ${accountId} order by a.awarded_at desc, a.id desc limit ${limit}`,
  )

export const awardOfApplication = (db: Db, saleId: string, number: number): Promise<FullAward | undefined> =>
  maybeRow(db, sql<FullAward>`${fullAward} where a.sale_id = ${saleId} and a.number = ${number}`)

export const lockAward = (tx: Tx, id: string): Promise<(FullAward & { holdSeconds: number }) | undefined> =>
  maybeRow(
    tx,
    sql<FullAward & { holdSeconds: number }>`
      select w.*, b.hold_seconds as "holdSeconds" from (${fullAward} where a.id = ${id} for update of a) w
      join ballots.ballots b on b.id = w."saleId"`,
  )

export async function notePass(tx: Tx, id: string, until: Date): Promise<void> {
  await sql`update ballots.awards set pass_until = greatest(pass_until, ${until}::timestamptz) where id = ${id}`.execute(
    tx,
  )
}

export async function moveAward(tx: Tx, id: string, state: AwardState): Promise<void> {
  await sql`update ballots.awards set state = ${state} where id = ${id}`.execute(tx)
}

/** When nobody can begin anything with an award any more, and nothing that was begun can still be on its way. */
const usableUntil = sql`
  (case when a.state = 'awarded' then greatest(a.pay_by, a.pass_until + make_interval(secs => b.hold_seconds + 5))
        else coalesce(a.pass_until + make_interval(secs => b.hold_seconds + 5), a.awarded_at) end)`

const isPending = sql`
  exists (select 1 from ballots.orders o where o.sale_id = a.sale_id and o.account_id = a.account_id and o.state = 'pending')`

/** Drawn ballots in which places may have become free, or in which awards are to be ended or reminded of. */
export const ballotsWithWork = (db: Db, now: Date, limit: number): Promise<{ id: string }[]> =>
  rows(
    db,
    sql<{ id: string }>`
      select b.id from ballots.ballots b
      where b.drawn_at is not null and (b.is_touched
        or exists (select 1 from ballots.awards a where a.sale_id = b.id and a.released_at is null and ${usableUntil} <= ${now} and not ${isPending})
        or exists (select 1 from ballots.awards a where a.sale_id = b.id and a.released_at is null and a.state = 'awarded'
                   and a.reminded_at is null and a.pay_by > ${now}
                   and a.pay_by <= ${now}::timestamptz + make_interval(secs => least(10800, b.pay_by_seconds * 0.25)) and not ${isPending}))
      order by b.id limit ${limit}`,
  )

/** Awards that nobody can use any more: their places are free for others. */
export const awardsOver = (tx: Tx, saleId: string, now: Date, limit: number): Promise<Award[]> =>
  rows(
    tx,
    sql<Award>`
      select ${awardColumns} from ballots.awards a join ballots.ballots b on b.id = a.sale_id
      where a.sale_id = ${saleId} and a.released_at is null and ${usableUntil} <= ${now} and not ${isPending}
      order by a.id limit ${limit} for update of a`,
  )

export async function releaseAwards(
  tx: Tx,
  awards: readonly { id: string; state: AwardState }[],
  now: Date,
): Promise<void> {
  await sql`
    update ballots.awards a set state = w.state, released_at = ${now}
    from unnest(${awards.map((a) => a.id)}::text[], ${awards.map((a) => a.state)}::text[]) w (id, state) where a.id = w.id`.execute(
    tx,
  )
}

/** Awards whose deadline is near and whose owners have begun nothing; each once. */
export const awardsToRemindOf = (tx: Tx, saleId: string, now: Date, limit: number): Promise<Award[]> =>
  rows(
    tx,
    sql<Award>`
      with due as (
        select a.id from ballots.awards a join ballots.ballots b on b.id = a.sale_id
        where a.sale_id = ${saleId} and a.released_at is null and a.state = 'awarded' and a.reminded_at is null and a.pay_by > ${now}
          and a.pay_by <= ${now}::timestamptz + make_interval(secs => least(10800, b.pay_by_seconds * 0.25)) and not ${isPending}
        order by a.id limit ${limit} for update of a)
      update ballots.awards a set reminded_at = ${now} from due where a.id = due.id returning ${awardColumns}`,
  )

export type LinePlaces = { index: number; available: number | null }

/**
 * How many places of each line can be promised to somebody new; null while the stock is not known. Two counts, and the
 * smaller one holds, because facts may lag. What can be sold (capacity less blocked and sold seats, sold being the larger
 * of what inventory and what orders have told) less what is promised; and what the inventory has free less what is
 * promised and not in anybody's order yet.
 */
export const placesOf = (tx: Tx, saleId: string): Promise<LinePlaces[]> =>
  rows(
    tx,
    sql<LinePlaces>`
      with sold as (
        select o.section_id, sum(o.seats)::int as seats from ballots.orders o
        where o.sale_id = ${saleId} and o.state = 'fulfilled' group by 1),
      promised as (
        select a.line_id, sum(greatest(0, a.quantity - a.bought))::int as places,
          sum(least(greatest(0, a.quantity - a.bought), (
            select coalesce(sum(o.seats), 0) from ballots.orders o
            join ballots.sections c on c.sale_id = o.sale_id and c.section_id = o.section_id
            where o.sale_id = a.sale_id and o.account_id = a.account_id and o.state = 'pending' and o.at < c.stock_at)))::int as ordered
        from ballots.awards a where a.sale_id = ${saleId} and a.released_at is null group by 1)
      select l.index, case when k.is_known then
          least(k.sellable - coalesce(p.places, 0), k.free - coalesce(p.places - p.ordered, 0))::int end as available
      from ballots.lines l
      left join promised p on p.line_id = l.id
      cross join lateral (
        select bool_and(c.stock_at is not null) as is_known, sum(c.free)::int as free,
               sum(c.capacity - c.blocked - greatest(c.sold, coalesce(s.seats, 0)))::int as sellable
        from ballots.sections c left join sold s on s.section_id = c.section_id
        where c.sale_id = l.sale_id and c.section_id = any(l.section_ids)) k
      where l.sale_id = ${saleId} order by l.index`,
  )

export type Reserve = Pick<Application, 'number' | 'accountId' | 'preferences' | 'quantity'> & { position: number }

/** Applications without an award, in the order of the draw. */
export const reservePage = (tx: Tx, saleId: string, after: number, limit: number): Promise<Reserve[]> =>
  rows(
    tx,
    sql<Reserve>`
      select a.number, a.account_id as "accountId", a.preferences, a.quantity, a.position from ballots.applications a
      where a.sale_id = ${saleId} and a.position > ${after} and a.state = 'active'
        and not exists (select 1 from ballots.awards w where w.sale_id = a.sale_id and w.number = a.number)
      order by a.position limit ${limit}`,
  )

export async function insertAwards(tx: Tx, awards: readonly Award[]): Promise<void> {
  await sql`
    insert into ballots.awards (id, sale_id, number, account_id, line_id, quantity, how, from_reserve, awarded_at, pay_by)
    select * from unnest(
      ${awards.map((a) => a.id)}::text[], ${awards.map((a) => a.saleId)}::text[], ${awards.map((a) => a.number)}::int[],
      ${awards.map((a) => a.accountId)}::text[], ${awards.map((a) => a.lineId)}::text[], ${awards.map((a) => a.quantity)}::int[],
      ${awards.map((a) => a.how)}::text[], ${awards.map((a) => a.fromReserve)}::boolean[], ${awards.map((a) => a.awardedAt)}::timestamptz[],
      ${awards.map((a) => a.payBy)}::timestamptz[])`.execute(tx)
}

/** Notes what is left of each line, and that nobody needs to look until something changes. */
export async function settle(
  tx: Tx,
  saleId: string,
  leftOver: readonly number[],
  first: { given: readonly number[]; at: Date } | undefined,
): Promise<void> {
  await sql`
    update ballots.lines l set left_over = w.left_over, places_given = coalesce(w.given, l.places_given)
    from unnest(${leftOver}::int[], ${leftOver.map((_, index) => first?.given[index] ?? null)}::int[]) with ordinality w (left_over, given, i)
    where l.sale_id = ${saleId} and l.index = w.i - 1`.execute(tx)
  await sql`
    update ballots.ballots set is_touched = false, allotted_at = coalesce(allotted_at, ${first?.at ?? null}) where id = ${saleId}`.execute(
    tx,
  )
}

// The event is cancelled

export async function cancelBallot(tx: Tx, saleId: string, at: Date): Promise<void> {
  await sql`update ballots.ballots set cancelled_at = ${at}, is_touched = true where id = ${saleId}`.execute(tx)
}

/** Moves all awards that are open; the ballot is locked. */
export async function moveOpenAwards(tx: Tx, saleId: string, state: AwardState): Promise<void> {
  await sql`
    update ballots.awards a set state = ${state}
    from (select id from ballots.awards where sale_id = ${saleId} and state = 'awarded' order by id for update) w
    where a.id = w.id`.execute(tx)
}

/** Whose application something could still have come of, in the order of the numbers. */
export const hopeful = async (tx: Tx, saleId: string): Promise<string[]> =>
  (
    await rows(
      tx,
      sql<{ accountId: string }>`
        select a.account_id as "accountId" from ballots.applications a
        where a.sale_id = ${saleId} and a.state = 'active'
          and not exists (select 1 from ballots.awards w where w.sale_id = a.sale_id and w.number = a.number and w.state <> 'withdrawn')
        order by a.number`,
    )
  ).map(({ accountId }) => accountId)

// What is shown

export type LineCounts = {
  index: number
  places: number
  firstPreferences: number
  preferences: number
  open: number
  bought: number
  declined: number
  lapsed: number
}
export type Counts = { applications: number; reserve: number; lines: LineCounts[] }

export async function readCounts(db: Db, saleId: string): Promise<Counts> {
  const whole = await row(
    db,
    sql<{ applications: number; awards: number }>`
      select (select count(*)::int from ballots.applications where sale_id = ${saleId} and state = 'active') as applications,
             (select count(*)::int from ballots.awards where sale_id = ${saleId}) as awards`,
  )
  const lines = await rows(
    db,
    sql<LineCounts>`
      with wished as (
        select p.line, count(*)::int as named, count(*) filter (where p.rank = 1)::int as first
        from ballots.applications a cross join lateral unnest(a.preferences) with ordinality p (line, rank)
        where a.sale_id = ${saleId} and a.state = 'active' group by 1),
      given as (
        select a.line_id, count(*) filter (where a.state = 'awarded')::int as open, count(*) filter (where a.state = 'bought')::int as bought,
               count(*) filter (where a.state = 'declined')::int as declined,
               count(*) filter (where a.state in ('lapsed', 'returned', 'withdrawn'))::int as lapsed
        from ballots.awards a where a.sale_id = ${saleId} group by 1)
      select l.index, coalesce(l.places_given, k.places)::int as places, coalesce(w.first, 0) as "firstPreferences",
             coalesce(w.named, 0) as preferences, coalesce(g.open, 0) as open, coalesce(g.bought, 0) as bought,
             coalesce(g.declined, 0) as declined, coalesce(g.lapsed, 0) as lapsed
      from ballots.lines l
      left join wished w on w.line = l.index
      left join given g on g.line_id = l.id
      cross join lateral (
        select coalesce(sum(c.capacity - coalesce(c.blocked, 0)), 0) as places from ballots.sections c
        where c.sale_id = l.sale_id and c.section_id = any(l.section_ids)) k
      where l.sale_id = ${saleId} order by l.index`,
  )
  return { applications: whole.applications, reserve: whole.applications - whole.awards, lines }
}

export const knownIds = async (db: Db, ids: readonly string[]): Promise<string[]> =>
  (
    await rows(
      db,
      sql<{ id: string }>`
        select id from ballots.applications where id = any(${ids}::text[])
        union all select id from ballots.awards where id = any(${ids}::text[])`,
    )
  ).map((found) => found.id)

// Audit

/** Figures of the ballots of one event or of all, each a number of violations but the last three. */
export const readAudit = (db: Db, eventId: string | null) =>
  row(
    db,
    sql<
      Record<
        | 'numbers'
        | 'positions'
        | 'early'
        | 'withdrawn'
        | 'over'
        | 'owners'
        | 'bought'
        | 'lines'
        | 'cancelled'
        | 'applications'
        | 'open'
        | 'awards',
        number
      >
    >`
      with b as materialized (
        select * from ballots.ballots where ${eventId}::text is null or event ->> 'id' = ${eventId}),
      app as materialized (
        select a.sale_id, count(*) as count, min(a.number) as first, max(a.number) as last, count(a.position) as placed,
               min(a.position) as top, max(a.position) as bottom
        from ballots.applications a join b on b.id = a.sale_id group by 1),
      award as materialized (select a.* from ballots.awards a join b on b.id = a.sale_id),
      sold as materialized (
        select o.sale_id, o.account_id, sum(o.seats) as seats from ballots.orders o join b on b.id = o.sale_id
        where o.state = 'fulfilled' group by 1, 2)
      select
        (select count(*) from b left join app on app.sale_id = b.id
         where coalesce(app.count, 0) <> b.arrivals or (app.count > 0 and (app.first <> 1 or app.last <> b.arrivals))) as numbers,
        (select count(*) from b left join app on app.sale_id = b.id
         where coalesce(app.placed, 0) <> case when b.drawn_at is null then 0 else b.draw_entrants end
            or (app.placed > 0 and (app.top <> 1 or app.bottom <> b.draw_entrants))) as positions,
        (select count(*) from award join b on b.id = award.sale_id where b.drawn_at is null or award.awarded_at < b.drawn_at) as early,
        (select count(*) from award join ballots.applications a on a.sale_id = award.sale_id and a.number = award.number
         where a.state <> 'active') as withdrawn,
        (select count(*) from (
           select l.id from ballots.lines l join b on b.id = l.sale_id
           join award on award.line_id = l.id and award.released_at is null
           group by l.id, l.section_ids, l.sale_id having sum(award.quantity - least(award.bought, award.quantity)) > (
             select sum(c.capacity - greatest(c.sold, 0)) from ballots.sections c
             where c.sale_id = l.sale_id and c.section_id = any(l.section_ids))) x) as over,
        (select count(*) from award join ballots.applications a on a.sale_id = award.sale_id and a.number = award.number
         where a.account_id <> award.account_id or a.quantity <> award.quantity) as owners,
        (select count(*) from award left join sold on sold.sale_id = award.sale_id and sold.account_id = award.account_id
         where award.bought <> coalesce(sold.seats, 0) or award.bought > award.quantity) as bought,
        (select count(*) from award join ballots.lines l on l.id = award.line_id
         join ballots.applications a on a.sale_id = award.sale_id and a.number = award.number
         where award.how = 'preference' and not l.index = any(a.preferences)) as lines,
        (select count(*) from award join b on b.id = award.sale_id
         where b.cancelled_at is not null and award.state = 'awarded') as cancelled,
        (select coalesce(sum(app.count), 0)::int from app) as applications,
        (select count(*) from award where award.state = 'awarded') as open,
        (select count(*) from award) as awards`,
  )

/** Drawn ballots of one event or of all. */
export const drawnBallots = (db: Db, eventId: string | null): Promise<Ballot[]> =>
  rows(
    db,
    sql<Ballot>`
      select ${ballotColumns} from ballots.ballots b
      where b.drawn_at is not null and (${eventId}::text is null or b.event ->> 'id' = ${eventId})`,
  )

export const positionPage = (
  db: Db,
  saleId: string,
  after: number,
  limit: number,
): Promise<{ number: number; position: number | null }[]> =>
  rows(
    db,
    sql<{ number: number; position: number | null }>`
      select number, position from ballots.applications where sale_id = ${saleId} and number > ${after} order by number limit ${limit}`,
  )
