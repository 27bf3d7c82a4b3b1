import { Type, Strict, OneOf, type Static } from '../schema.ts'
import { amountMax, CurrencySchema } from '../money.ts'
import { Attributes } from '../events.ts'

/** The name of this version of the format; a later one that reads differently gets another. */
export const planFormat = 'fairgate-plan/1'

/** What a plan may have at most. `docs/reference/seating-plan.md` says the same. */
export const planLimits = {
  /** 100,000 seats with every member are about 15 MB in our own format and 30 MB in a seats.io chart. */
  fileBytes: 32 * 1024 * 1024,
  seats: 100_000,
  sections: 500,
  rows: 20_000,
  capacity: 200_000,
  categories: 100,
  shapes: 500,
  outlinePoints: 200,
  depth: 32,
  /** Farthest coordinate from the origin, in seat widths. */
  coordinate: 100_000,
  /** Seats whose middles are closer than this many seat widths overlap. */
  seatDistance: 0.4,
  labelLength: 20,
  nameLength: 120,
  textLength: 200,
  attributes: 50,
  attributeNameLength: 60,
  priceAmount: amountMax,
} as const

const Coordinate = Type.Number({ minimum: -planLimits.coordinate, maximum: planLimits.coordinate })
const Name = Type.String({ minLength: 1, maxLength: planLimits.nameLength })
const Label = Type.String({ minLength: 1, maxLength: planLimits.labelLength })
const Amount = Type.Integer({ minimum: 0, maximum: amountMax, description: "minor units of the event's currency" })

export const Point = Strict({ x: Coordinate, y: Coordinate })
export type Point = Static<typeof Point>

export const Outline = Type.Array(
  Type.Unsafe<[number, number]>(Type.Array(Coordinate, { minItems: 2, maxItems: 2, description: '[x, y]' })),
  { minItems: 3, maxItems: planLimits.outlinePoints, description: 'corners of a polygon, not closed' },
)
export type Outline = [number, number][]

export const shapeKinds = ['stage', 'area', 'text'] as const

/** Something to draw that is not for sale. A text stands at a point, a stage and an area have an outline. */
export const Shape = Strict({
  kind: OneOf(shapeKinds),
  outline: Type.Optional(Outline),
  at: Type.Optional(Point),
  text: Type.Optional(Type.String({ maxLength: planLimits.textLength })),
})
export type Shape = Static<typeof Shape>

export const Category = Strict({
  name: Name,
  price: Type.Optional(Amount),
  color: Type.Optional(Type.String({ pattern: '^#[0-9A-Fa-f]{6}$' })),
})
export type Category = Static<typeof Category>

export const PlanSeat = Strict({
  row: Label,
  number: Label,
  x: Coordinate,
  y: Coordinate,
  accessible: Type.Optional(Type.Boolean({ description: 'a wheelchair place' })),
  companionOf: Type.Optional(
    Type.String({
      maxLength: 41,
      description: 'label `row-number` of the accessible seat in this section that it accompanies',
    }),
  ),
  restrictedView: Type.Optional(Type.Boolean()),
})
export type PlanSeat = Static<typeof PlanSeat>

export const PlanSection = Strict({
  name: Name,
  admission: OneOf(['reserved', 'open']),
  category: Type.Optional(Name),
  price: Type.Optional(Amount),
  capacity: Type.Optional(Type.Integer({ minimum: 1, maximum: planLimits.capacity, description: 'open sections' })),
  seats: Type.Optional(Type.Array(PlanSeat, { minItems: 1, description: 'reserved sections' })),
  outline: Type.Optional(Outline),
  focalPoint: Type.Optional(Point),
  attributes: Type.Optional(Attributes),
})
export type PlanSection = Static<typeof PlanSection>

/**
 * A whole venue. One unit of x and y is the width of one seat, y grows away from the top of the drawing. A section has
 * the price of its category unless it names one; its seats are best near its focal point, else near the plan's.
 */
export const Plan = Strict({
  format: OneOf([planFormat]),
  name: Type.Optional(Name),
  currency: Type.Optional(CurrencySchema),
  size: Type.Optional(Strict({ width: Type.Number(), height: Type.Number() })),
  focalPoint: Type.Optional(Point),
  categories: Type.Optional(Type.Array(Category, { maxItems: planLimits.categories })),
  shapes: Type.Optional(Type.Array(Shape, { maxItems: planLimits.shapes })),
  sections: Type.Array(PlanSection, { minItems: 1, maxItems: planLimits.sections }),
})
export type Plan = Static<typeof Plan>

/** What is wrong, and where: a JSON pointer (`#/sections/0/seats/3/x`) or the place in a text (`line 3, column 2`). */
export type PlanFault = { code: PlanFaultCode; where: string; message: string }
/** What was left out or kept in another form, said before anything is imported. */
export type PlanWarning = { code: PlanWarningCode; where: string; message: string }

export const planFaultCodes = [
  'too-large',
  'empty-file',
  'compressed',
  'encoding',
  'not-json',
  'too-deep',
  'forbidden-key',
  'duplicate-key',
  'unknown-format',
  'csv-header',
  'csv-shape',
  'missing',
  'wrong-type',
  'unknown-member',
  'empty-plan',
  'too-many',
  'too-long',
  'characters',
  'duplicate-section',
  'duplicate-category',
  'unknown-category',
  'no-price',
  'price',
  'currency',
  'duplicate-seat',
  'overlap',
  'coordinate',
  'companion',
  'polygon',
  'capacity',
] as const
export type PlanFaultCode = (typeof planFaultCodes)[number]

export const planWarningCodes = ['left-out', 'split', 'laid-out', 'as-text', 'outside-outline'] as const
export type PlanWarningCode = (typeof planWarningCodes)[number]

/** A seat's name within its section. */
export const seatLabel = (seat: { row: string; number: string }): string => `${seat.row}-${seat.number}`

/** Seats of a plan in reserved sections, and places in open ones. */
export function planCounts(plan: Plan): { seats: number; capacity: number } {
  const sum = (values: number[]) => values.reduce((a, b) => a + b, 0)
  const seats = sum(plan.sections.map((section) => section.seats?.length ?? 0))
  return { seats, capacity: seats + sum(plan.sections.map((section) => section.capacity ?? 0)) }
}

/** The price of a section: its own, else that of its category. Undefined when neither has one. */
export function sectionPrice(plan: Plan, section: PlanSection): number | undefined {
  return section.price ?? plan.categories?.find(({ name }) => name === section.category)?.price
}
