import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react'
import type { SeatPictures } from '@fairgate/contracts/seat-picture'
import { useApp } from '../app.tsx'
import type { Chosen } from './draw.ts'
import { freeRuns, rowsOf, stateOf } from './seats.ts'
import type { MapSection, Venue } from './venue.ts'

export type SeatFilter = {
  /** Only rows with free seats. */
  onlyFree: boolean
  accessible: boolean
  /** So many free seats side by side. */
  together: number
}

type Props = {
  venue: Venue
  pictures: SeatPictures
  chosen: Chosen
  isDimmed: (sectionId: string) => boolean
  filter: SeatFilter
  describeSeat: (sectionId: string, seat: number) => string
  describeSection: (sectionId: string) => string
  onSeat: (sectionId: string, seat: number) => void
  onArea: (sectionId: string) => void
}

type Item =
  | { kind: 'section'; section: MapSection; height: number }
  | { kind: 'row'; section: MapSection; row: string; seats: number[]; free: number; height: number }

/** Measures of the style sheet (`.seat-grid`), by which rows that are not there yet are reckoned. */
const sectionHeight = 56
const headHeight = 34
const lineHeight = 52
const seatWidth = 54
const overscan = 400

/**
 * The same seats as the map, section by section and row by row: for the keyboard, a screen reader, or whoever prefers
 * words. A grid whose rows are made only near where one looks, so that 50,000 seats cost what a screenful does; arrow
 * keys go from seat to seat, and the Tab key past all of them.
 */
