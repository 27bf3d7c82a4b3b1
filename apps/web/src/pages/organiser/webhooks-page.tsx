import { useState, type FormEvent } from 'react'
import { useQuery } from '@tanstack/react-query'
import {
  changeEndpoint,
  createEndpoint,
  deleteEndpoint,
  listDeliveries,
  listEndpoints,
  resendDelivery,
  rotateSecret,
  testEndpoint,
  webhookTypes,
  type DeliveryState,
  type WebhookDelivery,
  type WebhookEndpoint,
  type WebhookType,
} from '@fairgate/contracts/http/webhooks'
import { useApp } from '../../app.tsx'
import { codeOf, errorText } from '../../api/api.ts'
import { useQueryClient } from '../../api/queries.ts'
import { Form, FormFailure, TextField } from '../../forms/fields.tsx'
import { faultsFrom, filled, type Faults } from '../../forms/rules.ts'
import { hereZone, shortTime } from '../../i18n/dates.ts'
import { useAttempt, useIdempotencyKey, useTitle } from '../../ui/hooks.ts'
import { Icon } from '../../ui/icons.tsx'
import { Blank, Confirm, Failure, Notice, PageHead, Skeleton, Tag } from '../../ui/parts.tsx'

const everyMs = 4000
const keys = { all: () => ['webhooks'] as const, log: (id: string) => ['webhooks', id] as const }

/** An organiser's webhook endpoints: which servers are told what, how they answer, and the hand on it. */
export function WebhooksPage() {
  const { t, api } = useApp()
  const endpoints = useQuery({
    queryKey: keys.all(),
    queryFn: ({ signal }) => api.call(listEndpoints, { signal }),
    refetchInterval: everyMs,
    staleTime: 0,
  })
  const [isAdding, setAdding] = useState(false)
  const [secret, setSecret] = useState<string>()
  useTitle(t.webhooks.title)
  return (
    <div className="page narrow">
      <PageHead title={t.webhooks.title} lead={t.webhooks.lead}>
        {isAdding ? null : (
          <button type="button" className="button" onClick={() => setAdding(true)}>
            <Icon name="plus" />
            {t.webhooks.add}
          </button>
        )}
      </PageHead>
      <div className="stack">
        {secret ? <SecretNotice secret={secret} onClose={() => setSecret(undefined)} /> : null}
        {isAdding ? (
          <section className="panel" aria-label={t.webhooks.add}>
            <AddForm
              onDone={(made) => {
                setAdding(false)
                if (made) setSecret(made)
              }}
            />
          </section>
        ) : null}
        {endpoints.isPending ? (
          <Skeleton tall lines={2} />
        ) : endpoints.isError ? (
          <Failure error={endpoints.error} retry={() => void endpoints.refetch()} />
        ) : endpoints.data.items.length === 0 && !isAdding ? (
          <Blank title={t.webhooks.empty} body={t.webhooks.emptyBody} icon="globe" />
        ) : (
          endpoints.data.items.map((endpoint) => (
            <EndpointPanel key={endpoint.id} endpoint={endpoint} onSecret={setSecret} />
          ))
        )}
      </div>
    </div>
  )
}

function SecretNotice({ secret, onClose }: { secret: string; onClose: () => void }) {
  const { t } = useApp()
  return (
    <Notice tone="good" title={t.webhooks.secretTitle}>
      <p>{t.webhooks.secretOnce}</p>
      <p>
        <code className="webhook-secret">{secret}</code>
      </p>
      <div className="actions">
        <button type="button" className="button quiet small" onClick={onClose}>
          {t.webhooks.secretKept}
        </button>
      </div>
    </Notice>
  )
}

