import { Type, Strict, OneOf, Id, Instant, TimeZone, type Static } from '../schema.ts'
import { Money, CurrencySchema, Fees, amountMax } from '../money.ts'
import { Attributes, AuctionFacts, BallotFacts, entryOrders } from '../events.ts'
import { SoftClose, leftOverRules } from '../auction.ts'
import { ballotMoves } from '../allot.ts'
import { Point } from '../plans/plan.ts'
import { RefundLadder } from '../refund-ladder.ts'
import { route } from './route.ts'

const Name = Type.String({ minLength: 1, maxLength: 120 })

export const Section = Strict({
  id: Type.String(),
  eventId: Type.String(),
  name: Type.String(),
  admission: OneOf(['reserved', 'open']),
  capacity: Type.Integer(),
  price: Money,
  attributes: Attributes,
  geometryUrl: Type.Optional(
    Type.String({ description: 'reserved sections: immutable URL of the geometry, by content hash' }),
  ),
  focalPoint: Type.Optional(Point),
})
export type Section = Static<typeof Section>

export const saleStates = ['draft', 'published'] as const

export const Sale = Strict({
  id: Type.String(),
  eventId: Type.String(),
  method: OneOf(['queue', 'ballot', 'auction']),
  state: OneOf(saleStates),
  opensAt: Instant,
  closesAt: Instant,
  holdSeconds: Type.Integer(),
  limitPerAccount: Type.Integer(),
  order: OneOf(entryOrders),
  ballot: Type.Optional(BallotFacts),
  auction: Type.Optional(AuctionFacts),
  lines: Type.Array(
    Strict({
      id: Type.String(),
      name: Type.String(),
      sectionIds: Type.Array(Type.String()),
      shoppersMax: Type.Integer(),
      admitPerMinute: Type.Integer(),
      course: Type.Optional(Type.String()),
      lotId: Type.Optional(Type.String({ description: 'method auction: the lot of its one section' })),
    }),
  ),
  readiness: Strict(
    { waitingRoom: Type.Boolean(), inventory: Type.Boolean() },
    {
      description:
        'after publishing: which modules have built their own tables; `waitingRoom` is whoever lets buyers in, for a ballot the ballots, for an auction the auctions',
    },
  ),
})
export type Sale = Static<typeof Sale>

const eventMembers = {
  kind: OneOf(['concert', 'race']),
  name: Name,
  description: Type.String({ maxLength: 5000 }),
  venue: Name,
  region: Type.String({ maxLength: 60 }),
  startsAt: Instant,
  timeZone: TimeZone,
  currency: CurrencySchema,
}

export const EventItem = Strict({
  id: Type.String(),
  organiserId: Type.String(),
  ...eventMembers,
  saleOpensAt: Type.Union([Instant, Type.Null()], { description: 'the first opening of a published sale' }),
  saleClosesAt: Type.Optional(
    Type.String({ format: 'date-time', description: 'the last closing of a published sale' }),
  ),
  priceFrom: Type.Union([Money, Type.Null()]),
})
export type EventItem = Static<typeof EventItem>

export const EventDocument = Strict({
  id: Type.String(),
  organiserId: Type.String(),
  ...eventMembers,
  fees: Type.Optional(Fees),
  refunds: Type.Optional(RefundLadder),
  cancelled: Type.Optional(Strict({ at: Instant, note: Type.String() })),
  planUrl: Type.Optional(
    Type.String({ description: 'events with a seating plan: immutable URL of its drawing, by content hash' }),
  ),
  sections: Type.Array(Section),
  sales: Type.Array(Sale),
})
export type EventDocument = Static<typeof EventDocument>

export const listEvents = route({
  method: 'GET',
  path: '/api/events',
  caller: 'anyone',
  summary: 'Events with a published sale, soonest first',
  query: Strict({
    query: Type.Optional(Type.String({ maxLength: 100, description: 'words in name, venue or region' })),
    kind: Type.Optional(OneOf(['concert', 'race'])),
    from: Type.Optional(Instant),
    to: Type.Optional(Instant),
    region: Type.Optional(Type.String({ maxLength: 60 })),
    cursor: Type.Optional(Type.String({ maxLength: 200 })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 20 })),
  }),
  answers: { 200: Strict({ items: Type.Array(EventItem), nextCursor: Type.Union([Type.String(), Type.Null()]) }) },
  cache: 'public, max-age=2',
})

