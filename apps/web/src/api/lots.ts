import { useEffect, useState } from 'react'
import { useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query'
import {
  getLot,
  listAuctionAwards,
  lotEvents,
  lotRanking,
  myBids,
  type LotDocument,
  type MyBids,
} from '@fairgate/contracts/http/auctions'
import { urlOf } from '@fairgate/contracts/client'
import { useApp, useSession, type App } from '../app.tsx'
import { standingOf, type Standing } from './standing.ts'

export const lotKeys = {
  lot: (id: string) => ['lot', id] as const,
  mine: (id: string) => ['lot-bids', id] as const,
  ranking: (id: string) => ['lot-ranking', id] as const,
  awards: () => ['auction-awards'] as const,
}

/** After so long a stream that was refused is tried again. */
const streamAgainMs = 20_000

/** Keeps the document of a lot in the cache by its event stream, and says whether there is none, until stopped. */
function streamLot(
  { serverClock, now }: Pick<App, 'serverClock' | 'now'>,
  client: QueryClient,
  id: string,
  onState: (isStreaming: boolean) => void,
): () => void {
  let source: EventSource | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  function open(): void {
    source = new EventSource(urlOf(lotEvents, { id }, {}))
    source.addEventListener('lot', ({ data }: MessageEvent<string>) => {
      const lot = JSON.parse(data) as LotDocument
      serverClock.observe(lot.serverTime)
      client.setQueryData(lotKeys.lot(id), lot, { updatedAt: now() })
      onState(true)
    })
    source.addEventListener('error', () => {
      onState(false)
      // While it is connecting again the browser does the trying; a stream that was refused is closed for good.
      if (source?.readyState === EventSource.CLOSED) timer = setTimeout(open, streamAgainMs)
    })
  }

  open()
  return () => {
    source?.close()
    clearTimeout(timer)
  }
}

/** While the stream brings the document it is read so often, in case the stream has gone quiet. */
const besideStreamMs = 30_000
const pollMs = 3000

/** The shared document of a lot, by event stream where `live`, by asking again where there is none. */
export function useLot(id: string, { live = false, everyMs }: { live?: boolean; everyMs?: number } = {}) {
  const { api, serverClock, now } = useApp()
  const client = useQueryClient()
  const [isStreaming, setStreaming] = useState(false)
  useEffect(
    () => (live ? streamLot({ serverClock, now }, client, id, setStreaming) : undefined),
    [client, serverClock, now, id, live],
  )
  return useQuery<LotDocument>({
    queryKey: lotKeys.lot(id),
    staleTime: 0,
    refetchInterval: ({ state }) => (isStreaming ? besideStreamMs : (everyMs ?? state.data?.pollMs ?? pollMs)),
    queryFn: async ({ signal }) => {
      const lot = await api.call(getLot, { params: { id }, signal })
      serverClock.observe(lot.serverTime)
      return lot
    },
  })
}

const mineEveryMs = 15_000

/**
 * One's own bids, and where the live one stands by the newest document. The server is asked again when the standing
 * turns or the phase changes, not with every bid of the crowd.
 */
export function useMyBids(lot: LotDocument | undefined): {
  mine: MyBids | undefined
  standing: Standing | undefined
  error: unknown
  refetch: () => Promise<unknown>
} {
  const { api } = useApp()
  const session = useSession()
  const id = lot?.id ?? ''
  const isOpen = lot?.phase === 'open'
  const query = useQuery({
    queryKey: lotKeys.mine(id),
    enabled: session.kind === 'signed-in' && lot !== undefined,
    refetchInterval: isOpen || lot?.phase === 'scheduled' ? mineEveryMs : 4000,
    staleTime: 0,
    queryFn: ({ signal }) => api.call(myBids, { params: { id }, signal }),
  })
  const { data, refetch } = query
  const standing = lot && data?.bid ? standingOf(lot, data) : undefined
  const turned = `${standing?.isIn} ${lot?.phase}`
  useEffect(() => {
    if (data) void refetch()
    // Only what the standing turned to matters; the first answer needs no second.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [turned, refetch])
  return { mine: data, standing, error: query.error, refetch }
}

export function useAuctionAwards() {
  const { api } = useApp()
  return useQuery({
    queryKey: lotKeys.awards(),
    queryFn: ({ signal }) => api.call(listAuctionAwards, { signal }),
    staleTime: 0,
  })
}

export function useRanking(id: string, enabled: boolean) {
  const { api } = useApp()
  return useQuery({
    queryKey: lotKeys.ranking(id),
    enabled,
    refetchInterval: 5000,
    staleTime: 0,
    queryFn: ({ signal }) => api.call(lotRanking, { params: { id }, signal }),
  })
}
