// The error envelope of Stripe's API, as "Errors" and "Error codes" of docs.stripe.com describe it.

/** `card_error` is the card's fault, `api_error` Stripe's own, the others are the caller's. */
type ErrorType = 'api_error' | 'card_error' | 'idempotency_error' | 'invalid_request_error'

export type Fault = {
  readonly status: number
  readonly type: ErrorType
  readonly code?: string
  readonly decline_code?: string
  readonly message: string
  readonly param?: string
  /** The payment intent that the error is about, as an id: the answer shows it in full. */
  readonly intentId?: string
}

/** Thrown where a request is read or decided, and answered as the error envelope. `isValidation`: nothing was begun. */
export class Refusal extends Error {
  readonly fault: Fault
  readonly isValidation: boolean
  constructor(fault: Fault, isValidation = false) {
    super(fault.message)
    this.fault = fault
    this.isValidation = isValidation
  }
}

/** A request that is wrong in itself. Its answer is not kept under an idempotency key. */
export const invalid = (message: string, more: Partial<Fault> = {}): Refusal =>
  new Refusal({ status: 400, type: 'invalid_request_error', message, ...more }, true)

/** A request that was understood and cannot be carried out as things stand. */
export const impossible = (message: string, more: Partial<Fault> = {}): Refusal =>
  new Refusal({ status: 400, type: 'invalid_request_error', message, ...more })

export const missing = (what: 'payment_intent' | 'refund', id: string, param: string): Refusal =>
  invalid(`No such ${what}: '${id}'`, { status: 404, code: 'resource_missing', param })

export const internalFault: Fault = {
  status: 500,
  type: 'api_error',
  message: 'An unexpected error occurred. It has been written down, and somebody will look at it.',
}

/** Why an issuer refuses a card: the code and what the buyer is told ("Decline codes"). */
export const declines = {
  generic_decline: ['card_declined', 'Your card was declined.'],
  insufficient_funds: ['card_declined', 'Your card has insufficient funds.'],
  lost_card: ['card_declined', 'Your card was declined.'],
  expired_card: ['expired_card', 'Your card has expired.'],
} as const satisfies Record<string, readonly [code: string, message: string]>

export type DeclineCode = keyof typeof declines

export function declined(reason: DeclineCode, intentId: string): Fault {
  const [code, message] = declines[reason]
  return { status: 402, type: 'card_error', code, decline_code: reason, message, intentId }
}
