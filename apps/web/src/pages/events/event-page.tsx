import { useState } from 'react'
import { Link } from 'wouter'
import type { EventDocument, Sale, Section } from '@fairgate/contracts/http/catalog'
import { formatMoney } from '@fairgate/contracts/money'
import { useAccount, useApp } from '../../app.tsx'
import { useAvailability, useEvent, useLine } from '../../api/queries.ts'
import { Choices } from '../../forms/fields.tsx'
import { localeOf, shortTime } from '../../i18n/dates.ts'
import { pb } from '../../path-builder.ts'
import { useServerNow, useTitle } from '../../ui/hooks.ts'
import { Icon } from '../../ui/icons.tsx'
import { Countdown, EventWhen, Failure, Notice, Skeleton, Tag } from '../../ui/parts.tsx'
import { Poster } from '../../ui/poster.tsx'
import { RefundTerms } from '../../ui/refund-terms.tsx'
import { AuctionPanel } from './auction-panel.tsx'
import { BallotPanel } from './ballot-panel.tsx'
import { EventOff } from './event-off.tsx'
import { coursesOf, groupsOf, isByGroup, type Group } from './groups.ts'

export function EventPage({ id }: { id: string }) {
  const { t } = useApp()
  const account = useAccount()
  const event = useEvent(id)
  const now = useServerNow(15_000)
  useTitle(event.data?.name)
  if (event.isPending) {
    return (
      <div className="page">
        <Skeleton tall lines={1} />
        <Skeleton lines={6} />
      </div>
    )
  }
  if (event.isError) {
    return (
      <div className="page narrow">
        <Failure isPage error={event.error} retry={() => void event.refetch()} />
      </div>
    )
  }
  const { data } = event
  const sales = data.sales.filter((sale) => sale.state === 'published')
  const isOwner = account !== undefined && (account.id === data.organiserId || account.roles.includes('admin'))
  return (
    <article className="page event-page">
      <div className="event-banner">
        <Poster eventId={data.id} kind={data.kind} />
      </div>
      <div className="event-columns">
        <div>
          <header className="event-head">
            <Tag>{data.kind === 'concert' ? t.common.concert : t.common.race}</Tag>
            <h1>{data.name}</h1>
            <dl className="event-facts">
              <div>
                <dt>
                  <Icon name="calendar" /> {t.event.when}
                </dt>
                <dd>
                  <EventWhen startsAt={data.startsAt} timeZone={data.timeZone} />
                </dd>
              </div>
              <div>
                <dt>
                  <Icon name="pin" /> {t.event.where}
                </dt>
                <dd>
                  {data.venue}
                  {data.region ? <span className="muted"> · {data.region}</span> : null}
                </dd>
              </div>
            </dl>
          </header>
          {sales.length === 0 && isOwner ? <Notice>{t.event.draft}</Notice> : null}
          {isOwner ? (
            <p className="owner-link">
              <Link href={pb.organiserEvent(data.id)}>{t.event.edit}</Link>
            </p>
          ) : null}
          {data.description ? (
            <section aria-labelledby="about">
              <h2 id="about" className="section-title">
                {t.event.about}
              </h2>
              <p className="prose">{data.description}</p>
            </section>
          ) : null}
          <section aria-labelledby="sections">
            <h2 id="sections" className="section-title">
              {t.event.sections}
            </h2>
            <SectionTable event={data} />
          </section>
          {sales.length > 0 && !data.cancelled ? (
            <section aria-labelledby="refunds">
              <h2 id="refunds" className="section-title">
                {t.refunds.title}
              </h2>
              <RefundTerms ladder={data.refunds} calendar={data} currency={data.currency} />
            </section>
          ) : null}
        </div>
        <aside className="sale-panels" aria-label={t.event.sale}>
          {data.cancelled ? (
            <EventOff event={data} body={t.refunds.eventOffBody} />
          ) : sales.length === 0 ? (
            <p className="panel muted">{t.event.saleNone}</p>
          ) : (
            sales.map((sale) =>
              sale.method === 'ballot' ? (
                <BallotPanel key={sale.id} event={data} sale={sale} />
              ) : sale.method === 'auction' ? (
                <AuctionPanel key={sale.id} event={data} sale={sale} />
              ) : (
                <SalePanel key={sale.id} event={data} sale={sale} />
              ),
            )
          )}
          {!data.cancelled && sales.some(({ closesAt }) => Date.parse(closesAt) > now) ? (
            <p>
              <Link href={pb.eventCode(data.id)} className="lone-link">
                {t.money.codeQuestion}
              </Link>
            </p>
          ) : null}
        </aside>
      </div>
    </article>
  )
}

