import { createIds, systemRandom } from '#platform/ids'
import { createSecrets } from '#platform/secrets'
import { createTokens } from '#platform/tokens'
import { createAccessTokens } from '#platform/access-token'
import { systemScheduler } from '#platform/clock'
import type { EventSummary } from '@fairgate/contracts/events'

// What the server and the crowd of the holds benchmark both know. A round sells a sale of its own.

export const seatsPerRound = 30_000
export const holdsPerRound = seatsPerRound / 2
export const saleOf = (round: number) => `sal_bench${round}`
export const sectionOf = (round: number) => `sec_bench${round}`

const secrets = createSecrets(['a secret for the bench only, long enough'])
export const clock = systemScheduler
export const ids = createIds(clock, systemRandom)
export const tokens = createTokens(secrets, clock)
export const accessTokens = createAccessTokens(secrets, clock)

export const event: EventSummary = {
  id: 'evt_bench',
  organiserId: 'acc_bench',
  kind: 'concert',
  name: 'Bench',
  venue: 'Here',
  startsAt: '2100-01-01T00:00:00.000Z',
  timeZone: 'Asia/Seoul',
  currency: 'KRW',
}
