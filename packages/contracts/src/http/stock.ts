import { Type, Strict, Id, Instant, OneOf, type Static } from '../schema.ts'
import { Money } from '../money.ts'
import { route } from './route.ts'

/*
 * What an organiser does with the stock of a sale that was published. Another organiser's section is as unknown as one
 * that never was. Whatever is done is noted with who and when (`listInterventions`) and is told as `stock-changed`.
 */

const seatsMax = 10_000

export const SeatRef = Strict({ id: Type.String(), label: Type.String() })

export const Block = Strict({
  id: Type.String(),
  sectionId: Type.String(),
  seats: Type.Array(SeatRef, { description: 'those that are still blocked' }),
  reason: Type.String(),
  blockedBy: Type.String({ description: 'account' }),
  blockedAt: Instant,
})
export type Block = Static<typeof Block>

export const Allotment = Strict({
  id: Type.String(),
  sectionId: Type.String(),
  name: Type.String(),
  seats: Type.Array(SeatRef),
  releaseAt: Instant,
  free: Type.Integer({ description: 'seats that the code may still hold; 0 once it was released' }),
  taken: Type.Integer({ description: 'seats held, being paid for or sold' }),
})
export type Allotment = Static<typeof Allotment>

export const interventionKinds = [
  'block',
  'unblock',
  'allot',
  'release-allotment',
  'keep-accessible',
  'change-price',
] as const

export const Intervention = Strict({
  kind: OneOf(interventionKinds),
  by: Type.String({ description: 'account' }),
  at: Instant,
  reason: Type.String(),
  seatIds: Type.Array(Type.String()),
  price: Type.Optional(Money),
})
export type Intervention = Static<typeof Intervention>

const SeatIds = Type.Array(Type.String({ maxLength: 80 }), { minItems: 1, maxItems: seatsMax })
const Count = Type.Integer({
  minimum: 1,
  maximum: seatsMax,
  description: 'of an open section instead of `seatIds`: that many free ones, the last first',
})
const Reason = Type.String({ minLength: 1, maxLength: 200 })
const bodyBytesMax = 1024 * 1024
const ofSection = Strict({ id: Id })

export const blockSeats = route({
  method: 'POST',
  path: '/api/sections/{id}/blocks',
  caller: 'organiser',
  summary: 'Take free seats off sale, with a reason: all or none; seats that are not free are listed as `taken`',
  idempotent: true,
  params: ofSection,
  body: Strict({ seatIds: Type.Optional(SeatIds), count: Type.Optional(Count), reason: Reason }),
  bodyBytesMax,
  answers: { 201: Strict({ block: Block }) },
  errors: ['inventory.section-not-found', 'inventory.invalid-seats', 'inventory.seat-taken', 'inventory.sold-out'],
})

export const unblockSeats = route({
  method: 'POST',
  path: '/api/sections/{id}/unblocks',
  caller: 'organiser',
  summary: 'Put blocked seats back on sale. Seats that are not blocked stay as they are and are not in the answer',
  idempotent: true,
  params: ofSection,
  body: Strict({
    seatIds: SeatIds,
    reason: Type.Optional(Type.String({ maxLength: 200 })),
    toWaitlist: Type.Optional(
      Type.Boolean({ description: 'where somebody waits for the section, they are offered to the waitlist first' }),
    ),
  }),
  bodyBytesMax,
  answers: { 200: Strict({ sectionId: Type.String(), seats: Type.Array(SeatRef) }) },
  errors: ['inventory.section-not-found', 'inventory.invalid-seats'],
})

export const listBlocks = route({
  method: 'GET',
  path: '/api/sections/{id}/blocks',
  caller: 'organiser',
  summary: 'Blocks that still keep a seat off sale, newest first',
  params: ofSection,
  answers: { 200: Strict({ items: Type.Array(Block) }) },
  errors: ['inventory.section-not-found'],
})

