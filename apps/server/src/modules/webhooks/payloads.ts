import type { EventData, EventSummary, Message } from '@fairgate/contracts/events'
import type { WebhookType } from '@fairgate/contracts/http/webhooks'

/** What an organiser's server is told, before it is known who wants it. */
export type Telling = { id: string; organiserId: string; type: WebhookType; body: string }

type Content = { type: WebhookType; data: Record<string, unknown> }

/** The payload that the Standard Webhooks specification recommends: type, time of the event, data. */
export const bodyOf = (type: string, timeMs: number, data: Record<string, unknown>): string =>
  JSON.stringify({ type, timestamp: new Date(timeMs).toISOString(), data })

const telling = (id: string, time: number, organiserId: string, { type, data }: Content): Telling => ({
  id,
  organiserId,
  type,
  body: bodyOf(type, time, data),
})

const eventOf = ({ id, name }: EventSummary) => ({ eventId: id, eventName: name })

export const fulfilled = ({ id, time, data }: Message<'orders.order-fulfilled.v1'>): Telling =>
  telling(id, time, data.event.organiserId, {
    type: 'order.fulfilled',
    data: {
      orderId: data.orderId,
      accountId: data.accountId,
      ...eventOf(data.event),
      saleId: data.saleId,
      section: data.section,
      seats: data.seats.map(({ label }) => label),
      total: data.total,
      fulfilledAt: data.fulfilledAt,
    },
  })

export const refunded = ({ id, time, data }: Message<'orders.order-ended.v1'>): Telling =>
  telling(id, time, data.event.organiserId, {
    type: 'order.refunded',
    data: {
      orderId: data.orderId,
      accountId: data.accountId,
      ...eventOf(data.event),
      saleId: data.saleId,
      total: data.total,
      reason: data.reason,
    },
  })

export const seatsReturned = ({ id, time, data }: Message<'orders.seats-returned.v1'>): Telling =>
  telling(id, time, data.event.organiserId, {
    type: 'order.seats_returned',
    data: {
      orderId: data.orderId,
      returnId: data.returnId,
      accountId: data.accountId,
      ...eventOf(data.event),
      saleId: data.saleId,
      section: data.section,
      seats: data.seats.map(({ label }) => label),
      seatsLeft: data.seatsLeft,
      refunded: data.refunded,
      kept: data.kept,
      reason: data.reason,
    },
  })

export const checkedIn = ({ id, time, data }: Message<'tickets.checked-in.v1'>): Telling =>
  telling(id, time, data.event.organiserId, {
    type: 'ticket.checked_in',
    data: {
      ticketId: data.ticketId,
      orderId: data.orderId,
      ...eventOf(data.event),
      section: data.section,
      seat: data.label,
      usedAt: data.usedAt,
    },
  })

type Stock = EventData<'inventory.stock-changed.v1'>

/** Seats that are held or paid for just now may still come back, so nothing is sold out before they are sold. */
export const isSoldOut = ({ sections }: Stock): boolean =>
  sections.some(({ sold }) => sold > 0) && sections.every(({ free, held, secured }) => free + held + secured === 0)

export const soldOut = (
  { id, time, data }: Message<'inventory.stock-changed.v1'>,
  sale: { organiserId: string; event: EventSummary },
): Telling =>
  telling(id, time, sale.organiserId, {
    type: 'sale.sold_out',
    data: {
      saleId: data.saleId,
      ...eventOf(sale.event),
      sold: data.sections.reduce((sum, { sold }) => sum + sold, 0),
      soldOutAt: data.at,
    },
  })
