import type { Body } from '@fairgate/contracts/http/route'
import type { Section, addSection } from '@fairgate/contracts/http/catalog'
import type { Currency, Money } from '@fairgate/contracts/money'
import { tidy } from '@fairgate/contracts/plans/text'
import type { Caller } from '#platform/access-token'
import { transaction, violatedConstraint, type Tx } from '#platform/db'
import type { Platform } from '#platform/platform'
import { Problem } from '#platform/problem'
import { mayManage } from './access.ts'
import * as store from './catalog-store.ts'
import type { NewSection } from './catalog-store.ts'
import type { EventCache } from './event-cache.ts'
import { refuseFaults, textFault, type Fault } from './faults.ts'
import { buildGeometry, checkPlan, plainGeometry, type Seat, type StoredGeometry } from './seat-plan.ts'

export const sectionsMax = 500
const attributesMax = 50
const attributeNameMax = 60
const attributeTextMax = 200
/** Geometries kept in memory, counted gzipped. */
const cachedBytesMax = 64 * 1024 * 1024

type SeatsDocument = { hash: string; bytes: Buffer; isGzip: boolean; isPublished: boolean }

/** A section that was checked, with the document of its seats. */
type Prepared = { section: NewSection; geometry: StoredGeometry }

type Deps = Pick<Platform, 'db' | 'ids' | 'metrics'> & { cache: EventCache }

export function createSections({ db, ids, metrics, cache }: Deps) {
  const refusedPlans = metrics.counter('fairgate_catalog_plans_refused_total', 'Sections refused because of faults')
  const geometries = createGeometryCache()

  /** Checks a section and draws its geometry, outside any transaction: 100,000 seats take 0.4 s. */
  async function prepare(eventId: string, currency: Currency, body: Body<typeof addSection>): Promise<Prepared> {
    const { section, seats, faults } = checkSection(body, currency)
    if (faults.length > 0) refusedPlans.add({})
    refuseFaults('catalog.invalid-plan', faults)
    const id = ids('section')
    return { section: { ...section, id, eventId }, geometry: await buildGeometry(id, seats) }
  }

  const insert = (tx: Tx, { section, geometry }: Prepared): Promise<void> => store.insertSection(tx, section, geometry)

  async function add(caller: Caller, eventId: string, body: Body<typeof addSection>): Promise<Section> {
    const event = await store.storedEvent(db, eventId)
    if (!event || !mayManage(caller, event.organiserId)) throw new Problem('catalog.event-not-found')
    if (event.sections.length >= sectionsMax) {
      refuseFaults('catalog.invalid-plan', [{ pointer: '#', detail: `an event has at most ${sectionsMax} sections` }])
    }
    const prepared = await prepare(eventId, event.currency, body)
    try {
      await transaction(db, (tx) => insert(tx, prepared))
    } catch (error) {
      if (violatedConstraint(error) !== 'sections_currency') throw error
      throw new Problem(
        'catalog.in-use',
        { detail: 'the currency of the event has changed meanwhile' },
        { cause: error },
      )
    }
    cache.forget(eventId)
    return store.sectionDocument(prepared.section, prepared.geometry.hash)
  }

  async function remove(caller: Caller, id: string): Promise<void> {
    const owner = await store.sectionOwner(db, id)
    if (!owner || !mayManage(caller, owner.organiserId)) throw new Problem('catalog.section-not-found')
    if (owner.isPlanned) {
      throw new Problem('catalog.in-use', { detail: 'the section is part of the seating plan: remove the plan' })
    }
    try {
      await store.deleteSection(db, id)
    } catch (error) {
      if (violatedConstraint(error) !== 'line_sections_section') throw error
      throw new Problem('catalog.in-use', { detail: 'a sale has this section in one of its lines' }, { cause: error })
    }
    cache.forget(owner.eventId)
  }

  /** The seats of a section as this caller may see them. An open section has none. */
  async function seats(caller: Caller | undefined, id: string, takesGzip: boolean): Promise<SeatsDocument> {
    const known = geometries.get(id)
    const { geometry, isPublished } = known ? { geometry: known, isPublished: true } : await loadSeats(caller, id)
    const bytes = takesGzip ? geometry.document : await plainGeometry(geometry.document)
    return { hash: geometry.hash, bytes, isGzip: takesGzip, isPublished }
  }

  async function loadSeats(caller: Caller | undefined, id: string) {
    const owner = await store.sectionOwner(db, id)
    if (!owner || !(owner.isPublished || mayManage(caller, owner.organiserId))) {
      throw new Problem('catalog.section-not-found')
    }
    const geometry = await store.geometryOf(db, id)
    // A section on sale can neither be removed nor become a draft again.
    if (owner.isOnSale) geometries.set(id, geometry)
    return { geometry, isPublished: owner.isPublished }
  }

  return { prepare, insert, add, remove, seats }
}

