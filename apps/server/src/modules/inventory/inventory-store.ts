import type { EventData, EventSummary, SectionFacts } from '@fairgate/contracts/events'
import type { Currency } from '@fairgate/contracts/money'
import { changed, maybeRow, row, rows, sql, type Db, type Tx } from '#platform/db'
import type { SeatPosition } from './best-seats.ts'
import { eachBuyer, type Buyer } from './buyer.ts'
import type { HoldState } from './hold.ts'
import type { SeatKey } from './seat.ts'

/*
 * Locks are always taken in this order: buyers, holds, seats, each by key. Nobody waits for an earlier kind while
 * holding a later one, except the handler of facts, which does several waves in one transaction; if that ever meets a
 * batch head on, Postgres ends one of them and `transaction` runs it again.
 */

// ---------------------------------------------------------------- sales and sections

export type SaleMethod = EventData<'catalog.sale-published.v1'>['method']

/** A section that can be sold, with what a hold needs to know of its sale. */
export type Section = {
  id: string
  name: string
  admission: 'reserved' | 'open'
  capacity: number
  priceAmount: number
  priceCurrency: Currency
  saleId: string
  event: EventSummary
  opensAt: Date
  closesAt: Date
  holdSeconds: number
  limit: number
  method: SaleMethod
}

export const findSection = (db: Db, sectionId: string): Promise<Section | undefined> =>
  maybeRow(
    db,
    sql<Section>`
      select s.id, s.name, s.admission, s.capacity, s.price_amount as "priceAmount", s.price_currency as "priceCurrency",
             s.sale_id as "saleId", a.event, a.opens_at as "opensAt", a.closes_at as "closesAt",
             a.hold_seconds as "holdSeconds", a.limit_per_account as "limit", a.method
      from inventory.sections s join inventory.sales a on a.id = s.sale_id
      where s.id = ${sectionId} and a.ready_at is not null`,
  )

/** The limit per account of each sale. */
export const findLimits = async (tx: Tx, saleIds: readonly string[]): Promise<Map<string, number>> => {
  const limits = await rows(
    tx,
    sql<{
      id: string
      limit: number
    }>`select id, limit_per_account as "limit" from inventory.sales where id = any(${saleIds}::text[])`,
  )
  return new Map(limits.map(({ id, limit }) => [id, limit]))
}

export type NewSale = {
  id: string
  event: EventSummary
  opensAt: string
  closesAt: string
  holdSeconds: number
  limit: number
  method: SaleMethod
}

/** Adds a sale and its sections; a sale that is there already stays as it is. */
export async function addSale(tx: Tx, sale: NewSale, sections: readonly SectionFacts[]): Promise<void> {
  const isNew = await changed(
    tx,
    sql`
      insert into inventory.sales (id, event_id, event, opens_at, closes_at, hold_seconds, limit_per_account, method)
      values (${sale.id}, ${sale.event.id}, ${JSON.stringify(sale.event)}::jsonb, ${sale.opensAt}, ${sale.closesAt}, ${sale.holdSeconds}, ${sale.limit}, ${sale.method})
      on conflict (id) do nothing`,
  )
  if (isNew === 0) return
  await sql`
    insert into inventory.sections (id, sale_id, position, name, admission, capacity, price_amount, price_currency, focal_x, focal_y, built)
    select f.id, ${sale.id}, f.position, f.name, f.admission, f.capacity, f.amount, f.currency, f.focal_x, f.focal_y,
           (select count(*) from inventory.seats s where s.section_id = f.id)
    from unnest(${sections.map((s) => s.id)}::text[], ${sections.map((s) => s.name)}::text[], ${sections.map((s) => s.admission)}::text[],
                ${sections.map((s) => s.capacity)}::int[], ${sections.map((s) => s.price.amount)}::bigint[], ${sections.map((s) => s.price.currency)}::text[],
                ${sections.map((s) => s.focalPoint?.x ?? null)}::float8[], ${sections.map((s) => s.focalPoint?.y ?? null)}::float8[])
      with ordinality as f (id, name, admission, capacity, amount, currency, focal_x, focal_y, position)`.execute(tx)
}

