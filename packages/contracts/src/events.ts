import { Type, Strict, OneOf, Instant, type Static } from './schema.ts'
import { Money, CurrencySchema, Fees } from './money.ts'
import { ballotMoves } from './allot.ts'
import { RefundLadder } from './refund-ladder.ts'
import { SoftClose, leftOverRules } from './auction.ts'

/** What everybody needs to know of an event to speak of it. */
export const EventSummary = Strict({
  id: Type.String(),
  organiserId: Type.String(),
  kind: OneOf(['concert', 'race']),
  name: Type.String(),
  venue: Type.String(),
  startsAt: Instant,
  timeZone: Type.String(),
  currency: CurrencySchema,
  fees: Type.Optional(Fees),
})
export type EventSummary = Static<typeof EventSummary>

export const Attributes = Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()]))

export const SectionFacts = Strict({
  id: Type.String(),
  name: Type.String(),
  admission: OneOf(['reserved', 'open']),
  capacity: Type.Integer(),
  price: Money,
  attributes: Attributes,
  focalPoint: Type.Optional(
    Strict(
      { x: Type.Number(), y: Type.Number() },
      { description: 'the best seats are near it; absent: the middle of the front' },
    ),
  ),
})
export type SectionFacts = Static<typeof SectionFacts>

export const LineFacts = Strict({
  id: Type.String(),
  name: Type.String(),
  sectionIds: Type.Array(Type.String()),
  shoppersMax: Type.Integer(),
  admitPerMinute: Type.Integer(),
  course: Type.Optional(Type.String()),
})
export type LineFacts = Static<typeof LineFacts>

/** What a sale by ballot has beside its times: applications are taken from the sale's opening until `drawAt`. */
export const BallotFacts = Strict({
  drawAt: Instant,
  payBySeconds: Type.Integer({ description: 'how long an award lasts' }),
  moves: OneOf(ballotMoves),
})
export type BallotFacts = Static<typeof BallotFacts>

/** What a sale by auction has beside its times: bids are taken from the sale's opening until `endsAt`. */
export const AuctionFacts = Strict({
  endsAt: Instant,
  payBySeconds: Type.Integer({ description: 'how long an award lasts' }),
  bidsMax: Type.Integer({ description: 'bids that an account may make on each lot' }),
  step: Money,
  softClose: Type.Optional(SoftClose),
  leftOver: OneOf(leftOverRules),
})
export type AuctionFacts = Static<typeof AuctionFacts>

/** A lot of a sale by auction: all seats of the one section of its line. */
export const LotFacts = Strict({
  id: Type.String(),
  lineId: Type.String(),
  sectionId: Type.String(),
  startPrice: Money,
  seats: Type.Array(Strict({ number: Type.Integer(), label: Type.String() }), {
    description: 'the best first: the highest bid gets the first',
  }),
})
export type LotFacts = Static<typeof LotFacts>

const SeatFacts = Strict({
  label: Type.String(),
  row: Type.String(),
  number: Type.String(),
  x: Type.Number(),
  y: Type.Number(),
  accessible: Type.Boolean(),
  companionOf: Type.Optional(Type.Integer({ description: 'number of the accessible seat that it accompanies' })),
  restrictedView: Type.Optional(Type.Boolean()),
})

/** How those who join before the opening are ordered: shuffled by a provable draw, or by their numbers. */
export const entryOrders = ['draw', 'arrival'] as const
export type EntryOrder = (typeof entryOrders)[number]

/** Who wanted the seats back: their buyer, the organiser, or the organiser together with the whole event. */
export const returnReasons = ['buyer', 'organiser', 'event-cancelled'] as const
export type ReturnReason = (typeof returnReasons)[number]

const ids = { orderId: Type.String(), holdId: Type.String() }
const SeatRef = Strict({ number: Type.Integer(), label: Type.String() })

const HoldSeats = Type.Optional(
  Type.Array(SeatRef, { description: 'where equal seats would do: those that the hold has now' }),
)

/** Money came after the order had ended, or the seats ordered were gone and equal ones were found. */
export const Late = Strict({
  seatsBefore: Type.Array(Type.String(), {
    description: 'labels of the seats ordered, when they were gone and equal ones took their place; else empty',
  }),
})
export type Late = Static<typeof Late>

const OrderFacts = {
  ...ids,
  accountId: Type.String(),
  saleId: Type.String(),
  lineId: Type.String(),
  event: EventSummary,
  section: Strict({ id: Type.String(), name: Type.String() }),
  seats: Type.Array(SeatRef),
  unitPrice: Money,
  fee: Type.Optional(Money),
  discount: Type.Optional(Money),
  total: Money,
}

