import { OneOf, Strict, Type, type Static } from './schema.ts'

/** How a service fares: it has room, it has no more room, or people inside are being failed. */
export const healthStates = ['well', 'strained', 'unwell'] as const
export type HealthState = (typeof healthStates)[number]

/** What is nearest to its limit, or over it; `unknown` when a part of the service has not been heard of. */
export const healthCauses = ['event-loop', 'reads', 'writes', 'refusals', 'errors', 'database', 'unknown'] as const
export type HealthCause = (typeof healthCauses)[number]

const measured = (description: string) => Type.Union([Type.Number(), Type.Null()], { description })

/** One process; what it measured is null where too little happened in its last three seconds. */
export const ProcessHealth = Strict({
  process: Type.String(),
  hosts: Type.Array(Type.String()),
  ageMs: Type.Integer({ description: 'since it was heard of' }),
  state: OneOf(healthStates),
  cause: Type.Union([OneOf(healthCauses), Type.Null()]),
  pressure: Type.Number({ description: '0 is idle, 1 is at a limit or over it' }),
  lagMs: Type.Number({ description: 'event loop, p99' }),
  readP95Ms: measured('time to answer GET requests'),
  writeP95Ms: measured('time to answer requests that decide something'),
  failedShare: measured('0…1'),
  refusedShare: measured('0…1, because a queue was full'),
  databaseMs: measured('for a connection and an answer'),
})
export type ProcessHealth = Static<typeof ProcessHealth>

/** The whole service fares as its worst process does. */
export const ServiceHealth = Strict({
  state: OneOf(healthStates),
  cause: Type.Union([OneOf(healthCauses), Type.Null()]),
  pressure: Type.Number(),
  processes: Type.Array(ProcessHealth),
  missing: Type.Array(Type.String(), { description: 'hosted by no process that was heard of lately' }),
})
export type ServiceHealth = Static<typeof ServiceHealth>
