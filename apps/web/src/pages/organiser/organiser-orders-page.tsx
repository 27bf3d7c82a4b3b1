import { useState } from 'react'
import { useQuery } from '@tanstack/react-query'
import { cancelEvent, type EventDocument } from '@fairgate/contracts/http/catalog'
import {
  beginCancellation,
  listCancellations,
  listEventOrders,
  pauseCancellation,
  resumeCancellation,
  type Cancellation,
} from '@fairgate/contracts/http/cancellations'
import { formatMoney, type Money } from '@fairgate/contracts/money'
import { useApp } from '../../app.tsx'
import { errorText } from '../../api/api.ts'
import { keys, useEvent, useQueryClient } from '../../api/queries.ts'
import { AreaField, SelectField, TextField } from '../../forms/fields.tsx'
import { localeOf, shortTime } from '../../i18n/dates.ts'
import { EventNav } from './event-nav.tsx'
import { useAttempt, useIdempotencyKey, useTitle } from '../../ui/hooks.ts'
import { Blank, Confirm, Failure, Notice, PageHead, Skeleton, Tag, TableScroll } from '../../ui/parts.tsx'

const pageKeys = {
  orders: (id: string, sectionId: string, cursor: string) => ['event-orders', id, sectionId, cursor] as const,
  allOrders: (id: string) => ['event-orders', id] as const,
  cancellations: (id: string) => ['cancellations', id] as const,
}
const progressEveryMs = 1500

/** The paid orders of an own event with what went back of them, and its cancellations with their progress. */
export function OrganiserOrdersPage({ id }: { id: string }) {
  const { t } = useApp()
  const event = useEvent(id)
  useTitle(t.refunds.ordersTitle)
  if (event.isPending)
    return (
      <div className="page narrow">
        <Skeleton lines={6} />
      </div>
    )
  if (event.isError)
    return (
      <div className="page narrow">
        <Failure isPage error={event.error} retry={() => void event.refetch()} />
      </div>
    )
  return (
    <div className="page narrow">
      <PageHead title={t.refunds.ordersTitle} lead={event.data.name} />
      <EventNav event={event.data} />
      <div className="stack">
        <Cancellations event={event.data} />
        <Orders event={event.data} />
        {event.data.cancelled ? null : <CancelEvent event={event.data} />}
      </div>
    </div>
  )
}

function useMoney(): (amount: Money) => string {
  const { lang } = useApp()
  return (amount) => formatMoney(amount, localeOf(lang))
}

function Cancellations({ event }: { event: EventDocument }) {
  const { t, api } = useApp()
  const list = useQuery({
    queryKey: pageKeys.cancellations(event.id),
    queryFn: ({ signal }) => api.call(listCancellations, { params: { id: event.id }, signal }),
    refetchInterval: ({ state }) =>
      state.data?.items.some((item) => item.state === 'running') ? progressEveryMs : 10_000,
    staleTime: 0,
  })
  if (!list.data || list.data.items.length === 0) return null
  return (
    <section className="panel stack" aria-label={t.refunds.cancellations}>
      <h2>{t.refunds.cancellations}</h2>
      {list.data.items.map((item) => (
        <CancellationView key={item.id} event={event} item={item} />
      ))}
    </section>
  )
}

function CancellationView({ event, item }: { event: EventDocument; item: Cancellation }) {
  const { t, lang, api } = useApp()
  const client = useQueryClient()
  const price = useMoney()
  const { failure, attempt } = useAttempt()
  const section = event.sections.find(({ id }) => id === item.sectionId)
  const done = item.returns.done + item.returns.refused
  const total = Math.max(item.orders.total, item.orders.seen)

  async function change(contract: typeof pauseCancellation | typeof resumeCancellation): Promise<void> {
    await attempt(() => api.call(contract, { params: { id: item.id } }))
    await client.invalidateQueries({ queryKey: pageKeys.cancellations(event.id) })
  }

  return (
    <article className="cancellation stack">
      <div className="line-head">
        <b>{t.refunds.scope[item.scope](section?.name ?? '')}</b>
        <Tag tone={item.state === 'done' ? 'good' : item.state === 'paused' ? 'warn' : 'accent'}>
          {t.refunds.jobState[item.state]}
        </Tag>
      </div>
      {item.note ? <p className="muted">{item.note}</p> : null}
      <progress max={Math.max(1, total)} value={done} aria-label={t.refunds.progress(done, total)} />
      <p className="figures" role="status">
        {t.refunds.progress(done, total)} · {t.refunds.back(price(item.refunded), price(item.refund))}
        {item.returns.refused > 0 ? ` · ${t.refunds.refusedCount(item.returns.refused)}` : ''}
      </p>
      <p className="muted small">
        {shortTime(item.createdAt, event.timeZone, lang)} · {t.refunds.percent(item.percent)}
      </p>
      {failure ? <Notice tone="bad">{errorText(failure, lang, t.common.networkError)}</Notice> : null}
      {item.state === 'done' ? null : (
        <div className="actions">
          <button
            type="button"
            className="button quiet small"
            onClick={() => void change(item.state === 'paused' ? resumeCancellation : pauseCancellation)}
          >
            {item.state === 'paused' ? t.refunds.resume : t.refunds.pause}
          </button>
        </div>
      )}
    </article>
  )
}

