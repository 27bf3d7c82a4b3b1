import { Type, Strict, Id, type Static } from '../schema.ts'
import { Availability } from './inventory.ts'
import { route } from './route.ts'

const counts = {
  free: Type.Integer(),
  held: Type.Integer({ description: 'held or being paid for' }),
  sold: Type.Integer(),
  blocked: Type.Integer(),
}

export const SaleAvailability = Strict({
  saleId: Type.String(),
  sections: Type.Array(Strict({ sectionId: Type.String(), version: Type.Integer(), ...counts })),
})
export type SaleAvailability = Static<typeof SaleAvailability>

export const SeatChanges = Strict({
  sectionId: Type.String(),
  from: Type.Integer({ description: 'the version that the reader must have' }),
  to: Type.Integer(),
  ...counts,
  changes: Type.String({
    description:
      'base64 of one LEB128 varint for each changed seat: (unchanged seats since the last one) × 4 + its new state; empty for open sections',
  }),
})
export type SeatChanges = Static<typeof SeatChanges>

/**
 * One message of a stream. The first has a snapshot of every section. A reader keeps each section's version: of a change
 * it applies those `from` its version, passes by those `to` its version or less, and after any other opens the stream
 * anew, because it has missed one.
 */
export const AvailabilityUpdate = Strict({
  snapshots: Type.Array(Availability, { description: 'open sections have an empty status here' }),
  changes: Type.Array(SeatChanges),
})
export type AvailabilityUpdate = Static<typeof AvailabilityUpdate>

const params = Strict({ id: Id })

export const availabilityEvents = route({
  method: 'GET',
  path: '/api/sections/{id}/availability/events',
  caller: 'anyone',
  summary:
    'What is free as an event stream (`event: availability`, an `AvailabilityUpdate`): a snapshot, then what changed, a few times a second at most. Ends after half an hour; read again',
  params,
  answers: { 200: null },
  media: 'text/event-stream',
  errors: ['inventory.section-not-found', 'http.overloaded', 'http.poll-instead'],
})

export const saleAvailability = route({
  method: 'GET',
  path: '/api/sales/{id}/availability',
  caller: 'anyone',
  summary:
    'What is left in each section of a sale. `Accept: application/octet-stream` gives the status of all seats instead: 2 bits each, reserved sections in the order of the sale, each from a new byte',
  params,
  answers: { 200: SaleAvailability },
  errors: ['catalog.sale-not-found'],
  cache: 'public, max-age=1',
})

export const saleAvailabilityEvents = route({
  method: 'GET',
  path: '/api/sales/{id}/availability/events',
  caller: 'anyone',
  summary: 'The same stream for all sections of a sale together',
  params,
  answers: { 200: null },
  media: 'text/event-stream',
  errors: ['catalog.sale-not-found', 'http.overloaded', 'http.poll-instead'],
})

export const availabilityRoutes = { availabilityEvents, saleAvailability, saleAvailabilityEvents }
