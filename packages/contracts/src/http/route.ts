import type { ErrorCode } from '../errors.ts'
import type { Static, TSchema } from '../schema.ts'

/** Who may call: a role of the account, `provider` for a payment provider's webhook, `anyone` without signing in. */
export type Caller = 'anyone' | 'buyer' | 'staff' | 'organiser' | 'admin' | 'provider'

export type RouteContract = {
  method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  /** Parameters in braces, as OpenAPI writes them: `/api/events/{id}`. */
  path: `/${string}`
  caller: Caller
  summary: string
  params?: TSchema
  query?: TSchema
  body?: TSchema
  /** Takes an `Idempotency-Key` header: same key and body, same answer. */
  idempotent?: true
  /** Success statuses and their bodies. A status with `null` has none. */
  answers: { readonly [status: number]: TSchema | null }
  /** Media type of the answer when it is not JSON: the handler writes the bytes itself. */
  media?: string
  errors?: readonly ErrorCode[]
  /** `Cache-Control` of the success answer; `no-store` when absent. */
  cache?: string
  /** The body is a file, given to the handler as the bytes it was sent in. It comes as one of `rawMedia`. */
  rawBody?: true
  /** Largest body in bytes, where 64 kB is too little. */
  bodyBytesMax?: number
}

/** What the body of a route with `rawBody` may come as. The bytes decide what it is, not their name. */
export const rawMedia = ['application/octet-stream', 'application/json', 'text/csv'] as const

/** Keeps the literal types of a contract. */
export const route = <const R extends RouteContract>(contract: R): R => contract

type Part<R, K extends 'params' | 'query' | 'body'> = R extends { readonly [P in K]: infer S extends TSchema }
  ? Static<S>
  : undefined
export type Params<R> = Part<R, 'params'>
export type Query<R> = Part<R, 'query'>
export type Body<R> = Part<R, 'body'>

type BodyOf<S> = S extends TSchema ? Static<S> : undefined
/** The body of any success answer. */
export type Answer<R extends RouteContract> = { [S in keyof R['answers']]: BodyOf<R['answers'][S]> }[keyof R['answers']]
