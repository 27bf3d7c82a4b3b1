import type { ReconciliationReport } from '@fairgate/contracts/http/payments'
import type { Loop } from '#platform/loop'
import type { Platform } from '#platform/platform'
import * as store from './payments-store.ts'
import type { Answer, Movement, Provider, ProviderPayment } from './provider.ts'
import type { Booked, Difference, DifferenceKind } from './reconcile-store.ts'
import * as books from './reconcile-store.ts'

type Deps = Pick<Platform, 'db' | 'clock' | 'signals' | 'metrics' | 'log'>
type ProviderReport = ReconciliationReport['providers'][number]

const minute = 60_000
/** Younger movements may still be on their way to us. */
const settledAfterMs = 5 * minute
const windowMaxMs = 60 * minute
const pageSize = 1000
const pagesMax = 50
const askedAtOnceMax = 8
const lookedAgainMax = 100
const lookAgainMs = minute
const leaseMs = 10 * minute

/**
 * Compares a payment in the provider's books with ours. Only money counts: what each side has kept of it.
 * @param ours  undefined when we do not know the payment
 * @param theirs  undefined when the provider does not
 * @returns undefined when they agree
 */
export function compareBooks(
  ours: Booked | undefined,
  theirs: ProviderPayment | undefined,
): Pick<Difference, 'kind' | 'theirs' | 'ours' | 'theirState' | 'ourState'> | undefined {
  const isMoneyThere =
    theirs !== undefined && (theirs.status === 'paid' || (theirs.balance < theirs.amount && theirs.capturedAt !== null))
  const there = { captured: isMoneyThere ? theirs.amount : 0, kept: isMoneyThere ? theirs.balance : 0 }
  const here = { captured: ours?.capturedAmount ?? 0, kept: ours ? ours.capturedAmount - ours.refundedAmount : 0 }
  const isSameTotal = there.captured === here.captured || there.captured === 0 || here.captured === 0
  if (there.kept === here.kept && isSameTotal) return undefined
  const kind: DifferenceKind = !ours
    ? 'missing-here'
    : !theirs
      ? 'missing-there'
      : there.captured === 0 || here.captured === 0
        ? 'state'
        : 'amount'
  return {
    kind,
    theirs: there.kept,
    ours: here.kept,
    theirState: theirs?.providerStatus ?? 'unknown',
    ourState: ours?.state ?? 'unknown',
  }
}

/**
 * Keeps the provider's books and ours together: what the provider lists is looked up in ours, what we booked is looked up
 * there. Whatever does not fit is asked for payment by payment. A difference is written down, raises an alarm, and has
 * the payment asked for as if a webhook had come, which repairs what can be repaired; the rest waits for a person.
 */
