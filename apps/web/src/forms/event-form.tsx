import { useState, type FormEvent } from 'react'
import type { Body } from '@fairgate/contracts/http/route'
import type { createEvent, EventDocument } from '@fairgate/contracts/http/catalog'
import { currencyDigits, type Currency } from '@fairgate/contracts/money'
import { useApp } from '../app.tsx'
import { faultsOf } from '../api/api.ts'
import { hereZone, instantOf, localOf } from '../i18n/dates.ts'
import { basisPointsOf, parsePrice, priceText } from './grid.ts'
import { AreaField, Choices, Form, FormFailure, SelectField, TextField } from './fields.tsx'
import { RefundFields } from './refund-fields.tsx'
import { readRefunds, refundFaultFields, refundValuesOf, type RefundValues } from './refund-rows.ts'
import { amountFault, faultsFrom, filled, type Faults } from './rules.ts'
import { useAttempt } from '../ui/hooks.ts'

type EventBody = Body<typeof createEvent>

const shownFaults = ['kind', 'name', 'description', 'venue', 'region', 'startsAt', 'timeZone', 'currency']

const zones = (): string[] => {
  const all = Intl.supportedValuesOf('timeZone')
  return all.includes('UTC') ? all : [...all, 'UTC']
}

/** What is said of an event. `fixed` members are those that a published sale no longer lets change. */
export function EventForm({
  event,
  fixed = false,
  submitLabel,
  onSubmit,
}: {
  event?: EventDocument
  fixed?: boolean
  submitLabel: string
  onSubmit: (body: EventBody) => Promise<void>
}) {
  const { t, serverClock } = useApp()
  const [values, setValues] = useState({
    kind: event?.kind ?? ('concert' as const),
    name: event?.name ?? '',
    description: event?.description ?? '',
    venue: event?.venue ?? '',
    region: event?.region ?? '',
    startsAt: event ? localOf(event.startsAt, event.timeZone) : '',
    timeZone: event?.timeZone ?? hereZone(),
    currency: event?.currency ?? ('KRW' as Currency),
    feePerTicket: event?.fees ? priceText(event.fees.perTicket, event.currency) : '',
    feePercent: event?.fees ? String(event.fees.basisPoints / 100) : '',
  })
  const [refunds, setRefunds] = useState<RefundValues>(() => refundValuesOf(event?.refunds, values))
  const [faults, setFaults] = useState<Faults>({})
  const { busy, failure, attempt, clear } = useAttempt()
  const set = (change: Partial<typeof values>): void => setValues({ ...values, ...change })

  const startsAt = instantOf(values.startsAt, values.timeZone)
  const setting = { startsAt, timeZone: values.timeZone, currency: values.currency }

  async function submit(submitted: FormEvent): Promise<void> {
    submitted.preventDefault()
    const read = readRefunds(refunds, setting, t)
    const perTicket = values.feePerTicket.trim() === '' ? 0 : parsePrice(values.feePerTicket, values.currency)
    const basisPoints = basisPointsOf(values.feePercent)
    const found = {
      ...faultsFrom({
        name: filled(values.name, t),
        venue: filled(values.venue, t),
        startsAt: !startsAt
          ? t.common.field.date
          : !fixed && Date.parse(startsAt) <= serverClock.now()
            ? t.common.field.past
            : undefined,
        feePerTicket: perTicket === undefined ? amountFault(values.currency, t) : undefined,
        feePercent: basisPoints === undefined ? t.common.field.percent : undefined,
      }),
      ...('faults' in read ? read.faults : {}),
    }
    setFaults(found)
    clear()
    if ('faults' in read || Object.keys(found).length > 0) return
    if (!startsAt || perTicket === undefined || basisPoints === undefined) return
    await attempt(
      async () => {
        const { feePerTicket: _perTicket, feePercent: _percent, ...said } = values
        await onSubmit({
          ...said,
          fees: { perTicket, basisPoints },
          refunds: read.ladder,
          name: values.name.trim(),
          venue: values.venue.trim(),
          region: values.region.trim(),
          startsAt: event && values.startsAt === localOf(event.startsAt, event.timeZone) ? event.startsAt : startsAt,
        })
      },
      (error) => setFaults(faultsOf(error)),
    )
  }

  return (
    <Form faults={faults} onSubmit={(submitted) => void submit(submitted)}>
      <FormFailure error={failure} shown={[...shownFaults, ...refundFaultFields(refunds)]} />
      {fixed ? null : (
        <Choices
          legend={t.organiser.kind}
          name="kind"
          value={values.kind}
          onChange={(kind) => set({ kind })}
          choices={[
            { value: 'concert', label: t.common.concert },
            { value: 'race', label: t.common.race },
          ]}
        />
      )}
      <TextField
        label={t.organiser.name}
        name="name"
        maxLength={120}
        value={values.name}
        fault={faults['name']}
        onChange={(change) => set({ name: change.target.value })}
      />
      <AreaField
        label={`${t.organiser.description} (${t.common.optional})`}
        name="description"
        maxLength={5000}
        value={values.description}
        fault={faults['description']}
        onChange={(change) => set({ description: change.target.value })}
      />
      <div className="form-grid">
        <TextField
          label={t.organiser.venue}
          name="venue"
          maxLength={120}
          value={values.venue}
          fault={faults['venue']}
          onChange={(change) => set({ venue: change.target.value })}
        />
        <TextField
          label={`${t.organiser.region} (${t.common.optional})`}
          name="region"
          maxLength={60}
          value={values.region}
          fault={faults['region']}
          onChange={(change) => set({ region: change.target.value })}
        />
      </div>
      {fixed ? null : (
        <div className="form-grid">
          <TextField
            label={t.organiser.startsAt}
            type="datetime-local"
            name="startsAt"
            value={values.startsAt}
            fault={faults['startsAt']}
            hint={t.organiser.inZone(values.timeZone)}
            onChange={(change) => set({ startsAt: change.target.value })}
          />
          <SelectField
            label={t.organiser.timeZone}
            name="timeZone"
            value={values.timeZone}
            fault={faults['timeZone']}
            onChange={(change) => set({ timeZone: change.target.value })}
          >
            {zones().map((zone) => (
              <option key={zone}>{zone}</option>
            ))}
          </SelectField>
          <SelectField
            label={t.organiser.currency}
            name="currency"
            value={values.currency}
            fault={faults['currency']}
            onChange={(change) => set({ currency: change.target.value as Currency })}
          >
            {Object.keys(currencyDigits).map((currency) => (
              <option key={currency}>{currency}</option>
            ))}
          </SelectField>
        </div>
      )}
      {fixed ? null : (
        <div className="form-grid">
          <TextField
            label={t.money.feePerTicket}
            name="feePerTicket"
            inputMode="decimal"
            value={values.feePerTicket}
            placeholder="0"
            hint={t.money.feeHint}
            fault={faults['feePerTicket']}
            onChange={(change) => set({ feePerTicket: change.target.value })}
          />
          <TextField
            label={t.money.feePercent}
            name="feePercent"
            inputMode="decimal"
            value={values.feePercent}
            placeholder="0"
            fault={faults['feePercent']}
            onChange={(change) => set({ feePercent: change.target.value })}
          />
        </div>
      )}
      {fixed ? null : <RefundFields values={refunds} setting={setting} faults={faults} onChange={setRefunds} />}
      <div className="actions">
        <button type="submit" className="button" disabled={busy}>
          {submitLabel}
        </button>
      </div>
    </Form>
  )
}
