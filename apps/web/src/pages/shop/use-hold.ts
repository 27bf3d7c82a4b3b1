import { useState } from 'react'
import { placeHold } from '@fairgate/contracts/http/inventory'
import type { Body } from '@fairgate/contracts/http/route'
import { useApp } from '../../app.tsx'
import { codeOf, errorText, problemOf } from '../../api/api.ts'
import { keys, useQueryClient } from '../../api/queries.ts'
import type { Lost } from '../../seat-map/seat-picker.tsx'
import { useAttempt, useIdempotencyKey } from '../../ui/hooks.ts'

type Wish = Body<typeof placeHold>

/** Why nothing is kept, in words, and the seats that somebody else got first. */
type Refusal = { text: string; lost?: Lost }

/** There was nothing to ask for. */
const nothingFits = new Error('no section has so many places side by side')

/** Keeps places; whoever shows `useMyHolds` sees them. The refusal stands until the next attempt. */
export function useHold() {
  const { t, lang, api } = useApp()
  const client = useQueryClient()
  const idempotency = useIdempotencyKey()
  const { busy, failure, attempt } = useAttempt()
  const [asked, setAsked] = useState<Wish>()

  /** Tries one wish after another; only for want of seats is the next one tried. */
  const hold = (
    wishes: readonly Wish[],
    outcome: { onHeld?: () => void; onRefused?: (error: unknown) => void } = {},
  ): Promise<void> =>
    attempt(async () => {
      for (const wish of wishes) {
        setAsked(wish)
        try {
          const answer = await api.call(placeHold, { body: wish, idempotencyKey: idempotency.keyFor(wish) })
          idempotency.settle()
          client.setQueryData(keys.holds(), { items: [answer] })
          outcome.onHeld?.()
          return
        } catch (error) {
          if (problemOf(error)) idempotency.settle()
          const code = codeOf(error)
          const isFull = code === 'inventory.sold-out' || code === 'inventory.no-adjacent'
          if (!isFull || wish === wishes.at(-1)) throw error
        }
      }
      throw nothingFits
    }, outcome.onRefused)

  /** Seats are taken by id; people know them by label. */
  function labelsOf(sectionId: string | undefined, ids: readonly string[]): string[] {
    const geometry = client.getQueryData<{ seats: { id: string; label: string }[] }>(keys.seats(sectionId ?? ''))
    return (geometry?.seats ?? []).filter(({ id }) => ids.includes(id)).map(({ label }) => label)
  }

  function refusalText(): string {
    if (failure === nothingFits) return t.shop.soldOutEverywhere
    switch (codeOf(failure)) {
      case 'inventory.seat-taken': {
        const labels = labelsOf(asked?.sectionId, takenIn(failure))
        return labels.length > 0 ? t.shop.taken(labels.join(', ')) : t.shop.takenUnknown
      }
      case 'inventory.sold-out':
        return t.shop.soldOut
      case 'inventory.no-adjacent':
        return t.shop.noAdjacent
      case 'inventory.limit-reached':
        return t.shop.limit
      default:
        return errorText(failure, lang, t.common.networkError)
    }
  }

  const lost = asked && lostOf(failure, asked)
  const refusal: Refusal | undefined =
    failure === undefined ? undefined : { text: refusalText(), ...(lost ? { lost } : {}) }
  return { busy, refusal, hold }
}

const takenIn = (error: unknown): string[] => {
  const taken = problemOf(error)?.['taken']
  return Array.isArray(taken) ? taken.map(String) : []
}

/** What somebody else got first, so that what is free beside it can be offered. */
function lostOf(error: unknown, { sectionId, seatIds }: Wish): Lost | undefined {
  if (codeOf(error) !== 'inventory.seat-taken' || !seatIds) return undefined
  const nearby = problemOf(error)?.['nearby']
  return {
    sectionId,
    wanted: seatIds,
    taken: takenIn(error),
    nearby: Array.isArray(nearby) ? (nearby as string[][]) : [],
  }
}
