import { useEffect, useMemo, useRef, useState, type KeyboardEvent, type PointerEvent } from 'react'
import { select } from 'd3-selection'
import { zoom, zoomIdentity, type D3ZoomEvent, type ZoomBehavior } from 'd3-zoom'
import type { SeatPictures } from '@fairgate/contracts/seat-picture'
import { useApp } from '../app.tsx'
import { Icon } from '../ui/icons.tsx'
import {
  drawScene,
  fitView,
  reachOf,
  readPalette,
  scaleMax,
  seatPixelsMin,
  type Chosen,
  type Palette,
  type Scene,
  type Size,
  type View,
} from './draw.ts'
import { neighbour, type Direction } from './seats.ts'
import { createFinder, nextSection, type Found, type Point, type Venue } from './venue.ts'

export type SeatMapProps = {
  venue: Venue
  pictures: SeatPictures
  chosen: Chosen
  isDimmed: (sectionId: string) => boolean
  /** What is said of a seat: section, row, seat, state, price. */
  describeSeat: (sectionId: string, seat: number) => string
  describeSection: (sectionId: string) => string
  onSeat: (sectionId: string, seat: number) => void
  /** A section whose seats are all alike was chosen. */
  onArea: (sectionId: string) => void
  /** These sections are looked at so closely that their seats are needed. */
  onNeed: (sectionIds: readonly string[]) => void
  /** Drawing around seats chooses them, instead of moving the map. */
  onLasso?: ((seats: ReadonlyMap<string, number[]>) => void) | undefined
}

/** Seats closer together than this cannot be told apart by a finger: its tap comes nearer first. */
const fingerPixels = 22
/** A pointer that moved less than this has tapped. */
const tapPixels = 8
const arrows: Record<string, Direction> = { ArrowLeft: 'left', ArrowRight: 'right', ArrowUp: 'up', ArrowDown: 'down' }

/** As tall as the plan is for its width, within what a screen can show. */
const heightFor = ({ left, top, right, bottom }: Venue['box']): string =>
  `clamp(320px, calc((100vw - 60px) * ${Math.min(1.4, (bottom - top) / (right - left)).toFixed(3)} + 72px), min(66vh, 680px))`

/**
 * The venue, drawn: sections from afar, their seats from near by. Drag, wheel, pinch, double tap, buttons and keys move
 * it; a move paints the canvas and nothing else. The list beside it gives the same to everybody.
 */
