import type { Currency } from '../money.ts'
import { planFormat, type Category, type Outline, type Plan, type PlanSeat, type PlanSection } from './plan.ts'
import { hundredths, rowName, rowPitch } from './rows.ts'

/** Measures of a bowl of 50,000; others are the same bowl, larger or smaller. */
const full = { seats: 50_000, straight: 150, radius: 80, straightBlocks: 6, endBlocks: 9 }
/** Seat widths that the aisle beside a block takes, and the gangway between two tiers. */
const aisle = 2
const gangway = 5

/** A part of the ring, the same in every tier: a piece of one of the two straights or of one of the two ends. */
type Wedge = { kind: 'straight'; side: 1 | -1; from: number; to: number } | { kind: 'end'; from: number; to: number }

/**
 * A stadium of exactly `seats` numbered seats: tiers of blocks along two straights and two half-circles, rows as parallel
 * curves, a stage at the left end. The first row of the lowest tier has wheelchair places with companions.
 */
export function bowlPlan({ seats, currency = 'KRW' }: { seats: number; currency?: Currency }): Plan {
  const scale = Math.sqrt(seats / full.seats)
  const straight = full.straight * scale
  const innerRadius = Math.max(8, full.radius * scale)
  const wedges = ring(
    straight,
    Math.max(1, Math.round(full.straightBlocks * scale)),
    Math.max(2, Math.round(full.endBlocks * scale)),
  )
  const tiers = seats < 5000 ? 1 : seats < 20_000 ? 2 : 3
  const rowsOfTier = rowCounts(wedges, seats, innerRadius, tiers)
  const stage = { x: hundredths(-straight / 2 - innerRadius * 0.55), y: 0 }

  const sections: PlanSection[] = []
  let radius = innerRadius
  for (const [tier, rows] of rowsOfTier.entries()) {
    for (const [block, wedge] of wedges.entries()) {
      const isBehind = wedge.kind === 'end' && Math.cos((wedge.from + wedge.to) / 2) < -0.75
      const drawn = drawBlock(wedge, { rows, radius, straight, isBehind, isLowest: tier === 0 })
      sections.push({
        name: String((tier + 1) * 100 + block + 1),
        admission: 'reserved',
        category: categoryOf(drawn.outline, stage, straight + innerRadius * 2, tier),
        outline: drawn.outline,
        seats: drawn.seats,
      })
    }
    radius += rows * rowPitch + gangway
  }
  const inner = innerRadius - 4
  return {
    format: planFormat,
    name: `Bowl ${seats}`,
    currency,
    size: { width: Math.ceil(straight + radius * 2), height: Math.ceil(radius * 2) },
    focalPoint: stage,
    categories: categoriesOf(currency),
    shapes: [
      { kind: 'area', outline: ringOutline(straight, inner), text: 'Floor' },
      { kind: 'stage', outline: box(stage.x - inner * 0.16, -inner * 0.4, inner * 0.32, inner * 0.8), text: 'Stage' },
    ],
    sections: trim(sections, seats),
  }
}

const categoriesOf = (currency: Currency): Category[] => {
  const amounts =
    currency === 'KRW' || currency === 'JPY' ? [198_000, 165_000, 132_000, 99_000] : [19_800, 16_500, 13_200, 9_900]
  const looks = [
    ['VIP', '#b4532a'],
    ['R', '#8a6d1f'],
    ['S', '#2f6f62'],
    ['A', '#3f5d8c'],
  ] as const
  return looks.map(([name, color], index) => ({ name, price: amounts[index]!, color }))
}

