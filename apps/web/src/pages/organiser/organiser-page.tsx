import { useQuery } from '@tanstack/react-query'
import { Link, useLocation } from 'wouter'
import { createEvent, myEvents } from '@fairgate/contracts/http/catalog'
import { useApp } from '../../app.tsx'
import { useQueryClient } from '../../api/queries.ts'
import { shortTime } from '../../i18n/dates.ts'
import { pb } from '../../path-builder.ts'
import { EventForm } from '../../forms/event-form.tsx'
import { useTitle } from '../../ui/hooks.ts'
import { Icon } from '../../ui/icons.tsx'
import { Blank, Failure, PageHead, Skeleton, Tag } from '../../ui/parts.tsx'

export function OrganiserPage() {
  const { t, lang, api } = useApp()
  const events = useQuery({
    queryKey: ['my-events'],
    queryFn: ({ signal }) => api.call(myEvents, { signal }),
    staleTime: 0,
  })
  useTitle(t.organiser.title)
  return (
    <div className="page narrow">
      <PageHead title={t.organiser.title}>
        <Link href={pb.organiserWebhooks()} className="button quiet">
          {t.webhooks.title}
        </Link>
        <Link href={pb.organiserNew()} className="button">
          <Icon name="plus" />
          {t.organiser.new}
        </Link>
      </PageHead>
      {events.isPending ? (
        <Skeleton tall lines={2} />
      ) : events.isError ? (
        <Failure error={events.error} retry={() => void events.refetch()} />
      ) : events.data.items.length === 0 ? (
        <Blank title={t.organiser.empty} body={t.organiser.emptyBody} icon="calendar" />
      ) : (
        <ul className="rows">
          {events.data.items.map((event) => (
            <li key={event.id} className="row-card">
              <div>
                <h2>
                  <Link href={pb.organiserEvent(event.id)} className="stretched">
                    {event.name}
                  </Link>
                </h2>
                <p className="muted">
                  {event.venue} · {shortTime(event.startsAt, event.timeZone, lang)}
                </p>
              </div>
              <div className="row-end">
                <Tag>{event.kind === 'concert' ? t.common.concert : t.common.race}</Tag>
                <Tag tone={event.saleOpensAt ? 'good' : 'warn'}>
                  {event.saleOpensAt ? t.organiser.state.published : t.organiser.state.draft}
                </Tag>
              </div>
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}

export function NewEventPage() {
  const { t, api } = useApp()
  const [, navigate] = useLocation()
  const client = useQueryClient()
  useTitle(t.organiser.createTitle)
  return (
    <div className="page narrow">
      <PageHead title={t.organiser.createTitle} />
      <div className="panel">
        <EventForm
          submitLabel={t.organiser.create}
          onSubmit={async (body) => {
            const event = await api.call(createEvent, { body })
            await client.invalidateQueries({ queryKey: ['my-events'] })
            navigate(`${pb.organiserEvent(event.id)}?step=sections`)
          }}
        />
      </div>
    </div>
  )
}
