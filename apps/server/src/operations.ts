import { createServer, type Server } from 'node:http'
import { operationsRoutes } from '@fairgate/contracts/http/operations'
import type { AuditReport } from '@fairgate/contracts/http/operations'
import type { Bus } from '#platform/bus'
import { sql, type Db } from '#platform/db'
import { etagOf, isKnown, type HttpApp } from '#platform/http'
import type { Metrics } from '#platform/metrics'
import { openApiDocument } from './openapi.ts'
import type { OrderDesk } from './order-desk.ts'

const stuckMinutes = 5

export type MetricsText = Pick<Metrics, 'text' | 'contentType'>

/** Probes, metrics, the OpenAPI document and the operator's endpoints. */
export function serveOperations(
  http: HttpApp,
  parts: {
    db: Db
    bus: Bus
    metrics: MetricsText
    audit: (eventId?: string) => Promise<AuditReport>
    known: (ids: readonly string[]) => Promise<ReadonlySet<string>>
    orderDesk: OrderDesk
    isReady: () => boolean
    metricsHere: boolean
  },
): void {
  const { db, bus, metrics, orderDesk } = parts
  const app = http.fastify
  app.get('/livez', async () => ({ status: 'ok' }))
  app.get('/readyz', async (_request, reply) => {
    const database = parts.isReady() && (await isAnswering(db))
    return reply
      .code(database ? 200 : 503)
      .header('cache-control', 'no-store')
      .send({ status: database ? 'ready' : 'not ready' })
  })
  if (parts.metricsHere)
    app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()))
  const document = JSON.stringify(openApiDocument())
  const etag = etagOf(document)
  app.get('/api/openapi.json', async (request, reply) => {
    reply.header('cache-control', 'public, max-age=300').header('etag', etag)
    if (isKnown(request.headers['if-none-match'], etag)) return reply.code(304).send()
    return reply.type('application/json').send(document)
  })

  http.serve(operationsRoutes.audit, async ({ query }) => ({ status: 200, body: await parts.audit(query.eventId) }))
  http.serve(operationsRoutes.lookUp, async ({ body }) => {
    const known = await parts.known(body.ids)
    return { status: 200, body: { unknown: body.ids.filter((id) => !known.has(id)) } }
  })
  http.serve(operationsRoutes.listParked, async () => ({
    status: 200,
    body: { items: (await bus.parked.list()).map((item) => ({ ...item, parkedAt: item.parkedAt.toISOString() })) },
  }))
  http.serve(operationsRoutes.retryParked, async ({ body }) => ({
    status: 200,
    body: { retried: await bus.parked.retry(body) },
  }))
  http.serve(operationsRoutes.listTroubledOrders, async ({ query }) => ({
    status: 200,
    body: { items: await orderDesk.list((query.minutes ?? stuckMinutes) * 60_000) },
  }))
  http.serve(operationsRoutes.showOrder, async ({ params }) => ({ status: 200, body: await orderDesk.show(params.id) }))
  http.serve(operationsRoutes.replayOrder, async ({ params }) => ({
    status: 200,
    body: await orderDesk.replay(params.id),
  }))
}

/** `/metrics` on a port of its own, so that it is never public by accident. */
export function createMetricsServer(metrics: MetricsText): Server {
  return createServer((request, response) => {
    if (request.url !== '/metrics') return response.writeHead(404).end()
    metrics.text().then(
      (text) => response.writeHead(200, { 'content-type': metrics.contentType }).end(text),
      () => response.writeHead(500).end(),
    )
  })
}

async function isAnswering(db: Db): Promise<boolean> {
  try {
    await sql`select 1`.execute(db)
    return true
  } catch {
    // The probe's answer is the report.
    return false
  }
}
