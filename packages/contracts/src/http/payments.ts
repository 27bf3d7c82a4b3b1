import { bankCodes } from '../banks.ts'
import { CurrencySchema, Money, amountMax } from '../money.ts'
import { Type, Strict, OneOf, Instant, type Static } from '../schema.ts'
import { route } from './route.ts'

export const paymentProviders = ['toss', 'stripe'] as const

const WayToPay = {
  provider: OneOf(paymentProviders),
  mode: OneOf(['sandbox', 'live']),
  windowUrl: Type.Union([Type.String(), Type.Null()], {
    description: 'sandbox: the page that stands for the payment window',
  }),
  clientKey: Type.Union([Type.String(), Type.Null()]),
  depositHours: Type.Optional(
    Type.Integer({ description: 'paying into a virtual account is offered too, within so many hours' }),
  ),
}

export const paymentSettings = route({
  method: 'GET',
  path: '/api/payments/settings',
  caller: 'anyone',
  summary: 'How to pay here: by which providers, and the address of their payment windows or their public keys',
  answers: {
    200: Strict({
      ...WayToPay,
      providers: Type.Array(
        Strict({
          ...WayToPay,
          scriptUrl: Type.Union([Type.String(), Type.Null()], {
            description: "the provider's own script, which draws its part of the page",
          }),
          currencies: Type.Union([Type.Array(CurrencySchema), Type.Null()], {
            description: 'in which currencies it may be paid; null for all',
          }),
        }),
        { description: 'all of them, the first one as above' },
      ),
    }),
  },
  cache: 'public, max-age=60',
})

export const preparePayment = route({
  method: 'POST',
  path: '/api/payments/prepare',
  caller: 'buyer',
  summary:
    'Have the provider know of a payment before you agree to it, where it wants that (`stripe`). Asked again it is the same one, until it was handed over',
  body: Strict({
    paymentRequestToken: Type.String({ maxLength: 4000 }),
    provider: Type.String({ maxLength: 20 }),
  }),
  answers: {
    201: Strict({
      paymentKey: Type.String(),
      clientSecret: Type.String({ description: "for the provider's script in your browser, and nobody else" }),
    }),
  },
  errors: [
    'payments.request-invalid',
    'payments.request-expired',
    'payments.unknown-provider',
    'payments.provider-refuses',
    'payments.provider-unavailable',
  ],
})

export const confirmPayment = route({
  method: 'POST',
  path: '/api/payments/confirm',
  caller: 'buyer',
  summary: 'Hand over what the payment window returned. Follow with `GET /api/orders/{id}?waitSeconds=10`',
  idempotent: true,
  body: Strict({
    paymentRequestToken: Type.String({ maxLength: 4000 }),
    provider: Type.String({ maxLength: 20 }),
    paymentKey: Type.String({
      minLength: 1,
      maxLength: 200,
      pattern: '^[A-Za-z0-9][\\x21-\\x7e]*$',
      description: 'ASCII without blanks',
    }),
    amount: Type.Integer({ minimum: 0, maximum: amountMax }),
  }),
  answers: { 202: Strict({ orderId: Type.String() }) },
  errors: [
    'payments.request-invalid',
    'payments.request-expired',
    'payments.wrong-amount',
    'payments.unknown-provider',
    'payments.in-progress',
    'payments.key-used',
    'payments.not-prepared',
  ],
})

const OfOrder = Strict({ orderId: Type.String({ maxLength: 64 }) })

export const Deposit = Strict({
  orderId: Type.String(),
  state: OneOf(['awaiting', 'paid', 'ended', 'refunding', 'refunded']),
  amount: Money,
  account: Strict({
    bank: Type.String({ description: "the provider's code of the bank" }),
    number: Type.String(),
    holder: Type.Union([Type.String(), Type.Null()]),
  }),
  until: Instant,
  refundAccount: OneOf(['not-needed', 'needed', 'given']),
})
export type Deposit = Static<typeof Deposit>

export const listDeposits = route({
  method: 'GET',
  path: '/api/payments/deposits',
  caller: 'buyer',
  summary: 'Your own payments by deposit, newest first, at most 50',
  answers: { 200: Strict({ items: Type.Array(Deposit) }) },
})

export const getDeposit = route({
  method: 'GET',
  path: '/api/payments/deposits/{orderId}',
  caller: 'buyer',
  summary: 'The account that was opened for one of your own orders: pay into it until then, and the order goes on',
  params: OfOrder,
  answers: { 200: Deposit },
  errors: ['payments.deposit-not-found'],
})

export const giveRefundAccount = route({
  method: 'PUT',
  path: '/api/payments/deposits/{orderId}/refund-account',
  caller: 'buyer',
  summary:
    'Where the money of a deposit is to go back to, while it is `needed`. It is forgotten when the money has gone',
  params: OfOrder,
  body: Strict({
    bank: OneOf(bankCodes),
    number: Type.String({ pattern: '^[0-9]{5,20}$', description: 'digits only' }),
    holder: Type.String({ minLength: 1, maxLength: 60 }),
  }),
  answers: { 200: Deposit },
  errors: ['payments.deposit-not-found', 'payments.refund-account-not-needed'],
})

const Difference = Strict({
  provider: Type.String(),
  paymentKey: Type.String(),
  orderId: Type.String({ description: 'empty when nobody knows it' }),
  kind: OneOf(['missing-here', 'missing-there', 'amount', 'state']),
  currency: Type.String(),
  theirs: Type.Integer({ description: 'minor units that the provider keeps' }),
  ours: Type.Integer({ description: 'what of it is in our books' }),
  theirState: Type.String(),
  ourState: Type.String(),
})

export const Reconciliation = Strict({
  providers: Type.Array(
    Strict({ provider: Type.String(), until: Instant }, { description: 'books are compared up to then' }),
  ),
  differences: Type.Array(
    Strict({ ...Difference.properties, foundAt: Instant, resolvedAt: Type.Union([Instant, Type.Null()]) }),
    { description: 'open ones first, then the latest, at most 100' },
  ),
})
export type Reconciliation = Static<typeof Reconciliation>

/** What the command `reconcile` prints. Amounts are what the provider lists for the time, in minor units. */
export type ReconciliationReport = {
  providers: {
    provider: string
    from: string
    to: string
    /** All of the time was read. */
    isComplete: boolean
    movements: number
    captured: number
    refunded: number
    differences: Static<typeof Difference>[]
  }[]
  isComplete: boolean
  isEqual: boolean
}

export const getReconciliation = route({
  method: 'GET',
  path: '/api/payments/reconciliation',
  caller: 'admin',
  summary: "How far the providers' books were compared with ours, and where they differ",
  answers: { 200: Reconciliation },
})

export const tossWebhook = route({
  method: 'POST',
  path: '/api/payments/toss/webhook',
  caller: 'provider',
  summary: 'Unsigned notices of the provider: a hint to ask it, never a fact',
  rawBody: true,
  answers: { 200: Strict({}) },
})

export const stripeWebhook = route({
  method: 'POST',
  path: '/api/payments/stripe/webhook',
  caller: 'provider',
  summary: 'Notices of the provider, signed with `Stripe-Signature`: a hint to ask it, never a fact',
  rawBody: true,
  answers: { 200: Strict({}) },
  errors: ['payments.unknown-provider', 'payments.webhook-forged', 'payments.webhook-stale'],
})

export const paymentRoutes = {
  paymentSettings,
  preparePayment,
  confirmPayment,
  listDeposits,
  getDeposit,
  giveRefundAccount,
  getReconciliation,
  tossWebhook,
  stripeWebhook,
}
