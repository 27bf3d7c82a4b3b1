import type { Currency } from '@fairgate/contracts/money'
import {
  refundLadderFaults,
  refundPresets,
  type RefundCalendar,
  type RefundLadder,
  type RefundLimit,
} from '@fairgate/contracts/refund-ladder'
import { instantOf, localOf } from '../i18n/dates.ts'
import type { Messages } from '../i18n/en.ts'
import { parsePrice, priceText } from './grid.ts'
import { amountFault, faultsFrom, wholeFault, type Faults } from './rules.ts'

export const rowsMax = 12
const limitMax = { days: 730, hours: 730 * 24 } as const
const feeMax = 100_000_000

/** One step of a refund ladder as it is typed. `count` goes with days and hours, `at` with a moment; `id` is for the screen. */
export type RefundRow = {
  id: number
  unit: 'days' | 'hours' | 'at'
  count: string
  at: string
  percent: string
  fee: string
}

/** What buyers get back, as an organiser says it: one of the presets, or rows of their own. */
export type RefundValues = {
  kind: 'none' | 'korean' | 'full' | 'own'
  /** Of `full`. */
  days: string
  rows: readonly RefundRow[]
  hasGrace: boolean
  graceHours: string
  graceDays: string
}

/** What the typed times and amounts are read by. `startsAt` is undefined until it is known. */
export type RefundSetting = { startsAt: string | undefined; timeZone: string; currency: Currency }

const full = (days: number): RefundLadder => ({ steps: [{ until: { daysBefore: days }, percent: 100 }] })
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

/** The words for a ladder: the name of its preset where it has one, and its rows in any case. */
export function refundValuesOf(
  ladder: RefundLadder | undefined,
  setting: Pick<RefundSetting, 'timeZone' | 'currency'>,
): RefundValues {
  const first = ladder?.steps[0]?.until
  const days = first && 'daysBefore' in first ? first.daysBefore : undefined
  const isFull = days !== undefined && same(ladder, full(days))
  return {
    kind:
      !ladder || ladder.steps.length === 0
        ? 'none'
        : same(ladder, refundPresets['korean-standard'])
          ? 'korean'
          : isFull
            ? 'full'
            : 'own',
    days: isFull ? String(days) : '7',
    ...rowsFrom(ladder ?? { steps: [] }, setting),
  }
}

/** Another kind is chosen. Own rows begin as what was chosen before, so that a preset is where one starts from. */
export function withKind(values: RefundValues, kind: RefundValues['kind'], setting: RefundSetting): RefundValues {
  if (kind !== 'own' || values.kind === 'own') return { ...values, kind }
  if (values.kind === 'korean') return { ...values, kind, ...rowsFrom(refundPresets['korean-standard'], setting) }
  const own = rowsFrom(full(7), setting)
  return { ...values, kind, ...own, rows: own.rows.map((row) => ({ ...row, count: values.days })) }
}

/** One more step below the last: some days later, for half of what the last one gives. */
export function addRow(rows: readonly RefundRow[]): RefundRow[] {
  const last = rows.at(-1)
  const days = last?.unit === 'days' ? Math.floor(Number(last.count) / 2) : 0
  const half = Math.floor((Number(last?.percent) || 0) / 2)
  const next: RefundRow = {
    id: Math.max(0, ...rows.map(({ id }) => id)) + 1,
    unit: !last || days >= 1 ? 'days' : 'hours',
    count: last ? String(days) : '7',
    at: '',
    percent: last ? String(half) : '100',
    fee: '',
  }
  return [...rows, next]
}

/** The fields that show faults of their own. */
export const refundFaultFields = ({ rows }: RefundValues): string[] => [
  'refundDays',
  'refunds.steps',
  'refunds.grace.hours',
  'refunds.grace.untilDaysBefore',
  ...rows.flatMap((_, i) => ['until', 'percent', 'feePerSeat'].map((field) => `refunds.steps.${i}.${field}`)),
]

/**
 * What is sent, or every fault by its field: by the rules of the server, in the organiser's language. While nobody has
 * said when the event begins, its rows are not compared with each other.
 */
