import type { EventData } from '@fairgate/contracts/events'
import { splitMoney } from '@fairgate/contracts/money'
import { fact } from '#platform/bus'
import { afterCommit, transaction, type Tx } from '#platform/db'
import { pageOf, type Page } from '#platform/page'
import type { Platform } from '#platform/platform'
import { Problem, assert } from '#platform/problem'
import { table } from './ticket.ts'
import type { TicketSigner } from './ticket-code.ts'
import * as store from './tickets-store.ts'

export type TicketsDeps = Pick<Platform, 'db' | 'clock' | 'ids' | 'outbox' | 'log' | 'metrics'>

const pageSize = 50

/** The use cases of tickets. */
export function createUseCases(deps: TicketsDeps, signer: TicketSigner) {
  const { db, clock, ids, outbox, log, metrics } = deps
  const issuedCount = metrics.counter('fairgate_tickets_issued_total', 'Tickets issued')
  const revokedCount = metrics.counter('fairgate_tickets_revoked_total', 'Tickets revoked')
  const checkIns = metrics.counter('fairgate_check_ins_total', 'Tickets shown at a gate', ['outcome'])

  /** Issues one ticket for each seat of these orders; an order that has its tickets gets no more. */
  async function issue(tx: Tx, orders: readonly EventData<'orders.order-fulfilled.v1'>[]): Promise<void> {
    const now = clock.now()
    const wanted = orders.flatMap(({ orderId, accountId, event, section, seats, total }) => {
      const paid = splitMoney(total, seats.length)
      const common = { orderId, accountId, event, section, issuedAt: now }
      return seats.map((seat, i) => ({ id: ids('ticket'), ...common, seat, paid: paid[i]! }))
    })
    const inserted = await store.insertTickets(tx, wanted)
    const issued = Map.groupBy(
      wanted.filter(({ id }) => inserted.has(id)),
      ({ orderId }) => orderId,
    )
    const byId = new Map(orders.map((order) => [order.orderId, order]))
    await outbox.publish(
      tx,
      [...issued].map(([orderId, tickets]) => {
        const { accountId, event, section, total, late } = byId.get(orderId)!
        return fact('tickets.tickets-issued.v1', {
          orderId,
          accountId,
          event,
          section,
          total,
          tickets: tickets.map(({ id, seat }) => ({ id, label: seat.label })),
          ...(late ? { late } : {}),
        })
      }),
    )
    afterCommit(tx, () => issuedCount.add({}, inserted.size))
  }

  /** Takes back all tickets of refunded orders, also those that would be issued later. */
  async function revoke(tx: Tx, orderIds: readonly string[]): Promise<void> {
    const count = await store.revokeTickets(tx, orderIds, clock.now())
    afterCommit(tx, () => revokedCount.add({}, count))
  }

  /** Takes back the tickets of some seats for each of these returns, all or none, and says which. */
  async function revokeSeats(tx: Tx, asked: readonly EventData<'orders.revoke-requested.v1'>[]): Promise<void> {
    const { usedSeats, revoked } = await store.revokeSeats(tx, asked, clock.now())
    await outbox.publish(
      tx,
      asked.map(({ orderId, returnId }) => {
        const used = usedSeats.get(returnId)
        return used
          ? fact('tickets.revoke-refused.v1', { orderId, returnId, usedSeats: used })
          : fact('tickets.tickets-revoked.v1', { orderId, returnId })
      }),
    )
    afterCommit(tx, () => revokedCount.add({}, revoked))
  }

  /** One's own ticket. Somebody else's is as unknown as none. */
  async function get(accountId: string, id: string): Promise<store.Ticket> {
    const ticket = await store.ticketById(db, id)
    if (ticket?.accountId !== accountId) throw new Problem('tickets.ticket-not-found')
    return ticket
  }

  async function list(
    accountId: string,
    { orderId, cursor }: { orderId?: string | undefined; cursor?: string | undefined },
  ): Promise<Page<store.Ticket>> {
    const found = await store.ticketsOfAccount(db, { accountId, orderId, before: cursor, limit: pageSize + 1 })
    return pageOf(found, pageSize, ({ id }) => id)
  }

  async function use(tx: Tx, id: string): Promise<store.Ticket | undefined> {
    const used = await store.useTicket(tx, id, clock.now())
    if (!used) return undefined
    const { orderId, event, section, seat, usedAt } = used
    const said = { orderId, event, section, label: seat.label, usedAt: new Date(usedAt!).toISOString() }
    await outbox.publish(tx, [fact('tickets.checked-in.v1', { ticketId: id, ...said })])
    return used
  }

  /** Lets the holder of a code in, once. */
  async function checkIn(code: string): Promise<store.Ticket & { usedAt: number }> {
    const claims = signer.verify(code)
    const used = claims && (await transaction(db, (tx) => use(tx, claims.tid)))
    if (used) {
      checkIns.add({ outcome: 'used' })
      log.info({ ticketId: used.id, eventId: used.event.id }, 'ticket used')
      return { ...used, usedAt: used.usedAt! }
    }
    const ticket = claims && (await store.ticketById(db, claims.tid))
    const outcome = ticket ? table[ticket.state]['check-in'] : { refuse: 'tickets.code-invalid' as const }
    assert(
      typeof outcome === 'object' && 'refuse' in outcome,
      'a ticket that could not be used is used or revoked, and stays so',
    )
    checkIns.add({ outcome: outcome.refuse })
    throw new Problem(
      outcome.refuse,
      ticket?.state === 'used' ? { usedAt: new Date(ticket.usedAt!).toISOString(), ticketId: ticket.id } : {},
    )
  }

  const code = ({ id, event, section, seat, issuedAt }: store.Ticket) =>
    signer.sign({ tid: id, eid: event.id, sec: section.id, seat: seat.number, iat: Math.floor(issuedAt / 1000) })

  return { issue, revoke, revokeSeats, get, list, checkIn, code }
}

export type UseCases = ReturnType<typeof createUseCases>
