import type { Fact } from '#platform/bus'
import { learn, letGo, refuse } from './capturing.ts'
import { askLater, at, calm, move, rest, unchanged, type Change, type Surroundings } from './change.ts'
import * as facts from './events.ts'
import { hintPauseMs, noNews, type Payment, type Step } from './payment.ts'
import type { Answer } from './provider.ts'
import { askForAccount, compare, progress } from './refunding.ts'

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
