import { writeFileSync } from 'node:fs'
import type { EventType } from '@fairgate/contracts/events'
import { expect } from 'vitest'
import { table } from '../../src/modules/orders/order.ts'
import { heard } from '../../src/modules/orders/saga.ts'
import { test } from '../fixtures.ts'
import { findRows, nameOf, strike, strikeRow, type Ending, type Line, type Row } from './matrix.ts'
import { scenarios } from './scenarios.ts'
import { faults } from './strike.ts'
import { openWorld } from './world.ts'

/** Where the command wants the whole matrix; without it a part is struck. */
const out = process.env['FAULTS_OUT']
const whole = test.runIf(out !== undefined)

/** What the saga asks of others and tells them, as `saga.ts` makes it of the table's commands. */
const asked = [
  'orders.secure-requested.v1',
  'orders.capture-requested.v1',
  'orders.payment-declined.v1',
  'orders.sell-requested.v1',
  'orders.return-requested.v1',
  'orders.release-requested.v1',
  'orders.refund-requested.v1',
  'orders.order-fulfilled.v1',
  'orders.order-ended.v1',
]

const wrong = (ending: Ending) => (ending.kind === 'none' ? [] : ending.wrong)

const rowOf = (scenario: string, type: EventType, subscriber: string): Row => ({
  scenario: scenarios.find(({ name }) => name === scenario)!,
  target: { kind: 'message', type, subscriber },
})

test('every message and call of the saga has its line, and whatever fault strikes it, the purchase ends well', async ({
  platform,
}) => {
  const world = await openWorld(platform)
  const rows = await findRows(world)
  const names = rows.map(({ target }) => nameOf(target))
  for (const type of [...heard, ...asked]) expect(names.filter((name) => name.startsWith(type))).not.toEqual([])
  for (const call of ['confirm', 'query', 'cancel']) expect(names).toContain(`${call} (provider)`)

  // Every line that is not like another one, each with the next fault; all with all: `npm run faults`.
  const part = [...new Map(rows.map((row) => [nameOf(row.target), row])).values()]
  for (const [i, row] of part.entries()) {
    const fault = faults[i % faults.length]!
    expect([nameOf(row.target), fault, wrong(await strike(world, row, fault))]).toEqual([nameOf(row.target), fault, []])
  }
})

test('control: where a message is forgotten before its effect is committed, an order is under way for ever', async ({
  platform,
}) => {
  const row = rowOf('purchase', 'inventory.hold-secured.v1', 'orders')
  const ending = await strike(await openWorld(platform), row, 'crash before', { acknowledgesFirst: true })
  expect(wrong(ending)).toContain('the order is paying for ever')
})

test('control: where late money is not heeded, it is kept without tickets', async ({ platform }) => {
  const { 'other-captured': rule } = table.expired
  table.expired['other-captured'] = 'ignore'
  try {
    const row = rowOf('late, refund', 'payments.payment-captured.v1', 'orders')
    expect(wrong(await strike(await openWorld(platform), row, 'crash after'))).toContain('paidWithoutTicket')
  } finally {
    table.expired['other-captured'] = rule
  }
})

whole('the whole matrix', { timeout: 600_000 }, async ({ platform }) => {
  const world = await openWorld(platform)
  const lines: Line[] = []
  for (const row of await findRows(world)) lines.push(await strikeRow(world, row))
  writeFileSync(out!, JSON.stringify(lines))
})
