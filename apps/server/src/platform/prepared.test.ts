import { afterEach, beforeEach, describe, expect, inject } from 'vitest'
import { cloneDatabase, test } from '../../test/fixtures.ts'
import { manualScheduler } from './clock.ts'
import { openDatabase, row, rows, sql, transaction, type Database } from './db.ts'

/** One connection, so that what it keeps can be asked of it. */
async function openOne() {
  const clone = await cloneDatabase(inject('databaseUrl'))
  const clock = manualScheduler()
  const database = openDatabase({ url: clone.url, connectionsMax: 1, clock })
  return { clone, clock, database }
}

describe('a statement that is run all the time', () => {
  let world: Awaited<ReturnType<typeof openOne>>
  let db: Database['db']
  beforeEach(async () => {
    world = await openOne()
    db = world.database.db
    await world.database.pool.query('create table public.things (id int primary key, name text not null)')
    await world.database.pool.query('analyze public.things')
  })
  afterEach(async () => {
    await world.database.close()
    await world.clone.drop()
  })

  const named = (id: number) => rows(db, sql<{ id: number }>`select * from public.things where name = ${`thing ${id}`}`)
  const often = async (times: number) => {
    for (let run = 0; run < times; run++) await named(run)
  }
  const kept = () =>
    rows(
      db,
      sql<{ name: string; generic: number }>`
        select name, generic_plans as generic from pg_prepared_statements where statement like '%public.things%' and name <> ''`,
    )
  const plan = async () => {
    const [{ name } = { name: '' }] = await kept()
    const { rows: lines } = await world.database.pool.query(`explain execute ${name}('thing 7')`)
    return (lines as { 'QUERY PLAN': string }[]).map((line) => line['QUERY PLAN']).join('\n')
  }
  const grow = () =>
    world.database.pool.query(`
      insert into public.things select n, 'thing ' || n from generate_series(1, 20000) n;
      create index on public.things (name)`)

  test('is planned once, and one that is run now and then is not kept', async () => {
    await often(99)
    expect(await kept()).toEqual([])
    await often(11)
    expect(await kept()).toEqual([{ name: 'fairgate_0_0', generic: expect.any(Number) }])
    expect((await kept())[0]!.generic).toBeGreaterThan(0)
  })

  test('is planned anew a second later, when its table has filled', async () => {
    await world.database.pool.query(`create index on public.things (name)`)
    await often(120)
    expect(await plan()).toContain('Seq Scan')
    await world.database.pool.query(
      `insert into public.things select n, 'thing ' || n from generate_series(1, 20000) n`,
    )
    // The control: while no time passes the plan for the empty table stays.
    await named(1)
    expect(await plan()).toContain('Seq Scan')
    world.clock.advance(1000)
    expect(await named(1)).toEqual([{ id: 1, name: 'thing 1' }])
    expect(await plan()).toContain('Index Scan')
  })

  test('that fails or whose transaction is undone is asked again as before', async () => {
    const add = (id: number) =>
      transaction(db, (tx) => row(tx, sql`insert into public.things values (${id}, ${`thing ${id}`}) returning id`))
    for (let id = 0; id < 110; id++) await add(id)
    await expect(add(5)).rejects.toMatchObject({ code: '23505' })
    expect(await add(110)).toEqual({ id: 110 })
    world.clock.advance(1000)
    await expect(add(5)).rejects.toMatchObject({ code: '23505' })
    expect(await add(111)).toEqual({ id: 111 })
  })

  test('outlives a change of its table: at worst one question that stands alone fails, a transaction does not', async () => {
    await grow()
    await often(110)
    const migrate = (column: string) =>
      world.database.pool.query(`alter table public.things add column ${column} int default 1`)
    await migrate('size')
    expect(
      await transaction(db, (tx) => rows(tx, sql`select * from public.things where name = ${'thing 3'}`)),
    ).toMatchObject([{ id: 3 }])
    expect(await named(3)).toEqual([{ id: 3, name: 'thing 3', size: 1 }])
    await often(110)
    await migrate('weight')
    await expect(named(3)).rejects.toMatchObject({ code: '0A000' })
    expect(await named(3)).toEqual([{ id: 3, name: 'thing 3', size: 1, weight: 1 }])
  })
})
