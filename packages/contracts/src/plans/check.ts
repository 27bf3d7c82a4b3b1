import { currencyDigits, type Currency } from '../money.ts'
import type { Notebook } from './faults.ts'
import { pointerStep, quoted } from './faults.ts'
import { isInside, polygonFault } from './polygon.ts'
import { characterFault, tidy } from './text.ts'
import {
  planFormat,
  planLimits as limits,
  seatLabel,
  sectionPrice,
  shapeKinds,
  type Category,
  type Outline,
  type Plan,
  type PlanFaultCode,
  type PlanSeat,
  type PlanSection,
  type Point,
  type Shape,
} from './plan.ts'

type Fields = Record<string, unknown>

/**
 * Reads a plan of our own format from a parsed JSON value and names every fault of it at once. Time grows with the
 * number of seats, not with its square.
 * @param options.currency  of the event; a plan in another one is refused
 * @param options.locate  turns a pointer into the plan into the place of the file that it was made from
 * @returns the tidied plan; of no use when there are faults
 */
export function checkPlan(
  value: unknown,
  notes: Notebook,
  options: { currency?: Currency; locate?: (pointer: string) => string } = {},
): Plan {
  const { locate = (pointer) => pointer } = options
  const fault = (code: PlanFaultCode, pointer: string, message: string) => notes.fault(code, locate(pointer), message)
  const read = createReader(fault)
  const plan: Plan = { format: planFormat, sections: [] }
  if (!read.object(value, '#', planMembers)) return plan

  if (value['format'] !== planFormat) fault('unknown-format', '#/format', `must be “${planFormat}”`)
  if (value['name'] !== undefined) plan.name = read.text(value['name'], '#/name', limits.nameLength)
  if (value['currency'] !== undefined) {
    if (typeof value['currency'] === 'string' && value['currency'] in currencyDigits)
      plan.currency = value['currency'] as Currency
    else fault('currency', '#/currency', `must be one of ${Object.keys(currencyDigits).join(', ')}`)
  }
  if (plan.currency && options.currency && plan.currency !== options.currency)
    fault('currency', '#/currency', `must be ${options.currency}, the currency of the event`)
  const size = value['size']
  if (size !== undefined && read.object(size, '#/size', ['width', 'height'])) {
    const [width, height] = [
      read.coordinate(size['width'], '#/size/width'),
      read.coordinate(size['height'], '#/size/height'),
    ]
    if (width <= 0 || height <= 0) fault('coordinate', '#/size', 'must be larger than nothing')
    plan.size = { width, height }
  }
  if (value['focalPoint'] !== undefined) plan.focalPoint = read.point(value['focalPoint'], '#/focalPoint')
  if (value['categories'] !== undefined) plan.categories = readCategories(read, value['categories'])
  if (value['shapes'] !== undefined)
    plan.shapes = read
      .list(value['shapes'], '#/shapes', limits.shapes)
      .map((item, i) => readShape(read, item, `#/shapes/${i}`))

  const categories = new Set(plan.categories?.map(({ name }) => name))
  const names = new Map<string, number>()
  const grid = createGrid()
  let [seats, rows] = [0, 0]
  const items = value['sections'] === undefined ? [] : read.list(value['sections'], '#/sections', limits.sections)
  if (items.length === 0) fault('empty-plan', '#/sections', 'a plan has at least one section')
  for (const [index, item] of items.entries()) {
    const at = `#/sections/${index}`
    if (!read.object(item, at, sectionMembers)) continue
    const section = readSection(read, item, at)
    plan.sections.push(section)
    const first = names.get(section.name)
    if (section.name !== '' && first !== undefined)
      fault(
        'duplicate-section',
        `${at}/name`,
        `${quoted(section.name)} is already the name of ${locate(`#/sections/${first}`)}`,
      )
    else names.set(section.name, index)
    if (section.category !== undefined && section.category !== '' && !categories.has(section.category))
      fault('unknown-category', `${at}/category`, `${quoted(section.category)} is not among the categories`)
    else if (sectionPrice(plan, section) === undefined)
      fault('no-price', at, `section ${quoted(section.name)} has neither a price nor a category with one`)
    seats += section.seats?.length ?? 0
    rows += new Set(section.seats?.map(({ row }) => row)).size
    if (seats <= limits.seats) checkSeats(section, at, grid)
  }
  if (seats > limits.seats)
    fault('too-many', '#/sections', `a plan has at most ${limits.seats} seats, this one ${seats}`)
  if (rows > limits.rows) fault('too-many', '#/sections', `a plan has at most ${limits.rows} rows, this one ${rows}`)
  return plan

  /** What only shows beside the other seats: labels that occur twice, seats on one another, companions of nobody. */
  function checkSeats(section: PlanSection, at: string, near: ReturnType<typeof createGrid>): void {
    const seatsOf = section.seats ?? []
    const labels = new Map<string, number>()
    let outside = 0
    for (const [index, seat] of seatsOf.entries()) {
      const here = `${at}/seats/${index}`
      const label = seatLabel(seat)
      const namesake = labels.get(label)
      if (seat.row !== '' && seat.number !== '') {
        if (namesake === undefined) labels.set(label, index)
        else
          fault(
            'duplicate-seat',
            `${here}/number`,
            `${quoted(label)} is already the label of ${locate(`${at}/seats/${namesake}`)}`,
          )
      }
      if (Number.isFinite(seat.x) && Number.isFinite(seat.y)) {
        const neighbour = near.add(seat, section.name)
        if (neighbour)
          fault(
            'overlap',
            here,
            `is closer than ${limits.seatDistance} seat widths to ${quoted(neighbour.label)} of ${quoted(neighbour.section)}`,
          )
        if (section.outline && !isInside(section.outline, seat.x, seat.y)) outside++
      }
    }
    for (const [index, { companionOf }] of seatsOf.entries()) {
      if (companionOf === undefined) continue
      const pointer = `${at}/seats/${index}/companionOf`
      const target = labels.get(companionOf)
      if (target === undefined) fault('companion', pointer, `there is no seat ${quoted(companionOf)} in this section`)
      else if (target === index) fault('companion', pointer, 'a seat cannot accompany itself')
      else if (!seatsOf[target]!.accessible)
        fault('companion', pointer, `${quoted(companionOf)} is not an accessible seat`)
    }
    if (outside > 0)
      notes.warn(
        'outside-outline',
        locate(`${at}/outline`),
        `${outside} of the seats are outside the outline of ${quoted(section.name)}`,
      )
  }
}

