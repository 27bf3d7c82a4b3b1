import type { ErrorCode } from '@fairgate/contracts/errors'
import type { OfferState } from '@fairgate/contracts/http/waitlist'

/**
 * `buy`: some or all of its seats were sold to its owner. `decline`: its owner gives it up. `lapse`: its time is over and
 * none of its seats is with its owner any more. `cancel`: so it is, because its event is cancelled.
 */
export type OfferEvent = 'buy' | 'decline' | 'lapse' | 'cancel'

/** A new state, nothing to do, or the code of the refusal. */
type Outcome = { to: OfferState } | 'same' | ErrorCode

const to = (state: OfferState): Outcome => ({ to: state })

/** Who was paying when the time ran out, or gave up while paying, still buys: the seats were held until then. */
export const transitions: Readonly<Record<OfferState, Readonly<Record<OfferEvent, Outcome>>>> = {
  offered: { buy: to('bought'), decline: to('declined'), lapse: to('lapsed'), cancel: to('withdrawn') },
  bought: { buy: 'same', decline: 'waitlist.offer-over', lapse: 'same', cancel: 'same' },
  declined: { buy: to('bought'), decline: 'same', lapse: 'same', cancel: 'same' },
  lapsed: { buy: to('bought'), decline: 'waitlist.offer-over', lapse: 'same', cancel: 'same' },
  withdrawn: { buy: to('bought'), decline: 'waitlist.offer-over', lapse: 'same', cancel: 'same' },
}

export function nextState(state: OfferState, event: OfferEvent): OfferState {
  const outcome = transitions[state][event]
  return typeof outcome === 'object' ? outcome.to : state
}