const LotRef = {
  lotId: Type.String(),
  saleId: Type.String(),
  event: EventSummary,
  line: Strict({ id: Type.String(), name: Type.String() }),
}

const AuctionAwardFacts = {
  awardId: Type.String(),
  accountId: Type.String(),
  ...LotRef,
  seat: Strict({ number: Type.Integer(), label: Type.String() }),
  amount: Money,
  payBy: Instant,
}

const AwardFacts = {
  awardId: Type.String(),
  accountId: Type.String(),
  saleId: Type.String(),
  event: EventSummary,
  line: Strict({ id: Type.String(), name: Type.String() }),
  quantity: Type.Integer(),
  payBy: Instant,
}

const OfferFacts = {
  offerId: Type.String(),
  accountId: Type.String(),
  saleId: Type.String(),
  event: EventSummary,
  section: Strict({ id: Type.String(), name: Type.String() }),
  seats: Type.Array(SeatRef),
  until: Instant,
}
const ToldOfCancelling = {
  accountIds: Type.Array(Type.String()),
  note: Type.String({ description: 'why, as the organiser says it' }),
}
const SectionSeats = {
  saleId: Type.String(),
  sectionId: Type.String(),
  numbers: Type.Array(Type.Integer(), { description: 'of seats' }),
}

/**
 * Every fact that crosses a module boundary, by its name `module.fact.version`. A fact is published in the transaction
 * that makes it true. `key` names the member that orders it: facts with the same key arrive in the order of their commits.
 */
