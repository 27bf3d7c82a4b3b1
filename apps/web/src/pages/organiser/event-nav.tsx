import { Link, useLocation } from 'wouter'
import type { EventDocument } from '@fairgate/contracts/http/catalog'
import { useApp } from '../../app.tsx'
import { pb } from '../../path-builder.ts'
import { Notice } from '../../ui/parts.tsx'

/**
 * The pages of an own event, one beside the other; those of a sale come with the first one that is published. Whether the
 * event was called off stands on each.
 */
export function EventNav({ event }: { event: EventDocument }) {
  const { t } = useApp()
  const [path] = useLocation()
  const { id } = event
  const isPublished = event.sales.some(({ state }) => state === 'published')
  const ofSale = [
    { href: pb.organiserWatch(id), label: t.organiser.watch },
    { href: pb.organiserSeats(id), label: t.seatPlan.title },
    { href: pb.organiserOrders(id), label: t.refunds.orders },
    { href: pb.organiserMoney(id), label: t.money.open },
  ]
  const pages = [
    { href: pb.organiserEvent(id), label: t.event.edit },
    ...(isPublished ? ofSale : []),
    { href: pb.event(id), label: t.organiser.view },
  ]
  return (
    <>
      <nav className="event-nav" aria-label={t.organiser.pages}>
        {pages.map(({ href, label }) => (
          <Link key={href} href={href} aria-current={href === path ? 'page' : undefined}>
            {label}
          </Link>
        ))}
      </nav>
      {event.cancelled ? (
        <div className="event-off">
          <Notice tone="warn" title={t.refunds.eventOff}>
            <p>{event.cancelled.note}</p>
          </Notice>
        </div>
      ) : null}
    </>
  )
}
