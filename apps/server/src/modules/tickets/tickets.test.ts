import { expect } from 'vitest'
import { eventOfCode } from '@fairgate/contracts/ticket-code'
import { checkIn, getTicket, listTickets, type Ticket } from '@fairgate/contracts/http/tickets'
import type { EventData } from '@fairgate/contracts/events'
import { urlOf } from '@fairgate/contracts/client'
import { fact } from '#platform/bus'
import { rows, sql, transaction } from '#platform/db'
import { createRacepoints } from '#platform/racepoint'
import { createSecrets } from '#platform/secrets'
import { test, type TestPlatform } from '../../../test/fixtures.ts'
import { createTickets } from './index.ts'
import { createTicketSigner } from './ticket-code.ts'

const secrets = createSecrets(['test-secret'])

const event = {
  id: 'evt_1',
  organiserId: 'acc_o',
  kind: 'concert' as const,
  name: 'Concert',
  venue: 'Hall',
  startsAt: '2026-06-01T10:00:00Z',
  timeZone: 'Asia/Seoul',
  currency: 'KRW' as const,
}

function fulfilled(orderId: string, numbers: number[], accountId = 'acc_b'): EventData<'orders.order-fulfilled.v1'> {
  return {
    orderId,
    holdId: `hld-${orderId}`,
    accountId,
    saleId: 'sal_1',
    lineId: 'lin_1',
    event,
    section: { id: 'sec_1', name: 'Floor' },
    seats: numbers.map((number) => ({ number, label: `A-${number}` })),
    unitPrice: { amount: 55_000, currency: 'KRW' },
    total: { amount: 55_000 * numbers.length, currency: 'KRW' },
    fulfilledAt: '2026-01-01T00:00:00Z',
  }
}

const ended = (orderId: string, state: 'expired' | 'cancelled' | 'refunded') =>
  fact('orders.order-ended.v1', {
    orderId,
    accountId: 'acc_b',
    saleId: 'sal_1',
    lineId: 'lin_1',
    event,
    total: { amount: 1, currency: 'KRW' },
    state,
    reason: '',
  })

async function open(platform: TestPlatform) {
  const face = createTickets({ ...platform, secrets })
  const modules = [face.module]
  await platform.register(modules, {
    spy: ['tickets.tickets-issued.v1'],
    answers: ['tickets.tickets-revoked.v1', 'tickets.revoke-refused.v1'],
  })
  const http = platform.http(modules).fastify
  const buyer = await platform.authorization('acc_b')
  const staff = await platform.authorization('acc_s', { roles: ['staff'] })
  const list = async (query = {}, headers = buyer) => {
    const answer = await http.inject({ method: 'GET', url: urlOf(listTickets, undefined, query), headers })
    expect(answer.statusCode).toBe(200)
    return answer.json<{ items: Ticket[]; nextCursor: string | null }>()
  }
  return {
    face,
    http,
    list,
    buyer,
    publish: (...facts: ReturnType<typeof fact>[]) =>
      transaction(platform.db, (tx) => platform.outbox.publish(tx, facts)),
    settle: () => platform.settle(modules),
    get: (id: string, headers = buyer) =>
      http.inject({ method: 'GET', url: urlOf(getTicket, { id }, undefined), headers }),
    scan: (code: string, headers = staff) =>
      http.inject({ method: 'POST', url: checkIn.path, headers, payload: { code } }),
  }
}

test('a fulfilled order gets one ticket for each seat, and they are announced', async ({ platform }) => {
  const { publish, settle, list } = await open(platform)
  await publish(fact('orders.order-fulfilled.v1', fulfilled('ord_1', [1, 2])))
  await settle()
  const { items } = await list()
  expect(
    items
      .map(({ orderId, seat, state, usedAt }) => ({ orderId, seat, state, usedAt }))
      .toSorted((a, b) => a.seat.label.localeCompare(b.seat.label)),
  ).toEqual([
    { orderId: 'ord_1', seat: { id: 'sea_1-1', label: 'A-1' }, state: 'valid', usedAt: null },
    { orderId: 'ord_1', seat: { id: 'sea_1-2', label: 'A-2' }, state: 'valid', usedAt: null },
  ])
  const [announced, ...more] = await platform.taken('spy')
  expect(more).toEqual([])
  expect(announced).toMatchObject({
    key: 'ord_1',
    data: { accountId: 'acc_b', total: { amount: 110_000 }, tickets: [{ label: 'A-1' }, { label: 'A-2' }] },
  })
})

const revoke = (orderId: string, returnId: string, seats: number[], evenUsed = false) =>
  fact('orders.revoke-requested.v1', { orderId, returnId, seats, evenUsed })

