import { errors, type ErrorCode, type ProblemDocument } from '@fairgate/contracts/errors'

/** A refusal on its way to the client. `extensions` and `headers` are shown to it; `cause` is for the log only. */
export class Problem extends Error {
  override name = 'Problem'
  readonly code: ErrorCode
  readonly extensions: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string>> | undefined
  constructor(
    code: ErrorCode,
    extensions: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions & { headers?: Readonly<Record<string, string>> },
  ) {
    super(code, options)
    this.headers = options?.headers
    this.code = code
    this.extensions = extensions
  }
  get status(): number {
    return errors[this.code].status
  }
}

/** RFC 9457 problem details of a code. */
export function problemDocument(
  code: ErrorCode,
  extensions: Readonly<Record<string, unknown>>,
  requestId?: string,
): ProblemDocument {
  const entry = errors[code]
  return {
    type: `https://fairgate.dev/errors/${code}`,
    title: entry.title,
    status: entry.status,
    code,
    ...(requestId ? { requestId } : {}),
    ...extensions,
  }
}

/** For what cannot happen unless there is a bug: the request dies, the process lives. */
export function assert(condition: unknown, because: string): asserts condition {
  if (!condition) throw new Error(`broken assumption: ${because}`)
}
