import type { Currency } from '../money.ts'
import { parseCsv } from './csv-table.ts'
import { quoted, type Notebook } from './faults.ts'
import { planFormat, planLimits } from './plan.ts'
import type { Imported } from './read.ts'
import { hundredths, rowPitch } from './rows.ts'
import { tidy } from './text.ts'

/** Columns by the names that they may have in the first line. */
const columns = {
  section: ['section', 'block', 'zone', '구역', '섹션', '블록'],
  row: ['row', '열', '행'],
  number: ['number', 'seat', 'seat_number', '번호', '좌석', '좌석번호'],
  x: ['x'],
  y: ['y'],
  price: ['price', '가격', '금액'],
  category: ['category', 'grade', '등급', '카테고리'],
  accessible: ['accessible', 'wheelchair', '휠체어', '휠체어석'],
  companionOf: ['companionof', 'companion_of', 'companion', '동반'],
  restrictedView: ['restrictedview', 'restricted_view', '시야제한', '시야장애'],
  capacity: ['capacity', '정원', '수용인원'],
} as const
type Column = keyof typeof columns

type Cells = { line: number; text: (column: Column) => string; at: (column: Column) => string }
type Section = { name: string; line: number; price: Cells; seats: object[]; lines: Cells[]; capacity?: Cells }

/** The header, and a line for each seat and each open section. */
const linesMax = planLimits.seats + planLimits.sections + 1
const columnsMax = 200

/** Between two sections that are laid out here, in seat widths. */
const gangway = 4

/**
 * A table with a line for each seat: section, row and number, and perhaps x and y, price, category, accessible,
 * companionOf, restrictedView. A line with a capacity and without row and number is an open section. Without x and y the
 * rows are laid out straight, section beside section.
 */
export function importCsv(text: string, notes: Notebook, currency: Currency | undefined): Imported | undefined {
  const [header, ...records] = parseCsv(text, notes, linesMax)
  const places = readHeader(header?.cells ?? [], notes)
  if (!places || records.length >= linesMax) return undefined
  const has = (column: Column) => places.has(column)
  const prices = createPrices(notes, currency)
  const sections = new Map<string, Section>()
  for (const { line, cells } of records) {
    if (cells.length > (header?.cells.length ?? 0))
      notes.fault('csv-shape', `line ${line}`, `has ${cells.length} cells, the first line has ${header?.cells.length}`)
    const at = (column: Column) => (has(column) ? `line ${line}, column ${places.get(column)! + 1}` : `line ${line}`)
    const row: Cells = { line, at, text: (column) => tidy(cells[places.get(column) ?? -1] ?? '') }
    warnOfFormulas(row, notes)
    const name = has('section') ? row.text('section') : 'Seats'
    const section = sections.get(name) ?? { name, line, price: row, seats: [], lines: [] }
    sections.set(name, section)
    for (const column of ['price', 'category'] as const)
      if (section.price !== row && row.text(column) !== section.price.text(column))
        notes.fault(
          'price',
          at(column),
          `section ${quoted(name)} has another ${column} in line ${section.line}: a section has one price`,
        )
    if (row.text('capacity') !== '' && row.text('row') === '' && row.text('number') === '') {
      if (section.capacity || section.seats.length > 0)
        notes.fault('capacity', at('capacity'), `section ${quoted(name)} is there already, in line ${section.line}`)
      section.capacity = row
      continue
    }
    section.lines.push(row)
    section.seats.push({
      row: row.text('row'),
      number: row.text('number'),
      ...(has('x') ? { x: numberOf(row, 'x', notes), y: numberOf(row, 'y', notes) } : {}),
      ...flag(row, 'accessible', notes),
      ...flag(row, 'restrictedView', notes),
      ...(row.text('companionOf') === '' ? {} : { companionOf: row.text('companionOf') }),
    })
  }
  const made = [...sections.values()]
  if (!has('x') && made.some(({ seats }) => seats.length > 0)) {
    layOut(made)
    notes.warn(
      'laid-out',
      'line 1',
      'there are no columns x and y: the rows were laid out straight, section beside section',
    )
  }
  const categories = new Map<string, object>()
  for (const { price } of made) {
    const name = price.text('category')
    if (name === '' || categories.has(name)) continue
    categories.set(name, { name })
  }
  const value = {
    format: planFormat,
    categories: [...categories.values()],
    sections: made.map(({ name, price, seats, capacity }) => ({
      name,
      ...(price.text('category') === '' ? {} : { category: price.text('category') }),
      ...(price.text('price') === '' ? {} : { price: prices(price) }),
      ...(capacity && seats.length === 0
        ? { admission: 'open', capacity: numberOf(capacity, 'capacity', notes) }
        : { admission: 'reserved', seats }),
    })),
  }
  return { value, locate: (pointer) => locate(pointer, made) }
}

