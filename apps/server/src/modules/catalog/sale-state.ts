import type { ErrorCode } from '@fairgate/contracts/errors'
import type { saleStates } from '@fairgate/contracts/http/catalog'

export type SaleState = (typeof saleStates)[number]
export type SaleEvent = 'publish' | 'remove' | 'waiting-room-ready' | 'inventory-ready'

/** A new state, gone, a readiness to note, nothing to do, or the code of the refusal. */
type SaleOutcome =
  | { to: SaleState }
  | { removed: true }
  | { note: 'waitingRoom' | 'inventory' }
  | { ignore: true }
  | { refuse: ErrorCode }

/** Every event in every state (SPEC.md). A draft that is said to be ready was never announced: nothing is noted. */
export const saleTable: Record<SaleState, Record<SaleEvent, SaleOutcome>> = {
  draft: {
    publish: { to: 'published' },
    remove: { removed: true },
    'waiting-room-ready': { ignore: true },
    'inventory-ready': { ignore: true },
  },
  published: {
    publish: { refuse: 'catalog.already-published' },
    remove: { refuse: 'catalog.already-published' },
    'waiting-room-ready': { note: 'waitingRoom' },
    'inventory-ready': { note: 'inventory' },
  },
}
