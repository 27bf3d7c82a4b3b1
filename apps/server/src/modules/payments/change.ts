import type { Fact } from '#platform/bus'
import { checkAt, pauseMs, table, type Happening, type Payment, type Refund, type State, type Step } from './payment.ts'

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

export const unchanged = (payment: Payment): Change => ({ payment, facts: [], history: [], refunds: [], alarms: [] })

export const at = (payment: Payment, step: Step, nextAt: number): Payment => ({ ...payment, step, nextAt })

/** Something to be remembered of a payment that stays in its state. */
export const noted = ({ state }: Payment, event: string, detail: string | null): HistoryLine => ({
  event,
  from: state,
  to: state,
  detail,
})

/** Nothing is to be asked. */
export const idle = { step: null, nextAt: null } as const
/** Nothing is unclear. */
export const calm = { attempts: 0, unknownSince: null, trouble: null } as const

/** Nothing is to be asked now; a doubtful refusal is looked at again later. */
export function atRest(payment: Payment, now: number): Pick<Payment, 'step' | 'nextAt'> {
  const nextAt = checkAt(payment, now)
  return nextAt === null ? idle : { step: 'query', nextAt }
}

export const rest = (payment: Payment, now: number): Change => unchanged({ ...payment, ...atRest(payment, now) })

/** The provider has to be asked how things stand, soon at first and every minute in the end. */
export function askLater(
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

/** The provider says what it cannot say after what it said before. */
export const contradicted = (payment: Payment, asked: Step, code: string, now: number): Change => ({
  ...askLater(payment, asked, { code, isOurFault: true }, now),
  alarms: ['contradiction'],
})

/** The provider is told to wait no more. Asked again after a failure, it is asked under a new key and ever more slowly. */
export const withdrawn = (payment: Payment, now: number): Payment => ({
  ...at(payment, 'withdraw', payment.keySeq === 0 ? now : now + pauseMs(payment.keySeq)),
  keySeq: payment.keySeq + 1,
})

/** One step of the table, or undefined when the state ignores it. */
export function move(
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
