import type { SeatPictures } from '@fairgate/contracts/seat-picture'
import { stateOf, tiersMax, type SeatState } from './seats.ts'
import type { Box, Found, MapSection, Point, Venue } from './venue.ts'

/** Pixels of a point: `x * scale + view.x`. */
export type View = { scale: number; x: number; y: number }
export type Size = { width: number; height: number }

/** Chosen seats by section. */
export type Chosen = ReadonlyMap<string, ReadonlySet<number>>

export type Scene = {
  venue: Venue
  pictures: SeatPictures
  chosen: Chosen
  /** Sections that a filter has put aside. */
  isDimmed: (sectionId: string) => boolean
  cursor: Found | undefined
  lasso: readonly Point[]
  stage: string
}

type Tier = { free: string; edge: string; text: string }
export type Palette = Record<
  'held' | 'sold' | 'blocked' | 'accent' | 'onAccent' | 'ink' | 'muted' | 'sunken' | 'surface' | 'sans',
  string
> & {
  tiers: Tier[]
}

/** Share of the pitch that a seat fills. */
const seatShare = 0.8
/** From this many pixels on a seat is large enough for its number. */
const numberPixels = 20
/** Below it seats are told apart neither by eye nor by finger: their sections are drawn instead. */
export const seatPixelsMin = 4.5
/** A seat is not drawn larger than this. */
const seatPixelsMax = 46
/** Room in pixels that a view of everything leaves: below it are the buttons of the map. */
const margin = { side: 10, top: 10, bottom: 62 }

/** Shows all of it, centred. */
export function fitView(box: Box, pitch: number, size: Size): View {
  const { left, top, right, bottom } = box
  const [width, height] = [size.width - margin.side * 2, size.height - margin.top - margin.bottom]
  const scale = Math.max(0.0001, Math.min(width / (right - left), height / (bottom - top), seatPixelsMax / pitch))
  return {
    scale,
    x: size.width / 2 - ((left + right) / 2) * scale,
    y: margin.top + height / 2 - ((top + bottom) / 2) * scale,
  }
}

/** How far the map may be moved, in its own coordinates: the view of everything, so that it is where it begins. */
export function reachOf({ scale, x, y }: View, size: Size): [[number, number], [number, number]] {
  return [
    [-x / scale, -y / scale],
    [(size.width - x) / scale, (size.height - y) / scale],
  ]
}

export const scaleMax = (pitch: number, fit: View): number => Math.max(fit.scale, seatPixelsMax / pitch)

/** The colours as the page has them now; asked for again when the scheme changes. */
export function readPalette(element: HTMLElement): Palette {
  const page = getComputedStyle(element)
  const colour = (name: string, style = page): string => style.getPropertyValue(name).trim()
  const probe = document.createElement('i')
  probe.hidden = true
  element.parentElement?.append(probe)
  const tiers = Array.from({ length: tiersMax }, (_, tier) => {
    probe.className = `tier-${tier}`
    const style = getComputedStyle(probe)
    return {
      free: colour('--seat-free', style),
      edge: colour('--seat-edge', style),
      text: colour('--seat-text', style),
    }
  })
  probe.remove()
  return {
    tiers,
    held: colour('--seat-held'),
    sold: colour('--seat-sold'),
    blocked: colour('--seat-blocked'),
    accent: colour('--accent'),
    onAccent: colour('--on-accent'),
    ink: colour('--ink'),
    muted: colour('--muted'),
    sunken: colour('--sunken'),
    surface: colour('--surface'),
    sans: colour('--sans'),
  }
}

/** Paints what the view shows: sections from afar, seats from near by. */
export function drawScene(
  context: CanvasRenderingContext2D,
  size: Size,
  ratio: number,
  view: View,
  scene: Scene,
  palette: Palette,
): void {
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  context.clearRect(0, 0, size.width, size.height)
  drawShapes(context, view, scene, palette)
  const near = scene.venue.pitch * view.scale >= seatPixelsMin
  const shown = scene.venue.sections.filter(({ box }) => isShown(box, view, size))
  for (const section of shown) {
    context.globalAlpha = scene.isDimmed(section.id) ? 0.22 : 1
    const asSeats = near && section.seats !== undefined
    if (asSeats) drawSeats(context, view, size, section, scene, palette)
    else drawBlock(context, view, section, scene, palette)
  }
  context.globalAlpha = 1
  drawCursor(context, view, scene, palette)
  drawLasso(context, view, scene, palette)
}

const isShown = ({ left, top, right, bottom }: Box, { scale, x, y }: View, { width, height }: Size): boolean =>
  right * scale + x >= 0 && left * scale + x <= width && bottom * scale + y >= 0 && top * scale + y <= height

function trace(context: CanvasRenderingContext2D, outline: readonly Point[], { scale, x, y }: View): void {
  context.beginPath()
  for (const [index, [px, py]] of outline.entries()) {
    if (index === 0) context.moveTo(px * scale + x, py * scale + y)
    else context.lineTo(px * scale + x, py * scale + y)
  }
  context.closePath()
}

