import type { Fault } from './faults.ts'
import type { Payment } from './payment.ts'

/** What a POST was answered with. */
export type Reply = { readonly fault: Fault } | { readonly payment: Payment }

/**
 * The first answers by idempotency key. The scope of a key is (method, path, key): the body is no part of it, and an
 * error is replayed like a success ("인증 및 기타 헤더 설정", Idempotency-Key).
 */
export type Replies = {
  /** Claims a key: the first answer if there is one, `running` while that is still being made, else `claimed`. */
  claim(scope: string, nowMs: number): Reply | 'running' | 'claimed'
  settle(scope: string, reply: Reply, nowMs: number): void
  /** Gives a claim back whose request was never processed. */
  release(scope: string): void
}

/** Keys are documented to be valid for 15 days from their first use. */
const validMs = 15 * 86_400_000
/** A reply is a reference to a payment that the books hold anyway, so this bound is a few hundred bytes each. */
const repliesMax = 500_000

export function createReplies(): Replies {
  const replies = new Map<string, { reply: Reply | 'running'; atMs: number }>()

  /** A map keeps the order of insertion, which is the order of age. */
  function forgetOld(nowMs: number): void {
    for (const [scope, { atMs }] of replies) {
      if (nowMs - atMs < validMs && replies.size <= repliesMax) return
      replies.delete(scope)
    }
  }

  return {
    claim(scope, nowMs) {
      forgetOld(nowMs)
      const known = replies.get(scope)
      if (known) return known.reply
      replies.set(scope, { reply: 'running', atMs: nowMs })
      return 'claimed'
    },
    settle(scope, reply, nowMs) {
      const atMs = replies.get(scope)?.atMs ?? nowMs
      replies.set(scope, { reply, atMs })
    },
    release(scope) {
      if (replies.get(scope)?.reply === 'running') replies.delete(scope)
    },
  }
}
