import { urlOf } from '@fairgate/contracts/client'
import type { EventType } from '@fairgate/contracts/events'
import {
  cancelOrder,
  getOrder,
  listOrders,
  placeOrder,
  type Order as OrderDocument,
} from '@fairgate/contracts/http/orders'
import { seatNumber } from '@fairgate/contracts/ids'
import type { TokenPayload } from '@fairgate/contracts/tokens'
import type { Fact } from '#platform/bus'
import { transaction } from '#platform/db'
import { createOrders, type OrdersConfig } from '#modules/orders'
import type { TestPlatform } from './fixtures.ts'
import { createModel, type Model } from './orders-model.ts'

const asked = [
  'orders.order-placed.v1',
  'orders.secure-requested.v1',
  'orders.capture-requested.v1',
  'orders.payment-declined.v1',
  'orders.sell-requested.v1',
  'orders.return-requested.v1',
  'orders.release-requested.v1',
  'orders.refund-requested.v1',
  'orders.revoke-requested.v1',
  'orders.seats-returned.v1',
  'orders.order-fulfilled.v1',
  'orders.order-ended.v1',
] as const satisfies readonly EventType[]

export const event = {
  id: 'evt_1',
  organiserId: 'acc_organiser',
  kind: 'concert' as const,
  name: 'Concert',
  venue: 'Hall',
  startsAt: '2026-06-01T10:00:00.000Z',
  timeZone: 'Asia/Seoul',
  currency: 'KRW' as const,
}

/** The orders module on a database of its own, with all it asks of others in the test's hands. */
export async function openWorld(platform: TestPlatform, config: Partial<OrdersConfig> = {}) {
  const face = createOrders(platform, config)
  const modules = [face.module]
  await platform.register(modules, { others: asked })
  const http = platform.http(modules).fastify
  const models = new Map<string, Model>()

  function hold(name: string, members: Partial<TokenPayload<'hold'>> = {}): string {
    const seats = members.seats ?? [
      { number: 1, label: 'A-1' },
      { number: 2, label: 'A-2' },
    ]
    return platform.tokens.sign('hold', {
      holdId: `hld_${name}`,
      lineId: 'lin_1',
      saleId: 'sal_1',
      accountId: 'acc_buyer',
      event,
      section: { id: 'sec_1', name: 'Floor' },
      seats,
      unitPrice: { amount: 55_000, currency: 'KRW' },
      total: { amount: 55_000 * seats.length, currency: 'KRW' },
      exp: platform.clock.now() + 300_000,
      ...members,
    })
  }

  const as = (accountId: string) => platform.authorization(accountId)
  const post = async (
    url: string,
    payload: object | undefined,
    accountId = 'acc_buyer',
    headers: Record<string, string> = {},
  ) =>
    http.inject({
      method: 'POST',
      url,
      ...(payload ? { payload } : {}),
      headers: { ...(await as(accountId)), ...headers },
    })
  const place = (holdToken: string, accountId?: string, wishes: { acceptEqualSeats?: boolean } = {}) =>
    post(placeOrder.path, { holdToken, ...wishes }, accountId)
  const get = async (id: string, query = {}, accountId = 'acc_buyer') =>
    http.inject({ method: 'GET', url: urlOf(getOrder, { id }, query), headers: await as(accountId) })
  const list = async (query = {}, accountId = 'acc_buyer') =>
    http.inject({ method: 'GET', url: urlOf(listOrders, undefined, query), headers: await as(accountId) })
  const cancel = (id: string, accountId?: string) => post(urlOf(cancelOrder, { id }, undefined), undefined, accountId)

  const publish = (...facts: readonly Fact[]) => transaction(platform.db, (tx) => platform.outbox.publish(tx, facts))
  const settle = () => platform.settle(modules)
  const taken = async () => (await platform.taken('others')) as unknown as (Fact & { key: string })[]

  /** An order that was just placed, and the model of the others for it. */
  async function placed(
    name: string,
    members: Partial<TokenPayload<'hold'>> = {},
    { acceptEqualSeats = false, ...options }: Parameters<typeof createModel>[1] & { acceptEqualSeats?: boolean } = {},
  ) {
    const placing = await place(hold(name, members), undefined, acceptEqualSeats ? { acceptEqualSeats } : {})
    const { order } = placing.json<{ order: OrderDocument }>()
    await taken()
    return { id: order.id, model: modelOf(name, order, options) }
  }

  /** What the others do about an order that was placed with the hold of this name. */
  function modelOf(name: string, order: OrderDocument, options: Parameters<typeof createModel>[1] = {}): Model {
    const times = { placedAt: Date.parse(order.placedAt), payBy: Date.parse(order.payBy) }
    const seats = order.items.map(({ seatId, label }) => ({ number: seatNumber(order.section.id, seatId)!, label }))
    const model = createModel({ ...order, ...times, seats, holdId: `hld_${name}`, accountId: 'acc_buyer' }, options)
    models.set(order.id, model)
    return model
  }

  /** Lets the others answer until nobody has anything more to say. @returns all that orders asked and told, by type */
  async function play(see: (request: Fact) => void = () => {}): Promise<string[]> {
    const said: string[] = []
    for (;;) {
      await settle()
      const requests = await taken()
      if (requests.length === 0) return said
      requests.forEach(see)
      said.push(...requests.map(({ type }) => type.replace(/^orders\.(.*)\.v1$/, '$1')))
      await publish(...requests.flatMap((request) => models.get(request.key)?.hear(request) ?? []))
    }
  }

  const state = async (id: string) => (await face.history(id)).at(-1)?.to

  return {
    face,
    http,
    modules,
    hold,
    place,
    get,
    list,
    cancel,
    post,
    publish,
    settle,
    taken,
    placed,
    modelOf,
    play,
    state,
    models,
    as,
  }
}
