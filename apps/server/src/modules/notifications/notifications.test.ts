import { readFileSync } from 'node:fs'
import { expect, test as pure } from 'vitest'
import type { EventData, Message } from '@fairgate/contracts/events'
import { fact, type Fact } from '#platform/bus'
import { rows, sql, transaction } from '#platform/db'
import { noRacepoints, type Racepoints } from '#platform/racepoint'
import { freezeColumn } from '../../../test/controls.ts'
import { test as base, type TestPlatform } from '../../../test/fixtures.ts'
import { startSmtpServer, type SmtpMood } from '../../../test/smtp-server.ts'
import { createNotifications, type NotificationsConfig } from './index.ts'
import { nextState } from './message.ts'

type Smtp = Awaited<ReturnType<typeof startSmtpServer>>

/** `smtp(...moods)` starts a mail server for one test. */
const test = base.extend<{ smtp: (...moods: SmtpMood[]) => Promise<Smtp> }>({
  // oxlint-disable-next-line no-empty-pattern -- the first argument must be a destructuring pattern for vitest
  smtp: async ({}, use) => {
    const started: Smtp[] = []
    await use(async (...moods) => {
      const server = await startSmtpServer(moods)
      started.push(server)
      return server
    })
    for (const server of started) await server.close()
  },
})

const event = {
  id: 'evt_1',
  organiserId: 'acc_o',
  kind: 'concert',
  name: '겨울밤의 노래',
  venue: '올림픽홀',
  startsAt: '2026-10-03T10:00:00Z',
  timeZone: 'Asia/Seoul',
  currency: 'KRW',
} as const

const registered = (accountId: string, email = `${accountId}@example.com`, locale = 'en') =>
  fact('identity.account-registered.v1', { accountId, email, name: 'Someone', locale })
const issued = (accountId: string, orderId: string, other: Partial<EventData<'tickets.tickets-issued.v1'>> = {}) =>
  fact('tickets.tickets-issued.v1', {
    orderId,
    accountId,
    event,
    section: { id: 'sec_1', name: 'A' },
    total: { amount: 110_000, currency: 'KRW' },
    tickets: [
      { id: 'tkt_1', label: 'A-1' },
      { id: 'tkt_2', label: 'A-2' },
    ],
    ...other,
  })
const ended = (accountId: string, orderId: string, state: 'expired' | 'cancelled' | 'refunded') =>
  fact('orders.order-ended.v1', {
    orderId,
    accountId,
    saleId: 's',
    lineId: 'l',
    event,
    total: { amount: 110_000, currency: 'KRW' },
    state,
    reason: 'r',
  })

function codeRequested(
  platform: TestPlatform,
  accountId: string,
  code: string,
  other: { email?: string; name?: string; locale?: string } = {},
): Fact {
  const expiresAt = new Date(platform.clock.now() + 600_000).toISOString()
  return fact('identity.code-requested.v1', {
    accountId,
    email: `${accountId}@example.com`,
    name: 'Someone',
    locale: 'en',
    code,
    expiresAt,
    ...other,
  })
}

async function world(
  platform: TestPlatform,
  config: Partial<NotificationsConfig> = {},
  racepoints: Racepoints = platform.racepoints,
) {
  const face = createNotifications(
    { ...platform, racepoints },
    {
      smtpUrl: null,
      from: 'Fairgate <no-reply@fairgate.test>',
      sms: null,
      developmentMailbox: true,
      publicUrl: 'https://tickets.example.com/',
      ...config,
    },
  )
  const { module } = face
  const { fastify } = platform.http([module])
  await platform.register([module])
  const send = module.loops!.find((loop) => loop.name === 'notifications.send')!

  const publish = (...facts: Fact[]) => transaction(platform.db, (tx) => platform.outbox.publish(tx, facts))
  async function given(...facts: Fact[]): Promise<void> {
    await publish(...facts)
    await platform.settle([module])
  }
  /** Only takes the facts in; nothing is sent yet. */
  async function noted(...facts: Fact[]): Promise<void> {
    await publish(...facts)
    await platform.settle([{ name: module.name, subscriptions: module.subscriptions! }])
  }
  const mails = async (
    to?: string,
  ): Promise<{ to: string; subject: string; text: string; html: string; sentAt: string }[]> => {
    const response = await fastify.inject({
      url: `/dev/mailbox${to === undefined ? '' : `?to=${encodeURIComponent(to)}`}`,
    })
    return response.json().items
  }
  const states = async () =>
    (
      await rows(
        platform.db,
        sql<{
          state: string
          attempts: number
          reason: string | null
        }>`select state, attempts, reason from notifications.messages order by cause`,
      )
    ).map(({ state, attempts }) => `${state} ${attempts}`)
  return { ...face, fastify, send, given, noted, mails, states }
}

