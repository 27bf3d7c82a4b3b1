import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { expect } from 'vitest'
import { manualScheduler } from './clock.ts'
import { openDatabase, sql, rows } from './db.ts'
import { createLog, silentLog } from './log.ts'
import { createSignals } from './signals.ts'
import { test } from '../../test/fixtures.ts'
import { withDatabase } from '../../test/global-setup.ts'

function process(databaseUrl: string, origin: string, log = silentLog) {
  const database = openDatabase({ url: databaseUrl, connectionsMax: 2 })
  const scheduler = manualScheduler()
  const signals = createSignals({ pool: database.pool, url: databaseUrl, scheduler, log, origin })
  return {
    signals,
    scheduler,
    /** The next keys that a topic brings. */
    next: (topic: string) =>
      new Promise<readonly string[]>((resolve) => {
        const off = signals.on(topic, (keys) => {
          off()
          resolve(keys)
        })
      }),
    async end() {
      await signals.stop()
      await database.close()
    },
  }
}

test('own listeners hear at once, another process through the database, nobody twice', async ({
  platform: { databaseUrl },
}) => {
  const [a, b] = [process(databaseUrl, 'a'), process(databaseUrl, 'b')]
  await Promise.all([a.signals.start(), b.signals.start()])
  const own: string[][] = []
  a.signals.on('orders', (keys) => own.push([...keys]))
  const heard = b.next('orders')
  a.signals.emit('orders', 'ord_1')
  a.signals.emit('orders', 'ord_2')
  a.signals.emit('orders', 'ord_1')
  expect(own).toEqual([['ord_1'], ['ord_2'], ['ord_1']])
  a.scheduler.advance(20)
  expect(await heard).toEqual(['ord_1', 'ord_2'])
  // What b sends next arrives at a behind anything that a might have heard of itself.
  const answer = a.next('answer')
  b.signals.emit('answer', 'x')
  b.scheduler.advance(20)
  await answer
  expect(own).toHaveLength(3)
  await Promise.all([a.end(), b.end()])
})

test('a crowd of keys, in any script, arrives whole in payloads that Postgres accepts', async ({
  platform: { databaseUrl },
}) => {
  const [a, b] = [process(databaseUrl, 'a'), process(databaseUrl, 'b')]
  await b.signals.start()
  const keys = Array.from({ length: 3000 }, (_, i) => (i % 2 ? `콘서트 "${i}"` : `ord_${i}`))
  const seen = new Set<string>()
  const all = new Promise<void>((resolve) =>
    b.signals.on('orders', (some) => {
      for (const key of some) seen.add(key)
      if (seen.size === keys.length) resolve()
    }),
  )
  for (const key of keys) a.signals.emit('orders', key)
  a.scheduler.advance(20)
  await all
  expect([...seen].toSorted()).toEqual(keys.toSorted())
  await Promise.all([a.end(), b.end()])
})

test('after the listening connection was killed signals arrive again', async ({ platform: { databaseUrl, db } }) => {
  const [a, b] = [process(databaseUrl, 'a'), process(databaseUrl, 'b')]
  await b.signals.start()
  const listening = () =>
    rows(
      db,
      sql<{
        pid: number
      }>`select pid from pg_stat_activity where datname = current_database() and application_name = 'fairgate signals'`,
    )
  const [{ pid }] = (await listening()) as [{ pid: number }]
  await sql`select pg_terminate_backend(${pid}, 5000)`.execute(db)
  const heard = b.next('orders')
  await expect
    .poll(async () => {
      b.scheduler.advance(500)
      return (await listening()).filter((other) => other.pid !== pid).length
    })
    .toBe(1)
  const settled = heard.then(() => true)
  await expect
    .poll(async () => {
      a.signals.emit('orders', 'ord_1')
      a.scheduler.advance(20)
      return Promise.race([settled, new Promise((resolve) => setImmediate(() => resolve(false)))])
    })
    .toBe(true)
  expect(await heard).toEqual(['ord_1'])
  await Promise.all([a.end(), b.end()])
  expect(await listening()).toEqual([])
})

test('while the database is away one attempt follows the other, they do not multiply', async ({
  platform: { databaseUrl },
}) => {
  const lines: string[] = []
  const b = process(databaseUrl, 'b', createLog('warn', { write: (line) => void lines.push(line) }))
  let planned = 0
  const { after } = b.scheduler
  b.scheduler.after = (delayMs, run) => {
    planned++
    return after(delayMs, run)
  }
  await b.signals.start()
  const admin = openDatabase({ url: withDatabase(databaseUrl, 'postgres'), connectionsMax: 1 })
  const name = new URL(databaseUrl.replace(/^[^/]*\/\/[^/]*/, 'http://host')).pathname.slice(1)
  await sql.raw(`alter database "${name}" allow_connections false`).execute(admin.db)
  await sql`select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = ${name}`.execute(admin.db)
  for (let attempt = 1; attempt <= 4; attempt++) {
    await expect.poll(() => planned).toBe(attempt)
    b.scheduler.advance(1000)
    await expect.poll(() => lines.length).toBe(attempt)
  }
  expect(planned).toBe(5)
  await sql.raw(`alter database "${name}" allow_connections true`).execute(admin.db)
  await admin.close()
  await b.end()
})

test('an address where nobody answers as Postgres does fails the start instead of hanging', async () => {
  const deaf = createServer((socket) => socket.end()).listen(0, '127.0.0.1')
  await new Promise((resolve) => deaf.once('listening', resolve))
  const a = process(`postgres://x@127.0.0.1:${(deaf.address() as AddressInfo).port}/x`, 'a')
  await expect(a.signals.start()).rejects.toThrow('Connection terminated')
  await a.end()
  deaf.close()
})

test('a listener that throws neither deafens the others nor fails the one who emits', async ({
  platform: { databaseUrl },
}) => {
  const lines: string[] = []
  const a = process(databaseUrl, 'a', createLog('error', { write: (line) => void lines.push(line) }))
  const seen: string[] = []
  a.signals.on('orders', () => {
    throw new Error('broken listener')
  })
  const off = a.signals.on('orders', (keys) => seen.push(...keys))
  a.signals.emit('orders', 'ord_1')
  off()
  a.signals.emit('orders', 'ord_2')
  expect(seen).toEqual(['ord_1'])
  expect(lines).toHaveLength(2)
  await a.end()
})
