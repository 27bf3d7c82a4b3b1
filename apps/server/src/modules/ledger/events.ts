import type { EventData, EventType } from '@fairgate/contracts/events'
import { on, onEach, type Subscription } from '#platform/bus'
import { afterCommit } from '#platform/db'
import type { Platform } from '#platform/platform'
import { entryOf, heard } from './entry.ts'
import * as store from './ledger-store.ts'

export const subscribes = [
  'catalog.sale-published.v1',
  ...heard,
  'orders.order-ended.v1',
] as const satisfies readonly EventType[]

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
    onEach([...heard, 'orders.order-ended.v1'], async (tx, messages) => {
      const entries = messages.flatMap((message) =>
        message.type === 'orders.order-ended.v1' ? [] : [entryOf(message)],
      )
      const ended = messages.flatMap((message) =>
        message.type === 'orders.order-ended.v1' && isAllMoneyBack(message.data)
          ? [{ orderId: message.data.orderId, at: message.time }]
          : [],
      )
      const { count, toClose } = entries.length > 0 ? await store.post(tx, entries) : { count: 0, toClose: [] }
      if (ended.length > 0) await store.noteEnded(tx, ended)
      const over = [...toClose, ...ended.map(({ orderId }) => orderId)]
      const closed = over.length > 0 ? await store.close(tx, over) : 0
      afterCommit(tx, () => posted.add({}, count + closed))
    }),
  ]
}

/** Seats that go back one by one are told one by one; then nothing is left to take back. */
const isAllMoneyBack = ({ state, reason }: EventData<'orders.order-ended.v1'>) =>
  state === 'refunded' && reason !== 'seats-returned'
