import { useState, type FormEvent } from 'react'
import { useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import type { Answer } from '@fairgate/contracts/http/route'
import { findAccounts, roles, setRoles, type Account, type Role } from '@fairgate/contracts/http/identity'
import { audit, listParked, retryParked } from '@fairgate/contracts/http/operations'
import { useAccount, useApp } from '../../app.tsx'
import { errorText } from '../../api/api.ts'
import { FormFailure, TextField } from '../../forms/fields.tsx'
import { emailFault } from '../../forms/rules.ts'
import { pb } from '../../path-builder.ts'
import { useAttempt, useTitle } from '../../ui/hooks.ts'
import { Icon } from '../../ui/icons.tsx'
import { Failure, Notice, PageHead, Skeleton, TableScroll } from '../../ui/parts.tsx'
import { BooksPanel } from './books-panel.tsx'
import { LedgerPanel } from './ledger-panel.tsx'

export function AdminPage() {
  const { t } = useApp()
  useTitle(t.admin.title)
  return (
    <div className="page narrow">
      <PageHead title={t.admin.title}>
        <Link href={pb.adminOrders()} className="button quiet small">
          {t.adminOrders.title}
        </Link>
      </PageHead>
      <div className="stack">
        <Appoint />
        <Audit />
        <BooksPanel />
        <LedgerPanel />
        <Parked />
      </div>
    </div>
  )
}

function Appoint() {
  const { t, api } = useApp()
  const [email, setEmail] = useState('')
  const [fault, setFault] = useState<string>()
  const { failure, attempt, clear } = useAttempt()
  const [found, setFound] = useState<readonly Account[]>()

  async function find(event: FormEvent): Promise<void> {
    event.preventDefault()
    const wrong = emailFault(email, t)
    setFault(wrong)
    clear()
    setFound(undefined)
    if (wrong) return
    await attempt(async () => setFound((await api.call(findAccounts, { query: { email: email.trim() } })).items))
  }

  return (
    <section className="panel" aria-labelledby="appoint">
      <h2 id="appoint">{t.admin.appoint}</h2>
      <p className="muted">{t.admin.appointLead}</p>
      <form className="form" noValidate onSubmit={(event) => void find(event)}>
        <FormFailure error={failure} />
        <TextField
          label={t.account.email}
          type="email"
          inputMode="email"
          value={email}
          fault={fault}
          onChange={(event) => setEmail(event.target.value)}
        />
        <div className="actions">
          <button type="submit" className="button">
            <Icon name="search" />
            {t.admin.find}
          </button>
        </div>
      </form>
      {found?.length === 0 ? <Notice tone="warn">{t.admin.noAccount}</Notice> : null}
      {found?.map((account) => (
        <RoleForm key={account.id} account={account} />
      ))}
    </section>
  )
}

function RoleForm({ account }: { account: Account }) {
  const { t, lang, api, session } = useApp()
  const own = useAccount()
  const [chosen, setChosen] = useState<readonly Role[]>(account.roles)
  const { failure, attempt } = useAttempt()
  const [isSaved, setSaved] = useState(false)

  const save = () =>
    attempt(async () => {
      setSaved(false)
      const changed = await api.call(setRoles, { params: { id: account.id }, body: { roles: [...chosen] } })
      setChosen(changed.roles)
      setSaved(true)
      // The token in hand still speaks of the old roles.
      if (own?.id === account.id) await session.refresh()
    })

  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault()
        void save()
      }}
    >
      <fieldset>
        <legend>
          {account.name} · {account.email}
        </legend>
        <div className="role-checks">
          {roles.map((role) => (
            <label key={role} className="check">
              <input
                type="checkbox"
                checked={chosen.includes(role)}
                onChange={(event) =>
                  setChosen(event.target.checked ? [...chosen, role] : chosen.filter((other) => other !== role))
                }
              />
              {t.admin.role[role]}
            </label>
          ))}
        </div>
      </fieldset>
      {failure ? <Notice tone="bad">{errorText(failure, lang, t.common.networkError)}</Notice> : null}
      {isSaved ? <Notice tone="good">{t.admin.rolesSaved}</Notice> : null}
      <div className="actions">
        <button type="submit" className="button quiet">
          {t.common.save}
        </button>
      </div>
    </form>
  )
}

