import { seatStatus } from '@fairgate/contracts/http/inventory'
import type { Geometry } from '@fairgate/contracts/http/catalog'

export type MapSeat = Geometry['seats'][number]
export type SeatState = keyof typeof seatStatus

const states = ['free', 'held', 'sold', 'blocked'] as const satisfies readonly SeatState[]

/** Unpacks 2 bits a seat, the first seat in the lowest bits of the first byte. Seats beyond the text are blocked. */
export function unpackStatus(base64: string, count: number): Uint8Array {
  const bytes = atob(base64)
  const status = new Uint8Array(count).fill(seatStatus.blocked)
  for (let seat = 0; seat < Math.min(count, bytes.length * 4); seat++) {
    status[seat] = (bytes.charCodeAt(seat >> 2) >> ((seat & 3) * 2)) & 3
  }
  return status
}

export const stateOf = (status: Uint8Array | undefined, seat: number): SeatState =>
  states[status?.[seat] ?? seatStatus.free] ?? 'blocked'

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

/** Finds the seat at a point in constant time: a grid of cells one pitch wide. */
export function createFinder(seats: readonly MapSeat[], { left, top, pitch }: Bounds) {
  const cells = new Map<string, number[]>()
  const cellOf = (x: number, y: number): [number, number] => [
    Math.floor((x - left) / pitch),
    Math.floor((y - top) / pitch),
  ]
  for (const [index, { x, y }] of seats.entries()) {
    const key = cellOf(x, y).join()
    const cell = cells.get(key)
    if (cell) cell.push(index)
    else cells.set(key, [index])
  }
  return function seatAt(x: number, y: number): number | undefined {
    const [column, line] = cellOf(x, y)
    let best: number | undefined
    let bestDistance = pitch * 0.6
    for (let dx = -1; dx <= 1; dx++) {
      for (let dy = -1; dy <= 1; dy++) {
        for (const index of cells.get(`${column + dx},${line + dy}`) ?? []) {
          const seat = seats[index]
          const distance = seat ? Math.hypot(seat.x - x, seat.y - y) : Infinity
          if (distance < bestDistance) {
            best = index
            bestDistance = distance
          }
        }
      }
    }
    return best
  }
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
