import type { AddressInfo } from 'node:net'
import { placeHold } from '@fairgate/contracts/http/inventory'
import { getOrder, placeOrder, type Order } from '@fairgate/contracts/http/orders'
import { confirmPayment } from '@fairgate/contracts/http/payments'
import { createAccessTokens } from '#platform/access-token'
import { systemScheduler } from '#platform/clock'
import { createHttp } from '#platform/http'
import type { Idempotency } from '#platform/idempotency'
import { silentLog } from '#platform/log'
import { createMetrics } from '#platform/metrics'
import { createSecrets } from '#platform/secrets'

// The routes of a purchase without what is behind them: the limit beside which the real ones are measured.

const accessTokens = createAccessTokens(createSecrets(['a secret for the bench only, long enough']), systemScheduler)
const http = createHttp({
  log: silentLog,
  metrics: createMetrics({ processMetrics: false }),
  scheduler: systemScheduler,
  accessTokens,
  // No route here is called with an Idempotency-Key.
  idempotency: undefined as unknown as Idempotency,
  trustProxy: false,
  inFlightMax: 10_000,
  deadlineMs: 20_000,
})
const at = '2026-01-01T00:00:00.000Z'
const money = { amount: 40_000, currency: 'KRW' as const }
const event = {
  id: 'evt_1',
  organiserId: 'acc_1',
  kind: 'race' as const,
  name: 'Bench',
  venue: 'Here',
  startsAt: at,
  timeZone: 'Asia/Seoul',
  currency: 'KRW' as const,
}
const order: Order = {
  id: 'ord_01hzzzzzzzzzzzzzzzzzzzzzzz',
  state: 'fulfilled',
  event,
  section: { id: 'sec_1', name: 'All' },
  items: [{ seatId: 'sea_1-1', label: '1', price: money }],
  total: money,
  placedAt: at,
  payBy: at,
  refusal: null,
}
const token = 'x'.repeat(700)

http.serve(placeHold, async ({ body }) => ({
  status: 201,
  body: {
    hold: {
      id: 'hld_1',
      sectionId: body.sectionId,
      seats: [{ id: 'sea_1-1', label: '1' }],
      total: money,
      expiresAt: at,
    },
    holdToken: token,
  },
}))
http.serve(placeOrder, async () => ({ status: 201, body: { order, paymentRequestToken: token } }))
http.serve(confirmPayment, async () => ({ status: 202, body: { orderId: order.id } }))
http.serve(getOrder, async () => ({ status: 200, body: order }))
http.fastify.post('/sandbox/payments', async () => ({ paymentKey: 'bench' }))

await http.fastify.listen({ port: 0, host: '127.0.0.1' })
const { port } = http.fastify.server.address() as AddressInfo
const accessToken = await accessTokens.sign({ accountId: 'acc_bench', roles: ['buyer'], verified: true }, 3600)
process.stdout.write(JSON.stringify({ url: `http://127.0.0.1:${port}`, accessToken }))
