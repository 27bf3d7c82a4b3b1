import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import type { Geometry } from '@fairgate/contracts/http/catalog'
import { seatId, seatNumber } from '@fairgate/contracts/ids'
import { seatLabel, type PlanSeat } from '@fairgate/contracts/plans/plan'
import { tidy } from '@fairgate/contracts/plans/text'
import { textFault, type Fault } from './faults.ts'
import type { PlannedSeat } from './plans.ts'

/** A seat with its label, ready to be published. Its number in the section (1…capacity) is its place in the plan. */
export type Seat = {
  label: string
  row: string
  number: string
  x: number
  y: number
  accessible: boolean
  /** Number of the accessible seat that it accompanies. */
  companionOf?: number
  restrictedView?: true
}

/** A section's geometry as it is stored and served. */
export type StoredGeometry = { hash: string; seats: number; document: Buffer }

/** Largest distance of a seat from the middle of the plan, in the plan's own unit. */
const coordinateMax = 100_000

const zip = promisify(gzip)
const unzip = promisify(gunzip)

/** Reads the seats of a plan and finds every fault in it. Time grows with the number of seats, not with its square. */
export function checkPlan(planned: readonly PlannedSeat[]): { seats: Seat[]; faults: Fault[] } {
  const faults: Fault[] = []
  const labels = new Map<string, number>()
  const positions = new Map<string, number>()

  const seats = planned.map(({ row, number, x, y, accessible = false }, index): Seat => {
    const at = `#/seats/${index}`
    const seat = { label: '', row: tidy(row), number: tidy(String(number)), x, y, accessible }
    seat.label = `${seat.row}-${seat.number}`
    let isNamed = true
    for (const name of ['row', 'number'] as const) {
      const fault = seat[name] === '' ? 'is empty' : textFault(seat[name])
      if (fault) faults.push({ pointer: `${at}/${name}`, detail: fault })
      isNamed &&= !fault
    }
    const namesake = labels.get(seat.label)
    if (isNamed && namesake !== undefined) {
      faults.push({ pointer: `${at}/number`, detail: `${seat.label} is already the label of #/seats/${namesake}` })
    } else if (isNamed) labels.set(seat.label, index)

    let isPlaced = true
    for (const name of ['x', 'y'] as const) {
      if (Math.abs(seat[name]) <= coordinateMax) continue
      faults.push({ pointer: `${at}/${name}`, detail: `must be between -${coordinateMax} and ${coordinateMax}` })
      isPlaced = false
    }
    const position = `${x} ${y}`
    const neighbour = positions.get(position)
    if (isPlaced && neighbour !== undefined) {
      faults.push({ pointer: at, detail: `stands exactly where #/seats/${neighbour} stands` })
    } else if (isPlaced) positions.set(position, index)
    return seat
  })
  return { seats, faults }
}

/**
 * The geometry of a section, named by the SHA-256 of its canonical JSON: the seats in order, the members in the order of
 * `Seat`. Kept gzipped as it leaves: 50,000 seats are 6.5 MB of JSON and a ninth of that on the wire.
 */
export async function buildGeometry(sectionId: string, seats: readonly Seat[]): Promise<StoredGeometry> {
  const canonical = seats.map(({ label, row, number, x, y, accessible, companionOf, restrictedView }) => ({
    label,
    row,
    number,
    x,
    y,
    accessible,
    ...(companionOf === undefined ? {} : { companionOf }),
    ...(restrictedView ? { restrictedView } : {}),
  }))
  const hash = createHash('sha256').update(JSON.stringify(canonical)).digest('hex')
  const geometry: Geometry = {
    sectionId,
    hash,
    seats: canonical.map(({ companionOf, ...seat }, index) => ({
      id: seatId(sectionId, index + 1),
      ...seat,
      ...(companionOf === undefined ? {} : { companionOf: seatId(sectionId, companionOf) }),
    })),
  }
  return { hash, seats: seats.length, document: await zip(JSON.stringify(geometry)) }
}

/** The JSON of a stored geometry, for clients that do not take gzip. */
export const plainGeometry = (document: Buffer): Promise<Buffer> => unzip(document)

/** The seats of a stored geometry in order. */
export async function geometrySeats(document: Buffer): Promise<Seat[]> {
  const geometry = JSON.parse((await unzip(document)).toString()) as Geometry
  return geometry.seats.map(({ label, row, number, x, y, accessible, companionOf, restrictedView }) => ({
    label,
    row,
    number,
    x,
    y,
    accessible,
    ...(companionOf === undefined ? {} : { companionOf: seatNumber(geometry.sectionId, companionOf)! }),
    ...(restrictedView ? { restrictedView } : {}),
  }))
}

/** The seats of a checked plan, with companions by their numbers. */
export function seatsOf(planned: readonly PlanSeat[]): Seat[] {
  const numbers = new Map(planned.map((seat, index) => [seatLabel(seat), index + 1]))
  return planned.map(({ row, number, x, y, accessible = false, companionOf, restrictedView }) => {
    const accompanied = companionOf === undefined ? undefined : numbers.get(companionOf)
    return {
      label: seatLabel({ row, number }),
      row,
      number,
      x,
      y,
      accessible,
      ...(accompanied === undefined ? {} : { companionOf: accompanied }),
      ...(restrictedView ? { restrictedView: true } : {}),
    }
  })
}
