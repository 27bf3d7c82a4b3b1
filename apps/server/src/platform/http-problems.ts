import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { errors } from '@fairgate/contracts/errors'
import { isUnavailable, postgresCode } from './db.ts'
import { Problem, problemDocument } from './problem.ts'

/** What a client is told of whatever was thrown. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error
  const { code, statusCode } = (error ?? {}) as { code?: string; statusCode?: number }
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new Problem('http.body-too-large', {}, { cause: error })
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return new Problem('http.unsupported-media-type', {}, { cause: error })
  if (statusCode === 404) return new Problem('http.not-found', {}, { cause: error })
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new Problem('http.invalid', { detail: (error as Error).message }, { cause: error })
  const postgres = postgresCode(error)
  // NUL, which Postgres cannot store, somewhere in a text: the client's fault, whichever statement met it first.
  if (postgres === '22021' || postgres === '22P05')
    return new Problem('http.invalid', { detail: 'a text has characters that cannot be stored' }, { cause: error })
  if (isUnavailable(error)) return new Problem('http.overloaded', { retryAfterMs: 1000 }, { cause: error })
  return new Problem('http.internal', {}, { cause: error })
}

/** Whether a full queue turned the request away, as it should: nothing has failed. */
export const isRefusal = ({ code, cause }: Problem): boolean =>
  (code === 'http.overloaded' || code === 'http.poll-instead') && cause === undefined

/** What cannot be read as HTTP meets no route: it is answered on the socket itself, which is then closed. */
export function refuseConnection({ code }: { code?: string }, socket: Socket): void {
  if (!socket.writable) return void socket.destroy()
  const problem =
    code === 'HPE_HEADER_OVERFLOW'
      ? 'http.headers-too-large'
      : code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? 'http.request-timeout'
        : 'http.malformed-request'
  const { status } = errors[problem]
  const text = JSON.stringify(problemDocument(problem, {}))
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'content-type: application/problem+json; charset=utf-8',
    `content-length: ${Buffer.byteLength(text)}`,
    'cache-control: no-store',
    'connection: close',
  ]
  // Not left half open: whoever sends nonsense might go on for ever.
  socket.end(`${head.join('\r\n')}\r\n\r\n${text}`, () => socket.destroy())
}
