import * as contract from '@fairgate/contracts/http/stock'
import type { HttpApp } from '#platform/http'
import type { Allotments } from './allotments.ts'
import type { Blocks } from './blocks.ts'
import type { Interventions } from './interventions.ts'
import type { Prices } from './prices.ts'

export type StockParts = { blocks: Blocks; prices: Prices; allotments: Allotments; interventions: Interventions }

/** What organisers do with the stock of their sales. */
export function serveStock(http: HttpApp, { blocks, prices, allotments, interventions }: StockParts): void {
  http.serve(contract.blockSeats, async ({ caller, params, body }) => ({
    status: 201,
    body: { block: await blocks.block(caller, params.id, body) },
  }))
  http.serve(contract.unblockSeats, async ({ caller, params, body }) => ({
    status: 200,
    body: await blocks.unblock(caller, params.id, body),
  }))
  http.serve(contract.listBlocks, async ({ caller, params }) => ({
    status: 200,
    body: { items: await blocks.list(caller, params.id) },
  }))
  http.serve(contract.removeBlock, async ({ caller, params }) => {
    await blocks.remove(caller, params.id, params.blockId)
    return { status: 204, body: undefined }
  })
  http.serve(contract.changePrice, async ({ caller, params, body }) => ({
    status: 200,
    body: await prices.change(caller, params.id, body.price, body.reason ?? ''),
  }))
  http.serve(contract.addAllotment, async ({ caller, params, body }) => ({
    status: 201,
    body: await allotments.add(caller, params.id, body),
  }))
  http.serve(contract.listAllotments, async ({ caller, params }) => ({
    status: 200,
    body: { items: await allotments.list(caller, params.id) },
  }))
  http.serve(contract.releaseAllotment, async ({ caller, params }) => {
    await allotments.release(caller, params.id, params.allotmentId)
    return { status: 204, body: undefined }
  })
  http.serve(contract.keepAccessible, async ({ caller, params, body }) => ({
    status: 200,
    body: await allotments.keepAccessible(caller, params.id, body.releaseAt, body.companions ?? 1),
  }))
  http.serve(contract.listInterventions, async ({ caller, params }) => ({
    status: 200,
    body: { items: await interventions.list(caller, params.id) },
  }))
}
