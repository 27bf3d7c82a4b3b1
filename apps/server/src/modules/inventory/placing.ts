import { createBatcher } from '#platform/batcher'
import { afterCommit, persistently, transaction } from '#platform/db'
import { Problem } from '#platform/problem'
import type { Platform } from '#platform/platform'
import { createAllowance } from './allowance.ts'
import { eachBuyer } from './buyer.ts'
import { contended, createChoosing, type Choice, type Deciding } from './choosing.ts'
import * as store from './inventory-store.ts'
import type { Section } from './inventory-store.ts'
import type { Sections } from './sections.ts'
import { buyerOf, mostOf, type NamedWish, type Refusal, type Wish } from './wish.ts'

export type PlacedHold = {
  id: string
  section: Section
  lineId: string
  accountId: string
  seats: number[]
  labels: string[]
  unitAmount: number
  expiresAt: Date
}

export type Answer = { kind: 'placed'; hold: PlacedHold } | Refusal

export type PlacingConfig = {
  /** Wishes are spread over so many lanes; each decides one batch at a time on one connection. */
  lanes: number
  /** Most wishes in one transaction. */
  batchMax: number
  /** Most wishes waiting in a lane; one more is refused with 503. */
  queueMax: number
  /** Most wishes of one account being decided at the same time; one more is refused with 429. */
  wishesPerAccountMax: number
}

type Deps = Pick<Platform, 'db' | 'clock' | 'ids' | 'racepoints' | 'metrics'> & {
  sections: Sections
  touched(sectionIds: ReadonlySet<string>): void
}

/**
 * Places holds. Wishes that arrive together are decided together: lock, look, decide in the order of arrival, write,
 * commit. Two lanes, so that the server answers one batch while Postgres decides the next; more make the batches small.
 * `bench/holds.ts` on a busy machine, runs in turns, as a share of the route without a store: one lane 0.47 and 0.36, two
 * 0.54 and 0.49.
 */
