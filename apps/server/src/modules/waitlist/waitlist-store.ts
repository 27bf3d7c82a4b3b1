import type { EventData } from '@fairgate/contracts/events'
import type { OfferState, WaitlistEntryState } from '@fairgate/contracts/http/waitlist'
import { firstHead } from '@fairgate/contracts/waitlist-order'
import { changed, maybeRow, row, rows, sql, type Db, type Tx } from '#platform/db'
import { offerSecondsUsual, type Journal, type Sale } from './waitlist.ts'

// Rows are locked in this order: sales by id, then what belongs to them. Whoever changes anything of a sale but the
// counts of its sections holds the sale's row.

const saleColumns = sql`
  s.id, s.method, s.event, s.organiser_id as "organiserId", s.opens_at as "opensAt", s.closes_at as "closesAt",
  s.limit_per_account as "limitPerAccount", s.offer_seconds as "offerSeconds", s.closed_at as "closedAt", s.records, s.head,
  (select coalesce(json_agg(json_build_object('id', c.id, 'name', c.name, 'isFull', c.is_full, 'isWaited', c.is_waited) order by c.index), '[]')
   from waitlist.sections c where c.sale_id = s.id) as sections`

export const readSale = (db: Db | Tx, id: string): Promise<Sale | undefined> =>
  maybeRow(db, sql<Sale>`select ${saleColumns} from waitlist.sales s where s.id = ${id}`)

/** Locked by one statement and read by the next: what was committed while it waited for a lock a statement does not see. */
export async function lockSales(tx: Tx, ids: Iterable<string>): Promise<Sale[]> {
  const list = [...ids]
  await sql`select 1 from waitlist.sales where id = any(${list}::text[]) order by id for update`.execute(tx)
  return rows(
    tx,
    sql<Sale>`select ${saleColumns} from waitlist.sales s where s.id = any(${list}::text[]) order by s.id`,
  )
}

// The sale and its stock

/** Knowing a sale already is no change. Of other methods only that they are known is kept. @returns whether it is new */
export async function insertSale(tx: Tx, sale: EventData<'catalog.sale-published.v1'>): Promise<boolean> {
  const isNew = await changed(
    tx,
    sql`
      insert into waitlist.sales (id, method, event, organiser_id, opens_at, closes_at, limit_per_account, offer_seconds, head)
      values (${sale.saleId}, ${sale.method}, ${JSON.stringify(sale.event)}::jsonb, ${sale.event.organiserId}, ${new Date(sale.opensAt)},
        ${new Date(sale.closesAt)}, ${sale.limitPerAccount}, ${offerSecondsUsual}, ${firstHead})
      on conflict do nothing`,
  )
  if (isNew === 0 || sale.method !== 'queue') return false
  const { sections } = sale
  await sql`
    insert into waitlist.sections (id, sale_id, index, name)
    select w.id, ${sale.saleId}, w.i, w.name
    from unnest(${sections.map((s) => s.id)}::text[], ${sections.map((s) => s.name)}::text[]) with ordinality w (id, name, i)`.execute(
    tx,
  )
  return true
}

/** Notes of sections whether anything of them is free; writes only where that has changed. */
export async function setFull(tx: Tx, sections: readonly { sectionId: string; isFull: boolean }[]): Promise<void> {
  await sql`
    update waitlist.sections c set is_full = w.is_full
    from unnest(${sections.map((s) => s.sectionId)}::text[], ${sections.map((s) => s.isFull)}::bool[]) w (id, is_full)
    where c.id = w.id and c.is_full <> w.is_full`.execute(tx)
}

/** Notes what the inventory is told. */
export async function setWaited(tx: Tx, sectionIds: Iterable<string>, isWaited: boolean): Promise<void> {
  await sql`update waitlist.sections set is_waited = ${isWaited} where id = any(${[...sectionIds]}::text[])`.execute(tx)
}

/** Sections that the inventory keeps seats of, and nobody waits for any more. */
export const noLongerWaited = async (tx: Tx, saleId: string): Promise<string[]> =>
  (
    await rows(
      tx,
      sql<{ id: string }>`
        select c.id from waitlist.sections c
        where c.sale_id = ${saleId} and c.is_waited and not exists (
          select 1 from waitlist.entries e where e.sale_id = c.sale_id and e.state = 'waiting' and c.id = any(e.section_ids))`,
    )
  ).map(({ id }) => id)

