import { createHash, timingSafeEqual } from 'node:crypto'
import type { Tx } from '#platform/db'
import type { Random } from '#platform/ids'
import type { Platform } from '#platform/platform'
import { Problem } from '#platform/problem'
import { codeRequested, passwordResetRequested } from './events.ts'
import * as store from './identity-store.ts'

/** What a code opens, and nothing else. */
export type CodePurpose = 'verification' | 'password-reset'

const hour = 3600_000

export const codeMs = 10 * 60_000
export const codeAttemptsMax = 5
/**
 * Codes of one account, counted in the database, each with five attempts. Whoever guesses a reset has somebody's
 * account: 50 guesses in a million a day.
 */
export const codeShares: Record<CodePurpose, { max: number; windowMs: number }> = {
  verification: { max: 6, windowMs: hour },
  'password-reset': { max: 10, windowMs: 24 * hour },
}
/** How long a code is kept, to be counted. */
export const codeKeptMs = Math.max(...Object.values(codeShares).map(({ windowMs }) => windowMs))

export type CodeOutcome = { kind: 'right' } | { kind: 'wrong' } | { kind: 'spent'; retryAfterMs: number }

/** Codes of six digits that are mailed and entered. */
export function createCodes({
  clock,
  random,
  outbox,
  racepoints,
}: Pick<Platform, 'clock' | 'random' | 'outbox' | 'racepoints'>) {
  /** Asks for a code to be mailed, unless the account has had its share. Call with the account locked or new. */
  async function mail(tx: Tx, account: store.AccountRow, purpose: CodePurpose): Promise<void> {
    const code = sixDigits(random)
    const now = clock.now()
    const expiresAt = new Date(now + codeMs)
    const { max, windowMs } = codeShares[purpose]
    const isIssued = await store.insertCode(tx, {
      accountId: account.id,
      purpose,
      hash: codeHash(account.id, code),
      at: new Date(now),
      expiresAt,
      countedFrom: new Date(now - windowMs),
      max,
    })
    await racepoints.reach('identity.code-issued')
    const requested = purpose === 'verification' ? codeRequested : passwordResetRequested
    if (isIssued) await outbox.publish(tx, [requested(account, code, expiresAt)])
  }

  /** Compares with the newest code of this purpose. An attempt counts with the commit, so refuse after it. */
  async function enter(tx: Tx, accountId: string, purpose: CodePurpose, code: string): Promise<CodeOutcome> {
    const now = clock.now()
    const attempt = await store.attemptCode(tx, accountId, purpose, codeAttemptsMax, new Date(now))
    if (attempt) return { kind: timingSafeEqual(attempt.hash, codeHash(accountId, code)) ? 'right' : 'wrong' }
    const newest = await store.newestCode(tx, accountId, purpose)
    const isSpent = newest !== undefined && newest.expiresAt.getTime() > now
    return isSpent ? { kind: 'spent', retryAfterMs: newest.expiresAt.getTime() - now } : { kind: 'wrong' }
  }

  return { mail, enter }
}

export type Codes = ReturnType<typeof createCodes>

/** @throws Problem `identity.wrong-code`, `identity.too-many-attempts` */
export function refuseUnlessRight<O extends CodeOutcome>(outcome: O): asserts outcome is Extract<O, { kind: 'right' }> {
  if (outcome.kind === 'wrong') throw new Problem('identity.wrong-code')
  if (outcome.kind === 'spent') throw new Problem('identity.too-many-attempts', { retryAfterMs: outcome.retryAfterMs })
}

/** Six digits, all million alike: numbers beyond the last whole million are drawn again. */
export function sixDigits(random: Random): string {
  const whole = Math.floor(2 ** 32 / 1_000_000) * 1_000_000
  for (;;) {
    const number = Buffer.from(random(4)).readUInt32BE()
    if (number < whole) return String(number % 1_000_000).padStart(6, '0')
  }
}

/** Keeps the code itself out of the table and its backups; what stops guessing is the number of attempts. */
const codeHash = (accountId: string, code: string) => createHash('sha256').update(`${accountId}:${code}`).digest()
