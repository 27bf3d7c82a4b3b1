import {
  addSection,
  cancelEvent,
  createEvent,
  createSale,
  editEvent,
  getEvent,
  getSale,
  getSeats,
  listEvents,
  myEvents,
  publishSale,
  removeSale,
  removeSection,
} from '@fairgate/contracts/http/catalog'
import { addPlan, getPlan, removePlan } from '@fairgate/contracts/http/plans'
import type { HttpApp } from '#platform/http'
import { Problem } from '#platform/problem'
import { mayOrganise } from './access.ts'
import type { EventCache } from './event-cache.ts'
import type { Events } from './event.ts'
import type { Sales } from './sale.ts'
import type { Seating } from './seating.ts'
import type { Sections } from './section.ts'

type Parts = { events: Events; sections: Sections; seating: Seating; sales: Sales; cache: EventCache }

export function serveCatalog(http: HttpApp, { events, sections, seating, sales, cache }: Parts): void {
  http.serve(listEvents, async ({ query }) => ({ status: 200, body: await events.list(query) }))

  http.serve(myEvents, async ({ caller }) => ({ status: 200, body: { items: await events.mine(caller) } }))

  http.serve(getEvent, async ({ params, caller }) => {
    if (mayOrganise(caller)) return { status: 200, body: await events.show(caller, params.id) }
    const event = await cache.get(params.id)
    if (!event) throw new Problem('catalog.event-not-found')
    const headers = { 'cache-control': 'public, max-age=1', vary: 'authorization' }
    return { status: 200, bytes: event.bytes, type: 'application/json; charset=utf-8', etag: event.etag, headers }
  })

  http.serve(createEvent, async ({ caller, body }) => ({ status: 201, body: await events.create(caller, body) }))

  http.serve(editEvent, async ({ caller, params, body }) => ({
    status: 200,
    body: await events.edit(caller, params.id, body),
  }))

  http.serve(cancelEvent, async ({ caller, params, body }) => ({
    status: 200,
    body: await events.cancel(caller, params.id, body.note),
  }))

  http.serve(addSection, async ({ caller, params, body }) => ({
    status: 201,
    body: await sections.add(caller, params.id, body),
  }))

  http.serve(removeSection, async ({ caller, params }) => {
    await sections.remove(caller, params.id)
    return { status: 204, body: undefined }
  })

  http.serve(createSale, async ({ caller, params, body }) => ({
    status: 201,
    body: await sales.create(caller, params.id, body),
  }))

  http.serve(publishSale, async ({ caller, params }) => ({ status: 200, body: await sales.publish(caller, params.id) }))

  http.serve(removeSale, async ({ caller, params }) => {
    await sales.remove(caller, params.id)
    return { status: 204, body: undefined }
  })

  http.serve(getSale, async ({ caller, params }) => ({ status: 200, body: await sales.show(caller, params.id) }))

  http.serve(getSeats, async ({ caller, params, query, headers }) => {
    return drawing(await sections.seats(caller, params.id, takesGzip(headers['accept-encoding'])), query.hash)
  })

  http.serve(addPlan, ({ caller, params, query, body }) => seating.add(caller, params.id, body, query))

  http.serve(getPlan, async ({ caller, params, query, headers }) => {
    return drawing(await seating.show(caller, params.id, takesGzip(headers['accept-encoding'])), query.hash)
  })

  http.serve(removePlan, async ({ caller, params }) => {
    await seating.remove(caller, params.id)
    return { status: 204, body: undefined }
  })
}

type Drawing = { hash: string; bytes: Buffer; isGzip: boolean; isPublished: boolean }

/** A document that is named by its content: for ever by that name, for a minute by the name of what it belongs to. */
function drawing({ hash, bytes, isGzip, isPublished }: Drawing, askedHash: string | undefined) {
  const caching = askedHash === hash ? 'public, max-age=31536000, immutable' : getSeats.cache
  return {
    status: 200 as const,
    bytes,
    type: 'application/json; charset=utf-8',
    // Two encodings are two representations, each with a strong validator of its own (RFC 9110, section 8.8.3.3).
    etag: `"${hash}${isGzip ? '-gzip' : ''}"`,
    headers: {
      'cache-control': isPublished ? caching : 'private, no-cache',
      vary: 'accept-encoding',
      ...(isGzip ? { 'content-encoding': 'gzip' } : {}),
    },
  }
}

/** Whether gzip is named and not refused with `q=0` (RFC 9110, section 12.5.3). */
function takesGzip(header: string | string[] | undefined): boolean {
  const match = /(?:^|,)\s*gzip\s*(?:;\s*q=([\d.]+))?\s*(?:,|$)/i.exec(String(header ?? ''))
  return match !== null && Number(match[1] ?? 1) > 0
}
