import { errors } from '@fairgate/contracts/errors'
import type { Fact } from '#platform/bus'
import * as facts from './events.ts'
import {
  checkAt,
  depositLookMs,
  hintPauseMs,
  noNews,
  pauseMs,
  refundAccountLookMs,
  table,
  type DepositBooked,
  type Happening,
  type Payment,
  type Refund,
  type State,
  type Step,
} from './payment.ts'
import type { Answer, ProviderPayment, Refusal, RefundAccount } from './provider.ts'

/** Something that a person must look at. */
export type Alarm =
  /** The provider took another amount, for another order, or by a method that we do not offer. */
  | 'wrong-amount'
  | 'wrong-order'
  | 'wrong-method'
  /** Somebody gave money back at the provider without us. */
  | 'refunded-elsewhere'
  /** A deposit that had come was taken back by its bank. */
  | 'deposit-undone'
  /** The provider says what it cannot say after what it said before. */
  | 'contradiction'
  /** Our keys, contract or request are at fault. */
  | 'configuration'

export type HistoryLine = { event: string; from: State; to: State; detail: string | null }

/** What is written about one payment in one transaction. */
export type Change = {
  payment: Payment
  facts: readonly Fact[]
  history: readonly HistoryLine[]
  /** New and changed refunds; `isDone` closes one. */
  refunds: readonly (Refund & { isDone: boolean })[]
  alarms: readonly Alarm[]
}

export type Surroundings = {
  now: number
  newRefundId: () => string
  /** The longest that we wait for a deposit; null where payments by deposit are not offered. */
  depositMaxMs: number | null
  /** Whether the provider of this name holds money until it is captured. */
  holdsMoney: (provider: string) => boolean
}

const unchanged = (payment: Payment): Change => ({ payment, facts: [], history: [], refunds: [], alarms: [] })
const at = (payment: Payment, step: Step, nextAt: number): Payment => ({ ...payment, step, nextAt })

/** Nothing is to be asked now; a doubtful refusal is looked at again later. */
function rest(payment: Payment, now: number): Change {
  const nextAt = checkAt(payment, now)
  return unchanged({ ...payment, step: nextAt === null ? null : 'query', nextAt })
}

/** The order says that the money may be taken. Asked again, what came of it is told again. */
export function requestCapture(payment: Payment, { now }: Surroundings): Change {
  return (
    move(payment, 'capture-requested', now, (moved) => ({ ...at(moved, 'confirm', now), ...calm })) ?? {
      ...unchanged(payment),
      facts: outcomeOf(payment),
    }
  )
}

function outcomeOf(payment: Payment): Fact[] {
  const { state, capturedAt, refusal } = payment
  if (state === 'captured' && capturedAt !== null) return [facts.captured(payment, capturedAt)]
  return state === 'refused' && refusal ? [facts.refused(payment, refusal)] : []
}

/** The order says that nothing of this payment may be captured. */
export function decline(payment: Payment, reason: string, around: Surroundings): Change {
  const change = move(payment, 'payment-declined', around.now, (moved) => moved, reason)
  return letGo(change ?? unchanged(payment), around)
}

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
  const { deposit, refund, state } = payment
  if (!deposit || !refund || deposit.refundAccount) return undefined
  return {
    ...unchanged({ ...at(payment, 'cancel', now), ...calm, deposit: { ...deposit, refundAccount: account } }),
    history: [{ event: 'refund-account-given', from: state, to: state, detail: null }],
  }
}

/**
 * What an answer of the provider means.
 * @param payment  as it is now, which may be further than it was when the provider was asked
 * @param asked  what it was asked
 */
export function book(payment: Payment, asked: Step, answer: Answer, around: Surroundings): Change {
  const change = understand(payment, asked, answer, around)
  const { state, refund } = change.payment
  const isOpen = answer.kind === 'unknown' || state === 'capturing' || refund !== null
  return { ...change, payment: heedHint({ ...change.payment, ...(isOpen ? {} : calm), leaseUntil: null }) }
}

