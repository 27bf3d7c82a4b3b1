import type { IncomingHttpHeaders } from 'node:http'
import { Pool } from 'undici'
import { ApiError, createClient, type Client, type Reply, type Request } from '@fairgate/contracts/client'
import type { RouteContract } from '@fairgate/contracts/http/route'
import type { Recorder } from './recorder.ts'

/** The steps of a buyer whose times are reported. */
export type Step = 'join' | 'poll' | 'pass' | 'hold' | 'order' | 'pay' | 'other'

export type Wire = {
  /** A call that keeps trying while the server is away or asks to come back; `attempts` bounds it. */
  call<R extends RouteContract>(step: Step, contract: R, request: Request<R>): Promise<Reply<R>>
  /** A JSON request that has no contract (the payment sandbox). */
  post(step: Step, path: string, body: unknown): Promise<Record<string, unknown>>
  client: Client
  close(): Promise<void>
}

/** The server could not be reached; whether it did what was asked is unknown. */
export class Unreachable extends Error {
  override name = 'Unreachable'
}

const attemptsMax = 40

/**
 * Many people over some hundred connections. Latencies go to the recorder; answers 429, 503 and lost connections are
 * tried again after the time that the server names (or half a second), as a browser would.
 */
export function openWire(
  baseUrl: string,
  recorder: Recorder,
  options: { connections: number; sleep: (ms: number) => Promise<void> },
): Wire {
  const pool = new Pool(new URL(baseUrl).origin, {
    connections: options.connections,
    pipelining: 1,
    headersTimeout: 60_000,
    bodyTimeout: 60_000,
  })

  // The typed client wants a `fetch`; undici's own costs three times as much per request as its dispatcher, and the
  // streams of `request` half as much again.
  const lightFetch = ((url: string, init: RequestInit = {}) =>
    new Promise((resolve, reject) => {
      const chunks: Buffer[] = []
      let status = 0
      let headers: IncomingHttpHeaders = {}
      pool.dispatch(
        {
          path: url.slice(baseUrl.length),
          method: (init.method ?? 'GET') as 'GET',
          headers: init.headers as Record<string, string>,
          body: (init.body as string | undefined) ?? null,
        },
        {
          onRequestStart() {},
          onResponseStart(_controller, statusCode, received) {
            status = statusCode
            headers = received
          },
          onResponseData: (_controller, chunk) => void chunks.push(chunk),
          onResponseEnd() {
            const text = (chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)).toString()
            resolve({
              ok: status >= 200 && status < 300,
              status,
              headers: { get: (name: string) => (headers[name] as string | undefined) ?? null },
              text: async () => text,
            })
          },
          onResponseError: (_controller, error) => reject(error),
        },
      )
    })) as unknown as typeof fetch
  const client = createClient({ baseUrl, fetch: lightFetch })

  async function trying<T>(step: Step, once: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const startedAt = performance.now()
      try {
        const answer = await once()
        recorder.answered(step, performance.now() - startedAt)
        return answer
      } catch (error) {
        const isLast = attempt >= attemptsMax
        if (error instanceof ApiError) {
          recorder.answered(step, performance.now() - startedAt, error.status)
          const mayRetry =
            error.status === 503 ||
            error.status === 429 ||
            error.status >= 500 ||
            error.problem.code === 'http.idempotency-in-progress'
          if (!mayRetry || isLast) throw error
          await options.sleep(Number(error.problem.retryAfterMs ?? 500))
        } else {
          recorder.lost(step, error)
          // Whether the seats are held is to be looked up: asked for again, they would be held twice.
          if (isLast || step === 'hold') throw new Unreachable(String(error), { cause: error })
          await options.sleep(500)
        }
      }
    }
  }

  return {
    client,
    call: (step, contract, request) => trying(step, () => client.send(contract, request)),
    post: (step, path, body) =>
      trying(step, async () => {
        const response = await lightFetch(baseUrl + path, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        })
        const text = await response.text()
        if (!response.ok) {
          throw new ApiError(response.status, {
            type: 'about:blank',
            title: text.slice(0, 200),
            status: response.status,
            code: 'http.internal',
          })
        }
        return JSON.parse(text) as Record<string, unknown>
      }),
    close: () => pool.destroy(),
  }
}
