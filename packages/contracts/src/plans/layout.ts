import type { Outline } from './plan.ts'
import { hundredths } from './rows.ts'

/** A file's own unit, turned into seat widths around the origin that the file has. */
export type Scale = (x: number, y: number) => { x: number; y: number }

/** Where a file does not show how far apart its seats are, what editors draw by default. */
const usualPitch = 20

/** The scale at which neighbours in a row are one seat width apart, by the median of all pairs of neighbours. */
export function scaleOf(rows: Iterable<readonly { x: number; y: number }[]>): Scale {
  const gaps: number[] = []
  for (const row of rows) {
    for (let i = 1; i < row.length; i++) {
      const gap = Math.hypot(row[i]!.x - row[i - 1]!.x, row[i]!.y - row[i - 1]!.y)
      if (gap > 0 && Number.isFinite(gap)) gaps.push(gap)
    }
  }
  gaps.sort((a, b) => a - b)
  const pitch = gaps[Math.floor(gaps.length / 2)] ?? usualPitch
  return (x, y) => ({ x: hundredths(x / pitch), y: hundredths(y / pitch) })
}

/** An ellipse, or a circle, as a polygon that looks like one. */
export function ellipse(centre: { x: number; y: number }, radiusX: number, radiusY: number): Outline {
  const corners = 24
  return Array.from({ length: corners }, (_, i) => {
    const angle = (Math.PI * 2 * i) / corners
    return [centre.x + radiusX * Math.cos(angle), centre.y + radiusY * Math.sin(angle)]
  })
}

/** A rectangle turned around its middle by so many degrees. */
export function rectangle(centre: { x: number; y: number }, width: number, height: number, degrees = 0): Outline {
  const [sin, cos] = [Math.sin((degrees * Math.PI) / 180), Math.cos((degrees * Math.PI) / 180)]
  const corners = [
    [-1, -1],
    [1, -1],
    [1, 1],
    [-1, 1],
  ] as const
  return corners.map(([x, y]) => {
    const [dx, dy] = [(x * width) / 2, (y * height) / 2]
    return [centre.x + dx * cos - dy * sin, centre.y + dx * sin + dy * cos]
  })
}

/** Text that names what performers stand on. */
export const isStage = (text: string): boolean => /stage|무대|bühne|scène/i.test(text)
