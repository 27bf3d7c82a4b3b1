import { fact } from '#platform/bus'
import { afterCommit, type Tx } from '#platform/db'
import type { Platform } from '#platform/platform'
import * as store from './auctions-store.ts'
import { nextState } from './award.ts'
import type { Documents } from './documents.ts'

/** Accounts in one message: 500 are about 16 kB. */
const accountsPerMessage = 500

/** What becomes of lots whose event is cancelled. */
export function createCancelling({ outbox, documents }: Pick<Platform, 'outbox'> & { documents: Documents }) {
  /** Ends the lots of these sales, withdraws their open awards and tells whoever still hoped, all at once. Again, nothing. */
  async function cancel(tx: Tx, sales: readonly store.Cancelled[]): Promise<void> {
    const cancelled = new Map(sales.map((sale) => [sale.saleId, sale]))
    for (const lot of await store.lockSales(tx, [...cancelled.keys()])) {
      const { at, note } = cancelled.get(lot.saleId)!
      if (lot.cancelledAt !== null || lot.closesAt <= at) continue
      await store.cancelLot(tx, lot.id, at)
      await store.moveOpenAwards(tx, lot.id, nextState('awarded', 'cancel'))
      for (let after = ''; ;) {
        const accountIds = (await store.hopefulPage(tx, lot.id, after, accountsPerMessage)).map((bid) => bid.accountId)
        if (accountIds.length === 0) break
        after = accountIds.at(-1)!
        const { id: lotId, saleId, event, name } = lot
        await outbox.publish(tx, [
          fact('auctions.lot-cancelled.v1', { lotId, saleId, event, line: { id: lotId, name }, accountIds, note }),
        ])
      }
      afterCommit(tx, () => documents.changed([lot.id]))
    }
  }

  return {
    /** Sales of an event that is cancelled; of those that are not known yet it is remembered. */
    async salesCancelled(tx: Tx, sales: readonly store.Cancelled[]): Promise<void> {
      await store.rememberCancelled(tx, sales)
      await cancel(tx, sales)
    },

    /** Lots that have just become known, perhaps later than their end. */
    salesKnown: async (tx: Tx, saleIds: readonly string[]): Promise<void> =>
      cancel(tx, await store.cancelledBefore(tx, saleIds)),
  }
}
