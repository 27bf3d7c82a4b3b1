import type { AwardState } from '@fairgate/contracts/http/ballots'
import type { ErrorCode } from '@fairgate/contracts/errors'

export type { AwardState }

/**
 * `buy`: an order of it was fulfilled, perhaps not for all of its places. `refund`: nothing of what was bought is left.
 * `decline`: its owner gives it up. `lapse`: its time is over and nobody can use it any more. `cancel`: its event is
 * cancelled.
 */
export type AwardEvent = 'buy' | 'refund' | 'decline' | 'lapse' | 'cancel'

/** A new state, nothing to do, or the code of the refusal. */
type Outcome = { to: AwardState } | 'same' | ErrorCode

const to = (state: AwardState): Outcome => ({ to: state })

/** Money that comes after the end still buys: the inventory has decided that there were places for it. */
export const transitions: Readonly<Record<AwardState, Readonly<Record<AwardEvent, Outcome>>>> = {
  awarded: { buy: to('bought'), refund: 'same', decline: to('declined'), lapse: to('lapsed'), cancel: to('withdrawn') },
  bought: { buy: 'same', refund: to('returned'), decline: 'ballots.award-over', lapse: 'same', cancel: 'same' },
  declined: { buy: to('bought'), refund: 'same', decline: 'same', lapse: 'same', cancel: 'same' },
  lapsed: { buy: to('bought'), refund: 'same', decline: 'ballots.award-over', lapse: 'same', cancel: 'same' },
  returned: { buy: to('bought'), refund: 'same', decline: 'ballots.award-over', lapse: 'same', cancel: 'same' },
  withdrawn: { buy: to('bought'), refund: 'same', decline: 'ballots.award-over', lapse: 'same', cancel: 'same' },
}

export function nextState(state: AwardState, event: AwardEvent): AwardState {
  const outcome = transitions[state][event]
  return typeof outcome === 'object' ? outcome.to : state
}
