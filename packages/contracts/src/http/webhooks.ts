import { Type, Strict, OneOf, Id, Instant, type Static } from '../schema.ts'
import { route } from './route.ts'

/** What an organiser's server may be told of. */
export const webhookTypes = [
  'order.fulfilled',
  'order.refunded',
  'order.seats_returned',
  'ticket.checked_in',
  'sale.sold_out',
] as const
export type WebhookType = (typeof webhookTypes)[number]

export const endpointsMax = 10

const Url = Type.String({ minLength: 1, maxLength: 500 })
const Types = Type.Array(OneOf(webhookTypes), { minItems: 1, maxItems: webhookTypes.length, uniqueItems: true })
const Description = Type.String({ maxLength: 100 })

export const WebhookEndpoint = Strict({
  id: Type.String(),
  url: Type.String(),
  description: Type.String(),
  types: Type.Array(OneOf(webhookTypes)),
  disabled: Type.Union([Strict({ at: Instant, why: OneOf(['by-hand', 'failing', 'gone']) }), Type.Null()]),
  failingSince: Type.Union([Instant, Type.Null()], { description: 'since when nothing has been delivered' }),
  previousSecretUntil: Type.Union([Instant, Type.Null()], {
    description: 'until when messages are signed with the secret before, too',
  }),
  waiting: Type.Integer({ description: 'messages on their way' }),
  createdAt: Instant,
})
export type WebhookEndpoint = Static<typeof WebhookEndpoint>

const WithSecret = Strict({
  endpoint: WebhookEndpoint,
  secret: Type.String({ description: '`whsec_` and base64; shown this once' }),
})

export const deliveryStates = ['waiting', 'delivered', 'failed'] as const
export type DeliveryState = (typeof deliveryStates)[number]

export const WebhookDelivery = Strict({
  messageId: Type.String({ description: '`webhook-id` of every attempt' }),
  type: Type.String(),
  state: OneOf(deliveryStates),
  createdAt: Instant,
  nextAttemptAt: Type.Union([Instant, Type.Null()]),
  attempts: Type.Array(
    Strict({
      at: Instant,
      status: Type.Union([Type.Integer(), Type.Null()], { description: 'of the answer; null: there was none' }),
      ms: Type.Integer(),
      reason: Type.Union([Type.String(), Type.Null()]),
    }),
    { description: 'the newest first, at most 20' },
  ),
})
export type WebhookDelivery = Static<typeof WebhookDelivery>

const params = Strict({ id: Id })

export const listEndpoints = route({
  method: 'GET',
  path: '/api/webhooks',
  caller: 'organiser',
  summary: 'Your webhook endpoints',
  answers: { 200: Strict({ items: Type.Array(WebhookEndpoint) }) },
})

export const createEndpoint = route({
  method: 'POST',
  path: '/api/webhooks',
  caller: 'organiser',
  summary: `Have what happens at your events posted to a server, signed as Standard Webhooks says. At most ${endpointsMax} endpoints`,
  body: Strict({ url: Url, types: Types, description: Type.Optional(Description) }),
  idempotent: true,
  answers: { 201: WithSecret },
  errors: ['webhooks.url-invalid', 'webhooks.too-many'],
})

export const changeEndpoint = route({
  method: 'PATCH',
  path: '/api/webhooks/{id}',
  caller: 'organiser',
  summary: 'Change an endpoint, or switch it off and on',
  params,
  body: Strict({
    url: Type.Optional(Url),
    types: Type.Optional(Types),
    description: Type.Optional(Description),
    isEnabled: Type.Optional(Type.Boolean({ description: 'off: nothing is sent, and what was waiting has failed' })),
  }),
  answers: { 200: WebhookEndpoint },
  errors: ['webhooks.endpoint-not-found', 'webhooks.url-invalid'],
})

export const deleteEndpoint = route({
  method: 'DELETE',
  path: '/api/webhooks/{id}',
  caller: 'organiser',
  summary: 'Remove an endpoint with its log',
  params,
  answers: { 204: null },
  errors: ['webhooks.endpoint-not-found'],
})

export const rotateSecret = route({
  method: 'POST',
  path: '/api/webhooks/{id}/secret',
  caller: 'organiser',
  summary: 'A new secret. For a day messages are signed with both',
  params,
  answers: { 200: WithSecret },
  errors: ['webhooks.endpoint-not-found'],
})

export const testEndpoint = route({
  method: 'POST',
  path: '/api/webhooks/{id}/test',
  caller: 'organiser',
  summary: 'Post a message of the type `webhook.test`, also to an endpoint that is off',
  params,
  answers: { 202: Strict({ messageId: Type.String() }) },
  errors: ['webhooks.endpoint-not-found'],
})

export const listDeliveries = route({
  method: 'GET',
  path: '/api/webhooks/{id}/deliveries',
  caller: 'organiser',
  summary: 'What was sent in the last 30 days and how it was answered, newest first',
  params,
  query: Strict({ cursor: Type.Optional(Type.String({ maxLength: 80 })), state: Type.Optional(OneOf(deliveryStates)) }),
  answers: {
    200: Strict({ items: Type.Array(WebhookDelivery), nextCursor: Type.Union([Type.String(), Type.Null()]) }),
  },
  errors: ['webhooks.endpoint-not-found'],
})

export const resendDelivery = route({
  method: 'POST',
  path: '/api/webhooks/{id}/deliveries/{messageId}/resend',
  caller: 'organiser',
  summary: 'Post a message again, with all its attempts, under the same id',
  params: Strict({ id: Id, messageId: Id }),
  answers: { 202: Strict({ messageId: Type.String() }) },
  errors: ['webhooks.endpoint-not-found', 'webhooks.delivery-not-found'],
})

export const webhookRoutes = {
  listEndpoints,
  createEndpoint,
  changeEndpoint,
  deleteEndpoint,
  rotateSecret,
  testEndpoint,
  listDeliveries,
  resendDelivery,
}