test('the tickets of returned seats are taken back, all or none: not when somebody was let in, unless they may be', async ({
  platform,
}) => {
  const { publish, settle, list, scan } = await open(platform)
  await publish(fact('orders.order-fulfilled.v1', fulfilled('ord_1', [1, 2, 3])))
  await settle()
  await platform.taken('spy')
  const states = async () =>
    Object.fromEntries((await list()).items.map(({ seat, state }) => [seat.label, state] as const))
  const codeOf = async (label: string) => (await list()).items.find(({ seat }) => seat.label === label)!.code
  const used = await codeOf('A-3')
  expect((await scan(used)).statusCode).toBe(201)
  await publish(revoke('ord_1', 'ret_1', [1]), revoke('ord_1', 'ret_2', [2, 3]), revoke('ord_1', 'ret_1', [1]))
  await settle()
  expect(await platform.taken('answers')).toMatchObject([
    { type: 'tickets.tickets-revoked.v1', data: { returnId: 'ret_1' } },
    { type: 'tickets.revoke-refused.v1', data: { returnId: 'ret_2', usedSeats: [3] } },
    { type: 'tickets.tickets-revoked.v1', data: { returnId: 'ret_1' } },
  ])
  expect(await states()).toEqual({ 'A-1': 'revoked', 'A-2': 'valid', 'A-3': 'used' })
  expect((await scan(await codeOf('A-1'))).json().code).toBe('tickets.revoked')
  await publish(revoke('ord_1', 'ret_3', [2, 3], true))
  await settle()
  expect(await states()).toEqual({ 'A-1': 'revoked', 'A-2': 'revoked', 'A-3': 'revoked' })
})

test('a fulfilment that comes after seats were returned issues no tickets for them', async ({ platform }) => {
  const { publish, settle, list } = await open(platform)
  await publish(revoke('ord_1', 'ret_1', [1]))
  await settle()
  await publish(fact('orders.order-fulfilled.v1', fulfilled('ord_1', [1, 2])))
  await settle()
  expect((await list()).items.map(({ seat }) => seat.label)).toEqual(['A-2'])
})

test('of a scanner and a return at once one comes first: a seat is given back or used, never both', async ({
  platform,
}) => {
  const { publish, settle, list, scan } = await open(platform)
  const numbers = Array.from({ length: 30 }, (_, i) => i + 1)
  await publish(fact('orders.order-fulfilled.v1', fulfilled('ord_1', numbers)))
  await settle()
  const { items } = await list()
  await publish(...numbers.map((number) => revoke('ord_1', `ret_${number}`, [number])))
  const [, ...scans] = await Promise.all([settle(), ...items.map(({ code }) => scan(code))])
  const answers = await platform.taken('answers')
  const refused = answers.filter(({ type }) => type === 'tickets.revoke-refused.v1').length
  const entered = scans.filter(({ statusCode }) => statusCode === 201).length
  expect([answers.length, refused]).toEqual([30, entered])
})

test('a fulfilment that is told twice, at once and later, issues and announces once', async ({ platform }) => {
  const { publish, settle, list } = await open(platform)
  const told = fact('orders.order-fulfilled.v1', fulfilled('ord_1', [1, 2]))
  await publish(told, told)
  await settle()
  await publish(told)
  await settle()
  expect((await list()).items).toHaveLength(2)
  expect(await platform.taken('spy')).toHaveLength(1)
})

test('a second order with a ticketed seat fails loudly and is parked; its neighbours get their tickets', async ({
  platform,
}) => {
  const { publish, settle, list } = await open(platform)
  await publish(fact('orders.order-fulfilled.v1', fulfilled('ord_1', [1, 2])))
  await settle()
  await publish(
    fact('orders.order-fulfilled.v1', fulfilled('ord_2', [2, 3])),
    fact('orders.order-fulfilled.v1', fulfilled('ord_3', [4])),
  )
  for (let i = 0; i < 10; i++) {
    await settle()
    platform.clock.advance(20_000)
  }
  expect((await list()).items.map(({ seat }) => seat.label).toSorted()).toEqual(['A-1', 'A-2', 'A-4'])
  expect(await platform.bus.parked.list()).toMatchObject([
    { subscriber: 'tickets', key: 'ord_2', reason: expect.stringContaining('one_ticket_per_seat') },
  ])
})

