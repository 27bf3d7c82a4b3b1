import { createHash } from 'node:crypto'
import { sql, type Db } from '#platform/db'
import { statics } from '#modules/waiting-room'
import type { Figure } from './bench.ts'
import { postRequest, sendAll, type Run } from './holds-crowd.ts'
import { event, saleOf } from './holds-sale.ts'
import { authorizations, besideServer, rateFigure, type RealAndBare, connections } from './real-and-bare.ts'

const rounds = 3
/** All of them join the line of each round. */
const accounts = 15_000

/**
 * Durable joins a second over HTTP: a server process, its Postgres with fsync on, and the crowd on the same machine, in a
 * line that gathers. The limit is the same server with the same checks and receipts, whose places are kept nowhere.
 * Rounds of both take turns; medians.
 */
export async function bench({ databaseUrl }: { databaseUrl: string }): Promise<Figure> {
  const where = { databaseUrl, file: 'join-server.ts', module: statics }
  return besideServer(where, async (db, urls: RealAndBare) => {
    const people = await authorizations(accounts)
    const real: Run[] = []
    const bare: Run[] = []
    // The first round warms up both and is not counted.
    for (let round = 0; round <= rounds; round++) {
      await addLine(db, round)
      for (const [url, runs] of [
        [urls.bareUrl, bare],
        [urls.realUrl, real],
      ] as const) {
        const requests = people.map((person) => postRequest(url, `/api/lines/${lineOf(round)}/places`, person, {}))
        await sql`checkpoint`.execute(db)
        const run = await sendAll(url, requests, connections)
        if (run.refused > 0) throw new Error(`${run.refused} of ${requests.length} joins were refused`)
        if (round > 0) runs.push(run)
      }
    }
    await expectAllJoined(db)
    return {
      topic: 'join',
      unit: 'joins/s',
      ...rateFigure({ real, bare }, accounts),
      limitIs: 'the same route with the same checks and receipts, whose places are kept nowhere',
    }
  })
}

const lineOf = (round: number) => `lin_bench${round}`

/** A drawn line that opens in half an hour. */
async function addLine(db: Db, round: number): Promise<void> {
  const seed = createHash('sha256').update(`bench ${round}`).digest()
  const commitment = createHash('sha256').update(seed).digest('hex')
  await sql`
    with sale as (
      insert into waiting_room.sales (id, event_id, organiser_id, opens_at, closes_at, hold_seconds)
      values (${saleOf(round)}, ${event.id}, ${event.organiserId}, now() + interval '30 minutes', '2100-01-01', 300)),
    line as (
      insert into waiting_room.lines (id, sale_id, name, section_ids, draw_commitment, draw_seed)
      values (${lineOf(round)}, ${saleOf(round)}, 'All', array[${`sec_bench${round}`}], ${commitment}, ${seed.toString('hex')})),
    frontier as (
      insert into waiting_room.frontiers (line_id, shoppers_max, admit_per_minute) values (${lineOf(round)}, 500, 6000))
    insert into waiting_room.sections (sale_id, section_id, capacity) values (${saleOf(round)}, ${`sec_bench${round}`}, 1000)`.execute(
    db,
  )
}

/** What was acknowledged is in the database, and its numbers have no gap. */
async function expectAllJoined(db: Db): Promise<void> {
  const { rows } = await sql<{ places: number; last: number }>`
    select (select count(*) from waiting_room.places) as places, (select sum(arrivals) from waiting_room.lines) as last`.execute(
    db,
  )
  const wanted = accounts * (rounds + 1)
  if (rows[0]!.places !== wanted || Number(rows[0]!.last) !== wanted)
    throw new Error(`${rows[0]!.places} places up to ${rows[0]!.last}, ${wanted} were acknowledged`)
}
