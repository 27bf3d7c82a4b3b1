import { errors } from '@fairgate/contracts/errors'
import {
  askLater,
  at,
  atRest,
  calm,
  contradicted,
  idle,
  move,
  noted,
  rest,
  unchanged,
  withdrawn,
  type Change,
  type Surroundings,
} from './change.ts'
import * as facts from './events.ts'
import { depositLookMs, type DepositBooked, type Payment, type Refund, type Step } from './payment.ts'
import type { ProviderPayment, Refusal } from './provider.ts'
import { opened } from './refunding.ts'

/** The provider's view of a payment whose money we do not have in our books. */
export function learn(payment: Payment, asked: Step, found: ProviderPayment, around: Surroundings): Change {
  const { now } = around
  switch (found.status) {
    case 'unpassed':
    case 'open':
      return stillOpen(payment, asked, found, around)
    case 'failed':
      return refuse(payment, found.failure ?? { code: found.providerStatus, message: found.providerStatus }, now)
    case 'returned':
      return refuse(payment, { code: found.providerStatus, message: found.providerStatus }, now, 'returned')
    case 'paid':
      return isAsOrdered(payment, found) && found.balance === found.amount && payment.capturedAmount === 0
        ? capture(payment, found, now)
        : mismatch(payment, asked, found, around)
    case 'partly-returned':
      return mismatch(payment, asked, found, around)
    case 'awaiting-deposit':
      return awaitDeposit(payment, asked, found, around)
  }
}

/** Nothing has been captured at the provider, and still may be. */
function stillOpen(payment: Payment, asked: Step, found: ProviderPayment, around: Surroundings): Change {
  const { now } = around
  const isSameOrder = found.orderId === payment.orderId
  if (payment.state === 'awaiting') return contradicted(payment, asked, `deposit-of-${found.providerStatus}`, now)
  if (payment.state !== 'capturing') {
    const hasEnded = payment.state === 'refused' || payment.state === 'declined'
    const isToGo = hasEnded && isSameOrder && around.holdsMoney(payment.provider)
    return isToGo ? unchanged(withdrawn(payment, now)) : rest(payment, now)
  }
  if (!isAsOrdered(payment, found)) {
    const alarm = isSameOrder ? 'wrong-amount' : 'wrong-order'
    const refused = refuse(payment, ourRefusal(alarm), now)
    // What is held for somebody else's order is not ours to let go.
    return { ...(isSameOrder ? letGo(refused, around) : refused), alarms: [alarm] }
  }
  // The order has its seats secured and cannot wait for a buyer who may be gone.
  if (found.status === 'unpassed') return letGo(refuse(payment, found.failure ?? ourRefusal('not-passed'), now), around)
  if (asked === 'confirm') return askLater(payment, asked, { code: 'still-open', isOurFault: false }, now)
  // Only now may the idempotency key change: the old one would repeat the old answer, errors included.
  return unchanged({ ...at(payment, 'confirm', now), keySeq: payment.keySeq + 1 })
}

const isAsOrdered = (payment: Payment, { orderId, amount, currency }: ProviderPayment): boolean =>
  orderId === payment.orderId && amount === payment.amount && currency === payment.currency

/** The provider waits for the buyer to pay into an account. So do we, until then and no longer. */
function awaitDeposit(payment: Payment, asked: Step, found: ProviderPayment, around: Surroundings): Change {
  const { now, depositMaxMs } = around
  const { state, deposit } = payment
  if (state === 'requested') return rest(payment, now)
  if (state === 'awaiting' && deposit) {
    if (now < deposit.until) return unchanged(at(payment, 'query', Math.min(now + depositLookMs, deposit.until)))
    if (asked === 'withdraw') return askLater(payment, asked, { code: 'not-yet-withdrawn', isOurFault: false }, now)
    return unchanged(withdrawn(payment, now))
  }
  // Money must not come any more for a payment that has ended without it.
  if (state !== 'capturing') return unchanged(withdrawn(payment, now))

  const isForOther = found.orderId !== payment.orderId
  const isSame = isAsOrdered(payment, found)
  const booked = depositOf(found, now, depositMaxMs)
  if (!isSame || depositMaxMs === null || !booked) {
    const alarm = isForOther ? 'wrong-order' : isSame ? 'wrong-method' : 'wrong-amount'
    const refused = refuse(payment, ourRefusal(alarm), now)
    // A payment of somebody else's order is not ours to end, unless it was our own request that began it.
    const isOurs = !isForOther || asked === 'confirm'
    return { ...refused, payment: isOurs ? withdrawn(refused.payment, now) : refused.payment, alarms: [alarm] }
  }
  const change = move(
    payment,
    'awaited',
    now,
    (moved) => ({ ...at(moved, 'query', Math.min(now + depositLookMs, booked.until)), ...calm, deposit: booked }),
    new Date(booked.until).toISOString(),
    () => [facts.awaited(payment, booked)],
  )
  return change ?? rest(payment, now)
}

