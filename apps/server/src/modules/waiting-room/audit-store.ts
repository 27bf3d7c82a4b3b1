import type { DrawRecord } from '@fairgate/contracts/draw-record'
import { row, rows, sql, type Db } from '#platform/db'
import { drawColumns } from './waiting-room-store.ts'

/** Figures of the lines of one event or of all, each a number of violations but the last three. */
export function readAudit(db: Db, eventId: string | null, now: Date) {
  const lines = sql`
    select l.id, l.arrivals, f.frontier from waiting_room.lines l
    join waiting_room.sales s on s.id = l.sale_id join waiting_room.frontiers f on f.line_id = l.id
    where ${eventId}::text is null or s.event_id = ${eventId}`
  return row(
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
