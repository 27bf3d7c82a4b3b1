import { ServiceHealth } from '../health.ts'
import { Id, OneOf, Strict, Type, type Static } from '../schema.ts'
import { route } from './route.ts'

/** Why no more people are called than are. */
export const admissionLimits = [
  'not-open',
  'draw',
  'stock-unknown',
  'paused',
  'rate',
  'shoppers',
  'stock',
  'health',
  'all-called',
  'sold-out',
  'closed',
] as const
export type AdmissionLimit = (typeof admissionLimits)[number]

/** How fast a line moves and why, for everybody. */
export const Admission = Strict({
  perMinute: Type.Union([Type.Integer(), Type.Null()], {
    description: 'most people called in a minute as things are now; null: as many as can still buy',
  }),
  limitedBy: OneOf(admissionLimits),
  everyone: Type.Boolean({ description: 'limits of rate and shoppers are lifted' }),
})
export type Admission = Static<typeof Admission>

const params = Strict({ id: Id })

export const getAdmission = route({
  method: 'GET',
  path: '/api/lines/{id}/admission',
  caller: 'organiser',
  summary: 'Why a line moves as it does: what limits it, and how the service fares',
  params,
  answers: {
    200: Strict({
      admission: Admission,
      healthPerMinute: Type.Union([Type.Integer(), Type.Null()], {
        description: 'what the health of the service allows this line; null while it is no limit',
      }),
      service: Type.Union([ServiceHealth, Type.Null()], { description: 'null where this process measures nothing' }),
    }),
  },
  errors: ['waiting-room.line-not-found'],
})
