import type { Journal } from '@fairgate/toss-sandbox/journal'
import type { Intent, Refund } from './intent.ts'

/** The first answer to a key, for as long as it is repeated. `request` is what was asked, to tell another by. */
export type Reply = { readonly request: string; readonly status: number; readonly body: string; readonly id: string }

/** What is written together: whole objects as they are now, and the answer that their request's key gets again. */
export type Change = {
  readonly at: number
  readonly intents?: readonly Intent[]
  readonly refunds?: readonly Refund[]
  readonly reply?: Reply & { readonly key: string }
}

/** "You can remove keys from the system automatically after they're at least 24 hours old": here they are. */
const keysKeptMs = 86_400_000
const repliesMax = 500_000

export type Books = ReturnType<typeof openBooks>

/** The provider's own books, from the journal or empty ones that live in memory only. */
export function openBooks(journal?: Journal) {
  const intents = new Map<string, Intent>()
  const refunds = new Map<string, Refund>()
  const refundsOf = new Map<string, string[]>()
  const replies = new Map<string, { reply: Reply; at: number }>()
  /** Requests being answered, by key. */
  const running = new Map<string, string>()

  function apply({ at, intents: changed = [], refunds: made = [], reply }: Change): void {
    for (const intent of changed) intents.set(intent.id, intent)
    for (const refund of made) {
      if (!refunds.has(refund.id))
        refundsOf.set(refund.intentId, [...(refundsOf.get(refund.intentId) ?? []), refund.id])
      refunds.set(refund.id, refund)
    }
    if (!reply) return
    const { key, ...kept } = reply
    replies.set(key, { reply: kept, at })
  }

  function forgetOld(now: number): void {
    for (const [key, { at }] of replies) {
      if (now - at < keysKeptMs && replies.size <= repliesMax) return
      replies.delete(key)
    }
  }

  let line = 0
  for (const text of journal?.read() ?? []) {
    line++
    try {
      apply(JSON.parse(text) as Change)
    } catch (error) {
      throw new Error(`journal line ${line} cannot be read: ${(error as Error).message}`, { cause: error })
    }
  }

  return {
    commit(change: Change): void {
      journal?.append(JSON.stringify(change))
      apply(change)
    },
    intent: (id: string): Intent | undefined => intents.get(id),
    /** In the order in which they were made. */
    intents: (): IterableIterator<Intent> => intents.values(),
    refund: (id: string): Refund | undefined => refunds.get(id),
    refunds: (intentId?: string): readonly Refund[] =>
      intentId === undefined ? [...refunds.values()] : (refundsOf.get(intentId) ?? []).map((id) => refunds.get(id)!),
    /** The first answer under a key, that it is still being made, that it was another request, or `claimed`. */
    claim(key: string, request: string, now: number): Reply | 'running' | 'other' | 'claimed' {
      forgetOld(now)
      const kept = replies.get(key)?.reply
      if (kept) return kept.request === request ? kept : 'other'
      const before = running.get(key)
      if (before !== undefined) return before === request ? 'running' : 'other'
      running.set(key, request)
      return 'claimed'
    },
    release(key: string): void {
      running.delete(key)
    },
  }
}
