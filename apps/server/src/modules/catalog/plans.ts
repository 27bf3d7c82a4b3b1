import type { Static } from '@fairgate/contracts/schema'
import type { SeatInput } from '@fairgate/contracts/http/catalog'

/** A seat as `POST /api/events/{id}/sections` takes it. One unit of x and y is one seat's width; the stage is at y < 0. */
export type PlannedSeat = Static<typeof SeatInput>

/**
 * Rows of seats on arcs around the middle of a stage, row A nearest, seat 1 on the left of who faces the stage.
 * @param plan.aisleAfter  leaves a gap of two seats after this seat of every row
 * @param plan.accessibleFirst  how many seats at the start of the last row are wheelchair places
 */
export function theatreRows(plan: {
  rows: number
  seatsPerRow: number
  aisleAfter?: number
  accessibleFirst?: number
}): PlannedSeat[] {
  const { rows, seatsPerRow, aisleAfter = seatsPerRow, accessibleFirst = 0 } = plan
  const width = seatsPerRow - 1 + (aisleAfter < seatsPerRow ? 2 : 0)
  // So far from the centre that the first row spans at most 50 degrees: on a map more of it looks like a V.
  const firstRadius = Math.max(16, (width * 180) / (50 * Math.PI))
  return eachSeat(rows, seatsPerRow, (row, index) => {
    const along = index + (index >= aisleAfter ? 2 : 0) - width / 2
    const radius = firstRadius + row * 1.2
    const angle = along / firstRadius
    const isAccessible = row === rows - 1 && index < accessibleFirst
    return {
      row: rowName(row),
      number: String(index + 1),
      x: rounded(radius * Math.sin(angle)),
      y: rounded(radius * Math.cos(angle) - firstRadius * Math.cos(width / 2 / firstRadius)),
      ...(isAccessible ? { accessible: true } : {}),
    }
  })
}

/**
 * Straight rows, row A nearest to the stage.
 * @param plan.left  x of the first seat of a row, 0 by default
 * @param plan.top  y of the first row, 0 by default
 */
export function blockRows(plan: { rows: number; seatsPerRow: number; left?: number; top?: number }): PlannedSeat[] {
  const { rows, seatsPerRow, left = 0, top = 0 } = plan
  return eachSeat(rows, seatsPerRow, (row, index) => ({
    row: rowName(row),
    number: String(index + 1),
    x: left + index,
    y: rounded(top + row * 1.2),
  }))
}

/** 0 → A, 25 → Z, 26 → AA */
export function rowName(index: number): string {
  const last = String.fromCharCode(65 + (index % 26))
  return index < 26 ? last : rowName(Math.floor(index / 26) - 1) + last
}

function eachSeat(rows: number, seatsPerRow: number, seat: (row: number, index: number) => PlannedSeat): PlannedSeat[] {
  return Array.from({ length: rows * seatsPerRow }, (_, i) => seat(Math.floor(i / seatsPerRow), i % seatsPerRow))
}

const rounded = (value: number) => Math.round(value * 1000) / 1000
