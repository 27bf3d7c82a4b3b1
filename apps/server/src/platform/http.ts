import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type RouteOptions,
} from 'fastify'
import {
  rawMedia,
  type Answer,
  type Body,
  type Params,
  type Query,
  type RouteContract,
} from '@fairgate/contracts/http/route'
import type { AccessTokens, Caller } from './access-token.ts'
import { createChecks, parseBody } from './http-input.ts'
import { isRefusal, problemOf, refuseConnection } from './http-problems.ts'
import type { Idempotency } from './idempotency.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'
import { Problem, problemDocument } from './problem.ts'
import type { Scheduler } from './clock.ts'
import type { RequestKind, RequestOutcome, Vitals } from './vitals.ts'

/** What a handler is given. `caller` is there whenever the contract asks for a role, and for `anyone` who is signed in. */
export type HttpRequest<R extends RouteContract> = {
  params: Params<R>
  query: Query<R>
  body: R extends { rawBody: true } ? Buffer : Body<R>
  caller: R['caller'] extends 'anyone' | 'provider' ? Caller | undefined : Caller
  headers: Readonly<Record<string, string | string[] | undefined>>
  ip: string
  log: Log
  /** Aborted when the client goes away. */
  signal: AbortSignal
  /** Fastify's own objects, for streams and cookies. */
  raw: FastifyRequest
  reply: FastifyReply
}

type SuccessStatus = 200 | 201 | 202 | 204

/** A JSON answer, prebuilt bytes, or `hijacked` when the handler writes to the socket itself. */
export type HttpAnswer<R extends RouteContract> =
  | { status: SuccessStatus; body: Answer<R>; headers?: Record<string, string> }
  | { status: SuccessStatus; bytes: Buffer | string; type: string; etag?: string; headers?: Record<string, string> }
  | 'hijacked'

export type HttpApp = {
  serve<R extends RouteContract>(contract: R, handle: (request: HttpRequest<R>) => Promise<HttpAnswer<R>>): void
  /** Connections that are open and have been used. */
  connections(): number
  /** For static files and pages, which have no contract. */
  readonly fastify: FastifyInstance
}

export type HttpOptions = {
  log: Log
  metrics: Metrics
  scheduler: Scheduler
  accessTokens: AccessTokens
  idempotency: Idempotency
  /** Addresses of proxies whose `X-Forwarded-For` is believed; nobody's by default. */
  trustProxy: string[] | false
  /** Requests answered at the same time; one more gets 503. */
  inFlightMax: number
  /** A handler that takes longer is answered with 503 (long polls and streams excepted: they bound themselves). */
  deadlineMs: number
  /** Told of what buyers and readers ask for; streams and long polls, which take long on purpose, are left out. */
  vitals?: Pick<Vitals, 'request'>
}

const bodyBytesMax = 64 * 1024

