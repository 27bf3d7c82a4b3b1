import { verifyWaitlist } from '@fairgate/contracts/verify-waitlist'
import type { Db } from '#platform/db'
import { hashes } from '#platform/hashes'
import type { AuditPart } from '#platform/module'
import { auditedSales, readAudit, recordPage } from './waitlist-store.ts'

const pageMax = 10_000

/** Checks what SPEC.md promises, in the database; the records of every waitlist are replayed. */
export async function audit({ db }: { db: Db }, eventId?: string): Promise<AuditPart> {
  const found = await readAudit(db, eventId ?? null)
  let wrong = 0
  let example: string | undefined
  for (const sale of await auditedSales(db, eventId ?? null)) {
    const texts: string[] = []
    while (texts.length < sale.records) {
      const page = await recordPage(db, sale.id, texts.length, sale.records, pageMax)
      if (page.length === 0) break
      texts.push(...page)
    }
    const checks = verifyWaitlist(hashes, texts, sale.head).filter(({ result }) => result === 'wrong')
    wrong += checks.length
    example ??= checks[0] && `${sale.id}: ${checks[0].name}, ${checks[0].detail}`
  }
  const { waiting, open, offers, kept } = found
  return {
    checks: [
      {
        name: 'every offer of a waitlist followed its order, as its records say',
        violations: wrong,
        ...(example === undefined ? {} : { detail: example }),
      },
      { name: 'every seat of an open offer is kept for it alone', violations: found.seats },
      { name: 'an entry is offered something exactly while an offer of its own is open', violations: found.entries },
      { name: 'the inventory keeps seats of every section that somebody waits for', violations: found.untold },
      { name: 'nobody waits for an event that is cancelled', violations: found.cancelled },
      { name: 'no offer lapsed before its time', violations: found.overdue },
    ],
    figures: { waiting, openOffers: open, offers, keptSeats: kept },
  }
}
