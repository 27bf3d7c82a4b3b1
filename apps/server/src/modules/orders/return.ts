/**
 * Seats of a fulfilled order on their way back. `asked` waits for tickets to take the tickets back, `refunding` for
 * payments to give the money back. `refused`: somebody was let in with one of them, or the order had ended by then.
 */
export const returnStates = ['asked', 'refunding', 'done', 'refused'] as const
export type ReturnState = (typeof returnStates)[number]

export const returnEvents = [
  'tickets-revoked',
  /** The same where no money goes back. */
  'tickets-revoked-free',
  'revoke-refused',
  /** The tickets were taken back, but all money and all seats of the order have gone back by another way. */
  'order-ended',
  'money-returned',
] as const
export type ReturnEvent = (typeof returnEvents)[number]

/** `tell-returned`: the seats go back on sale. `refund`: payments give this part back. `keep`: the seats stay the order's. */
export type ReturnCommand = 'tell-returned' | 'refund' | 'keep'
export type ReturnOutcome = { to: ReturnState; commands: readonly ReturnCommand[] } | 'ignore'

const to = (state: ReturnState, ...commands: ReturnCommand[]): ReturnOutcome => ({ to: state, commands })
const over: Record<ReturnEvent, ReturnOutcome> = {
  'tickets-revoked': 'ignore',
  'tickets-revoked-free': 'ignore',
  'revoke-refused': 'ignore',
  'order-ended': 'ignore',
  'money-returned': 'ignore',
}

/** `SPEC.md` shows the same table; a test compares them. */
export const returnTable: Record<ReturnState, Record<ReturnEvent, ReturnOutcome>> = {
  asked: {
    'tickets-revoked': to('refunding', 'tell-returned', 'refund'),
    'tickets-revoked-free': to('done', 'tell-returned'),
    'revoke-refused': to('refused', 'keep'),
    'order-ended': to('refused', 'keep'),
    'money-returned': 'ignore',
  },
  refunding: { ...over, 'money-returned': to('done') },
  done: over,
  refused: over,
}