test('a mail server that refuses once is asked again later and gets exactly one mail', async ({ platform, smtp }) => {
  const server = await smtp('451 4.3.0 try again later')
  const { given, states, close, module } = await world(platform, { smtpUrl: server.url })
  await given(codeRequested(platform, 'acc_1', '204060'))
  expect(server.received).toEqual([])
  expect(await states()).toEqual(['queued 1'])
  platform.clock.advance(9_999)
  await platform.settle([module])
  expect(server.received).toEqual([])
  platform.clock.advance(1)
  await platform.settle([module])
  platform.clock.advance(24 * 3600_000)
  await platform.settle([module])
  close()
  expect(await states()).toEqual(['sent 2'])
  expect(server.received.length).toBe(1)
  const [{ to, raw }] = server.received as [{ to: string; raw: string }]
  expect(to).toBe('acc_1@example.com')
  expect(raw).toMatch(/^Message-ID: <msg_[0-9a-z]{26}@fairgate\.test>\r$/im)
  expect(raw).toMatch(/^From: Fairgate <no-reply@fairgate\.test>\r$/m)
  expect(raw).toMatch(/^Auto-Submitted: auto-generated\r$/m)
  expect(raw).toMatch(/^Content-Type: multipart\/alternative/m)
  expect(raw).toContain('204060')
})

test('a mail that was taken without an answer is sent again under the same Message-ID', async ({ platform, smtp }) => {
  const server = await smtp('take-and-hang-up')
  const { given, states, close, module } = await world(platform, { smtpUrl: server.url })
  await given(registered('acc_1'), issued('acc_1', 'ord_1'))
  platform.clock.advance(10_000)
  await platform.settle([module])
  close()
  const ids = server.received.map(({ raw }) => /^Message-ID: (.*)\r$/im.exec(raw)?.[1])
  expect(ids.length).toBe(2)
  expect(new Set(ids).size).toBe(1)
  expect(await states()).toEqual(['sent 2'])
})

test('a mail server that says nothing is left after twenty seconds', async ({ platform, smtp }) => {
  const server = await smtp('silence')
  const { noted, send, states, close } = await world(platform, { smtpUrl: server.url })
  await noted(registered('acc_1'), issued('acc_1', 'ord_1'))
  const running = send.run()
  await server.fellSilent
  platform.clock.advance(20_000)
  await running
  expect(await states()).toEqual(['queued 1'])
  platform.clock.advance(10_000)
  await send.run()
  close()
  expect(await states()).toEqual(['sent 2'])
})

test('an address that the server does not have is given up at once, counted, and tried again when the operator asks', async ({
  platform,
  smtp,
}) => {
  const server = await smtp('550 5.1.1 no such user')
  const { given, states, retryGivenUp, close, module } = await world(platform, { smtpUrl: server.url })
  await given(registered('acc_1'), issued('acc_1', 'ord_1'))
  expect(await states()).toEqual(['given-up 1'])
  expect(await platform.metrics.text()).toContain('fairgate_mails_given_up 1')
  expect(await platform.metrics.text()).toContain('fairgate_mails_total{kind="tickets-issued",outcome="rejected"} 1')
  const [{ reason }] = (await rows(
    platform.db,
    sql<{ reason: string }>`select reason from notifications.messages`,
  )) as [{ reason: string }]
  expect(reason).toContain('550 5.1.1 no such user')
  expect(await retryGivenUp()).toBe(1)
  expect(await retryGivenUp()).toBe(0)
  await platform.settle([module])
  close()
  expect(await states()).toEqual(['sent 1'])
  expect(server.received.length).toBe(1)
})

