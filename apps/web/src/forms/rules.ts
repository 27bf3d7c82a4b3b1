import { currencyDigits, type Currency } from '@fairgate/contracts/money'
import type { Messages } from '../i18n/en.ts'

/** The faults of a form by field; empty when it may be sent. */
export type Faults = Record<string, string>

export const filled = (value: string, t: Messages): string | undefined =>
  value.trim() ? undefined : t.common.field.required

/** The same rough rule as the server's; a mistyped address that passes gets no code, which the next step says. */
export const emailFault = (value: string, t: Messages): string | undefined =>
  /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value.trim()) ? undefined : t.common.field.email

export const wholeFault = (value: string, t: Messages, min: number, max: number): string | undefined => {
  const number = Number(value)
  return /^\d+$/.test(value.trim()) && number >= min && number <= max
    ? undefined
    : `${t.common.field.number} (${min}–${max.toLocaleString('en')})`
}

/** How an amount of a currency is asked for that was not understood. */
export const amountFault = (currency: Currency, t: Messages): string =>
  currencyDigits[currency] > 0 ? t.common.field.price : t.common.field.number

/** Only the fields that have a fault. */
export function faultsFrom(checks: Record<string, string | undefined>): Faults {
  return Object.fromEntries(Object.entries(checks).filter((entry): entry is [string, string] => entry[1] !== undefined))
}
