import type { LotFacts, AuctionFacts, EventData } from '@fairgate/contracts/events'
import { changed, maybeRow, row, rows, sql, type Db, type Tx } from '#platform/db'
import type { Award, AwardState } from './award.ts'
import type { Live } from './live.ts'
import type { Lot } from './lot.ts'

// Rows are locked in this order: lots, bidders, awards; several of one kind in the order of their keys.

const lotColumns = sql`
  l.id, l.sale_id as "saleId", l.section_id as "sectionId", l.name, l.event, l.seats, l.start_amount as "startAmount", l.currency,
  l.step, l.bids_max as "bidsMax", l.opens_at as "opensAt", l.ends_at as "endsAt", l.soft_close as "softClose",
  l.closes_at as "closesAt", l.pay_by_seconds as "payBySeconds", l.hold_seconds as "holdSeconds", l.left_over as "leftOver",
  l.end_at as "endAt", l.sequence, l.bidders, l.last_bid as "lastBid", l.closed_at as "closedAt",
  l.cancelled_at as "cancelledAt"`

export const readLot = (db: Db | Tx, id: string): Promise<Lot | undefined> =>
  maybeRow(db, sql<Lot>`select ${lotColumns} from auctions.lots l where l.id = ${id}`)

/** Lots that bids are to be decided for. */
export const lockForBids = (tx: Tx, ids: readonly string[]): Promise<Lot[]> =>
  rows(
    tx,
    sql<Lot>`
      select ${lotColumns} from auctions.lots l where l.id = any(${ids}::text[]) order by l.id for no key update of l`,
  )

/** The lot for whoever closes it or gives its seats away, once no bid is being written. */
export const lockForWork = (tx: Tx, id: string): Promise<Lot | undefined> =>
  maybeRow(tx, sql<Lot>`select ${lotColumns} from auctions.lots l where l.id = ${id} for update of l`)

export const lotOfAward = (db: Db | Tx, awardId: string): Promise<string | undefined> =>
  maybeRow(db, sql<{ lotId: string }>`select lot_id as "lotId" from auctions.awards where id = ${awardId}`).then(
    (found) => found?.lotId,
  )

// ---------------------------------------------------------------- lots

export type SaleFacts = EventData<'catalog.sale-published.v1'> & { auction: AuctionFacts; lots: LotFacts[] }

/** Knowing a lot already is no change. */
export async function insertLots(tx: Tx, sale: SaleFacts): Promise<void> {
  const { auction, event } = sale
  for (const lot of sale.lots) {
    const name = sale.lines.find((line) => line.id === lot.lineId)?.name ?? ''
    await sql`
      insert into auctions.lots (id, sale_id, section_id, name, event, seats, start_amount, currency, step, bids_max, opens_at,
        ends_at, soft_close, closes_at, pay_by_seconds, hold_seconds, left_over, end_at)
      values (${lot.id}, ${sale.saleId}, ${lot.sectionId}, ${name}, ${JSON.stringify(event)}::jsonb, ${lot.seats.length},
        ${lot.startPrice.amount}, ${lot.startPrice.currency}, ${auction.step.amount}, ${auction.bidsMax}, ${new Date(sale.opensAt)},
        ${new Date(auction.endsAt)}, ${auction.softClose ? JSON.stringify(auction.softClose) : null}::jsonb, ${new Date(sale.closesAt)},
        ${auction.payBySeconds}, ${sale.holdSeconds}, ${auction.leftOver}, ${new Date(auction.endsAt)})
      on conflict do nothing`.execute(tx)
    await sql`
      insert into auctions.seats (lot_id, place, number, label)
      select ${lot.id}, w.place, w.number, w.label
      from unnest(${lot.seats.map((seat) => seat.number)}::int[], ${lot.seats.map((seat) => seat.label)}::text[])
        with ordinality w (number, label, place)
      on conflict do nothing`.execute(tx)
  }
}

/** The lots of these sales, for whoever cancels them. */
export const lockSales = (tx: Tx, saleIds: readonly string[]): Promise<Lot[]> =>
  rows(
    tx,
    sql<Lot>`
      select ${lotColumns} from auctions.lots l where l.sale_id = any(${saleIds}::text[]) order by l.id for update of l`,
  )

export async function cancelLot(tx: Tx, id: string, at: Date): Promise<void> {
  await sql`update auctions.lots set cancelled_at = ${at}, is_touched = true where id = ${id}`.execute(tx)
}