/** Makes the seats of a sale's open sections, which nobody draws: number n is labelled n. */
export const buildOpenSections = (tx: Tx, saleId: string): Promise<number> =>
  changed(
    tx,
    sql`
      with made as (
        insert into inventory.seats (section_id, number, label)
        select s.id, n, n::text from inventory.sections s, generate_series(1, s.capacity) n
        where s.sale_id = ${saleId} and s.admission = 'open' and s.built = 0
        on conflict do nothing)
      update inventory.sections set built = capacity where sale_id = ${saleId} and admission = 'open' and built = 0`,
  )

export type Chunk = {
  sectionId: string
  from: number
  seats: readonly { label: string; row: string; x: number; y: number; accessible: boolean }[]
}

/** The sales are over at this time, if not earlier. One that was to open later opens and closes. */
export async function closeSales(tx: Tx, saleIds: readonly string[], at: Date): Promise<void> {
  await sql`
    update inventory.sales set closes_at = least(closes_at, ${at}), opens_at = least(opens_at, ${at}::timestamptz - interval '1 second')
    where id = any(${saleIds}::text[])`.execute(tx)
}

/** Adds seats of one section. A chunk that comes twice adds nothing; one that comes before its sale is counted by it. */
export async function addSeats(tx: Tx, chunk: Chunk): Promise<void> {
  const { seats } = chunk
  await sql`
    with made as (
      insert into inventory.seats (section_id, number, label, row_name, x, y, accessible)
      select ${chunk.sectionId}, ${chunk.from}::int + f.position::int - 1, f.label, f.row_name, f.x, f.y, f.accessible
      from unnest(${seats.map((s) => s.label)}::text[], ${seats.map((s) => s.row)}::text[], ${seats.map((s) => s.x)}::float8[],
                  ${seats.map((s) => s.y)}::float8[], ${seats.map((s) => s.accessible)}::bool[])
        with ordinality as f (label, row_name, x, y, accessible, position)
      on conflict do nothing
      returning 1)
    update inventory.sections set built = built + (select count(*) from made) where id = ${chunk.sectionId}`.execute(tx)
}

/** Marks those of the sales ready whose every seat has arrived, and says which became ready just now. */
export async function markReady(tx: Tx, saleIds: readonly string[], now: Date): Promise<string[]> {
  const ready = await rows(
    tx,
    sql<{ id: string }>`
      with ready as (
        update inventory.sales a set ready_at = ${now}
        where id = any(${saleIds}::text[]) and ready_at is null
          and not exists (select 1 from inventory.sections s where s.sale_id = a.id and s.built < s.capacity)
        returning id),
      announced as (
        insert into inventory.changes (section_id, steps)
        select s.id, 1 from inventory.sections s join ready on ready.id = s.sale_id)
      select id from ready`,
  )
  return ready.map((sale) => sale.id)
}

export const seatPositions = (db: Db | Tx, sectionId: string): Promise<SeatPosition[]> =>
  rows(
    db,
    sql<SeatPosition>`
      select number, row_name as "rowName", label, x, y, accessible from inventory.seats
      where section_id = ${sectionId} order by number`,
  )

/** Where the seats of a section look, when its plan says so. */
export async function focalPoint(db: Db | Tx, sectionId: string): Promise<{ x: number; y: number } | undefined> {
  const found = await maybeRow(
    db,
    sql<{ x: number | null; y: number | null }>`
      select focal_x as x, focal_y as y from inventory.sections where id = ${sectionId}`,
  )
  return found && found.x !== null && found.y !== null ? { x: found.x, y: found.y } : undefined
}

// ---------------------------------------------------------------- placing holds

/** For whom kept seats may be taken: an allotment's id, `accessible`, or null for anybody. */
export type Entitled = string | null
export const accessible = 'accessible'

/** A buyer, and up to when passes that ran that long are over before their time. */
export type LockedBuyer = Buyer & { passesOverTo: Date | null }

