// The provider's objects and how they change. Pure. Members as "The PaymentIntent object", "The Charge object" and "The
// Refund object" of docs.stripe.com describe them; only cards are paid with here.

import { declines, impossible, type DeclineCode } from './faults.ts'
import type { Scenario } from './scenario.ts'

/** The version whose shapes are shown, whatever version a caller asks for. */
export const apiVersion = '2024-06-20'

export type IntentStatus =
  | 'requires_payment_method'
  | 'requires_confirmation'
  | 'requires_action'
  | 'processing'
  | 'requires_capture'
  | 'canceled'
  | 'succeeded'

/** What the sandbox keeps of a payment. Times are epoch milliseconds, amounts minor units. */
export type Intent = {
  readonly id: string
  readonly clientSecret: string
  readonly createdAt: number
  readonly amount: number
  readonly currency: string
  readonly captureMethod: 'automatic' | 'manual'
  readonly description: string | null
  readonly metadata: Readonly<Record<string, string>>
  readonly status: IntentStatus
  readonly amountReceived: number
  readonly paymentMethod: string | null
  /** Why the last card was refused. */
  readonly decline: { readonly reason: DeclineCode | 'authentication_failed'; readonly message: string } | null
  readonly canceledAt: number | null
  readonly cancellationReason: string | null
  /** Where the buyer authenticates, and where they are sent afterwards. */
  readonly action: { readonly url: string; readonly returnUrl: string } | null
  readonly charge: Charge | null
  readonly scenario: Scenario
  readonly captureFaults: number
  readonly refundFaults: number
  /** A capture that was promised behind an error. */
  readonly captureDueAt: number | null
}

export type Charge = {
  readonly id: string
  readonly createdAt: number
  readonly capturedAt: number | null
  readonly amountCaptured: number
  readonly amountRefunded: number
}

export type Refund = {
  readonly id: string
  readonly intentId: string
  readonly chargeId: string
  readonly createdAt: number
  readonly amount: number
  readonly currency: string
  readonly reason: string | null
  readonly metadata: Readonly<Record<string, string>>
  readonly status: 'succeeded' | 'failed'
}

/** A card of Stripe's own for tests ("Testing"), by the id of its payment method, and what comes of it. */
export const cards = {
  pm_card_visa: { number: '4242424242424242', outcome: 'agrees' },
  pm_card_visa_chargeDeclined: { number: '4000000000000002', outcome: 'generic_decline' },
  pm_card_visa_chargeDeclinedInsufficientFunds: { number: '4000000000009995', outcome: 'insufficient_funds' },
  pm_card_chargeDeclinedExpiredCard: { number: '4000000000000069', outcome: 'expired_card' },
  pm_card_authenticationRequired: { number: '4000002760003184', outcome: 'must-authenticate' },
} as const satisfies Record<string, { number: string; outcome: DeclineCode | 'agrees' | 'must-authenticate' }>

export type CardId = keyof typeof cards
export const isCard = (id: string): id is CardId => Object.hasOwn(cards, id)

/** An authorisation that nobody captures ends after seven days ("Place a hold on a payment method"). */
export const authorisationMs = 7 * 86_400_000

const seconds = (at: number) => Math.floor(at / 1000)

/** The buyer's bank holds the money, or has given it where nobody wants to capture by hand. */
export function authorised(intent: Intent, chargeId: string, at: number): Intent {
  const charge: Charge = { id: chargeId, createdAt: at, capturedAt: null, amountCaptured: 0, amountRefunded: 0 }
  const held: Intent = { ...intent, status: 'requires_capture', decline: null, action: null, charge }
  return intent.captureMethod === 'manual' ? held : captured(held, intent.amount, at)
}

export function refused(intent: Intent, reason: DeclineCode | 'authentication_failed'): Intent {
  const message =
    reason === 'authentication_failed'
      ? 'We are unable to authenticate your payment method. Please choose a different payment method and try again.'
      : declines[reason][1]
  return { ...intent, status: 'requires_payment_method', action: null, decline: { reason, message } }
}

/** What is not captured goes back to the buyer at once. */
export function captured(intent: Intent, amount: number, at: number): Intent {
  const charge = intent.charge && { ...intent.charge, capturedAt: at, amountCaptured: amount }
  return { ...intent, status: 'succeeded', amountReceived: amount, charge, captureDueAt: null }
}

export function canceled(intent: Intent, reason: string, at: number): Intent {
  return { ...intent, status: 'canceled', canceledAt: at, cancellationReason: reason, action: null, captureDueAt: null }
}

export function refunded(intent: Intent, amount: number): Intent {
  const charge = intent.charge && { ...intent.charge, amountRefunded: intent.charge.amountRefunded + amount }
  return { ...intent, charge }
}

