import { useState, type FormEvent } from 'react'
import { Link, useLocation, useSearchParams } from 'wouter'
import { askPasswordReset, confirmPasswordReset } from '@fairgate/contracts/http/identity'
import { useAccount, useApp } from '../../app.tsx'
import { codeOf, errorText, faultsOf } from '../../api/api.ts'
import { Form, FormFailure, TextField } from '../../forms/fields.tsx'
import { emailFault, faultsFrom, type Faults } from '../../forms/rules.ts'
import { pb } from '../../path-builder.ts'
import { useAttempt, useTitle } from '../../ui/hooks.ts'
import { Notice, StateHeading } from '../../ui/parts.tsx'
import { CodeField, PasswordField, ResendButton } from './account-fields.tsx'
import { useArrival, type Arrival } from './arrival.ts'

/** For whoever has forgotten the password: the e-mail first, then its code and a new password, then signing in. */
export function ResetPasswordPage() {
  const { t, api } = useApp()
  const [search] = useSearchParams()
  const next = search.get('next') ?? undefined
  const [email, setEmail] = useState(useArrival().email ?? '')
  const [askedFor, setAskedFor] = useState<string>()
  const [faults, setFaults] = useState<Faults>({})
  const { busy, failure, attempt, clear } = useAttempt()
  useTitle(t.account.resetTitle)

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault()
    const found = faultsFrom({ email: emailFault(email, t) })
    setFaults(found)
    clear()
    if (Object.keys(found).length > 0) return
    await attempt(
      async () => {
        await api.call(askPasswordReset, { body: { email: email.trim() } })
        setAskedFor(email.trim())
      },
      (error) => setFaults(faultsOf(error)),
    )
  }

  if (askedFor) return <NewPasswordStep email={askedFor} next={next} onOther={() => setAskedFor(undefined)} />
  return (
    <div className="page form-page">
      <h1>{t.account.resetTitle}</h1>
      <p className="lead">{t.account.resetLead}</p>
      <Form faults={faults} onSubmit={(event) => void submit(event)}>
        <FormFailure error={failure} shown={['email']} />
        <TextField
          label={t.account.email}
          type="email"
          name="email"
          autoComplete="username"
          inputMode="email"
          value={email}
          fault={faults['email']}
          onChange={(event) => setEmail(event.target.value)}
        />
        <button type="submit" className="button wide" disabled={busy}>
          {t.account.resetAsk}
        </button>
      </Form>
      <p className="form-foot">
        <Link href={pb.signIn(next)}>{t.account.backToSignIn}</Link>
      </p>
    </div>
  )
}

function NewPasswordStep({ email, next, onOther }: { email: string; next: string | undefined; onOther: () => void }) {
  const { t, lang, api, session } = useApp()
  const [, navigate] = useLocation()
  const account = useAccount()
  const [code, setCode] = useState('')
  const [password, setPassword] = useState('')
  const [faults, setFaults] = useState<Faults>({})
  const [wasResent, setResent] = useState(false)
  const { busy, failure, attempt, clear } = useAttempt()

  function show(error: unknown): void {
    const field = fieldOf[codeOf(error) ?? '']
    setFaults(field ? { [field]: errorText(error, lang, t.common.networkError) } : faultsOf(error))
    if (field) clear()
  }

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault()
    const found = faultsFrom({
      code: /^\d{6}$/.test(code) ? undefined : t.account.codeFault,
      password: password.length >= 10 ? undefined : t.account.passwordFault,
    })
    setFaults(found)
    setResent(false)
    clear()
    if (Object.keys(found).length > 0) return
    await attempt(async () => {
      await api.call(confirmPasswordReset, { body: { email, code, password } })
      // The server has ended its sessions, the one of this browser too.
      if (account?.email.toLowerCase() === email.toLowerCase()) session.clear()
      const arrival: Arrival = { email, hasNewPassword: true }
      navigate(pb.signIn(next), { replace: true, state: arrival })
    }, show)
  }

  async function resend(): Promise<boolean> {
    setResent(false)
    setFaults({})
    clear()
    try {
      await api.call(askPasswordReset, { body: { email } })
      setResent(true)
      return true
    } catch (error) {
      show(error)
      if (!codeOf(error)) setFaults({ code: t.common.networkError })
      return false
    }
  }

  return (
    <div className="page form-page">
      <StateHeading>{t.account.newPasswordTitle}</StateHeading>
      <p className="lead">{t.account.resetCodeLead(email)}</p>
      <Form faults={faults} onSubmit={(event) => void submit(event)}>
        <FormFailure error={failure} shown={['code', 'password']} />
        {wasResent ? <Notice tone="good">{t.account.resetResent}</Notice> : null}
        <CodeField value={code} fault={faults['code']} onChange={setCode} />
        <PasswordField
          label={t.account.newPassword}
          autoComplete="new-password"
          hint={t.account.passwordHint}
          value={password}
          fault={faults['password']}
          onChange={setPassword}
        />
        <button type="submit" className="button wide" disabled={busy}>
          {t.account.newPasswordSubmit}
        </button>
        <ResendButton resend={resend} />
      </Form>
      <p className="form-foot">
        <button type="button" className="link-button" onClick={onOther}>
          {t.account.otherEmail}
        </button>
      </p>
    </div>
  )
}

/** Which field a refusal is about. */
const fieldOf: Record<string, string> = {
  'identity.wrong-code': 'code',
  'identity.too-many-attempts': 'code',
  'identity.weak-password': 'password',
}
