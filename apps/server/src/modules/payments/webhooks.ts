import { createBatcher } from '#platform/batcher'
import { afterCommit, transaction } from '#platform/db'
import type { Platform } from '#platform/platform'
import { Problem } from '#platform/problem'
import { hintPauseMs, noNews } from './payment.ts'
import * as store from './payments-store.ts'
import type { HintItem } from './payments-store.ts'
import type { Heard } from './provider.ts'

type Deps = Pick<Platform, 'db' | 'clock' | 'signals' | 'metrics'>

/**
 * `unknown`: of no payment of ours. `forged`: it does not know the secret of its payment. `stale`: it claims what we know.
 * `waiting`: the provider is about to be asked. `repeated`: seen before. Beside these, `forged` and `outdated` are counted
 * of signed notices that are refused.
 */
type Outcome = 'unreadable' | 'unknown' | 'forged' | 'stale' | 'waiting' | 'repeated' | 'noted'

const batchMax = 128
const queueMax = 2000

/**
 * Notices of a provider, which anybody could have sent where they are not signed. One is only noted, so that the provider is asked soon; nothing in
 * it is believed. A flood costs a look-up each, and one question a second for each payment that it names.
 */
export function createWebhooks({ db, clock, signals, metrics }: Deps) {
  const counted = metrics.counter('fairgate_payments_webhooks_total', 'Webhooks received, by what became of them', [
    'outcome',
  ])

  const batcher = createBatcher<HintItem, Outcome>({
    batchMax,
    queueMax,
    async run(hints) {
      // Most notices tell what is known by then, and cost no more than this look.
      const seen = sort(hints, await store.readHinted(db, hints))
      if (seen.fresh.length === 0) return seen.outcomes
      return transaction(db, async (tx) => {
        const now = new Date(clock.now())
        const { outcomes, fresh } = sort(hints, await store.lockHinted(tx, hints))
        if (fresh.length === 0) return outcomes
        const inserted = await store.insertTransmissions(
          tx,
          fresh.map(({ paymentId, hint }) => ({ ...hint, paymentId })),
          now,
        )
        const isNew = new Set(inserted.map((each) => `${each.transmissionId} ${each.paymentId}`))
        for (const { position, paymentId, hint } of fresh) {
          raise(outcomes, position, isNew.has(`${hint.transmissionId} ${paymentId}`) ? 'noted' : 'repeated')
        }
        if (inserted.length === 0) return outcomes
        await store.hint(
          tx,
          inserted.map(({ paymentId, claim }) => ({ paymentId, claim: claim ?? 'unclear' })),
          { now, pauseMs: hintPauseMs },
        )
        afterCommit(tx, () => signals.emit('payments', 'due'))
        return outcomes
      })
    },
  })

  /**
   * Notes a webhook; one that is of no use is counted and forgotten.
   * @throws Problem for one that is not the provider's, or is sent again by somebody long after it was signed
   */
  async function receive(provider: string, heard: Heard): Promise<void> {
    if (heard.kind === 'refused') {
      counted.add({ outcome: heard.code === 'payments.webhook-forged' ? 'forged' : 'outdated' })
      throw new Problem(heard.code)
    }
    counted.add({ outcome: heard.kind === 'hint' ? await batcher.add({ ...heard.hint, provider }) : 'unreadable' })
  }

  return { receive }
}

export type Webhooks = ReturnType<typeof createWebhooks>

const rank: Record<Outcome, number> = {
  unreadable: 0,
  unknown: 0,
  forged: 1,
  stale: 2,
  waiting: 3,
  repeated: 4,
  noted: 5,
}

/** One notice may name several payments of an order; the outcome that says most is counted. */
function raise(outcomes: Outcome[], position: number, outcome: Outcome): void {
  if (rank[outcome] > rank[outcomes[position - 1]!]) outcomes[position - 1] = outcome
}

/** What becomes of each hint as the payments are; `fresh` are those to be noted. */
function sort(hints: readonly HintItem[], found: readonly store.Hinted[]) {
  const outcomes = hints.map((): Outcome => 'unknown')
  const fresh: { position: number; paymentId: string; hint: HintItem }[] = []
  const marked = new Set<string>()
  for (const { position, id, state, hint, secret } of found) {
    const item = hints[position - 1]!
    if (item.secret && secret && item.secret !== secret) raise(outcomes, position, 'forged')
    else if (item.claim !== null && noNews[state].includes(item.claim)) raise(outcomes, position, 'stale')
    else if (hint !== null || marked.has(id)) raise(outcomes, position, 'waiting')
    else {
      marked.add(id)
      fresh.push({ position, paymentId: id, hint: item })
    }
  }
  return { outcomes, fresh }
}
