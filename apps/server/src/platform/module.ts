import type { EventType } from '@fairgate/contracts/events'
import type { Narrowed, Subscription } from './bus.ts'
import type { HttpApp } from './http.ts'
import type { Loop } from './loop.ts'

/** What an audit of one module found. `byOrder` holds figures that are compared with other modules' (amounts, counts). */
export type AuditPart = {
  checks: { name: string; violations: number; detail?: string }[]
  figures: Record<string, number>
  byOrder?: Record<string, Record<string, number>>
}

/** What a module offers to the process that hosts it. */
export type Module = {
  name: string
  routes?(http: HttpApp): void
  subscriptions?: readonly Subscription[]
  loops?: readonly Loop[]
  /** Checks the module's invariants in the database, of one event or of all. */
  audit?(eventId?: string): Promise<AuditPart>
  /** Which of these ids (of the kinds that the module gives out, by prefix) are in its tables. */
  known?(ids: readonly string[]): Promise<readonly string[]>
}

/** What can be known of a module without building it. */
export type ModuleStatics = {
  name: string
  migrations: URL
  subscribes: readonly EventType[]
  /** Of these types it wants only facts about its interests. */
  narrowed?: Narrowed
}