/** @throws Refusal `payment_intent_unexpected_state` */
export function expectStatus(intent: Intent, what: string, allowed: readonly IntentStatus[]): void {
  if (allowed.includes(intent.status)) return
  throw impossible(
    `This PaymentIntent could not be ${what} because it has a status of ${intent.status}. Only a PaymentIntent with one of the following statuses may be ${what}: ${allowed.join(', ')}.`,
    { code: 'payment_intent_unexpected_state', intentId: intent.id },
  )
}

/** As the API shows it. `expand` names what is shown in full instead of by its id. */
export function showIntent(intent: Intent, expand: readonly string[] = []): Record<string, unknown> {
  const { charge, decline } = intent
  const inner = expand.flatMap((path) => (path.startsWith('latest_charge.') ? [path.slice(14)] : []))
  const isExpanded = inner.length > 0 || expand.includes('latest_charge')
  return {
    id: intent.id,
    object: 'payment_intent',
    amount: intent.amount,
    amount_capturable: intent.status === 'requires_capture' ? intent.amount : 0,
    amount_received: intent.amountReceived,
    canceled_at: intent.canceledAt === null ? null : seconds(intent.canceledAt),
    cancellation_reason: intent.cancellationReason,
    capture_method: intent.captureMethod,
    client_secret: intent.clientSecret,
    confirmation_method: 'automatic',
    created: seconds(intent.createdAt),
    currency: intent.currency,
    customer: null,
    description: intent.description,
    last_payment_error: decline && {
      type: decline.reason === 'authentication_failed' ? 'invalid_request_error' : 'card_error',
      code:
        decline.reason === 'authentication_failed'
          ? 'payment_intent_authentication_failure'
          : declines[decline.reason][0],
      ...(decline.reason === 'authentication_failed' ? {} : { decline_code: decline.reason }),
      message: decline.message,
    },
    latest_charge: charge && isExpanded ? showCharge(intent, charge, inner) : (charge?.id ?? null),
    livemode: false,
    metadata: intent.metadata,
    next_action: intent.action && {
      type: 'redirect_to_url',
      redirect_to_url: { url: intent.action.url, return_url: intent.action.returnUrl },
    },
    payment_method: intent.paymentMethod,
    payment_method_types: ['card'],
    status: intent.status,
  }
}

export function showCharge(intent: Intent, charge: Charge, expand: readonly string[] = []): Record<string, unknown> {
  const transaction = charge.capturedAt === null ? null : transactionId(charge)
  return {
    id: charge.id,
    object: 'charge',
    amount: intent.amount,
    amount_captured: charge.amountCaptured,
    amount_refunded: charge.amountRefunded,
    balance_transaction:
      transaction !== null && charge.capturedAt !== null && expand.includes('balance_transaction')
        ? { id: transaction, object: 'balance_transaction', created: seconds(charge.capturedAt), type: 'charge' }
        : transaction,
    captured: charge.capturedAt !== null,
    created: seconds(charge.createdAt),
    currency: intent.currency,
    livemode: false,
    metadata: intent.metadata,
    paid: true,
    payment_intent: expand.includes('payment_intent') ? showIntent(intent) : intent.id,
    payment_method: intent.paymentMethod,
    payment_method_details: {
      type: 'card',
      card: { brand: 'visa', last4: '4242', capture_before: seconds(charge.createdAt + authorisationMs) },
    },
    refunded: charge.amountCaptured > 0 && charge.amountRefunded === charge.amountCaptured,
    status: 'succeeded',
  }
}

/** A movement of the account's balance: what was captured, or a refund. Fees are not known here. */
export function showTransaction(source: Refund | Charge, intent: Intent, expand: readonly string[]): object {
  const isRefund = 'chargeId' in source
  const amount = isRefund ? -source.amount : source.amountCaptured
  const shown = isRefund ? showRefund(source, intent, expand) : showCharge(intent, source, expand)
  return {
    id: transactionId(source),
    object: 'balance_transaction',
    amount,
    created: seconds(transactionAt(source)),
    currency: intent.currency,
    fee: 0,
    net: amount,
    source: expand.includes('') ? shown : source.id,
    type: isRefund ? 'refund' : 'charge',
  }
}

export const transactionId = ({ id }: Refund | Charge): string => `txn_${id.slice(3)}`
export const transactionAt = (source: Refund | Charge): number =>
  'chargeId' in source ? source.createdAt : (source.capturedAt ?? source.createdAt)

export function showRefund(refund: Refund, intent: Intent, expand: readonly string[] = []): Record<string, unknown> {
  const inner = expand.flatMap((path) => (path.startsWith('payment_intent.') ? [path.slice(15)] : []))
  const isExpanded = inner.length > 0 || expand.includes('payment_intent')
  return {
    id: refund.id,
    object: 'refund',
    amount: refund.amount,
    charge: refund.chargeId,
    created: seconds(refund.createdAt),
    currency: refund.currency,
    metadata: refund.metadata,
    payment_intent: isExpanded ? showIntent(intent, inner) : intent.id,
    reason: refund.reason,
    status: refund.status,
  }
}