/** What is held for a payment that has just ended without being captured is let go. */
export function letGo(change: Change, { now, holdsMoney }: Surroundings): Change {
  const hasEnded = change.history.length > 0
  return hasEnded && holdsMoney(change.payment.provider)
    ? { ...change, payment: withdrawn(change.payment, now) }
    : change
}

function depositOf(found: ProviderPayment, now: number, maxMs: number | null): DepositBooked | null {
  if (!found.deposit) return null
  const { dueAt, ...account } = found.deposit
  const until = Math.min(dueAt ?? Infinity, now + (maxMs ?? 0))
  return { ...account, until, refundAccount: null }
}

function capture(payment: Payment, found: ProviderPayment, now: number): Change {
  const capturedAt = found.capturedAt ?? now
  const change = move(
    payment,
    'captured',
    now,
    (moved) => ({
      ...moved,
      ...idle,
      capturedAt,
      capturedAmount: moved.amount,
      refusal: null,
      deposit: moved.deposit ?? depositOf(found, now, 0),
    }),
    null,
    () => [facts.captured(payment, capturedAt)],
  )
  return change ?? rest(payment, now)
}

/** @param happening  whether the provider never took the money, or has given all of it back */
export function refuse(
  payment: Payment,
  refusal: Refusal,
  now: number,
  happening: 'refused' | 'returned' = 'refused',
): Change {
  const change = move(
    payment,
    happening,
    now,
    (moved) => ({ ...moved, ...atRest(moved, now), refusal }),
    refusal.code,
    () => [facts.refused(payment, refusal)],
  )
  return change ?? rest(payment, now)
}

/** Money that is not what we asked for goes back, and the payment counts as refused. */
function mismatch(payment: Payment, asked: Step, found: ProviderPayment, { now, newRefundId }: Surroundings): Change {
  // Before the order has asked for the capture there is nothing to refuse; the provider will say it again.
  if (payment.state === 'requested') return rest(payment, now)
  if (payment.capturedAmount > 0)
    return {
      ...rest(payment, now),
      alarms: found.balance > payment.capturedAmount - payment.refundedAmount ? ['contradiction'] : [],
    }
  const isForOther = found.orderId !== payment.orderId
  const alarm = isForOther ? 'wrong-order' : 'wrong-amount'
  const refused = refuse(payment, ourRefusal(alarm), now)
  // A payment of somebody else's order is not ours to give back, unless it was our own request that took the money.
  if (isForOther && asked !== 'confirm') return { ...refused, alarms: [alarm] }
  const refund: Refund = {
    id: newRefundId(),
    paymentId: payment.id,
    requestId: null,
    origin: 'mismatch',
    amount: found.balance,
    balance: found.balance,
    target: 0,
    keySeq: 0,
    reason: 'not what was ordered',
  }
  return {
    ...refused,
    payment: {
      ...at(refused.payment, 'cancel', now),
      ...calm,
      ...opened(refused.payment, refund),
      capturedAmount: found.balance,
    },
    history: [...refused.history, noted(refused.payment, 'refund-opened', alarm)],
    refunds: [{ ...refund, isDone: false }],
    alarms: [alarm],
  }
}

const refusalCodes = {
  'wrong-amount': 'payments.wrong-amount',
  'wrong-order': 'payments.key-used',
  'wrong-method': 'payments.method-not-offered',
  'not-passed': 'payments.not-passed',
} as const

/** In the language in which the provider words its own. */
function ourRefusal(reason: keyof typeof refusalCodes): Refusal {
  const code = refusalCodes[reason]
  return { code, message: errors[code].ko }
}
