import { useEffect, useState, type FormEvent } from 'react'
import { Link, useLocation, useSearchParams } from 'wouter'
import { register, resendCode, signIn, verifyEmail, type Account } from '@fairgate/contracts/http/identity'
import { useAccount, useApp } from '../../app.tsx'
import { codeOf, errorText, faultsOf } from '../../api/api.ts'
import { Form, FormFailure, TextField } from '../../forms/fields.tsx'
import { emailFault, faultsFrom, filled, type Faults } from '../../forms/rules.ts'
import { isOwnPage, pb, safeNext } from '../../path-builder.ts'
import { useAttempt, useTitle } from '../../ui/hooks.ts'
import { Notice, StateHeading } from '../../ui/parts.tsx'
import { CodeField, PasswordField, ResendButton } from './account-fields.tsx'
import { useArrival } from './arrival.ts'

/** Where the person wanted to go, and how to get there: the waiting room is a page outside the app. */
function useNext() {
  const [search] = useSearchParams()
  const [, navigate] = useLocation()
  const raw = search.get('next')
  const next = safeNext(raw)
  return {
    next: raw ? next : undefined,
    leave: () => (isOwnPage(next) ? location.assign(next) : navigate(next, { replace: true })),
  }
}

export function SignInPage() {
  const { t, api, session } = useApp()
  const { next, leave } = useNext()
  const [, navigate] = useLocation()
  const account = useAccount()
  const arrival = useArrival()
  const [email, setEmail] = useState(arrival.email ?? '')
  const [password, setPassword] = useState('')
  const [faults, setFaults] = useState<Faults>({})
  const { busy, failure, attempt, clear } = useAttempt()
  useTitle(t.common.signIn)

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault()
    const found = faultsFrom({ email: emailFault(email, t), password: filled(password, t) })
    setFaults(found)
    clear()
    if (Object.keys(found).length > 0) return
    await attempt(
      async () => {
        const answer = await api.call(signIn, { body: { email: email.trim(), password } })
        session.accept(answer)
        if (answer.account.verified) leave()
        else navigate(pb.verify(next), { replace: true })
      },
      (error) => setFaults(faultsOf(error)),
    )
  }

  return (
    <div className="page form-page">
      <h1>{t.account.signInTitle}</h1>
      <p className="lead">{t.account.signInLead}</p>
      {account ? <Notice tone="good">{t.account.signedInAs(account.name)}</Notice> : null}
      {arrival.hasNewPassword ? <Notice tone="good">{t.account.newPasswordSet}</Notice> : null}
      <Form faults={faults} onSubmit={(event) => void submit(event)}>
        <FormFailure error={failure} shown={['email', 'password']} />
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
        <PasswordField
          autoComplete="current-password"
          value={password}
          fault={faults['password']}
          onChange={setPassword}
        />
        <button type="submit" className="button wide" disabled={busy}>
          {t.common.signIn}
        </button>
      </Form>
      <p className="form-foot">
        <Link href={pb.resetPassword(next)} state={{ email: email.trim() }}>
          {t.account.forgotten}
        </Link>
        <br />
        {t.account.noAccount} <Link href={pb.register(next)}>{t.common.register}</Link>
      </p>
    </div>
  )
}

