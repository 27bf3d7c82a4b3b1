import type { BallotMoves, BallotRules } from '@fairgate/contracts/allot'
import type { DrawRecord } from '@fairgate/contracts/draw-record'
import type { EventSummary } from '@fairgate/contracts/events'
import type { BallotPhase } from '@fairgate/contracts/http/ballots'

export type Line = {
  id: string
  index: number
  name: string
  course: string | null
  sectionIds: string[]
  placesGiven: number | null
  leftOver: number
}

export type Ballot = DrawRecord & {
  id: string
  event: EventSummary
  opensAt: Date
  drawAt: Date
  closesAt: Date
  holdSeconds: number
  limitPerAccount: number
  payBySeconds: number
  moves: BallotMoves
  arrivals: number
  drawCommitment: string
  drawSeed: string
  /** When the first awards were made. */
  allottedAt: Date | null
  /** The event does not take place: nothing is drawn or awarded since then. */
  cancelledAt: Date | null
  lines: Line[]
}

export function phaseOf(ballot: Ballot, now: number): BallotPhase {
  if (ballot.cancelledAt !== null) return 'closed'
  if (now < ballot.opensAt.getTime()) return 'scheduled'
  if (now < ballot.drawAt.getTime() && ballot.drawEntrants === null) return 'open'
  if (now >= ballot.closesAt.getTime()) return 'closed'
  return ballot.allottedAt === null ? 'drawing' : 'awarding'
}

export const rulesOf = (ballot: Pick<Ballot, 'moves' | 'lines'>): BallotRules => ({
  moves: ballot.moves,
  courses: ballot.lines.map((line) => line.course),
})

/** Everybody who wins has the same time: no award is made when less than that is left of the sale. */
export const mayAward = (ballot: Ballot, now: number): boolean =>
  ballot.cancelledAt === null && now + ballot.payBySeconds * 1000 <= ballot.closesAt.getTime()
