import type { EventData } from '@fairgate/contracts/events'
import { fact, type Fact, type Outbox } from '#platform/bus'
import type { Clock } from '#platform/clock'
import { afterCommit, type Tx } from '#platform/db'
import { findEqualSeats, type EqualSeats } from './equal-seats.ts'
import { buyerKey, eachBuyer } from './buyer.ts'
import { holdTable, type HoldEvent } from './hold.ts'
import * as store from './inventory-store.ts'
import type { Hold, HoldChange } from './inventory-store.ts'
import type { Kept } from './kept.ts'
import { seatKey } from './seat.ts'

type Request = { orderId: string; holdId: string }
type Secure = EventData<'orders.secure-requested.v1'>
type Deps = {
  outbox: Outbox
  clock: Clock
  kept: Pick<Kept, 'returned' | 'freed' | 'sold'>
  touched(sectionIds: ReadonlySet<string>): void
}

/**
 * A hold this close to its end, or past it, might just now not be counted by its buyer's next request in a process
 * whose clock is ahead; so its limit is checked under the buyer's lock.
 */
const clockSkewMsMax = 5_000

/**
 * What an order asks of its hold. Each step takes many requests, changes what the table of `hold.ts` says, and publishes
 * the answers in the same transaction. Asking again gives the same answer and changes nothing.
 */
