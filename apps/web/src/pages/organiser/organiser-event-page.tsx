import { useState } from 'react'
import { Link, useSearchParams } from 'wouter'
import {
  editEvent,
  publishSale,
  removeSale,
  removeSection,
  type EventDocument,
  type Sale,
  type Section,
} from '@fairgate/contracts/http/catalog'
import { formatMoney } from '@fairgate/contracts/money'
import { useApp } from '../../app.tsx'
import { errorText, faultsOf } from '../../api/api.ts'
import { keys, useEvent, useQueryClient } from '../../api/queries.ts'
import { EventForm } from '../../forms/event-form.tsx'
import { PlanUpload } from '../../forms/plan-upload.tsx'
import { planTexts } from '../../forms/plan-texts.ts'
import { SaleForm } from '../../forms/sale-form.tsx'
import { SectionForm } from '../../forms/section-form.tsx'
import { localeOf, shortTime } from '../../i18n/dates.ts'
import { pb } from '../../path-builder.ts'
import { EventNav } from './event-nav.tsx'
import { useAttempt, useTitle } from '../../ui/hooks.ts'
import { Icon } from '../../ui/icons.tsx'
import { Confirm, EventWhen, Failure, Notice, PageHead, Skeleton, Tag, TableScroll } from '../../ui/parts.tsx'

const steps = ['details', 'sections', 'sale', 'publish'] as const
type Step = (typeof steps)[number]

const isReady = (sale: Sale): boolean => sale.readiness.waitingRoom && sale.readiness.inventory

/** An own event from its first words to its published sale, in four steps. */
export function OrganiserEventPage({ id }: { id: string }) {
  const { t } = useApp()
  const [search, setSearch] = useSearchParams()
  // While modules build their tables after publishing, readiness is asked for again.
  const event = useEvent(id, {
    refetchInterval: ({ state }) =>
      state.data?.sales.some((sale) => sale.state === 'published' && !isReady(sale)) ? 1000 : false,
  })
  const client = useQueryClient()
  useTitle(event.data?.name)

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

  const { data } = event
  const asked = steps.find((step) => step === search.get('step'))
  const step: Step = asked ?? (data.sections.length === 0 ? 'sections' : data.sales.length === 0 ? 'sale' : 'publish')
  const go = (next: Step): void => setSearch({ step: next })
  const reload = (): Promise<void> => client.invalidateQueries({ queryKey: keys.event(id) })
  const isPublished = data.sales.some(({ state }) => state === 'published')
  const done: Record<Step, boolean> = {
    details: true,
    sections: data.sections.length > 0,
    sale: data.sales.length > 0,
    publish: isPublished,
  }
  const labels: Record<Step, string> = {
    details: t.organiser.stepDetails,
    sections: t.organiser.stepSections,
    sale: t.organiser.stepSale,
    publish: t.organiser.stepPublish,
  }
  return (
    <div className="page narrow">
      <PageHead
        title={data.name}
        lead={
          <>
            {data.venue} · <EventWhen startsAt={data.startsAt} timeZone={data.timeZone} />
          </>
        }
      />
      <EventNav event={data} />
      <nav className="tabs" aria-label={t.organiser.steps}>
        {steps.map((name) => (
          <button key={name} type="button" aria-current={name === step ? 'step' : undefined} onClick={() => go(name)}>
            {done[name] ? (
              <span className="done">
                <Icon name="check" size={17} />
              </span>
            ) : null}
            {labels[name]}
          </button>
        ))}
      </nav>
      {step === 'details' ? <Details event={data} isPublished={isPublished} reload={reload} /> : null}
      {step === 'sections' ? (
        <Sections event={data} isPublished={isPublished} reload={reload} onNext={() => go('sale')} />
      ) : null}
      {step === 'sale' ? (
        <SaleStep event={data} reload={reload} onCreated={() => void reload().then(() => go('publish'))} />
      ) : null}
      {step === 'publish' ? <PublishStep event={data} reload={reload} onSale={() => go('sale')} /> : null}
    </div>
  )
}

