import type { EntryOrder } from '@fairgate/contracts/events'
import type { LineDocument } from '@fairgate/contracts/http/waiting-room'
import type { Caller } from '#platform/access-token'
import { fact, type Bus, type Fact } from '#platform/bus'
import type { ManualScheduler } from '#platform/clock'
import { transaction } from '#platform/db'
import type { HttpApp } from '#platform/http'
import type { Module } from '#platform/module'
import type { Platform } from '#platform/platform'
import { createWaitingRoom, type WaitingRoomConfig } from './index.ts'

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
  settle(modules: readonly Module[]): Promise<void>
}

export const config: WaitingRoomConfig = { gatherMinutes: 60, claimSeconds: 60, streamsMax: 100, documentEveryMs: 250 }

/** The manual clock starts at midnight; the sale opens at ten and closes at twelve. */
export const opensAt = '2026-01-01T10:00:00.000Z'
export const closesAt = '2026-01-01T12:00:00.000Z'

export const event = {
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

export type LineSpec = { id: string; capacity?: number; shoppersMax?: number; admitPerMinute?: number }

/** The fact of a sale with one section for each line: `lin_a` sells `sec_a`. By arrival, so that positions are numbers. */
export function salePublished(lines: readonly LineSpec[], saleId = 'sal_1', order: EntryOrder = 'arrival'): Fact {
  return fact('catalog.sale-published.v1', {
    saleId,
    event,
    method: 'queue',
    opensAt,
    closesAt,
    holdSeconds: 300,
    limitPerAccount: 2,
    order,
    lines: lines.map((line) => ({
      id: line.id,
      name: line.id,
      sectionIds: [sectionOf(line.id)],
      shoppersMax: line.shoppersMax ?? 100,
      admitPerMinute: line.admitPerMinute ?? 6000,
    })),
    sections: lines.map((line) => ({
      id: sectionOf(line.id),
      name: line.id,
      admission: 'open' as const,
      capacity: line.capacity ?? 100,
      price,
      attributes: {},
    })),
  })
}

export const sectionOf = (lineId: string): string => lineId.replace('lin', 'sec')

const noSeats = { free: 0, held: 0, secured: 0, sold: 0, blocked: 0 }

export type Counts = { free?: number; held?: number; secured?: number; sold?: number; blocked?: number }

export function stockChanged(at: number, sections: Record<string, Counts>, saleId = 'sal_1'): Fact {
  return fact('inventory.stock-changed.v1', {
    saleId,
    at: new Date(at).toISOString(),
    sections: Object.entries(sections).map(([lineId, counts]) => ({
      sectionId: sectionOf(lineId),
      ...noSeats,
      ...counts,
    })),
  })
}

export function orderFulfilled(order: {
  id: string
  lineId: string
  accountId: string
  seats?: number
  at: number
  saleId?: string
}): Fact {
  const seats = Array.from({ length: order.seats ?? 1 }, (_, i) => ({ number: i + 1, label: `${i + 1}` }))
  return fact('orders.order-fulfilled.v1', {
    orderId: order.id,
    holdId: `hld_${order.id}`,
    accountId: order.accountId,
    saleId: order.saleId ?? 'sal_1',
    lineId: order.lineId,
    event,
    section: { id: sectionOf(order.lineId), name: order.lineId },
    seats,
    unitPrice: price,
    total: { ...price, amount: price.amount * seats.length },
    fulfilledAt: new Date(order.at).toISOString(),
  })
}

export function orderRefunded(order: { id: string; lineId: string; accountId: string }): Fact {
  return fact('orders.order-ended.v1', {
    orderId: order.id,
    accountId: order.accountId,
    saleId: 'sal_1',
    lineId: order.lineId,
    event,
    total: price,
    state: 'refunded',
    reason: 'returned',
  })
}

/** Some seats of a fulfilled order go back. */
export function seatsReturned(
  order: { id: string; lineId: string; accountId: string },
  returnId: string,
  seats = 1,
): Fact {
  return fact('orders.seats-returned.v1', {
    orderId: order.id,
    returnId,
    holdId: `hld_${order.id}`,
    accountId: order.accountId,
    saleId: 'sal_1',
    lineId: order.lineId,
    event,
    section: { id: sectionOf(order.lineId), name: order.lineId },
    seats: Array.from({ length: seats }, (_, i) => ({ number: i + 1, label: `${i + 1}` })),
    seatsLeft: 1,
    refunded: price,
    kept: { ...price, amount: 0 },
    reason: 'buyer',
    at: opensAt,
  })
}

/** A waiting room with one published sale whose stock is known, and the calls that a test makes of it. */
export async function openWorld(
  platform: TestPlatform,
  lines: readonly LineSpec[] = [{ id: 'lin_a' }],
  overrides: Partial<WaitingRoomConfig> = {},
  order: EntryOrder = 'arrival',
) {
  const { module, join } = createWaitingRoom(platform, { ...config, ...overrides })
  const { fastify } = platform.http([module])
  const [frontier, broadcast, drawing] = module.loops!

  async function tell(...facts: Fact[]): Promise<void> {
    await transaction(platform.db, (tx) => platform.outbox.publish(tx, facts))
    const subscriber = platform.bus.subscriberLoop(module.name, module.subscriptions!)
    while (await subscriber.run());
  }

  async function call(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    url: string,
    accountId?: string,
    body?: object,
    as: { roles?: string[]; verified?: boolean } = {},
  ) {
    const headers = accountId ? await platform.authorization(accountId, as) : {}
    const answer = await fastify.inject({ method, url, headers, ...(body ? { payload: body } : {}) })
    return {
      status: answer.statusCode,
      headers: answer.headers,
      body: answer.body ? JSON.parse(answer.body) : undefined,
    }
  }

  await platform.register([module], {
    spy: ['waiting-room.sale-ready.v1'],
    inventory: ['waiting-room.pass-ended.v1'],
  })
  await tell(
    salePublished(lines, 'sal_1', order),
    stockChanged(
      platform.clock.now(),
      Object.fromEntries(lines.map((line) => [line.id, { free: line.capacity ?? 100 }])),
    ),
  )

  return {
    module,
    tell,
    call,
    join: (accountId: string, lineId = 'lin_a') => call('POST', `/api/lines/${lineId}/places`, accountId, {}),
    /** Gives up the place in `from` for one at the end of `to`. */
    move: (accountId: string, from: string, to: string) =>
      call('POST', `/api/lines/${to}/places`, accountId, { moveFrom: from }),
    /** Joins without the HTTP edge: for crowds. */
    joinCrowd: (accountIds: readonly string[], lineId = 'lin_a') =>
      Promise.all(accountIds.map((accountId) => join({ lineId, accountId }))),
    /** Joins one after the other, so that the n-th person has number n. @returns their receipts */
    async joinInTurn(accountIds: readonly string[]): Promise<string[]> {
      const receipts: string[] = []
      for (const accountId of accountIds)
        receipts.push((await call('POST', '/api/lines/lin_a/places', accountId, {})).body.placeToken)
      return receipts
    },
    claim: (accountId: string, placeToken: string, lineId = 'lin_a') =>
      call('POST', `/api/lines/${lineId}/passes`, accountId, { placeToken }),
    leave: (accountId: string, lineId = 'lin_a') => call('DELETE', `/api/lines/${lineId}/passes`, accountId),
    document: async (lineId = 'lin_a') => (await call('GET', `/api/lines/${lineId}`)).body as LineDocument,
    tick: () => frontier!.run(),
    broadcast: () => broadcast!.run(),
    draw: () => drawing!.run(),
    openSale: () => platform.clock.set(Date.parse(opensAt)),
    violations: async () =>
      (await module.audit!()).checks.filter((check) => check.violations > 0).map((check) => check.name),
  }
}

export const people = (count: number, prefix = 'acc_'): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}${i + 1}`)
