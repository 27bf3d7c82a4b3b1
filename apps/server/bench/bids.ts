import { fork } from 'node:child_process'
import { connect, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { statics } from '#modules/auctions'
import { openDatabase, sql, type Db } from '#platform/db'
import { migrate, readMigrations } from '#platform/migrate'
import type { Figure } from './bench.ts'
import { postRequest, sendAll, type Run } from './holds-crowd.ts'
import { accessTokens, event } from './holds-sale.ts'

const rounds = 3
const connections = 256
/** All of them bid once on the lot of each round. They are signed in before: checking a new access token costs ten times as much as a known one. */
const accounts = 15_000
const seats = 500
const step = 1000
const watchers = 2000
const openAtOnce = 100
const changes = 10
const watchersMsMax = 1000

/**
 * Durable bids a second on one lot of 500 seats over HTTP: a server process, its Postgres with fsync on, and the crowd on
 * the same machine. Every bid is higher than those before, so from the 501st on each pushes somebody out, and a fact
 * about it is published. The limit is the same server with the same checks, whose bids are kept nowhere. Rounds of both
 * take turns; medians. Beside it: from the request of a bid to each of 2,000 watchers of the lot's event stream.
 */
export async function bench({ databaseUrl }: { databaseUrl: string }): Promise<Figure> {
  const { db, close } = openDatabase({ url: databaseUrl, connectionsMax: 2, statementTimeoutMs: 120_000 })
  await migrate(db, readMigrations('platform', new URL('../src/platform/migrations/', import.meta.url)))
  await migrate(db, readMigrations(statics.name, statics.migrations))
  await sql`insert into platform.subscriptions (type, subscriber) values ('auctions.pushed-out.v1', 'notifications')`.execute(
    db,
  )
  const server = fork(fileURLToPath(new URL('bids-server.ts', import.meta.url)), [databaseUrl])
  try {
    const urls = await new Promise<{ realUrl: string; bareUrl: string }>((resolve, reject) => {
      server.once('message', (message) => resolve(message as { realUrl: string; bareUrl: string }))
      server.once('exit', (code) => reject(new Error(`the server ended with ${code}`)))
    })
    const people: string[] = []
    for (let i = 0; i < accounts; i++) {
      const caller = { accountId: `acc_bench${i}`, roles: ['buyer'], verified: true }
      people.push(`Bearer ${await accessTokens.sign(caller, 3600)}`)
    }
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
    const value = median(real.map((run) => accounts / run.seconds))
    const limit = median(bare.map((run) => accounts / run.seconds))
    const latencies = real.flatMap((run) => run.latencies).toSorted((a, b) => a - b)
    const heardMs = await watch(urls.realUrl, people)
    return {
      topic: 'bids',
      unit: 'bids/s',
      value: Math.round(value),
      limit: Math.round(limit),
      limitIs: 'the same route with the same checks, whose bids are kept nowhere',
      ratio: Math.round((value / limit) * 1000) / 1000,
      beside: {
        connections,
        p50Ms: Math.round(latencies[latencies.length >> 1]!),
        p99Ms: Math.round(latencies[Math.floor(latencies.length * 0.99)]!),
      },
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
  } finally {
    server.removeAllListeners('exit')
    server.disconnect()
    await close()
  }
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
  const { hostname, port } = new URL(url)
  const lotId = lotOf(rounds)
  const sockets: Socket[] = []
  let wanted = ''
  let heard: ((index: number) => void) | undefined
  while (sockets.length < watchers) {
    const opened = Array.from({ length: openAtOnce }, () =>
      connect({ host: hostname, port: Number(port), noDelay: true }),
    )
    await Promise.all(
      opened.map(async (socket) => {
        await new Promise((done) => socket.once('connect', done))
        const index = sockets.push(socket) - 1
        socket.write(`GET /api/lots/${lotId}/events HTTP/1.1\r\nhost: bench\r\n\r\n`)
        await new Promise((done) => socket.once('data', done))
        socket.on('data', (chunk: Buffer) => {
          if (wanted !== '' && chunk.includes(wanted)) heard?.(index)
        })
      }),
    )
  }
  const took: number[] = []
  for (let change = 1; change <= changes; change++) {
    const all = new Promise<void>((done) => {
      const seen = new Set<number>()
      const sentAt = performance.now()
      heard = (index) => {
        if (seen.has(index)) return
        seen.add(index)
        took.push(performance.now() - sentAt)
        if (seen.size === watchers) done()
      }
    })
    wanted = `"bids":${accounts + change},`
    const bid = { amount: (accounts + change) * step }
    await sendAll(url, [postRequest(url, `/api/lots/${lotId}/bids`, people[change]!, bid)], 1)
    await all
  }
  for (const socket of sockets) socket.destroy()
  return took.toSorted((a, b) => a - b)[Math.floor(took.length * 0.95)]!
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!
