import type { BallotMoves } from '@fairgate/contracts/allot'
import type { AuctionFacts } from '@fairgate/contracts/events'
import type { EventItem, Sale, Section } from '@fairgate/contracts/http/catalog'
import type { Currency } from '@fairgate/contracts/money'
import { changed, maybeRow, row, rows, sql, type Db, type Tx } from '#platform/db'
import type { EventMembers } from './event-rules.ts'
import { searchForm, type Listing } from './listing.ts'
import type { StoredGeometry } from './seat-plan.ts'

/** An event with all its sections and sales, drafts too. Who may see what is decided elsewhere. */
export type StoredEvent = EventMembers & {
  id: string
  organiserId: string
  isPublished: boolean
  cancelledAt: Date | null
  cancelledNote: string | null
  /** Of the drawing of its seating plan, when it has one. */
  planUrl?: string
  sections: Section[]
  sales: Sale[]
}

export type NewSection = Omit<Section, 'geometryUrl'>
export type NewSale = Omit<Sale, 'state' | 'readiness' | 'opensAt' | 'closesAt' | 'ballot' | 'auction' | 'lines'> & {
  opensAt: Date
  closesAt: Date
  ballot: { drawAt: Date; payBySeconds: number; moves: BallotMoves } | undefined
  auction: AuctionFacts | undefined
  lines: readonly (Omit<Sale['lines'][number], 'course'> & { course: string | undefined })[]
}

const searchText = (name: string, venue: string, region: string) => searchForm(`${name} ${venue} ${region}`)

/** @returns false when an event of this seed key exists already */
export async function insertEvent(
  db: Db | Tx,
  event: EventMembers & { id: string; organiserId: string; seedKey: string | null; createdAt: Date },
): Promise<boolean> {
  const count = await changed(
    db,
    sql`
      insert into catalog.events (id, organiser_id, seed_key, kind, name, description, venue, region, starts_at, time_zone,
                                  currency, fees_per_ticket, fees_basis_points, refunds, search_text, search_region, created_at)
      values (${event.id}, ${event.organiserId}, ${event.seedKey}, ${event.kind}, ${event.name}, ${event.description},
              ${event.venue}, ${event.region}, ${event.startsAt}, ${event.timeZone}, ${event.currency},
              ${event.fees.perTicket}, ${event.fees.basisPoints}, ${refundsJson(event)}, ${searchText(event.name, event.venue, event.region)}, ${searchForm(event.region)}, ${event.createdAt})
      on conflict do nothing`,
  )
  return count === 1
}

const refundsJson = ({ refunds }: EventMembers) => sql`${refunds ? JSON.stringify(refunds) : null}::jsonb`

const feesJson = sql`json_build_object('perTicket', e.fees_per_ticket, 'basisPoints', e.fees_basis_points)`

/** Locks the event against other edits. */
export const eventForEdit = (tx: Tx, id: string) =>
  maybeRow(
    tx,
    sql<EventMembers & { organiserId: string }>`
      select organiser_id as "organiserId", kind, name, description, venue, region, starts_at as "startsAt",
             time_zone as "timeZone", currency, ${feesJson} as fees, refunds
      from catalog.events e where id = ${id} for no key update`,
  )

export async function updateEvent(tx: Tx, id: string, event: EventMembers): Promise<void> {
  await sql`
    update catalog.events
    set kind = ${event.kind}, name = ${event.name}, description = ${event.description}, venue = ${event.venue},
        region = ${event.region}, starts_at = ${event.startsAt}, time_zone = ${event.timeZone}, currency = ${event.currency},
        fees_per_ticket = ${event.fees.perTicket}, fees_basis_points = ${event.fees.basisPoints},
        refunds = ${refundsJson(event)},
        search_text = ${searchText(event.name, event.venue, event.region)}, search_region = ${searchForm(event.region)}
    where id = ${id}`.execute(tx)
}

export const eventOfSeed = (db: Db | Tx, seedKey: string) =>
  row(db, sql<{ id: string }>`select id from catalog.events where seed_key = ${seedKey}`)

const epochMs = (column: string) => sql`(extract(epoch from ${sql.ref(column)}) * 1000)::bigint`

