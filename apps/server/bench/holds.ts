import { seatId } from '@fairgate/contracts/ids'
import { sql, type Db } from '#platform/db'
import { statics } from '#modules/inventory'
import type { Figure } from './bench.ts'
import { measureStore } from './holds-store.ts'
import { postRequest, sendAll, type Run } from './holds-crowd.ts'
import { event, holdsPerRound, saleOf, seatsPerRound, sectionOf, tokens } from './holds-sale.ts'
import { accountOf, authorizations, besideServer, rateFigure, type RealAndBare, connections } from './real-and-bare.ts'

const rounds = 3
/** Both take turns within a round too, because what else the machine does changes from second to second. */
const turns = 5
const accounts = 10_000

/**
 * Durable two-seat holds a second over HTTP: a server process, its Postgres with fsync on, and the crowd on the same
 * machine, every request with its access token, its pass and two seats that are free. The limit is the same server with
 * the same checks and tokens, whose holds are kept nowhere. Rounds of both take turns; medians.
 */
export async function bench({ databaseUrl }: { databaseUrl: string }): Promise<Figure> {
  const where = { databaseUrl, file: 'holds-server.ts', module: statics }
  return besideServer(where, async (db, urls: RealAndBare) => {
    const people = await authorizations(accounts)
    const real: Run[] = []
    const bare: Run[] = []
    // The first round warms up both and is not counted.
    for (let round = 0; round <= rounds; round++) {
      await addRound(db, round)
      const kinds = [urls.bareUrl, urls.realUrl].map((url) => ({
        url,
        requests: requestsOf(url, round, people),
        run: { seconds: 0, latencies: [], refused: 0 } as Run,
      }))
      await sql`checkpoint`.execute(db)
      for (let turn = 0; turn < turns; turn++) {
        for (const { url, requests, run } of kinds) {
          const part = requests.slice((turn * requests.length) / turns, ((turn + 1) * requests.length) / turns)
          const { seconds, latencies, refused } = await sendAll(url, part, connections)
          if (refused > 0) throw new Error(`${refused} of ${part.length} holds were refused`)
          run.seconds += seconds
          run.latencies.push(...latencies)
        }
      }
      if (round === 0) continue
      bare.push(kinds[0]!.run)
      real.push(kinds[1]!.run)
    }
    await expectAllHeld(db)
    return {
      topic: 'holds',
      unit: 'holds/s',
      ...rateFigure({ real, bare }, holdsPerRound),
      limitIs: 'the same route with the same checks and tokens, whose holds are kept nowhere',
      also: await measureStore(databaseUrl),
    }
  })
}

async function addRound(db: Db, round: number): Promise<void> {
  await sql`
    with sale as (
      insert into inventory.sales (id, event_id, event, opens_at, closes_at, hold_seconds, limit_per_account, ready_at)
      values (${saleOf(round)}, ${event.id}, ${JSON.stringify(event)}::jsonb, '2000-01-01', '2100-01-01', 300, 1000, '2000-01-01')),
    section as (
      insert into inventory.sections (id, sale_id, position, name, admission, capacity, price_amount, price_currency, built)
      values (${sectionOf(round)}, ${saleOf(round)}, 1, 'Hall', 'reserved', ${seatsPerRound}, 55000, 'KRW', ${seatsPerRound}))
    insert into inventory.seats (section_id, number, label, row_name, x, y)
    select ${sectionOf(round)}, n, 'A-' || n, 'A', n, 0 from generate_series(1, ${seatsPerRound}) n`.execute(db)
  await sql`vacuum analyze inventory.seats`.execute(db)
}

/** Neighbouring requests are of different accounts and their seats lie apart, as in a crowd. */
function requestsOf(url: string, round: number, people: readonly string[]): Buffer[] {
  const sectionId = sectionOf(round)
  const step = 7919
  return Array.from({ length: holdsPerRound }, (_, i) => {
    const pair = (i * step) % holdsPerRound
    const person = i % accounts
    const passToken = tokens.sign('pass', {
      passId: `pas_bench${person}`,
      lineId: 'lin_bench',
      saleId: saleOf(round),
      accountId: accountOf(person),
      sectionIds: [sectionId],
      exp: 4_000_000_000_000,
    })
    const seatIds = [seatId(sectionId, pair * 2 + 1), seatId(sectionId, pair * 2 + 2)]
    return postRequest(url, '/api/holds', people[person]!, { passToken, sectionId, seatIds })
  })
}

/** What was acknowledged is in the database. */
async function expectAllHeld(db: Db): Promise<void> {
  const { rows } = await sql<{ held: number }>`select count(*) as held from inventory.seats where state = 1`.execute(db)
  const wanted = seatsPerRound * (rounds + 1)
  if (rows[0]!.held !== wanted) throw new Error(`${rows[0]!.held} seats are held, ${wanted} were acknowledged`)
}