test('without a mail server a mail is tried ten times over four hours and then given up, with its reason', async ({
  platform,
  smtp,
}) => {
  const server = await smtp()
  await server.close()
  const { given, states, close, module } = await world(platform, { smtpUrl: server.url })
  await given(registered('acc_1'), issued('acc_1', 'ord_1'))
  const startedAt = platform.clock.now()
  let lastTryAt = startedAt
  for (let minute = 0; minute < 12 * 60; minute++) {
    const before = (await states())[0]
    platform.clock.advance(60_000)
    await module.loops![0]!.run()
    if ((await states())[0] !== before) lastTryAt = platform.clock.now()
  }
  close()
  expect(await states()).toEqual(['given-up 10'])
  expect((lastTryAt - startedAt) / 3600_000).toBeGreaterThan(3.5)
  expect((await module.audit!()).figures).toEqual({ mailsWaiting: 0, mailsGivenUp: 1 })
})

/** One sender has taken a message and is about to send it when another looks for work. `holders` is how many come to hold it. */
async function twoSenders(platform: TestPlatform, smtp: Smtp, holders: 1 | 2): Promise<number> {
  const { noted, send, close } = await world(platform, { smtpUrl: smtp.url })
  await noted(registered('acc_1'), issued('acc_1', 'ord_1'))
  const leased = platform.racepoints.hold('notifications.leased', holders)
  const first = send.run()
  // The second looks only after the first's lease is committed: until then it would pass the locked row by.
  await leased.arrived(1)
  const second = send.run()
  await (holders === 1 ? second : leased.arrived(2))
  leased.open()
  await Promise.all([first, second])
  close()
  return smtp.received.length
}

test('a message in the hands of one sender is left alone by others', async ({ platform, smtp }) => {
  expect(await twoSenders(platform, await smtp(), 1)).toBe(1)
})

test('control: without the lease both would send it', async ({ platform, smtp }) => {
  await freezeColumn(platform.db, 'notifications.messages', 'due_at')
  expect(await twoSenders(platform, await smtp(), 2)).toBe(2)
})

test('two hundred mails and four senders: each arrives once', async ({ platform, smtp }) => {
  const server = await smtp()
  const { noted, send, states, close } = await world(platform, { smtpUrl: server.url })
  const people = Array.from({ length: 200 }, (_, index) => `acc_${index}`)
  await noted(...people.flatMap((id) => [registered(id), issued(id, `ord_${id}`)]))
  const sender = async () => {
    while (await send.run());
  }
  await Promise.all([sender(), sender(), sender(), sender()])
  close()
  expect(server.received.map(({ to }) => to).toSorted()).toEqual(people.map((id) => `${id}@example.com`).toSorted())
  expect(new Set(await states())).toEqual(new Set(['sent 1']))
})

test('a message whose sender died is sent by another when the lease ends', async ({ platform }) => {
  const { noted, send, mails, states } = await world(platform)
  await noted(registered('acc_1'), issued('acc_1', 'ord_1'))
  const dying = await world(platform, {}, { reach: () => Promise.reject(new Error('killed')) })
  await expect(dying.send.run()).rejects.toThrow('killed')
  platform.clock.advance(59_999)
  await send.run()
  expect(await mails()).toEqual([])
  platform.clock.advance(1)
  await send.run()
  expect((await mails()).length).toBe(1)
  expect(await states()).toEqual(['sent 2'])
})

