import type { EventData } from '@fairgate/contracts/events'
import type { Offer, WaitlistDocument, WaitlistEntry } from '@fairgate/contracts/http/waitlist'
import type { Hold } from '@fairgate/contracts/http/inventory'
import { seatNumber } from '@fairgate/contracts/ids'
import { verifyWaitlist } from '@fairgate/contracts/verify-waitlist'
import type { WaitlistRecord } from '@fairgate/contracts/waitlist-order'
import { fact, type Fact } from '#platform/bus'
import { hashes } from '#platform/hashes'
import type { Platform } from '#platform/platform'
import { createInventory } from '#modules/inventory'
import { createWaitlist } from '#modules/waitlist'
import type { TestPlatform } from './fixtures.ts'
import {
  floorId,
  hallId,
  publish,
  saleFacts,
  saleId,
  seat,
  shop,
  type Refusal,
  type SaleOptions,
} from './inventory-world.ts'

export { floorId, hallId, saleId, seat }
export const minuteMs = 60_000

export const eventCancelled = (at: number): Fact =>
  fact('catalog.event-cancelled.v1', {
    eventId: 'evt_1',
    saleIds: [saleId],
    accountId: 'acc_organiser',
    note: 'The hall is closed.',
    at: new Date(at).toISOString(),
  })

export type Bought = { orderId: string; holdId: string }
export type Answer<T> = { status: number; body: T & Partial<Refusal> }

/**
 * A sale whose seats are sold by a real inventory, and its real waitlist. Orders are played by their facts: `buy` is a
 * hold that was paid for, `giveBack` the refund of an order.
 */
