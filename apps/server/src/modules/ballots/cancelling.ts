import { fact, factsAbout } from '#platform/bus'
import { createCancelling, type Cancelled } from '#platform/cancelling'
import { afterCommit, type Tx } from '#platform/db'
import type { Platform } from '#platform/platform'
import { nextState } from './award.ts'
import type { Ballot } from './ballot.ts'
import * as store from './ballots-store.ts'
import type { Documents } from './documents.ts'

type Deps = Pick<Platform, 'outbox' | 'racepoints'> & { documents: Documents }

/** What becomes of ballots whose event is cancelled. */
export function createCancellingBallots({ outbox, racepoints, documents }: Deps) {
  /** Closes the ballot, withdraws its open awards and tells whoever still hoped, all at once. */
  async function cancel(tx: Tx, { id: saleId, event }: Ballot, { at, note }: Cancelled): Promise<void> {
    await store.cancelBallot(tx, saleId, at)
    await store.moveOpenAwards(tx, saleId, nextState('awarded', 'cancel'))
    const hopeful = await store.hopeful(tx, saleId)
    await outbox.publish(
      tx,
      factsAbout(hopeful, (accountIds) => fact('ballots.ballot-cancelled.v1', { saleId, event, accountIds, note })),
    )
    afterCommit(tx, () => documents.expire([saleId]))
  }

  return createCancelling('ballots.cancelled_sales', async (tx, sales) => {
    const cancelled = new Map(sales.map((sale) => [sale.id, sale]))
    for (const ballot of await store.lockBallots(tx, [...cancelled.keys()])) {
      const sale = cancelled.get(ballot.id)!
      if (ballot.cancelledAt === null && sale.at < ballot.closesAt) await cancel(tx, ballot, sale)
    }
    await racepoints.reach('ballots.before-cancelled')
  })
}