function drawShapes(context: CanvasRenderingContext2D, view: View, { venue, stage }: Scene, palette: Palette): void {
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  context.font = `650 12px ${palette.sans}`
  for (const { kind, outline, at, text } of venue.shapes) {
    if (outline) {
      trace(context, outline, view)
      context.fillStyle = palette.sunken
      context.globalAlpha = kind === 'stage' ? 1 : 0.45
      context.fill()
      context.globalAlpha = 1
    }
    const words = kind === 'stage' ? stage : kind === 'text' ? text : ''
    if (!words) continue
    const [x, y] = at ? [at.x, at.y] : middle(outline ?? [[0, 0]])
    context.fillStyle = palette.muted
    context.fillText(words, x * view.scale + view.x, y * view.scale + view.y)
  }
  if (!venue.stage) return
  const centre = venue.stage.x * view.scale + view.x
  const half = Math.max(50, venue.stage.half * view.scale)
  const bottom = venue.stage.y * view.scale + view.y
  const top = bottom - Math.max(22, venue.pitch * view.scale * 1.3)
  context.fillStyle = palette.sunken
  context.beginPath()
  context.moveTo(centre - half * 0.86, top)
  context.lineTo(centre + half * 0.86, top)
  context.quadraticCurveTo(centre + half, top, centre + half, bottom)
  context.quadraticCurveTo(centre, bottom + (bottom - top) * 0.55, centre - half, bottom)
  context.quadraticCurveTo(centre - half, top, centre - half * 0.86, top)
  context.fill()
  context.fillStyle = palette.muted
  context.fillText(stage, centre, (top + bottom) / 2 + 3)
}

function middle(outline: readonly Point[]): Point {
  const sum = outline.reduce(([ax, ay], [x, y]): Point => [ax + x, ay + y], [0, 0])
  return [sum[0] / outline.length, sum[1] / outline.length]
}

/** A section as one shape: the fuller of colour, the more is left. */
function drawBlock(
  context: CanvasRenderingContext2D,
  view: View,
  { id, outline, box, centre, section, tier }: MapSection,
  { pictures, chosen, isDimmed }: Scene,
  palette: Palette,
): void {
  const colours = palette.tiers[tier]!
  const alpha = isDimmed(id) ? 0.22 : 1
  const free = pictures.get(id)?.free
  trace(context, outline, view)
  context.globalAlpha = alpha
  context.fillStyle = palette.sold
  context.fill()
  // A few that are left must be seen too.
  context.globalAlpha = alpha * (free === 0 ? 0 : 0.25 + 0.75 * ((free ?? section.capacity) / section.capacity))
  context.fillStyle = colours.free
  context.fill()
  context.globalAlpha = alpha
  context.lineJoin = 'round'
  context.strokeStyle = chosen.has(id) ? palette.accent : free === 0 ? palette.sold : colours.edge
  context.lineWidth = chosen.has(id) ? 3 : 1.25
  context.stroke()
  // A piece of a ring fills little of its box, and words must not reach over its edge.
  const share = Math.sqrt(areaOf(outline) / ((box.right - box.left) * (box.bottom - box.top)))
  const wide = (box.right - box.left) * view.scale * share
  const high = (box.bottom - box.top) * view.scale * share
  if (wide < 22 || high < 14) return
  const [x, y] = [centre[0] * view.scale + view.x, centre[1] * view.scale + view.y]
  const isRoomy = high >= 34 && wide >= 34
  const textSize = Math.min(15, Math.max(10, Math.min(wide / 4, high / 3)))
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  context.fillStyle = free === 0 ? palette.muted : palette.ink
  context.font = `700 ${textSize}px ${palette.sans}`
  context.fillText(fitText(context, section.name, wide - 3), x, isRoomy ? y - textSize * 0.62 : y)
  if (!isRoomy || free === undefined) return
  context.font = `500 ${textSize * 0.92}px ${palette.sans}`
  context.fillText(free.toLocaleString(), x, y + textSize * 0.68)
}

function areaOf(outline: readonly Point[]): number {
  let twice = 0
  for (const [index, [x, y]] of outline.entries()) {
    const [nextX, nextY] = outline[(index + 1) % outline.length]!
    twice += x * nextY - nextX * y
  }
  return Math.abs(twice) / 2
}

/** As much of a name as fits; nothing when too little of it would be left to know it by. */
function fitText(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text
  let short = text
  while (short.length > 0 && context.measureText(`${short}…`).width > width) short = short.slice(0, -1)
  return short.length < 3 ? '' : `${short}…`
}

