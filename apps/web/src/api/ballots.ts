import { useQuery } from '@tanstack/react-query'
import { getBallot, listAwards, myApplication, type BallotDocument } from '@fairgate/contracts/http/ballots'
import { useApp, useSession } from '../app.tsx'
import { codeOf } from './api.ts'

export const ballotKeys = {
  ballot: (saleId: string) => ['ballot', saleId] as const,
  mine: (saleId: string) => ['ballot', saleId, 'mine'] as const,
  awards: () => ['awards'] as const,
}

/** The shared document of a ballot; every reading also sets the server clock. */
export function useBallot(saleId: string, everyMs: number) {
  const { api, serverClock } = useApp()
  return useQuery<BallotDocument>({
    queryKey: ballotKeys.ballot(saleId),
    refetchInterval: everyMs,
    staleTime: 0,
    queryFn: async ({ signal }) => {
      const ballot = await api.call(getBallot, { params: { id: saleId }, signal })
      serverClock.observe(ballot.serverTime)
      return ballot
    },
  })
}

/** One's own application and award; null when there is none. */
export function useMyApplication(saleId: string, everyMs: number | false) {
  const { api } = useApp()
  const session = useSession()
  return useQuery({
    queryKey: ballotKeys.mine(saleId),
    enabled: session.kind === 'signed-in',
    refetchInterval: everyMs,
    staleTime: 0,
    queryFn: async ({ signal }) => {
      try {
        return await api.call(myApplication, { params: { id: saleId }, signal })
      } catch (error) {
        if (codeOf(error) === 'ballots.application-not-found') return null
        throw error
      }
    },
  })
}

export function useAwards() {
  const { api } = useApp()
  return useQuery({
    queryKey: ballotKeys.awards(),
    queryFn: ({ signal }) => api.call(listAwards, { signal }),
    staleTime: 0,
  })
}
