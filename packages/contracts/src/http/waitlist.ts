import { Type, Strict, OneOf, Id, Instant, type Static } from '../schema.ts'
import { route } from './route.ts'

/** People may join while it is `open`; when less than an offer's time is left of the sale it is `closed`. */
export const waitlistPhases = ['scheduled', 'open', 'closed'] as const
export type WaitlistPhase = (typeof waitlistPhases)[number]

/** Longest and shortest time that somebody may be given to take an offer. */
export const offerSecondsMax = 604_800
export const offerSecondsMin = 300

export const WaitlistDocument = Strict({
  saleId: Type.String(),
  eventId: Type.String(),
  eventName: Type.String(),
  phase: OneOf(waitlistPhases),
  /** The event is cancelled, and the waitlist with it. */
  cancelledAt: Type.Optional(Instant),
  opensAt: Instant,
  closesAt: Instant,
  serverTime: Instant,
  offerSeconds: Type.Integer({ description: 'how long an offer lasts' }),
  limitPerAccount: Type.Integer({ description: 'most seats that somebody may wait for' }),
  waiting: Type.Integer({ description: 'entries that wait' }),
  sections: Type.Array(
    Strict({
      id: Type.String(),
      name: Type.String(),
      soldOut: Type.Boolean({ description: 'nothing is free: only then people may wait for it' }),
      waiting: Type.Integer({ description: 'entries that wait for this section, perhaps among others' }),
    }),
  ),
  records: Type.Integer({ description: 'what has happened so far, see the records' }),
  head: Type.String({ description: 'hash of the last record; it stands for all of them' }),
})
export type WaitlistDocument = Static<typeof WaitlistDocument>

export const waitlistEntryStates = ['waiting', 'offered', 'over', 'left'] as const
export type WaitlistEntryState = (typeof waitlistEntryStates)[number]

export const WaitlistEntry = Strict({
  id: Type.String(),
  saleId: Type.String(),
  eventId: Type.String(),
  eventName: Type.String(),
  number: Type.Integer({
    description: 'the record by which it joined: its place in the order. Another one after a change',
  }),
  sections: Type.Array(Strict({ id: Type.String(), name: Type.String() }), {
    description: 'the dearest first; any of them will do',
  }),
  quantity: Type.Integer(),
  together: Type.Boolean({ description: 'side by side or not at all' }),
  state: OneOf(waitlistEntryStates),
  joinedAt: Instant,
  ahead: Type.Union([Type.Integer(), Type.Null()], {
    description: 'how many are before it and wait for at least one of the same sections; null when it does not wait',
  }),
})
export type WaitlistEntry = Static<typeof WaitlistEntry>

/** `withdrawn`: the event was cancelled before it was bought. */
export const offerStates = ['offered', 'bought', 'declined', 'lapsed', 'withdrawn'] as const
export type OfferState = (typeof offerStates)[number]

/** The right to buy returned seats until a deadline. */
export const Offer = Strict({
  id: Type.String(),
  saleId: Type.String(),
  eventId: Type.String(),
  eventName: Type.String(),
  section: Strict({ id: Type.String(), name: Type.String() }),
  seats: Type.Array(Strict({ id: Type.String(), label: Type.String() })),
  bought: Type.Integer({ description: 'how many of the seats were bought with it' }),
  state: OneOf(offerStates),
  isOpen: Type.Boolean({ description: 'it can be taken or declined now' }),
  offeredAt: Instant,
  until: Instant,
})
export type Offer = Static<typeof Offer>

const params = Strict({ id: Id })

export const getWaitlist = route({
  method: 'GET',
  path: '/api/waitlists/{id}',
  caller: 'anyone',
  summary: 'The shared document of a waitlist, by the id of its sale',
  params,
  answers: { 200: WaitlistDocument },
  errors: ['waitlist.waitlist-not-found', 'waitlist.not-for-this-sale'],
  cache: 'public, max-age=1',
})

export const recordsPerPage = 1000

export const waitlistRecords = route({
  method: 'GET',
  path: '/api/waitlists/{id}/records',
  caller: 'anyone',
  summary:
    'All that happened on a waitlist, without names, 1,000 records a page: enough to check that every offer followed the order',
  params,
  query: Strict({
    after: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1, description: 'number of the last record that is known' }),
    ),
  }),
  answers: {
    200: Strict({
      saleId: Type.String(),
      records: Type.Integer({ description: 'how many there were when this was read' }),
      head: Type.String({ description: 'hash of the last of them' }),
      items: Type.Array(Type.String({ description: 'a record as it was hashed, JSON' })),
    }),
  },
  errors: ['waitlist.waitlist-not-found', 'waitlist.not-for-this-sale'],
  cache: 'public, max-age=1',
})

const Joined = Strict({ entry: WaitlistEntry })