const planMembers = ['format', 'name', 'currency', 'size', 'focalPoint', 'categories', 'shapes', 'sections']
const sectionMembers = [
  'name',
  'admission',
  'category',
  'price',
  'capacity',
  'seats',
  'outline',
  'focalPoint',
  'attributes',
]
const seatMembers = ['row', 'number', 'x', 'y', 'accessible', 'companionOf', 'restrictedView']

type Reader = ReturnType<typeof createReader>

/** Readers of single values: each answers something of the right type and notes what was wrong. */
function createReader(fault: (code: PlanFaultCode, pointer: string, message: string) => void) {
  function object(value: unknown, at: string, members: readonly string[]): value is Fields {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      fault('wrong-type', at, 'must be an object')
      return false
    }
    for (const name in value)
      if (!members.includes(name)) fault('unknown-member', `${at}${pointerStep(name)}`, 'is not known here')
    return true
  }

  function list(value: unknown, at: string, max: number): unknown[] {
    if (!Array.isArray(value)) {
      fault('wrong-type', at, 'must be a list')
      return []
    }
    if (value.length <= max) return value
    fault('too-many', at, `has ${value.length} entries, at most ${max} are allowed`)
    return value.slice(0, max)
  }

  function text(value: unknown, at: string, lengthMax: number, mayBeEmpty = false): string {
    if (value === undefined) {
      fault('missing', at, 'is missing')
      return ''
    }
    if (typeof value !== 'string') {
      fault('wrong-type', at, 'must be text')
      return ''
    }
    const tidied = tidy(value)
    const wrong = characterFault(tidied)
    if (wrong) fault('characters', at, wrong)
    else if (tidied === '' && !mayBeEmpty) fault('missing', at, 'is empty')
    if (tidied.length > lengthMax)
      fault('too-long', at, `has ${tidied.length} characters, at most ${lengthMax} are allowed`)
    return wrong || tidied.length > lengthMax ? '' : tidied
  }

  /** NaN when it is none, so that what comes later can leave it out. */
  function coordinate(value: unknown, at: string): number {
    if (value === undefined) fault('missing', at, 'is missing')
    else if (typeof value !== 'number') fault('wrong-type', at, 'must be a number')
    else if (!(Math.abs(value) <= limits.coordinate))
      fault('coordinate', at, `must be between -${limits.coordinate} and ${limits.coordinate}`)
    else return value
    return NaN
  }

  function price(value: unknown, at: string): number {
    if (typeof value !== 'number') fault('wrong-type', at, 'must be a number')
    else if (value < 0) fault('price', at, 'is negative')
    else if (!Number.isInteger(value)) fault('price', at, 'must be a whole number of the smallest unit of the currency')
    else if (value > limits.priceAmount) fault('price', at, `is larger than ${limits.priceAmount}`)
    else return value
    return 0
  }

  function flag(value: unknown, at: string): boolean {
    if (typeof value !== 'boolean') fault('wrong-type', at, 'must be true or false')
    return value === true
  }

  function point(value: unknown, at: string): Point {
    if (!object(value, at, ['x', 'y'])) return { x: 0, y: 0 }
    return { x: coordinate(value['x'], `${at}/x`), y: coordinate(value['y'], `${at}/y`) }
  }

  function outline(value: unknown, at: string): Outline {
    const corners = list(value, at, limits.outlinePoints).map((corner, index): Outline[number] => {
      if (Array.isArray(corner) && corner.length === 2)
        return [coordinate(corner[0], `${at}/${index}/0`), coordinate(corner[1], `${at}/${index}/1`)]
      fault('polygon', `${at}/${index}`, 'a corner is [x, y]')
      return [NaN, NaN]
    })
    if (corners.every(([x, y]) => Number.isFinite(x) && Number.isFinite(y)) && Array.isArray(value)) {
      const wrong = polygonFault(corners)
      if (wrong) fault('polygon', at, wrong)
    }
    return corners
  }

  return { object, list, text, coordinate, price, flag, point, outline, fault }
}

