import { Type, Strict, type Static } from './schema.ts'
import { Money } from './money.ts'
import { EventSummary } from './events.ts'

/**
 * What modules tell each other through the buyer's hands. Each kind is signed with a key of its own (HMAC-SHA-256 over
 * `v1.<key id>.<base64url JSON>`), so that one can never be taken for another. `exp` and `iat` are epoch milliseconds.
 */
export const tokens = {
  /** Receipt of a place: survives restarts, needs no expiry. */
  place: Strict({
    placeId: Type.String(),
    lineId: Type.String(),
    saleId: Type.String(),
    accountId: Type.String(),
    number: Type.Integer(),
    iat: Type.Integer(),
  }),
  /**
   * The right to shop in a line's sections; with `seatIds` in exactly these seats, with `unitPrice` at this price for each
   * of them in place of the section's.
   */
  pass: Strict({
    passId: Type.String(),
    lineId: Type.String(),
    saleId: Type.String(),
    accountId: Type.String(),
    sectionIds: Type.Array(Type.String()),
    seatsMax: Type.Optional(
      Type.Integer({
        description: "most places that its owner may have in the sale, where that is less than the sale's limit",
      }),
    ),
    unitPrice: Type.Optional(Money),
    seatIds: Type.Optional(
      Type.Array(Type.String(), {
        description: 'only these; once the pass and its hold are over they may be promised to somebody else',
      }),
    ),
    offerId: Type.Optional(Type.String({ description: 'its seats are kept for this offer of the waitlist' })),
    exp: Type.Integer(),
  }),
  /** The right to hold the seats of an allotment until they go back to general sale, in place of a pass. */
  allotment: Strict({
    allotmentId: Type.String(),
    saleId: Type.String(),
    sectionId: Type.String(),
    exp: Type.Integer(),
  }),
  /** Seats kept for one account until `exp`, with all that an order needs to know of them. */
  hold: Strict({
    holdId: Type.String(),
    lineId: Type.String(),
    saleId: Type.String(),
    accountId: Type.String(),
    event: EventSummary,
    section: Strict({ id: Type.String(), name: Type.String() }),
    seats: Type.Array(Strict({ number: Type.Integer(), label: Type.String() })),
    unitPrice: Money,
    total: Money,
    exp: Type.Integer(),
  }),
  /** What may be paid, for which order, until when. */
  'payment-request': Strict({
    orderId: Type.String(),
    accountId: Type.String(),
    eventId: Type.String(),
    amount: Money,
    exp: Type.Integer(),
  }),
  /** Tells devices apart, in a cookie that no script can read: a name that nobody can make up. */
  device: Strict({ device: Type.String(), iat: Type.Integer() }),
} as const

export type TokenKind = keyof typeof tokens
export type TokenPayload<K extends TokenKind> = Static<(typeof tokens)[K]>