/** Locks buyers of a sale until the transaction ends, in key order. Each may be named once. */
export const lockBuyers = (tx: Tx, buyers: readonly Buyer[]): Promise<LockedBuyer[]> =>
  rows(
    tx,
    sql<LockedBuyer>`
      insert into inventory.buyers (sale_id, account_id)
      select sale_id, account_id
      from unnest(${buyers.map((b) => b.saleId)}::text[], ${buyers.map((b) => b.accountId)}::text[]) as b (sale_id, account_id)
      order by sale_id collate "C", account_id collate "C"
      on conflict (sale_id, account_id) do update set wishes = buyers.wishes + 1
      returning sale_id as "saleId", account_id as "accountId", passes_over_to as "passesOverTo"`,
  )

/** Passes of these buyers that run until then, or shorter, are over. */
export async function endPasses(tx: Tx, ended: readonly (Buyer & { expiresAt: string })[]): Promise<void> {
  await sql`
    insert into inventory.buyers (sale_id, account_id, passes_over_to)
    select sale_id, account_id, max(expires_at)
    from unnest(${ended.map((e) => e.saleId)}::text[], ${ended.map((e) => e.accountId)}::text[], ${ended.map((e) => e.expiresAt)}::timestamptz[])
      as e (sale_id, account_id, expires_at)
    group by sale_id, account_id order by sale_id collate "C", account_id collate "C"
    on conflict (sale_id, account_id) do update
      set passes_over_to = greatest(buyers.passes_over_to, excluded.passes_over_to)`.execute(tx)
}

/** How many seats each buyer has (held and not lapsed, secured, sold), in the order asked; some holds may be left out. */
export async function countTaken(
  tx: Tx,
  buyers: readonly Buyer[],
  now: Date,
  except: readonly string[] = [],
): Promise<number[]> {
  const counts = await rows(
    tx,
    sql<{ position: number; taken: number }>`
      select b.position, sum(cardinality(h.seats)) as taken
      from unnest(${buyers.map((b) => b.saleId)}::text[], ${buyers.map((b) => b.accountId)}::text[])
        with ordinality as b (sale_id, account_id, position)
      join inventory.holds h on h.account_id = b.account_id and h.sale_id = b.sale_id
        and h.state in ('held', 'secured', 'sold') and (h.state <> 'held' or h.expires_at > ${now})
        and h.id <> all(${except}::text[])
      group by b.position`,
  )
  const result = buyers.map(() => 0)
  for (const { position, taken } of counts) result[position - 1] = taken
  return result
}

/** `keptFor` only while it is kept. */
export type FreeSeat = SeatKey & { label: string; keptFor: string | null }

/** Nobody has it: free, or its hold has lapsed. */
export const unclaimed = (now: Date) => sql`(s.state = 0 or s.state = 1 and s.held_until <= ${now})`

/** Nobody has it and anybody may: it is not of an allotment. Accessible seats are for anybody who declares the need. */
export const takeable = (now: Date) =>
  sql`(${unclaimed(now)} and (s.kept_until is null or s.kept_until <= ${now} or s.kept_for = ${accessible}))`

/** Nobody has it and who is entitled so may: to an allotment's seats only, or to what anybody may and accessible ones. */
const takeableBy = (entitled: Entitled, now: Date) =>
  entitled === null
    ? sql`(${unclaimed(now)} and (s.kept_until is null or s.kept_until <= ${now}))`
    : entitled === accessible
      ? takeable(now)
      : sql`(${unclaimed(now)} and s.kept_until > ${now} and s.kept_for = ${entitled})`

/** Locks those of these seats that nobody has, in key order, waiting for whoever has them locked. Each may be named once. */
export const lockFree = (tx: Tx, seats: readonly SeatKey[], now: Date): Promise<FreeSeat[]> =>
  rows(
    tx,
    sql<FreeSeat>`
      select s.section_id as "sectionId", s.number, s.label, case when s.kept_until > ${now} then s.kept_for end as "keptFor"
      from unnest(${seats.map((s) => s.sectionId)}::text[], ${seats.map((s) => s.number)}::int[]) as w (section_id, number)
      join inventory.seats s on s.section_id = w.section_id and s.number = w.number
      where ${unclaimed(now)}
      order by s.section_id, s.number
      for update of s`,
  )