export function SeatMap(props: SeatMapProps) {
  const { venue, describeSeat, describeSection, onSeat, onArea, onNeed, onLasso } = props
  const { t } = useApp()
  const canvas = useRef<HTMLCanvasElement>(null)
  const [size, setSize] = useState<Size>({ width: 0, height: 0 })
  const [cursor, setCursor] = useState<Found>()
  const [hover, setHover] = useState<Found>()
  const [zoomed, setZoomed] = useState<'fit' | 'between' | 'most'>('fit')
  const [scheme, setScheme] = useState(0)
  const finder = useMemo(() => createFinder(venue), [venue])
  const fit = useMemo(() => fitView(venue.box, venue.pitch, size), [venue, size])
  const view = useRef<View>(fit)
  const lastFit = useRef(fit)
  const behaviour = useRef<ZoomBehavior<HTMLCanvasElement, unknown>>(undefined)
  const palette = useRef<{ scheme: number; colours: Palette }>(undefined)
  const lasso = useRef<Point[]>([])
  const press = useRef<{ x: number; y: number; moved: boolean }>(undefined)
  const isLasso = onLasso !== undefined

  const scene: Scene = {
    venue,
    pictures: props.pictures,
    chosen: props.chosen,
    isDimmed: props.isDimmed,
    cursor: cursor ?? hover,
    lasso: lasso.current,
    stage: t.shop.stage,
  }
  const painter = useRef({ frame: 0, marked: false, paint: () => {} })
  useEffect(() => {
    painter.current.paint = () => {
      const element = canvas.current
      const context = element?.getContext('2d')
      if (!element || !context || size.width === 0) return
      const ratio = Math.min(2, devicePixelRatio || 1)
      const [width, height] = [Math.round(size.width * ratio), Math.round(size.height * ratio)]
      if (element.width !== width || element.height !== height) Object.assign(element, { width, height })
      if (palette.current?.scheme !== scheme) palette.current = { scheme, colours: readPalette(element) }
      drawScene(context, size, ratio, view.current, { ...scene, lasso: lasso.current }, palette.current.colours)
      // Shown in the browser's own recordings; `npm run -s bench -- seat-map` reads it.
      if (scene.pictures.size > 0 && !painter.current.marked) performance.mark('seat-map drawn')
      painter.current.marked ||= scene.pictures.size > 0
    }
    repaint()
  })
  function repaint(): void {
    painter.current.frame ||= requestAnimationFrame(() => {
      painter.current.frame = 0
      painter.current.paint()
    })
  }
  useEffect(() => () => cancelAnimationFrame(painter.current.frame), [])

  useEffect(() => {
    const element = canvas.current
    if (!element) return
    const observer = new ResizeObserver(() => setSize({ width: element.clientWidth, height: element.clientHeight }))
    observer.observe(element)
    const dark = matchMedia('(prefers-color-scheme: dark)')
    const changed = (): void => setScheme((count) => count + 1)
    dark.addEventListener('change', changed)
    return () => {
      observer.disconnect()
      dark.removeEventListener('change', changed)
    }
  }, [])

  // What the handlers of d3 need of the last rendering.
  const latest = useRef({ venue, finder, fit, size, onNeed })
  useEffect(() => {
    latest.current = { venue, finder, fit, size, onNeed }
  })

  function settle(): void {
    const now = latest.current
    const { scale, x, y } = view.current
    const most = scaleMax(now.venue.pitch, now.fit)
    setZoomed(scale <= now.fit.scale * 1.01 ? 'fit' : scale >= most * 0.99 ? 'most' : 'between')
    if (now.venue.pitch * scale < seatPixelsMin) return
    const box = {
      left: -x / scale,
      top: -y / scale,
      right: (now.size.width - x) / scale,
      bottom: (now.size.height - y) / scale,
    }
    const needed = now.finder.within(box).filter(({ seats, section }) => !seats && section.admission === 'reserved')
    if (needed.length > 0) now.onNeed(needed.map(({ id }) => id))
  }

  useEffect(() => {
    const element = canvas.current
    if (!element || size.width === 0) return
    // Whoever saw all of it still does when the window has another size, as on a phone that is turned.
    const isFit = view.current.scale <= lastFit.current.scale * 1.01 || behaviour.current === undefined
    lastFit.current = fit
    const zooming = zoom<HTMLCanvasElement, unknown>()
      .extent([
        [0, 0],
        [size.width, size.height],
      ])
      .translateExtent(reachOf(fit, size))
      .scaleExtent([fit.scale, scaleMax(venue.pitch, fit)])
      .clickDistance(tapPixels)
      .filter((event: MouseEvent | TouchEvent) => {
        if (event.type === 'wheel' || event.type === 'dblclick') return true
        if (isLasso) return 'touches' in event && event.touches.length > 1
        // One finger scrolls the page until the map is zoomed in; then it moves the map.
        if ('touches' in event) return event.touches.length > 1 || view.current.scale > latest.current.fit.scale * 1.01
        return event.button === 0
      })
      .on('zoom', ({ transform }: D3ZoomEvent<HTMLCanvasElement, unknown>) => {
        view.current = { scale: transform.k, x: transform.x, y: transform.y }
        setHover(undefined)
        repaint()
      })
      .on('end', () => settle())
    behaviour.current = zooming
    const selection = select(element).call(zooming)
    const { scale, x, y } = isFit ? fit : view.current
    selection.call(zooming.transform, zoomIdentity.translate(x, y).scale(scale))
    return () => void selection.on('.zoom', null)
  }, [venue.pitch, fit, size, isLasso])

  const zoomBy = (factor: number, at?: [number, number]): void => {
    const element = canvas.current
    if (element && behaviour.current) behaviour.current.scaleBy(select(element), factor, at)
  }
  const showAll = (): void => {
    const element = canvas.current
    if (!element || !behaviour.current) return
    behaviour.current.transform(select(element), zoomIdentity.translate(fit.x, fit.y).scale(fit.scale))
  }

  /** A section as large as the map, or as large as its seats need to be told apart. */
  function zoomTo(sectionId: string): void {
    const element = canvas.current
    const section = venue.byId.get(sectionId)
    if (!element || !section || !behaviour.current) return
    const { left, top, right, bottom } = section.box
    const wanted = Math.min((size.width * 0.92) / (right - left), (size.height * 0.86) / (bottom - top))
    const scale = Math.min(scaleMax(venue.pitch, fit), Math.max(wanted, (seatPixelsMin * 1.8) / section.pitch))
    const [x, y] = section.centre
    behaviour.current.transform(
      select(element),
      zoomIdentity.translate(size.width / 2 - x * scale, size.height / 2 - y * scale).scale(scale),
    )
  }

  const pointOf = (event: PointerEvent<HTMLCanvasElement>): Point => {
    const box = event.currentTarget.getBoundingClientRect()
    const { scale, x, y } = view.current
    return [(event.clientX - box.left - x) / scale, (event.clientY - box.top - y) / scale]
  }
  const areSeatsDrawn = (sectionId: string): boolean =>
    venue.pitch * view.current.scale >= seatPixelsMin && venue.byId.get(sectionId)?.seats !== undefined
  const found = (event: PointerEvent<HTMLCanvasElement>): Found | undefined => {
    const hit = finder.at(...pointOf(event))
    return hit && hit.seat !== undefined && !areSeatsDrawn(hit.sectionId) ? { ...hit, seat: undefined } : hit
  }

  function choose(hit: Found): void {
    const section = venue.byId.get(hit.sectionId)
    if (!section) return
    if (section.section.admission === 'open') onArea(hit.sectionId)
    else if (hit.seat !== undefined) onSeat(hit.sectionId, hit.seat)
    else if (!areSeatsDrawn(hit.sectionId) || venue.sections.length > 1) zoomTo(hit.sectionId)
  }

  function onPointerDown(event: PointerEvent<HTMLCanvasElement>): void {
    press.current = event.isPrimary ? { x: event.clientX, y: event.clientY, moved: false } : undefined
    if (!isLasso || !event.isPrimary) return
    event.currentTarget.setPointerCapture(event.pointerId)
    lasso.current = [pointOf(event)]
  }

  function onPointerMove(event: PointerEvent<HTMLCanvasElement>): void {
    const from = press.current
    if (!from) {
      if (event.pointerType !== 'mouse' || event.buttons !== 0) return
      const hit = found(event)
      setHover((last) => (last?.sectionId === hit?.sectionId && last?.seat === hit?.seat ? last : hit))
      return
    }
    if (Math.hypot(event.clientX - from.x, event.clientY - from.y) > tapPixels) from.moved = true
    if (!isLasso || !from.moved) return
    lasso.current.push(pointOf(event))
    repaint()
  }

  function onPointerUp(event: PointerEvent<HTMLCanvasElement>): void {
    const from = press.current
    press.current = undefined
    const drawn = lasso.current
    lasso.current = []
    if (onLasso && from?.moved) {
      onLasso(finder.inside(drawn))
      return repaint()
    }
    if (!from || from.moved) return
    const hit = found(event)
    if (!hit) return
    const pixels = venue.pitch * view.current.scale
    if (event.pointerType === 'touch' && hit.seat !== undefined && pixels < fingerPixels) {
      const box = event.currentTarget.getBoundingClientRect()
      return zoomBy((fingerPixels * 1.4) / pixels, [event.clientX - box.left, event.clientY - box.top])
    }
    setCursor(undefined)
    choose(hit)
  }

  function step(direction: Direction): void {
    const at = cursor ?? hover ?? { sectionId: venue.sections[0]?.id ?? '', seat: undefined }
    const section = venue.byId.get(at.sectionId)
    if (!section) return
    if (!areSeatsDrawn(section.id) || !section.seats) {
      const sectionId = cursor ? nextSection(venue, section.id, direction) : section.id
      return bringIntoView({ sectionId, seat: areSeatsDrawn(sectionId) ? 0 : undefined })
    }
    if (at.seat === undefined) return bringIntoView({ sectionId: section.id, seat: 0 })
    const seat = neighbour(section.seats, at.seat, direction)
    if (seat !== at.seat) return bringIntoView({ sectionId: section.id, seat })
    const beyond = venue.byId.get(nextSection(venue, section.id, direction))
    if (!beyond || beyond.id === section.id) return bringIntoView(at)
    const here = section.seats[at.seat]!
    bringIntoView({ sectionId: beyond.id, seat: beyond.seats ? nearest(beyond.seats, here) : undefined })
  }

  function bringIntoView(to: Found): void {
    setCursor(to)
    const element = canvas.current
    const section = venue.byId.get(to.sectionId)
    if (!element || !section || !behaviour.current) return
    const seat = to.seat === undefined ? undefined : section.seats?.[to.seat]
    const [px, py] = seat ? [seat.x, seat.y] : section.centre
    const { scale, x, y } = view.current
    const [left, top] = [px * scale + x, py * scale + y]
    if (left > 30 && top > 30 && left < size.width - 30 && top < size.height - 30) return
    behaviour.current.translateTo(select(element), px, py)
  }

  function onKeyDown(event: KeyboardEvent<HTMLCanvasElement>): void {
    const direction = arrows[event.key]
    if (direction) step(direction)
    else if (event.key === 'Enter' || event.key === ' ') {
      if (cursor) {
        choose(cursor)
        if (cursor.seat === undefined && venue.byId.get(cursor.sectionId)?.seats) setCursor({ ...cursor, seat: 0 })
      }
    } else if (event.key === '+' || event.key === '=') zoomBy(1.6)
    else if (event.key === '-') zoomBy(1 / 1.6)
    else if (event.key === '0' || (event.key === 'Escape' && zoomed !== 'fit')) {
      showAll()
      setCursor((last) => last && { sectionId: last.sectionId, seat: undefined })
    } else return
    event.preventDefault()
  }

  const say = ({ sectionId, seat }: Found): string =>
    seat === undefined ? describeSection(sectionId) : describeSeat(sectionId, seat)
  const pointed = cursor ?? hover
  const tip = pointed && placeOf(pointed, venue, view.current, size)
  return (
    <div className="map">
      <canvas
        ref={canvas}
        className={isLasso ? 'map-canvas lasso' : 'map-canvas'}
        style={{ touchAction: zoomed === 'fit' && !isLasso ? 'pan-y' : 'none', height: heightFor(venue.box) }}
        tabIndex={0}
        // Arrow keys are the map's own here, which is what this role tells a screen reader.
        // oxlint-disable-next-line jsx-a11y/no-interactive-element-to-noninteractive-role
        role="application"
        aria-label={t.shop.mapLabel}
        onPointerDown={onPointerDown}
        onPointerMove={onPointerMove}
        onPointerUp={onPointerUp}
        onPointerCancel={() => {
          press.current = undefined
          lasso.current = []
        }}
        onPointerLeave={() => setHover(undefined)}
        onKeyDown={onKeyDown}
        onBlur={() => setCursor(undefined)}
      />
      {pointed && tip ? (
        <div className={tip.isBelow ? 'map-tip below' : 'map-tip'} style={{ left: tip.left, top: tip.top }}>
          {say(pointed)}
        </div>
      ) : null}
      <p className="hidden-visually" aria-live="polite">
        {cursor ? say(cursor) : ''}
      </p>
      <div className="map-buttons">
        <button type="button" aria-label={t.shop.zoomIn} disabled={zoomed === 'most'} onClick={() => zoomBy(1.8)}>
          <Icon name="plus" />
        </button>
        <button type="button" aria-label={t.shop.zoomOut} disabled={zoomed === 'fit'} onClick={() => zoomBy(1 / 1.8)}>
          <Icon name="minus" />
        </button>
        <button type="button" aria-label={t.shop.zoomFit} disabled={zoomed === 'fit'} onClick={showAll}>
          <Icon name="fit" />
        </button>
      </div>
    </div>
  )
}

function nearest(seats: readonly { x: number; y: number }[], to: { x: number; y: number }): number {
  let best = 0
  let least = Infinity
  for (const [index, { x, y }] of seats.entries()) {
    const distance = Math.hypot(x - to.x, y - to.y)
    if (distance >= least) continue
    best = index
    least = distance
  }
  return best
}

/** Where the words about a seat or a section stand. */
function placeOf({ sectionId, seat }: Found, venue: Venue, { scale, x, y }: View, { width }: Size) {
  const section = venue.byId.get(sectionId)
  if (!section) return undefined
  const drawn = seat === undefined ? undefined : section.seats?.[seat]
  const [px, py] = drawn ? [drawn.x, drawn.y] : [section.centre[0], section.box.top]
  const top = Math.max(0, py * scale + y)
  return { left: Math.min(width - 90, Math.max(90, px * scale + x)), top, isBelow: top < 70 }
}
