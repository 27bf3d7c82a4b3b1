import { expect } from 'vitest'
import { fact, type Fact } from '#platform/bus'
import { rows, sql, transaction } from '#platform/db'
import { openTestPlatform, test, type TestPlatform } from '../../../test/fixtures.ts'
import { runLoops } from '../../../test/running-loops.ts'
import { createNotifications } from './index.ts'

const event = {
  id: 'evt_1',
  organiserId: 'acc_o',
  kind: 'concert',
  name: 'Front Row Night',
  venue: 'Hall',
  startsAt: '2026-10-03T10:00:00Z',
  timeZone: 'Asia/Seoul',
  currency: 'KRW',
} as const
const won = (amount: number) => ({ amount, currency: 'KRW' as const })

const publish = (platform: TestPlatform, ...facts: Fact[]) =>
  transaction(platform.db, (tx) => platform.outbox.publish(tx, facts))

test('two hundred and fifty people whose bids another process pushed out have one mail each within two seconds, though its signals are lost', async ({
  platform,
}) => {
  const { module } = createNotifications(platform, {
    smtpUrl: null,
    from: 'Fairgate <no-reply@fairgate.test>',
    sms: null,
    developmentMailbox: true,
    publicUrl: 'https://tickets.example.com/',
  })
  await platform.register([module])
  const people = Array.from({ length: 250 }, (_, i) => ({ accountId: `acc_${i}`, email: `acc_${i}@example.com` }))
  await publish(
    platform,
    ...people.map((person) => fact('identity.account-registered.v1', { ...person, name: 'Someone', locale: 'en' })),
  )
  await platform.settle([module])

  const other = await openTestPlatform(platform.databaseUrl, { seed: 2, origin: 'second' })
  const running = runLoops(platform.clock, [
    platform.bus.subscriberLoop(module.name, module.subscriptions!),
    module.loops!.find(({ name }) => name === 'notifications.send')!,
  ])
  try {
    // Both have just looked, and look again when their pause is over.
    await running.pass(50)
    const pushedOutAt = platform.clock.now()
    other.clock.set(pushedOutAt)
    const pushedOut = fact('auctions.pushed-out.v1', {
      lotId: 'lot_1',
      saleId: 'sal_1',
      event,
      line: { id: 'lot_1', name: 'VIP' },
      lowestAmount: won(120_000),
      endsAt: new Date(pushedOutAt + 10_000).toISOString(),
      people: people.map(({ accountId }) => ({ accountId, amount: won(100_000), chancesLeft: 1 })),
    })
    await publish(other, pushedOut)
    await running.pass(2000)
    const mails = await rows(
      platform.db,
      sql<{ to: string; sentAt: Date }>`select to_address as "to", sent_at as "sentAt" from notifications.mailbox`,
    )
    expect(mails.map(({ to }) => to).toSorted()).toEqual(people.map(({ email }) => email).toSorted())
    for (const { sentAt } of mails) expect(sentAt.getTime() - pushedOutAt).toBeLessThanOrEqual(2000)
  } finally {
    await running.stop()
    await other.database.close()
  }
})
