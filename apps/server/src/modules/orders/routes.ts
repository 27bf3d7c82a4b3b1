import { codeRoutes } from '@fairgate/contracts/http/codes'
import { orderRoutes as contracts, type Order as OrderDocument } from '@fairgate/contracts/http/orders'
import { seatId } from '@fairgate/contracts/ids'
import { money } from '@fairgate/contracts/money'
import type { HttpApp } from '#platform/http'
import type { Platform } from '#platform/platform'
import { publicState } from './order.ts'
import type { UseCases } from './orders.ts'
import { quoteDocument, returnDocument } from './return-documents.ts'
import type { Returns } from './returns.ts'
import type { Return } from './returns-store.ts'
import { extras, isFree, lateness, type Order } from './saga.ts'

export function serveOrders(
  http: HttpApp,
  useCases: UseCases,
  returns: Returns,
  { tokens, clock }: Pick<Platform, 'tokens' | 'clock'>,
): void {
  const paymentRequestToken = ({ id, accountId, event, total, payBy }: Order) =>
    tokens.sign('payment-request', { orderId: id, accountId, eventId: event.id, amount: total, exp: payBy })

  const document = (order: Order, gone: readonly Return[] = []): OrderDocument => ({
    id: order.id,
    state: publicState[order.state],
    event: order.event,
    section: order.section,
    items: order.seats.map(({ number, label }) => ({
      seatId: seatId(order.section.id, number),
      label,
      price: order.unitPrice,
    })),
    ...extras(order),
    total: order.total,
    ...(order.promoCode === null ? {} : { promoCode: order.promoCode }),
    placedAt: new Date(order.placedAt).toISOString(),
    payBy: new Date(order.payBy).toISOString(),
    refusal: order.refusal,
    ...(order.acceptEqualSeats ? { acceptsEqualSeats: true } : {}),
    ...lateness(order),
    ...(gone.length > 0 ? { returns: gone.map((entry) => returnDocument(order.section.id, entry)) } : {}),
    ...(order.state === 'awaiting-deposit' ? { awaits: 'deposit' as const } : {}),
    ...(order.state === 'awaiting-payment' && order.payBy > clock.now()
      ? { paymentRequestToken: paymentRequestToken(order) }
      : {}),
  })

  const documents = async (shown: readonly Order[]): Promise<OrderDocument[]> => {
    const gone = await returns.ofOrders(shown)
    return shown.map((order) => document(order, gone.get(order.id)))
  }
  const one = async (order: Order) => (await documents([order]))[0]!

  http.serve(contracts.placeOrder, async ({ caller, body }) => {
    const { order, isNew } = await useCases.place(caller.accountId, body)
    return {
      status: isNew ? 201 : 200,
      body: {
        order: document(order),
        ...(isFree(order) ? {} : { paymentRequestToken: paymentRequestToken(order) }),
      },
    }
  })

  http.serve(contracts.listOrders, async ({ caller, query }) => {
    const { items, nextCursor } = await useCases.list(caller.accountId, query.cursor)
    return { status: 200, body: { items: await documents(items), nextCursor } }
  })

  http.serve(contracts.getOrder, async ({ caller, params, query, signal }) => {
    const order = query.waitSeconds
      ? await useCases.follow(caller.accountId, params.id, query.waitSeconds * 1000, signal)
      : await useCases.get(caller.accountId, params.id)
    return { status: 200, body: await one(order) }
  })

  http.serve(contracts.cancelOrder, async ({ caller, params, body }) => {
    const { state } = await useCases.get(caller.accountId, params.id)
    const order =
      state === 'fulfilled'
        ? await returns.cancel(caller.accountId, params.id, body)
        : await useCases.cancel(caller.accountId, params.id)
    return { status: 200, body: await one(order) }
  })

  http.serve(contracts.quoteRefund, async ({ caller, params, query }) => ({
    status: 200,
    body: quoteDocument(await returns.quote(caller.accountId, params.id, query.seatIds?.split(','))),
  }))

  const { codes } = useCases
  http.serve(codeRoutes.createPromotion, async ({ caller, params, body }) => ({
    status: 201,
    body: await codes.create(caller, params.id, body),
  }))
  http.serve(codeRoutes.listPromotions, async ({ caller, params }) => ({
    status: 200,
    body: { items: await codes.list(caller, params.id) },
  }))
  http.serve(codeRoutes.endPromotion, async ({ caller, params }) => ({
    status: 200,
    body: await codes.end(caller, params.id),
  }))
  http.serve(codeRoutes.promotionCodes, async ({ caller, params }) => ({
    status: 200,
    bytes: await codes.csv(caller, params.id),
    type: 'text/csv; charset=utf-8',
    headers: { 'content-disposition': 'attachment; filename="codes.csv"' },
  }))
  http.serve(codeRoutes.checkCode, async ({ caller, body }) => ({
    status: 200,
    body: await codes.check(caller.accountId, body.eventId, body.code),
  }))

  http.serve(contracts.orderFigures, async ({ caller, params }) => {
    const { eventId, currency, byState, sections } = await useCases.figures(caller, params.id)
    const counts: Record<string, number> = {}
    for (const { state, count } of byState) counts[publicState[state]] = (counts[publicState[state]] ?? 0) + count
    const revenue = sections.reduce((sum, section) => sum + section.revenue, 0)
    return { status: 200, body: { eventId, byState: counts, sections, revenue: money(revenue, currency) } }
  })
}
