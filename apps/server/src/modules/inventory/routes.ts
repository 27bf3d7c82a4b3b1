import { getAvailability, getHold, myHolds, placeHold, releaseHold } from '@fairgate/contracts/http/inventory'
import type { HttpApp } from '#platform/http'
import type { createAvailability } from './availability.ts'
import type { Holds } from './holds.ts'

export function serveInventory(http: HttpApp, holds: Holds, availability: ReturnType<typeof createAvailability>): void {
  http.serve(getAvailability, async ({ params, headers }) => {
    const { json, octets } = await availability.read(params.id)
    const wantsOctets = String(headers['accept'] ?? '').includes('application/octet-stream')
    const answer = { status: 200 as const, headers: { vary: 'Accept' } }
    return wantsOctets
      ? { ...answer, bytes: octets.bytes, type: 'application/octet-stream', etag: octets.etag }
      : { ...answer, bytes: json.text, type: 'application/json; charset=utf-8', etag: json.etag }
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
