import type { EventType } from '@fairgate/contracts/events'
import { on, onEach, type Subscription } from '#platform/bus'
import { afterCommit } from '#platform/db'
import type { Platform } from '#platform/platform'
import { entryOf, heard } from './entry.ts'
import * as store from './ledger-store.ts'

export const subscribes = ['catalog.sale-published.v1', ...heard] as const satisfies readonly EventType[]

/** What the ledger listens to; it publishes nothing. A batch of facts is one statement. */
export function subscriptions({ metrics }: Pick<Platform, 'metrics'>): Subscription[] {
  const posted = metrics.counter('fairgate_ledger_entries_total', 'Entries posted to the ledger')
  return [
    on('catalog.sale-published.v1', (tx, messages) =>
      store.saveSales(
        tx,
        messages.map(({ data }) => data),
      ),
    ),
    onEach(heard, async (tx, messages) => {
      const count = await store.post(tx, messages.map(entryOf))
      afterCommit(tx, () => posted.add({}, count))
    }),
  ]
}
