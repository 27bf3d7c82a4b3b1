import type { BookEvent, Entry } from './books.ts'
import type { Fault, FaultCode } from './faults.ts'
import { fault, wordFault } from './faults.ts'
import type { Payment, PaymentStatus, RefundReceiveAccount } from './payment.ts'
import type { ConfirmOutcome } from './scenario.ts'
import { cancelOutcomes, confirmOutcomes } from './scenario.ts'

/** What a request does to the books, and what its sender is told: the payment, a fault, or nothing at all. */
export type Decision = { readonly events: readonly BookEvent[]; readonly answer: 'payment' | 'nothing' | Fault }

export type Surroundings = {
  readonly at: number
  readonly transactionKey: () => string
  readonly approveNo: () => string
  readonly accountNumber: () => string
  /** A fault that is in force for all payments, if it strikes this confirm. */
  readonly strike: () => ConfirmOutcome | undefined
}

/** A payment window must be followed by its confirm within 10 minutes. */
export const sessionMs = 600_000

const confirmRefusals = {
  READY: 'NOT_FOUND_PAYMENT_SESSION',
  IN_PROGRESS: undefined,
  WAITING_FOR_DEPOSIT: 'ALREADY_PROCESSED_PAYMENT',
  DONE: 'ALREADY_PROCESSED_PAYMENT',
  CANCELED: 'ALREADY_PROCESSED_PAYMENT',
  PARTIAL_CANCELED: 'ALREADY_PROCESSED_PAYMENT',
  ABORTED: 'ALREADY_PROCESSED_PAYMENT',
  EXPIRED: 'NOT_FOUND_PAYMENT_SESSION',
} as const satisfies Record<PaymentStatus, FaultCode | undefined>

const cancelRefusals = {
  READY: 'NOT_CANCELABLE_PAYMENT',
  IN_PROGRESS: 'NOT_CANCELABLE_PAYMENT',
  WAITING_FOR_DEPOSIT: undefined,
  DONE: undefined,
  CANCELED: 'ALREADY_CANCELED_PAYMENT',
  PARTIAL_CANCELED: undefined,
  ABORTED: 'NOT_CANCELABLE_PAYMENT',
  EXPIRED: 'NOT_CANCELABLE_PAYMENT',
} as const satisfies Record<PaymentStatus, FaultCode | undefined>

/** Whether the time to confirm is over. A capture that was begun in time is not undone by it. */
export function isOverdue(entry: Entry, nowMs: number): boolean {
  return (
    entry.payment.status === 'IN_PROGRESS' &&
    entry.captureDueAtMs === undefined &&
    nowMs >= entry.requestedAtMs + sessionMs
  )
}

export function decideConfirm(
  entry: Entry | undefined,
  asked: { orderId: string; amount: number },
  around: Surroundings,
): Decision {
  const { at, strike } = around
  if (entry === undefined) return refuse(fault('NOT_FOUND_PAYMENT'))
  const { payment, scenario } = entry
  if (asked.orderId !== payment.orderId) return refuse(fault('NOT_FOUND_PAYMENT_SESSION', 'orderId: is another'))
  if (asked.amount !== payment.totalAmount) {
    return refuse(fault('INVALID_REQUEST', 'amount: is not the amount of the payment window'))
  }
  const refusal = confirmRefusals[payment.status]
  if (refusal) return refuse(fault(refusal))

  const ownFault = scenario.confirm.kind !== 'approve' && entry.confirmFaults < (scenario.confirmTimes ?? Infinity)
  const outcome = ownFault ? scenario.confirm : (strike() ?? { kind: 'approve' })
  const { money, answer } = confirmOutcomes[outcome.kind]
  const events: BookEvent[] = ownFault ? [{ type: 'faulted', of: 'confirm' }] : []

  if (money === 'moves') events.push(confirmed(entry, around))
  if (money === 'late' && entry.captureDueAtMs === undefined) {
    events.push({ type: 'capture-promised', dueAtMs: at + (outcome.delayMs ?? 0) })
  }
  switch (answer) {
    case 'payment':
    case 'nothing':
      return { events, answer }
    case '500':
      return { events, answer: fault('FAILED_INTERNAL_SYSTEM_PROCESSING') }
    case 'decline': {
      const { code, message } = wordFault(fault(scenario.declineCode), 'ko')
      return { events: [...events, { type: 'aborted', at, code, message }], answer: fault(scenario.declineCode) }
    }
    case 'expire':
      return { events: [...events, { type: 'expired', at }], answer: fault('NOT_FOUND_PAYMENT_SESSION') }
  }
}