/** Moves all awards of a lot that are open; the lot is locked. */
export async function moveOpenAwards(tx: Tx, lotId: string, state: AwardState): Promise<void> {
  await sql`
    update auctions.awards a set state = ${state}
    from (select id from auctions.awards where lot_id = ${lotId} and state = 'awarded' order by id for update) w
    where a.id = w.id`.execute(tx)
}

/** Bidders, and claimants of what was left over, who hoped for something yet. */
export const hopeful = async (tx: Tx, lotId: string): Promise<string[]> =>
  (
    await rows(
      tx,
      sql<{ accountId: string }>`
        select w.account_id as "accountId"
        from (select account_id from auctions.bidders where lot_id = ${lotId}
              union select account_id from auctions.awards where lot_id = ${lotId} and state = 'withdrawn') w
        where not exists (select 1 from auctions.awards a where a.lot_id = ${lotId} and a.account_id = w.account_id and a.state <> 'withdrawn')
        order by w.account_id`,
    )
  ).map(({ accountId }) => accountId)

export type Seat = { place: number; number: number; label: string }

export const seatsOf = (db: Db | Tx, lotId: string): Promise<Seat[]> =>
  rows(db, sql<Seat>`select place, number, label from auctions.seats where lot_id = ${lotId} order by place`)

// ---------------------------------------------------------------- bids

const liveColumns = sql`
  b.lot_id as "lotId", b.account_id as "accountId", b.bidder, b.amount, b.sequence, b.used, b.sequences`

/** The highest live bids of a lot, in order. */
export const bestBids = (db: Db | Tx, lotId: string, limit: number): Promise<Live[]> =>
  rows(
    db,
    sql<Live>`
      select ${liveColumns} from auctions.bidders b
      where b.lot_id = ${lotId} order by b.amount desc, b.sequence limit ${limit}`,
  )

/** The lowest amount that wins as things are, once there are as many bids as seats. */
export const cutoffOf = (db: Db, { id, seats }: Pick<Lot, 'id' | 'seats'>): Promise<number | undefined> =>
  maybeRow(
    db,
    sql<{ amount: number }>`
      select amount from auctions.bidders where lot_id = ${id} order by amount desc, sequence offset ${seats - 1} limit 1`,
  ).then((found) => found?.amount)

/** The live bids of these accounts, where they have one. */
export const liveBids = (db: Db | Tx, who: readonly { lotId: string; accountId: string }[]): Promise<Live[]> =>
  rows(
    db,
    sql<Live>`
      select ${liveColumns}
      from (select distinct * from unnest(${who.map((w) => w.lotId)}::text[], ${who.map((w) => w.accountId)}::text[])) w (lot_id, account_id)
      join auctions.bidders b on b.lot_id = w.lot_id and b.account_id = w.account_id`,
  )

export type Bid = { id: string; lotId: string; sequence: number; accountId: string; amount: number; at: Date }

type LotVersion = Pick<Lot, 'id' | 'sequence' | 'bidders' | 'lastBid' | 'endAt'>

export type NewBid = {
  bid: Bid
  /** As this bid leaves it; it is the live one unless the batch has a later one. */
  bidder: Live
  isLive: boolean
  /** Whom it pushed out and who is told. */
  told: Live | undefined
}

const rowOf = ({ bid, bidder, isLive, told }: NewBid) => ({
  lotId: bid.lotId,
  sequence: bid.sequence,
  id: bid.id,
  accountId: bid.accountId,
  amount: bid.amount,
  pushedOut: told?.sequence,
  bidder: bidder.bidder,
  sequences: isLive ? bidder.sequences : null,
})

/**
 * Writes accepted bids, their bidders as they are now, and what the bids have changed in their lots, in one statement. As
 * JSON, because writing fifteen arrays for `unnest` took the server as long as Postgres took to insert them.
 */
