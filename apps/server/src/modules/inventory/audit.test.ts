import { expect } from 'vitest'
import { sql } from '#platform/db'
import { test, type TestPlatform } from '../../../test/fixtures.ts'
import { hallId, idOf, openSale, seat } from '../../../test/inventory-world.ts'

async function broken(sale: Awaited<ReturnType<typeof openSale>>, eventId?: string): Promise<string[]> {
  return (await sale.module.audit!(eventId)).checks.filter((check) => check.violations > 0).map((check) => check.name)
}

/** A held hold of seats 1 and 2, and a free seat 3. */
async function prepared(platform: TestPlatform) {
  const sale = await openSale(platform, { limit: 2 })
  const id = idOf(await sale.place('acc_a', { seatIds: seat(1, 2) }))
  expect(await broken(sale)).toEqual([])
  return { sale, id }
}

test('the audit finds a seat that vanished, in its event only', async ({ platform }) => {
  const { sale } = await prepared(platform)
  await sql`delete from inventory.seats where section_id = ${hallId} and number = 3`.execute(platform.db)
  expect(await broken(sale)).toEqual(['free + held + secured + sold + blocked = capacity in every section'])
  expect(await broken(sale, 'evt_1')).toHaveLength(1)
  expect(await broken(sale, 'evt_2')).toEqual([])
})

test('the audit finds a claim that its hold does not list, and one in another state than its hold', async ({
  platform,
}) => {
  const { sale, id } = await prepared(platform)
  await sql`update inventory.seats set state = 3, hold_id = ${id} where section_id = ${hallId} and number = 3`.execute(
    platform.db,
  )
  expect(await broken(sale)).toEqual(['every claimed seat is listed by its hold, in the same state'])
  await sql`update inventory.seats set state = 0, hold_id = null where section_id = ${hallId} and number = 3`.execute(
    platform.db,
  )
  await sql`update inventory.seats set state = 3, held_until = null where section_id = ${hallId} and number = 1`.execute(
    platform.db,
  )
  expect(await broken(sale)).toEqual([
    'every claimed seat is listed by its hold, in the same state',
    'every live hold has each of its seats',
  ])
})

test('the audit finds a live hold without one of its seats', async ({ platform }) => {
  const { sale } = await prepared(platform)
  await sql`update inventory.seats set state = 0, hold_id = null, held_until = null where section_id = ${hallId} and number = 1`.execute(
    platform.db,
  )
  expect(await broken(sale)).toEqual(['every live hold has each of its seats'])
})

test('the audit finds an account over the limit', async ({ platform }) => {
  const { sale } = await prepared(platform)
  await sql`update inventory.sales set limit_per_account = 1`.execute(platform.db)
  expect(await broken(sale)).toEqual(['no account is over the limit of a sale'])
})

test('the database refuses a claim without a hold, a hold without a time, and two rows of one seat', async ({
  platform,
}) => {
  await prepared(platform)
  const refused = async (query: ReturnType<typeof sql>) =>
    expect(query.execute(platform.db)).rejects.toMatchObject({ code: expect.stringMatching(/^23/) })
  await refused(sql`update inventory.seats set state = 3 where number = 3`)
  await refused(sql`update inventory.seats set state = 0 where number = 1`)
  await refused(sql`update inventory.seats set held_until = null where number = 1`)
  await refused(sql`insert into inventory.seats (section_id, number, label) values (${hallId}, 1, 'A-1')`)
  await refused(sql`update inventory.holds set state = 'sold'`)
})

test('a section that does not add up is seen without being asked for', async ({ platform }) => {
  const sale = await openSale(platform)
  await sale.place('acc_a', { seatIds: seat(1, 2) })
  await platform.settle([sale.module])
  const shown = async (name: string) =>
    (await platform.metrics.text()).split('\n').find((line) => line.startsWith(name))
  expect(await shown('fairgate_sections_unbalanced')).toBe('fairgate_sections_unbalanced 0')
  expect(await shown('fairgate_seats{state="held"}')).toBe('fairgate_seats{state="held"} 2')
  await platform.database.pool.query('delete from inventory.seats where number = 40')
  await platform.settle([sale.module])
  expect(await shown('fairgate_sections_unbalanced')).toBe('fairgate_sections_unbalanced 1')
})
