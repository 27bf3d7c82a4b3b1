import { Type, Strict, type Static } from './schema.ts'

/** Decimal places of the currencies that a sale may use (ISO 4217). An amount is an integer of the smallest unit. */
export const currencyDigits = { KRW: 0, JPY: 0, USD: 2, EUR: 2, GBP: 2 } as const

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

/** Text for people, in their language: `₩55,000`, `$12.50`. */
export function formatMoney(value: Money, locale: string): string {
  const digits = currencyDigits[value.currency]
  return new Intl.NumberFormat(locale, {
    style: 'currency',
    currency: value.currency,
    minimumFractionDigits: digits,
  }).format(value.amount / 10 ** digits)
}
