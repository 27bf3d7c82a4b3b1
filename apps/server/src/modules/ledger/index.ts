import type { Module, ModuleStatics } from '#platform/module'
import type { Platform } from '#platform/platform'
import { auditLedger } from './audit.ts'
import { subscribes, subscriptions } from './events.ts'
import { createReports } from './reports.ts'
import { serveLedger } from './routes.ts'

export const statics = {
  name: 'ledger',
  migrations: new URL('./migrations/', import.meta.url),
  subscribes,
} as const satisfies ModuleStatics

/** Ledger: who owes whom, posted from facts, and every report of money. */
export function createLedger(deps: Pick<Platform, 'db' | 'metrics'>) {
  const reports = createReports(deps)
  const module: Module = {
    name: statics.name,
    routes: (http) => serveLedger(http, reports),
    subscriptions: subscriptions(deps),
    audit: (eventId) => auditLedger(deps.db, eventId),
  }
  return { module }
}
