import { expect } from 'vitest'
import { createRacepoints } from '#platform/racepoint'
import { test, type TestPlatform } from '../../../test/fixtures.ts'
import { everyProvider, openProviders } from '../../../test/payment-providers.ts'
import { openTossProvider, type Call } from '../../../test/toss-provider.ts'
import { afterLeaseMs, openTill, price, type Till } from './test-world.ts'

const confirms = (calls: readonly Call[]) => calls.filter(({ question }) => question === 'confirm')

async function deliver(platform: TestPlatform, till: Till): Promise<void> {
  const loop = platform.bus.subscriberLoop('payments', till.module.subscriptions!)
  while (await loop.run());
}

/** All of them for the first provider; for the second those that ask it. */
const deaths = (['payments.leased', 'payments.answered'] as const).flatMap((moment) =>
  (['approve', 'capture-then-500', 'decline'] as const).flatMap((outcome) => [
    { name: 'toss' as const, moment, outcome },
    ...(moment === 'payments.answered' ? [{ name: 'stripe' as const, moment, outcome }] : []),
  ]),
)

for (const { name, moment, outcome } of deaths) {
  test(`${name}: a process that dies at ${moment} (${outcome}): the next one goes on, and the money moves at most once`, async ({
    platform,
  }) => {
    const provider = await openProviders[name](platform.clock)
    const racepoints = createRacepoints()
    const dying = await openTill({ ...platform, racepoints }, provider)
    const payment = await dying.handOver('order-1', { outcome })
    await dying.publish(dying.captureRequested(payment))
    await deliver(platform, dying)
    const gate = racepoints.hold(moment)
    const asking = dying.module.loops![0]!
    const last = asking.run()
    await gate.reached

    const next = await openTill(platform, provider)
    await next.settle()
    // The lease still holds: nobody asks in its time.
    expect(await next.facts()).toEqual([])
    platform.clock.advance(afterLeaseMs)
    await last
    expect(await next.waitForFacts({ stepMs: 500 })).toMatchObject([
      { what: outcome === 'decline' ? 'refused' : 'captured' },
    ])

    // The dead was only slow: what it brings is no news any more.
    gate.open()
    while (await asking.run());
    platform.clock.advance(1000)
    await next.settle()
    expect(await next.facts()).toEqual([])
    expect(new Set(confirms(provider.calls).map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1)
    expect(provider.totals()).toEqual({ captured: outcome === 'decline' ? 0 : price, returned: 0 })
    expect((await next.module.audit!()).byOrder).toEqual({
      netCaptured: outcome === 'decline' ? {} : { 'order-1': price },
    })
  })
}

everyProvider(
  'a process that dies between giving money back and booking it: it is given back once',
  async ({ platform, provider }) => {
    const racepoints = createRacepoints()
    const dying = await openTill({ ...platform, racepoints }, provider)
    const payment = await dying.handOver('order-1')
    await dying.publish(dying.captureRequested(payment))
    await dying.settle()
    await dying.publish(dying.refundRequested(payment, 20_000))
    await deliver(platform, dying)
    const gate = racepoints.hold('payments.answered')
    const last = dying.module.loops![0]!.run()
    await gate.reached
    await dying.facts()

    const next = await openTill(platform, provider)
    platform.clock.advance(afterLeaseMs)
    await last
    expect(await next.waitForFacts({ stepMs: 500 })).toMatchObject([{ what: 'refunded', amount: { amount: 20_000 } }])
    gate.open()
    while (await dying.module.loops![0]!.run());
    expect(await next.facts()).toEqual([])
    expect(provider.totals()).toEqual({ captured: price, returned: 20_000 })
  },
)

everyProvider(
  'an answer that comes after its lease is not booked: it is older than what is known',
  async ({ platform, provider }) => {
    const racepoints = createRacepoints()
    const slow = await openTill({ ...platform, racepoints }, provider)
    const payment = await slow.handOver('order-1')
    await slow.publish(slow.captureRequested(payment))
    await slow.settle()
    platform.clock.advance(1000)
    await slow.http.fastify.inject({ method: 'POST', ...provider.notice(payment.paymentKey, 'returned') })
    const gate = racepoints.hold('payments.answered')
    const last = slow.module.loops![0]!.run()
    await gate.reached

    // Somebody else gives a part back in the meantime; the slow one still holds an answer of before.
    const next = await openTill(platform, provider)
    await next.publish(next.refundRequested(payment, 20_000))
    platform.clock.advance(afterLeaseMs)
    await last
    await next.settle()
    gate.open()
    while (await slow.module.loops![0]!.run());
    expect((await next.facts()).map(({ what }) => what)).toEqual(['captured', 'refunded'])
    expect(await platform.metrics.text()).not.toContain('fairgate_payments_alarms_total{')
    expect((await next.module.audit!()).byOrder).toEqual({ netCaptured: { 'order-1': 35_000 } })
  },
)

everyProvider('when a booking fails the answer is asked for again, and booked', async ({ platform, provider }) => {
  const till = await openTill(platform, provider)
  const payment = await till.handOver('order-1')
  await till.publish(till.captureRequested(payment))
  await platform.database.pool.query(`
    create function payments.fail() returns trigger language plpgsql as $$ begin raise exception 'disk full'; end $$;
    create trigger fail before update on payments.payments for each row when (new.state = 'captured') execute function payments.fail()`)
  await till.settle()
  expect(provider.totals().captured).toBe(price)
  expect(await till.facts()).toEqual([])
  await platform.database.pool.query('drop trigger fail on payments.payments')
  expect(await till.waitForFacts({ stepMs: 5000 })).toMatchObject([{ what: 'captured' }])
  expect(provider.totals().captured).toBe(price)
})

/** Nine of ten payments are captured and the tenth is refused, by two processes. @returns how many confirms and statements that took */
async function captureMany(platform: TestPlatform, count: number, guard: 'leases' | 'no leases') {
  const provider = await openTossProvider(platform.clock)
  const tills = [await openTill(platform, provider), await openTill(platform, provider)] as const
  const payments = await tills[0].handOverMany(count, (index) => (index % 10 === 0 ? { outcome: 'decline' } : {}))
  if (guard === 'no leases') {
    await platform.database.pool.query(`
      create function payments.no_lease() returns trigger language plpgsql as $$ begin new.lease_until := null; return new; end $$;
      create trigger no_lease before update on payments.payments for each row when (new.lease > old.lease) execute function payments.no_lease()`)
  }
  await tills[0].publish(...payments.map(tills[0].captureRequested))
  await deliver(platform, tills[0])
  const before = platform.statements.length
  if (guard === 'leases') await Promise.all(tills.map((till) => till.settle()))
  else {
    // The second takes them when the first has them all.
    const leased = platform.racepoints.hold('payments.leased')
    const first = tills[0].settle()
    await leased.arrived(count)
    const second = tills[1].settle()
    await leased.arrived(2 * count)
    leased.open()
    await Promise.all([first, second])
  }
  const statements = platform.statements.length - before
  const facts = await tills[0].facts()
  const refused = count / 10
  const captured = count - refused
  expect(facts.filter(({ what }) => what === 'captured')).toHaveLength(captured)
  expect(facts.filter(({ what }) => what === 'refused')).toHaveLength(refused)
  expect(provider.totals()).toEqual({ captured: captured * price, returned: 0 })
  expect((await tills[0].module.audit!()).figures).toMatchObject({
    payments: count,
    pending: 0,
    captured: captured * price,
  })
  return { confirms: confirms(provider.calls).length, statements }
}

test('300 payments by two processes at once: each is confirmed once, many in a commit', async ({ platform }) => {
  const { confirms, statements } = await captureMany(platform, 300, 'leases')
  expect(confirms).toBe(300)
  expect(statements).toBeLessThan(900)
})

test('control: without leases payments are confirmed by both, and still captured once', async ({ platform }) => {
  const { confirms } = await captureMany(platform, 40, 'no leases')
  expect(confirms).toBeGreaterThanOrEqual(80)
})
