/** How a provider sees a payment, in words that fit all of them. `open` waits for its confirm. */
export const statuses = ['open', 'paid', 'partly-returned', 'returned', 'failed', 'awaiting-deposit'] as const
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
}

export type Refusal = { code: string; message: string }

/**
 * What came of a call. Only an explicit success or an explicit refusal is one; everything else is `unknown`, and the
 * provider has to be asked. `isOurFault`: asking again soon will not help, somebody has to repair something.
 */
export type Answer =
  | { kind: 'found'; payment: ProviderPayment }
  | ({ kind: 'refused' } & Refusal)
  | { kind: 'unknown'; code: string; isOurFault: boolean }

export type Capture = { paymentKey: string; orderId: string; amount: number; idempotencyKey: string }
/** `balance` guards against paying twice: the provider refuses when its own balance is another. */
export type GiveBack = { paymentKey: string; amount: number; balance: number; reason: string; idempotencyKey: string }

/** What an unsigned webhook claims. It is believed in nothing but whom to ask for. */
export type Hint = { transmissionId: string; paymentKey: string | null; orderId: string | null; claim: Status | null }

/** A payment provider. Calls never throw and end within their deadline. */
export type Provider = {
  /** Takes the money. The same idempotency key gets the same answer. */
  capture(order: Capture): Promise<Answer>
  /** How the payment stands. */
  query(paymentKey: string): Promise<Answer>
  /** Gives money back, all that is left when `amount` is all. Never `refused`: what is owed stays owed. */
  refund(order: GiveBack): Promise<Answer>
  /** Undefined when the body is of no use. */
  parseWebhook(headers: Readonly<Record<string, string | string[] | undefined>>, body: unknown): Hint | undefined
}
