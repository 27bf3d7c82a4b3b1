import type { AdmissionLimit } from '@fairgate/contracts/http/admission'
import { maybeRow, row, sql, type Tx } from '#platform/db'
import { unthrottled, type Throttle } from './throttle.ts'

/** Read by whoever moves the frontiers, under their locks. */
export const readThrottle = async (tx: Tx): Promise<Throttle> =>
  (await maybeRow(
    tx,
    sql<Throttle>`
      select per_second as "perSecond", state, cause, lessened_at as "lessenedAt", raised_at as "raisedAt"
      from waiting_room.throttle`,
  )) ?? unthrottled

export async function writeThrottle(tx: Tx, throttle: Throttle): Promise<void> {
  await sql`
    insert into waiting_room.throttle (per_second, state, cause, lessened_at, raised_at)
    values (${throttle.perSecond}, ${throttle.state}, ${throttle.cause}, ${throttle.lessenedAt}, ${throttle.raisedAt})
    on conflict (is_only) do update set per_second = excluded.per_second, state = excluded.state, cause = excluded.cause,
      lessened_at = excluded.lessened_at, raised_at = excluded.raised_at`.execute(tx)
}

/** Positions called in these lines from a moment on. */
export const countCalledSince = async (tx: Tx, lineIds: readonly string[], since: Date): Promise<number> =>
  (
    await row(
      tx,
      sql<{ count: number }>`
        select coalesce(sum(to_position - from_position + 1), 0)::int as count from waiting_room.calls
        where line_id = any(${lineIds}::text[]) and called_at >= ${since}`,
    )
  ).count

/** What limits a line, for everybody to read. */
export type Limit = { lineId: string; limitedBy: AdmissionLimit; healthPerMinute: number | null }

export async function noteLimits(tx: Tx, limits: readonly Limit[], now: Date): Promise<void> {
  await sql`
    update waiting_room.frontiers f set limited_by = w.limited_by, health_per_minute = w.health_per_minute, limited_at = ${now}
    from unnest(${limits.map((l) => l.lineId)}::text[], ${limits.map((l) => l.limitedBy)}::text[],
                ${limits.map((l) => l.healthPerMinute)}::int[]) w (line_id, limited_by, health_per_minute)
    where f.line_id = w.line_id`.execute(tx)
}
