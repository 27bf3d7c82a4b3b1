import type { BallotMoves } from '@fairgate/contracts/allot'
import type { BallotDocument } from '@fairgate/contracts/http/ballots'
import type { Caller } from '#platform/access-token'
import { fact, type Bus, type Fact } from '#platform/bus'
import type { ManualScheduler } from '#platform/clock'
import { transaction } from '#platform/db'
import type { HttpApp } from '#platform/http'
import type { Module } from '#platform/module'
import type { Platform } from '#platform/platform'
import { createBallots, type BallotsConfig } from './index.ts'

/** What these helpers need of a test's platform. */
type TestPlatform = Platform & {
  clock: ManualScheduler
  bus: Bus
  http(modules: readonly Module[]): HttpApp
  authorization(
    accountId: string,
    options?: Partial<Pick<Caller, 'verified'>> & { roles?: string[] },
  ): Promise<{ authorization: string }>
  register(modules: readonly Module[], others?: Record<string, readonly Fact['type'][]>): Promise<void>
  taken(subscriber: string): Promise<{ type: Fact['type']; key: string; data: Record<string, unknown> }[]>
}

/** The manual clock starts at midnight. Applications from ten to twelve, awards until midnight, each for an hour. */
export const opensAt = '2026-01-01T10:00:00.000Z'
export const drawAt = '2026-01-01T12:00:00.000Z'
export const closesAt = '2026-01-02T00:00:00.000Z'
export const payBySeconds = 3600
export const holdSeconds = 300
export const minuteMs = 60_000

const event = {
  id: 'evt_1',
  organiserId: 'acc_organiser',
  kind: 'race',
  name: 'Han River Run',
  venue: 'Yeouido',
  startsAt: '2026-03-01T00:00:00.000Z',
  timeZone: 'Asia/Seoul',
  currency: 'KRW',
} as const
const price = { amount: 50_000, currency: 'KRW' } as const

/** A line sells one section of its own: `lin_a` sells `sec_a`. */
export type LineSpec = { id: string; capacity: number; course?: string }
export type Options = { moves?: BallotMoves; limit?: number }

export const sectionOf = (lineId: string): string => lineId.replace('lin', 'sec')

export const salePublished = (
  lines: readonly LineSpec[],
  { moves = 'none', limit = 4 }: Options = {},
  saleId = 'sal_1',
): Fact =>
  fact('catalog.sale-published.v1', {
    saleId,
    event,
    method: 'ballot',
    opensAt,
    closesAt,
    holdSeconds,
    limitPerAccount: limit,
    order: 'draw',
    ballot: { drawAt, payBySeconds, moves },
    lines: lines.map(({ id, course }) => ({
      id,
      name: id,
      sectionIds: [sectionOf(id)],
      shoppersMax: 1,
      admitPerMinute: 1,
      ...(course ? { course } : {}),
    })),
    sections: lines.map(({ id, capacity }) => ({
      id: sectionOf(id),
      name: id,
      admission: 'open' as const,
      capacity,
      price,
      attributes: {},
    })),
  })

export const eventCancelled = (at: number, saleIds: readonly string[] = ['sal_1']): Fact =>
  fact('catalog.event-cancelled.v1', {
    eventId: event.id,
    saleIds: [...saleIds],
    accountId: event.organiserId,
    note: 'The river has flooded.',
    at: new Date(at).toISOString(),
  })

export type Counts = { free?: number; held?: number; secured?: number; sold?: number; blocked?: number }

export const stockChanged = (at: number, lines: Record<string, Counts>, saleId = 'sal_1'): Fact =>
  fact('inventory.stock-changed.v1', {
    saleId,
    at: new Date(at).toISOString(),
    sections: Object.entries(lines).map(([lineId, counts]) => ({
      sectionId: sectionOf(lineId),
      free: 0,
      held: 0,
      secured: 0,
      sold: 0,
      blocked: 0,
      ...counts,
    })),
  })

type OrderSpec = { id: string; lineId: string; accountId: string; seats?: number }

const orderFacts = ({ id, lineId, accountId, seats = 1 }: OrderSpec) => ({
  orderId: id,
  holdId: `hld_${id}`,
  accountId,
  saleId: 'sal_1',
  lineId,
  event,
  section: { id: sectionOf(lineId), name: lineId },
  seats: Array.from({ length: seats }, (_, i) => ({ number: i + 1, label: `${i + 1}` })),
  unitPrice: price,
  total: { ...price, amount: price.amount * seats },
})
export const orderPlaced = (order: OrderSpec, payBy: number): Fact =>
  fact('orders.order-placed.v1', { ...orderFacts(order), payBy: new Date(payBy).toISOString() })
export const orderFulfilled = (order: OrderSpec, at: number): Fact =>
  fact('orders.order-fulfilled.v1', { ...orderFacts(order), fulfilledAt: new Date(at).toISOString() })
export const orderEnded = (order: OrderSpec, state: 'expired' | 'cancelled' | 'refunded'): Fact =>
  fact('orders.order-ended.v1', {
    orderId: order.id,
    accountId: order.accountId,
    saleId: 'sal_1',
    lineId: order.lineId,
    event,
    total: price,
    state,
    reason: 'r',
  })

