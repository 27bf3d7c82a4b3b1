import { statics } from '#modules/auctions'
import { sql, type Db } from '#platform/db'
import type { Figure } from './bench.ts'
import { openWatchers } from './event-watchers.ts'
import { postRequest, sendAll, type Run } from './holds-crowd.ts'
import { event } from './holds-sale.ts'
import { monotonicMs } from './monotonic.ts'
import { authorizations, besideServer, rateFigure, type RealAndBare, connections } from './real-and-bare.ts'

const rounds = 3
/** All of them bid once on the lot of each round. */
const accounts = 15_000
const seats = 500
const step = 1000
const watchers = 2000
const changes = 10
const watchersMsMax = 1000

/**
 * Durable bids a second on one lot of 500 seats over HTTP: a server process, its Postgres with fsync on, and the crowd on
 * the same machine. Every bid is higher than those before, so from the 501st on each pushes somebody out, and a fact
 * about it is published. The limit is the same server with the same checks, whose bids are kept nowhere. Rounds of both
 * take turns; medians. Beside it: from the request of a bid to each of 2,000 watchers of the lot's event stream.
 */
export async function bench({ databaseUrl }: { databaseUrl: string }): Promise<Figure> {
  const where = { databaseUrl, file: 'bids-server.ts', module: statics }
  return besideServer(where, async (db, urls: RealAndBare) => {
    await sql`insert into platform.subscriptions (type, subscriber) values ('auctions.pushed-out.v1', 'notifications')`.execute(
      db,
    )
    const people = await authorizations(accounts)
    const real: Run[] = []
    const bare: Run[] = []
    // The first round warms up both and is not counted.
    for (let round = 0; round <= rounds; round++) {
      await addLot(db, round)
      for (const [url, runs] of [
        [urls.bareUrl, bare],
        [urls.realUrl, real],
      ] as const) {
        const requests = people.map((person, i) =>
          postRequest(url, `/api/lots/${lotOf(round)}/bids`, person, { amount: (i + 1) * step }),
        )
        await sql`checkpoint`.execute(db)
        const run = await sendAll(url, requests, connections)
        if (run.refused > 0) throw new Error(`${run.refused} of ${requests.length} bids were refused`)
        if (round > 0) runs.push(run)
      }
    }
    await expectAllKept(db)
    const heardMs = await watch(urls.realUrl, people)
    return {
      topic: 'bids',
      unit: 'bids/s',
      ...rateFigure({ real, bare }, accounts),
      limitIs: 'the same route with the same checks, whose bids are kept nowhere',
      also: [
        {
          name: 'a new cut-off reaches 2,000 watchers',
          unit: 'ms (p95)',
          value: Math.round(heardMs),
          limit: watchersMsMax,
          limitIs: 'what is promised',
          ratio: Math.round((watchersMsMax / heardMs) * 1000) / 1000,
          atLeast: 1,
        },
      ],
    }
  })
}

const lotOf = (round: number) => `lot_bench${round}`

async function addLot(db: Db, round: number): Promise<void> {
  await sql`
    insert into auctions.lots (id, sale_id, section_id, name, event, seats, start_amount, currency, step, bids_max, opens_at, ends_at,
      end_at, closes_at, pay_by_seconds, hold_seconds, left_over)
    values (${lotOf(round)}, 'sal_bench', ${`sec_bench${round}`}, 'Bench', ${JSON.stringify(event)}::jsonb, ${seats}, ${step}, 'KRW', ${step}, 3,
      '2020-01-01', '2090-01-01', '2090-01-01', '2100-01-01', 3600, 300, 'organiser')`.execute(db)
}

/** What was acknowledged is in the database, and its sequences have no gap. */
async function expectAllKept(db: Db): Promise<void> {
  const { rows } = await sql<{ bids: number; last: number }>`
    select (select count(*) from auctions.bids) as bids, (select sum(sequence) from auctions.lots) as last`.execute(db)
  const wanted = accounts * (rounds + 1)
  if (Number(rows[0]!.bids) !== wanted || Number(rows[0]!.last) !== wanted)
    throw new Error(`${rows[0]!.bids} bids up to ${rows[0]!.last}, ${wanted} were acknowledged`)
}

/** Opens the streams and bids. @returns ms from sending a bid to a watcher hearing of it, the 95th of a hundred */
async function watch(url: string, people: readonly string[]): Promise<number> {
  const lot = `/api/lots/${lotOf(rounds)}`
  const crowd = await openWatchers(url, watchers, `${lot}/events`)
  const took: number[] = []
  for (let change = 1; change <= changes; change++) {
    const heard = crowd.hear(`"bids":${accounts + change},`)
    const bid = { amount: (accounts + change) * step }
    const sentAt = monotonicMs()
    await sendAll(url, [postRequest(url, `${lot}/bids`, people[change]!, bid)], 1)
    took.push(...(await heard).map((at) => at - sentAt))
  }
  crowd.close()
  return took.toSorted((a, b) => a - b)[Math.floor(took.length * 0.95)]!
}
