import * as contract from '@fairgate/contracts/http/waiting-room'
import type { HttpApp } from '#platform/http'
import type { Platform } from '#platform/platform'
import { Problem } from '#platform/problem'
import type { Challenges } from './challenges.ts'
import { levelNames, type Defences } from './defences.ts'
import type { DeviceCookie } from './device-cookie.ts'
import type { Documents } from './documents.ts'
import * as store from './defences-store.ts'
import { organiserOf } from './organiser.ts'

type Deps = Pick<Platform, 'db' | 'clock'> & {
  challenges: Challenges | undefined
  areRequired: boolean
  defences: Defences
  documents: Documents
  cookie: DeviceCookie
}

const reviewsMax = 50

export function serveDefences(http: HttpApp, deps: Deps): void {
  const { db, clock, challenges, areRequired, defences, documents, cookie } = deps

  http.serve(contract.getChallenge, async ({ query, caller, ip, headers, reply }) => {
    if (!challenges) throw new Problem('http.not-found', { detail: 'this server gives no challenges' })
    const saleId = query.line === undefined ? undefined : (await documents.read(query.line)).document.saleId
    const known = cookie.read(headers['cookie'])
    const who = { accountId: caller?.accountId, ip, device: known }
    await defences.limit('challenges', who, { tell: (told) => void reply.headers(told), saleId })
    await defences.challengeAsked(who)
    const level = await defences.levelFor(who)
    const challenge = await challenges.create(who.accountId, level)
    defences.note(saleId, `challenge-given${levelNames[level]}`)
    return {
      status: 200,
      body: challenge as contract.Challenge,
      ...(known ? {} : { headers: cookie.give().headers }),
    }
  })

  http.serve(contract.getDefences, async ({ params, caller }) => {
    await defences.flush()
    const found = await store.readDefences(db, params.id, organiserOf(caller), reviewsMax)
    if (!found) throw new Problem('catalog.sale-not-found')
    return {
      status: 200,
      body: {
        challenges: areRequired ? ('on' as const) : ('off' as const),
        counts: found.counts as { defence: contract.Defence; count: number }[],
        reviewsTotal: found.reviewsTotal,
        reviews: found.reviews.map(({ accountId, reasons, at }) => ({
          accountId,
          reasons: reasons as contract.Signal[],
          at: at.toISOString(),
        })),
      },
    }
  })

  http.serve(contract.decideReview, async ({ params: { id: saleId, accountId }, body: { decision }, caller }) => {
    if (!(await store.isSaleOf(db, saleId, organiserOf(caller)))) throw new Problem('catalog.sale-not-found')
    const decided = { saleId, accountId, decision, decidedBy: caller.accountId, at: new Date(clock.now()) }
    if (!(await store.decideReview(db, decided))) throw new Problem('waiting-room.review-not-found')
    await defences.decided(saleId, accountId, decision)
    return { status: 204, body: undefined }
  })
}
