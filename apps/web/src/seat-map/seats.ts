import { seatStatus } from '@fairgate/contracts/http/inventory'
import type { Geometry } from '@fairgate/contracts/http/catalog'
import { statusAt } from '@fairgate/contracts/seat-picture'

export type MapSeat = Geometry['seats'][number]
export type SeatState = keyof typeof seatStatus

const states = ['free', 'held', 'sold', 'blocked'] as const satisfies readonly SeatState[]

/** The state of a seat in a picture of 2 bits a seat; seats beyond its end are blocked, and all are free before it is known. */
export const stateOf = (status: Uint8Array | undefined, seat: number): SeatState =>
  states[status ? (statusAt(status, seat) ?? seatStatus.blocked) : seatStatus.free] ?? 'blocked'

/** Colours that there are for prices; further ones share the last. */
export const tiersMax = 4

/** Which colour a price has: 0 is the dearest. */
export function tierOf(price: number, prices: readonly number[]): number {
  const rank = [...new Set(prices)].sort((a, b) => b - a).indexOf(price)
  return Math.min(tiersMax - 1, Math.max(0, rank))
}

/** Row names with the indexes of their seats, in the order of the plan. */
export function rowsOf(seats: readonly MapSeat[]): { row: string; seats: number[] }[] {
  const rows = new Map<string, number[]>()
  for (const [index, { row }] of seats.entries()) {
    const members = rows.get(row)
    if (members) members.push(index)
    else rows.set(row, [index])
  }
  return [...rows].map(([row, members]) => ({ row, seats: members }))
}

/** `front` is where the middle of the first row is: rows that bend around a stage begin nearer to it at their ends. */
export type Bounds = { left: number; top: number; right: number; bottom: number; pitch: number; front: number }

/** The share of the width that counts as the middle. */
export const middleShare = 0.36

/** Where the seats are, and the usual distance from one to the next in its row. */
export function boundsOf(seats: readonly { x: number; y: number; row: string }[]): Bounds {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity]
  const gaps: number[] = []
  for (const [index, seat] of seats.entries()) {
    left = Math.min(left, seat.x)
    right = Math.max(right, seat.x)
    top = Math.min(top, seat.y)
    bottom = Math.max(bottom, seat.y)
    const last = seats[index - 1]
    if (last && last.row === seat.row) gaps.push(Math.hypot(seat.x - last.x, seat.y - last.y))
  }
  gaps.sort((a, b) => a - b)
  const pitch = gaps[Math.floor(gaps.length / 4)] || Math.max(right - left, bottom - top, 1) / 10
  if (seats.length === 0) return { left: 0, top: 0, right: 1, bottom: 1, pitch: 1, front: 0 }
  const centre = (left + right) / 2
  const half = ((right - left) * middleShare) / 2 + pitch
  const front = Math.min(...seats.filter(({ x }) => Math.abs(x - centre) <= half).map(({ y }) => y), bottom)
  return { left, top, right, bottom, pitch, front }
}

export type Direction = 'left' | 'right' | 'up' | 'down'

/** The nearest seat in a direction; a step along the row counts less than one across it. */
export function neighbour(seats: readonly MapSeat[], from: number, direction: Direction): number {
  const start = seats[from]
  if (!start) return from
  const isAcross = direction === 'left' || direction === 'right'
  const sign = direction === 'left' || direction === 'up' ? -1 : 1
  let best = from
  let bestCost = Infinity
  for (const [index, { x, y }] of seats.entries()) {
    const along = sign * (isAcross ? x - start.x : y - start.y)
    const aside = Math.abs(isAcross ? y - start.y : x - start.x)
    if (along <= 1e-9) continue
    const cost = along + aside * (isAcross ? 6 : 2)
    if (cost < bestCost) {
      best = index
      bestCost = cost
    }
  }
  return best
}

/** Runs of seats side by side in one row that are free, at least `length` long. Aisles and missing seats end a run. */
export function freeRuns(
  seats: readonly MapSeat[],
  status: Uint8Array | undefined,
  { pitch }: Pick<Bounds, 'pitch'>,
  length: number,
): number[][] {
  const runs: number[][] = []
  for (const { seats: members } of rowsOf(seats)) {
    let run: number[] = []
    const end = (): void => {
      if (run.length >= length) runs.push(run)
      run = []
    }
    for (const index of members.toSorted((a, b) => seats[a]!.x - seats[b]!.x || seats[a]!.y - seats[b]!.y)) {
      const last = run.length > 0 ? seats[run.at(-1)!]! : undefined
      const seat = seats[index]!
      if (last && Math.hypot(seat.x - last.x, seat.y - last.y) > pitch * 1.6) end()
      if (stateOf(status, index) === 'free') run.push(index)
      else end()
    }
    end()
  }
  return runs
}

/** The free seats nearest to those that were wanted, as many and side by side; none when no such run is left. */
export function nearestRun(
  seats: readonly MapSeat[],
  status: Uint8Array | undefined,
  bounds: Pick<Bounds, 'pitch'>,
  wanted: readonly number[],
): number[] {
  const size = wanted.length
  const centre = (indexes: readonly number[], axis: 'x' | 'y'): number =>
    indexes.reduce((sum, index) => sum + seats[index]![axis], 0) / indexes.length
  const [x, y] = [centre(wanted, 'x'), centre(wanted, 'y')]
  let best: number[] = []
  let bestDistance = Infinity
  for (const run of freeRuns(seats, status, bounds, size)) {
    for (let from = 0; from + size <= run.length; from++) {
      const candidate = run.slice(from, from + size)
      // The next seat in the same row is nearer to a person than the one behind.
      const isElsewhere = seats[candidate[0]!]!.row !== seats[wanted[0]!]!.row
      const distance =
        Math.hypot(centre(candidate, 'x') - x, centre(candidate, 'y') - y) + (isElsewhere ? bounds.pitch * 2 : 0)
      if (distance < bestDistance) {
        best = candidate
        bestDistance = distance
      }
    }
  }
  return best
}
