import Flatbush from 'flatbush'
import type { Section } from '@fairgate/contracts/http/catalog'
import { boundsOf, type Bounds, type Direction, type MapSeat } from './seats.ts'

export type Point = [number, number]
export type Box = { left: number; top: number; right: number; bottom: number }

/** What is drawn but not sold, and the outlines of sections, where the event has a plan of its venue. */
export type Drawing = {
  shapes: readonly {
    kind: 'stage' | 'area' | 'text'
    outline?: readonly Point[]
    at?: { x: number; y: number }
    text?: string
  }[]
  outlines: ReadonlyMap<string, readonly Point[]>
}

/** A section in the venue's own coordinates. Seats come when they are asked for. */
export type MapSection = {
  id: string
  section: Section
  /** The colour of its price, see `tierOf`. */
  tier: number
  outline: readonly Point[]
  box: Box
  centre: Point
  /** The usual distance of neighbouring seats. */
  pitch: number
  seats: readonly MapSeat[] | undefined
}

export type Venue = {
  sections: readonly MapSection[]
  byId: ReadonlyMap<string, MapSection>
  box: Box
  pitch: number
  shapes: Drawing['shapes']
  /** Where a stage is drawn when the plan has none: the middle of its lower edge, and half its width. */
  stage: { x: number; y: number; half: number } | undefined
}

type Input = {
  sections: readonly { section: Section; tier: number; seats: readonly MapSeat[] | undefined }[]
  drawing?: Drawing | undefined
}

/** From here on every seat has to be known before the first picture: without a drawing the seats are the only outline. */
export const needsSeats = (section: Section, drawing: Drawing | undefined): boolean =>
  section.admission === 'reserved' && !drawing?.outlines.has(section.id)

/** Between sections that stand one behind another, in pitches: room for a name. */
const gap = 3

/** Puts sections where the plan has them, or one behind another where each was drawn by itself. */
export function layOutVenue({ sections, drawing }: Input): Venue {
  const known = sections.filter(({ section, seats }) => seats?.length || !needsSeats(section, drawing))
  const drawn = known.map((item) => ({ ...item, bounds: item.seats?.length ? boundsOf(item.seats) : undefined }))
  const isOneDrawing = drawing !== undefined || !overlapAny(drawn.flatMap(({ bounds }) => bounds ?? []))
  const hasAreas = drawn.some(({ section }) => section.admission === 'open' && !drawing?.outlines.has(section.id))
  const placed = isOneDrawing && !hasAreas ? drawn.map((item) => inPlace(item, drawing)) : stacked(drawn, isOneDrawing)
  const pitch = smallest(placed.map((section) => section.pitch)) || 1
  const box = around(placed.map((section) => section.box))
  const shapes = drawing?.shapes ?? []
  const corners = shapes.flatMap((shape) => shape.outline ?? [])
  const whole = corners.length > 0 ? around([box, boxOf(corners)]) : box
  const hasStage = shapes.some(({ kind }) => kind === 'stage')
  const front = placed.find(({ seats }) => seats)?.seats
  const stage = hasStage
    ? undefined
    : {
        x: (box.left + box.right) / 2,
        y: stageEdge(placed, front, box) - pitch * 1.5,
        half: Math.max(pitch * 2, (box.right - box.left) * 0.18),
      }
  const top = stage ? Math.min(whole.top, stage.y - pitch * 1.6) : whole.top
  return {
    sections: placed,
    byId: new Map(placed.map((section) => [section.id, section])),
    box: { left: whole.left - pitch * 1.5, right: whole.right + pitch * 1.5, top, bottom: whole.bottom + pitch * 2 },
    pitch,
    shapes,
    stage,
  }
}

/** Rows that bend around a stage begin nearer to it at their ends: it stands before the middle of the first. */
function stageEdge(placed: readonly MapSection[], front: readonly MapSeat[] | undefined, box: Box): number {
  const first = placed.find(({ box: { top } }) => top <= box.top + 1e-9)
  return front && first?.seats === front ? boundsOf(front).front : box.top
}

type Drawn = Input['sections'][number] & { bounds: Bounds | undefined }

function inPlace({ section, tier, seats, bounds }: Drawn, drawing: Drawing | undefined): MapSection {
  const pitch = bounds?.pitch ?? 1
  const outline = drawing?.outlines.get(section.id) ?? hullOf(seats ?? [], pitch * 0.8)
  const box = seats?.length ? around([boxOf(outline), { ...bounds! }]) : boxOf(outline)
  return { id: section.id, section, tier, outline, box, centre: middleOf(outline), pitch, seats }
}

