import type { Body } from '@fairgate/contracts/http/route'
import type { Sale, createSale } from '@fairgate/contracts/http/catalog'
import type { StoredEvent } from './catalog-store.ts'
import { textFault, tidy, type Fault } from './faults.ts'

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
  return { faults, inUse }
}

/** Every reason why a sale cannot be published now. */
export function publishFaults(sale: Sale, event: StoredEvent, now: number): Fault[] {
  const faults: Fault[] = []
  if (sale.method !== 'queue') {
    faults.push({ pointer: '#/method', detail: `a sale by ${sale.method} cannot be published yet, only a queue` })
  }
  if (Date.parse(sale.closesAt) <= now) faults.push({ pointer: '#/closesAt', detail: 'is in the past' })
  const sections = new Map(event.sections.map((section) => [section.id, section]))
  sale.lines.forEach((line, index) => {
    const stock = line.sectionIds.reduce((sum, id) => sum + (sections.get(id)?.capacity ?? 0), 0)
    if (stock === 0) faults.push({ pointer: `#/lines/${index}`, detail: 'has nothing to sell' })
  })
  return faults
}