function Details({
  event,
  isPublished,
  reload,
}: {
  event: EventDocument
  isPublished: boolean
  reload: () => Promise<void>
}) {
  const { t, api } = useApp()
  const [isSaved, setSaved] = useState(false)
  return (
    <section className="panel">
      <h2>{t.organiser.stepDetails}</h2>
      {isPublished ? <p className="muted">{t.organiser.detailsFrozen}</p> : null}
      <EventForm
        event={event}
        fixed={isPublished}
        submitLabel={t.organiser.saveChanges}
        onSubmit={async (body) => {
          setSaved(false)
          const { name, description, venue, region } = body
          const words = { name, description: description ?? '', venue, region: region ?? '' }
          await api.call(editEvent, { params: { id: event.id }, body: isPublished ? words : { ...body, ...words } })
          await reload()
          setSaved(true)
        }}
      />
      {isSaved ? <Notice tone="good">{t.organiser.saved}</Notice> : null}
    </section>
  )
}

/** A section, with its removal while no sale and no seating-plan file holds it. */
function SectionLine({
  section,
  canRemove,
  reload,
}: {
  section: Section
  canRemove: boolean
  reload: () => Promise<void>
}) {
  const { t, lang, api } = useApp()
  const [isAsking, setAsking] = useState(false)
  const { busy, failure, attempt } = useAttempt()
  const remove = () =>
    attempt(async () => {
      await api.call(removeSection, { params: { id: section.id } })
      await reload()
    })
  return (
    <li>
      <div>
        <b>{section.name}</b>
        <small>
          {section.admission === 'reserved' ? t.event.reserved : t.event.open} · {t.event.capacity(section.capacity)}
        </small>
      </div>
      <span className="section-end">
        <span className="price figures">{formatMoney(section.price, localeOf(lang))}</span>
        {canRemove && !isAsking ? (
          <button
            type="button"
            className="button plain small"
            aria-label={t.organiser.removeSection(section.name)}
            onClick={() => setAsking(true)}
          >
            {t.organiser.remove}
          </button>
        ) : null}
      </span>
      {failure ? <Notice tone="bad">{errorText(failure, lang, t.common.networkError)}</Notice> : null}
      {isAsking ? (
        <Confirm
          question={t.organiser.removeSectionAsk(section.name)}
          yes={t.organiser.removeSectionYes}
          no={t.organiser.removeNo}
          busy={busy}
          onYes={() => void remove()}
          onNo={() => setAsking(false)}
        />
      ) : null}
    </li>
  )
}

function Sections({
  event,
  isPublished,
  reload,
  onNext,
}: {
  event: EventDocument
  isPublished: boolean
  reload: () => Promise<void>
  onNext: () => void
}) {
  const { t, lang } = useApp()
  const hasDraft = event.sales.some(({ state }) => state === 'draft')
  const canRemove = event.sales.length === 0 && !event.planUrl
  return (
    <div className="stack">
      <section className="panel">
        <h2>{t.organiser.sectionsTitle}</h2>
        <p className="muted">{t.organiser.sectionsLead}</p>
        {event.sections.length === 0 ? (
          <p className="muted">{t.organiser.sectionsEmpty}</p>
        ) : (
          <ul className="section-list" aria-label={t.organiser.sectionsTitle}>
            {event.sections.map((section) => (
              <SectionLine key={section.id} section={section} canRemove={canRemove} reload={reload} />
            ))}
          </ul>
        )}
        {hasDraft && !isPublished ? <p className="muted">{t.organiser.sectionsTaken}</p> : null}
        {event.sections.length > 0 && !isPublished ? (
          <p className="actions">
            <button type="button" className="button quiet small" onClick={onNext}>
              {t.organiser.stepSale}
              <Icon name="arrow" />
            </button>
          </p>
        ) : null}
      </section>
      {isPublished ? (
        <Notice>{t.organiser.sectionsFrozen}</Notice>
      ) : (
        <>
          <section className="panel">
            <h2>{planTexts[lang].title}</h2>
            <PlanUpload event={event} onChanged={() => void reload()} />
          </section>
          <section className="panel">
            <h2>{t.organiser.addSection}</h2>
            <SectionForm event={event} onAdded={() => void reload()} />
          </section>
        </>
      )}
    </div>
  )
}

