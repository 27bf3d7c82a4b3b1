import { expect } from 'vitest'
import {
  afterCommit,
  changed,
  exclusive,
  isUnavailable,
  lastly,
  maybeRow,
  openDatabase,
  postgresCode,
  row,
  rows,
  sql,
  transaction,
  violatedConstraint,
  type Db,
} from './db.ts'
import { test } from '../../test/fixtures.ts'

const table = (db: Db) =>
  sql`create table public.things (id integer primary key, value integer not null constraint positive check (value > 0))`.execute(
    db,
  )
const raise = (code: string) => sql.raw(`do $$ begin raise exception 'as asked' using errcode = '${code}'; end $$`)

test('a transaction happens as a whole or not at all', async ({ platform: { db } }) => {
  await table(db)
  const failing = transaction(db, async (tx) => {
    await sql`insert into public.things values (1, 1)`.execute(tx)
    await sql`insert into public.things values (2, -1)`.execute(tx)
  })
  const error = await failing.catch((e: unknown) => e)
  expect(violatedConstraint(error)).toBe('positive')
  expect(await rows(db, sql`select * from public.things`)).toEqual([])
})

test('serialization failures, deadlocks and lock timeouts are tried again, at most three times in all; nothing else is', async ({
  platform: { db },
}) => {
  const tries = async (code: string, failures: number) => {
    let attempts = 0
    const result = await transaction(db, async (tx) => {
      attempts++
      if (attempts <= failures) await raise(code).execute(tx)
      return 'done'
    }).catch(postgresCode)
    return [attempts, result]
  }
  for (const code of ['40001', '40P01', '55P03']) {
    expect(await tries(code, 2)).toEqual([3, 'done'])
    expect(await tries(code, 3)).toEqual([3, code])
  }
  expect(await tries('23505', 1)).toEqual([1, '23505'])
  expect(await tries('P0001', 1)).toEqual([1, 'P0001'])
})

test('of two transactions that deadlock both succeed in the end', async ({ platform: { db } }) => {
  await table(db)
  await sql`insert into public.things values (1, 1), (2, 1)`.execute(db)
  const bothHold = Promise.withResolvers<void>()
  let holding = 0
  const add = (first: number, second: number) =>
    transaction(db, async (tx) => {
      await sql`update public.things set value = value + 1 where id = ${first}`.execute(tx)
      if (++holding === 2) bothHold.resolve()
      await bothHold.promise
      await sql`update public.things set value = value + 1 where id = ${second}`.execute(tx)
    })
  await Promise.all([add(1, 2), add(2, 1)])
  expect(holding).toBeGreaterThan(2)
  expect((await rows(db, sql<{ value: number }>`select value from public.things`)).map((r) => r.value)).toEqual([3, 3])
})

test('hooks run after the commit is visible to others, once for the attempt that succeeded, never after a rollback', async ({
  platform: { db },
}) => {
  await table(db)
  const seen: string[] = []
  let visible: Promise<unknown> | undefined
  let attempts = 0
  await transaction(db, async (tx) => {
    afterCommit(tx, () => {
      seen.push('committed')
      visible = maybeRow(db, sql`select id from public.things where id = 1`)
    })
    await sql`insert into public.things values (1, 1)`.execute(tx)
    if (++attempts === 1) await raise('40001').execute(tx)
    expect(seen).toEqual([])
  })
  expect(seen).toEqual(['committed'])
  expect(await visible).toEqual({ id: 1 })
  await transaction(db, async (tx) => {
    afterCommit(tx, () => seen.push('rolled back'))
    throw new Error('no')
  }).catch(() => undefined)
  expect(seen).toEqual(['committed'])
})

test('a hook that throws does not undo what was committed, run it again or keep the next hook from running', async ({
  platform: { db },
}) => {
  await table(db)
  const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
  let isTold = false
  let attempts = 0
  const result = await transaction(db, async (tx) => {
    attempts++
    afterCommit(tx, () => {
      throw Object.assign(new Error('deaf listener'), { code: '40001' })
    })
    afterCommit(tx, () => (isTold = true))
    await sql`insert into public.things values (1, 1)`.execute(tx)
    return 'done'
  })
  expect([result, attempts, isTold]).toEqual(['done', 1, true])
  expect((await warned).message).toBe('deaf listener')
})

test('what is asked for lastly is committed with the rest, or its failure is why nothing is', async ({
  platform: { db },
}) => {
  await table(db)
  const insert = (id: number, value: number) => sql`insert into public.things values (${id}, ${value})`
  const ids = async () =>
    (await rows(db, sql<{ id: number }>`select id from public.things order by id`)).map(({ id }) => id)
  const told: string[] = []
  await transaction(db, async (tx) => {
    lastly(tx, insert(1, 1).execute(tx), insert(2, 1).execute(tx))
    afterCommit(tx, () => told.push('first'))
  })
  expect(await ids()).toEqual([1, 2])
  // The second fails, the third only because the second did, and so does what is waited for.
  for (const isWaiting of [false, true]) {
    const failing = transaction(db, async (tx) => {
      lastly(tx, insert(3, 1).execute(tx), insert(4, -1).execute(tx), insert(5, 1).execute(tx))
      afterCommit(tx, () => told.push('never'))
      if (isWaiting) await rows(tx, sql`select 1 as one`)
    })
    await expect(failing).rejects.toSatisfy((error) => violatedConstraint(error) === 'positive')
  }
  // Work that fails by itself says so, whatever was on the way.
  const refused = transaction(db, async (tx) => {
    lastly(tx, insert(6, 1).execute(tx))
    throw new Error('refused')
  })
  await expect(refused).rejects.toThrow('refused')
  expect(await ids()).toEqual([1, 2])
  expect(told).toEqual(['first'])
  expect(() => lastly(db as never, Promise.resolve())).toThrow('needs a transaction')
})

