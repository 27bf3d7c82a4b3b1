import type { Client } from '@fairgate/contracts/client'
import { signIn } from '@fairgate/contracts/http/identity'
import { audit, lookUp, type AuditReport } from '@fairgate/contracts/http/operations'
import { listTickets } from '@fairgate/contracts/http/tickets'
import type { Told } from './buyer.ts'
import type { Credentials } from './own-server.ts'
import type { PreparedSale } from './sale.ts'
import type { Surroundings } from './surroundings.ts'
import type { Wire } from './wire.ts'

const demoPassword = 'fairgate-demo'

/** The access token of one of the demo's accounts. */
export const signedIn = async (client: Client, name: 'organiser' | 'admin'): Promise<string> =>
  (await client.call(signIn, { body: { email: `${name}@demo.fairgate.test`, password: demoPassword } })).accessToken

/** Money in somebody's books, in minor units: all that ever came, and all of it that went back. */
export type Money = { captured: number; refunded: number }
export type BothBooks = { provider: Money; ours: Money }

/**
 * The sandbox's own books beside ours, over everything that was ever paid on this server. Asked for until they are
 * equal, at most until the deadline. Undefined where payments do not go to the sandbox.
 */
export async function bothBooks(
  client: Client,
  admin: string,
  url: string,
  deadline: number,
  { now, sleep }: Surroundings,
): Promise<BothBooks | undefined> {
  for (;;) {
    const response = await fetch(`${url}/sandbox/payments?limit=1`)
    if (!response.ok) return undefined
    const { totals } = (await response.json()) as { totals: { captured: number; canceled: number } }
    const { figures } = await client.call(audit, { query: {}, accessToken: admin })
    const provider = { captured: totals.captured, refunded: totals.canceled }
    const ours = { captured: figures['payments.captured'] ?? 0, refunded: figures['payments.refunded'] ?? 0 }
    if (areEqual({ provider, ours }) || now() > deadline) return { provider, ours }
    await sleep(500)
  }
}

export const areEqual = ({ provider, ours }: BothBooks): boolean =>
  provider.captured === ours.captured && provider.refunded === ours.refunded

/** Asks for the audit until nothing is held, secured or pending, at most until the deadline. */
export async function quiescentAudit(
  client: Client,
  admin: string,
  sale: PreparedSale,
  deadline: number,
  { now, sleep }: Surroundings,
): Promise<AuditReport> {
  for (;;) {
    const report = await client.call(audit, { query: { eventId: sale.eventId }, accessToken: admin })
    const open = ['inventory.held', 'inventory.secured', 'orders.pending', 'payments.pending'].reduce(
      (sum, name) => sum + (report.figures[name] ?? 0),
      0,
    )
    if (open === 0 || now() > deadline) return report
    await sleep(500)
  }
}

export type Remembered = Pick<Told, 'places' | 'holds' | 'orders' | 'fulfilled'> & {
  person: Pick<Credentials, 'accessToken'>
}

/** Everything that somebody was told must still be there: places, holds and orders by id, tickets by their owner. */
export async function countLost(wire: Wire, admin: string, results: readonly Remembered[]): Promise<number> {
  let lost = await countUnknown(
    wire,
    admin,
    results.flatMap((result) => [...result.places, ...result.holds, ...result.orders]),
  )
  for (const result of results) {
    for (const purchase of result.fulfilled) {
      const { body } = await wire.call('other', listTickets, {
        query: { orderId: purchase.orderId },
        accessToken: result.person.accessToken,
      })
      const seats = new Set(body.items.filter((ticket) => ticket.state === 'valid').map((ticket) => ticket.seat.id))
      lost += purchase.seats.filter((seat) => !seats.has(seat)).length
    }
  }
  return lost
}

/** How many of these places, holds and orders the server does not know. */
export async function countUnknown(wire: Wire, admin: string, ids: readonly string[]): Promise<number> {
  let unknown = 0
  for (let i = 0; i < ids.length; i += 1000) {
    const { body } = await wire.call('other', lookUp, { body: { ids: ids.slice(i, i + 1000) }, accessToken: admin })
    unknown += body.unknown.length
  }
  return unknown
}
