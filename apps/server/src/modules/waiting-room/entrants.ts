import { hashBytes, leafOf, levelsOf, pathOf, toHex, type Level } from '@fairgate/contracts/draw'
import { createBatcher } from '#platform/batcher'
import type { Db, Tx } from '#platform/db'
import type { Platform } from '#platform/platform'
import { Problem } from '#platform/problem'
import { hashes } from '#platform/hashes'
import type { Documents } from './documents.ts'
import { placeIds } from './waiting-room-store.ts'

/** Leaves hashed in one turn of the event loop, about 10 ms. A power of two: a page is a subtree. */
const pageBits = 12
const pageMax = 2 ** pageBits

/** The leaves of the places with these numbers, a page at a time. */
export async function* leafPages(db: Db | Tx, lineId: string, from: number, to: number): AsyncGenerator<Uint8Array[]> {
  for (let first = from; first <= to; first += pageMax) {
    const places = await placeIds(db, lineId, first, Math.min(to, first + pageMax - 1))
    yield places.map((place) => leafOf(hashes, place.number, place.id))
  }
}

type Drawn = { lineId: string; entrants: number; root: string }

/**
 * The trees of drawn lines, from which anybody may check who took part. 64 bytes an entrant; those used last are kept
 * up to a size, and one is built at a time, so that curiosity is bounded in memory and in work.
 */
export function createEntrants(
  { db, tokens, documents }: Pick<Platform, 'db' | 'tokens'> & { documents: Documents },
  options: { keptBytesMax: number },
) {
  const kept = new Map<string, Level[]>()
  let keptBytes = 0

  const builds = createBatcher<Drawn, Level[]>({
    batchMax: 1,
    queueMax: 1000,
    run: async (lines) => Promise.all(lines.map(async (line) => kept.get(line.lineId) ?? build(line))),
  })

  async function build({ lineId, entrants }: Drawn): Promise<Level[]> {
    const pages: Level[][] = []
    for await (const leaves of leafPages(db, lineId, 1, entrants)) {
      pages.push(levelsOf(hashes, new Uint8Array(Buffer.concat(leaves, leaves.length * hashBytes))))
    }
    // Levels up to a page's root stand side by side; a last page that is not full has fewer, its root goes up as it is.
    const lower = Array.from({ length: pageBits + 1 }, (_, height) =>
      Buffer.concat(pages.map((levels) => levels[height] ?? levels.at(-1)!)),
    )
    const levels = entrants === 0 ? [new Uint8Array()] : [...lower, ...levelsOf(hashes, lower[pageBits]!).slice(1)]
    keep(lineId, levels)
    return levels
  }

  function keep(lineId: string, levels: Level[]): void {
    const bytes = sizeOf(levels)
    if (bytes > options.keptBytesMax) return
    for (const [id, old] of kept) {
      if (keptBytes + bytes <= options.keptBytesMax) break
      kept.delete(id)
      keptBytes -= sizeOf(old)
    }
    kept.set(lineId, levels)
    keptBytes += bytes
  }

  /** @throws waiting-room.line-not-found, waiting-room.not-drawn */
  async function drawn(lineId: string): Promise<Drawn> {
    const { board } = await documents.read(lineId)
    if (board.drawnAt === null) throw new Problem('waiting-room.not-drawn')
    return { lineId, entrants: board.drawEntrants!, root: board.drawEntrantsRoot! }
  }

  async function levelsOfLine(line: Drawn): Promise<Level[]> {
    const known = kept.get(line.lineId)
    if (!known) return builds.add(line)
    kept.delete(line.lineId)
    kept.set(line.lineId, known)
    return known
  }

  return {
    /** All leaves in the order of their numbers. @throws waiting-room.not-drawn */
    async list(lineId: string): Promise<{ leaves: Level; root: string }> {
      const line = await drawn(lineId)
      return { leaves: (await levelsOfLine(line))[0]!, root: line.root }
    },

    /** That the place of this receipt took part. @throws Problem when it is no receipt of this line, or of one who came later */
    async prove(lineId: string, placeToken: string): Promise<{ number: number; index: number; path: string[] }> {
      const receipt = tokens.verify('place', placeToken)
      if (receipt.kind !== 'valid' || receipt.payload.lineId !== lineId) throw new Problem('waiting-room.place-invalid')
      const line = await drawn(lineId)
      const { number } = receipt.payload
      if (number > line.entrants) throw new Problem('waiting-room.not-an-entrant', { position: number })
      return { number, index: number - 1, path: pathOf(await levelsOfLine(line), number - 1).map(toHex) }
    },
  }
}

const sizeOf = (levels: readonly Level[]): number => levels.reduce((sum, level) => sum + level.length, 0)
