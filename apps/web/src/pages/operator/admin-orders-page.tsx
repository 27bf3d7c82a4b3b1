import { useState, type FormEvent, type ReactNode } from 'react'
import { useQuery } from '@tanstack/react-query'
import { Link, useLocation } from 'wouter'
import { listTroubledOrders, replayOrder, showOrder, type OrderRecord } from '@fairgate/contracts/http/operations'
import { formatMoney } from '@fairgate/contracts/money'
import { useApp } from '../../app.tsx'
import { errorText } from '../../api/api.ts'
import { TextField } from '../../forms/fields.tsx'
import { localeOf } from '../../i18n/dates.ts'
import { pb } from '../../path-builder.ts'
import { useAttempt, useTitle } from '../../ui/hooks.ts'
import { Icon } from '../../ui/icons.tsx'
import { Failure, Notice, PageHead, Skeleton, Tag, TableScroll } from '../../ui/parts.tsx'

/** Orders that need a look, for operators. */
export function AdminOrdersPage() {
  const { t } = useApp()
  useTitle(t.adminOrders.title)
  return (
    <div className="page narrow">
      <PageHead title={t.adminOrders.title}>
        <Link href={pb.admin()} className="button quiet small">
          {t.admin.title}
        </Link>
      </PageHead>
      <div className="stack">
        <Troubled />
        <FindOrder />
      </div>
    </div>
  )
}

