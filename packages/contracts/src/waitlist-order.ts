import { toHex, type Hashes } from './draw.ts'

/**
 * How returned seats are offered to those who wait, `docs/concepts/fairness.md`: whoever is first in order, and whose
 * wish the seats at hand satisfy now, gets them. The server and whoever checks it use this same program.
 */
export type WaitWish = { sectionIds: readonly string[]; quantity: number; together: boolean }

/**
 * A seat that came back. Seats of one `run` whose `at` follow one another are side by side; in an open section all are
 * alike, and `run` is null.
 */
export type KeptSeat = { number: number; run: number | null; at: number }

/** Seats of one section, by number. */
export type Match = { sectionId: string; seats: number[] }

/** @param kept  seats at hand, by section. The map and its arrays are not changed */
export function createMatching(kept: ReadonlyMap<string, readonly KeptSeat[]>) {
  const stretches = new Map([...kept].map(([sectionId, seats]) => [sectionId, stretchesOf(seats)]))
  const countOf = (sectionId: string) => stretches.get(sectionId)?.reduce((sum, { length }) => sum + length, 0) ?? 0

  return {
    /** What the next in order gets: from the first of its sections that can give all of it, or null. */
    give({ sectionIds, quantity, together }: WaitWish): Match | null {
      for (const sectionId of sectionIds) {
        const seats = choose(stretches.get(sectionId) ?? [], quantity, together)
        if (!seats) continue
        const taken = new Set(seats.map(({ number }) => number))
        const left = stretches
          .get(sectionId)!
          .flatMap((stretch) => (stretch.some(has(taken)) ? without(stretch, taken) : [stretch]))
        stretches.set(sectionId, left)
        return { sectionId, seats: [...taken].toSorted((a, b) => a - b) }
      }
      return null
    },
    /** Most seats that one section has left: nobody who wants more can be given anything. */
    most: (): number => [...stretches.keys()].reduce((most, sectionId) => Math.max(most, countOf(sectionId)), 0),
    /** What nobody got, by section; sections without any are left out. */
    left: (): Map<string, KeptSeat[]> =>
      new Map([...stretches].flatMap(([sectionId, list]) => (list.length > 0 ? [[sectionId, list.flat()]] : []))),
  }
}

/** Seats side by side, in their order. In an open section all seats are one stretch. */
type Stretch = readonly KeptSeat[]

function stretchesOf(seats: readonly KeptSeat[]): Stretch[] {
  const sorted = seats.toSorted((a, b) => (a.run ?? -1) - (b.run ?? -1) || a.at - b.at || a.number - b.number)
  const stretches: KeptSeat[][] = []
  for (const seat of sorted) {
    const last = stretches.at(-1)?.at(-1)
    const isBeside = last && last.run === seat.run && (seat.run === null || seat.at === last.at + 1)
    if (isBeside) stretches.at(-1)!.push(seat)
    else stretches.push([seat])
  }
  return stretches
}

/**
 * The shortest stretch that is long enough, so that long ones stay for groups; who need not sit together also gets seats
 * of several, the longest first.
 */
function choose(stretches: readonly Stretch[], quantity: number, together: boolean): Stretch | undefined {
  let best: Stretch | undefined
  for (const stretch of stretches) {
    if (stretch.length >= quantity && (!best || isBefore(stretch, best))) best = stretch
  }
  if (best) return best.slice(0, quantity)
  if (together) return undefined
  const all = stretches.toSorted((a, b) => b.length - a.length || firstOf(a) - firstOf(b)).flat()
  return all.length >= quantity ? all.slice(0, quantity) : undefined
}

const isBefore = (a: Stretch, b: Stretch): boolean =>
  a.length - b.length < 0 || (a.length === b.length && firstOf(a) < firstOf(b))
const firstOf = (stretch: Stretch): number => stretch.reduce((min, { number }) => Math.min(min, number), Infinity)
const has = (taken: ReadonlySet<number>) => (seat: KeptSeat) => taken.has(seat.number)
const without = (stretch: Stretch, taken: ReadonlySet<number>): Stretch[] =>
  stretchesOf(stretch.filter((seat) => !taken.has(seat.number)))

/**
 * What happened on a waitlist. Every record is public and carries no name: `entrant` is the hash of an entry's id and
 * number, which only its owner and the operator know; `number` is the record by which somebody joined.
 */
export type WaitlistEvent =
  | { kind: 'opened'; saleId: string; closesAt: string; offerSeconds: number }
  | { kind: 'offer-time'; offerSeconds: number }
  /** Nothing is offered from now on: the event was cancelled. */
  | { kind: 'closed' }
  | { kind: 'joined'; entrant: string; sectionIds: string[]; quantity: number; together: boolean }
  /** A place in the order is given up: by its owner, for another wish, or because its owner gave seats of the sale back. */
  | { kind: 'left'; number: number; why: 'left' | 'changed' | 'returned-seats' }
  /** Seats are at hand; `offer` is the record of the offer that they came back from, null when they were sold before. */
  | { kind: 'kept'; sectionId: string; seats: [number: number, run: number | null, at: number][]; offer: number | null }
  | { kind: 'offered'; number: number; sectionId: string; seats: number[]; until: string }
  | { kind: 'offer-over'; offer: number; why: 'bought' | 'declined' | 'deadline' | 'closed' }
  | { kind: 'sold'; offer: number; sectionId: string; seats: number[] }
  /** Nobody who waits can use these seats, or (`closing`) too little is left of the sale: they are on open sale again. */
  | { kind: 'released'; sectionId: string; seats: number[]; closing: boolean }

export type WaitlistRecord = { n: number; at: string } & WaitlistEvent

/** The chain begins with this. */
export const firstHead = '0'.repeat(64)

const utf8 = new TextEncoder()

/** A record's hash: SHA-256 of the hash before it, in hexadecimal, and its text. So the last one stands for all. */
export const recordHash = (hashes: Pick<Hashes, 'sha256'>, head: string, text: string): string =>
  toHex(hashes.sha256(utf8.encode(head + text)))

/** What stands for an entry in public. */
export const entrantOf = (hashes: Pick<Hashes, 'sha256'>, entryId: string, number: number): string =>
  toHex(hashes.sha256(utf8.encode(`${entryId} ${number}`)))
