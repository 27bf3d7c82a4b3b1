import {
  askLater,
  at,
  calm,
  contradicted,
  idle,
  move,
  noted,
  rest,
  unchanged,
  withdrawn,
  type Alarm,
  type Change,
  type Surroundings,
} from './change.ts'
import * as facts from './events.ts'
import { refundAccountLookMs, type Payment, type Refund, type Step } from './payment.ts'
import type { ProviderPayment, RefundAccount } from './provider.ts'

/** The order wants money to go back: what is asked for, at most what is left. Asked for again, nothing is left. */
export function requestRefund(
  payment: Payment,
  request: { id: string; amount: number; reason: string },
  { now, newRefundId }: Surroundings,
): Change {
  const balance = payment.capturedAmount - payment.refundedAmount - payment.refundsOpenAmount
  const amount = Math.min(request.amount, balance)
  if (amount <= 0) return unchanged(payment)
  const refund: Refund = {
    id: newRefundId(),
    paymentId: payment.id,
    requestId: request.id,
    origin: 'order',
    amount,
    balance,
    target: balance - amount,
    keySeq: 0,
    reason: request.reason,
  }
  const isFirst = payment.refund === null
  const change = move(
    payment,
    'refund-requested',
    now,
    (moved) => ({ ...(isFirst ? giveBack(moved, now) : moved), ...opened(moved, refund) }),
    request.reason,
    () => (isFirst && needsAccount(payment) ? [facts.refundAccountNeeded(payment, amount)] : []),
  )
  return change ? { ...change, refunds: [{ ...refund, isDone: false }] } : unchanged(payment)
}

/** The buyer says into which account a deposit is to go back. Undefined when nothing waits for that. */
export function takeRefundAccount(payment: Payment, account: RefundAccount, { now }: Surroundings): Change | undefined {
  const { deposit, refund } = payment
  if (!deposit || !refund || deposit.refundAccount) return undefined
  return {
    ...unchanged({ ...at(payment, 'cancel', now), ...calm, deposit: { ...deposit, refundAccount: account } }),
    history: [noted(payment, 'refund-account-given', null)],
  }
}

/** Our books against the provider's, for money that we have: somebody may have given some back at the provider. */
export function compare(payment: Payment, found: ProviderPayment, { now, newRefundId }: Surroundings): Change {
  const expected = payment.capturedAmount - payment.refundedAmount
  if (found.status === 'awaiting-deposit' && payment.deposit && found.orderId === payment.orderId)
    return undo(payment, expected, { now, newRefundId })
  if (!wasPaid(found) || found.balance > expected || found.orderId !== payment.orderId)
    return { ...rest(payment, now), alarms: ['contradiction'] }
  if (found.balance === expected) return rest(payment, now)
  const gone = returnedElsewhere(payment, expected, found.balance, newRefundId())
  const books = { refundedAmount: payment.refundedAmount + gone.amount }
  const isAll = found.balance === 0
  const change = move(
    payment,
    isAll ? 'returned' : 'partly-returned',
    now,
    (moved) => ({ ...moved, ...idle, ...books }),
    'elsewhere',
    () => (isAll ? [facts.refunded(payment, gone)] : []),
  )
  if (!change) throw new Error(`payment ${payment.id} is ${payment.state} and holds money`)
  return { ...change, refunds: [gone], alarms: ['refunded-elsewhere'] }
}

/** A deposit had not come after all: its bank took it back, and the provider waits for it again. We do not. */
function undo(payment: Payment, lost: number, { now, newRefundId }: Pick<Surroundings, 'now' | 'newRefundId'>): Change {
  const gone = returnedElsewhere(payment, lost, 0, newRefundId())
  const change = move(
    payment,
    'awaited',
    now,
    (moved) => ({ ...withdrawn(moved, now), refundedAmount: moved.capturedAmount }),
    'deposit-undone',
    () => [facts.refunded(payment, gone)],
  )
  if (!change) throw new Error(`payment ${payment.id} is ${payment.state} and holds money`)
  return { ...change, refunds: [gone], alarms: ['deposit-undone'] }
}