/** Locks those of these seats of a section that can be taken and that nobody has locked. */
export async function lockFreeOf(
  tx: Tx,
  sectionId: string,
  numbers: readonly number[],
  entitled: Entitled,
  now: Date,
): Promise<number[]> {
  const locked = await rows(
    tx,
    sql<{ number: number }>`
      select s.number from inventory.seats s
      where s.section_id = ${sectionId} and s.number = any(${numbers}::int[]) and ${takeableBy(entitled, now)}
      order by s.number
      for update skip locked`,
  )
  return locked.map((seat) => seat.number)
}

/** Locks the first `count` seats after number `after` that can be taken; those that others have locked are passed by, or waited for. */
export async function lockAnyFree(
  tx: Tx,
  sectionId: string,
  after: number,
  count: number,
  entitled: Entitled,
  now: Date,
  wait: boolean,
): Promise<number[]> {
  const locked = await rows(
    tx,
    sql<{ number: number }>`
      select s.number from inventory.seats s
      where s.section_id = ${sectionId} and s.number > ${after} and ${takeableBy(entitled, now)}
      order by s.number limit ${count}
      ${wait ? sql`for update` : sql`for update skip locked`}`,
  )
  return locked.map((seat) => seat.number)
}

/** The numbers of the seats of a section that can be taken, locked or not. */
export async function freeNumbers(tx: Tx, sectionId: string, entitled: Entitled, now: Date): Promise<number[]> {
  const { numbers } = await row(
    tx,
    sql<{ numbers: number[] }>`
      select coalesce(array_agg(s.number), '{}') as numbers from inventory.seats s where s.section_id = ${sectionId} and ${takeableBy(entitled, now)}`,
  )
  return numbers
}

/** Seats to be taken for a new hold. */
export type Claim = {
  holdId: string
  section: Pick<Section, 'id' | 'saleId'>
  lineId: string
  accountId: string
  entitled: Entitled
  /** What a seat costs in place of the section's price. */
  unitAmount: number | null
  /** Its seats may be promised to somebody else when its time is over. */
  isPromised: boolean
  numbers: readonly number[]
  expiresAt: Date
}

export type Placed = { holdId: string; seats: number[]; labels: string[]; unitAmount: number }

/**
 * Takes the seats of many holds: of each hold all or none. Holds of one call may overlap: a seat goes to the first that
 * asks for it, and a hold that is not first everywhere gets nothing. Without that rule {1,2} and {2,3} in one statement
 * tear, and both look complete. Each seat carries all that its row needs: joined to its claim instead, a batch of 250
 * took 64 ms, not 4, because the planner took a nested loop. A hold that finds one of its seats taken fails the whole
 * statement, so lock the seats first.
 * @returns the holds that were placed, seats by number
 */
