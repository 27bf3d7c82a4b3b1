import { describe, expect } from 'vitest'
import type { Promotion } from '@fairgate/contracts/http/codes'
import type { Order as OrderDocument } from '@fairgate/contracts/http/orders'
import type { TokenPayload } from '@fairgate/contracts/tokens'
import { fact } from '#platform/bus'
import { row, sql } from '#platform/db'
import { withoutRowLocks } from '../../../test/controls.ts'
import { openTestPlatform, test, type TestPlatform } from '../../../test/fixtures.ts'
import { event, openWorld } from '../../../test/orders-world.ts'
import { createOrders } from './index.ts'

const published = fact('catalog.sale-published.v1', {
  saleId: 'sal_1',
  event,
  method: 'queue',
  opensAt: '2026-01-01T00:00:00.000Z',
  closesAt: '2026-02-01T00:00:00.000Z',
  holdSeconds: 300,
  limitPerAccount: 4,
  lines: [],
  sections: [],
})

const won = (amount: number) => ({ amount, currency: 'KRW' as const })
type Answer = {
  status: number
  body: OrderDocument & { code: string; order: OrderDocument; errors: { pointer: string }[] }
}

async function openShop(platform: TestPlatform) {
  const world = await openWorld(platform)
  await world.publish(published)
  await world.settle()
  const organiser = await platform.authorization('acc_organiser', { roles: ['organiser'] })
  const call = async (method: 'GET' | 'POST', url: string, payload?: object, headers = organiser) => {
    const answer = await world.http.inject({ method, url, headers, ...(payload ? { payload } : {}) })
    const isJson = String(answer.headers['content-type']).includes('json')
    return { status: answer.statusCode, body: isJson ? answer.json() : answer.body }
  }
  const promote = async (members: object) =>
    (await call('POST', '/api/organiser/events/evt_1/promotions', { name: 'Spring', ...members })).body as Promotion
  /** Orders two seats of 55,000 with a code. */
  const buy = async (
    name: string,
    promoCode?: string,
    members: Partial<TokenPayload<'hold'>> = {},
  ): Promise<Answer> => {
    const holdToken = world.hold(name, members)
    const answer = await world.post(
      '/api/orders',
      { holdToken, ...(promoCode ? { promoCode } : {}) },
      members.accountId,
    )
    return { status: answer.statusCode, body: answer.json() }
  }
  const list = async () => (await call('GET', '/api/organiser/events/evt_1/promotions')).body.items as Promotion[]
  const violations = async () => (await world.face.module.audit!()).checks.slice(-2).map((check) => check.violations)
  return { ...world, call, promote, buy, promotions: list, violations }
}

const codesOf = (answers: readonly Answer[]) => answers.map(({ status, body }) => (status < 300 ? 'done' : body.code))

describe('what a code gives', () => {
  test('percent or an amount off the price, never more than it; the fee is of what is left', async ({ platform }) => {
    const { promote, buy } = await openShop(platform)
    await promote({ code: 'ten', percent: 10 })
    await promote({ code: 'MUCH', amount: won(999_999) })
    await promote({ code: 'less-5000', amount: won(5000) })
    const fees = { perTicket: 1000, basisPoints: 500 }
    const ten = (await buy('a', ' Ten ', { event: { ...event, fees } })).body.order
    expect(ten).toMatchObject({ promoCode: 'TEN', discount: won(11_000), fee: won(6950), total: won(105_950) })
    const free = (await buy('b', 'much', { event: { ...event, fees } })).body.order
    expect(free).toMatchObject({ discount: won(110_000), total: won(0) })
    expect(free).not.toHaveProperty('fee')
    expect((await buy('c', 'less-5000')).body.order).toMatchObject({ discount: won(5000), total: won(105_000) })
    expect((await buy('d')).body.order).toMatchObject({ total: won(110_000) })
  })

  test('a refusal names what is wrong, and leaves no order and no use', async ({ platform }) => {
    const { promote, buy, call, promotions, list } = await openShop(platform)
    const { id } = await promote({ code: 'ENDED', percent: 5 })
    await call('POST', `/api/organiser/promotions/${id}/end`)
    await promote({ code: 'LATER', percent: 5, validFrom: '2026-01-02T00:00:00Z' })
    await promote({ code: 'TODAY', percent: 5, validUntil: '2026-01-01T00:30:00Z' })
    await promote({ code: 'BALCONY', percent: 5, sectionIds: ['sec_2'] })
    await promote({ code: 'ONCE', percent: 5, usesMax: 1 })
    await promote({ code: 'EACH', percent: 5, usesPerAccountMax: 1 })
    expect((await buy('a', 'once')).status).toBe(201)
    expect((await buy('b', 'each')).status).toBe(201)
    const answers = [
      await buy('c', 'NOBODY'),
      await buy('c', 'ENDED'),
      await buy('c', 'LATER'),
      await buy('c', 'BALCONY'),
      await buy('c', 'ONCE'),
      await buy('c', 'EACH'),
      await buy('d', 'EACH', { accountId: 'acc_other' }),
    ]
    platform.clock.advance(1_800_000)
    answers.push(await buy('e', 'TODAY', { exp: platform.clock.now() + 1000 }))
    expect(codesOf(answers)).toEqual([
      'orders.code-unknown',
      'orders.code-over',
      'orders.code-not-yet',
      'orders.code-not-for-these-seats',
      'orders.code-used-up',
      'orders.code-used-up',
      'done',
      'orders.code-over',
    ])
    expect((await list()).json().items).toHaveLength(2)
    const uses = (await promotions()).map(({ code, uses: count }) => [code, count])
    expect(Object.fromEntries(uses)).toMatchObject({ ONCE: 1, EACH: 2, LATER: 0, BALCONY: 0 })
  })

  test('the same hold sent again is the same order and one use, also when the code is used up by it', async ({
    platform,
  }) => {
    const { promote, buy, promotions } = await openShop(platform)
    await promote({ code: 'ONCE', percent: 5, usesMax: 1 })
    const answers = [...(await Promise.all([buy('a', 'once'), buy('a', 'once')])), await buy('a', 'once')]
    expect(codesOf(answers)).toEqual(['done', 'done', 'done'])
    expect(new Set(answers.map(({ body }) => body.order.id)).size).toBe(1)
    expect((await promotions())[0]!.uses).toBe(1)
  })

  test('who guesses codes waits', async ({ platform }) => {
    const { buy, call } = await openShop(platform)
    for (let i = 0; i < 20; i++) await buy('a', `GUESS${i}`)
    expect(codesOf([await buy('a', 'GUESS')])).toEqual(['http.too-many-requests'])
    const check = await call(
      'POST',
      '/api/codes/check',
      { eventId: 'evt_1', code: 'X' },
      await platform.authorization('acc_buyer'),
    )
    expect(check.status).toBe(429)
    expect(codesOf([await buy('b', 'GUESS', { accountId: 'acc_other' })])).toEqual(['orders.code-unknown'])
  })
})