export function createHttp(options: HttpOptions): HttpApp {
  const { log, metrics, accessTokens, idempotency, scheduler } = options
  const checkOf = createChecks()
  const durations = metrics.histogram(
    'fairgate_http_request_duration_seconds',
    'Time to answer',
    ['route', 'status'],
    [0.005, 0.02, 0.05, 0.1, 0.3, 1, 3, 10],
  )

  const app = fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: options.trustProxy,
    bodyLimit: bodyBytesMax,
    connectionTimeout: 0,
    requestTimeout: 30_000,
    keepAliveTimeout: 72_000,
    frameworkErrors: (error, request, reply) => void sendProblem(error, request, reply),
    clientErrorHandler: refuseConnection,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 200 },
    forceCloseConnections: true,
    genReqId: () => crypto.randomUUID(),
    // Hardly any request logs; the one that does is given a logger of its own then.
    childLoggerFactory: (logger) => logger,
  })

  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, text, done) => {
    try {
      done(null, parseBody(text as string))
    } catch (error) {
      done(error as Error)
    }
  })

  let inFlight = 0
  const met = new WeakSet<Socket>()
  let connections = 0
  function meet({ socket }: IncomingMessage): void {
    if (met.has(socket)) return
    met.add(socket)
    connections++
    socket.once('close', () => connections--)
  }

  app.addHook('onRequest', (request, reply, done) => {
    meet(request.raw)
    reply.header('x-content-type-options', 'nosniff')
    reply.header('referrer-policy', 'same-origin')
    const unsafe = request.method !== 'GET' && request.method !== 'HEAD'
    const isProvider = (request.routeOptions.config as { caller?: string } | undefined)?.caller === 'provider'
    done(unsafe && !isProvider && isCrossSite(request) ? new Problem('http.cross-site') : undefined)
  })
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply))
  const paths: { pattern: RegExp; method: string }[] = []
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0]!
    const allowed = paths.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method)
    if (allowed.length === 0) return sendProblem(new Problem('http.not-found', { detail: path }), request, reply)
    reply.header('allow', allowed.join(', '))
    return sendProblem(new Problem('http.method-not-allowed', { detail: `${request.method} ${path}` }), request, reply)
  })

  function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const problem = problemOf(error)
    if (problem.status >= 500 && !isRefusal(problem)) {
      request.log.error(
        { err: problem.cause ?? error, route: request.routeOptions.url, requestId: request.id },
        'request failed',
      )
    }
    const document = problemDocument(problem.code, problem.extensions, request.id)
    if (problem.headers) reply.headers(problem.headers)
    if (typeof document.retryAfterMs === 'number')
      reply.header('retry-after', String(Math.max(1, Math.ceil(document.retryAfterMs / 1000))))
    else if (problem.status === 503 || problem.status === 429) reply.header('retry-after', '1')
    if (problem.status === 401) reply.header('www-authenticate', 'Bearer')
    return reply
      .code(problem.status)
      .header('cache-control', 'no-store')
      .type('application/problem+json')
      .send(JSON.stringify(document))
  }

  async function authenticate(request: FastifyRequest, contract: RouteContract): Promise<Caller | undefined> {
    const header = request.headers.authorization
    if (header === undefined) {
      if (contract.caller === 'anyone' || contract.caller === 'provider') return undefined
      throw new Problem('identity.sign-in-required')
    }
    const result = /^Bearer /i.test(header)
      ? await accessTokens.verify(header.slice(7).trim())
      : ({ kind: 'forged' } as const)
    if (result.kind !== 'valid') {
      if (contract.caller === 'anyone') return undefined
      throw new Problem(result.kind === 'expired' ? 'identity.token-expired' : 'identity.sign-in-required')
    }
    const { roles } = result.caller
    const allowed =
      contract.caller === 'anyone' ||
      contract.caller === 'provider' ||
      contract.caller === 'buyer' ||
      roles.includes(contract.caller) ||
      roles.includes('admin')
    if (!allowed) throw new Problem('identity.not-allowed')
    return result.caller
  }

  function serve<R extends RouteContract>(
    contract: R,
    handle: (request: HttpRequest<R>) => Promise<HttpAnswer<R>>,
  ): void {
    const check = checkOf(contract)
    const response: Record<string, unknown> = {}
    for (const [status, schema] of Object.entries(contract.answers)) if (schema) response[status] = schema
    const url = contract.path.replace(/\{(\w+)\}/g, ':$1')
    paths.push({
      pattern: new RegExp(`^${contract.path.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}/?$`),
      method: contract.method,
    })
    const bounded =
      !contract.media &&
      !(contract.query && 'waitSeconds' in ((contract.query as { properties?: object }).properties ?? {}))

    const kind = bounded ? kindOf(contract) : undefined

    const routing: RouteOptions = {
      method: contract.method,
      url,
      schema: { response },
      ...(contract.bodyBytesMax ? { bodyLimit: contract.bodyBytesMax } : {}),
      config: { caller: contract.caller },
      handler: async (request, reply) => {
        const startedAt = scheduler.now()
        let outcome: RequestOutcome = 'answered'
        inFlight++
        try {
          if (inFlight > options.inFlightMax) throw new Problem('http.overloaded', { retryAfterMs: 1000 })
          const isAnonymous = contract.caller === 'anyone' && request.headers.authorization === undefined
          const caller = isAnonymous ? undefined : await authenticate(request, contract)
          // A POST whose members are all optional may come without a body.
          if (contract.body && request.body === undefined) request.body = {}
          if (contract.rawBody) request.body ??= Buffer.alloc(0)
          check(request)
          const input = new Input(request, reply, caller) as unknown as HttpRequest<R>
          const work = () => handle(input)
          const answer = await (bounded
            ? withDeadline(answerOnce(contract, request, caller, work))
            : answerOnce(contract, request, caller, work))
          if (answer === 'hijacked') return reply
          return send(contract, request, reply, answer)
        } catch (error) {
          const problem = problemOf(error)
          if (problem.status >= 500) outcome = isRefusal(problem) ? 'refused' : 'failed'
          reply.code(problem.status)
          throw error
        } finally {
          inFlight--
          const ms = scheduler.now() - startedAt
          durations.observe(
            { route: `${contract.method} ${contract.path}`, status: String(reply.statusCode) },
            ms / 1000,
          )
          if (kind) options.vitals?.request(kind, ms, outcome)
        }
      },
    }
    if (!contract.rawBody) app.route(routing)
    else
      void app.register(async (scope) => {
        scope.removeAllContentTypeParsers()
        scope.addContentTypeParser([...rawMedia], { parseAs: 'buffer' }, (_request, bytes, done) => done(null, bytes))
        // A file is large: who may not send one is told before it is read.
        scope.route({ ...routing, onRequest: async (request) => void (await authenticate(request, contract)) })
      })
  }

  async function answerOnce<R extends RouteContract>(
    contract: R,
    request: FastifyRequest,
    caller: Caller | undefined,
    work: () => Promise<HttpAnswer<R>>,
  ): Promise<HttpAnswer<R>> {
    const header = request.headers['idempotency-key']
    if (!contract.idempotent || header === undefined) return work()
    // A structured-field string in the draft; payment providers send it bare.
    const key = String(header).replace(/^"(.*)"$/, '$1')
    if (key === '' || key.length > 255)
      throw new Problem('http.invalid', {
        errors: [{ pointer: '#/headers/idempotency-key', detail: 'must have 1 to 255 characters' }],
      })
    const scope = `${caller?.accountId ?? 'anyone'} ${contract.method} ${request.url.split('?')[0]}`
    return (await idempotency.run(scope, key, request.body, async () => {
      const answer = await work()
      if (answer === 'hijacked' || 'bytes' in answer) throw new Error('an idempotent route answers with JSON')
      return { status: answer.status, body: answer.body }
    })) as HttpAnswer<R>
  }

  function withDeadline<T>(work: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const cancel = scheduler.after(options.deadlineMs, () =>
        reject(new Problem('http.deadline', { retryAfterMs: 1000 })),
      )
      work.then(resolve, reject).finally(cancel)
    })
  }

  function send<R extends RouteContract>(
    contract: R,
    request: FastifyRequest,
    reply: FastifyReply,
    answer: Exclude<HttpAnswer<R>, 'hijacked'>,
  ): FastifyReply {
    reply.code(answer.status)
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', contract.cache ?? 'no-store')
    for (const [name, value] of Object.entries(answer.headers ?? {})) reply.header(name, value)
    if ('bytes' in answer) {
      if (answer.etag) {
        reply.header('etag', answer.etag)
        if (isKnown(request.headers['if-none-match'], answer.etag)) return reply.code(304).send()
      }
      return reply
        .type(answer.type)
        .serializer((payload: unknown) => payload as string)
        .send(answer.bytes)
    }
    if (answer.body === undefined) return reply.send()
    if (!contract.cache) return reply.send(answer.body)
    const text = reply.serialize(answer.body as object) as string
    const etag = etagOf(text)
    reply.header('etag', etag)
    if (isKnown(request.headers['if-none-match'], etag)) return reply.code(304).send()
    return reply
      .type('application/json; charset=utf-8')
      .serializer((payload: unknown) => payload as string)
      .send(text)
  }

  return { serve, connections: () => connections, fastify: app }
}