export const joinWaitlist = route({
  method: 'POST',
  path: '/api/waitlists/{id}/entries',
  caller: 'buyer',
  summary:
    'Wait for returned seats of sold-out sections. Joining again with another wish goes to the end (200); with the same wish nothing changes',
  params,
  body: Strict({
    sectionIds: Type.Array(Id, { minItems: 1, maxItems: 100, description: 'the dearest first; any of them will do' }),
    quantity: Type.Integer({ minimum: 1, maximum: 100, description: 'seats, all of them or none' }),
    together: Type.Optional(Type.Boolean({ description: 'side by side or not at all; false by default' })),
  }),
  idempotent: true,
  answers: { 201: Joined, 200: Joined },
  errors: [
    'waitlist.waitlist-not-found',
    'waitlist.not-for-this-sale',
    'waitlist.not-open',
    'waitlist.closed',
    'waitlist.not-sold-out',
    'waitlist.offer-open',
    'waitlist.invalid-wish',
    'identity.not-verified',
    'http.too-many-requests',
    'http.overloaded',
  ],
})

export const myWaitlistEntry = route({
  method: 'GET',
  path: '/api/waitlists/{id}/entries/mine',
  caller: 'buyer',
  summary: "One's own entry, how many are ahead, and its newest offer",
  params,
  answers: { 200: Strict({ entry: WaitlistEntry, offer: Type.Union([Offer, Type.Null()]) }) },
  errors: ['waitlist.waitlist-not-found', 'waitlist.not-for-this-sale', 'waitlist.entry-not-found'],
})

export const leaveWaitlist = route({
  method: 'DELETE',
  path: '/api/waitlists/{id}/entries/mine',
  caller: 'buyer',
  summary: 'Leave. Joining again goes to the end',
  params,
  answers: { 204: null },
  errors: [
    'waitlist.waitlist-not-found',
    'waitlist.not-for-this-sale',
    'waitlist.entry-not-found',
    'waitlist.offer-open',
    'http.too-many-requests',
    'http.overloaded',
  ],
})

export const myWaitlists = route({
  method: 'GET',
  path: '/api/waitlists/mine',
  caller: 'buyer',
  summary: "One's own entries and offers of all sales, newest first",
  answers: { 200: Strict({ entries: Type.Array(WaitlistEntry), offers: Type.Array(Offer) }) },
})

export const offerPass = route({
  method: 'POST',
  path: '/api/waitlists/offers/{id}/pass',
  caller: 'buyer',
  summary: 'A pass for exactly the seats of the offer. As often as needed until its deadline',
  params,
  answers: {
    200: Strict({
      passToken: Type.String(),
      expiresAt: Instant,
      sectionId: Type.String(),
      seatIds: Type.Array(Type.String()),
    }),
  },
  errors: ['waitlist.offer-not-found', 'waitlist.offer-over'],
})

export const declineOffer = route({
  method: 'POST',
  path: '/api/waitlists/offers/{id}/decline',
  caller: 'buyer',
  summary: 'Give the offer up: its seats go to the next. Again, the same answer',
  params,
  answers: { 200: Offer },
  errors: ['waitlist.offer-not-found', 'waitlist.offer-over'],
})

export const WaitlistOverview = Strict({
  saleId: Type.String(),
  offerSeconds: Type.Integer(),
  sections: Type.Array(
    Strict({
      id: Type.String(),
      name: Type.String(),
      waiting: Type.Integer(),
      waitingSeats: Type.Integer({ description: 'seats that those want who wait for it, perhaps among others' }),
      kept: Type.Integer({ description: 'seats that are offered, or about to be' }),
      offered: Type.Integer({ description: 'open offers' }),
      bought: Type.Integer({ description: 'seats that were bought by offers' }),
      declined: Type.Integer({ description: 'offers' }),
      lapsed: Type.Integer({ description: 'offers' }),
    }),
  ),
  offers: Type.Array(
    Strict({
      id: Type.String(),
      number: Type.Integer({ description: 'whose it is, by the number of the entry' }),
      sectionId: Type.String(),
      seats: Type.Array(Type.String(), { description: 'labels' }),
      state: OneOf(offerStates),
      offeredAt: Instant,
      until: Instant,
    }),
    { description: 'the newest hundred' },
  ),
})
export type WaitlistOverview = Static<typeof WaitlistOverview>

export const waitlistOverview = route({
  method: 'GET',
  path: '/api/waitlists/{id}/overview',
  caller: 'organiser',
  summary: 'Who waits for what, and what became of offers. Of the own events; an admin sees all',
  params,
  answers: { 200: WaitlistOverview },
  errors: ['waitlist.waitlist-not-found', 'waitlist.not-for-this-sale'],
})

export const changeWaitlist = route({
  method: 'PATCH',
  path: '/api/waitlists/{id}',
  caller: 'organiser',
  summary: 'How long offers last that are made from now on. Of the own events; an admin of all',
  params,
  body: Strict({ offerSeconds: Type.Integer({ minimum: offerSecondsMin, maximum: offerSecondsMax }) }),
  answers: { 200: WaitlistOverview },
  errors: ['waitlist.waitlist-not-found', 'waitlist.not-for-this-sale'],
})

export const waitlistRoutes = {
  getWaitlist,
  changeWaitlist,
  waitlistRecords,
  joinWaitlist,
  myWaitlistEntry,
  leaveWaitlist,
  myWaitlists,
  offerPass,
  declineOffer,
  waitlistOverview,
}
