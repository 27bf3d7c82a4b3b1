import { useEffect, useState } from 'react'
import { useApp } from '../../app.tsx'
import { TextField } from '../../forms/fields.tsx'
import { Icon } from '../../ui/icons.tsx'

const resendAfterSeconds = 10

/** Six digits that were mailed. */
export function CodeField({
  value,
  fault,
  onChange,
}: {
  value: string
  fault: string | undefined
  onChange: (value: string) => void
}) {
  const { t } = useApp()
  return (
    <TextField
      className="code-input figures"
      label={t.account.code}
      name="code"
      inputMode="numeric"
      autoComplete="one-time-code"
      maxLength={6}
      hint={t.account.codeHint}
      value={value}
      fault={fault}
      onChange={(event) => onChange(event.target.value.replace(/\D/g, ''))}
    />
  )
}

/** Asks for a new code, some seconds after the last one. @param resend  tells whether one is on its way */
export function ResendButton({ resend }: { resend: () => Promise<boolean> }) {
  const { t } = useApp()
  const [wait, setWait] = useState(resendAfterSeconds)
  useEffect(() => {
    if (wait <= 0) return
    const timer = setTimeout(() => setWait(wait - 1), 1000)
    return () => clearTimeout(timer)
  }, [wait])

  async function ask(): Promise<void> {
    if (await resend()) setWait(resendAfterSeconds)
  }

  return (
    <button type="button" className="button quiet wide" disabled={wait > 0} onClick={() => void ask()}>
      {wait > 0 ? t.account.resendIn(wait) : t.account.resend}
    </button>
  )
}

export function PasswordField({
  label,
  value,
  fault,
  hint,
  autoComplete,
  onChange,
}: {
  label?: string
  value: string
  fault: string | undefined
  hint?: string
  autoComplete: string
  onChange: (value: string) => void
}) {
  const { t } = useApp()
  const [isShown, setShown] = useState(false)
  return (
    <div className="with-button">
      <TextField
        label={label ?? t.account.password}
        type={isShown ? 'text' : 'password'}
        name="password"
        autoComplete={autoComplete}
        value={value}
        fault={fault}
        hint={hint}
        onChange={(event) => onChange(event.target.value)}
      />
      <button
        type="button"
        className="field-button"
        aria-label={isShown ? t.account.hide : t.account.show}
        aria-pressed={isShown}
        onClick={() => setShown(!isShown)}
      >
        <Icon name="eye" />
      </button>
    </div>
  )
}
