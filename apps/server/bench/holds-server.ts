import type { AddressInfo } from 'node:net'
import { placeHold } from '@fairgate/contracts/http/inventory'
import { createBus } from '#platform/bus'
import { openDatabase } from '#platform/db'
import { createHttp, type HttpApp } from '#platform/http'
import { createIdempotency } from '#platform/idempotency'
import { silentLog } from '#platform/log'
import { createMetrics } from '#platform/metrics'
import { noRacepoints } from '#platform/racepoint'
import { createSignals } from '#platform/signals'
import { createInventory } from '#modules/inventory'
import { createHolds } from '../src/modules/inventory/holds.ts'
import type { Section } from '../src/modules/inventory/inventory-store.ts'
import { accessTokens, clock, event, ids, saleOf, seatsPerRound, tokens } from './holds-sale.ts'

// One server process with the real module on one port and, on another, the same route whose holds are kept nowhere.

const databaseUrl = process.argv[2]!
const { db, pool } = openDatabase({ url: databaseUrl, connectionsMax: 12 })
const signals = createSignals({ pool, url: databaseUrl, scheduler: clock, log: silentLog, origin: 'bench' })
const { outbox } = createBus({ db, clock, ids, log: silentLog, signals })
const metrics = createMetrics({ processMetrics: false })
const idempotency = createIdempotency(db, clock)
const newHttp = () =>
  createHttp({
    log: silentLog,
    metrics,
    scheduler: clock,
    accessTokens,
    idempotency,
    trustProxy: false,
    inFlightMax: 10_000,
    deadlineMs: 20_000,
  })

async function listen(http: HttpApp): Promise<string> {
  await http.fastify.listen({ port: 0, host: '127.0.0.1' })
  return `http://127.0.0.1:${(http.fastify.server.address() as AddressInfo).port}`
}

const real = newHttp()
createInventory({ db, clock, ids, tokens, outbox, signals, metrics, racepoints: noRacepoints }).module.routes!(real)

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

process.send!({ realUrl: await listen(real), bareUrl: await listen(bare) })
process.on('disconnect', () => process.exit(0))
