import type { Account } from '@fairgate/contracts/http/identity'
import { fact, type Fact } from '#platform/bus'

type Registered = Pick<Account, 'id' | 'email' | 'name' | 'locale'>

export const accountRegistered = ({ id, email, name, locale }: Registered): Fact =>
  fact('identity.account-registered.v1', { accountId: id, email, name, locale })

/** Carries the address too: the mail must not wait for another fact. The code is nowhere else in clear. */
export const codeRequested = ({ id, email, name, locale }: Registered, code: string, expiresAt: Date): Fact =>
  fact('identity.code-requested.v1', { accountId: id, email, name, locale, code, expiresAt: expiresAt.toISOString() })

/** As `codeRequested`, for a code that sets a new password. */
export const passwordResetRequested = ({ id, email, name, locale }: Registered, code: string, expiresAt: Date): Fact =>
  fact('identity.password-reset-requested.v1', {
    accountId: id,
    email,
    name,
    locale,
    code,
    expiresAt: expiresAt.toISOString(),
  })

export const passwordChanged = ({ id }: Registered): Fact => fact('identity.password-changed.v1', { accountId: id })
