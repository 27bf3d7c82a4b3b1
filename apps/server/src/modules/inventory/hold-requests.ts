import type { Tx } from '#platform/db'
import type { EqualSeats } from './equal-seats.ts'
import { holdTable, type HoldEvent } from './hold.ts'
import * as store from './inventory-store.ts'
import type { Hold, HoldChange } from './inventory-store.ts'

/** What every step that an order asks for names. */
export type Request = { orderId: string; holdId: string }

/** A batch never has two facts of one order, but an order asks again when it is unsure: the last request counts. */
export const lastOfEach = <R extends Request>(requests: readonly R[]): R[] => [
  ...new Map(requests.map((request) => [`${request.orderId} ${request.holdId}`, request])).values(),
]

/** Locks the holds of requests. A hold that belongs to another order is as unknown as one that never was. */
export async function lockRequested(tx: Tx, requests: readonly Request[]) {
  const locked = await store.lockHolds(tx, [...new Set(requests.map((r) => r.holdId))].toSorted())
  const holds = new Map(locked.map((hold) => [hold.id, hold]))
  return {
    of({ holdId, orderId }: Request): Hold | undefined {
      const hold = holds.get(holdId)
      return hold && (hold.orderId === null || hold.orderId === orderId) ? hold : undefined
    },
  }
}

export const outcome = (hold: Hold, event: HoldEvent) => holdTable[hold.state][event]

/** A change that leaves everything as it is, to be spread and altered. */
export const same = (hold: Hold): HoldChange => {
  const { state, orderId, expiresAt, asked, answer } = hold
  return { hold, to: state, orderId, expiresAt, asked, answer }
}

/** Seats as orders are told of them. */
export const seatsOf = ({ labels, ...taken }: Hold | EqualSeats) =>
  ('numbers' in taken ? taken.numbers : taken.seats).map((number, i) => ({ number, label: labels[i]! }))