export async function placeHolds(tx: Tx, claims: readonly Claim[], now: Date): Promise<Placed[]> {
  const wanted = claims.flatMap(({ holdId, section, numbers, expiresAt }, index) =>
    numbers.map((number) => ({ position: index + 1, holdId, sectionId: section.id, number, expiresAt })),
  )
  const placed = await rows(
    tx,
    sql<{ position: number; seats: number[]; labels: string[]; wanted: number; unitAmount: number }>`
      with wanted as (
        select *, h = min(h) over (partition by section_id, number) as first
        from unnest(${wanted.map((w) => w.position)}::int[], ${wanted.map((w) => w.holdId)}::text[], ${wanted.map((w) => w.sectionId)}::text[],
                    ${wanted.map((w) => w.number)}::int[], ${wanted.map((w) => w.expiresAt)}::timestamptz[])
          as w (h, id, section_id, number, expires_at)),
      granted as (
        select *, count(*) over (partition by h) as wanted, bool_and(first) over (partition by h) as whole from wanted),
      taken as (
        update inventory.seats s set state = 1, hold_id = g.id, held_until = g.expires_at
        from granted g
        where g.whole and s.section_id = g.section_id and s.number = g.number and ${unclaimed(now)}
        returning g.h, g.wanted, s.number, s.label),
      claims as (
        select * from unnest(
          ${claims.map((c) => c.holdId)}::text[], ${claims.map((c) => c.section.saleId)}::text[], ${claims.map((c) => c.section.id)}::text[],
          ${claims.map((c) => c.lineId)}::text[], ${claims.map((c) => c.accountId)}::text[], ${claims.map((c) => c.entitled)}::text[],
          ${claims.map((c) => c.expiresAt)}::timestamptz[], ${claims.map((c) => c.unitAmount)}::bigint[], ${claims.map((c) => c.isPromised)}::bool[])
        with ordinality as c (id, sale_id, section_id, line_id, account_id, entitled, expires_at, price, promised, h)),
      priced as (
        select c.*, coalesce(c.price, p.price_amount) as unit_amount, p.price_currency as currency from claims c join inventory.sections p on p.id = c.section_id),
      whole as (
        select h, wanted, array_agg(number order by number) as seats, array_agg(label order by number) as labels
        from taken group by h, wanted),
      placed as (
        insert into inventory.holds (id, sale_id, section_id, line_id, account_id, entitled, seats, labels, unit_amount, currency, promised, state, expires_at, placed_at)
        select c.id, c.sale_id, c.section_id, c.line_id, c.account_id, c.entitled, w.seats, w.labels, c.unit_amount, c.currency, c.promised, 'held', c.expires_at, ${now}
        from whole w join priced c on c.h = w.h),
      noted as (
        insert into inventory.changes (section_id, steps)
        select c.section_id, 2 * sum(cardinality(w.seats)) from whole w join claims c on c.h = w.h group by c.section_id)
      select w.h as position, w.seats, w.labels, w.wanted, p.unit_amount as "unitAmount"
      from whole w join priced p on p.h = w.h order by w.h`,
  )
  return placed.map(({ position, seats, labels, wanted: count, unitAmount }) => {
    if (seats.length !== count)
      throw new Error(`broken assumption: ${count} seats were free and only ${seats.length} could be taken`)
    return { holdId: claims[position - 1]!.holdId, seats, labels, unitAmount }
  })
}

/** What somebody asks for by name, each seat once; `most` is how many the account may have, `until` when its pass ends. */
export type Asked = Omit<Claim, 'numbers' | 'expiresAt'> & {
  numbers: readonly number[]
  holdSeconds: number
  most: number
  until: Date | null
}

/** `seats` are the wanted ones that could have been taken, by number; `have` is what the account had before. */
export type Judged = {
  kind: 'placed' | 'seat-taken' | 'limit-reached' | 'pass-ended' | 'again'
  seats: number[] | null
  labels: string[] | null
  unitAmount: number
  have: number
}

/**
 * Decides wishes for named seats in one round trip and one commit, see `inventory.place` in the migrations. Those that
 * share a seat or a buyer with an earlier one are not decided (`again`), so that nobody is refused for what an earlier
 * one does not get in the end.
 */
export async function placeNamed(db: Db, asked: readonly Asked[], now: Date): Promise<Judged[]> {
  const list = asked.map((wish, h) => ({
    h,
    hold: wish.holdId,
    sale: wish.section.saleId,
    section: wish.section.id,
    line: wish.lineId,
    account: wish.accountId,
    entitled: wish.entitled,
    most: wish.most,
    until: wish.until,
    seconds: wish.holdSeconds,
    price: wish.unitAmount,
    promised: wish.isPromised,
    seats: wish.numbers,
  }))
  const buyers = eachBuyer(asked.map(({ section: { saleId }, accountId }) => ({ saleId, accountId })))
  const { judged } = await row(
    db,
    sql<{ judged: Judged[] }>`
      select inventory.place(${buyers.map((b) => b.saleId)}::text[], ${buyers.map((b) => b.accountId)}::text[],
                             ${JSON.stringify(list)}::json, ${now}) as judged`,
  )
  return judged
}

// ---------------------------------------------------------------- holds

