import { seatStatus } from '@fairgate/contracts/http/inventory'
import { rows, sql, type Db } from '#platform/db'
import { changedByTime, counts, nextChangeByTime, takeable, type Counts, type Section } from './inventory-store.ts'

export type SectionStatus = Counts & {
  sectionId: string
  /** Rises with every change, also with those that time alone makes. */
  version: number
  /** One digit a seat in the order of numbers: `seatStatus` of the contract. */
  digits: string
  /** When the next held seat lapses, if any is held. */
  nextLapseAt: Date | null
}

const digit = (now: Date) => sql`
  case when ${takeable(now)} then ${String(seatStatus.free)} when s.state = 1 and s.held_until > ${now} or s.state = 2 then ${String(seatStatus.held)}
       when s.state = 3 then ${String(seatStatus.sold)} else ${String(seatStatus.blocked)} end`

/**
 * What the public sees of sections, in one statement and so of one moment. A seat that lapses changes the picture
 * without a write; it counts one in the version, and the sweeper's later write of it counts one too but takes that one
 * back. A claim counts two, so that taking a lapsed seat also moves the version up.
 */
export const sectionStatuses = (db: Db, sectionIds: readonly string[], now: Date): Promise<SectionStatus[]> =>
  rows(
    db,
    sql<SectionStatus>`
      with noted as materialized (
        select section_id, sum(steps) as steps from inventory.changes
        where section_id = any(${sectionIds}::text[]) group by section_id),
      seen as (
        select s.section_id, ${counts(now)},
               ${changedByTime(now)} as lapsed,
               string_agg(${digit(now)}, '' order by s.number) as digits,
               ${nextChangeByTime(now)} as next_lapse_at
        from inventory.seats s where s.section_id = any(${sectionIds}::text[]) group by s.section_id)
      select seen.section_id as "sectionId", free, held, secured, sold, blocked, digits, next_lapse_at as "nextLapseAt",
             (select version from inventory.sections where id = seen.section_id) + coalesce(noted.steps, 0) + lapsed as version
      from seen left join noted on noted.section_id = seen.section_id`,
  )

/** The sections of a sale that is ready, in its order. */
export const sectionsOfSale = (db: Db, saleId: string): Promise<Pick<Section, 'id' | 'admission'>[]> =>
  rows(
    db,
    sql<Pick<Section, 'id' | 'admission'>>`
      select s.id, s.admission from inventory.sections s join inventory.sales a on a.id = s.sale_id
      where a.id = ${saleId} and a.ready_at is not null order by s.position`,
  )
