/** What a session is at the moment a refresh token of it is shown. */
export type SessionState = 'live' | 'expired' | 'ended'

/** Where the token stands in its family. `previous` is the generation before the newest, shown within the grace. */
export type TokenAge = 'newest' | 'previous' | 'older'

/**
 * `rotate`: a new generation begins. `join`: one more token of the newest generation, for the second of two tabs that
 * refreshed at once. `revoke`: somebody shows a token that was exchanged long ago, so it was copied; all of the family ends.
 */
export type RefreshOutcome = 'rotate' | 'join' | 'revoke' | 'refuse'

/** RFC 9700 section 4.14.2, with a grace for the network's sake. */
export const refreshOutcomes: Record<SessionState, Record<TokenAge, RefreshOutcome>> = {
  live: { newest: 'rotate', previous: 'join', older: 'revoke' },
  expired: { newest: 'refuse', previous: 'refuse', older: 'refuse' },
  ended: { newest: 'refuse', previous: 'refuse', older: 'refuse' },
}

/** How long the token before the newest is taken for a lost answer or a second tab, not for a theft. */
export const graceMs = 10_000

/** How long a session may be idle. */
export const idleMs = 14 * 24 * 3600_000

export type ShownToken = {
  tokenGeneration: number
  generation: number
  rotatedAt: Date
  expiresAt: Date
  endedAt: Date | null
}

export function sessionState(token: ShownToken, now: number): SessionState {
  if (token.endedAt) return 'ended'
  return token.expiresAt.getTime() <= now ? 'expired' : 'live'
}

export function tokenAge(token: ShownToken, now: number): TokenAge {
  if (token.tokenGeneration === token.generation) return 'newest'
  const isRecent = now - token.rotatedAt.getTime() <= graceMs
  return isRecent && token.tokenGeneration === token.generation - 1 ? 'previous' : 'older'
}
