import { useQuery } from '@tanstack/react-query'
import type { EventDocument } from '@fairgate/contracts/http/catalog'
import { eventMoney, eventMoneyCsv, type EventMoney, type MoneyFigures } from '@fairgate/contracts/http/ledger'
import { formatMoney, money } from '@fairgate/contracts/money'
import { useApp } from '../../app.tsx'
import { codeOf, errorText } from '../../api/api.ts'
import { useEvent } from '../../api/queries.ts'
import { saveText } from '../../api/save-text.ts'
import { localeOf } from '../../i18n/dates.ts'
import { useAttempt, useTitle } from '../../ui/hooks.ts'
import { Blank, Failure, Notice, PageHead, Skeleton, TableScroll } from '../../ui/parts.tsx'
import { EventNav } from './event-nav.tsx'
import { PromotionsPanel } from './promotions-panel.tsx'
import { SellerPanel } from './seller-panel.tsx'

const everyMs = 3000

/** The money of an own event as it comes in, its codes, and who sells. */
export function MoneyPage({ id }: { id: string }) {
  const { t, api } = useApp()
  const event = useEvent(id)
  useTitle(t.money.title)
  const report = useQuery({
    queryKey: ['money', id],
    queryFn: ({ signal }) => api.call(eventMoney, { params: { id }, signal }),
    refetchInterval: everyMs,
  })
  if (event.isPending || report.isPending)
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
  if (report.isError && !report.data)
    return (
      <div className="page narrow">
        {codeOf(report.error) === 'catalog.event-not-found' ? (
          <Blank title={t.money.title} body={t.money.notPublished} icon="clock" isPage />
        ) : (
          <Failure isPage error={report.error} retry={() => void report.refetch()} />
        )}
      </div>
    )
  return (
    <div className="page narrow">
      <PageHead title={t.money.title} lead={event.data.name} />
      <EventNav event={event.data} />
      <div className="stack">
        <Report event={event.data} report={report.data!} />
        <PromotionsPanel event={event.data} />
        <SellerPanel eventId={id} />
      </div>
    </div>
  )
}

function Report({ event, report }: { event: EventDocument; report: EventMoney }) {
  const { t, lang, api } = useApp()
  const { failure, attempt } = useAttempt()
  const { totals } = report
  const amount = (value: number): string => formatMoney(money(value, report.currency), localeOf(lang))
  const signed = (value: number): string => (value < 0 ? `−${amount(-value)}` : amount(value))

  const save = () =>
    attempt(async () => saveText(`${event.name}.csv`, await api.call(eventMoneyCsv, { params: { id: event.id } })))

  return (
    <section className="panel stack" aria-labelledby="money-report">
      <div>
        <h2 id="money-report" className="hidden-visually">
          {t.money.title}
        </h2>
        <p className="muted">{t.money.lead}</p>
      </div>
      {failure ? <Notice tone="bad">{errorText(failure, lang, t.common.networkError)}</Notice> : null}
      <dl className="figure-grid">
        <div>
          <dt>{t.money.owed}</dt>
          <dd className="figures">{signed(totals.owed)}</dd>
        </div>
        <div>
          <dt>{t.money.sold}</dt>
          <dd className="figures">{amount(totals.sold)}</dd>
        </div>
        <div>
          <dt>{t.money.discounts}</dt>
          <dd className="figures">{amount(totals.discounts)}</dd>
        </div>
        <div>
          <dt>{t.money.refunded}</dt>
          <dd className="figures">{amount(totals.refunded)}</dd>
        </div>
        <div>
          <dt>{t.money.fees}</dt>
          <dd className="figures">{amount(totals.fees - totals.feesReturned)}</dd>
        </div>
        <div>
          <dt>{t.money.seats}</dt>
          <dd className="figures">{(totals.seatsSold - totals.seatsReturned).toLocaleString(lang)}</dd>
        </div>
      </dl>
      <p className="muted small">{t.money.owedNote}</p>
      {report.sections.length === 0 ? (
        <p className="muted">{t.money.nothing}</p>
      ) : (
        <>
          <Table
            title={t.money.bySection}
            head={t.money.section}
            lines={report.sections.map((line) => ({ ...line, label: line.name }))}
            signed={signed}
          />
          <Table
            title={t.money.byDay}
            head={t.money.day}
            lines={report.days.map((line) => ({ ...line, label: line.day }))}
            signed={signed}
          />
          <TableScroll label={t.money.byProvider}>
            <table className="table">
              <caption>{t.money.byProvider}</caption>
              <thead>
                <tr>
                  <th scope="col">{t.money.provider}</th>
                  <th scope="col" className="number">
                    {t.money.received}
                  </th>
                  <th scope="col" className="number">
                    {t.money.paidBack}
                  </th>
                </tr>
              </thead>
              <tbody>
                {report.providers.map(({ provider, received, paidBack }) => (
                  <tr key={provider}>
                    <th scope="row">{provider}</th>
                    <td className="figures number">{amount(received)}</td>
                    <td className="figures number">{amount(paidBack)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </TableScroll>
          <p className="actions">
            <button type="button" className="button quiet small" onClick={() => void save()}>
              {t.money.csv}
            </button>
          </p>
        </>
      )}
    </section>
  )
}

function Table({
  title,
  head,
  lines,
  signed,
}: {
  title: string
  head: string
  lines: readonly (MoneyFigures & { label: string })[]
  signed: (value: number) => string
}) {
  const { t, lang } = useApp()
  const columns = ['sold', 'discounts', 'fees', 'refunded', 'kept', 'owed'] as const
  return (
    <TableScroll label={title}>
      <table className="table">
        <caption>{title}</caption>
        <thead>
          <tr>
            <th scope="col">{head}</th>
            <th scope="col" className="number">
              {t.money.seats}
            </th>
            {columns.map((name) => (
              <th key={name} scope="col" className="number">
                {t.money[name]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <tr key={line.label}>
              <th scope="row">{line.label}</th>
              <td className="figures number">{(line.seatsSold - line.seatsReturned).toLocaleString(lang)}</td>
              {columns.map((name) => (
                <td key={name} className="figures number">
                  {signed(line[name])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  )
}
