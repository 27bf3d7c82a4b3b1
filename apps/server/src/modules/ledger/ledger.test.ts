import { describe, expect } from 'vitest'
import type { EventMoney, TrialBalance } from '@fairgate/contracts/http/ledger'
import { money } from '@fairgate/contracts/money'
import { fact, type Fact } from '#platform/bus'
import { row, sql, transaction } from '#platform/db'
import { test, type TestPlatform } from '../../../test/fixtures.ts'
import { createLedger } from './index.ts'

const event = {
  id: 'evt_1',
  organiserId: 'acc_organiser',
  kind: 'concert' as const,
  name: 'Concert',
  venue: 'Hall',
  startsAt: '2026-06-01T10:00:00.000Z',
  timeZone: 'Asia/Seoul',
  currency: 'USD' as const,
}
const usd = (amount: number) => money(amount, 'USD')

const published = fact('catalog.sale-published.v1', {
  saleId: 'sal_1',
  event,
  method: 'queue',
  opensAt: '2026-01-01T00:00:00.000Z',
  closesAt: '2026-02-01T00:00:00.000Z',
  holdSeconds: 300,
  limitPerAccount: 4,
  lines: [],
  sections: ['Floor', '=Balcony'].map((name, index) => ({
    id: `sec_${index + 1}`,
    name,
    admission: 'open' as const,
    capacity: 100,
    price: usd(5000),
    attributes: {},
  })),
})

/** A seat of 50.00 with a fee of 2.00, with a code that takes 10.00 off. */
function bought(id: string, { seats = 1, section = 1, at = '2026-01-02T10:00:00.000Z' } = {}): Fact[] {
  const total = usd(5000 * seats + 200 * seats - 1000)
  return [
    fact('payments.payment-captured.v1', {
      orderId: id,
      paymentId: `pay_${id}`,
      amount: total,
      capturedAt: at,
      provider: 'toss',
      eventId: event.id,
    }),
    fact('orders.order-fulfilled.v1', {
      ...order(id, section),
      seats: Array.from({ length: seats }, (_, index) => ({ number: index + 1, label: String(index + 1) })),
      unitPrice: usd(5000),
      fee: usd(200 * seats),
      discount: usd(1000),
      total,
      fulfilledAt: at,
    }),
  ]
}

const order = (id: string, section: number) => ({
  orderId: id,
  holdId: `hld_${id}`,
  accountId: 'acc_buyer',
  saleId: 'sal_1',
  lineId: 'lin_1',
  event,
  section: { id: `sec_${section}`, name: `Section ${section}` },
})

/** One seat of an order of two goes back; a tenth of what it cost is kept. */
const returned = (id: string): Fact[] => [
  fact('orders.seats-returned.v1', {
    ...order(id, 1),
    returnId: `ret_${id}`,
    seats: [{ number: 2, label: '2' }],
    seatsLeft: 1,
    refunded: usd(4230),
    kept: usd(470),
    fee: usd(200),
    discount: usd(500),
    reason: 'buyer',
    at: '2026-01-03T10:00:00.000Z',
  }),
  fact('payments.payment-refunded.v1', {
    orderId: id,
    paymentId: `pay_${id}`,
    amount: usd(4230),
    refundId: `ref_${id}`,
    provider: 'toss',
    eventId: event.id,
  }),
]

async function open(platform: TestPlatform) {
  const { module } = createLedger(platform)
  await platform.register([module])
  const http = platform.http([module]).fastify
  const publish = (...facts: readonly Fact[]) => transaction(platform.db, (tx) => platform.outbox.publish(tx, facts))
  const post = async (...facts: readonly Fact[]) => {
    await publish(...facts)
    await platform.settle([module])
  }
  const get = async (url: string, accountId = event.organiserId, roles = ['organiser']) =>
    http.inject({ method: 'GET', url, headers: await platform.authorization(accountId, { roles }) })
  return { module, publish, post, get }
}

