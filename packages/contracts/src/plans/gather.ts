import { quoted, type Notebook } from './faults.ts'
import { scaleOf, type Scale } from './layout.ts'
import type { Outline } from './plan.ts'

export type Fields = Record<string, unknown>

/** What a foreign file has where an object, a list, a text or a number belongs; the rest is nothing. */
export const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
export const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])
export const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value.trim() !== '' ? value : typeof value === 'number' ? String(value) : undefined
export const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined)
export const pointOf = (value: unknown): { x: number; y: number } | undefined => {
  const { x, y } = fieldsOf(value)
  return typeof x === 'number' && typeof y === 'number' ? { x, y } : undefined
}

/** A row as a foreign file has it. Values are as they came: the check of the plan says what is wrong with them. */
export type ForeignRow = {
  /** The part of the venue that it belongs to; with its category it becomes a section. */
  area: string
  outline?: Outline
  label: unknown
  labelAt: string
  seats: { category: string | undefined; number: unknown; x: unknown; y: unknown; more: Fields; at: string }[]
}

export type ForeignArea = {
  name: unknown
  capacity: unknown
  category: string | undefined
  outline?: Outline
  at: string
}

type Made = { section: Fields; at: string; seats: { at: string; rowAt: string }[] }

/**
 * Puts the rows and open areas of a foreign file into sections: a section has one price, so an area whose seats are of
 * several categories becomes several sections.
 * @param names  members of the foreign file behind `number`, `x` and `y`
 */
export function gatherSections(
  file: { rows: readonly ForeignRow[]; areas: readonly ForeignArea[] },
  names: { number: string; x: string; y: string },
  notes: Notebook,
): { sections: Fields[]; scale: Scale; locate: (pointer: string) => string } {
  const scale = scaleOf(file.rows.map(({ seats }) => seats.flatMap(({ x, y }) => pointOf({ x, y }) ?? [])))
  const categoriesOf = new Map<string, Set<string | undefined>>()
  for (const { area, seats } of file.rows) {
    const categories = categoriesOf.get(area) ?? new Set()
    for (const { category } of seats) categories.add(category)
    categoriesOf.set(area, categories)
  }
  const made = new Map<string, Made>()
  for (const row of file.rows) {
    for (const seat of row.seats) {
      const isSplit = categoriesOf.get(row.area)!.size > 1
      const key = JSON.stringify([row.area, seat.category])
      let found = made.get(key)
      if (!found) {
        const name = isSplit ? `${row.area} · ${seat.category ?? '—'}` : row.area
        if (isSplit)
          notes.warn(
            'split',
            row.labelAt,
            `${quoted(row.area)} has seats of several categories: ${quoted(name)} became a section of its own`,
          )
        const section = { name, admission: 'reserved', category: seat.category, seats: [] as unknown[] }
        found = {
          section: row.outline && !isSplit ? { ...section, outline: scaled(row.outline, scale) } : section,
          at: row.labelAt,
          seats: [],
        }
        made.set(key, found)
      }
      const place = pointOf(seat)
      ;(found.section['seats'] as unknown[]).push({
        row: row.label,
        number: seat.number,
        ...(place ? scale(place.x, place.y) : { x: seat.x, y: seat.y }),
        ...seat.more,
      })
      found.seats.push({ at: seat.at, rowAt: row.labelAt })
    }
  }
  const open = file.areas.map(({ name, capacity, category, outline, at }): Made => {
    const section = { name, admission: 'open', category, capacity }
    return { section: outline ? { ...section, outline: scaled(outline, scale) } : section, at, seats: [] }
  })
  const all = [...made.values(), ...open]
  // Absent members are absent, not undefined: the check of the plan tells the two apart.
  const sections = all.map(({ section }) =>
    Object.fromEntries(Object.entries(section).filter(([, value]) => value !== undefined)),
  )

  function locate(pointer: string): string {
    const match = /^#\/sections\/(\d+)(?:\/seats\/(\d+))?(?:\/(\w+))?/.exec(pointer)
    if (!match) return pointer
    const found = all[Number(match[1])]
    if (match[2] === undefined) return found?.at ?? pointer
    const seat = found?.seats[Number(match[2])]
    if (!seat) return pointer
    const member = match[3]
    if (member === undefined) return seat.at
    return member === 'row' ? seat.rowAt : `${seat.at}/${names[member as keyof typeof names] ?? member}`
  }
  return { sections, scale, locate }
}

export const scaled = (outline: Outline, scale: Scale): Outline =>
  outline.map(([x, y]) => {
    const point = scale(x, y)
    return [point.x, point.y]
  })