export type Hold = {
  id: string
  saleId: string
  sectionId: string
  lineId: string
  accountId: string
  seats: number[]
  labels: string[]
  entitled: Entitled
  unitAmount: number
  currency: Currency
  isPromised: boolean
  state: HoldState
  expiresAt: Date
  orderId: string | null
  asked: number
  answer: string | null
}

const holdColumns = sql`
  h.id, h.sale_id as "saleId", h.section_id as "sectionId", h.line_id as "lineId", h.account_id as "accountId", h.seats, h.labels, h.entitled,
  h.unit_amount as "unitAmount", h.currency, h.promised as "isPromised", h.state, h.expires_at as "expiresAt", h.order_id as "orderId", h.asked, h.answer`

/** Live holds of an account (time not over, or being paid for), oldest first; of one id or of all. */
export const liveHolds = (db: Db, accountId: string, now: Date, holdId?: string): Promise<Hold[]> =>
  rows(
    db,
    sql<Hold>`
      select ${holdColumns} from inventory.holds h
      where h.account_id = ${accountId} and h.state in ('held', 'secured') and (h.state = 'secured' or h.expires_at > ${now})
        and (${holdId ?? null}::text is null or h.id = ${holdId ?? null})
      order by h.id limit 200`,
  )

export const readHolds = (tx: Tx, holdIds: readonly string[]): Promise<Hold[]> =>
  rows(tx, sql<Hold>`select ${holdColumns} from inventory.holds h where h.id = any(${holdIds}::text[])`)

/** Locks holds in key order. */
export const lockHolds = (tx: Tx, holdIds: readonly string[]): Promise<Hold[]> =>
  rows(
    tx,
    sql<Hold>`select ${holdColumns} from inventory.holds h where h.id = any(${holdIds}::text[]) order by h.id for update`,
  )

/** Locks holds whose time is over and that nobody else has locked. */
export const lockDueHolds = (tx: Tx, now: Date, limit: number): Promise<Hold[]> =>
  rows(
    tx,
    sql<Hold>`
      select ${holdColumns} from inventory.holds h
      where h.state = 'held' and h.expires_at <= ${now}
      order by h.expires_at limit ${limit}
      for update skip locked`,
  )

/**
 * The seats that holds list, one row each. Told as they are, not unnested from the holds' rows: of those the planner
 * expects ten seats each, and read whole sections instead, 27 ms for 27 holds of a section of 1,500 seats.
 */
export const listedSeats = (holds: readonly Hold[]) => {
  const seats = holds.flatMap((hold) => hold.seats.map((number) => ({ hold, number })))
  return sql`
    unnest(${seats.map(({ hold }) => hold.id)}::text[], ${seats.map(({ hold }) => hold.sectionId)}::text[], ${seats.map(({ number }) => number)}::int[])
      as n (hold_id, section_id, number)`
}

/**
 * Locks, of these holds' seats, those that are theirs or can be taken, in key order, and says whose they are now
 * (`holdId` null when nobody's). `wanted` is the hold that listed the seat: two holds may list the same one.
 */
export const lockSeatsOf = (
  tx: Tx,
  holds: readonly Hold[],
  now: Date,
): Promise<(SeatKey & { wanted: string; holdId: string | null })[]> =>
  rows(
    tx,
    sql<SeatKey & { wanted: string; holdId: string | null }>`
      select h.id as wanted, s.section_id as "sectionId", s.number, s.hold_id as "holdId"
      from ${listedSeats(holds)}
      join inventory.seats s on s.section_id = n.section_id and s.number = n.number
      join inventory.holds h on h.id = n.hold_id
      where (s.hold_id = h.id or ${unclaimed(now)} and (s.kept_until is null or s.kept_until <= ${now} or s.kept_for = h.entitled))
      order by s.section_id, s.number, h.id
      for update of s`,
  )

/** What a hold becomes. `expiresAt` matters where it is held again. */
export type HoldChange = {
  hold: Hold
  to: HoldState
  orderId: string | null
  expiresAt: Date
  asked: number
  answer: string | null
}

