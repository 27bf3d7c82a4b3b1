import type { OrderState } from '@fairgate/contracts/http/orders'

/**
 * The states of an order. Between `awaiting-payment` and an end the order waits for exactly one answer:
 * `securing` for inventory to secure the hold, `capturing` for payments to take the money,
 * `awaiting-deposit` for the buyer to pay into an account (payments tells when, and when not in time), `selling` for inventory to
 * sell, `returning` for inventory to give a secured hold back to the buyer, `reclaiming` for inventory to secure the
 * seats of money that is already here, `refunding` for payments to give all money back.
 */
export const states = [
  'awaiting-payment',
  'securing',
  'capturing',
  'awaiting-deposit',
  'selling',
  'returning',
  'reclaiming',
  'refunding',
  'fulfilled',
  'expired',
  'cancelled',
  'refunded',
] as const
export type State = (typeof states)[number]

/** What can happen to an order, as read from a fact and the order's books (see `saga.ts`). */
export const happenings = [
  /** It costs nothing, which is known when it is placed. */
  'nothing-to-pay',
  /** A payment that the order had not heard of. */
  'payment-requested',
  /** The payment of the last attempt waits for the buyer's deposit. */
  'payment-awaited',
  /** The money of the payment that the last attempt was for. */
  'payment-captured',
  /** Money of any other payment. */
  'other-captured',
  /** The payment of the last attempt was refused. */
  'payment-refused',
  /** The last money that was kept has gone back. */
  'payment-refunded',
  /** Seat by seat, all seats have gone back, and the money that was to go back for them. */
  'all-returned',
  /** The hold is secured for the last attempt. */
  'hold-secured',
  /** The same of an order that costs nothing. */
  'hold-secured-free',
  /** A late copy of an answer to an earlier attempt: the seats may be secured although nobody waits for it. */
  'hold-secured-before',
  'hold-lost',
  'hold-returned',
  'seats-sold',
  'sell-refused',
  /** Selling was refused although the seats had been secured anew after the first refusal. */
  'sell-refused-again',
  /** Selling was refused, and there is no money to secure the seats for. */
  'sell-refused-free',
  /** The time to pay is over. */
  'deadline',
  /** The buyer does not want it any more. */
  'cancel',
  /** An operator gives the money of a fulfilled order back. */
  'refund',
  /** The same of an order that cost nothing. */
  'refund-free',
] as const
export type Event = (typeof happenings)[number]

/** What an order asks of others, and what it tells them. `saga.ts` makes a fact of each. */
export type Command =
  /** Inventory: secure the hold as it stands. Begins an attempt. */
  | 'secure'
  /** Inventory: money is here that was not waited for; secure the same seats if they are its own or free, or equal ones if the buyer takes them. Begins an attempt. */
  | 'secure-late'
  | 'capture'
  /** Payments: nothing of this payment may be captured. */
  | 'decline'
  | 'sell'
  /** Inventory: back to the buyer, after the first refusal with some more time. */
  | 'return'
  /** Inventory: back to the buyer, the time as it was. */
  | 'return-as-it-was'
  | 'release'
  /** Inventory: free the seats, sold ones too. */
  | 'release-sold'
  /** Payments: give back the money of this payment. */
  | 'refund'
  /** Payments: give back all money of the order. */
  | 'refund-all'
  | 'tell-fulfilled'
  | 'tell-ended'

export type Step = { to: State; commands: readonly Command[] }
/** `ignore`: a repetition, or too late to matter. `refuse`: not possible in this state, which the sender must learn. */
export type Outcome = Step | 'ignore' | 'refuse'

const to = (state: State, ...commands: Command[]): Step => ({ to: state, commands })

