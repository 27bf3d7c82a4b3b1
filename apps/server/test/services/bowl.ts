import { createEvent, createSale, getEvent, publishSale, type EventDocument } from '@fairgate/contracts/http/catalog'
import { addPlan } from '@fairgate/contracts/http/plans'
import type { Answer } from '@fairgate/contracts/http/route'
import { bowlPlan } from '@fairgate/contracts/plans/bowl'
import { signInAs } from '../e2e/people.ts'
import { until, type World } from '../e2e/world.ts'

/** An event whose sections come from one plan: a stadium with so many numbered seats, on sale and open. */
export async function openBowl(world: World, { seats, name }: { seats: number; name: string }): Promise<EventDocument> {
  const accessToken = await signInAs(world, 'organiser')
  const now = Date.now()
  const at = (days: number) => new Date(now + days * 24 * 3600_000).toISOString()
  const event = await world.client.call(createEvent, {
    accessToken,
    body: {
      kind: 'concert',
      name,
      venue: 'Stadium',
      startsAt: at(40),
      timeZone: 'Asia/Seoul',
      currency: 'KRW',
    },
  })
  const answer = await fetch(`${world.url}${addPlan.path.replace('{id}', event.id)}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
    body: JSON.stringify(bowlPlan({ seats })),
  })
  const made = (await answer.json()) as Extract<Answer<typeof addPlan>, { planUrl: string }>
  const sale = await world.client.call(createSale, {
    params: { id: event.id },
    accessToken,
    body: {
      method: 'queue',
      opensAt: new Date(now - 1000).toISOString(),
      closesAt: at(20),
      holdSeconds: 480,
      limitPerAccount: 4,
      lines: [
        { name: 'All', sectionIds: made.sections.map(({ id }) => id), shoppersMax: 5000, admitPerMinute: 60_000 },
      ],
    },
  })
  await world.client.call(publishSale, { params: { id: sale.id }, accessToken })
  let published = event
  await until(
    async () => {
      published = await world.client.call(getEvent, { params: { id: event.id }, accessToken })
      return Object.values(published.sales[0]!.readiness).every(Boolean)
    },
    { what: 'the sale to be ready', timeoutMs: 60_000 },
  )
  return published
}
