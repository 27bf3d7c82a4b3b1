import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import type { Query } from '@fairgate/contracts/http/route'
import type { addPlan, Bounds, PlanDocument, PlanImport, PlanPreview } from '@fairgate/contracts/http/plans'
import type { Currency } from '@fairgate/contracts/money'
import {
  planCounts,
  planFormat,
  sectionPrice,
  type Plan,
  type PlanSection,
  type Point,
} from '@fairgate/contracts/plans/plan'
import { readPlan } from '@fairgate/contracts/plans/read'
import type { Caller } from '#platform/access-token'
import { afterCommit, transaction, violatedConstraint } from '#platform/db'
import { keep } from '#platform/keep'
import type { Platform } from '#platform/platform'
import { Problem } from '#platform/problem'
import { mayManage } from './access.ts'
import * as store from './catalog-store.ts'
import type { NewSection } from './catalog-store.ts'
import type { EventCache } from './event-cache.ts'
import * as plans from './plan-store.ts'
import type { StoredPlan } from './plan-store.ts'
import { buildGeometry, seatsOf, type StoredGeometry } from './seat-plan.ts'
import { sectionsMax } from './section.ts'

const zip = promisify(gzip)
const unzip = promisify(gunzip)

/** Plans kept in memory: one of 500 sections with outlines is about 30 kB gzipped. */
const cachedPlansMax = 500

type Deps = Pick<Platform, 'db' | 'ids' | 'metrics'> & { cache: EventCache }

type ServedPlan = { hash: string; bytes: Buffer; isGzip: boolean; isPublished: boolean }

/** Seating plans: all sections of an event from one file, all or nothing. */
export function createSeating({ db, ids, metrics, cache }: Deps) {
  const imports = metrics.counter('fairgate_catalog_plans_total', 'Seating-plan files read', ['format', 'outcome'])
  const known = new Map<string, StoredPlan>()

  async function add(
    caller: Caller,
    eventId: string,
    file: Buffer,
    query: Query<typeof addPlan>,
  ): Promise<{ status: 200; body: PlanPreview } | { status: 201; body: PlanImport }> {
    const event = await store.storedEvent(db, eventId)
    if (!event || !mayManage(caller, event.organiserId)) throw new Problem('catalog.event-not-found')
    if (event.isPublished) throw new Problem('catalog.already-published', { detail: fixedPlan })
    if (event.planUrl) throw new Problem('catalog.plan-exists')

    const read = readPlan(file, { currency: event.currency, prices: readPrices(query.prices) })
    const { plan, format, faults, faultsTotal, warnings, warningsTotal } = read
    imports.add({ format: format ?? 'unknown', outcome: plan ? (query.preview ? 'previewed' : 'read') : 'refused' })
    if (!plan || !format) {
      throw new Problem('catalog.invalid-plan', {
        errors: faults.map(({ code, where, message }) => ({ pointer: where, detail: message, code })),
        errorsTotal: faultsTotal,
        warnings,
        warningsTotal,
      })
    }
    const counts = planCounts(plan)
    if (query.preview) {
      const sections = plan.sections.map((section) => ({
        name: section.name,
        admission: section.admission,
        ...(section.category === undefined ? {} : { category: section.category }),
        ...priced(plan, section, event.currency),
      }))
      return { status: 200, body: { format, ...counts, sections, warnings, warningsTotal } }
    }

    const prepared = await prepare(eventId, plan, event.currency)
    const stored = await buildPlan(
      eventId,
      plan,
      event.currency,
      prepared.map(({ section }) => section),
    )
    await transaction(db, async (tx) => {
      const now = await plans.planForChange(tx, eventId)
      if (!now) throw new Problem('catalog.event-not-found')
      if (now.isPublished) throw new Problem('catalog.already-published', { detail: fixedPlan })
      if (now.hasPlan) throw new Problem('catalog.plan-exists')
      if (now.currency !== event.currency)
        throw new Problem('catalog.in-use', { detail: 'the currency of the event has changed meanwhile' })
      if (now.sections + prepared.length > sectionsMax)
        throw new Problem('catalog.invalid-plan', {
          errors: [
            {
              pointer: '#/sections',
              detail: `an event has at most ${sectionsMax} sections, ${now.sections} are there already`,
              code: 'too-many',
            },
          ],
          errorsTotal: 1,
        })
      await plans.insertPlan(tx, { ...stored, eventId }, prepared)
      afterCommit(tx, () => cache.forget(eventId))
    })
    const sections = prepared.map(({ section, geometry }) => store.sectionDocument(section, geometry.hash))
    return {
      status: 201,
      body: { planUrl: store.planUrl(eventId, stored.hash), ...counts, sections, warnings, warningsTotal },
    }
  }

  /** Draws the geometry of every section, outside any transaction. */
  async function prepare(eventId: string, plan: Plan, currency: Currency) {
    const prepared: { section: NewSection; geometry: StoredGeometry }[] = []
    for (const section of plan.sections) {
      const id = ids('section')
      const focalPoint = section.focalPoint ?? plan.focalPoint
      prepared.push({
        section: {
          id,
          eventId,
          name: section.name,
          admission: section.admission,
          attributes: section.attributes ?? {},
          ...priced(plan, section, currency),
          ...(focalPoint && section.admission === 'reserved' ? { focalPoint } : {}),
        },
        geometry: await buildGeometry(id, seatsOf(section.seats ?? [])),
      })
    }
    return prepared
  }

  async function remove(caller: Caller, eventId: string): Promise<void> {
    const event = await store.storedEvent(db, eventId)
    if (!event || !mayManage(caller, event.organiserId)) throw new Problem('catalog.event-not-found')
    try {
      await transaction(db, async (tx) => {
        const now = await plans.planForChange(tx, eventId)
        if (!now?.hasPlan) throw new Problem('catalog.plan-not-found')
        if (now.isPublished) throw new Problem('catalog.already-published', { detail: fixedPlan })
        await plans.deletePlan(tx, eventId)
        afterCommit(tx, () => cache.forget(eventId))
      })
    } catch (error) {
      if (violatedConstraint(error) !== 'line_sections_section') throw error
      throw new Problem('catalog.in-use', { detail: 'a sale has sections of this plan in its lines' }, { cause: error })
    }
  }

  /** The plan as this caller may see it. */
  async function show(caller: Caller | undefined, eventId: string, takesGzip: boolean): Promise<ServedPlan> {
    const kept = known.get(eventId)
    const { hash, document, isPublished } = kept ? { ...kept, isPublished: true } : await load(caller, eventId)
    return { hash, bytes: takesGzip ? document : await unzip(document), isGzip: takesGzip, isPublished }
  }

  async function load(caller: Caller | undefined, eventId: string) {
    const found = await plans.storedPlan(db, eventId)
    if (!found || !(found.isPublished || mayManage(caller, found.organiserId)))
      throw new Problem('catalog.plan-not-found')
    if (found.isPublished) {
      // A published plan never changes, so it is kept for ever, as far as there is room.
      keep(known, cachedPlansMax, eventId, { hash: found.hash, document: found.document })
    }
    return found
  }

  return { add, remove, show }
}

