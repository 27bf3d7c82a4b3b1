import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { book, decline, requestCapture } from './booking.ts'
import type { Change } from './change.ts'
import { happenings, pauseMs, states, table, type Payment, type Refund } from './payment.ts'
import { statuses, type Answer } from './provider.ts'
import { requestRefund, takeRefundAccount } from './refunding.ts'

const fresh: Payment = {
  id: 'pay_1',
  orderId: 'ord_1',
  accountId: 'acc_1',
  eventId: 'evt_1',
  provider: 'toss',
  paymentKey: 'key',
  amount: 1000,
  currency: 'KRW',
  state: 'requested',
  stateAt: 0,
  step: null,
  nextAt: null,
  lease: 0,
  leaseUntil: null,
  askedAt: 0,
  attempts: 0,
  unknownSince: null,
  trouble: null,
  keySeq: 0,
  isDoubtful: false,
  hint: null,
  providerStatus: null,
  refusal: null,
  deposit: null,
  capturedAt: null,
  capturedAmount: 0,
  refundedAmount: 0,
  refund: null,
  refundsOpen: 0,
  refundsOpenAmount: 0,
}

test('the table in SPEC.md is the table in the code', () => {
  const text = readFileSync(new URL('./SPEC.md', import.meta.url), 'utf8')
  const rows = text
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('`', '')),
    )
  const written = Object.fromEntries(rows.map(([happening, ...cells]) => [happening, cells]))
  const wanted = Object.fromEntries(
    happenings.map((happening) => [
      happening,
      states.map((state) => (table[state][happening] === 'ignore' ? '–' : table[state][happening])),
    ]),
  )
  expect(written).toEqual(wanted)
})

test('pauses double from half a second to a minute', () => {
  expect([1, 2, 3, 7, 8, 9, 1000].map(pauseMs)).toEqual([500, 1000, 2000, 32_000, 60_000, 60_000, 60_000])
})

const account = { bank: '88', number: '1', holder: null, dueAt: 100_000, secret: 'ps_1' }

const answers: fc.Arbitrary<Answer> = fc.oneof(
  fc.record({ kind: fc.constant('unknown' as const), code: fc.constant('x'), isOurFault: fc.boolean() }),
  fc.record({
    kind: fc.constant('unknown' as const),
    code: fc.constant('x'),
    isOurFault: fc.boolean(),
    next: fc.constantFrom('again' as const, 'ask-buyer' as const),
  }),
  fc.record({ kind: fc.constant('refused' as const), code: fc.constant('NO'), message: fc.constant('no') }),
  fc.record({
    kind: fc.constant('found' as const),
    payment: fc.record({
      status: fc.constantFrom(...statuses),
      providerStatus: fc.constant('X'),
      orderId: fc.constantFrom('ord_1', 'ord_1', 'ord_1', 'ord_2'),
      amount: fc.constantFrom(1000, 1000, 1000, 700),
      balance: fc.constantFrom(0, 400, 700, 1000, 1000),
      currency: fc.constant('KRW'),
      capturedAt: fc.constantFrom(null, 5),
      failure: fc.constant(null),
      deposit: fc.constantFrom(null, account),
    }),
  }),
)

type Move =
  | { kind: 'answer'; answer: Answer; hint: Payment['hint'] }
  | { kind: 'capture' }
  | { kind: 'decline' }
  | { kind: 'refund'; amount: number }
  | { kind: 'refund-account' }

const moves: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      answer: answers,
      hint: fc.constantFrom(null, 'unclear' as const, ...statuses),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('capture' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('refund-account' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('decline' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('refund' as const), amount: fc.constantFrom(1, 400, 1000, 5000) }),
  },
)

/** What the database keeps between two steps: open refunds in their order. */
function createBooks() {
  let payment = fresh
  const open: Refund[] = []
  const done: Refund[] = []
  return {
    get payment() {
      return {
        ...payment,
        refund: open[0] ?? null,
        refundsOpen: open.length,
        refundsOpenAmount: open.reduce((sum, { amount }) => sum + amount, 0),
      }
    },
    done,
    write(change: Change): void {
      payment = change.payment
      for (const { isDone, ...refund } of change.refunds) {
        const index = open.findIndex(({ id }) => id === refund.id)
        if (index >= 0) open.splice(index, 1)
        if (isDone) done.push(refund)
        else open.splice(index >= 0 ? index : open.length, 0, refund)
      }
    },
  }
}

/** The promises of the migration's constraints and of the audit that a payment breaks. */
function brokenIn(p: Payment, done: readonly Refund[]): string[] {
  const holdsMoney = p.state === 'captured' || p.state === 'refunding' || p.state === 'refunded'
  const promises: Record<string, boolean> = {
    'a step has a time': (p.step === null) === (p.nextAt === null),
    'nobody forgets':
      p.nextAt !== null || (!['capturing', 'awaiting', 'refunding'].includes(p.state) && p.refund === null),
    'no more goes back than came': p.refundedAmount >= 0 && p.refundedAmount <= p.capturedAmount,
    'no money before the capture': p.capturedAmount === 0 || !['requested', 'capturing', 'awaiting'].includes(p.state),
    'captured is captured in full': !holdsMoney || (p.capturedAmount === p.amount && p.capturedAt !== null),
    'awaiting knows where': p.state !== 'awaiting' || p.deposit !== null,
    'refunded is refunded in full': p.state !== 'refunded' || p.refundedAmount === p.capturedAmount,
    'refunding has a refund': p.state !== 'refunding' || p.refund !== null,
    'a refund is worked on': p.refund === null || ['refunding', 'refused', 'declined'].includes(p.state),
    'what went back is the sum of refunds': done.reduce((sum, { amount }) => sum + amount, 0) === p.refundedAmount,
    'no success, no money': holdsMoney || p.refund !== null || p.capturedAmount === p.refundedAmount,
  }
  return Object.keys(promises).filter((name) => !promises[name])
}

