import type { ErrorCode } from '@fairgate/contracts/errors'

/** The states of a ticket and what may happen to it. */
export type State = 'valid' | 'used' | 'revoked'
export type Event = 'check-in' | 'revoke'
export type Outcome = { to: State } | { refuse: ErrorCode } | 'ignore'

/** One person enters with a ticket, once. A refund revokes it, used or not. The statements in the store follow this. */
export const table: Record<State, Record<Event, Outcome>> = {
  valid: { 'check-in': { to: 'used' }, revoke: { to: 'revoked' } },
  used: { 'check-in': { refuse: 'tickets.already-used' }, revoke: { to: 'revoked' } },
  revoked: { 'check-in': { refuse: 'tickets.revoked' }, revoke: 'ignore' },
}
