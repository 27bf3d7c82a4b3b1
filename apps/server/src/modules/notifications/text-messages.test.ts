import { expect, test as pure } from 'vitest'
import { koreanMobile } from '@fairgate/contracts/phone'
import { fact, type Fact } from '#platform/bus'
import { rows, sql, transaction } from '#platform/db'
import { test as base, type TestPlatform } from '../../../test/fixtures.ts'
import { startSmsProvider, type SmsMood } from '../../../test/sms-provider.ts'
import { createNotifications } from './index.ts'
import { writeText } from './texts.ts'

type Provider = Awaited<ReturnType<typeof startSmsProvider>>

/** `sms(...moods)` starts a provider of text messages for one test. */
const test = base.extend<{ sms: (...moods: SmsMood[]) => Promise<Provider> }>({
  // oxlint-disable-next-line no-empty-pattern -- the first argument must be a destructuring pattern for vitest
  sms: async ({}, use) => {
    const started: Provider[] = []
    await use(async (...moods) => {
      const provider = await startSmsProvider(moods)
      started.push(provider)
      return provider
    })
    for (const provider of started) await provider.close()
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

const registered = (accountId: string, locale = 'ko') =>
  fact('identity.account-registered.v1', { accountId, email: `${accountId}@example.com`, name: 'Someone', locale })
const issued = (accountId: string, orderId: string) =>
  fact('tickets.tickets-issued.v1', {
    orderId,
    accountId,
    event,
    section: { id: 'sec_1', name: 'A' },
    total: { amount: 55_000, currency: 'KRW' },
    tickets: [{ id: 'tkt_1', label: 'A-1' }],
  })

async function world(platform: TestPlatform, provider: Provider | null, developmentMailbox = true) {
  const { module, close } = createNotifications(platform, {
    smtpUrl: null,
    from: 'Fairgate <no-reply@fairgate.test>',
    sms: provider?.config ?? null,
    developmentMailbox,
    publicUrl: 'https://tickets.example.com',
  })
  const { fastify } = platform.http([module])
  await platform.register([module])
  const publish = (...facts: Fact[]) => transaction(platform.db, (tx) => platform.outbox.publish(tx, facts))
  return {
    module,
    close,
    publish,
    send: module.loops!.find((loop) => loop.name === 'notifications.send')!,
    async given(...facts: Fact[]): Promise<void> {
      await publish(...facts)
      await platform.settle([module])
    },
    async asks(accountId: string, method: 'GET' | 'PUT' | 'DELETE', phone?: string) {
      const answer = await fastify.inject({
        method,
        url: '/api/notifications/text-messages',
        headers: await platform.authorization(accountId),
        ...(phone ? { payload: { phone } } : {}),
      })
      return { status: answer.statusCode, ...(answer.body ? answer.json() : {}) }
    },
    states: async () =>
      (
        await rows(
          platform.db,
          sql<{ said: string }>`
            select channel || ' ' || state || ' ' || attempts as said from notifications.messages order by cause`,
        )
      ).map(({ said }) => said),
  }
}

test('whoever left a number gets a text message beside the mail, once however often the fact arrives; others cost no row', async ({
  platform,
  sms,
}) => {
  const provider = await sms()
  const { asks, given, states } = await world(platform, provider)
  expect(await asks('acc_1', 'PUT', '010-1234-5678')).toEqual({ status: 200, isOffered: true, phone: '+821012345678' })
  const facts = [registered('acc_1'), registered('acc_2'), issued('acc_1', 'ord_1'), issued('acc_2', 'ord_2')]
  await given(...facts)
  await given(...facts)
  expect(await states()).toEqual(['text sent 1', 'mail sent 1', 'mail sent 1'])
  expect(provider.taken).toEqual([
    {
      to: '01012345678',
      from: '0212345678',
      text: '[Fairgate] 겨울밤의 노래 예매 완료, 티켓 1장입니다. https://tickets.example.com/tickets',
      customFields: { messageId: expect.stringMatching(/^msg_[0-9a-z]{26}-text$/) },
    },
  ])
  expect(await platform.metrics.text()).toContain('fairgate_texts_total{kind="tickets-issued",outcome="accepted"} 1')
})

test('a provider that takes a text message and does not answer gets it again with the same id', async ({
  platform,
  sms,
}) => {
  const provider = await sms('take-and-hang-up')
  const { asks, given, states, module } = await world(platform, provider)
  await asks('acc_1', 'PUT', '+82 10 1234 5678')
  await given(registered('acc_1'), issued('acc_1', 'ord_1'))
  expect(await states()).toEqual(['text queued 1', 'mail sent 1'])
  platform.clock.advance(10_000)
  await platform.settle([module])
  expect(await states()).toEqual(['text sent 2', 'mail sent 1'])
  expect(provider.taken.length).toBe(2)
  expect(new Set(provider.taken.map(({ customFields }) => customFields.messageId)).size).toBe(1)
})

test('a provider that is broken, busy or unpaid is tried five times within seven minutes, then the text message is given up', async ({
  platform,
  sms,
}) => {
  const provider = await sms('error', 'busy', 'no-money', 'error', 'error')
  const { asks, given, states, module } = await world(platform, provider)
  await asks('acc_1', 'PUT', '01012345678')
  await given(registered('acc_1'), issued('acc_1', 'ord_1'))
  for (const [attempt, pauseMs] of [10_000, 30_000, 90_000, 270_000].entries()) {
    expect(await states()).toEqual([`text queued ${attempt + 1}`, 'mail sent 1'])
    platform.clock.advance(pauseMs)
    await platform.settle([module])
  }
  expect(await states()).toEqual(['text given-up 5', 'mail sent 1'])
  expect(provider.taken).toEqual([])
})

test('a provider that says nothing is left after twenty seconds', async ({ platform, sms }) => {
  const provider = await sms('silence')
  const { asks, publish, send, module, states } = await world(platform, provider)
  await asks('acc_1', 'PUT', '01012345678')
  await publish(registered('acc_1'), issued('acc_1', 'ord_1'))
  await platform.settle([{ name: module.name, subscriptions: module.subscriptions! }])
  const running = send.run()
  await provider.fellSilent
  platform.clock.advance(20_000)
  await running
  expect(await states()).toEqual(['text queued 1', 'mail sent 1'])
})

test('a number that the provider refuses is given up at once, with its reason', async ({ platform, sms }) => {
  const { asks, given, states } = await world(platform, await sms('no-such-number'))
  await asks('acc_1', 'PUT', '01012345678')
  await given(registered('acc_1'), issued('acc_1', 'ord_1'))
  expect(await states()).toEqual(['text given-up 1', 'mail sent 1'])
  expect(await rows(platform.db, sql`select reason from notifications.messages where channel = 'text'`)).toEqual([
    { reason: '400 ValidationError no such number' },
  ])
})

test('a number that was taken back gets nothing more, not even what was queued', async ({ platform, sms }) => {
  const provider = await sms()
  const { asks, given, publish, module, states } = await world(platform, provider)
  await asks('acc_1', 'PUT', '01012345678')
  await publish(registered('acc_1'), issued('acc_1', 'ord_1'))
  await platform.settle([{ name: module.name, subscriptions: module.subscriptions! }])
  expect((await asks('acc_1', 'DELETE')).status).toBe(204)
  expect(await asks('acc_1', 'GET')).toEqual({ status: 200, isOffered: true, phone: null })
  await given(issued('acc_1', 'ord_2'))
  expect(provider.taken).toEqual([])
  expect(await states()).toEqual(['text unreachable 1', 'mail sent 1', 'mail sent 1'])
})

test('a number must be a Korean mobile number, and none is taken where no text messages are sent', async ({
  platform,
  sms,
}) => {
  const { asks } = await world(platform, await sms())
  expect(await asks('acc_1', 'PUT', '02-123-45678')).toMatchObject({ status: 400, code: 'notifications.phone-invalid' })
  const { asks: asksThere, close } = await world(platform, null, false)
  expect(await asksThere('acc_1', 'GET')).toEqual({ status: 200, isOffered: false, phone: null })
  expect(await asksThere('acc_1', 'PUT', '01012345678')).toMatchObject({ code: 'notifications.texts-not-offered' })
  close()
})

pure('a Korean mobile number is one however it is written, and nothing else is', () => {
  for (const text of ['01012345678', '010-1234-5678', '+82 10-1234-5678', '+82(0)10 1234 5678', '821012345678'])
    expect(koreanMobile(text)).toBe('+821012345678')
  for (const text of ['', '02-1234-5678', '010-1234-567', '+1 202 555 0100', '0101234567８', '010123456789'])
    expect(koreanMobile(text)).toBeUndefined()
})

pure('a text message is one line, short, in the language of its reader', () => {
  const award = {
    kind: 'award-won',
    data: {
      awardId: 'awd_1',
      saleId: 'sal_1',
      event: { ...event, name: `${'가'.repeat(60)}\n나` },
      line: { id: 'lin_1', name: '10K' },
      quantity: 1,
      payBy: '2026-09-01T09:00:00Z',
      how: 'preference',
      fromReserve: false,
    },
  } as const
  expect(writeText(award, 'ko', 'https://t.example')).toBe(
    `[Fairgate] ${'가'.repeat(39)}… 당첨! 9월 1일 오후 6:00까지 구매해 주세요. https://t.example/ballots/sal_1`,
  )
  expect(writeText(award, 'en-GB', 'https://t.example')).toMatch(
    /: a place is yours if you buy it by September 1 at 6:00\sPM\. https:\/\/t\.example\/ballots\/sal_1$/,
  )
})