test('whatever the provider says, in whatever order, the books stay sound and nobody is told twice', () => {
  fc.assert(
    fc.property(fc.array(moves, { maxLength: 40 }), fc.boolean(), (steps, isHolding) => {
      const books = createBooks()
      const told: Record<string, number> = {}
      let refundedTold = 0
      let now = 0
      let ids = 0
      const around = () => ({
        now,
        newRefundId: () => `ref_${++ids}`,
        depositMaxMs: 50_000,
        holdsMoney: () => isHolding,
      })
      for (const step of steps) {
        now += 1000
        const { payment } = books
        let change: Change
        if (step.kind === 'capture') change = requestCapture(payment, around())
        else if (step.kind === 'decline') change = decline(payment, 'x', around())
        else if (step.kind === 'refund')
          change = requestRefund(payment, { id: `msg_${now}`, amount: step.amount, reason: 'x' }, around())
        else if (step.kind === 'refund-account') {
          const taken = takeRefundAccount(payment, { bank: '88', number: '12345', holder: 'me' }, around())
          if (!taken) continue
          change = taken
        } else if (payment.step !== null)
          change = book({ ...payment, askedAt: now, hint: step.hint }, payment.step, step.answer, around())
        else continue
        books.write(change)
        // Whoever asks for the capture again is told again.
        const isAgain = step.kind === 'capture' && change.history.length === 0
        for (const { type, data } of isAgain ? [] : change.facts) {
          told[type] = (told[type] ?? 0) + 1
          if (type === 'payments.payment-refunded.v1') refundedTold += data.amount.amount
        }
        expect(brokenIn(books.payment, books.done)).toEqual([])
      }
      expect(told['payments.payment-captured.v1'] ?? 0).toBeLessThanOrEqual(1)
      expect(told['payments.payment-awaited.v1'] ?? 0).toBeLessThanOrEqual(1)
      expect(told['payments.payment-refused.v1'] ?? 0).toBeLessThanOrEqual(1)
      expect(refundedTold).toBeLessThanOrEqual(fresh.amount)
    }),
    { numRuns: 3000 },
  )
})

test('asked for the capture again, a payment tells again what came of it, and changes nothing', () => {
  const around = { now: 0, newRefundId: () => 'ref', depositMaxMs: null, holdsMoney: () => false }
  const captured = { ...fresh, state: 'captured' as const, capturedAt: 0, capturedAmount: fresh.amount }
  const refused = { ...fresh, state: 'refused' as const, refusal: { code: 'NO', message: 'no' } }
  for (const [payment, type] of [
    [captured, 'payment-captured'],
    [refused, 'payment-refused'],
  ] as const) {
    const change = requestCapture(payment, around)
    expect([change.payment, change.history]).toEqual([payment, []])
    expect(change.facts).toMatchObject([{ type: `payments.${type}.v1`, data: { paymentId: payment.id } }])
  }
  expect(requestCapture({ ...fresh, state: 'capturing' }, around).facts).toEqual([])
})

test('what was asked for is told as soon as the provider knows: an honest one is never asked in vain', () => {
  fc.assert(
    fc.property(fc.boolean(), fc.array(fc.boolean(), { maxLength: 12 }), (isDeclined, losses) => {
      let payment = requestCapture(fresh, {
        now: 0,
        newRefundId: () => 'ref',
        depositMaxMs: null,
        holdsMoney: () => false,
      }).payment
      const lost: Answer = { kind: 'unknown', code: 'lost', isOurFault: false }
      let isCaptured = false
      let isAborted = false
      const found = (): Answer => ({
        kind: 'found',
        payment: {
          status: isCaptured ? 'paid' : isAborted ? 'failed' : 'open',
          providerStatus: 'X',
          orderId: 'ord_1',
          amount: 1000,
          balance: 1000,
          currency: 'KRW',
          capturedAt: null,
          failure: null,
        },
      })
      const provide = (): Answer => {
        if (payment.step === 'query') return found()
        if (isDeclined) isAborted = true
        else isCaptured = true
        return isDeclined ? { kind: 'refused', code: 'NO', message: 'no' } : found()
      }
      // Answers are lost on their way back; in the end some arrive.
      for (const isLost of [...losses, false, false, false]) {
        if (payment.state !== 'capturing') break
        const answer = provide()
        payment = book(payment, payment.step!, isLost ? lost : answer, {
          now: payment.nextAt!,
          newRefundId: () => 'ref',
          depositMaxMs: null,
          holdsMoney: () => false,
        }).payment
      }
      expect(payment.state).toBe(isDeclined ? 'refused' : 'captured')
      expect(payment.keySeq).toBe(0)
    }),
  )
})
