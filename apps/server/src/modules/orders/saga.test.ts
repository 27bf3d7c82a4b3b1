import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Fact } from '#platform/bus'
import { createModel, type Model } from '../../../test/orders-model.ts'
import { advance, askAgain, heard, isFree, type Book, type Happening, type Order } from './saga.ts'

const now = Date.parse('2026-01-01T00:00:00Z')

const placed: Order = {
  id: 'ord_1',
  holdId: 'hld_1',
  accountId: 'acc_1',
  saleId: 'sal_1',
  lineId: 'lin_1',
  event: {
    id: 'evt_1',
    organiserId: 'acc_o',
    kind: 'concert',
    name: 'Concert',
    venue: 'Hall',
    startsAt: '2026-06-01T10:00:00Z',
    timeZone: 'Asia/Seoul',
    currency: 'KRW',
  },
  section: { id: 'sec_1', name: 'A' },
  seats: [
    { number: 1, label: 'A-1' },
    { number: 2, label: 'A-2' },
  ],
  unitPrice: { amount: 55_000, currency: 'KRW' },
  fee: { amount: 0, currency: 'KRW' },
  discount: { amount: 0, currency: 'KRW' },
  promoCode: null,
  total: { amount: 110_000, currency: 'KRW' },
  state: 'awaiting-payment',
  version: 0,
  attempt: 0,
  paymentId: null,
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

const isHeard = (fact: Fact): fact is Fact & Happening => (heard as readonly string[]).includes(fact.type)

type Life = { book: Book; model: Model; told: string[] }

/**
 * Lives one purchase as the tape says: what the buyer and the world do, which message arrives next, which one arrives
 * twice. With `inOrder` messages keep the order in which they were sent to their receiver, as the bus promises;
 * without, any message may overtake any other.
 */
function live(
  tape: readonly number[],
  { inOrder, order = placed }: { inOrder: boolean; order?: Order | undefined },
): Life {
  let book: Book = { order, payments: [] }
  let time = now
  let paid = 0
  const model = createModel(order, {
    refuses: (id) => Number(id.slice(4)) % 3 === 1,
    waits: (id) => Number(id.slice(4)) % 5 === 0,
  })
  const toOrders: Fact[] = []
  const toOthers: Fact[] = []
  const told: string[] = []

  function happen(happening: Happening): void {
    const progress = advance(book, happening, time)
    if (progress === 'refuse') {
      if (happening.type !== 'cancel' && happening.type !== 'refund')
        throw new Error(`${happening.type} was refused in ${book.order.state}`)
      return
    }
    expect(progress.book.order.version).toBe(book.order.version + progress.history.length)
    book = progress.book
    toOthers.push(...progress.facts)
    for (const { type, data } of progress.facts) {
      if (type === 'orders.order-fulfilled.v1') told.push('fulfilled')
      if (type === 'orders.order-ended.v1') told.push(data.state)
    }
  }

  function deliver(queue: Fact[], pick: number, isTwice: boolean): void {
    if (queue.length === 0) return
    const index = inOrder ? 0 : pick % queue.length
    const message = queue[index]!
    if (!isTwice) queue.splice(index, 1)
    if (isHeard(message)) happen(message)
    else toOrders.push(...model.hear(message))
  }

  const anyPayment = (pick: number) => `pay_${pick % (paid + 1)}`
  const paying: ((pick: number) => void)[] = [
    () => void toOrders.push(model.pay(`pay_${++paid}`)),
    (pick) => void toOrders.push(...model.captureUnasked(anyPayment(pick))),
    (pick) => void toOrders.push(...model.refuseUnasked(anyPayment(pick))),
    (pick) => void toOrders.push(...model.refundUnasked(anyPayment(pick))),
  ]
  const often = Array<(pick: number) => void>(8).fill((pick) =>
    deliver(pick % 2 === 0 ? toOrders : toOthers, pick >> 1, false),
  )
  const actions: ((pick: number) => void)[] = [
    ...often,
    (pick) => deliver(toOrders, pick, true),
    (pick) => deliver(toOthers, pick, true),
    ...(isFree(order) ? [] : paying),
    () => model.lapse(),
    () => model.takenByOthers(),
    () => model.leftByOthers(),
    () => happen({ type: 'cancel' }),
    () => happen({ type: 'refund', reason: 'the concert is off' }),
    () => void toOthers.push(...askAgain(book, time)),
    (pick) => {
      time += pick * 100_000
      happen({ type: 'deadline' })
    },
  ]
  if (isFree(order)) happen({ type: 'nothing-to-pay' })
  for (const entry of tape) actions[entry % actions.length]!(Math.floor(entry / actions.length))

  for (let rounds = 0; ; rounds++) {
    while (toOrders.length > 0 || toOthers.length > 0) {
      deliver(toOrders, 0, false)
      deliver(toOthers, 0, false)
    }
    if (book.order.state === 'awaiting-deposit') {
      // Nobody pays in: payments says so in the end.
      toOrders.push(...model.refuseUnasked(book.order.paymentId!))
      continue
    }
    if (book.order.state !== 'awaiting-payment') break
    if (rounds > 3) throw new Error('the order does not end')
    time = book.order.payBy
    happen({ type: 'deadline' })
  }
  return { book, model, told }
}

function expectSettled({ book, model, told }: Life): void {
  const { order, payments } = book
  expect(['fulfilled', 'expired', 'cancelled', 'refunded']).toContain(order.state)
  const isFulfilled = order.state === 'fulfilled'
  expect({
    moneyKept: model.moneyKept,
    seats: model.seats === 'sold',
    secured: model.seats === 'secured',
    tickets: model.tickets === 'valid',
  }).toEqual({
    moneyKept: isFulfilled ? order.total.amount : 0,
    seats: isFulfilled,
    secured: false,
    tickets: isFulfilled,
  })
  expect(payments.filter(({ state }) => state === 'captured').map(({ id }) => id)).toEqual(
    isFulfilled && !isFree(order) ? [order.paymentId] : [],
  )
  expect(isFulfilled ? order.seats.map(({ number }) => number) : model.numbers).toEqual(model.numbers)
  expect(payments.filter(({ state }) => state === 'refunding')).toEqual([])
  expect(model.paymentsWithoutAnswer).toEqual([])
  expect(told.at(-1)).toBe(order.state)
}

const tape = fc.array(fc.nat({ max: 4000 }), { minLength: 30, maxLength: 150, size: 'max' })

for (const inOrder of [true, false]) {
  test(`whatever happens, however often, ${inOrder ? 'in the order sent' : 'in any order'}: an order ends, and money is kept if and only if there are tickets`, () => {
    fc.assert(
      fc.property(tape, (entries) => expectSettled(live(entries, { inOrder }))),
      { numRuns: 2000, seed: 20260101 },
    )
  })
}

const nothing = { amount: 0, currency: 'KRW' } as const
const free: Order = { ...placed, unitPrice: nothing, total: nothing }
const accepting: Order = { ...placed, acceptEqualSeats: true }

test('whatever happens to an order that costs nothing: it ends, and has seats if and only if there are tickets', () => {
  const ends = new Set<string>()
  fc.assert(
    fc.property(tape, fc.boolean(), (entries, inOrder) => {
      const life = live(entries, { inOrder, order: free })
      expectSettled(life)
      ends.add(life.book.order.state)
    }),
    { numRuns: 1000, seed: 20260102 },
  )
  expect([...ends].toSorted()).toEqual(['expired', 'fulfilled', 'refunded'])
})

test('whatever happens to an order that takes equal seats: its tickets are for the seats that were sold', () => {
  let others = 0
  fc.assert(
    fc.property(tape, fc.boolean(), (entries, inOrder) => {
      const life = live(entries, { inOrder, order: accepting })
      expectSettled(life)
      if (life.book.order.state === 'fulfilled' && life.book.order.firstSeats) others++
    }),
    { numRuns: 2000, seed: 20260103 },
  )
  expect(others).toBeGreaterThan(5)
})

test('the lives tried end in every way there is', () => {
  const seen = new Set<string>()
  for (const entries of fc.sample(tape, { numRuns: 2000, seed: 7 })) {
    const { book } = live(entries, { inOrder: true })
    seen.add(book.order.state)
    if (book.order.state === 'fulfilled' && book.payments.length > 1) seen.add('fulfilled after more than one payment')
    if (book.order.sellRefusals > 0) seen.add('sell refused')
  }
  expect([...seen]).toEqual(
    expect.arrayContaining(['fulfilled', 'expired', 'cancelled', 'refunded', 'fulfilled after more than one payment']),
  )
})

test('money of another amount than the total stops loudly', () => {
  const captured: Happening = {
    type: 'payments.payment-captured.v1',
    data: {
      orderId: 'ord_1',
      paymentId: 'pay_1',
      amount: { amount: 1, currency: 'KRW' },
      capturedAt: new Date(now).toISOString(),
    },
  }
  expect(() => advance({ order: placed, payments: [] }, captured, now)).toThrow(
    'payment pay_1 captured 1 KRW, order ord_1 costs 110000 KRW',
  )
})
