import { expect, test } from 'vitest'
import { readSources, violations } from './boundaries.ts'

const inventory = 'apps/server/src/modules/inventory/holds.ts'

function found(path: string, text: string): string[] {
  return violations([{ path, text }]).map(({ line, what }) => `${line}: ${what}`)
}

test('every source keeps to its room', () => {
  const sources = readSources()
  expect(sources.length).toBeGreaterThan(50)
  expect(violations(sources).map(({ path, line, what }) => `${path}:${line} ${what}`)).toEqual([])
})

test('control: a planted import is found, however it is written', () => {
  for (const text of [
    `import { createOrders } from '#modules/orders'`,
    `import type { Order } from '../orders/order.ts'`,
    `export * from "../orders/index.ts"`,
    `const orders = await import('../orders/index.ts')`,
    `import '../../compose.ts'`,
    `import { config } from '../../config.ts'`,
    `import {\n  a,\n  b,\n} from '@fairgate/swarm/buyer'`,
  ]) {
    expect(found(inventory, text), text).toHaveLength(1)
  }
  expect(found('apps/server/src/platform/http.ts', `import '../modules/orders/index.ts'`)).toHaveLength(1)
  expect(
    found('apps/server/src/platform/http.ts', `import { hold } from '@fairgate/contracts/http/inventory'`),
  ).toHaveLength(1)
  expect(found('packages/contracts/src/ids.ts', `import { randomBytes } from 'node:crypto'`)).toHaveLength(1)
  expect(found('packages/contracts/src/ids.ts', `import pg from 'pg'`)).toHaveLength(1)
  expect(found('packages/swarm/src/buyer.ts', `import '../../../apps/server/src/compose.ts'`)).toHaveLength(1)
  expect(found('packages/swarm/src/buyer.ts', `import '@fairgate/server/compose'`)).toHaveLength(1)
  expect(found('apps/web/src/main.tsx', `import '../../server/src/compose.ts'`)).toHaveLength(1)
  expect(found('apps/web/src/main.tsx', `import { readFile } from 'node:fs/promises'`)).toHaveLength(1)
})

test('control: planted time, randomness and environment are found with their line', () => {
  for (const text of [
    `const now = Date.now()`,
    `const now = new Date()`,
    `const luck = Math.random()`,
    `setTimeout(run, 10)`,
    `setInterval(run, 10)`,
    `const { PORT } = process.env`,
    'sql`update holds set held_until = now()`',
    'log(`it is ${Date.now()}`)',
  ]) {
    expect(found(inventory, `\n${text}`), text).toEqual([expect.stringMatching(/^2: /)])
  }
  expect(
    found('apps/server/src/modules/inventory/migrations/0001-holds.sql', `at timestamptz default now()`),
  ).toHaveLength(1)
})

test('what is allowed is not reported', () => {
  expect(
    found(
      inventory,
      `
        // Not Date.now(), and not import '../orders/index.ts'.
        import { createHash } from 'node:crypto'
        import { sql } from 'kysely'
        import { Type } from '@sinclair/typebox'
        import type { Db } from '#platform/db'
        import { seatTaken } from '@fairgate/contracts/errors'
        import { lapse } from './hold.ts'
        const now = clock.now()
        const at = new Date(now)
        const text = 'never call Date.now() here'
      `,
    ),
  ).toEqual([])
  expect(found('packages/contracts/src/http/orders.ts', `import { Type } from 'typebox'\nimport '../ids.ts'`)).toEqual(
    [],
  )
  expect(found('apps/server/src/compose.ts', `import { createOrders } from '#modules/orders'\nDate.now()`)).toEqual([])
})
