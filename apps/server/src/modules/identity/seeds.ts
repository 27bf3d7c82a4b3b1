import type { Role } from '@fairgate/contracts/http/identity'
import { transaction } from '#platform/db'
import type { Platform } from '#platform/platform'
import { accountRegistered } from './events.ts'
import * as store from './identity-store.ts'
import type { Passwords } from './passwords.ts'

export type SeedAccount = {
  email: string
  /** Without one nobody can sign in with a password. */
  password?: string
  name: string
  locale: 'ko' | 'en'
  roles: readonly Role[]
  verified: boolean
}

export type CrowdMember = { accountId: string; accessToken: string }

/** A rehearsal is over in two hours. */
const crowdTokenSeconds = 2 * 3600
const crowdMax = 200_000
const chunk = 1000

type Deps = Pick<Platform, 'db' | 'clock' | 'ids' | 'outbox' | 'accessTokens'> & { passwords: Passwords }

/** Accounts that nobody registered: for the demo, for tests and for rehearsals. No route leads here. */
export function createSeeds({ db, clock, ids, outbox, accessTokens, passwords }: Deps) {
  /** Makes an account unless its e-mail has one, which then stays as it is. @returns its id */
  async function seedAccount({ password, ...seed }: SeedAccount): Promise<{ accountId: string }> {
    const existing = await store.accountByEmail(db, seed.email)
    if (existing) return { accountId: existing.id }
    const passwordHash = password === undefined ? null : await passwords.hash(password)
    return transaction(db, async (tx) => {
      const [inserted] = await store.insertAccounts(
        tx,
        [{ ...seed, id: ids('account'), passwordHash }],
        new Date(clock.now()),
      )
      if (inserted) await outbox.publish(tx, [accountRegistered(inserted)])
      // Another process may have been faster since the look above.
      const account = inserted ?? (await store.accountByEmail(tx, seed.email))
      return { accountId: account!.id }
    })
  }

  /**
   * Makes `count` verified buyers without hashing a password, and signs each in for two hours. The same prefix gives the
   * same accounts again. Their addresses end in `.invalid` (RFC 2606), so nothing is ever mailed to them.
   */
  async function prepareCrowd(count: number, prefix: string): Promise<CrowdMember[]> {
    if (!Number.isInteger(count) || count < 0 || count > crowdMax)
      throw new Error(`a crowd has 0 to ${crowdMax} members, not ${count}`)
    if (!/^[a-z0-9-]{1,40}$/.test(prefix))
      throw new Error(`the prefix of a crowd is 1 to 40 of a-z, 0-9 and "-", not ${JSON.stringify(prefix)}`)
    const members: CrowdMember[] = []
    for (let from = 0; from < count; from += chunk) {
      const numbers = Array.from({ length: Math.min(chunk, count - from) }, (_, index) => from + index + 1)
      const accounts = numbers.map((number) => ({
        id: ids('account'),
        email: `${prefix}-${number}@crowd.fairgate.invalid`,
        name: `${prefix} ${number}`,
        locale: 'ko' as const,
        roles: ['buyer'] as const,
        verified: true,
        passwordHash: null,
      }))
      await transaction(db, async (tx) => {
        const inserted = await store.insertAccounts(tx, accounts, new Date(clock.now()))
        await outbox.publish(tx, inserted.map(accountRegistered))
      })
      const found = await store.idsByEmail(
        db,
        accounts.map((account) => account.email),
      )
      for (const { id } of found) {
        members.push({
          accountId: id,
          accessToken: await accessTokens.sign({ accountId: id, roles: ['buyer'], verified: true }, crowdTokenSeconds),
        })
      }
    }
    return members
  }

  return { seedAccount, prepareCrowd }
}