type SectionJson = Omit<NewSection, 'price' | 'focalPoint'> & {
  amount: number
  currency: Currency
  hash: string | null
  focalX: number | null
  focalY: number | null
}
type SaleJson = Omit<Sale, 'opensAt' | 'closesAt' | 'ballot' | 'auction' | 'lines'> & {
  opensAt: number
  closesAt: number
  ballot: { drawAt: number; payBySeconds: number; moves: BallotMoves } | null
  auction: AuctionFacts | null
  lines: (Omit<Sale['lines'][number], 'course'> & { course: string | null })[]
}
type EventJson = Omit<StoredEvent, 'sections' | 'sales' | 'planUrl'> & {
  planHash: string | null
  sections: SectionJson[]
  sales: SaleJson[]
}

const sectionsJson = sql`
  coalesce((
    select json_agg(json_build_object(
      'id', s.id, 'eventId', s.event_id, 'name', s.name, 'admission', s.admission, 'capacity', s.capacity,
      'amount', s.price_amount, 'currency', s.currency, 'attributes', s.attributes, 'hash', g.hash,
      'focalX', s.focal_x, 'focalY', s.focal_y) order by s.seq)
    from catalog.sections s left join catalog.geometries g on g.section_id = s.id
    where s.event_id = e.id), '[]')`

const salesJson = sql`
  coalesce((
    select json_agg(json_build_object(
      'id', a.id, 'eventId', a.event_id, 'method', a.method,
      'state', case when p.sale_id is null then 'draft' else 'published' end,
      'opensAt', ${epochMs('a.opens_at')}, 'closesAt', ${epochMs('a.closes_at')},
      'holdSeconds', a.hold_seconds, 'limitPerAccount', a.limit_per_account, 'order', a.entry_order,
      'ballot', case when a.ballot_draw_at is not null then json_build_object(
        'drawAt', ${epochMs('a.ballot_draw_at')}, 'payBySeconds', a.ballot_pay_by_seconds, 'moves', a.ballot_moves) end,
      'auction', a.auction,
      'lines', (
        select json_agg(json_build_object(
          'id', l.id, 'name', l.name,
          'sectionIds', (select json_agg(ls.section_id order by ls.position) from catalog.line_sections ls where ls.line_id = l.id),
          'shoppersMax', l.shoppers_max, 'admitPerMinute', l.admit_per_minute, 'course', l.course) order by l.position)
        from catalog.lines l where l.sale_id = a.id),
      'readiness', json_build_object('waitingRoom', a.waiting_room_ready, 'inventory', a.inventory_ready)) order by a.seq)
    from catalog.sales a left join catalog.publications p on p.sale_id = a.id
    where a.event_id = e.id), '[]')`

/** One statement whatever the number of sections and sales, so the parts fit each other. */
export async function storedEvent(db: Db | Tx, id: string): Promise<StoredEvent | undefined> {
  const found = await maybeRow(
    db,
    sql<EventJson>`
      select e.id, e.organiser_id as "organiserId", e.kind, e.name, e.description, e.venue, e.region,
             e.starts_at as "startsAt", e.time_zone as "timeZone", e.currency, ${feesJson} as fees, e.refunds,
             e.cancelled_at as "cancelledAt", e.cancelled_note as "cancelledNote",
             exists (select 1 from catalog.publications p where p.event_id = e.id) as "isPublished",
             (select p.hash from catalog.plans p where p.event_id = e.id) as "planHash",
             ${sectionsJson} as sections, ${salesJson} as sales
      from catalog.events e where e.id = ${id}`,
  )
  if (!found) return undefined
  const { planHash, ...event } = found
  return {
    ...event,
    ...(planHash === null ? {} : { planUrl: planUrl(id, planHash) }),
    sections: found.sections.map(toSection),
    sales: found.sales.map(toSale),
  }
}

export const planUrl = (eventId: string, hash: string): string => `/api/events/${eventId}/plan?hash=${hash}`

/** A section as everybody sees it, with the URL of its seats when it has some. */
export const sectionDocument = (section: NewSection, hash: string | null): Section => ({
  ...section,
  ...(section.admission === 'reserved' ? { geometryUrl: `/api/sections/${section.id}/seats?hash=${hash}` } : {}),
})

function toSection({ amount, currency, hash, focalX, focalY, attributes, ...section }: SectionJson): Section {
  const focalPoint = focalX === null || focalY === null ? {} : { focalPoint: { x: focalX, y: focalY } }
  return sectionDocument({ ...section, price: { amount, currency }, attributes, ...focalPoint }, hash)
}