export async function updateHolds(tx: Tx, changes: readonly HoldChange[]): Promise<void> {
  if (changes.length === 0) return
  await sql`
    update inventory.holds h set state = c.state, order_id = c.order_id, expires_at = c.expires_at, asked = c.asked, answer = c.answer
    from unnest(${changes.map((c) => c.hold.id)}::text[], ${changes.map((c) => c.to)}::text[], ${changes.map((c) => c.orderId)}::text[],
                ${changes.map((c) => c.expiresAt)}::timestamptz[], ${changes.map((c) => c.asked)}::int[], ${changes.map((c) => c.answer)}::text[])
      as c (id, state, order_id, expires_at, asked, answer)
    where h.id = c.id`.execute(tx)
}

/** Lists other seats in a hold: it has lost its own, or some of them were returned. */
export async function reseatHold(tx: Tx, { id, seats, labels }: Hold): Promise<void> {
  await sql`update inventory.holds set seats = ${seats}::int[], labels = ${labels}::text[] where id = ${id}`.execute(tx)
}

/** What equal seats of a hold must be like: undefined when the section costs something else by now. */
export const equalTo = (
  tx: Tx,
  holdId: string,
): Promise<{ admission: Section['admission']; entitled: Entitled } | undefined> =>
  maybeRow(
    tx,
    sql<{ admission: Section['admission']; entitled: Entitled }>`
      select p.admission, h.entitled from inventory.holds h join inventory.sections p on p.id = h.section_id
      where h.id = ${holdId} and p.price_amount = h.unit_amount and p.price_currency = h.currency`,
  )

/** The labels of these seats, in the order asked. */
export const labelsOf = async (tx: Tx, sectionId: string, numbers: readonly number[]): Promise<string[]> => {
  const { labels } = await row(
    tx,
    sql<{ labels: string[] }>`
      select array_agg(s.label order by n.position) as labels
      from unnest(${numbers}::int[]) with ordinality as n (number, position)
      join inventory.seats s on s.section_id = ${sectionId} and s.number = n.number`,
  )
  return labels
}

/** Gives all seats of these holds, locked before, to them for good or until their order is decided. */
export async function secureSeats(tx: Tx, holds: readonly Hold[]): Promise<void> {
  await sql`
    with secured as (
      update inventory.seats s set state = 2, hold_id = n.hold_id, held_until = null
      from ${listedSeats(holds)}
      where s.section_id = n.section_id and s.number = n.number
      returning s.section_id)
    insert into inventory.changes (section_id, steps) select section_id, 2 * count(*) from secured group by section_id`.execute(
    tx,
  )
}

/** Moves those seats of these holds that are theirs. @returns how many seats of each hold moved */
export async function moveSeats(
  tx: Tx,
  holds: readonly Hold[],
  to: 'free' | 'held' | 'sold',
): Promise<Map<string, number>> {
  const set =
    to === 'sold'
      ? sql`state = 3, held_until = null`
      : to === 'held'
        ? sql`state = 1, held_until = h.expires_at`
        : sql`state = 0, hold_id = null, held_until = null`
  const moved = await rows(
    tx,
    sql<{ id: string; count: number }>`
      with mine as (
        select h.id, h.expires_at, s.section_id, s.number
        from ${listedSeats(holds)}
        join inventory.seats s on s.section_id = n.section_id and s.number = n.number and s.hold_id = n.hold_id
        join inventory.holds h on h.id = n.hold_id
        order by s.section_id, s.number
        for update of s),
      moved as (
        update inventory.seats s set ${set} from mine h
        where s.section_id = h.section_id and s.number = h.number
        returning h.id, s.section_id),
      noted as (
        insert into inventory.changes (section_id, steps) select section_id, count(*) from moved group by section_id)
      select id, count(*) from moved group by id`,
  )
  return new Map(moved.map(({ id, count }) => [id, count]))
}