export async function openWaitlist(
  platform: TestPlatform,
  options: SaleOptions & {
    method?: 'queue' | 'ballot' | 'auction'
    instead?: Partial<Platform>
    /** The event is cancelled, and that is heard of before the sale. */
    isCancelled?: boolean
  } = {},
) {
  const inventory = createInventory(platform).module
  const waitlist = createWaitlist({ ...platform, ...options.instead })
  const { module } = waitlist
  const modules = [inventory, module]
  await platform.register(modules, {
    spy: [
      'waitlist.offer-made.v1',
      'waitlist.offer-ending.v1',
      'waitlist.offer-lapsed.v1',
      'waitlist.section-waited.v1',
      'waitlist.seats-released.v1',
      'waitlist.waitlist-cancelled.v1',
    ],
  })
  const { published, chunks } = saleFacts(options)
  const sale = { ...(published.data as EventData<'catalog.sale-published.v1'>), method: options.method ?? 'queue' }
  if (options.isCancelled) await publish(platform, [eventCancelled(platform.clock.now())])
  await publish(platform, [fact('catalog.sale-published.v1', sale), ...chunks])
  await platform.settle(modules)
  const { pass, place, holds, release, organise, availability } = shop(platform, inventory)
  const held = async (accountId: string, body: object): Promise<Hold> => {
    const answer = await place(accountId, body)
    if (answer.status !== 201) throw new Error(`not held: ${JSON.stringify(answer)}`)
    return (answer as { hold: Hold }).hold
  }
  const app = platform.http(modules).fastify

  async function call<T>(
    method: 'GET' | 'POST' | 'DELETE' | 'PATCH',
    path: string,
    accountId?: string,
    body?: object,
    as: { verified?: boolean; roles?: string[] } = {},
  ): Promise<Answer<T>> {
    const headers = accountId ? await platform.authorization(accountId, as) : {}
    const answer = await app.inject({ method, url: `/api/${path}`, headers, ...(body ? { payload: body } : {}) })
    return { status: answer.statusCode, body: answer.body ? JSON.parse(answer.body) : undefined }
  }
  /** Seats that came back are offered by the round after the one that brought them. */
  async function settle(): Promise<void> {
    const isTouched = async () =>
      (await platform.database.pool.query('select 1 from waitlist.sales where is_touched')).rowCount !== 0
    do await platform.settle(modules)
    while (await isTouched())
  }
  async function tell(...facts: Fact[]): Promise<void> {
    await publish(platform, facts)
    await settle()
  }

  const orderOf = (holdId: string) => `ord_${holdId}`
  const secure = (holdId: string) =>
    tell(fact('orders.secure-requested.v1', { orderId: orderOf(holdId), holdId, attempt: 1, late: false }))
  async function sell(holdId: string): Promise<string> {
    await tell(fact('orders.sell-requested.v1', { orderId: orderOf(holdId), holdId }))
    return orderOf(holdId)
  }

  /** Pays for a hold. @returns the order */
  async function pay(holdId: string): Promise<string> {
    await secure(holdId)
    return sell(holdId)
  }
  async function buy(accountId: string, body: object): Promise<Bought> {
    const { id: holdId } = await held(accountId, body)
    return { orderId: await pay(holdId), holdId }
  }

  /** Pays for many holds at once. @returns their orders */
  async function payAll(holdIds: readonly string[]): Promise<string[]> {
    await tell(
      ...holdIds.map((holdId) =>
        fact('orders.secure-requested.v1', { orderId: orderOf(holdId), holdId, attempt: 1, late: false }),
      ),
    )
    await tell(...holdIds.map((holdId) => fact('orders.sell-requested.v1', { orderId: orderOf(holdId), holdId })))
    return holdIds.map(orderOf)
  }
  async function buyAll(wants: readonly { accountId: string; body: object }[]): Promise<Bought[]> {
    const placed = await Promise.all(wants.map(({ accountId, body }) => held(accountId, body)))
    const holdIds = placed.map(({ id }) => id)
    return (await payAll(holdIds)).map((orderId, i) => ({ orderId, holdId: holdIds[i]! }))
  }

  /** Facts that both have heard, and nobody has looked what follows from them yet. */
  async function mention(...facts: Fact[]): Promise<void> {
    await publish(platform, facts)
    for (const each of modules) {
      const subscriber = platform.bus.subscriberLoop(each.name, each.subscriptions!)
      while (await subscriber.run());
    }
  }

  async function passOf(offer: Offer, accountId: string): Promise<{ passToken: string; sectionId: string }> {
    const { body } = await call<{ passToken: string; sectionId: string }>(
      'POST',
      `waitlists/offers/${offer.id}/pass`,
      accountId,
    )
    return { passToken: body.passToken, sectionId: body.sectionId }
  }

  async function records(): Promise<WaitlistRecord[]> {
    const { body } = await call<{ items: string[] }>('GET', `waitlists/${saleId}/records`)
    return body.items.map((text) => JSON.parse(text) as WaitlistRecord)
  }

  return {
    module,
    modules,
    inventory,
    enter: waitlist.enter,
    call,
    settle,
    tell,
    secure,
    sell,
    pay,
    payAll,
    buy,
    buyAll,
    mention,
    /** The refund of whole orders, as far as the inventory: the waitlist has not looked yet. */
    bringBack: (...bought: Bought[]) =>
      mention(
        ...bought.map(({ orderId, holdId }) => fact('orders.release-requested.v1', { orderId, holdId, sold: true })),
      ),
    pass,
    place,
    /** Takes the seats of an offer with its pass. @throws when they are refused */
    holdOf: async (offer: Offer, accountId: string, seatIds = offer.seats.map(({ id }) => id)): Promise<Hold> =>
      held(accountId, { ...(await passOf(offer, accountId)), seatIds }),
    holds,
    release,
    organise,
    /** What everybody sees, past what a process remembers for a moment. */
    async availability(sectionId?: string) {
      platform.clock.advance(300)
      return availability(sectionId)
    },
    /** The refund of a whole order. */
    giveBack: (...bought: Bought[]) =>
      tell(
        ...bought.map(({ orderId, holdId }) => fact('orders.release-requested.v1', { orderId, holdId, sold: true })),
      ),
    cancelEvent: () => tell(eventCancelled(platform.clock.now())),
    async document() {
      platform.clock.advance(300)
      return (await call<WaitlistDocument>('GET', `waitlists/${saleId}`)).body
    },
    join: (accountId: string, sectionIds: readonly string[], quantity = 1, together = false) =>
      call<{ entry: WaitlistEntry }>('POST', `waitlists/${saleId}/entries`, accountId, {
        sectionIds,
        quantity,
        together,
      }),
    leave: (accountId: string) => call<object>('DELETE', `waitlists/${saleId}/entries/mine`, accountId),
    mine: async (accountId: string) =>
      (await call<{ entry: WaitlistEntry; offer: Offer | null }>('GET', `waitlists/${saleId}/entries/mine`, accountId))
        .body,
    decline: (offerId: string, accountId: string) =>
      call<Offer>('POST', `waitlists/offers/${offerId}/decline`, accountId),
    /** Takes the seats of an offer, or some of them, with its pass. @returns the answer to the hold */
    async take(offer: Offer, accountId: string, seatIds: readonly string[] = offer.seats.map(({ id }) => id)) {
      const passed = await call<{ passToken: string; sectionId: string }>(
        'POST',
        `waitlists/offers/${offer.id}/pass`,
        accountId,
      )
      if (passed.status !== 200) return passed.body as Refusal
      return place(accountId, { passToken: passed.body.passToken, sectionId: passed.body.sectionId, seatIds })
    },
    records,
    /** What the verifier finds wrong. */
    async faults(): Promise<string[]> {
      const { body } = await call<{ items: string[]; head: string }>('GET', `waitlists/${saleId}/records`)
      return verifyWaitlist(hashes, body.items, body.head)
        .filter(({ result }) => result === 'wrong')
        .map(({ name, detail }) => `${name}: ${detail}`)
    },
    violations: async () =>
      (await Promise.all(modules.map((each) => each.audit!())))
        .flatMap(({ checks }) => checks)
        .filter((check) => check.violations > 0)
        .map(({ name, detail }) => `${name}: ${detail}`),
  }
}

export type World = Awaited<ReturnType<typeof openWaitlist>>

export const numbersOf = (offer: Offer): number[] => offer.seats.map(({ id }) => seatNumber(offer.section.id, id)!)