function understand(payment: Payment, asked: Step, answer: Answer, around: Surroundings): Change {
  const { now } = around
  if (answer.kind === 'unknown') {
    if (answer.next === 'ask-buyer' && payment.refund && payment.deposit)
      return askForAccount(payment, payment.refund, answer.code, now)
    const later = askLater(payment, asked, answer, now)
    return answer.next === 'again' ? { ...later, payment: { ...later.payment, step: asked } } : later
  }
  if (answer.kind === 'found') {
    const seen = { ...payment, providerStatus: answer.payment.providerStatus }
    if (payment.refund) return progress(seen, payment.refund, asked, answer.payment, around)
    if (payment.state === 'captured') return compare(seen, answer.payment, around)
    return learn(seen, asked, answer.payment, around)
  }
  const { code, message } = answer
  if (payment.refund) return askLater(payment, asked, { code, isOurFault: true }, now)
  if (payment.state === 'captured') return { ...rest(payment, now), alarms: ['contradiction'] }
  return letGo(refuse(payment, { code, message }, now), around)
}

/** The provider has to be asked how things stand, soon at first and every minute in the end. */
function askLater(
  payment: Payment,
  asked: Step,
  { code, isOurFault }: { code: string; isOurFault: boolean },
  now: number,
): Change {
  const attempts = payment.attempts + (isOurFault ? 4 : 1)
  const isUnderWay = payment.state === 'capturing' || payment.refund !== null
  const waiting: Payment = {
    ...at(payment, 'query', now + pauseMs(attempts)),
    attempts,
    trouble: code,
    unknownSince: isUnderWay ? (payment.unknownSince ?? now) : null,
    isDoubtful: payment.isDoubtful || (asked === 'confirm' && payment.state === 'capturing'),
  }
  return { ...unchanged(waiting), alarms: isOurFault ? ['configuration'] : [] }
}

/** The provider's view of a payment whose money we do not have in our books. */
function learn(payment: Payment, asked: Step, found: ProviderPayment, around: Surroundings): Change {
  const { now } = around
  const isSameOrder = found.orderId === payment.orderId
  const isSame = isSameOrder && found.amount === payment.amount && found.currency === payment.currency
  switch (found.status) {
    case 'unpassed':
    case 'open':
      if (payment.state === 'awaiting')
        return {
          ...askLater(payment, asked, { code: `deposit-of-${found.providerStatus}`, isOurFault: true }, now),
          alarms: ['contradiction'],
        }
      if (payment.state !== 'capturing') {
        const hasEnded = payment.state === 'refused' || payment.state === 'declined'
        const isToGo = hasEnded && isSameOrder && around.holdsMoney(payment.provider)
        return isToGo ? unchanged(withdrawn(payment, now)) : rest(payment, now)
      }
      if (!isSame) {
        const alarm = isSameOrder ? 'wrong-amount' : 'wrong-order'
        const refused = refuse(payment, ourRefusal(alarm), now)
        // What is held for somebody else's order is not ours to let go.
        return { ...(isSameOrder ? letGo(refused, around) : refused), alarms: [alarm] }
      }
      // The order has its seats secured and cannot wait for a buyer who may be gone.
      if (found.status === 'unpassed')
        return letGo(refuse(payment, found.failure ?? ourRefusal('not-passed'), now), around)
      if (asked === 'confirm') return askLater(payment, asked, { code: 'still-open', isOurFault: false }, now)
      // Only now may the idempotency key change: the old one would repeat the old answer, errors included.
      return unchanged({ ...at(payment, 'confirm', now), keySeq: payment.keySeq + 1 })
    case 'failed':
      return refuse(payment, found.failure ?? { code: found.providerStatus, message: found.providerStatus }, now)
    case 'returned': {
      const refusal = { code: found.providerStatus, message: found.providerStatus }
      return (
        move(
          payment,
          'returned',
          now,
          (moved) => ({ ...moved, ...finished(moved, now), refusal }),
          found.providerStatus,
          () => [facts.refused(payment, refusal)],
        ) ?? rest(payment, now)
      )
    }
    case 'paid':
      if (isSame && found.balance === found.amount && payment.capturedAmount === 0) return capture(payment, found, now)
      return mismatch(payment, asked, found, around)
    case 'partly-returned':
      return mismatch(payment, asked, found, around)
    case 'awaiting-deposit':
      return awaitDeposit(payment, asked, found, around)
  }
}

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
  const isSame = !isForOther && found.amount === payment.amount && found.currency === payment.currency
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

/** The provider is told to wait no more. Asked again after a failure, it is asked under a new key and ever more slowly. */
const withdrawn = (payment: Payment, now: number): Payment => ({
  ...at(payment, 'withdraw', payment.keySeq === 0 ? now : now + pauseMs(payment.keySeq)),
  keySeq: payment.keySeq + 1,
})

