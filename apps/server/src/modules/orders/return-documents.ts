import type {
  Cancellation as CancellationDocument,
  EventOrder,
  OrderReturn,
  RefundQuote,
} from '@fairgate/contracts/http/cancellations'
import { seatId } from '@fairgate/contracts/ids'
import { money } from '@fairgate/contracts/money'
import type { Shown } from './cancellations.ts'
import type { EventOrderRow } from './cancellations-store.ts'
import { sum } from './return-steps.ts'
import type { Quote } from './returns.ts'
import type { Return } from './returns-store.ts'

const instant = (ms: number) => new Date(ms).toISOString()

export function returnDocument(sectionId: string, entry: Return): OrderReturn {
  const { id, state, seats, refund, paid, currency, reason, note, usedSeats, askedAt } = entry
  return {
    id,
    state,
    seatIds: seats.map(({ number }) => seatId(sectionId, number)),
    refund: money(refund, currency),
    kept: money(paid - refund, currency),
    reason,
    note,
    ...(usedSeats ? { usedSeatIds: usedSeats.map((number) => seatId(sectionId, number)) } : {}),
    askedAt: instant(askedAt),
  }
}

export function quoteDocument({ order, seats, refund, terms }: Quote): RefundQuote {
  const { currency } = order.total
  const paid = sum(seats.map((seat) => seat.paid))
  return {
    orderId: order.id,
    seats: seats.map(({ seat, paid: seatPaid, refund: seatRefund }) => ({
      seatId: seatId(order.section.id, seat.number),
      label: seat.label,
      paid: seatPaid,
      refund: seatRefund,
    })),
    paid: money(paid, currency),
    refund,
    kept: money(paid - refund.amount, currency),
    percent: terms.percent,
    feePerSeat: money(terms.feePerSeat, currency),
    until: instant(terms.until),
    isGrace: terms.isGrace,
  }
}

export function cancellationDocument({ cancellation, tally, currency }: Shown): CancellationDocument {
  const { id, eventId, orderIds, sectionId, percent, reason, note, state, createdAt, finishedAt } = cancellation
  const { asked, refunding, done, refused, seats, refund, refunded } = tally
  return {
    id,
    eventId,
    scope: orderIds ? 'orders' : sectionId === null ? 'event' : 'section',
    ...(sectionId === null ? {} : { sectionId }),
    percent,
    reason,
    note,
    state,
    orders: { total: cancellation.ordersTotal, seen: cancellation.ordersSeen },
    returns: { asked, refunding, done, refused },
    seats,
    refund: money(refund, currency),
    refunded: money(refunded, currency),
    createdAt: instant(createdAt),
    finishedAt: finishedAt === null ? null : instant(finishedAt),
  }
}

export function eventOrderDocument(found: EventOrderRow): EventOrder {
  const { id, accountId, state, sectionId, sectionName, seats, total, currency, refunded, placedAt } = found
  return {
    id,
    accountId,
    state,
    section: { id: sectionId, name: sectionName },
    seats,
    total: money(total, currency),
    refunded: money(refunded, currency),
    placedAt: placedAt.toISOString(),
  }
}
