import { permutationOf, type DrawRecord } from '@fairgate/contracts/draw-record'
import type { Permutation } from '@fairgate/contracts/draw'
import { hashes } from '#platform/hashes'
import { keep } from '#platform/keep'

/** Whether positions are known: the line was drawn, or is ordered by arrival. */
export const isOrdered = (line: Pick<DrawRecord, 'drawCommitment' | 'drawnAt'>): boolean =>
  line.drawCommitment === null || line.drawnAt !== null

/** Permutations kept by a process. That of a line of 100,000 is a table of 50 kB, filled as positions are asked for. */
const permutationsMax = 500

export type Positions = ReturnType<typeof createPositions>

/** Where numbers stand in their lines, by what is committed. Everybody who shows or compares positions asks here. */
export function createPositions() {
  const permutations = new Map<string, Permutation>()

  function remembered(line: DrawRecord & { id: string }): Permutation {
    const known = permutations.get(line.id)
    if (known) return known
    const made = permutationOf(hashes, line)
    keep(permutations, permutationsMax, line.id, made)
    return made
  }

  return {
    /** From 1; null before the draw, when nobody has a position. */
    of(line: DrawRecord & { id: string }, number: number): number | null {
      if (line.drawCommitment === null) return number
      return line.drawnAt === null ? null : remembered(line).positionOf(number)
    },
  }
}