/** Buyers' requests, and what anybody reads. What organisers, staff and providers ask for says nothing of the crowd. */
function kindOf(contract: RouteContract): RequestKind | undefined {
  if (contract.method === 'GET') return contract.caller === 'buyer' || contract.caller === 'anyone' ? 'read' : undefined
  return contract.caller === 'buyer' ? 'write' : undefined
}

/**
 * What handlers are given. What only a few of them ask for is made then; getters of a class, because those of an object
 * literal were measured to cost 10 µs a request.
 */
class Input {
  readonly params: unknown
  readonly query: unknown
  readonly body: unknown
  readonly caller: Caller | undefined
  readonly headers: FastifyRequest['headers']
  readonly ip: string
  readonly raw: FastifyRequest
  readonly reply: FastifyReply
  constructor(request: FastifyRequest, reply: FastifyReply, caller: Caller | undefined) {
    this.params = request.params
    this.query = request.query
    this.body = request.body
    this.caller = caller
    this.headers = request.headers
    this.ip = request.ip
    this.raw = request
    this.reply = reply
  }
  get log(): Log {
    return this.raw.log.child({ requestId: this.raw.id }) as Log
  }
  get signal(): AbortSignal {
    return whenGone(this.reply)
  }
}

/** Made for the few handlers that ask: aborting costs 10 µs a request, most of it for the stack of the reason. */
function whenGone(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort())
  return gone.signal
}

/** What the browser says of where a request was made; of older browsers, which do not say, a cookie's `Origin` is compared. */
function isCrossSite({ headers, host }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site === 'cross-site'
  const { origin, cookie } = headers
  return cookie !== undefined && origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== host)
}

/** A strong validator of a document. */
export const etagOf = (text: string | Buffer): string => `"${createHash('sha1').update(text).digest('base64url')}"`

/**
 * Whether the client has the document already, by the weak comparison of RFC 9110, section 13.1.2: a proxy that
 * compresses makes our validators weak.
 */
export const isKnown = (ifNoneMatch: string | undefined, etag: string): boolean =>
  ifNoneMatch !== undefined &&
  ifNoneMatch.split(',').some((known) => known.trim() === '*' || known.trim().replace(/^W\//, '') === etag)
