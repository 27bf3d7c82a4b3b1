import type { EventData, Message } from '@fairgate/contracts/events'
import type { Currency, Money } from '@fairgate/contracts/money'

/**
 * The accounts. `provider`: what a payment provider holds for us. `buyer`: money that is neither a seat's nor given back.
 * `organiser`: the price of seats that buyers have. `fees`: what the platform earns. `kept`: what stays with the organiser
 * of returned seats. `discounts`: what the organiser gave away.
 */
export const accounts = ['provider', 'buyer', 'organiser', 'fees', 'kept', 'discounts'] as const
export type Account = (typeof accounts)[number]

const kinds = ['captured', 'refunded', 'fulfilled', 'returned'] as const
type Kind = (typeof kinds)[number]

/** One fact about money. What is owed to us is positive, what we owe is negative, and the sum is zero. */
export type Entry = Readonly<Record<Account, number>> & {
  orderId: string
  kind: Kind
  ref: string
  eventId: string | null
  sectionId: string | null
  /** Epoch milliseconds. */
  at: number
  currency: Currency
  providerName: string | null
  seats: number
}

/** The facts that become entries. */
export const heard = [
  'payments.payment-captured.v1',
  'payments.payment-refunded.v1',
  'orders.order-fulfilled.v1',
  'orders.seats-returned.v1',
] as const

export type Heard = Message<(typeof heard)[number]>

/** The entry of a fact. It depends on nothing else, so facts may come twice, late and in any order. */
export function entryOf(message: Heard): Entry {
  switch (message.type) {
    case 'payments.payment-captured.v1': {
      const { paymentId, amount, capturedAt } = message.data
      const moved = { kind: 'captured', ref: paymentId, at: Date.parse(capturedAt) } as const
      return { ...ofMoney(message.data), ...moved, provider: amount.amount, buyer: -amount.amount }
    }
    case 'payments.payment-refunded.v1': {
      const { paymentId, refundId, amount } = message.data
      const moved = { kind: 'refunded', ref: refundId ?? paymentId, at: message.time } as const
      return { ...ofMoney(message.data), ...moved, provider: -amount.amount, buyer: amount.amount }
    }
    case 'orders.order-fulfilled.v1': {
      const { seats, unitPrice, fee, discount, total, fulfilledAt } = message.data
      return {
        ...ofSeats(message.data, total.currency),
        kind: 'fulfilled',
        ref: '',
        at: Date.parse(fulfilledAt),
        seats: seats.length,
        buyer: total.amount,
        organiser: -unitPrice.amount * seats.length,
        fees: -amountOf(fee),
        discounts: amountOf(discount),
      }
    }
    case 'orders.seats-returned.v1': {
      const { returnId, seats, refunded, kept, fee, discount, at } = message.data
      return {
        ...ofSeats(message.data, refunded.currency),
        kind: 'returned',
        ref: returnId,
        at: Date.parse(at),
        seats: -seats.length,
        buyer: -refunded.amount,
        organiser: refunded.amount + kept.amount - amountOf(fee) + amountOf(discount),
        fees: amountOf(fee),
        kept: -kept.amount,
        discounts: -amountOf(discount),
      }
    }
  }
}

const nothing = { seats: 0, provider: 0, buyer: 0, organiser: 0, fees: 0, kept: 0, discounts: 0 }

const ofMoney = (data: EventData<'payments.payment-captured.v1' | 'payments.payment-refunded.v1'>) => ({
  ...nothing,
  orderId: data.orderId,
  eventId: data.eventId ?? null,
  sectionId: null,
  currency: data.amount.currency,
  providerName: data.provider ?? 'unknown',
})

const ofSeats = (data: { orderId: string; event: { id: string }; section: { id: string } }, currency: Currency) => ({
  ...nothing,
  orderId: data.orderId,
  eventId: data.event.id,
  sectionId: data.section.id,
  currency,
  providerName: null,
})

const amountOf = (money: Money | undefined) => money?.amount ?? 0
