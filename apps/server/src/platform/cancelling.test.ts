import { expect } from 'vitest'
import { test } from '../../test/fixtures.ts'
import { createCancelling } from './cancelling.ts'
import { sql, transaction, type Tx } from './db.ts'

test('what is cancelled is cancelled at once and whenever it becomes known; what was heard first stays', async ({
  platform: { db },
}) => {
  await sql`create table public.cancelled_things (id text primary key, at timestamptz not null, note text not null)`.execute(
    db,
  )
  const calls: string[][] = []
  const cancelling = createCancelling('public.cancelled_things', async (_tx, list) => {
    calls.push(list.map(({ id, at, note }) => `${id} ${at.toISOString()} ${note}`))
  })
  const within = (work: (tx: Tx) => Promise<void>) => transaction(db, work)
  const at = new Date('2026-01-01T10:00:00.000Z')
  const first = ['a', 'b'].map((id) => ({ id, at, note: 'ill' }))
  await within((tx) => cancelling.heard(tx, first))
  await within((tx) => cancelling.heard(tx, [{ id: 'a', at: new Date(0), note: 'again' }]))
  await within((tx) => cancelling.known(tx, ['a', 'c']))
  await within((tx) => cancelling.known(tx, ['c']))
  expect(calls).toEqual([
    ['a 2026-01-01T10:00:00.000Z ill', 'b 2026-01-01T10:00:00.000Z ill'],
    ['a 1970-01-01T00:00:00.000Z again'],
    ['a 2026-01-01T10:00:00.000Z ill'],
  ])
})
