import { createHash, hkdfSync } from 'node:crypto'

/**
 * The keys that everything is signed with. Each purpose gets keys of its own, derived by HKDF-SHA-256 (RFC 5869), so
 * that knowing one says nothing of another. The first master signs; all verify: to rotate, put a new one in front and
 * remove the old one when the longest-lived token has ended.
 */
export type Secrets = {
  /** Newest first. `id` names the master in tokens. */
  keys(purpose: string): readonly { id: string; key: Buffer }[]
}

export function createSecrets(masters: readonly string[]): Secrets {
  if (masters.length === 0 || masters.includes(''))
    throw new Error('at least one signing secret is needed, and none may be empty')
  const cache = new Map<string, readonly { id: string; key: Buffer }[]>()
  return {
    keys(purpose) {
      let keys = cache.get(purpose)
      if (!keys) {
        keys = masters.map((master) => ({
          id: createHash('sha256').update(`id:${master}`).digest('hex').slice(0, 8),
          key: Buffer.from(hkdfSync('sha256', master, 'fairgate', purpose, 32)),
        }))
        cache.set(purpose, keys)
      }
      return keys
    },
  }
}
