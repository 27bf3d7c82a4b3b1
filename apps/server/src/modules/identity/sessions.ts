import { createHash } from 'node:crypto'
import type { Account } from '@fairgate/contracts/http/identity'
import { transaction, type Tx } from '#platform/db'
import type { Platform } from '#platform/platform'
import { Problem } from '#platform/problem'
import type { Client, Limits } from './limits.ts'
import type { Passwords } from './passwords.ts'
import * as store from './identity-store.ts'
import { idleMs, refreshOutcomes, sessionState, tokenAge } from './session.ts'

/** Short, because an access token cannot be taken back: a changed role or an ended session shows after this time. */
export const accessTokenSeconds = 600

export type SignedIn = { account: Account; accessToken: string; expiresInSeconds: number }
/** What a browser needs: the answer and the secret that goes into its cookie. */
export type Started = { signedIn: SignedIn; refreshToken: string }

type Deps = Pick<Platform, 'db' | 'clock' | 'ids' | 'random' | 'accessTokens' | 'racepoints' | 'metrics' | 'log'> & {
  limits: Limits
  passwords: Passwords
}

export function createSessions({
  db,
  clock,
  ids,
  random,
  accessTokens,
  racepoints,
  metrics,
  log,
  limits,
  passwords,
}: Deps) {
  const signIns = metrics.counter('fairgate_identity_sign_ins_total', 'Sign-ins by outcome', ['outcome'])
  const refreshes = metrics.counter(
    'fairgate_identity_refreshes_total',
    'Refreshes of sessions by outcome; revoke means that a copied token was shown',
    ['outcome'],
  )

  const newToken = () => Buffer.from(random(32)).toString('base64url')
  const idleUntil = () => new Date(clock.now() + idleMs)

  async function signedIn(account: Account): Promise<SignedIn> {
    const { id, email, name, locale, verified, roles } = account
    const accessToken = await accessTokens.sign({ accountId: id, roles, verified }, accessTokenSeconds)
    return { account: { id, email, name, locale, verified, roles }, accessToken, expiresInSeconds: accessTokenSeconds }
  }

  /** Begins a session in the transaction that makes the account ready for it. @returns the refresh token */
  async function open(tx: Tx, accountId: string): Promise<string> {
    const token = newToken()
    await store.insertSession(tx, {
      id: ids('session'),
      accountId,
      hash: hashOf(token),
      at: new Date(clock.now()),
      expiresAt: idleUntil(),
    })
    return token
  }

  function refused(): Problem {
    signIns.add({ outcome: 'refused' })
    return new Problem('identity.wrong-credentials')
  }

  /** Same answer, same time for an unknown address, an account without a password and a wrong password. */
  async function signIn({ email, password }: { email: string; password: string }, client: Client): Promise<Started> {
    const account = await store.accountByEmail(db, email)
    const isRight = await passwords.matches(account?.passwordHash, password, () => limits.signIn(email, client))
    if (!account || !isRight) throw refused()
    await racepoints.reach('identity.password-matched')
    const refreshToken = await transaction(db, async (tx) => {
      const isStillRight = await store.keepsPassword(tx, account.id, account.passwordHash)
      await racepoints.reach('identity.password-confirmed')
      return isStillRight ? open(tx, account.id) : undefined
    })
    if (refreshToken === undefined) throw refused()
    await limits.signedIn(email, client)
    signIns.add({ outcome: 'accepted' })
    log.info({ accountId: account.id }, 'signed in')
    return { signedIn: await signedIn(account), refreshToken }
  }

  /** Exchanges a refresh token for its successor. */
  async function refresh(token: string | undefined): Promise<Started> {
    const started = token === undefined ? undefined : await transaction(db, (tx) => exchange(tx, token))
    if (!started) throw new Problem('identity.session-ended')
    return { signedIn: await signedIn(started.account), refreshToken: started.refreshToken }
  }

  async function exchange(tx: Tx, token: string) {
    await racepoints.reach('identity.before-exchange')
    const shown = await store.lockSessionOf(tx, hashOf(token))
    if (!shown) return undefined
    const now = clock.now()
    const outcome = refreshOutcomes[sessionState(shown, now)][tokenAge(shown, now)]
    refreshes.add({ outcome })
    if (outcome === 'refuse') return undefined
    if (outcome === 'revoke') {
      await store.endSession(tx, shown.sessionId, 'token-reused', new Date(now))
      log.warn(
        { accountId: shown.accountId, sessionId: shown.sessionId },
        'a used refresh token was shown again; the session was ended',
      )
      return undefined
    }
    await racepoints.reach('identity.exchanging')
    const generation = outcome === 'rotate' ? shown.generation + 1 : shown.generation
    if (outcome === 'rotate') await store.rotateSession(tx, shown.sessionId, generation, new Date(now), idleUntil())
    const refreshToken = newToken()
    await store.insertRefreshToken(tx, {
      hash: hashOf(refreshToken),
      sessionId: shown.sessionId,
      generation,
      at: new Date(now),
    })
    const account = await store.accountById(tx, shown.accountId)
    return account && { account, refreshToken }
  }

  /** Ends the session of a refresh token; one that is unknown or has ended is no error. */
  async function signOut(token: string | undefined): Promise<void> {
    if (token === undefined) return
    await transaction(db, async (tx) => {
      const shown = await store.lockSessionOf(tx, hashOf(token))
      if (shown) await store.endSession(tx, shown.sessionId, 'signed-out', new Date(clock.now()))
    })
  }

  return { open, signedIn, signIn, refresh, signOut }
}

export type Sessions = ReturnType<typeof createSessions>

/** The token is 256 random bits: a fast hash is enough. */
const hashOf = (token: string) => createHash('sha256').update(token).digest()
