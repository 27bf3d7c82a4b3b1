import type { EventData } from '@fairgate/contracts/events'
import type { Money } from '@fairgate/contracts/money'
import { fact, type Fact } from '#platform/bus'

/** What the others know of an order. Times are epoch milliseconds. */
type Ordered = {
  id: string
  holdId: string
  accountId: string
  seats: readonly { number: number; label: string }[]
  total: Money
  placedAt: number
  payBy: number
}

/**
 * What inventory, payments and tickets do about one order, as the protocol says, told in facts. Answers to
 * `hear` are facts for orders; the other members are what the world does by itself.
 */
export function createModel(
  order: Ordered,
  options: { refuses?: (paymentId: string) => boolean; waits?: (paymentId: string) => boolean } = {},
) {
  const refuses = options.refuses ?? (() => false)
  const waits = options.waits ?? (() => false)
  const ids = { orderId: order.id, holdId: order.holdId }
  let seats: 'held' | 'free' | 'taken' | 'secured' | 'sold' = 'held'
  let expiresAt = order.payBy
  let tickets: 'none' | 'valid' | 'revoked' = 'none'
  const payments = new Map<string, 'requested' | 'declined' | 'refused' | 'captured' | 'refunded'>()
  const about = (paymentId: string, amount: Money = order.total) => ({ orderId: order.id, paymentId, amount })

  let equalSeats: { number: number; label: string }[] | undefined
  const seatsNow = () => equalSeats ?? [...order.seats]

  function secure({ attempt, late, equal }: EventData<'orders.secure-requested.v1'>): Fact {
    if (seats === 'held' || (late && seats === 'free')) seats = 'secured'
    if (late && equal && seats === 'taken') {
      equalSeats = order.seats.map((_, i) => ({ number: 100 + i, label: `Z-${i}` }))
      seats = 'secured'
    }
    if (seats === 'secured' || seats === 'sold') {
      const chosen = equal ? { seats: seatsNow() } : {}
      return fact('inventory.hold-secured.v1', { ...ids, attempt, ...chosen })
    }
    return fact('inventory.hold-lost.v1', { ...ids, attempt, reason: seats })
  }

  function capture(paymentId: string): Fact {
    const state = payments.get(paymentId)
    if (state === 'requested' && waits(paymentId)) return awaited(paymentId)
    if (state === 'requested') payments.set(paymentId, refuses(paymentId) ? 'refused' : 'captured')
    if (payments.get(paymentId) === 'captured') return captured(paymentId)
    return fact('payments.payment-refused.v1', {
      orderId: order.id,
      paymentId,
      code: 'REJECT_CARD_PAYMENT',
      message: 'refused',
    })
  }

  const awaited = (paymentId: string) =>
    fact('payments.payment-awaited.v1', {
      ...about(paymentId),
      accountId: order.accountId,
      until: new Date(order.payBy + 86_400_000).toISOString(),
      account: { bank: 'bank', number: '1', holder: null },
    })
  const captured = (paymentId: string) =>
    fact('payments.payment-captured.v1', { ...about(paymentId), capturedAt: new Date(order.placedAt).toISOString() })
  const refunded = (paymentId: string) => fact('payments.payment-refunded.v1', about(paymentId))
  const balances = new Map<string, number>()
  const balanceOf = (paymentId: string) => balances.get(paymentId) ?? order.total.amount
  const partsReturned = new Map<string, Fact[]>()
  const usedSeats = new Set<number>()
  const revokedSeats = new Set<number>()
  const returnedSeats = new Set<number>()

  function refund({ paymentId, amount, returnId }: EventData<'orders.refund-requested.v1'>): Fact[] {
    if (returnId === undefined) {
      payments.set(paymentId, 'refunded')
      return [refunded(paymentId)]
    }
    const said = partsReturned.get(returnId)
    if (said) return said
    const { currency } = order.total
    const gone = Math.min(amount.amount, payments.get(paymentId) === 'refunded' ? 0 : balanceOf(paymentId))
    balances.set(paymentId, balanceOf(paymentId) - gone)
    const refundedTotal = { amount: order.total.amount - balanceOf(paymentId), currency }
    if (refundedTotal.amount === order.total.amount) payments.set(paymentId, 'refunded')
    const told = fact('payments.payment-refunded.v1', {
      ...about(paymentId, { amount: gone, currency }),
      returnId,
      refundedTotal,
    })
    partsReturned.set(returnId, [told])
    return [told]
  }

  function revoke({ returnId, seats: numbers, evenUsed }: EventData<'orders.revoke-requested.v1'>): Fact {
    const used = evenUsed ? [] : numbers.filter((number) => usedSeats.has(number) && !revokedSeats.has(number))
    if (used.length > 0) return fact('tickets.revoke-refused.v1', { orderId: order.id, returnId, usedSeats: used })
    for (const number of numbers) revokedSeats.add(number)
    return fact('tickets.tickets-revoked.v1', { orderId: order.id, returnId })
  }

  function hear(heard: Fact): Fact[] {
    switch (heard.type) {
      case 'orders.secure-requested.v1':
        return [secure(heard.data)]
      case 'orders.sell-requested.v1':
        if (seats === 'secured') seats = 'sold'
        return [
          seats === 'sold'
            ? fact('inventory.seats-sold.v1', { ...ids, ...(heard.data.equal ? { seats: seatsNow() } : {}) })
            : fact('inventory.sell-refused.v1', { ...ids, reason: seats }),
        ]
      case 'orders.return-requested.v1':
        if (seats === 'secured') seats = 'held'
        expiresAt = Math.max(expiresAt, order.placedAt + heard.data.holdSeconds * 1000)
        return [fact('inventory.hold-returned.v1', { ...ids, expiresAt: new Date(expiresAt).toISOString() })]
      case 'orders.release-requested.v1':
        if (seats === 'held' || seats === 'secured' || (heard.data.sold && seats === 'sold')) seats = 'free'
        return []
      case 'orders.capture-requested.v1':
        return [capture(heard.data.paymentId)]
      case 'orders.payment-declined.v1':
        if (payments.get(heard.data.paymentId) === 'requested') payments.set(heard.data.paymentId, 'declined')
        return []
      case 'orders.refund-requested.v1':
        return refund(heard.data)
      case 'orders.revoke-requested.v1':
        return [revoke(heard.data)]
      case 'orders.seats-returned.v1':
        for (const { number } of heard.data.seats) returnedSeats.add(number)
        return []
      case 'orders.order-fulfilled.v1':
        if (tickets === 'none') tickets = 'valid'
        return []
      case 'orders.order-ended.v1':
        if (heard.data.state === 'refunded') tickets = 'revoked'
        return []
      default:
        return []
    }
  }

  return {
    hear,
    /** The buyer comes back from the payment window, perhaps again with the same payment. */
    pay(paymentId: string): Fact {
      if (!payments.has(paymentId)) payments.set(paymentId, 'requested')
      return fact('payments.payment-requested.v1', { ...about(paymentId), accountId: order.accountId })
    },
    /** Money that nobody asked for, or that was said to be refused. */
    captureUnasked(paymentId: string): Fact[] {
      if (payments.get(paymentId) === 'refunded') return []
      payments.set(paymentId, 'captured')
      return [captured(paymentId)]
    },
    refuseUnasked(paymentId: string): Fact[] {
      if (payments.get(paymentId) !== 'requested') return []
      payments.set(paymentId, 'refused')
      return [
        fact('payments.payment-refused.v1', { orderId: order.id, paymentId, code: 'EXPIRED', message: 'given up' }),
      ]
    },
    refundUnasked(paymentId: string): Fact[] {
      if (payments.get(paymentId) !== 'captured') return []
      payments.set(paymentId, 'refunded')
      return [refunded(paymentId)]
    },
    /** Somebody is let in with the ticket of this seat, if it is valid. */
    letIn(number: number) {
      if (tickets === 'valid' && !revokedSeats.has(number)) usedSeats.add(number)
    },
    /** The hold lapses, others take the seats or leave them. */
    lapse() {
      if (seats === 'held') seats = 'free'
    },
    takenByOthers() {
      if (seats === 'free') seats = 'taken'
    },
    leftByOthers() {
      if (seats === 'taken') seats = 'free'
    },
    get seats() {
      return seats
    },
    /** The seats by number, which others than were ordered may have become. */
    get numbers() {
      return seatsNow().map(({ number }) => number)
    },
    get tickets() {
      return tickets
    },
    get paymentsWithoutAnswer() {
      return [...payments].filter(([, state]) => state === 'requested').map(([id]) => id)
    },
    get moneyKept() {
      const captured = [...payments].filter(([, state]) => state === 'captured')
      return captured.reduce((kept, [paymentId]) => kept + balanceOf(paymentId), 0)
    },
    /** Numbers of seats whose tickets were taken back, that were told to be returned, and that let somebody in. */
    get revokedSeats() {
      return revokedSeats
    },
    get returnedSeats() {
      return returnedSeats
    },
    get usedSeats() {
      return usedSeats
    },
  }
}

export type Model = ReturnType<typeof createModel>