/** Keeps what was recorded, and that somebody has to look at the sale, or has. */
export async function appendRecords(
  tx: Tx,
  journals: Iterable<Pick<Journal, 'saleId' | 'added'>>,
  isTouched: boolean,
): Promise<void> {
  const list = [...journals]
  const records = list.flatMap(({ saleId, added }) => added.map((record) => ({ saleId, ...record })))
  if (records.length > 0)
    await sql`
      insert into waitlist.records (sale_id, n, text, hash)
      select * from unnest(${records.map((r) => r.saleId)}::text[], ${records.map((r) => r.n)}::int[],
                           ${records.map((r) => r.text)}::text[], ${records.map((r) => r.hash)}::text[])`.execute(tx)
  await sql`
    update waitlist.sales s set is_touched = ${isTouched}, records = coalesce(w.n, s.records), head = coalesce(w.hash, s.head)
    from unnest(${list.map((j) => j.saleId)}::text[], ${list.map((j) => j.added.at(-1)?.n ?? null)}::int[],
                ${list.map((j) => j.added.at(-1)?.hash ?? null)}::text[]) w (id, n, hash)
    where s.id = w.id and (w.n is not null or s.is_touched <> ${isTouched})`.execute(tx)
}

export async function setOfferSeconds(tx: Tx, saleId: string, seconds: number): Promise<void> {
  await sql`update waitlist.sales set offer_seconds = ${seconds} where id = ${saleId}`.execute(tx)
}

/** Nothing is offered any more, and nobody waits. */
export async function closeSale(tx: Tx, saleId: string, now: Date): Promise<void> {
  await sql`update waitlist.sales set closed_at = ${now} where id = ${saleId}`.execute(tx)
  await sql`update waitlist.entries set state = 'over' where sale_id = ${saleId} and state = 'waiting'`.execute(tx)
}

// Entries

export type Entry = {
  saleId: string
  accountId: string
  id: string
  number: number
  sectionIds: string[]
  quantity: number
  together: boolean
  state: WaitlistEntryState
  joinedAt: Date
}

const entryColumns = sql`
  e.sale_id as "saleId", e.account_id as "accountId", e.id, e.number, e.section_ids as "sectionIds", e.quantity, e.together,
  e.state, e.joined_at as "joinedAt"`

export type Who = { saleId: string; accountId: string }

export const entriesOf = (db: Db | Tx, who: readonly Who[]): Promise<Entry[]> =>
  rows(
    db,
    sql<Entry>`
      select ${entryColumns}
      from (select distinct * from unnest(${who.map((w) => w.saleId)}::text[], ${who.map((w) => w.accountId)}::text[])) w (sale_id, account_id)
      join waitlist.entries e on e.sale_id = w.sale_id and e.account_id = w.account_id`,
  )

export async function writeEntries(tx: Tx, entries: readonly Entry[]): Promise<void> {
  if (entries.length === 0) return
  await sql`
    insert into waitlist.entries as e (sale_id, account_id, id, number, section_ids, quantity, together, state, joined_at)
    select w.sale_id, w.account_id, w.id, w.number, array(select jsonb_array_elements_text(w.section_ids)), w.quantity, w.together,
           w.state, w.joined_at
    from unnest(
      ${entries.map((e) => e.saleId)}::text[], ${entries.map((e) => e.accountId)}::text[], ${entries.map((e) => e.id)}::text[],
      ${entries.map((e) => e.number)}::int[], ${entries.map((e) => JSON.stringify(e.sectionIds))}::jsonb[],
      ${entries.map((e) => e.quantity)}::int[], ${entries.map((e) => e.together)}::bool[], ${entries.map((e) => e.state)}::text[],
      ${entries.map((e) => e.joinedAt)}::timestamptz[])
      w (sale_id, account_id, id, number, section_ids, quantity, together, state, joined_at)
    on conflict (sale_id, account_id) do update set
      number = excluded.number, section_ids = excluded.section_ids, quantity = excluded.quantity, together = excluded.together,
      state = excluded.state, joined_at = excluded.joined_at`.execute(tx)
}

