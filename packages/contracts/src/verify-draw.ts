import {
  commitmentOf,
  createPermutation,
  createRoot,
  drawAlgorithm,
  drawKey,
  entrantsMax,
  fromHex,
  hashBytes,
  leafOf,
  sameBytes,
  toHex,
  type Hashes,
  type Permutation,
} from './draw.ts'
import type { DrawDocument } from './http/waiting-room.ts'

/** One thing that was checked, in words that make sense without the others. A `warning` is a weaker proof, not a false one. */
export type DrawCheck = { name: string; result: 'right' | 'warning' | 'wrong'; detail: string }

/**
 * Recomputes a whole draw from what was published.
 * @param published  the `draw` of the line's document, after the draw
 * @param leaves  what `GET /api/lines/{id}/entrants` gives
 */
export function verifyDraw(hashes: Hashes, published: DrawDocument, leaves: Uint8Array): DrawCheck[] {
  const checks: DrawCheck[] = []
  const check = (name: string, isRight: boolean, detail: string) =>
    checks.push({ name, result: isRight ? 'right' : 'wrong', detail })
  const parts = partsOf(published)
  if (typeof parts === 'string') return [{ name: 'the draw is published', result: 'wrong', detail: parts }]
  const { commitment, seed, root, entrants, beacon } = parts

  const commits = commitmentOf(hashes, seed)
  check('the seed is the one committed to', sameBytes(commits, commitment), `SHA-256(seed) = ${toHex(commits)}`)

  const count = leaves.length / hashBytes
  check('every entrant is listed', count === entrants, `${count} of ${entrants}`)
  const distinct = new Set(Array.from({ length: Math.floor(count) }, (_, i) => toHex(leafAt(leaves, i)))).size
  check('no entrant is listed twice', distinct === Math.floor(count), `${distinct} different leaves`)
  const tree = createRoot(hashes)
  for (let i = 0; i < Math.floor(count); i++) tree.push(leafAt(leaves, i))
  check('the entrants are those frozen at the opening', sameBytes(tree.root(), root), `root = ${toHex(tree.root())}`)

  if (published.beacon) {
    const { url, chain, round, missing } = published.beacon
    const where = `round ${round} of ${url}/${chain}`
    const name = 'the public randomness was used'
    if (missing && !beacon) checks.push({ name, result: 'warning', detail: `${where} could not be had in time` })
    else check(name, beacon !== undefined, where)
  }
  const key = drawKey(hashes, seed, root, beacon)
  check(
    'every position is given exactly once',
    isOrder(createPermutation(hashes, key, entrants), entrants),
    `key = ${toHex(key)}`,
  )
  return checks
}

/** Where a number stands by what was published; undefined before the draw. Without a draw it is the number itself. */
export function positionIn(hashes: Hashes, published: DrawDocument, number: number): number | undefined {
  if (published.commitment === null) return number
  const parts = partsOf(published)
  if (typeof parts === 'string') return undefined
  return createPermutation(hashes, drawKey(hashes, parts.seed, parts.root, parts.beacon), parts.entrants).positionOf(
    number,
  )
}

/** Where a place stands by what was published, and its leaf in the tree of entrants. @throws when nothing is drawn */
export function verifyPlace(hashes: Hashes, published: DrawDocument, place: { number: number; id: string }) {
  const parts = partsOf(published)
  if (typeof parts === 'string') throw new Error(parts)
  const key = drawKey(hashes, parts.seed, parts.root, parts.beacon)
  return {
    commits: sameBytes(commitmentOf(hashes, parts.seed), parts.commitment),
    position: createPermutation(hashes, key, parts.entrants).positionOf(place.number),
    isEntrant: place.number <= parts.entrants,
    leaf: leafOf(hashes, place.number, place.id),
    root: parts.root,
    entrants: parts.entrants,
  }
}

const leafAt = (leaves: Uint8Array, index: number): Uint8Array =>
  leaves.subarray(index * hashBytes, (index + 1) * hashBytes)

/** What was published as bytes, or why it cannot be checked. */
function partsOf(published: DrawDocument) {
  const { commitment, algorithm, entrants, entrantsRoot, seed, beacon } = published
  if (commitment === null) return 'this line has no draw: its order is the order of arrival'
  if (algorithm !== drawAlgorithm) return `the algorithm ${algorithm} is not ${drawAlgorithm}`
  if (entrants === undefined || entrantsRoot === undefined) return 'the line has not opened yet'
  if (seed === undefined) return 'the seed has not been revealed yet'
  if (!Number.isInteger(entrants) || entrants < 0 || entrants > entrantsMax)
    return `${entrants} is no number of entrants`
  const hashes32 = [commitment, entrantsRoot, seed, ...(beacon?.randomness ? [beacon.randomness] : [])]
  if (hashes32.some((text) => !/^[0-9a-f]{64}$/.test(text))) return 'a published hash is not 32 bytes in hexadecimal'
  return {
    commitment: fromHex(commitment),
    root: fromHex(entrantsRoot),
    seed: fromHex(seed),
    beacon: beacon?.randomness ? fromHex(beacon.randomness) : undefined,
    entrants,
  }
}

function isOrder({ positionOf, numberAt }: Permutation, entrants: number): boolean {
  const seen = new Uint8Array(entrants + 1)
  for (let number = 1; number <= entrants; number++) {
    const position = positionOf(number)
    if (position < 1 || position > entrants || seen[position] === 1 || numberAt(position) !== number) return false
    seen[position] = 1
  }
  return true
}