const toSale = ({ ballot, auction, lines, ...sale }: SaleJson): Sale => ({
  ...sale,
  opensAt: new Date(sale.opensAt).toISOString(),
  closesAt: new Date(sale.closesAt).toISOString(),
  ...(ballot ? { ballot: { ...ballot, drawAt: new Date(ballot.drawAt).toISOString() } } : {}),
  ...(auction ? { auction } : {}),
  lines: lines.map(({ course, ...line }) => ({
    ...line,
    ...(course === null ? {} : { course }),
    // The line of an auction is the lot.
    ...(auction ? { lotId: line.id } : {}),
  })),
})

type ItemRow = Omit<EventItem, 'startsAt' | 'saleOpensAt' | 'saleClosesAt' | 'priceFrom'> & {
  startsAt: Date
  saleOpensAt: Date | null
  saleClosesAt: Date | null
  amountFrom: number | null
}

/** What a list shows of an event: the first opening, the last closing and the lowest price of what is published. */
const itemColumns = sql`
  e.id, e.organiser_id as "organiserId", e.kind, e.name, e.description, e.venue, e.region, e.starts_at as "startsAt",
  e.time_zone as "timeZone", e.currency,
  (select min(a.opens_at) from catalog.publications p join catalog.sales a on a.id = p.sale_id
   where p.event_id = e.id) as "saleOpensAt",
  (select max(a.closes_at) from catalog.publications p join catalog.sales a on a.id = p.sale_id
   where p.event_id = e.id) as "saleClosesAt",
  (select min(s.price_amount) from catalog.publications p
   join catalog.line_sections ls on ls.sale_id = p.sale_id join catalog.sections s on s.id = ls.section_id
   where p.event_id = e.id) as "amountFrom"`

const toItem = ({ amountFrom, saleClosesAt, ...item }: ItemRow): EventItem => ({
  ...item,
  startsAt: item.startsAt.toISOString(),
  saleOpensAt: item.saleOpensAt?.toISOString() ?? null,
  ...(saleClosesAt ? { saleClosesAt: saleClosesAt.toISOString() } : {}),
  priceFrom: amountFrom === null ? null : { amount: amountFrom, currency: item.currency },
})

/**
 * Published events that start after `now`, soonest first, at most `limit`. Words are looked for along the index of
 * starts: the scan is bounded by the events still to come (measured: 20,000 of them, none matching, in 6.5 ms).
 */
export async function publishedEvents(db: Db, listing: Listing, now: Date, limit: number): Promise<EventItem[]> {
  const { after, kind, region, from, to, patterns } = listing
  const found = await rows(
    db,
    sql<ItemRow>`
      select ${itemColumns}
      from catalog.events e
      where e.starts_at > ${now} and e.cancelled_at is null
        and (e.starts_at, e.id) > (${after ? new Date(after.startsAt) : now}::timestamptz, ${after?.id ?? ''}::text)
        and (${from}::timestamptz is null or e.starts_at >= ${from})
        and (${to}::timestamptz is null or e.starts_at <= ${to})
        and (${kind}::text is null or e.kind = ${kind})
        and (${region}::text is null or e.search_region = ${region})
        and e.search_text like all (${patterns}::text[])
        and exists (select 1 from catalog.publications p where p.event_id = e.id)
      order by e.starts_at, e.id
      limit ${limit}`,
  )
  return found.map(toItem)
}

/** The newest events of an organiser, drafts too. */
export async function eventsOfOrganiser(db: Db, organiserId: string, limit: number): Promise<EventItem[]> {
  const found = await rows(
    db,
    sql<ItemRow>`
      select ${itemColumns} from catalog.events e where e.organiser_id = ${organiserId} order by e.id desc limit ${limit}`,
  )
  return found.map(toItem)
}

export async function insertSection(tx: Tx, section: NewSection, geometry: StoredGeometry): Promise<void> {
  await sql`
    with added as (
      insert into catalog.sections (id, event_id, currency, name, admission, capacity, price_amount, attributes)
      values (${section.id}, ${section.eventId}, ${section.price.currency}, ${section.name}, ${section.admission},
              ${section.capacity}, ${section.price.amount}, ${JSON.stringify(section.attributes)}::jsonb)
      returning id)
    insert into catalog.geometries (section_id, hash, seats, document)
    select id, ${geometry.hash}, ${geometry.seats}, ${geometry.document} from added`.execute(tx)
}

