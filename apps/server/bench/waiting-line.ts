import { sql } from '#platform/db'
import { statics } from '#modules/waiting-room'
import { startChild, type Child } from './child.ts'
import { event, saleOf } from './holds-sale.ts'
import { openMigrated } from './real-and-bare.ts'

const lineId = 'lin_bench'

export type WaitingServer = {
  realUrl: string
  bareUrl: string
  sinkUrl: string
  lineId: string
} & Pick<Child, 'ask' | 'stop'>

/** A line that gathers, and a server process for it. */
export async function startWaitingServer(databaseUrl: string): Promise<WaitingServer> {
  const { db, close } = await openMigrated(databaseUrl, statics)
  await sql`
    with sale as (
      insert into waiting_room.sales (id, event_id, organiser_id, opens_at, closes_at, hold_seconds)
      values (${saleOf(0)}, ${event.id}, ${event.organiserId}, now() + interval '30 minutes', '2100-01-01', 300)),
    line as (
      insert into waiting_room.lines (id, sale_id, name, section_ids) values (${lineId}, ${saleOf(0)}, 'All', '{sec_bench}')),
    frontier as (
      insert into waiting_room.frontiers (line_id, shoppers_max, admit_per_minute) values (${lineId}, 500, 6000))
    insert into waiting_room.sections (sale_id, section_id, capacity) values (${saleOf(0)}, 'sec_bench', 1000)`.execute(
    db,
  )
  await close()
  const server = startChild('waiting-server.ts', [databaseUrl, lineId])
  return { ...server, ...(await server.told<{ realUrl: string; bareUrl: string; sinkUrl: string }>()), lineId }
}
