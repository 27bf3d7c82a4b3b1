import { transaction } from '#platform/db'
import type { Platform } from '#platform/platform'
import { refuseUnlessRight, type Codes } from './codes.ts'
import { passwordChanged } from './events.ts'
import type { Client, Limits } from './limits.ts'
import { checkPassword, type Passwords } from './passwords.ts'
import * as store from './identity-store.ts'

export type NewPassword = { email: string; code: string; password: string }

type Deps = Pick<Platform, 'db' | 'clock' | 'outbox' | 'racepoints' | 'metrics' | 'log'> & {
  limits: Limits
  passwords: Passwords
  codes: Codes
}

/** The way back in for somebody who has forgotten the password, after OWASP's Forgot Password Cheat Sheet. */
export function createPasswordResets({ db, clock, outbox, racepoints, metrics, log, limits, passwords, codes }: Deps) {
  const resets = metrics.counter(
    'fairgate_identity_password_resets_total',
    'Codes entered to set a new password, by outcome',
    ['outcome'],
  )

  /** Mails a code. Whether the address is known is not told. */
  async function ask(email: string, client: Client): Promise<void> {
    await limits.resetCode(email, client)
    await transaction(db, async (tx) => {
      const account = await store.lockAccountByEmail(tx, email)
      if (account) await codes.mail(tx, account, 'password-reset')
    })
  }

  /**
   * Sets a new password with a mailed code, which works once, and signs nobody in. Who has the mail has proved the
   * address; who had the old password is signed out everywhere.
   */
  async function confirm({ email, code, password }: NewPassword, client: Client): Promise<void> {
    checkPassword(password, email)
    // Hashed before it is known whether the code is right: a hash in the transaction would keep its locks and connection.
    const passwordHash = await passwords.hash(password, () => limits.reset(client))
    await racepoints.reach('identity.before-reset')
    // Refusals are thrown outside the transaction: an attempt counts although it failed.
    const outcome = await transaction(db, async (tx) => {
      const account = await store.lockAccountByEmail(tx, email)
      if (!account) return { kind: 'wrong' } as const
      const entered = await codes.enter(tx, account.id, 'password-reset', code)
      if (entered.kind !== 'right') return entered
      await store.useUpCode(tx, account.id, 'password-reset')
      // In this order: a sign-in with the old password either sees the new one or has its session ended here.
      await store.setPassword(tx, account.id, passwordHash, new Date(clock.now()))
      await store.lockSessionsOf(tx, account.id)
      // The time after the locks: no token of a refresh that was waited for is younger.
      await store.endSessionsOf(tx, account.id, 'password-reset', new Date(clock.now()))
      await outbox.publish(tx, [passwordChanged(account)])
      return { kind: 'right', accountId: account.id } as const
    })
    resets.add({ outcome: outcome.kind })
    refuseUnlessRight(outcome)
    await limits.signedIn(email, client)
    log.info({ accountId: outcome.accountId }, 'password reset')
  }

  return { ask, confirm }
}

export type PasswordResets = ReturnType<typeof createPasswordResets>