/** The account that the buyer named was not accepted: another is needed. */
export function askForAccount(payment: Payment, refund: Refund, code: string, now: number): Change {
  const again = { ...refund, keySeq: refund.keySeq + 1 }
  const without = payment.deposit && { ...payment.deposit, refundAccount: null }
  return {
    ...unchanged({
      ...at(payment, 'query', now + refundAccountLookMs),
      deposit: without,
      refund: again,
      trouble: code,
    }),
    facts: [facts.refundAccountNeeded(payment, refund.amount)],
    history: [noted(payment, 'refund-account-refused', code)],
    refunds: [{ ...again, isDone: false }],
  }
}

/** The provider's view while money is to go back. */
export function progress(
  payment: Payment,
  refund: Refund,
  asked: Step,
  found: ProviderPayment,
  around: Surroundings,
): Change {
  const { now, newRefundId } = around
  if (!wasPaid(found)) return contradicted(payment, asked, `refund-of-${found.providerStatus}`, now)
  if (found.balance > refund.target) {
    if (asked !== 'query') return askLater(payment, asked, { code: 'not-yet-returned', isOurFault: false }, now)
    if (needsAccount(payment)) return unchanged(giveBack(payment, now))
    const again = { ...refund, balance: found.balance, keySeq: refund.keySeq + 1 }
    return { ...unchanged(at({ ...payment, refund: again }, 'cancel', now)), refunds: [{ ...again, isDone: false }] }
  }
  // What has gone since our books were last in step: this refund, and what somebody gave back at the provider beside it.
  const went = payment.capturedAmount - payment.refundedAmount - found.balance
  const amount = Math.min(refund.amount, went)
  const done = { ...refund, amount, balance: found.balance, isDone: true }
  const gone =
    went > amount ? [returnedElsewhere(payment, found.balance + went - amount, found.balance, newRefundId())] : []
  const books: Payment = {
    ...payment,
    refundedAmount: payment.refundedAmount + went,
    refund: null,
    refundsOpen: payment.refundsOpen - 1,
    refundsOpenAmount: payment.refundsOpenAmount - refund.amount,
    // Somebody's own account is kept for no longer than it is needed.
    deposit:
      payment.deposit && payment.refundsOpen === 1 ? { ...payment.deposit, refundAccount: null } : payment.deposit,
  }
  const alarms: Alarm[] = gone.length > 0 ? ['refunded-elsewhere'] : []
  if (refund.origin === 'mismatch') {
    return { ...rest(books, now), history: [noted(books, 'refund-done', refund.id)], refunds: [done, ...gone], alarms }
  }
  const told = [facts.refunded(books, done)]
  if (books.refundsOpen > 0) {
    const history = [noted(books, 'partly-returned', refund.id)]
    return { payment: at(books, 'cancel', now), facts: told, history, refunds: [done, ...gone], alarms }
  }
  const happening = books.refundedAmount === books.capturedAmount ? 'returned' : 'partly-returned'
  const change = move(
    books,
    happening,
    now,
    (moved) => ({ ...moved, ...idle }),
    refund.id,
    () => told,
  )
  if (!change) throw new Error(`payment ${payment.id} is ${payment.state} and has a refund of an order`)
  return { ...change, refunds: [done, ...gone], alarms }
}

/** The provider has the money, or has had it. */
const wasPaid = ({ status }: ProviderPayment): boolean =>
  status === 'paid' || status === 'partly-returned' || status === 'returned'

const needsAccount = ({ deposit }: Payment): boolean => deposit !== null && deposit.refundAccount === null

/** Money goes back at once, or as soon as the buyer has said where to; until then nobody is asked but now and then. */
const giveBack = (payment: Payment, now: number): Payment =>
  needsAccount(payment)
    ? { ...at(payment, 'query', now + refundAccountLookMs), trouble: 'refund-account-needed' }
    : at(payment, 'cancel', now)

/** What is known of a payment once this refund of it is open. */
export const opened = (payment: Payment, refund: Refund) => ({
  refund: payment.refund ?? refund,
  refundsOpen: payment.refundsOpen + 1,
  refundsOpenAmount: payment.refundsOpenAmount + refund.amount,
})

const returnedElsewhere = (payment: Payment, expected: number, balance: number, id: string) => ({
  id,
  paymentId: payment.id,
  requestId: null,
  origin: 'elsewhere' as const,
  amount: expected - balance,
  balance,
  target: balance,
  keySeq: 0,
  reason: 'returned at the provider',
  isDone: true,
})
