import type { Outline } from './plan.ts'

/** Why these corners are no polygon, or undefined. Coordinates are finite already. */
export function polygonFault(corners: Outline): string | undefined {
  if (corners.length < 3) return 'needs at least 3 corners'
  for (let i = 0; i < corners.length; i++) {
    for (let j = i + 2; j < corners.length; j++) {
      if (i === 0 && j === corners.length - 1) continue
      if (crosses(corners[i]!, corners[i + 1]!, corners[j]!, corners[(j + 1) % corners.length]!))
        return `crosses itself: side ${i + 1} and side ${j + 1}`
    }
  }
  return Math.abs(area(corners)) < 1e-6 ? 'encloses nothing' : undefined
}

function area(corners: Outline): number {
  let twice = 0
  for (let i = 0; i < corners.length; i++) {
    const [x, y] = corners[i]!
    const [nextX, nextY] = corners[(i + 1) % corners.length]!
    twice += x * nextY - nextX * y
  }
  return twice / 2
}

type Corner = Outline[number]

const side = (a: Corner, b: Corner, p: Corner): number => (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])

const crosses = (a: Corner, b: Corner, c: Corner, d: Corner): boolean =>
  side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0

/** Whether a point is inside, by the even-odd rule. */
export function isInside(corners: Outline, x: number, y: number): boolean {
  let inside = false
  for (let i = 0, j = corners.length - 1; i < corners.length; j = i++) {
    const [xi, yi] = corners[i]!
    const [xj, yj] = corners[j]!
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside
  }
  return inside
}