function readCategories(read: Reader, value: unknown): Category[] {
  const names = new Set<string>()
  return read.list(value, '#/categories', limits.categories).flatMap((item, index) => {
    const at = `#/categories/${index}`
    if (!read.object(item, at, ['name', 'price', 'color'])) return []
    const category: Category = { name: read.text(item['name'], `${at}/name`, limits.nameLength) }
    if (names.has(category.name) && category.name !== '')
      read.fault('duplicate-category', `${at}/name`, `${quoted(category.name)} is there twice`)
    names.add(category.name)
    if (item['price'] !== undefined) category.price = read.price(item['price'], `${at}/price`)
    const { color } = item
    if (typeof color === 'string' && /^#[0-9a-f]{6}$/i.test(color)) category.color = color
    else if (color !== undefined) read.fault('wrong-type', `${at}/color`, 'must be a colour such as #2f6f62')
    return [category]
  })
}

function readShape(read: Reader, value: unknown, at: string): Shape {
  const shape: Shape = { kind: 'area' }
  if (!read.object(value, at, ['kind', 'outline', 'at', 'text'])) return shape
  const { kind } = value
  if (kind === undefined) read.fault('missing', `${at}/kind`, 'is missing')
  else if (!shapeKinds.includes(kind as Shape['kind']))
    read.fault('wrong-type', `${at}/kind`, `must be one of ${shapeKinds.join(', ')}`)
  else shape.kind = kind as Shape['kind']
  if (value['outline'] !== undefined) shape.outline = read.outline(value['outline'], `${at}/outline`)
  if (value['at'] !== undefined) shape.at = read.point(value['at'], `${at}/at`)
  if (value['text'] !== undefined) shape.text = read.text(value['text'], `${at}/text`, limits.textLength, true)
  if (shape.kind === 'text' && !(shape.at && shape.text)) read.fault('missing', at, 'a text needs at and text')
  if (shape.kind !== 'text' && !shape.outline) read.fault('missing', `${at}/outline`, `of a ${shape.kind} is missing`)
  return shape
}

function readSection(read: Reader, item: Fields, at: string): PlanSection {
  const { admission } = item
  const section: PlanSection = {
    name: read.text(item['name'], `${at}/name`, limits.nameLength),
    admission: admission === 'open' ? 'open' : 'reserved',
  }
  if (admission === undefined) read.fault('missing', `${at}/admission`, 'is missing')
  else if (admission !== 'open' && admission !== 'reserved')
    read.fault('wrong-type', `${at}/admission`, 'must be reserved or open')
  if (item['category'] !== undefined)
    section.category = read.text(item['category'], `${at}/category`, limits.nameLength)
  if (item['price'] !== undefined) section.price = read.price(item['price'], `${at}/price`)
  if (item['outline'] !== undefined) section.outline = read.outline(item['outline'], `${at}/outline`)
  if (item['focalPoint'] !== undefined) section.focalPoint = read.point(item['focalPoint'], `${at}/focalPoint`)
  if (item['attributes'] !== undefined)
    section.attributes = readAttributes(read, item['attributes'], `${at}/attributes`)
  const { capacity, seats } = item
  if (section.admission === 'open') {
    if (seats !== undefined) read.fault('capacity', `${at}/seats`, 'an open section has a capacity, no seats')
    if (capacity === undefined) read.fault('missing', `${at}/capacity`, 'an open section needs a capacity')
    else if (!Number.isInteger(capacity) || (capacity as number) < 1 || (capacity as number) > limits.capacity)
      read.fault('capacity', `${at}/capacity`, `must be a whole number from 1 to ${limits.capacity}`)
    else section.capacity = capacity as number
    return section
  }
  if (seats === undefined) read.fault('missing', `${at}/seats`, 'a reserved section needs its seats')
  else {
    // What is over the limit of the plan is counted there, for all sections together.
    const list = read.list(seats, `${at}/seats`, Infinity)
    if (list.length === 0 && Array.isArray(seats))
      read.fault('missing', `${at}/seats`, 'a reserved section has at least one seat')
    section.seats = list
      .slice(0, limits.seats + 1)
      .flatMap((seat, index) => readSeat(read, seat, `${at}/seats/${index}`))
  }
  if (capacity !== undefined && capacity !== section.seats?.length)
    read.fault('capacity', `${at}/capacity`, `is not the number of seats, ${section.seats?.length ?? 0}`)
  return section
}

function readSeat(read: Reader, value: unknown, at: string): PlanSeat[] {
  if (!read.object(value, at, seatMembers)) return []
  const { accessible, companionOf, restrictedView } = value
  const seat: PlanSeat = {
    row: read.text(value['row'], `${at}/row`, limits.labelLength),
    number: read.text(
      typeof value['number'] === 'number' ? String(value['number']) : value['number'],
      `${at}/number`,
      limits.labelLength,
    ),
    x: read.coordinate(value['x'], `${at}/x`),
    y: read.coordinate(value['y'], `${at}/y`),
  }
  if (accessible !== undefined && read.flag(accessible, `${at}/accessible`)) seat.accessible = true
  if (companionOf !== undefined)
    seat.companionOf = read.text(companionOf, `${at}/companionOf`, limits.labelLength * 2 + 1)
  if (restrictedView !== undefined && read.flag(restrictedView, `${at}/restrictedView`)) seat.restrictedView = true
  return [seat]
}

function readAttributes(read: Reader, value: unknown, at: string): NonNullable<PlanSection['attributes']> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    read.fault('wrong-type', at, 'must be an object')
    return {}
  }
  const entries = Object.entries(value)
  if (entries.length > limits.attributes) read.fault('too-many', at, `has more than ${limits.attributes} members`)
  return Object.fromEntries(
    entries.slice(0, limits.attributes).map(([name, given]) => {
      const pointer = `${at}${pointerStep(name)}`
      const key = read.text(name, pointer, limits.attributeNameLength)
      if (typeof given === 'string') return [key, read.text(given, pointer, limits.textLength, true)]
      const isPlain = typeof given === 'boolean' || (typeof given === 'number' && Number.isFinite(given))
      if (!isPlain) read.fault('wrong-type', pointer, 'must be text, a number, true or false')
      return [key, isPlain ? (given as number | boolean) : '']
    }),
  )
}

/**
 * Finds seats that are too near each other. Seats that overlap are not added, so a cell holds few and each seat is
 * compared with a bounded number of others.
 */
function createGrid() {
  const cells = new Map<number, { label: string; section: string; x: number; y: number }[]>()
  const cellOf = (value: number) => Math.floor(value / limits.seatDistance)
  const width = 2 * Math.ceil(limits.coordinate / limits.seatDistance) + 4
  return {
    /** @returns the seat that is in the way, or undefined when the seat was added */
    add(seat: PlanSeat, section: string): { label: string; section: string } | undefined {
      const [column, line] = [cellOf(seat.x), cellOf(seat.y)]
      for (let dx = -1; dx <= 1; dx++)
        for (let dy = -1; dy <= 1; dy++)
          for (const other of cells.get((column + dx) * width + line + dy) ?? [])
            if (Math.hypot(other.x - seat.x, other.y - seat.y) < limits.seatDistance) return other
      const key = column * width + line
      const added = { label: seatLabel(seat), section, x: seat.x, y: seat.y }
      const cell = cells.get(key)
      if (cell) cell.push(added)
      else cells.set(key, [added])
      return undefined
    },
  }
}
