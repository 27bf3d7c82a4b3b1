import { middleOfFront } from '@fairgate/contracts/seat-order'

/** A seat of a reserved section: its number in it (1…capacity) and where it stands. */
export type SeatPosition = { number: number; rowName: string; label: string; x: number; y: number; accessible: boolean }

/**
 * A reserved section, prepared for choosing. `runs` are the longest stretches of side-by-side seats, each from one end
 * to the other; `far` is how far a seat is from the section's focal point (by number).
 */
export type Hall = {
  runs: readonly (readonly number[])[]
  far: Float64Array
  accessible: Uint8Array
  /** Where the seats stand, by number. */
  x: Float64Array
  y: Float64Array
}

/** Seats further apart than this many usual distances of their row have an aisle between them. */
const aisleFactor = 1.6

/**
 * @param focal  what people look at; the middle of the front when absent. The front is where y is smallest: plans are
 * drawn with the stage on top
 */
export function layOut(seats: readonly SeatPosition[], focal?: { x: number; y: number }): Hall {
  const last = seats.reduce((max, seat) => Math.max(max, seat.number), 0)
  const far = new Float64Array(last + 1)
  const accessible = new Uint8Array(last + 1)
  const x = new Float64Array(last + 1)
  const y = new Float64Array(last + 1)
  const target = focal ?? middleOfFront(seats)
  for (const seat of seats) {
    far[seat.number] = Math.hypot(seat.x - target.x, seat.y - target.y)
    accessible[seat.number] = seat.accessible ? 1 : 0
    x[seat.number] = seat.x
    y[seat.number] = seat.y
  }
  const runs: number[][] = []
  for (const row of Map.groupBy(seats, (seat) => seat.rowName).values()) runs.push(...runsOf(row))
  return { runs, far, accessible, x, y }
}

/**
 * Side by side are seats next to each other along their row, without a gap in their distances or their printed numbers.
 * A row runs along x or, on the sides of an arena, along y, whichever it spans more of.
 */
function runsOf(row: readonly SeatPosition[]): number[][] {
  const axis = spanOf(row, 'x') >= spanOf(row, 'y') ? 'x' : 'y'
  const sorted = row.toSorted((a, b) => a[axis] - b[axis] || a.number - b.number)
  const pairs = sorted.slice(1).map((seat, i) => {
    const before = sorted[i]!
    return {
      distance: Math.hypot(seat.x - before.x, seat.y - before.y),
      step: Math.abs(printedNumber(seat) - printedNumber(before)) || 0,
    }
  })
  const usualDistance = lowerMedian(pairs.map((pair) => pair.distance))
  const usualStep = lowerMedian(pairs.map((pair) => pair.step))
  const runs: number[][] = []
  sorted.forEach((seat, i) => {
    const pair = pairs[i - 1]
    if (!pair || pair.distance > usualDistance * aisleFactor || pair.step > usualStep) runs.push([])
    runs.at(-1)!.push(seat.number)
  })
  return runs
}

const spanOf = (row: readonly SeatPosition[], axis: 'x' | 'y'): number =>
  row.reduce((max, seat) => Math.max(max, seat[axis]), -Infinity) -
  row.reduce((min, seat) => Math.min(min, seat[axis]), Infinity)

const printedNumber = (seat: SeatPosition): number => Number(/\d+$/.exec(seat.label)?.[0])

const lowerMedian = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0

/** Up to so many seats on either side of each of these, that are none of them. */
export function besides(hall: Hall, numbers: readonly number[], each: number): number[] {
  const wanted = new Set(numbers)
  const found = new Set<number>()
  for (const run of hall.runs) {
    run.forEach((number, at) => {
      if (!wanted.has(number)) return
      for (let step = 1; step <= each; step++) {
        for (const beside of [run[at - step], run[at + step]]) {
          if (beside !== undefined && !wanted.has(beside)) found.add(beside)
        }
      }
    })
  }
  return [...found].toSorted((a, b) => a - b)
}

