import { errors } from '@fairgate/contracts/errors'
import { rawMedia, type RouteContract } from '@fairgate/contracts/http/route'
import { routes } from '@fairgate/contracts/http/routes'
import type { TSchema } from '@fairgate/contracts/schema'

/** OpenAPI 3.1 of the whole HTTP surface, made from the contracts that also validate. */
export function openApiDocument(): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const [tag, group] of Object.entries(routes)) {
    for (const [operationId, contract] of Object.entries(group as Record<string, RouteContract>)) {
      ;(paths[contract.path] ??= {})[contract.method.toLowerCase()] = operation(tag, operationId, contract)
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Fairgate',
      version: '0.1.0',
      description:
        'Sells scarce places to a crowd far larger than the stock: fairly, fast, and each place exactly once.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    servers: [{ url: '/' }],
    paths,
    components: {
      securitySchemes: { accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      schemas: { Problem: problemSchema },
    },
  }
}

function operation(tag: string, operationId: string, contract: RouteContract): Record<string, unknown> {
  const parameters = [
    ...parametersOf('path', contract.params),
    ...parametersOf('query', contract.query),
    ...(contract.idempotent
      ? [
          {
            name: 'Idempotency-Key',
            in: 'header',
            required: false,
            schema: { type: 'string', minLength: 1, maxLength: 255 },
          },
        ]
      : []),
  ]
  const isPublic = contract.caller === 'anyone' || contract.caller === 'provider'
  return {
    tags: [tag],
    operationId,
    summary: contract.summary,
    ...(isPublic ? {} : { security: [{ accessToken: [] }], 'x-caller': contract.caller }),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(contract.body
      ? { requestBody: { required: true, content: { 'application/json': { schema: contract.body } } } }
      : {}),
    ...(contract.rawBody
      ? { requestBody: { required: true, content: Object.fromEntries(rawMedia.map((media) => [media, {}])) } }
      : {}),
    responses: responsesOf(contract, isPublic),
  }
}

function parametersOf(place: 'path' | 'query', schema: TSchema | undefined): unknown[] {
  const { properties = {}, required = [] } = (schema ?? {}) as {
    properties?: Record<string, TSchema>
    required?: string[]
  }
  return Object.entries(properties).map(([name, value]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: value,
  }))
}

function responsesOf(contract: RouteContract, isPublic: boolean): Record<string, unknown> {
  const responses: Record<string, unknown> = {}
  for (const [status, schema] of Object.entries(contract.answers)) {
    const type = contract.media ?? 'application/json'
    responses[status] = {
      description: 'Done',
      ...(schema || contract.media ? { content: { [type]: { schema: schema ?? { type: 'string' } } } } : {}),
    }
  }
  const codes = new Set([
    ...(contract.errors ?? []),
    'http.invalid' as const,
    ...(isPublic ? [] : (['identity.sign-in-required'] as const)),
    ...(isPublic || contract.caller === 'buyer' ? [] : (['identity.not-allowed'] as const)),
    ...(contract.idempotent ? (['http.idempotency-key-reused', 'http.idempotency-in-progress'] as const) : []),
  ])
  for (const [status, group] of Map.groupBy(codes, (code) => errors[code].status)) {
    responses[String(status)] = {
      description: group.map((code) => `\`${code}\`: ${errors[code].title}`).join('\n\n'),
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    }
  }
  return responses
}

const problemSchema = {
  description: 'RFC 9457 problem details',
  type: 'object',
  required: ['type', 'title', 'status', 'code'],
  properties: {
    type: { type: 'string', format: 'uri' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', enum: Object.keys(errors) },
    detail: { type: 'string' },
    requestId: { type: 'string' },
    retryAfterMs: { type: 'integer' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['pointer', 'detail'],
        properties: { pointer: { type: 'string' }, detail: { type: 'string' } },
      },
    },
  },
}
