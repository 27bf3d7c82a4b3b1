import { getSeats, type Geometry } from '@fairgate/contracts/http/catalog'
import { getAvailability, seatStatus } from '@fairgate/contracts/http/inventory'
import type { Wire } from './wire.ts'

/** What somebody asked for and was told not to be there. */
export type Refused = { sectionId: string; count: number; together: boolean }

export type RefusalCheck = {
  /** Looks into a refusal that has just been answered, without keeping the person waiting. */
  check(refused: Refused): void
  /** Once all that was begun has been looked into. */
  finish(): Promise<{ refusals: number; falseRefusals: number; unchecked: number }>
}

/** Looked into at once; more are counted as unchecked. */
const atOnceMax = 500
/** The server builds an availability document at most every 300 ms: after this time the second is a newer one. */
const betweenMs = 500

/**
 * Counts refusals for want of seats that were false. The availability document is read right after the refusal and once
 * more, surely newer: seats that are free in both were free in between, when the person was refused. A refusal is false
 * when those seats were enough, side by side for who asked for that.
 */
export function createRefusalCheck(wire: Wire, sleep: (ms: number) => Promise<void>): RefusalCheck {
  const geometries = new Map<string, Promise<Geometry>>()
  const running = new Set<Promise<void>>()
  const counts = { refusals: 0, falseRefusals: 0, unchecked: 0 }

  async function free(sectionId: string): Promise<Set<number>> {
    const { body } = await wire.call('other', getAvailability, { params: { id: sectionId } })
    return new Set(freeNumbers(body.status, body.free + body.held + body.sold + body.blocked))
  }

  function geometry(sectionId: string): Promise<Geometry> {
    const known =
      geometries.get(sectionId) ?? wire.call('other', getSeats, { params: { id: sectionId } }).then(({ body }) => body)
    geometries.set(sectionId, known)
    return known
  }

  async function look({ sectionId, count, together }: Refused): Promise<void> {
    const before = await free(sectionId)
    if (before.size < count) return
    await sleep(betweenMs)
    const after = await free(sectionId)
    const both = [...before].filter((number) => after.has(number))
    const rows = together ? (await geometry(sectionId)).seats.map((seat) => seat.row) : undefined
    if (isEnough(both, count, rows)) counts.falseRefusals++
  }

  return {
    check(refused) {
      counts.refusals++
      if (running.size >= atOnceMax) return void counts.unchecked++
      const work = look(refused)
        .catch(() => void counts.unchecked++)
        .finally(() => running.delete(work))
      running.add(work)
    },
    async finish() {
      await Promise.all(running)
      return { ...counts }
    },
  }
}

/** Numbers, from 1, of the free seats in the status of an availability document. */
export function freeNumbers(status: string, capacity: number): number[] {
  const bytes = Buffer.from(status, 'base64')
  const numbers: number[] = []
  for (let i = 0; i < Math.min(capacity, bytes.length * 4); i++)
    if (((bytes[i >> 2]! >> ((i & 3) * 2)) & 3) === seatStatus.free) numbers.push(i + 1)
  return numbers
}

/**
 * Whether so many seats can be had.
 * @param free  numbers in rising order
 * @param rows  the row of each seat in the order of the numbers, when the seats must be side by side
 */
export function isEnough(free: readonly number[], count: number, rows?: readonly string[]): boolean {
  if (!rows) return free.length >= count
  let run = 0
  return free.some((number, i) => {
    const isNext = i > 0 && free[i - 1] === number - 1 && rows[number - 2] === rows[number - 1]
    run = isNext ? run + 1 : 1
    return run >= count
  })
}
