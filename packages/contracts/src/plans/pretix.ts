import { quoted, type Notebook } from './faults.ts'
import {
  fieldsOf,
  gatherSections,
  listOf,
  numberOf,
  pointOf,
  scaled,
  textOf,
  type Fields,
  type ForeignRow,
} from './gather.ts'
import { ellipse, isStage, rectangle } from './layout.ts'
import { planFormat, type Outline, type Point } from './plan.ts'
import type { Imported } from './read.ts'
import { hundredths } from './rows.ts'

/**
 * pretix's seating-plan JSON (draft-07 schema of its source, versions with rectangular areas and with shapes): zones with
 * rows and seats, categories by name, areas. Positions add up: zone, row, seat. A zone becomes a section, or one for each
 * category in it. It knows no prices, no wheelchair places and no focal point; the middle of an area that is called
 * stage is taken for that.
 */
export function importPretix(value: unknown, notes: Notebook): Imported {
  const file = fieldsOf(value)
  const rows: ForeignRow[] = []
  const shapes: { outline?: Outline; at?: Point; text?: string; pointer: string }[] = []
  for (const [z, item] of listOf(file['zones']).entries()) {
    const zone = fieldsOf(item)
    const zoneAt = `#/zones/${z}`
    const area = textOf(zone['name']) ?? `Zone ${z + 1}`
    const zonePlace = pointOf(zone['position']) ?? { x: 0, y: 0 }
    for (const [r, rowItem] of listOf(zone['rows']).entries()) {
      const row = fieldsOf(rowItem)
      const rowAt = `${zoneAt}/rows/${r}`
      const rowPlace = pointOf(row['position']) ?? { x: 0, y: 0 }
      const origin = { x: zonePlace.x + rowPlace.x, y: zonePlace.y + rowPlace.y }
      rows.push({
        area,
        label: row['row_number'],
        labelAt: `${rowAt}/row_number`,
        seats: listOf(row['seats']).map((seatItem, s) => {
          const seat = fieldsOf(seatItem)
          const { x, y } = fieldsOf(seat['position'])
          return {
            category: textOf(seat['category']),
            number: seat['seat_number'],
            x: typeof x === 'number' ? origin.x + x : x,
            y: typeof y === 'number' ? origin.y + y : y,
            more: {},
            at: `${rowAt}/seats/${s}`,
          }
        }),
      })
    }
    for (const [a, areaItem] of listOf(zone['areas']).entries()) {
      const pointer = `${zoneAt}/areas/${a}`
      const drawn = drawArea(fieldsOf(areaItem), zonePlace)
      if (drawn) shapes.push({ ...drawn, pointer })
      else notes.warn('left-out', pointer, 'an area of a kind that is not known was left out')
    }
  }
  for (const name of Object.keys(file))
    if (!['name', 'zones', 'categories', 'size'].includes(name))
      notes.warn('left-out', `#/${name.slice(0, 40)}`, `${quoted(name)} is not part of the format and was left out`)

  const { sections, scale, locate } = gatherSections(
    { rows, areas: [] },
    { number: 'seat_number', x: 'position/x', y: 'position/y' },
    notes,
  )
  const made = shapes.map(({ outline, at, text }) => {
    const kind = outline ? (isStage(text ?? '') ? 'stage' : 'area') : 'text'
    return {
      kind,
      ...(outline ? { outline: scaled(outline, scale) } : {}),
      ...(at && !outline ? { at: scale(at.x, at.y) } : {}),
      ...(text === undefined ? {} : { text }),
    }
  })
  const stage = made.find(({ kind }) => kind === 'stage')?.outline
  return {
    value: {
      format: planFormat,
      ...(textOf(file['name']) === undefined ? {} : { name: file['name'] }),
      ...(stage ? { focalPoint: middleOf(stage) } : {}),
      categories: listOf(file['categories']).map((category) => {
        const { name, color } = fieldsOf(category)
        return { name, ...(/^#[0-9a-f]{6}$/i.test(String(color)) ? { color } : {}) }
      }),
      shapes: made,
      sections,
    },
    locate: (pointer) => {
      const shape = /^#\/shapes\/(\d+)/.exec(pointer)
      if (shape) return shapes[Number(shape[1])]?.pointer ?? pointer
      return pointer === '#/sections' ? '#/zones' : locate(pointer)
    },
  }
}

const middleOf = (outline: Outline): Point => ({
  x: hundredths(outline.reduce((sum, [x]) => sum + x, 0) / outline.length),
  y: hundredths(outline.reduce((sum, [, y]) => sum + y, 0) / outline.length),
})

function drawArea(area: Fields, zone: Point): { outline?: Outline; at?: Point; text?: string } | undefined {
  const place = pointOf(area['position']) ?? { x: 0, y: 0 }
  const corner = { x: zone.x + place.x, y: zone.y + place.y }
  const written = textOf(area['text']) ?? textOf(fieldsOf(area['text'])['text'])
  const text = written === undefined ? {} : { text: written }
  const shape = textOf(area['shape']) ?? 'rectangle'
  const rotation = numberOf(area['rotation']) ?? 0
  if (shape === 'text') return written === undefined ? undefined : { at: corner, ...text }
  if (shape === 'circle' || shape === 'ellipse') {
    const radius = shape === 'circle' ? fieldsOf(area['circle'])['radius'] : fieldsOf(area['ellipse'])['radius']
    const { x, y } = typeof radius === 'number' ? { x: radius, y: radius } : (pointOf(radius) ?? { x: 0, y: 0 })
    return x > 0 && y > 0 ? { outline: ellipse(corner, x, y), ...text } : undefined
  }
  if (shape === 'polygon') {
    const points = listOf(fieldsOf(area['polygon'])['points']).flatMap((point) => pointOf(point) ?? [])
    return points.length < 3 ? undefined : { outline: points.map(({ x, y }) => [corner.x + x, corner.y + y]), ...text }
  }
  const { width, height } = { ...area, ...fieldsOf(area['rectangle']) }
  if (shape !== 'rectangle' || typeof width !== 'number' || typeof height !== 'number') return undefined
  return { outline: rectangle({ x: corner.x + width / 2, y: corner.y + height / 2 }, width, height, rotation), ...text }
}
