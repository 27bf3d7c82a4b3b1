import { createHmac, hash } from 'node:crypto'
import * as draws from '@fairgate/contracts/draw'
import type { Hashes, Permutation } from '@fairgate/contracts/draw'
import type { BallotMoves, BallotRules } from '@fairgate/contracts/allot'
import type { EventSummary } from '@fairgate/contracts/events'
import type { BallotPhase } from '@fairgate/contracts/http/ballots'
import type { DrawDocument } from '@fairgate/contracts/http/waiting-room'

export type Line = {
  id: string
  index: number
  name: string
  course: string | null
  sectionIds: string[]
  placesGiven: number | null
  leftOver: number
}

export type Ballot = {
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
  /** Frozen when applications end, with the root over them. */
  drawEntrants: number | null
  drawEntrantsRoot: string | null
  /** When the seed was revealed. */
  drawnAt: Date | null
  beaconUrl: string | null
  beaconChain: string | null
  beaconRound: number | null
  beaconAt: Date | null
  beaconRandomness: string | null
  /** When the first awards were made. */
  allottedAt: Date | null
  lines: Line[]
}

export const hashes: Hashes = {
  sha256: (bytes) => hash('sha256', bytes, 'buffer'),
  hmacSha256: (key, bytes) => createHmac('sha256', key).update(bytes).digest(),
}

export function phaseOf(ballot: Ballot, now: number): BallotPhase {
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
  now + ballot.payBySeconds * 1000 <= ballot.closesAt.getTime()

/** What everybody may see of the draw at its stage: the seed when the applications are frozen, and not before. */
export const drawDocument = (ballot: Ballot): DrawDocument => ({
  commitment: ballot.drawCommitment,
  algorithm: draws.drawAlgorithm,
  ...(ballot.beaconRound === null
    ? {}
    : {
        beacon: {
          url: ballot.beaconUrl!,
          chain: ballot.beaconChain!,
          round: ballot.beaconRound,
          ...(ballot.beaconRandomness === null ? {} : { randomness: ballot.beaconRandomness }),
          ...(ballot.drawnAt !== null && ballot.beaconRandomness === null ? { missing: true } : {}),
        },
      }),
  ...(ballot.drawEntrants === null ? {} : { entrants: ballot.drawEntrants, entrantsRoot: ballot.drawEntrantsRoot! }),
  ...(ballot.drawnAt === null ? {} : { seed: ballot.drawSeed }),
})

/** The order of a ballot whose applications are frozen. */
export function permutationOf(
  ballot: Pick<Ballot, 'drawSeed' | 'drawEntrants' | 'drawEntrantsRoot'>,
  randomness: string | null,
): Permutation {
  const [seed, root] = [draws.fromHex(ballot.drawSeed), draws.fromHex(ballot.drawEntrantsRoot!)]
  const key = draws.drawKey(hashes, seed, root, randomness === null ? undefined : draws.fromHex(randomness))
  return draws.createPermutation(hashes, key, ballot.drawEntrants!)
}