export const seatsReturned = (order: OrderSpec, numbers: readonly number[], seatsLeft: number, at: number): Fact => {
  const { unitPrice, total: _, seats, ...facts } = orderFacts(order)
  return fact('orders.seats-returned.v1', {
    ...facts,
    returnId: `ret_${numbers.join('_')}`,
    seats: seats.filter(({ number }) => numbers.includes(number)),
    seatsLeft,
    refunded: { ...unitPrice, amount: unitPrice.amount * numbers.length },
    kept: { ...unitPrice, amount: 0 },
    reason: 'buyer',
    at: new Date(at).toISOString(),
  })
}

/** A ballot with its stock known, whose applications are open, and the calls that a test makes of it. */
export async function openWorld(
  platform: TestPlatform,
  lines: readonly LineSpec[],
  options: Options = {},
  config: BallotsConfig = {},
) {
  const { module, apply } = createBallots(platform, config)
  const { fastify } = platform.http([module])
  const [drawing, awarding] = module.loops!
  const { clock } = platform

  async function tell(...facts: Fact[]): Promise<void> {
    await transaction(platform.db, (tx) => platform.outbox.publish(tx, facts))
    const subscriber = platform.bus.subscriberLoop(module.name, module.subscriptions!)
    while (await subscriber.run());
  }
  async function call(
    method: 'GET' | 'POST' | 'DELETE',
    url: string,
    accountId?: string,
    body?: object,
    more: { verified?: boolean; headers?: Record<string, string> } = {},
  ) {
    const headers = { ...(accountId ? await platform.authorization(accountId, more) : {}), ...more.headers }
    const answer = await fastify.inject({ method, url, headers, ...(body ? { payload: body } : {}) })
    return {
      status: answer.statusCode,
      headers: answer.headers,
      body: answer.body ? JSON.parse(answer.body) : undefined,
    }
  }

  await platform.register([module], {
    spy: [
      'ballots.sale-ready.v1',
      'ballots.awarded.v1',
      'ballots.not-awarded.v1',
      'ballots.award-ending.v1',
      'ballots.ballot-cancelled.v1',
    ],
  })
  await tell(
    salePublished(lines, options),
    stockChanged(clock.now(), Object.fromEntries(lines.map((line) => [line.id, { free: line.capacity }]))),
  )
  await platform.taken('spy')
  clock.set(Date.parse(opensAt))

  const mine = async (accountId: string) => (await call('GET', '/api/ballots/sal_1/applications/mine', accountId)).body

  return {
    module,
    tell,
    call,
    mine,
    apply: (accountId: string, preferences: readonly string[], quantity = 1) =>
      call('POST', '/api/ballots/sal_1/applications', accountId, { preferences, quantity }),
    /** Applies without the HTTP edge, all at once. */
    applyCrowd: (accountIds: readonly string[], preferences: readonly string[], quantity = 1) =>
      Promise.all(accountIds.map((accountId) => apply({ saleId: 'sal_1', accountId, preferences, quantity }))),
    withdraw: (accountId: string) => call('DELETE', '/api/ballots/sal_1/applications/mine', accountId),
    document: async () => (await call('GET', '/api/ballots/sal_1')).body as BallotDocument,
    /** The end of applications. */
    end: () => clock.set(Date.parse(drawAt)),
    draw: async () => drawing!.run(),
    award: async () => {
      while (await awarding!.run());
    },
    /** The end of applications, the draw, the first awards. */
    async drawNow() {
      clock.set(Date.parse(drawAt))
      await drawing!.run()
      while (await awarding!.run());
    },
    awardOf: async (accountId: string) => (await mine(accountId)).award,
    pass: (awardId: string, accountId: string) => call('POST', `/api/ballots/awards/${awardId}/pass`, accountId),
    decline: (awardId: string, accountId: string) => call('POST', `/api/ballots/awards/${awardId}/decline`, accountId),
    violations: async () =>
      (await module.audit!()).checks.filter((check) => check.violations > 0).map((check) => check.name),
  }
}

export type World = Awaited<ReturnType<typeof openWorld>>

export const people = (count: number, prefix = 'acc_'): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}${i + 1}`)

/** Who holds which line, in the order of the draw; those without are left out. */
export async function winners(
  world: World,
  accountIds: readonly string[],
): Promise<{ accountId: string; lineId: string; position: number }[]> {
  const found: { accountId: string; lineId: string; position: number }[] = []
  const all = await Promise.all(accountIds.map(async (accountId) => ({ accountId, ...(await world.mine(accountId)) })))
  for (const { accountId, application, award } of all) {
    if (award?.state === 'awarded' || award?.state === 'bought')
      found.push({ accountId, lineId: award.line.id, position: application.position })
  }
  return found.toSorted((a, b) => a.position - b.position)
}

/** The accounts in the order of the draw. */
export async function inOrder(world: World, accountIds: readonly string[]): Promise<string[]> {
  const found: { accountId: string; position: number }[] = []
  for (const accountId of accountIds)
    found.push({ accountId, position: (await world.mine(accountId)).application.position })
  return found.toSorted((a, b) => a.position - b.position).map(({ accountId }) => accountId)
}
