import { fact } from '#platform/bus'
import { afterCommit, exclusive, type Tx } from '#platform/db'
import type { Loop } from '#platform/loop'
import type { Platform } from '#platform/platform'
import * as store from './auctions-store.ts'
import type { Seat } from './auctions-store.ts'
import { nextState, type Award } from './award.ts'
import type { Documents } from './documents.ts'
import { mayAward, moneyOf, type Lot } from './lot.ts'

type Deps = Pick<Platform, 'db' | 'clock' | 'ids' | 'outbox' | 'metrics' | 'racepoints'> & { documents: Documents }

const lotsAtOnceMax = 50
/** Awards ended, or reminded of, in one transaction. */
const awardsMax = 2000
/** Owners are reminded when a quarter of the time is left, three hours at most. */
const remindMsMax = 3 * 3600_000

/**
 * Gives seats to the highest bids, the best seat to the highest; later, whenever a seat is left by somebody, to the next
 * down the ranking. Whoever does it holds the lot's row, so it happens once; it looks at the clock and at the database
 * only, so it goes on after any pause where it was.
 */
export function createAwarding({ db, clock, ids, outbox, metrics, racepoints, documents }: Deps) {
  const made = metrics.counter('fairgate_lot_awards_total', 'Awards of lots', ['how'])
  const ended = metrics.counter('fairgate_lot_awards_ended_total', 'Awards of lots whose seats went on', ['state'])

  /** With the lot locked: awards for the seats that nobody has, while their full time is left. */
  async function give(tx: Tx, lot: Lot, now: Date): Promise<void> {
    if (!mayAward(lot, now.getTime())) return
    const seats = await store.freeSeats(tx, lot.id)
    if (seats.length === 0) return
    const next = await store.nextInRanking(tx, lot.id, seats.length)
    // Awards are made at the close first of all: `won` are those whose rank is among the seats.
    await insert(
      tx,
      lot,
      next.map(({ accountId, amount, rank }, index) =>
        awardOf(lot, now, {
          accountId,
          amount,
          rank,
          seat: seats[index]!,
          how: rank <= lot.seats ? 'won' : 'moved-up',
        }),
      ),
    )
  }

  async function insert(tx: Tx, lot: Lot, awards: readonly (Award & { seat: Seat })[]): Promise<void> {
    if (awards.length === 0) return
    await racepoints.reach('auctions.before-awards')
    await store.insertAwards(tx, awards)
    await outbox.publish(
      tx,
      awards.map((award) => fact('auctions.awarded.v1', { ...factsOf(lot, award), how: award.how })),
    )
    afterCommit(tx, () => awards.forEach(({ how }) => made.add({ how })))
  }

  function awardOf(
    lot: Lot,
    now: Date,
    { seat, ...given }: Pick<Award, 'accountId' | 'amount' | 'rank' | 'how'> & { seat: Seat },
  ): Award & { seat: Seat } {
    const lastsMs = lot.payBySeconds * 1000
    const payBy = new Date(now.getTime() + lastsMs)
    return {
      id: ids('award'),
      lotId: lot.id,
      ...given,
      seat,
      place: seat.place,
      state: 'awarded',
      awardedAt: now,
      payBy,
      remindAt: new Date(payBy.getTime() - Math.min(lastsMs / 4, remindMsMax)),
      passUntil: null,
      releasedAt: null,
    }
  }

  async function work(lotId: string): Promise<boolean> {
    const more = await exclusive(db, `auctions.awards ${lotId}`, async (tx) => {
      const lot = await store.lockForWork(tx, lotId)
      if (!lot || lot.closedAt === null) return false
      const now = new Date(clock.now())
      const over = await release(tx, lot, now)
      await give(tx, lot, now)
      const reminded = await remind(tx, lot, now)
      await store.settle(tx, lotId)
      afterCommit(tx, () => documents.changed([lotId]))
      return over === awardsMax || reminded === awardsMax
    })
    return more ?? false
  }

  /** Ends awards that nobody can use any more. */
  async function release(tx: Tx, lot: Lot, now: Date): Promise<number> {
    const over = await store.awardsOver(tx, lot.id, now, awardsMax)
    if (over.length === 0) return 0
    const released = over.map(({ id, state }) => ({ id, state: nextState(state, 'lapse') }))
    await store.releaseAwards(tx, released, now)
    afterCommit(tx, () => released.forEach(({ state }) => ended.add({ state })))
    return over.length
  }

  /** Tells the owners of awards that end soon. */
  async function remind(tx: Tx, lot: Lot, now: Date): Promise<number> {
    const due = await store.awardsToRemindOf(tx, lot.id, now, awardsMax)
    await outbox.publish(
      tx,
      due.map((award) => fact('auctions.award-ending.v1', factsOf(lot, award))),
    )
    return due.length
  }

  const loop: Loop = {
    name: 'auctions.awards',
    intervalMs: 500,
    async run() {
      const due = await store.lotsWithWork(db, new Date(clock.now()), lotsAtOnceMax)
      let more = false
      for (const { id } of due) more = (await work(id)) || more
      return more
    },
  }

  /** With the lot locked: a seat that the ranking left over, for whoever asks. @returns undefined when none is left */
  async function giveLeftOver(tx: Tx, lot: Lot, accountId: string, now: Date): Promise<boolean> {
    if (lot.leftOver !== 'start-price' || lot.closedAt === null || !mayAward(lot, now.getTime())) return false
    const [seat] = await store.freeSeats(tx, lot.id)
    if (!seat || (await store.nextInRanking(tx, lot.id, 1)).length > 0) return false
    const given = { accountId, amount: lot.startAmount, rank: null, how: 'left-over' as const, seat }
    await insert(tx, lot, [awardOf(lot, now, given)])
    return true
  }

  return { give, giveLeftOver, loop }
}

export type Awarding = ReturnType<typeof createAwarding>

const factsOf = (
  lot: Lot,
  { id, accountId, seat, amount, payBy }: Award & { seat: { number: number; label: string } },
) => ({
  awardId: id,
  lotId: lot.id,
  accountId,
  saleId: lot.saleId,
  event: lot.event,
  line: { id: lot.id, name: lot.name },
  seat: { number: seat.number, label: seat.label },
  amount: moneyOf(lot, amount),
  payBy: payBy.toISOString(),
})