/** Moves entries that are still in the place by which they were offered something. */
export async function endEntries(tx: Tx, saleId: string, numbers: readonly number[]): Promise<void> {
  await sql`
    update waitlist.entries set state = 'over'
    where sale_id = ${saleId} and number = any(${numbers}::int[]) and state = 'offered'`.execute(tx)
}

/** Who waits for any of these sections and no more seats than that, in the order. */
export const waitingPage = (
  tx: Tx,
  saleId: string,
  sectionIds: readonly string[],
  quantityMax: number,
  after: number,
  limit: number,
): Promise<Entry[]> =>
  rows(
    tx,
    sql<Entry>`
      select ${entryColumns} from waitlist.entries e
      where e.sale_id = ${saleId} and e.state = 'waiting' and e.number > ${after} and e.quantity <= ${quantityMax}
        and e.section_ids && ${sectionIds}::text[]
      order by e.number limit ${limit}`,
  )

/** Who waits or has an open offer, in the order. */
export const hopeful = async (tx: Tx, saleId: string): Promise<string[]> =>
  (
    await rows(
      tx,
      sql<{ accountId: string }>`
        select account_id as "accountId" from waitlist.entries
        where sale_id = ${saleId} and state in ('waiting', 'offered') order by number`,
    )
  ).map(({ accountId }) => accountId)

/** An entry as its owner sees it. */
export type FullEntry = Entry & {
  eventId: string
  eventName: string
  sections: { id: string; name: string }[]
}

const fullEntry = sql`
  select ${entryColumns}, s.event ->> 'id' as "eventId", s.event ->> 'name' as "eventName",
         (select json_agg(json_build_object('id', c.id, 'name', c.name) order by w.place)
          from unnest(e.section_ids) with ordinality w (id, place) join waitlist.sections c on c.id = w.id) as sections
  from waitlist.entries e join waitlist.sales s on s.id = e.sale_id`

export const fullEntryOf = (db: Db, { saleId, accountId }: Who): Promise<FullEntry | undefined> =>
  maybeRow(db, sql<FullEntry>`${fullEntry} where e.sale_id = ${saleId} and e.account_id = ${accountId}`)

export const fullEntriesOf = (db: Db, accountId: string, limit: number): Promise<FullEntry[]> =>
  rows(
    db,
    sql<FullEntry>`${fullEntry} where e.account_id = ${accountId} order by e.joined_at desc, e.id desc limit ${limit}`,
  )

// Seats

export type Seat = { sectionId: string; number: number; label: string; run: number | null; at: number }
export type KnownSeat = Seat & { offerId: string | null; isAnswered: boolean; record: number | null }

const seatColumns = sql`k.section_id as "sectionId", k.number, k.label, k.run, k.at`

export const seatsOf = (tx: Tx, seats: readonly { sectionId: string; number: number }[]): Promise<KnownSeat[]> =>
  rows(
    tx,
    sql<KnownSeat>`
      select ${seatColumns}, k.offer_id as "offerId", o.answered_at is not null as "isAnswered", o.record
      from unnest(${seats.map((s) => s.sectionId)}::text[], ${seats.map((s) => s.number)}::int[]) w (section_id, number)
      join waitlist.seats k on k.section_id = w.section_id and k.number = w.number
      left join waitlist.offers o on o.id = k.offer_id`,
  )

/** Seats that are at hand from now on, new here or back from an offer. */
export async function putAtHand(tx: Tx, saleId: string, seats: readonly Seat[]): Promise<void> {
  await sql`
    insert into waitlist.seats as k (section_id, number, sale_id, label, run, at)
    select w.section_id, w.number, ${saleId}, w.label, w.run, w.at
    from unnest(${seats.map((s) => s.sectionId)}::text[], ${seats.map((s) => s.number)}::int[], ${seats.map((s) => s.label)}::text[],
                ${seats.map((s) => s.run)}::int[], ${seats.map((s) => s.at)}::int[]) w (section_id, number, label, run, at)
    on conflict (section_id, number) do update set offer_id = null`.execute(tx)
}

