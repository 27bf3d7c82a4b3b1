import type { EventData } from '@fairgate/contracts/events'
import { fact, type Outbox } from '#platform/bus'
import type { Clock } from '#platform/clock'
import type { Tx } from '#platform/db'
import { buyerKey, eachBuyer } from './buyer.ts'
import { findEqualSeats, type EqualSeats } from './equal-seats.ts'
import type { HoldEvent } from './hold.ts'
import { lastOfEach, lockRequested, outcome, seatsOf } from './hold-requests.ts'
import * as store from './inventory-store.ts'
import type { Hold, HoldChange } from './inventory-store.ts'
import { seatKey } from './seat.ts'

type Secure = EventData<'orders.secure-requested.v1'>
/** '' when the hold has its seats for certain, else the reason why not. */
type Answer = { request: Secure; hold: Hold | undefined; answer: string }
type Deps = { outbox: Outbox; clock: Clock; touch(tx: Tx, holds: Iterable<Hold>): void }

/**
 * A hold this close to its end, or past it, might just now not be counted by its buyer's next request in a process
 * whose clock is ahead; so its limit is checked under the buyer's lock.
 */
const clockSkewMsMax = 5_000

/** Secures every seat of a hold, or none: seats that are still its own, or free, or lapsed. */
export function createSecuring({ outbox, clock, touch }: Deps) {
  return async function secure(tx: Tx, requests: readonly Secure[]): Promise<void> {
    const unique = lastOfEach(requests)
    await lockUncertainBuyers(tx, unique, clock.now())
    const holds = await lockRequested(tx, unique)
    const now = new Date(clock.now())
    const wanted = unique.flatMap((request) => {
      const hold = holds.of(request)
      return hold && serial(request) > hold.asked && outcome(hold, eventOf(request)) === 'claim' ? [hold] : []
    })
    const claims = await lockClaims(tx, wanted, now)
    // Counted once the seats are locked: whoever was waited for counts too.
    const shares = await readShares(tx, wanted, now)

    const changes: HoldChange[] = []
    const answers: Answer[] = []
    for (const request of unique) {
      const hold = holds.of(request)
      const asked = serial(request)
      if (!hold) answers.push({ request, hold, answer: 'unknown' })
      else if (asked === hold.asked) answers.push({ request, hold, answer: hold.answer ?? 'unknown' })
      else if (asked > hold.asked) {
        const decided = outcome(hold, eventOf(request))
        const answer =
          decided === 'claim' ? claims.take(hold, eventOf(request), shares) : decided === 'yes' ? '' : 'released'
        const to = decided === 'claim' && answer === '' ? 'secured' : hold.state
        changes.push({ hold, to, orderId: request.orderId, expiresAt: hold.expiresAt, asked, answer })
        answers.push({ request, hold, answer })
      }
    }
    await store.updateHolds(tx, changes)
    const secured = changes.filter(({ hold, to }) => to !== hold.state).map(({ hold }) => hold)
    if (secured.length > 0) await store.secureSeats(tx, secured)
    const others = await takeEqualSeats(tx, answers, changes, shares, now)
    touch(
      tx,
      changes.map((change) => change.hold),
    )
    await outbox.publish(
      tx,
      answers.map(({ request, hold, answer }) => {
        const { orderId, holdId, attempt, equal } = request
        const other = others.get(holdId)
        if (answer !== '' && !other) return fact('inventory.hold-lost.v1', { orderId, holdId, attempt, reason: answer })
        const seats = equal && hold ? { seats: seatsOf(other ?? hold) } : {}
        return fact('inventory.hold-secured.v1', { orderId, holdId, attempt, ...seats })
      }),
    )
  }
}

async function lockUncertainBuyers(tx: Tx, requests: readonly Secure[], now: number): Promise<void> {
  const late = new Set(requests.filter((request) => request.late).map((request) => request.holdId))
  const holds = await store.readHolds(
    tx,
    requests.map((request) => request.holdId),
  )
  const uncertain = holds.filter(
    (hold) => late.has(hold.id) || (hold.state !== 'secured' && hold.expiresAt.getTime() <= now + clockSkewMsMax),
  )
  if (uncertain.length > 0) await store.lockBuyers(tx, eachBuyer(uncertain))
}

