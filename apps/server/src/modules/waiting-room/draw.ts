import { createHmac, hash } from 'node:crypto'
import * as contract from '@fairgate/contracts/draw'
import type { Hashes, Permutation } from '@fairgate/contracts/draw'
import type { DrawDocument } from '@fairgate/contracts/http/waiting-room'

/** What decides the order of a line. Without a commitment it is the order of arrival. */
export type Draw = {
  drawCommitment: string | null
  drawSeed: string | null
  /** Frozen at the opening, with the root over them. */
  drawEntrants: number | null
  drawEntrantsRoot: string | null
  /** When the seed was revealed. */
  drawnAt: Date | null
  /** Public randomness that was promised with the commitment. */
  beaconUrl: string | null
  beaconChain: string | null
  beaconRound: number | null
  beaconAt: Date | null
  beaconRandomness: string | null
}

export const hashes: Hashes = {
  sha256: (bytes) => hash('sha256', bytes, 'buffer'),
  hmacSha256: (key, bytes) => createHmac('sha256', key).update(bytes).digest(),
}

/** Whether positions are known: the line was drawn, or is ordered by arrival. */
export const isOrdered = (line: Pick<Draw, 'drawCommitment' | 'drawnAt'>): boolean =>
  line.drawCommitment === null || line.drawnAt !== null

/** What everybody may see of a draw at its stage. */
export function drawDocument(line: Draw): DrawDocument {
  if (line.drawCommitment === null) return { commitment: null }
  return {
    commitment: line.drawCommitment,
    algorithm: contract.drawAlgorithm,
    ...(line.beaconRound === null
      ? {}
      : {
          beacon: {
            url: line.beaconUrl!,
            chain: line.beaconChain!,
            round: line.beaconRound,
            ...(line.beaconRandomness === null ? {} : { randomness: line.beaconRandomness }),
            ...(line.drawnAt !== null && line.beaconRandomness === null ? { missing: true } : {}),
          },
        }),
    ...(line.drawEntrants === null ? {} : { entrants: line.drawEntrants, entrantsRoot: line.drawEntrantsRoot! }),
    // The seed is everybody's once the entrants are frozen, and nobody's before.
    ...(line.drawnAt === null ? {} : { seed: line.drawSeed! }),
  }
}

/** A new secret of a line, and what is shown of it. */
export function newSeed(random: (bytes: number) => Uint8Array): { seed: string; commitment: string } {
  const seed = random(contract.hashBytes)
  return { seed: contract.toHex(seed), commitment: contract.toHex(contract.commitmentOf(hashes, seed)) }
}

/** Permutations kept by a process. That of a line of 100,000 is a table of 50 kB, filled as positions are asked for. */
const permutationsMax = 500

/** The order of a line that has its seed and its entrants. */
export function permutationOf(line: Draw): Permutation {
  const [seed, root] = [contract.fromHex(line.drawSeed!), contract.fromHex(line.drawEntrantsRoot!)]
  const beacon = line.beaconRandomness === null ? undefined : contract.fromHex(line.beaconRandomness)
  return contract.createPermutation(hashes, contract.drawKey(hashes, seed, root, beacon), line.drawEntrants!)
}

export type Positions = ReturnType<typeof createPositions>

/** Where numbers stand in their lines, by what is committed. Everybody who shows or compares positions asks here. */
export function createPositions() {
  const permutations = new Map<string, Permutation>()

  function remembered(line: Draw & { id: string }): Permutation {
    const known = permutations.get(line.id)
    if (known) return known
    const made = permutationOf(line)
    if (permutations.size >= permutationsMax) permutations.delete(permutations.keys().next().value!)
    permutations.set(line.id, made)
    return made
  }

  return {
    /** From 1; null before the draw, when nobody has a position. */
    of(line: Draw & { id: string }, number: number): number | null {
      if (line.drawCommitment === null) return number
      return line.drawnAt === null ? null : remembered(line).positionOf(number)
    },
  }
}
