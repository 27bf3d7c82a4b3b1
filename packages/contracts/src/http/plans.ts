import { Type, Strict, OneOf, Id, type Static } from '../schema.ts'
import { Money } from '../money.ts'
import { Outline, planFormat, planLimits, Point, Shape } from '../plans/plan.ts'
import { planFormats } from '../plans/formats.ts'
import { Section } from './catalog.ts'
import { route } from './route.ts'

const Note = Strict({
  code: Type.String(),
  where: Type.String({ description: 'JSON pointer, or line and column of a text' }),
  message: Type.String(),
})
const warnings = { warnings: Type.Array(Note), warningsTotal: Type.Integer() }

export const PlanPreview = Strict({
  format: OneOf(planFormats),
  seats: Type.Integer(),
  capacity: Type.Integer({ description: 'seats and the places of open sections' }),
  sections: Type.Array(
    Strict({
      name: Type.String(),
      admission: OneOf(['reserved', 'open']),
      category: Type.Optional(Type.String()),
      capacity: Type.Integer(),
      price: Money,
    }),
  ),
  ...warnings,
})
export type PlanPreview = Static<typeof PlanPreview>

export const PlanImport = Strict({
  planUrl: Type.String(),
  seats: Type.Integer(),
  capacity: Type.Integer(),
  sections: Type.Array(Section),
  ...warnings,
})
export type PlanImport = Static<typeof PlanImport>

export const Bounds = Strict({ left: Type.Number(), top: Type.Number(), right: Type.Number(), bottom: Type.Number() })
export type Bounds = Static<typeof Bounds>

/** What a map draws before it knows a single seat. */
export const PlanDocument = Strict({
  eventId: Type.String(),
  hash: Type.String(),
  format: OneOf([planFormat]),
  name: Type.Optional(Type.String()),
  bounds: Bounds,
  focalPoint: Type.Optional(Point),
  categories: Type.Array(
    Strict({ name: Type.String(), color: Type.Optional(Type.String()), price: Type.Optional(Money) }),
  ),
  shapes: Type.Array(Shape),
  sections: Type.Array(
    Strict({
      id: Type.String(),
      name: Type.String(),
      admission: OneOf(['reserved', 'open']),
      category: Type.Optional(Type.String()),
      capacity: Type.Integer(),
      bounds: Type.Optional(Bounds),
      outline: Type.Optional(Outline),
      focalPoint: Type.Optional(Point),
    }),
  ),
})
export type PlanDocument = Static<typeof PlanDocument>

export const addPlan = route({
  method: 'POST',
  path: '/api/events/{id}/plan',
  caller: 'organiser',
  summary:
    'Make all sections of an event from one seating-plan file (ours, pretix, seats.io, CSV), all or nothing. With `?preview=true` it only says what it would make',
  params: Strict({ id: Id }),
  query: Strict({
    preview: Type.Optional(Type.Boolean()),
    prices: Type.Optional(
      Type.String({
        maxLength: 20_000,
        description: 'JSON object of category name and amount, for files whose categories have no prices',
      }),
    ),
  }),
  rawBody: true,
  answers: { 200: PlanPreview, 201: PlanImport },
  errors: [
    'catalog.event-not-found',
    'catalog.invalid-plan',
    'catalog.plan-exists',
    'catalog.already-published',
    'catalog.in-use',
  ],
  bodyBytesMax: planLimits.fileBytes,
})

export const getPlan = route({
  method: 'GET',
  path: '/api/events/{id}/plan',
  caller: 'anyone',
  summary: 'Shapes, and the outlines of the sections. With `?hash=` of its current content the answer never changes',
  params: Strict({ id: Id }),
  query: Strict({ hash: Type.Optional(Type.String({ maxLength: 64 })) }),
  answers: { 200: PlanDocument },
  errors: ['catalog.event-not-found', 'catalog.plan-not-found'],
  cache: 'public, max-age=60',
})

export const removePlan = route({
  method: 'DELETE',
  path: '/api/events/{id}/plan',
  caller: 'organiser',
  summary: 'Remove the plan with all its sections, while no sale has one of them and none is published',
  params: Strict({ id: Id }),
  answers: { 204: null },
  errors: ['catalog.event-not-found', 'catalog.plan-not-found', 'catalog.already-published', 'catalog.in-use'],
})

export const planRoutes = { addPlan, getPlan, removePlan }