export const events = {
  // identity
  'identity.account-registered.v1': {
    key: 'accountId',
    data: Strict({ accountId: Type.String(), email: Type.String(), name: Type.String(), locale: Type.String() }),
  },
  'identity.code-requested.v1': {
    key: 'accountId',
    data: Strict({
      accountId: Type.String(),
      email: Type.String(),
      name: Type.String(),
      locale: Type.String(),
      code: Type.String(),
      expiresAt: Instant,
    }),
  },
  'identity.password-reset-requested.v1': {
    key: 'accountId',
    data: Strict({
      accountId: Type.String(),
      email: Type.String(),
      name: Type.String(),
      locale: Type.String(),
      code: Type.String(),
      expiresAt: Instant,
    }),
  },
  'identity.password-changed.v1': { key: 'accountId', data: Strict({ accountId: Type.String() }) },
  // catalog
  'catalog.sale-published.v1': {
    key: 'saleId',
    data: Strict({
      saleId: Type.String(),
      event: EventSummary,
      method: OneOf(['queue', 'ballot', 'auction']),
      opensAt: Instant,
      closesAt: Instant,
      holdSeconds: Type.Integer(),
      limitPerAccount: Type.Integer(),
      order: Type.Optional(OneOf(entryOrders)),
      refunds: Type.Optional(RefundLadder),
      ballot: Type.Optional(BallotFacts),
      auction: Type.Optional(AuctionFacts),
      lots: Type.Optional(Type.Array(LotFacts)),
      lines: Type.Array(LineFacts),
      sections: Type.Array(SectionFacts),
    }),
  },
  /** It does not take place: its sales are over, and everybody gets their money back. */
  'catalog.event-cancelled.v1': {
    key: 'eventId',
    data: Strict({
      eventId: Type.String(),
      saleIds: Type.Array(Type.String(), { description: 'that were published' }),
      accountId: Type.String({ description: 'who cancelled it' }),
      note: Type.String({ description: 'why, for the buyers' }),
      at: Instant,
    }),
  },
  /** The seats of one reserved section in geometry order, at most 1,000 a message (a 50,000-seat plan must fit a broker's 1 MB limit). */
  'catalog.seats-published.v1': {
    key: 'saleId',
    data: Strict({
      saleId: Type.String(),
      sectionId: Type.String(),
      from: Type.Integer({ description: 'number of the first seat, from 1' }),
      seats: Type.Array(SeatFacts),
    }),
  },
  // waiting room
  'waiting-room.sale-ready.v1': { key: 'saleId', data: Strict({ saleId: Type.String() }) },
  /** A pass is over before its time: it was left, or its order is fulfilled. */
  'waiting-room.pass-ended.v1': {
    key: 'accountId',
    data: Strict({
      passId: Type.String(),
      saleId: Type.String(),
      lineId: Type.String(),
      accountId: Type.String(),
      expiresAt: Instant,
    }),
  },
  // ballots
  'ballots.sale-ready.v1': { key: 'saleId', data: Strict({ saleId: Type.String() }) },
  'ballots.awarded.v1': {
    key: 'awardId',
    data: Strict({
      ...AwardFacts,
      how: OneOf(['preference', 'moved-down']),
      fromReserve: Type.Boolean({ description: 'made after the draw, from places that others left' }),
    }),
  },
  /** Whom the draw gave nothing; they stay in reserve. At most 500 accounts a message. */
  'ballots.not-awarded.v1': {
    key: 'saleId',
    data: Strict({ saleId: Type.String(), event: EventSummary, accountIds: Type.Array(Type.String()) }),
  },
  /** Little of the time to buy is left, and nothing has been bought. */
  'ballots.award-ending.v1': { key: 'awardId', data: Strict({ ...AwardFacts }) },
  /** Its event is cancelled: nothing comes of the applications of these accounts any more. At most 500 a message. */
  'ballots.ballot-cancelled.v1': {
    key: 'saleId',
    data: Strict({ saleId: Type.String(), event: EventSummary, ...ToldOfCancelling }),
  },
  // auctions
  'auctions.sale-ready.v1': { key: 'saleId', data: Strict({ saleId: Type.String() }) },
  /** Live bids that are no longer among those that win, and whose owners may still bid. */
  'auctions.pushed-out.v1': {
    key: 'lotId',
    data: Strict({
      ...LotRef,
      lowestAmount: Type.Union([Money, Type.Null()], { description: 'that would be among those that win' }),
      endsAt: Instant,
      people: Type.Array(Strict({ accountId: Type.String(), amount: Money, chancesLeft: Type.Integer() })),
    }),
  },
  'auctions.awarded.v1': {
    key: 'awardId',
    data: Strict({ ...AuctionAwardFacts, how: OneOf(['won', 'moved-up', 'left-over']) }),
  },
  /** Whose bids did not win; they stay in the ranking. At most 500 accounts a message. */
  'auctions.not-awarded.v1': {
    key: 'lotId',
    data: Strict({ ...LotRef, accountIds: Type.Array(Type.String()) }),
  },
  /** Little of the time to buy is left, and the seat has not been bought. */
  'auctions.award-ending.v1': { key: 'awardId', data: Strict({ ...AuctionAwardFacts }) },
  /** Its event is cancelled: nothing comes of the bids of these accounts any more. At most 500 a message. */
  'auctions.lot-cancelled.v1': { key: 'lotId', data: Strict({ ...LotRef, ...ToldOfCancelling }) },
  // waitlist
  /** Whether somebody waits for a section: returned seats of it are kept for the waitlist from now on, or no more. */
  'waitlist.section-waited.v1': {
    key: 'sectionId',
    data: Strict({ saleId: Type.String(), sectionId: Type.String(), isWaited: Type.Boolean() }),
  },
  'waitlist.offer-made.v1': { key: 'offerId', data: Strict({ ...OfferFacts }) },
  /** Little of the time is left, and nothing has been bought. */
  'waitlist.offer-ending.v1': { key: 'offerId', data: Strict({ ...OfferFacts }) },
  /** Nothing more can be begun with an offer; what was begun may still come to its end. */
  'waitlist.offer-over.v1': { key: 'offerId', data: Strict({ ...SectionSeats, offerId: Type.String() }) },
  /** The time of an offer has passed and nothing was bought. */
  'waitlist.offer-lapsed.v1': { key: 'offerId', data: Strict({ ...OfferFacts }) },
  /** Its event is cancelled: these accounts wait no longer. At most 500 a message. */
  'waitlist.waitlist-cancelled.v1': {
    key: 'saleId',
    data: Strict({ saleId: Type.String(), event: EventSummary, ...ToldOfCancelling }),
  },
  /** Nobody who waits can use these seats: they go on open sale. */
  'waitlist.seats-released.v1': { key: 'sectionId', data: Strict({ ...SectionSeats }) },
  // inventory
  'inventory.sale-ready.v1': { key: 'saleId', data: Strict({ saleId: Type.String() }) },
  /** Counts of the sections of a sale; coalesced, a few a second at most. */
  'inventory.stock-changed.v1': {
    key: 'saleId',
    data: Strict({
      saleId: Type.String(),
      at: Instant,
      sections: Type.Array(
        Strict({
          sectionId: Type.String(),
          free: Type.Integer(),
          held: Type.Integer(),
          secured: Type.Integer(),
          sold: Type.Integer(),
          blocked: Type.Integer(),
        }),
      ),
    }),
  },
  /** What the seats of a section cost from now on; holds and orders keep the price they were told. */
  'inventory.price-changed.v1': {
    key: 'sectionId',
    data: Strict({ saleId: Type.String(), sectionId: Type.String(), price: Money, at: Instant }),
  },
  /** Seats are free and kept for the waitlist: they were returned, or the offer that they were kept for is over. */
  'inventory.seats-kept.v1': {
    key: 'sectionId',
    data: Strict({
      saleId: Type.String(),
      sectionId: Type.String(),
      seats: Type.Array(
        Strict({
          number: Type.Integer(),
          label: Type.String(),
          run: Type.Union([Type.Integer(), Type.Null()], {
            description: 'seats of one run whose `at` follow one another are side by side; null: all are alike',
          }),
          at: Type.Integer(),
        }),
      ),
      offerId: Type.Optional(
        Type.String({
          description: 'answers that this offer is over: those of its seats that nobody has, perhaps none',
        }),
      ),
      returnedBy: Type.Optional(Type.String({ description: 'account that had bought them' })),
    }),
  },
  'inventory.kept-seats-sold.v1': {
    key: 'sectionId',
    data: Strict({ ...SectionSeats, offerId: Type.String(), orderId: Type.String(), accountId: Type.String() }),
  },
  'inventory.hold-secured.v1': {
    key: 'orderId',
    data: Strict({
      ...ids,
      attempt: Type.Integer(),
      seats: HoldSeats,
    }),
  },
  'inventory.hold-lost.v1': {
    key: 'orderId',
    data: Strict({ ...ids, attempt: Type.Integer(), reason: Type.String() }),
  },
  'inventory.hold-returned.v1': { key: 'orderId', data: Strict({ ...ids, expiresAt: Instant }) },
  'inventory.seats-sold.v1': { key: 'orderId', data: Strict({ ...ids, seats: HoldSeats }) },
  'inventory.sell-refused.v1': { key: 'orderId', data: Strict({ ...ids, reason: Type.String() }) },
  // orders: what happened, and what the saga asks of others
  'orders.order-placed.v1': { key: 'orderId', data: Strict({ ...OrderFacts, payBy: Instant }) },
  'orders.secure-requested.v1': {
    key: 'orderId',
    data: Strict({
      ...ids,
      attempt: Type.Integer(),
      late: Type.Boolean({ description: 'money has come after the hold ended: the same seats if they are still free' }),
      equal: Type.Optional(
        Type.Boolean({ description: 'else others of the section at the same price, together if these are' }),
      ),
    }),
  },
  'orders.capture-requested.v1': { key: 'orderId', data: Strict({ orderId: Type.String(), paymentId: Type.String() }) },
  'orders.payment-declined.v1': {
    key: 'orderId',
    data: Strict({ orderId: Type.String(), paymentId: Type.String(), reason: Type.String() }),
  },
  'orders.sell-requested.v1': {
    key: 'orderId',
    data: Strict({
      ...ids,
      equal: Type.Optional(Type.Boolean({ description: 'the hold may have got other seats: say which' })),
    }),
  },
  'orders.return-requested.v1': { key: 'orderId', data: Strict({ ...ids, holdSeconds: Type.Integer() }) },
  'orders.release-requested.v1': {
    key: 'orderId',
    data: Strict({ ...ids, sold: Type.Boolean({ description: 'sold seats go back on sale too' }) }),
  },
  'orders.refund-requested.v1': {
    key: 'orderId',
    data: Strict({
      orderId: Type.String(),
      paymentId: Type.String(),
      amount: Money,
      reason: Type.String(),
      returnId: Type.Optional(
        Type.String({ description: 'a part is to go back, for these seats; asked again it is the same refund' }),
      ),
    }),
  },
  /** Tickets: take these seats' tickets back, all or none; used ones only when they may be. */
  'orders.revoke-requested.v1': {
    key: 'orderId',
    data: Strict({
      orderId: Type.String(),
      returnId: Type.String(),
      seats: Type.Array(Type.Integer()),
      evenUsed: Type.Boolean(),
    }),
  },
  'orders.order-fulfilled.v1': {
    key: 'orderId',
    data: Strict({ ...OrderFacts, fulfilledAt: Instant, late: Type.Optional(Late) }),
  },
  /**
   * The tickets of these seats are no longer valid, the seats are to go back on sale, and the money is on its way back.
   * The order stays fulfilled with the seats that are left; when none is left, `order-ended` follows the money.
   * `fee` and `discount` are the part of these seats in the order's: they had cost refunded + kept - fee + discount.
   */
  'orders.seats-returned.v1': {
    key: 'orderId',
    data: Strict({
      orderId: Type.String(),
      returnId: Type.String(),
      holdId: Type.String(),
      accountId: Type.String(),
      saleId: Type.String(),
      lineId: Type.String(),
      event: EventSummary,
      section: Strict({ id: Type.String(), name: Type.String() }),
      seats: Type.Array(SeatRef),
      seatsLeft: Type.Integer({ description: 'how many seats the order still has' }),
      refunded: Money,
      kept: Money,
      fee: Type.Optional(Money),
      discount: Type.Optional(Money),
      reason: OneOf(returnReasons),
      note: Type.Optional(Type.String({ description: 'what the organiser says to the buyers' })),
      at: Instant,
    }),
  },
  'orders.order-ended.v1': {
    key: 'orderId',
    data: Strict({
      orderId: Type.String(),
      accountId: Type.String(),
      saleId: Type.String(),
      lineId: Type.String(),
      event: EventSummary,
      total: Money,
      state: OneOf(['expired', 'cancelled', 'refunded']),
      reason: Type.String(),
    }),
  },
  // payments
  'payments.payment-requested.v1': {
    key: 'orderId',
    data: Strict({ orderId: Type.String(), paymentId: Type.String(), accountId: Type.String(), amount: Money }),
  },
  'payments.payment-captured.v1': {
    key: 'orderId',
    data: Strict({
      orderId: Type.String(),
      paymentId: Type.String(),
      amount: Money,
      capturedAt: Instant,
      provider: Type.Optional(Type.String()),
      eventId: Type.Optional(Type.String()),
    }),
  },
  'payments.payment-refused.v1': {
    key: 'orderId',
    data: Strict({ orderId: Type.String(), paymentId: Type.String(), code: Type.String(), message: Type.String() }),
  },
  /** `refundedTotal`: all that has gone back of this payment so far; absent: all of it. */
  'payments.payment-refunded.v1': {
    key: 'orderId',
    data: Strict({
      orderId: Type.String(),
      paymentId: Type.String(),
      amount: Money,
      refundId: Type.Optional(Type.String()),
      returnId: Type.Optional(Type.String({ description: 'as in the request' })),
      refundedTotal: Type.Optional(Money),
      provider: Type.Optional(Type.String()),
      eventId: Type.Optional(Type.String()),
    }),
  },
  /** The buyer is to pay into an account, at most until then: the seats stay secured and the order waits. */
  'payments.payment-awaited.v1': {
    key: 'orderId',
    data: Strict({
      orderId: Type.String(),
      paymentId: Type.String(),
      accountId: Type.String(),
      amount: Money,
      until: Instant,
      account: Strict({ bank: Type.String(), number: Type.String(), holder: Type.Union([Type.String(), Type.Null()]) }),
    }),
  },
  /** Money that came by deposit is to go back, and the buyer has to say into which account. */
  'payments.refund-account-needed.v1': {
    key: 'orderId',
    data: Strict({ orderId: Type.String(), paymentId: Type.String(), accountId: Type.String(), amount: Money }),
  },
  // tickets
  'tickets.tickets-revoked.v1': { key: 'orderId', data: Strict({ orderId: Type.String(), returnId: Type.String() }) },
  /** Somebody was let in with one of them: all stay as they are. */
  'tickets.revoke-refused.v1': {
    key: 'orderId',
    data: Strict({ orderId: Type.String(), returnId: Type.String(), usedSeats: Type.Array(Type.Integer()) }),
  },
  'tickets.tickets-issued.v1': {
    key: 'orderId',
    data: Strict({
      orderId: Type.String(),
      accountId: Type.String(),
      event: EventSummary,
      section: Strict({ id: Type.String(), name: Type.String() }),
      total: Money,
      tickets: Type.Array(Strict({ id: Type.String(), label: Type.String() })),
      late: Type.Optional(Late),
    }),
  },
  'tickets.checked-in.v1': {
    key: 'ticketId',
    data: Strict({
      ticketId: Type.String(),
      orderId: Type.String(),
      event: EventSummary,
      section: Strict({ id: Type.String(), name: Type.String() }),
      label: Type.String(),
      usedAt: Instant,
    }),
  },
  // webhooks
  /** An organiser's server has taken nothing for days, or says that it is gone: nothing is posted to it any more. */
  'webhooks.endpoint-disabled.v1': {
    key: 'endpointId',
    data: Strict({
      endpointId: Type.String(),
      accountId: Type.String({ description: 'the organiser' }),
      url: Type.String(),
      failingSince: Instant,
      at: Instant,
    }),
  },
} as const

export type EventType = keyof typeof events
export type EventData<T extends EventType> = Static<(typeof events)[T]['data']>
/** A fact on its way: the members of a CloudEvents 1.0 envelope that we use. */
export type Message<T extends EventType = EventType> = {
  [K in T]: { id: string; type: K; key: string; time: number; data: EventData<K> }
}[T]
