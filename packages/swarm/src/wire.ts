import { ApiError, createClient, type Client, type Reply, type Request } from '@fairgate/contracts/client'
import type { RouteContract } from '@fairgate/contracts/http/route'
import { openLanes } from './lanes.ts'
import type { Recorder } from './recorder.ts'

/** The steps of a buyer whose times are reported. */
export type Step = 'join' | 'bid' | 'poll' | 'pass' | 'hold' | 'order' | 'pay' | 'other'

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

type LightResponse = Pick<Response, 'ok' | 'status' | 'headers' | 'text'>

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
  const lanes = openLanes(baseUrl, options.connections)
  // People have connections of their own: whoever reads the line does not wait for those who hold, pay and are served slowly.
  const reading = openLanes(baseUrl, options.connections)
  const { host } = new URL(baseUrl)

  // The typed client wants a `fetch`; that of undici costs four times as much a request, and a crowd shares its machine.
  async function lightFetch(url: string, init: RequestInit = {}): Promise<LightResponse> {
    const body = (init.body as string | undefined) ?? ''
    const head = Object.entries({ host, ...(init.headers as Record<string, string>) }).map(([k, v]) => `${k}: ${v}\r\n`)
    const length = body === '' ? '' : `content-length: ${Buffer.byteLength(body)}\r\n`
    const path = url.slice(baseUrl.length)
    const isReading = init.method === 'GET' && path.startsWith('/api/lines/')
    const answer = await (isReading ? reading : lanes).send(
      `${init.method ?? 'GET'} ${path} HTTP/1.1\r\n${head.join('')}${length}\r\n${body}`,
    )
    const { status } = answer
    return {
      ok: status >= 200 && status < 300,
      status,
      headers: { get: (name: string) => answer.header(name) ?? null } as Headers,
      text: async () => answer.body.toString(),
    }
  }
  const client = createClient({ baseUrl, fetch: lightFetch as typeof fetch })

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
    async close() {
      lanes.close()
      reading.close()
    },
  }
}
