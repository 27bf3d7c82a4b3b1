import { createBatcher } from '#platform/batcher'
import { afterCommit, persistently, transaction, type Tx } from '#platform/db'
import { Problem } from '#platform/problem'
import type { Platform } from '#platform/platform'
import { chooseAny, chooseTogether, type Hall } from './best-seats.ts'
import * as store from './inventory-store.ts'
import { accessible, type Entitled, type LockedBuyer, type Section } from './inventory-store.ts'
import { buyerKey, eachBuyer, type Buyer } from './buyer.ts'
import { bySeatKey, seatKey, type SeatKey } from './seat.ts'
import type { Sections } from './sections.ts'

/** What a buyer asks for: certain seats of a section, or any `count`. */
export type Wish = NamedWish | AnyWish
/**
 * `passUntil` is when the pass runs out, in epoch ms: how passes of a buyer are told apart. `seatsMax` is the most that
 * this pass allows its owner to have, where that is less than the sale's limit. `entitled` is whose kept seats may be
 * taken; null for nobody's. `unitAmount` is a price in place of the section's; `isPromised`: see `Claim`.
 */
type Asker = {
  section: Section
  lineId: string
  accountId: string
  passUntil: number
  seatsMax?: number | undefined
  entitled: Entitled
  unitAmount: number | null
  isPromised: boolean
}
type NamedWish = Asker & { seats: readonly number[] }
type AnyWish = Asker & { count: number; together: boolean }

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

export type Answer =
  | { kind: 'placed'; hold: PlacedHold }
  | { kind: 'pass-ended' }
  | { kind: 'seat-taken'; seats: number[] }
  | { kind: 'sold-out'; free: number }
  | { kind: 'no-adjacent'; free: number }
  | { kind: 'limit-reached'; limit: number; have: number }

type Chosen = { kind: 'chosen'; seats: readonly number[] }
type Choice = Chosen | Exclude<Answer, { kind: 'placed' }>

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

/** Thrown inside a transaction whose refusal might be false because somebody else had the seats locked. */
const contended = new Error('seats were locked by another process')

/** How often the best seats are chosen again around those that other processes have locked, before waiting for them. */
const choicesMax = 5

/**
 * Places holds. Wishes that arrive together are decided together: lock, look, decide in the order of arrival, write,
 * commit. Two lanes, so that the server answers one batch while Postgres decides the next; more make the batches small.
 * `bench/holds.ts` on a busy machine, runs in turns, as a share of the route without a store: one lane 0.47 and 0.36, two
 * 0.54 and 0.49.
 */
