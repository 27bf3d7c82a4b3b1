import { placeHold } from '@fairgate/contracts/http/inventory'
import { createClient } from '@fairgate/contracts/client'
import { seatId } from '@fairgate/contracts/ids'
import { sql, type Db } from '#platform/db'
import { statics } from '#modules/inventory'
import type { Figure } from './bench.ts'
import { startChild, type Child } from './child.ts'
import { accessTokens, event, tokens } from './holds-sale.ts'
import { monotonicMs } from './monotonic.ts'
import { accountOf, besideServer } from './real-and-bare.ts'
import { saleId, sectionOf, sections, seatsPerSection } from './seat-changes-sale.ts'

const watchers = 2000
const watcherProcesses = 2
const seconds = 20
const holdsPerSecond = 20
const limitMs = 1000

/**
 * From the answer that a seat is kept to the arrival of its change at a watcher, 95th percentile over all watchers and
 * changes: a map of 50,000 seats in 40 sections, 2,000 watchers of the whole sale, buyers who keep two seats at random.
 * Server, database, watchers and buyers share the machine.
 */
export async function bench({ databaseUrl }: { databaseUrl: string }): Promise<Figure> {
  const where = { databaseUrl, file: 'seat-changes-server.ts', module: statics }
  return besideServer(where, async (db, { url }: { url: string }) => {
    await addSale(db)
    const stream = `${url}/api/sales/${saleId}/availability/events`
    const crowds: Child[] = []
    for (let i = 0; i < watcherProcesses; i++)
      crowds.push(startChild('seat-changes-watchers.ts', [stream, String(watchers / watcherProcesses)]))
    await Promise.all(crowds.map((crowd) => crowd.told()))
    const kept = await keepSeats(url)
    await new Promise((resolve) => setTimeout(resolve, 2000))
    const seen = await Promise.all(crowds.map((crowd) => crowd.ask<Seen>('tell')))
    const delays = seen.flatMap((crowd) => delaysOf(crowd, kept)).toSorted((a, b) => a - b)
    const expected = kept.size * watchers
    if (delays.length !== expected) throw new Error(`${delays.length} of ${expected} changes arrived`)
    const at = (share: number) => Math.round(delays[Math.floor(delays.length * share)]!)
    return {
      topic: 'seat-changes',
      unit: 'ms',
      value: at(0.95),
      limit: limitMs,
      limitIs: 'how long a change may take to be seen by 95 of 100 others',
      ratio: Math.round((at(0.95) / limitMs) * 1000) / 1000,
      beside: { watchers, seats: sections * seatsPerSection, changes: kept.size, p50Ms: at(0.5), p99Ms: at(0.99) },
    }
  })
}

type Seen = { arrivals: number[][]; changed: { sectionId: string; seat: number; message: number }[] }

/** How long each kept seat took to each watcher. */
function delaysOf({ arrivals, changed }: Seen, kept: ReadonlyMap<string, number>): number[] {
  return changed.flatMap(({ sectionId, seat, message }) => {
    const keptAt = kept.get(`${sectionId} ${seat}`)
    // News may overtake the answer.
    return keptAt === undefined ? [] : arrivals[message]!.map((at) => Math.max(0, at - keptAt))
  })
}

/** @returns when the answer came, by section and seat */
async function keepSeats(url: string): Promise<Map<string, number>> {
  const client = createClient({ baseUrl: url })
  const kept = new Map<string, number>()
  const total = seconds * holdsPerSecond
  const startedAt = monotonicMs()
  const holds: Promise<void>[] = []
  for (let i = 0; i < total; i++) {
    const due = startedAt + (i * 1000) / holdsPerSecond
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - monotonicMs())))
    holds.push(keepTwo(i))
  }
  await Promise.all(holds)
  return kept

  async function keepTwo(i: number): Promise<void> {
    const accountId = accountOf(i)
    const sectionId = sectionOf((i * 7) % sections)
    const first = ((i * 7919) % (seatsPerSection / 2)) * 2
    const passToken = tokens.sign('pass', {
      passId: `pas_bench${i}`,
      lineId: 'lin_bench',
      saleId,
      accountId,
      sectionIds: [sectionId],
      exp: 4_000_000_000_000,
    })
    const accessToken = await accessTokens.sign({ accountId, roles: ['buyer'], verified: true }, 3600)
    const seatIds = [seatId(sectionId, first + 1), seatId(sectionId, first + 2)]
    await client.call(placeHold, { body: { passToken, sectionId, seatIds }, accessToken })
    for (const seat of [first, first + 1]) kept.set(`${sectionId} ${seat}`, monotonicMs())
  }
}

async function addSale(db: Db): Promise<void> {
  await sql`
    with sale as (
      insert into inventory.sales (id, event_id, event, opens_at, closes_at, hold_seconds, limit_per_account, ready_at)
      values (${saleId}, ${event.id}, ${JSON.stringify(event)}::jsonb, '2000-01-01', '2100-01-01', 300, 1000, '2000-01-01')),
    section as (
      insert into inventory.sections (id, sale_id, position, name, admission, capacity, price_amount, price_currency, built)
      select 'sec_bench' || s, ${saleId}, s + 1, 'Block ' || s, 'reserved', ${seatsPerSection}::int, 55000, 'KRW', ${seatsPerSection}::int
      from generate_series(0, ${sections - 1}::int) s)
    insert into inventory.seats (section_id, number, label, row_name, x, y)
    select 'sec_bench' || s, n, 'A-' || n, 'A', n, 0
    from generate_series(0, ${sections - 1}::int) s, generate_series(1, ${seatsPerSection}::int) n`.execute(db)
  await sql`vacuum analyze inventory.seats`.execute(db)
}
