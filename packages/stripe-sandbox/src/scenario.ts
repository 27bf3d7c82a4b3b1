import { declines, type DeclineCode } from './faults.ts'

/**
 * What each outcome of a capture does: whether the money moves, and what the caller is told. `nothing` leaves the
 * request unanswered. `late` moves the money some time after the answer has left.
 */
export const captureOutcomes = {
  approve: { money: 'moves', answer: 'intent' },
  hang: { money: 'stays', answer: 'nothing' },
  'capture-then-hang': { money: 'moves', answer: 'nothing' },
  'capture-then-500': { money: 'moves', answer: '500' },
  'capture-late': { money: 'late', answer: '500' },
  '500': { money: 'stays', answer: '500' },
} as const satisfies Record<string, { money: 'moves' | 'stays' | 'late'; answer: string }>

export const refundOutcomes = {
  approve: { money: 'moves', answer: 'refund' },
  hang: { money: 'stays', answer: 'nothing' },
  'refund-then-hang': { money: 'moves', answer: 'nothing' },
  'refund-then-500': { money: 'moves', answer: '500' },
  '500': { money: 'stays', answer: '500' },
} as const satisfies Record<string, { money: 'moves' | 'stays'; answer: string }>

/** What becomes of the buyer at the payment element. */
const buyers = { agrees: true, 'is-declined': true, 'must-authenticate': true, 'is-processed': true } as const
const webhookManners = { normal: true, early: true, twice: true, reordered: true, late: true, never: true } as const

export type CaptureOutcome = { readonly kind: keyof typeof captureOutcomes; readonly delayMs?: number }
export type RefundOutcome = { readonly kind: keyof typeof refundOutcomes }
export type WebhookManner = { readonly kind: keyof typeof webhookManners; readonly delayMs?: number }
export type Buyer = keyof typeof buyers

/** How one payment is going to behave. `times` is how often a fault happens before the real answer is given. */
export type Scenario = {
  readonly capture: CaptureOutcome
  readonly captureTimes: number
  readonly refund: RefundOutcome
  readonly refundTimes: number
  readonly webhook: WebhookManner
  readonly hangMs: number
}

/** A hanging answer is dropped after this time even if its caller would wait for ever. */
const hangDefaultMs = 120_000
const delayMaxMs = 86_400_000
const timesMax = 1_000_000

export const ordinary: Scenario = {
  capture: { kind: 'approve' },
  captureTimes: timesMax,
  refund: { kind: 'approve' },
  refundTimes: timesMax,
  webhook: { kind: 'normal' },
  hangMs: hangDefaultMs,
}

export type Wish = { scenario: Scenario; buyer: Buyer; declineCode: DeclineCode }

/** Reads what a test wishes of a payment. @returns all the mistakes instead, when there are any */
export function readWish(input: unknown): Wish | { problems: readonly string[] } {
  const problems: string[] = []
  const isObject = typeof input === 'object' && input !== null && !Array.isArray(input)
  const { buyer, declineCode, capture, captureTimes, refund, refundTimes, webhook, hangMs, ...others } = (
    isObject ? input : {}
  ) as Record<string, unknown>
  if (!isObject) problems.push('the body must be a JSON object')
  for (const name of Object.keys(others)) problems.push(`${name.slice(0, 60)}: is not a known field`)

  function one<K extends string>(name: string, value: unknown, kinds: Record<K, unknown>, timed?: K) {
    if (value === undefined) return undefined
    const [kind = '', delay] = typeof value === 'string' ? value.split(':', 2) : []
    const delayMs = /^\d{1,9}$/.test(delay ?? '') ? Number(delay) : undefined
    const isTimed = kind === timed
    if (Object.hasOwn(kinds, kind) && (isTimed ? delayMs !== undefined && delayMs <= delayMaxMs : delay === undefined))
      return { kind: kind as K, ...(delayMs === undefined ? {} : { delayMs }) }
    const allowed = Object.keys(kinds).map((each) => (each === timed ? `${each}:<ms>` : each))
    problems.push(`${name}: must be one of ${allowed.join(', ')}`)
    return undefined
  }
  function whole(name: string, value: unknown, max: number, otherwise: number): number {
    if (value === undefined) return otherwise
    if (Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= max) return value as number
    problems.push(`${name}: must be a whole number from 1 to ${max}`)
    return otherwise
  }

  const wish: Wish = {
    buyer: one('buyer', buyer, buyers)?.kind ?? 'agrees',
    declineCode: one('declineCode', declineCode, declines)?.kind ?? 'generic_decline',
    scenario: {
      capture: one('capture', capture, captureOutcomes, 'capture-late') ?? ordinary.capture,
      captureTimes: whole('captureTimes', captureTimes, timesMax, timesMax),
      refund: one('refund', refund, refundOutcomes) ?? ordinary.refund,
      refundTimes: whole('refundTimes', refundTimes, timesMax, timesMax),
      webhook: one('webhook', webhook, webhookManners, 'late') ?? ordinary.webhook,
      hangMs: whole('hangMs', hangMs, delayMaxMs, hangDefaultMs),
    },
  }
  return problems.length > 0 ? { problems } : wish
}
