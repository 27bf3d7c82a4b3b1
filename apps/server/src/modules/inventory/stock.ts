import { fact, type Outbox } from '#platform/bus'
import type { Clock } from '#platform/clock'
import { afterCommit, exclusive, transaction, type Db } from '#platform/db'
import type { Loop } from '#platform/loop'
import type { Metrics } from '#platform/metrics'
import { auditSeats } from './audit-store.ts'
import * as store from './inventory-store.ts'
import type { Kept } from './kept.ts'
import { same } from './hold-requests.ts'
import { announceReleases } from './organiser-store.ts'

/** Notes folded in one go; each is one batch on one section. */
const notesMax = 20_000
/** Lapsed holds cleared in one transaction. */
const lapsesMax = 500

type Deps = { db: Db; clock: Clock; outbox: Outbox; metrics: Metrics; touched(sectionIds: ReadonlySet<string>): void }

/** Tells the other modules what is left, at most three times a second a sale, one process for all. */
export const createStockLoop = ({ db, clock, outbox }: Deps): Loop => ({
  name: 'inventory.stock',
  intervalMs: 350,
  async run() {
    await exclusive(db, 'inventory.stock', async (tx) => {
      const now = new Date(clock.now())
      const saleIds = await store.foldChanges(tx, now, notesMax)
      if (saleIds.length === 0) return
      const stock = await store.stockOf(tx, saleIds)
      const at = now.toISOString()
      await outbox.publish(
        tx,
        stock.map(({ saleId, sections }) => fact('inventory.stock-changed.v1', { saleId, at, sections })),
      )
    })
    return false
  },
})

/**
 * Announces what time alone has changed: holds whose time is over, whose rows it frees, and kept seats that are for
 * everybody now. Nobody waits for it: such seats can be taken without it.
 */
export const createLapseLoop = ({ db, clock, metrics, kept, touched }: Deps & { kept: Pick<Kept, 'freed'> }): Loop => {
  const lapsed = metrics.counter('fairgate_holds_lapsed_total', 'Holds whose time was over')
  return {
    name: 'inventory.lapse',
    intervalMs: 500,
    run: () =>
      transaction(db, async (tx) => {
        const now = new Date(clock.now())
        const released = await announceReleases(tx, now)
        if (released.length > 0) afterCommit(tx, () => touched(new Set(released)))
        const due = await store.lockDueHolds(tx, now, lapsesMax)
        if (due.length === 0) return false
        const { left } = await store.clearLapsed(tx, due, now)
        const done = due.filter((hold) => !left.includes(hold.id))
        await store.updateHolds(
          tx,
          done.map((hold) => ({ ...same(hold), to: 'lapsed' as const })),
        )
        await kept.freed(tx, done)
        afterCommit(tx, () => {
          lapsed.add({}, done.length)
          touched(new Set(done.map((hold) => hold.sectionId)))
        })
        return due.length === lapsesMax && done.length > 0
      }),
  }
}

/** Counts every seat once a minute, so that a section that does not add up is on the operator's screen before anybody asks. */
export const createBalanceLoop = ({ db, clock, metrics }: Deps): Loop => {
  const seats = metrics.gauge('fairgate_seats', 'Seats of sections on sale', ['state'])
  const unbalanced = metrics.gauge(
    'fairgate_sections_unbalanced',
    'Sections whose free, held, secured, sold and blocked seats are not their capacity; anything but 0 is a fault',
  )
  return {
    name: 'inventory.balance',
    intervalMs: 60_000,
    async run() {
      const counted = await auditSeats(db, undefined, new Date(clock.now()))
      for (const state of ['free', 'held', 'secured', 'sold', 'blocked'] as const) seats.set({ state }, counted[state])
      unbalanced.set({}, counted.unlikeCapacity)
      return false
    },
  }
}