/** One behind another from the stage on, standing room first, all with seats of one size. */
function stacked(items: readonly Drawn[], keepPlaces: boolean): MapSection[] {
  const open = items.filter(({ section }) => section.admission === 'open')
  const reserved = items.filter(({ section }) => section.admission === 'reserved')
  const widths = reserved.map(({ bounds }) => (bounds ? (bounds.right - bounds.left) / bounds.pitch : 0))
  const width = Math.max(16, ...widths)
  let y = 0
  const placed: MapSection[] = []
  for (const { section, tier } of open) {
    const height = Math.min(width * 0.5, Math.max(4, section.capacity / width / 2))
    const outline: Point[] = [
      [-width / 2, y],
      [width / 2, y],
      [width / 2, y + height],
      [-width / 2, y + height],
    ]
    placed.push({
      id: section.id,
      section,
      tier,
      outline,
      box: boxOf(outline),
      centre: middleOf(outline),
      pitch: 1,
      seats: undefined,
    })
    y += height + gap
  }
  const together = keepPlaces && reserved.length > 0 ? around(reserved.map(({ bounds }) => bounds!)) : undefined
  for (const { section, tier, seats = [], bounds } of reserved) {
    const { left, right, top, bottom, pitch } = { ...bounds!, ...together }
    const scale = 1 / bounds!.pitch
    const moved = seats.map((seat) => ({
      ...seat,
      x: (seat.x - (left + right) / 2) * scale,
      y: (seat.y - top) * scale + y,
    }))
    const outline = hullOf(moved, 0.8)
    placed.push({
      id: section.id,
      section,
      tier,
      outline,
      box: boxOf(outline),
      centre: middleOf(outline),
      pitch: 1,
      seats: moved,
    })
    if (!together) y += (bottom - top) / pitch + gap
  }
  return placed
}

function overlapAny(boxes: readonly Bounds[]): boolean {
  const sorted = boxes.toSorted((a, b) => a.left - b.left)
  for (const [index, box] of sorted.entries()) {
    for (let next = index + 1; next < sorted.length && sorted[next]!.left < box.right; next++) {
      const other = sorted[next]!
      const wide = Math.min(box.right, other.right) - other.left
      const high = Math.min(box.bottom, other.bottom) - Math.max(box.top, other.top)
      const least = Math.min(
        (box.right - box.left) * (box.bottom - box.top),
        (other.right - other.left) * (other.bottom - other.top),
      )
      // Neighbours around a bend have boxes that overlap at a corner; sections drawn over one another share half.
      if (high >= 0 && wide * high >= least * 0.5) return true
    }
  }
  return false
}

const smallest = (values: readonly number[]): number => Math.min(...values.filter((value) => value > 0))

export function boxOf(points: readonly Point[]): Box {
  const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity }
  for (const [x, y] of points) {
    box.left = Math.min(box.left, x)
    box.right = Math.max(box.right, x)
    box.top = Math.min(box.top, y)
    box.bottom = Math.max(box.bottom, y)
  }
  return box
}

export function around(boxes: readonly Box[]): Box {
  if (boxes.length === 0) return { left: 0, top: 0, right: 1, bottom: 1 }
  return boxOf(
    boxes.flatMap(({ left, top, right, bottom }): Point[] => [
      [left, top],
      [right, bottom],
    ]),
  )
}

const middleOf = (outline: readonly Point[]): Point => {
  const { left, top, right, bottom } = boxOf(outline)
  return [(left + right) / 2, (top + bottom) / 2]
}

/** The convex hull of seats with a margin around each. */
export function hullOf(seats: readonly { x: number; y: number }[], margin: number): Point[] {
  const corners = convex(seats.map(({ x, y }): Point => [x, y]))
  return convex(
    corners.flatMap(([x, y]): Point[] => [
      [x - margin, y - margin],
      [x + margin, y - margin],
      [x - margin, y + margin],
      [x + margin, y + margin],
    ]),
  )
}