function Orders({ event }: { event: EventDocument }) {
  const { t, lang, api } = useApp()
  const price = useMoney()
  const [cursors, setCursors] = useState<readonly string[]>([''])
  const cursor = cursors.at(-1)!
  const [chosen, setChosen] = useState<readonly string[]>([])
  const [sectionId, setSectionId] = useState('')
  const orders = useQuery({
    queryKey: pageKeys.orders(event.id, sectionId, cursor),
    queryFn: ({ signal }) =>
      api.call(listEventOrders, {
        params: { id: event.id },
        query: { ...(cursor ? { cursor } : {}), ...(sectionId ? { sectionId } : {}) },
        signal,
      }),
    placeholderData: (previous) => previous,
    refetchInterval: 5000,
    staleTime: 0,
  })
  const toggle = (id: string): void =>
    setChosen(chosen.includes(id) ? chosen.filter((other) => other !== id) : [...chosen, id])
  const filter =
    event.sections.length > 1 ? (
      <SelectField
        label={t.refunds.section}
        name="shownSection"
        value={sectionId}
        onChange={(change) => {
          setSectionId(change.target.value)
          setCursors([''])
          setChosen([])
        }}
      >
        <option value="">{t.seatPlan.total}</option>
        {event.sections.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </SelectField>
    ) : null
  if (orders.isPending) return <Skeleton lines={5} />
  if (orders.isError) return <Failure error={orders.error} retry={() => void orders.refetch()} />
  const { items, nextCursor } = orders.data
  if (items.length === 0 && cursor === '' && sectionId === '')
    return <Blank title={t.refunds.noOrders} body={t.refunds.noOrdersBody} icon="ticket" />
  return (
    <section className="panel stack" aria-label={t.refunds.ordersTitle}>
      <h2>{t.refunds.paidOrders}</h2>
      {filter}
      {items.length === 0 ? <p className="muted">{t.refunds.noOrdersHere}</p> : null}
      <TableScroll>
        <table className="table order-list">
          <thead>
            <tr>
              <th>
                <span className="hidden-visually">{t.refunds.choose}</span>
              </th>
              <th>{t.refunds.order}</th>
              <th>{t.refunds.seats}</th>
              <th>{t.common.total}</th>
              <th>{t.refunds.refund}</th>
            </tr>
          </thead>
          <tbody>
            {items.map((order) => (
              <tr key={order.id}>
                <td>
                  <label className="check">
                    <input
                      type="checkbox"
                      aria-label={t.refunds.chooseOrder(order.id)}
                      disabled={order.state !== 'fulfilled'}
                      checked={chosen.includes(order.id)}
                      onChange={() => toggle(order.id)}
                    />
                  </label>
                </td>
                <td>
                  <code className="small">{order.id.slice(-8)}</code>
                  <br />
                  <span className="muted small">{shortTime(order.placedAt, event.timeZone, lang)}</span>
                </td>
                <td>
                  {order.section.name}{' '}
                  {order.seats.map(({ label, isReturned }, i) => (
                    <span key={label} className="figures">
                      {i > 0 ? ', ' : ''}
                      {isReturned ? <del>{label}</del> : label}
                    </span>
                  ))}
                </td>
                <td className="figures">{price(order.total)}</td>
                <td className="figures">{order.refunded.amount > 0 ? `−${price(order.refunded)}` : '–'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
      <div className="actions">
        {cursors.length > 1 ? (
          <button type="button" className="button plain small" onClick={() => setCursors(cursors.slice(0, -1))}>
            {t.refunds.newer}
          </button>
        ) : null}
        {nextCursor ? (
          <button type="button" className="button plain small" onClick={() => setCursors([...cursors, nextCursor])}>
            {t.common.more}
          </button>
        ) : null}
      </div>
      {event.cancelled ? null : <BeginForm event={event} chosen={chosen} onBegun={() => setChosen([])} />}
    </section>
  )
}

function BeginForm({
  event,
  chosen,
  onBegun,
}: {
  event: EventDocument
  chosen: readonly string[]
  onBegun: () => void
}) {
  const { t, lang, api } = useApp()
  const client = useQueryClient()
  const [sectionId, setSection] = useState('')
  const [percent, setPercent] = useState('100')
  const [note, setNote] = useState('')
  const [isAsking, setAsking] = useState(false)
  const { busy, failure, attempt } = useAttempt()
  const idempotency = useIdempotencyKey()
  const given = Number(percent)
  const isPercent = Number.isInteger(given) && given >= 0 && given <= 100
  const section = event.sections.find(({ id }) => id === sectionId)
  const what =
    chosen.length > 0 ? t.refunds.chosenOrders(chosen.length) : section ? t.refunds.scope.section(section.name) : ''

  const begin = () =>
    attempt(async () => {
      const scope = chosen.length > 0 ? { orderIds: [...chosen] } : { sectionId }
      const body = { ...scope, percent: given, note: note.trim() }
      const idempotencyKey = idempotency.keyFor(body)
      try {
        await api.call(beginCancellation, { params: { id: event.id }, body, idempotencyKey })
        onBegun()
        setPercent('100')
        setNote('')
      } finally {
        await client.invalidateQueries({ queryKey: pageKeys.cancellations(event.id) })
        await client.invalidateQueries({ queryKey: pageKeys.allOrders(event.id) })
        setAsking(false)
      }
    })

  return (
    <div className="stack">
      <h3>{t.refunds.beginTitle}</h3>
      <p className="muted small">{chosen.length > 0 ? t.refunds.chosenCount(chosen.length) : t.refunds.beginLead}</p>
      <div className="form-grid">
        {chosen.length > 0 ? null : (
          <SelectField
            label={t.refunds.section}
            name="section"
            value={sectionId}
            onChange={(change) => setSection(change.target.value)}
          >
            <option value="">{t.refunds.chooseSection}</option>
            {event.sections.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </SelectField>
        )}
        <TextField
          label={t.refunds.percentField}
          name="percent"
          type="number"
          min={0}
          max={100}
          value={percent}
          fault={isPercent ? undefined : t.refunds.percentFault}
          onChange={(change) => setPercent(change.target.value)}
        />
      </div>
      <AreaField
        label={t.refunds.noteField}
        name="note"
        maxLength={500}
        value={note}
        onChange={(change) => setNote(change.target.value)}
      />
      {failure ? <Notice tone="bad">{errorText(failure, lang, t.common.networkError)}</Notice> : null}
      {isAsking ? (
        <Confirm
          question={t.refunds.beginConfirm(what, given)}
          yes={t.refunds.beginYes}
          no={t.refunds.beginNo}
          busy={busy}
          onYes={() => void begin()}
          onNo={() => setAsking(false)}
        />
      ) : (
        <div className="actions">
          <button
            type="button"
            className="button quiet"
            disabled={!isPercent || (chosen.length === 0 && !section)}
            onClick={() => setAsking(true)}
          >
            {t.refunds.beginButton}
          </button>
        </div>
      )}
    </div>
  )
}

function CancelEvent({ event }: { event: EventDocument }) {
  const { t, lang, api } = useApp()
  const client = useQueryClient()
  const [note, setNote] = useState('')
  const [isAsking, setAsking] = useState(false)
  const { busy, failure, attempt } = useAttempt()

  const cancel = () =>
    attempt(async () => {
      try {
        await api.call(cancelEvent, {
          params: { id: event.id },
          body: { note: note.trim() },
          idempotencyKey: `cancel-${event.id}`,
        })
      } finally {
        await client.invalidateQueries({ queryKey: keys.event(event.id) })
        await client.invalidateQueries({ queryKey: pageKeys.cancellations(event.id) })
        setAsking(false)
      }
    })

  return (
    <section className="panel stack" aria-label={t.refunds.offTitle}>
      <h2>{t.refunds.offTitle}</h2>
      <p className="muted">{t.refunds.offLead}</p>
      <AreaField
        label={t.refunds.noteField}
        name="why"
        hint={t.refunds.offNeedsNote}
        maxLength={500}
        value={note}
        onChange={(change) => setNote(change.target.value)}
      />
      {failure ? <Notice tone="bad">{errorText(failure, lang, t.common.networkError)}</Notice> : null}
      {isAsking ? (
        <Confirm
          question={t.refunds.offConfirm}
          yes={t.refunds.offYes}
          no={t.refunds.beginNo}
          busy={busy}
          onYes={() => void cancel()}
          onNo={() => setAsking(false)}
        />
      ) : (
        <div className="actions">
          <button type="button" className="button quiet" disabled={note.trim() === ''} onClick={() => setAsking(true)}>
            {t.refunds.offButton}
          </button>
        </div>
      )}
    </section>
  )
}
