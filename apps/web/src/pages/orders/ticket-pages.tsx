import { useEffect } from 'react'
import { Link } from 'wouter'
import { useApp } from '../../app.tsx'
import { useTicket, useTickets } from '../../api/queries.ts'
import { shortTime } from '../../i18n/dates.ts'
import { pb } from '../../path-builder.ts'
import { useServerNow, useTitle } from '../../ui/hooks.ts'
import { Icon } from '../../ui/icons.tsx'
import { Blank, EventWhen, Failure, Notice, PageHead, Skeleton, Tag } from '../../ui/parts.tsx'
import { Qr } from '../../ui/qr.tsx'
import { bySeat, TicketStubs } from '../../ui/ticket-stub.tsx'

/** An event counts as past this long after its start. */
const pastAfterMs = 12 * 3600_000

export function TicketsPage() {
  const { t } = useApp()
  const tickets = useTickets()
  const now = useServerNow(60_000)
  useTitle(t.ticket.listTitle)
  const items = bySeat(tickets.data?.items ?? [])
  const isPast = (startsAt: string): boolean => Date.parse(startsAt) + pastAfterMs < now
  const upcoming = items.filter((ticket) => !isPast(ticket.event.startsAt))
  const past = items.filter((ticket) => isPast(ticket.event.startsAt))
  return (
    <div className="page narrow">
      <PageHead title={t.ticket.listTitle} />
      {tickets.isPending ? (
        <Skeleton tall lines={2} />
      ) : tickets.isError ? (
        <Failure error={tickets.error} retry={() => void tickets.refetch()} />
      ) : items.length === 0 ? (
        <Blank title={t.ticket.listEmpty} body={t.ticket.listEmptyBody} icon="ticket">
          <Link href={pb.events()} className="button">
            {t.common.toEvents}
          </Link>
        </Blank>
      ) : (
        <>
          {upcoming.length > 0 ? <TicketStubs tickets={upcoming} /> : null}
          {past.length > 0 ? (
            <section aria-labelledby="past">
              <h2 id="past" className="section-title">
                {t.ticket.past}
              </h2>
              <TicketStubs tickets={past} />
            </section>
          ) : null}
        </>
      )}
    </div>
  )
}

export function TicketPage({ id }: { id: string }) {
  const { t, lang } = useApp()
  const ticket = useTicket(id)
  useTitle(t.ticket.title)
  useScreenOn()
  if (ticket.isPending)
    return (
      <div className="page narrow">
        <Skeleton tall lines={2} />
      </div>
    )
  if (ticket.isError)
    return (
      <div className="page narrow">
        <Failure isPage error={ticket.error} retry={() => void ticket.refetch()} />
      </div>
    )
  const { event, section, seat, state, code, usedAt, orderId } = ticket.data
  return (
    <div className="page ticket-page">
      <article className={`pass ${state}`}>
        <div className="pass-code">
          {state === 'revoked' ? (
            <Notice tone="bad">{t.ticket.states.revoked}</Notice>
          ) : (
            <Qr text={code} label={t.ticket.qr(seat.label)} />
          )}
          <p>{state === 'valid' ? t.ticket.showAtGate : null}</p>
        </div>
        <div className="pass-body">
          <p>
            <Tag tone={state === 'valid' ? 'good' : 'plain'}>{t.ticket.states[state]}</Tag>{' '}
            {usedAt ? (
              <span className="muted small">{t.ticket.usedAt(shortTime(usedAt, event.timeZone, lang))}</span>
            ) : null}
          </p>
          <h1>{event.name}</h1>
          <dl className="pass-facts">
            <div>
              <dt>{t.ticket.section}</dt>
              <dd>{section.name}</dd>
            </div>
            <div>
              <dt>{t.ticket.seat}</dt>
              <dd className="figures">{seat.label}</dd>
            </div>
            <div className="wide-fact">
              <dt>{t.event.when}</dt>
              <dd>
                <EventWhen startsAt={event.startsAt} timeZone={event.timeZone} />
              </dd>
            </div>
            <div className="wide-fact">
              <dt>{t.event.where}</dt>
              <dd>{event.venue}</dd>
            </div>
          </dl>
          <p className="muted small">{t.ticket.admit}</p>
        </div>
      </article>
      <p className="actions centred">
        <Link href={pb.tickets()} className="button plain">
          {t.ticket.listTitle}
        </Link>
        <Link href={pb.order(orderId)} className="button plain">
          {t.ticket.order}
          <Icon name="arrow" />
        </Link>
      </p>
    </div>
  )
}

/** A dark screen at the gate helps nobody: the device is asked to stay on while a ticket is shown. */
function useScreenOn(): void {
  useEffect(() => {
    let lock: { release(): Promise<void> } | undefined
    let isGone = false
    if ('wakeLock' in navigator) {
      navigator.wakeLock.request('screen').then(
        (granted) => {
          lock = granted
          if (isGone) void granted.release()
        },
        // Refused on low battery; the page works without it.
        () => undefined,
      )
    }
    return () => {
      isGone = true
      void lock?.release()
    }
  }, [])
}