test('a sender that wakes up after its lease has gone to another changes nothing', async ({ platform, smtp }) => {
  const server = await smtp('451 4.3.0 try again later')
  const { noted, send, states, close } = await world(platform, { smtpUrl: server.url })
  await noted(registered('acc_1'), issued('acc_1', 'ord_1'))
  const other = await world(platform, { smtpUrl: server.url }, noRacepoints)
  const booking = platform.racepoints.hold('notifications.before-booking')
  const sleeper = send.run()
  await booking.reached
  platform.clock.advance(60_000)
  await other.send.run()
  expect(await states()).toEqual(['sent 2'])
  booking.open()
  await sleeper
  expect(await states()).toEqual(['sent 2'])
  close()
  other.close()
})

/** Each fact is delivered twice, the second time after the mail has gone. */
async function everythingTwice(platform: TestPlatform): Promise<string[]> {
  const { given, mails } = await world(platform)
  for (let i = 0; i < 2; i++) {
    await given(
      registered('acc_1'),
      issued('acc_1', 'ord_1'),
      issued('acc_1', 'ord_2'),
      ended('acc_1', 'ord_3', 'refunded'),
    )
  }
  return (await mails()).map((mail) => mail.subject).toSorted()
}

test('a fact that arrives twice causes one mail', async ({ platform }) => {
  expect(await everythingTwice(platform)).toEqual([
    'Your payment for 겨울밤의 노래 has been refunded',
    'Your tickets for 겨울밤의 노래',
    'Your tickets for 겨울밤의 노래',
  ])
})

test('control: without the constraint it would cause two', async ({ platform }) => {
  await sql`alter table notifications.messages drop constraint messages_cause_key`.execute(platform.db)
  expect((await everythingTwice(platform)).length).toBe(6)
})

test('a mail about an account that is not known yet waits for it', async ({ platform }) => {
  const { given, mails, module } = await world(platform)
  await given(issued('acc_1', 'ord_1'), issued('acc_2', 'ord_2'))
  expect(await mails()).toEqual([])
  platform.clock.advance(600_001)
  expect((await module.audit!()).checks).toEqual([{ name: 'every mail has an account to go to', violations: 2 }])
  await given(registered('acc_1'))
  expect((await mails()).map((mail) => mail.to)).toEqual(['acc_1@example.com'])
  expect((await module.audit!()).checks).toEqual([{ name: 'every mail has an account to go to', violations: 1 }])
  expect(await platform.metrics.text()).toContain('fairgate_mails_without_address 1')
})

test('a code is mailed without waiting for the account, and is the only run of six digits in the text', async ({
  platform,
}) => {
  const { given, mails } = await world(platform)
  for (const locale of ['ko', 'en']) {
    const email = `user123456@${locale}987654.example`
    await given(codeRequested(platform, `acc_${locale}`, '031337', { email, name: '111111 222222', locale }))
    const [mail] = await mails(email)
    expect(mail!.text.match(/\d{6,}/g)).toEqual(['031337'])
    expect(mail!.html).toContain('031337')
    expect(mail!.html).toContain(`<html lang="${locale}">`)
  }
})

test('a code that sets a new password is mailed likewise, beside one that verifies, and a new password is told of', async ({
  platform,
}) => {
  const { given, noted, mails } = await world(platform)
  for (const locale of ['ko', 'en']) {
    const [accountId, email] = [`acc_${locale}`, `${locale}@example.com`]
    const { data } = codeRequested(platform, accountId, '031337', { email, name: '111111 222222', locale })
    platform.clock.advance(1000)
    await noted(codeRequested(platform, accountId, '271828', { email, locale }))
    await given(fact('identity.password-reset-requested.v1', data as EventData<'identity.password-reset-requested.v1'>))
    const codes = (await mails(email)).map(({ text }) => text.match(/\d{6,}/g)!.join())
    expect(codes.toSorted((a, b) => Number(a) - Number(b))).toEqual(['031337', '271828'])
    await given(fact('identity.password-changed.v1', { accountId }))
    const [changed] = await mails(email)
    expect(changed!.text).toContain('https://tickets.example.com/reset-password')
    expect(changed!.html).toContain(`<html lang="${locale}">`)
  }
})

