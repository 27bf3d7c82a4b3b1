import { useState, type FormEvent } from 'react'
import { Link, useSearchParams } from 'wouter'
import type { EventItem } from '@fairgate/contracts/http/catalog'
import { formatMoney } from '@fairgate/contracts/money'
import { listEvents } from '@fairgate/contracts/http/catalog'
import { useApp } from '../../app.tsx'
import { useEvents } from '../../api/queries.ts'
import { Choices } from '../../forms/fields.tsx'
import { localeOf, shortTime } from '../../i18n/dates.ts'
import { pb } from '../../path-builder.ts'
import { useServerNow, useTitle } from '../../ui/hooks.ts'
import { Icon } from '../../ui/icons.tsx'
import { Blank, Countdown, Failure, Skeleton, Tag } from '../../ui/parts.tsx'
import { ShowMore } from '../../ui/show-more.tsx'
import { Poster } from '../../ui/poster.tsx'

type Kind = 'all' | 'concert' | 'race'

/** A countdown is shown within this time before an opening; before that the date says more. */
const soonMs = 48 * 3600_000

export function EventsPage() {
  const { t } = useApp()
  const [search, setSearch] = useSearchParams()
  const query = search.get('q') ?? ''
  const kind: Kind = search.get('kind') === 'concert' ? 'concert' : search.get('kind') === 'race' ? 'race' : 'all'
  useTitle(undefined)

  function show(change: { q?: string; kind?: Kind }): void {
    const next = new URLSearchParams()
    const q = change.q ?? query
    const k = change.kind ?? kind
    if (q) next.set('q', q)
    if (k !== 'all') next.set('kind', k)
    setSearch(next)
  }

  return (
    <div className="page">
      <section className="hero">
        <h1>{t.events.title}</h1>
        <p className="lead">{t.events.lead}</p>
      </section>
      <div className="finder">
        <SearchForm key={query} query={query} onSearch={(q) => show({ q })} />
        <Choices<Kind>
          legend={t.events.kind}
          name="kind"
          look="segments"
          value={kind}
          onChange={(value) => show({ kind: value })}
          choices={[
            { value: 'all', label: t.events.all },
            { value: 'concert', label: t.events.concerts },
            { value: 'race', label: t.events.races },
          ]}
        />
      </div>
      <EventGrid query={query} kind={kind} onClear={() => show({ q: '', kind: 'all' })} />
    </div>
  )
}

function SearchForm({ query, onSearch }: { query: string; onSearch: (query: string) => void }) {
  const { t } = useApp()
  const [words, setWords] = useState(query)
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    onSearch(words.trim())
  }
  return (
    <form role="search" className="search" onSubmit={submit}>
      <Icon name="search" />
      <input
        type="search"
        aria-label={t.events.search}
        placeholder={t.events.search}
        maxLength={100}
        value={words}
        onChange={(event) => setWords(event.target.value)}
      />
      <button type="submit" className="button small">
        {t.events.searchButton}
      </button>
    </form>
  )
}

function EventGrid({ query, kind, onClear }: { query: string; kind: Kind; onClear: () => void }) {
  const { t, api } = useApp()
  const filter = { ...(query ? { query } : {}), ...(kind === 'all' ? {} : { kind }) }
  const events = useEvents(filter)
  const [more, setMore] = useState<{ of: string; items: EventItem[]; cursor: string | null }>()
  const now = useServerNow(15_000)
  const filterKey = JSON.stringify(filter)

  if (events.isPending) return <Skeleton tall lines={6} />
  if (events.isError) return <Failure error={events.error} retry={() => void events.refetch()} />

  const extra = more?.of === filterKey ? more : undefined
  const items = [...events.data.items, ...(extra?.items ?? [])]
  const cursor = extra ? extra.cursor : events.data.nextCursor
  const isFiltered = query !== '' || kind !== 'all'
  if (items.length === 0) {
    return isFiltered ? (
      <Blank title={t.events.nothingTitle} body={t.events.nothingBody} icon="search">
        <button type="button" className="button quiet" onClick={onClear}>
          {t.events.clear}
        </button>
      </Blank>
    ) : (
      <Blank title={t.events.emptyTitle} body={t.events.emptyBody} icon="calendar" />
    )
  }

  async function showMore(from: string): Promise<void> {
    const page = await api.call(listEvents, { query: { ...filter, cursor: from, limit: 24 } })
    setMore({ of: filterKey, items: [...(extra?.items ?? []), ...page.items], cursor: page.nextCursor })
  }

  const soon = isFiltered ? [] : items.filter((item) => opensWithin(item, now, soonMs)).slice(0, 3)
  return (
    <>
      {soon.length > 0 ? (
        <section aria-labelledby="soon">
          <h2 id="soon" className="section-title">
            {t.events.soonTitle}
          </h2>
          <ul className="event-grid">
            {soon.map((item) => (
              <EventCard key={item.id} item={item} now={now} />
            ))}
          </ul>
        </section>
      ) : null}
      <section aria-labelledby="all">
        <h2 id="all" className="section-title">
          {isFiltered ? t.events.foundTitle : t.events.allTitle}
        </h2>
        <ul className="event-grid">
          {items
            .filter((item) => !soon.includes(item))
            .map((item) => (
              <EventCard key={item.id} item={item} now={now} />
            ))}
        </ul>
        <ShowMore cursor={cursor} load={showMore} />
      </section>
    </>
  )
}

function opensWithin(item: EventItem, now: number, ms: number): boolean {
  const opensMs = item.saleOpensAt ? Date.parse(item.saleOpensAt) : 0
  return opensMs > now && opensMs - now < ms
}

function EventCard({ item, now }: { item: EventItem; now: number }) {
  const { t, lang } = useApp()
  const isOver = item.saleClosesAt !== undefined && Date.parse(item.saleClosesAt) <= now
  const isOpen = item.saleOpensAt !== null && Date.parse(item.saleOpensAt) <= now
  return (
    <li className="event-card">
      <div className="event-art">
        <Poster eventId={item.id} kind={item.kind} />
        <span className="event-kind">{item.kind === 'concert' ? t.common.concert : t.common.race}</span>
      </div>
      <div className="event-body">
        <p className="event-when figures">{shortTime(item.startsAt, item.timeZone, lang)}</p>
        <h3>
          <Link href={pb.event(item.id)} className="stretched">
            {item.name}
          </Link>
        </h3>
        <p className="event-where">
          {item.venue}
          {item.region ? <span> · {item.region}</span> : null}
        </p>
        <div className="event-foot">
          <span className="event-price figures">{item.priceFrom ? priceText(item, t, localeOf(lang)) : ''}</span>
          {item.saleOpensAt === null ? null : isOver ? (
            <Tag>{t.event.saleEnded}</Tag>
          ) : isOpen ? (
            <Tag tone="accent">{t.events.onSale}</Tag>
          ) : opensWithin(item, now, soonMs) ? (
            <Countdown to={item.saleOpensAt} label={t.events.opensIn} urgentMs={600_000} />
          ) : (
            <Tag>
              {t.events.opens} {shortTime(item.saleOpensAt, item.timeZone, lang)}
            </Tag>
          )}
        </div>
      </div>
    </li>
  )
}

function priceText(item: EventItem, t: ReturnType<typeof useApp>['t'], locale: string): string {
  if (!item.priceFrom) return ''
  return item.priceFrom.amount === 0 ? t.common.free : t.common.from(formatMoney(item.priceFrom, locale))
}