function Troubled() {
  const { t, lang, api } = useApp()
  const found = useQuery({
    queryKey: ['troubled-orders'],
    queryFn: ({ signal }) => api.call(listTroubledOrders, { query: {}, signal }),
    refetchInterval: 10_000,
    staleTime: 0,
  })
  return (
    <section className="panel" aria-labelledby="troubled">
      <h2 id="troubled">{t.adminOrders.needLook}</h2>
      <p className="muted">{t.adminOrders.needLookLead}</p>
      {found.isPending ? (
        <Skeleton lines={3} />
      ) : found.isError ? (
        <Failure error={found.error} retry={() => void found.refetch()} />
      ) : found.data.items.length === 0 ? (
        <Notice tone="good">{t.adminOrders.none}</Notice>
      ) : (
        <ul className="checks">
          {found.data.items.map(({ orderId, why, since, detail }) => (
            <li key={`${orderId}-${detail}`} className="held-no">
              <Icon name="warn" />
              <div>
                <Link href={pb.adminOrder(orderId)}>{orderId}</Link> <Tag tone="warn">{t.adminOrders.why[why]}</Tag>
                <small>
                  {detail} · {new Date(since).toLocaleString(localeOf(lang))}
                </small>
              </div>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

function FindOrder() {
  const { t } = useApp()
  const [, navigate] = useLocation()
  const [id, setId] = useState('')
  const [fault, setFault] = useState<string>()

  function find(event: FormEvent): void {
    event.preventDefault()
    const wanted = id.trim()
    if (/^ord_[0-9a-z]{26}$/.test(wanted)) navigate(pb.adminOrder(wanted))
    else setFault(t.adminOrders.badNumber)
  }

  return (
    <section className="panel" aria-labelledby="find-order">
      <h2 id="find-order">{t.adminOrders.find}</h2>
      <form className="form" noValidate onSubmit={find}>
        <TextField
          label={t.adminOrders.number}
          value={id}
          fault={fault}
          autoCapitalize="none"
          onChange={(event) => setId(event.target.value)}
        />
        <div className="actions">
          <button type="submit" className="button quiet">
            <Icon name="search" />
            {t.adminOrders.open}
          </button>
        </div>
      </form>
    </section>
  )
}

/** One order with everything that happened to it. */
export function AdminOrderPage({ id }: { id: string }) {
  const { t, lang, api } = useApp()
  const record = useQuery({
    queryKey: ['order-record', id],
    queryFn: ({ signal }) => api.call(showOrder, { params: { id }, signal }),
    refetchInterval: 5000,
    staleTime: 0,
  })
  const [done, setDone] = useState<string>()
  const { busy, failure, attempt } = useAttempt()
  useTitle(t.adminOrders.title)

  const replay = () =>
    attempt(async () => {
      const { asked, retried } = await api.call(replayOrder, { params: { id } })
      setDone(asked + retried > 0 ? t.adminOrders.replayed(asked, retried) : t.adminOrders.nothingToReplay)
      await record.refetch()
    })

  return (
    <div className="page narrow">
      <PageHead title={t.adminOrders.one}>
        <Link href={pb.adminOrders()} className="button quiet small">
          {t.adminOrders.title}
        </Link>
      </PageHead>
      {record.isPending ? (
        <Skeleton lines={6} />
      ) : record.isError ? (
        <Failure isPage error={record.error} retry={() => void record.refetch()} />
      ) : (
        <div className="stack">
          <Summary record={record.data}>
            {done ? <Notice tone="good">{done}</Notice> : null}
            {failure ? <Notice tone="bad">{errorText(failure, lang, t.common.networkError)}</Notice> : null}
            <div className="actions">
              <button type="button" className="button" disabled={busy} onClick={() => void replay()}>
                {t.adminOrders.replay}
              </button>
              <small className="muted">{t.adminOrders.replayHint}</small>
            </div>
          </Summary>
          <History record={record.data} />
        </div>
      )}
    </div>
  )
}

function Summary({ record, children }: { record: OrderRecord; children: ReactNode }) {
  const { t, lang } = useApp()
  const { id, state, event, section, seats, total, accountId, attempt, refusal, payments, parked } = record
  const lines: [string, string][] = [
    [t.adminOrders.number, id],
    [t.adminOrders.account, accountId],
    [t.adminOrders.event, event.name],
    [t.order.items, `${section} ${seats.join(', ')}`],
    [t.common.total, formatMoney(total, localeOf(lang))],
    [t.adminOrders.attempts, String(attempt)],
    ...(refusal ? [[t.adminOrders.refusal, `${refusal.code}: ${refusal.message}`] as [string, string]] : []),
    ...payments.map((payment): [string, string] => [
      t.adminOrders.paidWith,
      `${payment.id} · ${payment.state} · ${formatMoney(payment.amount, localeOf(lang))}`,
    ]),
  ]
  return (
    <section className="panel" aria-label={t.adminOrders.one}>
      <p className="order-state">
        <Tag tone="accent">{state}</Tag>
      </p>
      <TableScroll>
        <table className="table">
          <tbody>
            {lines.map(([name, value]) => (
              <tr key={name + value}>
                <th scope="row">{name}</th>
                <td>{value}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
      {parked.map((message) => (
        <Notice
          key={`${message.subscriber} ${message.id}`}
          tone="bad"
          title={`${message.type} → ${message.subscriber}`}
        >
          <p>{message.reason}</p>
        </Notice>
      ))}
      {children}
    </section>
  )
}

/** The order's own steps and those of its payments, in the order of time. */
function History({ record }: { record: OrderRecord }) {
  const { t, lang } = useApp()
  const steps = [
    ...record.history.map(({ at, event, from, to, asked }) => ({
      at,
      who: t.adminOrders.order,
      event,
      became: from === null || from === to ? to : `${from} → ${to}`,
      asked: asked.join(', '),
    })),
    ...record.paymentHistory.map(({ at, event, from, to, detail }) => ({
      at,
      who: t.adminOrders.payment,
      event,
      became: from === null || from === to ? to : `${from} → ${to}`,
      asked: detail ?? '',
    })),
  ].toSorted((a, b) => a.at.localeCompare(b.at))
  return (
    <section className="panel" aria-labelledby="order-history">
      <h2 id="order-history">{t.adminOrders.history}</h2>
      <p className="muted">{t.adminOrders.historyLead}</p>
      <TableScroll>
        <table className="table">
          <thead>
            <tr>
              <th scope="col">{t.adminOrders.when}</th>
              <th scope="col">{t.adminOrders.what}</th>
              <th scope="col">{t.adminOrders.became}</th>
              <th scope="col">{t.adminOrders.asked}</th>
            </tr>
          </thead>
          <tbody>
            {steps.map(({ at, who, event, became, asked }, i) => (
              <tr key={i}>
                <td className="figures">{new Date(at).toLocaleTimeString(localeOf(lang), { hourCycle: 'h23' })}</td>
                <td>
                  {event} <small className="muted">{who}</small>
                </td>
                <td>{became}</td>
                <td>{asked}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
    </section>
  )
}
