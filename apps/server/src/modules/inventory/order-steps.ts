import type { EventData } from '@fairgate/contracts/events'
import { fact, type Fact, type Outbox } from '#platform/bus'
import type { Clock } from '#platform/clock'
import { afterCommit, type Tx } from '#platform/db'
import { lastOfEach, lockRequested, outcome, same, seatsOf } from './hold-requests.ts'
import * as store from './inventory-store.ts'
import type { Hold, HoldChange } from './inventory-store.ts'
import type { Kept } from './kept.ts'
import { createSecuring } from './securing.ts'

type Deps = {
  outbox: Outbox
  clock: Clock
  kept: Pick<Kept, 'returned' | 'freed' | 'sold'>
  touched(sectionIds: ReadonlySet<string>): void
}

/**
 * What an order asks of its hold. Each step takes many requests, changes what the table of `hold.ts` says, and publishes
 * the answers in the same transaction. Asking again gives the same answer and changes nothing.
 */
export function createOrderSteps({ outbox, clock, kept, touched }: Deps) {
  const touch = (tx: Tx, holds: Iterable<Hold>) => {
    const sectionIds = new Set(Array.from(holds, (hold) => hold.sectionId))
    if (sectionIds.size > 0) afterCommit(tx, () => touched(sectionIds))
  }

  /** Secured seats become sold. */
  async function sell(tx: Tx, requests: readonly EventData<'orders.sell-requested.v1'>[]): Promise<void> {
    const unique = lastOfEach(requests)
    const holds = await lockRequested(tx, unique)
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
    const holds = await lockRequested(tx, unique)
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
    const holds = await lockRequested(tx, unique)
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
    const holds = await lockRequested(tx, returned)
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

  return { secure: createSecuring({ outbox, clock, touch }), sell, giveBack, release, returnSeats, move }
}

export type OrderSteps = ReturnType<typeof createOrderSteps>

/** A hold as if it had only some of its seats. */
const only = (hold: Hold, isKept: (number: number) => boolean): Hold => ({
  ...hold,
  seats: hold.seats.filter(isKept),
  labels: hold.labels.filter((_, i) => isKept(hold.seats[i]!)),
})
