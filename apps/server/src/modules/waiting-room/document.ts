import type { LineDocument } from '@fairgate/contracts/http/waiting-room'
import { drawDocument } from '@fairgate/contracts/draw-record'
import { admissionOf, keptPerMinute } from './admission.ts'
import { isOrdered } from './draw.ts'
import { openingMsOf, phaseOf, pollOf, type Everybody } from './line.ts'
import type { Board } from './waiting-room-store.ts'

/** The document that everybody in a line reads. */
export function documentOf(
  board: Board,
  now: number,
  everybody: Everybody,
  options: { gatherMs: number; claimSeconds: number; hasChallenges: boolean },
): LineDocument {
  const phase = phaseOf(board, now, options.gatherMs)
  const opensAt = board.opensAt.getTime()
  const admission = admissionOf(board, phase, isOrdered(board))
  return {
    id: board.id,
    saleId: board.saleId,
    eventId: board.eventId,
    name: board.name,
    sectionIds: board.sectionIds,
    phase,
    opensAt: board.opensAt.toISOString(),
    closesAt: board.closesAt.toISOString(),
    serverTime: new Date(now).toISOString(),
    arrivals: board.arrivals,
    draw: drawDocument(board),
    frontier: board.frontier,
    admittedPerMinute: perMinute(board, now),
    admission,
    shoppers: board.shoppers,
    stock: { free: board.free, held: board.held, sold: board.sold },
    poll: pollOf(phase, isOrdered(board), { ...board, perMinute: keptPerMinute(board) }, everybody),
    ...(now < opensAt ? { openingMs: openingMsOf(everybody) } : {}),
    shoppersMax: board.shoppersMax,
    admitPerMinute: board.admitPerMinute,
    claimSeconds: Math.min(options.claimSeconds, board.holdSeconds),
    challenge: options.hasChallenges,
  }
}

/**
 * The minute that the shown rate is measured in. It ends at a round five seconds, so that the rate alone changes the
 * document of a quiet line no more often than that.
 */
export function rateWindow(now: number): { from: number; to: number } {
  const to = now - (now % sliceMs)
  return { from: to - 60_000, to }
}

const sliceMs = 5000

/** Until five seconds of the sale lie in the window, what was called so far is taken for the work of five seconds. */
function perMinute(board: Board, now: number): number {
  const { from, to } = rateWindow(now)
  const measuredMs = to - Math.max(from, board.opensAt.getTime())
  if (measuredMs >= sliceMs) return Math.round((board.calledInWindow * 60_000) / measuredMs)
  return Math.min(board.admitPerMinute, Math.round((board.frontier * 60_000) / sliceMs))
}
