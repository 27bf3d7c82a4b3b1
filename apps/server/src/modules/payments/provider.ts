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

/** What a provider has to know of before the buyer can agree to it. `amount` is minor units. */
export type Preparation = {
  orderId: string
  amount: number
  currency: string
  idempotencyKey: string
}
/** `clientSecret` is for the buyer's browser alone: it is kept nowhere. */
export type Prepared =
  | { kind: 'prepared'; paymentKey: string; clientSecret: string }
  | ({ kind: 'refused' } & Refusal)
  | { kind: 'unknown'; code: string; isOurFault: boolean }

/** A webhook as it came in: a signature is one of its bytes. */
export type Notice = { headers: Readonly<Record<string, string | string[] | undefined>>; bytes: Buffer }
/** What is made of it. One that is refused is not the provider's, or was written long ago. */
export type Heard =
  | { kind: 'hint'; hint: Hint }
  | { kind: 'unreadable' }
  | { kind: 'refused'; code: 'payments.webhook-forged' | 'payments.webhook-stale' }

/**
 * What a webhook claims. It is believed in nothing but whom to ask for, signed or not. `secret`: what the notice shows for
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
  /**
   * Makes the payment known to the provider, where that comes before the buyer's consent; elsewhere the payment window
   * does it. The same idempotency key gets the same payment. A key that was not prepared here is not taken.
   */
  prepare?(order: Preparation): Promise<Prepared>
  /**
   * From the buyer's consent to the capture the money is held, so a payment that ends without it is withdrawn. Such a
   * provider has `withdraw`.
   */
  readonly holdsMoney?: true
  /** Takes the money. The same idempotency key gets the same answer. */
  capture(order: Capture): Promise<Answer>
  /** How the payment stands. */
  query(paymentKey: string): Promise<Answer>
  /** Gives money back, all that is left when `amount` is all. Never `refused`: what is owed stays owed. */
  refund(order: GiveBack): Promise<Answer>
  /**
   * Ends a payment that has not been captured: one that waits for a deposit, or whose money is held. Never `refused`,
   * and never gives money back: one that was paid meanwhile stays paid. Needed by providers that answer
   * `awaiting-deposit` or hold money.
   */
  withdraw?(order: Withdraw): Promise<Answer>
  /** The provider's own books, a page at a time. Without it the provider's payments are compared one by one only. */
  movements?(span: Span): Promise<Page>
  readWebhook(notice: Notice): Heard
}
