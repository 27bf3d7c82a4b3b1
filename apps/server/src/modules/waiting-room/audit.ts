import type { Clock } from '#platform/clock'
import type { Db } from '#platform/db'
import type { AuditPart } from '#platform/module'
import { createPositions } from './draw.ts'
import { readAudit, readDraws, settledPlaces } from './audit-store.ts'

/** Checks what SPEC.md promises, in the database: one statement, and one for each 10,000 settled places of drawn lines. */
export async function audit({ db, clock }: { db: Db; clock: Clock }, eventId?: string): Promise<AuditPart> {
  const found = await readAudit(db, eventId ?? null, new Date(clock.now()))
  return {
    checks: [
      { name: 'the numbers of each line are exactly 1…arrivals', violations: found.numbers },
      { name: 'no account has two live places in a sale', violations: found.doubles },
      {
        name: 'every pass belongs to one admitted place of its account, and no account has two live ones in a line',
        violations: found.passes,
      },
      { name: 'no frontier is beyond the arrivals', violations: found.frontiers },
      { name: 'no pass was given beyond the frontier', violations: found.early },
      { name: 'the calls of each line are exactly 1…frontier', violations: found.calls },
      { name: 'nobody was called before the draw', violations: found.undrawn },
      { name: 'every place stands at the position of the draw', violations: await misplaced(db, eventId ?? null) },
    ],
    figures: { places: found.places, waiting: found.waiting, shoppers: found.shoppers },
  }
}

const pageMax = 10_000

/** Places whose written position is not that of their number. Computed afresh: nothing remembered is trusted. */
async function misplaced(db: Db, eventId: string | null): Promise<number> {
  let count = 0
  for (const line of await readDraws(db, eventId)) {
    const positions = createPositions()
    let after = 0
    for (;;) {
      const places = await settledPlaces(db, line.id, after, pageMax)
      count += places.filter(({ number, position }) => position !== positions.of(line, number)).length
      if (places.length < pageMax) break
      after = places.at(-1)!.number
    }
  }
  return count
}
