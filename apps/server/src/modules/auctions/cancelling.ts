import { fact, factsAbout } from '#platform/bus'
import { createCancelling, type Cancelled } from '#platform/cancelling'
import { afterCommit, type Tx } from '#platform/db'
import type { Platform } from '#platform/platform'
import * as store from './auctions-store.ts'
import { nextState } from './award.ts'
import type { Documents } from './documents.ts'
import type { Lot } from './lot.ts'

type Deps = Pick<Platform, 'outbox' | 'racepoints'> & { documents: Documents }

/** What becomes of lots whose event is cancelled. */
export function createCancellingLots({ outbox, racepoints, documents }: Deps) {
  /** Ends the lot, withdraws its open awards and tells whoever still hoped, all at once. */
  async function cancel(tx: Tx, { id: lotId, saleId, event, name }: Lot, { at, note }: Cancelled): Promise<void> {
    await store.cancelLot(tx, lotId, at)
    await store.moveOpenAwards(tx, lotId, nextState('awarded', 'cancel'))
    const hopeful = await store.hopeful(tx, lotId)
    const told = { lotId, saleId, event, line: { id: lotId, name }, note }
    await outbox.publish(
      tx,
      factsAbout(hopeful, (accountIds) => fact('auctions.lot-cancelled.v1', { ...told, accountIds })),
    )
    afterCommit(tx, () => documents.changed([lotId]))
  }

  return createCancelling('auctions.cancelled_sales', async (tx, sales) => {
    const cancelled = new Map(sales.map((sale) => [sale.id, sale]))
    for (const lot of await store.lockSales(tx, [...cancelled.keys()])) {
      const sale = cancelled.get(lot.saleId)!
      if (lot.cancelledAt === null && sale.at < lot.closesAt) await cancel(tx, lot, sale)
    }
    await racepoints.reach('auctions.before-cancelled')
  })
}
