import { afterCommit, transaction } from '#platform/db'
import type { Platform } from '#platform/platform'
import { Problem } from '#platform/problem'
import { transitions } from './award.ts'
import * as store from './ballots-store.ts'
import type { FullAward } from './ballots-store.ts'
import type { Documents } from './documents.ts'

type Deps = Pick<Platform, 'db' | 'clock' | 'ids' | 'tokens' | 'metrics'> & { documents: Documents }

export type Passed = { passToken: string; expiresAt: Date; sectionIds: string[]; seatsMax: number }

/** Most awards that an account is shown. */
const shownMax = 100

/** What the owner of an award does with it. */
export function createAwards({ db, clock, ids, tokens, metrics, documents }: Deps) {
  const passes = metrics.counter('fairgate_award_passes_total', 'Passes given for awards')

  return {
    list: (accountId: string): Promise<FullAward[]> => store.awardsOf(db, accountId, shownMax),

    ofApplication: (saleId: string, number: number): Promise<FullAward | undefined> =>
      store.awardOfApplication(db, saleId, number),

    /**
     * A pass for what the award still buys. It lives no longer than a hold, so that places which are given up are soon
     * free for others; its owner comes back for another. @throws ballots.award-not-found, ballots.award-over
     */
    async pass(id: string, accountId: string): Promise<Passed> {
      return transaction(db, async (tx) => {
        const award = await store.lockAward(tx, id)
        if (!award || award.accountId !== accountId) throw new Problem('ballots.award-not-found')
        const now = clock.now()
        const isOpen = award.state === 'awarded' || (award.state === 'bought' && award.bought < award.quantity)
        if (!isOpen || award.releasedAt !== null || now >= award.payBy.getTime())
          throw new Problem('ballots.award-over', { state: award.state, payBy: award.payBy.toISOString() })
        const expiresAt = new Date(Math.min(now + award.holdSeconds * 1000, award.payBy.getTime()))
        await store.notePass(tx, id, expiresAt)
        afterCommit(tx, () => passes.add({}))
        const { saleId, lineId, sectionIds, quantity } = award
        const passToken = tokens.sign('pass', {
          passId: ids('pass'),
          lineId,
          saleId,
          accountId,
          sectionIds,
          seatsMax: quantity,
          exp: expiresAt.getTime(),
        })
        return { passToken, expiresAt, sectionIds, seatsMax: quantity }
      })
    },

    /** Gives the award up. Its places go on when its last pass can no longer be used. @throws Problem */
    async decline(id: string, accountId: string): Promise<FullAward> {
      return transaction(db, async (tx) => {
        const [known] = (await store.awardsOf(tx, accountId, shownMax)).filter((award) => award.id === id)
        if (!known) throw new Problem('ballots.award-not-found')
        // The ballot before its awards, as everybody locks them.
        await store.touch(tx, [known.saleId])
        const award = (await store.lockAward(tx, id))!
        const outcome = transitions[award.state].decline
        if (typeof outcome === 'object') await store.moveAward(tx, id, outcome.to)
        else if (outcome !== 'same') throw new Problem(outcome, { state: award.state })
        afterCommit(tx, () => documents.expire([known.saleId]))
        return { ...award, state: typeof outcome === 'object' ? outcome.to : award.state }
      })
    },
  }
}

export type Awards = ReturnType<typeof createAwards>