/** @param onDone  with the secret of the new endpoint, or nothing when none was made */
function AddForm({ onDone }: { onDone: (secret?: string) => void }) {
  const { t, api, lang } = useApp()
  const client = useQueryClient()
  const idempotency = useIdempotencyKey()
  const [url, setUrl] = useState('')
  const [types, setTypes] = useState<WebhookType[]>([...webhookTypes])
  const [faults, setFaults] = useState<Faults>({})
  const [failure, setFailure] = useState<unknown>()
  const [busy, setBusy] = useState(false)

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault()
    const found = faultsFrom({ url: filled(url, t), types: types.length > 0 ? undefined : t.webhooks.typesNone })
    setFaults(found)
    setFailure(undefined)
    if (Object.keys(found).length > 0) return
    setBusy(true)
    const body = { url: url.trim(), types }
    try {
      const { secret } = await api.call(createEndpoint, { body, idempotencyKey: idempotency.keyFor(body) })
      idempotency.settle()
      await client.invalidateQueries({ queryKey: keys.all() })
      onDone(secret)
      return
    } catch (error) {
      if (codeOf(error) === 'webhooks.url-invalid') setFaults({ url: errorText(error, lang, t.common.networkError) })
      else setFailure(error)
    }
    setBusy(false)
  }

  return (
    <Form faults={faults} onSubmit={(event) => void submit(event)}>
      <FormFailure error={failure} />
      <TextField
        label={t.webhooks.url}
        type="url"
        inputMode="url"
        placeholder="https://hooks.example.com/fairgate"
        maxLength={500}
        hint={t.webhooks.urlHint}
        value={url}
        fault={faults['url']}
        onChange={(event) => setUrl(event.target.value)}
      />
      <TypeChecks value={types} fault={faults['types']} onChange={setTypes} />
      <div className="actions">
        <button type="submit" className="button" disabled={busy}>
          {t.webhooks.add}
        </button>
        <button type="button" className="button quiet" onClick={() => onDone()}>
          {t.webhooks.cancel}
        </button>
      </div>
    </Form>
  )
}

function TypeChecks({
  value,
  fault,
  onChange,
}: {
  value: readonly WebhookType[]
  fault?: string | undefined
  onChange: (types: WebhookType[]) => void
}) {
  const { t } = useApp()
  return (
    <fieldset className="webhook-types">
      <legend>{t.webhooks.types}</legend>
      {webhookTypes.map((type) => (
        <label key={type} className="check">
          <input
            type="checkbox"
            checked={value.includes(type)}
            onChange={(event) =>
              onChange(webhookTypes.filter((each) => (each === type ? event.target.checked : value.includes(each))))
            }
          />
          <span>
            {t.webhooks.typeNames[type]} <code className="muted small">{type}</code>
          </span>
        </label>
      ))}
      {fault ? (
        <p className="fault">
          <Icon name="warn" size={16} /> {fault}
        </p>
      ) : null}
    </fieldset>
  )
}

type Asking = 'secret' | 'delete'

function EndpointPanel({ endpoint, onSecret }: { endpoint: WebhookEndpoint; onSecret: (secret: string) => void }) {
  const { t, lang, api } = useApp()
  const client = useQueryClient()
  const [asking, setAsking] = useState<Asking>()
  const [isLogShown, setLogShown] = useState(false)
  const [said, setSaid] = useState('')
  const { busy, failure, attempt } = useAttempt()
  const params = { id: endpoint.id }
  const { disabled, failingSince, waiting } = endpoint
  const when = (instant: string): string => shortTime(instant, hereZone(), lang)

  const act = (work: () => Promise<unknown>) =>
    attempt(async () => {
      setSaid('')
      await work()
      setAsking(undefined)
      await client.invalidateQueries({ queryKey: keys.all() })
    })

  const test = () =>
    act(async () => {
      await api.call(testEndpoint, { params })
      setSaid(t.webhooks.tested)
      setLogShown(true)
    })
  const enable = (isEnabled: boolean) => act(() => api.call(changeEndpoint, { params, body: { isEnabled } }))
  const answers: Record<Asking, () => Promise<void>> = {
    secret: () => act(async () => onSecret((await api.call(rotateSecret, { params })).secret)),
    delete: () => act(() => api.call(deleteEndpoint, { params })),
  }

  return (
    <section className="panel stack" aria-label={endpoint.url}>
      <div className="line-head">
        <h2 className="webhook-url">{endpoint.url}</h2>
        <Tag tone={disabled ? 'bad' : failingSince ? 'warn' : 'good'}>
          {disabled ? t.webhooks.off : failingSince ? t.webhooks.failing : t.webhooks.on}
        </Tag>
      </div>
      {disabled ? (
        <Notice tone={disabled.why === 'by-hand' ? 'plain' : 'bad'}>
          {t.webhooks.offWhy[disabled.why](when(disabled.at))}
        </Notice>
      ) : failingSince ? (
        <Notice tone="warn">{t.webhooks.failingSince(when(failingSince))}</Notice>
      ) : null}
      <p className="muted small">{endpoint.types.map((type) => t.webhooks.typeNames[type]).join(' · ')}</p>
      {waiting > 0 ? <p className="figures">{t.webhooks.waiting(waiting)}</p> : null}
      {failure ? <Notice tone="bad">{errorText(failure, lang, t.common.networkError)}</Notice> : null}
      <p role="status" className={said ? 'muted' : 'hidden-visually'}>
        {said}
      </p>
      {asking ? (
        <Confirm
          question={t.webhooks.ask[asking]}
          yes={t.webhooks.yes[asking]}
          no={t.webhooks.cancel}
          busy={busy}
          onYes={() => void answers[asking]()}
          onNo={() => setAsking(undefined)}
        />
      ) : (
        <div className="actions">
          <button type="button" className="button small" disabled={busy} onClick={() => void test()}>
            {t.webhooks.test}
          </button>
          <button
            type="button"
            className="button quiet small"
            aria-expanded={isLogShown}
            onClick={() => setLogShown(!isLogShown)}
          >
            {t.webhooks.log}
          </button>
          <button
            type="button"
            className="button quiet small"
            disabled={busy}
            onClick={() => void enable(disabled !== null)}
          >
            {disabled ? t.webhooks.switchOn : t.webhooks.switchOff}
          </button>
          <button type="button" className="button quiet small" onClick={() => setAsking('secret')}>
            {t.webhooks.yes.secret}
          </button>
          <button type="button" className="button quiet small" onClick={() => setAsking('delete')}>
            {t.webhooks.yes.delete}
          </button>
        </div>
      )}
      {isLogShown ? <Log endpointId={endpoint.id} /> : null}
    </section>
  )
}

