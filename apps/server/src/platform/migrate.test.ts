import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect } from 'vitest'
import { maybeRow, openDatabase, rows, sql, type Db } from './db.ts'
import { migrate, readMigrations, type Migration } from './migrate.ts'
import { test } from '../../test/fixtures.ts'

const file = (name: string, text: string): Migration => ({
  module: 'demo',
  name,
  text,
  checksum: createHash('sha256').update(text).digest('hex'),
})
const tables = async (db: Db) =>
  (
    await rows(db, sql<{ name: string }>`select tablename as name from pg_tables where schemaname = 'demo' order by 1`)
  ).map((r) => r.name)
const files = [
  file('0001-start.sql', 'create schema demo; create table demo.one ();'),
  file('0002-more.sql', 'create table demo.two ();'),
]

test('files run once, in their order, and only new ones the next time', async ({ platform: { db } }) => {
  expect(await migrate(db, files)).toEqual(['demo/0001-start.sql', 'demo/0002-more.sql'])
  expect(await migrate(db, files)).toEqual([])
  expect(await migrate(db, [...files, file('0003-again.sql', 'create table demo.three ()')])).toEqual([
    'demo/0003-again.sql',
  ])
  expect(await tables(db)).toEqual(['one', 'three', 'two'])
})

test('a file that fails leaves nothing half done, names itself, and those before it stay', async ({
  platform: { db },
}) => {
  const broken = file(
    '0003-broken.sql',
    'create table demo.half (); insert into demo.half values (1, 2); create table demo.rest ();',
  )
  await expect(migrate(db, [...files, broken, file('0004-never.sql', 'create table demo.never ()')])).rejects.toThrow(
    /^migration demo\/0003-broken\.sql: .*more expressions/,
  )
  expect(await tables(db)).toEqual(['one', 'two'])
  const mended = file('0003-broken.sql', 'create table demo.half ();')
  expect(await migrate(db, [...files, mended])).toEqual(['demo/0003-broken.sql'])
})

test('a file that was changed after it ran is refused, by name', async ({ platform: { db } }) => {
  await migrate(db, files)
  const edited = [files[0]!, file('0002-more.sql', 'create table demo.two (); -- and a remark')]
  await expect(migrate(db, edited)).rejects.toThrow(
    'migration demo/0002-more.sql: was changed after it ran; write a new file instead',
  )
})

test('several processes may start at once on an empty database: every file runs exactly once', async ({
  platform: { db, databaseUrl },
}) => {
  const processes = Array.from({ length: 4 }, () => openDatabase({ url: databaseUrl, connectionsMax: 2 }))
  const counting = [
    file('0001-start.sql', 'create schema demo; create table demo.runs (n integer); insert into demo.runs values (1);'),
    ...Array.from({ length: 10 }, (_, i) => file(`00${10 + i}-count.sql`, `insert into demo.runs values (${i + 2});`)),
  ]
  // Several rounds, because the collision on an empty database is a matter of luck.
  for (let round = 0; round < 5; round++) {
    await sql`drop schema if exists platform, demo cascade`.execute(db)
    const ran = await Promise.all(processes.map((process) => migrate(process.db, counting)))
    expect(ran.flat().toSorted()).toEqual(counting.map(({ name }) => `demo/${name}`))
    expect(await maybeRow(db, sql`select count(*) as count, sum(n) as sum from demo.runs`)).toEqual({
      count: 11,
      sum: 66,
    })
  }
  await Promise.all(processes.map((process) => process.close()))
})

test('a file may take longer than a statement of a request may', async ({ platform: { databaseUrl, db } }) => {
  const hasty = openDatabase({ url: databaseUrl, connectionsMax: 1, statementTimeoutMs: 100 })
  expect(await migrate(hasty.db, [file('0001-slow.sql', 'select pg_sleep(0.3)')])).toEqual(['demo/0001-slow.sql'])
  expect(await maybeRow(hasty.db, sql`show statement_timeout`)).toEqual({ statement_timeout: '100ms' })
  await hasty.close()
  expect(await maybeRow(db, sql`select name from platform.migrations where module = 'demo'`)).toEqual({
    name: '0001-slow.sql',
  })
})

test('the files of a folder are read in the order of their numbers, and other files are not', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fairgate-migrations-'))
  for (const name of ['0010-b.sql', '0002-a.sql', 'README.md', '0001-c.sql'])
    writeFileSync(join(folder, name), `-- ${name}`)
  const found = readMigrations('demo', pathToFileURL(`${folder}/`))
  expect(found.map(({ name, text }) => [name, text])).toEqual(
    ['0001-c.sql', '0002-a.sql', '0010-b.sql'].map((name) => [name, `-- ${name}`]),
  )
  expect(found.every(({ checksum, text }) => checksum === createHash('sha256').update(text).digest('hex'))).toBe(true)
  rmSync(folder, { recursive: true })
})
