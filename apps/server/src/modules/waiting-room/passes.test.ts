import { expect } from 'vitest'
import { row, rows, sql } from '#platform/db'
import { untilWaiting, withoutGuard } from '../../../test/controls.ts'
import { openTestPlatform, test, type TestPlatform } from '../../../test/fixtures.ts'
import { createWaitingRoom } from './index.ts'
import { closesAt, config, openWorld, opensAt, orderFulfilled, stockChanged, type LineSpec } from './test-world.ts'

const atNine = Date.parse('2026-01-01T09:00:00Z')
const atTen = Date.parse(opensAt)

/** A sale in which these people joined before it opened, and the receipt of each. */
async function openedWith(platform: TestPlatform, names: readonly string[], line: Partial<LineSpec> = {}) {
  const world = await openWorld(platform, [{ id: 'lin_a', ...line }, { id: 'lin_b' }])
  platform.clock.set(atNine)
  const given = await world.joinInTurn(names)
  const receipts = Object.fromEntries(names.map((name, i) => [name, given[i]!]))
  world.openSale()
  return { ...world, receipts, claim: (name: string, lineId = 'lin_a') => world.claim(name, receipts[name]!, lineId) }
}

test('a called place becomes a pass for the hold time of the sale; claiming again returns the very same pass', async ({
  platform,
}) => {
  const world = await openedWith(platform, ['acc_1'])
  await world.tick()
  const first = await world.claim('acc_1')
  expect(first.status).toBe(201)
  expect(first.body).toMatchObject({ expiresAt: new Date(atTen + 300_000).toISOString(), sectionIds: ['sec_a'] })
  expect(platform.tokens.verify('pass', first.body.passToken)).toMatchObject({
    kind: 'valid',
    payload: { lineId: 'lin_a', saleId: 'sal_1', accountId: 'acc_1', sectionIds: ['sec_a'], exp: atTen + 300_000 },
  })
  platform.clock.advance(200_000)
  expect(await world.claim('acc_1')).toMatchObject({ status: 200, body: first.body })
  expect(await world.document()).toMatchObject({ shoppers: 1, frontier: 1 })
  // Standing inside, one still has one's place.
  expect(await world.join('acc_1')).toMatchObject({ status: 200, body: { place: { number: 1 } } })
})

test('who asks too early is told where the line is and when to come back, without a statement', async ({
  platform,
}) => {
  const world = await openedWith(platform, ['acc_1', 'acc_2', 'acc_3'], { shoppersMax: 1 })
  platform.clock.set(atTen - 1)
  expect(await world.claim('acc_1')).toMatchObject({
    status: 425,
    body: { code: 'waiting-room.not-yet', position: 1, frontier: 0, retryAfterMs: 10_000 },
  })
  platform.clock.set(atTen)
  await world.tick()
  await world.document()
  const before = platform.statements.length
  const early = await world.claim('acc_3')
  expect(early).toMatchObject({
    status: 425,
    body: { code: 'waiting-room.not-yet', position: 3, frontier: 1, retryAfterMs: 1000 },
  })
  expect(early.headers['retry-after']).toBe('1')
  expect(platform.statements.length).toBe(before)
})

test('a receipt works only for its owner and its line', async ({ platform }) => {
  const world = await openedWith(platform, ['acc_1', 'acc_2'])
  await world.tick()
  const invalid = { status: 403, body: { code: 'waiting-room.place-invalid' } }
  expect(
    await world.call('POST', '/api/lines/lin_a/passes', 'acc_2', { placeToken: world.receipts['acc_1'] }),
  ).toMatchObject(invalid)
  expect(await world.claim('acc_1', 'lin_b')).toMatchObject(invalid)
  expect(
    await world.call('POST', '/api/lines/lin_a/passes', 'acc_1', { placeToken: `${world.receipts['acc_1']}x` }),
  ).toMatchObject(invalid)
  expect(await world.call('POST', '/api/lines/lin_a/passes', 'acc_1', { placeToken: 'nonsense' })).toMatchObject(
    invalid,
  )
  expect(await world.claim('acc_1', 'lin_none')).toMatchObject({
    status: 404,
    body: { code: 'waiting-room.line-not-found' },
  })
  // Signed by us, but of a place that the database never had.
  const placeToken = platform.tokens.sign('place', {
    placeId: 'plc_x',
    lineId: 'lin_a',
    saleId: 'sal_1',
    accountId: 'acc_1',
    number: 1,
    iat: 1,
  })
  expect(await world.call('POST', '/api/lines/lin_a/passes', 'acc_1', { placeToken })).toMatchObject(invalid)
})