/** What is held for a payment that has just ended without being captured is let go. */
function letGo(change: Change, { now, holdsMoney }: Surroundings): Change {
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

function refuse(payment: Payment, refusal: Refusal, now: number): Change {
  const change = move(
    payment,
    'refused',
    now,
    (moved) => ({ ...moved, ...finished(moved, now), refusal }),
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
    history: [
      ...refused.history,
      { event: 'refund-opened', from: refused.payment.state, to: refused.payment.state, detail: alarm },
    ],
    refunds: [{ ...refund, isDone: false }],
    alarms: [alarm],
  }
}

/** Our books against the provider's, for money that we have: somebody may have given some back at the provider. */
function compare(payment: Payment, found: ProviderPayment, { now, newRefundId }: Surroundings): Change {
  const expected = payment.capturedAmount - payment.refundedAmount
  if (found.status === 'awaiting-deposit' && payment.deposit && found.orderId === payment.orderId)
    return undo(payment, expected, { now, newRefundId })
  const hasMoney = found.status === 'paid' || found.status === 'partly-returned' || found.status === 'returned'
  if (!hasMoney || found.balance > expected || found.orderId !== payment.orderId)
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
function askForAccount(payment: Payment, refund: Refund, code: string, now: number): Change {
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
    history: [{ event: 'refund-account-refused', from: payment.state, to: payment.state, detail: code }],
    refunds: [{ ...again, isDone: false }],
  }
}

/** The provider's view while money is to go back. */
function progress(payment: Payment, refund: Refund, asked: Step, found: ProviderPayment, around: Surroundings): Change {
  const { now, newRefundId } = around
  const holdsMoney = found.status === 'paid' || found.status === 'partly-returned' || found.status === 'returned'
  if (!holdsMoney) {
    return {
      ...askLater(payment, asked, { code: `refund-of-${found.providerStatus}`, isOurFault: true }, now),
      alarms: ['contradiction'],
    }
  }
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
    const line = { event: 'refund-done', from: books.state, to: books.state, detail: refund.id }
    return { ...rest(books, now), history: [line], refunds: [done, ...gone], alarms }
  }
  const told = [facts.refunded(books, done)]
  if (books.refundsOpen > 0) {
    const line = { event: 'partly-returned', from: books.state, to: books.state, detail: refund.id }
    return { payment: at(books, 'cancel', now), facts: told, history: [line], refunds: [done, ...gone], alarms }
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

/** A webhook that came while we were asking may tell of something newer than the answer. */
function heedHint(payment: Payment): Payment {
  const { hint, askedAt, state } = payment
  if (hint === null || askedAt === null) return payment
  const served = { ...payment, hint: null }
  if (hint !== 'unclear' && noNews[state].includes(hint)) return served
  return {
    ...served,
    step: payment.step ?? 'query',
    nextAt: Math.min(payment.nextAt ?? Infinity, askedAt + hintPauseMs),
  }
}

const needsAccount = ({ deposit }: Payment): boolean => deposit !== null && deposit.refundAccount === null

/** Money goes back at once, or as soon as the buyer has said where to; until then nobody is asked but now and then. */
const giveBack = (payment: Payment, now: number): Payment =>
  needsAccount(payment)
    ? { ...at(payment, 'query', now + refundAccountLookMs), trouble: 'refund-account-needed' }
    : at(payment, 'cancel', now)

const idle = { step: null, nextAt: null } as const
const calm = { attempts: 0, unknownSince: null, trouble: null } as const

/** What is asked next of a payment that was refused. */
function finished(payment: Payment, now: number): Pick<Payment, 'step' | 'nextAt'> {
  const { step, nextAt } = rest(payment, now).payment
  return { step, nextAt }
}

const opened = (payment: Payment, refund: Refund) => ({
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

/** One step of the table, or undefined when the state ignores it. */
function move(
  payment: Payment,
  happening: Happening,
  now: number,
  change: (moved: Payment) => Payment,
  detail: string | null = null,
  tell: () => readonly Fact[] = () => [],
): Change | undefined {
  const to = table[payment.state][happening]
  if (to === 'ignore') return undefined
  const moved = change({ ...payment, state: to, stateAt: to === payment.state ? payment.stateAt : now })
  return { ...unchanged(moved), facts: tell(), history: [{ event: happening, from: payment.state, to, detail }] }
}