/** What happens to an order in each state on each event. `SPEC.md` shows the same table; a test compares them. */
export const table: Record<State, Record<Event, Outcome>> = {
  'awaiting-payment': {
    'nothing-to-pay': to('securing', 'secure'),
    'payment-requested': to('securing', 'secure'),
    'payment-awaited': 'ignore',
    'payment-captured': to('reclaiming', 'secure-late'),
    'other-captured': to('reclaiming', 'secure-late'),
    'payment-refused': 'ignore',
    'payment-refunded': 'ignore',
    'all-returned': 'refuse',
    'hold-secured': to('awaiting-payment', 'return-as-it-was'),
    'hold-secured-free': 'ignore',
    'hold-secured-before': to('awaiting-payment', 'return-as-it-was'),
    'hold-lost': 'ignore',
    'hold-returned': to('awaiting-payment'),
    'seats-sold': 'refuse',
    'sell-refused': 'refuse',
    'sell-refused-again': 'refuse',
    'sell-refused-free': 'refuse',
    deadline: to('expired', 'release', 'tell-ended'),
    cancel: to('cancelled', 'release', 'tell-ended'),
    refund: 'refuse',
    'refund-free': 'refuse',
  },
  securing: {
    'nothing-to-pay': 'ignore',
    'payment-requested': to('securing', 'decline'),
    'payment-awaited': 'ignore',
    'payment-captured': to('reclaiming', 'secure-late'),
    'other-captured': to('securing', 'refund'),
    'payment-refused': to('returning', 'return'),
    'payment-refunded': 'ignore',
    'all-returned': 'refuse',
    'hold-secured': to('capturing', 'capture'),
    'hold-secured-free': to('selling', 'sell'),
    'hold-secured-before': 'ignore',
    'hold-lost': to('expired', 'decline', 'tell-ended'),
    'hold-returned': 'ignore',
    'seats-sold': 'refuse',
    'sell-refused': 'refuse',
    'sell-refused-again': 'refuse',
    'sell-refused-free': 'refuse',
    deadline: 'ignore',
    cancel: 'refuse',
    refund: 'refuse',
    'refund-free': 'refuse',
  },
  capturing: {
    'nothing-to-pay': 'ignore',
    'payment-requested': to('capturing', 'decline'),
    'payment-awaited': to('awaiting-deposit'),
    'payment-captured': to('selling', 'sell'),
    'other-captured': to('capturing', 'refund'),
    'payment-refused': to('returning', 'return'),
    'payment-refunded': 'ignore',
    'all-returned': 'refuse',
    'hold-secured': 'ignore',
    'hold-secured-free': 'ignore',
    'hold-secured-before': 'ignore',
    'hold-lost': 'ignore',
    'hold-returned': 'ignore',
    'seats-sold': 'refuse',
    'sell-refused': 'refuse',
    'sell-refused-again': 'refuse',
    'sell-refused-free': 'refuse',
    deadline: 'ignore',
    cancel: 'refuse',
    refund: 'refuse',
    'refund-free': 'refuse',
  },
  'awaiting-deposit': {
    'nothing-to-pay': 'ignore',
    'payment-requested': to('awaiting-deposit', 'decline'),
    'payment-awaited': 'ignore',
    'payment-captured': to('selling', 'sell'),
    'other-captured': to('awaiting-deposit', 'refund'),
    'payment-refused': to('returning', 'return-as-it-was'),
    'payment-refunded': 'ignore',
    'all-returned': 'refuse',
    'hold-secured': 'ignore',
    'hold-secured-free': 'ignore',
    'hold-secured-before': 'ignore',
    'hold-lost': 'ignore',
    'hold-returned': 'ignore',
    'seats-sold': 'refuse',
    'sell-refused': 'refuse',
    'sell-refused-free': 'refuse',
    'sell-refused-again': 'refuse',
    deadline: 'ignore',
    cancel: 'refuse',
    refund: 'refuse',
    'refund-free': 'refuse',
  },
  selling: {
    'nothing-to-pay': 'ignore',
    'payment-requested': to('selling', 'decline'),
    'payment-awaited': 'ignore',
    'payment-captured': 'ignore',
    'other-captured': to('selling', 'refund'),
    'payment-refused': 'ignore',
    'payment-refunded': to('refunded', 'release-sold', 'tell-ended'),
    'all-returned': 'refuse',
    'hold-secured': 'ignore',
    'hold-secured-free': 'ignore',
    'hold-secured-before': 'ignore',
    'hold-lost': 'ignore',
    'hold-returned': 'ignore',
    'seats-sold': to('fulfilled', 'tell-fulfilled'),
    'sell-refused': to('reclaiming', 'secure-late'),
    'sell-refused-again': to('refunding', 'release', 'refund-all'),
    'sell-refused-free': to('expired', 'release', 'tell-ended'),
    deadline: 'ignore',
    cancel: 'refuse',
    refund: 'refuse',
    'refund-free': 'refuse',
  },
  returning: {
    'nothing-to-pay': 'ignore',
    'payment-requested': to('returning', 'decline'),
    'payment-awaited': 'ignore',
    'payment-captured': to('reclaiming', 'secure-late'),
    'other-captured': to('reclaiming', 'secure-late'),
    'payment-refused': 'ignore',
    'payment-refunded': 'ignore',
    'all-returned': 'refuse',
    'hold-secured': 'ignore',
    'hold-secured-free': 'ignore',
    'hold-secured-before': 'ignore',
    'hold-lost': to('expired', 'tell-ended'),
    'hold-returned': to('awaiting-payment'),
    'seats-sold': 'refuse',
    'sell-refused': 'refuse',
    'sell-refused-again': 'refuse',
    'sell-refused-free': 'refuse',
    deadline: 'ignore',
    cancel: 'refuse',
    refund: 'refuse',
    'refund-free': 'refuse',
  },
  reclaiming: {
    'nothing-to-pay': 'ignore',
    'payment-requested': to('reclaiming', 'decline'),
    'payment-awaited': 'ignore',
    'payment-captured': 'ignore',
    'other-captured': to('reclaiming', 'refund'),
    'payment-refused': 'ignore',
    'payment-refunded': to('refunded', 'release-sold', 'tell-ended'),
    'all-returned': 'refuse',
    'hold-secured': to('selling', 'sell'),
    'hold-secured-free': to('selling', 'sell'),
    'hold-secured-before': 'ignore',
    'hold-lost': to('refunding', 'refund-all'),
    'hold-returned': 'ignore',
    'seats-sold': to('fulfilled', 'tell-fulfilled'),
    'sell-refused': 'ignore',
    'sell-refused-again': 'ignore',
    'sell-refused-free': 'ignore',
    deadline: 'ignore',
    cancel: 'refuse',
    refund: 'refuse',
    'refund-free': 'refuse',
  },
  refunding: {
    'nothing-to-pay': 'ignore',
    'payment-requested': to('refunding', 'decline'),
    'payment-awaited': 'ignore',
    'payment-captured': to('refunding', 'refund'),
    'other-captured': to('refunding', 'refund'),
    'payment-refused': 'ignore',
    'payment-refunded': to('refunded', 'tell-ended'),
    'all-returned': 'refuse',
    'hold-secured': to('refunding', 'release'),
    'hold-secured-free': to('refunding', 'release'),
    'hold-secured-before': to('refunding', 'release'),
    'hold-lost': 'ignore',
    'hold-returned': 'ignore',
    'seats-sold': to('refunding', 'release-sold'),
    'sell-refused': 'ignore',
    'sell-refused-again': 'ignore',
    'sell-refused-free': 'ignore',
    deadline: 'ignore',
    cancel: 'refuse',
    refund: 'ignore',
    'refund-free': 'ignore',
  },
  fulfilled: {
    'nothing-to-pay': 'ignore',
    'payment-requested': to('fulfilled', 'decline'),
    'payment-awaited': 'ignore',
    'payment-captured': 'ignore',
    'other-captured': to('fulfilled', 'refund'),
    'payment-refused': 'ignore',
    'payment-refunded': to('refunded', 'release-sold', 'tell-ended'),
    'all-returned': to('refunded', 'tell-ended'),
    'hold-secured': 'ignore',
    'hold-secured-free': 'ignore',
    'hold-secured-before': 'ignore',
    'hold-lost': 'ignore',
    'hold-returned': 'ignore',
    'seats-sold': 'ignore',
    'sell-refused': 'ignore',
    'sell-refused-again': 'ignore',
    'sell-refused-free': 'ignore',
    deadline: 'ignore',
    cancel: 'refuse',
    refund: to('fulfilled', 'refund-all'),
    'refund-free': to('refunded', 'release-sold', 'tell-ended'),
  },
  expired: {
    'nothing-to-pay': 'ignore',
    'payment-requested': to('expired', 'decline'),
    'payment-awaited': 'ignore',
    'payment-captured': to('reclaiming', 'secure-late'),
    'other-captured': to('reclaiming', 'secure-late'),
    'payment-refused': 'ignore',
    'payment-refunded': 'ignore',
    'all-returned': 'refuse',
    'hold-secured': to('expired', 'release'),
    'hold-secured-free': to('expired', 'release'),
    'hold-secured-before': to('expired', 'release'),
    'hold-lost': 'ignore',
    'hold-returned': 'ignore',
    'seats-sold': 'refuse',
    'sell-refused': 'refuse',
    'sell-refused-again': 'refuse',
    'sell-refused-free': 'ignore',
    deadline: 'ignore',
    cancel: 'refuse',
    refund: 'refuse',
    'refund-free': 'refuse',
  },
  cancelled: {
    'nothing-to-pay': 'ignore',
    'payment-requested': to('cancelled', 'decline'),
    'payment-awaited': 'ignore',
    'payment-captured': to('reclaiming', 'secure-late'),
    'other-captured': to('reclaiming', 'secure-late'),
    'payment-refused': 'ignore',
    'payment-refunded': 'ignore',
    'all-returned': 'refuse',
    'hold-secured': to('cancelled', 'release'),
    'hold-secured-free': to('cancelled', 'release'),
    'hold-secured-before': to('cancelled', 'release'),
    'hold-lost': 'ignore',
    'hold-returned': 'ignore',
    'seats-sold': 'refuse',
    'sell-refused': 'refuse',
    'sell-refused-again': 'refuse',
    'sell-refused-free': 'refuse',
    deadline: 'ignore',
    cancel: 'ignore',
    refund: 'refuse',
    'refund-free': 'refuse',
  },
  refunded: {
    'nothing-to-pay': 'ignore',
    'payment-requested': to('refunded', 'decline'),
    'payment-awaited': 'ignore',
    'payment-captured': to('refunded', 'refund'),
    'other-captured': to('refunded', 'refund'),
    'payment-refused': 'ignore',
    'payment-refunded': 'ignore',
    'all-returned': 'ignore',
    'hold-secured': to('refunded', 'release'),
    'hold-secured-free': to('refunded', 'release'),
    'hold-secured-before': to('refunded', 'release'),
    'hold-lost': 'ignore',
    'hold-returned': 'ignore',
    'seats-sold': to('refunded', 'release-sold'),
    'sell-refused': 'ignore',
    'sell-refused-again': 'ignore',
    'sell-refused-free': 'ignore',
    deadline: 'ignore',
    cancel: 'refuse',
    refund: 'ignore',
    'refund-free': 'ignore',
  },
}

/** What a step asked of others, as the table stands. */
export function commandsOn(from: State | null, event: string): readonly Command[] {
  const outcome = from === null ? undefined : (table[from] as Partial<Record<string, Outcome>>)[event]
  return typeof outcome === 'object' ? outcome.commands : []
}

/** What clients see: an order that waits for an answer of another module is `paying`. */
export const publicState: Record<State, OrderState> = {
  'awaiting-payment': 'awaiting-payment',
  securing: 'paying',
  capturing: 'paying',
  'awaiting-deposit': 'paying',
  selling: 'paying',
  returning: 'paying',
  reclaiming: 'paying',
  refunding: 'paying',
  fulfilled: 'fulfilled',
  expired: 'expired',
  cancelled: 'cancelled',
  refunded: 'refunded',
}

/** The states in which an answer of another module is outstanding. */
export const underWay: readonly State[] = states.filter((state) => publicState[state] === 'paying')