/** Whose section it is, whether its event is public, and whether a published sale holds it for ever. */
export const sectionOwner = (db: Db | Tx, id: string) =>
  maybeRow(
    db,
    sql<{ organiserId: string; eventId: string; isPlanned: boolean; isPublished: boolean; isOnSale: boolean }>`
      select e.organiser_id as "organiserId", e.id as "eventId", s.plan_event_id is not null as "isPlanned",
             exists (select 1 from catalog.publications p where p.event_id = e.id) as "isPublished",
             exists (select 1 from catalog.publications p join catalog.line_sections ls on ls.sale_id = p.sale_id
                     where ls.section_id = s.id) as "isOnSale"
      from catalog.sections s join catalog.events e on e.id = s.event_id where s.id = ${id}`,
  )

export const deleteSection = (db: Db | Tx, id: string) =>
  changed(db, sql`delete from catalog.sections where id = ${id}`)

export const geometryOf = (db: Db | Tx, sectionId: string) =>
  row(db, sql<StoredGeometry>`select hash, seats, document from catalog.geometries where section_id = ${sectionId}`)

export async function insertSale(tx: Tx, sale: NewSale): Promise<void> {
  await sql`
    insert into catalog.sales (id, event_id, method, opens_at, closes_at, hold_seconds, limit_per_account, entry_order,
                               ballot_draw_at, ballot_pay_by_seconds, ballot_moves, auction)
    values (${sale.id}, ${sale.eventId}, ${sale.method}, ${sale.opensAt}, ${sale.closesAt}, ${sale.holdSeconds},
            ${sale.limitPerAccount}, ${sale.order}, ${sale.ballot?.drawAt ?? null}, ${sale.ballot?.payBySeconds ?? null},
            ${sale.ballot?.moves ?? null}, ${sale.auction ? JSON.stringify(sale.auction) : null}::jsonb)`.execute(tx)
  await sql`
    insert into catalog.lines (id, sale_id, position, name, shoppers_max, admit_per_minute, course)
    select l.id, ${sale.id}, l.position, l.name, l.shoppers_max, l.admit_per_minute, l.course
    from unnest(${sale.lines.map((line) => line.id)}::text[], ${sale.lines.map((line) => line.name)}::text[],
                ${sale.lines.map((line) => line.shoppersMax)}::integer[],
                ${sale.lines.map((line) => line.admitPerMinute)}::integer[],
                ${sale.lines.map((line) => line.course ?? null)}::text[])
      with ordinality as l (id, name, shoppers_max, admit_per_minute, course, position)`.execute(tx)
  const sections = sale.lines.flatMap((line) =>
    line.sectionIds.map((id, position) => ({ id, position, lineId: line.id })),
  )
  await sql`
    insert into catalog.line_sections (section_id, line_id, sale_id, event_id, position)
    select s.id, s.line_id, ${sale.id}, ${sale.eventId}, s.position
    from unnest(${sections.map((section) => section.id)}::text[], ${sections.map((section) => section.lineId)}::text[],
                ${sections.map((section) => section.position)}::integer[]) as s (id, line_id, position)
    order by s.id`.execute(tx)
}

/** An event with one of its sales picked out. */
export async function storedSale(db: Db | Tx, id: string): Promise<{ sale: Sale; event: StoredEvent } | undefined> {
  const found = await maybeRow(
    db,
    sql<{ eventId: string }>`select event_id as "eventId" from catalog.sales where id = ${id}`,
  )
  const event = found && (await storedEvent(db, found.eventId))
  const sale = event?.sales.find((candidate) => candidate.id === id)
  return event && sale && { sale, event }
}

/** Waits for an edit of the sale's event that is under way, so that what is read next is what will be published. */
export async function keepEvent(tx: Tx, saleId: string): Promise<void> {
  await sql`
    select 1 from catalog.events where id = (select event_id from catalog.sales where id = ${saleId}) for key share`.execute(
    tx,
  )
}

/** @returns false when the event has been cancelled before */
export async function cancelEvent(tx: Tx, id: string, note: string, now: Date): Promise<boolean> {
  const count = await changed(
    tx,
    sql`
      -- Whoever is publishing a sale of it keeps the event meanwhile: it comes before this or is refused after it.
      with locked as (select id from catalog.events where id = ${id} for update)
      update catalog.events e set cancelled_at = ${now}, cancelled_note = ${note}
      from locked where e.id = locked.id and e.cancelled_at is null`,
  )
  return count === 1
}