test('of two codes that wait only the newer is mailed, also when both facts arrive again', async ({ platform }) => {
  const { module, given, mails, states } = await world(platform)
  const { handle } = module.subscriptions!.find(({ types }) => types.includes('identity.code-requested.v1'))!
  const message = (id: string, code: string) =>
    ({
      id,
      key: 'acc_1',
      time: platform.clock.now(),
      ...codeRequested(platform, 'acc_1', code),
    }) as Message<'identity.code-requested.v1'>
  const older = message('msg_1', '111111')
  platform.clock.advance(1000)
  const newer = message('msg_2', '222222')
  for (const arriving of [older, newer, newer, older]) await transaction(platform.db, (tx) => handle(tx, [arriving]))
  expect(await states()).toEqual(['lapsed 0', 'queued 0'])
  await given()
  expect((await mails()).map((mail) => /\d{6}/.exec(mail.text)![0])).toEqual(['222222'])
})

test('a code that could not be mailed in its ten minutes is not mailed at all', async ({ platform }) => {
  const { noted, given, mails, states } = await world(platform)
  await noted(codeRequested(platform, 'acc_1', '111111'))
  platform.clock.advance(600_000)
  await given()
  expect(await mails()).toEqual([])
  expect(await states()).toEqual(['lapsed 1'])
})

test('an order that ended without money causes no mail', async ({ platform }) => {
  const { given, mails, states } = await world(platform)
  await given(registered('acc_1'), ended('acc_1', 'ord_1', 'expired'), ended('acc_1', 'ord_2', 'cancelled'))
  expect(await mails()).toEqual([])
  expect(await states()).toEqual([])
})

test('seats that go back cause one mail each time, and the order that ends with the last of them no other', async ({
  platform,
}) => {
  const { given, mails } = await world(platform)
  const back = (returnId: string, seatsLeft: number) =>
    fact('orders.seats-returned.v1', {
      orderId: 'ord_1',
      returnId,
      holdId: 'hld_1',
      accountId: 'acc_1',
      saleId: 's',
      lineId: 'l',
      event,
      section: { id: 'sec_1', name: 'A' },
      seats: [{ number: 1, label: 'A-1' }],
      seatsLeft,
      refunded: { amount: 50_000, currency: 'KRW' },
      kept: { amount: 5000, currency: 'KRW' },
      reason: 'buyer',
      at: '2026-01-01T00:00:00.000Z',
    })
  const last = fact('orders.order-ended.v1', {
    ...(ended('acc_1', 'ord_1', 'refunded').data as EventData<'orders.order-ended.v1'>),
    reason: 'seats-returned',
  })
  for (let i = 0; i < 2; i++) await given(registered('acc_1'), back('ret_1', 1), back('ret_2', 0), last)
  expect((await mails()).map(({ subject }) => subject)).toEqual(
    Array(2).fill('Your tickets for 겨울밤의 노래 are cancelled'),
  )
})

test('who hoped for a place of an event that is cancelled gets one letter, whatever of it he hoped for', async ({
  platform,
}) => {
  const { given, mails } = await world(platform)
  const told = { event, accountIds: ['acc_1', 'acc_2'], note: 'Snow.' }
  const line = { id: 'lot_1', name: 'VIP' }
  await given(registered('acc_1'), registered('acc_2', 'acc_2@example.com', 'ko'))
  for (let i = 0; i < 2; i++)
    await given(
      fact('ballots.ballot-cancelled.v1', { saleId: 'sal_1', ...told }),
      fact('auctions.lot-cancelled.v1', { lotId: 'lot_1', saleId: 'sal_2', line, ...told }),
      fact('waitlist.waitlist-cancelled.v1', { saleId: 'sal_3', ...told }),
    )
  expect((await mails()).map(({ subject }) => subject).toSorted()).toEqual([
    '겨울밤의 노래 has been cancelled',
    '겨울밤의 노래 행사가 취소되었습니다',
  ])
})

test('nothing is sent to addresses that cannot exist', async ({ platform }) => {
  const { given, mails, states } = await world(platform)
  await given(registered('acc_1', 'rush-1@crowd.fairgate.invalid'), issued('acc_1', 'ord_1'))
  expect(await mails()).toEqual([])
  expect(await states()).toEqual(['unreachable 1'])
})

