import * as draws from './draw.ts'
import type { Hashes, Permutation } from './draw.ts'
import type { DrawDocument } from './http/waiting-room.ts'

/** What is kept of a draw: a line's or a ballot's. Without a commitment the order is the order of arrival. */
export type DrawRecord = {
  drawCommitment: string | null
  drawSeed: string | null
  /** Frozen at the opening of a line or when the applications to a ballot end, with the root over them. */
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

/** What everybody may see of a draw at its stage. */
export function drawDocument(draw: DrawRecord): DrawDocument {
  if (draw.drawCommitment === null) return { commitment: null }
  return {
    commitment: draw.drawCommitment,
    algorithm: draws.drawAlgorithm,
    ...(draw.beaconRound === null
      ? {}
      : {
          beacon: {
            url: draw.beaconUrl!,
            chain: draw.beaconChain!,
            round: draw.beaconRound,
            ...(draw.beaconRandomness === null ? {} : { randomness: draw.beaconRandomness }),
            ...(draw.drawnAt !== null && draw.beaconRandomness === null ? { missing: true } : {}),
          },
        }),
    ...(draw.drawEntrants === null ? {} : { entrants: draw.drawEntrants, entrantsRoot: draw.drawEntrantsRoot! }),
    // The seed is everybody's once the entrants are frozen, and nobody's before.
    ...(draw.drawnAt === null ? {} : { seed: draw.drawSeed! }),
  }
}

/** A new secret of a draw, and what is shown of it. */
export function newSeed(hashes: Hashes, random: (bytes: number) => Uint8Array): { seed: string; commitment: string } {
  const seed = random(draws.hashBytes)
  return { seed: draws.toHex(seed), commitment: draws.toHex(draws.commitmentOf(hashes, seed)) }
}

/** The order of a draw that has its seed and its entrants. */
export function permutationOf(
  hashes: Hashes,
  draw: Pick<DrawRecord, 'drawSeed' | 'drawEntrants' | 'drawEntrantsRoot' | 'beaconRandomness'>,
): Permutation {
  const [seed, root] = [draws.fromHex(draw.drawSeed!), draws.fromHex(draw.drawEntrantsRoot!)]
  const beacon = draw.beaconRandomness === null ? undefined : draws.fromHex(draw.beaconRandomness)
  return draws.createPermutation(hashes, draws.drawKey(hashes, seed, root, beacon), draw.drawEntrants!)
}