export async function writeBids(tx: Tx, at: Date, bids: readonly NewBid[], lots: readonly LotVersion[]): Promise<void> {
  await sql`
    with w as (
      select * from json_to_recordset(${JSON.stringify(bids.map(rowOf))}::json)
        w ("lotId" text, sequence integer, id text, "accountId" text, amount bigint, "pushedOut" integer, bidder text, sequences integer[])),
    history as (
      insert into auctions.bids (lot_id, sequence, id, account_id, amount, at, pushed_out)
      select "lotId", sequence, id, "accountId", amount, ${at}, "pushedOut" from w),
    live as (
      insert into auctions.bidders as b (lot_id, account_id, bidder, amount, sequence, used, sequences)
      select "lotId", "accountId", bidder, amount, sequence, cardinality(sequences), sequences from w where sequences is not null
      on conflict (lot_id, account_id) do update set
        amount = excluded.amount, sequence = excluded.sequence, used = excluded.used, sequences = excluded.sequences)
    update auctions.lots l set sequence = w.sequence, bidders = w.bidders, last_bid = w."lastBid", end_at = w."endAt"
    from json_to_recordset(${JSON.stringify(lots.map(versionOf))}::json)
      w (id text, sequence integer, bidders integer, "lastBid" text, "endAt" timestamptz)
    where l.id = w.id`.execute(tx)
}

const versionOf = ({ id, sequence, bidders, lastBid, endAt }: LotVersion) => ({ id, sequence, bidders, lastBid, endAt })

export type OwnBids = {
  live: Live | undefined
  bids: Bid[]
  rank: number | null
  /** How often the account was told that it is out, and when last. */
  pushes: number
  pushedOutAt: Date | null
}

export async function ownBids(db: Db, lotId: string, accountId: string): Promise<OwnBids> {
  const [live] = await liveBids(db, [{ lotId, accountId }])
  if (!live) return { live, bids: [], rank: null, pushes: 0, pushedOutAt: null }
  const { amount, sequence, sequences } = live
  const standing = await row(
    db,
    sql<Pick<OwnBids, 'rank' | 'pushes' | 'pushedOutAt'>>`
      select 1 + (select count(*) from auctions.bidders where lot_id = ${lotId} and amount > ${amount})
               + (select count(*) from auctions.bidders where lot_id = ${lotId} and amount = ${amount} and sequence < ${sequence}) as rank,
             count(*) as pushes, max(at) as "pushedOutAt"
      from auctions.bids where lot_id = ${lotId} and pushed_out = any(${sequences}::int[])`,
  )
  const bids = await rows(
    db,
    sql<Bid>`
      select id, lot_id as "lotId", sequence, account_id as "accountId", amount, at from auctions.bids
      where lot_id = ${lotId} and sequence = any(${sequences}::int[]) order by sequence desc`,
  )
  return { live, bids, ...standing }
}

// ---------------------------------------------------------------- what everybody sees

export type Board = Lot & {
  ladder: { amount: number; count: number }[]
  cutoff: { amount: number; sequence: number } | null
  awards: Partial<Record<AwardState, number>>
  /** Awards that are not released, and bidders who had one. */
  seatsGiven: number
  ranked: number
}

/** Lots with what their documents show. */
export const readBoards = (db: Db, ids: readonly string[], rungsMax: number): Promise<Board[]> =>
  rows(
    db,
    sql<Board>`
      select ${lotColumns},
        (select coalesce(json_agg(r order by r.amount desc), '[]') from (
           select b.amount, count(*)::int as count from auctions.bidders b where b.lot_id = l.id
           group by b.amount order by b.amount desc limit ${rungsMax}) r) as ladder,
        (select json_build_object('amount', b.amount, 'sequence', b.sequence) from auctions.bidders b where b.lot_id = l.id
         order by b.amount desc, b.sequence offset l.seats - 1 limit 1) as cutoff,
        (select coalesce(json_object_agg(a.state, a.count), '{}') from (
           select state, count(*)::int as count from auctions.awards where lot_id = l.id group by state) a) as awards,
        (select count(*) from auctions.awards a where a.lot_id = l.id and a.released_at is null) as "seatsGiven",
        (select count(*) from auctions.awards a where a.lot_id = l.id and a.rank is not null) as ranked
      from auctions.lots l where l.id = any(${ids}::text[])`,
  )

export type Ranked = {
  rank: number
  bidder: string
  amount: number
  sequence: number
  award: AwardState | null
  seat: string | null
}

export const rankingPage = (db: Db, lotId: string, limit: number): Promise<Ranked[]> =>
  rows(
    db,
    sql<Ranked>`
      select row_number() over (order by b.amount desc, b.sequence) as rank, b.bidder, b.amount, b.sequence, a.state as award, s.label as seat
      from (select * from auctions.bidders where lot_id = ${lotId} order by amount desc, sequence limit ${limit}) b
      left join auctions.awards a on a.lot_id = b.lot_id and a.account_id = b.account_id and a.rank is not null
      left join auctions.seats s on s.lot_id = a.lot_id and s.place = a.place
      order by b.amount desc, b.sequence`,
  )

