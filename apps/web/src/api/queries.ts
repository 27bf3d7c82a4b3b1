import { useQueries, useQuery, useQueryClient, type UseQueryOptions, type UseQueryResult } from '@tanstack/react-query'
import {
  getEvent,
  getSeats,
  listEvents,
  type EventDocument,
  type Geometry,
  type Section,
} from '@fairgate/contracts/http/catalog'
import { getAvailability, myHolds, type Availability } from '@fairgate/contracts/http/inventory'
import { getPlan, type PlanDocument } from '@fairgate/contracts/http/plans'
import { getOrder, listOrders, type Order } from '@fairgate/contracts/http/orders'
import { listDeposits, paymentSettings } from '@fairgate/contracts/http/payments'
import { getTicket, listTickets } from '@fairgate/contracts/http/tickets'
import { getLine, type LineDocument } from '@fairgate/contracts/http/waiting-room'
import { useApp, useSession } from '../app.tsx'
import type { Drawing, Point } from '../seat-map/venue.ts'
import type { Api } from './api.ts'

export type EventFilter = { query?: string; kind?: 'concert' | 'race'; cursor?: string }

/** Keys of the cache, so that whoever changes something can say what is stale. */
export const keys = {
  events: (filter: EventFilter) => ['events', filter] as const,
  event: (id: string) => ['event', id] as const,
  line: (id: string) => ['line', id] as const,
  seats: (sectionId: string) => ['seats', sectionId] as const,
  plan: (eventId: string) => ['plan', eventId] as const,
  availability: (sectionId: string) => ['availability', sectionId] as const,
  holds: () => ['holds'] as const,
  orders: () => ['orders'] as const,
  order: (id: string) => ['order', id] as const,
  tickets: (orderId?: string) => ['tickets', orderId ?? 'all'] as const,
  ticket: (id: string) => ['ticket', id] as const,
  payment: () => ['payment-settings'] as const,
  deposits: () => ['deposits'] as const,
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

type SeatsOf = { sectionId: string; seats: Geometry['seats'] }

/** Stable as long as its members are, so that the drawing is not made anew. */
const combineGeometries = (results: UseQueryResult<SeatsOf>[]) => ({
  data: new Map(results.flatMap(({ data }) => (data ? [[data.sectionId, data.seats] as const] : []))),
  error: results.find(({ error }) => error)?.error ?? undefined,
  retry: () => results.forEach((result) => void (result.isError && result.refetch())),
})

/** Where the seats of sections stand. Geometry never changes under its hash, so it is read once. */
export function useGeometries(sections: readonly Section[]) {
  const { api } = useApp()
  return useQueries({
    queries: sections.map(({ id, geometryUrl }) => ({
      queryKey: keys.seats(id),
      staleTime: Infinity,
      queryFn: async ({ signal }: { signal: AbortSignal }): Promise<SeatsOf> => {
        const hash = geometryUrl ? new URL(geometryUrl, location.origin).searchParams.get('hash') : null
        return api.call(getSeats, { params: { id }, query: hash ? { hash } : {}, signal })
      },
    })),
    combine: combineGeometries,
  })
}

/** The drawing of the venue, where the event has one: what there is to see before a single seat is known. */
export function useDrawing({ id, planUrl }: Pick<EventDocument, 'id' | 'planUrl'>) {
  const { api } = useApp()
  return useQuery({
    queryKey: keys.plan(id),
    staleTime: Infinity,
    enabled: planUrl !== undefined,
    queryFn: async ({ signal }): Promise<Drawing> => {
      const hash = planUrl ? new URL(planUrl, location.origin).searchParams.get('hash') : null
      const { shapes, sections } = await api.call(getPlan, { params: { id }, query: hash ? { hash } : {}, signal })
      return { shapes, outlines: new Map(sections.flatMap((section) => outlineOf(section) ?? [])) }
    },
  })
}

const outlineOf = ({ id, outline, bounds }: PlanDocument['sections'][number]): [string, Point[]][] | undefined => {
  if (outline) return [[id, outline]]
  if (!bounds) return undefined
  const { left, top, right, bottom } = bounds
  const corners: Point[] = [
    [left, top],
    [right, top],
    [right, bottom],
    [left, bottom],
  ]
  return [[id, corners]]
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
    refetchInterval: ({ state }) =>
      isSettled(state.data) ? false : state.data?.state === 'paying' && !state.data.awaits ? 1500 : 5000,
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

/** One's own payments by deposit. */
export function useDeposits() {
  const { api } = useApp()
  return useQuery({
    queryKey: keys.deposits(),
    queryFn: ({ signal }) => api.call(listDeposits, { signal }),
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
