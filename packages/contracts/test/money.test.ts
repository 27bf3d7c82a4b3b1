import { expect, test } from 'vitest'
import { Value } from 'typebox/value'
import {
  Money,
  amountMax,
  currencyDigits,
  feeOf,
  formatMoney,
  money,
  splitMoney,
  times,
  type Currency,
} from '../src/money.ts'

test('an amount is written in the way of the reader, with as many decimals as the currency has', () => {
  expect(formatMoney(money(55_000, 'KRW'), 'en')).toBe('₩55,000')
  expect(formatMoney(money(55_000, 'KRW'), 'ko')).toBe('₩55,000')
  expect(formatMoney(money(1250, 'USD'), 'en')).toBe('$12.50')
  expect(formatMoney(money(1200, 'USD'), 'en')).toBe('$12.00')
  expect(formatMoney(money(5, 'USD'), 'en')).toBe('$0.05')
  expect(formatMoney(money(500, 'JPY'), 'en')).toBe('¥500')
  expect(formatMoney(money(123_456, 'EUR'), 'de').replaceAll(/\s/gu, ' ')).toBe('1.234,56 €')
  expect(formatMoney(money(0, 'KRW'), 'en')).toBe('₩0')
})

test('the decimals here are those that the world uses', () => {
  for (const [currency, digits] of Object.entries(currencyDigits)) {
    const used = new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits
    expect(used, currency).toBe(digits)
  }
})

test('the largest amount is still exact and still readable', () => {
  expect(formatMoney(money(amountMax, 'KRW'), 'en')).toBe('₩1,000,000,000,000')
  expect(formatMoney(money(amountMax - 1, 'USD'), 'en')).toBe('$9,999,999,999.99')
  expect(times(money(33, 'USD'), 3)).toEqual(money(99, 'USD'))
})

test('money is a whole number of minor units in a currency that is known here', () => {
  expect(Value.Check(Money, money(0, 'KRW'))).toBe(true)
  for (const wrong of [
    money(-1, 'KRW'),
    money(0.5, 'USD'),
    money(amountMax + 1, 'KRW'),
    money(1, 'XXX' as Currency),
    { amount: '1', currency: 'KRW' },
    { amount: 1 },
    { ...money(1, 'KRW'), tax: 1 },
  ]) {
    expect(Value.Check(Money, wrong), JSON.stringify(wrong)).toBe(false)
  }
})

test('a fee is a fixed amount a ticket and a share of the price, rounded once, half a unit upwards; nothing where nothing is paid', () => {
  const fees = { perTicket: 1000, basisPoints: 250 }
  expect(feeOf(money(110_000, 'KRW'), 2, fees)).toEqual(money(4750, 'KRW'))
  expect(feeOf(money(1010, 'USD'), 1, { perTicket: 0, basisPoints: 500 })).toEqual(money(51, 'USD'))
  expect(feeOf(money(1009, 'USD'), 1, { perTicket: 0, basisPoints: 500 })).toEqual(money(50, 'USD'))
  expect(feeOf(money(12_345, 'KWD'), 3, { perTicket: 250, basisPoints: 0 })).toEqual(money(750, 'KWD'))
  expect(feeOf(money(0, 'KRW'), 2, fees)).toEqual(money(0, 'KRW'))
  expect(feeOf(money(110_000, 'KRW'), 2, undefined)).toEqual(money(0, 'KRW'))
  expect(feeOf(money(amountMax - 1, 'KRW'), 1, { perTicket: 0, basisPoints: 5000 })).toEqual(
    money(amountMax / 2, 'KRW'),
  )
})

test('an amount is split into parts that are at most one unit apart and lose nothing', () => {
  expect(splitMoney(money(100, 'KRW'), 3).map(({ amount }) => amount)).toEqual([34, 33, 33])
  expect(splitMoney(money(2, 'KRW'), 4).map(({ amount }) => amount)).toEqual([1, 1, 0, 0])
  expect(splitMoney(money(0, 'USD'), 2)).toEqual([money(0, 'USD'), money(0, 'USD')])
  for (const [amount, parts] of [
    [amountMax, 7],
    [1, 1],
    [112_750, 4],
    [999, 1000],
  ] as const) {
    const split = splitMoney(money(amount, 'KRW'), parts).map((part) => part.amount)
    expect(split).toHaveLength(parts)
    expect(split.reduce((sum, part) => sum + part, 0)).toBe(amount)
    expect(split[0]! - split.at(-1)!).toBeLessThanOrEqual(1)
  }
})
