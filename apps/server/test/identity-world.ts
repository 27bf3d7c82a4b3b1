import type { Account } from '@fairgate/contracts/http/identity'
import type { EventType } from '@fairgate/contracts/events'
import type { HttpApp } from '#platform/http'
import { test, type TestPlatform } from './fixtures.ts'
import { createIdentity, type IdentityConfig } from '#modules/identity'

export { test }

/** Somebody who registers; the same person unless told otherwise. */
export const registration = (other: Partial<{ email: string; password: string; name: string }> = {}) => ({
  email: 'Mina@Example.com',
  password: 'correct horse battery',
  name: '김미나',
  ...other,
})

type Options = { token?: string; cookie?: string; ip?: string; headers?: Record<string, string> }
// oxlint-disable-next-line typescript/no-explicit-any -- answers are compared with expectations, which say their shape
type Answered = { status: number; body: any; headers: Record<string, string | string[] | number | undefined> }

/** The module behind real HTTP routes, and a listener for its facts. */
export async function world(platform: TestPlatform, config: Partial<IdentityConfig> = {}, http?: HttpApp) {
  const identity = createIdentity(platform, { secureCookies: true, ...config })
  const app = http ?? platform.http([])
  identity.module.routes!(app)
  const spied: EventType[] = [
    'identity.account-registered.v1',
    'identity.code-requested.v1',
    'identity.password-reset-requested.v1',
    'identity.password-changed.v1',
  ]
  await platform.register([identity.module], { spy: spied })

  async function call(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    url: string,
    payload?: object,
    { token, cookie, ip, headers }: Options = {},
  ): Promise<Answered> {
    const response = await app.fastify.inject({
      method,
      url,
      ...(payload ? { payload } : {}),
      ...(ip ? { remoteAddress: ip } : {}),
      headers: { ...headers, ...(token ? { authorization: `Bearer ${token}` } : {}), ...(cookie ? { cookie } : {}) },
    })
    return { status: response.statusCode, body: response.body ? response.json() : undefined, headers: response.headers }
  }

  const facts = () => platform.taken('spy')

  async function register(other: Parameters<typeof registration>[0] = {}) {
    const answer = await call('POST', '/api/accounts', registration(other))
    if (answer.status !== 201) throw new Error(`registering answered ${answer.status}: ${JSON.stringify(answer.body)}`)
    const requested = (await facts()).find((each) => each.type === 'identity.code-requested.v1')
    const { account, accessToken } = answer.body as { account: Account; accessToken: string }
    return { account, accessToken, code: String(requested!.data['code']), cookie: cookieOf(answer) }
  }

  async function admin(email: string) {
    const { accountId } = await identity.seedAccount({
      email,
      name: 'Admin',
      locale: 'en',
      roles: ['admin'],
      verified: true,
    })
    return {
      accountId,
      accessToken: await platform.accessTokens.sign({ accountId, roles: ['admin'], verified: true }, 600),
    }
  }

  return { identity, app, call, facts, register, admin }
}

/** The cookie that an answer sets, as a browser would send it back. */
export const cookieOf = (answer: Answered): string => String(answer.headers['set-cookie']).split(';')[0]!

export const manyAtOnce = <T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index)))