/**
 * The best `count` seats side by side, or undefined when there is no such run. Better is, in this order: seats that are
 * not kept for wheelchairs, no single seat left alone beside them, near the middle of the front.
 * @param free  1 for a free seat, by number
 * @param needsAccessible  one of them must be accessible, and no more than need be
 */
export function chooseTogether(
  hall: Hall,
  free: Uint8Array,
  count: number,
  needsAccessible = false,
): number[] | undefined {
  let best: { rank: number; far: number; run: readonly number[]; from: number } | undefined
  const offer = (run: readonly number[], from: number, to: number) => {
    for (let start = from; start + count <= to; start++) {
      const left = start - from
      const right = to - start - count
      let accessible = 0
      let far = 0
      for (let i = start; i < start + count; i++) {
        accessible += hall.accessible[run[i]!]!
        far += hall.far[run[i]!]!
      }
      if (needsAccessible && accessible === 0) continue
      const rank = accessible * 3 + (left === 1 ? 1 : 0) + (right === 1 ? 1 : 0)
      if (!best || rank < best.rank || (rank === best.rank && far < best.far)) best = { rank, far, run, from: start }
    }
  }
  for (const run of hall.runs) {
    let from = 0
    for (let i = 0; i <= run.length; i++) {
      if (i < run.length && free[run[i]!]) continue
      if (i - from >= count) offer(run, from, i)
      from = i + 1
    }
  }
  return best?.run.slice(best.from, best.from + count)
}

/** The best `count` free seats, side by side if possible, or undefined when fewer are free. */
export function chooseAny(hall: Hall, free: Uint8Array, count: number, needsAccessible = false): number[] | undefined {
  const together = chooseTogether(hall, free, count, needsAccessible)
  if (together || needsAccessible) return together
  const numbers = hall.runs.flat().filter((number) => free[number])
  if (numbers.length < count) return undefined
  return numbers
    .toSorted((a, b) => hall.accessible[a]! - hall.accessible[b]! || hall.far[a]! - hall.far[b]! || a - b)
    .slice(0, count)
}

/** Runs looked at for what is free beside seats that somebody else was faster for. */
const nearRunsMax = 12

/**
 * Up to `most` groups of free seats side by side, as many as `wanted`, the nearest to where those are first. They share
 * no seat. Only the nearest rows are looked at, so a refusal costs some microseconds in a hall of any size.
 */
export function chooseNear(
  hall: Hall,
  isFree: (number: number) => boolean,
  wanted: readonly number[],
  most: number,
): number[][] {
  const count = wanted.length
  const middleX = wanted.reduce((sum, number) => sum + hall.x[number]!, 0) / count
  const middleY = wanted.reduce((sum, number) => sum + hall.y[number]!, 0) / count
  const away = (number: number) => Math.hypot(hall.x[number]! - middleX, hall.y[number]! - middleY)
  const groups: { seats: number[]; far: number }[] = []
  for (const run of nearestRuns(hall, middleX, middleY)) {
    for (let start = 0; start + count <= run.length; start++) {
      const seats = run.slice(start, start + count)
      if (!seats.every((number) => isFree(number) && !hall.accessible[number])) continue
      groups.push({ seats, far: seats.reduce((sum, number) => sum + away(number), 0) })
    }
  }
  const chosen: number[][] = []
  const used = new Set<number>()
  for (const { seats } of groups.toSorted((a, b) => a.far - b.far)) {
    if (seats.some((number) => used.has(number))) continue
    for (const number of seats) used.add(number)
    chosen.push(seats)
    if (chosen.length === most) break
  }
  return chosen
}

/** The runs whose nearest end or middle is nearest. */
function nearestRuns(hall: Hall, x: number, y: number): (readonly number[])[] {
  const distance = (number: number) => Math.hypot(hall.x[number]! - x, hall.y[number]! - y)
  return hall.runs
    .map((run) => ({ run, far: Math.min(distance(run[0]!), distance(run[run.length >> 1]!), distance(run.at(-1)!)) }))
    .toSorted((a, b) => a.far - b.far)
    .slice(0, nearRunsMax)
    .map(({ run }) => run)
}
