import { createAllotment } from '@fairgate/contracts/allot'
import { fact, factsAbout, type Fact } from '#platform/bus'
import { afterCommit, exclusive, type Tx } from '#platform/db'
import type { Loop } from '#platform/loop'
import type { Platform } from '#platform/platform'
import { nextState } from './award.ts'
import { mayAward, rulesOf, type Ballot } from './ballot.ts'
import * as store from './ballots-store.ts'
import type { Award } from './ballots-store.ts'
import type { Documents } from './documents.ts'

type Deps = Pick<Platform, 'db' | 'clock' | 'ids' | 'outbox' | 'metrics' | 'racepoints'> & { documents: Documents }

const ballotsAtOnceMax = 50
/** Awards ended, or reminded of, in one transaction. */
const awardsMax = 5000
const pageMax = 5000

/**
 * Gives out places: first to all in the order of the draw, then, whenever places are left by others, to the next in
 * reserve, by their wishes. Whoever does it holds the ballot's row, so it happens once; it looks at the clock and at the
 * database only, so it goes on after any pause where it was.
 */
export function createAwarding({ db, clock, ids, outbox, metrics, racepoints, documents }: Deps): Loop {
  const made = metrics.counter('fairgate_awards_total', 'Awards of ballots', ['from'])
  const ended = metrics.counter('fairgate_awards_ended_total', 'Awards whose places went back', ['state'])

  async function work(saleId: string): Promise<boolean> {
    const more = await exclusive(db, `ballots.awards ${saleId}`, async (tx) => {
      const ballot = await store.lockForWork(tx, saleId)
      if (!ballot || ballot.drawnAt === null) return false
      const now = new Date(clock.now())
      const over = await release(tx, ballot, now)
      await give(tx, ballot, now)
      const reminded = await remind(tx, ballot, now)
      afterCommit(tx, () => documents.expire([saleId]))
      return over === awardsMax || reminded === awardsMax
    })
    return more ?? false
  }

  /** Ends awards that nobody can use any more. */
  async function release(tx: Tx, ballot: Ballot, now: Date): Promise<number> {
    const over = await store.awardsOver(tx, ballot.id, now, awardsMax)
    if (over.length === 0) return 0
    await store.releaseAwards(
      tx,
      over.map(({ id, state }) => ({ id, state: nextState(state, 'lapse') })),
      now,
    )
    afterCommit(tx, () => over.forEach(({ state }) => ended.add({ state: nextState(state, 'lapse') })))
    return over.length
  }

  async function give(tx: Tx, ballot: Ballot, now: Date): Promise<void> {
    if (ballot.cancelledAt !== null) return store.settle(tx, ballot.id, leftOver(ballot), undefined)
    const lines = await store.placesOf(tx, ballot.id)
    await racepoints.reach('ballots.before-awards')
    // Without the stock of every line nothing is given; whoever brings it asks again.
    if (lines.some((line) => line.available === null)) return store.settle(tx, ballot.id, leftOver(ballot), undefined)
    const isFirst = ballot.allottedAt === null
    const places = lines.map((line) => Math.max(0, line.available!))
    const isMore = places.some((count, index) => count > ballot.lines[index]!.leftOver)
    if (!mayAward(ballot, now.getTime()) || !(isFirst || isMore))
      return store.settle(tx, ballot.id, leftOver(ballot, places), isFirst ? { given: places, at: now } : undefined)

    const allotment = createAllotment(rulesOf(ballot), places)
    const nobody: string[] = []
    let after = 0
    while (isFirst || !allotment.isOver()) {
      const page = await store.reservePage(tx, ballot.id, after, pageMax)
      const awards: Award[] = []
      for (const wish of page) {
        const line = allotment.give(wish)
        if (line === null) nobody.push(wish.accountId)
        else awards.push(awardOf(ballot, wish, line, now))
      }
      if (awards.length > 0) {
        await store.insertAwards(tx, awards)
        await outbox.publish(
          tx,
          awards.map((award) => awarded(ballot, award)),
        )
        afterCommit(tx, () => made.add({ from: isFirst ? 'draw' : 'reserve' }, awards.length))
      }
      if (page.length < pageMax) break
      after = page.at(-1)!.position
    }
    if (isFirst)
      await outbox.publish(
        tx,
        factsAbout(nobody, (accountIds) => notAwarded(ballot, accountIds)),
      )
    await store.settle(tx, ballot.id, allotment.left(), isFirst ? { given: places, at: now } : undefined)
  }

  const awardOf = (ballot: Ballot, wish: store.Reserve, line: number, now: Date): Award => ({
    id: ids('award'),
    saleId: ballot.id,
    number: wish.number,
    accountId: wish.accountId,
    lineId: ballot.lines[line]!.id,
    quantity: wish.quantity,
    bought: 0,
    how: wish.preferences.includes(line) ? 'preference' : 'moved-down',
    fromReserve: ballot.allottedAt !== null,
    state: 'awarded',
    awardedAt: now,
    payBy: new Date(now.getTime() + ballot.payBySeconds * 1000),
    passUntil: null,
    releasedAt: null,
  })

  /** Tells the owners of awards that end soon. */
  async function remind(tx: Tx, ballot: Ballot, now: Date): Promise<number> {
    const due = await store.awardsToRemindOf(tx, ballot.id, now, awardsMax)
    await outbox.publish(
      tx,
      due.map((award) => fact('ballots.award-ending.v1', factsOf(ballot, award))),
    )
    return due.length
  }

  return {
    name: 'ballots.awards',
    intervalMs: 500,
    async run() {
      const due = await store.ballotsWithWork(db, new Date(clock.now()), ballotsAtOnceMax)
      let more = false
      for (const { id } of due) more = (await work(id)) || more
      return more
    },
  }
}

/** Never more than there is: what was left over may have been blocked since. */
const leftOver = (ballot: Ballot, places?: readonly number[]): number[] =>
  ballot.lines.map((line, index) => Math.min(line.leftOver, places?.[index] ?? line.leftOver))

const factsOf = (ballot: Ballot, { id, accountId, lineId, quantity, payBy }: Award) => ({
  awardId: id,
  accountId,
  saleId: ballot.id,
  event: ballot.event,
  line: { id: lineId, name: ballot.lines.find((line) => line.id === lineId)!.name },
  quantity,
  payBy: payBy.toISOString(),
})

const awarded = (ballot: Ballot, award: Award): Fact =>
  fact('ballots.awarded.v1', { ...factsOf(ballot, award), how: award.how, fromReserve: award.fromReserve })

const notAwarded = ({ id: saleId, event }: Ballot, accountIds: string[]): Fact =>
  fact('ballots.not-awarded.v1', { saleId, event, accountIds })