const stateTones = { waiting: 'warn', delivered: 'good', failed: 'bad' } as const satisfies Record<
  DeliveryState,
  string
>

function Log({ endpointId }: { endpointId: string }) {
  const { t, lang, api } = useApp()
  const client = useQueryClient()
  const log = useQuery({
    queryKey: keys.log(endpointId),
    queryFn: ({ signal }) => api.call(listDeliveries, { params: { id: endpointId }, query: {}, signal }),
    refetchInterval: everyMs,
    staleTime: 0,
  })
  const { failure, attempt } = useAttempt()

  const resend = (messageId: string) =>
    attempt(async () => {
      await api.call(resendDelivery, { params: { id: endpointId, messageId } })
      await client.invalidateQueries({ queryKey: keys.log(endpointId) })
    })

  if (log.isPending) return <Skeleton lines={2} />
  if (log.isError) return <Failure error={log.error} retry={() => void log.refetch()} />
  if (log.data.items.length === 0) return <p className="muted">{t.webhooks.logEmpty}</p>
  return (
    <>
      {failure ? <Notice tone="bad">{errorText(failure, lang, t.common.networkError)}</Notice> : null}
      <ul className="webhook-log">
        {log.data.items.map((delivery) => (
          <li key={delivery.messageId}>
            <DeliveryLine delivery={delivery} onResend={() => void resend(delivery.messageId)} />
          </li>
        ))}
      </ul>
    </>
  )
}

function DeliveryLine({ delivery, onResend }: { delivery: WebhookDelivery; onResend: () => void }) {
  const { t, lang } = useApp()
  const [last] = delivery.attempts
  const when = (instant: string): string => shortTime(instant, hereZone(), lang)
  return (
    <>
      <div className="line-head">
        <code>{delivery.type}</code>
        <Tag tone={stateTones[delivery.state]}>{t.webhooks.states[delivery.state]}</Tag>
      </div>
      <p className="muted small figures">
        {when(delivery.createdAt)}
        {last ? ` · ${t.webhooks.answered(last.status, last.ms)}` : ''}
        {delivery.attempts.length > 1 ? ` · ${t.admin.attempts(delivery.attempts.length)}` : ''}
        {delivery.nextAttemptAt && last ? ` · ${t.webhooks.next(when(delivery.nextAttemptAt))}` : ''}
      </p>
      {last?.reason ? <p className="small">{last.reason}</p> : null}
      {delivery.state === 'waiting' ? null : (
        <button type="button" className="link-button small" onClick={onResend}>
          {t.webhooks.resend}
        </button>
      )}
    </>
  )
}