export function RegisterPage() {
  const { t, lang, api, session } = useApp()
  const { next, leave } = useNext()
  const [values, setValues] = useState({ name: '', email: '', password: '' })
  const [faults, setFaults] = useState<Faults>({})
  const [failure, setFailure] = useState<unknown>()
  const [busy, setBusy] = useState(false)
  const [registered, setRegistered] = useState<Account>()
  useTitle(t.common.register)

  const set = (change: Partial<typeof values>): void => setValues({ ...values, ...change })

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault()
    const found = faultsFrom({
      name: filled(values.name, t),
      email: emailFault(values.email, t),
      password: values.password.length >= 10 ? undefined : t.account.passwordFault,
    })
    setFaults(found)
    setFailure(undefined)
    if (Object.keys(found).length > 0) return
    setBusy(true)
    try {
      const answer = await api.call(register, {
        body: { name: values.name.trim(), email: values.email.trim(), password: values.password, locale: lang },
      })
      session.accept(answer)
      setRegistered(answer.account)
    } catch (error) {
      const code = codeOf(error)
      const text = errorText(error, lang, t.common.networkError)
      if (code === 'identity.email-taken') setFaults({ email: text })
      else if (code === 'identity.weak-password') setFaults({ password: text })
      else {
        setFailure(error)
        setFaults(faultsOf(error))
      }
    }
    setBusy(false)
  }

  if (registered) return <CodeStep email={registered.email} onDone={leave} />
  return (
    <div className="page form-page">
      <h1>{t.account.registerTitle}</h1>
      <p className="lead">{t.account.registerLead}</p>
      <Form faults={faults} onSubmit={(event) => void submit(event)}>
        <FormFailure error={failure} shown={['name', 'email', 'password']} />
        <TextField
          label={t.account.name}
          name="name"
          autoComplete="name"
          maxLength={100}
          hint={t.account.nameHint}
          value={values.name}
          fault={faults['name']}
          onChange={(event) => set({ name: event.target.value })}
        />
        <TextField
          label={t.account.email}
          type="email"
          name="email"
          autoComplete="email"
          inputMode="email"
          value={values.email}
          fault={faults['email']}
          onChange={(event) => set({ email: event.target.value })}
        />
        <PasswordField
          autoComplete="new-password"
          hint={t.account.passwordHint}
          value={values.password}
          fault={faults['password']}
          onChange={(password) => set({ password })}
        />
        <button type="submit" className="button wide" disabled={busy}>
          {t.common.register}
        </button>
      </Form>
      <p className="form-foot">
        {t.account.haveAccount} <Link href={pb.signIn(next)}>{t.common.signIn}</Link>
      </p>
    </div>
  )
}

/** For an account that is signed in and has not entered its code yet. */
export function VerifyPage() {
  const { t } = useApp()
  const { leave } = useNext()
  const account = useAccount()
  const isVerified = account?.verified === true
  useTitle(t.account.codeTitle)
  useEffect(() => {
    if (isVerified) leave()
    // The way on is decided once, when the account becomes verified.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [isVerified])
  if (!account || isVerified) return null
  return <CodeStep email={account.email} onDone={() => undefined} />
}

function CodeStep({ email, onDone }: { email: string; onDone: () => void }) {
  const { t, lang, api, session } = useApp()
  const [, navigate] = useLocation()
  const [code, setCode] = useState('')
  const [fault, setFault] = useState<string>()
  const [busy, setBusy] = useState(false)
  const [wasResent, setResent] = useState(false)

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault()
    if (!/^\d{6}$/.test(code)) {
      setFault(t.account.codeFault)
      return
    }
    setBusy(true)
    setFault(undefined)
    try {
      const answer = await api.call(verifyEmail, { body: { email, code } })
      session.accept(answer)
      if (!answer.accessToken) await session.refresh()
      onDone()
    } catch (error) {
      setFault(errorText(error, lang, t.common.networkError))
    }
    setBusy(false)
  }

  async function resend(): Promise<boolean> {
    setResent(false)
    setFault(undefined)
    try {
      await api.call(resendCode, { body: { email } })
      setResent(true)
      return true
    } catch (error) {
      setFault(errorText(error, lang, t.common.networkError))
      return false
    }
  }

  return (
    <div className="page form-page">
      <StateHeading>{t.account.codeTitle}</StateHeading>
      <p className="lead">{t.account.codeLead(email)}</p>
      <form className="form" noValidate onSubmit={(event) => void submit(event)}>
        {wasResent ? <Notice tone="good">{t.account.resent}</Notice> : null}
        <CodeField value={code} fault={fault} onChange={setCode} />
        <button type="submit" className="button wide" disabled={busy}>
          {t.account.codeSubmit}
        </button>
        <ResendButton resend={resend} />
      </form>
      <p className="form-foot">
        <button type="button" className="link-button" onClick={() => navigate(pb.events())}>
          {t.account.later}
        </button>
      </p>
    </div>
  )
}
