import type { Client } from '@fairgate/contracts/client'
import { listCancellations, type Cancellation } from '@fairgate/contracts/http/cancellations'
import { cancelEvent } from '@fairgate/contracts/http/catalog'
import { audit } from '@fairgate/contracts/http/operations'
import { signedIn } from './books.ts'
import type { OwnServer } from './own-server.ts'
import type { Surroundings } from './surroundings.ts'

/** What became of everybody who had paid for an event that was called off. */
export type CalledOff = {
  orders: number
  /** Orders of which everything went back, in one return each. */
  refunded: number
  kills: number
  seconds: number
  isWhole: boolean
}

const waitMsMax = 30 * 60_000

/**
 * Calls an event off and kills the server so often while it refunds: after each equal part of the orders. Waits until
 * everybody has their money.
 */
export async function callOff(
  client: Client,
  own: OwnServer,
  eventId: string,
  kills: number,
  { now, sleep, progress }: Surroundings,
): Promise<CalledOff> {
  const startedAt = now()
  const organiser = await signedIn(client, 'organiser')
  const params = { id: eventId }
  const body = { note: 'A rehearsal of the worst day.' }
  await client.call(cancelEvent, { params, body, accessToken: organiser, idempotencyKey: `call-off-${eventId}` })
  progress('the event is called off')
  let killed = 0
  for (;;) {
    const token = await signedIn(client, 'organiser')
    const { items } = await client.call(listCancellations, { params, accessToken: token })
    const found = items.find(({ reason }) => reason === 'event-cancelled')
    const begun = found ? sum(found.returns) : 0
    if (found && killed < kills && begun > (found.orders.total * killed) / kills) {
      killed++
      progress(`kill -9 (${killed} of ${kills}) with ${found.returns.done} of ${found.orders.total} orders refunded`)
      await own.kill()
      await own.start()
      continue
    }
    const isOver = found?.state === 'done'
    if (found && (isOver || now() > startedAt + waitMsMax))
      return reportOf(client, eventId, found, killed, now() - startedAt)
    await sleep(isOver ? 0 : 250)
  }
}

const sum = ({ asked, refunding, done, refused }: Cancellation['returns']): number => asked + refunding + done + refused

async function reportOf(
  client: Client,
  eventId: string,
  { orders, returns, state, refund, refunded }: Cancellation,
  kills: number,
  ms: number,
): Promise<CalledOff> {
  const admin = await signedIn(client, 'admin')
  const { invariantsHeld, figures } = await client.call(audit, { query: { eventId }, accessToken: admin })
  const isWhole =
    state === 'done' &&
    returns.done === orders.total &&
    sum(returns) === returns.done &&
    refund.amount === refunded.amount &&
    invariantsHeld &&
    figures['orders.fulfilled'] === 0 &&
    figures['payments.captured'] === figures['payments.refunded']
  return { orders: orders.total, refunded: returns.done, kills, seconds: Math.round(ms / 100) / 10, isWhole }
}