/** Nearer blocks of lower tiers cost more. */
function categoryOf(outline: Outline, stage: { x: number; y: number }, reach: number, tier: number): string {
  const [x, y] = [mean(outline.map(([value]) => value)), mean(outline.map(([, value]) => value))]
  const far = Math.hypot(x - stage.x, y - stage.y) / reach + tier * 0.3
  return far < 0.45 ? 'VIP' : far < 0.75 ? 'R' : far < 1.1 ? 'S' : 'A'
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length

/** The wedges clockwise on the screen: the upper straight from left to right, the right end, the lower straight, the left end. */
function ring(straight: number, straightBlocks: number, endBlocks: number): Wedge[] {
  const pieces = (count: number, from: number, to: number) =>
    Array.from({ length: count }, (_, i) => ({
      from: from + ((to - from) * i) / count,
      to: from + ((to - from) * (i + 1)) / count,
    }))
  const half = straight / 2
  return [
    ...pieces(straightBlocks, -half, half).map((piece) => ({ kind: 'straight' as const, side: -1 as const, ...piece })),
    ...pieces(endBlocks, -Math.PI / 2, Math.PI / 2).map((piece) => ({ kind: 'end' as const, ...piece })),
    ...pieces(straightBlocks, half, -half).map((piece) => ({ kind: 'straight' as const, side: 1 as const, ...piece })),
    ...pieces(endBlocks, Math.PI / 2, (Math.PI * 3) / 2).map((piece) => ({ kind: 'end' as const, ...piece })),
  ]
}

/** Seats that a row of a wedge has at this radius: one a seat width, less the aisle. */
function seatsInRow(wedge: Wedge, radius: number): number {
  const length = wedge.kind === 'straight' ? Math.abs(wedge.to - wedge.from) : (wedge.to - wedge.from) * radius
  return Math.max(1, Math.floor(length - aisle))
}

/** How many rows each tier needs so that all of them together have at least `seats`. */
function rowCounts(wedges: readonly Wedge[], seats: number, innerRadius: number, tiers: number): number[] {
  for (let total = tiers; ; total++) {
    const rows = Array.from({ length: tiers }, (_, tier) => Math.floor(total / tiers) + (tier < total % tiers ? 1 : 0))
    let found = 0
    let radius = innerRadius
    for (const count of rows) {
      for (let row = 0; row < count; row++)
        for (const wedge of wedges) found += seatsInRow(wedge, radius + row * rowPitch)
      radius += count * rowPitch + gangway
    }
    if (found >= seats) return rows
  }
}

type Look = { rows: number; radius: number; straight: number; isBehind: boolean; isLowest: boolean }

function drawBlock(wedge: Wedge, { rows, radius, straight, isBehind, isLowest }: Look) {
  const seats: PlanSeat[] = []
  for (let row = 0; row < rows; row++) {
    const at = radius + row * rowPitch
    const count = seatsInRow(wedge, at)
    for (let index = 0; index < count; index++) {
      const [x, y] = pointOf(wedge, straight, at, index - (count - 1) / 2)
      const isCorner = isLowest && row === 0 && index < 4 && count >= 4
      seats.push({
        row: rowName(row),
        number: String(index + 1),
        x,
        y,
        ...(isCorner && index % 2 === 0 ? { accessible: true } : {}),
        ...(isCorner && index % 2 === 1 ? { companionOf: `${rowName(row)}-${index}` } : {}),
        ...(isBehind ? { restrictedView: true } : {}),
      })
    }
  }
  const outer = radius + (rows - 1) * rowPitch
  const steps = wedge.kind === 'end' ? 4 : 1
  const edge = (at: number) => {
    const half = (seatsInRow(wedge, at) + 0.6) / 2
    return Array.from({ length: steps + 1 }, (_, i) => pointOf(wedge, straight, at, -half + (half * 2 * i) / steps))
  }
  return { seats, outline: [...edge(radius - 0.8), ...edge(outer + 0.8).toReversed()] }
}

/** A point of a wedge: so far out, and so many seat widths along from its middle. */
function pointOf(wedge: Wedge, straight: number, radius: number, along: number): [number, number] {
  if (wedge.kind === 'straight') {
    const direction = wedge.to > wedge.from ? 1 : -1
    return [hundredths((wedge.from + wedge.to) / 2 + along * direction), hundredths(wedge.side * radius)]
  }
  const angle = (wedge.from + wedge.to) / 2 + along / radius
  const centre = Math.cos((wedge.from + wedge.to) / 2) > 0 ? straight / 2 : -straight / 2
  return [hundredths(centre + radius * Math.cos(angle)), hundredths(radius * Math.sin(angle))]
}

function ringOutline(straight: number, radius: number): Outline {
  const steps = 16
  const end = (from: number, centre: number): Outline =>
    Array.from({ length: steps + 1 }, (_, i) => {
      const angle = from + (Math.PI * i) / steps
      return [hundredths(centre + radius * Math.cos(angle)), hundredths(radius * Math.sin(angle))]
    })
  return [...end(-Math.PI / 2, straight / 2), ...end(Math.PI / 2, -straight / 2)]
}

/** The corners of a rectangle. */
export function box(left: number, top: number, width: number, height: number): Outline {
  const corners: Outline = [
    [left, top],
    [left + width, top],
    [left + width, top + height],
    [left, top + height],
  ]
  return corners.map(([x, y]) => [hundredths(x), hundredths(y)])
}

/** Takes seats from the ends of the blocks, one each from the last, until there are exactly so many, and then empty blocks. */
function trim(sections: PlanSection[], seats: number): PlanSection[] {
  let excess = sections.reduce((sum, section) => sum + section.seats!.length, 0) - seats
  for (let index = sections.length - 1; excess > 0; index = (index || sections.length) - 1) {
    if (sections[index]!.seats!.pop()) excess--
  }
  return sections.filter((section) => section.seats!.length > 0)
}