export type Past = Pick<Bid, 'amount' | 'at' | 'sequence'> & Pick<Live, 'bidder'> & { pushedOut: number | null }

/** Every accepted bid in the order of the decisions, with the name that documents have for its account. */
export const history = (db: Db | Tx, lotId: string): Promise<Past[]> =>
  rows(
    db,
    sql<Past>`
      select w.bidder, b.amount, b.at, b.sequence, b.pushed_out as "pushedOut"
      from auctions.bids b join auctions.bidders w on w.lot_id = b.lot_id and w.account_id = b.account_id
      where b.lot_id = ${lotId} order by b.sequence`,
  )

export const ranking = async (db: Db | Tx, lotId: string): Promise<number[]> => {
  const found = await rows(
    db,
    sql<{ sequence: number }>`
      select sequence from auctions.bidders where lot_id = ${lotId} order by amount desc, sequence`,
  )
  return found.map(({ sequence }) => sequence)
}

// ---------------------------------------------------------------- the close

/** Lots whose time is over and that nobody has closed yet. */
export const lotsToClose = (db: Db, now: Date, limit: number): Promise<{ id: string }[]> =>
  rows(
    db,
    sql<{ id: string }>`
      select id from auctions.lots where closed_at is null and cancelled_at is null and end_at <= ${now} order by end_at, id limit ${limit}`,
  )

export async function closeLot(tx: Tx, id: string, at: Date, report: { hash: string; signature: string }) {
  await sql`
    update auctions.lots set closed_at = ${at}, report_hash = ${report.hash}, report_signature = ${report.signature} where id = ${id}`.execute(
    tx,
  )
}

export const signatureOf = (db: Db, id: string): Promise<{ hash: string; signature: string } | undefined> =>
  maybeRow(
    db,
    sql<{ hash: string; signature: string }>`
      select report_hash as hash, report_signature as signature from auctions.lots where id = ${id} and closed_at is not null`,
  )

// ---------------------------------------------------------------- awards

const awardColumns = sql`
  a.id, a.lot_id as "lotId", a.account_id as "accountId", a.place, a.rank, a.amount, a.how, a.state, a.awarded_at as "awardedAt",
  a.pay_by as "payBy", a.remind_at as "remindAt", a.pass_until as "passUntil", a.released_at as "releasedAt"`

/** An award as its owner sees it. */
export type FullAward = Award &
  Pick<Lot, 'saleId' | 'sectionId' | 'name' | 'event' | 'currency' | 'holdSeconds'> & {
    seat: { number: number; label: string }
  }

const fullAward = sql`
  select ${awardColumns}, l.sale_id as "saleId", l.section_id as "sectionId", l.name, l.event, l.currency,
         l.hold_seconds as "holdSeconds", json_build_object('number', s.number, 'label', s.label) as seat
  from auctions.awards a join auctions.lots l on l.id = a.lot_id join auctions.seats s on s.lot_id = a.lot_id and s.place = a.place`

export const awardsOf = (db: Db, accountId: string, limit: number): Promise<FullAward[]> =>
  rows(
    db,
    sql<FullAward>`${fullAward} where a.account_id = ${accountId} order by a.awarded_at desc, a.id desc limit ${limit}`,
  )

export const awardOnLot = (db: Db | Tx, lotId: string, accountId: string): Promise<FullAward | undefined> =>
  maybeRow(db, sql<FullAward>`${fullAward} where a.lot_id = ${lotId} and a.account_id = ${accountId}`)

export const lockAward = (tx: Tx, id: string): Promise<FullAward | undefined> =>
  maybeRow(tx, sql<FullAward>`${fullAward} where a.id = ${id} for update of a`)

export async function notePass(tx: Tx, id: string, until: Date): Promise<void> {
  await sql`update auctions.awards set pass_until = greatest(pass_until, ${until}::timestamptz) where id = ${id}`.execute(
    tx,
  )
}

export async function moveAwards(tx: Tx, awards: readonly Pick<Award, 'id' | 'state'>[]): Promise<void> {
  await sql`
    update auctions.awards a set state = w.state
    from unnest(${awards.map((a) => a.id)}::text[], ${awards.map((a) => a.state)}::text[]) w (id, state) where a.id = w.id`.execute(
    tx,
  )
}

/** When nobody can begin anything with an award any more, and nothing that was begun can still be on its way. */
const usableUntil = sql`
  greatest(case when a.state = 'awarded' then a.pay_by else a.awarded_at end, a.pass_until + make_interval(secs => l.hold_seconds + 5))`

