import { ApiError, createClient, type Reply, type Request } from '@fairgate/contracts/client'
import { errors, type ErrorCode } from '@fairgate/contracts/errors'
import type { Answer, RouteContract } from '@fairgate/contracts/http/route'
import type { Language } from '../i18n/language.ts'
import type { ServerClock } from './server-clock.ts'
import type { Session } from './session.ts'

export type Api = ReturnType<typeof createApi>

const deadlineMs = 30_000

/** The typed client, signed in: a token that has expired is renewed once, and every call has an end. */
export function createApi(doFetch: typeof fetch, session: Session, serverClock: ServerClock) {
  const client = createClient({ baseUrl: '', fetch: doFetch })

  async function send<R extends RouteContract>(contract: R, request: Request<R>): Promise<Reply<R>> {
    const attempt = async (): Promise<Reply<R>> => {
      const accessToken = await session.freshToken()
      const deadline = AbortSignal.timeout(deadlineMs)
      const signal = request.signal ? AbortSignal.any([request.signal, deadline]) : deadline
      const reply = await client.send(contract, { ...request, signal, ...(accessToken ? { accessToken } : {}) })
      // Whole seconds, so up to one behind; among many answers one comes right after the second.
      serverClock.observe(reply.headers.get('date') ?? '')
      return reply
    }
    try {
      return await attempt()
    } catch (error) {
      const isStale = error instanceof ApiError && error.status === 401 && session.state().kind === 'signed-in'
      if (!isStale || !(await session.refresh())) throw error
      return attempt()
    }
  }

  const call = async <R extends RouteContract>(contract: R, request: Request<R>): Promise<Answer<R>> =>
    (await send(contract, request)).body

  return { send, call }
}

export const problemOf = (error: unknown): ApiError['problem'] | undefined =>
  error instanceof ApiError ? error.problem : undefined

export const codeOf = (error: unknown): ErrorCode | undefined => problemOf(error)?.code

/** A failure in the person's language. What the server adds to a title is English and for programs. */
export function errorText(error: unknown, language: Language, networkError: string): string {
  const problem = problemOf(error)
  if (!problem) return networkError
  const entry = Object.hasOwn(errors, problem.code) ? errors[problem.code] : undefined
  if (!entry) return problem.title
  return language === 'ko' ? entry.ko : `${entry.title}.`
}

/** The faults of a request by field name, `#/price/amount` → `price.amount`. */
export function faultsOf(error: unknown): Record<string, string> {
  const faults: Record<string, string> = {}
  for (const { pointer, detail } of problemOf(error)?.errors ?? []) {
    const field = pointer.replace(/^#?\//, '').replaceAll('/', '.') || 'form'
    faults[field] ??= detail
  }
  return faults
}
