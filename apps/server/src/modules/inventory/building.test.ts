import { expect } from 'vitest'
import { test } from '../../../test/fixtures.ts'
import { createInventory } from './index.ts'
import { hallId, openSale, publish, saleFacts, shop } from '../../../test/inventory-world.ts'

test('seats may come in any order, before their sale, and twice; the sale is ready once, when all have come', async ({
  platform,
}) => {
  const { module } = createInventory(platform)
  await platform.register([module], { spy: ['inventory.sale-ready.v1'] })
  const { published, chunks } = saleFacts({ rows: 25, seatsPerRow: 100 })
  const [first, second, third] = chunks
  const ready = async (...facts: Parameters<typeof publish>[1]) => {
    await publish(platform, facts)
    await platform.settle([module])
    return (await platform.taken('spy')).length
  }
  expect(await ready(third!, third!)).toBe(0)
  expect(await ready(published)).toBe(0)
  expect(await ready(first!, published)).toBe(0)
  expect(await ready(second!)).toBe(1)
  expect(await ready(published, first!, second!)).toBe(0)
  expect(await shop(platform, module).availability()).toMatchObject({ free: 2500 })
  expect((await module.audit!()).checks.filter((check) => check.violations > 0)).toEqual([])
})

test('the sale, ready, tells its stock', async ({ platform }) => {
  const { module } = createInventory(platform)
  await platform.register([module], { spy: ['inventory.sale-ready.v1', 'inventory.stock-changed.v1'] })
  const { published, chunks } = saleFacts()
  await publish(platform, [published, ...chunks])
  await platform.settle([module])
  expect(await platform.taken('spy')).toMatchObject([
    { type: 'inventory.sale-ready.v1', data: { saleId: 'sal_1' } },
    { type: 'inventory.stock-changed.v1', data: { sections: [{ free: 40 }, { free: 20 }] } },
  ])
})

test('a hall of 50,000 seats is built within a minute, and audited within seconds', async ({ platform }) => {
  const startedAt = performance.now()
  const sale = await openSale(platform, { rows: 500, seatsPerRow: 100, floor: 0 })
  const builtMs = performance.now() - startedAt
  expect(await sale.availability(hallId)).toMatchObject({ free: 50_000 })
  const auditedMs = performance.now() - startedAt - builtMs
  expect((await sale.module.audit!()).checks.filter((check) => check.violations > 0)).toEqual([])
  process.stdout.write(
    `50,000 seats: built in ${Math.round(builtMs)} ms, first availability in ${Math.round(auditedMs)} ms\n`,
  )
  expect(builtMs).toBeLessThan(60_000)
})
