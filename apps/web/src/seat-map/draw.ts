import { middleShare, stateOf, type Bounds, type MapSeat } from './seats.ts'

/** Pixels of a point: `x * scale + view.x`. */
export type View = { scale: number; x: number; y: number }

type Scene = {
  seats: readonly MapSeat[]
  status: Uint8Array | undefined
  selected: ReadonlySet<number>
  view: View
  bounds: Bounds
  cursor: number | undefined
  stage: string
}

/** Share of the pitch that a seat fills. */
const seatSize = 0.8
/** From this many pixels on a seat is large enough for its number. */
const numberPixels = 20

/** Room for the stage before the first row, in pitches. */
export const stageRoom = 3.2

/** Shows all seats and the stage before them, centred. */
export function fitView(
  { left, top, right, bottom, pitch, front }: Bounds,
  size: { width: number; height: number },
): View {
  const high = Math.min(top, front - pitch * stageRoom)
  const width = right - left + pitch * 3
  const height = bottom - high + pitch * 2
  const scale = Math.max(0.001, Math.min(size.width / width, size.height / height, 46 / pitch))
  return {
    scale,
    x: size.width / 2 - ((left + right) / 2) * scale,
    y: size.height / 2 - ((high + bottom) / 2) * scale,
  }
}

/** Paints everything: seats by state, the choice, the stage, row names. A few thousand seats take a few milliseconds. */
export function drawSeats(canvas: HTMLCanvasElement, scene: Scene): void {
  const context = canvas.getContext('2d')
  if (!context) return
  const ratio = Math.min(3, devicePixelRatio || 1)
  const [width, height] = [canvas.clientWidth, canvas.clientHeight]
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio)
    canvas.height = Math.round(height * ratio)
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  context.clearRect(0, 0, width, height)

  const style = getComputedStyle(canvas)
  const colour = (name: string): string => style.getPropertyValue(name).trim()
  const { seats, status, selected, view, bounds } = scene
  const side = bounds.pitch * view.scale * seatSize
  const round = side * 0.34
  drawStage(context, scene, colour)

  const groups = {
    free: new Path2D(),
    held: new Path2D(),
    sold: new Path2D(),
    blocked: new Path2D(),
    chosen: new Path2D(),
  }
  for (const [index, seat] of seats.entries()) {
    const x = seat.x * view.scale + view.x
    const y = seat.y * view.scale + view.y
    if (x < -side || y < -side || x > width + side || y > height + side) continue
    const path = groups[selected.has(index) ? 'chosen' : stateOf(status, index)]
    // Small seats are squares: rounding them costs more than the eye can see.
    if (side < 6) path.rect(x - side / 2, y - side / 2, side, side)
    else path.roundRect(x - side / 2, y - side / 2, side, side, [round, round, round * 0.6, round * 0.6])
  }
  context.lineWidth = Math.max(1, side * 0.09)
  context.fillStyle = colour('--seat-sold')
  context.fill(groups.sold)
  context.fill(groups.blocked)
  context.fillStyle = colour('--seat-held')
  context.fill(groups.held)
  context.fillStyle = colour('--seat-free')
  context.fill(groups.free)
  context.strokeStyle = colour('--seat-edge')
  if (side >= 6) context.stroke(groups.free)
  context.fillStyle = colour('--accent')
  context.fill(groups.chosen)

  drawWords(context, scene, side, colour)
  const pointed = scene.cursor === undefined ? undefined : seats[scene.cursor]
  if (pointed) {
    context.strokeStyle = colour('--ink')
    context.lineWidth = 2.5
    const ring = side + 7
    context.beginPath()
    context.roundRect(
      pointed.x * view.scale + view.x - ring / 2,
      pointed.y * view.scale + view.y - ring / 2,
      ring,
      ring,
      round + 3,
    )
    context.stroke()
  }
}

function drawStage(
  context: CanvasRenderingContext2D,
  { bounds, view, stage }: Scene,
  colour: (name: string) => string,
): void {
  const centre = ((bounds.left + bounds.right) / 2) * view.scale + view.x
  const half = Math.max(50, ((bounds.right - bounds.left) * view.scale * middleShare) / 2)
  const bottom = (bounds.front - bounds.pitch * 1.5) * view.scale + view.y
  const top = bottom - Math.max(22, bounds.pitch * view.scale * 1.3)
  context.fillStyle = colour('--sunken')
  context.beginPath()
  context.moveTo(centre - half * 0.86, top)
  context.lineTo(centre + half * 0.86, top)
  context.quadraticCurveTo(centre + half, top, centre + half, bottom)
  context.quadraticCurveTo(centre, bottom + (bottom - top) * 0.55, centre - half, bottom)
  context.quadraticCurveTo(centre - half, top, centre - half * 0.86, top)
  context.fill()
  context.fillStyle = colour('--muted')
  context.font = `650 12px ${colour('--sans')}`
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  context.fillText(stage, centre, (top + bottom) / 2 + 3)
}

function drawWords(
  context: CanvasRenderingContext2D,
  { seats, status, selected, view, bounds }: Scene,
  side: number,
  colour: (name: string) => string,
): void {
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  if (side >= 7) {
    context.fillStyle = colour('--muted')
    context.font = `600 ${Math.min(13, Math.max(8.5, side * 0.6))}px ${colour('--sans')}`
    for (const [index, seat] of seats.entries()) {
      if (seats[index - 1]?.row === seat.row) continue
      context.fillText(seat.row, (seat.x - bounds.pitch) * view.scale + view.x, seat.y * view.scale + view.y)
    }
  }
  if (side < numberPixels) return
  context.font = `650 ${Math.min(15, side * 0.4)}px ${colour('--sans')}`
  for (const [index, seat] of seats.entries()) {
    const isFree = stateOf(status, index) === 'free'
    context.fillStyle = selected.has(index) ? colour('--on-accent') : isFree ? colour('--seat-text') : colour('--muted')
    context.fillText(seat.number, seat.x * view.scale + view.x, seat.y * view.scale + view.y)
  }
}
