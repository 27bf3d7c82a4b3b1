import { latestEnd, type LeftOverRule, type LotRules, type SoftClose } from '@fairgate/contracts/auction'
import type { EventSummary } from '@fairgate/contracts/events'
import type { LotPhase } from '@fairgate/contracts/http/auctions'
import { money, type Currency, type Money } from '@fairgate/contracts/money'

export type Lot = {
  id: string
  saleId: string
  sectionId: string
  name: string
  event: EventSummary
  seats: number
  startAmount: number
  currency: Currency
  step: number
  bidsMax: number
  opensAt: Date
  /** The planned end of the bids; `endAt` is the one that holds. */
  endsAt: Date
  softClose: SoftClose | null
  closesAt: Date
  payBySeconds: number
  holdSeconds: number
  leftOver: LeftOverRule
  endAt: Date
  /** Accepted bids. */
  sequence: number
  bidders: number
  /** The id of the newest bid. */
  lastBid: string | null
  closedAt: Date | null
  /** The event does not take place: no bids and no awards since then, and a lot that was not closed never is. */
  cancelledAt: Date | null
}

export const rulesOf = (lot: Lot): LotRules => ({
  seats: lot.seats,
  startAmount: lot.startAmount,
  step: lot.step,
  bidsMax: lot.bidsMax,
  opensAt: lot.opensAt.getTime(),
  endsAt: lot.endsAt.getTime(),
  ...(lot.softClose ? { softClose: lot.softClose } : {}),
})

export function phaseOf(lot: Lot, now: number): LotPhase {
  if (lot.cancelledAt !== null || now >= lot.closesAt.getTime()) return 'closed'
  if (now < lot.opensAt.getTime()) return 'scheduled'
  if (now < lot.endAt.getTime() && lot.closedAt === null) return 'open'
  return lot.closedAt === null ? 'closing' : 'awarding'
}

/** Everybody who wins has the same time: no award is made when less than that is left of the sale. */
export const mayAward = (lot: Lot, now: number): boolean =>
  lot.cancelledAt === null && now + lot.payBySeconds * 1000 <= lot.closesAt.getTime()

export const latestEndOf = (lot: Lot): Date => new Date(latestEnd(rulesOf(lot)))

export const moneyOf = (lot: Pick<Lot, 'currency'>, amount: number): Money => money(amount, lot.currency)
