import type { ProblemDocument } from './errors.ts'
import type { Answer, Body, Params, Query, RouteContract } from './http/route.ts'

/** A refusal or failure that the server explained. */
export class ApiError extends Error {
  override name = 'ApiError'
  readonly problem: ProblemDocument
  readonly status: number
  constructor(status: number, problem: ProblemDocument) {
    super(`${problem.code}: ${problem.detail ?? problem.title}`)
    this.status = status
    this.problem = problem
  }
}

type Given<K extends string, V> = V extends undefined
  ? { [P in K]?: undefined }
  : Record<never, never> extends V
    ? { [P in K]?: V }
    : { [P in K]: V }
export type Request<R extends RouteContract> = Given<'params', Params<R>> &
  (Query<R> extends undefined ? { query?: undefined } : { query?: Query<R> }) &
  (R extends { rawBody: true } ? { body: Blob | Uint8Array<ArrayBuffer> } : Given<'body', Body<R>>) & {
    idempotencyKey?: string
    etag?: string
    signal?: AbortSignal
    accessToken?: string
  }

export type Reply<R extends RouteContract> = { status: number; headers: Headers; body: Answer<R> }

export type ClientOptions = {
  /** `https://tickets.example.com`, or '' in the browser. */
  baseUrl: string
  accessToken?: () => string | undefined
  fetch?: typeof fetch
}

export type Client = ReturnType<typeof createClient>

/** Typed calls of the HTTP surface. A 2xx or 304 is returned, anything else throws an `ApiError`. */
export function createClient(options: ClientOptions) {
  const doFetch = options.fetch ?? fetch

  async function send<R extends RouteContract>(contract: R, request: Request<R>): Promise<Reply<R>> {
    const headers: Record<string, string> = { accept: 'application/json' }
    const token = request.accessToken ?? options.accessToken?.()
    if (token) headers['authorization'] = `Bearer ${token}`
    if (request.idempotencyKey) headers['idempotency-key'] = request.idempotencyKey
    if (request.etag) headers['if-none-match'] = request.etag
    const init: RequestInit = { method: contract.method, headers }
    if (contract.rawBody) {
      headers['content-type'] = 'application/octet-stream'
      init.body = request.body as unknown as Blob
    } else if (request.body !== undefined) {
      headers['content-type'] = 'application/json'
      init.body = JSON.stringify(request.body)
    }
    if (request.signal) init.signal = request.signal
    const response = await doFetch(options.baseUrl + urlOf(contract, request.params, request.query), init)
    const text = await response.text()
    const json = (response.headers.get('content-type') ?? '').includes('json')
    if (!response.ok && response.status !== 304)
      throw new ApiError(response.status, problemOf(response.status, json ? text : ''))
    return {
      status: response.status,
      headers: response.headers,
      body: (text && json ? JSON.parse(text) : contract.media === 'text/csv' ? text : undefined) as Answer<R>,
    }
  }

  /** The body alone, for callers that need nothing else. */
  const call = async <R extends RouteContract>(contract: R, request: Request<R>): Promise<Answer<R>> =>
    (await send(contract, request)).body

  return { send, call }
}

/** Path and query of a call, everything escaped. */
export function urlOf(contract: RouteContract, params: unknown, query: unknown): string {
  const values = (params ?? {}) as Record<string, string | number | undefined>
  const path = contract.path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name]
    // Without it, or with a step that `fetch` resolves, the call would reach another route.
    if (value === undefined || value === '' || value === '.' || value === '..')
      throw new Error(`${contract.path} needs ${name}, not ${JSON.stringify(value)}`)
    return encodeURIComponent(value)
  })
  if (query === undefined) return path
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(
    (query ?? {}) as Record<string, string | number | boolean | null | undefined>,
  )) {
    if (value !== undefined && value !== null && value !== '') search.set(name, String(value))
  }
  const text = search.toString()
  return text ? `${path}?${text}` : path
}

function problemOf(status: number, text: string): ProblemDocument {
  try {
    const body = JSON.parse(text) as ProblemDocument
    if (typeof body.code === 'string') return body
  } catch {
    // Not ours: a proxy answered. The status says all there is.
  }
  return { type: 'about:blank', title: `HTTP ${status}`, status, code: 'http.internal' }
}
