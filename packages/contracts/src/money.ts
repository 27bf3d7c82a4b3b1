import { Type, Strict, type Static } from './schema.ts'

/** Decimal places of the currencies that a sale may use (ISO 4217). An amount is an integer of the smallest unit. */
export const currencyDigits = { KRW: 0, JPY: 0, USD: 2, EUR: 2, GBP: 2, KWD: 3 } as const

export type Currency = keyof typeof currencyDigits

export const CurrencySchema = Type.Enum(Object.keys(currencyDigits) as [Currency, ...Currency[]])

/** No single price or total is larger: 10^12 minor units stay exact in every number type on the way. */
export const amountMax = 1_000_000_000_000

export const Money = Strict({
  amount: Type.Integer({ minimum: 0, maximum: amountMax, description: 'minor units; KRW has none' }),
  currency: CurrencySchema,
})
export type Money = Static<typeof Money>

/** `money(55000, 'KRW')` */
export const money = (amount: number, currency: Currency): Money => ({ amount, currency })

/** The same price `count` times. */
export const times = (price: Money, count: number): Money => money(price.amount * count, price.currency)

/** What an event adds to the price of its seats: a fixed amount for each ticket, and a share of what the seats cost. */
export const Fees = Strict({
  perTicket: Type.Integer({ minimum: 0, maximum: 100_000_000, description: "minor units of the event's currency" }),
  basisPoints: Type.Integer({ minimum: 0, maximum: 5000, description: 'hundredths of a percent of the price' }),
})
export type Fees = Static<typeof Fees>

/**
 * The fee of an order. `price` is what its seats cost after the discount. The share is rounded once for the whole order,
 * half a minor unit upwards. Nothing is charged for seats that cost nothing.
 */
export function feeOf(price: Money, seats: number, fees: Fees | undefined): Money {
  if (!fees || price.amount === 0) return money(0, price.currency)
  return money(fees.perTicket * seats + roundedShare(price.amount, fees.basisPoints, 10_000), price.currency)
}

/** What a code takes off the price of an order's seats: a percentage, halves of a minor unit upwards, or an amount; never more than the price. */
export function discountOf(price: Money, { percent, amount }: { percent?: number; amount?: Money }): Money {
  if (percent !== undefined) return money(roundedShare(price.amount, percent, 100), price.currency)
  return money(Math.min(amount?.amount ?? 0, price.amount), price.currency)
}

/** `amount` x `part` / `whole`, rounded to the nearest integer, halves upwards; exact for every amount of money. */
function roundedShare(amount: number, part: number, whole: number): number {
  return Number((2n * BigInt(amount) * BigInt(part) + BigInt(whole)) / (2n * BigInt(whole)))
}

/**
 * An amount in equal parts whose sum is the amount, to the minor unit: the first parts get what does not divide. What a
 * seat of an order was paid with is its part of the total, in the order of the seats.
 */
export function splitMoney(total: Money, parts: number): Money[] {
  const each = Math.floor(total.amount / parts)
  const larger = total.amount - each * parts
  return Array.from({ length: parts }, (_, i) => money(i < larger ? each + 1 : each, total.currency))
}

/** Text for people, in their language: `₩55,000`, `$12.50`. */
export function formatMoney(value: Money, locale: string): string {
  const digits = currencyDigits[value.currency]
  return new Intl.NumberFormat(locale, {
    style: 'currency',
    currency: value.currency,
    minimumFractionDigits: digits,
  }).format(value.amount / 10 ** digits)
}