test('a refund revokes, and the seat can be ticketed again; other ends revoke nothing', async ({ platform }) => {
  const { publish, settle, list, scan } = await open(platform)
  await publish(
    fact('orders.order-fulfilled.v1', fulfilled('ord_1', [1])),
    fact('orders.order-fulfilled.v1', fulfilled('ord_2', [2])),
  )
  await settle()
  await publish(ended('ord_1', 'refunded'), ended('ord_2', 'expired'))
  await settle()
  await publish(fact('orders.order-fulfilled.v1', fulfilled('ord_3', [1])))
  await settle()
  const byOrder = new Map((await list()).items.map((ticket) => [ticket.orderId, ticket]))
  expect([...byOrder].map(([id, { state }]) => `${id} ${state}`).toSorted()).toEqual([
    'ord_1 revoked',
    'ord_2 valid',
    'ord_3 valid',
  ])
  const refused = await scan(byOrder.get('ord_1')!.code)
  expect([refused.statusCode, refused.json().code]).toEqual([409, 'tickets.revoked'])
  expect((await scan(byOrder.get('ord_3')!.code)).statusCode).toBe(201)
})

test('a fulfilment that comes after the refund issues nothing', async ({ platform }) => {
  const { publish, settle, list } = await open(platform)
  await publish(ended('ord_1', 'refunded'))
  await settle()
  await publish(fact('orders.order-fulfilled.v1', fulfilled('ord_1', [1])))
  await settle()
  expect((await list()).items).toEqual([])
  expect(await platform.taken('spy')).toEqual([])
})

test('tickets are listed newest first in pages, by order, and only to their owner', async ({ platform }) => {
  const { publish, settle, list, get } = await open(platform)
  for (let order = 1; order <= 3; order++) {
    await publish(
      fact(
        'orders.order-fulfilled.v1',
        fulfilled(
          `ord_${order}`,
          Array.from({ length: 20 }, (_, i) => order * 100 + i),
        ),
      ),
    )
    await settle()
    platform.clock.advance(1000)
  }
  const first = await list()
  const second = await list({ cursor: first.nextCursor })
  expect([first.items.length, second.items.length, second.nextCursor]).toEqual([50, 10, null])
  expect(new Set([...first.items, ...second.items].map(({ id }) => id)).size).toBe(60)
  expect(first.items[0]!.orderId).toBe('ord_3')
  expect((await list({ orderId: 'ord_2' })).items.every(({ orderId }) => orderId === 'ord_2')).toBe(true)

  const stranger = await platform.authorization('acc_x')
  expect((await list({ orderId: 'ord_2' }, stranger)).items).toEqual([])
  const own = await get(first.items[0]!.id)
  const foreign = await get(first.items[0]!.id, stranger)
  const unknown = await get('tkt_none', stranger)
  expect([own.statusCode, foreign.statusCode, unknown.statusCode]).toEqual([200, 404, 404])
  expect(foreign.json().code).toBe('tickets.ticket-not-found')
  expect({ ...foreign.json(), requestId: '' }).toEqual({ ...unknown.json(), requestId: '' })
})

test('a ticket lets in once, and then says when it was used', async ({ platform }) => {
  const { publish, settle, list, scan, get, buyer } = await open(platform)
  await publish(fact('orders.order-fulfilled.v1', fulfilled('ord_1', [1])))
  await settle()
  const [ticket] = (await list()).items
  expect((await scan(ticket!.code, buyer)).statusCode).toBe(403)

  platform.clock.advance(60_000)
  const first = await scan(ticket!.code)
  expect([first.statusCode, first.json()]).toEqual([
    201,
    { ticket: { id: ticket!.id, event, section: ticket!.section, label: 'A-1' }, usedAt: '2026-01-01T00:01:00.000Z' },
  ])
  platform.clock.advance(60_000)
  const second = await scan(ticket!.code)
  expect([second.statusCode, second.json().code, second.json().usedAt]).toEqual([
    409,
    'tickets.already-used',
    '2026-01-01T00:01:00.000Z',
  ])
  expect((await get(ticket!.id)).json()).toMatchObject({ state: 'used', usedAt: '2026-01-01T00:01:00.000Z' })
})

test('a forged, changed or unknown code is no ticket', async ({ platform }) => {
  const { publish, settle, list, scan } = await open(platform)
  await publish(fact('orders.order-fulfilled.v1', fulfilled('ord_1', [1])))
  await settle()
  const { code } = (await list()).items[0]!
  const [version, kid, , signature] = code.split('.')
  const claims = { tid: 'tkt_other', eid: 'evt_1', sec: 'sec_1', seat: 1, iat: 0 }
  const forgeries = [
    'x',
    code.slice(0, -8),
    `${code}.x`,
    `T2.${code.slice(3)}`,
    `${version}.${kid}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`,
    createTicketSigner(createSecrets(['another secret'])).sign(claims),
    // Properly signed, but for a ticket that does not exist.
    createTicketSigner(secrets).sign(claims),
  ]
  for (const forgery of forgeries) {
    const answer = await scan(forgery)
    expect([answer.statusCode, answer.json().code]).toEqual([404, 'tickets.code-invalid'])
  }
  expect((await scan(code)).statusCode).toBe(201)
})

