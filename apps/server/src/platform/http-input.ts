import { Ajv, type ValidateFunction } from 'ajv'
import formats from 'ajv-formats'
import type { FastifyRequest } from 'fastify'
import type { RouteContract } from '@fairgate/contracts/http/route'
import { Problem } from './problem.ts'

/** Escapes for text that Postgres cannot store: NUL and, unless it is one of a pair, a surrogate. */
const unstorable = /\\u0000|\\ud[89a-f]/i

function refuseUnstorable(key: string, value: unknown): unknown {
  for (const text of [key, value]) {
    if (typeof text === 'string' && (text.includes('\0') || !text.isWellFormed()))
      throw new Error('text must be Unicode without NUL')
  }
  return value
}

/** A JSON body; undefined where there is none. @throws Problem `http.malformed-json` */
export function parseBody(text: string): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text, unstorable.test(text) ? refuseUnstorable : undefined)
  } catch (error) {
    throw new Problem('http.malformed-json', { detail: (error as Error).message })
  }
}

/** Lists all faults, and takes as a time only what `Date` can tell and an answer can write: no leap second, no year 10000. */
function validator({ coerceTypes }: { coerceTypes: boolean }): Ajv {
  const ajv = formats.default(new Ajv({ allErrors: true, strict: false, useDefaults: true, coerceTypes }))
  const { validate } = ajv.formats['date-time'] as { validate: (text: string) => boolean }
  const [first, last] = [Date.parse('0001-01-01T00:00:00Z'), Date.parse('9999-12-31T23:59:59.999Z')]
  const isInstant = (text: string) => Date.parse(text) >= first && Date.parse(text) <= last
  return ajv.addFormat('date-time', (text: string) => validate(text) && isInstant(text))
}

type Part = { name: 'params' | 'query' | 'body'; validate: ValidateFunction | undefined }

/** Makes of a contract what checks its requests and fills in what they may leave out. Of paths and queries, text becomes numbers where those are meant. */
export function createChecks(): (contract: RouteContract) => (request: FastifyRequest) => void {
  const bodies = validator({ coerceTypes: false })
  const texts = validator({ coerceTypes: true })
  return ({ params, query, body }) => {
    const parts: Part[] = [
      { name: 'params', validate: params && texts.compile(params) },
      { name: 'query', validate: query && texts.compile(query) },
      { name: 'body', validate: body && bodies.compile(body) },
    ]
    return (request) => check(request, parts)
  }
}

/** @throws Problem `http.invalid` with all faults at once, 100 at most */
function check(request: FastifyRequest, parts: readonly Part[]): void {
  const faults: { pointer: string; detail: string }[] = []
  for (const { name, validate } of parts) {
    if (!validate || validate(request[name])) continue
    for (const { keyword, params, instancePath, message } of validate.errors ?? []) {
      const { additionalProperty, missingProperty } = params as {
        additionalProperty?: string
        missingProperty?: string
      }
      const member = additionalProperty ?? missingProperty
      const detail =
        keyword === 'additionalProperties'
          ? 'is not known here'
          : keyword === 'required'
            ? 'is required'
            : (message ?? 'is not valid')
      const at = member === undefined ? '' : `/${member.replaceAll('~', '~0').replaceAll('/', '~1')}`
      faults.push({ pointer: `#${name === 'body' ? '' : `/${name}`}${instancePath}${at}`, detail })
    }
  }
  if (faults.length > 0) throw new Problem('http.invalid', { errors: faults.slice(0, 100) })
}
