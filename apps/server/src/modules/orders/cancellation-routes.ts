import { cancellationRoutes as contracts } from '@fairgate/contracts/http/cancellations'
import type { HttpApp } from '#platform/http'
import type { Cancellations } from './cancellations.ts'
import { cancellationDocument, eventOrderDocument } from './return-documents.ts'

/** What organisers do about the orders of their events. */
export function serveCancellations(http: HttpApp, { begun, change, list, eventOrders }: Cancellations): void {
  http.serve(contracts.beginCancellation, async ({ caller, params, body }) => ({
    status: 201,
    body: cancellationDocument(await begun(caller, params.id, body)),
  }))

  http.serve(contracts.listCancellations, async ({ caller, params }) => ({
    status: 200,
    body: { items: (await list(caller, params.id)).map(cancellationDocument) },
  }))

  http.serve(contracts.pauseCancellation, async ({ caller, params }) => ({
    status: 200,
    body: cancellationDocument(await change(caller, params.id, 'paused')),
  }))

  http.serve(contracts.resumeCancellation, async ({ caller, params }) => ({
    status: 200,
    body: cancellationDocument(await change(caller, params.id, 'running')),
  }))

  http.serve(contracts.listEventOrders, async ({ caller, params, query }) => {
    const { items, nextCursor } = await eventOrders(caller, params.id, query)
    return { status: 200, body: { items: items.map(eventOrderDocument), nextCursor } }
  })
}
