import type { Clock } from './clock.ts'
import { keep } from './keep.ts'

/**
 * State that may be lost: losing it costs freshness or the precision of a limit, nothing else. In memory here; shared
 * by several processes when a Redis-compatible server is configured.
 */
export type Ephemeral = {
  /** Counts an occurrence in a fixed window. @returns the count so far and when the window ends (epoch ms) */
  count(key: string, windowMs: number): Promise<{ count: number; resetAt: number }>
  /** The count so far, without counting. */
  peek(key: string): Promise<number>
  /** True for the first caller with this key within the time to live, false for every later one. */
  once(key: string, ttlMs: number): Promise<boolean>
  /** Forgets a counter, for example after a successful sign-in. */
  clear(key: string): Promise<void>
}

/** Most keys kept; beyond that the oldest are forgotten. */
const keysMax = 500_000

export function memoryEphemeral(clock: Clock): Ephemeral {
  const entries = new Map<string, { count: number; endsAt: number }>()

  function live(key: string): { count: number; endsAt: number } | undefined {
    const entry = entries.get(key)
    if (!entry) return undefined
    if (entry.endsAt > clock.now()) return entry
    entries.delete(key)
    return undefined
  }
  function add(key: string, ttlMs: number): { count: number; endsAt: number } {
    const entry = { count: 0, endsAt: clock.now() + ttlMs }
    keep(entries, keysMax, key, entry)
    return entry
  }

  return {
    async count(key, windowMs) {
      const entry = live(key) ?? add(key, windowMs)
      entry.count++
      return { count: entry.count, resetAt: entry.endsAt }
    },
    async peek(key) {
      return live(key)?.count ?? 0
    },
    async once(key, ttlMs) {
      if (live(key)) return false
      add(key, ttlMs)
      return true
    },
    async clear(key) {
      entries.delete(key)
    },
  }
}