export const myEvents = route({
  method: 'GET',
  path: '/api/organiser/events',
  caller: 'organiser',
  summary: "The organiser's own events, drafts too",
  answers: { 200: Strict({ items: Type.Array(EventItem) }) },
})

export const getEvent = route({
  method: 'GET',
  path: '/api/events/{id}',
  caller: 'anyone',
  summary: 'An event with its sections and sales. Drafts are shown to their organiser only',
  params: Strict({ id: Id }),
  answers: { 200: EventDocument },
  errors: ['catalog.event-not-found'],
})

export const createEvent = route({
  method: 'POST',
  path: '/api/events',
  caller: 'organiser',
  summary: 'Create an event',
  body: Strict({
    kind: OneOf(['concert', 'race']),
    name: Name,
    description: Type.Optional(Type.String({ maxLength: 5000 })),
    venue: Name,
    region: Type.Optional(Type.String({ maxLength: 60 })),
    startsAt: Instant,
    timeZone: TimeZone,
    currency: CurrencySchema,
    fees: Type.Optional(Fees),
    refunds: Type.Optional(RefundLadder),
  }),
  idempotent: true,
  answers: { 201: EventDocument },
})

export const editEvent = route({
  method: 'PATCH',
  path: '/api/events/{id}',
  caller: 'organiser',
  summary:
    'Change what is said of an event; the currency cannot change once sections have prices, and nothing that buyers plan by, nor fees, once a sale is published',
  params: Strict({ id: Id }),
  body: Type.Partial(Strict({ ...eventMembers, fees: Fees, refunds: RefundLadder }), { additionalProperties: false }),
  answers: { 200: EventDocument },
  errors: ['catalog.event-not-found', 'catalog.in-use'],
})

export const cancelEvent = route({
  method: 'POST',
  path: '/api/events/{id}/cancel',
  caller: 'organiser',
  summary: 'Call an event off: its sales are over at once, every buyer gets everything back; see its cancellations',
  idempotent: true,
  params: Strict({ id: Id }),
  body: Strict({ note: Type.String({ minLength: 1, maxLength: 500, description: 'why, shown to the buyers' }) }),
  answers: { 200: EventDocument },
  errors: ['catalog.event-not-found'],
})

const price = Type.Union([
  Money,
  Type.Integer({ minimum: 0, maximum: amountMax, description: "amount in the event's currency" }),
])

export const SeatInput = Strict({
  row: Type.String({ minLength: 1, maxLength: 20 }),
  number: Type.Union([
    Type.String({ minLength: 1, maxLength: 20 }),
    Type.Integer({ minimum: 0, maximum: 1_000_000_000 }),
  ]),
  x: Type.Number(),
  y: Type.Number(),
  accessible: Type.Optional(Type.Boolean()),
})

export const addSection = route({
  method: 'POST',
  path: '/api/events/{id}/sections',
  caller: 'organiser',
  summary:
    'Add a section: open with a capacity, or reserved with its seats (all faults of a plan are listed, nothing is imported in part)',
  params: Strict({ id: Id }),
  body: Strict({
    name: Name,
    admission: OneOf(['reserved', 'open']),
    price,
    attributes: Type.Optional(Attributes),
    capacity: Type.Optional(Type.Integer({ minimum: 1, maximum: 200_000, description: 'open sections' })),
    seats: Type.Optional(Type.Array(SeatInput, { minItems: 1, maxItems: 100_000, description: 'reserved sections' })),
  }),
  idempotent: true,
  answers: { 201: Section },
  errors: ['catalog.event-not-found', 'catalog.invalid-plan', 'catalog.in-use'],
  bodyBytesMax: 16 * 1024 * 1024,
})

export const removeSection = route({
  method: 'DELETE',
  path: '/api/sections/{id}',
  caller: 'organiser',
  summary: 'Remove a section that no sale has in a line',
  params: Strict({ id: Id }),
  answers: { 204: null },
  errors: ['catalog.section-not-found', 'catalog.in-use'],
})

