import type { Fault } from './faults.ts'
import type { Journal } from './journal.ts'
import type { Payment, PaymentEvent, Transaction } from './payment.ts'
import { changed, lastTransaction, requestedPayment } from './payment.ts'
import type { Replies } from './replies.ts'
import { createReplies } from './replies.ts'
import type { Scenario } from './scenario.ts'

/** A payment with what the sandbox knows about it beyond the provider's own object. */
export type Entry = {
  readonly payment: Payment
  readonly number: number
  readonly scenario: Scenario
  readonly origin: string
  readonly successUrl?: string
  readonly failUrl?: string
  readonly requestedAtMs: number
  /** Of a virtual account: for how long it takes a deposit. */
  readonly validHours?: number
  readonly confirmFaults: number
  readonly cancelFaults: number
  /** When a deposit is going to come, as the payment's scenario says. */
  readonly depositDueAtMs?: number
  /** Set while money is going to move although the caller was told of an error. */
  readonly captureDueAtMs?: number
}

type RequestedEvent = Extract<PaymentEvent, { type: 'requested' }> & {
  readonly scenario: Scenario
  readonly successUrl?: string
  readonly failUrl?: string
}

export type BookEvent =
  | RequestedEvent
  | Exclude<PaymentEvent, { type: 'requested' }>
  | { readonly type: 'faulted'; readonly of: 'confirm' | 'cancel' }
  | { readonly type: 'capture-promised'; readonly dueAtMs: number }

/**
 * One line of the journal: what happened to a payment and the answer that its idempotency key is to repeat. They are
 * one line because after a crash between the two a repeated partial cancel would pay twice. A reply without a fault
 * is the payment as it is after the events.
 */
export type Change = {
  readonly at: number
  readonly paymentKey?: string
  readonly events: readonly BookEvent[]
  readonly reply?: { readonly scope: string; readonly fault?: Fault }
}

export type Books = {
  readonly replies: Replies
  commit(change: Change): Entry | undefined
  entry(paymentKey: string): Entry | undefined
  entryOfAccount(accountNumber: string): Entry | undefined
  /** The payment of an order: the one that took money, else the newest. */
  entryOfOrder(orderId: string): Entry | undefined
  /** At most `limit` entries after the given payment (from the first one without it), oldest first. */
  page(limit: number, after?: string): readonly Entry[]
  /** At most `limit` movements of money from start to end, both included; undefined if `after` is no known key. */
  transactions(from: number, to: number, limit: number, after?: string): readonly Transaction[] | undefined
  totals(): { payments: number; captured: number; canceled: number }
  all(): IterableIterator<Entry>
}

