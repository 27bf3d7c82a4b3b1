import {
  commitmentOf,
  createPermutation,
  drawAlgorithm,
  drawKey,
  fromHex,
  leafOf,
  rootOfPath,
  sameBytes,
} from '@fairgate/contracts/draw'
import type { DrawDocument } from '@fairgate/contracts/http/waiting-room'
import * as hashes from '@fairgate/contracts/sha256'
import type { KeptPlace } from '../src/api/keep.ts'

/**
 * What this page itself found out about its person's draw. `computed`: the seed is the one committed to, and this is the
 * position; `checked`: the person is also proved to be among the entrants; `wrong`: something does not fit.
 */
export type OwnDraw = {
  result: 'computed' | 'checked' | 'wrong'
  position: number
  entrants: number
  isEntrant: boolean
}

/**
 * Recomputes commitment and position. The commitment is compared with the one that this device saw before the opening,
 * if it was here then: a server cannot exchange what is written down elsewhere.
 * @returns undefined before the draw, and for a line ordered by arrival
 */
export function lookAtDraw(draw: DrawDocument, kept: KeptPlace): OwnDraw | undefined {
  const { commitment, seed, entrants = 0, entrantsRoot = '', beacon } = draw
  if (commitment === null || seed === undefined) return undefined
  const { number } = kept.place
  const isEntrant = number <= entrants
  try {
    const secret = fromHex(seed)
    const isPromised =
      draw.algorithm === drawAlgorithm &&
      sameBytes(commitmentOf(hashes, secret), fromHex(commitment)) &&
      commitment === (kept.commitment ?? commitment)
    const key = drawKey(
      hashes,
      secret,
      fromHex(entrantsRoot),
      beacon?.randomness ? fromHex(beacon.randomness) : undefined,
    )
    const position = createPermutation(hashes, key, entrants).positionOf(number)
    return { result: isPromised ? 'computed' : 'wrong', position, entrants, isEntrant }
  } catch {
    return { result: 'wrong', position: number, entrants, isEntrant }
  }
}

/** Whether the person's place is in the tree whose root was published at the opening. */
export function isListed(draw: DrawDocument, { place }: KeptPlace, path: readonly string[]): boolean {
  const { entrants = 0, entrantsRoot = '' } = draw
  try {
    const leaf = leafOf(hashes, place.number, place.id)
    const reached = rootOfPath(hashes, leaf, place.number - 1, entrants, path.map(fromHex))
    return reached !== undefined && sameBytes(reached, fromHex(entrantsRoot))
  } catch {
    return false
  }
}