function SectionTable({ event }: { event: EventDocument }) {
  const { t, lang } = useApp()
  if (isByGroup(event.sections)) return <CourseTable sections={event.sections} />
  return (
    <ul className="section-list">
      {event.sections.map((section) => (
        <li key={section.id}>
          <div>
            <b>{section.name}</b>
            <small>
              {section.admission === 'reserved' ? t.event.reserved : t.event.open} ·{' '}
              {t.event.capacity(section.capacity)}
            </small>
          </div>
          <span className="figures price">{formatMoney(section.price, localeOf(lang))}</span>
        </li>
      ))}
    </ul>
  )
}

/** A race in as many lines as it has courses. */
function CourseTable({ sections }: { sections: readonly Section[] }) {
  const { t, lang } = useApp()
  return (
    <ul className="section-list">
      {coursesOf(sections).map((course) => {
        const groups = sections.filter((section) => String(section.attributes['course']) === course)
        const amounts = groups.map(({ price }) => price.amount)
        const [lowest, highest] = [Math.min(...amounts), Math.max(...amounts)]
        const currency = groups[0]?.price.currency ?? 'KRW'
        const price = formatMoney({ amount: lowest, currency }, localeOf(lang))
        return (
          <li key={course}>
            <div>
              <b>{course}</b>
              <small className="figures">
                {groups.map(({ attributes, name }) => String(attributes['pace'] ?? name)).join(' · ')}
              </small>
              <small>{t.event.capacity(groups.reduce((sum, { capacity }) => sum + capacity, 0))}</small>
            </div>
            <span className="figures price">{lowest === highest ? price : t.common.from(price)}</span>
          </li>
        )
      })}
    </ul>
  )
}

function SalePanel({ event, sale }: { event: EventDocument; sale: Sale }) {
  const { t, lang } = useApp()
  const sections = event.sections.filter((section) => sale.lines.some((line) => line.sectionIds.includes(section.id)))
  const isRace = isByGroup(sections)
  const single = sale.lines.length === 1 ? sale.lines[0] : undefined
  const [chosen, setChosen] = useState<string>()
  const lineId = single?.id ?? chosen
  const line = useLine(single?.id, 3000)
  const now = useServerNow(1000)
  const isBefore = now < Date.parse(sale.opensAt)
  const isAfter = now > Date.parse(sale.closesAt)
  const isSoldOut = line.data?.phase === 'sold-out'
  return (
    <section className="panel sale" aria-labelledby={`sale-${sale.id}`}>
      <h2 id={`sale-${sale.id}`}>
        {isAfter ? t.event.saleEnded : isBefore ? t.event.saleOpens : isSoldOut ? t.event.soldOut : t.event.saleOpen}
      </h2>
      {isBefore ? (
        <>
          <p className="sale-when figures">{shortTime(sale.opensAt, event.timeZone, lang)}</p>
          <Countdown size="large" to={sale.opensAt} label={t.event.saleOpensIn} />
        </>
      ) : isAfter ? null : (
        <p className="muted">{t.event.until(shortTime(sale.closesAt, event.timeZone, lang))}</p>
      )}
      {isAfter ? null : (
        <>
          <p className="muted small">{t.event.limit(sale.limitPerAccount)}</p>
          {isRace ? (
            <GroupSteps sale={sale} sections={sections} chosen={lineId} onChoose={setChosen} />
          ) : single ? null : (
            <Choices
              legend={t.event.chooseLine}
              name={`line-${sale.id}`}
              value={chosen}
              onChange={setChosen}
              choices={sale.lines.map((line) => ({ value: line.id, label: line.name }))}
            />
          )}
          {lineId ? (
            <JoinLine key={lineId} lineId={lineId} sale={sale} />
          ) : (
            <p className="muted small">{isRace ? t.event.chooseFirst : ''}</p>
          )}
        </>
      )}
    </section>
  )
}