function readHeader(cells: readonly string[], notes: Notebook): Map<Column, number> | undefined {
  const places = new Map<Column, number>()
  if (cells.length > columnsMax) {
    notes.fault('csv-header', 'line 1', `has ${cells.length} columns, at most ${columnsMax} are allowed`)
    return undefined
  }
  for (const [index, cell] of cells.entries()) {
    const name = tidy(cell).toLowerCase().replace(/\s/g, '')
    const column = (Object.keys(columns) as Column[]).find((key) => (columns[key] as readonly string[]).includes(name))
    const at = `line 1, column ${index + 1}`
    if (!column) notes.warn('left-out', at, `column ${quoted(cell)} is not known and was left out`)
    else if (places.has(column)) notes.fault('csv-header', at, `column ${quoted(cell)} is there twice`)
    else places.set(column, index)
  }
  const missing = (['row', 'number'] as const).filter((column) => !places.has(column) && !places.has('capacity'))
  if (missing.length > 0)
    notes.fault('csv-header', 'line 1', `the first line must name the columns; ${missing.join(' and ')} is missing`)
  if (places.has('x') !== places.has('y')) notes.fault('csv-header', 'line 1', 'x and y come together')
  return missing.length > 0 ? undefined : places
}

/** A cell that a spreadsheet would run. Here it is text, and shown as such. */
function warnOfFormulas({ text, at }: Cells, notes: Notebook): void {
  for (const column of ['section', 'row', 'number', 'category'] as const)
    if (/^[=+@]|^-[^\d]/.test(text(column)))
      notes.warn('as-text', at(column), `${quoted(text(column))} looks like a formula and is kept as text`)
}

/** A number, or what was there instead, so that the check of the plan can say what is wrong with it. */
function numberOf({ text, at }: Cells, column: Column, notes: Notebook): number | undefined {
  const cell = text(column)
  if (cell === '') return undefined
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(cell)) return Number(cell)
  notes.fault('wrong-type', at(column), `${quoted(cell)} is not a number`)
  return 0
}

/** An amount in minor units: digits, perhaps grouped, and perhaps the event's own currency beside them. */
function createPrices(notes: Notebook, currency: Currency | undefined) {
  const signs: Record<string, Currency> = {
    '₩': 'KRW',
    '￦': 'KRW',
    원: 'KRW',
    $: 'USD',
    '€': 'EUR',
    '£': 'GBP',
    '¥': 'JPY',
  }
  return ({ text, at }: Cells): number | undefined => {
    const cell = text('price')
    const mark = /[A-Z]{3}|[₩￦원$€£¥]/.exec(cell)?.[0]
    const marked = mark === undefined ? undefined : (signs[mark] ?? mark)
    if (marked !== undefined && currency !== undefined && marked !== currency) {
      notes.fault('currency', at('price'), `${quoted(cell)} is in ${marked}, the event is in ${currency}`)
      return 0
    }
    const bare = cell.replace(mark ?? '', '').trim()
    const digits = /^[+-]?\d{1,3}(,\d{3})+$/.test(bare) ? bare.replaceAll(',', '') : bare
    if (/^[+-]?\d+(\.\d+)?$/.test(digits)) return Number(digits)
    notes.fault('price', at('price'), `${quoted(cell)} is not an amount in the smallest unit of the currency`)
    return 0
  }
}

function flag({ text, at }: Cells, column: 'accessible' | 'restrictedView', notes: Notebook): object {
  const cell = text(column)
  if (/^(true|1|yes|y|o|예)$/i.test(cell)) return { [column]: true }
  if (!/^(false|0|no|n|x|아니오|)$/i.test(cell))
    notes.fault('wrong-type', at(column), `${quoted(cell)} is neither yes nor no`)
  return {}
}

/** Straight rows in the order of the file, seats one width apart, sections from left to right, never beyond the limit. */
function layOut(sections: readonly Section[]): void {
  let left = 0
  for (const { seats } of sections) {
    const rows = new Map<string, number>()
    const filled = new Map<string, number>()
    let width = 0
    for (const seat of seats as { row: string; x?: number; y?: number }[]) {
      if (!rows.has(seat.row)) rows.set(seat.row, rows.size)
      const along = filled.get(seat.row) ?? 0
      filled.set(seat.row, along + 1)
      width = Math.max(width, along + 1)
      seat.x = left + along
      seat.y = hundredths(Math.min(rows.get(seat.row)! * rowPitch, planLimits.coordinate))
    }
    left += width + gangway
  }
}

/** The line and column that a part of the plan came from. */
function locate(pointer: string, sections: readonly Section[]): string {
  const seat = /^#\/sections\/(\d+)\/seats\/(\d+)(?:\/(\w+))?/.exec(pointer)
  if (seat) {
    const cells = sections[Number(seat[1])]?.lines[Number(seat[2])]
    return cells === undefined ? pointer : seat[3] === undefined ? `line ${cells.line}` : cells.at(seat[3] as Column)
  }
  const section = /^#\/sections\/(\d+)(?:\/(\w+))?/.exec(pointer)
  const found = section && sections[Number(section[1])]
  if (found) {
    const cells = section[2] === 'capacity' ? (found.capacity ?? found.price) : found.price
    const column = section[2] === 'name' ? 'section' : (section[2] as Column | undefined)
    return column !== undefined && column in columns ? cells.at(column) : `line ${found.line}`
  }
  const category = /^#\/categories\/(\d+)/.exec(pointer)
  return category
    ? (sections.find(({ price }) => price.text('category') !== '')?.price.at('category') ?? 'line 1')
    : 'line 1'
}