const isPending = sql`
  exists (select 1 from auctions.orders o where o.lot_id = a.lot_id and o.account_id = a.account_id and o.state = 'pending')`

const isWaiting = sql`a.released_at is null and a.state <> 'bought' and not ${isPending}`
const isToBeReminded = (now: Date) =>
  sql`a.state = 'awarded' and a.reminded_at is null and a.remind_at <= ${now} and a.pay_by > ${now}`

/** Closed lots in which seats may have become free, or in which awards are to be ended or reminded of. */
export const lotsWithWork = (db: Db, now: Date, limit: number): Promise<{ id: string }[]> =>
  rows(
    db,
    sql<{ id: string }>`
      select l.id from auctions.lots l where l.is_touched and l.closed_at is not null
      union
      select a.lot_id from auctions.awards a join auctions.lots l on l.id = a.lot_id
      where ${isWaiting} and (${usableUntil} <= ${now} or ${isToBeReminded(now)})
      order by 1 limit ${limit}`,
  )

/** Awards that nobody can use any more: their seats are free for others. */
export const awardsOver = (tx: Tx, lotId: string, now: Date, limit: number): Promise<Award[]> =>
  rows(
    tx,
    sql<Award>`
      select ${awardColumns} from auctions.awards a join auctions.lots l on l.id = a.lot_id
      where a.lot_id = ${lotId} and ${isWaiting} and ${usableUntil} <= ${now}
      order by a.id limit ${limit} for update of a`,
  )

export async function releaseAwards(tx: Tx, awards: readonly Pick<Award, 'id' | 'state'>[], now: Date): Promise<void> {
  await sql`
    update auctions.awards a set state = w.state, released_at = ${now}
    from unnest(${awards.map((a) => a.id)}::text[], ${awards.map((a) => a.state)}::text[]) w (id, state) where a.id = w.id`.execute(
    tx,
  )
}

/** Awards whose deadline is near and whose owners have begun nothing; each once. */
export const awardsToRemindOf = (tx: Tx, lotId: string, now: Date, limit: number): Promise<FullAward[]> =>
  rows(
    tx,
    sql<FullAward>`
      with due as (
        select a.id from auctions.awards a
        where a.lot_id = ${lotId} and ${isWaiting} and ${isToBeReminded(now)}
        order by a.id limit ${limit} for update of a),
      noted as (update auctions.awards a set reminded_at = ${now} from due where a.id = due.id)
      ${fullAward} where a.id in (select id from due)`,
  )

/** Seats that nobody has an award for, the best first. */
export const freeSeats = (tx: Tx, lotId: string): Promise<Seat[]> =>
  rows(
    tx,
    sql<Seat>`
      select s.place, s.number, s.label from auctions.seats s
      where s.lot_id = ${lotId}
        and not exists (select 1 from auctions.awards a where a.lot_id = s.lot_id and a.place = s.place and a.released_at is null)
      order by s.place`,
  )

export type Next = { accountId: string; amount: number; sequence: number; rank: number }

/** The highest live bids that never had an award, in order. */
export const nextInRanking = (tx: Tx, lotId: string, limit: number): Promise<Next[]> =>
  rows(
    tx,
    sql<Next>`
      select b.account_id as "accountId", b.amount, b.sequence, b.rank
      from (select *, row_number() over (order by amount desc, sequence) as rank from auctions.bidders where lot_id = ${lotId}) b
      where not exists (select 1 from auctions.awards a where a.lot_id = ${lotId} and a.account_id = b.account_id)
      order by b.amount desc, b.sequence limit ${limit}`,
  )

/** Bidders without an award, in the order of their bids. */
export const losers = async (tx: Tx, lotId: string): Promise<string[]> =>
  (
    await rows(
      tx,
      sql<{ accountId: string }>`
        select b.account_id as "accountId" from auctions.bidders b
        where b.lot_id = ${lotId}
          and not exists (select 1 from auctions.awards a where a.lot_id = b.lot_id and a.account_id = b.account_id)
        order by b.sequence`,
    )
  ).map(({ accountId }) => accountId)

