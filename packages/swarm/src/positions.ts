import { createPermutation, drawKey, fromHex, type Permutation } from '@fairgate/contracts/draw'
import type { LineDocument } from '@fairgate/contracts/http/waiting-room'
import { hashes } from './hashes.ts'

export type Positions = ReturnType<typeof createPositions>

/** Where numbers stand by what their lines published. A crowd shares the order of a line: its tables are made once. */
export function createPositions() {
  const orders = new Map<string, Permutation>()

  function orderOf({ id, draw }: Pick<LineDocument, 'id' | 'draw'>): Permutation | undefined {
    const known = orders.get(id)
    if (known || draw.seed === undefined || draw.entrantsRoot === undefined) return known
    const beacon = draw.beacon?.randomness === undefined ? undefined : fromHex(draw.beacon.randomness)
    const key = drawKey(hashes, fromHex(draw.seed), fromHex(draw.entrantsRoot), beacon)
    const order = createPermutation(hashes, key, draw.entrants ?? 0)
    orders.set(id, order)
    return order
  }

  return {
    /** From 1; undefined before the draw, when nobody has a position. Without a draw it is the number itself. */
    of(line: Pick<LineDocument, 'id' | 'draw'>, number: number): number | undefined {
      return line.draw.commitment === null ? number : orderOf(line)?.positionOf(number)
    },
  }
}