export function SeatList(props: Props) {
  const { venue, pictures, chosen, isDimmed, filter } = props
  const { t } = useApp()
  const box = useRef<HTMLDivElement>(null)
  const [scroll, setScroll] = useState({ top: 0, height: 640, width: 360 })
  const [at, setAt] = useState<{ sectionId: string; seat: number | undefined }>()
  const wantsFocus = useRef(false)
  const perLine = Math.max(1, Math.floor((scroll.width - 24) / seatWidth))

  const items = useMemo(
    () => itemsOf({ venue, pictures, chosen, isDimmed, filter }, perLine),
    [venue, pictures, chosen, isDimmed, filter, perLine],
  )
  const tops = useMemo(() => topsOf(items), [items])
  const total = (tops.at(-1) ?? 0) + (items.at(-1)?.height ?? 0)
  const first = Math.max(0, lastBefore(tops, scroll.top - overscan))
  const last = lastBefore(tops, scroll.top + scroll.height + overscan)

  useEffect(() => {
    const element = box.current
    if (!element) return
    const measure = (): void =>
      setScroll({ top: element.scrollTop, height: element.clientHeight, width: element.clientWidth })
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    element.addEventListener('scroll', measure, { passive: true })
    return () => {
      observer.disconnect()
      element.removeEventListener('scroll', measure)
    }
  }, [])

  const place = at && items.findIndex((item) => isAt(item, at))
  const firstSeat = items.find((item) => item.kind === 'row')?.seats[0]
  // One seat takes the Tab key: the one that had the focus last, else the first that is drawn.
  const current =
    place !== undefined && place >= first && place <= last
      ? at
      : items
          .slice(first, last + 1)
          .flatMap((item) => (item.kind === 'row' ? [{ sectionId: item.section.id, seat: item.seats[0] }] : []))[0]

  useEffect(() => {
    if (!wantsFocus.current || !at) return
    const button = box.current?.querySelector<HTMLElement>(`[data-seat="${CSS.escape(keyOf(at.sectionId, at.seat))}"]`)
    if (!button) return
    wantsFocus.current = false
    button.focus({ preventScroll: true })
    button.scrollIntoView({ block: 'nearest' })
  })

  function go(index: number, place: number | undefined): void {
    const item = items[index]
    const element = box.current
    if (!item || !element) return
    const seat = item.kind === 'row' ? item.seats[Math.min(place ?? 0, item.seats.length - 1)] : undefined
    wantsFocus.current = true
    setAt({ sectionId: item.section.id, seat })
    const top = tops[index]!
    if (top < element.scrollTop || top + item.height > element.scrollTop + element.clientHeight)
      element.scrollTop = Math.max(0, top - element.clientHeight / 3)
  }

  function onKeyDown(event: KeyboardEvent<HTMLDivElement>): void {
    const key = (event.target as HTMLElement).dataset['seat']
    const index = items.findIndex((item) => key !== undefined && keysOf(item).includes(key))
    const item = items[index]
    if (!item) return
    const place = item.kind === 'row' ? keysOf(item).indexOf(key!) : 0
    const size = item.kind === 'row' ? item.seats.length : 1
    const isHere = (to: number): boolean => to >= 0 && to < size
    const move: Record<string, () => void> = {
      ArrowRight: () => (isHere(place + 1) ? go(index, place + 1) : go(index + 1, 0)),
      ArrowLeft: () => (isHere(place - 1) ? go(index, place - 1) : go(index - 1, Infinity)),
      ArrowDown: () => go(index + 1, place),
      ArrowUp: () => go(index - 1, place),
      Home: () => go(event.ctrlKey ? 0 : index, 0),
      End: () => go(event.ctrlKey ? items.length - 1 : index, Infinity),
      PageDown: () => go(Math.min(items.length - 1, index + 8), place),
      PageUp: () => go(Math.max(0, index - 8), place),
    }
    const act = move[event.key]
    if (!act) return
    event.preventDefault()
    act()
  }

  if (items.length === 0) return <p className="seat-grid-empty muted">{t.shop.nothingFits}</p>
  return (
    <div ref={box} className="seat-grid">
      {/* The keys move the focus between the buttons inside, each of which is reachable and named by itself. */}
      {/* oxlint-disable-next-line jsx-a11y/interactive-supports-focus */}
      <div
        role="grid"
        aria-label={t.shop.listLabel}
        aria-rowcount={items.length}
        aria-multiselectable="true"
        style={{ height: total }}
        onKeyDown={onKeyDown}
        onFocus={(event) => {
          const key = event.target.dataset['seat']
          const item = items.find((one) => key !== undefined && keysOf(one).includes(key))
          if (!item) return
          const seat = item.kind === 'row' ? item.seats[keysOf(item).indexOf(key!)] : undefined
          if (at?.sectionId !== item.section.id || at.seat !== seat) setAt({ sectionId: item.section.id, seat })
        }}
      >
        {items.slice(first, last + 1).map((item, index) => (
          <ListRow
            key={item.kind === 'row' ? `${item.section.id} ${item.row}` : item.section.id}
            {...props}
            item={item}
            index={first + index}
            top={tops[first + index] ?? 0}
            current={current ?? { sectionId: '', seat: firstSeat }}
          />
        ))}
      </div>
    </div>
  )
}

function ListRow({
  item,
  index,
  top,
  current,
  ...props
}: Props & { item: Item; index: number; top: number; current: { sectionId: string; seat: number | undefined } }) {
  const { t } = useApp()
  const { section } = item
  const style = { transform: `translateY(${top}px)`, height: item.height }
  if (item.kind === 'section') {
    const isOpen = section.section.admission === 'open'
    return (
      <div role="row" aria-rowindex={index + 1} className={`seat-grid-section tier-${section.tier}`} style={style}>
        <div role="rowheader">
          <i className={`tier-dot tier-${section.tier}`} aria-hidden="true" />
          <b>{props.describeSection(section.id)}</b>
        </div>
        {isOpen ? (
          <div role="gridcell">
            <button
              type="button"
              className="button quiet small"
              data-seat={keyOf(section.id, undefined)}
              tabIndex={current.sectionId === section.id && current.seat === undefined ? 0 : -1}
              onClick={() => props.onArea(section.id)}
            >
              {t.shop.chooseArea(section.section.name)}
            </button>
          </div>
        ) : null}
      </div>
    )
  }
  const status = props.pictures.get(section.id)?.status
  const chosen = props.chosen.get(section.id)
  return (
    <div role="row" aria-rowindex={index + 1} className={`seat-grid-row tier-${section.tier}`} style={style}>
      <div role="rowheader">
        <b>{t.shop.row(item.row)}</b>{' '}
        <span className="muted figures">{t.shop.rowFree(item.free, item.seats.length)}</span>
      </div>
      <div className="seat-buttons" role="presentation">
        {item.seats.map((seat) => {
          const state = stateOf(status, seat)
          const isMine = chosen?.has(seat) ?? false
          const known = section.seats?.[seat]
          return (
            <div role="gridcell" key={seat} aria-selected={isMine}>
              <button
                type="button"
                data-seat={keyOf(section.id, seat)}
                className={`seat-button ${state}`}
                tabIndex={current.sectionId === section.id && current.seat === seat ? 0 : -1}
                aria-pressed={isMine}
                aria-label={props.describeSeat(section.id, seat)}
                // Stays in the reach of the keyboard, so that who moves along a row is told that it is taken.
                aria-disabled={state !== 'free' && !isMine}
                onClick={() => (state === 'free' || isMine ? props.onSeat(section.id, seat) : undefined)}
              >
                {known?.number}
                {known?.accessible ? <span aria-hidden="true"> ♿︎</span> : null}
              </button>
            </div>
          )
        })}
      </div>
    </div>
  )
}

