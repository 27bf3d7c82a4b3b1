import type { Intervention } from '@fairgate/contracts/http/stock'
import { seatId, seatNumber } from '@fairgate/contracts/ids'
import { money } from '@fairgate/contracts/money'
import type { Caller } from '#platform/access-token'
import { afterCommit, transaction, type Tx } from '#platform/db'
import type { Platform } from '#platform/platform'
import { Problem } from '#platform/problem'
import * as seats from './inventory-store.ts'
import type { Section } from './inventory-store.ts'
import * as store from './organiser-store.ts'
import type { Sections } from './sections.ts'

type Deps = Pick<Platform, 'db' | 'clock'> & { sections: Sections; touched(sectionIds: ReadonlySet<string>): void }

/** Seats by id, or of an open section how many. */
export type Wanted = { seatIds?: readonly string[]; count?: number }

/** How often free seats are counted off again when somebody was faster, before refusing. */
const choicesMax = 5

/** What every act of an organiser has in common: whose section it is, which seats it is about, and the note of it. */
export function createInterventions({ db, clock, sections, touched }: Deps) {
  /** Another organiser's section is as unknown as one that never was. @throws inventory.section-not-found */
  async function managed(caller: Caller, sectionId: string): Promise<Section> {
    const section = await sections.find(sectionId)
    const isManager =
      caller.roles.includes('admin') ||
      (caller.roles.includes('organiser') && caller.accountId === section?.event.organiserId)
    if (!section || !isManager) throw new Problem('inventory.section-not-found')
    return section
  }

  /**
   * Does something to a section and notes it, in one transaction. `note` undefined: nothing happened. The seats of an
   * auction are promised by number, so nothing is done to them. @throws inventory.sold-by-auction
   */
  async function act<T>(
    caller: Caller,
    section: Section,
    work: (
      tx: Tx,
      now: Date,
    ) => Promise<{ result: T; note?: Pick<store.NewIntervention, 'kind' | 'reason' | 'numbers' | 'price'> }>,
  ): Promise<T> {
    if (section.method === 'auction') throw new Problem('inventory.sold-by-auction')
    return transaction(db, async (tx) => {
      const now = new Date(clock.now())
      const { result, note } = await work(tx, now)
      if (note) {
        await store.noteIntervention(tx, { sectionId: section.id, by: caller.accountId, at: now, ...note })
        afterCommit(tx, () => touched(new Set([section.id])))
      }
      return result
    })
  }

  /**
   * Locks the seats that an organiser wants, all of them or none, and only such that nobody has and nobody was promised.
   * @throws inventory.seat-taken | inventory.sold-out
   */
  async function lockWanted(tx: Tx, section: Section, wanted: Wanted, now: Date): Promise<store.LabelledSeat[]> {
    if (wanted.seatIds) {
      const numbers = seatNumbers(section, wanted.seatIds)
      const free = await lockFree(tx, section, numbers, now)
      const taken = numbers.filter((number) => !free.some((seat) => seat.number === number))
      if (taken.length > 0)
        throw new Problem('inventory.seat-taken', { taken: taken.map((number) => seatId(section.id, number)) })
      return free
    }
    const count = wanted.count!
    for (let choice = 1; ; choice++) {
      const free = await seats.freeNumbers(tx, section.id, null, now)
      if (free.length < count) throw new Problem('inventory.sold-out', { free: free.length })
      const locked = await lockFree(tx, section, free.toSorted((a, b) => a - b).slice(-count), now)
      if (locked.length === count) return locked
      if (choice === choicesMax) throw new Problem('http.overloaded', { retryAfterMs: 1000 })
    }
  }

  async function lockFree(tx: Tx, section: Section, numbers: readonly number[], now: Date) {
    const keys = numbers.toSorted((a, b) => a - b).map((number) => ({ sectionId: section.id, number }))
    return (await seats.lockFree(tx, keys, now)).filter((seat) => seat.keptFor === null)
  }

  async function list(caller: Caller, sectionId: string): Promise<Intervention[]> {
    const section = await managed(caller, sectionId)
    return (await store.interventionsOf(db, section.id)).map(({ numbers, at, amount, currency, ...noted }) => ({
      ...noted,
      at: at.toISOString(),
      seatIds: numbers.map((number) => seatId(section.id, number)),
      ...(amount !== null && currency !== null ? { price: money(amount, currency) } : {}),
    }))
  }

  return { managed, act, lockWanted, list }
}

export type Interventions = ReturnType<typeof createInterventions>

/** Seats of a reserved section by id, of an open one by id or as a count. @throws http.invalid */
export function readWanted({ admission }: Section, { seatIds, count }: Wanted): Wanted {
  const errors: { pointer: string; detail: string }[] = []
  if (seatIds === undefined && count === undefined) errors.push({ pointer: '#/seatIds', detail: 'is needed' })
  if (seatIds !== undefined && count !== undefined)
    errors.push({ pointer: '#/count', detail: 'cannot go with seatIds' })
  if (count !== undefined && admission === 'reserved')
    errors.push({ pointer: '#/count', detail: 'goes with open sections only' })
  if (errors.length > 0) throw new Problem('http.invalid', { errors })
  return seatIds !== undefined ? { seatIds } : { count: count! }
}

/** The numbers of seats of this section, each once. All that are wrong are listed. @throws inventory.invalid-seats */
export function seatNumbers(section: Section, seatIds: readonly string[]): number[] {
  const numbers = new Set<number>()
  const errors: { pointer: string; detail: string }[] = []
  seatIds.forEach((id, i) => {
    const number = seatNumber(section.id, id)
    if (number === undefined || number > section.capacity)
      errors.push({ pointer: `#/seatIds/${i}`, detail: 'is not a seat of this section' })
    else if (numbers.has(number)) errors.push({ pointer: `#/seatIds/${i}`, detail: 'is named twice' })
    else numbers.add(number)
  })
  if (errors.length > 0) {
    throw new Problem('inventory.invalid-seats', {
      errors,
      seats: errors.map(({ pointer }) => seatIds[Number(pointer.split('/').at(-1))]),
    })
  }
  return [...numbers]
}
