import type { Scheduler } from '#platform/clock'

/** What came back over HTTP: `none` tells nothing of whether the request arrived. `body` is parsed, undefined if not JSON. */
export type Reply = { kind: 'reply'; status: number; body: unknown } | { kind: 'none'; code: string }

/** Calls to a provider that never throw and end within their deadline, reading included. */
export function createCall({ baseUrl, timeoutMs }: { baseUrl: string; timeoutMs: number }, clock: Scheduler) {
  return async (
    method: 'GET' | 'POST',
    path: string,
    { headers, body }: { headers: Record<string, string>; body?: string },
  ): Promise<Reply> => {
    const deadline = new AbortController()
    const cancel = clock.after(timeoutMs, () => deadline.abort())
    try {
      const response = await fetch(`${baseUrl}${path}`, {
        method,
        // A redirect would carry the key to somebody else.
        redirect: 'error',
        signal: deadline.signal,
        headers: { accept: 'application/json', ...headers },
        ...(body === undefined ? {} : { body }),
      })
      return { kind: 'reply', status: response.status, body: parseJson(await response.text()) }
    } catch {
      return { kind: 'none', code: deadline.signal.aborted ? 'no-answer-in-time' : 'no-connection' }
    } finally {
      cancel()
    }
  }
}

export const unknown = (code: string) => ({ kind: 'unknown' as const, code, isOurFault: false })

/** Undefined for what is no JSON: a proxy's error page, or half an answer. Its reader sees that it is no payment. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export const members = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}

/** Printable ASCII without blanks, or null: what providers' keys and ids are made of. */
export const word = (value: unknown, lengthMax: number): string | null =>
  typeof value === 'string' && value.length <= lengthMax && /^[\x21-\x7e]+$/.test(value) ? value : null