export async function insertAwards(tx: Tx, awards: readonly Award[]): Promise<void> {
  await sql`
    insert into auctions.awards (id, lot_id, account_id, place, rank, amount, how, awarded_at, pay_by, remind_at)
    select * from unnest(
      ${awards.map((a) => a.id)}::text[], ${awards.map((a) => a.lotId)}::text[], ${awards.map((a) => a.accountId)}::text[],
      ${awards.map((a) => a.place)}::int[], ${awards.map((a) => a.rank)}::int[], ${awards.map((a) => a.amount)}::bigint[],
      ${awards.map((a) => a.how)}::text[], ${awards.map((a) => a.awardedAt)}::timestamptz[], ${awards.map((a) => a.payBy)}::timestamptz[],
      ${awards.map((a) => a.remindAt)}::timestamptz[])`.execute(tx)
}

/** Nobody needs to look until something changes. */
export async function settle(tx: Tx, lotId: string): Promise<void> {
  await sql`update auctions.lots set is_touched = false where id = ${lotId} and is_touched`.execute(tx)
}

/** Seats may have become free in these lots: somebody looks. */
export async function touch(tx: Tx, lotIds: Iterable<string>): Promise<void> {
  await sql`
    update auctions.lots l set is_touched = true
    from (select id from auctions.lots where id = any(${[...lotIds]}::text[]) order by id for no key update) w
    where l.id = w.id and not l.is_touched`.execute(tx)
}

// ---------------------------------------------------------------- orders

export type OrderRow = { id: string; lotId: string; accountId: string; amount: number }

/** Orders of lots that are new here. @param state  never takes a later state back */
export async function noteOrders(tx: Tx, orders: readonly OrderRow[], state: 'pending' | 'fulfilled'): Promise<void> {
  await sql`
    insert into auctions.orders as o (id, lot_id, account_id, amount, state)
    select w.id, w.lot_id, w.account_id, w.amount, ${state}
    from unnest(${orders.map((o) => o.id)}::text[], ${orders.map((o) => o.lotId)}::text[], ${orders.map((o) => o.accountId)}::text[],
                ${orders.map((o) => o.amount)}::bigint[]) w (id, lot_id, account_id, amount)
    join auctions.lots l on l.id = w.lot_id
    on conflict (id) do update set state = excluded.state where o.state = 'pending'`.execute(tx)
}

export const endOrders = (tx: Tx, orderIds: readonly string[]): Promise<number> =>
  changed(tx, sql`update auctions.orders set state = 'over' where id = any(${orderIds}::text[]) and state <> 'over'`)

/** The awards of these buyers, and whether an order of theirs is fulfilled. */
export const awardsToRecount = (
  tx: Tx,
  who: readonly { lotId: string; accountId: string }[],
): Promise<(Pick<Award, 'id' | 'state'> & { isBought: boolean })[]> =>
  rows(
    tx,
    sql<Pick<Award, 'id' | 'state'> & { isBought: boolean }>`
      select a.id, a.state, exists (
        select 1 from auctions.orders o where o.lot_id = a.lot_id and o.account_id = a.account_id and o.state = 'fulfilled') as "isBought"
      from (select distinct * from unnest(${who.map((w) => w.lotId)}::text[], ${who.map((w) => w.accountId)}::text[])) w (lot_id, account_id)
      join auctions.awards a on a.lot_id = w.lot_id and a.account_id = w.account_id
      order by a.id for update of a`,
  )

export async function knownIds(db: Db, ids: readonly string[]): Promise<string[]> {
  const found = await rows(
    db,
    sql<{ id: string }>`
      select id from auctions.bids where id = any(${ids}::text[]) union all select id from auctions.awards where id = any(${ids}::text[])`,
  )
  return found.map(({ id }) => id)
}

// ---------------------------------------------------------------- audit

export const lotsToAudit = (db: Db, eventId: string | null): Promise<Lot[]> =>
  rows(
    db,
    sql<Lot>`
      select ${lotColumns} from auctions.lots l where ${eventId}::text is null or l.event ->> 'id' = ${eventId} order by l.id`,
  )

export const liveOf = (db: Db, lotId: string): Promise<Live[]> =>
  rows(db, sql<Live>`select ${liveColumns} from auctions.bidders b where b.lot_id = ${lotId} order by b.sequence`)

export const awardsOfLot = (db: Db, lotId: string): Promise<(Award & { paid: number | null })[]> =>
  rows(
    db,
    sql<Award & { paid: number | null }>`
      select ${awardColumns}, (select o.amount from auctions.orders o
        where o.lot_id = a.lot_id and o.account_id = a.account_id and o.state = 'fulfilled' limit 1) as paid
      from auctions.awards a where a.lot_id = ${lotId} order by a.awarded_at, a.rank`,
  )
