import { useEffect, useMemo, useRef, useState, type KeyboardEvent, type PointerEvent } from 'react'
import { useApp } from '../app.tsx'
import { Icon } from '../ui/icons.tsx'
import { drawSeats, fitView, stageRoom, type View } from './draw.ts'
import { boundsOf, createFinder, neighbour, type Bounds, type Direction, type MapSeat } from './seats.ts'

export type SeatMapProps = {
  seats: readonly MapSeat[]
  /** 0 free, 1 held, 2 sold, 3 blocked; in the order of the seats. Undefined until it is known. */
  status: Uint8Array | undefined
  selected: ReadonlySet<number>
  /** The colour of the price, see `tierOf`. */
  tier: number
  /** What is said of a seat: label, state, price. */
  describe: (seat: number) => string
  onToggle: (seat: number) => void
}

const zoomMax = 12
/** A finger that moved less than this has tapped. */
const tapPixels = 8
/** Seats closer together than this cannot be told apart by a finger: its tap comes nearer first. */
const fingerPixels = 22

/** As tall as the plan is for its width, within what a screen can show. */
const heightFor = ({ left, top, right, bottom, pitch, front }: Bounds): string => {
  const tall = bottom - Math.min(top, front - pitch * stageRoom) + pitch * 2
  return `clamp(280px, calc((100vw - 40px) * ${Math.min(1.4, tall / (right - left + pitch * 3)).toFixed(3)}), min(62vh, 640px))`
}

