import fc from 'fast-check'
import { expect, test } from 'vitest'
import { splitMoney } from '@fairgate/contracts/money'
import type { Fact } from '#platform/bus'
import { createModel } from '../../../test/orders-model.ts'
import { event } from '../../../test/orders-world.ts'
import { answerOf } from './events.ts'
import { answerReturn, beginReturn, seatRefunds, sum, type ReturnRequest } from './return-steps.ts'
import type { Return } from './returns-store.ts'
import { advance, heard, type Book, type Happening, type Order } from './saga.ts'

const now = Date.parse('2026-01-01T00:00:00Z')
const won = (amount: number) => ({ amount, currency: 'KRW' as const })

const fulfilled: Order = {
  id: 'ord_1',
  holdId: 'hld_1',
  accountId: 'acc_1',
  saleId: 'sal_1',
  lineId: 'lin_1',
  event,
  section: { id: 'sec_1', name: 'A' },
  seats: [1, 2, 3].map((number) => ({ number, label: `A-${number}` })),
  unitPrice: won(55_000),
  fee: won(2_000),
  discount: won(1_000),
  // Not to be divided by three.
  total: won(166_000),
  promoCode: null,
  state: 'fulfilled',
  version: 4,
  attempt: 1,
  paymentId: 'pay_1',
  refusals: 0,
  sellRefusals: 0,
  refusal: null,
  refusedAt: null,
  holdSeconds: 300,
  acceptEqualSeats: false,
  isLate: false,
  firstSeats: null,
  returns: 0,
  returnsAsked: 0,
  placedAt: now,
  payBy: now + 300_000,
  updatedAt: now,
}

/**
 * Lives on with a fulfilled order as the tape says: its seats are asked back in any portions and on any terms, somebody
 * is let in with a ticket, money comes twice or goes back at the provider, and every message may come late and twice.
 */
function live(tape: readonly number[], { elsewhere }: { elsewhere: boolean }) {
  const model = createModel({ ...fulfilled, payBy: fulfilled.payBy })
  let book: Book = { order: fulfilled, payments: [{ id: 'pay_1', amount: fulfilled.total, state: 'captured' }] }
  let returns: readonly Return[] = []
  let count = 0
  const toOrders: Fact[] = []
  const toOthers: Fact[] = []
  const told: string[] = []
  model.pay('pay_1')
  model.captureUnasked('pay_1')
  model.hear({ type: 'orders.order-fulfilled.v1', data: {} } as Fact)

  const send = (facts: readonly Fact[]) => {
    toOthers.push(...facts)
    for (const { type, data } of facts) if (type === 'orders.order-ended.v1') told.push(data.state)
  }
  const happen = (happening: Happening) => {
    const progress = advance(book, happening, now)
    if (progress === 'refuse') throw new Error(`${happening.type} was refused in ${book.order.state}`)
    book = progress.book
    send(progress.facts)
  }
  function ask(request: Partial<ReturnRequest>): void {
    const begun = beginReturn(
      book,
      returns,
      {
        orderId: 'ord_1',
        cancellationId: null,
        reason: 'buyer',
        note: '',
        evenUsed: false,
        percent: 100,
        feePerSeat: 0,
        ...request,
      },
      { id: `ret_${++count}`, now },
    )
    if (!begun) return
    returns = [...returns, begun.begun]
    send([begun.fact])
  }
  function arrive(message: Fact): void {
    const said = answerOf(message as Parameters<typeof answerOf>[0])
    if (said) {
      const progress = answerReturn(book, returns, said, now)
      returns = progress.returns
      send(progress.facts)
      const isMoneyKept = returns.some(({ state, paid, refund }) => state === 'done' && refund < paid)
      if (progress.isAllBack) happen({ type: 'all-returned', isMoneyKept })
    }
    if ((heard as readonly string[]).includes(message.type)) happen(message as Fact & Happening)
  }
  function deliver(queue: Fact[], pick: number, isTwice: boolean): void {
    if (queue.length === 0) return
    const index = pick % queue.length
    const message = queue[index]!
    if (!isTwice) queue.splice(index, 1)
    if (queue === toOrders) arrive(message)
    else toOrders.push(...model.hear(message))
  }

  const seat = (pick: number) => (pick % 3) + 1
  const terms = (pick: number) => ({ percent: [100, 90, 33, 0][pick % 4]!, feePerSeat: pick % 3 === 0 ? 1000 : 0 })
  const actions: ((pick: number) => void)[] = [
    (pick) => deliver(pick % 2 ? toOrders : toOthers, pick >> 1, false),
    (pick) => deliver(pick % 2 ? toOrders : toOthers, pick >> 1, false),
    (pick) => deliver(toOrders, pick, true),
    (pick) => deliver(toOthers, pick, true),
    (pick) => ask({ seatNumbers: [seat(pick)], ...terms(pick >> 2) }),
    (pick) => ask({ seatNumbers: [seat(pick), seat(pick + 1)], ...terms(pick >> 2) }),
    (pick) => ask({ reason: 'organiser', evenUsed: pick % 2 === 0, ...terms(pick >> 1) }),
    (pick) => model.letIn(seat(pick)),
    (pick) => {
      if (pick % 4 === 0) toOrders.push(model.pay('pay_2'), ...model.captureUnasked('pay_2'))
    },
    (pick) => {
      if (elsewhere && pick % 8 === 0) toOrders.push(...model.refundUnasked('pay_1'))
    },
  ]
  for (const entry of tape) actions[entry % actions.length]!(Math.floor(entry / actions.length))
  while (toOrders.length > 0 || toOthers.length > 0) {
    deliver(toOrders, 0, false)
    deliver(toOthers, 0, false)
  }
  return { book, returns, model, told }
}

