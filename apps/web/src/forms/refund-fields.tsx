import { useApp } from '../app.tsx'
import { Icon } from '../ui/icons.tsx'
import { RefundTerms } from '../ui/refund-terms.tsx'
import { SelectField, TextField } from './fields.tsx'
import {
  addRow,
  readRefunds,
  rowsMax,
  withKind,
  type RefundRow,
  type RefundSetting,
  type RefundValues,
} from './refund-rows.ts'
import type { Faults } from './rules.ts'

/** What buyers get back who cancel: a preset or rows of one's own, and below it the words that buyers will read. */
export function RefundFields({
  values,
  setting,
  faults,
  onChange,
}: {
  values: RefundValues
  setting: RefundSetting
  faults: Faults
  onChange: (values: RefundValues) => void
}) {
  const { t } = useApp()
  return (
    <>
      <div className="form-grid">
        <SelectField
          label={t.refunds.ladder}
          name="refunds"
          value={values.kind}
          hint={t.refunds.ladderHint}
          onChange={(change) => onChange(withKind(values, change.target.value as RefundValues['kind'], setting))}
        >
          <option value="none">{t.refunds.ladderNotSaid}</option>
          <option value="korean">{t.refunds.ladderKorean}</option>
          <option value="full">{t.refunds.ladderFull}</option>
          <option value="own">{t.refunds.ladderOwn}</option>
        </SelectField>
        {values.kind === 'full' ? (
          <TextField
            label={t.refunds.ladderDays}
            name="refundDays"
            inputMode="numeric"
            value={values.days}
            fault={faults['refundDays']}
            onChange={(change) => onChange({ ...values, days: change.target.value })}
          />
        ) : null}
      </div>
      {values.kind === 'own' ? <OwnRows values={values} setting={setting} faults={faults} onChange={onChange} /> : null}
      <Preview values={values} setting={setting} />
    </>
  )
}

type OwnProps = {
  values: RefundValues
  setting: RefundSetting
  faults: Faults
  onChange: (values: RefundValues) => void
}

function OwnRows({ values, setting, faults, onChange }: OwnProps) {
  const { t } = useApp()
  const { rows } = values
  const grace = (name: 'graceHours' | 'graceDays', label: string, fault: string) => (
    <TextField
      label={label}
      name={name}
      inputMode="numeric"
      value={values[name]}
      fault={faults[fault]}
      onChange={(change) => onChange({ ...values, [name]: change.target.value })}
    />
  )
  return (
    <>
      <p className="muted small">{t.refunds.rowsLead}</p>
      <ol className="refund-rows">
        {rows.map((row, i) => (
          <li key={row.id}>
            <RowFields
              row={row}
              number={i + 1}
              setting={setting}
              faults={faults}
              onChange={(change) =>
                onChange({ ...values, rows: rows.map((one) => (one.id === row.id ? { ...one, ...change } : one)) })
              }
              onRemove={
                rows.length > 1
                  ? () => onChange({ ...values, rows: rows.filter(({ id }) => id !== row.id) })
                  : undefined
              }
            />
          </li>
        ))}
      </ol>
      {faults['refunds.steps'] ? (
        <p className="fault">
          <Icon name="warn" size={16} /> {faults['refunds.steps']}
        </p>
      ) : null}
      {rows.length < rowsMax ? (
        <div className="actions">
          <button
            type="button"
            className="button quiet small"
            onClick={() => onChange({ ...values, rows: addRow(rows) })}
          >
            <Icon name="plus" size={18} />
            {t.refunds.rowAdd}
          </button>
        </div>
      ) : null}
      <label className="check">
        <input
          type="checkbox"
          name="hasGrace"
          checked={values.hasGrace}
          onChange={(change) => onChange({ ...values, hasGrace: change.target.checked })}
        />
        {t.refunds.graceField}
      </label>
      {values.hasGrace ? (
        <div className="form-grid">
          {grace('graceHours', t.refunds.graceHours, 'refunds.grace.hours')}
          {grace('graceDays', t.refunds.graceDays, 'refunds.grace.untilDaysBefore')}
        </div>
      ) : null}
    </>
  )
}

function RowFields({
  row,
  number,
  setting,
  faults,
  onChange,
  onRemove,
}: {
  row: RefundRow
  number: number
  setting: RefundSetting
  faults: Faults
  onChange: (change: Partial<RefundRow>) => void
  onRemove: (() => void) | undefined
}) {
  const { t } = useApp()
  const at = `refunds.steps.${number - 1}`
  return (
    <fieldset className={row.unit === 'at' ? 'refund-row wide' : 'refund-row'}>
      <legend>{t.refunds.row(number)}</legend>
      {row.unit === 'at' ? (
        <TextField
          label={t.refunds.rowUntil}
          type="datetime-local"
          value={row.at}
          hint={t.organiser.inZone(setting.timeZone)}
          fault={faults[`${at}.until`]}
          onChange={(change) => onChange({ at: change.target.value })}
        />
      ) : (
        <TextField
          label={t.refunds.rowUntil}
          inputMode="numeric"
          value={row.count}
          fault={faults[`${at}.until`]}
          onChange={(change) => onChange({ count: change.target.value })}
        />
      )}
      <SelectField
        label={t.refunds.rowUnit}
        value={row.unit}
        onChange={(change) => onChange({ unit: change.target.value as RefundRow['unit'] })}
      >
        <option value="days">{t.refunds.unitDays}</option>
        <option value="hours">{t.refunds.unitHours}</option>
        <option value="at">{t.refunds.unitAt}</option>
      </SelectField>
      <TextField
        label={t.refunds.rowPercent}
        inputMode="numeric"
        value={row.percent}
        fault={faults[`${at}.percent`]}
        onChange={(change) => onChange({ percent: change.target.value })}
      />
      <TextField
        label={t.refunds.rowFee(setting.currency)}
        inputMode="decimal"
        placeholder="0"
        value={row.fee}
        fault={faults[`${at}.feePerSeat`]}
        onChange={(change) => onChange({ fee: change.target.value })}
      />
      {onRemove ? (
        <button
          type="button"
          className="button plain small refund-row-remove"
          aria-label={t.refunds.rowRemove(number)}
          onClick={onRemove}
        >
          <Icon name="cross" size={18} />
        </button>
      ) : null}
    </fieldset>
  )
}

/** The words as buyers will read them, while what was typed makes sense. */
function Preview({ values, setting }: { values: RefundValues; setting: RefundSetting }) {
  const { t } = useApp()
  const read = readRefunds(values, setting, t)
  const { startsAt, timeZone, currency } = setting
  const needsStart = values.kind !== 'none' && !startsAt
  return (
    <section className="refund-preview" aria-label={t.refunds.preview}>
      <p className="small">
        <b>{t.refunds.preview}</b>
      </p>
      {'faults' in read || needsStart ? (
        <p className="muted">{needsStart ? t.refunds.previewNeedsStart : t.refunds.previewFaulty}</p>
      ) : (
        <>
          <RefundTerms ladder={read.ladder} calendar={{ startsAt: startsAt ?? '', timeZone }} currency={currency} />
          {read.ladder.steps.length > 0 ? <p className="muted small">{t.refunds.afterLast}</p> : null}
        </>
      )}
    </section>
  )
}