describe('limits', () => {
  for (const guarded of [true, false]) {
    test(`${guarded ? '' : 'control, guard off: '}a code is used as often as it may be, however many ask at once through two processes`, async ({
      platform,
    }) => {
      const { promote, hold } = await openShop(platform)
      await promote({ code: 'FIVE', percent: 5, usesMax: 5 })
      if (!guarded) await sql`alter table orders.code_uses drop constraint code_uses_limit`.execute(platform.db)
      const unlocked = (one: TestPlatform): TestPlatform => (guarded ? one : { ...one, db: withoutRowLocks(one.db) })
      const other = await openTestPlatform(platform.databaseUrl, { seed: 2, origin: 'other' })
      const apps = [platform, other].map((one) => one.http([createOrders(unlocked(one)).module]).fastify)
      // Both processes have counted before either writes.
      const gates = guarded ? [] : [platform, other].map(({ racepoints }) => racepoints.hold('orders.codes-counted'))
      const answering = Promise.all(
        Array.from({ length: 40 }, async (_, i) => {
          const accountId = `acc_${i}`
          const headers = await platform.authorization(accountId)
          const payload = { holdToken: hold(`h${i}`, { accountId }), promoCode: 'five' }
          return apps[i % 2]!.inject({ method: 'POST', url: '/api/orders', headers, payload })
        }),
      )
      await Promise.all(gates.map(({ reached }) => reached))
      for (const gate of gates) gate.open()
      const answers = await answering
      await other.database.close()
      const made = answers.filter(({ statusCode }) => statusCode === 201).length
      expect(answers.filter(({ statusCode }) => ![201, 409].includes(statusCode))).toEqual([])
      expect(made === 5).toBe(guarded)
      const { uses } = await row(platform.db, sql<{ uses: number }>`select count(*) as uses from orders.code_uses`)
      expect(uses).toBe(made)
      const { checks } = await createOrders(platform).module.audit!()
      expect(checks.at(-2)!.violations).toBe(guarded ? 0 : 1)
    })
  }

  test('a use is free again when its order expires, is cancelled or refunded', async ({ platform }) => {
    const { promote, buy, cancel, settle, promotions, violations } = await openShop(platform)
    await promote({ code: 'ONCE', percent: 5, usesMax: 1, usesPerAccountMax: 1 })
    const first = (await buy('a', 'once')).body.order
    expect(codesOf([await buy('b', 'once')])).toEqual(['orders.code-used-up'])
    await cancel(first.id)
    expect(codesOf([await buy('b', 'once')])).toEqual(['done'])
    platform.clock.advance(300_000)
    await settle()
    expect((await promotions())[0]!.uses).toBe(0)
    expect(codesOf([await buy('c', 'once')])).toEqual(['done'])
    expect(await violations()).toEqual([0, 0])
  })

  for (const isLeft of [true, false]) {
    test(`late money ${isLeft ? 'uses the code of its order again' : 'goes back when somebody else has used up the code'}`, async ({
      platform,
    }) => {
      const { promote, buy, modelOf, publish, settle, play, taken, state, violations } = await openShop(platform)
      await promote({ code: 'ONCE', percent: 5, usesMax: 1 })
      const { order } = (await buy('a', 'once')).body
      await taken()
      const model = modelOf('a', order)
      const paid = model.pay('pay_1')
      platform.clock.advance(300_000)
      await settle()
      expect(await state(order.id)).toBe('expired')
      await play()
      if (!isLeft) await buy('b', 'once')
      await publish(
        paid,
        fact('payments.payment-captured.v1', {
          orderId: order.id,
          paymentId: 'pay_1',
          amount: order.total,
          capturedAt: '2026-01-01T00:05:00.000Z',
        }),
      )
      await play()
      expect(await state(order.id)).toBe(isLeft ? 'fulfilled' : 'refunded')
      expect(await violations()).toEqual([0, 0])
    })
  }
})

