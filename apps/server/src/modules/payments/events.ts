import type { Fact } from '#platform/bus'
import { fact } from '#platform/bus'
import { idPrefixes } from '@fairgate/contracts/ids'
import { money, type Currency, type Money } from '@fairgate/contracts/money'
import type { DepositBooked, Payment, Refund } from './payment.ts'

/** What payments listen to: the orders' saga. */
export const heard = [
  'orders.capture-requested.v1',
  'orders.payment-declined.v1',
  'orders.refund-requested.v1',
] as const

const moneyOf = (payment: Payment, amount: number): Money => money(amount, payment.currency as Currency)

export const requested = (payment: { id: string; orderId: string; accountId: string; amount: Money }): Fact =>
  fact('payments.payment-requested.v1', {
    orderId: payment.orderId,
    paymentId: payment.id,
    accountId: payment.accountId,
    amount: payment.amount,
  })

export const captured = (payment: Payment, capturedAt: number): Fact =>
  fact('payments.payment-captured.v1', {
    orderId: payment.orderId,
    paymentId: payment.id,
    amount: moneyOf(payment, payment.amount),
    capturedAt: new Date(capturedAt).toISOString(),
    provider: payment.provider,
    eventId: payment.eventId,
  })

/** Until then the buyer may pay into this account. */
export const awaited = (payment: Payment, { bank, number, holder, until }: DepositBooked): Fact =>
  fact('payments.payment-awaited.v1', {
    orderId: payment.orderId,
    paymentId: payment.id,
    accountId: payment.accountId,
    amount: moneyOf(payment, payment.amount),
    until: new Date(until).toISOString(),
    account: { bank, number, holder },
  })

export const refundAccountNeeded = (payment: Payment, amount: number): Fact =>
  fact('payments.refund-account-needed.v1', {
    orderId: payment.orderId,
    paymentId: payment.id,
    accountId: payment.accountId,
    amount: moneyOf(payment, amount),
  })

export const refused = (payment: Payment, refusal: { code: string; message: string }): Fact =>
  fact('payments.payment-refused.v1', { orderId: payment.orderId, paymentId: payment.id, ...refusal })

/** @param payment  as it is after the refund */
export const refunded = (payment: Payment, refund: Pick<Refund, 'id' | 'amount' | 'requestId'>): Fact =>
  fact('payments.payment-refunded.v1', {
    orderId: payment.orderId,
    paymentId: payment.id,
    amount: moneyOf(payment, refund.amount),
    refundId: refund.id,
    ...(refund.requestId?.startsWith(`${idPrefixes.return}_`)
      ? { returnId: refund.requestId, refundedTotal: moneyOf(payment, payment.refundedAmount) }
      : {}),
    provider: payment.provider,
    eventId: payment.eventId,
  })
