import type { BookEvent, Books, Change, Entry } from './books.ts'
import type { Schedule } from './hanging.ts'
import { confirmed, decideDeposit, isOverdue, sessionMs } from './rules.ts'
import { createSessions } from './sessions.ts'
import type { Webhooks } from './webhooks.ts'

/** The books with everything that follows from a change in them: webhooks, late captures, the end of a session. */
export type Ledger = {
  /** The payment as it is now: one whose time to confirm is over has expired. */
  current(entry: Entry | undefined): Entry | undefined
  /**
   * Commits a change and sees to what follows. The answer may leave when `mayAnswer` settles, which is after the webhook
   * where that is to come early; `afterAnswer` is to be called when it has left.
   */
  record(change: Change): Recorded
  /** Money comes into a virtual account, or its bank takes it back. @returns undefined when that is not possible now */
  deposit(paymentKey: string, kind: 'deposited' | 'deposit-undone'): Entry | undefined
  close(): void
}

type Options = {
  books: Books
  webhooks: Webhooks
  now: () => number
  schedule: Schedule
  ids: { transactionKey: () => string; approveNo: () => string; accountNumber: () => string }
}

type Recorded = { entry: Entry | undefined; mayAnswer: Promise<void> | undefined; afterAnswer: () => void }

/** An early webhook holds its answer back no longer than this. */
const earlyWebhookMs = 10_000
const announced = new Set<BookEvent['type']>([
  'approved',
  'aborted',
  'expired',
  'canceled',
  'deposited',
  'deposit-undone',
])

export function createLedger({ books, webhooks, now, schedule, ids }: Options): Ledger {
  const timers = new Set<() => void>()
  const sessions = createSessions(now, schedule, (paymentKey) => current(books.entry(paymentKey)))

  for (const entry of books.all()) watch(entry)

  function later(delayMs: number, run: () => void): () => void {
    const cancel = schedule(Math.max(0, delayMs), () => {
      timers.delete(stop)
      run()
    })
    function stop(): void {
      timers.delete(stop)
      cancel()
    }
    timers.add(stop)
    return stop
  }

  function watch({ payment, requestedAtMs, captureDueAtMs, depositDueAtMs }: Entry): void {
    if (depositDueAtMs !== undefined) later(depositDueAtMs - now(), () => void deposit(payment.paymentKey, 'deposited'))
    if (payment.status !== 'IN_PROGRESS') return
    if (captureDueAtMs === undefined) sessions.add(payment.paymentKey, requestedAtMs + sessionMs)
    else later(captureDueAtMs - now(), () => capture(payment.paymentKey))
  }

  /** The capture that was promised behind an error. It finds nothing to do if a retry came before it. */
  function capture(paymentKey: string): void {
    const entry = books.entry(paymentKey)
    if (entry?.captureDueAtMs === undefined) return
    background(paymentKey, confirmed(entry, { ...ids, at: now() }))
  }

  function deposit(paymentKey: string, kind: 'deposited' | 'deposit-undone'): Entry | undefined {
    const entry = books.entry(paymentKey)
    const event = entry && decideDeposit(entry.payment, kind, { ...ids, at: now() })
    if (event === undefined) return undefined
    background(paymentKey, event)
    return books.entry(paymentKey)
  }

  function background(paymentKey: string, event: BookEvent): void {
    record({ at: now(), paymentKey, events: [event] }).afterAnswer()
  }

  function current(entry: Entry | undefined): Entry | undefined {
    if (entry === undefined || !isOverdue(entry, now())) return entry
    background(entry.payment.paymentKey, { type: 'expired', at: now() })
    return books.entry(entry.payment.paymentKey)
  }

  function record(change: Change): Recorded {
    const entry = books.commit(change)
    const types = change.events.map(({ type }) => type)
    if (entry && (types.includes('requested') || types.includes('capture-promised') || types.includes('issued')))
      watch(entry)
    const quiet = { entry, mayAnswer: undefined, afterAnswer() {} }
    if (entry === undefined || !types.some((type) => announced.has(type))) return quiet

    const { payment, scenario } = entry
    const tell = (): void => void webhooks.send(payment)
    switch (scenario.webhook.kind) {
      case 'normal':
        return { ...quiet, afterAnswer: tell }
      case 'early':
        return { ...quiet, mayAnswer: withinTime(webhooks.send(payment)) }
      case 'twice':
        return { ...quiet, afterAnswer: () => [tell(), tell()] }
      case 'late':
        later(scenario.webhook.delayMs ?? 0, tell)
        return quiet
      case 'never':
        return quiet
    }
  }

  function withinTime(work: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const stop = later(earlyWebhookMs, resolve)
      void work.then(() => {
        stop()
        resolve()
      })
    })
  }

  return {
    current,
    record,
    deposit,
    close() {
      for (const stop of timers) stop()
      sessions.close()
    },
  }
}
