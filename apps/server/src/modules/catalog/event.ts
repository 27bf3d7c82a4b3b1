import type { Body, Query } from '@fairgate/contracts/http/route'
import type { EventDocument, EventItem, createEvent, editEvent, listEvents } from '@fairgate/contracts/http/catalog'
import { tidy } from '@fairgate/contracts/plans/text'
import type { Caller } from '#platform/access-token'
import { fact } from '#platform/bus'
import { afterCommit, transaction, violatedConstraint, type Db, type Tx } from '#platform/db'
import { pageOf, type Page } from '#platform/page'
import type { Platform } from '#platform/platform'
import { Problem } from '#platform/problem'
import { documentFor, mayManage } from './access.ts'
import * as store from './catalog-store.ts'
import { checkEvent, frozenMembers, refundFaults, type EventMembers } from './event-rules.ts'
import type { EventCache } from './event-cache.ts'
import { refuseFaults, textFault } from './faults.ts'
import { checkListing, writeCursor } from './listing.ts'

const noFees = { perTicket: 0, basisPoints: 0 }

/** An organiser's own list shows this many, the newest. */
const ownEventsMax = 500

type Deps = Pick<Platform, 'db' | 'clock' | 'ids' | 'outbox' | 'racepoints'> & { cache: EventCache }

export function createEvents({ db, clock, ids, outbox, racepoints, cache }: Deps) {
  /** Makes an event. With a seed key that is known already it makes none and returns undefined. */
  async function insert(
    on: Db | Tx,
    organiserId: string,
    body: Body<typeof createEvent>,
    seedKey: string | null,
  ): Promise<string | undefined> {
    const { members, faults } = checkEvent(
      { ...body, description: body.description ?? '', region: body.region ?? '', fees: body.fees ?? noFees },
      clock.now(),
    )
    refuseFaults('http.invalid', [...faults, ...refundFaults(members)])
    const event = {
      ...(members as EventMembers),
      refunds: members.refunds ?? null,
      id: ids('event'),
      organiserId,
      seedKey,
      createdAt: new Date(clock.now()),
    }
    return (await store.insertEvent(on, event)) ? event.id : undefined
  }

  async function create(caller: Caller, body: Body<typeof createEvent>): Promise<EventDocument> {
    return show(caller, (await insert(db, caller.accountId, body, null))!)
  }

  async function edit(caller: Caller, id: string, body: Body<typeof editEvent>): Promise<EventDocument> {
    try {
      await transaction(db, async (tx) => {
        const event = await store.eventForEdit(tx, id)
        if (!event || !mayManage(caller, event.organiserId)) throw new Problem('catalog.event-not-found')
        const { members, faults } = checkEvent(body, clock.now())
        refuseFaults('http.invalid', [...faults, ...refundFaults({ ...event, ...members })])
        await racepoints.reach('catalog.before-edit')
        await store.updateEvent(tx, id, { ...event, ...members })
        afterCommit(tx, () => cache.forget(id))
      })
    } catch (error) {
      throw frozen(error, body) ?? error
    }
    return show(caller, id)
  }

  /** Calls the event off: its sales are over, and everybody gets their money back. Again → the same. */
  async function cancel(caller: Caller, id: string, note: string): Promise<EventDocument> {
    const event = await store.storedEvent(db, id)
    if (!event || !mayManage(caller, event.organiserId)) throw new Problem('catalog.event-not-found')
    const said = tidy(note)
    const fault = said === '' ? 'is empty' : textFault(said, { multiline: true })
    refuseFaults('http.invalid', fault ? [{ pointer: '#/note', detail: fault }] : [])
    await transaction(db, async (tx) => {
      const now = new Date(clock.now())
      if (!(await store.cancelEvent(tx, id, said, now))) return
      const published = await store.storedEvent(tx, id)
      const saleIds = published!.sales.filter(({ state }) => state === 'published').map((sale) => sale.id)
      await outbox.publish(tx, [
        fact('catalog.event-cancelled.v1', {
          eventId: id,
          saleIds,
          accountId: caller.accountId,
          note: said,
          at: now.toISOString(),
        }),
      ])
      afterCommit(tx, () => cache.forget(id))
    })
    return show(caller, id)
  }

  /** The event as this caller may see it. */
  async function show(caller: Caller | undefined, id: string): Promise<EventDocument> {
    const document = documentFor(await store.storedEvent(db, id), caller)
    if (!document) throw new Problem('catalog.event-not-found')
    return document
  }

  async function list(query: Query<typeof listEvents>): Promise<Page<EventItem>> {
    const listing = checkListing(query)
    const found = await store.publishedEvents(db, listing, new Date(clock.now()), listing.limit + 1)
    return pageOf(found, listing.limit, ({ startsAt, id }) =>
      writeCursor({ startsAt: Date.parse(startsAt), id }, query),
    )
  }

  const mine = (caller: Caller): Promise<EventItem[]> => store.eventsOfOrganiser(db, caller.accountId, ownEventsMax)

  return { insert, create, edit, cancel, show, list, mine }
}

export type Events = ReturnType<typeof createEvents>

/** The refusal behind a key that would not let go of the event, or undefined for any other error. */
function frozen(error: unknown, body: Body<typeof editEvent>): Problem | undefined {
  const constraint = violatedConstraint(error)
  if (constraint === 'sections_currency') {
    return new Problem('catalog.in-use', {
      detail: 'the currency is fixed: a section has a price in it',
      errors: [{ pointer: '#/currency', detail: 'is in use' }],
    })
  }
  if (constraint !== 'publications_event') return undefined
  const given = frozenMembers.filter((name) => body[name] !== undefined)
  return new Problem('catalog.in-use', {
    detail: `${frozenMembers.join(', ')} are fixed once a sale is published`,
    errors: given.map((name) => ({ pointer: `#/${name}`, detail: 'is fixed by a published sale' })),
  })
}