test('a call that is not taken in time lapses, and its owner may join again at the end', async ({ platform }) => {
  const world = await openedWith(platform, ['acc_1', 'acc_2'])
  await world.tick()
  platform.clock.advance(59_999)
  expect((await world.claim('acc_2')).status).toBe(201)
  platform.clock.advance(1)
  const lapsed = { status: 409, body: { code: 'waiting-room.lapsed' } }
  expect(await world.claim('acc_1')).toMatchObject(lapsed)
  await world.tick()
  expect(await world.claim('acc_1')).toMatchObject(lapsed)
  const again = await world.join('acc_1')
  expect(again).toMatchObject({ status: 201, body: { place: { number: 3 } } })
  expect(await world.claim('acc_1')).toMatchObject(lapsed)
  await world.tick()
  expect(await world.claim('acc_1', 'lin_a')).toMatchObject(lapsed)
  expect(
    await world.call('POST', '/api/lines/lin_a/passes', 'acc_1', { placeToken: again.body.placeToken }),
  ).toMatchObject({ status: 201 })
  expect(await world.violations()).toEqual([])
})

test('whoever missed the call may also join another line of the sale', async ({ platform }) => {
  const world = await openedWith(platform, ['acc_1'])
  await world.tick()
  platform.clock.advance(60_000)
  expect(await world.join('acc_1', 'lin_b')).toMatchObject({ status: 201, body: { place: { lineId: 'lin_b' } } })
  expect(await world.violations()).toEqual([])
})

for (const way of ['expired', 'left', 'used by an order'] as const) {
  test(`a pass that is ${way} is over for good; its owner may join again at the end`, async ({ platform }) => {
    const world = await openedWith(platform, ['acc_1', 'acc_2'])
    await world.tick()
    await world.claim('acc_1')
    if (way === 'expired') platform.clock.advance(300_000)
    if (way === 'left') await world.leave('acc_1')
    if (way === 'used by an order')
      await world.tell(orderFulfilled({ id: 'ord_1', lineId: 'lin_a', accountId: 'acc_1', at: atTen }))
    expect(await world.claim('acc_1')).toMatchObject({ status: 409, body: { code: 'waiting-room.pass-used' } })
    const passId: unknown = expect.stringMatching(/^pas_/)
    // The pass in the owner's hands says itself when it expires; of the other ends the inventory is told.
    expect((await platform.taken('inventory')).map(({ data }) => data)).toEqual(
      way === 'expired'
        ? []
        : [
            {
              passId,
              saleId: 'sal_1',
              lineId: 'lin_a',
              accountId: 'acc_1',
              expiresAt: new Date(atTen + 300_000).toISOString(),
            },
          ],
    )
    expect((await world.document()).shoppers).toBe(0)
    const again = await world.join('acc_1')
    expect(again).toMatchObject({ status: 201, body: { place: { number: 3 } } })
    await world.tick()
    expect(
      await world.call('POST', '/api/lines/lin_a/passes', 'acc_1', { placeToken: again.body.placeToken }),
    ).toMatchObject({ status: 201 })
    expect(await world.violations()).toEqual([])
  })
}

test('a repeated or late fulfilment does not end the pass of the next visit', async ({ platform }) => {
  const world = await openedWith(platform, ['acc_1'])
  await world.tick()
  await world.claim('acc_1')
  const bought = orderFulfilled({ id: 'ord_1', lineId: 'lin_a', accountId: 'acc_1', at: atTen })
  await world.tell(bought)
  platform.clock.advance(1000)
  const { placeToken } = (await world.join('acc_1')).body
  await world.tick()
  const claimAgain = () => world.call('POST', '/api/lines/lin_a/passes', 'acc_1', { placeToken })
  expect((await claimAgain()).status).toBe(201)
  await world.tell(bought, orderFulfilled({ id: 'ord_2', lineId: 'lin_a', accountId: 'acc_1', at: atTen + 500 }))
  expect((await claimAgain()).status).toBe(200)
})

test('while paused, called people may go in and nobody else is called', async ({ platform }) => {
  const world = await openedWith(platform, ['acc_1', 'acc_2'], { shoppersMax: 1 })
  await world.tick()
  expect(
    await world.call('POST', '/api/lines/lin_a/pause', 'acc_organiser', undefined, { roles: ['organiser'] }),
  ).toMatchObject({ status: 200, body: { phase: 'paused' } })
  expect((await world.claim('acc_1')).status).toBe(201)
  await world.leave('acc_1')
  await world.tick()
  expect(await world.claim('acc_2')).toMatchObject({
    status: 425,
    body: { code: 'waiting-room.paused', position: 2, frontier: 1 },
  })
  expect(
    await world.call('POST', '/api/lines/lin_a/resume', 'acc_organiser', undefined, { roles: ['organiser'] }),
  ).toMatchObject({ status: 200, body: { phase: 'open' } })
  await world.tick()
  expect((await world.claim('acc_2')).status).toBe(201)
})

