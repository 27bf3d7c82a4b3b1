import { fact, factsAbout } from '#platform/bus'
import { afterCommit, transaction, type Tx } from '#platform/db'
import type { Loop } from '#platform/loop'
import type { Platform } from '#platform/platform'
import * as store from './auctions-store.ts'
import type { Awarding } from './awarding.ts'
import type { Documents } from './documents.ts'
import type { Lot } from './lot.ts'
import { hashOf, reportClaims, reportOf, reportType } from './report.ts'

type Deps = Pick<Platform, 'db' | 'clock' | 'accessTokens' | 'outbox' | 'metrics' | 'racepoints'> & {
  documents: Documents
  awarding: Pick<Awarding, 'give'>
}

const lotsAtOnceMax = 50

/**
 * Closes lots whose time is over: signs what the bids have given, makes the first awards and tells everybody, in one
 * transaction under the lot's row. Bids after the end are refused by the clock whether anybody has closed or not, so a
 * late close changes nothing but when people hear of it.
 */
export function createClosing(deps: Deps): Loop {
  const { db, clock, accessTokens, outbox, metrics, racepoints, documents, awarding } = deps
  const closed = metrics.counter('fairgate_lots_closed_total', 'Lots closed')
  const delay = metrics.histogram(
    'fairgate_lot_close_delay_seconds',
    'From the end of a lot to its close',
    [],
    [0.25, 0.5, 1, 2, 5, 30],
  )

  async function close(id: string): Promise<void> {
    await transaction(db, async (tx) => {
      const lot = await store.lockForWork(tx, id)
      const now = new Date(clock.now())
      // Somebody else has closed it, a bid has moved the end, or the event is cancelled.
      if (!lot || lot.closedAt !== null || lot.cancelledAt !== null || lot.endAt > now) return
      await racepoints.reach('auctions.before-close')
      const hash = hashOf(JSON.stringify(await reportOf(tx, lot)))
      await store.closeLot(tx, id, now, {
        hash,
        signature: await accessTokens.state(reportType, reportClaims(lot, hash)),
      })
      await awarding.give(tx, { ...lot, closedAt: now }, now)
      await tellLosers(tx, lot)
      await store.settle(tx, id)
      await racepoints.reach('auctions.before-close-commit')
      afterCommit(tx, () => {
        closed.add({})
        delay.observe({}, (now.getTime() - lot.endAt.getTime()) / 1000)
        documents.changed([id])
      })
    })
  }

  async function tellLosers(tx: Tx, { id: lotId, saleId, event, name }: Lot): Promise<void> {
    const losers = await store.losers(tx, lotId)
    const told = { lotId, saleId, event, line: { id: lotId, name } }
    await outbox.publish(
      tx,
      factsAbout(losers, (accountIds) => fact('auctions.not-awarded.v1', { ...told, accountIds })),
    )
  }

  return {
    name: 'auctions.close',
    intervalMs: 200,
    async run() {
      const due = await store.lotsToClose(db, new Date(clock.now()), lotsAtOnceMax)
      for (const { id } of due) await close(id)
      return due.length === lotsAtOnceMax
    },
  }
}
