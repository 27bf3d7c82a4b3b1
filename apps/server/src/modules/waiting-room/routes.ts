import { getAdmission } from '@fairgate/contracts/http/admission'
import * as contract from '@fairgate/contracts/http/waiting-room'
import type { Caller } from '#platform/access-token'
import type { Health } from '#platform/health'
import type { RouteContract } from '@fairgate/contracts/http/route'
import type { HttpApp, HttpRequest } from '#platform/http'
import { Problem } from '#platform/problem'
import type { Tokens } from '#platform/tokens'
import type { createBroadcast } from './broadcast.ts'
import type { Defences, Who } from './defences.ts'
import type { DeviceCookie } from './device-cookie.ts'
import type { Documents } from './documents.ts'
import type { createEntrants } from './entrants.ts'
import { createProofPages } from './proof-page.ts'
import type { createJoining } from './joining.ts'
import type { createLines } from './lines.ts'
import type { createPasses } from './passes.ts'
import type { createPlaces } from './places.ts'
import type { createSaleLines } from './sale-lines.ts'

export type Parts = {
  documents: Documents
  tokens: Tokens
  broadcast: ReturnType<typeof createBroadcast>
  places: ReturnType<typeof createPlaces>
  passes: ReturnType<typeof createPasses>
  joining: ReturnType<typeof createJoining>
  defences: Defences
  cookie: DeviceCookie
  lines: ReturnType<typeof createLines>
  saleLines: ReturnType<typeof createSaleLines>
  entrants: ReturnType<typeof createEntrants>
  health: Pick<Health, 'now'> | undefined
}

type Asking = { caller: Caller | undefined; ip: string; headers: HttpRequest<RouteContract>['headers'] }

export function serveRoutes(http: HttpApp, parts: Parts): void {
  const {
    documents,
    tokens,
    broadcast,
    joining,
    defences,
    cookie,
    places,
    passes,
    lines,
    saleLines,
    entrants,
    health,
  } = parts

  const proofPages = createProofPages()
  const whoIs = ({ caller, ip, headers }: Asking) => ({
    accountId: caller?.accountId,
    ip,
    device: cookie.read(headers['cookie']),
  })
  /** Counts what is asked of a line against the caller's limits. @throws http.too-many-requests, waiting-room.line-not-found */
  async function limit(
    what: contract.Limited,
    lineId: string,
    who: Who,
    reply: HttpRequest<RouteContract>['reply'],
  ): Promise<void> {
    const { saleId } = (await documents.read(lineId)).document
    await defences.limit(what, who, { tell: (told) => void reply.headers(told), saleId })
  }

  http.serve(contract.getLine, async ({ params }) => {
    const { bytes, etag } = await documents.read(params.id)
    return { status: 200, bytes, etag, type: 'application/json; charset=utf-8' }
  })

  http.serve(contract.listLines, async ({ query }) => ({
    status: 200,
    ...(await saleLines.read(query.saleId)),
    type: 'application/json; charset=utf-8',
  }))

  http.serve(contract.lineEvents, async ({ params, reply }) => {
    await broadcast.watch(params.id, reply)
    return 'hijacked'
  })

  http.serve(contract.joinLine, async (request) => {
    const { params, body, caller, reply } = request
    if (!caller.verified) throw new Problem('identity.not-verified')
    const known = whoIs(request)
    // Who joined is counted for the device from its first place on, so one without a name is given one now.
    const given = known.device === undefined ? cookie.give() : undefined
    const who = { ...known, device: known.device ?? given?.device, accountId: caller.accountId }
    await limit(body.moveFrom === undefined ? 'joins' : 'moves', params.id, known, reply)
    const { isNew, place } = await joining.join(params.id, who, body)
    const { id, lineId, number, saleId, accountId } = place
    const joinedAt = place.joinedAt.toISOString()
    const placeToken = tokens.sign('place', {
      placeId: id,
      lineId,
      saleId,
      accountId,
      number,
      iat: place.joinedAt.getTime(),
    })
    return {
      status: isNew ? 201 : 200,
      body: { place: { id, lineId, number, joinedAt }, placeToken },
      ...(given ? { headers: given.headers } : {}),
    }
  })

  http.serve(contract.claimPass, async (request) => {
    const { params, body, caller, reply } = request
    const who = { ...whoIs(request), accountId: caller.accountId }
    await limit('claims', params.id, who, reply)
    const { isNew, expiresAt, ...pass } = await passes.claim({
      lineId: params.id,
      placeToken: body.placeToken,
      accountId: caller.accountId,
    })
    await joining.claimed(params.id, who)
    return { status: isNew ? 201 : 200, body: { ...pass, expiresAt: expiresAt.toISOString() } }
  })

  http.serve(contract.leaveLine, async ({ params, caller }) => {
    await places.leave({ lineId: params.id, accountId: caller.accountId })
    return { status: 204, body: undefined }
  })

  http.serve(contract.lineEntrants, async (request) => {
    const { params, reply } = request
    await limit('entrants', params.id, whoIs(request), reply)
    const { leaves, root } = await entrants.list(params.id)
    return {
      status: 200,
      bytes: Buffer.from(leaves.buffer, leaves.byteOffset, leaves.length),
      type: 'application/octet-stream',
      etag: `"${root}"`,
    }
  })

  http.serve(contract.placeProof, async (request) => {
    const { params, body, reply } = request
    await limit('proofs', params.id, whoIs(request), reply)
    return { status: 200, body: await entrants.prove(params.id, body.placeToken) }
  })

  http.serve(contract.drawProofPage, async (request) => {
    const { params, reply } = request
    await limit('entrants', params.id, whoIs(request), reply)
    const { leaves, root } = await entrants.list(params.id)
    const { document } = await documents.read(params.id)
    return {
      status: 200,
      bytes: proofPages(document, leaves),
      type: contract.drawProofPage.media,
      etag: `"${root}-page"`,
      headers: {
        'content-disposition': `attachment; filename="fairgate-draw-${document.id}.html"`,
        'content-security-policy': "default-src 'none'; sandbox",
      },
    }
  })

  http.serve(contract.pauseLine, async ({ params, caller }) => ({
    status: 200,
    body: await lines.change({ lineId: params.id, caller, isPaused: true }),
  }))
  http.serve(contract.resumeLine, async ({ params, caller }) => ({
    status: 200,
    body: await lines.change({ lineId: params.id, caller, isPaused: false }),
  }))
  http.serve(contract.admitAll, async ({ params, caller }) => ({
    status: 200,
    body: await lines.change({ lineId: params.id, caller, admitsAll: true }),
  }))
  http.serve(contract.admitAsPlanned, async ({ params, caller }) => ({
    status: 200,
    body: await lines.change({ lineId: params.id, caller, admitsAll: false }),
  }))
  http.serve(getAdmission, async ({ params, caller }) => {
    const { admission, healthPerMinute } = await lines.admission(params.id, caller)
    return { status: 200, body: { admission, healthPerMinute, service: health?.now() ?? null } }
  })
  http.serve(contract.changeLine, async ({ params, caller, body }) => ({
    status: 200,
    body: await lines.change({ lineId: params.id, caller, ...body }),
  }))
}