export function createPlacing(deps: Deps, config: PlacingConfig) {
  const { db, clock, ids, racepoints, sections } = deps
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
  /** Where the search for any free seat of a section goes on: what lies before was free when it was given away. */
  const cursors = new Map<string, number>()

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
      if (entangled.length > 0) await inTransaction(entangled, chooseNamed, answers)
    }
    if (any.length > 0) {
      try {
        await inTransaction(any, (tx, list, allowance, now) => chooseAnywhere(tx, list, allowance, now, false), answers)
      } catch (error) {
        if (error !== contended) throw error
        await inTransaction(any, (tx, list, allowance, now) => chooseAnywhere(tx, list, allowance, now, true), answers)
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
    choose: (tx: Tx, wishes: readonly W[], allowance: Allowance, now: Date) => Promise<Choice[]>,
    answers: Map<Wish, Answer>,
  ): Promise<void> {
    await transaction(db, async (tx) => {
      const locked = await store.lockBuyers(tx, eachBuyer(wishes.map(buyerOf)))
      const now = new Date(clock.now())
      const allowance = createAllowance(locked, await store.countTaken(tx, locked, now))
      const choices = await choose(tx, wishes, allowance, now)
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

  /** All seats named by anybody are locked, then each wish takes its own if they are all still there. */
  async function chooseNamed(tx: Tx, wishes: readonly NamedWish[], allowance: Allowance, now: Date): Promise<Choice[]> {
    const keys = new Map<string, SeatKey>()
    for (const { section, seats } of wishes) {
      for (const number of seats) keys.set(seatKey(section.id, number), { sectionId: section.id, number })
    }
    const locked = await store.lockFree(tx, [...keys.values()].toSorted(bySeatKey), now)
    const free = new Map(locked.map(({ sectionId, number, keptFor }) => [seatKey(sectionId, number), keptFor]))
    return wishes.map((wish): Choice => {
      const { section, seats } = wish
      const refusal = allowance.refuses(wish, seats.length)
      if (refusal) return refusal
      const taken = seats.filter((number) => !mayTake(wish.entitled, free.get(seatKey(section.id, number))))
      if (taken.length > 0) return { kind: 'seat-taken', seats: taken }
      for (const number of seats) free.delete(seatKey(section.id, number))
      allowance.use(wish, seats.length)
      return { kind: 'chosen', seats }
    })
  }

  /**
   * Chooses among the free seats of each section. Without `wait`, seats that others have locked are passed by, and a
   * refusal that those might have prevented throws `contended`; with `wait`, all that is free is locked first.
   */
  async function chooseAnywhere(
    tx: Tx,
    wishes: readonly AnyWish[],
    allowance: Allowance,
    now: Date,
    wait: boolean,
  ): Promise<Choice[]> {
    const choices = new Map<Wish, Choice>()
    const alike = Map.groupBy(wishes, (wish) => `${wish.section.id} ${wish.entitled ?? ''}`)
    for (const key of [...alike.keys()].toSorted(byCode)) {
      const list = alike.get(key)!
      const isOpen = list[0]!.section.admission === 'open'
      if (isOpen) await chooseOpen(tx, list, allowance, now, wait, choices)
      else await chooseBest(tx, list, allowance, now, wait, choices)
    }
    return wishes.map((wish) => choices.get(wish)!)
  }

  async function chooseOpen(
    tx: Tx,
    wishes: readonly AnyWish[],
    allowance: Allowance,
    now: Date,
    wait: boolean,
    choices: Map<Wish, Choice>,
  ): Promise<void> {
    const { section, entitled } = wishes[0]!
    const { id, capacity } = section
    const wanted = Math.min(
      capacity,
      wishes.reduce((sum, wish) => sum + wish.count, 0),
    )
    const cursor = wait || entitled !== null ? 0 : (cursors.get(id) ?? 0)
    const free = await store.lockAnyFree(tx, id, cursor, wanted, entitled, now, wait)
    if (free.length < wanted && cursor > 0) {
      const again = await store.lockAnyFree(tx, id, 0, wanted - free.length, entitled, now, wait)
      free.push(...again.filter((number) => number <= cursor))
    }
    /** Whether seats that others have locked were passed by; asked once, and only for a refusal. */
    let passedBy: Promise<boolean> | undefined
    const given = () => wishes.reduce((sum, wish) => sum + seatsOf(choices.get(wish)), 0)
    const somePassedBy = async () => (await store.freeNumbers(tx, id, entitled, now)).length > free.length + given()
    for (const wish of wishes) {
      const refusal = allowance.refuses(wish, wish.count)
      if (refusal) {
        choices.set(wish, refusal)
      } else if (free.length >= wish.count) {
        const seats = free.splice(0, wish.count)
        allowance.use(wish, seats.length)
        if (entitled === null) cursors.set(id, seats.at(-1)!)
        choices.set(wish, { kind: 'chosen', seats })
      } else {
        if (!wait && (await (passedBy ??= somePassedBy()))) throw contended
        choices.set(wish, { kind: 'sold-out', free: free.length })
      }
    }
  }

  async function chooseBest(
    tx: Tx,
    wishes: readonly AnyWish[],
    allowance: Allowance,
    now: Date,
    wait: boolean,
    choices: Map<Wish, Choice>,
  ): Promise<void> {
    const { section, entitled } = wishes[0]!
    const { id, capacity } = section
    const hall = await sections.hall(id)
    const free = new Uint8Array(capacity + 1)
    const numbers = wait
      ? await store.lockAnyFree(tx, id, 0, capacity, entitled, now, true)
      : await store.freeNumbers(tx, id, entitled, now)
    for (const number of numbers) free[number] = 1
    let someLocked = false
    let left = wishes
    for (let round = 1; left.length > 0; round++) {
      const chosen: { wish: AnyWish; seats: readonly number[] }[] = []
      for (const wish of left) {
        const choice = allowance.refuses(wish, wish.count) ?? best(hall, free, wish)
        if (choice.kind === 'chosen') {
          for (const number of choice.seats) free[number] = 0
          allowance.use(wish, wish.count)
          chosen.push({ wish, seats: choice.seats })
        } else {
          if (someLocked && choice.kind !== 'limit-reached' && choice.kind !== 'pass-ended') throw contended
          choices.set(wish, choice)
        }
      }
      const wanted = chosen.flatMap(({ seats }) => seats)
      const locked = new Set(
        wait || wanted.length === 0 ? wanted : await store.lockFreeOf(tx, id, wanted, entitled, now),
      )
      const again: AnyWish[] = []
      for (const { wish, seats } of chosen) {
        if (seats.every((number) => locked.has(number))) {
          choices.set(wish, { kind: 'chosen', seats })
          continue
        }
        someLocked = true
        for (const number of seats) if (locked.has(number)) free[number] = 1
        allowance.use(wish, -seats.length)
        again.push(wish)
      }
      left = again
      if (left.length > 0 && round === choicesMax) throw contended
    }
  }

  return { place }
}

export type Placing = ReturnType<typeof createPlacing>

function best(hall: Hall, free: Uint8Array, wish: AnyWish): Choice {
  const needs = wish.entitled === accessible
  const seats = wish.together ? chooseTogether(hall, free, wish.count, needs) : chooseAny(hall, free, wish.count, needs)
  if (seats) return { kind: 'chosen', seats }
  const count = free.reduce((sum, one) => sum + one, 0)
  return { kind: count >= wish.count ? 'no-adjacent' : 'sold-out', free: count }
}

type Allowance = {
  refuses(wish: Wish, count: number): Choice | undefined
  use(wish: Wish, count: number): void
}

/** What each buyer has, kept up to date while a batch is decided. */
function createAllowance(buyers: readonly LockedBuyer[], taken: readonly number[]): Allowance {
  const have = new Map(buyers.map((buyer, i) => [buyerKey(buyer), taken[i]!]))
  const overTo = new Map(buyers.map((buyer) => [buyerKey(buyer), buyer.passesOverTo?.getTime() ?? 0]))
  const keyOf = (wish: Wish) => buyerKey(buyerOf(wish))
  return {
    refuses(wish, count) {
      if (wish.passUntil <= overTo.get(keyOf(wish))!) return { kind: 'pass-ended' }
      const mine = have.get(keyOf(wish))!
      const limit = mostOf(wish.section, wish.seatsMax)
      return mine + count > limit ? { kind: 'limit-reached', limit, have: mine } : undefined
    },
    use(wish, count) {
      have.set(keyOf(wish), have.get(keyOf(wish))! + count)
    },
  }
}

const buyerOf = ({ section: { saleId }, accountId }: Pick<Wish, 'section' | 'accountId'>): Buyer => ({
  saleId,
  accountId,
})

const mostOf = (section: Section, seatsMax: number | undefined) => Math.min(section.limit, seatsMax ?? Infinity)

/** Whether a seat that nobody has, kept for these, may be taken; undefined is a seat that somebody has. */
const mayTake = (entitled: Entitled, keptFor: string | null | undefined): boolean =>
  keptFor === null ? entitled === null || entitled === accessible : keptFor !== undefined && keptFor === entitled

const seatsOf = (choice: Choice | undefined) => (choice?.kind === 'chosen' ? choice.seats.length : 0)
const byCode = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

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