export type Seating = ReturnType<typeof createSeating>

const fixedPlan = 'a sale of the event is published: its seating plan is fixed'

const priced = (plan: Plan, section: PlanSection, currency: Currency) => ({
  capacity: section.capacity ?? section.seats?.length ?? 0,
  price: { amount: sectionPrice(plan, section)!, currency },
})

/** Amounts by category from the query, or a refusal that says what is wrong with them. */
function readPrices(text: string | undefined): Record<string, number> {
  if (text === undefined) return {}
  const refuse = (detail: string) =>
    new Problem('http.invalid', { errors: [{ pointer: '#/query/prices', detail }], errorsTotal: 1 })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw refuse(`is not JSON: ${(error as Error).message}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw refuse('must be an object of names and amounts')
  for (const [name, amount] of Object.entries(value))
    if (!Number.isSafeInteger(amount)) throw refuse(`the price of ${name} must be a whole number`)
  return value as Record<string, number>
}

/** The document that a map draws from: everything but the seats, with the ids that the sections were given. */
async function buildPlan(
  eventId: string,
  plan: Plan,
  currency: Currency,
  sections: readonly NewSection[],
): Promise<StoredPlan> {
  const drawn = plan.sections.map((section, index) => ({ section, made: sections[index]! }))
  const everywhere = [
    ...(plan.shapes ?? []).flatMap(({ outline, at }) => [...(outline ?? []).map(asPoint), ...(at ? [at] : [])]),
    ...drawn.flatMap(({ section }) => cornersOf(section)),
  ]
  const content: Omit<PlanDocument, 'hash'> = {
    eventId,
    format: planFormat,
    ...(plan.name === undefined ? {} : { name: plan.name }),
    bounds: boundsOf(everywhere) ?? { left: 0, top: 0, right: plan.size?.width ?? 1, bottom: plan.size?.height ?? 1 },
    ...(plan.focalPoint ? { focalPoint: plan.focalPoint } : {}),
    categories: (plan.categories ?? []).map(({ name, color, price }) => ({
      name,
      ...(color === undefined ? {} : { color }),
      ...(price === undefined ? {} : { price: { amount: price, currency } }),
    })),
    shapes: plan.shapes ?? [],
    sections: drawn.map(({ section, made }) => {
      const bounds = boundsOf(cornersOf(section))
      return {
        id: made.id,
        name: made.name,
        admission: made.admission,
        ...(section.category === undefined ? {} : { category: section.category }),
        capacity: made.capacity,
        ...(bounds ? { bounds } : {}),
        ...(section.outline ? { outline: section.outline } : {}),
        ...(made.focalPoint ? { focalPoint: made.focalPoint } : {}),
      }
    }),
  }
  const hash = createHash('sha256').update(JSON.stringify(content)).digest('hex')
  const document: PlanDocument = { ...content, hash }
  return { hash, document: await zip(JSON.stringify(document)) }
}

const asPoint = ([x, y]: readonly [number, number]): Point => ({ x, y })

const cornersOf = ({ outline, seats }: PlanSection): Point[] => [...(outline ?? []).map(asPoint), ...(seats ?? [])]

function boundsOf(points: readonly Point[]): Bounds | undefined {
  if (points.length === 0) return undefined
  const bounds = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity }
  for (const { x, y } of points) {
    bounds.left = Math.min(bounds.left, x)
    bounds.right = Math.max(bounds.right, x)
    bounds.top = Math.min(bounds.top, y)
    bounds.bottom = Math.max(bounds.bottom, y)
  }
  return bounds
}