function SaleStep({
  event,
  reload,
  onCreated,
}: {
  event: EventDocument
  reload: () => Promise<void>
  onCreated: () => void
}) {
  const { t } = useApp()
  const taken = new Set(event.sales.flatMap((sale) => sale.lines.flatMap(({ sectionIds }) => sectionIds)))
  const hasFree = event.sections.some(({ id }) => !taken.has(id))
  return (
    <section className="panel">
      <h2>{t.organiser.saleTitle}</h2>
      <p className="muted">{t.organiser.saleLead}</p>
      {event.sections.length === 0 ? <Notice tone="warn">{t.organiser.needSections}</Notice> : null}
      {event.sales.map((sale) => (
        <div key={sale.id} className="stack">
          <SaleSummary event={event} sale={sale} />
          {sale.state === 'draft' ? <DiscardSale sale={sale} reload={reload} /> : null}
        </div>
      ))}
      {hasFree && !event.cancelled ? <SaleForm event={event} onCreated={onCreated} /> : null}
    </section>
  )
}

/** A sale that was prepared is not edited: it goes, and another is prepared. */
function DiscardSale({ sale, reload }: { sale: Sale; reload: () => Promise<void> }) {
  const { t, lang, api } = useApp()
  const [isAsking, setAsking] = useState(false)
  const { busy, failure, attempt } = useAttempt()
  const discard = () =>
    attempt(async () => {
      await api.call(removeSale, { params: { id: sale.id } })
      await reload()
    })
  return (
    <>
      {failure ? <Notice tone="bad">{errorText(failure, lang, t.common.networkError)}</Notice> : null}
      {isAsking ? (
        <Confirm
          question={t.organiser.discardSaleAsk}
          yes={t.organiser.discardSaleYes}
          no={t.organiser.removeNo}
          busy={busy}
          onYes={() => void discard()}
          onNo={() => setAsking(false)}
        />
      ) : (
        <div className="actions">
          <button type="button" className="button quiet small" onClick={() => setAsking(true)}>
            {t.organiser.discardSale}
          </button>
        </div>
      )}
    </>
  )
}