/** Opens the provider's books from the journal, or empty ones that live in memory only. */
export function openBooks(journal?: Journal): Books {
  const entries = new Map<string, Entry>()
  const keys: string[] = []
  const keyOfOrder = new Map<string, string>()
  const keyOfAccount = new Map<string, string>()
  const transactions: { atMs: number; transaction: Transaction }[] = []
  const transactionNumbers = new Map<string, number>()
  const totals = { payments: 0, captured: 0, canceled: 0 }
  const replies = createReplies()

  function request(paymentKey: string, event: RequestedEvent): void {
    if (entries.has(paymentKey)) throw new Error(`paymentKey ${paymentKey} is in use: the random source repeats itself`)
    const known = keyOfOrder.get(event.orderId)
    if (known === undefined || entries.get(known)?.payment.approvedAt === null)
      keyOfOrder.set(event.orderId, paymentKey)
    entries.set(paymentKey, {
      payment: requestedPayment(paymentKey, event),
      number: keys.push(paymentKey) - 1,
      scenario: event.scenario,
      origin: event.origin,
      requestedAtMs: event.at,
      confirmFaults: 0,
      cancelFaults: 0,
      ...(event.validHours === undefined ? {} : { validHours: event.validHours }),
      ...(event.successUrl === undefined ? {} : { successUrl: event.successUrl }),
      ...(event.failUrl === undefined ? {} : { failUrl: event.failUrl }),
    })
    totals.payments++
  }

  function change(paymentKey: string, event: Exclude<BookEvent, { type: 'requested' }>): void {
    const entry = entries.get(paymentKey)
    if (entry === undefined) throw new Error(`paymentKey ${paymentKey} is unknown`)
    if (event.type === 'faulted') {
      const faults = event.of === 'confirm' ? 'confirmFaults' : 'cancelFaults'
      entries.set(paymentKey, { ...entry, [faults]: entry[faults] + 1 })
      return
    }
    if (event.type === 'capture-promised') {
      entries.set(paymentKey, { ...entry, captureDueAtMs: event.dueAtMs })
      return
    }
    const { captureDueAtMs: _, depositDueAtMs: __, ...rest } = entry
    const payment = changed(entry.payment, event, entry.origin)
    const { deposit } = entry.scenario
    const depositDueAtMs =
      event.type === 'issued' && deposit && deposit.kind !== 'never' ? event.at + (deposit.delayMs ?? 0) : undefined
    entries.set(paymentKey, { ...rest, payment, ...(depositDueAtMs === undefined ? {} : { depositDueAtMs }) })
    if (event.type === 'issued') keyOfAccount.set(event.accountNumber, paymentKey)
    if (!('transactionKey' in event) || event.type === 'issued') return
    // What was waited for and never came moves no money when it is given up.
    if (event.type === 'canceled' && entry.payment.approvedAt === null) return
    const transaction = lastTransaction(payment, event.at)
    if (transaction)
      transactionNumbers.set(event.transactionKey, transactions.push({ atMs: event.at, transaction }) - 1)
    if (event.type === 'canceled') totals.canceled += event.amount
    else if (event.type === 'deposit-undone') totals.canceled += payment.balanceAmount
    else {
      totals.captured += payment.totalAmount
      keyOfOrder.set(payment.orderId, paymentKey)
    }
  }

  function apply({ at, paymentKey, events, reply }: Change): Entry | undefined {
    for (const event of events) {
      if (paymentKey === undefined) throw new Error(`event ${event.type} names no payment`)
      if (event.type === 'requested') request(paymentKey, event)
      else change(paymentKey, event)
    }
    const entry = paymentKey === undefined ? undefined : entries.get(paymentKey)
    if (reply?.fault) replies.settle(reply.scope, { fault: reply.fault }, at)
    else if (reply && entry) replies.settle(reply.scope, { payment: entry.payment }, at)
    return entry
  }

  let line = 0
  for (const text of journal?.read() ?? []) {
    line++
    try {
      apply(JSON.parse(text) as Change)
    } catch (error) {
      throw new Error(
        `journal line ${line} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
        {
          cause: error,
        },
      )
    }
  }

  function entry(paymentKey: string): Entry | undefined {
    return entries.get(paymentKey)
  }

  /** The first transaction at or after a time. They are appended in the order of time, so half of them are skipped at each look. */
  function firstTransactionSince(atMs: number): number {
    let low = 0
    let high = transactions.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((transactions[middle]?.atMs ?? 0) < atMs) low = middle + 1
      else high = middle
    }
    return low
  }

  return {
    replies,
    entry,
    commit(change) {
      if (change.events.length > 0 || change.reply) journal?.append(JSON.stringify(change))
      return apply(change)
    },
    entryOfAccount: (accountNumber) => entry(keyOfAccount.get(accountNumber) ?? ''),
    entryOfOrder(orderId) {
      return entry(keyOfOrder.get(orderId) ?? '')
    },
    page(limit, after) {
      const start = after === undefined ? 0 : (entry(after)?.number ?? keys.length) + 1
      return keys.slice(start, start + limit).flatMap((key) => entry(key) ?? [])
    },
    transactions(from, to, limit, after) {
      const known = after === undefined ? -1 : transactionNumbers.get(after)
      if (known === undefined) return undefined
      const start = Math.max(firstTransactionSince(from), known + 1)
      return transactions
        .slice(start, start + limit)
        .filter(({ atMs }) => atMs <= to)
        .map(({ transaction }) => transaction)
    },
    totals: () => ({ ...totals }),
    all: () => entries.values(),
  }
}
