import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { EventData, EventType, Message } from '@fairgate/contracts/events'
import { money, splitMoney, type Money } from '@fairgate/contracts/money'
import { accounts, entryOf, type Entry, type Heard } from './entry.ts'

const event = {
  id: 'evt_1',
  organiserId: 'acc_organiser',
  kind: 'concert' as const,
  name: 'Concert',
  venue: 'Hall',
  startsAt: '2026-06-01T10:00:00.000Z',
  timeZone: 'Asia/Seoul',
  currency: 'KRW' as const,
}
const at = '2026-01-01T00:00:00.000Z'
const krw = (amount: number): Money => money(amount, 'KRW')
const partOf = (amount: number, seats: number, which: readonly number[]) =>
  which.reduce((sum, index) => sum + splitMoney(krw(amount), seats)[index]!.amount, 0)

let told = 0
const fact = <T extends EventType>(type: T, data: EventData<T>): Message =>
  ({ id: `msg_${++told}`, type, key: 'order', time: Date.parse(at), data }) as Message

type Life = {
  price: number
  seats: number
  feeEach: number
  discount: number
  keptPercent: number
  returned: number[][]
}

const life = fc
  .record({
    price: fc.integer({ min: 1, max: 200_000 }),
    seats: fc.integer({ min: 1, max: 6 }),
    feeEach: fc.integer({ min: 0, max: 3000 }),
    discountPercent: fc.integer({ min: 0, max: 100 }),
    keptPercent: fc.integer({ min: 0, max: 100 }),
    groups: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 6, maxLength: 6 }),
  })
  .map(({ price, seats, feeEach, discountPercent, keptPercent, groups }): Life => {
    const discount = Math.floor((price * seats * discountPercent) / 100)
    const which = Array.from({ length: seats }, (_, index) => index)
    const returned = [1, 2, 3].map((group) => which.filter((index) => groups[index] === group))
    return { price, seats, feeEach, discount, keptPercent, returned: returned.filter((list) => list.length > 0) }
  })

/** What is told of an order, and what must be in the books in the end. */
function factsOf(id: string, { price, seats, feeEach, discount, keptPercent, returned }: Life) {
  const order = { orderId: id, holdId: `hld_${id}`, accountId: 'acc', saleId: 'sal', lineId: 'lin', event }
  const section = { id: 'sec_1', name: 'Floor' }
  const fee = feeEach * seats
  const total = price * seats + fee - discount
  const seatsOf = (which: readonly number[]) => which.map((index) => ({ number: index + 1, label: `A-${index + 1}` }))
  const paid = { orderId: id, paymentId: `pay_${id}`, provider: 'toss', eventId: event.id }
  const facts: Message[] = [
    fact('payments.payment-captured.v1', { ...paid, amount: krw(total), capturedAt: at }),
    fact('orders.order-fulfilled.v1', {
      ...order,
      section,
      seats: seatsOf(Array.from({ length: seats }, (_, index) => index)),
      unitPrice: krw(price),
      ...(fee > 0 ? { fee: krw(fee) } : {}),
      ...(discount > 0 ? { discount: krw(discount) } : {}),
      total: krw(total),
      fulfilledAt: at,
    }),
  ]
  const model = { received: total, kept: 0, seats, fees: fee }
  returned.forEach((which, index) => {
    const worth = partOf(total, seats, which)
    const kept = Math.floor((worth * keptPercent) / 100)
    const feePart = partOf(fee, seats, which)
    model.received -= worth - kept
    model.kept += kept
    model.seats -= which.length
    model.fees -= feePart
    facts.push(
      fact('orders.seats-returned.v1', {
        ...order,
        section,
        returnId: `ret_${id}_${index}`,
        seats: seatsOf(which),
        seatsLeft: model.seats,
        refunded: krw(worth - kept),
        kept: krw(kept),
        fee: krw(feePart),
        discount: krw(partOf(discount, seats, which)),
        reason: 'buyer',
        at,
      }),
      fact('payments.payment-refunded.v1', { ...paid, amount: krw(worth - kept), refundId: `ref_${id}_${index}` }),
    )
  })
  return { facts, model }
}

const totalsOf = (entries: readonly Entry[]) =>
  Object.fromEntries(accounts.map((account) => [account, entries.reduce((sum, entry) => sum + entry[account], 0)]))

test('whatever is told, however often and in any order: entries sum to zero and the books say what happened', () => {
  fc.assert(
    fc.property(
      fc.array(life, { minLength: 1, maxLength: 5 }),
      fc.infiniteStream(fc.integer({ min: 0, max: 1000 })),
      (lives, chance) => {
        const next = () => chance.next().value!
        const orders = lives.map((one, index) => factsOf(`ord_${index}`, one))
        const facts = orders.flatMap((order) => order.facts)
        const twice = [...facts, ...facts.filter(() => next() % 2 === 0)]
        const arrived = twice.map((message) => ({ message, place: next() })).toSorted((a, b) => a.place - b.place)
        const posted = new Map<string, Entry>()
        for (const { message } of arrived) {
          const entry = entryOf(message as Heard)
          expect(accounts.reduce((sum, account) => sum + entry[account], 0)).toBe(0)
          const key = `${entry.orderId} ${entry.kind} ${entry.ref}`
          if (!posted.has(key)) posted.set(key, entry)
        }
        expect(posted.size).toBe(facts.length)
        orders.forEach(({ model }, index) => {
          const books = [...posted.values()].filter(({ orderId }) => orderId === `ord_${index}`)
          const totals = totalsOf(books)
          expect(totals).toMatchObject({ provider: model.received, buyer: 0 })
          expect(0 - totals['kept']!).toBe(model.kept)
          expect(0 - totals['fees']!).toBe(model.fees)
          expect(books.reduce((sum, { seats }) => sum + seats, 0)).toBe(model.seats)
          const rest = [totals['organiser']!, totals['discounts']!, totals['fees']!].map(Math.abs)
          expect(model.seats > 0 || rest.every((left) => left === 0)).toBe(true)
        })
      },
    ),
    { numRuns: 200, seed: 7 },
  )
})