const ended = (id: string, reason: string) =>
  fact('orders.order-ended.v1', {
    orderId: id,
    accountId: 'acc_buyer',
    saleId: 'sal_1',
    lineId: 'lin_1',
    event,
    total: usd(9400),
    state: 'refunded',
    reason,
  })

const moneyUrl = '/api/organiser/events/evt_1/money'

describe('posting', () => {
  test('a fact is posted once, however often it is told; a batch is one statement', async ({ platform }) => {
    const { module, post, publish } = await open(platform)
    await post(published)
    const facts = Array.from({ length: 50 }, (_, index) => bought(`ord_${index}`)).flat()
    await publish(...facts)
    platform.statements.length = 0
    await platform.settle([module])
    expect(platform.statements.filter((text) => text.includes('insert into ledger.entries'))).toHaveLength(1)
    await post(...facts.toReversed())
    expect((await module.audit!()).figures).toEqual({ entries: 100, sum: 0 })
  })

  test('an entry that does not sum to zero is refused, and none is ever changed or removed', async ({ platform }) => {
    const { post } = await open(platform)
    await post(published, ...bought('ord_1'))
    for (const [statement, refusal] of [
      [`update ledger.entries set fees = fees - 1, organiser = organiser + 1`, 'only grows'],
      [`delete from ledger.entries`, 'only grows'],
      [
        `insert into ledger.entries select 'ord_2', kind, ref, event_id, section_id, at, currency, provider_name, seats,
           provider, buyer, organiser, fees - 1, kept, discounts from ledger.entries`,
        'entries_sum',
      ],
    ] as const) {
      await expect(sql.raw(statement).execute(platform.db), statement).rejects.toThrow(refusal)
    }
    expect(await row(platform.db, sql`select count(*) as entries from ledger.entries`)).toEqual({ entries: 2 })
  })
})

test('when all money of an order has gone back, all that was booked for it is taken back, in whatever order it is told', async ({
  platform,
}) => {
  const { module, post } = await open(platform)
  const [captured, fulfilled] = bought('ord_1', { seats: 2 }) as [Fact, Fact]
  await post(published, captured, ended('ord_1', 'money-returned'), ended('ord_1', 'money-returned'))
  await post(fulfilled)
  await post(returned('ord_1')[0]!)
  const part = await module.audit!()
  expect(part.figures).toEqual({ entries: 5, sum: 0 })
  expect(part.byOrder).toEqual({ received: { ord_1: 9400 }, booked: {}, kept: {}, seats: {} })
  // Of an order whose seats went back one by one what was kept stays.
  await post(...bought('ord_2', { seats: 2 }), ...returned('ord_2'), ended('ord_2', 'seats-returned'))
  expect((await module.audit!()).byOrder).toMatchObject({ kept: { ord_2: 470 } })
})

