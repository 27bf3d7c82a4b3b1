import { identityRoutes } from '@fairgate/contracts/http/identity'
import type { RouteContract } from '@fairgate/contracts/http/route'
import type { AccessTokens } from '#platform/access-token'
import type { HttpApp, HttpRequest } from '#platform/http'
import type { Accounts } from './accounts.ts'
import type { Client } from './limits.ts'
import type { PasswordResets } from './password-resets.ts'
import type { RefreshCookie } from './refresh-cookie.ts'
import { idleMs } from './session.ts'
import type { Sessions, Started } from './sessions.ts'

type Deps = {
  accounts: Accounts
  passwordResets: PasswordResets
  sessions: Sessions
  accessTokens: AccessTokens
  cookie: RefreshCookie
}

export function serveIdentity(http: HttpApp, { accounts, passwordResets, sessions, accessTokens, cookie }: Deps): void {
  const withCookie = ({ signedIn, refreshToken }: Started) => ({
    body: signedIn,
    headers: { 'set-cookie': cookie.set(refreshToken, idleMs / 1000) },
  })

  const clientOf = (ip: string, reply: HttpRequest<RouteContract>['reply']): Client => ({
    ip,
    tell: (headers) => void reply.headers(headers),
  })

  http.serve(identityRoutes.register, async ({ body, ip, reply }) => ({
    status: 201,
    ...withCookie(await accounts.register(body, clientOf(ip, reply))),
  }))
  http.serve(identityRoutes.verifyEmail, async ({ body, caller }) => ({
    status: 200,
    body: await accounts.verifyEmail(body.email, body.code, caller?.accountId),
  }))
  http.serve(identityRoutes.resendCode, async ({ body, ip, reply }) => {
    await accounts.resendCode(body.email, clientOf(ip, reply))
    return { status: 202, body: {} }
  })
  http.serve(identityRoutes.askPasswordReset, async ({ body, ip, reply }) => {
    await passwordResets.ask(body.email, clientOf(ip, reply))
    return { status: 202, body: {} }
  })
  http.serve(identityRoutes.confirmPasswordReset, async ({ body, ip, reply }) => {
    await passwordResets.confirm(body, clientOf(ip, reply))
    return { status: 204, body: undefined }
  })
  http.serve(identityRoutes.me, async ({ caller }) => ({ status: 200, body: await accounts.me(caller.accountId) }))
  http.serve(identityRoutes.findAccounts, async ({ query }) => ({
    status: 200,
    body: { items: await accounts.find(query.email) },
  }))
  http.serve(identityRoutes.maskedAccounts, async ({ query }) => ({
    status: 200,
    body: { items: await accounts.masked(query.ids.split(',')) },
  }))
  http.serve(identityRoutes.setRoles, async ({ params, body }) => ({
    status: 200,
    body: await accounts.setRoles(params.id, body.roles),
  }))

  http.serve(identityRoutes.signIn, async ({ body, ip, reply }) => ({
    status: 201,
    ...withCookie(await sessions.signIn(body, clientOf(ip, reply))),
  }))
  http.serve(identityRoutes.refreshSession, async ({ headers }) => ({
    status: 200,
    ...withCookie(await sessions.refresh(cookie.read(headers['cookie']))),
  }))
  http.serve(identityRoutes.signOut, async ({ headers }) => {
    await sessions.signOut(cookie.read(headers['cookie']))
    return { status: 204, body: undefined, headers: { 'set-cookie': cookie.clear } }
  })
  http.serve(identityRoutes.jwks, async () => ({
    status: 200,
    body: { keys: (await accessTokens.jwks()).keys as Record<string, unknown>[] },
  }))
}
