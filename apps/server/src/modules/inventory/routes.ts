import { availabilityEvents, saleAvailability, saleAvailabilityEvents } from '@fairgate/contracts/http/availability'
import { getAvailability, getHold, myHolds, placeHold, releaseHold } from '@fairgate/contracts/http/inventory'
import type { HttpApp } from '#platform/http'
import type { AvailabilityReader, SaleSnapshot } from './availability.ts'
import type { AvailabilityStreams } from './availability-streams.ts'
import type { Holds } from './holds.ts'

export type Parts = { holds: Holds; availability: AvailabilityReader; streams: AvailabilityStreams }

/** The prebuilt answer in the form that was asked for. */
function inForm({ json, octets }: Pick<SaleSnapshot, 'json' | 'octets'>, accept: string | string[] | undefined) {
  const answer = { status: 200 as const, headers: { vary: 'Accept' } }
  return [accept ?? []].flat().join().includes('application/octet-stream')
    ? { ...answer, bytes: octets.bytes, type: 'application/octet-stream', etag: octets.etag }
    : { ...answer, bytes: json.text, type: 'application/json; charset=utf-8', etag: json.etag }
}

export function serveInventory(http: HttpApp, { holds, availability, streams }: Parts): void {
  http.serve(getAvailability, async ({ params, headers }) =>
    inForm(await availability.read(params.id), headers['accept']),
  )
  http.serve(saleAvailability, async ({ params, headers }) =>
    inForm(await availability.readSale(params.id), headers['accept']),
  )
  http.serve(availabilityEvents, async ({ params, reply }) => {
    await streams.watchSection(params.id, reply)
    return 'hijacked'
  })
  http.serve(saleAvailabilityEvents, async ({ params, reply }) => {
    await streams.watchSale(params.id, reply)
    return 'hijacked'
  })
  http.serve(placeHold, async ({ caller, body }) => ({ status: 201, body: await holds.place(caller.accountId, body) }))
  http.serve(myHolds, async ({ caller }) => ({ status: 200, body: { items: await holds.list(caller.accountId) } }))
  http.serve(getHold, async ({ caller, params }) => ({
    status: 200,
    body: await holds.get(caller.accountId, params.id),
  }))
  http.serve(releaseHold, async ({ caller, params }) => {
    await holds.release(caller.accountId, params.id)
    return { status: 204, body: undefined }
  })
}