type Shares = {
  /** Whether its buyer is within the limit with it. */
  allow(hold: Hold): boolean
  /** Its buyer has it now. */
  count(hold: Hold): void
}

/** What the buyers of these holds have, kept up to date while a batch is decided. */
async function readShares(tx: Tx, holds: readonly Hold[], now: Date): Promise<Shares> {
  if (holds.length === 0) return { allow: () => false, count() {} }
  const buyers = eachBuyer(holds)
  const holdIds = holds.map((hold) => hold.id)
  const taken = await store.countTaken(tx, buyers, now, holdIds)
  const limits = await store.findLimits(tx, [...new Set(holds.map((hold) => hold.saleId))])
  const have = new Map(buyers.map((buyer, i) => [buyerKey(buyer), taken[i]!]))
  const isCounted = ({ state, expiresAt }: Hold) => state === 'secured' || (state === 'held' && expiresAt > now)
  const add = (hold: Hold) => have.set(buyerKey(hold), have.get(buyerKey(hold))! + hold.seats.length)
  // Holds of the same batch that are live are counted once, whatever becomes of them here.
  for (const hold of holds) if (isCounted(hold)) add(hold)
  return {
    allow(hold) {
      const had = have.get(buyerKey(hold))!
      return (isCounted(hold) ? had : had + hold.seats.length) <= limits.get(hold.saleId)!
    },
    count(hold) {
      if (!isCounted(hold)) add(hold)
    },
  }
}

/** Locks what holds want to have: of two that list the same seat, the first that takes it has it. */
async function lockClaims(tx: Tx, holds: readonly Hold[], now: Date) {
  const seats = holds.length > 0 ? await store.lockSeatsOf(tx, holds, now) : []
  const owner = new Map(seats.map((seat) => [seatKey(seat.sectionId, seat.number), seat.holdId]))
  const listed = Map.groupBy(seats, (seat) => seat.wanted)
  const takers = new Set<string>()
  return {
    /** @returns '' when the hold has all of its seats now, else the reason why not */
    take(hold: Hold, event: HoldEvent, shares: Shares): string {
      // Seats that a pass named may be promised to the next by now, who has not taken them yet; and others to others.
      if (event === 'secure-late' && hold.isPromised) return 'promised'
      const mine = listed.get(hold.id) ?? []
      const isLeft = mine.every((seat) => {
        const by = owner.get(seatKey(seat.sectionId, seat.number))
        return by === hold.id || !takers.has(by ?? '')
      })
      if (mine.length < hold.seats.length || !isLeft) return hold.isPromised ? 'promised' : 'taken'
      if (!shares.allow(hold)) return 'limit-reached'
      shares.count(hold)
      for (const seat of mine) owner.set(seatKey(seat.sectionId, seat.number), hold.id)
      takers.add(hold.id)
      return ''
    },
  }
}

/** For buyers who agreed to it: of holds whose seats were taken, those that got other seats, by hold. */
async function takeEqualSeats(
  tx: Tx,
  answers: readonly Answer[],
  changes: readonly HoldChange[],
  shares: Shares,
  now: Date,
): Promise<Map<string, EqualSeats>> {
  const found = new Map<string, EqualSeats>()
  for (const { request, hold, answer } of answers) {
    if (!request.equal || answer !== 'taken') continue
    const change = changes.find((each) => each.hold === hold)
    if (!hold || !change || !shares.allow(hold)) continue
    // What it still has of its old seats may be among the new ones.
    await store.moveSeats(tx, [hold], 'free')
    const seats = await findEqualSeats(tx, hold, now)
    if (!seats) continue
    shares.count(hold)
    const moved = { ...hold, seats: seats.numbers, labels: seats.labels }
    await store.reseatHold(tx, moved)
    await store.updateHolds(tx, [{ ...change, to: 'secured', answer: '' }])
    await store.secureSeats(tx, [moved])
    found.set(hold.id, seats)
  }
  return found
}

const eventOf = (request: Secure): HoldEvent => (request.late ? 'secure-late' : 'secure')
/** Later requests of an order have larger serials; late money comes after its attempt's first request. */
const serial = (request: Secure): number => request.attempt * 2 + (request.late ? 1 : 0)
