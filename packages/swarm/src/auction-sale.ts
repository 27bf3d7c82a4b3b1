import type { Client } from '@fairgate/contracts/client'
import { addSection, createEvent, createSale, getEvent, publishSale } from '@fairgate/contracts/http/catalog'
import type { PreparedSale } from './sale.ts'
import { rowsOf } from './sale.ts'
import type { Surroundings } from './surroundings.ts'

export type AuctionPlan = { places: number; holdSeconds: number; payBySeconds: number; bidsMs: number }
export type PreparedAuction = PreparedSale & { lotId: string; endsAt: number; startAmount: number; step: number }

export const startAmount = 100_000
export const step = 5000
const seatsPerRow = 25
/** Awards may go down the ranking for so long. */
const awardsMs = 3600_000

/** Creates and publishes a lot, and waits until every module has built its tables. */
export async function prepareAuction(
  client: Client,
  accessToken: string,
  plan: AuctionPlan,
  { now, sleep }: Surroundings,
): Promise<PreparedAuction> {
  const event = await client.call(createEvent, {
    body: {
      kind: 'concert',
      name: 'Rehearsal auction',
      venue: 'Rehearsal',
      startsAt: new Date(now() + 30 * 24 * 3600_000).toISOString(),
      timeZone: 'Asia/Seoul',
      currency: 'KRW',
    },
    accessToken,
  })
  const section = await client.call(addSection, {
    params: { id: event.id },
    body: { name: 'VIP', admission: 'reserved', price: startAmount, seats: rowsOf(plan.places, seatsPerRow) },
    accessToken,
  })
  const opensAt = now() + 2000
  const endsAt = opensAt + plan.bidsMs
  const sale = await client.call(createSale, {
    params: { id: event.id },
    body: {
      method: 'auction',
      opensAt: new Date(opensAt).toISOString(),
      closesAt: new Date(endsAt + awardsMs).toISOString(),
      holdSeconds: plan.holdSeconds,
      limitPerAccount: 1,
      auction: { endsAt: new Date(endsAt).toISOString(), payBySeconds: plan.payBySeconds, step },
      lines: [{ name: 'VIP', sectionIds: [section.id] }],
    },
    accessToken,
  })
  await client.call(publishSale, { params: { id: sale.id }, accessToken })
  for (const deadline = now() + 60_000; ;) {
    const { sales } = await client.call(getEvent, { params: { id: event.id }, accessToken })
    const { inventory, waitingRoom } = sales[0]!.readiness
    if (inventory && waitingRoom) break
    if (now() > deadline) throw new Error('the auction was not ready a minute after it was published')
    await sleep(100)
  }
  const line = sale.lines[0]!
  return {
    eventId: event.id,
    saleId: sale.id,
    lines: [{ id: line.id, name: line.name, sectionIds: line.sectionIds, places: plan.places }],
    capacity: plan.places,
    lotId: line.id,
    opensAt,
    endsAt,
    startAmount,
    step,
  }
}
