import type { Caller } from '#platform/access-token'
import type { Db } from '#platform/db'
import { Problem } from '#platform/problem'
import { eventById } from './orders-store.ts'

/** Who is shown the sales of an event and may change its terms: its organiser, and an admin. */
export const mayManage = ({ accountId, roles }: Caller, organiserId: string): boolean =>
  organiserId === accountId || roles.includes('admin')

/** Somebody else's event is as unknown as none. @throws Problem `catalog.event-not-found` */
export async function managedEvent(db: Db, caller: Caller, eventId: string) {
  const event = await eventById(db, eventId)
  if (!event || !mayManage(caller, event.organiserId)) throw new Problem('catalog.event-not-found')
  return event
}
