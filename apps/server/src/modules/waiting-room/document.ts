import type { LineDocument } from '@fairgate/contracts/http/waiting-room'
import { phaseOf, pollOf } from './line.ts'
import type { Board } from './waiting-room-store.ts'

/** The document that everybody in a line reads. */
export function documentOf(
  board: Board,
  now: number,
  options: { gatherMs: number; claimSeconds: number },
): LineDocument {
  const phase = phaseOf(board, now, options.gatherMs)
  const opensAt = board.opensAt.getTime()
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
    draw: {
      commitment: board.drawCommitment,
      ...(board.drawEntrants === null ? {} : { entrants: board.drawEntrants }),
      ...(board.drawEntrantsRoot === null ? {} : { entrantsRoot: board.drawEntrantsRoot }),
      // The seed is everybody's once the entrants are frozen, and nobody's before.
      ...(board.drawEntrantsRoot === null || board.drawSeed === null ? {} : { seed: board.drawSeed }),
    },
    frontier: board.frontier,
    admittedPerMinute: perMinute(board.calledLastMinute, now - opensAt),
    shoppers: board.shoppers,
    stock: { free: board.free, held: board.held, sold: board.sold },
    poll: pollOf(phase, opensAt - now),
    shoppersMax: board.shoppersMax,
    admitPerMinute: board.admitPerMinute,
    claimSeconds: Math.min(options.claimSeconds, board.holdSeconds),
  }
}

/** The rate of the last minute; in the first minute of a sale, of the time since it opened. */
function perMinute(calledLastMinute: number, openForMs: number): number {
  if (openForMs < 0) return 0
  return Math.round((calledLastMinute * 60_000) / Math.min(60_000, Math.max(1000, openForMs)))
}
