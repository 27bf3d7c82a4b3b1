import * as contract from '@fairgate/contracts/http/ballots'
import type { HttpApp } from '#platform/http'
import { Problem } from '#platform/problem'
import type { Applied, createApplications } from './applications.ts'
import type { Awards } from './awards.ts'
import type { FullAward } from './ballots-store.ts'
import type { Documents } from './documents.ts'
import type { Entries } from './entries.ts'

export type Parts = {
  documents: Documents
  applications: ReturnType<typeof createApplications>
  awards: Awards
  entries: Entries
}

export function serveRoutes(http: HttpApp, { documents, applications, awards, entries }: Parts): void {
  http.serve(contract.getBallot, async ({ params }) => {
    const { bytes, etag } = await documents.read(params.id)
    return { status: 200, bytes, etag, type: 'application/json; charset=utf-8' }
  })

  http.serve(contract.apply, async ({ params, body, caller }) => {
    if (!caller.verified) throw new Problem('identity.not-verified')
    const applied = await applications.apply({ saleId: params.id, accountId: caller.accountId, ...body })
    return { status: applied.isNew ? 201 : 200, body: { application: applicationBody(applied) } }
  })

  http.serve(contract.myApplication, async ({ params, caller }) => {
    const mine = await applications.mine(params.id, caller.accountId)
    const award = await awards.ofApplication(params.id, mine.application.number)
    return { status: 200, body: { application: applicationBody(mine), award: award ? awardBody(award) : null } }
  })

  http.serve(contract.withdraw, async ({ params, caller }) => {
    await applications.withdraw({ saleId: params.id, accountId: caller.accountId })
    return { status: 204, body: undefined }
  })

  http.serve(contract.ballotEntries, async ({ params }) => {
    const { bytes, etag } = await entries.list(params.id)
    return { status: 200, bytes, etag, type: 'application/json; charset=utf-8' }
  })

  http.serve(contract.listAwards, async ({ caller }) => ({
    status: 200,
    body: { items: (await awards.list(caller.accountId)).map(awardBody) },
  }))

  http.serve(contract.awardPass, async ({ params, caller }) => {
    const { expiresAt, ...pass } = await awards.pass(params.id, caller.accountId)
    return { status: 200, body: { ...pass, expiresAt: expiresAt.toISOString() } }
  })

  http.serve(contract.declineAward, async ({ params, caller }) => ({
    status: 200,
    body: awardBody(await awards.decline(params.id, caller.accountId)),
  }))
}

function applicationBody({ application, lineIds }: Omit<Applied, 'isNew'>): contract.Application {
  const { id, saleId, number, quantity, state, appliedAt, changedAt, position } = application
  return {
    id,
    saleId,
    number,
    preferences: lineIds,
    quantity,
    state,
    appliedAt: appliedAt.toISOString(),
    changedAt: changedAt.toISOString(),
    position,
  }
}

const awardBody = (award: FullAward): contract.Award => ({
  id: award.id,
  kind: 'ballot',
  saleId: award.saleId,
  eventId: award.eventId,
  eventName: award.eventName,
  line: { id: award.lineId, name: award.lineName },
  sectionIds: award.sectionIds,
  quantity: award.quantity,
  bought: award.bought,
  how: award.how,
  fromReserve: award.fromReserve,
  state: award.state,
  awardedAt: award.awardedAt.toISOString(),
  payBy: award.payBy.toISOString(),
})