export const removeBlock = route({
  method: 'DELETE',
  path: '/api/sections/{id}/blocks/{blockId}',
  caller: 'organiser',
  summary: 'Put all seats of a block back on sale. Doing it again does nothing',
  params: Strict({ id: Id, blockId: Id }),
  answers: { 204: null },
  errors: ['inventory.section-not-found', 'inventory.block-not-found'],
})

export const changePrice = route({
  method: 'POST',
  path: '/api/sections/{id}/prices',
  caller: 'organiser',
  summary: 'The price of seats that are not held: holds and orders keep the price they were told',
  idempotent: true,
  params: ofSection,
  body: Strict({ price: Money, reason: Type.Optional(Type.String({ maxLength: 200 })) }),
  answers: { 200: Strict({ sectionId: Type.String(), price: Money, previous: Money }) },
  errors: ['inventory.section-not-found', 'inventory.invalid-price'],
})

export const addAllotment = route({
  method: 'POST',
  path: '/api/sections/{id}/allotments',
  caller: 'organiser',
  summary: 'Set free seats aside for who has the code (sponsors, press, partners), until they go back to general sale',
  idempotent: true,
  params: ofSection,
  body: Strict({
    name: Type.String({ minLength: 1, maxLength: 80 }),
    seatIds: Type.Optional(SeatIds),
    count: Type.Optional(Count),
    releaseAt: Instant,
  }),
  bodyBytesMax,
  answers: {
    201: Strict({
      allotment: Allotment,
      code: Type.String({ description: 'signed; goes into `allotmentCode` of a hold, in place of a pass' }),
    }),
  },
  errors: [
    'inventory.section-not-found',
    'inventory.invalid-seats',
    'inventory.invalid-release',
    'inventory.seat-taken',
    'inventory.sold-out',
  ],
})

export const listAllotments = route({
  method: 'GET',
  path: '/api/sections/{id}/allotments',
  caller: 'organiser',
  summary: 'Seats set aside and what has become of them, newest first, each with its code again',
  params: ofSection,
  answers: { 200: Strict({ items: Type.Array(Strict({ allotment: Allotment, code: Type.String() })) }) },
  errors: ['inventory.section-not-found'],
})

export const releaseAllotment = route({
  method: 'DELETE',
  path: '/api/sections/{id}/allotments/{allotmentId}',
  caller: 'organiser',
  summary: 'Its free seats go back to general sale now. Doing it again does nothing',
  params: Strict({ id: Id, allotmentId: Id }),
  answers: { 204: null },
  errors: ['inventory.section-not-found', 'inventory.allotment-not-found'],
})

export const keepAccessible = route({
  method: 'PUT',
  path: '/api/sections/{id}/accessible-release',
  caller: 'organiser',
  summary: 'Until then accessible seats and their companions are for who declares the need; afterwards for everybody',
  params: ofSection,
  body: Strict({
    releaseAt: Instant,
    companions: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 3, default: 1, description: 'seats beside each accessible one' }),
    ),
  }),
  answers: {
    200: Strict({
      sectionId: Type.String(),
      releaseAt: Instant,
      accessibleSeatIds: Type.Array(Type.String()),
      companionSeatIds: Type.Array(Type.String()),
    }),
  },
  errors: ['inventory.section-not-found', 'inventory.invalid-release'],
})

export const listInterventions = route({
  method: 'GET',
  path: '/api/sections/{id}/interventions',
  caller: 'organiser',
  summary: 'What organisers did with the stock of a section: who, when and why, newest first, at most 200',
  params: ofSection,
  answers: { 200: Strict({ items: Type.Array(Intervention) }) },
  errors: ['inventory.section-not-found'],
})

export const stockRoutes = {
  blockSeats,
  unblockSeats,
  listBlocks,
  removeBlock,
  changePrice,
  addAllotment,
  listAllotments,
  releaseAllotment,
  keepAccessible,
  listInterventions,
}