export const createSale = route({
  method: 'POST',
  path: '/api/events/{id}/sales',
  caller: 'organiser',
  summary: 'Prepare a sale of some sections',
  params: Strict({ id: Id }),
  body: Strict({
    method: OneOf(['queue', 'ballot', 'auction']),
    opensAt: Instant,
    closesAt: Instant,
    holdSeconds: Type.Integer({ minimum: 3, maximum: 7200 }),
    limitPerAccount: Type.Integer({ minimum: 1, maximum: 100 }),
    order: Type.Optional(OneOf(entryOrders)),
    ballot: Type.Optional(
      Strict(
        {
          drawAt: Instant,
          payBySeconds: Type.Integer({ minimum: 3, maximum: 30 * 24 * 3600, description: 'how long an award lasts' }),
          moves: OneOf(ballotMoves),
        },
        {
          description:
            'method ballot only: applications from `opensAt` to `drawAt`, awards until `closesAt`. Where people may be moved `down`, lines of one `course` are listed from fast to slow',
        },
      ),
    ),
    auction: Type.Optional(
      Strict(
        {
          endsAt: Type.Optional(Instant),
          payBySeconds: Type.Integer({ minimum: 3, maximum: 30 * 24 * 3600, description: 'how long an award lasts' }),
          bidsMax: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, description: '3 by default' })),
          step: price,
          softClose: Type.Optional(SoftClose),
          leftOver: Type.Optional(OneOf(leftOverRules)),
        },
        {
          description:
            'method auction only: bids from `opensAt` to `endsAt` (one hour before the event by default), awards until `closesAt`. Each line has one section, whose seats are a lot and whose price is where bids start',
        },
      ),
    ),
    lines: Type.Array(
      Strict({
        name: Name,
        sectionIds: Type.Array(Type.String({ maxLength: 80 }), { minItems: 1, maxItems: 200, uniqueItems: true }),
        shoppersMax: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'needed for a queue' })),
        admitPerMinute: Type.Optional(
          Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'needed for a queue' }),
        ),
        course: Type.Optional(Name),
      }),
      { minItems: 1, maxItems: 200 },
    ),
  }),
  idempotent: true,
  answers: { 201: Sale },
  errors: ['catalog.event-not-found', 'catalog.invalid-sale', 'catalog.in-use'],
})

export const publishSale = route({
  method: 'POST',
  path: '/api/sales/{id}/publish',
  caller: 'organiser',
  summary:
    'Publish. From now on sections, prices and lines are fixed; `readiness` shows when each module has built its tables',
  params: Strict({ id: Id }),
  answers: { 200: Sale },
  errors: ['catalog.sale-not-found', 'catalog.already-published', 'catalog.invalid-sale'],
})

export const removeSale = route({
  method: 'DELETE',
  path: '/api/sales/{id}',
  caller: 'organiser',
  summary: 'Remove a sale that was not published. Its sections are free for another',
  params: Strict({ id: Id }),
  answers: { 204: null },
  errors: ['catalog.sale-not-found', 'catalog.already-published'],
})

export const getSale = route({
  method: 'GET',
  path: '/api/sales/{id}',
  caller: 'anyone',
  summary: 'A published sale',
  params: Strict({ id: Id }),
  answers: { 200: Sale },
  errors: ['catalog.sale-not-found'],
})

export const Geometry = Strict({
  sectionId: Type.String(),
  hash: Type.String(),
  seats: Type.Array(
    Strict({
      id: Type.String(),
      label: Type.String(),
      row: Type.String(),
      number: Type.String(),
      x: Type.Number(),
      y: Type.Number(),
      accessible: Type.Boolean(),
      companionOf: Type.Optional(Type.String({ description: 'id of the accessible seat that it accompanies' })),
      restrictedView: Type.Optional(Type.Boolean()),
    }),
    { description: 'in seat order: the n-th seat here is the n-th status of the availability document' },
  ),
})
export type Geometry = Static<typeof Geometry>

export const getSeats = route({
  method: 'GET',
  path: '/api/sections/{id}/seats',
  caller: 'anyone',
  summary: 'Geometry of a reserved section. With `?hash=` of its current content the answer never changes',
  params: Strict({ id: Id }),
  query: Strict({ hash: Type.Optional(Type.String({ maxLength: 64 })) }),
  answers: { 200: Geometry },
  errors: ['catalog.section-not-found'],
  cache: 'public, max-age=60',
})

export const catalogRoutes = {
  listEvents,
  myEvents,
  getEvent,
  createEvent,
  editEvent,
  cancelEvent,
  addSection,
  removeSection,
  createSale,
  publishSale,
  removeSale,
  getSale,
  getSeats,
}
