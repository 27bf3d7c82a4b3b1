import type { FaultCode } from './faults.ts'
import { isFaultCode } from './faults.ts'
import type { Fields } from './fields.ts'

/**
 * What each outcome does: whether the money moves, and what the caller is told. `nothing` leaves the request
 * unanswered. `late` moves the money some time after the answer has left.
 */
export const confirmOutcomes = {
  approve: { money: 'moves', answer: 'payment' },
  decline: { money: 'stays', answer: 'decline' },
  hang: { money: 'stays', answer: 'nothing' },
  'capture-then-hang': { money: 'moves', answer: 'nothing' },
  'capture-then-500': { money: 'moves', answer: '500' },
  'capture-late': { money: 'late', answer: '500' },
  '500': { money: 'stays', answer: '500' },
  expire: { money: 'stays', answer: 'expire' },
} as const satisfies Record<string, { money: 'moves' | 'stays' | 'late'; answer: string }>

export const cancelOutcomes = {
  approve: { money: 'moves', answer: 'payment' },
  hang: { money: 'stays', answer: 'nothing' },
  'cancel-then-hang': { money: 'moves', answer: 'nothing' },
  'cancel-then-500': { money: 'moves', answer: '500' },
  '500': { money: 'stays', answer: '500' },
} as const satisfies Record<string, { money: 'moves' | 'stays'; answer: string }>

/** Whether money comes into a virtual account by itself: at once, after a time, or only by hand. */
const depositManners = { now: true, late: true, never: true } as const

const webhookManners = { normal: true, early: true, twice: true, late: true, never: true } as const

export type ConfirmOutcome = { readonly kind: keyof typeof confirmOutcomes; readonly delayMs?: number }
export type CancelOutcome = { readonly kind: keyof typeof cancelOutcomes }
export type WebhookManner = { readonly kind: keyof typeof webhookManners; readonly delayMs?: number }

type DepositManner = { readonly kind: keyof typeof depositManners; readonly delayMs?: number }

/** How one payment is going to behave. `times` is how often the fault happens before the real answer is given. */
export type Scenario = {
  readonly confirm: ConfirmOutcome
  readonly confirmTimes?: number
  readonly declineCode: FaultCode
  readonly cancel: CancelOutcome
  readonly cancelTimes?: number
  readonly webhook: WebhookManner
  readonly deposit?: DepositManner
  readonly hangMs: number
}

/** A hanging answer is dropped after this time even if its caller would wait for ever. */
const hangDefaultMs = 120_000
/** Timers of the runtime reach 24.8 days; a day is far beyond any use here. */
const delayMaxMs = 86_400_000

export const ordinary: Scenario = {
  confirm: { kind: 'approve' },
  declineCode: 'REJECT_CARD_PAYMENT',
  cancel: { kind: 'approve' },
  webhook: { kind: 'normal' },
  hangMs: hangDefaultMs,
}

/** Reads `outcome`, `declineCode`, `times`, `cancelOutcome`, `cancelTimes`, `webhook`, `deposit` and `hangMs`; mistakes go to `fields.problems`. */
export function readScenario(fields: Fields): Scenario {
  const confirm = readConfirmOutcome(fields, 'outcome')
  const declineCode = fields.text('declineCode', { lengthMax: 100 })
  const known = declineCode === undefined || isFaultCode(declineCode) ? declineCode : undefined
  if (declineCode !== known) fields.refuse('declineCode', 'must be an error code of the provider')
  const confirmTimes = fields.whole('times', { min: 1, max: 1_000 })
  const cancel = readTimed(fields, 'cancelOutcome', cancelOutcomes)
  const cancelTimes = fields.whole('cancelTimes', { min: 1, max: 1_000 })
  const webhook = readTimed(fields, 'webhook', webhookManners, 'late')
  const deposit = readTimed(fields, 'deposit', depositManners, 'late')
  return {
    confirm: confirm ?? ordinary.confirm,
    declineCode: known ?? ordinary.declineCode,
    cancel: cancel ?? ordinary.cancel,
    webhook: webhook ?? ordinary.webhook,
    hangMs: fields.whole('hangMs', { min: 1, max: delayMaxMs }) ?? hangDefaultMs,
    ...(deposit === undefined ? {} : { deposit }),
    ...(confirmTimes === undefined ? {} : { confirmTimes }),
    ...(cancelTimes === undefined ? {} : { cancelTimes }),
  }
}

/** Reads one outcome of confirm, such as `decline` or `capture-late:5000`. */
export function readConfirmOutcome(fields: Fields, name: string, required = false): ConfirmOutcome | undefined {
  return readTimed(fields, name, confirmOutcomes, 'capture-late', required)
}

function readTimed<Kind extends string>(
  fields: Fields,
  name: string,
  kinds: Record<Kind, unknown>,
  timed?: Kind,
  required = false,
): { kind: Kind; delayMs?: number } | undefined {
  const text = fields.text(name, { lengthMax: 100, required })
  if (text === undefined) return undefined
  const [kind = '', delay] = text.split(':', 2)
  if (Object.hasOwn(kinds, kind)) {
    if (kind !== timed && delay === undefined) return { kind: kind as Kind }
    const delayMs = /^\d{1,9}$/.test(delay ?? '') ? Number(delay) : Number.NaN
    if (kind === timed && delayMs <= delayMaxMs) return { kind: kind as Kind, delayMs }
  }
  const allowed = Object.keys(kinds).map((each) => (each === timed ? `${each}:<ms>` : each))
  fields.refuse(name, `must be one of ${allowed.join(', ')}`)
  return undefined
}
