import { useState, type FormEvent, type ReactNode } from 'react'
import { useQuery } from '@tanstack/react-query'
import type { EventDocument, Sale } from '@fairgate/contracts/http/catalog'
import { orderFigures, orderStates } from '@fairgate/contracts/http/orders'
import {
  changeLine,
  pauseLine,
  resumeLine,
  type LineDocument,
  type LinePhase,
} from '@fairgate/contracts/http/waiting-room'
import { formatMoney } from '@fairgate/contracts/money'
import { useApp } from '../../app.tsx'
import { errorText } from '../../api/api.ts'
import { keys, useEvent, useLine, useQueryClient } from '../../api/queries.ts'
import { AdmissionPanel } from './admission-panel.tsx'
import { AuctionWatch } from './auction-watch.tsx'
import { BallotWatch } from './ballot-watch.tsx'
import { EventNav } from './event-nav.tsx'
import { DefencesPanel } from './defences-panel.tsx'
import { WaitlistWatch } from './waitlist-watch.tsx'
import { TextField } from '../../forms/fields.tsx'
import { wholeFault } from '../../forms/rules.ts'
import { localeOf } from '../../i18n/dates.ts'
import { useAttempt, useTitle } from '../../ui/hooks.ts'
import { Icon } from '../../ui/icons.tsx'
import { Countdown, Failure, Notice, PageHead, Skeleton, Tag, TableScroll } from '../../ui/parts.tsx'

const everyMs = 2000

/** More lines than these are told in one row each, until one is opened. */
const linesOpenMax = 3

const phaseTones = {
  scheduled: 'plain',
  gathering: 'accent',
  open: 'good',
  paused: 'warn',
  'sold-out': 'bad',
  closed: 'plain',
} as const satisfies Record<LinePhase, string>

/** The organiser's screen during a sale: what every line does, and the hand on it. */
export function WatchPage({ id }: { id: string }) {
  const { t } = useApp()
  const event = useEvent(id)
  useTitle(t.organiser.watchTitle)
  if (event.isPending)
    return (
      <div className="page">
        <Skeleton lines={6} />
      </div>
    )
  if (event.isError)
    return (
      <div className="page narrow">
        <Failure isPage error={event.error} retry={() => void event.refetch()} />
      </div>
    )
  const sales = event.data.sales.filter(({ state }) => state === 'published')
  const queues = sales.filter(({ method }) => method === 'queue')
  const isFolded = queues.reduce((sum, { lines }) => sum + lines.length, 0) > linesOpenMax
  return (
    <div className="page">
      <PageHead title={event.data.name} lead={`${t.organiser.watchTitle} · ${t.organiser.updated}`} />
      <EventNav event={event.data} />
      <div className="stack">
        <Figures event={event.data} />
        {sales.length === 0 ? <Notice>{t.organiser.noLines}</Notice> : null}
        {sales.flatMap((sale) =>
          sale.method === 'ballot'
            ? [<BallotWatch key={sale.id} sale={sale} />]
            : sale.method === 'auction'
              ? [<AuctionWatch key={sale.id} sale={sale} />]
              : sale.lines.map((line) => <LineWatch key={line.id} line={line} isFolded={isFolded} />),
        )}
        {queues.map((sale) => (
          <WaitlistWatch key={sale.id} sale={sale} />
        ))}
        {queues.map((sale) => (
          <DefencesPanel key={sale.id} saleId={sale.id} />
        ))}
      </div>
    </div>
  )
}