export function createPlacing(deps: Deps, config: PlacingConfig) {
  const { db, clock, ids, racepoints } = deps
  const choosing = createChoosing(deps.sections)
  const outcomes = deps.metrics.counter('fairgate_hold_requests_total', 'Requests for holds by what became of them', [
    'outcome',
  ])
  const batches = deps.metrics.histogram(
    'fairgate_hold_batch_size',
    'Requests decided in one commit',
    [],
    [1, 2, 5, 10, 20, 50, 100, 256],
  )
  const underWay = new Map<string, number>()

  const lanes = Array.from({ length: config.lanes }, () =>
    createBatcher<Wish, Answer>({ run: decide, batchMax: config.batchMax, queueMax: config.queueMax }),
  )

  /** @throws Problem `http.too-many-requests` | `http.overloaded` */
  async function place(wish: Wish): Promise<Answer> {
    const { accountId } = wish
    const mine = underWay.get(accountId) ?? 0
    if (mine >= config.wishesPerAccountMax) throw new Problem('http.too-many-requests', { retryAfterMs: 1000 })
    underWay.set(accountId, mine + 1)
    try {
      const answer = await lanes[laneOf(wish, lanes.length)]!.add(wish)
      outcomes.add({ outcome: answer.kind })
      return answer
    } finally {
      const left = underWay.get(accountId)! - 1
      if (left === 0) underWay.delete(accountId)
      else underWay.set(accountId, left)
    }
  }

  /** Certain seats and any seats are decided in two transactions, because they lock in different ways. */
  async function decide(wishes: readonly Wish[]): Promise<Answer[]> {
    batches.observe({}, wishes.length)
    const answers = new Map<Wish, Answer>()
    const named = wishes.filter((wish) => 'seats' in wish)
    const any = wishes.filter((wish) => 'count' in wish)
    if (named.length > 0) {
      const entangled = await placeAtOnce(named, answers)
      if (entangled.length > 0) await inTransaction(entangled, choosing.named, answers)
    }
    if (any.length > 0) {
      try {
        await inTransaction(any, (deciding, list) => choosing.anywhere(deciding, list, false), answers)
      } catch (error) {
        if (error !== contended) throw error
        await inTransaction(any, (deciding, list) => choosing.anywhere(deciding, list, true), answers)
      }
    }
    return wishes.map((wish) => answers.get(wish)!)
  }

  /** Decides wishes for named seats in one round trip. @returns those that depend on others of the batch, undecided */
  async function placeAtOnce(wishes: readonly NamedWish[], answers: Map<Wish, Answer>): Promise<NamedWish[]> {
    const now = new Date(clock.now())
    const asked = wishes.map(({ passUntil, seats, seatsMax, ...wish }) => ({
      holdId: ids('hold'),
      ...wish,
      numbers: seats,
      holdSeconds: wish.section.holdSeconds,
      most: mostOf(wish.section, seatsMax),
      until: Number.isFinite(passUntil) ? new Date(passUntil) : null,
    }))
    const judged = await persistently(() => store.placeNamed(db, asked, now))
    const entangled: NamedWish[] = []
    const sectionIds = new Set<string>()
    wishes.forEach((wish, i) => {
      const { section, lineId, accountId } = wish
      const { kind, seats, labels, unitAmount, have } = judged[i]!
      if (kind === 'again') entangled.push(wish)
      else if (kind === 'pass-ended') answers.set(wish, { kind })
      else if (kind === 'limit-reached') answers.set(wish, { kind, limit: asked[i]!.most, have })
      else if (kind === 'seat-taken')
        answers.set(wish, { kind, seats: wish.seats.filter((number) => !seats?.includes(number)) })
      else {
        const expiresAt = new Date(now.getTime() + section.holdSeconds * 1000)
        const { holdId: id } = asked[i]!
        answers.set(wish, {
          kind,
          hold: { id, section, lineId, accountId, seats: seats!, labels: labels!, unitAmount, expiresAt },
        })
        sectionIds.add(section.id)
      }
    })
    if (sectionIds.size > 0) deps.touched(sectionIds)
    return entangled
  }

  async function inTransaction<W extends Wish>(
    wishes: readonly W[],
    choose: (deciding: Deciding, wishes: readonly W[]) => Promise<Choice[]>,
    answers: Map<Wish, Answer>,
  ): Promise<void> {
    await transaction(db, async (tx) => {
      const locked = await store.lockBuyers(tx, eachBuyer(wishes.map(buyerOf)))
      const now = new Date(clock.now())
      const allowance = createAllowance(locked, await store.countTaken(tx, locked, now))
      const choices = await choose({ tx, allowance, now }, wishes)
      await racepoints.reach('inventory.before-placing')
      const claims = wishes.flatMap((wish, i) => {
        const choice = choices[i]!
        if (choice.kind !== 'chosen') return []
        const { section, lineId, accountId, entitled, unitAmount, isPromised } = wish
        const expiresAt = new Date(now.getTime() + section.holdSeconds * 1000)
        const asker = { section, lineId, accountId, entitled, unitAmount, isPromised }
        return [{ wish, holdId: ids('hold'), ...asker, numbers: choice.seats, expiresAt }]
      })
      const placed = new Map(
        (claims.length > 0 ? await store.placeHolds(tx, claims, now) : []).map((hold) => [hold.holdId, hold]),
      )
      wishes.forEach((wish, i) => {
        const choice = choices[i]!
        if (choice.kind !== 'chosen') answers.set(wish, choice)
      })
      for (const { wish, holdId, section, lineId, accountId, expiresAt } of claims) {
        const hold = placed.get(holdId)
        if (!hold) throw new Error(`broken assumption: hold ${holdId} was decided and not placed`)
        const { seats, labels, unitAmount } = hold
        answers.set(wish, {
          kind: 'placed',
          hold: { id: holdId, section, lineId, accountId, seats, labels, unitAmount, expiresAt },
        })
      }
      afterCommit(tx, () => deps.touched(new Set(claims.map(({ section }) => section.id))))
    })
  }

  return { place }
}

export type Placing = ReturnType<typeof createPlacing>

/**
 * Lanes of one sale meet at the row locks, as processes do. By account, so that a lane need not wait for what another
 * lane does for the same buyer; but the best seats of a section are chosen in one lane, or each would choose the same.
 */
function laneOf(wish: Wish, lanes: number): number {
  const key = 'count' in wish && wish.section.admission === 'reserved' ? wish.section.id : wish.accountId
  // FNV-1a.
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193) >>> 0
  return hash % lanes
}