test('a statement that comes after the end of its transaction is refused, and does not happen', async ({
  platform: { db },
}) => {
  await table(db)
  const tx = await transaction(db, async (running) => running)
  await expect(rows(tx, sql`insert into public.things values (1, 1)`)).rejects.toThrow('after the end')
  expect(await rows(db, sql`select id from public.things`)).toEqual([])
})

test('afterCommit outside of transaction() is refused', ({ platform: { db } }) => {
  expect(() => afterCommit(db as never, () => undefined)).toThrow('needs a transaction')
})

test('work of one name runs once at a time, other names beside it, and the next may start when it ended or failed', async ({
  platform: { db },
}) => {
  const gate = Promise.withResolvers<void>()
  const inside = Promise.withResolvers<void>()
  const first = exclusive(db, 'a', async () => {
    inside.resolve()
    await gate.promise
    return 'first'
  })
  await inside.promise
  const meanwhile = [await exclusive(db, 'a', async () => 'second'), await exclusive(db, 'b', async () => 'other')]
  gate.resolve()
  expect([await first, ...meanwhile]).toEqual(['first', undefined, 'other'])
  await expect(exclusive(db, 'a', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await exclusive(db, 'a', async () => 'third')).toBe('third')
})

test('when the process that holds the name loses its connection, another takes over at once', async ({
  platform: { db, databaseUrl },
}) => {
  const other = openDatabase({ url: databaseUrl, connectionsMax: 2 })
  const gate = Promise.withResolvers<void>()
  const pid = Promise.withResolvers<number>()
  const first = exclusive(other.db, 'a', async (tx) => {
    pid.resolve((await row(tx, sql<{ pid: number }>`select pg_backend_pid() as pid`)).pid)
    await gate.promise
    await sql`select 1`.execute(tx)
  }).catch((error: unknown) => error)
  await sql`select pg_terminate_backend(${await pid.promise}, 5000)`.execute(db)
  expect(await exclusive(db, 'a', async () => 'taken over')).toBe('taken over')
  gate.resolve()
  expect(isUnavailable(await first)).toBe(true)
  await other.close()
})

test('a connection that dies in a transaction, between two statements or idle, costs that transaction and not the process', async ({
  platform: { databaseUrl, db },
}) => {
  const other = openDatabase({ url: databaseUrl, connectionsMax: 1 })
  const kill = (pid: number) => sql`select pg_terminate_backend(${pid}, 5000)`.execute(db)
  const pidOf = async (on: Parameters<typeof row>[0]) =>
    (await row(on, sql<{ pid: number }>`select pg_backend_pid() as pid`)).pid
  const error = await transaction(other.db, async (tx) => {
    await kill(await pidOf(tx))
    await new Promise((resolve) => setImmediate(resolve))
    await sql`select 1`.execute(tx)
  }).catch((e: unknown) => e)
  expect(isUnavailable(error)).toBe(true)
  await kill(await pidOf(other.db))
  await new Promise((resolve) => setImmediate(resolve))
  expect((await row(other.db, sql<{ one: number }>`select 1 as one`)).one).toBe(1)
  await other.close()
})

test('a statement ends at its bound', async ({ platform: { databaseUrl } }) => {
  const hasty = openDatabase({ url: databaseUrl, connectionsMax: 1, statementTimeoutMs: 50 })
  const error = await sql`select pg_sleep(10)`.execute(hasty.db).catch((e: unknown) => e)
  expect(postgresCode(error)).toBe('57014')
  expect(isUnavailable(error)).toBe(true)
  await hasty.close()
})

test('a database that is not there is unavailable; a refused row, a bug or a missing file is not', async ({
  platform: { db },
}) => {
  const absent = openDatabase({ url: 'postgres://nobody@127.0.0.1:1/none', connectionsMax: 1 })
  expect(isUnavailable(await sql`select 1`.execute(absent.db).catch((e: unknown) => e))).toBe(true)
  await absent.close()
  expect(isUnavailable(await sql`select 1 / 0`.execute(db).catch((e: unknown) => e))).toBe(false)
  for (const error of [
    new Error('Connection is a nice word'),
    Object.assign(new Error('no'), { code: 'ENOENT', syscall: 'open' }),
    undefined,
    'text',
  ]) {
    expect(isUnavailable(error)).toBe(false)
  }
})

test('helpers count and find rows, and a row that must be there and is not is a bug', async ({ platform: { db } }) => {
  await table(db)
  expect(await changed(db, sql`insert into public.things select i, 1 from generate_series(1, 5) i`)).toBe(5)
  expect(await changed(db, sql`update public.things set value = 2 where id > 99`)).toBe(0)
  expect(await maybeRow(db, sql`select 1 where false`)).toBeUndefined()
  await expect(row(db, sql`select 1 where false`)).rejects.toThrow('returned none: select 1 where false')
  expect(await row(db, sql`select 9007199254740991::bigint as big`)).toEqual({ big: Number.MAX_SAFE_INTEGER })
})
