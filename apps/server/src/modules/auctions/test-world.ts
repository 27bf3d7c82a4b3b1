import type { LeftOverRule, SoftClose } from '@fairgate/contracts/auction'
import type { AuctionAward, LotDocument, MyBids } from '@fairgate/contracts/http/auctions'
import { fact, type Bus, type Fact } from '#platform/bus'
import type { ManualScheduler } from '#platform/clock'
import { transaction } from '#platform/db'
import type { HttpApp } from '#platform/http'
import type { Module } from '#platform/module'
import type { Platform } from '#platform/platform'
import { createAuctions } from './index.ts'

/** What these helpers need of a test's platform. */
type TestPlatform = Platform & {
  clock: ManualScheduler
  bus: Bus
  http(modules: readonly Module[]): HttpApp
  authorization(
    accountId: string,
    options?: { roles?: string[]; verified?: boolean },
  ): Promise<{ authorization: string }>
  register(modules: readonly Module[], others?: Record<string, readonly Fact['type'][]>): Promise<void>
  taken(subscriber: string): Promise<{ type: Fact['type']; key: string; data: Record<string, unknown> }[]>
}

/** The manual clock starts at midnight. Bids from ten to twelve, awards until midnight, each for an hour. */
export const opensAt = '2026-01-01T10:00:00.000Z'
export const endsAt = '2026-01-01T12:00:00.000Z'
export const closesAt = '2026-01-02T00:00:00.000Z'
export const payBySeconds = 3600
export const holdSeconds = 300
export const startAmount = 100_000
export const step = 5000
export const lotId = 'lot_1'
export const won = (amount: number) => ({ amount, currency: 'KRW' as const })

const event = {
  id: 'evt_1',
  organiserId: 'acc_organiser',
  kind: 'concert',
  name: 'Front Row Night',
  venue: 'Hall',
  startsAt: '2026-01-02T10:00:00.000Z',
  timeZone: 'Asia/Seoul',
  currency: 'KRW',
} as const

export type Options = { seats?: number; softClose?: SoftClose; leftOver?: LeftOverRule }

const salePublished = ({ seats = 3, softClose, leftOver = 'organiser' }: Options): Fact =>
  fact('catalog.sale-published.v1', {
    saleId: 'sal_1',
    event,
    method: 'auction',
    opensAt,
    closesAt,
    holdSeconds,
    limitPerAccount: 1,
    auction: { endsAt, payBySeconds, bidsMax: 3, step: won(step), leftOver, ...(softClose ? { softClose } : {}) },
    lots: [
      {
        id: lotId,
        lineId: lotId,
        sectionId: 'sec_row',
        startPrice: won(startAmount),
        seats: Array.from({ length: seats }, (_, i) => ({ number: seats - i, label: `A-${seats - i}` })),
      },
    ],
    lines: [{ id: lotId, name: 'Front row', sectionIds: ['sec_row'], shoppersMax: 1, admitPerMinute: 1 }],
    sections: [
      {
        id: 'sec_row',
        name: 'Row',
        admission: 'reserved',
        capacity: seats,
        price: won(startAmount),
        attributes: {},
      },
    ],
  })

type OrderSpec = { id: string; accountId: string; amount: number }

const orderFacts = ({ id, accountId, amount }: OrderSpec) => ({
  orderId: id,
  holdId: `hld_${id}`,
  accountId,
  saleId: 'sal_1',
  lineId: lotId,
  event,
  section: { id: 'sec_row', name: 'Row' },
  seats: [{ number: 1, label: 'A-1' }],
  unitPrice: won(amount),
  total: won(amount),
})
export const orderPlaced = (order: OrderSpec): Fact =>
  fact('orders.order-placed.v1', { ...orderFacts(order), payBy: closesAt })
export const orderFulfilled = (order: OrderSpec): Fact =>
  fact('orders.order-fulfilled.v1', { ...orderFacts(order), fulfilledAt: closesAt })