/** Andrew's monotone chain. */
function convex(points: readonly Point[]): Point[] {
  const sorted = points.toSorted((a, b) => a[0] - b[0] || a[1] - b[1])
  const half = (from: readonly Point[]): Point[] => {
    const chain: Point[] = []
    for (const point of from) {
      while (chain.length >= 2 && turn(chain.at(-2)!, chain.at(-1)!, point) <= 0) chain.pop()
      chain.push(point)
    }
    return chain.slice(0, -1)
  }
  return sorted.length < 3 ? sorted : [...half(sorted), ...half(sorted.toReversed())]
}

const turn = (a: Point, b: Point, c: Point): number => (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

/** Whether a point is inside an outline, by the even-odd rule. */
export function isInside(outline: readonly Point[], x: number, y: number): boolean {
  let inside = false
  for (let i = 0, j = outline.length - 1; i < outline.length; j = i++) {
    const [xi, yi] = outline[i]!
    const [xj, yj] = outline[j]!
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside
  }
  return inside
}

export type Found = { sectionId: string; seat: number | undefined }

/** Finds what is at a point. The index over a section's seats is made when a pointer first comes near it. */
export function createFinder(venue: Venue) {
  const sections = indexOf(venue.sections.map(({ box }) => box))
  const seats = new Map<string, Flatbush>()

  const seatsOf = ({ id, seats: all }: MapSection): Flatbush | undefined => {
    const known = seats.get(id)
    if (known) return known
    const made = indexOf(all?.map(({ x, y }) => ({ left: x, top: y, right: x, bottom: y })) ?? [])
    if (made) seats.set(id, made)
    return made
  }

  return {
    /** The seat whose middle is nearest, else the section. */
    at(x: number, y: number): Found | undefined {
      const near = venue.pitch
      const hits = sections?.search(x - near, y - near, x + near, y + near) ?? []
      let inside: Found | undefined
      for (const hit of hits) {
        const section = venue.sections[hit]!
        const seat = seatsOf(section)?.neighbors(x, y, 1, section.pitch * 0.6)[0]
        if (seat !== undefined) return { sectionId: section.id, seat }
        if (isInside(section.outline, x, y)) inside = { sectionId: section.id, seat: undefined }
      }
      return inside
    },
    /** Sections that touch a box, those in the middle of it first. */
    within({ left, top, right, bottom }: Box): MapSection[] {
      const [x, y] = [(left + right) / 2, (top + bottom) / 2]
      const distance = ({ centre }: MapSection): number => Math.hypot(centre[0] - x, centre[1] - y)
      return (sections?.search(left, top, right, bottom) ?? [])
        .map((index) => venue.sections[index]!)
        .toSorted((a, b) => distance(a) - distance(b))
    },
    /** The seats inside an outline that somebody drew, by section. */
    inside(outline: readonly Point[]): Map<string, number[]> {
      const { left, top, right, bottom } = boxOf(outline)
      const found = new Map<string, number[]>()
      for (const index of sections?.search(left, top, right, bottom) ?? []) {
        const section = venue.sections[index]!
        const chosen = (seatsOf(section)?.search(left, top, right, bottom) ?? []).filter((seat) =>
          isInside(outline, section.seats![seat]!.x, section.seats![seat]!.y),
        )
        if (chosen.length > 0)
          found.set(
            section.id,
            chosen.toSorted((a, b) => a - b),
          )
      }
      return found
    },
  }
}

function indexOf(boxes: readonly Box[]): Flatbush | undefined {
  if (boxes.length === 0) return undefined
  const index = new Flatbush(boxes.length)
  for (const { left, top, right, bottom } of boxes) index.add(left, top, right, bottom)
  index.finish()
  return index
}

/** The section next to one in a direction, or itself at the edge. */
export function nextSection(venue: Venue, from: string, direction: Direction): string {
  const start = venue.byId.get(from)
  if (!start) return venue.sections[0]?.id ?? from
  const axis = direction === 'left' || direction === 'right' ? 0 : 1
  const sign = direction === 'left' || direction === 'up' ? -1 : 1
  let best = from
  let bestCost = Infinity
  for (const { id, centre } of venue.sections) {
    const along = sign * (centre[axis] - start.centre[axis])
    const aside = Math.abs(centre[(1 - axis) as 0 | 1] - start.centre[(1 - axis) as 0 | 1])
    if (along <= venue.pitch) continue
    const cost = along + aside * 2
    if (cost < bestCost) {
      best = id
      bestCost = cost
    }
  }
  return best
}
