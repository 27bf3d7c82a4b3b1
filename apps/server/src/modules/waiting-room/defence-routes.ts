import * as contract from '@fairgate/contracts/http/waiting-room'
import type { HttpApp } from '#platform/http'
import type { Platform } from '#platform/platform'
import { Problem } from '#platform/problem'
import type { Challenges } from './challenges.ts'
import type { Defences } from './defences.ts'
import type { deviceCookie } from './device-cookie.ts'
import { readDefences } from './waiting-room-store.ts'

type Deps = Pick<Platform, 'db' | 'random'> & {
  challenges: Challenges | undefined
  areRequired: boolean
  defences: Defences
  cookie: ReturnType<typeof deviceCookie>
}

const reviewsMax = 200

export function serveDefences(http: HttpApp, { db, random, challenges, areRequired, defences, cookie }: Deps): void {
  http.serve(contract.getChallenge, async ({ caller, ip, headers, reply }) => {
    if (!challenges) throw new Problem('http.not-found', { detail: 'this server gives no challenges' })
    const known = cookie.read(headers['cookie'])
    const who = { accountId: caller?.accountId, ip, device: known }
    await defences.limit('challenges', who, (told) => void reply.headers(told))
    await defences.challengeGiven(who)
    const challenge = await challenges.create(who.accountId, await defences.levelFor(who))
    return {
      status: 200,
      body: challenge as contract.Challenge,
      ...(known ? {} : { headers: { 'set-cookie': cookie.set(Buffer.from(random(16)).toString('hex')) } }),
    }
  })

  http.serve(contract.getDefences, async ({ params, caller }) => {
    await defences.flush()
    const organiserId = caller.roles.includes('admin') ? null : caller.accountId
    const found = await readDefences(db, params.id, organiserId, reviewsMax)
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
}
