/**
 * How a provider sees a payment, in words that fit all of them. Of one that is `unpassed` the buyer has yet to agree, or
 * to find a card that is accepted; `open` waits for its confirm.
 */
export const statuses = [
  'unpassed',
  'open',
  'paid',
  'partly-returned',
  'returned',
  'failed',
  'awaiting-deposit',
] as const
export type Status = (typeof statuses)[number]

/** A payment in the provider's books. Amounts are minor units; `balance` is what of it has not gone back. */
export type ProviderPayment = {
  status: Status
  /** The provider's own word for it. */
  providerStatus: string
  orderId: string
  amount: number
  balance: number
  currency: string
  /** Epoch milliseconds. */
  capturedAt: number | null
  failure: Refusal | null
  /** Where the money is waited for, of a payment by deposit: also after it has come. */
  deposit?: Deposit | null
}

/** An account that the provider opened for one payment. Its owner is the merchant's provider, not the buyer. */
export type Deposit = {
  bank: string
  number: string
  /** In whose name the account is, where it is known. */
  holder: string | null
  /** Epoch milliseconds; null when the provider sets no end. */
  dueAt: number | null
  /** What a notice about this account has to repeat, where the provider has such a thing. */
  secret: string | null
}

/** Where money goes back to that came by deposit: the buyer's own account. */
export type RefundAccount = { bank: string; number: string; holder: string }

export type Refusal = { code: string; message: string }

/**
 * What came of a call. Only an explicit success or an explicit refusal is one; everything else is `unknown`, and the
 * provider has to be asked. `isOurFault`: asking again soon will not help, somebody has to repair something. `next`:
 * `again` says that nothing was decided yet and the same request is to be repeated under its key; `ask-buyer` that the
 * account for the refund was not accepted.
 */
export type Answer =
  | { kind: 'found'; payment: ProviderPayment }
  | ({ kind: 'refused' } & Refusal)
  | { kind: 'unknown'; code: string; isOurFault: boolean; next?: 'again' | 'ask-buyer' }

export type Capture = { paymentKey: string; orderId: string; amount: number; idempotencyKey: string }
/** `balance` guards against paying twice: the provider refuses when its own balance is another. */
export type GiveBack = {
  paymentKey: string
  amount: number
  balance: number
  reason: string
  idempotencyKey: string
  /** For money that came by deposit, which cannot go back the way it came. */
  account?: RefundAccount
}
export type Withdraw = { paymentKey: string; reason: string; idempotencyKey: string }

/**
 * What an unsigned webhook claims. It is believed in nothing but whom to ask for. `secret`: what the notice shows for
 * its origin, where the provider has such a thing.
 */
export type Hint = {
  transmissionId: string
  paymentKey: string | null
  orderId: string | null
  claim: Status | null
  secret?: string | null
}

/** A movement of money in the provider's books. Amounts are minor units and positive; `at` is epoch milliseconds. */
export type Movement = {
  id: string
  paymentKey: string
  orderId: string
  kind: 'captured' | 'returned'
  amount: number
  currency: string
  at: number
}

/** Movements of a time, both ends included, oldest first. `cursor` is the last page's `next`. */
export type Span = { from: number; to: number; cursor: string | null; limit: number }
export type Page =
  | { kind: 'page'; movements: readonly Movement[]; next: string | null }
  | { kind: 'unknown'; code: string; isOurFault: boolean }

/** A payment provider. Calls never throw and end within their deadline. */
export type Provider = {
  /** Takes the money. The same idempotency key gets the same answer. */
  capture(order: Capture): Promise<Answer>
  /** How the payment stands. */
  query(paymentKey: string): Promise<Answer>
  /** Gives money back, all that is left when `amount` is all. Never `refused`: what is owed stays owed. */
  refund(order: GiveBack): Promise<Answer>
  /**
   * Ends a payment that waits for a deposit. Never `refused`, and never gives money back: one that was paid meanwhile
   * stays paid. Needed by providers that answer `awaiting-deposit`.
   */
  withdraw?(order: Withdraw): Promise<Answer>
  /** The provider's own books, a page at a time. Without it the provider's payments are compared one by one only. */
  movements?(span: Span): Promise<Page>
  /** Undefined when the body is of no use. */
  parseWebhook(headers: Readonly<Record<string, string | string[] | undefined>>, body: unknown): Hint | undefined
}