export const seatsAtHand = (tx: Tx, saleId: string): Promise<Seat[]> =>
  rows(
    tx,
    sql<Seat>`
      select ${seatColumns} from waitlist.seats k where k.sale_id = ${saleId} and k.offer_id is null
      order by k.section_id, k.number`,
  )

export async function forgetAtHand(tx: Tx, sectionId: string, numbers: readonly number[]): Promise<void> {
  await sql`
    delete from waitlist.seats where section_id = ${sectionId} and number = any(${numbers}::int[]) and offer_id is null`.execute(
    tx,
  )
}

/** Forgets seats that were sold to the owner of an offer. @returns those that were the offer's, by number */
export async function forgetSold(
  tx: Tx,
  offerId: string,
  sectionId: string,
  numbers: readonly number[],
): Promise<number[]> {
  const gone = await rows(
    tx,
    sql<{ number: number }>`
      delete from waitlist.seats where section_id = ${sectionId} and number = any(${numbers}::int[]) and offer_id = ${offerId}
      returning number`,
  )
  return gone.map(({ number }) => number).toSorted((a, b) => a - b)
}

// Offers

export type Offer = {
  id: string
  saleId: string
  record: number
  number: number
  accountId: string
  sectionId: string
  seats: number[]
  labels: string[]
  bought: number
  state: OfferState
  offeredAt: Date
  until: Date
  overAt: Date | null
}
export type NewOffer = Omit<Offer, 'bought' | 'state' | 'overAt'> & { remindAt: Date }

const offerColumns = sql`
  o.id, o.sale_id as "saleId", o.record, o.number, o.account_id as "accountId", o.section_id as "sectionId", o.seats, o.labels,
  o.bought, o.state, o.offered_at as "offeredAt", o.until, o.over_at as "overAt"`

/** Makes offers of seats at hand. */
export async function insertOffers(tx: Tx, offers: readonly NewOffer[]): Promise<void> {
  await sql`
    insert into waitlist.offers (id, sale_id, record, number, account_id, section_id, seats, labels, state, offered_at, until, remind_at)
    select w.id, w.sale_id, w.record, w.number, w.account_id, w.section_id, array(select jsonb_array_elements_text(w.seats)::int),
           array(select jsonb_array_elements_text(w.labels)), 'offered', w.offered_at, w.until, w.remind_at
    from unnest(
      ${offers.map((o) => o.id)}::text[], ${offers.map((o) => o.saleId)}::text[], ${offers.map((o) => o.record)}::int[],
      ${offers.map((o) => o.number)}::int[], ${offers.map((o) => o.accountId)}::text[], ${offers.map((o) => o.sectionId)}::text[],
      ${offers.map((o) => JSON.stringify(o.seats))}::jsonb[], ${offers.map((o) => JSON.stringify(o.labels))}::jsonb[],
      ${offers.map((o) => o.offeredAt)}::timestamptz[], ${offers.map((o) => o.until)}::timestamptz[], ${offers.map((o) => o.remindAt)}::timestamptz[])
      w (id, sale_id, record, number, account_id, section_id, seats, labels, offered_at, until, remind_at)`.execute(tx)
  const seats = offers.flatMap(({ id, sectionId, seats: numbers }) =>
    numbers.map((number) => ({ id, sectionId, number })),
  )
  const taken = await changed(
    tx,
    sql`
      update waitlist.seats k set offer_id = w.id
      from unnest(${seats.map((s) => s.id)}::text[], ${seats.map((s) => s.sectionId)}::text[], ${seats.map((s) => s.number)}::int[]) w (id, section_id, number)
      where k.section_id = w.section_id and k.number = w.number and k.offer_id is null`,
  )
  if (taken !== seats.length)
    throw new Error(`broken assumption: ${seats.length} seats were at hand and only ${taken} are`)
  await sql`
    update waitlist.entries e set state = 'offered'
    from unnest(${offers.map((o) => o.saleId)}::text[], ${offers.map((o) => o.number)}::int[]) w (sale_id, number)
    where e.sale_id = w.sale_id and e.number = w.number`.execute(tx)
}

export const lockOffers = (tx: Tx, ids: readonly string[]): Promise<Offer[]> =>
  rows(
    tx,
    sql<Offer>`select ${offerColumns} from waitlist.offers o where o.id = any(${ids}::text[]) order by o.id for update of o`,
  )

