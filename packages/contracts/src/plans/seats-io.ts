import type { Notebook } from './faults.ts'
import {
  fieldsOf,
  gatherSections,
  listOf,
  numberOf,
  pointOf,
  scaled,
  textOf,
  type Fields,
  type ForeignArea,
  type ForeignRow,
} from './gather.ts'
import { ellipse, rectangle } from './layout.ts'
import { planFormat, type Outline, type Point, type Shape } from './plan.ts'
import type { Imported } from './read.ts'

/** Parts of a chart that nothing here stands for. */
const leftOut = ['booths', 'icons', 'imageObjects', 'backgroundImage', 'referenceChart']

type Chart = { rows: ForeignRow[]; areas: ForeignArea[]; shapes: { shape: Shape; at: string }[] }

/**
 * The part of a seats.io chart that we take: categories, rows, tables by the seat, sections with their outlines, general
 * admission areas, shapes, texts and the focal point. Rows outside of any section become the section "Seats".
 */
export function importSeatsIo(value: unknown, notes: Notebook): Imported {
  const file = fieldsOf(value)
  const top = fieldsOf(file['subChart'])
  const categories = listOf(fieldsOf(file['categories'])['list'] ?? file['categories']).map(fieldsOf)
  const nameOf = new Map(categories.map(({ key, label }) => [textOf(key), textOf(label)]))
  const chart: Chart = { rows: [], areas: [], shapes: [] }
  readChart(top, '#/subChart', { name: 'Seats', origin: { x: 0, y: 0 } })
  for (const [index, item] of listOf(top['sections']).entries()) {
    const section = fieldsOf(item)
    const at = `#/subChart/sections/${index}`
    const points = listOf(section['points']).flatMap((point) => pointOf(point) ?? [])
    const category = categoryOf(section)
    readChart(fieldsOf(section['subChart']), `${at}/subChart`, {
      name: textOf(section['label']) ?? `Section ${index + 1}`,
      origin: pointOf(section['topLeft']) ?? { x: 0, y: 0 },
      ...(points.length >= 3 ? { outline: points.map(({ x, y }): [number, number] => [x, y]) } : {}),
      ...(category === undefined ? {} : { category }),
    })
  }
  const { sections, scale, locate } = gatherSections(chart, { number: 'label', x: 'x', y: 'y' }, notes)
  const focalPoint = pointOf(top['focalPoint'])
  return {
    value: {
      format: planFormat,
      ...(textOf(file['name']) === undefined ? {} : { name: file['name'] }),
      ...(focalPoint ? { focalPoint: scale(focalPoint.x, focalPoint.y) } : {}),
      categories: categories.map(({ label, color }) => ({
        name: label,
        ...(/^#[0-9a-f]{6}$/i.test(String(color)) ? { color } : {}),
      })),
      shapes: chart.shapes.map(({ shape }) => ({
        ...shape,
        ...(shape.outline ? { outline: scaled(shape.outline, scale) } : {}),
        ...(shape.at ? { at: scale(shape.at.x, shape.at.y) } : {}),
      })),
      sections,
    },
    locate: (pointer) => {
      const [, kind, index] = /^#\/(shapes|categories)\/(\d+)/.exec(pointer) ?? []
      if (kind === 'shapes') return chart.shapes[Number(index)]?.at ?? pointer
      if (kind === 'categories')
        return pointer.replace('#/categories', '#/categories/list').replace(/\/name$/, '/label')
      return pointer === '#/sections' ? '#/subChart' : locate(pointer)
    },
  }

  function categoryOf(item: Fields): string | undefined {
    const key = textOf(item['categoryKey'])
    if (key === undefined) return textOf(item['categoryLabel'])
    return nameOf.get(key) ?? textOf(item['categoryLabel']) ?? key
  }

  function readChart(
    part: Fields,
    at: string,
    area: { name: string; origin: Point; outline?: Outline; category?: string },
  ): void {
    const { name, origin, outline } = area
    for (const kind of ['rows', 'tables'] as const) {
      for (const [r, item] of listOf(part[kind]).entries()) {
        const row = fieldsOf(item)
        const rowAt = `${at}/${kind}/${r}`
        if (row['bookAsAWhole'] === true)
          notes.warn('as-text', rowAt, 'a table that is sold as a whole is sold by the seat here')
        chart.rows.push({
          area: name,
          ...(outline ? { outline } : {}),
          label: row['label'],
          labelAt: `${rowAt}/label`,
          seats: listOf(row['seats']).map((seatItem, s) => readSeat(fieldsOf(seatItem), `${rowAt}/seats/${s}`, row)),
        })
        const centre = pointOf(row['center'])
        if (kind === 'tables' && centre) addTable(row, moved(centre), rowAt)
      }
    }
    for (const [index, item] of listOf(part['generalAdmissionAreas']).entries()) {
      const place = fieldsOf(item)
      const drawn = outlineOf(place, moved)
      const category = categoryOf(place) ?? area.category
      const label = place['label']
      chart.areas.push({
        name: name === 'Seats' || typeof label !== 'string' ? label : `${name} · ${label}`,
        capacity: place['capacity'],
        category,
        ...(drawn ? { outline: drawn } : {}),
        at: `${at}/generalAdmissionAreas/${index}`,
      })
      if (place['bookAsAWhole'] === true)
        notes.warn(
          'as-text',
          `${at}/generalAdmissionAreas/${index}`,
          'an area that is sold as a whole is sold by the place here',
        )
    }
    for (const [index, item] of listOf(part['shapes']).entries()) {
      const shape = fieldsOf(item)
      const drawn = outlineOf(shape, moved)
      const pointer = `${at}/shapes/${index}`
      const text = textOf(shape['label'])
      const kind = shape['smartType'] === 'stage' ? 'stage' : 'area'
      if (drawn) chart.shapes.push({ shape: { kind, outline: drawn, ...(text ? { text } : {}) }, at: pointer })
      else notes.warn('left-out', pointer, 'a shape of a kind that is not known was left out')
    }
    for (const [index, item] of listOf(part['texts']).entries()) {
      const { text, center, ...rest } = fieldsOf(item)
      const [place, words] = [pointOf(center) ?? pointOf(rest), textOf(text)]
      if (place && words)
        chart.shapes.push({ shape: { kind: 'text', at: moved(place), text: words }, at: `${at}/texts/${index}` })
    }
    for (const kind of leftOut) {
      const value = part[kind]
      const count = Array.isArray(value) ? value.length : value ? 1 : 0
      if (count > 0) notes.warn('left-out', `${at}/${kind}`, `${count} of ${kind} were left out`)
    }

    function moved({ x, y }: Point): Point {
      return { x: origin.x + x, y: origin.y + y }
    }

    function readSeat(seat: Fields, pointer: string, row: Fields): ForeignRow['seats'][number] {
      const place = pointOf(seat)
      const { x, y } = place ? moved(place) : { x: seat['x'], y: seat['y'] }
      if (seat['companionSeat'] === true)
        notes.warn(
          'left-out',
          pointer,
          'a companion seat does not say whom it accompanies; it is an ordinary seat here',
        )
      const more = {
        ...(seat['accessible'] === true ? { accessible: true } : {}),
        ...(seat['restrictedView'] === true ? { restrictedView: true } : {}),
      }
      return {
        category: categoryOf(seat) ?? categoryOf(row) ?? area.category,
        number: seat['label'],
        x,
        y,
        more,
        at: pointer,
      }
    }
  }

  function addTable(table: Fields, centre: Point, at: string): void {
    const radius = numberOf(table['radius'])
    const [width, height] = [numberOf(table['width']), numberOf(table['height'])]
    const text = textOf(table['label'])
    const outline =
      radius !== undefined && radius > 0
        ? ellipse(centre, radius, radius)
        : width !== undefined && height !== undefined && width > 0 && height > 0
          ? rectangle(centre, width, height, numberOf(table['rotationAngle']))
          : undefined
    if (outline) chart.shapes.push({ shape: { kind: 'area', outline, ...(text ? { text } : {}) }, at })
  }
}

/** The outline of a circle, a rectangle or a polygon, as seats.io draws shapes and areas. */
function outlineOf(item: Fields, moved: (point: Point) => Point): Outline | undefined {
  const centre = pointOf(item['center'])
  const points = listOf(item['points']).flatMap((point) => pointOf(point) ?? [])
  if (points.length >= 3) return points.map(moved).map(({ x, y }) => [x, y])
  if (!centre) return undefined
  const [radiusX, radiusY] = [numberOf(item['radius1']), numberOf(item['radius2'])]
  if (radiusX !== undefined && radiusY !== undefined && radiusX > 0 && radiusY > 0)
    return ellipse(moved(centre), radiusX, radiusY)
  const [width, height] = [numberOf(item['width']), numberOf(item['height'])]
  if (width === undefined || height === undefined || !(width > 0) || !(height > 0)) return undefined
  return rectangle(moved(centre), width, height, numberOf(item['rotationAngle']))
}
