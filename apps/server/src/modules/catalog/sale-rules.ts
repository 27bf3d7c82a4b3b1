import type { Body } from '@fairgate/contracts/http/route'
import type { Sale, createSale } from '@fairgate/contracts/http/catalog'
import { tidy } from '@fairgate/contracts/plans/text'
import { auctionFaults } from './auction-rules.ts'
import type { StoredEvent } from './catalog-store.ts'
import { textFault, type Fault } from './faults.ts'

/**
 * Every fault of a new sale, and the sections that another sale has already.
 * @param now  epoch milliseconds: a sale closes later
 */
export function checkSale(
  body: Body<typeof createSale>,
  event: StoredEvent,
  now: number,
): { faults: Fault[]; inUse: Fault[] } {
  const faults: Fault[] = []
  const inUse: Fault[] = []
  const opensAt = Date.parse(body.opensAt)
  const closesAt = Date.parse(body.closesAt)
  if (Number.isNaN(opensAt)) faults.push({ pointer: '#/opensAt', detail: 'is not a moment' })
  if (Number.isNaN(closesAt)) faults.push({ pointer: '#/closesAt', detail: 'is not a moment' })
  if (closesAt <= opensAt) faults.push({ pointer: '#/closesAt', detail: 'must be after opensAt' })
  if (closesAt <= now) faults.push({ pointer: '#/closesAt', detail: 'is in the past' })

  const known = new Set(event.sections.map((section) => section.id))
  const taken = new Set(event.sales.flatMap((sale) => sale.lines.flatMap((line) => line.sectionIds)))
  const lineOf = new Map<string, number>()
  body.lines.forEach((line, lineIndex) => {
    const name = tidy(line.name)
    const nameFault = name === '' ? 'is empty' : textFault(name)
    if (nameFault) faults.push({ pointer: `#/lines/${lineIndex}/name`, detail: nameFault })
    line.sectionIds.forEach((id, index) => {
      const pointer = `#/lines/${lineIndex}/sectionIds/${index}`
      const other = lineOf.get(id)
      if (!known.has(id)) faults.push({ pointer, detail: 'is not a section of this event' })
      else if (other !== undefined) faults.push({ pointer, detail: `is in #/lines/${other} already` })
      else if (taken.has(id)) inUse.push({ pointer, detail: 'is in another sale already' })
      lineOf.set(id, lineIndex)
    })
  })
  faults.push(...methodFaults(body), ...auctionFaults(body, event))
  return { faults, inUse }
}

/** What each method asks for beside times, limits and lines. */
function methodFaults(body: Body<typeof createSale>): Fault[] {
  const faults: Fault[] = []
  if (body.method === 'queue') {
    body.lines.forEach((line, index) => {
      for (const name of ['shoppersMax', 'admitPerMinute'] as const)
        if (line[name] === undefined)
          faults.push({ pointer: `#/lines/${index}/${name}`, detail: 'is needed for a queue' })
    })
  }
  if (body.method !== 'ballot') {
    if (body.ballot) faults.push({ pointer: '#/ballot', detail: 'goes with the method ballot only' })
    body.lines.forEach((line, index) => {
      if (line.course !== undefined)
        faults.push({ pointer: `#/lines/${index}/course`, detail: 'goes with the method ballot only' })
    })
    return faults
  }
  if (body.order === 'arrival') faults.push({ pointer: '#/order', detail: 'must be draw: a ballot is drawn' })
  if (!body.ballot) return [...faults, { pointer: '#/ballot', detail: 'is needed for a ballot' }]
  const { drawAt, payBySeconds, moves } = body.ballot
  const draw = Date.parse(drawAt)
  if (Number.isNaN(draw)) faults.push({ pointer: '#/ballot/drawAt', detail: 'is not a moment' })
  if (draw <= Date.parse(body.opensAt)) faults.push({ pointer: '#/ballot/drawAt', detail: 'must be after opensAt' })
  if (draw + payBySeconds * 1000 > Date.parse(body.closesAt))
    faults.push({ pointer: '#/closesAt', detail: 'must leave payBySeconds after the draw' })
  if (body.holdSeconds > payBySeconds)
    faults.push({ pointer: '#/ballot/payBySeconds', detail: 'must be at least holdSeconds' })
  body.lines.forEach((line, index) => {
    if (line.course === undefined) return
    const pointer = `#/lines/${index}/course`
    const fault = tidy(line.course) === '' ? 'is empty' : textFault(tidy(line.course))
    if (fault) faults.push({ pointer, detail: fault })
    if (moves === 'none') faults.push({ pointer, detail: 'goes with moves down only' })
  })
  const courses = body.lines.flatMap(({ course }) => (course === undefined ? [] : [tidy(course)]))
  if (moves === 'down' && new Set(courses).size === courses.length)
    faults.push({ pointer: '#/ballot/moves', detail: 'needs a course with two lines or more' })
  return faults
}

/** Every reason why a sale cannot be published now. */
export function publishFaults(sale: Sale, event: StoredEvent, now: number): Fault[] {
  const faults: Fault[] = []
  if (sale.method === 'auction') {
    if (!sale.auction) faults.push({ pointer: '#/auction', detail: 'is needed for an auction' })
    else if (Date.parse(sale.auction.endsAt) <= now)
      faults.push({ pointer: '#/auction/endsAt', detail: 'is in the past' })
  }
  if (sale.method === 'ballot') {
    if (!sale.ballot) faults.push({ pointer: '#/ballot', detail: 'is needed for a ballot' })
    else if (Date.parse(sale.ballot.drawAt) <= now)
      faults.push({ pointer: '#/ballot/drawAt', detail: 'is in the past' })
  }
  if (Date.parse(sale.closesAt) <= now) faults.push({ pointer: '#/closesAt', detail: 'is in the past' })
  const sections = new Map(event.sections.map((section) => [section.id, section]))
  sale.lines.forEach((line, index) => {
    const stock = line.sectionIds.reduce((sum, id) => sum + (sections.get(id)?.capacity ?? 0), 0)
    if (stock === 0) faults.push({ pointer: `#/lines/${index}`, detail: 'has nothing to sell' })
  })
  return faults
}