function SaleSummary({ event, sale }: { event: EventDocument; sale: Sale }) {
  const { t, lang } = useApp()
  const names = (ids: readonly string[]): string =>
    ids.map((id) => event.sections.find((section) => section.id === id)?.name ?? id).join(', ')
  return (
    <div className="stack">
      <dl className="figure-grid small-figures">
        <div>
          <dt>{t.organiser.opensAt}</dt>
          <dd>{shortTime(sale.opensAt, event.timeZone, lang)}</dd>
        </div>
        <div>
          <dt>{t.organiser.closesAt}</dt>
          <dd>{shortTime(sale.closesAt, event.timeZone, lang)}</dd>
        </div>
        {sale.ballot ? (
          <>
            <div>
              <dt>{t.ballot.drawAt}</dt>
              <dd>{shortTime(sale.ballot.drawAt, event.timeZone, lang)}</dd>
            </div>
            <div>
              <dt>{t.ballot.payByHours}</dt>
              <dd>{Math.round((sale.ballot.payBySeconds / 3600) * 100) / 100}</dd>
            </div>
          </>
        ) : null}
        {sale.auction ? (
          <>
            <div>
              <dt>{t.auction.endsAtField}</dt>
              <dd>{shortTime(sale.auction.endsAt, event.timeZone, lang)}</dd>
            </div>
            <div>
              <dt>{t.auction.stepField}</dt>
              <dd>{formatMoney(sale.auction.step, localeOf(lang))}</dd>
            </div>
            <div>
              <dt>{t.auction.bidsMaxField}</dt>
              <dd>{sale.auction.bidsMax}</dd>
            </div>
            <div>
              <dt>{t.auction.payByHours}</dt>
              <dd>{Math.round((sale.auction.payBySeconds / 3600) * 100) / 100}</dd>
            </div>
          </>
        ) : null}
        <div>
          <dt>{t.organiser.holdMinutes}</dt>
          <dd>{Math.round((sale.holdSeconds / 60) * 10) / 10}</dd>
        </div>
        <div>
          <dt>{t.organiser.limit}</dt>
          <dd>{sale.limitPerAccount}</dd>
        </div>
      </dl>
      <TableScroll>
        <table className="table">
          <thead>
            <tr>
              <th>{t.organiser.lineName}</th>
              <th>{t.organiser.sectionsTitle}</th>
              {sale.method === 'queue' ? (
                <>
                  <th>{t.organiser.shoppersMax}</th>
                  <th>{t.organiser.admitPerMinute}</th>
                </>
              ) : null}
            </tr>
          </thead>
          <tbody>
            {sale.lines.map((line) => (
              <tr key={line.id}>
                <td>{line.name}</td>
                <td>{names(line.sectionIds)}</td>
                {sale.method === 'queue' ? (
                  <>
                    <td className="figures">{line.shoppersMax.toLocaleString(lang)}</td>
                    <td className="figures">{line.admitPerMinute.toLocaleString(lang)}</td>
                  </>
                ) : null}
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
    </div>
  )
}

function PublishStep({
  event,
  reload,
  onSale,
}: {
  event: EventDocument
  reload: () => Promise<void>
  onSale: () => void
}) {
  const { t } = useApp()
  if (event.sales.length === 0) {
    return (
      <Notice tone="warn">
        {t.organiser.saleLead}{' '}
        <button type="button" className="link-button" onClick={onSale}>
          {t.organiser.createSale}
        </button>
      </Notice>
    )
  }
  return (
    <div className="stack">
      {event.sales.map((sale) => (
        <section key={sale.id} className="panel stack" aria-label={t.organiser.saleTitle}>
          <div className="line-head">
            <h2>{t.organiser.saleTitle}</h2>
            <Tag tone={sale.state === 'published' ? 'good' : 'warn'}>{t.organiser.state[sale.state]}</Tag>
          </div>
          <SaleSummary event={event} sale={sale} />
          {event.cancelled ? null : sale.state === 'published' ? (
            <Readiness event={event} sale={sale} />
          ) : (
            <>
              <Publish sale={sale} reload={reload} />
              <DiscardSale sale={sale} reload={reload} />
            </>
          )}
        </section>
      ))}
    </div>
  )
}

function Publish({ sale, reload }: { sale: Sale; reload: () => Promise<void> }) {
  const { t, lang, api } = useApp()
  const [isAsking, setAsking] = useState(false)
  const { busy, failure, attempt } = useAttempt()

  const publish = () =>
    attempt(async () => {
      try {
        await api.call(publishSale, { params: { id: sale.id } })
      } finally {
        await reload()
        setAsking(false)
      }
    })

  return (
    <>
      {failure ? (
        <Notice tone="bad" title={errorText(failure, lang, t.common.networkError)}>
          <ul className="bullets">
            {Object.entries(faultsOf(failure)).map(([field, detail]) => (
              <li key={field}>
                <code>{field}</code> {detail}
              </li>
            ))}
          </ul>
        </Notice>
      ) : (
        <p>{t.organiser.saleReady}</p>
      )}
      {isAsking ? (
        <Confirm
          question={t.organiser.publishConfirm}
          yes={t.organiser.publishYes}
          no={t.organiser.publishNo}
          busy={busy}
          onYes={() => void publish()}
          onNo={() => setAsking(false)}
        />
      ) : (
        <div className="actions">
          <button type="button" className="button" onClick={() => setAsking(true)}>
            {t.organiser.publish}
          </button>
        </div>
      )}
    </>
  )
}

function Readiness({ event, sale }: { event: EventDocument; sale: Sale }) {
  const { t } = useApp()
  const parts: [string, boolean][] = [
    [sale.method === 'queue' ? t.organiser.readyWaitingRoom : t[sale.method].title, sale.readiness.waitingRoom],
    [t.organiser.readyInventory, sale.readiness.inventory],
  ]
  return (
    <div role="status">
      <Notice tone={isReady(sale) ? 'good' : 'plain'} title={isReady(sale) ? t.organiser.ready : t.organiser.readiness}>
        <p>{sale.method === 'queue' ? t.organiser.publishedBody : t[sale.method].publishedBody}</p>
      </Notice>
      <ul className="checks" aria-label={t.organiser.readiness}>
        {parts.map(([label, ready]) => (
          <li key={label} className={ready ? 'held-yes' : ''}>
            <Icon name={ready ? 'check' : 'clock'} />
            <span>{label}</span>
          </li>
        ))}
      </ul>
      <p className="actions">
        <Link href={pb.organiserWatch(event.id)} className="button">
          {t.organiser.watch}
          <Icon name="arrow" />
        </Link>
      </p>
    </div>
  )
}
