import { roles as allRoles, type Account, type Role, type MaskedAccount } from '@fairgate/contracts/http/identity'
import { transaction } from '#platform/db'
import type { Platform } from '#platform/platform'
import { Problem } from '#platform/problem'
import { refuseUnlessRight, type Codes } from './codes.ts'
import { accountRegistered } from './events.ts'
import type { Client, Limits } from './limits.ts'
import { checkPassword, type Passwords } from './passwords.ts'
import * as store from './identity-store.ts'
import type { Sessions, SignedIn, Started } from './sessions.ts'

export type Registration = { email: string; password: string; name: string; locale?: 'ko' | 'en' }

const maskedMax = 50

type Deps = Pick<Platform, 'db' | 'clock' | 'ids' | 'outbox' | 'racepoints' | 'metrics' | 'log'> & {
  limits: Limits
  passwords: Passwords
  codes: Codes
  sessions: Sessions
}

export function createAccounts({
  db,
  clock,
  ids,
  outbox,
  racepoints,
  metrics,
  log,
  limits,
  passwords,
  codes,
  sessions,
}: Deps) {
  const registered = metrics.counter('fairgate_identity_registrations_total', 'Accounts registered')
  const verified = metrics.counter('fairgate_identity_verifications_total', 'Codes entered by outcome', ['outcome'])

  /** Makes an account, mails its code and signs it in, or refuses with `identity.email-taken`. */
  async function register({ email, password, name, locale = 'ko' }: Registration, client: Client): Promise<Started> {
    checkPassword(password, email)
    const passwordHash = await passwords.hash(password, () => limits.registration(client))
    const account = {
      id: ids('account'),
      email,
      name,
      locale,
      passwordHash,
      roles: ['buyer'] as const,
      verified: false,
    }
    await racepoints.reach('identity.before-insert')
    const made = await transaction(db, async (tx) => {
      const [inserted] = await store.insertAccounts(tx, [account], new Date(clock.now()))
      if (!inserted) return undefined
      await outbox.publish(tx, [accountRegistered(inserted)])
      await codes.mail(tx, inserted, 'verification')
      return { account: inserted, refreshToken: await sessions.open(tx, inserted.id) }
    })
    if (!made) throw new Problem('identity.email-taken')
    registered.add({})
    log.info({ accountId: made.account.id }, 'account registered')
    return { signedIn: await sessions.signedIn(made.account), refreshToken: made.refreshToken }
  }

  /** Mails a new code. Whether the address is known, or verified already, is not told. */
  async function resendCode(email: string, client: Client): Promise<void> {
    await limits.code(email, client)
    await transaction(db, async (tx) => {
      const account = await store.lockAccountByEmail(tx, email)
      if (account && !account.verified) await codes.mail(tx, account, 'verification')
    })
  }

  /**
   * Proves an address. Entering the same right code again while it is valid succeeds again, for a lost answer's sake.
   * @param callerId  the signed-in account, which gets a fresh access token that says `verified`
   */
  async function verifyEmail(
    email: string,
    code: string,
    callerId: string | undefined,
  ): Promise<{ account: Account } | SignedIn> {
    // Refusals are thrown outside the transaction: an attempt counts although it failed.
    const outcome = await transaction(db, async (tx) => {
      const account = await store.accountByEmail(tx, email)
      if (!account) return { kind: 'wrong' } as const
      const entered = await codes.enter(tx, account.id, 'verification', code)
      if (entered.kind !== 'right') return entered
      return { kind: 'right', account: await store.verifyAccount(tx, account.id, new Date(clock.now())) } as const
    })
    verified.add({ outcome: outcome.kind })
    refuseUnlessRight(outcome)
    const { account } = outcome
    return account.id === callerId ? sessions.signedIn(account) : { account: publicAccount(account) }
  }

  /** Appoints or dismisses. Somebody always stays an administrator, also when two dismiss each other at once. */
  async function setRoles(id: string, wanted: readonly Role[]): Promise<Account> {
    const roles = allRoles.filter((role) => wanted.includes(role))
    return transaction(db, async (tx) => {
      const admins = await store.lockAdmins(tx)
      await racepoints.reach('identity.admins-counted')
      if (!(await store.accountById(tx, id))) throw new Problem('identity.account-not-found')
      const isLastAdmin = admins.length === 1 && admins[0]!.id === id
      if (isLastAdmin && !roles.includes('admin')) throw new Problem('identity.last-admin')
      log.info({ accountId: id, roles }, 'roles set')
      return publicAccount(await store.setRoles(tx, id, roles))
    })
  }

  async function me(id: string): Promise<Account> {
    const account = await store.accountById(db, id)
    if (!account) throw new Problem('identity.sign-in-required')
    return publicAccount(account)
  }

  async function find(email: string): Promise<Account[]> {
    const account = await store.accountByEmail(db, email)
    return account ? [publicAccount(account)] : []
  }

  /** Known accounts with most of their letters left out. */
  const masked = async (ids: readonly string[]): Promise<MaskedAccount[]> =>
    (await store.accountsById(db, ids.slice(0, maskedMax))).map(maskedAccount)

  return { register, resendCode, verifyEmail, setRoles, me, find, masked }
}

const firstLetter = (text: string): string => `${Array.from(text.trim()).at(0) ?? ''}…`

/** The domain stays: it tells a family from a farm. */
const maskedAccount = ({ id, name, email }: Account): MaskedAccount => ({
  id,
  name: firstLetter(name),
  email: `${firstLetter(email)}${email.slice(email.lastIndexOf('@'))}`,
})

export type Accounts = ReturnType<typeof createAccounts>

export const publicAccount = ({ id, email, name, locale, verified, roles }: Account): Account => ({
  id,
  email,
  name,
  locale,
  verified,
  roles,
})