test('codes of an older master secret stay valid while it is kept, and are checked with the public keys alone', ({
  platform,
}) => {
  const claims = { tid: 'tkt_1', eid: 'evt_1', sec: 'sec_1', seat: 1, iat: 0 }
  const older = createTicketSigner(createSecrets(['older']))
  const code = older.sign(claims)
  expect(createTicketSigner(createSecrets(['newer', 'older'])).verify(code)).toEqual(claims)
  expect(createTicketSigner(createSecrets(['newer'])).verify(code)).toBeUndefined()
  expect(createTickets({ ...platform, secrets: createSecrets(['older']) }).publicKeys()).toEqual([
    { kid: code.split('.')[1], kty: 'OKP', crv: 'Ed25519', x: expect.any(String) },
  ])
})

test('a gate reads in a code which event it is for, and nothing in any other text', () => {
  const claims = { tid: 'tkt_1', eid: 'evt_1', sec: 'sec_1', seat: 1, iat: 0 }
  expect(eventOfCode(` ${createTicketSigner(createSecrets(['one'])).sign(claims)}\n`)).toBe(claims.eid)
  for (const text of ['', 'T1', 'T2.a.b.c.d.e.f.g', 'https://example.test/x.y.z.w'])
    expect(eventOfCode(text)).toBeUndefined()
})

test('of many scanners at once exactly one lets the holder in', async ({ platform }) => {
  const { publish, settle, list, scan } = await open(platform)
  await publish(fact('orders.order-fulfilled.v1', fulfilled('ord_1', [1])))
  await settle()
  const { code } = (await list()).items[0]!
  const answers = await Promise.all(Array.from({ length: 8 }, () => scan(code)))
  expect(answers.filter(({ statusCode }) => statusCode === 201)).toHaveLength(1)
  expect(
    answers.filter((answer) => answer.statusCode === 409 && answer.json().code === 'tickets.already-used'),
  ).toHaveLength(7)
})

test('control: without the condition in the statement, two scanners let in two people', async ({ platform }) => {
  const { publish, settle } = await open(platform)
  await publish(fact('orders.order-fulfilled.v1', fulfilled('ord_1', [1])))
  await settle()
  const racepoints = createRacepoints()
  const held = racepoints.hold('looked', 2)
  const lookThenUse = async () => {
    const [found] = await rows(
      platform.db,
      sql<{ state: string }>`select state from tickets.tickets where order_id = 'ord_1'`,
    )
    await racepoints.reach('looked')
    if (found!.state !== 'valid') return 409
    await sql`update tickets.tickets set state = 'used', used_at = ${new Date(platform.clock.now())} where order_id = 'ord_1'`.execute(
      platform.db,
    )
    return 201
  }
  const both = [lookThenUse(), lookThenUse()]
  await held.reached
  held.open()
  expect(await Promise.all(both)).toEqual([201, 201])
})

test('the audit counts tickets by order and finds a seat with two tickets and a refunded order with one', async ({
  platform,
}) => {
  const { publish, settle, face } = await open(platform)
  await publish(
    fact('orders.order-fulfilled.v1', fulfilled('ord_1', [1, 2])),
    fact('orders.order-fulfilled.v1', fulfilled('ord_2', [3])),
  )
  await settle()
  expect(await face.module.audit!('evt_1')).toEqual({
    checks: [
      { name: 'no seat has two valid tickets', violations: 0 },
      { name: 'no refunded order has a valid ticket', violations: 0 },
    ],
    figures: { valid: 3, used: 0, revoked: 0 },
    byOrder: { ticketsValue: { ord_1: 110_000, ord_2: 55_000 }, tickets: { ord_1: 2, ord_2: 1 } },
  })
  expect((await face.module.audit!('evt_other')).figures).toEqual({ valid: 0, used: 0, revoked: 0 })

  await sql`drop index tickets.one_ticket_per_seat`.execute(platform.db)
  await sql`update tickets.tickets set seat_number = 1 where order_id = 'ord_2'`.execute(platform.db)
  await sql`insert into tickets.refunded_orders values ('ord_1', ${new Date(platform.clock.now())})`.execute(
    platform.db,
  )
  expect((await face.module.audit!()).checks.map(({ violations }) => violations)).toEqual([1, 2])
})
