import { allot } from '@fairgate/contracts/allot'
import { createRoot, toHex } from '@fairgate/contracts/draw'
import { permutationOf } from '@fairgate/contracts/draw-record'
import type { Db } from '#platform/db'
import type { AuditPart } from '#platform/module'
import { hashes } from '#platform/hashes'
import { rulesOf, type Ballot } from './ballot.ts'
import { drawnBallots, entryPage, positionPage, readAudit } from './ballots-store.ts'
import { leafOfApplication } from './drawing.ts'

const pageMax = 10_000

/** Checks what SPEC.md promises, in the database; draws and first awards are recomputed from what is committed. */
export async function audit({ db }: { db: Db }, eventId?: string): Promise<AuditPart> {
  const found = await readAudit(db, eventId ?? null)
  const recomputed = { root: 0, misplaced: 0, different: 0 }
  for (const ballot of await drawnBallots(db, eventId ?? null)) {
    const part = await recompute(db, ballot)
    recomputed.root += part.root
    recomputed.misplaced += part.misplaced
    recomputed.different += part.different
  }
  return {
    checks: [
      { name: 'the numbers of each ballot are exactly 1…arrivals', violations: found.numbers },
      { name: 'the positions of a drawn ballot are exactly 1…entrants', violations: found.positions },
      { name: 'the frozen root is that of the applications', violations: recomputed.root },
      { name: 'every application stands at the position of the draw', violations: recomputed.misplaced },
      { name: 'the first awards are what the order gives', violations: recomputed.different },
      { name: 'no award was made before the draw', violations: found.early },
      { name: 'no withdrawn application has an award', violations: found.withdrawn },
      { name: 'an award has the account and the places of its application', violations: found.owners },
      { name: 'an award for a preference is for a line that was named', violations: found.lines },
      { name: 'no line has more open awards than places that can be sold', violations: found.over },
      { name: 'no award of a cancelled event is open', violations: found.cancelled },
      { name: 'an award says what its orders have bought, and they bought no more than it', violations: found.bought },
    ],
    figures: { applications: found.applications, awards: found.awards, awardsOpen: found.open },
  }
}

/** Everything afresh: nothing that is written is trusted but seed, wishes and the places that were given out. */
async function recompute(db: Db, ballot: Ballot): Promise<{ root: number; misplaced: number; different: number }> {
  const order = permutationOf(hashes, ballot)
  const lineIds = ballot.lines.map((line) => line.id)
  const tree = createRoot(hashes)
  const wishes: { position: number; quantity: number; preferences: number[]; line: number | null }[] = []
  let misplaced = 0
  for (let after = 0; after < ballot.arrivals; after += pageMax) {
    for (const entry of await entryPage(db, ballot.id, after, pageMax)) {
      tree.push(leafOfApplication(entry, lineIds))
      const { number, quantity, preferences, line } = entry
      if (entry.state === 'active') wishes.push({ position: order.positionOf(number), quantity, preferences, line })
    }
    for (const { number, position } of await positionPage(db, ballot.id, after, pageMax))
      if (position !== order.positionOf(number)) misplaced++
  }
  wishes.sort((a, b) => a.position - b.position)
  const places = ballot.lines.map((line) => line.placesGiven ?? 0)
  const given = ballot.allottedAt === null ? wishes.map(() => null) : allot(rulesOf(ballot), places, wishes)
  return {
    root: toHex(tree.root()) === ballot.drawEntrantsRoot ? 0 : 1,
    misplaced,
    different: wishes.filter((wish, index) => wish.line !== given[index]).length,
  }
}