/** What a confirm that succeeds does: a card is charged, a virtual account opened. */
export function confirmed(
  { validHours }: Pick<Entry, 'validHours'>,
  { at, transactionKey, approveNo, accountNumber }: Omit<Surroundings, 'strike'>,
): BookEvent {
  if (validHours === undefined)
    return { type: 'approved', at, transactionKey: transactionKey(), approveNo: approveNo() }
  return {
    type: 'issued',
    at,
    transactionKey: transactionKey(),
    accountNumber: accountNumber(),
    dueAtMs: at + validHours * 3_600_000,
  }
}

/** A deposit into a virtual account, or its bank taking it back. @returns undefined when that is not possible now */
export function decideDeposit(
  payment: Payment,
  kind: 'deposited' | 'deposit-undone',
  { at, transactionKey }: Pick<Surroundings, 'at' | 'transactionKey'>,
): BookEvent | undefined {
  const { virtualAccount, status, balanceAmount, totalAmount } = payment
  if (!virtualAccount || balanceAmount !== totalAmount) return undefined
  if (kind === 'deposit-undone')
    return status === 'DONE' ? { type: 'deposit-undone', at, transactionKey: transactionKey() } : undefined
  const isOpen = status === 'WAITING_FOR_DEPOSIT' && Date.parse(virtualAccount.dueDate) > at
  return isOpen ? { type: 'deposited', at, transactionKey: transactionKey() } : undefined
}

export function decideCancel(
  entry: Entry | undefined,
  asked: {
    reason: string
    amount?: number | undefined
    refundableAmount?: number | undefined
    account?: RefundReceiveAccount | undefined
  },
  { at, transactionKey }: Surroundings,
): Decision {
  if (entry === undefined) return refuse(fault('NOT_FOUND_PAYMENT'))
  const { payment, scenario } = entry
  const refusal = cancelRefusals[payment.status]
  if (refusal) return refuse(fault(refusal))
  if (asked.refundableAmount !== undefined && asked.refundableAmount !== payment.balanceAmount) {
    return refuse(fault('NOT_MATCHES_REFUNDABLE_AMOUNT'))
  }
  const amount = asked.amount ?? payment.balanceAmount
  if (amount > payment.balanceAmount) return refuse(fault('NOT_CANCELABLE_AMOUNT'))
  if (payment.status === 'WAITING_FOR_DEPOSIT' && amount < payment.balanceAmount)
    return refuse(fault('NOT_ALLOWED_PARTIAL_REFUND_WAITING_DEPOSIT'))
  const refusedAccount = payment.virtualAccount && payment.approvedAt !== null && refusalOfAccount(asked.account)
  if (refusedAccount) return refuse(fault(refusedAccount))

  const isFaulty = scenario.cancel.kind !== 'approve' && entry.cancelFaults < (scenario.cancelTimes ?? Infinity)
  const { money, answer } = cancelOutcomes[isFaulty ? scenario.cancel.kind : 'approve']
  const events: BookEvent[] = isFaulty ? [{ type: 'faulted', of: 'cancel' }] : []
  if (money === 'moves') {
    events.push({
      type: 'canceled',
      at,
      transactionKey: transactionKey(),
      amount,
      reason: asked.reason,
      ...(asked.account ? { account: asked.account } : {}),
    })
  }
  return { events, answer: answer === '500' ? fault('FAILED_INTERNAL_SYSTEM_PROCESSING') : answer }
}

/** A deposit cannot go back the way it came. An account of zeros stands for one that does not exist. */
function refusalOfAccount(account: RefundReceiveAccount | undefined): FaultCode | undefined {
  if (!account) return 'INVALID_REFUND_ACCOUNT_INFO'
  if (!/^[0-9A-Z_가-힣]{2,20}$/.test(account.bankCode)) return 'INVALID_BANK'
  return /^0+$|\D/.test(account.accountNumber) ? 'INVALID_REFUND_ACCOUNT_NUMBER' : undefined
}

function refuse(answer: Fault): Decision {
  return { events: [], answer }
}
