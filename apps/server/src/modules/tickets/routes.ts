import { ticketRoutes as contracts, type Ticket as TicketDocument } from '@fairgate/contracts/http/tickets'
import { seatId } from '@fairgate/contracts/ids'
import type { HttpApp } from '#platform/http'
import type { UseCases } from './tickets.ts'
import type { Ticket } from './tickets-store.ts'

const instant = (ms: number) => new Date(ms).toISOString()

export function serveTickets(http: HttpApp, useCases: UseCases): void {
  const document = (ticket: Ticket): TicketDocument => ({
    id: ticket.id,
    orderId: ticket.orderId,
    event: ticket.event,
    section: ticket.section,
    seat: { id: seatId(ticket.section.id, ticket.seat.number), label: ticket.seat.label },
    state: ticket.state,
    code: useCases.code(ticket),
    usedAt: ticket.usedAt === null ? null : instant(ticket.usedAt),
  })

  http.serve(contracts.listTickets, async ({ caller, query }) => {
    const { items, nextCursor } = await useCases.list(caller.accountId, query)
    return { status: 200, body: { items: items.map(document), nextCursor } }
  })

  http.serve(contracts.getTicket, async ({ caller, params }) => ({
    status: 200,
    body: document(await useCases.get(caller.accountId, params.id)),
  }))

  http.serve(contracts.checkIn, async ({ body }) => {
    const { id, event, section, seat, usedAt } = await useCases.checkIn(body.code)
    return { status: 201, body: { ticket: { id, event, section, label: seat.label }, usedAt: instant(usedAt) } }
  })
}
