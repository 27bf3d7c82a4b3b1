import { useEffect, useRef, useState, type FormEvent } from 'react'
import { useQuery } from '@tanstack/react-query'
import { useSearchParams } from 'wouter'
import { listEvents } from '@fairgate/contracts/http/catalog'
import { eventOfCode } from '@fairgate/contracts/ticket-code'
import { checkIn } from '@fairgate/contracts/http/tickets'
import type { Answer } from '@fairgate/contracts/http/route'
import { useApp } from '../../app.tsx'
import { codeOf, errorText, problemOf } from '../../api/api.ts'
import { shortTime } from '../../i18n/dates.ts'
import { SelectField, TextField } from '../../forms/fields.tsx'
import { filled } from '../../forms/rules.ts'
import { useTitle } from '../../ui/hooks.ts'
import { Icon } from '../../ui/icons.tsx'
import { PageHead } from '../../ui/parts.tsx'

type Result =
  | { kind: 'admitted'; answer: Answer<typeof checkIn> }
  | { kind: 'elsewhere'; event: string | undefined }
  | { kind: 'refused'; error: unknown }

const dayMs = 24 * 3600_000

/** At the gate: a scanner types the code and Enter, and the answer is readable from two metres. */
export function CheckInPage() {
  const { t, lang, api, serverClock } = useApp()
  const [search, setSearch] = useSearchParams()
  const eventId = search.get('event') ?? ''
  // An event that began yesterday may still let people in.
  const events = useQuery({
    queryKey: ['gate-events'],
    queryFn: ({ signal }) =>
      api.call(listEvents, {
        query: { from: new Date(serverClock.now() - dayMs).toISOString(), limit: 100 },
        signal,
      }),
    staleTime: 60_000,
  })
  const items = events.data?.items ?? []
  const [code, setCode] = useState('')
  const [fault, setFault] = useState<string>()
  const [result, setResult] = useState<Result>()
  const [admitted, setAdmitted] = useState(0)
  const [busy, setBusy] = useState(false)
  const form = useRef<HTMLFormElement>(null)
  useTitle(t.checkIn.title)

  // The next scan needs the field at once, without a hand on the mouse.
  useEffect(() => {
    if (!busy) form.current?.querySelector('input')?.focus()
  }, [busy])

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault()
    const wrong = filled(code, t)
    setFault(wrong)
    if (wrong || busy) return
    const named = eventOfCode(code)
    if (eventId && named && named !== eventId) {
      setResult({ kind: 'elsewhere', event: items.find(({ id }) => id === named)?.name })
      setCode('')
      return
    }
    setBusy(true)
    setResult(undefined)
    try {
      const answer = await api.call(checkIn, { body: { code: code.trim() } })
      setResult({ kind: 'admitted', answer })
      setAdmitted((count) => count + 1)
    } catch (error) {
      setResult({ kind: 'refused', error })
    }
    setCode('')
    setBusy(false)
  }

  return (
    <div className="page narrow">
      <PageHead title={t.checkIn.title} lead={t.checkIn.lead} />
      <form ref={form} className="form" noValidate onSubmit={(event) => void submit(event)}>
        <SelectField
          label={t.checkIn.event}
          name="event"
          hint={eventId ? undefined : t.checkIn.eventHint}
          value={eventId}
          onChange={(change) => setSearch(change.target.value ? { event: change.target.value } : {}, { replace: true })}
        >
          <option value="">{t.checkIn.everyEvent}</option>
          {eventId && !items.some(({ id }) => id === eventId) ? <option value={eventId}>{eventId}</option> : null}
          {items.map(({ id, name, startsAt, timeZone }) => (
            <option key={id} value={id}>
              {name} · {shortTime(startsAt, timeZone, lang)}
            </option>
          ))}
        </SelectField>
        <TextField
          label={t.checkIn.code}
          name="code"
          autoComplete="off"
          spellCheck={false}
          maxLength={1000}
          value={code}
          fault={fault}
          onChange={(event) => setCode(event.target.value)}
        />
        <button type="submit" className="button wide" disabled={busy}>
          {t.checkIn.submit}
        </button>
      </form>
      <div aria-live="assertive">{result ? <GateResult result={result} /> : null}</div>
      {admitted > 0 ? <p className="muted figures">{t.checkIn.count(admitted)}</p> : null}
    </div>
  )
}

function GateResult({ result }: { result: Result }) {
  const { t, lang } = useApp()
  if (result.kind === 'admitted') {
    const { event, section, label } = result.answer.ticket
    return (
      <section className="gate-result good">
        <Icon name="check" size={56} />
        <h2>{t.checkIn.admitted}</h2>
        <p className="gate-seat figures">{label}</p>
        <p>
          {section.name} · {event.name}
        </p>
      </section>
    )
  }
  if (result.kind === 'elsewhere')
    return (
      <section className="gate-result bad">
        <Icon name="cross" size={56} />
        <h2>{t.checkIn.elsewhere}</h2>
        <p>{result.event ? t.checkIn.elsewhereIs(result.event) : t.checkIn.elsewhereUnknown}</p>
      </section>
    )
  const code = codeOf(result.error)
  const usedAt = problemOf(result.error)?.['usedAt']
  const when =
    typeof usedAt === 'string'
      ? new Date(usedAt).toLocaleString(lang, { dateStyle: 'medium', timeStyle: 'medium' })
      : undefined
  const title =
    code === 'tickets.already-used'
      ? t.checkIn.alreadyUsed
      : code === 'tickets.revoked'
        ? t.checkIn.revoked
        : code === 'tickets.code-invalid'
          ? t.checkIn.unknown
          : t.common.errorTitle
  return (
    <section className="gate-result bad">
      <Icon name="cross" size={56} />
      <h2>{title}</h2>
      <p>{when ? t.checkIn.usedAt(when) : errorText(result.error, lang, t.common.networkError)}</p>
    </section>
  )
}
