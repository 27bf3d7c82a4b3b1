import { fact, type Outbox } from '#platform/bus'
import type { Caller } from '#platform/access-token'
import type { Money } from '@fairgate/contracts/money'
import { Problem } from '#platform/problem'
import type { Interventions } from './interventions.ts'
import * as store from './organiser-store.ts'

/**
 * The price of a section. A hold reads it in the statement that places it and keeps it, so no process can sell at a
 * price of yesterday, and nobody pays another price than he was told.
 */
export function createPrices({ outbox, interventions }: { outbox: Outbox; interventions: Interventions }) {
  /** @throws inventory.invalid-price where the currency is not the event's */
  async function change(caller: Caller, sectionId: string, price: Money, reason: string) {
    const section = await interventions.managed(caller, sectionId)
    return interventions.act(caller, section, async (tx, now) => {
      const previous = await store.changePrice(tx, sectionId, price)
      if (!previous)
        throw new Problem('inventory.invalid-price', {
          errors: [{ pointer: '#/price/currency', detail: `must be ${section.priceCurrency}` }],
        })
      const result = { sectionId, price, previous }
      if (previous.amount === price.amount) return { result }
      const { saleId } = section
      await outbox.publish(tx, [
        fact('inventory.price-changed.v1', { saleId, sectionId, price, at: now.toISOString() }),
      ])
      return { result, note: { kind: 'change-price', reason, numbers: [], price } }
    })
  }

  return { change }
}

export type Prices = ReturnType<typeof createPrices>
