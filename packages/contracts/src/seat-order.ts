type Placed = { number: number; x: number; y: number; accessible: boolean; restrictedView?: boolean }

/** What the seats of a section look at when its plan does not say it: the middle of the front, which is where y is smallest. */
export function middleOfFront(seats: readonly { x: number; y: number }[]): { x: number; y: number } {
  let [left, right, front] = [Infinity, -Infinity, Infinity]
  for (const { x, y } of seats) {
    left = Math.min(left, x)
    right = Math.max(right, x)
    front = Math.min(front, y)
  }
  return { x: (left + right) / 2, y: front }
}

/**
 * The seats of a section, the best first: a full view before a restricted one, ordinary seats before those made for
 * wheelchairs, then the nearer to the focal point, then the lower number. The highest bid for a lot gets the first.
 */
export function seatOrder<S extends Placed>(seats: readonly S[], focal?: { x: number; y: number }): S[] {
  const target = focal ?? middleOfFront(seats)
  const far = ({ x, y }: S) => Math.hypot(x - target.x, y - target.y)
  return seats.toSorted(
    (a, b) =>
      Number(a.restrictedView ?? false) - Number(b.restrictedView ?? false) ||
      Number(a.accessible) - Number(b.accessible) ||
      far(a) - far(b) ||
      a.number - b.number,
  )
}