test('sold out and closed end the wait of everybody who is not inside', async ({ platform }) => {
  const world = await openedWith(platform, ['acc_1', 'acc_2', 'acc_3'], { shoppersMax: 2, capacity: 2 })
  await world.tick()
  const pass = await world.claim('acc_1')
  await world.tell(stockChanged(atTen, { lin_a: { sold: 2 } }))
  for (const name of ['acc_2', 'acc_3'])
    expect(await world.claim(name)).toMatchObject({ status: 409, body: { code: 'waiting-room.sold-out' } })
  expect(await world.claim('acc_1')).toMatchObject({ status: 200, body: pass.body })
  await world.tell(stockChanged(atTen + 1, { lin_a: { free: 1, sold: 1 } }))
  expect((await world.claim('acc_2')).status).toBe(201)
  platform.clock.set(Date.parse(closesAt))
  for (const name of ['acc_3'])
    expect(await world.claim(name)).toMatchObject({ status: 409, body: { code: 'waiting-room.closed' } })
})

for (const guard of ['on', 'off'] as const) {
  const claim = guard === 'on' ? 'give one pass' : 'without the place’s lock and the key would give two (control)'
  test(`two processes that decide the same claim at the same moment ${claim}`, async ({ platform }) => {
    const world = await openedWith(platform, ['acc_1'])
    await world.tick()
    const other = await openTestPlatform(platform.databaseUrl, { seed: 2, origin: 'other' })
    other.clock.set(atTen)
    if (guard === 'off') await sql`alter table waiting_room.passes drop constraint passes_pkey`.execute(platform.db)
    const [one, two] = [platform, other].map((process) =>
      createWaitingRoom(
        {
          ...process,
          db: guard === 'on' ? process.db : withoutGuard(process.db, 'for no key update of p'),
          racepoints: platform.racepoints,
        },
        config,
      ),
    )
    const gate = platform.racepoints.hold('waiting-room.before-pass', guard === 'on' ? 1 : 2)
    const request = { lineId: 'lin_a', placeToken: world.receipts['acc_1']!, accountId: 'acc_1' }
    const both = [one!.claim(request), two!.claim(request)]
    await gate.reached
    if (guard === 'on') await untilWaiting(platform.db)
    gate.open()
    const claimed = await Promise.all(both)
    expect(new Set(claimed.map(({ passToken }) => passToken)).size).toBe(guard === 'on' ? 1 : 2)
    expect((await rows(platform.db, sql`select 1 from waiting_room.passes`)).length).toBe(guard === 'on' ? 1 : 2)
    await other.database.close()
  })
}

for (const guard of ['on', 'off'] as const) {
  const claim =
    guard === 'on'
      ? 'is inside or lapsed, never both'
      : 'would without the call’s lock be counted as lapsed and be inside (control)'
  test(`who claims in the last moment ${claim}`, async ({ platform }) => {
    const world = await openedWith(platform, ['acc_1', 'acc_2'], { shoppersMax: 1 })
    await world.tick()
    platform.clock.advance(59_999)
    const other = await openTestPlatform(platform.databaseUrl, { seed: 2, origin: 'other' })
    other.clock.set(platform.clock.now() + 1)
    const claiming = createWaitingRoom(
      { ...platform, db: guard === 'on' ? platform.db : withoutGuard(platform.db, 'for share of c') },
      config,
    )
    const ticking = createWaitingRoom(other, config).module.loops![0]!
    const gate = platform.racepoints.hold('waiting-room.before-pass')
    const claimed = claiming.claim({ lineId: 'lin_a', placeToken: world.receipts['acc_1']!, accountId: 'acc_1' })
    await gate.reached
    // A call that is just being claimed is passed over by the tick, and counts as taken.
    await ticking.run()
    gate.open()
    await claimed
    const { frontier } = await row(
      platform.db,
      sql<{ frontier: number }>`select frontier from waiting_room.frontiers where line_id = 'lin_a'`,
    )
    // One may be inside: the second person is called too early if the first is inside nevertheless.
    expect(frontier).toBe(guard === 'on' ? 1 : 2)
    await other.database.close()
  })
}

test('who joins again while the pass is just being given keeps the place', async ({ platform }) => {
  const world = await openedWith(platform, ['acc_1'])
  await world.tick()
  const other = await openTestPlatform(platform.databaseUrl, { seed: 2, origin: 'other' })
  other.clock.set(atTen)
  const gate = platform.racepoints.hold('waiting-room.before-pass')
  const claimed = world.claim('acc_1')
  await gate.reached
  const joined = createWaitingRoom(other, config).join({ lineId: 'lin_a', accountId: 'acc_1' })
  await untilWaiting(platform.db)
  gate.open()
  expect((await claimed).status).toBe(201)
  expect(await joined).toMatchObject({ isNew: false, place: { number: 1 } })
  await other.database.close()
})