function drawSeats(
  context: CanvasRenderingContext2D,
  view: View,
  { width, height }: Size,
  section: MapSection,
  scene: Scene,
  palette: Palette,
): void {
  const seats = section.seats!
  const status = scene.pictures.get(section.id)?.status
  const chosen = scene.chosen.get(section.id)
  const side = section.pitch * view.scale * seatShare
  const colours = palette.tiers[section.tier]!
  const fills: Record<SeatState | 'chosen', string> = {
    free: colours.free,
    held: palette.held,
    sold: palette.sold,
    blocked: palette.blocked,
    chosen: palette.accent,
  }
  const groups: Record<SeatState | 'chosen', number[]> = { free: [], held: [], sold: [], blocked: [], chosen: [] }
  for (let index = 0; index < seats.length; index++) {
    const seat = seats[index]!
    const x = seat.x * view.scale + view.x
    const y = seat.y * view.scale + view.y
    if (x < -side || y < -side || x > width + side || y > height + side) continue
    groups[chosen?.has(index) ? 'chosen' : stateOf(status, index)].push(index)
  }
  const half = side / 2
  const round = side * 0.34
  const corners = [round, round, round * 0.6, round * 0.6]
  for (const state of ['sold', 'blocked', 'held', 'free', 'chosen'] as const) {
    const members = groups[state]
    if (members.length === 0) continue
    context.fillStyle = fills[state]
    // Small seats are squares, filled one by one: a path of thousands costs several times as much.
    if (side < 7) {
      for (const index of members) {
        const seat = seats[index]!
        context.fillRect(seat.x * view.scale + view.x - half, seat.y * view.scale + view.y - half, side, side)
      }
      continue
    }
    context.beginPath()
    for (const index of members) {
      const seat = seats[index]!
      context.roundRect(seat.x * view.scale + view.x - half, seat.y * view.scale + view.y - half, side, side, corners)
    }
    context.fill()
    if (state === 'free') {
      context.strokeStyle = colours.edge
      context.lineWidth = Math.max(1, side * 0.09)
      context.stroke()
    }
  }
  drawWords(context, view, section, groups, side, colours, palette)
}

function drawWords(
  context: CanvasRenderingContext2D,
  view: View,
  { seats = [], pitch, box, section }: MapSection,
  groups: Record<SeatState | 'chosen', number[]>,
  side: number,
  colours: Tier,
  palette: Palette,
): void {
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  context.fillStyle = palette.muted
  // Below the last row: before the first one the stage may be, and in bent rows the ends of it.
  context.font = `700 ${Math.min(14, Math.max(11, side))}px ${palette.sans}`
  context.fillText(
    section.name,
    ((box.left + box.right) / 2) * view.scale + view.x,
    box.bottom * view.scale + view.y + 8,
  )
  if (side >= 9) {
    context.font = `600 ${Math.min(13, Math.max(8.5, side * 0.6))}px ${palette.sans}`
    for (const [index, seat] of seats.entries()) {
      if (seats[index - 1]?.row === seat.row) continue
      context.fillText(seat.row, (seat.x - pitch) * view.scale + view.x, seat.y * view.scale + view.y)
    }
  }
  if (side < numberPixels) {
    if (side < 9) return
    context.fillStyle = colours.text
    for (const index of groups.free) {
      const seat = seats[index]!
      if (!seat.accessible) continue
      context.beginPath()
      context.arc(seat.x * view.scale + view.x, seat.y * view.scale + view.y, side * 0.2, 0, Math.PI * 2)
      context.fill()
    }
    return
  }
  context.font = `650 ${Math.min(15, side * 0.4)}px ${palette.sans}`
  for (const [state, members] of Object.entries(groups)) {
    context.fillStyle = state === 'chosen' ? palette.onAccent : state === 'free' ? colours.text : palette.muted
    for (const index of members) {
      const seat = seats[index]!
      const words = seat.accessible ? `♿︎${seat.number}` : seat.number
      context.fillText(words, seat.x * view.scale + view.x, seat.y * view.scale + view.y)
    }
  }
}

function drawCursor(context: CanvasRenderingContext2D, view: View, { venue, cursor }: Scene, palette: Palette): void {
  const section = cursor && venue.byId.get(cursor.sectionId)
  if (!cursor || !section) return
  context.strokeStyle = palette.ink
  context.lineWidth = 2.5
  const seat = cursor.seat === undefined ? undefined : section.seats?.[cursor.seat]
  if (!seat) {
    trace(context, section.outline, view)
  } else {
    const ring = section.pitch * view.scale * seatShare + 7
    const [x, y] = [seat.x * view.scale + view.x, seat.y * view.scale + view.y]
    context.beginPath()
    context.roundRect(x - ring / 2, y - ring / 2, ring, ring, ring * 0.34 + 1)
  }
  context.stroke()
}

function drawLasso(context: CanvasRenderingContext2D, view: View, { lasso }: Scene, palette: Palette): void {
  if (lasso.length < 2) return
  trace(context, lasso, view)
  context.globalAlpha = 0.14
  context.fillStyle = palette.accent
  context.fill()
  context.globalAlpha = 1
  context.strokeStyle = palette.accent
  context.lineWidth = 1.5
  context.setLineDash([5, 4])
  context.stroke()
  context.setLineDash([])
}
