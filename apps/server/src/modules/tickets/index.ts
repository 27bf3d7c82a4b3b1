import { idPrefixes } from '@fairgate/contracts/ids'
import type { Module, ModuleStatics } from '#platform/module'
import type { Secrets } from '#platform/secrets'
import { auditTickets } from './audit.ts'
import { subscribes, subscriptions } from './events.ts'
import { serveTickets } from './routes.ts'
import { createTicketSigner } from './ticket-code.ts'
import * as store from './tickets-store.ts'
import { createUseCases, type TicketsDeps } from './tickets.ts'

export const statics = {
  name: 'tickets',
  migrations: new URL('./migrations/', import.meta.url),
  subscribes,
} as const satisfies ModuleStatics

/** Tickets: issued when an order is fulfilled, shown at the gate, revoked when the money has gone back. */
export function createTickets(deps: TicketsDeps & { secrets: Pick<Secrets, 'keys'> }) {
  const signer = createTicketSigner(deps.secrets)
  const useCases = createUseCases(deps, signer)
  const module: Module = {
    name: statics.name,
    routes: (http) => serveTickets(http, useCases),
    subscriptions: subscriptions(useCases),
    audit: (eventId) => auditTickets(deps.db, eventId),
    known: (ids) =>
      store.knownTickets(
        deps.db,
        ids.filter((id) => id.startsWith(`${idPrefixes.ticket}_`)),
      ),
  }
  return {
    module,
    /** Public keys (JWK, Ed25519) by which a scanner without a network checks codes. */
    publicKeys: signer.publicKeys,
  }
}
