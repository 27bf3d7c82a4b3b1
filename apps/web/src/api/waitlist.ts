import { useQuery } from '@tanstack/react-query'
import {
  getWaitlist,
  myWaitlistEntry,
  myWaitlists,
  waitlistOverview,
  waitlistRecords,
  type WaitlistDocument,
} from '@fairgate/contracts/http/waitlist'
import { sha256 } from '@fairgate/contracts/sha256'
import { verifyWaitlist } from '@fairgate/contracts/verify-waitlist'
import { useApp, useSession } from '../app.tsx'
import { codeOf, type Api } from './api.ts'

export const waitlistKeys = {
  waitlist: (saleId: string) => ['waitlist', saleId] as const,
  mine: (saleId: string) => ['waitlist', saleId, 'mine'] as const,
  overview: (saleId: string) => ['waitlist', saleId, 'overview'] as const,
  all: () => ['waitlists'] as const,
}

/** The shared document of a waitlist; every reading also sets the server clock. */
export function useWaitlist(saleId: string, everyMs: number) {
  const { api, serverClock } = useApp()
  return useQuery<WaitlistDocument>({
    queryKey: waitlistKeys.waitlist(saleId),
    refetchInterval: everyMs,
    staleTime: 0,
    queryFn: async ({ signal }) => {
      const waitlist = await api.call(getWaitlist, { params: { id: saleId }, signal })
      serverClock.observe(waitlist.serverTime)
      return waitlist
    },
  })
}

/** One's own entry and its newest offer; null when there is none. */
export function useMyWaitlistEntry(saleId: string, everyMs: number) {
  const { api } = useApp()
  const session = useSession()
  return useQuery({
    queryKey: waitlistKeys.mine(saleId),
    enabled: session.kind === 'signed-in',
    refetchInterval: everyMs,
    staleTime: 0,
    queryFn: async ({ signal }) => {
      try {
        return await api.call(myWaitlistEntry, { params: { id: saleId }, signal })
      } catch (error) {
        if (codeOf(error) === 'waitlist.entry-not-found') return null
        throw error
      }
    },
  })
}

/** All of one's own entries and offers. */
export function useMyWaitlists() {
  const { api } = useApp()
  return useQuery({
    queryKey: waitlistKeys.all(),
    queryFn: ({ signal }) => api.call(myWaitlists, { signal }),
    staleTime: 0,
  })
}

export function useWaitlistOverview(saleId: string, everyMs: number) {
  const { api } = useApp()
  return useQuery({
    queryKey: waitlistKeys.overview(saleId),
    refetchInterval: everyMs,
    staleTime: 0,
    queryFn: ({ signal }) => api.call(waitlistOverview, { params: { id: saleId }, signal }),
  })
}

/** Replays all that is public of a waitlist on this device. @returns how many records there are, and whether all fit */
export async function checkWaitlist(api: Api, saleId: string): Promise<{ records: number; isRight: boolean }> {
  const texts: string[] = []
  for (let upTo: { records: number; head: string } | undefined; ;) {
    const page = await api.call(waitlistRecords, { params: { id: saleId }, query: { after: texts.length } })
    upTo ??= page
    texts.push(...page.items.slice(0, upTo.records - texts.length))
    if (texts.length >= upTo.records || page.items.length === 0) {
      const checks = verifyWaitlist({ sha256 }, texts, upTo.head)
      return { records: texts.length, isRight: checks.every(({ result }) => result !== 'wrong') }
    }
  }
}
