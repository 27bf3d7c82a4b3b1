import { useState, type FormEvent } from 'react'
import { checkCode } from '@fairgate/contracts/http/codes'
import { discountOf, feeOf, money, type Fees, type Money } from '@fairgate/contracts/money'
import { useApp } from '../app.tsx'
import { errorText } from '../api/api.ts'
import type { GoodCode } from '../api/keep.ts'
import { TextField } from '../forms/fields.tsx'
import { useAttempt } from './hooks.ts'
import { Icon } from './icons.tsx'

/** What seats of this price come to, by the rules that the server counts by. */
export function sumsOf(
  price: Money,
  seats: number,
  fees: Fees | undefined,
  code: GoodCode | undefined,
): { fee: Money | undefined; discount: Money | undefined; total: Money } {
  const discount = discountOf(price, code ?? {})
  const reduced = money(price.amount - discount.amount, price.currency)
  const fee = feeOf(reduced, seats, fees)
  return {
    fee: fee.amount > 0 ? fee : undefined,
    discount: discount.amount > 0 ? discount : undefined,
    total: money(reduced.amount + fee.amount, price.currency),
  }
}

/** Where a buyer types a code; what it gives is asked for before it is used. */
export function CodeField({
  eventId,
  good,
  disabled,
  isOnly = false,
  onChange,
}: {
  eventId: string | undefined
  good: GoodCode | undefined
  disabled: boolean
  /** Nothing else is asked for, so it need not be opened first. */
  isOnly?: boolean
  onChange: (code: GoodCode | undefined) => void
}) {
  const { t, lang, api } = useApp()
  const [isOpen, setOpen] = useState(false)
  const [text, setText] = useState('')
  const { busy, failure, attempt } = useAttempt()

  async function apply(submitted: FormEvent): Promise<void> {
    submitted.preventDefault()
    if (!eventId || text.trim() === '') return
    await attempt(async () => onChange(await api.call(checkCode, { body: { eventId, code: text } })))
  }

  if (good)
    return (
      <p className="code-good" role="status">
        <Icon name="check" size={18} />
        <span>{t.money.codeGood(good.code)}</span>
        <button type="button" className="link-button" disabled={disabled} onClick={() => onChange(undefined)}>
          {t.money.codeRemove}
        </button>
      </p>
    )
  if (!isOpen && !isOnly)
    return (
      <p>
        <button type="button" className="link-button" disabled={disabled} onClick={() => setOpen(true)}>
          {t.money.codeQuestion}
        </button>
      </p>
    )
  return (
    <form className="code-field" noValidate onSubmit={(event) => void apply(event)}>
      <TextField
        label={t.money.code}
        name="code"
        autoComplete="off"
        autoCapitalize="characters"
        spellCheck={false}
        maxLength={60}
        value={text}
        fault={failure ? errorText(failure, lang, t.common.networkError) : undefined}
        onChange={(event) => setText(event.target.value)}
      />
      <button type="submit" className="button quiet" disabled={busy || disabled || text.trim() === ''}>
        {t.money.codeApply}
      </button>
    </form>
  )
}
