import { refundPresets, type RefundLadder } from '@fairgate/contracts/refund-ladder'
import { useApp } from '../app.tsx'
import { SelectField, TextField } from './fields.tsx'

/** How an organiser chooses what buyers get back: a preset, so many days in full, or what the event says already. */
export type RefundChoice = { kind: 'none' | 'korean' | 'full' | 'own'; days: string }

const same = (a: RefundLadder, b: RefundLadder): boolean => JSON.stringify(a) === JSON.stringify(b)
const full = (days: number): RefundLadder => ({ steps: [{ until: { daysBefore: days }, percent: 100 }] })

/** The choice that made this ladder. */
export function choiceOf(ladder: RefundLadder | undefined): RefundChoice {
  const days = '7'
  if (!ladder || ladder.steps.length === 0) return { kind: 'none', days }
  if (same(ladder, refundPresets['korean-standard'])) return { kind: 'korean', days }
  const until = ladder.steps[0]?.until
  if (until && 'daysBefore' in until && same(ladder, full(until.daysBefore)))
    return { kind: 'full', days: String(until.daysBefore) }
  return { kind: 'own', days }
}

/** @param own  what the event says already */
export function ladderOf({ kind, days }: RefundChoice, own: RefundLadder | undefined): RefundLadder {
  switch (kind) {
    case 'none':
      return { steps: [] }
    case 'korean':
      return refundPresets['korean-standard']
    case 'full':
      return full(Number(days))
    case 'own':
      return own ?? { steps: [] }
  }
}

export function RefundFields({ choice, onChange }: { choice: RefundChoice; onChange: (choice: RefundChoice) => void }) {
  const { t } = useApp()
  return (
    <div className="form-grid">
      <SelectField
        label={t.refunds.ladder}
        name="refunds"
        value={choice.kind}
        hint={t.refunds.ladderHint}
        onChange={(change) => onChange({ ...choice, kind: change.target.value as RefundChoice['kind'] })}
      >
        <option value="none">{t.refunds.ladderNotSaid}</option>
        <option value="korean">{t.refunds.ladderKorean}</option>
        <option value="full">{t.refunds.ladderFull}</option>
        {choice.kind === 'own' ? <option value="own">{t.refunds.ladderOwn}</option> : null}
      </SelectField>
      {choice.kind === 'full' ? (
        <TextField
          label={t.refunds.ladderDays}
          name="refundDays"
          type="number"
          min={1}
          max={365}
          value={choice.days}
          onChange={(change) => onChange({ ...choice, days: change.target.value })}
        />
      ) : null}
    </div>
  )
}