describe('reports', () => {
  test('an organiser sees what was sold, given off, taken, returned and kept, and what is owed', async ({
    platform,
  }) => {
    const { post, get } = await open(platform)
    const late = { section: 2, at: '2026-01-02T16:00:00.000Z' }
    await post(published, ...bought('ord_1', { seats: 2 }), ...bought('ord_2', late), ...returned('ord_1'))
    const body = (await get(moneyUrl)).json<EventMoney>()
    const figures = {
      seatsSold: 3,
      seatsReturned: 1,
      sold: 15_000,
      discounts: 2000,
      fees: 600,
      refunded: 4230,
      kept: 470,
      feesReturned: 200,
      owed: 15_000 - 2000 - 4230 + 200,
      received: 13_600,
      paidBack: 4230,
    }
    expect(body).toMatchObject({ currency: 'USD', totals: figures })
    expect(body.sections.map(({ name, seatsSold, owed }) => ({ name, seatsSold, owed }))).toEqual([
      { name: '=Balcony', seatsSold: 1, owed: 4000 },
      { name: 'Floor', seatsSold: 2, owed: 4970 },
    ])
    // Seoul is nine hours ahead: the second order came on the next day, and the refund is booked when it is told.
    expect(body.days.map(({ day, seatsSold, owed }) => ({ day, seatsSold, owed }))).toMatchObject([
      { day: '2026-01-01', seatsSold: 0 },
      { day: '2026-01-02', seatsSold: 2, owed: 9000 },
      { day: '2026-01-03', seatsSold: 1, owed: -30 },
    ])
    expect(body.providers).toEqual([{ provider: 'toss', received: 13_600, paidBack: 4230 }])
    const { totals } = body
    expect(totals.owed + totals.fees - totals.feesReturned).toBe(totals.received - totals.paidBack)
  })

  test('as a table amounts have their decimals, and a name is no formula', async ({ platform }) => {
    const { post, get } = await open(platform)
    await post(published, ...bought('ord_1', { section: 2 }))
    const answer = await get(`${moneyUrl}.csv`)
    expect(answer.headers['content-type']).toBe('text/csv; charset=utf-8')
    expect(answer.body.split('\r\n')[1]).toBe(
      `"2026-01-02","'=Balcony","1","0","50.00","10.00","2.00","0.00","0.00","0.00","40.00","USD"`,
    )
  })

  test("somebody else's event is as unknown as none, and the trial balance is the admin's", async ({ platform }) => {
    const { post, get } = await open(platform)
    await post(published, ...bought('ord_1'))
    expect((await get(moneyUrl, 'acc_other')).statusCode).toBe(404)
    expect((await get('/api/organiser/events/evt_2/money')).statusCode).toBe(404)
    expect((await get(moneyUrl, 'acc_admin', ['admin'])).statusCode).toBe(200)
    expect((await get('/api/operations/ledger')).statusCode).toBe(403)
    const body = (await get('/api/operations/ledger', 'acc_admin', ['admin'])).json<TrialBalance>()
    expect(body).toEqual({
      entries: 2,
      currencies: [
        {
          currency: 'USD',
          accounts: [
            { account: 'provider', provider: 'toss', debit: 4200, credit: 0, balance: 4200 },
            { account: 'buyer', debit: 4200, credit: 4200, balance: 0 },
            { account: 'organiser', debit: 0, credit: 5000, balance: -5000 },
            { account: 'fees', debit: 0, credit: 200, balance: -200 },
            { account: 'kept', debit: 0, credit: 0, balance: 0 },
            { account: 'discounts', debit: 1000, credit: 0, balance: 1000 },
          ],
          sum: 0,
        },
      ],
    })
  })
})

describe('the audit', () => {
  test('it gives what other modules are compared with', async ({ platform }) => {
    const { module, post } = await open(platform)
    await post(published, ...bought('ord_1', { seats: 2 }), ...returned('ord_1'), ...bought('ord_2'))
    const part = await module.audit!('evt_1')
    expect(part.checks.every(({ violations }) => violations === 0)).toBe(true)
    const kept = { ord_1: 470 }
    const money = { ord_1: 9400 - 4230, ord_2: 4200 }
    expect(part.byOrder).toEqual({ received: money, booked: money, kept, seats: { ord_1: 1, ord_2: 1 } })
    expect((await module.audit!('evt_other')).figures).toEqual({ entries: 0, sum: 0 })
  })

  for (const [what, check, plant] of [
    [
      'an entry that does not sum to zero',
      0,
      `alter table ledger.entries drop constraint entries_sum; alter table ledger.entries disable trigger entries_only_grow;
       update ledger.entries set fees = fees - 1 where kind = 'fulfilled'`,
    ],
    [
      'seats that came back and were never sold',
      1,
      `alter table ledger.entries disable trigger entries_only_grow;
       update ledger.entries set seats = -1 where kind = 'fulfilled'`,
    ],
  ] as const) {
    test(`it finds ${what}`, async ({ platform }) => {
      const { module, post } = await open(platform)
      await post(published, ...bought('ord_1'))
      await sql.raw(plant).execute(platform.db)
      const { checks } = await module.audit!()
      expect(checks.map(({ violations }) => violations)).toEqual([0, 1].map((index) => (index === check ? 1 : 0)))
    })
  }
})
