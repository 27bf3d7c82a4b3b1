import { expect, test } from 'vitest'
import { refundLadderFaults, refundPresets, type RefundLadder } from '@fairgate/contracts/refund-ladder'
import { addRow, readRefunds, refundFaultFields, refundValuesOf, rowsMax, withKind } from '../src/forms/refund-rows.ts'
import { en } from '../src/i18n/en.ts'
import { ko } from '../src/i18n/ko.ts'

const setting = { startsAt: '2027-03-20T10:30:00.000Z', timeZone: 'Asia/Seoul', currency: 'KRW' } as const
const own: RefundLadder = {
  steps: [
    { until: { daysBefore: 10 }, percent: 100 },
    { until: { at: '2027-03-18T03:00:00.000Z' }, percent: 70, feePerSeat: 1000 },
    { until: { hoursBefore: 0 }, percent: 10 },
  ],
  grace: { hours: 24, untilDaysBefore: 3 },
}
const none = refundValuesOf(undefined, setting)

test('every ladder that the server takes is shown in the form and sent back as it was', () => {
  for (const ladder of [own, ...Object.values(refundPresets)])
    expect(readRefunds(refundValuesOf(ladder, setting), setting, en)).toEqual({ ladder })
  expect(readRefunds(none, setting, en)).toEqual({ ladder: { steps: [] } })
})

test('a ladder of cents is typed and read in the digits of its currency', () => {
  const euros = { ...setting, currency: 'EUR' } as const
  const ladder = { steps: [{ until: { daysBefore: 2 }, percent: 90, feePerSeat: 250 }] }
  const values = refundValuesOf(ladder, euros)
  expect(values.rows[0]?.fee).toBe('2.50')
  expect(readRefunds(values, euros, en)).toEqual({ ladder })
  // The same text is no amount of a currency without minor units.
  expect(readRefunds(values, setting, en)).toEqual({ faults: { 'refunds.steps.0.feePerSeat': en.common.field.number } })
})

test('own rows begin as the preset that was chosen, and no row typed is lost by looking at another choice', () => {
  const korean = withKind(none, 'korean', setting)
  const values = withKind(korean, 'own', setting)
  expect(readRefunds(values, setting, en)).toEqual({ ladder: refundPresets['korean-standard'] })
  const fourDays = withKind({ ...withKind(none, 'full', setting), days: '4' }, 'own', setting)
  expect(readRefunds(fourDays, setting, en)).toEqual({
    ladder: { steps: [{ until: { daysBefore: 4 }, percent: 100 }] },
  })
  expect(readRefunds(withKind(none, 'own', setting), setting, en)).toHaveProperty('ladder')
})

test('a row more is always one that the server takes after the last', () => {
  let { rows } = withKind(none, 'own', setting)
  rows = rows.map((row) => ({ ...row, count: '730' }))
  for (let count = 1; count < rowsMax && rows.at(-1)?.unit === 'days'; count++) {
    rows = addRow(rows)
    const read = readRefunds({ ...none, kind: 'own', rows }, setting, en)
    expect('ladder' in read && refundLadderFaults(read.ladder, setting)).toEqual([])
  }
  expect(rows.at(-1)).toMatchObject({ unit: 'hours', count: '0' })
})

test('what cannot be read is said for every row at once, at the field and in the language of the organiser', () => {
  const { rows } = refundValuesOf(own, setting)
  const [first, second, third] = rows.map((row) => ({ ...row }))
  const values = {
    ...refundValuesOf(own, setting),
    rows: [
      { ...first!, count: '0', percent: '101' },
      { ...second!, at: '', fee: 'much' },
      { ...third!, count: '17521', percent: '7.5' },
    ],
    graceHours: '721',
    graceDays: '',
  }
  const read = readRefunds(values, setting, ko)
  expect('faults' in read && Object.keys(read.faults)).toEqual([
    'refunds.steps.0.until',
    'refunds.steps.0.percent',
    'refunds.steps.1.until',
    'refunds.steps.1.feePerSeat',
    'refunds.steps.2.until',
    'refunds.steps.2.percent',
    'refunds.grace.hours',
    'refunds.grace.untilDaysBefore',
  ])
  expect('faults' in read && Object.values(read.faults).filter((fault) => !/[가-힣]/.test(fault))).toEqual([])
  for (const field of Object.keys('faults' in read ? read.faults : {}))
    expect(refundFaultFields(values), field).toContain(field)
  expect(readRefunds({ ...none, kind: 'own', rows: [] }, setting, en)).toEqual({
    faults: { 'refunds.steps': en.refunds.rowsNone },
  })
  expect(readRefunds({ ...none, kind: 'full', days: '0' }, setting, en)).toHaveProperty('faults.refundDays')
})

test('rows that go backwards, give more or keep less are refused as the server refuses them', () => {
  const backwards: RefundLadder = {
    steps: [
      { until: { daysBefore: 3 }, percent: 50, feePerSeat: 1000 },
      { until: { daysBefore: 5 }, percent: 60 },
      { until: { at: '2027-03-21T00:00:00.000Z' }, percent: 60 },
      { until: { hoursBefore: 0 }, percent: 60 },
    ],
  }
  const read = readRefunds({ ...refundValuesOf(backwards, setting), kind: 'own' }, setting, en)
  expect(read).toEqual({
    faults: {
      'refunds.steps.1.until': en.refunds.rowNotLater,
      'refunds.steps.1.percent': en.refunds.rowMore,
      'refunds.steps.2.until': en.refunds.rowNotLater,
      'refunds.steps.3.until': en.refunds.rowNotLater,
    },
  })
  const lessKept: RefundLadder = {
    steps: [
      { until: { daysBefore: 3 }, percent: 50, feePerSeat: 1000 },
      { until: { daysBefore: 1 }, percent: 50 },
    ],
  }
  expect(readRefunds(refundValuesOf(lessKept, setting), setting, en)).toEqual({
    faults: { 'refunds.steps.1.feePerSeat': en.refunds.rowLessFee },
  })
  // Before anybody has said when the event begins there is nothing to compare; the server does it with the start.
  expect(readRefunds(refundValuesOf(lessKept, setting), { ...setting, startsAt: undefined }, en)).toEqual({
    ladder: lessKept,
  })
})
