import type { Currency } from '../money.ts'
import { bowlPlan, box } from './bowl.ts'
import { planFormat, type Plan, type PlanSeat, type PlanSection } from './plan.ts'
import { hundredths, rowName, rowPitch } from './rows.ts'

type Size = { seats: number; currency?: Currency }

/** Kinds of venue that can be drawn from a number of seats. */
export const generators = { theatre: theatrePlan, arena: arenaPlan, bowl: bowlPlan }
export type GeneratorName = keyof typeof generators

const amountsOf = (currency: Currency, won: readonly number[]): number[] =>
  won.map((amount) => (currency === 'KRW' || currency === 'JPY' ? amount : amount / 10))

/**
 * A theatre of exactly `seats` seats: rows on arcs around a stage, in three blocks with two aisles, row A nearest. A
 * fifth of the seats are a balcony behind. The last row of the stalls begins with wheelchair places and companions.
 */
export function theatrePlan({ seats, currency = 'KRW' }: Size): Plan {
  const [front, back] = amountsOf(currency, [110_000, 66_000])
  const balcony = Math.floor(seats / 5)
  const across = Math.max(3, Math.round(Math.sqrt(seats * 1.6)))
  const radius = Math.max(16, (across * 180) / (70 * Math.PI))
  const stalls = fan('', seats - balcony, { across, radius })
  const depth = Math.ceil((seats - balcony) / across) * rowPitch
  const upper = fan('Balcony ', balcony, { across, radius: radius + depth + 8 })
  return {
    format: planFormat,
    name: `Theatre ${seats}`,
    currency,
    focalPoint: { x: 0, y: hundredths(radius * 0.5) },
    categories: [
      { name: 'Stalls', price: front!, color: '#8a6d1f' },
      { name: 'Balcony', price: back!, color: '#3f5d8c' },
    ],
    shapes: [{ kind: 'stage', text: 'Stage', outline: box(-across * 0.3, radius * 0.3, across * 0.6, radius * 0.4) }],
    sections: [
      ...withPlaces(stalls).map((section) => ({ ...section, category: 'Stalls' })),
      ...upper.map((section) => ({ ...section, category: 'Balcony' })),
    ],
  }
}

/** Left, centre and right blocks of rows on arcs, together exactly so many seats. */
function fan(prefix: string, seats: number, { across, radius }: { across: number; radius: number }): PlanSection[] {
  const aisle = 2
  const blocks = ['Left', 'Centre', 'Right'].map((name) => ({ name: `${prefix}${name}`, seats: [] as PlanSeat[] }))
  const side = Math.max(1, Math.floor(across * 0.3))
  for (let placed = 0; placed < seats; placed++) {
    const [row, index] = [Math.floor(placed / across), placed % across]
    const block = index < side ? 0 : index >= across - side ? 2 : 1
    const along = index - (across - 1) / 2 + (block - 1) * aisle
    const at = radius + row * rowPitch
    const angle = along / radius
    blocks[block]!.seats.push({
      row: rowName(row),
      number: String(index + 1),
      x: hundredths(at * Math.sin(angle)),
      y: hundredths(at * Math.cos(angle)),
    })
  }
  return blocks.filter((block) => block.seats.length > 0).map((block) => ({ ...block, admission: 'reserved' }))
}

/** Makes the ends of the last rows wheelchair places, each with a companion beside it. */
function withPlaces(sections: PlanSection[]): PlanSection[] {
  for (const { seats = [] } of sections) {
    const last = seats.at(-1)!
    const row = seats.filter((seat) => seat.row === last.row)
    if (row.length < 2) continue
    row[0]!.accessible = true
    row[1]!.companionOf = `${row[0]!.row}-${row[0]!.number}`
  }
  return sections
}

/**
 * An arena of exactly `seats` numbered seats: straight blocks on the four sides of a standing floor, with the stage on
 * the floor's upper edge.
 * @param size.standing  places on the floor, a fifth of the seats when absent
 */
export function arenaPlan({
  seats,
  currency = 'KRW',
  standing = Math.max(1, Math.floor(seats / 5)),
}: Size & { standing?: number }): Plan {
  const [floor, near, far] = amountsOf(currency, [154_000, 132_000, 88_000])
  const width = Math.max(20, Math.round(Math.sqrt(seats * 1.2)))
  const depth = Math.max(14, Math.round(width * 0.7))
  const perSide = [width, depth, width, depth]
  const blockWidth = 12
  const blocks = perSide.flatMap((length, side) => {
    const count = Math.max(1, Math.floor(length / blockWidth))
    return Array.from({ length: count }, (_, i) => ({
      side,
      from: (length * i) / count,
      across: Math.max(1, Math.floor(length / count) - 2),
    }))
  })
  const each = blocks.reduce((sum, { across }) => sum + across, 0)
  const sections = blocks.map(({ side, from, across }, index): PlanSection => {
    const before = blocks.slice(0, index).reduce((sum, block) => sum + block.across, 0)
    // Every row of the ring has `each` seats; the last one is filled block by block.
    const rows = Math.floor(seats / each)
    const rest = Math.min(across, Math.max(0, seats - rows * each - before))
    const made = Array.from({ length: rows * across + rest }, (_, i): PlanSeat => {
      const [row, along] = [Math.floor(i / across), from + (i % across) + 1]
      const [x, y] = onSide(side, along, 3 + row * rowPitch, width, depth)
      return { row: rowName(row), number: String((i % across) + 1), x: hundredths(x), y: hundredths(y) }
    })
    return { name: String(101 + index), admission: 'reserved', category: side === 0 ? 'Side' : 'Near', seats: made }
  })
  return {
    format: planFormat,
    name: `Arena ${seats}`,
    currency,
    focalPoint: { x: width / 2, y: hundredths(depth * 0.12) },
    categories: [
      { name: 'Floor', price: floor!, color: '#b4532a' },
      { name: 'Near', price: near!, color: '#2f6f62' },
      { name: 'Side', price: far!, color: '#3f5d8c' },
    ],
    shapes: [{ kind: 'stage', text: 'Stage', outline: box(width * 0.25, 0, width * 0.5, depth * 0.22) }],
    sections: [
      {
        name: 'Floor',
        admission: 'open',
        category: 'Floor',
        capacity: standing,
        outline: box(0, depth * 0.26, width, depth * 0.74),
      },
      ...sections.filter((section) => section.seats!.length > 0),
    ],
  }
}

/** A point beside the floor: so far along a side, clockwise from its upper left corner, and so far out. */
function onSide(side: number, along: number, out: number, width: number, depth: number): [number, number] {
  if (side === 0) return [along, -out]
  if (side === 1) return [width + out, along]
  if (side === 2) return [width - along, depth + out]
  return [-out, depth - along]
}
