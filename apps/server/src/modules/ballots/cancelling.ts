import { fact } from '#platform/bus'
import { afterCommit, type Tx } from '#platform/db'
import type { Platform } from '#platform/platform'
import { nextState } from './award.ts'
import * as store from './ballots-store.ts'
import type { Documents } from './documents.ts'

/** Accounts in one message: 500 are about 16 kB. */
const accountsPerMessage = 500

/** What becomes of a ballot whose event is cancelled. */
export function createCancelling({ outbox, documents }: Pick<Platform, 'outbox'> & { documents: Documents }) {
  /** Closes the ballot, withdraws its open awards and tells whoever still hoped, all at once. Again, nothing. */
  async function cancel(tx: Tx, { saleId, at, note }: store.Cancelled): Promise<void> {
    const ballot = await store.lockForWork(tx, saleId)
    if (!ballot || ballot.cancelledAt !== null || ballot.closesAt <= at) return
    await store.cancelBallot(tx, saleId, at)
    await store.moveOpenAwards(tx, saleId, nextState('awarded', 'cancel'))
    for (let after = 0; ;) {
      const page = await store.hopefulPage(tx, saleId, after, accountsPerMessage)
      if (page.length === 0) break
      after = page.at(-1)!.number
      const accountIds = page.map(({ accountId }) => accountId)
      await outbox.publish(tx, [fact('ballots.ballot-cancelled.v1', { saleId, event: ballot.event, accountIds, note })])
    }
    afterCommit(tx, () => documents.expire([saleId]))
  }

  return {
    /** Sales of an event that is cancelled; of those that are not known yet it is remembered. */
    async salesCancelled(tx: Tx, sales: readonly store.Cancelled[]): Promise<void> {
      await store.rememberCancelled(tx, sales)
      for (const sale of sales.toSorted((a, b) => (a.saleId < b.saleId ? -1 : 1))) await cancel(tx, sale)
    },

    /** Ballots that have just become known, perhaps later than their end. */
    async salesKnown(tx: Tx, saleIds: readonly string[]): Promise<void> {
      for (const sale of await store.cancelledBefore(tx, saleIds)) await cancel(tx, sale)
    },
  }
}