/** @returns false when the sale has been published before */
export async function insertPublication(tx: Tx, saleId: string, now: Date): Promise<boolean> {
  const count = await changed(
    tx,
    sql`
      insert into catalog.publications (sale_id, event_id, kind, starts_at, time_zone, currency, fees_per_ticket, fees_basis_points,
                                        refunds_hash, published_at)
      select a.id, e.id, e.kind, e.starts_at, e.time_zone, e.currency, e.fees_per_ticket, e.fees_basis_points, e.refunds_hash, ${now}
      from catalog.sales a join catalog.events e on e.id = a.event_id where a.id = ${saleId}
      on conflict do nothing`,
  )
  return count === 1
}

export const deleteSale = (db: Db | Tx, id: string) => changed(db, sql`delete from catalog.sales where id = ${id}`)

/** What sections cost from now on, the last of several. @returns the events whose document this changed */
export async function notePrices(
  tx: Tx,
  prices: readonly { sectionId: string; price: { amount: number } }[],
): Promise<string[]> {
  const last = [...new Map(prices.map(({ sectionId, price }) => [sectionId, price.amount]))]
  const found = await rows(
    tx,
    sql<{ eventId: string }>`
      update catalog.sections s set price_amount = p.amount
      from unnest(${last.map(([id]) => id)}::text[], ${last.map(([, amount]) => amount)}::bigint[]) as p (id, amount)
      where s.id = p.id
      returning s.event_id as "eventId"`,
  )
  return found.map(({ eventId }) => eventId)
}

/** Notes that a module has built its tables for these sales. @returns the events whose document this changed */
export async function noteReady(
  tx: Tx,
  part: 'waitingRoom' | 'inventory',
  saleIds: readonly string[],
): Promise<string[]> {
  const column = sql.ref(part === 'waitingRoom' ? 'waiting_room_ready' : 'inventory_ready')
  const found = await rows(
    tx,
    sql<{ eventId: string }>`
      update catalog.sales a set ${column} = true
      from catalog.publications p
      where a.id = any(${saleIds}::text[]) and p.sale_id = a.id and not a.${column}
      returning a.event_id as "eventId"`,
  )
  return found.map(({ eventId }) => eventId)
}

/** Counts for the audit, of one event or of all. No seat is read. */
export const auditCounts = (db: Db, eventId: string | null) =>
  row(
    db,
    sql<{
      misdrawn: number
      foreign: number
      empty: number
      shifted: number
      unready: number
      events: number
      sections: number
      sales: number
      published: number
      capacity: number
    }>`
      with e as (select * from catalog.events where ${eventId}::text is null or id = ${eventId}),
           s as (select s.* from catalog.sections s join e on e.id = s.event_id),
           a as (select a.*, p.sale_id is not null as is_published, p.starts_at, p.time_zone, p.kind, p.currency
                 from catalog.sales a join e on e.id = a.event_id left join catalog.publications p on p.sale_id = a.id),
           sold as (select ls.*, a.is_published from catalog.line_sections ls join a on a.id = ls.sale_id)
      select
        (select count(*) from s left join catalog.geometries g on g.section_id = s.id
         where g.seats is distinct from case s.admission when 'reserved' then s.capacity else 0 end) as misdrawn,
        (select count(*) from sold left join s on s.id = sold.section_id and s.event_id = sold.event_id where s.id is null)
          + (select count(*) from (select section_id from sold group by section_id having count(*) > 1) twice) as "foreign",
        (select count(*) from catalog.lines l join a on a.id = l.sale_id
         where not exists (select 1 from sold where sold.line_id = l.id))
          + (select count(*) from a where not exists (select 1 from catalog.lines l where l.sale_id = a.id)) as empty,
        (select count(*) from a join e on e.id = a.event_id
         where a.is_published and (a.starts_at, a.time_zone, a.kind, a.currency)
               is distinct from (e.starts_at, e.time_zone, e.kind, e.currency)) as shifted,
        (select count(*) from a where is_published and not (waiting_room_ready and inventory_ready)) as unready,
        (select count(*) from e) as events,
        (select count(*) from s) as sections,
        (select count(*) from a) as sales,
        (select count(*) from a where is_published) as published,
        (select coalesce(sum(s.capacity), 0)::bigint from sold join s on s.id = sold.section_id where sold.is_published) as capacity`,
  )