/** The seats of a section, drawn: drag, pinch, buttons and keys move it. The list beside it gives the same to everybody. */
export function SeatMap({ seats, status, selected, tier, describe, onToggle }: SeatMapProps) {
  const { t } = useApp()
  const canvas = useRef<HTMLCanvasElement>(null)
  const bounds = useMemo(() => boundsOf(seats), [seats])
  const seatAt = useMemo(() => createFinder(seats, bounds), [seats, bounds])
  const [size, setSize] = useState({ width: 0, height: 0 })
  const fit = useMemo(() => fitView(bounds, size), [bounds, size])
  const [moved, setMoved] = useState<View>()
  const view = moved ?? fit
  const [cursor, setCursor] = useState<number>()
  const [hover, setHover] = useState<number>()
  const [scheme, setScheme] = useState(0)
  const pointers = useRef(new Map<number, { x: number; y: number }>())
  const gesture = useRef({ travelled: 0, pinched: false })

  useEffect(() => {
    const element = canvas.current
    if (!element) return
    const observer = new ResizeObserver(() => {
      setSize({ width: element.clientWidth, height: element.clientHeight })
      setMoved(undefined)
    })
    observer.observe(element)
    const dark = matchMedia('(prefers-color-scheme: dark)')
    const repaint = (): void => setScheme((count) => count + 1)
    dark.addEventListener('change', repaint)
    return () => {
      observer.disconnect()
      dark.removeEventListener('change', repaint)
    }
  }, [])

  useEffect(() => {
    const element = canvas.current
    if (!element || size.width === 0) return
    const frame = requestAnimationFrame(() =>
      drawSeats(element, { seats, status, selected, view, bounds, cursor: cursor ?? hover, stage: t.shop.stage }),
    )
    return () => cancelAnimationFrame(frame)
  }, [seats, status, selected, view, bounds, cursor, hover, size, scheme, t])

  // React's own wheel listener is passive and could not keep the page from zooming.
  const zoomRef = useRef(zoomAt)
  useEffect(() => {
    zoomRef.current = zoomAt
  })
  useEffect(() => {
    const element = canvas.current
    if (!element) return
    const onWheel = (event: WheelEvent): void => {
      if (!event.ctrlKey && !event.metaKey) return
      event.preventDefault()
      zoomRef.current(Math.exp(-event.deltaY * 0.01), event.offsetX, event.offsetY)
    }
    element.addEventListener('wheel', onWheel, { passive: false })
    return () => element.removeEventListener('wheel', onWheel)
  }, [])

  function zoomAt(factor: number, x = size.width / 2, y = size.height / 2): void {
    const scale = Math.min(fit.scale * zoomMax, Math.max(fit.scale, view.scale * factor))
    if (scale <= fit.scale * 1.01) {
      setMoved(undefined)
      return
    }
    const ratio = scale / view.scale
    setMoved({ scale, x: x - (x - view.x) * ratio, y: y - (y - view.y) * ratio })
  }

  function seatUnder(event: PointerEvent<HTMLCanvasElement>): number | undefined {
    const box = event.currentTarget.getBoundingClientRect()
    return seatAt((event.clientX - box.left - view.x) / view.scale, (event.clientY - box.top - view.y) / view.scale)
  }

  function onPointerDown(event: PointerEvent<HTMLCanvasElement>): void {
    event.currentTarget.setPointerCapture(event.pointerId)
    if (pointers.current.size === 0) gesture.current = { travelled: 0, pinched: false }
    pointers.current.set(event.pointerId, { x: event.clientX, y: event.clientY })
  }

  function onPointerMove(event: PointerEvent<HTMLCanvasElement>): void {
    const before = pointers.current.get(event.pointerId)
    if (!before) {
      if (event.pointerType === 'mouse') setHover(seatUnder(event))
      return
    }
    const now = { x: event.clientX, y: event.clientY }
    pointers.current.set(event.pointerId, now)
    gesture.current.travelled += Math.hypot(now.x - before.x, now.y - before.y)
    const others = [...pointers.current].filter(([id]) => id !== event.pointerId)
    const other = others[0]?.[1]
    if (other) {
      gesture.current.pinched = true
      const box = event.currentTarget.getBoundingClientRect()
      const distance = (point: { x: number; y: number }): number => Math.hypot(point.x - other.x, point.y - other.y)
      zoomAt(
        distance(now) / Math.max(1, distance(before)),
        (now.x + other.x) / 2 - box.left,
        (now.y + other.y) / 2 - box.top,
      )
    } else if (moved && gesture.current.travelled > tapPixels) {
      setMoved({ ...moved, x: moved.x + now.x - before.x, y: moved.y + now.y - before.y })
    }
  }

  function onPointerEnd(event: PointerEvent<HTMLCanvasElement>): void {
    pointers.current.delete(event.pointerId)
    if (event.type !== 'pointerup' || gesture.current.pinched || gesture.current.travelled > tapPixels) return
    const seat = seatUnder(event)
    if (event.pointerType === 'touch' && bounds.pitch * view.scale < fingerPixels) {
      const box = event.currentTarget.getBoundingClientRect()
      zoomAt((fingerPixels * 1.4) / (bounds.pitch * view.scale), event.clientX - box.left, event.clientY - box.top)
      return
    }
    if (seat === undefined) return
    setCursor(undefined)
    onToggle(seat)
  }

  const arrows: Record<string, Direction> = { ArrowLeft: 'left', ArrowRight: 'right', ArrowUp: 'up', ArrowDown: 'down' }

  function onKeyDown(event: KeyboardEvent<HTMLCanvasElement>): void {
    const direction = arrows[event.key]
    if (direction) {
      const next = cursor === undefined ? (hover ?? 0) : neighbour(seats, cursor, direction)
      setCursor(next)
      bringIntoView(next)
    } else if (event.key === 'Enter' || event.key === ' ') {
      if (cursor !== undefined) onToggle(cursor)
    } else if (event.key === '+' || event.key === '=') zoomAt(1.5)
    else if (event.key === '-') zoomAt(1 / 1.5)
    else if (event.key === '0') setMoved(undefined)
    else return
    event.preventDefault()
  }

  function bringIntoView(index: number): void {
    const seat = seats[index]
    if (!seat || !moved) return
    const [x, y] = [seat.x * view.scale + view.x, seat.y * view.scale + view.y]
    if (x > 30 && y > 30 && x < size.width - 30 && y < size.height - 30) return
    setMoved({ ...moved, x: size.width / 2 - seat.x * view.scale, y: size.height / 2 - seat.y * view.scale })
  }

  const pointed = cursor ?? hover
  const pointedSeat = pointed === undefined ? undefined : seats[pointed]
  return (
    <div className={`map tier-${tier}`}>
      <canvas
        ref={canvas}
        className="map-canvas"
        // One finger scrolls the page until the map is zoomed in; then it moves the map.
        style={{ touchAction: moved ? 'none' : 'pan-y', height: heightFor(bounds) }}
        tabIndex={0}
        // Arrow keys are the map's own here, which is what this role tells a screen reader.
        // oxlint-disable-next-line jsx-a11y/no-interactive-element-to-noninteractive-role
        role="application"
        aria-label={t.shop.mapLabel}
        onPointerDown={onPointerDown}
        onPointerMove={onPointerMove}
        onPointerUp={onPointerEnd}
        onPointerCancel={onPointerEnd}
        onPointerLeave={() => setHover(undefined)}
        onKeyDown={onKeyDown}
        onBlur={() => setCursor(undefined)}
      />
      {pointed !== undefined && pointedSeat ? (
        <div
          className={pointedSeat.y * view.scale + view.y < 70 ? 'map-tip below' : 'map-tip'}
          style={{
            left: Math.min(size.width - 70, Math.max(70, pointedSeat.x * view.scale + view.x)),
            top: pointedSeat.y * view.scale + view.y,
          }}
        >
          {describe(pointed)}
        </div>
      ) : null}
      <p className="hidden-visually" aria-live="polite">
        {cursor === undefined ? '' : describe(cursor)}
      </p>
      <div className="map-buttons">
        <button type="button" aria-label={t.shop.zoomIn} onClick={() => zoomAt(1.6)}>
          <Icon name="plus" />
        </button>
        <button type="button" aria-label={t.shop.zoomOut} disabled={!moved} onClick={() => zoomAt(1 / 1.6)}>
          <Icon name="minus" />
        </button>
        <button type="button" aria-label={t.shop.zoomFit} disabled={!moved} onClick={() => setMoved(undefined)}>
          <Icon name="fit" />
        </button>
      </div>
    </div>
  )
}