/** The state of a line in a few words, and the way in. */
function JoinLine({ lineId, sale }: { lineId: string; sale: Sale }) {
  const { t, keep, session } = useApp()
  useAccount()
  const line = useLine(lineId, 3000)
  const state = session.state()
  const place = state.kind === 'signed-in' ? keep.place.get(lineId, state.account.id) : undefined
  const other =
    place || state.kind !== 'signed-in'
      ? undefined
      : sale.lines.find(({ id }) => keep.place.get(id, state.account.id) !== undefined)
  if (line.isPending) return <Skeleton lines={2} />
  if (line.isError) return <Failure error={line.error} retry={() => void line.refetch()} />
  const { phase, stock, arrivals } = line.data
  const from = phase === 'gathering' ? other : undefined
  const isOver = phase === 'sold-out' || phase === 'closed'
  // Where there is no other line the heading says it.
  const isAlone = sale.lines.length === 1
  return (
    <div className="join">
      <p className="join-facts figures">
        {phase === 'sold-out' ? (
          isAlone ? null : (
            <Tag tone="bad">{t.event.soldOut}</Tag>
          )
        ) : phase === 'closed' ? (
          <Tag>{t.event.saleEnded}</Tag>
        ) : (
          <>
            <span>{t.event.left(stock.free)}</span>
            {stock.held > 0 ? <span>{t.event.inHands(stock.held)}</span> : null}
            {arrivals > line.data.frontier ? <span>{t.event.people(arrivals - line.data.frontier)}</span> : null}
            {phase === 'paused' ? <Tag tone="warn">{t.event.paused}</Tag> : null}
          </>
        )}
      </p>
      {isOver ? null : (
        <a className="button wide" href={from ? `${pb.wait(lineId)}?from=${from.id}` : pb.wait(lineId)}>
          {place ? t.event.inLine : from ? t.event.changeLine : t.event.join}
          <Icon name="arrow" />
        </a>
      )}
      {from ? <p className="muted small">{t.event.changeLineHint(from.name)}</p> : null}
      {phase === 'sold-out' ? (
        <>
          <Link className="button wide" href={pb.waitlist(sale.id)}>
            {t.waitlist.link}
            <Icon name="arrow" />
          </Link>
          <p className="muted small">{t.waitlist.linkHint}</p>
        </>
      ) : phase === 'open' || phase === 'paused' ? (
        <p className="small">
          <Link href={pb.waitlist(sale.id)} className="lone-link">
            {t.waitlist.sectionLink}
          </Link>
        </p>
      ) : null}
      {phase === 'scheduled' ? <p className="muted small">{t.event.joinHint}</p> : null}
    </div>
  )
}

/** A race: first the course, then the pace group with what is left of it. */
function GroupSteps({
  sale,
  sections,
  chosen,
  onChoose,
}: {
  sale: Sale
  sections: readonly Section[]
  chosen: string | undefined
  onChoose: (lineId: string) => void
}) {
  const { t, lang } = useApp()
  const courses = coursesOf(sections)
  const [course, setCourse] = useState<string | undefined>(courses.length === 1 ? courses[0] : undefined)
  const [sectionId, setSectionId] = useState<string>()
  const groups = course ? groupsOf(sale, sections, course) : []
  return (
    <div className="steps">
      <Choices
        legend={`${t.event.chooseCourse} · ${t.event.stepOf(1, 2)}`}
        name={`course-${sale.id}`}
        value={course}
        onChange={(value) => {
          setCourse(value)
          setSectionId(undefined)
          onChoose('')
        }}
        choices={courses.map((name) => {
          const prices = sections
            .filter((section) => section.attributes['course'] === name)
            .map((section) => section.price)
          const lowest = prices.reduce((low, price) => (price.amount < low.amount ? price : low))
          return {
            value: name,
            label: name,
            note: <span className="figures">{formatMoney(lowest, localeOf(lang))}</span>,
          }
        })}
      />
      {course ? (
        <Choices
          legend={`${t.event.choosePace} · ${t.event.stepOf(2, 2)}`}
          name={`pace-${sale.id}`}
          value={chosen ? sectionId : undefined}
          onChange={(value) => {
            setSectionId(value)
            onChoose(groups.find((group) => group.section.id === value)?.lineId ?? '')
          }}
          choices={groups.map((group) => ({
            value: group.section.id,
            label: group.pace,
            note: <GroupStock group={group} />,
          }))}
        />
      ) : null}
    </div>
  )
}

function GroupStock({ group }: { group: Group }) {
  const { t } = useApp()
  const line = useLine(group.isAlone ? group.lineId : undefined, 4000)
  const availability = useAvailability(group.isAlone ? undefined : group.section.id, 4000)
  const free = group.isAlone ? line.data?.stock.free : availability.data?.free
  if (free === undefined) return <span className="figures">{t.event.capacity(group.section.capacity)}</span>
  const isSoldOut = group.isAlone ? line.data?.phase === 'sold-out' : free === 0
  return (
    <span className={free === 0 ? 'figures none' : 'figures'}>{isSoldOut ? t.event.soldOut : t.event.left(free)}</span>
  )
}
