import type { LeftOverRule } from '@fairgate/contracts/auction'
import type { createSale, EventDocument } from '@fairgate/contracts/http/catalog'
import type { Body } from '@fairgate/contracts/http/route'
import type { Messages } from '../i18n/en.ts'
import { useApp } from '../app.tsx'
import { instantOf } from '../i18n/dates.ts'
import { Choices, TextField } from './fields.tsx'
import { parsePrice } from './grid.ts'
import { amountFault, wholeFault } from './rules.ts'
import type { SaleTimes } from './sale-times.ts'

/** What a sale by auction has beside its times, as it is typed. */
export type AuctionValues = {
  endsAt: string
  payByHours: string
  step: string
  bidsMax: string
  isSoft: 'off' | 'on'
  windowSeconds: string
  extendSeconds: string
  extendSecondsMax: string
  leftOver: LeftOverRule
}

export const auctionDefaults: Omit<AuctionValues, 'endsAt'> = {
  payByHours: '24',
  step: '',
  bidsMax: '3',
  isSoft: 'on',
  windowSeconds: '60',
  extendSeconds: '60',
  extendSecondsMax: '600',
  leftOver: 'organiser',
}

export const auctionFaultFields = [
  'auction.endsAt',
  'auction.payBySeconds',
  'auction.bidsMax',
  'auction.step',
  'auction.softClose.windowSeconds',
  'auction.softClose.extendSeconds',
  'auction.softClose.extendSecondsMax',
]

export const auctionFaults = (
  values: AuctionValues,
  { timeZone, currency }: EventDocument,
  t: Messages,
): Record<string, string | undefined> => ({
  'auction.endsAt': instantOf(values.endsAt, timeZone) ? undefined : t.common.field.date,
  'auction.payBySeconds':
    Number(values.payByHours) > 0 && Number(values.payByHours) <= 720
      ? undefined
      : t.common.field.between('0.01', '720'),
  'auction.bidsMax': wholeFault(values.bidsMax, t, 1, 100),
  'auction.step': (parsePrice(values.step, currency) ?? 0) > 0 ? undefined : amountFault(currency, t),
  ...(values.isSoft === 'on'
    ? {
        'auction.softClose.windowSeconds': wholeFault(values.windowSeconds, t, 1, 3600),
        'auction.softClose.extendSeconds': wholeFault(values.extendSeconds, t, 1, 3600),
        'auction.softClose.extendSecondsMax': wholeFault(
          values.extendSecondsMax,
          t,
          Math.max(1, Number(values.extendSeconds) || 1),
          86_400,
        ),
      }
    : {}),
})

/** When the bids end, and how much time payment takes after that. */
export const auctionDecision = (
  values: AuctionValues,
  { timeZone }: EventDocument,
): NonNullable<SaleTimes['decision']> => ({
  field: 'auction.endsAt',
  at: instantOf(values.endsAt, timeZone),
  longestSeconds: values.isSoft === 'on' ? Number(values.extendSecondsMax) : 0,
  payBySeconds: Number(values.payByHours) * 3600,
})

/** What is sent for values that have no fault. */
export function auctionBody(
  values: AuctionValues,
  { timeZone, currency }: EventDocument,
): NonNullable<Body<typeof createSale>['auction']> {
  const endsAt = instantOf(values.endsAt, timeZone)
  return {
    ...(endsAt ? { endsAt } : {}),
    payBySeconds: Math.round(Number(values.payByHours) * 3600),
    bidsMax: Number(values.bidsMax),
    step: { amount: parsePrice(values.step, currency) ?? 0, currency },
    leftOver: values.leftOver,
    ...(values.isSoft === 'on'
      ? {
          softClose: {
            windowSeconds: Number(values.windowSeconds),
            extendSeconds: Number(values.extendSeconds),
            extendSecondsMax: Number(values.extendSecondsMax),
          },
        }
      : {}),
  }
}

/** The fields of a sale by auction, below those that every sale has. */
export function AuctionFields({
  event,
  values,
  faults,
  onChange,
}: {
  event: EventDocument
  values: AuctionValues
  faults: Record<string, string>
  onChange: (change: Partial<AuctionValues>) => void
}) {
  const { t } = useApp()
  type Text = Exclude<keyof AuctionValues, 'isSoft' | 'leftOver'>
  const text = (name: Text, label: string, fault: string, inputMode: 'numeric' | 'decimal' = 'numeric') => (
    <TextField
      label={label}
      name={name}
      inputMode={inputMode}
      value={values[name]}
      fault={faults[fault]}
      onChange={(change) => onChange({ [name]: change.target.value })}
    />
  )
  return (
    <>
      <p className="muted small">{t.auction.startHint}</p>
      <div className="form-grid">
        <TextField
          label={t.auction.endsAtField}
          type="datetime-local"
          name="endsAt"
          hint={t.organiser.inZone(event.timeZone)}
          value={values.endsAt}
          fault={faults['auction.endsAt']}
          onChange={(change) => onChange({ endsAt: change.target.value })}
        />
        {text('step', `${t.auction.stepField} (${event.currency})`, 'auction.step', 'decimal')}
        {text('bidsMax', t.auction.bidsMaxField, 'auction.bidsMax')}
        {text('payByHours', t.auction.payByHours, 'auction.payBySeconds', 'decimal')}
      </div>
      <Choices
        legend={t.auction.soft}
        name="soft"
        value={values.isSoft}
        onChange={(isSoft) => onChange({ isSoft })}
        choices={[
          { value: 'on', label: t.auction.softOn },
          { value: 'off', label: t.auction.softOff },
        ]}
      />
      {values.isSoft === 'on' ? (
        <div className="form-grid">
          {text('windowSeconds', t.auction.softWindow, 'auction.softClose.windowSeconds')}
          {text('extendSeconds', t.auction.softExtend, 'auction.softClose.extendSeconds')}
          {text('extendSecondsMax', t.auction.softMax, 'auction.softClose.extendSecondsMax')}
        </div>
      ) : null}
      <Choices
        legend={t.auction.leftOverField}
        name="leftOver"
        value={values.leftOver}
        onChange={(leftOver) => onChange({ leftOver })}
        choices={[
          { value: 'organiser', label: t.auction.leftOverOrganiser },
          { value: 'start-price', label: t.auction.leftOverStartPrice },
        ]}
      />
    </>
  )
}
