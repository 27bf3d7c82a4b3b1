import { useQuery, useQueryClient, type UseQueryOptions } from '@tanstack/react-query'
import { getEvent, getSeats, listEvents, type EventDocument } from '@fairgate/contracts/http/catalog'
import { getAvailability, myHolds, type Availability } from '@fairgate/contracts/http/inventory'
import { getOrder, listOrders, type Order } from '@fairgate/contracts/http/orders'
import { paymentSettings } from '@fairgate/contracts/http/payments'
import { getTicket, listTickets } from '@fairgate/contracts/http/tickets'
import { getLine, type LineDocument } from '@fairgate/contracts/http/waiting-room'
import { useApp, useSession } from '../app.tsx'
import type { Api } from './api.ts'

export type EventFilter = { query?: string; kind?: 'concert' | 'race'; cursor?: string }

/** Keys of the cache, so that whoever changes something can say what is stale. */
export const keys = {
  events: (filter: EventFilter) => ['events', filter] as const,
  event: (id: string) => ['event', id] as const,
  line: (id: string) => ['line', id] as const,
  seats: (sectionId: string) => ['seats', sectionId] as const,
  availability: (sectionId: string) => ['availability', sectionId] as const,
  holds: () => ['holds'] as const,
  orders: () => ['orders'] as const,
  order: (id: string) => ['order', id] as const,
  tickets: (orderId?: string) => ['tickets', orderId ?? 'all'] as const,
  ticket: (id: string) => ['ticket', id] as const,
  payment: () => ['payment-settings'] as const,
}

export function useEvents(filter: EventFilter) {
  const { api } = useApp()
  return useQuery({
    queryKey: keys.events(filter),
    queryFn: ({ signal }) => api.call(listEvents, { query: { ...filter, limit: 24 }, signal }),
    placeholderData: (previous) => previous,
  })
}

export function useEvent(id: string | undefined, options: Partial<UseQueryOptions<EventDocument>> = {}) {
  const { api } = useApp()
  const session = useSession()
  return useQuery<EventDocument>({
    queryKey: keys.event(id ?? ''),
    queryFn: ({ signal }) => api.call(getEvent, { params: { id: id ?? '' }, signal }),
    enabled: id !== undefined && session.kind !== 'unknown',
    ...options,
  })
}

/** Documents that are polled by ETag: an unchanged one costs a 304 and is the same object as before. */
const documents = new WeakMap<Api, Map<string, { etag: string; body: unknown }>>()

async function polled<T>(
  api: Api,
  key: string,
  read: (etag: string | undefined) => Promise<{ status: number; headers: Headers; body: T }>,
): Promise<T> {
  const cache = documents.get(api) ?? new Map<string, { etag: string; body: unknown }>()
  documents.set(api, cache)
  const known = cache.get(key)
  const reply = await read(known?.etag)
  if (reply.status === 304 && known) return known.body as T
  const etag = reply.headers.get('etag')
  if (etag) cache.set(key, { etag, body: reply.body })
  return reply.body
}

/** The shared document of a line; every reading also sets the server clock. */
export function useLine(id: string | undefined, everyMs: number) {
  const { api, serverClock } = useApp()
  return useQuery<LineDocument>({
    queryKey: keys.line(id ?? ''),
    enabled: id !== undefined,
    refetchInterval: everyMs,
    staleTime: 0,
    queryFn: async ({ signal }) => {
      const line = await polled(api, `line ${id}`, (etag) =>
        api.send(getLine, { params: { id: id ?? '' }, signal, ...(etag ? { etag } : {}) }),
      )
      serverClock.observe(line.serverTime)
      return line
    },
  })
}

export function useAvailability(sectionId: string | undefined, everyMs: number) {
  const { api } = useApp()
  return useQuery<Availability>({
    queryKey: keys.availability(sectionId ?? ''),
    enabled: sectionId !== undefined,
    refetchInterval: everyMs,
    staleTime: 0,
    queryFn: ({ signal }) =>
      polled(api, `availability ${sectionId}`, (etag) =>
        api.send(getAvailability, { params: { id: sectionId ?? '' }, signal, ...(etag ? { etag } : {}) }),
      ),
  })
}

/** Geometry never changes under its hash, so it is read once. */
export function useSeats(sectionId: string, geometryUrl: string | undefined) {
  const { api } = useApp()
  const hash = geometryUrl ? (new URL(geometryUrl, location.origin).searchParams.get('hash') ?? undefined) : undefined
  return useQuery({
    queryKey: keys.seats(sectionId),
    staleTime: Infinity,
    queryFn: ({ signal }) => api.call(getSeats, { params: { id: sectionId }, query: hash ? { hash } : {}, signal }),
  })
}

export function useMyHolds(enabled: boolean) {
  const { api } = useApp()
  return useQuery({
    queryKey: keys.holds(),
    queryFn: ({ signal }) => api.call(myHolds, { signal }),
    enabled,
    staleTime: 0,
  })
}

const isSettled = (order: Order | undefined): boolean =>
  order !== undefined && order.state !== 'paying' && order.state !== 'awaiting-payment'

export function useOrder(id: string) {
  const { api } = useApp()
  return useQuery<Order>({
    queryKey: keys.order(id),
    queryFn: ({ signal }) => api.call(getOrder, { params: { id }, signal }),
    refetchInterval: ({ state }) => (isSettled(state.data) ? false : state.data?.state === 'paying' ? 1500 : 5000),
  })
}

export function useOrders() {
  const { api } = useApp()
  return useQuery({
    queryKey: keys.orders(),
    queryFn: ({ signal }) => api.call(listOrders, { query: {}, signal }),
    staleTime: 0,
  })
}

export function useTickets(orderId?: string, everyMs: number | false = false) {
  const { api } = useApp()
  return useQuery({
    queryKey: keys.tickets(orderId),
    queryFn: ({ signal }) => api.call(listTickets, { query: orderId ? { orderId } : {}, signal }),
    refetchInterval: everyMs,
    staleTime: 0,
  })
}

export function useTicket(id: string) {
  const { api } = useApp()
  return useQuery({
    queryKey: keys.ticket(id),
    queryFn: ({ signal }) => api.call(getTicket, { params: { id }, signal }),
    staleTime: 0,
  })
}

export function usePaymentSettings() {
  const { api } = useApp()
  return useQuery({
    queryKey: keys.payment(),
    queryFn: ({ signal }) => api.call(paymentSettings, { signal }),
    staleTime: 60_000,
  })
}

export { useQueryClient }
