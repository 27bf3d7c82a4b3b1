import type { Clock } from '#platform/clock'
import type { Db } from '#platform/db'
import type { AuditPart } from '#platform/module'
import { readAudit } from './waiting-room-store.ts'

/** Checks what SPEC.md promises, in the database, in one statement. */
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
    ],
    figures: { places: found.places, waiting: found.waiting, shoppers: found.shoppers },
  }
}