export const orderEnded = (order: OrderSpec, state: 'expired' | 'cancelled' | 'refunded'): Fact =>
  fact('orders.order-ended.v1', {
    orderId: order.id,
    accountId: order.accountId,
    saleId: 'sal_1',
    lineId: lotId,
    event,
    total: won(order.amount),
    state,
    reason: 'r',
  })

export const eventCancelled = (at: number): Fact =>
  fact('catalog.event-cancelled.v1', {
    eventId: event.id,
    saleIds: ['sal_1'],
    accountId: event.organiserId,
    note: 'The singer is ill.',
    at: new Date(at).toISOString(),
  })

/** A lot whose bids are open, and the calls that a test makes of it. */
export async function openWorld(platform: TestPlatform, options: Options = {}, before: readonly Fact[] = []) {
  const { module, bid } = createAuctions(platform, { streamsMax: 10_000 })
  const app = platform.http([module])
  const [broadcast, closing, awarding] = module.loops!
  const { clock } = platform

  async function tell(...facts: Fact[]): Promise<void> {
    await transaction(platform.db, (tx) => platform.outbox.publish(tx, facts))
    const subscriber = platform.bus.subscriberLoop(module.name, module.subscriptions!)
    while (await subscriber.run());
  }
  async function call(
    method: 'GET' | 'POST',
    url: string,
    accountId?: string,
    body?: object,
    more: { verified?: boolean; roles?: string[]; headers?: Record<string, string> } = {},
  ) {
    const headers = { ...(accountId ? await platform.authorization(accountId, more) : {}), ...more.headers }
    const answer = await app.fastify.inject({ method, url, headers, ...(body ? { payload: body } : {}) })
    return {
      status: answer.statusCode,
      headers: answer.headers,
      body: answer.body ? JSON.parse(answer.body) : undefined,
    }
  }

  await platform.register([module], {
    spy: [
      'auctions.sale-ready.v1',
      'auctions.pushed-out.v1',
      'auctions.awarded.v1',
      'auctions.not-awarded.v1',
      'auctions.award-ending.v1',
      'auctions.lot-cancelled.v1',
    ],
  })
  await tell(...before, salePublished(options))
  clock.set(Date.parse(opensAt))

  const award = async () => {
    while (await awarding!.run());
  }
  return {
    module,
    app,
    broadcast: broadcast!,
    tell,
    call,
    award,
    /** A bid without the HTTP edge, told as its rank and chances or the code of its refusal. */
    bid: (accountId: string, amount: number, lot = lotId) =>
      bid({ lotId: lot, accountId, amount }).then(
        ({ rank, chancesLeft, bid: made }) => ({ rank, chancesLeft, sequence: made.sequence, id: made.id }),
        (error: { code?: string }) => error.code ?? Promise.reject(error),
      ),
    close: () => closing!.run(),
    /** The end of the bids, and the close. */
    async closeNow(at = endsAt) {
      clock.set(Date.parse(at))
      await closing!.run()
    },
    document: async () => (await call('GET', `/api/lots/${lotId}`)).body as LotDocument,
    mine: async (accountId: string) => (await call('GET', `/api/lots/${lotId}/bids/mine`, accountId)).body as MyBids,
    awardOf: async (accountId: string): Promise<AuctionAward | null> =>
      ((await call('GET', `/api/lots/${lotId}/bids/mine`, accountId)).body as MyBids).award,
    pass: (awardId: string, accountId: string) => call('POST', `/api/awards/${awardId}/pass`, accountId),
    decline: (awardId: string, accountId: string) => call('POST', `/api/awards/${awardId}/decline`, accountId),
    spied: async (type?: Fact['type']) =>
      (await platform.taken('spy')).filter((message) => type === undefined || message.type === type),
    /** Who was told since the last look that they are out, in that order. */
    pushedOut: async () =>
      (await platform.taken('spy')).flatMap(({ data }) =>
        (data['people'] as { accountId: string }[]).map(({ accountId }) => accountId),
      ),
    violations: async () =>
      (await module.audit!()).checks.filter((check) => check.violations > 0).map((check) => check.name),
  }
}

export type World = Awaited<ReturnType<typeof openWorld>>