export function readRefunds(
  values: RefundValues,
  setting: RefundSetting,
  t: Messages,
): { ladder: RefundLadder } | { faults: Faults } {
  if (values.kind === 'none') return { ladder: { steps: [] } }
  if (values.kind === 'korean') return { ladder: refundPresets['korean-standard'] }
  if (values.kind === 'full') {
    const fault = wholeFault(values.days, t, 1, limitMax.days)
    return fault ? { faults: { refundDays: fault } } : { ladder: full(Number(values.days)) }
  }
  const typed = faultsFrom({
    'refunds.steps': values.rows.length === 0 ? t.refunds.rowsNone : undefined,
    ...Object.fromEntries(values.rows.flatMap((row, i) => rowFaults(row, i, setting, t))),
    ...(values.hasGrace
      ? {
          'refunds.grace.hours': wholeFault(values.graceHours, t, 1, 720),
          'refunds.grace.untilDaysBefore': wholeFault(values.graceDays, t, 1, limitMax.days),
        }
      : {}),
  })
  if (Object.keys(typed).length > 0) return { faults: typed }
  const ladder: RefundLadder = {
    steps: values.rows.map((row) => {
      const fee = feeOf(row.fee, setting.currency) ?? 0
      const step = { until: limitFrom(row, setting.timeZone), percent: Number(row.percent) }
      return fee > 0 ? { ...step, feePerSeat: fee } : step
    }),
    ...(values.hasGrace
      ? { grace: { hours: Number(values.graceHours), untilDaysBefore: Number(values.graceDays) } }
      : {}),
  }
  const compared = setting.startsAt ? comparedFaults(ladder, { ...setting, startsAt: setting.startsAt }, t) : {}
  return Object.keys(compared).length > 0 ? { faults: compared } : { ladder }
}

function rowsFrom(
  { steps, grace }: RefundLadder,
  { timeZone, currency }: Pick<RefundSetting, 'timeZone' | 'currency'>,
): Pick<RefundValues, 'rows' | 'hasGrace' | 'graceHours' | 'graceDays'> {
  return {
    rows: steps.map(({ until, percent, feePerSeat }, id) => ({
      id,
      unit: 'daysBefore' in until ? 'days' : 'hoursBefore' in until ? 'hours' : 'at',
      count: 'daysBefore' in until ? String(until.daysBefore) : 'hoursBefore' in until ? String(until.hoursBefore) : '',
      at: 'at' in until ? localOf(until.at, timeZone) : '',
      percent: String(percent),
      fee: feePerSeat ? priceText(feePerSeat, currency) : '',
    })),
    hasGrace: grace !== undefined,
    graceHours: String(grace?.hours ?? 24),
    graceDays: String(grace?.untilDaysBefore ?? 3),
  }
}

function rowFaults(
  { unit, count, at, percent, fee }: RefundRow,
  i: number,
  { timeZone, currency }: RefundSetting,
  t: Messages,
): [string, string | undefined][] {
  const feeAmount = feeOf(fee, currency)
  return [
    [
      `refunds.steps.${i}.until`,
      unit === 'at'
        ? instantOf(at, timeZone)
          ? undefined
          : t.common.field.date
        : wholeFault(count, t, unit === 'days' ? 1 : 0, limitMax[unit]),
    ],
    [`refunds.steps.${i}.percent`, wholeFault(percent, t, 0, 100)],
    [
      `refunds.steps.${i}.feePerSeat`,
      feeAmount === undefined || feeAmount > feeMax ? amountFault(currency, t) : undefined,
    ],
  ]
}

/** The contract's own judgement. Each place has one rule to break once what was typed can be read. */
function comparedFaults(ladder: RefundLadder, calendar: RefundCalendar, t: Messages): Faults {
  const words = { until: t.refunds.rowNotLater, percent: t.refunds.rowMore, feePerSeat: t.refunds.rowLessFee }
  return faultsFrom(
    Object.fromEntries(
      refundLadderFaults(ladder, calendar).map(({ pointer, detail }) => {
        const field = pointer.slice(pointer.lastIndexOf('/') + 1)
        return [
          `refunds${pointer.replaceAll('/', '.')}`,
          Object.hasOwn(words, field) ? words[field as keyof typeof words] : detail,
        ]
      }),
    ),
  )
}

const limitFrom = ({ unit, count, at }: RefundRow, timeZone: string): RefundLimit =>
  unit === 'days'
    ? { daysBefore: Number(count) }
    : unit === 'hours'
      ? { hoursBefore: Number(count) }
      : { at: instantOf(at, timeZone) ?? at }

const feeOf = (text: string, currency: Currency): number | undefined =>
  text.trim() === '' ? 0 : parsePrice(text, currency)