export function createOrderSteps({ outbox, clock, kept, touched }: Deps) {
  const touch = (tx: Tx, holds: Iterable<Hold>) => {
    const sectionIds = new Set(Array.from(holds, (hold) => hold.sectionId))
    if (sectionIds.size > 0) afterCommit(tx, () => touched(sectionIds))
  }

  /** Locks the holds of a request. A hold that belongs to another order is as unknown as one that never was. */
  async function lock(tx: Tx, requests: readonly Request[]) {
    const holds = new Map(
      (await store.lockHolds(tx, [...new Set(requests.map((r) => r.holdId))].toSorted())).map((hold) => [
        hold.id,
        hold,
      ]),
    )
    return {
      of: ({ holdId, orderId }: Request): Hold | undefined => {
        const hold = holds.get(holdId)
        return hold && (hold.orderId === null || hold.orderId === orderId) ? hold : undefined
      },
    }
  }

  /** Secures every seat of a hold, or none: seats that are still its own, or free, or lapsed. */
  async function secure(tx: Tx, requests: readonly Secure[]): Promise<void> {
    const unique = lastOfEach(requests)
    await lockUncertainBuyers(tx, unique)
    const holds = await lock(tx, unique)
    const now = new Date(clock.now())
    const wanted = unique.flatMap((request) => {
      const hold = holds.of(request)
      return hold && serial(request) > hold.asked && outcome(hold, eventOf(request)) === 'claim' ? [hold] : []
    })
    const seats = wanted.length > 0 ? await store.lockSeatsOf(tx, wanted, now) : []
    const owner = new Map(seats.map((seat) => [seatKey(seat.sectionId, seat.number), seat.holdId]))
    const bySeat = Map.groupBy(seats, (seat) => seat.wanted)
    const buyers = eachBuyer(wanted)
    const taken =
      wanted.length > 0
        ? await store.countTaken(
            tx,
            buyers,
            now,
            wanted.map((hold) => hold.id),
          )
        : []
    const have = new Map(buyers.map((buyer, i) => [buyerKey(buyer), taken[i]!]))
    // Holds of the same batch that are live are counted once, whatever becomes of them here.
    for (const hold of wanted) if (isCounted(hold, now)) add(have, hold, hold.seats.length)
    const limits = await store.findLimits(tx, [...new Set(wanted.map((hold) => hold.saleId))])

    const changes: HoldChange[] = []
    const secured = new Set<string>()
    const answers: { request: Secure; hold: Hold | undefined; answer: string }[] = []
    for (const request of unique) {
      const hold = holds.of(request)
      const asked = serial(request)
      if (hold && asked < hold.asked) continue
      let answer: string
      if (!hold) answer = 'unknown'
      else if (asked === hold.asked) answer = hold.answer ?? 'unknown'
      else {
        answer = claim(hold, eventOf(request))
        const to = answer === '' && outcome(hold, eventOf(request)) === 'claim' ? 'secured' : hold.state
        if (to !== hold.state) secured.add(hold.id)
        changes.push({ hold, to, orderId: request.orderId, expiresAt: hold.expiresAt, asked, answer })
      }
      answers.push({ request, hold, answer })
    }
    await store.updateHolds(tx, changes)
    if (secured.size > 0)
      await store.secureSeats(
        tx,
        wanted.filter((hold) => secured.has(hold.id)),
      )
    const others = await takeEqualSeats(answers)
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

    /** For buyers who agreed to it: of holds whose seats were taken, those that got other seats, by hold. */
    async function takeEqualSeats(decided: typeof answers): Promise<Map<string, EqualSeats>> {
      const found = new Map<string, EqualSeats>()
      for (const { request, hold, answer } of decided) {
        if (!request.equal || answer !== 'taken') continue
        const change = changes.find((each) => each.hold === hold)
        if (!hold || !change) continue
        if (taking(hold) > limits.get(hold.saleId)!) continue
        // What it still has of its old seats may be among the new ones.
        await store.moveSeats(tx, [hold], 'free')
        const seats = await findEqualSeats(tx, hold, now)
        if (!seats) continue
        count(hold)
        const moved = { ...hold, seats: seats.numbers, labels: seats.labels }
        await store.reseatHold(tx, moved)
        await store.updateHolds(tx, [{ ...change, to: 'secured', answer: '' }])
        await store.secureSeats(tx, [moved])
        found.set(hold.id, seats)
      }
      return found
    }

    /** '' when the hold has its seats for certain, else the reason why not. */
    function claim(hold: Hold, event: HoldEvent): string {
      const decided = outcome(hold, event)
      if (decided === 'yes') return ''
      if (decided !== 'claim') return 'released'
      // Seats that a pass named may be promised to the next by now, who has not taken them yet; and others to others.
      if (event === 'secure-late' && hold.isPromised) return 'promised'
      const mine = bySeat.get(hold.id) ?? []
      const all = mine.every((seat) => {
        const by = owner.get(seatKey(seat.sectionId, seat.number))
        return by === hold.id || !secured.has(by ?? '')
      })
      if (mine.length < hold.seats.length || !all) return hold.isPromised ? 'promised' : 'taken'
      if (taking(hold) > limits.get(hold.saleId)!) return 'limit-reached'
      count(hold)
      for (const seat of mine) owner.set(seatKey(seat.sectionId, seat.number), hold.id)
      return ''
    }

    /** How many seats its buyer would have with it. */
    function taking(hold: Hold): number {
      const had = have.get(buyerKey(hold))!
      return isCounted(hold, now) ? had : had + hold.seats.length
    }

    function count(hold: Hold): void {
      if (!isCounted(hold, now)) add(have, hold, hold.seats.length)
    }
  }

  async function lockUncertainBuyers(tx: Tx, requests: readonly Secure[]): Promise<void> {
    const now = clock.now()
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

  /** Secured seats become sold. */
  async function sell(tx: Tx, requests: readonly EventData<'orders.sell-requested.v1'>[]): Promise<void> {
    const unique = lastOfEach(requests)
    const holds = await lock(tx, unique)
    const changes: HoldChange[] = []
    const facts = unique.map((request): Fact => {
      const { orderId, holdId, equal } = request
      const hold = holds.of(request)
      const decided = hold ? outcome(hold, 'sell') : 'no'
      if (hold && decided === 'sell') changes.push({ ...same(hold), to: 'sold' })
      if (decided === 'sell' || decided === 'yes')
        return fact('inventory.seats-sold.v1', { orderId, holdId, ...(equal && hold ? { seats: seatsOf(hold) } : {}) })
      return fact('inventory.sell-refused.v1', { orderId, holdId, reason: hold ? hold.state : 'unknown' })
    })
    await move(tx, changes, 'sold')
    await outbox.publish(tx, facts)
    await kept.sold(
      tx,
      changes.map(({ hold, orderId }) => ({ ...hold, orderId })),
    )
  }

  /** Secured seats are held again, at least for `holdSeconds` from now and never for less than before. */
  async function giveBack(tx: Tx, requests: readonly EventData<'orders.return-requested.v1'>[]): Promise<void> {
    const unique = lastOfEach(requests)
    const holds = await lock(tx, unique)
    const now = clock.now()
    const changes: HoldChange[] = []
    const facts = unique.flatMap((request): Fact[] => {
      const { orderId, holdId, holdSeconds } = request
      const hold = holds.of(request)
      const decided = hold ? outcome(hold, 'return') : 'yes'
      if (decided === 'ignore') return []
      let expiresAt = hold?.expiresAt ?? new Date(now)
      if (hold && decided === 'return') {
        expiresAt = new Date(Math.max(expiresAt.getTime(), now + holdSeconds * 1000))
        changes.push({ ...same(hold), to: 'held', expiresAt })
      }
      return [fact('inventory.hold-returned.v1', { orderId, holdId, expiresAt: expiresAt.toISOString() })]
    })
    await move(tx, changes, 'held')
    await outbox.publish(tx, facts)
  }

  /** Seats go back on sale; sold ones only when the request says so. Nobody waits for an answer. */
  async function release(tx: Tx, requests: readonly EventData<'orders.release-requested.v1'>[]): Promise<void> {
    const unique = lastOfEach(requests)
    const holds = await lock(tx, unique)
    const changes: HoldChange[] = []
    for (const request of unique) {
      const hold = holds.of(request)
      const decided = hold ? outcome(hold, request.sold ? 'release-sold' : 'release') : 'ignore'
      if (hold && decided !== 'ignore') changes.push({ ...same(hold), to: 'released', orderId: request.orderId })
    }
    await kept.returned(
      tx,
      changes.map(({ hold }) => hold).filter(({ state }) => state === 'sold'),
    )
    await move(tx, changes, 'free')
  }

  /** Some seats of sold holds go back on sale, the rest of each stays sold. A hold without seats is released. */
  async function returnSeats(tx: Tx, returned: readonly EventData<'orders.seats-returned.v1'>[]): Promise<void> {
    const holds = await lock(tx, returned)
    const parts: Hold[] = []
    const rests: Hold[] = []
    const ended: HoldChange[] = []
    for (const request of returned) {
      const hold = holds.of(request)
      if (hold?.state !== 'sold') continue
      const gone = new Set(request.seats.map(({ number }) => number))
      const part = only(hold, (number) => gone.has(number))
      const rest = only(hold, (number) => !gone.has(number))
      if (part.seats.length === 0) continue
      parts.push(part)
      if (rest.seats.length > 0) rests.push(rest)
      else ended.push({ ...same(hold), to: 'released' })
    }
    if (parts.length === 0) return
    await kept.returned(tx, parts)
    await store.updateHolds(tx, ended)
    await store.moveSeats(tx, parts, 'free')
    for (const rest of rests) await store.reseatHold(tx, rest)
    touch(tx, parts)
  }

  async function move(tx: Tx, changes: readonly HoldChange[], to: 'free' | 'held' | 'sold'): Promise<void> {
    if (changes.length === 0) return
    await store.updateHolds(tx, changes)
    const moved = await store.moveSeats(
      tx,
      changes.map((change) => change.hold),
      to,
    )
    for (const { hold } of changes) {
      const isWhole = moved.get(hold.id) === hold.seats.length
      if (to !== 'free' && !isWhole)
        throw new Error(`broken assumption: hold ${hold.id} was secured without all of its seats`)
    }
    if (to === 'free')
      await kept.freed(
        tx,
        changes.map(({ hold }) => hold).filter(({ state }) => state !== 'sold'),
      )
    touch(
      tx,
      changes.map((change) => change.hold),
    )
  }

  return { secure, sell, giveBack, release, returnSeats, move }
}

export type OrderSteps = ReturnType<typeof createOrderSteps>

export const outcome = (hold: Hold, event: HoldEvent) => holdTable[hold.state][event]

/** A change that leaves everything as it is, to be spread and altered. */
export const same = (hold: Hold): HoldChange => {
  const { state, orderId, expiresAt, asked, answer } = hold
  return { hold, to: state, orderId, expiresAt, asked, answer }
}

/** A hold as if it had only some of its seats. */
const only = (hold: Hold, isKept: (number: number) => boolean): Hold => ({
  ...hold,
  seats: hold.seats.filter(isKept),
  labels: hold.labels.filter((_, i) => isKept(hold.seats[i]!)),
})

const eventOf = (request: Secure): HoldEvent => (request.late ? 'secure-late' : 'secure')
/** Later requests of an order have larger serials; late money comes after its attempt's first request. */
const serial = (request: Secure): number => request.attempt * 2 + (request.late ? 1 : 0)
const isCounted = (hold: Hold, now: Date): boolean =>
  hold.state === 'secured' || (hold.state === 'held' && hold.expiresAt > now)
const add = (have: Map<string, number>, hold: Hold, count: number) =>
  have.set(buyerKey(hold), (have.get(buyerKey(hold)) ?? 0) + count)

const seatsOf = ({ labels, ...taken }: Hold | EqualSeats) =>
  ('numbers' in taken ? taken.numbers : taken.seats).map((number, i) => ({ number, label: labels[i]! }))

/** A batch never has two facts of one order, but an order asks again when it is unsure: the last request counts. */
const lastOfEach = <R extends Request>(requests: readonly R[]): R[] => [
  ...new Map(requests.map((request) => [`${request.orderId} ${request.holdId}`, request])).values(),
]
