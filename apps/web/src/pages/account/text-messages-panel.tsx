import { useState, type FormEvent } from 'react'
import { useQuery } from '@tanstack/react-query'
import { getTextMessages, leaveTextMessages, wantTextMessages } from '@fairgate/contracts/http/notifications'
import { koreanMobile } from '@fairgate/contracts/phone'
import { useApp } from '../../app.tsx'
import { errorText } from '../../api/api.ts'
import { useQueryClient } from '../../api/queries.ts'
import { Form, TextField } from '../../forms/fields.tsx'
import { useAttempt } from '../../ui/hooks.ts'
import { Notice } from '../../ui/parts.tsx'

const key = ['text-messages']

/** A number for what cannot wait until somebody reads mail. Where none are sent there is nothing to see. */
export function TextMessagesPanel() {
  const { t, lang, api } = useApp()
  const client = useQueryClient()
  const wish = useQuery({ queryKey: key, queryFn: ({ signal }) => api.call(getTextMessages, { signal }) })
  const [phone, setPhone] = useState('')
  const [fault, setFault] = useState<string>()
  const { busy, failure, attempt } = useAttempt()
  if (!wish.data?.isOffered) return null

  const act = (work: () => Promise<unknown>) =>
    attempt(async () => {
      await work()
      await client.invalidateQueries({ queryKey: key })
    })

  function submit(event: FormEvent): void {
    event.preventDefault()
    const isNumber = koreanMobile(phone) !== undefined
    setFault(isNumber ? undefined : t.texts.fault)
    if (isNumber) void act(() => api.call(wantTextMessages, { body: { phone } }))
  }

  return (
    <section className="panel stack text-messages" aria-label={t.texts.title}>
      <h2>{t.texts.title}</h2>
      {failure ? <Notice tone="bad">{errorText(failure, lang, t.common.networkError)}</Notice> : null}
      {wish.data.phone ? (
        <>
          <p role="status">{t.texts.on(local(wish.data.phone))}</p>
          <div className="actions">
            <button
              type="button"
              className="button quiet small"
              disabled={busy}
              onClick={() => void act(() => api.call(leaveTextMessages, {}))}
            >
              {t.texts.leave}
            </button>
          </div>
        </>
      ) : (
        <>
          <p className="muted">{t.texts.lead}</p>
          <Form faults={fault ? { phone: fault } : {}} onSubmit={submit}>
            <TextField
              label={t.texts.phone}
              type="tel"
              autoComplete="tel"
              inputMode="tel"
              maxLength={24}
              placeholder="010-1234-5678"
              value={phone}
              fault={fault}
              onChange={(event) => setPhone(event.target.value)}
            />
            <button type="submit" className="button quiet" disabled={busy}>
              {t.texts.want}
            </button>
          </Form>
        </>
      )}
    </section>
  )
}

/** `+821012345678` as people here write it. */
const local = (number: string): string => number.replace(/^\+82/, '0').replace(/^(\d{3})(\d{3,4})(\d{4})$/, '$1-$2-$3')
