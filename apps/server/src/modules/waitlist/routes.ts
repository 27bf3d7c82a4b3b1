import * as contract from '@fairgate/contracts/http/waitlist'
import { seatId } from '@fairgate/contracts/ids'
import type { Db } from '#platform/db'
import type { HttpApp } from '#platform/http'
import { Problem } from '#platform/problem'
import type { Documents } from './documents.ts'
import type { Entries, StandingEntry } from './entries.ts'
import type { Offers } from './offers.ts'
import type { Overview } from './overview.ts'
import * as store from './waitlist-store.ts'
import type { FullOffer } from './waitlist-store.ts'

export type Parts = { db: Db; documents: Documents; entries: Entries; offers: Offers; overview: Overview }

export function serveRoutes(http: HttpApp, { db, documents, entries, offers, overview }: Parts): void {
  const offerBody = (offer: FullOffer): contract.Offer => ({
    id: offer.id,
    saleId: offer.saleId,
    eventId: offer.eventId,
    eventName: offer.eventName,
    section: { id: offer.sectionId, name: offer.sectionName },
    seats: offer.seats.map((number, i) => ({ id: seatId(offer.sectionId, number), label: offer.labels[i]! })),
    bought: offer.bought,
    state: offer.state,
    isOpen: offers.isOpen(offer),
    offeredAt: offer.offeredAt.toISOString(),
    until: offer.until.toISOString(),
  })

  http.serve(contract.getWaitlist, async ({ params }) => {
    const { bytes, etag } = await documents.read(params.id)
    return { status: 200, bytes, etag, type: 'application/json; charset=utf-8' }
  })

  http.serve(contract.waitlistRecords, async ({ params, query }) => {
    await documents.read(params.id)
    // The head first: records are only added, so those up to its number are all there.
    const { id: saleId, records, head } = (await store.readSale(db, params.id))!
    const items = await store.recordPage(db, saleId, query.after ?? 0, records, contract.recordsPerPage)
    return { status: 200, body: { saleId, records, head, items } }
  })

  http.serve(contract.joinWaitlist, async ({ params, body, caller }) => {
    if (!caller.verified) throw new Problem('identity.not-verified')
    const { sectionIds, quantity, together = false } = body
    const who = { saleId: params.id, accountId: caller.accountId }
    const { isNew, entry } = await entries.join(who, { sectionIds, quantity, together })
    return { status: isNew ? 201 : 200, body: { entry: entryBody(entry) } }
  })

  http.serve(contract.myWaitlistEntry, async ({ params, caller }) => {
    const who = { saleId: params.id, accountId: caller.accountId }
    const entry = await entries.mine(who)
    const offer = await offers.newest(who)
    return { status: 200, body: { entry: entryBody(entry), offer: offer ? offerBody(offer) : null } }
  })

  http.serve(contract.leaveWaitlist, async ({ params, caller }) => {
    await entries.leave({ saleId: params.id, accountId: caller.accountId })
    return { status: 204, body: undefined }
  })

  http.serve(contract.myWaitlists, async ({ caller }) => {
    const [mine, offered] = await Promise.all([entries.all(caller.accountId), offers.all(caller.accountId)])
    return { status: 200, body: { entries: mine.map(entryBody), offers: offered.map(offerBody) } }
  })

  http.serve(contract.offerPass, async ({ params, caller }) => {
    const { expiresAt, ...pass } = await offers.pass(params.id, caller.accountId)
    return { status: 200, body: { ...pass, expiresAt: expiresAt.toISOString() } }
  })

  http.serve(contract.declineOffer, async ({ params, caller }) => ({
    status: 200,
    body: offerBody(await offers.decline(params.id, caller.accountId)),
  }))

  http.serve(contract.waitlistOverview, async ({ params, caller }) => ({
    status: 200,
    body: await overview.read(caller, params.id),
  }))

  http.serve(contract.changeWaitlist, async ({ params, body, caller }) => ({
    status: 200,
    body: await overview.change(caller, params.id, body.offerSeconds),
  }))
}

const entryBody = (entry: StandingEntry): contract.WaitlistEntry => ({
  id: entry.id,
  saleId: entry.saleId,
  eventId: entry.eventId,
  eventName: entry.eventName,
  number: entry.number,
  sections: entry.sections,
  quantity: entry.quantity,
  together: entry.together,
  state: entry.state,
  joinedAt: entry.joinedAt.toISOString(),
  ahead: entry.ahead,
})