function Audit() {
  const { t, lang, api } = useApp()
  const report = useQuery({
    queryKey: ['audit'],
    queryFn: ({ signal }) => api.call(audit, { query: {}, signal }),
    staleTime: Infinity,
  })
  const time = (at: string): string => new Date(at).toLocaleTimeString(lang)
  return (
    <section className="panel" aria-labelledby="audit">
      <div className="line-head">
        <div>
          <h2 id="audit">{t.admin.audit}</h2>
          <p className="muted">{t.admin.auditLead}</p>
        </div>
        <button
          type="button"
          className="button quiet small"
          disabled={report.isFetching}
          onClick={() => void report.refetch()}
        >
          {t.admin.auditRun}
        </button>
      </div>
      {report.isPending ? (
        <Skeleton lines={4} />
      ) : report.isError ? (
        <Failure error={report.error} retry={() => void report.refetch()} />
      ) : (
        <>
          <Notice
            tone={report.data.invariantsHeld ? 'good' : 'bad'}
            title={report.data.invariantsHeld ? t.admin.auditHeld : t.admin.auditBroken}
          >
            <p>{t.admin.auditAt(time(report.data.at))}</p>
          </Notice>
          <Checks checks={report.data.checks.filter(({ held }) => !held)} />
          <details>
            <summary className="check">
              {t.admin.auditRest(report.data.checks.filter(({ held }) => held).length)}
            </summary>
            <Checks checks={report.data.checks.filter(({ held }) => held)} />
          </details>
          {Object.keys(report.data.figures).length > 0 ? (
            <details>
              <summary className="check">{t.admin.figures}</summary>
              <TableScroll>
                <table className="table">
                  <tbody className="figures">
                    {Object.entries(report.data.figures).map(([name, value]) => (
                      <tr key={name}>
                        <th scope="row">{name}</th>
                        <td>{value.toLocaleString(lang)}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </TableScroll>
            </details>
          ) : null}
        </>
      )}
    </section>
  )
}

function Checks({ checks }: { checks: Answer<typeof audit>['checks'] }) {
  const { t } = useApp()
  if (checks.length === 0) return null
  return (
    <ul className="checks" aria-label={t.admin.audit}>
      {checks.map((check) => (
        <li key={check.name} className={check.held ? 'held-yes' : 'held-no'}>
          <Icon name={check.held ? 'check' : 'cross'} />
          <div>
            {check.name}
            {check.held ? null : (
              <small>{`${t.admin.broken(check.violations)}${check.detail ? `: ${check.detail}` : ''}`}</small>
            )}
          </div>
        </li>
      ))}
    </ul>
  )
}

function Parked() {
  const { t, lang, api } = useApp()
  const parked = useQuery({
    queryKey: ['parked'],
    queryFn: ({ signal }) => api.call(listParked, { signal }),
    refetchInterval: 10_000,
    staleTime: 0,
  })
  const [retried, setRetried] = useState<number>()
  const { failure, attempt } = useAttempt()

  const retry = (which: { subscriber?: string; id?: string }) =>
    attempt(async () => {
      setRetried((await api.call(retryParked, { body: which })).retried)
      await parked.refetch()
    })

  return (
    <section className="panel" aria-labelledby="parked">
      <div className="line-head">
        <div>
          <h2 id="parked">{t.admin.parked}</h2>
          <p className="muted">{t.admin.parkedLead}</p>
        </div>
        {parked.data && parked.data.items.length > 1 ? (
          <button type="button" className="button quiet small" onClick={() => void retry({})}>
            {t.admin.parkedRetryAll}
          </button>
        ) : null}
      </div>
      {retried === undefined ? null : <Notice tone="good">{t.admin.parkedRetried(retried)}</Notice>}
      {failure ? <Notice tone="bad">{errorText(failure, lang, t.common.networkError)}</Notice> : null}
      {parked.isPending ? (
        <Skeleton lines={2} />
      ) : parked.isError ? (
        <Failure error={parked.error} retry={() => void parked.refetch()} />
      ) : parked.data.items.length === 0 ? (
        <p className="muted">{t.admin.parkedEmpty}</p>
      ) : (
        <ul className="checks">
          {parked.data.items.map((message) => (
            <li key={`${message.subscriber}-${message.id}`} className="held-no">
              <Icon name="warn" />
              <div>
                <b>{message.type}</b> → {message.subscriber}
                <small>
                  {message.reason} · {t.admin.attempts(message.attempts)} ·{' '}
                  {new Date(message.parkedAt).toLocaleString(lang)}
                </small>
                <button
                  type="button"
                  className="link-button"
                  onClick={() => void retry({ subscriber: message.subscriber, id: message.id })}
                >
                  {t.admin.parkedRetry}
                </button>
              </div>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