/** Open offers whose time is over, or all of a sale. */
export const offersToEnd = (tx: Tx, saleId: string, until: Date, limit: number): Promise<Offer[]> =>
  rows(
    tx,
    sql<Offer>`
      select ${offerColumns} from waitlist.offers o where o.sale_id = ${saleId} and o.over_at is null and o.until <= ${until}
      order by o.record limit ${limit}`,
  )

/** Offers that are over, whose seats have all come back. */
export const offersToSettle = (tx: Tx, saleId: string, limit: number): Promise<Offer[]> =>
  rows(
    tx,
    sql<Offer>`
      select ${offerColumns} from waitlist.offers o
      where o.sale_id = ${saleId} and o.state = 'offered' and o.answered_at is not null
        and not exists (select 1 from waitlist.seats k where k.offer_id = o.id)
      order by o.record limit ${limit}`,
  )

export async function endOffers(tx: Tx, ids: readonly string[], now: Date): Promise<void> {
  await sql`update waitlist.offers set over_at = coalesce(over_at, ${now}) where id = any(${ids}::text[])`.execute(tx)
}

export async function moveOffers(
  tx: Tx,
  offers: readonly { id: string; state: OfferState; bought: number }[],
): Promise<void> {
  await sql`
    update waitlist.offers o set state = w.state, bought = w.bought
    from unnest(${offers.map((o) => o.id)}::text[], ${offers.map((o) => o.state)}::text[], ${offers.map((o) => o.bought)}::int[]) w (id, state, bought)
    where o.id = w.id`.execute(tx)
}

export async function noteAnswers(tx: Tx, ids: readonly string[], now: Date): Promise<void> {
  await sql`
    update waitlist.offers set answered_at = ${now} where id = any(${ids}::text[]) and over_at is not null and answered_at is null`.execute(
    tx,
  )
}

/** Open offers whose time is nearly over, each once. */
export const offersToRemindOf = (tx: Tx, saleId: string, now: Date, limit: number): Promise<Offer[]> =>
  rows(
    tx,
    sql<Offer>`
      with due as (
        select id from waitlist.offers
        where sale_id = ${saleId} and over_at is null and reminded_at is null and remind_at <= ${now} and until > ${now}
        order by record limit ${limit} for update)
      update waitlist.offers o set reminded_at = ${now} from due where o.id = due.id returning ${offerColumns}`,
  )

/** Sales in which there is something to do. */
export const salesWithWork = async (db: Db, now: Date, limit: number): Promise<string[]> =>
  (
    await rows(
      db,
      sql<{ id: string }>`
        select id from waitlist.sales where is_touched
        union
        select sale_id from waitlist.offers
        where over_at is null and (until <= ${now} or remind_at <= ${now} and reminded_at is null)
        order by id limit ${limit}`,
    )
  ).map(({ id }) => id)

/** An offer as its owner sees it. */
export type FullOffer = Offer & { eventId: string; eventName: string; sectionName: string }

const fullOffer = sql`
  select ${offerColumns}, s.event ->> 'id' as "eventId", s.event ->> 'name' as "eventName", c.name as "sectionName"
  from waitlist.offers o join waitlist.sales s on s.id = o.sale_id join waitlist.sections c on c.id = o.section_id`

export const offersOf = (db: Db | Tx, accountId: string, limit: number): Promise<FullOffer[]> =>
  rows(
    db,
    sql<FullOffer>`${fullOffer} where o.account_id = ${accountId} order by o.offered_at desc, o.id desc limit ${limit}`,
  )

export const newestOfferOf = (db: Db, { saleId, accountId }: Who): Promise<FullOffer | undefined> =>
  maybeRow(
    db,
    sql<FullOffer>`${fullOffer} where o.sale_id = ${saleId} and o.account_id = ${accountId} order by o.record desc limit 1`,
  )

export const findOffer = (db: Db | Tx, id: string): Promise<FullOffer | undefined> =>
  maybeRow(db, sql<FullOffer>`${fullOffer} where o.id = ${id}`)

// What is shown

/** Everybody who waits, by what they wait for; numbers rise. */
export type Waiting = { sectionIds: string[]; numbers: number[]; seats: number }[]

