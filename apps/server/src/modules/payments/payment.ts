import type { Deposit, RefundAccount, Status } from './provider.ts'

/**
 * `requested`: the buyer has been through the payment window, the order has yet to say whether it may be captured.
 * `capturing`: the provider is being asked. `awaiting`: the buyer is to pay into an account. `refused`: by the provider; `declined`: by the order, before anything was
 * captured. A payment of which only a part was refunded is `captured`.
 */
export const states = [
  'requested',
  'capturing',
  'awaiting',
  'captured',
  'refused',
  'declined',
  'refunding',
  'refunded',
] as const
export type State = (typeof states)[number]

export const happenings = [
  /** Facts of the order. */
  'capture-requested',
  'payment-declined',
  'refund-requested',
  /**
   * The provider waits for a deposit (again, when one turned out not to have come), has all of the money, none of the
   * money, or has given it back in whole or in part.
   */
  'awaited',
  'captured',
  'refused',
  'returned',
  'partly-returned',
] as const
export type Happening = (typeof happenings)[number]

export type Outcome = State | 'ignore'

/** What becomes of a payment in each state. `SPEC.md` shows the same table; a test compares them. */
export const table: Record<State, Record<Happening, Outcome>> = {
  requested: {
    'capture-requested': 'capturing',
    'payment-declined': 'declined',
    'refund-requested': 'ignore',
    awaited: 'ignore',
    captured: 'captured',
    // The order asks for the capture first; the provider says it again then.
    refused: 'ignore',
    returned: 'ignore',
    'partly-returned': 'ignore',
  },
  capturing: {
    'capture-requested': 'ignore',
    // Too late: the outcome will be told, and the order decides about money that came.
    'payment-declined': 'ignore',
    'refund-requested': 'ignore',
    awaited: 'awaiting',
    captured: 'captured',
    refused: 'refused',
    returned: 'refused',
    'partly-returned': 'ignore',
  },
  awaiting: {
    'capture-requested': 'ignore',
    'payment-declined': 'ignore',
    'refund-requested': 'ignore',
    awaited: 'ignore',
    captured: 'captured',
    refused: 'refused',
    returned: 'refused',
    'partly-returned': 'ignore',
  },
  captured: {
    'capture-requested': 'ignore',
    'payment-declined': 'ignore',
    'refund-requested': 'refunding',
    // The deposit turned out not to have come.
    awaited: 'refunded',
    captured: 'ignore',
    refused: 'ignore',
    returned: 'refunded',
    'partly-returned': 'captured',
  },
  refused: {
    'capture-requested': 'ignore',
    'payment-declined': 'ignore',
    'refund-requested': 'ignore',
    awaited: 'ignore',
    // Late money: the order decides.
    captured: 'captured',
    refused: 'ignore',
    returned: 'ignore',
    'partly-returned': 'ignore',
  },
  declined: {
    'capture-requested': 'ignore',
    'payment-declined': 'ignore',
    'refund-requested': 'ignore',
    awaited: 'ignore',
    captured: 'captured',
    refused: 'ignore',
    returned: 'ignore',
    'partly-returned': 'ignore',
  },
  refunding: {
    'capture-requested': 'ignore',
    'payment-declined': 'ignore',
    'refund-requested': 'refunding',
    awaited: 'ignore',
    captured: 'ignore',
    refused: 'ignore',
    returned: 'refunded',
    'partly-returned': 'captured',
  },
  refunded: {
    'capture-requested': 'ignore',
    'payment-declined': 'ignore',
    'refund-requested': 'ignore',
    awaited: 'ignore',
    captured: 'ignore',
    refused: 'ignore',
    returned: 'ignore',
    'partly-returned': 'ignore',
  },
}

/** What a webhook may claim without our having to ask, because it is what we know or expect. */
export const noNews: Record<State, readonly Status[]> = {
  requested: ['unpassed', 'open', 'failed'],
  capturing: ['unpassed', 'open'],
  awaiting: ['unpassed', 'open', 'awaiting-deposit'],
  captured: ['unpassed', 'open', 'paid'],
  refused: ['unpassed', 'open', 'failed', 'returned'],
  declined: ['unpassed', 'open', 'failed', 'returned'],
  refunding: ['unpassed', 'open', 'paid'],
  refunded: ['unpassed', 'open', 'paid', 'partly-returned', 'returned'],
}

/** What the provider is asked: to take the money, how things stand, to give money back, to wait for a deposit no more. */
export type Step = 'confirm' | 'query' | 'cancel' | 'withdraw'

/** Why money goes back: an order wants it, it was not what we asked for, or somebody did it at the provider. */
export type RefundOrigin = 'order' | 'mismatch' | 'elsewhere'

/** A refund is done when the provider's balance has come down to `target`; `balance` is the last that we know of. */
export type Refund = {
  id: string
  paymentId: string
  requestId: string | null
  origin: RefundOrigin
  amount: number
  balance: number
  target: number
  keySeq: number
  reason: string
}

/** The account of a payment by deposit, and until when we wait; `refundAccount` while money is to go back into it. */
export type DepositBooked = Omit<Deposit, 'dueAt'> & { until: number; refundAccount: RefundAccount | null }

/** Amounts are minor units, times are epoch milliseconds. */
export type Payment = {
  id: string
  orderId: string
  accountId: string
  eventId: string
  provider: string
  paymentKey: string
  amount: number
  currency: string
  state: State
  stateAt: number
  step: Step | null
  nextAt: number | null
  lease: number
  leaseUntil: number | null
  askedAt: number | null
  attempts: number
  unknownSince: number | null
  trouble: string | null
  keySeq: number
  isDoubtful: boolean
  /** What a webhook claimed since the last question, if it did. */
  hint: Status | 'unclear' | null
  providerStatus: string | null
  refusal: { code: string; message: string } | null
  /** Of a payment that is or was to come by deposit. */
  deposit: DepositBooked | null
  capturedAt: number | null
  capturedAmount: number
  refundedAmount: number
  /** The refund being worked on, and what all open ones amount to. */
  refund: Refund | null
  refundsOpen: number
  refundsOpenAmount: number
}

/** Half a second, doubling to a minute: how long to wait after the n-th unclear answer in a row. */
export const pauseMs = (attempts: number): number => Math.min(60_000, 500 * 2 ** Math.min(attempts - 1, 7))

/** How often a deposit is asked for that no webhook told of. */
export const depositLookMs = 600_000

/** How often somebody is reminded in the books of a refund whose buyer has not said where the money is to go. */
export const refundAccountLookMs = 86_400_000

/** At most one question a second about a payment, whatever webhooks ask for. */
export const hintPauseMs = 1000

/** A refusal after an unclear answer is looked at again this long afterwards: an earlier request may still get through. */
const checksAfterMs = [60_000, 600_000, 3_600_000]

/** When to look at a payment again that has come to rest; null when there is no reason to. */
export function checkAt(payment: Payment, now: number): number | null {
  if (payment.state !== 'refused' || !payment.isDoubtful) return null
  return checksAfterMs.map((ms) => payment.stateAt + ms).find((at) => at > now) ?? null
}
