import type { AuctionAwardState } from '@fairgate/contracts/http/auctions'
import type { ErrorCode } from '@fairgate/contracts/errors'
import type { awardReasons } from '@fairgate/contracts/http/auctions'

export type AwardState = AuctionAwardState

export type Award = {
  id: string
  lotId: string
  accountId: string
  /** Of its seat among the seats of the lot, the best first. */
  place: number
  /** Of its bid in the final ranking; null for a seat that was left over. */
  rank: number | null
  amount: number
  how: (typeof awardReasons)[number]
  state: AwardState
  awardedAt: Date
  payBy: Date
  remindAt: Date
  passUntil: Date | null
  releasedAt: Date | null
}

/**
 * `buy`: its order was fulfilled. `refund`: it was, and the money went back. `decline`: its owner gives it up. `lapse`: its
 * time is over and nobody can use it any more. `cancel`: its event is cancelled.
 */
export type AwardEvent = 'buy' | 'refund' | 'decline' | 'lapse' | 'cancel'

/** A new state, nothing to do, or the code of the refusal. */
type Outcome = { to: AwardState } | 'same' | ErrorCode

const to = (state: AwardState): Outcome => ({ to: state })

/** An order that was under way when its award was given up or its money came back still buys: it has the seat. */
export const transitions: Readonly<Record<AwardState, Readonly<Record<AwardEvent, Outcome>>>> = {
  awarded: { buy: to('bought'), refund: 'same', decline: to('declined'), lapse: to('lapsed'), cancel: to('withdrawn') },
  bought: { buy: 'same', refund: to('returned'), decline: 'auctions.award-over', lapse: 'same', cancel: 'same' },
  declined: { buy: to('bought'), refund: 'same', decline: 'same', lapse: 'same', cancel: 'same' },
  lapsed: { buy: to('bought'), refund: 'same', decline: 'auctions.award-over', lapse: 'same', cancel: 'same' },
  returned: { buy: to('bought'), refund: 'same', decline: 'auctions.award-over', lapse: 'same', cancel: 'same' },
  withdrawn: { buy: to('bought'), refund: 'same', decline: 'auctions.award-over', lapse: 'same', cancel: 'same' },
}

export function nextState(state: AwardState, event: AwardEvent): AwardState {
  const outcome = transitions[state][event]
  return typeof outcome === 'object' ? outcome.to : state
}
