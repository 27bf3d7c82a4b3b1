/**
 * What an error of Stripe means to us where its type does not say so, from "Error codes" of docs.stripe.com. `refused`:
 * nothing was captured and nothing will be. `ask`: the payment itself must be looked at. Any other error of a request is
 * a fault of ours; any other error of a card is a refusal.
 */
const meanings = {
  refused: [
    'capture_charge_authorization_expired',
    'capture_unauthorized_payment',
    'charge_expired_for_capture',
    'resource_missing',
  ],
  ask: [
    'charge_already_captured',
    'charge_already_refunded',
    'idempotency_key_in_use',
    'lock_timeout',
    'payment_intent_unexpected_state',
    'rate_limit',
  ],
} as const

/** Why a payment cannot even begin: the amount or its currency. */
export const notTaken = [
  'amount_too_large',
  'amount_too_small',
  'invalid_currency_amount',
  'parameter_invalid_string',
  'payment_method_currency_mismatch',
] as const

export type Meaning = 'refused' | 'ask' | 'our-fault'

/** @param type  of the error: `card_error`, `invalid_request_error`, `idempotency_error`, `api_error` */
export function meaningOf(status: number, type: string, code: string | undefined): Meaning {
  if (status >= 500 || status === 409 || status === 429 || type === 'api_error' || type === 'idempotency_error')
    return 'ask'
  const has = (codes: readonly string[]) => code !== undefined && codes.includes(code)
  if (has(meanings.ask)) return 'ask'
  if (has(meanings.refused)) return 'refused'
  return type === 'card_error' && status === 402 ? 'refused' : 'our-fault'
}
