import { changed, maybeRow, row, sql, type Db, type Tx } from '#platform/db'
import type { NewSection } from './catalog-store.ts'
import type { StoredGeometry } from './seat-plan.ts'

/** A plan as it is stored and served: the gzipped document, named by the SHA-256 of its JSON. */
export type StoredPlan = { hash: string; document: Buffer }

/** Sections in one statement: 50 of a large hall are about 1 MB of gzipped seats. */
const sectionsPerStatement = 50

/**
 * What decides whether the plan of an event may change. Waits for, and then holds off, publications and edits: a plan
 * that was found free stays so until the end of the transaction.
 */
export const planForChange = (tx: Tx, eventId: string) =>
  maybeRow(tx, sql<{ currency: string }>`select currency from catalog.events where id = ${eventId} for update`).then(
    (event) =>
      event &&
      row(
        tx,
        sql<{ currency: string; isPublished: boolean; hasPlan: boolean; sections: number }>`
          select ${event.currency}::text as currency,
                 exists (select 1 from catalog.publications where event_id = ${eventId}) as "isPublished",
                 exists (select 1 from catalog.plans where event_id = ${eventId}) as "hasPlan",
                 (select count(*) from catalog.sections where event_id = ${eventId}) as sections`,
      ),
  )

/** Adds a plan and all its sections, in their order. */
export async function insertPlan(
  tx: Tx,
  plan: StoredPlan & { eventId: string },
  sections: readonly { section: NewSection; geometry: StoredGeometry }[],
): Promise<void> {
  await sql`insert into catalog.plans (event_id, hash, document) values (${plan.eventId}, ${plan.hash}, ${plan.document})`.execute(
    tx,
  )
  for (let from = 0; from < sections.length; from += sectionsPerStatement) {
    const chunk = sections.slice(from, from + sectionsPerStatement)
    const column = <T>(read: (section: NewSection) => T) => chunk.map(({ section }) => read(section))
    await sql`
      with given as (
        select * from unnest(
          ${column((s) => s.id)}::text[], ${column((s) => s.name)}::text[], ${column((s) => s.admission)}::text[],
          ${column((s) => s.capacity)}::integer[], ${column((s) => s.price.currency)}::text[],
          ${column((s) => s.price.amount)}::bigint[], ${column((s) => JSON.stringify(s.attributes))}::jsonb[],
          ${column((s) => s.focalPoint?.x ?? null)}::float8[], ${column((s) => s.focalPoint?.y ?? null)}::float8[],
          ${chunk.map(({ geometry }) => geometry.hash)}::text[], ${chunk.map(({ geometry }) => geometry.seats)}::integer[],
          ${chunk.map(({ geometry }) => geometry.document)}::bytea[])
        with ordinality as g (id, name, admission, capacity, currency, amount, attributes, focal_x, focal_y, hash, seats, document, position)),
      added as (
        insert into catalog.sections (id, event_id, plan_event_id, currency, name, admission, capacity, price_amount, attributes, focal_x, focal_y)
        select id, ${plan.eventId}, ${plan.eventId}, currency, name, admission, capacity, amount, attributes, focal_x, focal_y
        from given order by position
        returning id)
      insert into catalog.geometries (section_id, hash, seats, document)
      select id, hash, seats, document from given join added using (id)`.execute(tx)
  }
}

/** Takes a plan away with its sections. @returns false when there is none */
export async function deletePlan(tx: Tx, eventId: string): Promise<boolean> {
  await sql`delete from catalog.sections where plan_event_id = ${eventId}`.execute(tx)
  return (await changed(tx, sql`delete from catalog.plans where event_id = ${eventId}`)) === 1
}

export const storedPlan = (db: Db | Tx, eventId: string) =>
  maybeRow(
    db,
    sql<StoredPlan & { organiserId: string; isPublished: boolean }>`
      select p.hash, p.document, e.organiser_id as "organiserId",
             exists (select 1 from catalog.publications where event_id = e.id) as "isPublished"
      from catalog.plans p join catalog.events e on e.id = p.event_id where p.event_id = ${eventId}`,
  )
