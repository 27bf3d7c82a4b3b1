import type { Body } from '@fairgate/contracts/http/route'
import type { addSection } from '@fairgate/contracts/http/catalog'

export type SeatInput = NonNullable<Body<typeof addSection>['seats']>[number]

export type PlanShape = { rows: number; seatsPerRow: number; aisleAfter: number | undefined; curved: boolean }

/** More faults than these help nobody. */
export const faultsShownMax = 20

/** A, B … Z, AA, AB … */
export function rowName(index: number): string {
  let name = ''
  for (let rest = index; rest >= 0; rest = Math.floor(rest / 26) - 1)
    name = String.fromCharCode(65 + (rest % 26)) + name
  return name
}

/** Seats in rows before a stage at the top, one unit apart, two at the aisle. Bent rows turn their ends to the stage. */
export function generatePlan({ rows, seatsPerRow, aisleAfter, curved }: PlanShape): SeatInput[] {
  const aisle = aisleAfter !== undefined && aisleAfter > 0 && aisleAfter < seatsPerRow ? aisleAfter : undefined
  const width = seatsPerRow - 1 + (aisle === undefined ? 0 : 1)
  // Gentle enough that neighbours stay apart: a row is a sixth of a circle at most.
  const radius = Math.max(width, 8)
  const seats: SeatInput[] = []
  for (let row = 0; row < rows; row++) {
    for (let number = 1; number <= seatsPerRow; number++) {
      const along = number - 1 + (aisle !== undefined && number > aisle ? 1 : 0) - width / 2
      const angle = along / (radius + row)
      const x = curved ? (radius + row) * Math.sin(angle) : along
      const y = curved ? (radius + row) * Math.cos(angle) - radius : row
      seats.push({ row: rowName(row), number: String(number), x: hundredths(x), y: hundredths(y) })
    }
  }
  return seats
}

const hundredths = (value: number): number => Math.round(value * 100) / 100

/** `at` is the line of a CSV or the place in a JSON array, from 1; 0 is the file as a whole. */
export type PlanFault =
  | { at: number; kind: 'missing'; fields: string }
  | { at: number; kind: 'twice'; label: string; first: number }
  | { at: 0; kind: 'unreadable'; detail: string }
  | { at: 0; kind: 'empty' }

export type ParsedPlan = { seats: SeatInput[]; faults: PlanFault[] }

/** Reads a seating plan, CSV with a header or a JSON array (or `{"seats": […]}`), and names every fault with its line. */
export function parsePlan(text: string): ParsedPlan {
  const trimmed = text.replace(/^\uFEFF/, '').trim()
  return trimmed.startsWith('[') || trimmed.startsWith('{') ? parseJson(trimmed) : parseCsv(trimmed)
}

function parseJson(text: string): ParsedPlan {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return { seats: [], faults: [{ at: 0, kind: 'unreadable', detail: (error as Error).message }] }
  }
  const list = Array.isArray(value) ? value : (value as { seats?: unknown }).seats
  if (!Array.isArray(list))
    return { seats: [], faults: [{ at: 0, kind: 'unreadable', detail: '[…] | {"seats": […]}' }] }
  return collect(
    list.map((item: unknown, index) => ({ at: index + 1, fields: (item ?? {}) as Record<string, unknown> })),
  )
}

function parseCsv(text: string): ParsedPlan {
  const lines = text.split(/\r?\n/)
  const header = (lines[0] ?? '').split(/[,;\t]/).map((name) => unquoted(name).toLowerCase())
  const missing = ['row', 'number', 'x', 'y'].filter((name) => !header.includes(name))
  if (missing.length > 0) return { seats: [], faults: [{ at: 1, kind: 'missing', fields: missing.join(', ') }] }
  const records = lines.slice(1).flatMap((line, index) => {
    if (line.trim() === '') return []
    const cells = line.split(/[,;\t]/).map(unquoted)
    return [
      {
        at: index + 2,
        fields: Object.fromEntries(header.map((name, column) => [name, cells[column] ?? ''])),
      },
    ]
  })
  return collect(records)
}

const unquoted = (cell: string): string => cell.trim().replace(/^"(.*)"$/, '$1')

function collect(records: { at: number; fields: Record<string, unknown> }[]): ParsedPlan {
  const seats: SeatInput[] = []
  const faults: PlanFault[] = []
  const seen = new Map<string, number>()
  for (const { at, fields } of records) {
    const row = textOf(fields['row'])
    const number = textOf(fields['number'])
    const [x, y] = [numberOf(fields['x']), numberOf(fields['y'])]
    const wrong = [
      row ? '' : 'row',
      number ? '' : 'number',
      x === undefined ? 'x' : '',
      y === undefined ? 'y' : '',
    ].filter(Boolean)
    if (wrong.length > 0 || x === undefined || y === undefined) {
      faults.push({ at, kind: 'missing', fields: wrong.join(', ') })
      continue
    }
    const label = `${row}-${number}`
    const first = seen.get(label)
    if (first) {
      faults.push({ at, kind: 'twice', label, first })
      continue
    }
    seen.set(label, at)
    const accessible = /^(true|1|yes|y|예)$/i.test(textOf(fields['accessible']))
    seats.push({ row, number, x, y, ...(accessible ? { accessible } : {}) })
  }
  if (records.length === 0) faults.push({ at: 0, kind: 'empty' })
  return { seats, faults }
}

const textOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value).trim() : ''

function numberOf(value: unknown): number | undefined {
  const text = textOf(value)
  const number = Number(text)
  return text !== '' && Number.isFinite(number) ? number : undefined
}
