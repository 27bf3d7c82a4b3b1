import { seatId } from '@fairgate/contracts/ids'
import type { Money } from '@fairgate/contracts/money'
import { afterCommit, transaction } from '#platform/db'
import type { Platform } from '#platform/platform'
import { Problem } from '#platform/problem'
import { usedUp } from '#platform/rate-limit'
import * as store from './auctions-store.ts'
import type { FullAward } from './auctions-store.ts'
import { transitions } from './award.ts'
import type { Awarding } from './awarding.ts'
import type { Documents } from './documents.ts'
import { moneyOf } from './lot.ts'

type Deps = Pick<Platform, 'db' | 'clock' | 'ids' | 'tokens' | 'metrics' | 'ephemeral'> & {
  documents: Documents
  awarding: Pick<Awarding, 'giveLeftOver'>
}

export type Passed = { passToken: string; expiresAt: Date; sectionIds: string[]; seatIds: string[]; unitPrice: Money }

/** Most awards that an account is shown. */
const shownMax = 100
/** Claims of an account in ten seconds. */
const claimsMax = 20
const windowMs = 10_000

/** What the owner of an award does with it, and how a seat that was left over is claimed. */
export function createAwards({ db, clock, ids, tokens, metrics, ephemeral, documents, awarding }: Deps) {
  const passes = metrics.counter('fairgate_lot_award_passes_total', 'Passes given for awards of lots')

  return {
    list: (accountId: string): Promise<FullAward[]> => store.awardsOf(db, accountId, shownMax),

    /**
     * A pass for the seat of the award, at the amount of the bid. It lives no longer than a hold, so that a seat which is
     * given up is soon free for the next; its owner comes back for another. @throws auctions.award-not-found, auctions.award-over
     */
    async pass(id: string, accountId: string): Promise<Passed> {
      return transaction(db, async (tx) => {
        const award = await store.lockAward(tx, id)
        if (!award || award.accountId !== accountId) throw new Problem('auctions.award-not-found')
        const now = clock.now()
        if (award.state !== 'awarded' || award.releasedAt !== null || now >= award.payBy.getTime())
          throw new Problem('auctions.award-over', { state: award.state, payBy: award.payBy.toISOString() })
        const expiresAt = new Date(Math.min(now + award.holdSeconds * 1000, award.payBy.getTime()))
        await store.notePass(tx, id, expiresAt)
        afterCommit(tx, () => passes.add({}))
        const right = {
          sectionIds: [award.sectionId],
          seatIds: [seatId(award.sectionId, award.seat.number)],
          unitPrice: moneyOf(award, award.amount),
        }
        const passToken = tokens.sign('pass', {
          passId: ids('pass'),
          lineId: award.lotId,
          saleId: award.saleId,
          accountId,
          ...right,
          exp: expiresAt.getTime(),
        })
        return { passToken, expiresAt, ...right }
      })
    },

    /** Gives the award up. Its seat goes on when its last pass can no longer be used. @throws Problem */
    async decline(id: string, accountId: string): Promise<FullAward> {
      return transaction(db, async (tx) => {
        const lotId = await store.lotOfAward(tx, id)
        if (lotId === undefined) throw new Problem('auctions.award-not-found')
        // The lot before its awards, as everybody locks them.
        await store.touch(tx, [lotId])
        const award = await store.lockAward(tx, id)
        if (!award || award.accountId !== accountId) throw new Problem('auctions.award-not-found')
        const outcome = transitions[award.state].decline
        if (typeof outcome === 'string' && outcome !== 'same') throw new Problem(outcome, { state: award.state })
        const state = typeof outcome === 'object' ? outcome.to : award.state
        await store.moveAwards(tx, [{ id, state }])
        afterCommit(tx, () => documents.changed([lotId]))
        return { ...award, state }
      })
    },

    /**
     * A seat that the ranking left over, at the start price, while there is one; again, the same one. @throws Problem
     */
    async claim(lotId: string, accountId: string): Promise<{ isNew: boolean; award: FullAward }> {
      const { count, resetAt } = await ephemeral.count(`auctions.claims:${lotId}:${accountId}`, windowMs)
      if (count > claimsMax) throw usedUp({ max: claimsMax, windowMs, leftMs: resetAt - clock.now() })
      return transaction(db, async (tx) => {
        const lot = await store.lockForWork(tx, lotId)
        if (!lot) throw new Problem('auctions.lot-not-found')
        if (accountId === lot.event.organiserId) throw new Problem('auctions.not-allowed')
        const known = await store.awardOnLot(tx, lotId, accountId)
        if (known?.how === 'left-over' && known.state === 'awarded') return { isNew: false, award: known }
        if (known) throw new Problem('auctions.had-award')
        if (!(await awarding.giveLeftOver(tx, lot, accountId, new Date(clock.now()))))
          throw new Problem('auctions.nothing-left')
        afterCommit(tx, () => documents.changed([lotId]))
        return { isNew: true, award: (await store.awardOnLot(tx, lotId, accountId))! }
      })
    },
  }
}

export type Awards = ReturnType<typeof createAwards>
