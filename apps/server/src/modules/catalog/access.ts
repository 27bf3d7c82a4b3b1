import type { EventDocument } from '@fairgate/contracts/http/catalog'
import type { Caller } from '#platform/access-token'
import type { StoredEvent } from './catalog-store.ts'
import { hasFees } from './event-rules.ts'

/** Who may be shown drafts and change things: the event's organiser, and an admin. Everybody else meets a 404. */
export const mayManage = (caller: Caller | undefined, organiserId: string): boolean =>
  caller !== undefined &&
  (caller.roles.includes('admin') || (caller.roles.includes('organiser') && caller.accountId === organiserId))

/** Who may have events of their own: callers for whom the shared public documents do not do. */
export const mayOrganise = (caller: Caller | undefined): caller is Caller =>
  caller !== undefined && (caller.roles.includes('organiser') || caller.roles.includes('admin'))

/** What this caller may see of an event, or undefined when that is nothing. */
export function documentFor(event: StoredEvent | undefined, caller: Caller | undefined): EventDocument | undefined {
  if (!event) return undefined
  const isManager = mayManage(caller, event.organiserId)
  if (!isManager && !event.isPublished) return undefined
  const { isPublished: _, startsAt, sections, sales, fees, refunds, cancelledAt, cancelledNote, ...said } = event
  return {
    ...said,
    startsAt: startsAt.toISOString(),
    ...(hasFees(fees) ? { fees } : {}),
    ...(refunds ? { refunds } : {}),
    ...(cancelledAt ? { cancelled: { at: cancelledAt.toISOString(), note: cancelledNote ?? '' } } : {}),
    sections,
    sales: isManager ? sales : sales.filter((sale) => sale.state === 'published'),
  }
}
