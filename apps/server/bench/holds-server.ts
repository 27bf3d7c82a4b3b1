import { placeHold } from '@fairgate/contracts/http/inventory'
import { createInventory } from '#modules/inventory'
import { createHolds } from '../src/modules/inventory/holds.ts'
import type { Section } from '../src/modules/inventory/inventory-store.ts'
import { event, saleOf, seatsPerRound } from './holds-sale.ts'
import { listen, openParts, serve } from './server-parts.ts'

// One server process with the real module on one port and, on another, the same route whose holds are kept nowhere.

const { parts, newHttp } = openParts({ connectionsMax: 12 })
const { db, clock, ids, tokens } = parts

const real = newHttp()
createInventory(parts).module.routes!(real)

const section = (id: string): Section => ({
  id,
  name: 'Hall',
  admission: 'reserved',
  capacity: seatsPerRound,
  priceAmount: 55_000,
  priceCurrency: 'KRW',
  method: 'queue',
  saleId: saleOf(Number(id.slice('sec_bench'.length))),
  event,
  opensAt: new Date(0),
  closesAt: new Date('2100-01-01'),
  holdSeconds: 300,
  limit: 1000,
})
const holds = createHolds({
  db,
  clock,
  tokens,
  sections: { find: async (id) => section(id), hall: () => Promise.reject(new Error('not here')) },
  placing: {
    place: async (wish) => {
      const seats = 'seats' in wish ? [...wish.seats] : []
      const expiresAt = new Date(clock.now() + 300_000)
      return {
        kind: 'placed',
        hold: { ...wish, id: ids('hold'), seats, labels: seats.map(String), unitAmount: 55_000, expiresAt },
      }
    },
  },
  steps: { move: async () => undefined },
  availability: { read: () => Promise.reject(new Error('not here')) },
  allotments: {
    entitledBy: () => {
      throw new Error('not here')
    },
  },
})
const bare = newHttp()
bare.serve(placeHold, async ({ caller, body }) => ({ status: 201, body: await holds.place(caller.accountId, body) }))

serve({ realUrl: await listen(real), bareUrl: await listen(bare) })