function Figures({ event }: { event: EventDocument }) {
  const { t, lang, api } = useApp()
  const figures = useQuery({
    queryKey: ['figures', event.id],
    queryFn: ({ signal }) => api.call(orderFigures, { params: { id: event.id }, signal }),
    refetchInterval: everyMs,
    staleTime: 0,
  })
  if (figures.isPending) return <Skeleton lines={2} />
  if (figures.isError) return <Notice tone="bad">{errorText(figures.error, lang, t.common.networkError)}</Notice>
  const { byState, revenue, sections } = figures.data
  const money = (amount: number): string => formatMoney({ amount, currency: revenue.currency }, localeOf(lang))
  return (
    <section className="panel" aria-label={t.organiser.ordersByState}>
      <dl className="figure-grid figures">
        <div>
          <dt>{t.organiser.revenue}</dt>
          <dd>{formatMoney(revenue, localeOf(lang))}</dd>
        </div>
        {orderStates.map((state) => (
          <div key={state}>
            <dt>{t.order.states[state]}</dt>
            <dd>{(byState[state] ?? 0).toLocaleString(lang)}</dd>
          </div>
        ))}
      </dl>
      {sections.length > 0 ? (
        <TableScroll label={t.organiser.revenue}>
          <table className="table">
            <thead>
              <tr>
                <th>{t.shop.section}</th>
                <th>{t.organiser.stockSold}</th>
                <th>{t.organiser.revenue}</th>
              </tr>
            </thead>
            <tbody className="figures">
              {sections.map((section) => (
                <tr key={section.sectionId}>
                  <td>{section.name}</td>
                  <td>{section.seatsSold.toLocaleString(lang)}</td>
                  <td>{money(section.revenue)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableScroll>
      ) : null}
    </section>
  )
}

function LineWatch({ line: planned, isFolded }: { line: Sale['lines'][number]; isFolded: boolean }) {
  const { t, lang } = useApp()
  const line = useLine(planned.id, everyMs)
  const [isOpen, setOpen] = useState(false)
  if (line.isPending) return <Skeleton lines={isFolded ? 1 : 3} />
  if (line.isError) return <Failure error={line.error} retry={() => void line.refetch()} />
  const { data } = line
  const title = `line-${data.id}`
  const isBefore = data.phase === 'scheduled' || data.phase === 'gathering'
  const head = (
    <>
      <h2 id={title}>{data.name}</h2>
      <Tag tone={phaseTones[data.phase]}>{t.organiser.phases[data.phase]}</Tag>
      {isBefore ? <Countdown to={data.opensAt} label={t.event.saleOpensIn} /> : null}
    </>
  )
  if (!isFolded)
    return (
      <section className="panel" aria-labelledby={title}>
        <LineHand planned={planned} line={data} head={head} />
      </section>
    )
  const number = (value: number): string => value.toLocaleString(lang)
  return (
    <details className="panel line-fold" open={isOpen} onToggle={(toggled) => setOpen(toggled.currentTarget.open)}>
      <summary>
        <span className="actions">{head}</span>
        <span className="muted small figures">
          {t.organiser.lineFigures(number(waitingIn(data)), number(data.shoppers), soldShare(data.stock))}
        </span>
      </summary>
      {isOpen ? <LineHand planned={planned} line={data} /> : null}
    </details>
  )
}

const waitingIn = ({ arrivals, frontier }: LineDocument): number => Math.max(0, arrivals - frontier)

/** The figures of a line and what can be done about it. */
function LineHand({ planned, line, head }: { planned: Sale['lines'][number]; line: LineDocument; head?: ReactNode }) {
  const { t, lang, api } = useApp()
  const client = useQueryClient()
  const { busy, failure, attempt } = useAttempt()

  const act = (work: () => Promise<LineDocument>) =>
    attempt(async () => client.setQueryData(keys.line(planned.id), await work()))

  const { phase } = line
  const isPaused = phase === 'paused'
  const isOver = phase === 'sold-out' || phase === 'closed'
  const figures: [string, number][] = [
    [t.organiser.arrivals, line.arrivals],
    [t.organiser.waiting, waitingIn(line)],
    [t.organiser.frontier, line.frontier],
    [t.organiser.inside, line.shoppers],
    [t.organiser.rate, line.admittedPerMinute],
  ]
  return (
    <>
      <div className="line-head">
        {head ? <div className="actions">{head}</div> : null}
        {isOver ? null : (
          <button
            type="button"
            className={isPaused ? 'button small' : 'button quiet small'}
            disabled={busy}
            onClick={() => void act(() => api.call(isPaused ? resumeLine : pauseLine, { params: { id: line.id } }))}
          >
            <Icon name={isPaused ? 'play' : 'pause'} size={18} />
            {isPaused ? t.organiser.resume : t.organiser.pause}
          </button>
        )}
      </div>
      {isPaused ? <Notice tone="warn">{t.organiser.pausedHint}</Notice> : null}
      {failure ? <Notice tone="bad">{errorText(failure, lang, t.common.networkError)}</Notice> : null}
      <dl className="figure-grid figures">
        {figures.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value.toLocaleString(lang)}</dd>
          </div>
        ))}
      </dl>
      <StockBar stock={line.stock} />
      <AdmissionPanel line={line} busy={busy} act={act} />
      {isOver ? null : (
        <RateForm
          current={{
            shoppersMax: line.shoppersMax ?? planned.shoppersMax,
            admitPerMinute: line.admitPerMinute ?? planned.admitPerMinute,
          }}
          busy={busy}
          onChange={(body) => void act(() => api.call(changeLine, { params: { id: line.id }, body }))}
        />
      )}
    </>
  )
}

/** In percent, to a tenth. */
const soldShare = ({ free, held, sold }: LineDocument['stock']): number =>
  Math.round((sold / Math.max(1, free + held + sold)) * 1000) / 10

function StockBar({ stock }: { stock: LineDocument['stock'] }) {
  const { t, lang } = useApp()
  const { free, held, sold } = stock
  const share = soldShare(stock)
  return (
    <div className="stock">
      <div className="bar" role="img" aria-label={t.organiser.soldShare(share)}>
        <span className="sold" style={{ flexGrow: sold }} />
        <span className="held" style={{ flexGrow: held }} />
        <span style={{ flexGrow: free }} />
      </div>
      <p className="bar-legend figures">
        <b>{t.organiser.soldShare(share)}</b>
        <span>
          {t.organiser.stockSold} {sold.toLocaleString(lang)}
        </span>
        <span>
          {t.organiser.stockHeld} {held.toLocaleString(lang)}
        </span>
        <span>
          {t.organiser.stockFree} {free.toLocaleString(lang)}
        </span>
      </p>
    </div>
  )
}

function RateForm({
  current,
  busy,
  onChange,
}: {
  current: { shoppersMax: number; admitPerMinute: number }
  busy: boolean
  onChange: (body: { shoppersMax: number; admitPerMinute: number }) => void
}) {
  const { t } = useApp()
  const [shoppersMax, setShoppersMax] = useState(String(current.shoppersMax))
  const [admitPerMinute, setAdmitPerMinute] = useState(String(current.admitPerMinute))
  const [faults, setFaults] = useState<{ shoppers: string | undefined; rate: string | undefined }>({
    shoppers: undefined,
    rate: undefined,
  })

  // What is in force looks like it: only another figure can be sent.
  const isAsItWas = shoppersMax === String(current.shoppersMax) && admitPerMinute === String(current.admitPerMinute)

  function submit(event: FormEvent): void {
    event.preventDefault()
    const found = {
      shoppers: wholeFault(shoppersMax, t, 1, 1_000_000),
      rate: wholeFault(admitPerMinute, t, 1, 1_000_000),
    }
    setFaults(found)
    if (!found.shoppers && !found.rate)
      onChange({ shoppersMax: Number(shoppersMax), admitPerMinute: Number(admitPerMinute) })
  }

  return (
    <form className="line-rate" noValidate onSubmit={submit}>
      <TextField
        label={t.organiser.shoppersMax}
        inputMode="numeric"
        value={shoppersMax}
        fault={faults.shoppers}
        onChange={(event) => setShoppersMax(event.target.value)}
      />
      <TextField
        label={t.organiser.admitPerMinute}
        inputMode="numeric"
        value={admitPerMinute}
        fault={faults.rate}
        onChange={(event) => setAdmitPerMinute(event.target.value)}
      />
      <button type="submit" className="button quiet" disabled={busy || isAsItWas}>
        {t.organiser.change}
      </button>
    </form>
  )
}