const keyOf = (sectionId: string, seat: number | undefined): string => `${sectionId} ${seat ?? ''}`
const keysOf = (item: Item): string[] =>
  item.kind === 'section' ? [keyOf(item.section.id, undefined)] : item.seats.map((seat) => keyOf(item.section.id, seat))
const isAt = (item: Item, { sectionId, seat }: { sectionId: string; seat: number | undefined }): boolean =>
  item.section.id === sectionId &&
  (item.kind === 'section' ? seat === undefined : seat !== undefined && item.seats.includes(seat))

function topsOf(items: readonly Item[]): number[] {
  const tops: number[] = []
  for (const [index, { height }] of items.entries()) tops[index + 1] = (tops[index] ??= 0) + height
  return tops.slice(0, items.length)
}

/** The last of the ascending values that is not above a limit. */
function lastBefore(values: readonly number[], limit: number): number {
  let [low, high] = [0, values.length - 1]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (values[middle]! <= limit) low = middle
    else high = middle - 1
  }
  return low
}

function itemsOf(
  { venue, pictures, chosen, isDimmed, filter }: Pick<Props, 'venue' | 'pictures' | 'chosen' | 'isDimmed' | 'filter'>,
  perLine: number,
): Item[] {
  const items: Item[] = []
  for (const section of venue.sections) {
    if (isDimmed(section.id)) continue
    const head: Item = { kind: 'section', section, height: sectionHeight }
    if (section.section.admission === 'open') {
      if (!filter.accessible) items.push(head)
      continue
    }
    const rows = rowsIn(section, pictures, chosen, filter)
    if (rows.length > 0) items.push(head)
    for (const row of rows)
      items.push({
        ...row,
        kind: 'row',
        section,
        height: headHeight + Math.ceil(row.seats.length / perLine) * lineHeight + 10,
      })
  }
  return items
}

function rowsIn(
  section: MapSection,
  pictures: SeatPictures,
  chosen: Chosen,
  { onlyFree, accessible, together }: SeatFilter,
): { row: string; seats: number[]; free: number }[] {
  const { seats } = section
  if (!seats) return []
  const status = pictures.get(section.id)?.status
  const mine = chosen.get(section.id)
  const runs = together > 1 ? freeRuns(seats, status, section, together) : []
  const fitting = together > 1 ? new Set(runs.flat()) : undefined
  return rowsOf(seats).flatMap(({ row, seats: members }) => {
    const shown = members.filter((seat) => {
      if (mine?.has(seat)) return true
      if (fitting && !fitting.has(seat)) return false
      return true
    })
    const hasAccessible =
      !accessible || shown.some((seat) => seats[seat]!.accessible && stateOf(status, seat) === 'free')
    const free = shown.filter((seat) => stateOf(status, seat) === 'free').length
    const isKept = shown.some((seat) => mine?.has(seat))
    return shown.length > 0 && ((hasAccessible && (!onlyFree || free > 0)) || isKept)
      ? [{ row, seats: shown, free }]
      : []
  })
}