/** Frees the lapsed seats of these holds that nobody has locked. @returns the holds that still have some */
export async function clearLapsed(
  tx: Tx,
  holds: readonly Hold[],
  now: Date,
): Promise<{ cleared: number; left: string[] }> {
  const { cleared } = await row(
    tx,
    sql<{ cleared: number }>`
      with mine as (
        select s.section_id, s.number
        from ${listedSeats(holds)}
        join inventory.seats s on s.section_id = n.section_id and s.number = n.number and s.hold_id = n.hold_id
        where s.state = 1 and s.held_until <= ${now}
        for update of s skip locked),
      cleared as (
        update inventory.seats s set state = 0, hold_id = null, held_until = null
        from mine where s.section_id = mine.section_id and s.number = mine.number
        returning s.section_id),
      noted as (
        insert into inventory.changes (section_id, steps) select section_id, count(*) from cleared group by section_id)
      select count(*) as cleared from cleared`,
  )
  const left = await rows(
    tx,
    sql<{ id: string }>`
      select distinct n.hold_id as id from ${listedSeats(holds)}
      join inventory.seats s on s.section_id = n.section_id and s.number = n.number and s.hold_id = n.hold_id`,
  )
  return { cleared, left: left.map((hold) => hold.id) }
}

// ---------------------------------------------------------------- what is seen

export type Counts = { free: number; held: number; secured: number; sold: number; blocked: number }

/** How many changes of the picture time alone has made: lapses not tidied up yet, and seats that were kept until then. */
export const changedByTime = (now: Date) => sql`
  (count(*) filter (where s.state = 1 and s.held_until <= ${now}) + count(*) filter (where s.kept_until <= ${now}))`

/** When time will change the picture next, if it will. */
export const nextChangeByTime = (now: Date) => sql`
  least(min(s.held_until) filter (where s.state = 1 and s.held_until > ${now}), min(s.kept_until) filter (where s.kept_until > ${now}))`

export const counts = (now: Date) => sql`
  count(*) filter (where ${takeable(now)}) as free,
  count(*) filter (where s.state = 1 and s.held_until > ${now}) as held,
  count(*) filter (where s.state = 2) as secured,
  count(*) filter (where s.state = 3) as sold,
  count(*) filter (where s.state = 4 or ${unclaimed(now)} and not ${takeable(now)}) as blocked`

/** Takes away the notes of what has changed, and counts the seats of those sections anew. @returns the sales they belong to */
export async function foldChanges(tx: Tx, now: Date, limit: number): Promise<string[]> {
  const sales = await rows(
    tx,
    sql<{ saleId: string }>`
      with gone as (
        delete from inventory.changes where seq in (select seq from inventory.changes order by seq limit ${limit}) returning section_id, steps),
      folded as (
        select section_id, sum(steps) as steps from gone group by section_id),
      counted as (
        select f.section_id, f.steps, c.* from folded f, lateral (select ${counts(now)} from inventory.seats s where s.section_id = f.section_id) c),
      updated as (
        update inventory.sections s
        set version = s.version + c.steps, free = c.free, held = c.held, secured = c.secured, sold = c.sold, blocked = c.blocked
        from counted c where s.id = c.section_id
        returning s.sale_id)
      select distinct sale_id as "saleId" from updated`,
  )
  return sales.map((sale) => sale.saleId)
}

export type Stock = { saleId: string; sections: (Counts & { sectionId: string })[] }

/** The counts last folded, of all sections of those of the sales that are ready. */
export const stockOf = (tx: Tx, saleIds: readonly string[]): Promise<Stock[]> =>
  rows(
    tx,
    sql<Stock>`
      select a.id as "saleId",
             json_agg(json_build_object('sectionId', s.id, 'free', s.free, 'held', s.held, 'secured', s.secured, 'sold', s.sold, 'blocked', s.blocked)
                      order by s.position) as sections
      from inventory.sections s join inventory.sales a on a.id = s.sale_id
      where a.id = any(${saleIds}::text[]) and a.ready_at is not null
      group by a.id`,
  )

export const knownHolds = async (db: Db, holdIds: readonly string[]): Promise<string[]> =>
  (await rows(db, sql<{ id: string }>`select id from inventory.holds where id = any(${holdIds}::text[])`)).map(
    (hold) => hold.id,
  )
