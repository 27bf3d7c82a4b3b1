import type { AdmissionLimit } from '@fairgate/contracts/http/admission'
import { changed, maybeRow, row, rows, sql, type Db, type Tx } from '#platform/db'
import { lineTables } from './waiting-room-store.ts'

/*
 * How far lines are admitted, and what their organisers have set about it. Rows are locked in the order that
 * `waiting-room-store.ts` names.
 */

export type FrontierRow = {
  lineId: string
  frontier: number
  isPaused: boolean
  shoppersMax: number
  admitPerMinute: number
  admitsAll: boolean
  limitedBy: AdmissionLimit | null
  healthPerMinute: number | null
  limitedAt: Date | null
  allowance: number
  tickedAt: Date | null
  holdSeconds: number
}

/**
 * The lines that are being admitted at this time, not before they are drawn; nobody else moves them until the transaction
 * ends. One whose rows are locked by something else is left out: it must not make the others wait.
 */
export const lockFrontiers = (tx: Tx, now: Date): Promise<FrontierRow[]> =>
  rows(
    tx,
    sql<FrontierRow>`
      select f.line_id as "lineId", f.frontier, f.is_paused as "isPaused", f.shoppers_max as "shoppersMax",
             f.admit_per_minute as "admitPerMinute", f.admits_all as "admitsAll", f.limited_by as "limitedBy",
             f.health_per_minute as "healthPerMinute", f.limited_at as "limitedAt", f.allowance, f.ticked_at as "tickedAt", s.hold_seconds as "holdSeconds"
      from waiting_room.sales s
      join waiting_room.lines l on l.sale_id = s.id
      join waiting_room.frontiers f on f.line_id = l.id
      where s.opens_at <= ${now} and s.closes_at > ${now} and (l.draw_commitment is null or l.drawn_at is not null)
      order by f.line_id for update of f skip locked for key share of l skip locked`,
  )

/**
 * Ends the time to claim of calls made at or before `calledBy`; one that is being claimed just now ends next time.
 * @returns how many positions had not been claimed
 */
export async function lapseCalls(
  tx: Tx,
  due: readonly { lineId: string; calledBy: Date }[],
  now: Date,
): Promise<number> {
  const { missed } = await row(
    tx,
    sql<{ missed: number }>`
      with due as (
        select c.line_id, c.from_position
        from unnest(${due.map((d) => d.lineId)}::text[], ${due.map((d) => d.calledBy)}::timestamptz[]) w (line_id, called_by)
        join waiting_room.calls c on c.line_id = w.line_id and c.lapsed_at is null and c.called_at <= w.called_by
        order by 1, 2 for update of c skip locked),
      lapsed as (
        update waiting_room.calls c set lapsed_at = ${now} from due d
        where c.line_id = d.line_id and c.from_position = d.from_position
        returning c.line_id, c.from_position, c.to_position)
      select coalesce(sum(to_position - from_position + 1 - ${settledWithin(sql`lapsed`)}), 0)::int as missed from lapsed`,
  )
  return missed
}

/** How many positions of a call have been claimed or given up. */
const settledWithin = (call: ReturnType<typeof sql>) => sql`
  (select count(*) from waiting_room.places p
   where p.line_id = ${call}.line_id and p.position between ${call}.from_position and ${call}.to_position)`

export type Crowd = { lineId: string; arrivals: number; inside: number; called: number; sellable: number | null }

/** Who is active in these lines: people inside, and people called who may still claim. */
export const readCrowds = (tx: Tx, lineIds: readonly string[], now: Date): Promise<Crowd[]> =>
  rows(
    tx,
    sql<Crowd>`
      select l.id as "lineId", l.arrivals, k.sellable,
        (select count(*)::int from waiting_room.passes p where p.line_id = l.id and p.ended_at is null and p.expires_at > ${now}) as inside,
        (select coalesce(sum(c.to_position - c.from_position + 1 - ${settledWithin(sql`c`)}), 0)::int
         from waiting_room.calls c where c.line_id = l.id and c.lapsed_at is null) as called
      from ${lineTables}
      where l.id = any(${lineIds}::text[])`,
  )

export type Step = { lineId: string; from: number; to: number; allowance: number }

export async function moveFrontiers(tx: Tx, steps: readonly Step[], now: Date): Promise<void> {
  await sql`
    insert into waiting_room.calls (line_id, from_position, to_position, called_at)
    select w.line_id, w.from_position, w.to_position, ${now}
    from unnest(${steps.map((s) => s.lineId)}::text[], ${steps.map((s) => s.from)}::int[], ${steps.map((s) => s.to)}::int[])
      w (line_id, from_position, to_position)`.execute(tx)
  await sql`
    update waiting_room.frontiers f set frontier = w.frontier, allowance = w.allowance, ticked_at = ${now}
    from unnest(${steps.map((s) => s.lineId)}::text[], ${steps.map((s) => s.to)}::int[], ${steps.map((s) => s.allowance)}::float8[])
      w (line_id, frontier, allowance)
    where f.line_id = w.line_id`.execute(tx)
}

export type Settings = {
  isPaused?: boolean | undefined
  shoppersMax?: number | undefined
  admitPerMinute?: number | undefined
  admitsAll?: boolean | undefined
}

/** @param organiserId  whose line it must be; null for an admin. @returns whether there is such a line */
export async function changeSettings(
  db: Db,
  lineId: string,
  organiserId: string | null,
  settings: Settings,
): Promise<boolean> {
  const count = await changed(
    db,
    sql`
      update waiting_room.frontiers f set
        is_paused = coalesce(${settings.isPaused ?? null}, f.is_paused),
        shoppers_max = coalesce(${settings.shoppersMax ?? null}, f.shoppers_max),
        admit_per_minute = coalesce(${settings.admitPerMinute ?? null}, f.admit_per_minute),
        admits_all = coalesce(${settings.admitsAll ?? null}, f.admits_all)
      from waiting_room.lines l join waiting_room.sales s on s.id = l.sale_id
      where f.line_id = ${lineId} and l.id = f.line_id and (${organiserId}::text is null or s.organiser_id = ${organiserId})`,
  )
  return count === 1
}

/** Whether there is such a line, of this organiser; null for an admin. */
export const isLineOf = async (db: Db, lineId: string, organiserId: string | null): Promise<boolean> =>
  (await maybeRow(
    db,
    sql`
      select 1 from waiting_room.lines l join waiting_room.sales s on s.id = l.sale_id
      where l.id = ${lineId} and (${organiserId}::text is null or s.organiser_id = ${organiserId})`,
  )) !== undefined