test('a message forgets what it said when it has been sent, and is forgotten itself after thirty days', async ({
  platform,
}) => {
  const { given, mails, module } = await world(platform)
  await given(registered('acc_1'), codeRequested(platform, 'acc_1', '111111'))
  expect(await rows(platform.db, sql`select data from notifications.messages`)).toEqual([{ data: null }])
  platform.clock.advance(30 * 24 * 3600_000 + 1)
  await platform.settle([module])
  expect(await rows(platform.db, sql`select 1 from notifications.messages`)).toEqual([])
  expect(await mails()).toEqual([])
})

test('a message that cannot be written does not keep its neighbours', async ({ platform }) => {
  const { given, mails, states } = await world(platform)
  const broken = { ...event, timeZone: 'Nowhere/At-All' }
  await given(registered('acc_1'), issued('acc_1', 'ord_1', { event: broken }), issued('acc_1', 'ord_2'))
  expect((await mails()).length).toBe(1)
  expect(await states()).toEqual(['queued 1', 'sent 1'])
})

test('the development mailbox gives mails of one address, newest first and at most fifty', async ({ platform }) => {
  const { given, mails } = await world(platform)
  await given(registered('acc_1', 'Mina@Example.com'), registered('acc_2'))
  for (let i = 0; i < 52; i++) {
    await given(issued('acc_1', `ord_${i}`))
    platform.clock.advance(1000)
  }
  await given(issued('acc_2', 'ord_x'))
  const found = await mails('mina@example.COM')
  expect(found.length).toBe(50)
  expect(found[0]).toEqual({
    to: 'Mina@Example.com',
    subject: 'Your tickets for 겨울밤의 노래',
    text: expect.stringContaining('ord_51'),
    html: expect.stringContaining('ord_51'),
    sentAt: new Date(platform.clock.now() - 1000).toISOString(),
  })
  expect(found[49]!.text).toContain('ord_2')
  expect((await mails())[0]!.text).toContain('ord_x')
  expect(await mails('nobody@example.com')).toEqual([])
})

test('people see the development mailbox as a page that runs nothing a mail says', async ({ platform }) => {
  const { fastify, given } = await world(platform)
  await given(registered('acc_1'), issued('acc_1', 'ord_1', { event: { ...event, name: '<script>alert(1)</script>' } }))
  const page = await fastify.inject({ url: '/dev/mailbox', headers: { accept: 'text/html,application/xhtml+xml' } })
  expect(page.headers['content-type']).toBe('text/html; charset=utf-8')
  expect(page.headers['content-security-policy']).toContain("default-src 'none'")
  expect(page.body).toContain('acc_1@example.com')
  expect(page.body).not.toContain('<script')
  const json = await fastify.inject({ url: '/dev/mailbox?to=acc_1@example.com', headers: { accept: 'text/html' } })
  expect(json.json().items.length).toBe(1)
})

test('outside development there is no mailbox', async ({ platform, smtp }) => {
  const server = await smtp()
  const { fastify, close } = await world(platform, { developmentMailbox: false, smtpUrl: server.url })
  for (const url of ['/dev/mailbox', '/dev/mailbox?to=a@example.com'])
    expect((await fastify.inject({ url })).statusCode).toBe(404)
  close()
})

test('a sender without an address is refused at the start, with what is wrong', async ({ platform }) => {
  await expect(world(platform, { from: 'Fairgate' })).rejects.toThrow(
    'the sender of mails must be an address like "Fairgate <no-reply@example.com>", but it is "Fairgate"',
  )
})

pure('SPEC.md shows the table that the code uses', () => {
  const spec = readFileSync(new URL('./SPEC.md', import.meta.url), 'utf8')
  for (const [state, row] of Object.entries(nextState)) {
    expect(spec).toContain(
      `| ${state} | ${row.accepted} | ${row.deferred} | ${row.exhausted} | ${row.rejected} | ${row.late} | ${row['no-mailbox']} | ${row.retry} |`,
    )
  }
})
