import type { Account, Role } from '@fairgate/contracts/http/identity'
import { idPrefixes } from '@fairgate/contracts/ids'
import { exclusive } from '#platform/db'
import type { AuditPart, Module, ModuleStatics } from '#platform/module'
import type { Platform } from '#platform/platform'
import { Problem } from '#platform/problem'
import { createAccounts } from './accounts.ts'
import { codeKeptMs, createCodes } from './codes.ts'
import * as store from './identity-store.ts'
import { createLimits, defaultLimits, type LimitsConfig } from './limits.ts'
import { createPasswordResets } from './password-resets.ts'
import { createPasswords } from './passwords.ts'
import { refreshCookie } from './refresh-cookie.ts'
import { serveIdentity } from './routes.ts'
import { createSeeds } from './seeds.ts'
import { idleMs } from './session.ts'
import { createSessions } from './sessions.ts'

export const statics: ModuleStatics = {
  name: 'identity',
  migrations: new URL('./migrations/', import.meta.url),
  subscribes: [],
}

export type IdentityConfig = {
  /** True wherever the site is served over HTTPS; false names the cookie without `__Host-` and lets plain HTTP carry it. */
  secureCookies: boolean
  /** Password hashes computed at the same time, 2 when absent. Each takes a core for 10 to 18 ms and 19 MiB. */
  hashesAtOnceMax?: number
  /** Requests that may wait for a hash, 150 when absent (about a second and a half of two cores); one more gets 503. */
  hashesWaitingMax?: number
  /** How often something may be tried, each with a default. */
  limits?: Partial<LimitsConfig>
}

type Deps = Pick<
  Platform,
  'db' | 'clock' | 'ids' | 'random' | 'accessTokens' | 'outbox' | 'ephemeral' | 'log' | 'metrics' | 'racepoints'
>

const hour = 3600_000
const sweptMax = 1000

/** Accounts, sign-in, roles. */
export function createIdentity(deps: Deps, config: IdentityConfig) {
  const { db, clock, accessTokens } = deps
  const limits = createLimits(deps, { ...defaultLimits, ...config.limits })
  const passwords = createPasswords(deps, {
    atOnceMax: config.hashesAtOnceMax ?? 2,
    waitingMax: config.hashesWaitingMax ?? 150,
  })
  const sessions = createSessions({ ...deps, limits, passwords })
  const codes = createCodes(deps)
  const accounts = createAccounts({ ...deps, limits, passwords, codes, sessions })
  const passwordResets = createPasswordResets({ ...deps, limits, passwords, codes })
  const seeds = createSeeds({ ...deps, passwords })
  const cookie = refreshCookie(config.secureCookies)

  async function sweep(): Promise<boolean> {
    const ago = (ms: number) => new Date(clock.now() - ms)
    const before = { codes: ago(codeKeptMs), tokens: ago(idleMs), sessions: ago(24 * hour) }
    return (await exclusive(db, 'identity.sweep', (tx) => store.sweep(tx, before, sweptMax))) ?? false
  }

  async function audit(): Promise<AuditPart> {
    const counts = await store.auditCounts(db)
    return {
      checks: [
        { name: 'no refresh token is ahead of its session', violations: counts.ahead },
        { name: 'an ended session gives out no token', violations: counts.revived },
      ],
      figures: { accounts: counts.accounts, verifiedAccounts: counts.verified },
    }
  }

  const module: Module = {
    name: statics.name,
    routes: (http) => serveIdentity(http, { accounts, passwordResets, sessions, accessTokens, cookie }),
    loops: [{ name: 'identity.sweep', intervalMs: 60_000, run: sweep }],
    audit,
    known: (ids) =>
      store.knownAccounts(
        db,
        ids.filter((id) => id.startsWith(`${idPrefixes.account}_`)),
      ),
  }

  return {
    module,
    /** Makes an account unless its e-mail has one. */
    seedAccount: seeds.seedAccount,
    /** Sets the roles of an account as an administrator does. @throws Problem `identity.account-not-found`, `identity.last-admin` */
    async appoint(email: string, roles: readonly Role[]): Promise<Account> {
      const [account] = await accounts.find(email)
      if (!account) throw new Problem('identity.account-not-found')
      return accounts.setRoles(account.id, roles)
    },
    /** Makes verified buyers with two-hour access tokens, for rehearsals through the CLI. */
    prepareCrowd: seeds.prepareCrowd,
  }
}