export function createReconciliation(
  { db, clock, signals, metrics, log }: Deps,
  providers: ReadonlyMap<string, Provider>,
) {
  const found = metrics.counter('fairgate_payments_differences_total', "Differences to the provider's books, by kind", [
    'kind',
  ])
  const open = metrics.gauge(
    'fairgate_payments_differences',
    "Differences to the provider's books that are not resolved",
  )
  const behind = metrics.gauge(
    'fairgate_payments_reconciled_age_seconds',
    "How long ago the provider's books were last known to be compared with ours, by the provider furthest behind",
  )

  /** Looks at payments one by one. Those that nobody can tell of now are left for the next time. */
  async function examine(name: string, provider: Provider, keys: readonly string[]): Promise<Difference[]> {
    const differences: Difference[] = []
    for (let i = 0; i < keys.length; i += askedAtOnceMax) {
      const asked = keys.slice(i, i + askedAtOnceMax)
      const answers = await Promise.all(asked.map((key) => provider.query(key)))
      // Ours is read after theirs: what the ordinary way has booked meanwhile is no difference.
      const ours = new Map((await books.bookedByKey(db, name, asked)).map((each) => [each.paymentKey, each]))
      const agreed: string[] = []
      for (const [index, answer] of answers.entries()) {
        const paymentKey = asked[index]!
        const theirs = readBooks(answer)
        const our = ours.get(paymentKey)
        if (theirs === 'untold' || our?.isUnderWay) continue
        const difference = compareBooks(our, theirs)
        if (!difference) agreed.push(paymentKey)
        else
          differences.push({
            provider: name,
            paymentKey,
            orderId: our?.orderId ?? theirs?.orderId ?? '',
            currency: theirs?.currency ?? our?.currency ?? '',
            ...difference,
          })
      }
      await books.resolve(db, name, agreed, new Date(clock.now()))
    }
    if (differences.length === 0) return differences
    const isNew = await books.writeDifferences(db, differences, new Date(clock.now()))
    if (isNew.size > 0) {
      for (const difference of differences.filter(({ paymentKey }) => isNew.has(paymentKey))) {
        found.add({ kind: difference.kind })
        log.error(difference, "the provider's books differ from ours")
      }
      await store.askForKeys(db, name, [...isNew], new Date(clock.now()))
      signals.emit('payments', 'due')
    }
    return differences
  }

  /** Compares a time of the provider's books, both ends included. Stops early when the provider cannot be read. */
  async function compare(name: string, provider: Provider, from: number, to: number): Promise<ProviderReport> {
    const report: ProviderReport = {
      provider: name,
      from: new Date(from).toISOString(),
      to: new Date(from).toISOString(),
      isComplete: false,
      movements: 0,
      captured: 0,
      refunded: 0,
      differences: [],
    }
    if (!provider.movements) return report
    let cursor: string | null = null
    let begin = from
    for (let pages = 0; pages < pagesMax; pages++) {
      const page = await provider.movements({ from, to, cursor, limit: pageSize })
      if (page.kind === 'unknown') {
        log.warn({ provider: name, trouble: page.code }, "the provider's books cannot be read")
        return report
      }
      const end: number = page.next === null ? to : (page.movements.at(-1)?.at ?? begin)
      const suspects = await books.suspects(db, name, sumsOf(page.movements), { from: begin, to: end })
      report.differences.push(...(await examine(name, provider, suspects)))
      report.movements += page.movements.length
      for (const { kind, amount } of page.movements) report[kind === 'captured' ? 'captured' : 'refunded'] += amount
      report.to = new Date(end).toISOString()
      report.isComplete = page.next === null
      if (page.next === null) return report
      cursor = page.next
      begin = end
    }
    return report
  }

  /** The next hour that is settled and not compared yet. @returns whether there is more to do at once */
  async function advance(name: string, provider: Provider): Promise<boolean> {
    const now = clock.now()
    const lease = { now: new Date(now), until: new Date(now + leaseMs), settled: new Date(now - settledAfterMs) }
    const from = await books.lease(db, name, lease)
    if (from === undefined) return false
    const again = await books.openKeys(db, name, { before: new Date(now - lookAgainMs), limit: lookedAgainMax })
    await examine(name, provider, again)
    const to = Math.min(from + windowMaxMs, now - settledAfterMs)
    const report = to - from >= minute ? await compare(name, provider, from, to) : undefined
    await books.release(db, name, new Date(report ? Date.parse(report.to) : from))
    return report?.isComplete === true && to === from + windowMaxMs
  }

  const loop: Loop = {
    name: 'payments.reconcile',
    intervalMs: minute,
    async run() {
      let hasMore = false
      for (const [name, provider] of providers)
        if (provider.movements) hasMore = (await advance(name, provider)) || hasMore
      const { differences, until } = await books.summary(db)
      open.set({}, differences)
      behind.set({}, until ? Math.max(0, (clock.now() - until.getTime()) / 1000) : 0)
      return hasMore
    },
  }

  return {
    loop,
    /** Compares a time of all providers' books now, whatever was compared before. Times are epoch milliseconds. */
    async run(from: number, to: number): Promise<ReconciliationReport> {
      const reports: ProviderReport[] = []
      for (const [name, provider] of providers)
        if (provider.movements) reports.push(await compare(name, provider, from, to))
      return {
        providers: reports,
        isComplete: reports.every(({ isComplete }) => isComplete),
        isEqual: reports.every(({ differences }) => differences.length === 0),
      }
    },
    /** How far the books were compared, and where they differ, newest first. */
    look: () => books.look(db, 100),
  }
}

export type Reconciliation = ReturnType<typeof createReconciliation>

/** What an answer says of the provider's books; `untold` when it says nothing. */
function readBooks(answer: Answer): ProviderPayment | undefined | 'untold' {
  if (answer.kind === 'found') return answer.payment
  return answer.kind === 'refused' ? undefined : 'untold'
}

/** What each payment moved on a page. */
function sumsOf(movements: readonly Movement[]): books.Sum[] {
  const sums = new Map<string, books.Sum>()
  for (const { paymentKey, kind, amount } of movements) {
    const sum = sums.get(paymentKey) ?? { paymentKey, captured: 0, returned: 0 }
    sums.set(paymentKey, { ...sum, [kind]: sum[kind] + amount })
  }
  return [...sums.values()]
}