const tape = fc.array(fc.nat({ max: 4000 }), { minLength: 10, maxLength: 80, size: 'max' })

test('however seats go back, in any order and however often it is told: money kept is what the seats left were paid with, and the fees', () => {
  fc.assert(
    fc.property(tape, (entries) => {
      const { book, returns, model, told } = live(entries, { elsewhere: false })
      const done = returns.filter(({ state }) => state === 'done')
      const gone = new Set(done.flatMap(({ seats }) => seats.map(({ number }) => number)))
      const parts = splitMoney(fulfilled.total, 3)
      const left = sum(parts.filter((_, i) => !gone.has(fulfilled.seats[i]!.number)))
      const fees = done.reduce((kept, { paid, refund }) => kept + paid - refund, 0)
      expect(model.moneyKept).toBe(left + fees)
      // No seat twice, none without its ticket, and nobody's who is inside, unless the organiser said so.
      expect(done.flatMap(({ seats }) => seats)).toHaveLength(gone.size)
      expect(model.revokedSeats).toEqual(gone)
      expect(model.returnedSeats).toEqual(gone)
      const byRight = done.filter(({ evenUsed }) => !evenUsed).flatMap(({ seats }) => seats)
      expect(byRight.filter(({ number }) => model.usedSeats.has(number))).toEqual([])
      expect(returns.filter(({ state }) => state === 'asked' || state === 'refunding')).toEqual([])
      expect(book.order.state).toBe(gone.size === 3 ? 'refunded' : 'fulfilled')
      expect(told).toEqual(gone.size === 3 ? ['refunded'] : [])
    }),
    { numRuns: 1500, seed: 20260102 },
  )
})

test('when all money goes back at the provider meanwhile, the order ends once, nothing is kept and nothing is left open', () => {
  fc.assert(
    fc.property(tape, (entries) => {
      const { book, returns, model, told } = live(entries, { elsewhere: true })
      expect(returns.filter(({ state }) => state === 'asked' || state === 'refunding')).toEqual([])
      expect(told).toEqual(book.order.state === 'refunded' ? ['refunded'] : [])
      const isAllGone = model.moneyKept === 0 && book.payments.every(({ state }) => state === 'refunded')
      expect(isAllGone && book.order.state !== 'refunded').toBe(false)
    }),
    { numRuns: 1500, seed: 20260103 },
  )
})

test('one after the other or all at once, the same goes back', () => {
  fc.assert(
    fc.property(fc.nat(100), fc.nat(5000), fc.integer({ min: 0, max: 1_000_000 }), (percent, feePerSeat, total) => {
      const order = { ...fulfilled, total: won(total) }
      const back = (...numbers: number[]) =>
        sum(seatRefunds(order, new Set(numbers), { percent, feePerSeat }).map(({ refund }) => refund))
      expect(back(1, 2, 3)).toBe(back(2) + back(3, 1))
      expect(back(1, 2, 3)).toBeLessThanOrEqual(total)
    }),
    { numRuns: 500, seed: 1 },
  )
})