describe('promotions', () => {
  test('an organiser makes many codes at once and gets them as a table', async ({ platform }) => {
    const { promote, call, buy } = await openShop(platform)
    const { id, codes, code, usesMax } = await promote({ percent: 20, generate: { count: 500, prefix: 'vip' } })
    expect({ codes, code, usesMax }).toEqual({ codes: 500, code: null, usesMax: 1 })
    const table = async () =>
      String((await call('GET', `/api/organiser/promotions/${id}/codes.csv`)).body).split('\r\n')
    const first = (await table())[1]!.split(',')[0]!
    expect(first).toMatch(/^VIP-[A-Z2-9]{10}$/)
    expect(codesOf([await buy('a', first), await buy('b', first)])).toEqual(['done', 'orders.code-used-up'])
    expect((await table()).slice(0, 2)).toEqual(['code,uses,usesMax', `${first},1,1`])
  })

  test('all that is wrong with one is said at once; a code exists once an event', async ({ platform }) => {
    const { promote, call } = await openShop(platform)
    const wrong = await call('POST', '/api/organiser/events/evt_1/promotions', {
      name: ' ',
      percent: 5,
      amount: { amount: 0, currency: 'USD' },
      validUntil: '2025-01-01T00:00:00Z',
      allotmentCodes: ['nonsense'],
    })
    expect(wrong.body.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual([
      '#/name',
      '#/code',
      '#/amount',
      '#/amount/currency',
      '#/amount/amount',
      '#/validUntil',
      '#/allotmentCodes/0',
    ])
    await promote({ code: 'SAME', percent: 5 })
    expect(await promote({ code: 'same', percent: 6 })).toMatchObject({ code: 'orders.invalid-promotion' })
  })

  test("somebody else's promotions are as unknown as none", async ({ platform }) => {
    const { promote, call } = await openShop(platform)
    const { id } = await promote({ code: 'MINE', percent: 5 })
    const other = await platform.authorization('acc_other', { roles: ['organiser'] })
    expect((await call('GET', '/api/organiser/events/evt_1/promotions', undefined, other)).status).toBe(404)
    expect((await call('POST', `/api/organiser/promotions/${id}/end`, undefined, other)).status).toBe(404)
    expect((await call('GET', `/api/organiser/promotions/${id}/codes.csv`, undefined, other)).status).toBe(404)
  })

  test('seats of an allotment that a code opens are ordered with the code, and others not', async ({ platform }) => {
    const { promote, buy, call } = await openShop(platform)
    const exp = platform.clock.now() + 3_600_000
    const allotment = { allotmentId: 'alt_fans', saleId: 'sal_1', sectionId: 'sec_1', exp }
    const allotmentCode = platform.tokens.sign('allotment', allotment)
    await promote({ code: 'FANCLUB', allotmentCodes: [allotmentCode], usesMax: 2 })
    await promote({ code: 'TEN', percent: 10 })
    const buyer = await platform.authorization('acc_buyer')
    expect((await call('POST', '/api/codes/check', { eventId: 'evt_1', code: 'fanclub' }, buyer)).body).toEqual({
      code: 'FANCLUB',
      allotments: [{ sectionId: 'sec_1', allotmentCode, until: new Date(exp).toISOString() }],
    })
    const held = { lineId: 'alt_fans' }
    expect(
      codesOf([
        await buy('a', undefined, held),
        await buy('a', 'ten', held),
        await buy('a', 'fanclub', held),
        await buy('b', 'fanclub'),
        await buy('c', undefined, { lineId: 'alt_other' }),
      ]),
    ).toEqual(['orders.code-needed', 'orders.code-needed', 'done', 'orders.code-not-for-these-seats', 'done'])
  })
})

test('an order without a code takes no statement more than before', async ({ platform }) => {
  const { buy } = await openShop(platform)
  platform.statements.length = 0
  await buy('a')
  expect(platform.statements.filter((text) => /orders\.(codes|code_uses|promotions)/.test(text))).toEqual([])
  await buy('b', 'NOBODY')
  expect(platform.statements.some((text) => text.includes('orders.codes'))).toBe(true)
})
