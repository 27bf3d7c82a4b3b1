import type { Tx } from '#platform/db'
import { chooseAny, chooseTogether, layOut, type Hall } from './best-seats.ts'
import * as store from './inventory-store.ts'
import type { Hold } from './inventory-store.ts'

export type EqualSeats = { numbers: number[]; labels: string[] }

/** Others may lock what was chosen before we do; a section under that much traffic is better asked again by nobody. */
const choicesMax = 10

/**
 * Finds and locks seats that are as good as those of a hold: as many, of its section, at its price, together if its own
 * are. Seats that others have locked are passed by, so nobody is waited for out of the order of locks.
 * @returns undefined when there are none
 */
export async function findEqualSeats(tx: Tx, hold: Hold, now: Date): Promise<EqualSeats | undefined> {
  const { sectionId, seats } = hold
  const like = await store.equalTo(tx, hold.id)
  if (!like) return undefined
  const { admission, entitled } = like
  const count = seats.length
  const located = async (numbers: readonly number[]): Promise<EqualSeats> => {
    const sorted = numbers.toSorted((a, b) => a - b)
    return { numbers: sorted, labels: await store.labelsOf(tx, sectionId, sorted) }
  }
  if (admission === 'open') {
    const found = await store.lockAnyFree(tx, sectionId, 0, count, entitled, now, false)
    return found.length === count ? located(found) : undefined
  }
  const hall = layOut(await store.seatPositions(tx, sectionId), await store.focalPoint(tx, sectionId))
  const choose = areTogether(hall, seats) ? chooseTogether : chooseAny
  for (let attempt = 0; attempt < choicesMax; attempt++) {
    const free = new Uint8Array(hall.far.length)
    for (const number of await store.freeNumbers(tx, sectionId, entitled, now)) free[number] = 1
    const chosen = choose(hall, free, count, entitled === store.accessible)
    if (!chosen) return undefined
    const locked = await store.lockFreeOf(tx, sectionId, chosen, entitled, now)
    if (locked.length === count) return located(chosen)
  }
  return undefined
}

/** Whether seats are side by side, none missing between them. One seat is. */
function areTogether(hall: Hall, numbers: readonly number[]): boolean {
  const wanted = new Set(numbers)
  return hall.runs.some((run) => {
    const at = run.flatMap((number, i) => (wanted.has(number) ? [i] : []))
    return at.length === wanted.size && at.at(-1)! - at[0]! === wanted.size - 1
  })
}
