import {
  webhookRoutes as contracts,
  type WebhookDelivery,
  type WebhookEndpoint,
} from '@fairgate/contracts/http/webhooks'
import type { HttpApp } from '#platform/http'
import type { Endpoints } from './endpoints.ts'
import type { Delivery, Endpoint } from './webhooks-store.ts'

export function serveWebhooks(http: HttpApp, endpoints: Endpoints): void {
  http.serve(contracts.listEndpoints, async ({ caller }) => ({
    status: 200,
    body: { items: (await endpoints.list(caller.accountId)).map(endpointBody) },
  }))

  http.serve(contracts.createEndpoint, async ({ caller, body }) => {
    const { endpoint, secret } = await endpoints.create(caller.accountId, { description: '', ...body })
    return { status: 201, body: { endpoint: endpointBody(endpoint), secret } }
  })

  http.serve(contracts.changeEndpoint, async ({ caller, params, body }) => ({
    status: 200,
    body: endpointBody(await endpoints.change(caller.accountId, params.id, body)),
  }))

  http.serve(contracts.deleteEndpoint, async ({ caller, params }) => {
    await endpoints.remove(caller.accountId, params.id)
    return { status: 204, body: undefined }
  })

  http.serve(contracts.rotateSecret, async ({ caller, params }) => {
    const { endpoint, secret } = await endpoints.rotate(caller.accountId, params.id)
    return { status: 200, body: { endpoint: endpointBody(endpoint), secret } }
  })

  http.serve(contracts.testEndpoint, async ({ caller, params }) => ({
    status: 202,
    body: { messageId: await endpoints.test(caller.accountId, params.id) },
  }))

  http.serve(contracts.listDeliveries, async ({ caller, params, query }) => {
    const { items, nextCursor } = await endpoints.deliveries(caller.accountId, params.id, query)
    return { status: 200, body: { items: items.map(deliveryBody), nextCursor } }
  })

  http.serve(contracts.resendDelivery, async ({ caller, params }) => {
    await endpoints.resend(caller.accountId, params.id, params.messageId)
    return { status: 202, body: { messageId: params.messageId } }
  })
}

const instant = (at: Date | null): string | null => at?.toISOString() ?? null

const endpointBody = (endpoint: Endpoint): WebhookEndpoint => ({
  id: endpoint.id,
  url: endpoint.url,
  description: endpoint.description,
  types: endpoint.types,
  disabled:
    endpoint.disabledAt && endpoint.disabledWhy
      ? { at: endpoint.disabledAt.toISOString(), why: endpoint.disabledWhy }
      : null,
  failingSince: instant(endpoint.failingSince),
  previousSecretUntil: instant(endpoint.previousUntil),
  waiting: endpoint.waiting,
  createdAt: endpoint.createdAt.toISOString(),
})

const deliveryBody = ({ dueAt, createdAt, attempts, ...delivery }: Delivery): WebhookDelivery => ({
  ...delivery,
  createdAt: createdAt.toISOString(),
  nextAttemptAt: delivery.state === 'waiting' ? dueAt.toISOString() : null,
  attempts: attempts.map((attempt) => ({ ...attempt, at: new Date(attempt.at).toISOString() })),
})