export type Sections = ReturnType<typeof createSections>

/** Tidies a section and finds every fault in it. An amount alone is in the currency of the event. */
function checkSection(
  body: Body<typeof addSection>,
  currency: Currency,
): { section: Omit<NewSection, 'id' | 'eventId'>; seats: Seat[]; faults: Fault[] } {
  const faults: Fault[] = []
  const name = tidy(body.name)
  const nameFault = name === '' ? 'is empty' : textFault(name)
  if (nameFault) faults.push({ pointer: '#/name', detail: nameFault })

  const price: Money = typeof body.price === 'number' ? { amount: body.price, currency } : body.price
  if (price.currency !== currency) {
    faults.push({ pointer: '#/price/currency', detail: `must be ${currency}, the currency of the event` })
  }
  const attributes = body.attributes ?? {}
  faults.push(...attributeFaults(attributes))

  const isReserved = body.admission === 'reserved'
  if (isReserved && !body.seats) faults.push({ pointer: '#/seats', detail: 'a reserved section needs its seats' })
  if (!isReserved && body.seats) faults.push({ pointer: '#/seats', detail: 'an open section has a capacity, no seats' })
  if (!isReserved && body.capacity === undefined)
    faults.push({ pointer: '#/capacity', detail: 'an open section needs a capacity' })
  if (isReserved && body.seats && body.capacity !== undefined && body.capacity !== body.seats.length) {
    faults.push({ pointer: '#/capacity', detail: `is not the number of seats, ${body.seats.length}` })
  }
  const plan = checkPlan(body.seats ?? [])
  faults.push(...plan.faults)
  const capacity = isReserved ? plan.seats.length : (body.capacity ?? 0)
  return { section: { name, admission: body.admission, capacity, price, attributes }, seats: plan.seats, faults }
}

function attributeFaults(attributes: NewSection['attributes']): Fault[] {
  const faults: Fault[] = []
  const entries = Object.entries(attributes)
  if (entries.length > attributesMax)
    faults.push({ pointer: '#/attributes', detail: `has more than ${attributesMax} members` })
  for (const [name, value] of entries.slice(0, attributesMax)) {
    const pointer = `#/attributes/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
    const text = typeof value === 'string' ? value : ''
    const fault = textFault(name) ?? textFault(text)
    if (fault) faults.push({ pointer, detail: fault })
    if (name === '' || name.length > attributeNameMax)
      faults.push({ pointer: '#/attributes', detail: `a name has 1 to ${attributeNameMax} characters` })
    if (text.length > attributeTextMax)
      faults.push({ pointer, detail: `is longer than ${attributeTextMax} characters` })
  }
  return faults
}

/** Remembers the geometries used last, up to a number of bytes. */
function createGeometryCache() {
  const entries = new Map<string, StoredGeometry>()
  let bytes = 0
  const remove = (id: string) => {
    bytes -= entries.get(id)?.document.length ?? 0
    entries.delete(id)
  }
  return {
    get(id: string): StoredGeometry | undefined {
      const found = entries.get(id)
      if (!found) return undefined
      entries.delete(id)
      entries.set(id, found)
      return found
    },
    set(id: string, geometry: StoredGeometry): void {
      remove(id)
      entries.set(id, geometry)
      bytes += geometry.document.length
      for (const oldest of entries.keys()) {
        if (bytes <= cachedBytesMax) break
        remove(oldest)
      }
    },
  }
}
