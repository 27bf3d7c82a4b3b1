import type { Tx } from '#platform/db'
import type { Allowance } from './allowance.ts'
import { chooseAny, chooseTogether, type Hall } from './best-seats.ts'
import * as store from './inventory-store.ts'
import { accessible, type Entitled } from './inventory-store.ts'
import { bySeatKey, seatKey, type SeatKey } from './seat.ts'
import type { Sections } from './sections.ts'
import type { AnyWish, NamedWish, Refusal, Wish } from './wish.ts'

type Chosen = { kind: 'chosen'; seats: readonly number[] }
export type Choice = Chosen | Refusal

/** The transaction in which a batch is decided, with what its buyers may have. */
export type Deciding = { tx: Tx; allowance: Allowance; now: Date }

/** Thrown inside a transaction whose refusal might be false because somebody else had the seats locked. */
export const contended = new Error('seats were locked by another process')

/** How often the best seats are chosen again around those that other processes have locked, before waiting for them. */
const choicesMax = 5

/** Decides in the order of arrival which seats each wish of a batch gets. Seats that were chosen are locked. */
export function createChoosing(sections: Sections) {
  /** Where the search for any free seat of a section goes on: what lies before was free when it was given away. */
  const cursors = new Map<string, number>()

  /** All seats named by anybody are locked, then each wish takes its own if they are all still there. */
  async function named({ tx, allowance, now }: Deciding, wishes: readonly NamedWish[]): Promise<Choice[]> {
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
  async function anywhere(deciding: Deciding, wishes: readonly AnyWish[], wait: boolean): Promise<Choice[]> {
    const choices = new Map<Wish, Choice>()
    const alike = Map.groupBy(wishes, (wish) => `${wish.section.id} ${wish.entitled ?? ''}`)
    for (const key of [...alike.keys()].toSorted(byCode)) {
      const list = alike.get(key)!
      const isOpen = list[0]!.section.admission === 'open'
      await (isOpen ? chooseOpen : chooseBest)(deciding, list, wait, choices)
    }
    return wishes.map((wish) => choices.get(wish)!)
  }

  async function chooseOpen(
    { tx, allowance, now }: Deciding,
    wishes: readonly AnyWish[],
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
    { tx, allowance, now }: Deciding,
    wishes: readonly AnyWish[],
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

  return { named, anywhere }
}

function best(hall: Hall, free: Uint8Array, wish: AnyWish): Choice {
  const needs = wish.entitled === accessible
  const seats = wish.together ? chooseTogether(hall, free, wish.count, needs) : chooseAny(hall, free, wish.count, needs)
  if (seats) return { kind: 'chosen', seats }
  const count = free.reduce((sum, one) => sum + one, 0)
  return { kind: count >= wish.count ? 'no-adjacent' : 'sold-out', free: count }
}

/** Whether a seat that nobody has, kept for these, may be taken; undefined is a seat that somebody has. */
const mayTake = (entitled: Entitled, keptFor: string | null | undefined): boolean =>
  keptFor === null ? entitled === null || entitled === accessible : keptFor !== undefined && keptFor === entitled

const seatsOf = (choice: Choice | undefined) => (choice?.kind === 'chosen' ? choice.seats.length : 0)
const byCode = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
