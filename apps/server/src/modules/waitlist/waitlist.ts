import { recordHash, type WaitlistEvent, type WaitlistRecord } from '@fairgate/contracts/waitlist-order'
import type { EventSummary } from '@fairgate/contracts/events'
import type { WaitlistPhase } from '@fairgate/contracts/http/waitlist'
import { hashes } from '#platform/hashes'

export type Section = { id: string; name: string; isFull: boolean; isWaited: boolean }

export type Sale = {
  id: string
  method: 'queue' | 'ballot' | 'auction'
  event: EventSummary
  organiserId: string
  opensAt: Date
  closesAt: Date
  limitPerAccount: number
  offerSeconds: number
  /** Nothing is offered since then: the event was cancelled. */
  closedAt: Date | null
  records: number
  head: string
  sections: Section[]
}

/** How long an offer lasts where the organiser has said nothing. */
export const offerSecondsUsual = 1800

/** Everybody has the same time: nothing is offered when less than that is left of the sale. */
export const mayOffer = (sale: Sale, now: number): boolean =>
  sale.closedAt === null && now + sale.offerSeconds * 1000 <= sale.closesAt.getTime()

export function phaseOf(sale: Sale, now: number): WaitlistPhase {
  if (!mayOffer(sale, now)) return 'closed'
  return now < sale.opensAt.getTime() ? 'scheduled' : 'open'
}

export type NewRecord = { n: number; text: string; hash: string }

/** Writes the next records of a sale, whose row is locked. They are kept by `store.appendRecords`. */
export function createJournal({ id, records, head }: Pick<Sale, 'id' | 'records' | 'head'>, now: Date) {
  const at = now.toISOString()
  const added: NewRecord[] = []
  return {
    saleId: id,
    added: added as readonly NewRecord[],
    /** The number that the next record will have. */
    next: (): number => records + added.length + 1,
    /** @returns the record's number */
    add(event: WaitlistEvent): number {
      const n = records + added.length + 1
      const text = JSON.stringify({ n, at, ...event } satisfies WaitlistRecord)
      added.push({ n, text, hash: recordHash(hashes, added.at(-1)?.hash ?? head, text) })
      return n
    },
  }
}

export type Journal = ReturnType<typeof createJournal>
