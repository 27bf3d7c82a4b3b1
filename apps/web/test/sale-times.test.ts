import { expect, test } from 'vitest'
import { saleTimeFaults, type SaleTimes } from '../src/forms/sale-times.ts'
import { en } from '../src/i18n/en.ts'

const now = Date.parse('2027-01-01T00:00:00Z')
const sale: SaleTimes = { opensAt: '2027-01-02T00:00:00Z', closesAt: '2027-01-10T00:00:00Z', holdSeconds: 480 }
const ballot = {
  field: 'ballot.drawAt',
  at: '2027-01-05T00:00:00Z',
  longestSeconds: 0,
  payBySeconds: 2 * 86_400,
} as const
const words = en.common.field

test('times that follow each other have no fault, and a time that is not there is not compared', () => {
  expect(saleTimeFaults(sale, now, en)).toEqual({})
  expect(saleTimeFaults({ ...sale, decision: ballot }, now, en)).toEqual({})
  expect(saleTimeFaults({ ...sale, opensAt: undefined }, now, en)).toEqual({})
  expect(saleTimeFaults({ ...sale, decision: { ...ballot, at: undefined } }, now, en)).toEqual({})
})

test('a sale ends in the future, after it opens, and leaves everybody the time to pay', () => {
  expect(saleTimeFaults({ ...sale, closesAt: '2026-12-31T00:00:00Z' }, now, en)).toEqual({ closesAt: words.past })
  expect(saleTimeFaults({ ...sale, closesAt: sale.opensAt }, now, en)).toEqual({
    closesAt: words.after(en.organiser.opensAt),
  })
  const closesAt = '2027-01-07T00:00:00Z'
  expect(saleTimeFaults({ ...sale, closesAt, decision: ballot }, now, en)).toEqual({})
  const auction = { ...ballot, field: 'auction.endsAt', longestSeconds: 600 } as const
  expect(saleTimeFaults({ ...sale, closesAt, decision: auction }, now, en)).toEqual({
    closesAt: en.organiser.leavesTimeToPay,
  })
})

test('a draw comes after the opening and in the future, and an award lasts as long as a choice', () => {
  expect(saleTimeFaults({ ...sale, decision: { ...ballot, at: sale.opensAt } }, now, en)).toEqual({
    'ballot.drawAt': words.after(en.organiser.opensAt),
  })
  expect(saleTimeFaults({ ...sale, decision: { ...ballot, at: '2026-12-01T00:00:00Z' } }, now, en)).toEqual({
    'ballot.drawAt': words.past,
  })
  expect(saleTimeFaults({ ...sale, decision: { ...ballot, payBySeconds: 60 } }, now, en)).toEqual({
    'ballot.payBySeconds': en.organiser.payShorterThanHold,
  })
})
