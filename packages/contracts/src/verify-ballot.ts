import { createAllotment } from './allot.ts'
import { createPermutation, drawKey, fromHex, hashBytes, leafOf, toHex, type Hashes } from './draw.ts'
import type { BallotEntries } from './http/ballots.ts'
import type { DrawDocument } from './http/waiting-room.ts'
import { verifyDraw, type DrawCheck } from './verify-draw.ts'

const utf8 = new TextEncoder()

/** What stands for an application in public: the hash of its id, which only its owner and the operator know. */
export const applicantOf = (hashes: Hashes, applicationId: string): string =>
  toHex(hashes.sha256(utf8.encode(applicationId)))

/**
 * An application's leaf in the tree of entrants. It says who, how many, and for what, so that wishes cannot be changed
 * once the seed is known. A withdrawn one has no places and no wishes.
 */
export const applicationLeaf = (
  hashes: Hashes,
  number: number,
  { applicant, quantity, lineIds }: { applicant: string; quantity: number; lineIds: readonly string[] },
): Uint8Array => leafOf(hashes, number, `${applicant} ${quantity} ${lineIds.join(',')}`)

/** The leaves of a published list, side by side. */
export function leavesOf(hashes: Hashes, { lines, entries }: BallotEntries): Uint8Array {
  const leaves = new Uint8Array(entries.length * hashBytes)
  entries.forEach(([applicant, quantity, preferences], index) => {
    const lineIds = preferences.map((line) => lines[line]?.id ?? '')
    leaves.set(applicationLeaf(hashes, index + 1, { applicant, quantity, lineIds }), index * hashBytes)
  })
  return leaves
}

/**
 * Recomputes a ballot from what was published: the draw, and who got what.
 * @param draw  of the ballot's document, after the draw
 * @param list  what `GET /api/ballots/{id}/entries` gives
 */
export function verifyBallot(hashes: Hashes, draw: DrawDocument, list: BallotEntries): DrawCheck[] {
  const checks = verifyDraw(hashes, draw, leavesOf(hashes, list))
  if (checks.some((check) => check.result === 'wrong') || draw.seed === undefined) return checks
  const key = drawKey(
    hashes,
    fromHex(draw.seed),
    fromHex(draw.entrantsRoot!),
    draw.beacon?.randomness ? fromHex(draw.beacon.randomness) : undefined,
  )
  const order = createPermutation(hashes, key, list.entries.length)
  const rules = { moves: list.moves, courses: list.lines.map((line) => line.course ?? null) }
  const allotment = createAllotment(
    rules,
    list.lines.map((line) => line.places),
  )
  let different = 0
  let awards = 0
  for (let position = 1; position <= list.entries.length; position++) {
    const [, quantity, preferences, told] = list.entries[order.numberAt(position) - 1]!
    const given = quantity === 0 ? null : allotment.give({ quantity, preferences })
    if (given !== told) different++
    if (given !== null) awards++
  }
  checks.push({
    name: 'everybody got what the order gives',
    result: different === 0 ? 'right' : 'wrong',
    detail:
      different === 0
        ? `${awards} awards of ${list.entries.length} applications`
        : `${different} applications got something else`,
  })
  return checks
}