export const readWaiting = (db: Db, saleId: string): Promise<Waiting> =>
  rows(
    db,
    sql<Waiting[number]>`
      select section_ids as "sectionIds", array_agg(number order by number) as numbers, sum(quantity)::int as seats
      from waitlist.entries where sale_id = ${saleId} and state = 'waiting' group by section_ids`,
  )

export type OfferCounts = {
  sectionId: string
  kept: number
  offered: number
  bought: number
  declined: number
  lapsed: number
}

export const offerCounts = (db: Db, saleId: string): Promise<OfferCounts[]> =>
  rows(
    db,
    sql<OfferCounts>`
      select c.id as "sectionId", (select count(*) from waitlist.seats k where k.section_id = c.id) as kept,
             count(o.id) filter (where o.state = 'offered') as offered, coalesce(sum(o.bought), 0)::bigint as bought,
             count(o.id) filter (where o.state = 'declined') as declined, count(o.id) filter (where o.state in ('lapsed', 'withdrawn')) as lapsed
      from waitlist.sections c left join waitlist.offers o on o.section_id = c.id
      where c.sale_id = ${saleId} group by c.id`,
  )

export const newestOffers = (db: Db, saleId: string, limit: number): Promise<Offer[]> =>
  rows(
    db,
    sql<Offer>`select ${offerColumns} from waitlist.offers o where o.sale_id = ${saleId} order by o.record desc limit ${limit}`,
  )

export const recordPage = async (
  db: Db,
  saleId: string,
  after: number,
  upTo: number,
  limit: number,
): Promise<string[]> =>
  (
    await rows(
      db,
      sql<{ text: string }>`
        select text from waitlist.records where sale_id = ${saleId} and n > ${after} and n <= ${upTo} order by n limit ${limit}`,
    )
  ).map(({ text }) => text)

export const knownIds = async (db: Db, ids: readonly string[]): Promise<string[]> =>
  (
    await rows(
      db,
      sql<{ id: string }>`
        select id from waitlist.entries where id = any(${ids}::text[])
        union all select id from waitlist.offers where id = any(${ids}::text[])`,
    )
  ).map((found) => found.id)

// Audit

/** Sales with a waitlist, of one event or of all. */
export const auditedSales = (db: Db, eventId: string | null): Promise<Sale[]> =>
  rows(
    db,
    sql<Sale>`
      select ${saleColumns} from waitlist.sales s
      where s.method = 'queue' and (${eventId}::text is null or s.event ->> 'id' = ${eventId}) order by s.id`,
  )

/** Figures of the waitlists of one event or of all; the first five are numbers of violations. */
export const readAudit = (db: Db, eventId: string | null) =>
  row(
    db,
    sql<
      Record<'seats' | 'entries' | 'untold' | 'overdue' | 'cancelled' | 'waiting' | 'open' | 'offers' | 'kept', number>
    >`
      with s as materialized (
        select * from waitlist.sales where method = 'queue' and (${eventId}::text is null or event ->> 'id' = ${eventId})),
      o as materialized (select o.* from waitlist.offers o join s on s.id = o.sale_id),
      e as materialized (select e.* from waitlist.entries e join s on s.id = e.sale_id)
      select
        (select count(*) from waitlist.seats k join o on o.id = k.offer_id
         where k.section_id <> o.section_id or not k.number = any(o.seats)) as seats,
        (select count(*) from e where (e.state = 'offered') <> exists (
           select 1 from o where o.sale_id = e.sale_id and o.account_id = e.account_id and o.state = 'offered')) as entries,
        (select count(*) from e, unnest(e.section_ids) w (id) join waitlist.sections c on c.id = w.id
         where e.state = 'waiting' and not c.is_waited) as untold,
        (select count(*) from o where o.over_at is not null and o.over_at < o.until and o.state = 'lapsed') as overdue,
        (select count(*) from e join s on s.id = e.sale_id where s.closed_at is not null and e.state = 'waiting') as cancelled,
        (select count(*) from e where e.state = 'waiting') as waiting,
        (select count(*) from o where o.state = 'offered') as open,
        (select count(*) from o) as offers,
        (select count(*) from waitlist.seats k join s on s.id = k.sale_id) as kept`,
  )
