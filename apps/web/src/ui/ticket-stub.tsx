import { Link } from 'wouter'
import type { Ticket } from '@fairgate/contracts/http/tickets'
import { useApp } from '../app.tsx'
import { shortTime } from '../i18n/dates.ts'
import { pb } from '../path-builder.ts'
import { Qr } from './qr.tsx'

/** Soonest event first, then as one would sit. */
export const bySeat = (tickets: readonly Ticket[]): Ticket[] =>
  tickets.toSorted(
    (a, b) =>
      a.event.startsAt.localeCompare(b.event.startsAt) ||
      a.orderId.localeCompare(b.orderId) ||
      a.seat.label.localeCompare(b.seat.label, 'en', { numeric: true }),
  )

/** Tickets as stubs to tear off: each leads to its own page with the large code. */
export function TicketStubs({ tickets }: { tickets: readonly Ticket[] }) {
  const { t, lang } = useApp()
  return (
    <ul className="stubs">
      {tickets.map((ticket) => (
        <li key={ticket.id} className={`stub ${ticket.state}`}>
          <div className="stub-body">
            <p className="stub-when figures">{shortTime(ticket.event.startsAt, ticket.event.timeZone, lang)}</p>
            <h3>
              <Link
                href={pb.ticket(ticket.id)}
                className="stretched"
                aria-label={`${t.ticket.open(ticket.seat.label)}, ${ticket.event.name}`}
              >
                {ticket.event.name}
              </Link>
            </h3>
            <p className="muted">
              {ticket.event.venue} · {ticket.section.name}
            </p>
            <p className="stub-seat figures">{ticket.seat.label}</p>
          </div>
          <div className="stub-code">
            {ticket.state === 'valid' ? (
              <Qr text={ticket.code} label={t.ticket.qr(ticket.seat.label)} />
            ) : (
              <span className="muted">{t.ticket.states[ticket.state]}</span>
            )}
          </div>
        </li>
      ))}
    </ul>
  )
}
