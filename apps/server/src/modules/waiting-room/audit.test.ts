import { expect } from 'vitest'
import { sql } from '#platform/db'
import { test } from '../../../test/fixtures.ts'
import { openWorld, people } from './test-world.ts'

const planted = {
  'the numbers of each line are exactly 1…arrivals': sql`update waiting_room.lines set arrivals = arrivals + 1`,
  'no account has two live places in a sale': sql`
    drop index waiting_room.places_one_live;
    insert into waiting_room.places (line_id, number, id, sale_id, account_id, joined_at) values ('lin_a', 6, 'plc_x', 'sal_1', 'acc_5', '2026-01-01');
    update waiting_room.lines set arrivals = 6`,
  'every pass belongs to one admitted place of its account, and no account has two live ones in a line': sql`
    update waiting_room.passes set account_id = 'acc_thief'`,
  'no frontier is beyond the arrivals': sql`
    update waiting_room.frontiers set frontier = 9;
    insert into waiting_room.calls (line_id, from_position, to_position, called_at) values ('lin_a', 4, 9, '2026-01-01')`,
  'no pass was given beyond the frontier': sql`
    delete from waiting_room.calls;
    update waiting_room.frontiers set frontier = 0`,
  'the calls of each line are exactly 1…frontier': sql`update waiting_room.calls set to_position = to_position + 1`,
}

const plantedInDraws = {
  'nobody was called before the draw': sql`update waiting_room.calls set called_at = '2026-01-01'`,
  // Two who are inside have exchanged their positions.
  'every place stands at the position of the draw': sql`
    update waiting_room.places set position = position + 1000 where state = 'admitted';
    update waiting_room.places p set position = q.position - 1000 from waiting_room.places q
    where p.state = 'admitted' and q.number = (
      select coalesce(min(n.number) filter (where n.number > p.number), min(n.number)) from waiting_room.places n where n.state = 'admitted')`,
}

for (const [name, harm] of Object.entries(plantedInDraws)) {
  test(`the audit finds a planted violation of a draw: ${name}`, async ({ platform }) => {
    const world = await openWorld(platform, [{ id: 'lin_a', shoppersMax: 4 }], {}, 'draw')
    platform.clock.set(Date.parse('2026-01-01T09:00:00Z'))
    const receipts = await world.joinInTurn(people(6))
    await world.leave('acc_6')
    world.openSale()
    await world.draw()
    await world.tick()
    for (const [i, receipt] of receipts.entries()) await world.claim(`acc_${i + 1}`, receipt)
    expect(await world.violations()).toEqual([])
    await platform.database.pool.query(harm.compile(platform.db).sql)
    expect(await world.violations()).toEqual([name])
    expect((await world.module.audit!('evt_other')).checks.every((check) => check.violations === 0)).toBe(true)
  })
}

for (const [name, harm] of Object.entries(planted)) {
  test(`the audit finds a planted violation: ${name}`, async ({ platform }) => {
    const world = await openWorld(platform, [{ id: 'lin_a', shoppersMax: 3 }])
    platform.clock.set(Date.parse('2026-01-01T09:00:00Z'))
    const receipts = await world.joinInTurn(people(5))
    world.openSale()
    await world.tick()
    await world.claim('acc_1', receipts[0]!)
    expect(await world.module.audit!('evt_1')).toMatchObject({ figures: { places: 5, waiting: 4, shoppers: 1 } })
    expect(await world.violations()).toEqual([])
    await platform.database.pool.query(harm.compile(platform.db).sql)
    expect(await world.violations()).toEqual([name])
    expect((await world.module.audit!('evt_other')).checks.every((check) => check.violations === 0)).toBe(true)
  })
}
